"""What a session's requests do to the budget: settled, given back, in which lane, learned."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import aiohttp
import pytest
from fault_server import FaultServer, answer, silence

from reply_async import Period, ReplySession
from reply_async.emulator import BudgetRules, Emulator
from reply_async.errors import ConnectionFailed, RateLimitWait
from reply_async.requests import RateClass, Request, Safety
from reply_async.testing import VirtualClockLoop
from reply_async.transport.limiter import Limiter
from reply_async.transport.sender import BULK_WINDOW, CONNECTIONS

KEY = "emu_budget"
READ = Request("GET", "/v3/things", safety=Safety.READ)
STATISTICS = Request("GET", "/v3/things", safety=Safety.READ, rate_class=RateClass.STATS)


async def test_a_lost_answer_may_have_been_counted(
    fault_server: FaultServer, reply_clock: VirtualClockLoop
) -> None:
    """A request that timed out weighs from the time of its failure."""
    fault_server.play(silence)
    async with ReplySession(KEY, base_url=fault_server.url, deadline=20) as session:
        with pytest.raises(ConnectionFailed):
            await session.request("GET", "/v3/things")
        assert 1 == session.limiter.state.used_in_minute
        await asyncio.sleep(60)  # not a window after it left, but after it failed
        assert 1 == session.limiter.state.used_in_minute
        await asyncio.sleep(2)
        assert 0 == session.limiter.state.used_in_minute
    assert 82 <= reply_clock.time() <= 83


@pytest.mark.usefixtures("reply_clock")
async def test_what_never_left_is_given_back() -> None:
    """A refused connection costs nothing of the budget."""
    async with ReplySession(KEY, base_url="http://127.0.0.1:1", limiter=Limiter()) as session:
        with pytest.raises(ConnectionFailed):
            await session.request("GET", "/v3/things")
        assert (0, 0) == (
            session.limiter.state.used_in_minute,
            session.limiter.state.used_in_hour,
        )


@pytest.mark.usefixtures("reply_clock")
async def test_a_cancelled_call_gives_back_what_it_did_not_use(fault_server: FaultServer) -> None:
    """One that waits for a connection has sent nothing, one that waits for its answer has."""
    fault_server.play(silence)
    connector = aiohttp.TCPConnector(limit=1)
    async with (
        aiohttp.ClientSession(connector=connector) as borrowed,
        ReplySession(KEY, base_url=fault_server.url, client_session=borrowed) as session,
    ):
        tasks = [asyncio.create_task(session.request("GET", "/v3/things")) for _ in range(2)]
        await asyncio.sleep(1)
        assert 2 == session.limiter.state.used_in_minute
        for task in reversed(tasks):
            task.cancel()
            await asyncio.wait([task])
        assert 1 == session.limiter.state.used_in_minute
        assert 1 == fault_server.attempts


async def test_awaited_calls_need_not_queue_for_a_connection(
    fault_server: FaultServer, reply_clock: VirtualClockLoop
) -> None:
    """However many requests of jobs hang, an awaited call goes out at once."""
    fault_server.play(*[silence] * BULK_WINDOW, answer(200, b"{}"))
    limiter = Limiter(burst=100)
    async with ReplySession(KEY, base_url=fault_server.url, limiter=limiter) as session:
        jobs: list[asyncio.Task[Any]] = [
            asyncio.create_task(session._sender.deliver(READ, None)) for _ in range(40)
        ]
        await asyncio.sleep(1)
        assert BULK_WINDOW == fault_server.attempts < CONNECTIONS
        before = reply_clock.time()
        assert {} == await session.request("GET", "/v3/things")
        assert reply_clock.time() - before < 0.1
        for job in jobs:
            job.cancel()
        await asyncio.wait(jobs)
        assert BULK_WINDOW + 1 == limiter.state.used_in_minute


@pytest.mark.usefixtures("reply_clock")
async def test_each_request_has_its_lane(fault_server: FaultServer) -> None:
    """Awaited calls, jobs and statistics wait apart."""
    async with ReplySession(KEY, base_url=fault_server.url) as session:
        session.limiter.refused(30)
        sends: list[Coroutine[Any, Any, Any]] = [
            session._sender.send(READ, None),
            session._sender.deliver(READ, None),
            session._sender.deliver(STATISTICS, None),
            session._sender.send(STATISTICS, None),
        ]
        tasks = [asyncio.create_task(send) for send in sends]
        await asyncio.sleep(1)
        assert {"interactive": 1, "bulk": 1, "stats": 2} == session.limiter.state.waiting_in
        assert "server" == session.limiter.state.waiting_for
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert 0 == session.limiter.state.waiting


@pytest.mark.reply_emulator(budget=BudgetRules(stats=3))
async def test_refused_statistics_hold_statistics_alone(
    reply_session: ReplySession, reply_clock: VirtualClockLoop
) -> None:
    """A server with a lower cap than was thought: others go on, and statistics adapt."""
    limiter = reply_session.limiter
    for _ in range(3):
        await reply_session.stats.overview(Period.LAST_WEEK)
    with pytest.raises(RateLimitWait):
        await reply_session.stats.overview(Period.LAST_WEEK)
    assert (1.0, True) == (limiter.state.scale, limiter.state.stats_scale < 0.5)
    before = reply_clock.time()
    await reply_session.whoami()
    assert reply_clock.time() - before < 1


async def test_statistics_that_meet_a_full_minute_keep_their_cap(
    fault_server: FaultServer, reply_clock: VirtualClockLoop
) -> None:
    """What the answer says of the minute is for everybody, whatever was asked."""
    full = {"x_rate_limit_limit": "1m", "x_rate_limit_remaining": "0", "retry_after": "30"}
    fault_server.play(answer(429, **full), answer(body={}))
    async with ReplySession(KEY, base_url=fault_server.url) as session:
        await session._sender.send(STATISTICS, None)
        assert 30 <= reply_clock.time() <= 32
        state = session.limiter.state
        assert (True, 1.0) == (state.scale < 0.9, state.stats_scale)


@pytest.mark.reply_emulator(
    budget=BudgetRules(competitor=0.4, rhythm="even"), dialect={"rate_headers": "present"}
)
@pytest.mark.usefixtures("reply_clock")
async def test_what_others_spend_is_read_from_the_answers(
    reply_emulator: Emulator, reply_session: ReplySession
) -> None:
    """The headers of the server tell it before there is a 429."""
    for _ in range(30):
        await reply_session.whoami()
        await asyncio.sleep(4)
    state = reply_session.limiter.state
    assert 18 <= state.others_in_minute <= 22
    assert 900 <= state.others_in_hour <= 1300
    assert (1.0, 0) == (state.scale, reply_emulator.budget.answered_429)
