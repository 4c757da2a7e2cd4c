"""The options of the emulator's command line, and what their values may be.

Loads nothing but the standard library, so that `--help` is there at once.
"""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from reply_async.emulator import chance, clock, windows

MAX_PORT = 65_535


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}; see --help\n")


def server_options(prog: str, arguments: list[str]) -> argparse.Namespace:
    """Return the options of what serves until it is told to stop."""
    parser = _Parser(
        prog=prog,
        usage="%(prog)s [options]",
        description="Serve a local Reply API on 127.0.0.1. No account and no network is needed.",
        epilog=f"`{prog} exec [options] -- COMMAND ...` serves as long as a command runs.",
    )
    place = parser.add_argument_group("where it listens")
    _add_port(place)
    place.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1")
    place.add_argument(
        "--allow-network",
        action="store_true",
        help="let --host be an address that other machines reach",
    )
    place.add_argument(
        "--exit-with-parent", action="store_true", help="end when standard input is closed"
    )
    _add_account(parser)
    return parser.parse_args(arguments)


def exec_options(prog: str, arguments: list[str]) -> argparse.Namespace:
    """Return the options of what serves as long as a command runs, and the `command`."""
    parser = _Parser(
        prog=prog,
        usage="%(prog)s [options] -- COMMAND ...",
        description="Run a command on an emulator of its own, and return its exit code. The"
        " command finds address and key in REPLY_BASE_URL and REPLY_API_KEY.",
    )
    _add_port(parser.add_argument_group("where it listens"))
    _add_account(parser)
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:end])
    options.command = arguments[end + 1 :]
    if not options.command:
        parser.error("name a command after --")
    return options


def _add_port(place: argparse._ArgumentGroup) -> None:
    place.add_argument("--port", type=_port, default=0, help="default: a free one")


def _add_account(parser: argparse.ArgumentParser) -> None:
    account = parser.add_argument_group("account")
    account.add_argument("--key", type=_key, help="starts with emu_; default: a random one")
    account.add_argument("--seed", type=_seed, help="another seed, other reactions; default: 1")
    account.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="keep the account in this file, also over a kill -9 (default: in memory only)",
    )
    behaviour = parser.add_argument_group("behaviour")
    _add_rules(behaviour)
    behaviour.add_argument(
        "--clock", choices=clock.KINDS, default="real", help="held: it stands until it is moved"
    )
    behaviour.add_argument("--speed", type=_speed, default=1.0, help="how fast its clock runs")
    behaviour.add_argument(
        "--dialect",
        metavar="NAME[,ENTRY=VARIANT...]",
        help="default, modern or legacy, and single entries that differ (default: default)",
    )
    behaviour.add_argument(
        "--faults", type=Path, metavar="FILE.json", help="what goes wrong, a JSON list of rules"
    )


def _add_rules(behaviour: argparse._ArgumentGroup) -> None:
    """Offer the rules of the budget; what is not given is as in a data file."""
    behaviour.add_argument(
        "--budget",
        type=_limits,
        default=argparse.SUPPRESS,
        metavar="100,3000|off",
        help="requests a minute and an hour (default: 100,3000)",
    )
    behaviour.add_argument(
        "--stats-limit",
        type=_stats_limit,
        default=argparse.SUPPRESS,
        metavar="300|off",
        help="requests an hour for statistics and reports (default: 300)",
    )
    behaviour.add_argument(
        "--window",
        choices=windows.KINDS,
        default=argparse.SUPPRESS,
        help="how the budget is counted (default: log)",
    )
    behaviour.add_argument(
        "--counts-refused",
        action="store_true",
        default=argparse.SUPPRESS,
        help="let refused requests count as well",
    )
    behaviour.add_argument(
        "--competitor",
        type=_share,
        default=argparse.SUPPRESS,
        metavar="SHARE",
        help="the part of the budget, 0 to 1, that somebody else asks for (default: 0)",
    )


def _port(text: str) -> int:
    if not _is_number(text, MAX_PORT):
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {MAX_PORT}")
    return int(text)


def _seed(text: str) -> int:
    with suppress(ValueError):
        if chance.is_seed(int(text)):
            return int(text)
    raise argparse.ArgumentTypeError("a seed is a whole number of 64 bits")


def _key(text: str) -> str:
    if not (text.startswith("emu_") and len(text) > 4 and text.isascii() and text.isprintable()):  # noqa: PLR2004 - length of the prefix
        raise argparse.ArgumentTypeError("a key starts with emu_ and is printable ASCII")
    if " " in text:
        raise argparse.ArgumentTypeError("a key has no spaces")
    return text


def _limits(text: str) -> tuple[int, int] | None:
    if text == "off":
        return None
    parts = text.split(",")
    if len(parts) != 2 or not all(_is_limit(part) for part in parts):  # noqa: PLR2004 - minute, hour
        raise argparse.ArgumentTypeError(
            f"write 100,3000 (a minute, an hour), each from 1 to {windows.MAX_LIMIT:,}, or off"
        )
    return int(parts[0]), int(parts[1])


def _stats_limit(text: str) -> int | None:
    if text == "off":
        return None
    if not _is_limit(text):
        raise argparse.ArgumentTypeError(f"write a number from 1 to {windows.MAX_LIMIT:,}, or off")
    return int(text)


def _is_limit(text: str) -> bool:
    return _is_number(text, windows.MAX_LIMIT) and int(text) > 0


def _is_number(text: str, most: int) -> bool:
    return text.isdecimal() and len(text) <= len(str(most)) and int(text) <= most


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError("a share is a number from 0 to 1")
    return share


def _speed(text: str) -> float:
    try:
        return clock.check_speed(float(text))
    except ValueError:
        wanted = f"a speed is a number above 0 and up to {clock.MAX_SPEED:,}"
        raise argparse.ArgumentTypeError(wanted) from None
