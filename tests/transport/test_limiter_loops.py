"""A limiter in several event loops, and in forked processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from reply_async import InvalidUse, SqliteStore
from reply_async.testing import run_virtual
from reply_async.transport.limiter import Limiter


def run(code: str, place: str) -> subprocess.CompletedProcess[str]:
    """Run a program with a store; Python's warnings about forks with threads are left out."""
    return subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, place],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


LOOPS = """
import asyncio, sys
from reply_async import Limiter
from reply_async.transport.stores import store_at

# A window of a second, since a server that has just started holds newcomers for one.
limiter = Limiter(store=store_at(sys.argv[1]), name="loops", windows=(1, 60))

async def spend():
    for _ in range(3):
        (await limiter.acquire()).settle()

async def look():
    await limiter.flush()
    (await limiter.acquire()).release()
    print(limiter.state.used_in_hour)
    await limiter.close()

asyncio.run(spend())
asyncio.run(spend())
asyncio.run(look())
"""


@pytest.mark.parametrize("kind", ["memory", "sqlite", "valkey"])
def test_one_loop_may_follow_another(kind: str, tmp_path: Path, valkey: Any) -> None:
    """Nothing needs to be closed in between; what was told to nobody is told later."""
    places = {"memory": "none", "sqlite": str(tmp_path / "b.db"), "valkey": valkey.connection_url}
    told = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", LOOPS, places[kind]],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ("6\n", "") == (told.stdout, told.stderr)


async def test_two_loops_at_once_are_refused() -> None:
    """Another thread must not take part without a store."""
    limiter, told = Limiter(), []
    (await limiter.acquire()).settle()

    def intrude() -> None:
        try:
            asyncio.run(limiter.acquire())
        except InvalidUse as error:
            told.append(str(error))

    thread = threading.Thread(target=intrude)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert ["limiter: is used in another event loop: share a store instead"] == told


def test_waiters_of_a_loop_that_was_left_are_told() -> None:
    """It was stopped and not closed: they neither hang nor spin when it goes on."""
    limiter, first = Limiter(per_minute=2, burst=2), asyncio.new_event_loop()

    async def wait() -> asyncio.Task[Any]:
        for _ in range(2):
            (await limiter.acquire()).settle()
        waiter = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        return waiter

    async def hear(waiter: asyncio.Task[Any]) -> None:
        with pytest.raises(InvalidUse, match="another event loop"):
            await asyncio.wait_for(waiter, 1)

    waiter = first.run_until_complete(wait())
    asyncio.run(limiter.flush())
    first.run_until_complete(hear(waiter))
    first.close()


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_clock_that_is_behind_holds_nobody(*, is_shared: bool, tmp_path: Path) -> None:
    """The pacer's time in one loop is none in the next, whose clock may begin anew."""
    limiter = Limiter(burst=1, store=SqliteStore(tmp_path / "b.db") if is_shared else None)

    async def spend(seconds: float) -> float:
        await asyncio.sleep(seconds)
        begun = asyncio.get_running_loop().time()
        for _ in range(3):
            (await limiter.acquire()).settle()
        await limiter.close()
        return asyncio.get_running_loop().time() - begun

    run_virtual(spend(3600))
    assert run_virtual(spend(0)) < 5


def test_a_look_in_another_loop_sees_the_store(tmp_path: Path) -> None:
    """What was planned in a loop that is gone keeps no later one from looking."""
    limiter, other = (Limiter(store=SqliteStore(tmp_path / "b.db"), name="me") for _ in range(2))

    async def spend(one: Limiter, count: int) -> None:
        for _ in range(count):
            (await one.acquire()).settle()
        await one.flush()

    async def plan() -> None:
        await spend(limiter, 1)
        await asyncio.sleep(1.1)
        assert 1 == limiter.state.used_in_hour

    async def look() -> None:
        await spend(other, 5)
        await other.close()
        for _ in range(100):
            if limiter.state.used_in_hour == 6:
                break
            await asyncio.sleep(0.01)
        assert 6 == limiter.state.used_in_hour
        await limiter.close()

    asyncio.run(plan())
    asyncio.run(look())


FORKS = """
import asyncio, os, sys
from reply_async import Limiter, SqliteStore
from reply_async.transport.limiter import WaitTooLong

limiter = Limiter(
    per_minute=20, per_hour=40, burst=20, windows=(30, 180), store=SqliteStore(sys.argv[1]),
    name="me",
)

async def spend(count):
    for _ in range(count):
        try:
            (await limiter.acquire(5)).settle()
        except WaitTooLong:
            break
        print("granted", flush=True)
    await limiter.flush()

asyncio.run(spend(2))
for _ in range(4):
    if os.fork() == 0:
        asyncio.run(spend(20))
        os._exit(0)
for _ in range(4):
    os.wait()
asyncio.run(spend(20))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork on Windows")
def test_forked_processes_share_one_budget(tmp_path: Path) -> None:
    """A limiter that was made and used before the fork grants no more in all of them."""
    told = run(FORKS, str(tmp_path / "b.db"))
    assert (20, "") == (told.stdout.count("granted"), told.stderr)


FORK_IN_LOOP = """
import asyncio, os, sys
from reply_async import Limiter, SqliteStore

path = sys.argv[1]
limiter = Limiter(store=SqliteStore(path), name="me", burst=100)

async def spend(count):
    for _ in range(count):
        (await limiter.acquire()).settle()
    await limiter.flush()

async def main():
    await spend(30)
    for end in ("", "-wal", "-shm"):
        os.unlink(path + end)
    if (child := os.fork()) == 0:
        asyncio.events._set_running_loop(None)
        asyncio.run(limiter.flush())
        try:
            asyncio.run(limiter.acquire(0))
        except Exception as error:
            print(type(error).__name__, flush=True)  # the store is new: it holds for a minute
        os._exit(0)
    os.waitpid(child, 0)
    limiter.observed("minute", 50)
    await limiter.flush()
    limiter.state
    await asyncio.sleep(1.2)
    limiter.state
    await asyncio.sleep(0.2)
    print(limiter.state.used_in_hour)
    await limiter.close()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork on Windows")
def test_a_fork_in_a_running_loop_is_another_participant(tmp_path: Path) -> None:
    """Its own loop may use the limiter, and only the parent puts back what the parent spent."""
    told = run(FORK_IN_LOOP, str(tmp_path / "b.db"))
    assert ("WaitTooLong\n30\n", "") == (told.stdout, told.stderr)
