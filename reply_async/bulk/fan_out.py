"""A few workers over many items: no list of tasks, and no item cancels another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

WORKERS: Final = 4


async def fan_out(items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Await ``work`` for each item, a few at a time.

    ``work`` deals with expected errors itself; an error that leaves it is a fault and
    ends all of them.
    """
    shared = iter(items)

    async def worker() -> None:
        for item in shared:
            await work(item)

    tasks = [asyncio.create_task(worker()) for _ in range(WORKERS)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
