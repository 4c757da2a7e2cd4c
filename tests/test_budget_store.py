"""Sessions whose budget is kept in a store: chosen, shared, and let go."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from reply_async import InvalidUse, Limiter, ReplySession, SqliteStore, StoreFailed
from reply_async.emulator import Emulator


def spent(path: Path) -> list[int]:
    """Return the number of requests of each user that a file of budgets knows."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT state FROM budget").fetchall()
    records = [json.loads(state) for (state,) in rows]
    return sorted(
        sum(int(count) for _, count in record["budget"]["windows"]["hour"]) for record in records
    )


def threads() -> int:
    """Return how many threads of stores are at work."""
    return sum("reply-async-budget" in thread.name for thread in threading.enumerate())


async def test_sessions_of_two_users_share_one_file(
    reply_emulator: Emulator, tmp_path: Path
) -> None:
    """Each has a budget of its own there; the last session that closes lets the file go."""
    path, other_key = tmp_path / "budget.db", "emu_other"
    reply_emulator.add_key(other_key)
    place = str(path)
    one = ReplySession(reply_emulator.key, base_url=reply_emulator.url, budget_store=place)
    same = ReplySession(reply_emulator.key, base_url=reply_emulator.url, budget_store=place)
    other = ReplySession(other_key, base_url=reply_emulator.url, budget_store=place)
    async with one, same, other:
        assert one.limiter is same.limiter
        for session in (one, one, same, other):
            await session.whoami()
        await same.close()
        await one.whoami()
    assert [1, 4] == spent(path)
    assert 0 == threads()
    content = path.read_bytes()
    assert reply_emulator.key.encode() not in content
    assert other_key.encode() not in content


async def test_the_environment_names_the_store(
    reply_emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REPLY_BUDGET_STORE is read by from_env, and an argument goes before it."""
    path, other = tmp_path / "one.db", tmp_path / "other.db"
    monkeypatch.setenv("REPLY_API_KEY", reply_emulator.key)
    monkeypatch.setenv("REPLY_BASE_URL", reply_emulator.url)
    monkeypatch.setenv("REPLY_BUDGET_STORE", str(path))
    async with ReplySession.from_env() as session:
        await session.whoami()
    async with ReplySession.from_env(budget_store=str(other)) as session:
        await session.whoami()
    async with ReplySession.from_env(limiter=Limiter()) as session:
        await session.whoami()
    assert ([1], [1]) == (spent(path), spent(other))


def test_a_store_goes_with_its_limiter(tmp_path: Path) -> None:
    """Two places for one budget are a mistake."""
    with pytest.raises(InvalidUse, match="budget_store: goes with the limiter"):
        ReplySession("key", limiter=Limiter(), budget_store=str(tmp_path / "budget.db"))


async def test_two_keys_of_one_user_share_a_budget_by_name(
    reply_emulator: Emulator, tmp_path: Path
) -> None:
    """A name in the store stands for the user, whichever the key."""
    path, other_key = tmp_path / "budget.db", "emu_other"
    reply_emulator.add_key(other_key)
    for key in (reply_emulator.key, other_key):
        limiter = Limiter(store=SqliteStore(path), name="sales")
        async with ReplySession(key, base_url=reply_emulator.url, limiter=limiter) as session:
            await session.whoami()
        await limiter.close()
    assert [2] == spent(path)
    assert 0 == threads()


async def test_a_store_that_fails_sends_nothing_and_an_awaited_call_says_so(
    reply_emulator: Emulator, tmp_path: Path
) -> None:
    """Nothing arrives at the server; once the file is there the session goes on."""
    path = tmp_path / "absent" / "budget.db"
    place = str(path)
    async with ReplySession(
        reply_emulator.key, base_url=reply_emulator.url, budget_store=place
    ) as session:
        with pytest.raises(StoreFailed, match="check its folder"):
            await session.whoami()
        assert 0 == session.requests_sent
        await asyncio.to_thread(path.parent.mkdir)
        await session.whoami()
    assert [1] == spent(path)
