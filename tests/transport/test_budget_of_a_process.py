"""The budget of a user lives as long as the process: over limits, names, loops and deadlines."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, answer

from reply_async import RateLimitWait, ReplyError, ReplySession, SessionClosed, StoreFailed
from reply_async import session as session_module
from reply_async.emulator import Emulator
from reply_async.requests import Request, Safety
from reply_async.testing import VirtualClockLoop
from reply_async.transport.lanes import Lane
from reply_async.transport.limiter import Limiter
from reply_async.transport.store import MemoryStore, Message, Reply
from reply_async.transport.turnstile import WaitTooLong


def test_one_loop_after_the_other_draws_on_one_budget() -> None:
    """What a script spends in one run of a loop weighs in the next."""
    used = []

    async def main() -> None:
        async with (
            Emulator(key="emu_loops", budget=None) as emulator,
            # The same user each time, wherever the emulator listens.
            ReplySession(emulator.key, base_url=emulator.url) as session,
        ):
            for _ in range(3):
                await session.whoami()
            used.append(session.limiter.state.used_in_minute)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReplySession, "_user", lambda _self: "one user of many loops")
        asyncio.run(main())
        asyncio.run(main())
    assert [3, 6] == used


@pytest.mark.usefixtures("reply_clock")
async def test_a_limiter_keeps_what_it_granted_before_its_first_session(
    fault_server: FaultServer,
) -> None:
    """Opening a session names the budget, and changes nothing about it."""
    limiter = Limiter(burst=100)
    for _ in range(100):
        (await limiter.acquire(0)).settle()
    async with ReplySession("key", base_url=fault_server.url, limiter=limiter):
        assert 100 == limiter.state.used_in_minute
    assert limiter not in session_module._open_sessions


async def test_a_store_may_be_a_path(tmp_path: Path, fault_server: FaultServer) -> None:
    """A path is taken as its text is."""
    place = tmp_path / "budget.db"
    fault_server.play(answer(body={"userId": 1}))
    async with ReplySession("key", base_url=fault_server.url, budget_store=place) as session:
        await session.whoami()
    assert place.exists()


async def slowed_down(limiter: Limiter, reply_clock: VirtualClockLoop) -> None:
    """Refuse until little of the budget is used; the pause is over, and one token is left."""
    for _ in range(25):
        limiter.refused(None)
        await asyncio.sleep(limiter.state.held_seconds + 0.01)
    assert limiter.state.scale < 0.1
    await asyncio.sleep(0.01)
    assert reply_clock.time() > 0


async def test_a_slow_pacer_keeps_the_ceiling(reply_clock: VirtualClockLoop) -> None:
    """At a small scale a token takes seconds: who does not wait so long is told at once."""
    limiter = Limiter(burst=1)
    await slowed_down(limiter, reply_clock)
    (await limiter.acquire()).settle()
    jobs = [asyncio.create_task(limiter.acquire(lane=Lane.BULK)) for _ in range(2)]
    await asyncio.sleep(0)
    before = reply_clock.time()
    with pytest.raises(WaitTooLong) as told:
        await limiter.acquire(0.75)
    assert reply_clock.time() - before < 0.8
    assert told.value.seconds > 0.75
    for job in jobs:
        job.cancel()
    await asyncio.wait(jobs)


async def test_no_write_leaves_after_its_deadline(
    reply_clock: VirtualClockLoop, fault_server: FaultServer
) -> None:
    """What the deadline has no time for is not sent."""
    limiter = Limiter(burst=1)
    await slowed_down(limiter, reply_clock)
    write = Request("POST", "/v3/things", safety=Safety.CREATE, body=b"{}")
    async with ReplySession(
        "key", base_url=fault_server.url, limiter=limiter, deadline=3, max_wait=2
    ) as session:
        (await limiter.acquire()).settle()
        with pytest.raises(RateLimitWait) as told:
            await session._sender.send(write, None)
    assert told.value.seconds > 0
    assert 0 == fault_server.attempts


async def test_the_pump_ends_with_its_last_waiter(reply_clock: VirtualClockLoop) -> None:
    """It does not wait for a token that nobody wants any more."""
    limiter = Limiter(burst=1)
    (await limiter.acquire()).settle()
    waiter = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0.1)
    waiter.cancel()
    await asyncio.wait([waiter])
    for _ in range(3):
        await asyncio.sleep(0)
    assert reply_clock.time() < 0.2
    assert limiter._turnstile._task is None


class SlowStore:
    """A shared store that takes its time."""

    def __init__(self, seconds: float) -> None:
        self._store, self._seconds = MemoryStore(), seconds

    async def exchange(self, user: str, message: Message) -> Reply:
        """Answer late."""
        await asyncio.sleep(self._seconds)
        return await self._store.exchange(user, message)

    async def close(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize(("seconds", "error"), [(3.5, RateLimitWait), (60, StoreFailed)])
async def test_a_slow_store_makes_no_write_leave_late(
    seconds: float,
    error: type[ReplyError],
    reply_clock: VirtualClockLoop,
    fault_server: FaultServer,
) -> None:
    """A grant that comes after the deadline is given back, and none is waited for long."""
    limiter = Limiter(store=SlowStore(seconds))
    write = Request("POST", "/v3/things", safety=Safety.CREATE, body=b"{}")
    async with ReplySession(
        "key", base_url=fault_server.url, limiter=limiter, deadline=3
    ) as session:
        with pytest.raises(error):
            await session._sender.send(write, None)
        assert reply_clock.time() < 4.1
    assert 0 == fault_server.attempts


async def test_a_session_that_closes_lets_its_waiters_go(
    reply_clock: VirtualClockLoop, fault_server: FaultServer
) -> None:
    """They hear of it at once; those of another session of the same user wait on."""
    limiter = Limiter()
    async with (
        ReplySession("key", base_url=fault_server.url, limiter=limiter) as session,
        ReplySession("key", base_url=fault_server.url, limiter=limiter) as other,
    ):
        limiter.refused(50)
        calls = [asyncio.create_task(each.whoami()) for each in (session, session, other)]
        await asyncio.sleep(1)
        await session.close()
        await asyncio.sleep(0.1)
        assert [True, True, False] == [call.done() for call in calls]
        assert reply_clock.time() < 2
        for call in calls[:2]:
            with pytest.raises(SessionClosed):
                await call
        calls[2].cancel()
        await asyncio.wait([calls[2]])


async def test_a_grant_for_one_who_has_just_given_up_comes_back(
    reply_clock: VirtualClockLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was handed over, and the task was cancelled before it could take it."""
    limiter = Limiter(burst=1)
    (await limiter.acquire()).settle()
    waiter = asyncio.create_task(limiter.acquire())
    hand_over = limiter._hand_over

    def and_cancel(*arguments: Any) -> None:
        hand_over(*arguments)
        waiter.cancel()

    monkeypatch.setattr(limiter, "_hand_over", and_cancel)
    await asyncio.wait([waiter])
    assert waiter.cancelled()
    assert reply_clock.time() < 1
    assert 1 == limiter.state.used_in_minute


async def test_budgets_of_many_users_are_forgotten_when_they_are_idle(
    monkeypatch: pytest.MonkeyPatch, fault_server: FaultServer
) -> None:
    """What was spent within the hour stays, and so does a budget in use."""
    monkeypatch.setattr(session_module, "_USERS_BETWEEN_CLEANINGS", 10)
    limiters = session_module._limiters.setdefault(asyncio.get_running_loop(), {})
    fault_server.play(answer(body={"userId": 1}))
    async with ReplySession("spent", base_url=fault_server.url) as session:
        await session.whoami()
    spent = session.limiter
    async with ReplySession("open", base_url=fault_server.url) as session:
        for number in range(100):
            async with ReplySession(f"idle-{number}", base_url=fault_server.url):
                pass
        assert len(limiters) < 20
        assert {spent, session.limiter} <= set(limiters.values())
        assert session_module._budget_of(session._user()) is session.limiter._store
    assert 1 == spent.state.used_in_hour


def test_budgets_of_many_users_are_forgotten_from_loop_to_loop(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also where each user has a loop; a budget elsewhere says nothing of the one here."""
    monkeypatch.setattr(session_module, "_USERS_BETWEEN_CLEANINGS", 10)
    monkeypatch.setattr(session_module, "_budgets", {})
    monkeypatch.setattr(session_module, "_limiters", {})

    async def open_one(key: str, place: Path | None, count: int) -> int:
        async with ReplySession(key, base_url="http://127.0.0.1:1", budget_store=place) as session:
            for _ in range(count):
                (await session.limiter.acquire()).settle()
            return session.limiter.state.used_in_hour

    assert 5 == asyncio.run(open_one("spent", None, 5))
    for number in range(100):
        asyncio.run(open_one(f"idle-{number}", None, 0))
        asyncio.run(open_one("spent", tmp_path / "b.db", 0))
    assert len(session_module._budgets) < 20
    assert 5 == asyncio.run(open_one("spent", None, 0))
