"""The emulator as a program: `python -m reply_async.emulator`.

Prints one line, the address and the key, and serves until it is told to stop.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import secrets
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reply_async.emulator import Emulator

INSTALL = "The emulator needs more packages: pip install 'reply-async[emulator]'"
NEEDED = {"aiohttp", "attrs", "jsonschema_rs"}
MAX_PORT = 65_535


def main(argv: list[str] | None = None, *, prog: str = "python -m reply_async.emulator") -> int:
    """Run the emulator and return the exit code."""
    options = _parser(prog).parse_args(argv)
    try:
        from reply_async.emulator import Emulator  # noqa: PLC0415 - `--help` must not load the server

        emulator = Emulator(
            options.key,
            budget=options.budget,
            seed=options.seed,
            speed=options.speed,
            dialect=options.dialect,
        )
    except ValueError as error:  # the contract names the dialects, `--help` must not load it
        print(error, file=sys.stderr)  # noqa: T201 - a program speaks on its streams
        return 2
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        print(INSTALL, file=sys.stderr)  # noqa: T201 - a program speaks on its streams
        return 1
    gc.set_threshold(100_000, 50, 100)  # a million contacts are no garbage; look less often
    return asyncio.run(_serve(emulator, options.port, with_parent=options.exit_with_parent))


async def _serve(emulator: Emulator, port: int, *, with_parent: bool) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        await emulator.start(port)
    except OSError as error:
        text = f"Cannot listen on port {port}: {error.strerror or error}"
        print(text, file=sys.stderr)  # noqa: T201 - a program speaks on its streams
        return 1
    print(emulator.url, emulator.key, flush=True)  # noqa: T201 - tools read this line
    if with_parent:
        loop.add_reader(sys.stdin.fileno(), _watch_stdin, stopped)
    await stopped.wait()
    await emulator.close()
    return 0


def _watch_stdin(stopped: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stopped.set()


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Serve a local Reply API on 127.0.0.1. No account and no network is needed.",
    )
    parser.add_argument("--port", type=_port, default=0, help="default: a free one")
    parser.add_argument("--key", type=_key, help="starts with emu_; default: a random one")
    parser.add_argument(
        "--budget",
        type=_limits,
        default=(100, 3000),
        metavar="100,3000|off",
        help="requests a minute and an hour (default: 100,3000)",
    )
    parser.add_argument("--speed", type=_speed, default=1.0, help="how fast its clock runs")
    parser.add_argument(
        "--dialect",
        default="default",
        metavar="NAME[,ENTRY=VARIANT...]",
        help="default, modern or legacy, and single entries that differ (default: default)",
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed, other reactions")
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="end when standard input is closed"
    )
    parser.set_defaults(key="emu_" + secrets.token_hex(8))
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > MAX_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {MAX_PORT}")
    return int(text)


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
    if len(parts) != 2 or not all(part.isdigit() for part in parts):  # noqa: PLR2004 - minute, hour
        raise argparse.ArgumentTypeError("write 100,3000 (a minute, an hour) or off")
    return int(parts[0]), int(parts[1])


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError("a speed is a number above 0")
    return speed


if __name__ == "__main__":
    sys.exit(main())
