"""Forecasts against what the limiter then does: waits to about a second, hours to a part."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from reply_async.testing import VirtualClockLoop, run_virtual
from reply_async.transport.budget import Budget
from reply_async.transport.forecast import Forecast
from reply_async.transport.lanes import Lane
from reply_async.transport.limiter import Limiter
from reply_async.transport.limits import Limits


async def request(limiter: Limiter, seconds: float = 0.1) -> None:
    """Send a request that is answered after some time."""
    grant = await limiter.acquire()
    await asyncio.sleep(seconds)
    grant.settle()


@pytest.mark.parametrize(
    ("sent", "pause"), [(0, 0.0), (30, 5.0), (100, 30.0), (100, 55.0), (130, 70.0), (90, 3000.0)]
)
def test_waits_are_known_to_about_a_second(sent: int, pause: float) -> None:
    """Whatever has been sent, and however many wait in front."""

    async def wait_behind(ahead: int) -> tuple[float, float]:
        limiter, loop = Limiter(), asyncio.get_running_loop()
        tasks = [asyncio.create_task(request(limiter)) for _ in range(sent)]
        await asyncio.sleep(pause)
        tasks += [asyncio.create_task(request(limiter)) for _ in range(ahead)]
        await asyncio.sleep(0)
        told, asked = limiter._seconds_ahead(Lane.INTERACTIVE), loop.time()
        await request(limiter, 0.0)
        for task in tasks:
            task.cancel()
        return told, loop.time() - asked

    for ahead in (0, 5, 30, 90, 150, 300):
        told, waited = run_virtual(wait_behind(ahead))
        assert told == pytest.approx(waited, abs=1.3), ahead


async def errors_of(limiter: Limiter, counts: Sequence[int], asked: Sequence[int]) -> list[float]:
    """Ask when counts will be reached, at some moments; return how wrong it was (seconds)."""
    loop, told, errors = asyncio.get_running_loop(), list[tuple[int, float]](), list[float]()
    for gone in range(max(counts)):
        if gone in asked:
            told += [(each, loop.time() + limiter.seconds_until(each - gone)) for each in counts]
        (await limiter.acquire(lane=Lane.BULK)).settle()
        errors += [at - loop.time() for count, at in told if count == gone + 1]
    assert len(asked) * len(counts) == len(errors)
    return errors


def test_hours_are_known() -> None:
    """The minutes, the wait for the hour, and the pace of the hours after it."""
    limiter = Limiter(per_minute=20, per_hour=200)
    errors = run_virtual(errors_of(limiter, (90, 190, 210, 300, 390), (0, 30, 80)))
    assert all(abs(error) <= 90 for error in errors), errors  # of two hours


@pytest.mark.slow
def test_hours_of_the_real_limits_are_known() -> None:
    """The same with three thousand requests an hour."""
    errors = run_virtual(errors_of(Limiter(), (500, 2900, 3100, 4500), (0, 250, 450)))
    assert all(abs(error) <= 60 for error in errors), errors


async def test_a_forecast_counts_the_pause_the_scale_and_the_others(
    reply_clock: VirtualClockLoop,
) -> None:
    """What the server asked for, and what it does to the rest, is in the wait."""
    calm = Limiter().seconds_until(400)
    limiter = Limiter()
    limiter.observed("minute", 60)  # 40 are spent by others
    shared = limiter.seconds_until(400)
    limiter.refused(100)
    held = limiter.seconds_until(400)
    assert 1.5 * calm < shared + 5
    assert 100 <= limiter.seconds_until(1) <= 101
    assert held > calm + 100
    assert reply_clock.time() < 0.1


def test_a_forecast_is_cheap() -> None:
    """Thousands of requests cost no more than some hundreds of steps."""
    budget = Budget(Limits())
    for number in range(3000):
        budget.guards["hour"].grant()
        budget.guards["hour"].settle(number * 0.61)
    started = time.process_time()
    forecast = Forecast(budget, 1830.0, 10, 10)
    times = [forecast.time_of(count) for count in (1, 100, 1000, 10_000, 1_000_000)]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(1_000_000 / 3000 * 3600, rel=0.05)
    assert time.process_time() - started < 1  # 15 ms where nothing else runs
