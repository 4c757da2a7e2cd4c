"""The emulator as a child process of the demo, and its control plane."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

from attrs import field, frozen

from reply_async.cli.errors import CommandFailed

SECONDS_TO_START = 20
SECONDS_TO_END = 5
SECONDS_TO_ANSWER = 60  # a move of the clock plays all that happens in between


@frozen
class LocalEmulator:
    """Where the emulator listens, and its key."""

    url: str
    key: str = field(repr=False)

    def move_clock(self, duration: str) -> None:
        """Let the time of the emulator pass, such as ``5d``."""
        self._call("clock", {"advance": duration})

    def answers_429(self) -> int:
        """Tell how often it had to say that the budget is used up."""
        return int(self._call("budget")["answered_429"])

    def _call(self, what: str, body: dict[str, str] | None = None) -> dict[str, Any]:
        # No part of the API, hence neither the session nor its budget; it is on loopback.
        request = urllib.request.Request(  # noqa: S310 - our own child's http address
            f"{self.url}/_emulator/{what}", None if body is None else json.dumps(body).encode()
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=SECONDS_TO_ANSWER) as answer:
            content: dict[str, Any] = json.load(answer)
        return content


@contextmanager
def running_emulator(seed: int) -> Iterator[LocalEmulator]:
    """Start an emulator on a free port, and end it with the block."""
    options = ("--port", "0", "--seed", str(seed), "--exit-with-parent")
    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", "reply_async.emulator", *options],
        stdin=subprocess.PIPE,  # its end tells the child that we are gone
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is ours: the child must live while we drain
    )
    try:
        yield _greeting(process)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _greeting(process: subprocess.Popen[str]) -> LocalEmulator:
    watchdog = Timer(SECONDS_TO_START, process.kill)
    watchdog.start()
    try:
        words = process.stdout.readline().split() if process.stdout else []
    finally:
        watchdog.cancel()
    if len(words) != 2:  # noqa: PLR2004 - address and key
        raise CommandFailed("the emulator did not start: see `python -m reply_async.emulator`")
    return LocalEmulator(*words)
