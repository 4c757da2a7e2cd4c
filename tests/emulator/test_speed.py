"""What the emulator may cost, in time of this process' CPU: other work cannot slow it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

from emulator.account_walk import people

from reply_async.emulator import Emulator, validation

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 5
REQUESTS = 400
WHOAMI = b"GET /v3/whoami HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer emu_local\r\n\r\n"


def least(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the cheapest round."""
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def test_an_import_is_validated_in_10_ms() -> None:
    """A thousand rows: read, checked, and refused or not."""
    emulator = Emulator()
    operation, spoken = emulator.contract.operation("import_contacts"), emulator.dialects
    body = json.dumps(people("a", 1000)).encode()
    assert 0.010 > least(
        lambda: validation.check(operation, spoken, [], {}, "application/json", body)
    )


async def test_two_thousand_small_reads_a_second() -> None:
    """Half a millisecond each, together with the client that asks for them."""
    async with Emulator(budget=None) as emulator:
        host, port = emulator.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        taken = []
        for _ in range(ROUNDS):
            began = time.process_time()
            for _ in range(REQUESTS):
                writer.write(WHOAMI)
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200")
                await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split()[0]))
            taken.append((time.process_time() - began) / REQUESTS)
        writer.close()
    assert min(taken) < 1 / 2000


async def test_a_reset_takes_less_than_10_ms_whatever_there_is() -> None:
    """The people of before are freed in bites afterwards, each of them short."""
    async with Emulator(budget=None) as emulator:
        taken = []
        for _ in range(2):
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
