"""Real processes that spend one budget, and a server that counts what arrives.

The server takes everything and notes when. Afterwards each kind of window that the
emulator knows is asked, at many phases, how many of these requests it had refused:
without a refusal all kinds see the same requests, so that one run tries them all.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from attrs import define, field

from reply_async.emulator.windows import KINDS, make_window

WORKER = Path(__file__).with_name("budget_worker.py")
PHASES = 12
TICKS = 1_000_000  # in a second


@define
class CountingServer:
    """Answers each line after a while, and counts it somewhere in between."""

    delays: tuple[float, float] = (0.002, 0.02)
    times: list[tuple[float, str]] = field(factory=list)
    port: int = 0
    _random: Random = field(factory=lambda: Random(1))  # noqa: S311 - a simulation

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the requests of one connection, one after the other."""
        try:
            while line := await reader.readline():
                delay = self._random.uniform(*self.delays)
                before = self._random.uniform(0, delay)
                await asyncio.sleep(before)
                self.times.append((time.monotonic(), line.decode().strip()))
                await asyncio.sleep(delay - before)
                writer.write(b"200\n")
        except ConnectionError:  # a killed process
            pass
        finally:
            writer.close()

    def counts(self, until: float = float("inf")) -> Counter[str]:
        """Return the number of requests by process."""
        return Counter(name for at, name in self.times if at <= until)

    def refused(self, limits: dict[str, Any]) -> dict[str, int]:
        """Return how many requests each kind of server had refused, at its worst phase."""
        numbers = limits["per_minute"], limits["per_hour"]
        sizes = [round(seconds * TICKS) for seconds in limits["windows"]]
        return {
            kind: max(self._refused(kind, numbers, sizes, part / PHASES) for part in range(PHASES))
            for kind in KINDS
        }

    def _refused(self, kind: str, numbers: Any, sizes: list[int], part: float) -> int:
        windows = [
            make_window(kind, number, size, phase=round(part * size))
            for number, size in zip(numbers, sizes, strict=True)
        ]
        refused, start = 0, min((at for at, _ in self.times), default=0.0)
        for at, _ in sorted(self.times):
            tick = sizes[-1] + round((at - start) * TICKS)
            if any(window.wait(tick) > 0 for window in windows):
                refused += 1
                continue
            for window in windows:
                window.count(tick)
        return refused


@define
class Worker:
    """One process that spends."""

    process: asyncio.subprocess.Process

    async def ready(self) -> None:
        """Wait until it has begun."""
        assert self.process.stdout is not None
        assert await self.process.stdout.readline() == b"ready\n"

    async def line(self) -> str:
        """Return the next line that it says."""
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().strip()

    async def stop(self) -> None:
        """End it in an orderly way; whatever went wrong in it fails the test."""
        if self.process.returncode is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
        assert await self.process.wait() == 0

    async def kill(self) -> None:
        """Kill it at once."""
        self.process.kill()
        await self.process.wait()


async def start_worker(server: CountingServer, store: str, name: str, **options: Any) -> Worker:
    """Start a process; it spends at once."""
    options = {"tasks": 4, "store": store, "port": server.port, "name": name, **options}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(WORKER), json.dumps(options), stdin=pipe, stdout=pipe
    )
    worker = Worker(process)
    await worker.ready()
    return worker


@asynccontextmanager
async def counting_server() -> AsyncIterator[CountingServer]:
    """Serve until the end of the block."""
    counting = CountingServer()
    server = await asyncio.start_server(counting.serve, "127.0.0.1", 0)
    counting.port = server.sockets[0].getsockname()[1]
    try:
        yield counting
    finally:
        server.close()


def fairness(counts: Counter[str]) -> float:
    """Return Jain's index: 1 if all got the same, 1/n if one got all."""
    numbers = list(counts.values())
    return sum(numbers) ** 2 / (len(numbers) * sum(number**2 for number in numbers))
