"""Lanes: an interactive call waits behind at most four of a job, and nobody starves."""

from __future__ import annotations

import asyncio
import math
import random
from typing import Any

import pytest

from reply_async.testing import VirtualClockLoop, run_virtual
from reply_async.transport.lanes import PASSES, Lane, Lanes, Waiter
from reply_async.transport.limiter import Limiter
from reply_async.transport.turnstile import WaitTooLong


def filled(loop: asyncio.AbstractEventLoop, **counts: int) -> Lanes[None]:
    """Return lanes with so many waiters in each."""
    lanes: Lanes[None] = Lanes()
    for name, count in counts.items():
        for _ in range(count):
            lanes.add(Waiter(Lane(name), loop.create_future(), 30.0))
    return lanes


def turns(lanes: Lanes[None], count: int) -> str:
    """Take so many turns and write each as the first letter of its lane."""
    letters = ""
    for _ in range(count):
        lane = lanes.next()
        assert lane is not None
        lanes.take(lane)
        letters += lane.value[0]
    return letters


async def test_four_interactive_calls_let_one_of_a_job_pass() -> None:
    """A job goes on at a fifth of the budget while calls are awaited."""
    lanes = filled(asyncio.get_running_loop(), interactive=12, bulk=20)
    assert "iiiibiiiibiiiibbbb" == turns(lanes, 18)


async def test_jobs_and_statistics_take_turns() -> None:
    """Without interactive calls each of them gets half."""
    lanes = filled(asyncio.get_running_loop(), bulk=4, stats=4)
    assert "bsbsbsbs" == turns(lanes, 8)


async def test_a_held_lane_is_left_out() -> None:
    """While statistics have nothing to go the others go on."""
    lanes = filled(asyncio.get_running_loop(), stats=3)
    assert (None, Lane.STATS) == (lanes.next([Lane.STATS]), lanes.next())


@pytest.mark.parametrize("seed", range(6))
async def test_nobody_is_passed_by_more_than_four_and_nobody_starves(seed: int) -> None:
    """Whoever comes and goes: calls pass, jobs go on, each lane in its order."""
    chance, loop = random.Random(seed), asyncio.get_running_loop()  # noqa: S311 - a seed
    lanes = filled(loop, bulk=500)
    entered: dict[Waiter[None], int] = {}
    passed: dict[Waiter[None], int] = {}
    since_bulk = most_since_bulk = 0
    for turn in range(400):
        for _ in range(chance.choice([0, 0, 1, 3])):
            waiter: Waiter[None] = Waiter(Lane.INTERACTIVE, loop.create_future(), 30.0)
            lanes.add(waiter)
            entered[waiter], passed[waiter] = turn, 0
        lane = lanes.next()
        assert lane is not None
        taken = lanes.take(lane)
        if lane is Lane.BULK:
            since_bulk = 0
            for waiter in passed:
                passed[waiter] += 1
        else:
            since_bulk += 1
            most_since_bulk = max(most_since_bulk, since_bulk)
            assert passed.pop(taken) <= PASSES
            assert all(entered[taken] <= entered[waiter] for waiter in passed)
    # A queue of calls that never gets shorter lets a job pass once in a whole queue.
    assert most_since_bulk <= max(PASSES, 2 + len(passed))


async def test_ahead_is_the_place_in_the_order() -> None:
    """How many go first is known for each lane."""
    loop = asyncio.get_running_loop()
    for counts in ((0, 5, 0), (3, 5, 0), (9, 5, 2), (40, 50, 3), (2, 0, 0), (0, 0, 4)):
        for lane in Lane:
            lanes = filled(loop, **dict(zip(("interactive", "bulk", "stats"), counts, strict=True)))
            ahead = lanes.ahead(lane)
            mine: Waiter[None] = Waiter(lane, loop.create_future(), 30.0)
            lanes.add(mine)
            place = 0
            while (turn := lanes.next()) is not None and lanes.take(turn) is not mine:
                place += 1
            assert abs(place - ahead) <= PASSES


async def test_who_gives_up_leaves_nothing() -> None:
    """Waiters that have gone are in no queue and in no heap."""
    loop = asyncio.get_running_loop()
    lanes: Lanes[None] = Lanes()
    waiters: list[Waiter[None]] = [
        Waiter(Lane.INTERACTIVE, loop.create_future(), 30.0, latest=float(number))
        for number in range(1000)
    ]
    for waiter in waiters:
        lanes.add(waiter)
    assert 0.0 == lanes.earliest()
    late = list(lanes.too_late(3.0, [Lane.INTERACTIVE]))
    assert waiters[:3] == late
    for waiter in waiters[3:]:
        lanes.remove(waiter)
    assert (0, math.inf, 0) == (len(lanes), lanes.earliest(), len(lanes._by_latest))


async def hold_busy(limiter: Limiter, count: int, lane: Lane, order: list[str]) -> None:
    """Send requests one after the other in a lane."""
    for _ in range(count):
        grant = await limiter.acquire(lane=lane)
        order.append(lane.value)
        await asyncio.sleep(0.1)
        grant.settle()


async def test_a_call_waits_behind_at_most_four_requests_of_a_job(
    reply_clock: VirtualClockLoop,
) -> None:
    """With a job of many workers running, each awaited call comes through soon."""
    limiter, order = Limiter(), list[str]()
    job = [asyncio.create_task(hold_busy(limiter, 10**6, Lane.BULK, order)) for _ in range(16)]
    waits = []
    for _ in range(20):
        await asyncio.sleep(31)
        asked, before = reply_clock.time(), len(order)
        (await limiter.acquire(75)).settle()
        waits.append(reply_clock.time() - asked)
        assert len(order) - before <= PASSES
    assert max(waits) <= 14  # at the end of a minute's hundred, the rest of the minute
    for task in job:
        task.cancel()


@pytest.mark.usefixtures("reply_clock")
async def test_full_statistics_do_not_hold_others() -> None:
    """Statistics wait for their own limit, calls and jobs go on meanwhile."""
    limiter = Limiter(stats_per_hour=5)
    for _ in range(5):
        (await limiter.acquire(lane=Lane.STATS)).settle()
    statistics = asyncio.create_task(limiter.acquire(lane=Lane.STATS))
    for lane in (Lane.BULK, Lane.INTERACTIVE) * 50:
        (await limiter.acquire(lane=lane)).settle()
    assert not statistics.done()
    with pytest.raises(WaitTooLong) as caught:
        await limiter.acquire(75, lane=Lane.STATS)
    assert 3000 < caught.value.seconds < 8000
    (await statistics).settle()


async def test_statistics_adapt_to_a_lower_cap(reply_clock: VirtualClockLoop) -> None:
    """A server that throttles them at 60 an hour refuses a few in a day, not each hour."""
    limiter, counted, refused = Limiter(), list[float](), 0
    while reply_clock.time() < 24 * 3600:
        grant = await limiter.acquire(lane=Lane.STATS)
        now = reply_clock.time()
        inside = [at for at in counted if at > now - 3600]
        if len(inside) >= 60:
            refused += 1
            limiter.refused(inside[-60] + 3600 - now, is_stats=True)
            grant.settle(is_accepted=False)
            continue
        counted.append(now)
        grant.settle()
    assert refused <= 24
    assert len(counted) >= 0.85 * 24 * 60
    (await limiter.acquire(0)).settle()  # and others were never held


def test_a_waiting_lane_costs_one_timer() -> None:
    """Thousands of waiters leave no task, timer or entry behind."""

    def timers(loop: Any) -> list[asyncio.TimerHandle]:
        return [timer for timer in loop._scheduled if not timer.cancelled()]

    async def run() -> None:
        loop = asyncio.get_running_loop()
        limiter = Limiter()
        limiter.refused(1000)
        before = len(asyncio.all_tasks())
        tasks = [asyncio.create_task(limiter.acquire(5000)) for _ in range(2000)]
        await asyncio.sleep(0.1)
        assert 1 == len(timers(loop))
        assert 2000 == limiter.state.waiting == limiter.state.waiting_in["interactive"]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert before == len(asyncio.all_tasks())
        assert (0, 0) == (limiter.state.waiting, len(limiter._lanes._by_latest))
        assert not timers(loop)

    run_virtual(run())
