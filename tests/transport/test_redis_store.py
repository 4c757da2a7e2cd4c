"""The budget on a real Valkey server: one round trip, its clock, its losses, its errors."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from reply_async import InvalidUse, Limiter, RedisStore, StoreFailed
from reply_async.transport.lanes import Lane
from reply_async.transport.limits import Limits
from reply_async.transport.store import Message, Released, Reply, Settled, Want

LIMITS = Limits(per_minute=3, per_hour=9, minute=0.5, hour=5.0, margin=0.1)
PASSWORD = "pa55:w@rd/öne"


async def ask(store: RedisStore, name: str, *news: Settled | Released) -> Reply:
    """Tell the news and ask for a grant."""
    return await store.exchange("me", Message(limits=LIMITS, news=news, want=Want(name, 30.0)))


@pytest.fixture
async def client(valkey: Any) -> AsyncIterator[Any]:
    """Give a client of the server, emptied."""
    from redis.asyncio import Redis  # noqa: PLC0415 - an extra

    async with Redis.from_url(valkey.connection_url) as client:
        await client.flushall()
        await client.script_flush()
        # A server that has just started holds newcomers back for a (short) window.
        age: int = (await client.info("server"))["uptime_in_seconds"]
        await asyncio.sleep(max(0, 1 - age))
        yield client


@pytest.fixture
async def store(valkey: Any, client: Any) -> AsyncIterator[RedisStore]:
    """Give a store on the empty server."""
    assert client is not None
    store = RedisStore(valkey.connection_url)
    yield store
    await store.close()


async def test_two_stores_are_one_budget(store: RedisStore, client: Any) -> None:
    """What one was granted is missing for the other; a client of one's own does as well."""
    other = RedisStore(client)
    assert (await ask(store, "a")).is_granted
    assert (await ask(other, "b")).is_granted
    assert (await ask(store, "c")).is_granted
    assert not (await ask(other, "d")).is_granted
    assert (await ask(other, "d", Released("c"))).is_granted
    await other.close()
    assert await client.ping()  # it is not ours to close


async def test_answers_may_come_decoded(valkey: Any, store: RedisStore) -> None:
    """A client that decodes answers is as good."""
    from redis.asyncio import Redis  # noqa: PLC0415 - an extra

    assert (await ask(store, "a")).is_granted
    async with Redis.from_url(valkey.connection_url, decode_responses=True) as decoding:
        assert (await ask(RedisStore(decoding), "b")).is_granted


async def test_a_key_of_each_user_goes_by_itself(store: RedisStore, client: Any) -> None:
    """There is one key, named by the user alone, that lives for two hour windows."""
    await ask(store, "a")
    assert [b"reply-async:budget:{me}"] == await client.keys()
    assert 10_000 < await client.pttl("reply-async:budget:{me}") <= 10_200


async def test_an_acquire_costs_two_round_trips_at_most(store: RedisStore, client: Any) -> None:
    """As the server counts them: 20 requests, settled, are at most 40 calls of the script."""
    limiter = Limiter(store=store, name="me", burst=20, windows=(0.5, 5.0))
    (await limiter.acquire()).settle()  # the script is there from now on
    await limiter.flush()
    await client.config_resetstat()
    for _ in range(20):
        grant = await limiter.acquire(lane=Lane.BULK)
        grant.settle()
        await limiter.flush()
    calls = await client.info("commandstats")
    assert 40 == calls["cmdstat_evalsha"]["calls"]
    assert {"cmdstat_evalsha", "cmdstat_time", "cmdstat_get", "cmdstat_set"} == {
        name for name in calls if name not in ("cmdstat_config|resetstat", "cmdstat_info")
    }


async def test_a_server_that_forgot_the_script_gets_it_again(
    store: RedisStore, client: Any
) -> None:
    """NOSCRIPT is no error for anybody."""
    assert (await ask(store, "a")).is_granted
    await client.script_flush()
    assert (await ask(store, "b")).is_granted


async def test_lost_data_hold_everybody_for_one_minute(store: RedisStore, client: Any) -> None:
    """Who knew the data puts back what it spent; nothing goes within a minute window."""
    for name in "ab":
        await ask(store, name)
    await client.flushall()
    held = await ask(store, "c", *(Settled(name, is_accepted=True) for name in "ab"))
    assert not held.is_granted
    assert held.wait_seconds == pytest.approx(0.6, abs=0.05)
    other = RedisStore(client)
    assert not (await ask(other, "d")).is_granted
    await asyncio.sleep(0.65)
    reply = await store.exchange("me", Message(limits=LIMITS, wants_state=True))
    assert reply.state is not None
    assert 2 == sum(count for _, count in reply.state["windows"]["hour"])
    assert (await ask(other, "e")).is_granted


async def test_a_server_that_cannot_be_reached_is_told(valkey: Any) -> None:
    """The error names the server and neither user nor password, nor does the repr."""
    store = RedisStore(f"redis://somebody:{'s3cret'}@127.0.0.1:9/3?password=s3cret")
    assert "<RedisStore redis://127.0.0.1:9/3>" == repr(store)
    with pytest.raises(StoreFailed) as failed:
        await ask(store, "a")
    assert "the budget in redis://127.0.0.1:9/3 cannot be reached" in str(failed.value)
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__ or failed.value.__context__ is None
    wrong = RedisStore(f"redis://somebody:s3cret@127.0.0.1:{valkey.port}/0")
    with pytest.raises(StoreFailed, match="does not accept the user or password") as refused:
        await ask(wrong, "a")
    assert "s3cret" not in str(refused.value)
    await wrong.close()


@pytest.mark.parametrize(
    "address",
    [
        "redis://:pa55:w@rd@host:port/0",
        "http://s3cret@host",
        "redis://h:pa55/x?a=b",
        "redis://:s3cret@host/0?unknown=option",
        "redis://:s3cret@host/0?protocol=9",
        "rediss://:s3cret@host/0?ssl_cert_reqs=pa55",
    ],
)
def test_an_address_that_cannot_be_right_is_refused(address: str) -> None:
    """Nothing of the address is repeated: it may hold a password."""
    with pytest.raises(InvalidUse) as invalid:
        RedisStore(address)
    assert "pa55" not in str(invalid.value)
    assert "s3cret" not in str(invalid.value)
    assert invalid.value.__context__ is None


async def test_a_server_of_something_else_is_told_of() -> None:
    """One that speaks the protocol, and gives answers of its own."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            writer.write(b"*1\r\n$1\r\nx\r\n" * 3)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        store = RedisStore(f"redis://{host}:{port}/0")
        with pytest.raises(StoreFailed, match="does not answer as a Redis or Valkey server does"):
            await ask(store, "a")
        await store.close()


async def test_a_foreign_value_is_told_of(store: RedisStore, client: Any) -> None:
    """A key of somebody else under our name is an error that says so, and stays."""
    await client.lpush("reply-async:budget:{me}", "something else")
    with pytest.raises(StoreFailed, match="WRONGTYPE"):
        await ask(store, "a")
    assert 1 == await client.llen("reply-async:budget:{me}")


WITHOUT_REDIS = """
import sys
sys.modules["redis"] = None
import reply_async
assert "sqlite3" not in sys.modules
try:
    reply_async.RedisStore("redis://localhost")
except reply_async.InvalidUse as error:
    print(error)
"""


def test_without_the_extra_it_says_what_to_install() -> None:
    """The class is there without redis; making one names the extra."""
    told = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", WITHOUT_REDIS], check=True, capture_output=True, text=True
    )
    assert "store: needs the extra `redis`; run: pip install 'reply-async[redis]'\n" == told.stdout


def test_importing_the_package_loads_no_store() -> None:
    """A limiter in this process loads no sqlite3, and redis waits for an address."""
    code = (
        "import sys; from reply_async import Limiter; print('sqlite3' in sys.modules);"
        " from reply_async import ReplySession, SqliteStore; print('redis' in sys.modules)"
    )
    told = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert "False\nFalse\n" == told.stdout


async def test_the_clock_is_the_servers(
    store: RedisStore, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host whose clock is wrong sees the same times."""
    monkeypatch.setattr(time, "time", lambda: 12.0)
    reply = await ask(store, "a")
    seconds, _ = await client.time()
    assert reply.now == pytest.approx(seconds, abs=2.0)
