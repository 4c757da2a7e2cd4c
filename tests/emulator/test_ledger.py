from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import evolve
from emulator.client import email

from reply_async.emulator.budget import BudgetRules
from reply_async.emulator.effects import Effects
from reply_async.emulator.windows import KINDS
from reply_async.outcome import Counts, Refusal, Report

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator
    from reply_async.session import ReplySession
    from reply_async.testing import VirtualClockLoop

DAY = 86_400


async def test_effects_are_told_by_request(api: Api) -> None:
    """Who was created, enrolled and removed, by the number of the request; reads leave none."""
    made = await api.sequence(email(variants=2))  # 1
    first, second = await api.contacts(2)  # 2
    await api.enrol(made["id"], [first, second])  # 3
    await api.ok("GET", f"/v3/sequences/{made['id']}")  # 4
    await api.ok("PATCH", f"/v3/contacts/{first}", {"city": "Oslo"})  # 5
    await api.ok("DELETE", f"/v3/contacts/{second}")  # 6

    async def effects(query: str) -> list[tuple[int, str, list[int]]]:
        shown = (await api.control("GET", f"ledger?{query}"))["effects"]
        return [(entry["request"], entry["effect"], entry["ids"]) for entry in shown]

    assert [(1, "sequence_created", [made["id"]])] == await effects("request=1")
    assert [(2, "contact_created", [first, second])] == await effects("request=2")
    assert [] == await effects("request=4")
    assert [(6, "removed", [second]), (6, "contact_deleted", [second])] == await effects(
        "request=6"
    )
    assert [
        (2, "contact_created", [first]),
        (3, "enrolled", [first]),
        (5, "contact_updated", [first]),
    ] == await effects(f"contact={first}")
    shown = await api.control("GET", f"ledger?sequence={made['id']}")
    assert [(3, "enrolled", 2), (6, "removed", 1)] == [
        (entry["request"], entry["effect"], entry["count"]) for entry in shown["effects"]
    ]


async def test_messages_are_told_by_step_variant_and_time(api: Api, emulator: Emulator) -> None:
    """Each one that the clock sent, as often as the statistics count it."""
    made = await api.sequence(email(variants=2), email(None, delay=1440))
    path = f"/v3/sequences/{made['id']}"
    ids = await api.contacts(20)
    await api.enrol(made["id"], ids)
    await api.ok("POST", f"{path}/start")
    emulator.advance(4 * DAY)
    body = {"filters": {"dateRangePreset": "allTime"}}
    sent = (await api.ok("POST", f"{path}/stats", body))["emailOverview"]["contacted"]
    assert sent == len(emulator.ledger.messages) == emulator.ledger.counts["message_sent"] > 20
    first, second = (step["id"] for step in made["steps"])
    shown = await api.control("GET", f"state?sequence={made['id']}")
    assert [20, sent - 20] == [step["messages"] for step in shown["steps"]]
    assert 20 == sum(shown["members_by_status"].values())
    told = (await api.control("GET", f"ledger?contact={ids[1]}"))["messages"]
    assert [first, second] == [message["step_id"] for message in told]
    assert made["steps"][0]["variants"][1]["id"] == told[0]["variant_id"]
    assert ["2027-01-11T09:00:00+00:00", "2027-01-12"] == [told[0]["at"], told[1]["at"][:10]]
    emulator.ledger.assert_no_message_twice()


async def test_a_message_sent_twice_is_named(api: Api, emulator: Emulator) -> None:
    """Whoever is taken out and enrolled again reads the same mail twice."""
    made = await api.sequence()
    path = f"/v3/sequences/{made['id']}"
    ids = await api.contacts(3)
    await api.enrol(made["id"], ids)
    await api.ok("POST", f"{path}/start")
    emulator.advance(DAY)
    await api.ok("DELETE", f"{path}/contact-links/{ids[0]}")
    await api.enrol(made["id"], ids[:1])
    emulator.advance(DAY)
    emulator.ledger.assert_one_effect_each()
    step_id = made["steps"][0]["id"]
    names = f"1 messages sent twice: contact {ids[0]}, step {step_id} of sequence {made['id']}"
    with pytest.raises(AssertionError, match=names):
        emulator.ledger.assert_no_message_twice()
    checked = await api.control("GET", "ledger?check=all")
    assert not checked["ok"]
    assert {"no_message_twice": 1} == {
        name: entry["failures"] for name, entry in checked["checks"].items() if entry["failures"]
    }
    assert (await api.control("GET", "ledger?check=one_effect_each,no_429"))["ok"]
    assert 400 == (await api("GET", "/_emulator/ledger?check=nothing", headers={}))[0]


@pytest.mark.parametrize(("kind", "is_kept"), [("fixed", False), ("bucket", False), ("log", True)])
async def test_bursts_that_a_kind_of_window_lets_through_are_named(
    api: Api, emulator: Emulator, kind: str, is_kept: bool
) -> None:
    """Three at the end of a minute and three in the next: granted, and too many in a minute."""
    emulator.set_budget(BudgetRules(minute=3, hour=100, window=kind, competitor=0.5))
    emulator.advance(1 + 55)  # 09:00:55
    for _ in range(3):
        await api("GET", "/v3/whoami")
    emulator.ledger.assert_windows_respected()
    emulator.advance(59.5)
    answered = [(await api("GET", "/v3/whoami"))[0] for _ in range(3)]
    if is_kept:
        assert 429 in answered
        emulator.ledger.assert_windows_respected()
        return
    words = (
        r"1 limits not kept: [456] requests of user 501 from 2027-01-11T09:00:55\.000\+00:00 to "
        r"2027-01-11T09:01:54\.500\+00:00, where the limit minute is 3 in 60 s"
    )
    with pytest.raises(AssertionError, match=words):
        emulator.ledger.assert_windows_respected()
    checked = await api.control("GET", "ledger?check=windows_respected")
    assert not checked["ok"]


@pytest.mark.parametrize("kind", KINDS)
async def test_refused_requests_do_no_harm_to_a_window(
    api: Api, emulator: Emulator, kind: str
) -> None:
    """Counted or not, what was refused is told by another check."""
    emulator.set_budget(BudgetRules(minute=2, window=kind, counts_refused=True))
    for _ in range(2):
        await api("GET", "/v3/whoami")
    emulator.ledger.assert_no_429()
    await api("GET", "/v3/whoami")
    emulator.ledger.assert_windows_respected()
    with pytest.raises(AssertionError, match="1 requests of user 501, the last at 2027"):
        emulator.ledger.assert_no_429()


async def test_other_rules_wash_nothing_away(api: Api, emulator: Emulator) -> None:
    """What was refused, and what was too much, is held against a run until the reset."""
    emulator.set_budget(BudgetRules(minute=2, hour=None, window="fixed"))
    for seconds in (1, 0):  # at the end of a minute and in the next
        for _ in range(2):
            await api("GET", "/v3/whoami")
        emulator.advance(seconds)
    assert 429 == (await api("GET", "/v3/whoami"))[0]
    await api.control("POST", "budget", {"whole_seconds": True})
    emulator.set_budget((100, 3000))
    assert 200 == (await api("GET", "/v3/whoami"))[0]
    with pytest.raises(AssertionError, match="1 requests of user 501, the last at 2027"):
        emulator.ledger.assert_no_429()
    with pytest.raises(AssertionError, match=r"1 limits not kept: 4 requests .* minute is 2"):
        emulator.ledger.assert_windows_respected()
    told = await api.control("GET", "budget")
    assert (5, 1, 1) == (told["granted"], told["answered_429"], len(told["last_429"]))
    assert 1 == told["windows"][0]["used"]
    emulator.reset()
    emulator.ledger.assert_no_429()
    emulator.ledger.assert_windows_respected()


async def test_members_who_come_from_nowhere_are_named(api: Api, emulator: Emulator) -> None:
    """The state has to agree with the effects."""
    made = await api.sequence()
    ids = await api.contacts(2)
    await api.enrol(made["id"], ids)
    emulator.ledger.assert_members_agree()
    members = emulator.state.sequences[made["id"]].members
    members[7] = members.pop(ids[0])
    match = f"sequence {made['id']} lacks \\[{ids[0]}\\] and has \\[7\\] besides"
    with pytest.raises(AssertionError, match=match):
        emulator.ledger.assert_members_agree()


async def test_a_run_conserves_its_rows(
    reply_session: ReplySession, reply_emulator: Emulator
) -> None:
    """Reports of real runs agree with the state; what came before can be left out."""
    step = {"type": "call", "delayInMinutes": 0}
    made = await reply_session.request(
        "POST", "/v3/sequences", body={"name": "A", "emailAccounts": [101], "steps": [step]}
    )
    rows = [{"email": f"p{n}@example.com", "firstName": "P"} for n in range(30)]
    bad = [{"email": "nobody", "firstName": "P"}, rows[0]]
    plain = await reply_session.contacts.import_rows(rows[:10])
    reply_emulator.ledger.assert_conserved(plain)
    since = max(entry.number for entry in reply_emulator.requests)
    report = await reply_session.sequence_contacts.import_rows(made["id"], [*rows, *bad])
    assert (30, 2) == (report.counts.enrolled, report.counts.refused)
    ledger = reply_emulator.ledger
    ledger.assert_conserved(plain, report)
    ledger.assert_conserved(report, since=since)
    wrong = evolve(report, counts=evolve(report.counts, enrolled=29))
    with pytest.raises(AssertionError, match="30 enrolled, and 29 by the reports"):
        ledger.assert_conserved(wrong)
    with pytest.raises(AssertionError, match="30 created, and 10 by the reports"):
        ledger.assert_conserved(plain)


async def test_rows_are_conserved_when_answers_are_lost(
    reply_clock: VirtualClockLoop, reply_session: ReplySession, reply_emulator: Emulator
) -> None:
    """Applied, and the answer lost: of the import first, then of the enrolment."""
    step = {"type": "call", "delayInMinutes": 0}
    body = {"name": "A", "emailAccounts": [101], "steps": [step]}
    made = await reply_session.request("POST", "/v3/sequences", body=body)
    for path in ("/v3/contacts/import", "/v3/sequences/{id}/contact-links/bulk"):
        reply_emulator.faults.on("POST", path).nth(1).after_apply(reset=True)
    rows = [{"email": f"p{n}@example.com", "firstName": "P"} for n in range(30)]
    report = await reply_session.sequence_contacts.import_rows(made["id"], rows)
    assert (30, {}) == (report.counts.enrolled, report.imported)
    assert 1 < reply_clock.time()
    reply_emulator.ledger.assert_conserved(report)
    reply_emulator.ledger.assert_one_effect_each()


@pytest.mark.parametrize(
    ("report", "match"),
    [
        (Report(counts=Counts(created=1)), "0 created, and 1 by"),
        (Report(counts=Counts(enrolled=1), requests={"enrol": 1}), "0 enrolled, and 1 by"),
        (Report(counts=Counts(refused=2), refused={1: Refusal(code="x")}), "2 rows .* 1 listed"),
        (
            Report(
                counts=Counts(refused=1, unknown=1),
                refused={1: Refusal(code="x")},
                unknown={1: "lost"},
            ),
            r"rows \[1\] are both",
        ),
        (Report(counts=Counts(unknown=1), unknown={3: "lost"}), r"rows \[3\] of only 1"),
    ],
)
async def test_reports_at_odds_are_refused(emulator: Emulator, report: Report, match: str) -> None:
    """With the state or with themselves."""
    with pytest.raises(AssertionError, match=match):
        emulator.ledger.assert_conserved(report)


async def test_rows_in_doubt_may_have_been_enrolled(api: Api, emulator: Emulator) -> None:
    """An unknown row stands for one effect or none, never for two."""
    made = await api.sequence()
    ids = await api.contacts(3)
    since = 2
    report = Report(counts=Counts(unknown=2), unknown={1: "lost", 2: "lost"})
    for number in range(3):
        emulator.ledger.assert_conserved(report, since=since)
        await api.enrol(made["id"], ids[number : number + 1])
    with pytest.raises(AssertionError, match="3 enrolled, and 0 to 2 by the reports"):
        emulator.ledger.assert_conserved(report, since=since)


async def test_state_tells_a_sequence_and_a_contact(api: Api) -> None:
    """Members by status and by step, and where somebody is; what is missing is a 404."""
    made = await api.sequence()
    first, second = await api.contacts(2)
    await api.enrol(made["id"], [first, second])
    body = {"contactIds": [second], "statusInSequence": "paused"}
    await api.ok("POST", f"/v3/sequences/{made['id']}/contacts/set-status-in-sequence", body)
    shown = await api.control("GET", f"state?sequence={made['id']}")
    assert {"active": 1, "paused": 1} == shown["members_by_status"]
    assert {str(made["steps"][0]["id"]): 2} == shown["members_by_step"]
    told = await api.control("GET", f"state?contact={second}")
    assert {str(made["id"]): "paused"} == {
        key: entry["status"] for key, entry in told["sequences"].items()
    }
    for query in ("sequence=9", "contact=9"):
        status, problem = await api("GET", f"/_emulator/state?{query}", headers={})
        assert (404, f"There is no {query.replace('=', ' ')}.") == (status, problem["detail"])


def test_a_million_effects_stay_small() -> None:
    """Four bytes for a contact: columns, not objects."""
    effects = Effects()
    for number in range(1, 101):
        effects.add(number, "enrolled", 10_000, range(10_000), sequence_id=1)
    assert 4 == effects._ids.itemsize
    (one,) = effects.select(request_number=100)
    assert (10_000, 9_999) == (one.count, one.ids[-1])
