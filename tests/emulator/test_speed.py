"""What the emulator may cost, in time of this process' CPU.

Other work on the machine slows even that, by caches and shared cores, but not every round
of many: one that is quick enough is enough.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

from emulator.account_walk import people
from emulator.raw_client import connected

from reply_async.emulator import Emulator, validation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ROUNDS = 20
REQUESTS = 400


async def least(seconds: float, work: Callable[[], Awaitable[object]]) -> float:
    """Return the CPU seconds of the cheapest round, or of the first that needs so few."""
    taken: list[float] = []
    while len(taken) < ROUNDS and min(taken, default=seconds) >= seconds:
        began = time.process_time()
        await work()
        taken.append(time.process_time() - began)
    return min(taken)


async def test_an_import_is_validated_in_10_ms() -> None:
    """A thousand rows: read, checked, and refused or not."""
    emulator = Emulator()
    operation, spoken = emulator.contract.operation("import_contacts"), emulator.dialects
    body = json.dumps(people("a", 1000)).encode()

    async def check() -> None:
        validation.check(operation, spoken, [], {}, "application/json", body)

    assert await least(0.010, check) < 0.010


async def test_two_thousand_small_reads_a_second() -> None:
    """Half a millisecond each, together with the client that asks for them."""
    async with Emulator(budget=None) as emulator, connected(emulator) as client:

        async def read() -> None:
            for _ in range(REQUESTS):
                assert 200 == await client.get("/v3/whoami")

        assert await least(REQUESTS / 2000, read) < REQUESTS / 2000


async def test_a_reset_takes_less_than_10_ms_whatever_there_is() -> None:
    """The people of before are freed in bites afterwards, each of them short."""
    async with Emulator(budget=None) as emulator:
        taken = [1.0]
        while len(taken) < 6 and min(taken) >= 0.010:
            sequence = emulator.state.new_sequence("One", 0.0)
            for number in range(30_000):
                contact = emulator.state.new_contact(0.0)
                contact.email = f"person{number}@example.com"
                emulator.state.index(contact)
            emulator.state.sequences[sequence.id] = sequence
            contacts = emulator.state.contacts
            began = time.process_time()
            emulator.reset()
            taken.append(time.process_time() - began)
            assert contacts is not emulator.state.contacts
            while contacts:
                left = len(contacts)
                await asyncio.sleep(0)
                assert left - len(contacts) <= 2_000
    assert min(taken) < 0.010
