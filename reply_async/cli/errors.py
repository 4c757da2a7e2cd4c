"""What the command says and returns when something is wrong: one line, one exit code.

Every error that a user can meet is turned into a sentence and a code here, and
nowhere else. An error that is not known here is a bug and keeps its traceback.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Iterable
from enum import IntEnum
from importlib import import_module

from reply_async import (
    AccountLimitReached,
    ApiError,
    Conflict,
    ConnectionFailed,
    Forbidden,
    InvalidUse,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RateLimitWait,
    ReplyError,
    RunStopped,
    SequenceUnusable,
    ServerError,
    StoreFailed,
    Unauthorized,
)
from reply_async.cli.messages import PROGRAM, plain

TOO_MANY_REQUESTS = 429
KEY_ARGUMENTS = ("REPLY_API_KEY", "api_key")


class ExitCode(IntEnum):
    """What the process tells its caller."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNKNOWN_ROWS = 3
    ACCESS = 4
    UNAVAILABLE = 5
    REFUSED_ROWS = 6
    TARGET = 7
    INTERRUPTED = 130


class BadInput(Exception):
    """The command line or the input file is wrong; nothing was sent."""


class CommandFailed(Exception):
    """The command cannot go on, for a reason that its message tells in one line."""


class MissingExtra(CommandFailed):
    """A part of the package was used whose dependencies are not installed."""

    def __init__(self, extra: str, module: str) -> None:
        super().__init__(extra, module)
        self.extra, self.module = extra, module

    def __str__(self) -> str:
        return f"{self.module} is not installed; run: pip install 'reply-async[{self.extra}]'"


def require_extra(extra: str, modules: Iterable[str]) -> None:
    """Raise ``MissingExtra`` unless the modules of an extra can be imported."""
    for module in modules:
        try:
            import_module(module)
        except ImportError:
            raise MissingExtra(extra, module) from None


ADVICE: tuple[tuple[type[ReplyError] | tuple[type[ReplyError], ...], str], ...] = (
    (Unauthorized, "; check REPLY_API_KEY"),
    (Forbidden, "; the key needs another scope, user or team"),
    (OutcomeUnknown, "; look at it before you try again"),
    (ConnectionFailed, "; check the network and the address (--base-url, REPLY_BASE_URL)"),
    (StoreFailed, " (--budget-store, REPLY_BUDGET_STORE; `none` shares with nobody)"),
    ((RateLimitWait, RateLimited, ServerError), "; try again later"),
)

# The first that fits counts.
CODES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], ExitCode], ...] = (
    ((KeyboardInterrupt, CancelledError), ExitCode.INTERRUPTED),
    ((BadInput, InvalidUse), ExitCode.USAGE),
    ((Unauthorized, Forbidden), ExitCode.ACCESS),
    (OutcomeUnknown, ExitCode.UNKNOWN_ROWS),
    (
        (ConnectionFailed, RateLimitWait, RateLimited, ServerError, StoreFailed),
        ExitCode.UNAVAILABLE,
    ),
    ((NotFound, Conflict, SequenceUnusable, AccountLimitReached), ExitCode.TARGET),
    ((CommandFailed, ReplyError, OSError), ExitCode.FAILED),
)


def explain(error: BaseException) -> tuple[ExitCode, str] | None:
    """Give the exit code and the sentence for an error, or None for a bug."""
    code = next((code for kinds, code in CODES if isinstance(error, kinds)), None)
    if code is None:
        return None
    if isinstance(error, RunStopped):
        code = stop_code(error)
    if isinstance(error, InvalidUse) and error.argument in KEY_ARGUMENTS:
        hint = "set REPLY_BASE_URL to the emulator's address" if "emulator" in error.problem else ""
        hint = hint or f"without a key, try `{PROGRAM} demo`"
        return ExitCode.ACCESS, f"REPLY_API_KEY: {error.problem}; {hint}"
    if isinstance(error, ApiError) and _is_account_limit(error):
        code = ExitCode.TARGET
    return code, f"{str(error) or 'interrupted'}{_told(error)}{_advice(error)}"


def _told(error: BaseException) -> str:
    """Give the server's own words, which name the id; they are for this terminal only."""
    detail = error.problem.detail if isinstance(error, ApiError) else None
    return f": {plain(detail)}" if detail else ""


def stop_code(stop: BaseException) -> ExitCode:
    """Give the exit code of a run that could not go on."""
    cause = stop.__cause__ if isinstance(stop, RunStopped) else stop
    if isinstance(cause, OutcomeUnknown):
        return ExitCode.UNAVAILABLE  # code 3 belongs to runs that finished
    explained = None if cause is None else explain(cause)
    return ExitCode.FAILED if explained is None else explained[0]


def _is_account_limit(error: ApiError) -> bool:
    """Tell a limit of the plan from the request budget, whose 429 carries no code."""
    code = (error.code or "").casefold()
    return "limit" in code or (error.status == TOO_MANY_REQUESTS and bool(code))


def _advice(error: BaseException) -> str:
    """Say what to do about an error, as far as its message does not."""
    return next((advice for kinds, advice in ADVICE if isinstance(error, kinds)), "")
