"""The clock of a whole account: held, moved by tools, and everything follows."""

from __future__ import annotations

import asyncio
from time import process_time
from typing import TYPE_CHECKING

import aiohttp
import pytest
from emulator.client import Api, Json, email

from reply_async.emulator import Emulator
from reply_async.emulator.account import open_account
from reply_async.emulator.options import exec_options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BEFORE_WORK = 1_799_652_600.0  # 2027-01-11, a Monday, 07:30 UTC; the first are sent at 9
ALL_TIME = {"filters": {"dateRangePreset": "allTime"}}
SETTINGS = {
    "emailsCountPerDay": 24,
    "daysToFinishProspect": 14,
    "emailSendingDelaySeconds": 1,
    "dailyThrottling": 1000,
    "disableOpensTracking": False,
    "repliesHandlingType": "markAsFinished",
    "enableLinksTracking": True,
}


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    """Give an emulator whose clock stands."""
    async with Emulator("emu_test", clock="held", started_at=BEFORE_WORK) as running:
        yield running


@pytest.fixture
async def api(emulator: Emulator) -> AsyncIterator[Api]:
    """Give a client of the emulator."""
    async with aiohttp.ClientSession() as http:
        yield Api(emulator, http)


async def reached(api: Api, sequence_id: int) -> tuple[int, int]:
    """Return how many got the first e-mail and how many the second."""
    answer = await api.ok("POST", f"/v3/sequences/{sequence_id}/stats/emails", ALL_TIME)
    first, second = (step["delivered"] for step in answer["steps"])
    return first, second


async def test_one_hour_of_a_busy_account_passes_in_under_a_second(
    api: Api, emulator: Emulator
) -> None:
    """Windows, schedule, step delay and outreach all follow, by one call of a tool."""
    emulator.set_budget((60, 80))
    ids = await api.contacts(10_000)
    made = [
        await api.sequence(email(), email(delay=90), name=f"S{n}", settings=SETTINGS)
        for n in range(10)
    ]
    for number, sequence in enumerate(made):
        await api.enrol(sequence["id"], ids[number * 1000 : (number + 1) * 1000])
        await api.ok("POST", f"/v3/sequences/{sequence['id']}/start")
    while (await api("GET", "/v3/whoami"))[0] == 200:
        pass
    assert "60" == api.headers["Retry-After"]  # nothing has passed: the clock stands

    began = process_time()
    moved = await api.control("POST", "clock", {"advance": "1h"})
    assert process_time() - began < 1
    assert ("held", BEFORE_WORK + 3600) == (moved["kind"], moved["seconds"])
    windows = (await api.control("GET", "budget"))["windows"]
    assert [0, 0, 0] == [window["used"] for window in windows]
    assert [60, 60] == [window["peak"] for window in windows[:2]]
    assert (0, 0) == await reached(api, made[0]["id"])  # nobody works yet

    sent = []
    for _ in range(4):
        await api.control("POST", "clock", {"advance": "1h"})
        sent.append(await reached(api, made[0]["id"]))
    firsts, seconds = zip(*sent, strict=True)
    assert 0 < firsts[0] < firsts[1]
    assert 0 == seconds[0] == seconds[1] < seconds[2]  # 90 minutes later, at the next full hour


async def test_long_move_lets_others_be_served(api: Api, emulator: Emulator) -> None:
    """While a year is played, a request in between sees the time on its way."""
    emulator.set_budget(None)
    sequence = await api.sequence(settings=SETTINGS)
    await api.enrol(sequence["id"], await api.contacts(2000))
    await api.ok("POST", f"/v3/sequences/{sequence['id']}/start")
    seen: list[float] = []

    async def look() -> None:
        while not seen or seen[-1] < BEFORE_WORK + 365 * 86400:
            seen.append((await api.control("GET", "clock"))["seconds"])

    await asyncio.gather(api.control("POST", "clock", {"advance": "365d"}), look())
    on_the_way = [at for at in seen if BEFORE_WORK < at < BEFORE_WORK + 365 * 86400]
    assert on_the_way == sorted(on_the_way)
    assert len(on_the_way) > 3


async def test_an_idle_account_passes_thousands_of_years_at_once(
    api: Api, emulator: Emulator
) -> None:
    """Also one whose people have had all they were to get, and whose jobs were cancelled."""
    emulator.dialects = {"import_mode": "async_202"}
    rows = {"items": [{"email": f"late{n}@example.com"} for n in range(201)]}
    job = await api.ok("POST", "/v3/contacts/import", rows)
    await api.ok("POST", f"/v3/background-jobs/{job['jobId']}/cancel")
    sequence = await api.sequence()
    await api.enrol(sequence["id"], await api.contacts(2))
    await api.ok("POST", f"/v3/sequences/{sequence['id']}/start")
    emulator.advance(7 * 86400)
    assert 2 == len(emulator.ledger.messages)
    async with asyncio.timeout(30):  # hour by hour it takes minutes
        await api.control("POST", "clock", {"set": "9998-12-31"})


async def test_clock_is_held_sped_up_and_set_by_tools(api: Api) -> None:
    """All members of one call are taken, or none."""

    async def clock(**body: Json) -> Json:
        return await api.control("POST", "clock", body)

    shown = await api.control("GET", "clock")
    expected = {"kind": "held", "speed": 1.0, "seconds": BEFORE_WORK}
    assert {**expected, "time": "2027-01-11T07:30:00.000+00:00"} == shown
    assert BEFORE_WORK + 1800 == (await clock(set="2027-01-11T09:00:00+01:00"))["seconds"]
    going = await clock(hold=False, speed=3600)
    assert ("real", 3600) == (going["kind"], going["speed"])
    while (held := await clock(hold=True))["seconds"] == BEFORE_WORK + 1800:
        await clock(hold=False)
    assert held == await api.control("GET", "clock")


async def test_a_speed_has_a_most_and_changes_at_the_end_of_time(
    api: Api, emulator: Emulator
) -> None:
    """The clock stands at the last moment that can be written, and still takes a speed."""
    for speed in (1_000_001, 1e12, 1e300):
        status, problem = await api("POST", "/_emulator/clock", {"speed": speed})
        assert 400 == status
        assert problem["detail"].endswith("a speed is a number above 0 and up to 1,000,000")
    moved = await api.control("POST", "clock", {"set": "9998-12-31T23:59:58Z"})
    emulator.clock.bind(lambda: 0.0)
    await api.control("POST", "clock", {"hold": False, "speed": 1_000_000})
    emulator.clock._loop_time = lambda: 3600.0
    last = await api.control("GET", "clock")
    assert "9998-12-31T23:59:59.000+00:00" == last["time"]
    assert 1 == last["seconds"] - moved["seconds"]
    async with api._http.get(emulator.url) as page:
        assert 200 == page.status
    assert 1 == (await api.control("POST", "clock", {"speed": 1}))["speed"]
    assert "held" == (await api.control("POST", "clock", {"hold": True}))["kind"]
    assert 400 == (await api("POST", "/_emulator/clock", {"advance": "1d"}))[0]


async def test_moving_in_steps_or_at_once_plays_the_same() -> None:
    """Two days in one move, by the hour, or by odd pieces: the same people got the same."""

    async def play(pieces: list[float]) -> tuple[Json, Json]:
        async with (
            Emulator("emu_test", budget=None, clock="held", started_at=BEFORE_WORK) as emulator,
            aiohttp.ClientSession() as http,
        ):
            api = Api(emulator, http)
            sequence = await api.sequence(email(), email(delay=90))
            await api.enrol(sequence["id"], await api.contacts(300))
            await api.ok("POST", f"/v3/sequences/{sequence['id']}/start")
            for seconds in pieces:
                emulator.advance(seconds)
            path = f"/v3/sequences/{sequence['id']}/contacts?top=1000"
            members = await api.ok("GET", path)
            return members, await api.control("GET", "clock")

    two_days = 2 * 86400
    whole = await play([two_days])
    assert whole == await play([3600] * 48)
    assert whole == await play([1000.0] * 172 + [two_days - 172_000])


async def test_a_moved_clock_survives_the_end_of_the_process(tmp_path: Path) -> None:
    """What was done on the way of a long move, and where it ended, come back from the file."""
    data = tmp_path / "account.db"
    given = ["--data", str(data), "--clock", "held", "--budget", "off", "--", "true"]

    async def look(api: Api) -> Json:
        listed = await api.ok("GET", "/v3/sequences?top=1000")
        stats = [
            await api.ok("POST", f"/v3/sequences/{entry['id']}/stats", ALL_TIME)
            for entry in listed["items"]
        ]
        return listed, stats, await api.control("GET", "clock")

    async def start_some(api: Api, numbers: range, delay: int = 90) -> None:
        for number in numbers:
            made = await api.sequence(email(), email(delay=delay), name=f"Number {number}")
            await api.enrol(made["id"], ids[number * 100 : number * 100 + 100])
            await api.ok("POST", f"/v3/sequences/{made['id']}/start")

    emulator, file = open_account(exec_options("emulator", given))
    with file:
        async with emulator, aiohttp.ClientSession() as http:
            api = Api(emulator, http)
            ids = await api.contacts(500)
            await start_some(api, range(1), delay=50 * 1440)  # so that every hour is played
            move = api.control("POST", "clock", {"advance": "60d"})
            await asyncio.gather(move, start_some(api, range(1, 5)))
            await look(api)
            await api.control("POST", "clock", {"advance": 30})
            before = await look(api)
    made_at = {entry["created"] for entry in before[0]["items"]}
    assert len(made_at) > 1  # while the clock was on its way
    emulator, file = open_account(exec_options("emulator", given))
    with file:
        async with emulator, aiohttp.ClientSession() as http:
            assert before == await look(Api(emulator, http))
