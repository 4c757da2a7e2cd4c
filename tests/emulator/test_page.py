from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import aiohttp
import pytest
from emulator.client import MONDAY
from emulator.page_account import DAY, fill

from reply_async.emulator import Emulator
from reply_async.emulator.budget import BudgetRules
from reply_async.emulator.markup import element
from reply_async.emulator.page import HEADERS, SHOWN_REQUESTS, SHOWN_SEQUENCES, STATUSES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from emulator.client import Api

VOID = {"meta", "link"}


class Reader(HTMLParser):
    """Reads a page strictly: its cells by row, its text, and the names of its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.ids: list[str] = []
        self.rows: dict[str, list[str]] = {}
        self.words: list[str] = []
        self._cells: list[str] = []
        self.feed(text)
        self.close()
        assert [] == self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and whatever it says of itself."""
        self.names.add(tag)
        self.attributes += attrs
        found = dict(attrs).get("id")
        self.ids += [found] if found else []
        if tag == "tr":
            self._cells = self.rows[found or "head"] = []
        if tag in {"td", "th"}:
            self._cells.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Fail unless the innermost element ends."""
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        """Note what is there to be read."""
        if "style" in self.open or "script" in self.open:
            return
        self.words.append(data)
        if {"td", "th"} & set(self.open):
            self._cells[-1] += data


async def read(emulator: Emulator, http: aiohttp.ClientSession) -> Reader:
    """Return the page that is shown now."""
    async with http.get(f"{emulator.url}/") as answer:
        assert 200 == answer.status
        return Reader(await answer.text())


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client without a key."""
    async with aiohttp.ClientSession() as session:
        yield session


async def test_the_page_needs_no_key_and_costs_nothing(
    emulator: Emulator, http: aiohttp.ClientSession
) -> None:
    """It is neither counted nor logged, is not to be kept, and obeys only its own texts."""
    emulator.set_budget((1, 1))
    for _ in range(3):
        await read(emulator, http)
    async with http.head(f"{emulator.url}/") as answer:
        assert (200, b"") == (answer.status, await answer.read())
        assert dict(HEADERS).items() <= dict(answer.headers).items()
    assert (0, 0) == (len(emulator.requests), emulator.budget.granted)
    async with http.post(f"{emulator.url}/") as answer:
        assert 401 == answer.status


async def test_an_empty_account_is_a_whole_page(
    emulator: Emulator, http: aiohttp.ClientSession
) -> None:
    """Each part says that there is nothing yet."""
    page = await read(emulator, http)
    assert 3 == page.words.count("None yet.")
    assert {"None is armed.", "The budget is off.", "held", "default"} <= {
        part for word in page.words for part in (word, word.rpartition(", ")[2])
    }
    assert {} == page.rows


async def test_sequences_show_what_the_api_tells(
    api: Api, emulator: Emulator, http: aiohttp.ClientSession
) -> None:
    """Contacts by status and what came of the mails, newest sequence first."""
    await fill(emulator, api)
    rows = (await read(emulator, http)).rows
    names = [key for key in rows if key.startswith("sequence-")]
    assert [f"sequence-{key}" for key in reversed(emulator.state.sequences)] == names
    for key, sequence in emulator.state.sequences.items():
        body = {"filters": {"dateRangePreset": "allTime"}}
        stats = (await api.ok("POST", f"/v3/sequences/{key}/stats", body))["emailOverview"]
        by_status = Counter(member.status for member in sequence.members.values())
        opened, replied = (
            f"{stats[name]}{stats[name + 'Percentage']:.0f} %" if stats[name] else "0"
            for name in ("opened", "replied")
        )
        assert [
            f"{sequence.name}{key}",
            sequence.status,
            *map(str, (len(sequence.steps), len(sequence.members))),
            *(str(by_status[status]) for status in STATUSES),
            str(stats["contacted"]),
            opened,
            replied,
        ] == rows[f"sequence-{key}"]
    assert int(rows["sequence-1001"][-3]) > 100  # outreach was really played


async def test_counts_by_status_follow_every_change(
    api: Api, emulator: Emulator, http: aiohttp.ClientSession
) -> None:
    """Counting only after a change misses none: by hand, by the clock, by removal."""
    made = await api.sequence()
    path = f"/v3/sequences/{made['id']}"
    ids = await api.contacts(150)
    await api.enrol(made["id"], ids)
    people = {"contactIds": ids[:3]}
    paused = people | {"statusInSequence": "paused"}
    for change in (
        lambda: api.ok("POST", f"{path}/contacts/set-status-in-sequence", paused),
        lambda: api.ok("POST", f"{path}/start"),
        lambda: emulator.advance(DAY),
        lambda: emulator.advance(7 * DAY),
        lambda: api.ok("POST", f"{path}/contact-links/bulk-delete", people),
        lambda: api.ok("DELETE", f"/v3/contacts/{ids[5]}"),
    ):
        before = (await read(emulator, http)).rows[f"sequence-{made['id']}"]
        if (done := change()) is not None:
            await done
        row = (await read(emulator, http)).rows[f"sequence-{made['id']}"]
        members = emulator.state.sequences[made["id"]].members.values()
        counts = Counter(member.status for member in members)
        assert [str(counts[status]) for status in STATUSES] == row[4:9]
        assert before != row


async def test_requests_and_contacts_are_the_newest(
    api: Api, emulator: Emulator, http: aiohttp.ClientSession
) -> None:
    """The newest stand on top, and the rest is counted."""
    await api("GET", "/v3/sequences/9")
    ids = await api.contacts(12)
    for _ in range(SHOWN_REQUESTS):
        await api.ok("GET", "/v3/whoami")
    await api("GET", "/nowhere")
    page = await read(emulator, http)
    shown = [key for key in page.rows if key.startswith("request-")]
    assert [f"request-{n}" for n in range(23, 23 - SHOWN_REQUESTS, -1)] == shown
    number, at, status, request, duration = page.rows["request-23"]
    assert ("23", "08:59:59", "404", "GET /nowhere") == (number, at, status, request)
    assert 0 <= float(duration) < 1000
    people = [key for key in page.rows if key.startswith("contact-")]
    assert [f"contact-{id_}" for id_ in ids[:-11:-1]] == people
    assert ["Person 11person11@example.com", "08:59:59"] == page.rows[people[0]][::2]
    assert {"20 of 23", "10 of 12"} <= set(page.words)


async def test_gauges_show_each_window(emulator: Emulator, http: aiohttp.ClientSession) -> None:
    """Values and words say the same, and the colour follows what is left."""
    rules = BudgetRules(minute=10, hour=1000, stats=5, window="fixed", competitor=0.01)
    emulator.set_budget(rules)
    for expected, level in ((7, "bar"), (8, "bar nearly"), (10, "bar spent")):
        while emulator.budget.granted < expected:
            emulator.budget.spend(emulator.clock.now())
        page = await read(emulator, http)
        assert {("aria-valuenow", str(expected)), ("class", level)} <= set(page.attributes)
        assert {f"{expected} of 10", f"{expected} of 1,000", "0 of 5"} <= set(page.words)
        assert ("width", f"{10 * expected}.0%") in page.attributes
    emulator.budget.spend(emulator.clock.now())
    words = set((await read(emulator, http)).words)
    assert {"fixed windows", "10 granted, 1 answered 429, a competitor spent 0"} <= words


async def test_each_user_has_a_budget(emulator: Emulator, http: aiohttp.ClientSession) -> None:
    """Those who asked for something are listed, first the emulator's own user."""
    emulator.set_budget((10, 100))
    assert "Robin Vale" not in (await read(emulator, http)).words
    emulator.budget_of(502).spend(emulator.clock.now())
    page = await read(emulator, http)
    names = [word for word in page.words if word in {"Dana Field", "Robin Vale"}]
    assert ["Dana Field", "Robin Vale"] == names
    values = [value for name, value in page.attributes if name == "aria-valuenow"]
    assert ["0", "0", "0", "1", "1", "0"] == values


async def test_outreach_goes_on_while_somebody_looks(
    api: Api, emulator: Emulator, http: aiohttp.ClientSession
) -> None:
    """The page shows what a request would meet, though none has come since."""
    made = await api.sequence()
    await api.enrol(made["id"], await api.contacts(5))
    await api.ok("POST", f"/v3/sequences/{made['id']}/start")
    emulator.clock.advance(DAY)
    assert "5" == (await read(emulator, http)).rows[f"sequence-{made['id']}"][-3]


async def test_clock_and_dialect_are_shown(http: aiohttp.ClientSession) -> None:
    """With the speed, and the entries that differ from the nearest set."""
    async with Emulator(
        "emu_test", started_at=MONDAY, speed=60, dialect="legacy,import_mode=sync_200"
    ) as emulator:
        page = await read(emulator, http)
        emulator.clock.is_held = True
        held = await read(emulator, http)
    assert {"legacy", "import_mode=sync_200"} <= set(page.words)
    assert "Mon 11 Jan 2027 UTC, 60 times as fast" in page.words
    assert "Mon 11 Jan 2027 UTC, held" in held.words


async def test_armed_faults_are_shown_and_whom_they_met(http: aiohttp.ClientSession) -> None:
    """With what they are about and their counts; a request says what it met."""
    async with Emulator("emu_test", started_at=MONDAY) as emulator:
        faults = emulator.faults
        faults.on("POST", "/v3/contacts/import").nth(2, 4).after_apply(reset=True)
        faults.on(route="/v3/whoami").probability(0.25).before_apply(status=503)
        page = await read(emulator, http)
        headers = {"Authorization": "Bearer emu_test"}
        for path, method in (("/v3/contacts/import", "POST"), ("/v3/whoami", "GET")) * 4:
            with suppress(aiohttp.ClientError):
                async with http.request(method, emulator.url + path, headers=headers, json={}):
                    pass
        met = await read(emulator, http)
    assert [
        ["after_apply reset", "POST /v3/contacts/importno. 2, 4", "0", "0", "2"],
        ["before_apply status", "any /v3/whoami25 %", "0", "0", "∞"],
    ] == [page.rows[key] for key in ("fault-1", "fault-2")]
    assert ["4", "2", "0"] == met.rows["fault-1"][2:]
    assert ["none", "POST /v3/contacts/import after_apply reset"] == met.rows["request-3"][2:4]


async def test_whatever_is_shown_is_text(
    api: Api, emulator: Emulator, http: aiohttp.ClientSession
) -> None:
    """Names, addresses and paths cannot become markup, nor leave an attribute."""
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;"
    made = await api.sequence(name=evil)
    contact = {"email": "e@example.com", "firstName": evil, "lastName": "</main>"}
    await api.ok("POST", "/v3/contacts/import", {"items": [contact]})
    await api("GET", "/v3/<b>&\"'")
    page = await read(emulator, http)
    assert f"{evil}{made['id']}" == page.rows[f"sequence-{made['id']}"][0]
    assert any(f"{evil} </main>" in cells[0] for cells in page.rows.values())
    assert {"img", "b"} & page.names == {"b"}  # the methods are set in bold
    assert ("onerror", "alert(1)") not in page.attributes
    async with http.get(f"{emulator.url}/") as answer:
        text = await answer.text()
    assert 1 == text.count("<script")
    assert "emu_test" not in text
    assert "a title=&quot;&gt;" not in element("p", title='">')
    assert '<p title="&quot;&gt;">&lt;b&gt;</p>' == element("p", "<b>", title='">')


async def test_each_id_stands_once_and_each_label_leads_somewhere(
    api: Api, emulator: Emulator, http: aiohttp.ClientSession
) -> None:
    """What assistive programs go by is sound."""
    emulator.set_budget((100, 3000))
    await fill(emulator, api)
    page = await read(emulator, http)
    assert sorted(set(page.ids)) == sorted(page.ids)
    assert {value for name, value in page.attributes if name == "aria-labelledby"} <= {*page.ids}
    assert {"header", "main", "h1", "h2"} <= page.names
    assert {("scope", "col"), ("scope", "row"), ("lang", "en")} <= set(page.attributes)


async def test_nothing_is_shown_of_what_is_old(
    api: Api, emulator: Emulator, http: aiohttp.ClientSession
) -> None:
    """A page of a large account is as long as one of a small account, and as quick."""
    for n in range(SHOWN_SEQUENCES + 2):
        await api.sequence(name=f"Number {n}")
    page = await read(emulator, http)
    assert f"{SHOWN_SEQUENCES} of {SHOWN_SEQUENCES + 2}" in page.words
    assert not any("Number 1100" in word for word in page.words)
    now = emulator.clock.now()
    for _ in range(200_000):
        emulator.state.new_contact(now)
    started = time.process_time()
    await read(emulator, http)
    assert time.process_time() - started < 0.5
