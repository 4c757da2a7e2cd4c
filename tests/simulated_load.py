"""A limiter under load on the virtual clock, against a server that counts like the real one.

Requests are waits in this process: the server counts each at a random moment between its
grant and its answer. Servers are the emulator's budget, without the emulator.
"""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_right
from collections.abc import Callable
from random import Random
from typing import Protocol

from attrs import define, field, frozen

from reply_async.emulator.budget import Budget, BudgetRules
from reply_async.testing import run_virtual
from reply_async.transport.lanes import Lane
from reply_async.transport.limiter import Limiter

MINUTE, HOUR = 60.0, 3600.0
WORKERS = 16  # enough that somebody always waits


class Leave(Protocol):
    """What a limiter under test gives for each request."""

    def settle(self, *, is_accepted: bool = True) -> None:
        """Note the end of the request."""


class Engine(Protocol):
    """A limiter under test."""

    async def acquire(self) -> Leave:
        """Wait for the leave to send one request."""
        ...

    def refused(self, retry_after: float) -> float:
        """Note a 429; return how long this one task waits by itself."""
        ...

    def observed(self, window: str, remaining: int) -> None:
        """Note what the headers say is left."""


@define
class Ours:
    """The real limiter, with everything in the lane of jobs."""

    limiter: Limiter

    async def acquire(self) -> Leave:
        """Wait in the lane of jobs."""
        return await self.limiter.acquire(lane=Lane.BULK)

    def refused(self, retry_after: float) -> float:
        """Tell the limiter, which holds all tasks."""
        self.limiter.refused(retry_after)
        return 0.0

    def observed(self, window: str, remaining: int) -> None:
        """Tell the limiter."""
        self.limiter.observed(window, remaining)


@frozen(kw_only=True)
class Load:
    """What is sent to which server, and for how long.

    ``delays`` are seconds from the grant to the answer, ``hanging`` the part of the
    requests that take 1 to 5 s instead. ``is_batched`` sends in batches of random size
    with random pauses in place of all the time.
    """

    rules: BudgetRules
    seed: int = 1
    hours: float = 3.0
    delays: tuple[float, float] = (0.02, 0.2)
    hanging: float = 0.0
    sessions: int = 1
    is_batched: bool = False
    has_headers: bool = False


@define
class Result:
    """When requests were answered with success, and how many with 429."""

    times: list[float] = field(factory=list)
    refused: int = 0
    others: int = 0  # granted to the competitor,
    others_asked: int = 0  # of what it asked for

    def within(self, seconds: float) -> int:
        """Return how many were answered by a time."""
        return bisect_right(self.times, seconds)

    def minutes(self, count: int) -> float:
        """Return when so many had been answered; infinite if they never were."""
        return self.times[count - 1] / MINUTE if len(self.times) >= count else math.inf

    @property
    def refused_part(self) -> float:
        """Our 429s by requests."""
        return self.refused / max(1, self.refused + len(self.times))


def simulate(load: Load, make: Callable[[], Engine] = lambda: Ours(Limiter())) -> Result:
    """Run a load to its end on the virtual clock."""

    async def main() -> Result:
        return await _Simulation(load, make()).run()

    return run_virtual(main())


class _Simulation:
    def __init__(self, load: Load, engine: Engine) -> None:
        self._load, self._engine = load, engine
        self._server = Budget(load.rules)
        self._random = Random(load.seed)  # noqa: S311 - a simulation
        self._result = Result()
        self._loop = asyncio.get_running_loop()
        self._until = load.hours * HOUR

    async def run(self) -> Result:
        send = self._batches if self._load.is_batched else self._work
        count = 1 if self._load.is_batched else WORKERS * self._load.sessions
        tasks = [asyncio.create_task(send()) for _ in range(count)]
        await asyncio.wait(tasks, timeout=self._until, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        self._server.catch_up(self._loop.time())
        competitor = self._server.competitor
        self._result.others = competitor.granted
        self._result.others_asked = competitor.granted + competitor.refused
        return self._result

    async def _work(self) -> None:
        while True:
            await self._request()

    async def _batches(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                for _ in range(self._random.randrange(1, 160)):
                    group.create_task(self._request())
                await asyncio.sleep(self._random.uniform(0, 150))

    async def _request(self) -> None:
        leave, load, chance = await self._engine.acquire(), self._load, self._random
        delay = chance.uniform(*load.delays)
        if chance.random() < load.hanging:
            delay = chance.uniform(1, 5)
        before = delay * chance.random()
        await asyncio.sleep(before)
        verdict = self._server.spend(self._loop.time())
        assert verdict is not None
        await asyncio.sleep(delay - before)
        if load.has_headers:
            window = "minute" if verdict.label == "1m" else "hour"
            self._engine.observed(window, verdict.remaining)
        pause = 0.0
        if verdict.is_allowed:
            self._result.times.append(self._loop.time())
        else:
            self._result.refused += 1
            pause = self._engine.refused(verdict.retry_after)
        leave.settle(is_accepted=verdict.is_allowed)
        await asyncio.sleep(pause)
