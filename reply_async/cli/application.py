"""The one place where a command is run and its errors are told."""

from __future__ import annotations

import io
import sys
from asyncio import CancelledError
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

from reply_async.cli import COMMANDS, EXTRA_MODULES
from reply_async.cli.errors import ExitCode, MissingExtra, explain
from reply_async.cli.messages import PROGRAM, complain
from reply_async.version import __version__

OF_ITS_OWN = {"help_flags": (), "version_flags": (), "end_of_options_delimiter": ""}


def build() -> App:
    """Build the command line; no module of a command is imported."""
    app = App(
        name=PROGRAM,
        help_format="plaintext",  # markdown would load a parser that costs 50 ms
        version=__version__,
        default_parameter=Parameter(negative=(), show_default=False),
        result_action="return_value",
    )
    for name, (path, _) in COMMANDS.items():
        # the emulator has a parser of its own, for which `--` matters, and a help
        flags = OF_ITS_OWN if name == "emulator" else {}
        app.command(f"reply_async.cli.{path}", name=name, **flags)
    return app


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8
    try:
        code = build()(argv, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        complain(f"{str(error).splitlines()[0]} See `{PROGRAM} --help`.")
        return ExitCode.USAGE
    except (Exception, KeyboardInterrupt, CancelledError) as error:
        explained = explain(_missing_extra(error) or error)
        if explained is None:
            raise
        complain(explained[1])
        return explained[0]
    return int(code) if isinstance(code, int) else ExitCode.DONE


def _missing_extra(error: BaseException) -> MissingExtra | None:
    """Recognise a command whose module needs a library that is not there."""
    cause = error.__cause__ if isinstance(error, ImportError) else None
    if isinstance(cause, ModuleNotFoundError) and cause.name in EXTRA_MODULES:
        return MissingExtra("cli", cause.name)
    return None
