"""The emulator as a program, for tests that end it by force."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Self

import aiohttp

if TYPE_CHECKING:
    from pathlib import Path


class Program:
    """A running emulator, asked by a plain client."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "reply_async.emulator", "--budget", "off", *options]
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split()
        assert len(words) == 2, self.process.communicate()[1]
        self.url, self.key = words

    @classmethod
    def on(cls, data: Path, *options: str) -> Self:
        """Start one on a data file."""
        return cls("--data", str(data), *options)

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self.key}"}
        self._http = aiohttp.ClientSession(self.url, headers=headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()
        self.kill()

    async def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send one request and return status and body."""
        async with self._http.request(method, path, json=body, allow_redirects=False) as response:
            text = await response.text()
            with contextlib.suppress(ValueError):
                return response.status, json.loads(text)
            return response.status, text

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.communicate()
