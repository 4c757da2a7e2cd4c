"""The limiter on a shared store: how often it asks, what it hears, what it tells and when."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from reply_async import ReplySession, SqliteStore
from reply_async.emulator import Emulator
from reply_async.testing import VirtualClockLoop
from reply_async.transport.budget import State
from reply_async.transport.limiter import Limiter
from reply_async.transport.limits import Limits
from reply_async.transport.store import Message, Reply

NAME = "somebody"


class CountedStore(SqliteStore):
    """Counts what is asked."""

    exchanges = 0

    async def exchange(self, user: str, message: Message) -> Reply:
        """Take one whole step."""
        self.exchanges += 1
        return await super().exchange(user, message)


async def state_of(place: Path) -> State:
    """Return the budget that a file holds for the user of these tests."""
    store = SqliteStore(place)
    reply = await store.exchange(NAME, Message(limits=Limits(), wants_state=True))
    await store.close()
    assert reply.state is not None
    return reply.state


@pytest.mark.usefixtures("host_clock")
async def test_a_pause_that_ends_soon_is_asked_about_once(
    tmp_path: Path, reply_clock: VirtualClockLoop
) -> None:
    """The store grants a little ahead of time, so that one question is enough."""
    store = CountedStore(tmp_path / "b.db")
    limiter = Limiter(store=store, name=NAME)
    limiter.refused(2)
    await limiter.flush()
    asked, begun = store.exchanges, reply_clock.time()
    (await limiter.acquire()).settle()
    assert 2 <= reply_clock.time() - begun < 2.3
    assert 1 == store.exchanges - asked
    await limiter.close()


@pytest.mark.usefixtures("host_clock")
async def test_what_another_gives_back_is_found_within_a_minute(
    tmp_path: Path, reply_clock: VirtualClockLoop
) -> None:
    """Who waits for the hour asks again meanwhile."""
    one, other = (
        Limiter(per_hour=3, burst=3, store=SqliteStore(tmp_path / "b.db"), name=NAME)
        for _ in range(2)
    )
    grants = [await one.acquire(lease_seconds=7200) for _ in range(3)]
    for grant in grants[1:]:
        grant.settle()
    await one.flush()
    waiter = asyncio.create_task(other.acquire())
    await asyncio.sleep(100)
    assert not waiter.done()
    grants[0].release()
    (await waiter).settle()
    assert reply_clock.time() < 100 + 61
    await one.close()
    await other.close()


async def test_a_session_that_ends_tells_what_it_spent(tmp_path: Path) -> None:
    """No lease outlives it, even though the limiter goes on."""
    place = tmp_path / "b.db"
    limiter = Limiter(store=SqliteStore(place), name=NAME)
    async with Emulator(budget=None) as emulator:
        async with ReplySession(emulator.key, base_url=emulator.url, limiter=limiter) as session:
            await session.whoami()
        state = await state_of(place)
    assert {} == state["leases"]
    assert 1 == sum(count for _, count in state["windows"]["hour"])
    await limiter.close()


@pytest.mark.usefixtures("host_clock")
async def test_looking_at_a_closed_limiter_opens_nothing(tmp_path: Path) -> None:
    """The state is the last that was known; asking for a grant opens the store anew."""
    limiter = Limiter(store=SqliteStore(tmp_path / "b.db"), name=NAME)
    threads = threading.active_count()
    for used in (1, 2):
        (await limiter.acquire()).settle()
        await limiter.close()
        await asyncio.sleep(10)
        assert used == limiter.state.used_in_hour
        await asyncio.sleep(1)
        assert threads == threading.active_count()
