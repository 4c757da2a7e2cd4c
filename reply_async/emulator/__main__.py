"""The emulator as a program: `python -m reply_async.emulator`.

Prints one line, the address and the key, and serves until it is told to stop; or, as
`exec`, prints nothing of its own and serves as long as a command runs.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from typing import TYPE_CHECKING

from reply_async.emulator.options import exec_options, server_options

if TYPE_CHECKING:
    import argparse

    from reply_async.emulator import Emulator

INSTALL = "The emulator needs more packages: pip install 'reply-async[emulator]'"
NEEDED = {"aiohttp", "attrs", "jsonschema_rs"}
FAILED, USAGE = 1, 2


def main(argv: list[str] | None = None, *, prog: str = "python -m reply_async.emulator") -> int:
    """Run the emulator and return the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    is_exec = arguments[:1] == ["exec"]
    options = (
        exec_options(f"{prog} exec", arguments[1:]) if is_exec else server_options(prog, arguments)
    )
    gc.set_threshold(100_000, 50, 100)  # a million contacts are no garbage; look less often
    try:
        # `--help` must not load the server
        from reply_async.emulator.account import open_account  # noqa: PLC0415
        from reply_async.emulator.data_file import DataFileError  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        return _complain(INSTALL, FAILED)
    try:
        emulator, file = open_account(options)
    except DataFileError as error:
        return _complain(str(error), FAILED)
    except ValueError as error:  # the contract names dialects and routes, the file its seed
        name = f"{prog} exec" if is_exec else prog
        return _complain(f"{name}: error: {error}", USAGE)
    with file:
        return asyncio.run(_run(emulator, options) if is_exec else _serve(emulator, options))


async def _serve(emulator: Emulator, options: argparse.Namespace) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        await emulator.start(options.port, options.host, allow_network=options.allow_network)
    except ValueError as error:
        return _complain(f"{error}; add --allow-network if it shall", USAGE)
    except OSError as error:
        return _cannot_listen(options.host, options.port, error)
    print(emulator.url, emulator.key, flush=True)  # noqa: T201 - tools read this line
    if options.exit_with_parent:
        loop.add_reader(sys.stdin.fileno(), _watch_stdin, stopped)
    await stopped.wait()
    await emulator.close()
    return 0


def _watch_stdin(stopped: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stopped.set()


async def _run(emulator: Emulator, options: argparse.Namespace) -> int:
    from reply_async.emulator.execution import run_command  # noqa: PLC0415 - not for others

    try:
        await emulator.start(options.port)
    except OSError as error:
        return _cannot_listen("127.0.0.1", options.port, error)
    try:
        return await run_command(options.command, emulator.url, emulator.key)
    except OSError as error:
        text = f"cannot run {options.command[0]}: {error.strerror or error}"
        return _complain(text, 127 if isinstance(error, FileNotFoundError) else 126)
    finally:
        await emulator.close()


def _cannot_listen(host: str, port: int, error: OSError) -> int:
    text = f"Cannot listen on {host}, port {port}: {error.strerror or error}"
    return _complain(text, FAILED)


def _complain(text: str, code: int) -> int:
    print(text, file=sys.stderr)  # noqa: T201 - a program speaks on its streams
    return code


if __name__ == "__main__":
    sys.exit(main())
