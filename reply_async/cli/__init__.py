"""The ``reply-async`` command.

Importing this loads nothing but the standard library. The commands are found by their
import path when they are called, and the first help is written from their table, so
that it is there at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

from reply_async.version import __version__

EXTRA_MODULES = ("cyclopts", "rich")
COMMANDS = {
    "demo": ("demo_command:run", "Show all of it on a local emulator; needs no key."),
    "import": ("import_command:run", "Import a CSV file of contacts and enrol them."),
    "sequences": ("sequences_command:app", "List, show, start, pause or archive sequences."),
    "stats": ("stats_command:run", "Show the statistics of a sequence and its variants."),
    "emulator": ("emulator_command:run", "Serve the API on this machine, with its real budget."),
}
HELP = """\
Usage: reply-async COMMAND

Outreach sequences of Reply.io: contacts in, statistics out, inside the budget.

Commands:
{commands}

Options:
  --help, -h  Show this, or the help of a command.
  --version   Show the version.

The key comes from REPLY_API_KEY, the address from REPLY_BASE_URL; `demo` needs neither.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if missing := [module for module in EXTRA_MODULES if find_spec(module) is None]:
        return _tell_missing(missing[0])
    if arguments in ([], ["--help"], ["-h"]):
        lines = (f"  {name:<10}  {summary}" for name, (_, summary) in COMMANDS.items())
        sys.stdout.write(HELP.format(commands="\n".join(lines)))
        return 0
    if arguments == ["--version"]:
        sys.stdout.write(f"{__version__}\n")
        return 0
    try:
        from reply_async.cli.application import run  # noqa: PLC0415 - needs the extra, takes time
    except ModuleNotFoundError as error:  # a part of the extra, or of one of its modules
        if error.name is None or error.name.startswith("reply_async"):
            raise
        return _tell_missing(error.name)
    return run(arguments)


def _tell_missing(module: str) -> int:
    sys.stderr.write(
        f"reply-async: {module} is not installed; run: pip install 'reply-async[cli]'\n"
    )
    return 1
