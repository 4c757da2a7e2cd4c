"""One command that runs as long as an emulator does, with its address and key."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
OF_A_TERMINAL = {signal.SIGINT, signal.SIGQUIT, signal.SIGHUP}  # it sends them to both of us
KILLED = 128  # a shell adds the number of the signal to it


async def run_command(command: list[str], url: str, key: str) -> int:
    """Run a command to its end and return its exit code, as a shell would tell it.

    It has our standard streams; signals are handed on. OSError if it cannot start.
    """
    environment = {**os.environ, "REPLY_BASE_URL": url, "REPLY_API_KEY": key}
    loop = asyncio.get_running_loop()
    waiting: list[signal.Signals] = []  # those that come before the command is there
    for number in SIGNALS:
        loop.add_signal_handler(number, waiting.append, number)
    process = await asyncio.create_subprocess_exec(*command, env=environment)

    def hand_on(number: signal.Signals) -> None:
        if number in OF_A_TERMINAL and _has_terminal():
            return
        with suppress(ProcessLookupError):
            process.send_signal(number)

    for number in SIGNALS:
        loop.add_signal_handler(number, hand_on, number)
    for number in waiting:
        hand_on(number)
    code = await process.wait()
    return KILLED - code if code < 0 else code


def _has_terminal() -> bool:
    """Tell whether we and the command are what a terminal runs in its foreground."""
    try:
        terminal = os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)
