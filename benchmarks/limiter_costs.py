"""What the limiter costs in CPU; medians of several rounds."""

from __future__ import annotations

import asyncio
import statistics
import time

from attrs import frozen

from reply_async.testing import run_virtual
from reply_async.transport.limiter import Limiter

ROUNDS = 5
ACQUIRES = 20_000
WAITERS = 10_000


@frozen
class Costs:
    """CPU: microseconds of an acquire, milliseconds of a grant, seconds of ten thousand."""

    acquire_us: float
    round_us: float
    grant_ms: float
    queue_seconds: float
    cancel_seconds: float


def costs() -> Costs:
    """Measure all of them."""
    queued = [run_virtual(_queue()) for _ in range(ROUNDS)]
    return Costs(
        acquire_us=statistics.median(asyncio.run(_acquire()) for _ in range(ROUNDS)),
        round_us=statistics.median(asyncio.run(_acquire_and_settle()) for _ in range(ROUNDS)),
        grant_ms=run_virtual(_grant()),
        queue_seconds=statistics.median(queue for queue, _ in queued),
        cancel_seconds=statistics.median(cancel for _, cancel in queued),
    )


def _unlimited() -> Limiter:
    return Limiter(per_minute=10**8, per_hour=10**9, burst=10**7)


async def _acquire() -> float:
    limiter = _unlimited()
    started = time.process_time()
    for _ in range(ACQUIRES):
        await limiter.acquire(75)
    return (time.process_time() - started) / ACQUIRES * 1e6


async def _acquire_and_settle() -> float:
    limiter = _unlimited()
    started = time.process_time()
    for _ in range(ACQUIRES):
        (await limiter.acquire(75)).settle()
    return (time.process_time() - started) / ACQUIRES * 1e6


async def _grant() -> float:
    """Return milliseconds a grant in the first hour, with the waits of the requests."""
    limiter, granted = Limiter(), 0

    async def request() -> None:
        nonlocal granted
        grant = await limiter.acquire()
        granted += 1
        await asyncio.sleep(0.1)
        grant.settle()

    tasks = [asyncio.create_task(request()) for _ in range(WAITERS)]
    await asyncio.sleep(0)
    started = time.process_time()
    await asyncio.sleep(3600)
    spent = time.process_time() - started
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return spent / granted * 1e3


async def _queue() -> tuple[float, float]:
    """Return CPU seconds to queue and to cancel, tasks of asyncio included."""
    limiter = Limiter()
    started = time.process_time()
    tasks = [asyncio.create_task(limiter.acquire(10**6)) for _ in range(WAITERS)]
    await asyncio.sleep(0)
    queued = time.process_time()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return queued - started, time.process_time() - queued
