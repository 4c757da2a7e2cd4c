"""What a file gives back that a listing of the account does not tell."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, TypeAlias

import aiohttp
import pytest
from emulator.client import MONDAY, Api, email

from reply_async.emulator.account import open_account
from reply_async.emulator.data_file import DataFile
from reply_async.emulator.options import exec_options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from emulator.receiver import Target

    from reply_async.emulator import Emulator

    Look: TypeAlias = Callable[[Emulator, Api], Awaitable[None]]

HOUR = 3600


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a file that begins on a Monday."""
    path = tmp_path / "account.db"
    with DataFile(path) as file:
        file.set({"seed": 1, "key": "emu_kept", "started_at": MONDAY})
    return path


@contextlib.asynccontextmanager
async def served(path: Path, *more: str) -> AsyncIterator[tuple[Emulator, Api]]:
    """Serve a file as the program does, on a clock that is held, until the block ends."""
    fixed = ["--data", str(path), "--budget", "off", "--clock", "held"]
    emulator, file = open_account(exec_options("emulator", [*fixed, *more, "--", "true"]))
    with file:
        async with emulator, aiohttp.ClientSession() as http:
            yield emulator, Api(emulator, http)


async def write_to_five(api: Api, *steps: Any) -> int:
    """Start a sequence with five people, and return its id."""
    made = await api.sequence(*steps)
    await api.enrol(made["id"], await api.contacts(5))
    await api.ok("POST", f"/v3/sequences/{made['id']}/start", {})
    return int(made["id"])


async def test_a_read_that_keeps_something_is_kept(path: Path) -> None:
    """A preview stays as it was first shown, though the person has changed since."""
    async with served(path) as (_, api):
        variants = [{"subject": "Hello", "message": "Hi {{title}}"}]
        step = {"type": "email", "delayInMinutes": 0, "executionMode": "automatic"}
        made = await api.sequence({**step, "variants": variants})
        (contact_id,) = await api.contacts(1, title="Founder")
        await api.enrol(made["id"], [contact_id])
        preview = f"/v3/sequences/{made['id']}/contacts/{contact_id}/preview"
        before = await api.ok("GET", preview)
        await api.ok("PATCH", f"/v3/contacts/{contact_id}", {"title": "Owner"})
    async with served(path) as (_, api):
        after = await api.ok("GET", preview)
    assert before["steps"] == after["steps"]
    assert ("Founder", "Owner") == (before["contactTitle"], after["contactTitle"])


async def test_numbers_of_requests_go_on(path: Path) -> None:
    """The ledger names no request twice."""
    async with served(path) as (_, api):
        made = await api.sequence()
        await api.enrol(made["id"], await api.contacts(1))
    async with served(path) as (emulator, api):
        (contact_id,) = await api.contacts(1, lastName="Second")
        await api.contacts(2)
        await api.enrol(made["id"], [contact_id + 1])
        numbers = [number for (number,) in emulator.ledger.enrolments(made["id"]).values()]
    assert [3, 6] == numbers


async def test_outreach_does_not_fall_back_behind_what_was_seen(path: Path) -> None:
    """A read at a later time plays what fell due; so does the start that follows."""
    async with served(path) as (emulator, api):
        sequence_id = await write_to_five(api)
        emulator.clock.set(MONDAY + 30 * HOUR)  # as time itself would do, without a call
        await api.ok("GET", f"/v3/sequences/{sequence_id}")
        sent = emulator.ledger.counts["message_sent"]
    async with served(path) as (emulator, api):
        assert MONDAY + 30 * HOUR == emulator.clock.now()
        assert sent == emulator.ledger.counts["message_sent"] == 5


async def _page(emulator: Emulator, _api: Api) -> None:
    async with aiohttp.request("GET", emulator.url) as answer:
        assert 200 == answer.status


async def _ledger(_emulator: Emulator, api: Api) -> None:
    await api.control("GET", "ledger")


async def _in_process(emulator: Emulator, _api: Api) -> None:
    assert emulator.ledger.counts


@pytest.mark.parametrize("look", [_page, _ledger, _in_process])
async def test_what_any_look_showed_does_not_fall_back(path: Path, look: Look) -> None:
    """However little time has passed since the last entry."""
    async with served(path) as (emulator, api):
        await write_to_five(api)
        emulator.clock.set(MONDAY + 2)  # nine o'clock is over, as time itself would do
        await look(emulator, api)
        sent = emulator.played.ledger.counts["message_sent"]
    async with served(path) as (emulator, _):
        assert sent == emulator.played.ledger.counts["message_sent"] == 5


async def test_what_was_delivered_is_not_delivered_again(path: Path, target: Target) -> None:
    """The clock alone sends and tells a moment before the end."""
    async with served(path) as (emulator, api):
        await api.ok("POST", "/v3/webhooks", {"eventType": "email_sent", "url": target.url})
        await write_to_five(api)
        emulator.clock.set(MONDAY + 2)
        emulator.catch_up()  # as the emulator's own timer does
        await emulator.deliveries_done()
        assert 5 == len(target.received)
    async with served(path) as (emulator, _):
        emulator.advance(HOUR)
        await emulator.deliveries_done()
    assert 5 == len(target.received)


async def test_an_advance_that_is_cut_short_keeps_what_it_delivered(
    path: Path, target: Target
) -> None:
    """Hours that were played on the way are played by the next start."""
    async with served(path) as (emulator, api):
        await api.ok("POST", "/v3/webhooks", {"eventType": "email_sent", "url": target.url})
        await write_to_five(api, email(), email(None, delay=30 * 24 * 60))
        advancing = asyncio.create_task(emulator.play(1000 * HOUR))
        await asyncio.sleep(0)  # an hour of it
        advancing.cancel()
        await emulator.deliveries_done()
        assert 5 == len(target.received)
    async with served(path) as (emulator, _):
        emulator.advance(HOUR)
        await emulator.deliveries_done()
    assert 5 == len(target.received)


async def test_a_reset_empties_the_file_at_the_next_start(path: Path) -> None:
    """What stands before it goes; what it leaves as it is, such as the dialects, stays."""
    async with served(path) as (_, api):
        choices = {"choices": {"import_mode": "async_202"}}
        await api.control("POST", "dialects", choices)
        await api.sequence()
        await api.control("POST", "reset")
        made = await api.sequence(name="After")
    async with served(path) as (emulator, _):
        assert {made["id"]: "After"} == {
            number: entry.name for number, entry in emulator.state.sequences.items()
        }
        assert "async_202" == emulator.dialects["import_mode"]
    with DataFile(path) as file:
        names = [entry.name for entry in file.entries()]
    assert ["budget", "dialects", "reset", "sequences"] == [
        name.rsplit("/", 1)[-1] for name in names
    ]


async def test_options_given_anew_hold_from_then_on(path: Path) -> None:
    """What was answered before in another dialect is played in that one."""
    async with served(path, "--dialect", "legacy") as (emulator, _):
        legacy = emulator.dialects
    async with served(path) as (emulator, _):
        assert legacy == emulator.dialects
    async with served(path, "--dialect", "modern") as (emulator, _):
        assert legacy != emulator.dialects
        modern = emulator.dialects
    async with served(path) as (emulator, _):
        assert modern == emulator.dialects
    with DataFile(path) as file:
        names = [entry.name.rsplit("/", 1)[-1] for entry in file.entries()]
    assert ["dialects", "budget", "dialects"] == names  # the budget that was given each time, once
