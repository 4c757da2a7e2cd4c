from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from emulator.raw_client import connected

from reply_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

PATHS = ("/v3/whoami", "/v3/sequences", "/v3/sequences/9", "/nowhere?n={}")
STATM = Path("/proc/self/statm")


async def grown(measure: Callable[[], int], first: int, last: int) -> int:
    """Return how much more there is after the last of small requests than after the first."""
    async with (
        Emulator("emu_test", budget=None, kept_requests=100) as emulator,
        connected(emulator) as client,
    ):
        measured = []
        for number in range(1, last + 1):
            assert await client.get(PATHS[number % len(PATHS)].format(number)) in {200, 404}
            if number in {first, last}:
                gc.collect()
                measured.append(measure())
        assert (last, 100) == (len(emulator.requests), len(list(emulator.requests)))
        assert 0 == len(emulator.ledger.effects) == len(emulator.ledger.messages)
        assert not emulator.ledger.counts
        return measured[1] - measured[0]


async def test_small_requests_leave_nothing() -> None:
    """Once the caches of client and server are full: a sample of the long test."""
    assert await grown(lambda: len(gc.get_objects()), 600, 1_000) < 100


@pytest.mark.slow
@pytest.mark.skipif(not STATM.exists(), reason="tells the memory of a process on Linux only")
async def test_memory_is_flat_over_100_000_requests() -> None:
    """In pages of 4 kB: less than 20 bytes for a request, of client and server together."""
    assert await grown(lambda: int(STATM.read_text().split()[1]), 10_000, 100_000) < 450
