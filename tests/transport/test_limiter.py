"""The limiter: no window holds too much, everybody gets a turn, one 429 holds all."""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from aiolimiter import AsyncLimiter
from hypothesis import given, settings
from hypothesis import strategies as st

from reply_async.errors import InvalidUse
from reply_async.testing import VirtualClockLoop, run_virtual
from reply_async.transport.lanes import Lane
from reply_async.transport.limiter import Limiter
from reply_async.transport.limits import HOUR, MINUTE
from reply_async.transport.turnstile import WaitTooLong


def fullest(times: Sequence[float], window: float) -> int:
    """Return how many grants the fullest window of this length holds."""
    inside: deque[float] = deque()
    most = 0
    for time in times:
        inside.append(time)
        while inside[0] <= time - window:
            inside.popleft()
        most = max(most, len(inside))
    return most


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


async def spend(
    limiter: Limiter, max_wait: float | None = None, *, lane: Lane = Lane.INTERACTIVE
) -> None:
    """Send a request that is answered at once."""
    (await limiter.acquire(max_wait, lane=lane)).settle()


async def grants(acquire: Callable[[], Awaitable[None]], until: float) -> list[float]:
    """Take one grant after the other as fast as they come; return their times."""
    times: list[float] = []
    while True:
        await acquire()
        if now() >= until:
            return times
        times.append(now())


@pytest.mark.parametrize("hours", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_full_load_stays_within_every_window(hours: int) -> None:
    """Hours at full load: 100 in no minute and 3,000 in no hour are exceeded."""

    async def run() -> list[float]:
        limiter = Limiter()
        return await grants(lambda: spend(limiter), hours * HOUR)

    times = run_virtual(run())
    assert 99 <= fullest(times, MINUTE) <= 100
    assert 2990 <= fullest(times, HOUR) <= 3000
    assert len(times) >= hours * 2985  # and the budget is put to use


def test_the_checker_can_fail() -> None:
    """A plain bucket of 100 a minute lets 199 through in its first minute."""
    times = run_virtual(grants(AsyncLimiter(100, 60).acquire, 120))
    assert 199 == fullest(times, MINUTE)


@given(st.lists(st.tuples(st.floats(0, 400), st.integers(1, 160)), min_size=1, max_size=40))
@settings(max_examples=25, deadline=None)
def test_random_batches_stay_within_every_window(batches: list[tuple[float, int]]) -> None:
    """However requests arrive, no window holds too much and none is forgotten."""

    async def run() -> list[float]:
        limiter, times = Limiter(), []

        async def one() -> None:
            await spend(limiter)
            times.append(now())

        async with asyncio.TaskGroup() as group:
            for pause, count in batches:
                await asyncio.sleep(pause)
                for _ in range(count):
                    group.create_task(one())
        return times

    times = run_virtual(run())
    assert sum(count for _, count in batches) == len(times)
    assert fullest(times, MINUTE) <= 100
    assert fullest(times, HOUR) <= 3000


def test_refusals_and_cancellations_stay_within_every_window() -> None:
    """Pauses and waiters that give up do not tear a hole into the budget."""

    async def run() -> list[float]:
        limiter, times, chance = Limiter(), [], random.Random(7)  # noqa: S311 - a seed, no secret

        async def one() -> None:
            await spend(limiter)
            times.append(now())

        tasks = [asyncio.create_task(one()) for _ in range(3000)]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(chance.expovariate(0.1))
            chance.choice(tasks).cancel()
            if chance.random() < 0.02:
                limiter.refused(chance.choice([None, 1.0, 30.0]))
        return times

    times = run_virtual(run())
    assert len(times) >= 2500
    assert fullest(times, MINUTE) <= 100
    assert fullest(times, HOUR) <= 3000


async def test_pace(reply_clock: VirtualClockLoop) -> None:
    """235 requests take two windows and what the pacer needs for the rest."""
    limiter = Limiter()
    await asyncio.gather(*(spend(limiter) for _ in range(235)))
    assert 142 <= reply_clock.time() <= 147


@pytest.mark.usefixtures("reply_clock")
async def test_first_come_first_served() -> None:
    """Nobody overtakes, newcomers after a wait neither."""
    limiter, order = Limiter(), []

    async def one(number: int) -> None:
        await spend(limiter)
        order.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(120):
            group.create_task(one(number))
            if number % 10 == 0:
                await asyncio.sleep(1)
    assert list(range(120)) == order


async def test_cancelled_waiters_cost_nothing(reply_clock: VirtualClockLoop) -> None:
    """Waiters that gave up leave their places and their tokens to the others."""
    limiter = Limiter()
    limiter.refused(20)
    tasks = [asyncio.create_task(spend(limiter)) for _ in range(200)]
    for task in tasks[:-10]:  # each is the next in line before it gives up
        await asyncio.sleep(0.01)
        task.cancel()
    assert 10 < limiter.state.waiting
    await asyncio.gather(*tasks[-10:])
    assert 20 <= reply_clock.time() < 20.5
    assert (0, 0) == (limiter.state.waiting, limiter.state.free_now)


@pytest.mark.usefixtures("reply_clock")
async def test_grants_of_the_hour_can_be_cancelled() -> None:
    """Waiting for the hour's window takes nothing from the minute's."""
    limiter = Limiter(per_minute=60, per_hour=10)
    for _ in range(10):
        await spend(limiter)
    waiter = asyncio.create_task(spend(limiter))
    await asyncio.sleep(20)
    assert "hour" == limiter.state.waiting_for
    waiter.cancel()
    await asyncio.wait([waiter])
    assert (0, 10, 10) == (
        limiter.state.waiting,
        limiter.state.used_in_minute,
        limiter.state.used_in_hour,
    )


async def test_what_did_not_leave_serves_the_next_at_once(reply_clock: VirtualClockLoop) -> None:
    """A grant given back wakes whoever would have waited for the window."""
    limiter = Limiter(burst=100)
    grants = [await limiter.acquire(0) for _ in range(100)]
    for grant in grants[1:]:
        grant.settle()
    waiter = asyncio.create_task(spend(limiter))
    await asyncio.sleep(5)
    assert not waiter.done()
    grants[0].release()
    await waiter
    assert reply_clock.time() < 6


@pytest.mark.parametrize("seconds", [0, 5])
async def test_waiters_outlive_whoever_cancels_every_other_task(
    seconds: float, reply_clock: VirtualClockLoop
) -> None:
    """The task that asks for all of them is replaced, also if it has not begun yet."""
    limiter = Limiter(burst=10)
    for _ in range(10):
        await spend(limiter)
    before = asyncio.all_tasks()
    waiters = {asyncio.create_task(spend(limiter)) for _ in range(20)}
    await asyncio.sleep(seconds)
    (pump,) = asyncio.all_tasks() - waiters - before
    pump.cancel()
    async with asyncio.timeout(60):
        await asyncio.gather(*waiters)
    assert 20 * 0.6 == pytest.approx(reply_clock.time(), abs=1.5)
    await asyncio.sleep(0)
    assert before == asyncio.all_tasks()


@pytest.mark.usefixtures("reply_clock")
async def test_the_pacer_follows_what_a_minute_may_hold() -> None:
    """After refusals fewer go a minute, and evenly: not all of them and then a long wait."""
    limiter = Limiter()
    for _ in range(100):
        await spend(limiter)
    limiter.refused(None)
    await asyncio.sleep(2 * MINUTE)
    times = []
    for _ in range(40):
        await spend(limiter)
        times.append(now())
    gaps = [after - before for before, after in pairwise(times[10:])]
    scale = limiter.state.scale
    assert scale < 0.95
    assert [MINUTE / (100 * scale)] * len(gaps) == pytest.approx(gaps, rel=0.03)


async def test_pause_only_moves_forward(reply_clock: VirtualClockLoop) -> None:
    """A shorter Retry-After that comes later does not end a longer pause."""
    limiter = Limiter()
    assert 60 <= limiter.refused(60) <= 60.2
    assert 60 <= limiter.refused(5) <= 60.2
    await spend(limiter)
    assert 60 <= reply_clock.time() <= 60.3


async def test_pause_reaches_those_who_wait_already(reply_clock: VirtualClockLoop) -> None:
    """Nobody slips through: a 429 holds a task that is next in line."""
    limiter = Limiter()
    waiters = [asyncio.create_task(spend(limiter)) for _ in range(11)]
    await asyncio.sleep(0.5)
    assert [True] * 10 + [False] == [waiter.done() for waiter in waiters]
    limiter.refused(40)
    await waiters[-1]
    assert 40.5 <= reply_clock.time() <= 41


async def test_retry_after_rounds_up(reply_clock: VirtualClockLoop) -> None:
    """To a whole second, and up to 0.2 s more, so that not all come back together."""
    limiter = Limiter(uniform=lambda _low, high: high)
    assert 3.2 == pytest.approx(limiter.refused(2.1), abs=1e-3)
    assert reply_clock.time() < 1


@pytest.mark.usefixtures("reply_clock")
async def test_pause_without_retry_after_doubles_once_an_incident() -> None:
    """1, 2, 4 … 60 seconds; answers that were under way together count once."""
    limiter = Limiter(uniform=lambda low, _high: low)
    pauses = []
    for _ in range(8):
        pauses.append(round(limiter.refused(None)))
        limiter.refused(None)
        await asyncio.sleep(limiter.state.held_seconds)
    assert [1, 2, 4, 8, 16, 32, 60, 60] == pauses
    await spend(limiter)
    assert 1 == round(limiter.refused(None))


@pytest.mark.usefixtures("reply_clock")
async def test_endless_refusals_do_not_overflow() -> None:
    """A job may be refused for days."""
    limiter = Limiter(uniform=lambda low, _high: low)
    for _ in range(1100):
        limiter.refused(None)
        await asyncio.sleep(limiter.state.held_seconds)
    assert 60 == round(limiter.refused(None))


async def test_too_long_a_wait_is_told_before_it(reply_clock: VirtualClockLoop) -> None:
    """Those who wait in front count; the caller who gives up takes nothing."""
    limiter = Limiter()
    waiters = [asyncio.create_task(spend(limiter)) for _ in range(100)]
    await asyncio.sleep(0)
    with pytest.raises(WaitTooLong) as caught:
        await spend(limiter, 30)
    assert 61 * 1.01 == pytest.approx(caught.value.seconds, abs=1)
    assert 90 == limiter.state.waiting
    assert reply_clock.time() < 0.1
    await spend(limiter, caught.value.seconds + 1)
    await asyncio.gather(*waiters)


@pytest.mark.parametrize("is_behind_a_job", [False, True])
async def test_pause_that_comes_later_keeps_the_ceiling(
    reply_clock: VirtualClockLoop, *, is_behind_a_job: bool
) -> None:
    """Who agreed to wait 10 s is not held for an hour by somebody else's 429."""
    limiter = Limiter()
    for _ in range(10):
        await spend(limiter)
    job = asyncio.create_task(spend(limiter)) if is_behind_a_job else None
    await asyncio.sleep(0)
    waiter = asyncio.create_task(spend(limiter, 10))
    await asyncio.sleep(0.1)
    limiter.refused(3600)
    with pytest.raises(WaitTooLong) as caught:
        await waiter
    assert 3580 < caught.value.seconds < 3601
    assert reply_clock.time() < (10.1 if is_behind_a_job else 1)  # next in line sees it at once
    if job is not None:
        job.cancel()


async def test_state(reply_clock: VirtualClockLoop) -> None:
    """What is free, who waits, for what, and how long the server holds everybody."""
    limiter = Limiter()
    assert (10, 0, None) == (
        limiter.state.free_now,
        limiter.state.waiting,
        limiter.state.waiting_for,
    )
    waiters = [asyncio.create_task(spend(limiter)) for _ in range(12)]
    await asyncio.sleep(0)
    assert (0, 2, "minute") == (
        limiter.state.free_now,
        limiter.state.waiting,
        limiter.state.waiting_for,
    )
    limiter.refused(30)
    assert "server" == limiter.state.waiting_for
    assert 30 <= limiter.state.held_seconds <= 30.2
    await asyncio.gather(*waiters)
    assert 30 <= reply_clock.time() <= 31


@pytest.mark.parametrize(
    "options",
    [
        {"burst": 0},
        {"burst": 101},
        {"per_minute": 0},
        {"per_hour": 0},
        {"stats_per_hour": 0},
        {"share": 0},
        {"share": 1.01},
        {"windows": (60, 10)},
        {"windows": (60,)},
        {"windows": 60},
        {"burst": 1.5},
        {"per_minute": math.inf},
        {"per_hour": math.nan},
        {"stats_per_hour": "300"},
        {"share": None},
        {"share": math.nan},
    ],
)
def test_limits_that_cannot_be(options: dict[str, Any]) -> None:
    """What no budget can be is refused by name."""
    with pytest.raises(InvalidUse, match=next(iter(options))):
        Limiter(**options)
