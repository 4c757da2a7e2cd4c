"""What a store far away must not lose: answers, what happens meanwhile, and after a loss."""

from __future__ import annotations

import asyncio

import pytest

from reply_async import StoreFailed
from reply_async.testing import VirtualClockLoop
from reply_async.transport.lanes import Lane
from reply_async.transport.limiter import Limiter
from reply_async.transport.limits import Limits
from reply_async.transport.shared_budget import Answer, Record, Visit
from reply_async.transport.shared_budget import visit as take_step
from reply_async.transport.shared_store import SharedStore
from reply_async.transport.store import Message, Reply, Settled, Want

NAME = "somebody"
ONE_WAY = 0.02  # seconds
LIMITS = Limits(per_minute=20, per_hour=100)


class FarStore(SharedStore):
    """A record in this process, some way off; ``ways`` counts how often one was gone."""

    def __init__(self) -> None:
        super().__init__("a place far away")
        self.record: Record | None = None
        self.ways = 0
        self.broken_way = -1  # which one is not come to the end of
        self.is_down = False
        self.seconds = ONE_WAY

    async def close(self) -> None:
        """Do nothing."""

    async def _visit(self, user: str, visit: Visit) -> Answer:  # noqa: ARG002 - one user
        await self._go()
        wall = 1000.0 + asyncio.get_running_loop().time()
        self.record, answer = take_step(self.record, wall, visit)
        await self._go()
        return answer

    async def _go(self) -> None:
        await asyncio.sleep(self.seconds)
        self.ways += 1
        if self.is_down or self.ways == self.broken_way:
            raise StoreFailed(self._name, "cannot be reached")

    async def spent(self) -> int:
        """Return what the hour holds."""
        reply = await self.exchange(NAME, Message(limits=LIMITS, wants_state=True))
        assert reply.state is not None
        return int(sum(count for _, count in reply.state["windows"]["hour"]))


async def spend(store: FarStore, count: int) -> None:
    """Send requests that are answered at once."""
    await asyncio.sleep(61)  # a new store holds everybody so long
    for number in range(count):
        want = Want(f"lease {number}", 30.0)
        assert (await store.exchange(NAME, Message(limits=LIMITS, want=want))).is_granted
        news = (Settled(want.lease_id, is_accepted=True),)
        await store.exchange(NAME, Message(limits=LIMITS, news=news))


@pytest.mark.usefixtures("reply_clock")
async def test_exchanges_that_overlap_put_back_once_what_was_lost() -> None:
    """All of them are turned away at first, and come again with the same history."""
    store = FarStore()
    await store.spent()
    await spend(store, 12)
    store.record = None
    await asyncio.gather(*(store.exchange(NAME, Message(limits=LIMITS)) for _ in range(3)))
    assert 12 == await store.spent()


@pytest.mark.usefixtures("reply_clock")
@pytest.mark.parametrize("way", [1, 2, 3, 4], ids=["there", "back", "there again", "back again"])
async def test_a_visit_that_fails_after_a_loss_neither_forgets_nor_repeats(way: int) -> None:
    """The history is owed until the store has said that it was heard."""
    store = FarStore()
    await store.spent()
    await spend(store, 12)
    store.record = None
    store.broken_way = store.ways + way
    with pytest.raises(StoreFailed, match="cannot be reached"):
        await store.spent()
    assert 12 == await store.spent()
    assert 12 == await store.spent()


@pytest.mark.usefixtures("reply_clock")
async def test_a_grant_whose_answer_was_lost_comes_back() -> None:
    """It does not count as sent."""
    store = FarStore()
    limiter = Limiter(store=store, name=NAME)
    (await limiter.acquire()).settle()
    await limiter.flush()
    store.broken_way = store.ways + 2
    with pytest.raises(StoreFailed):
        await limiter.acquire(60)
    (await limiter.acquire()).settle()
    await limiter.flush()
    assert 2 == await store.spent()
    assert store.record is not None
    assert not store.record["budget"]["leases"]


async def test_a_refusal_during_a_flush_reaches_the_others(reply_clock: VirtualClockLoop) -> None:
    """Nobody sends into the pause, though its news came while others were on their way."""
    store = FarStore()
    one, other = (Limiter(store=store, name=NAME) for _ in range(2))
    first, second = await one.acquire(), await one.acquire()
    first.settle()
    await asyncio.sleep(0.2 + ONE_WAY / 2)  # the flush is under way
    pause = one.refused(55)
    second.settle(is_accepted=False)
    refused_at = reply_clock.time()
    await asyncio.sleep(6 * ONE_WAY)
    (await other.acquire()).settle()
    assert pause == pytest.approx(reply_clock.time() - refused_at, abs=0.5)


@pytest.mark.parametrize(("comes_a_call", "seconds"), [(True, 1.0), (False, 6.0)])
async def test_jobs_go_on_as_soon_as_the_store_is_back(
    *, comes_a_call: bool, seconds: float, reply_clock: VirtualClockLoop
) -> None:
    """Calls that fail meanwhile make them wait no longer, and one that succeeds ends it."""
    store = FarStore()
    limiter = Limiter(store=store, name=NAME)
    (await limiter.acquire()).settle()
    store.is_down = True
    job = asyncio.create_task(limiter.acquire(lane=Lane.BULK))
    for _ in range(20):
        await asyncio.sleep(0.5)
        with pytest.raises(StoreFailed):
            await limiter.acquire(3)
    store.is_down = False
    back_at = reply_clock.time()
    if comes_a_call:
        (await limiter.acquire(3)).settle()
    (await job).settle()
    assert reply_clock.time() - back_at < seconds
    await limiter.flush()


async def test_jobs_ask_a_store_that_is_down_less_and_less(reply_clock: VirtualClockLoop) -> None:
    """After 1, 2, 4 seconds and so on."""
    store = FarStore()
    limiter = Limiter(store=store, name=NAME)
    (await limiter.acquire()).settle()
    await limiter.flush()
    store.is_down, ways = True, store.ways
    job = asyncio.create_task(limiter.acquire(lane=Lane.BULK))
    await asyncio.sleep(31)
    assert 5 == store.ways - ways  # at 0, 1, 3, 7 and 15 s
    store.is_down = False
    begun = reply_clock.time()
    (await job).settle()
    assert reply_clock.time() - begun < 1.5
    await limiter.flush()


async def test_a_store_that_does_not_answer_keeps_no_call(reply_clock: VirtualClockLoop) -> None:
    """Everybody is told when the time is up, though the question is still under way."""
    store = FarStore()
    limiter = Limiter(store=store, name=NAME)
    (await limiter.acquire()).settle()
    await limiter.flush()
    store.seconds = 100.0
    begun = reply_clock.time()
    calls = [asyncio.create_task(limiter.acquire(ceiling)) for ceiling in (5, 1, 3)]
    await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    assert [False, True, False] == [call.done() for call in calls]
    errors = await asyncio.gather(*calls, return_exceptions=True)
    assert reply_clock.time() - begun < 6.1
    assert all(isinstance(error, StoreFailed) for error in errors)
    assert "does not come in time" in str(errors[0])


@pytest.mark.usefixtures("reply_clock")
async def test_a_lease_is_whole_when_it_is_handed_over() -> None:
    """Waiting for the pace takes nothing of it."""
    limiter = Limiter(per_minute=2, burst=1)
    (await limiter.acquire(lease_seconds=5)).settle()
    grant = await limiter.acquire(lease_seconds=5)
    (lease,) = limiter._account.look()[0].leases.values()
    assert 5 == pytest.approx(lease.expires - asyncio.get_running_loop().time(), abs=0.1)
    grant.settle()


@pytest.mark.usefixtures("reply_clock")
async def test_a_refusal_while_the_state_is_fetched_is_kept() -> None:
    """What the store says is older than the news that are still on their way."""
    limiter = Limiter(store=FarStore(), name=NAME)
    sent = await limiter.acquire()
    await asyncio.sleep(2)
    assert 1 == limiter.state.used_in_minute  # and the next question asks for all of it
    call = asyncio.create_task(limiter.acquire(120))
    await asyncio.sleep(ONE_WAY / 2)
    pause = limiter.refused(30)
    sent.settle(is_accepted=False)
    refused_at = asyncio.get_running_loop().time()
    (await call).settle()
    assert pause == pytest.approx(asyncio.get_running_loop().time() - refused_at, abs=0.5)
    await limiter.flush()


async def test_calls_that_fail_alone_hold_no_later_job(reply_clock: VirtualClockLoop) -> None:
    """The wait grows with the attempts for somebody who may wait for ever."""
    store = FarStore()
    limiter = Limiter(store=store, name=NAME)
    (await limiter.acquire()).settle()
    await limiter.flush()
    store.is_down = True
    for _ in range(100):
        await asyncio.sleep(0.3)
        with pytest.raises(StoreFailed):
            await limiter.acquire(3)
    job = asyncio.create_task(limiter.acquire(lane=Lane.BULK))
    await asyncio.sleep(1.5)
    store.is_down = False
    back_at = reply_clock.time()
    (await job).settle()
    assert reply_clock.time() - back_at < 3
    await limiter.flush()


async def test_statistics_that_wait_keep_nobody_else(reply_clock: VirtualClockLoop) -> None:
    """Though a store would grant them a little ahead of their time."""
    limiter = Limiter(store=FarStore(), name=NAME)
    (await limiter.acquire()).settle()
    limiter.refused(2, is_stats=True)
    await limiter.flush()
    statistics = asyncio.create_task(limiter.acquire(lane=Lane.STATS))
    await asyncio.sleep(0.1)
    begun = reply_clock.time()
    (await limiter.acquire(0.5)).settle()
    assert reply_clock.time() - begun < 0.2
    (await statistics).settle()
    await limiter.flush()


class OddError(Exception):
    """One that cannot be made again from its arguments."""

    def __init__(self, text: str, *, number: int) -> None:
        super().__init__(text)
        self.number = number


class OddStore(FarStore):
    """A store of somebody's own, with errors of its own."""

    async def exchange(self, user: str, message: Message) -> Reply:  # noqa: ARG002 - an error
        """Fail."""
        raise OddError("no", number=1)


async def test_an_error_that_cannot_be_copied_reaches_all_who_wait() -> None:
    """None of them is left behind."""
    limiter = Limiter(store=OddStore(), name=NAME)
    calls = (limiter.acquire(5) for _ in range(3))
    errors = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 60)
    assert [OddError] * 3 == [type(error) for error in errors]
