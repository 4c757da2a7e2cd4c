"""Sessions, limiter and a server that counts: what the budget is for."""

from __future__ import annotations

import asyncio

import pytest

from reply_async import ReplySession
from reply_async.emulator import Emulator
from reply_async.testing import VirtualClockLoop
from reply_async.transport.limiter import Limiter


async def test_three_sessions_earn_no_429(
    reply_emulator: Emulator, reply_clock: VirtualClockLoop
) -> None:
    """500 requests of one user through three sessions: none is refused."""

    async def work(count: int) -> None:
        async with ReplySession(
            reply_emulator.key, base_url=reply_emulator.url, deadline=900, max_wait=900
        ) as session:
            await asyncio.gather(*(session.whoami() for _ in range(count)))

    await asyncio.gather(work(200), work(200), work(100))
    assert (0, 500) == (reply_emulator.budget.answered_429, reply_emulator.budget.granted)
    assert 305 <= reply_clock.time() <= 312


@pytest.mark.usefixtures("reply_clock")
async def test_sessions_one_after_the_other_earn_no_429(reply_emulator: Emulator) -> None:
    """The budget outlives the session, as the server's windows do."""
    for _ in range(150):
        async with ReplySession(reply_emulator.key, base_url=reply_emulator.url) as session:
            await session.whoami()
    assert (0, 150) == (reply_emulator.budget.answered_429, reply_emulator.budget.granted)


async def test_too_generous_a_limiter_obeys_the_server(
    reply_emulator: Emulator, reply_clock: VirtualClockLoop
) -> None:
    """The server answers 429, everybody keeps quiet as long as it asks, and all is done."""
    refused: list[tuple[float, float]] = []
    reply_emulator.on_answer(
        lambda entry, headers, _: (
            refused.append((entry.at, float(headers["Retry-After"])))
            if 429 == entry.status
            else None
        )
    )
    generous = Limiter(per_minute=10_000, per_hour=100_000, burst=150)
    async with ReplySession(
        reply_emulator.key, base_url=reply_emulator.url, limiter=generous, deadline=900
    ) as session:
        for _ in range(150):
            await session.whoami()
    assert 1 == reply_emulator.budget.answered_429 == len(refused)
    assert 150 == reply_emulator.budget.granted
    at, wait = refused[0]
    after = [entry.at for entry in reply_emulator.requests.last(1000) if entry.at > at]
    assert 50 == len(after)
    assert at + wait <= min(after)
    assert reply_clock.time() <= 62
