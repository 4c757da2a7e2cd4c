"""A data file after `kill -9`: a real process, real sockets, writes in flight."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING

import aiohttp
import pytest
from emulator.account_walk import ChanceCalls, people, settled_account, whole_account
from emulator.program import Program

if TYPE_CHECKING:
    from pathlib import Path

IMPORT = "/v3/contacts/import"
ROWS = 50


async def import_until_killed(
    program: Program, prefix: str, answered: dict[str, list[int]], noted: asyncio.Semaphore
) -> None:
    """Import chunk after chunk, and note the ids of those that were answered."""
    number = 0
    with suppress(aiohttp.ClientError, OSError):
        while True:
            number += 1
            chunk = f"{prefix}{number}"
            answered[chunk] = []
            status, content = await program.send("POST", IMPORT, people(chunk, ROWS))
            assert 200 == status
            answered[chunk] = [row["id"] for row in content["items"]]
            noted.release()


async def kill_amid_writes(program: Program, chance: random.Random) -> dict[str, list[int]]:
    """End the program while four clients write; return the chunks, unanswered ones empty."""
    answered: dict[str, list[int]] = {}
    noted = asyncio.Semaphore(0)
    clients = [
        asyncio.create_task(import_until_killed(program, f"client{number}-", answered, noted))
        for number in range(4)
    ]
    for _ in range(chance.randrange(1, 30)):
        await noted.acquire()
    await asyncio.sleep(chance.uniform(0, 0.02))  # the process is another one, time is real
    program.kill()
    await asyncio.gather(*clients)
    return answered


async def emails(program: Program) -> dict[str, int]:
    """Return the ids of all contacts by e-mail."""
    found: dict[str, int] = {}
    has_more = True
    while has_more:
        _, page = await program.send("GET", f"/v3/contacts?top=1000&skip={len(found)}")
        found |= {row["email"]: row["id"] for row in page["items"]}
        has_more = page["hasMore"]
    return found


async def kill_and_compare(data: Path, seed: int, calls: int) -> None:
    """Make chance calls, end the program by force twice, and compare each time."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    async with Program.on(data, "--seed", str(seed)) as first:
        time = (await first.send("GET", "/_emulator/clock"))[1]["seconds"]
        # half past, so that the outreach of an hour does not fall between two looks
        await first.send("POST", "/_emulator/clock", {"advance": 5400 - time % 3600})
        changes = ChanceCalls(first.send, chance)
        await changes.prepare()
        for _ in range(2):  # reads amid the writes, which must not matter
            for _ in range(calls // 2):
                await changes.one()
            before = await settled_account(first.send)
    async with Program.on(data) as second:
        assert first.key == second.key
        assert before == await whole_account(second.send)
        chunks = await kill_amid_writes(second, chance)
    async with Program.on(data) as third:
        there = await emails(third)
        for chunk, ids in chunks.items():
            found = [there.get(row["email"]) for row in people(chunk, ROWS)["items"]]
            assert found == ids or (not ids and len(set(map(bool, found))) == 1), chunk
        changes.send = third.send
        await changes.one()


async def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    """It is all there after a restart; what was in flight is there whole or not at all."""
    await kill_and_compare(tmp_path / "account.db", seed=1, calls=40)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 22))
async def test_what_was_answered_survives_many_kills(tmp_path: Path, seed: int) -> None:
    """The same with other calls and other moments."""
    await kill_and_compare(tmp_path / "account.db", seed=seed, calls=400)
