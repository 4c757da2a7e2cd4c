"""Every error that this package raises, named by what it means for the caller.

Messages are built from verb, route template, status, code and *names* of members;
never from bodies, addresses or keys. All of them can be pickled. Nothing here
imports the rest of the package: ``Request`` and ``Report`` are named for type
checkers only.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from reply_async.outcome import BulkOutcome, Report
    from reply_async.requests import Request


class ReplyError(Exception):
    """Anything that this package raises on purpose."""


class InvalidUse(ReplyError, ValueError):
    """An argument, a setting or a row is wrong; nothing was sent.

    ``argument`` names it, as the caller wrote it.
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(argument, problem)
        self.argument, self.problem = argument, problem

    def __str__(self) -> str:
        return f"{self.argument}: {self.problem}"


class SessionClosed(ReplyError):
    """The session was closed, or not opened yet, when a call was made."""

    def __str__(self) -> str:
        return "the session is not open: use it inside `async with ReplySession(...)`"


class StoreFailed(ReplyError):
    """The store of a shared budget cannot be used; without it nothing is sent.

    ``store`` names it: a file, or the address of a server without its password.
    """

    def __init__(self, store: str, problem: str) -> None:
        super().__init__(store, problem)
        self.store, self.problem = store, problem

    def __str__(self) -> str:
        return f"the budget in {self.store} {self.problem}"


class RequestError(ReplyError):
    """What became of one request; ``request`` says which, without its body."""

    def __init__(self, request: Request, *details: Any) -> None:  # noqa: ANN401 - args of an exception
        request = request.without_body()
        super().__init__(request, *details)
        self.request = request


class RateLimitWait(RequestError):
    """The budget allows this request only after a longer wait than the caller allows.

    Nothing was sent. ``seconds`` is how long the wait would have been.
    """

    def __init__(self, request: Request, seconds: float) -> None:
        super().__init__(request, seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"{self.request}: the budget is free again in {self.seconds:.0f} s; nothing was sent"


class ConnectionFailed(RequestError):
    """The server could not be reached, or a read got no whole answer.

    A write that raises this was not sent: ``OutcomeUnknown`` is the other case.
    """

    def __init__(self, request: Request, evidence: str) -> None:
        super().__init__(request, evidence)
        self.evidence = evidence

    def __str__(self) -> str:
        return f"{self.request}: {self.evidence}"


class OutcomeUnknown(RequestError):
    """A write was sent and no usable answer came back; it may have happened.

    ``seen`` holds the ids that reading back found, often none. Sending the request
    again is the caller's decision, since it may act twice.
    """

    def __init__(self, request: Request, evidence: str, seen: tuple[int, ...] = ()) -> None:
        super().__init__(request, evidence, seen)
        self.evidence, self.seen = evidence, seen

    def __str__(self) -> str:
        found = f"; reading back found {', '.join(map(str, self.seen))}" if self.seen else ""
        return f"{self.request}: sent, but not confirmed ({self.evidence}){found}"


class BadAnswer(RequestError):
    """An answer came that is not what the API promises; ``where`` names the place.

    ``where`` is a path such as ``$.steps[1].delayInMinutes``, or ``$``.
    """

    def __init__(self, request: Request, status: int, where: str, problem: str) -> None:
        super().__init__(request, status, where, problem)
        self.status, self.where, self.problem = status, where, problem

    def __str__(self) -> str:
        return f"{self.request}: answer {self.status} cannot be read: {self.where}: {self.problem}"


@frozen
class FieldError:
    """One entry of a validation problem: where, and what the server said of it.

    ``detail`` is the server's own text and may repeat what was sent, hence it stays
    out of messages.
    """

    pointer: str
    detail: str = field(repr=False)


@frozen
class Problem:
    """The error body of an answer, as far as it could be read.

    ``code`` is the stable ``resource.variant`` word, or None on bodies without one.
    Source: RFC 9457; API page: errors.
    """

    title: str | None = None
    code: str | None = None
    detail: str | None = field(default=None, repr=False)
    fields: tuple[FieldError, ...] = ()


class ApiError(RequestError):
    """The server refused the request and changed nothing.

    ``status`` and ``problem`` are the answer's; ``code`` compares without case.
    """

    def __init__(
        self, request: Request, status: int, problem: Problem, request_id: str | None = None
    ) -> None:
        super().__init__(request, status, problem, request_id)
        self.status, self.problem, self.request_id = status, problem, request_id

    @property
    def code(self) -> str | None:
        """The ``resource.variant`` word of the refusal, if it had one."""
        return self.problem.code

    @property
    def fields(self) -> tuple[FieldError, ...]:
        """The places that a validation problem names."""
        return self.problem.fields

    def is_code(self, code: str) -> bool:
        """Tell whether the refusal carries this code, without regard to case."""
        return self.code is not None and self.code.casefold() == code.casefold()

    def __str__(self) -> str:
        said = self.code or self.problem.title or "refused"
        places = ", ".join(entry.pointer or "the body" for entry in self.fields[:5])
        if len(self.fields) > 5:  # noqa: PLR2004 - enough to find the fault, short enough to read
            places += f" and {len(self.fields) - 5} more"
        return f"{self.request}: {self.status} {said}" + (f" at {places}" if places else "")


class ValidationFailed(ApiError):
    """400 or 422: members of the request are wrong; ``fields`` names them."""


class Unauthorized(ApiError):
    """401: the key is missing, wrong or revoked."""


class Forbidden(ApiError):
    """403: the key lacks a scope, or the acting user, team, role or plan does not fit."""


class NotFound(ApiError):
    """404: the object, or the route, does not exist or is not visible."""


class Conflict(ApiError):
    """409: the state of the object does not allow it."""


class RateLimited(ApiError):
    """429 without a code: the shared budget was used up.

    ``retry_after`` is how many seconds the server asked to wait, if it said so.
    """

    def __init__(
        self,
        request: Request,
        status: int,
        problem: Problem,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(request, status, problem, request_id)
        self.args = (*self.args, retry_after)
        self.retry_after = retry_after


class ServerError(ApiError):
    """5xx on a read; a write that meets it raises ``OutcomeUnknown``."""


class BulkRefused(ReplyError):
    """Some items of a bulk call were refused; ``outcome`` says which and why."""

    def __init__(self, outcome: BulkOutcome[Hashable, Any]) -> None:
        super().__init__(outcome)
        self.outcome = outcome

    def __str__(self) -> str:
        return f"{len(self.outcome.refused)} refused, {len(self.outcome.unknown)} unknown"


class SequenceUnusable(ReplyError):
    """The sequence takes no contacts: it is archived, or has no steps; nothing was sent."""

    def __init__(self, sequence_id: int, problem: str) -> None:
        super().__init__(sequence_id, problem)
        self.sequence_id, self.problem = sequence_id, problem

    def __str__(self) -> str:
        return f"sequence {self.sequence_id} {self.problem}"


class AccountLimitReached(ReplyError):
    """The account takes no more contacts, whichever they are."""

    def __str__(self) -> str:
        return "the account's limit of contacts is reached"


class RunStopped(ReplyError):
    """A bulk run ended before its input did; ``report`` says what became of each row.

    ``__cause__`` is the error that stopped it.
    """

    def __init__(self, report: Report, reason: str) -> None:
        super().__init__(report, reason)
        self.report, self.reason = report, reason

    def __str__(self) -> str:
        return f"the run stopped: {self.reason}; {self.report.unsent} rows were not sent"
