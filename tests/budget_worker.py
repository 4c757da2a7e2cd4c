"""A process of its own that spends a shared budget until it is told to stop.

Run with a JSON object: the store, the port of the server, how many tasks. Each task sends
one line when it has a grant and waits for the answer; with `is_holding` it keeps its
grants and never sends. A line on stdout says that it is ready, and one says each grant
that it holds; a line on stdin, or its end, ends it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from reply_async import Limiter, RedisStore, SqliteStore, StoreFailed
from reply_async.transport.lanes import Lane


def store_of(place: str) -> SqliteStore | RedisStore:
    """Return the store at a path or an address."""
    return RedisStore(place) if "://" in place else SqliteStore(place)


def say(word: str) -> None:
    """Tell whoever started this process."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(options: dict[str, Any]) -> None:
    """Spend, or hold, until the end of stdin."""
    limiter = Limiter(
        store=store_of(options["store"]), name="everybody", burst=10, **options["limits"]
    )
    say("ready")
    tasks = [asyncio.create_task(_spend(limiter, options)) for _ in range(options["tasks"])]
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await limiter.close()


async def _spend(limiter: Limiter, options: dict[str, Any]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", options["port"])
    while True:
        try:
            grant = await limiter.acquire(
                lane=Lane.BULK, lease_seconds=options.get("lease_seconds", 2.0)
            )
        except StoreFailed:
            await asyncio.sleep(0.1)
            continue
        if options.get("is_holding"):
            say("holds")
            continue
        writer.write(f"{options['name']}\n".encode())
        answer = await reader.readline()
        if not answer:
            grant.settle(is_accepted=False)
            return
        if answer.startswith(b"429"):
            limiter.refused(float(answer.split()[1]))
        grant.settle(is_accepted=answer.startswith(b"200"))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
