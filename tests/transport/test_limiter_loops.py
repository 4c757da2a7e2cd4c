"""A limiter in several event loops, and in forked processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from reply_async import InvalidUse
from reply_async.transport.limiter import Limiter

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
    told = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-W", "ignore", "-c", FORKS, str(tmp_path / "b.db")],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert 20 == told.stdout.count("granted")
    assert not told.stderr
