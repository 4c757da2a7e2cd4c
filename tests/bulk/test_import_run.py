"""Import runs where nothing goes wrong on the wire."""

import json
from typing import Any

import pytest
from bulk.people import ENROL, IMPORT, as_async, new_sequence, people, person, settled
from fault_proxy import FaultProxy, edit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pinned import import_answers_at_once, members_are_counted, requests_are_few

from reply_async import ContactRow, ImportOptions, Refusal, ReplySession, RunStopped
from reply_async.emulator import Emulator
from reply_async.emulator.dialects import dialects_of
from reply_async.outcome import Report, RowStatus
from reply_async.testing import run_virtual

GOOD: dict[str, Any] = {
    "good": person,
    "object": lambda n: ContactRow(email=f"object{n}@example.com", first_name="Ann"),
    "clears": lambda n: ContactRow(email=f"c{n}@example.com", first_name="Ann", title=None),
    "idn": lambda n: {"Email": f"name{n}@bücher.example", "First Name": "Ö"},
    "none": lambda n: {**person(n), "company": None, "phone": ""},
}
BAD: dict[str, tuple[Any, str]] = {
    "duplicate": (person(0), "duplicate"),
    "bad email": ({"email": "nobody", "firstName": "A"}, "email.invalid"),
    "refused email": ({"email": "a..b@example.com", "firstName": "A"}, "email.refused"),
    "no first name": ({"email": "x@example.com", "firstName": " "}, "firstName.missing"),
    "no email": ({"firstName": "A"}, "email.missing"),
    "nothing": (None, "row.invalid"),
    "unknown member": ({**person(1), "shoe size": "43"}, "member.unknown"),
    "NUL": ({**person(1), "title": "a\0b"}, "title.nul"),
    "40 kB": ({**person(1), "notes": "x" * 40_000}, "notes.too_long"),
    "surrogate": ({**person(1), "company": "\ud800"}, "company.invalid"),
    "refused by its reader": (Refusal(code="row.width"), "row.width"),
    "custom": ({**person(1), "customFields": {"Nonsense": "1"}}, "customFields.undefined"),
}


async def imported(rows: Any, dialect: str) -> tuple[Any, Report]:
    """Import rows into a new sequence of a new emulator, which names rows it refuses."""
    spoken = dialects_of(dialect).changed({"import_bad_email": "whole_400"})
    async with (
        Emulator(dialect=spoken) as emulator,
        ReplySession(emulator.key, base_url=emulator.url) as session,
    ):
        sequence_id = await new_sequence(session)
        run = session.sequence_contacts.import_rows(sequence_id, rows)
        outcome, report = await settled(run)
        emulator.ledger.assert_one_effect_each()
        members = emulator.state.sequences[sequence_id].members
        assert report.counts.enrolled == len(members)
        return outcome, report


@given(
    kinds=st.lists(st.sampled_from([*GOOD, *BAD]), max_size=30),
    is_async=st.booleans(),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_row_has_the_outcome_of_its_kind(
    dialect: str, kinds: list[str], is_async: bool
) -> None:
    """Each row ends exactly once, by its number, and the counts add up to the rows."""
    rows = [
        person(0),
        *(GOOD[kind](n) if kind in GOOD else BAD[kind][0] for n, kind in enumerate(kinds, 10)),
    ]
    outcome, report = run_virtual(imported(as_async(rows) if is_async else rows, dialect))

    expected = ["enrolled", *("enrolled" if kind in GOOD else BAD[kind][1] for kind in kinds)]
    seen_refused_email = False
    for index, kind in enumerate(kinds, 1):  # the second of the same address is a duplicate
        if kind == "refused email" and seen_refused_email:
            expected[index] = "duplicate"
        seen_refused_email = seen_refused_email or kind == "refused email"
    told = {number: row.status.value for number, row in outcome.done.items()}
    told |= {number: refusal.code for number, refusal in outcome.refused.items()}
    # The custom field is looked at after folding, so a repeat of its row is a duplicate.
    customs = [n for n, kind in enumerate(kinds, 2) if kind == "custom"]
    for number in customs[1:]:
        expected[number - 1] = "duplicate"
    assert expected == [told[number] for number in range(1, len(rows) + 1)]
    assert report.counts.rows == len(rows)
    assert report.unsent == 0


@requests_are_few
async def test_requests_of_a_run_are_as_few_as_can_be(
    session: ReplySession, proxy: FaultProxy, sequence_id: int, reply_emulator: Emulator
) -> None:
    """25,000 rows cost 25 imports, 3 enrolments and 2 others."""
    report = await session.sequence_contacts.import_rows(sequence_id, people(25_000))

    assert {"import": 25, "enrol": 3, "other": 2} == report.requests
    assert 30 == len(proxy.requests)
    assert {1000} == {len(seen.json["items"]) for seen in proxy.sent("POST", IMPORT)}
    batches = sorted(len(seen.json["contactIds"]) for seen in proxy.sent("POST", ENROL))
    assert [5_000, 10_000, 10_000] == batches
    assert 25_000 == report.counts.enrolled
    assert {"created": 25_000} == report.imported
    assert 25_000 == len(reply_emulator.state.sequences[sequence_id].members)


async def test_an_active_sequence_takes_small_batches(
    session: ReplySession, proxy: FaultProxy, sequence_id: int, reply_emulator: Emulator
) -> None:
    """In an active sequence each row is a send, hence 1,000 a request."""
    reply_emulator.state.sequences[sequence_id].status = "active"
    await session.sequence_contacts.import_rows(sequence_id, people(2_500))
    batches = sorted(len(seen.json["contactIds"]) for seen in proxy.sent("POST", ENROL))
    assert [500, 1_000, 1_000] == batches


async def test_an_enrolment_leaves_other_sequences_alone(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """The request says so, and names the step to start at only if that was asked for."""
    await session.sequence_contacts.import_rows(sequence_id, people(1))
    (seen,) = proxy.sent("POST", ENROL)
    assert {"contactIds", "removeFromExisting"} == seen.json.keys()
    assert seen.json["removeFromExisting"] is False
    (imported,) = proxy.sent("POST", IMPORT)
    assert {"items"} == imported.json.keys()


async def test_options_are_sent_as_the_api_names_them(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """Only what is set is sent; skipped contacts are told as such."""
    await session.contacts.import_rows(people(1))
    options = ImportOptions(skip_existing=True, detect_time_zone=True)
    report = await session.contacts.import_rows(people(2), options=options)
    body = json.loads(proxy.sent("POST", IMPORT)[1].body)
    assert {"skipExisting": True, "detectTimeZone": True} == body["options"]
    assert {"listIds": (4,)} == ImportOptions(list_ids=(4,)).encode()
    assert (1, 1) == (report.counts.skipped, report.counts.created)


async def test_a_plain_import_tells_what_became_of_contacts(
    session: ReplySession, reply_emulator: Emulator
) -> None:
    """Created, updated and restored are told apart; there is no enrolment."""
    await session.contacts.import_rows(people(3))
    reply_emulator.state.delete_contact(reply_emulator.state.contact_list()[0])
    options = ImportOptions(restore_deleted=True)
    outcome, report = await settled(session.contacts.import_rows(people(4), options=options))
    expected = [RowStatus.RESTORED, RowStatus.UPDATED, RowStatus.UPDATED, RowStatus.CREATED]
    assert expected == [outcome.done[number].status for number in (1, 2, 3, 4)]
    assert {"import": 1, "other": 1} == report.requests


@requests_are_few
async def test_members_are_told_and_not_sent(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """Whoever is in already is read before the run, page by page, and is not sent again."""
    await session.sequence_contacts.import_rows(sequence_id, people(1_500))
    proxy.requests.clear()
    report = await session.sequence_contacts.import_rows(sequence_id, people(1_510))
    assert (1_500, 10) == (report.counts.already_in, report.counts.enrolled)
    assert {"import": 2, "enrol": 1, "other": 4} == report.requests
    (seen,) = proxy.sent("POST", ENROL)
    assert 10 == len(seen.json["contactIds"])


async def test_members_are_read_to_the_last_page_of_a_server_with_small_pages(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """A page that is shorter than asked for is not the last one while more is promised."""
    await session.sequence_contacts.import_rows(sequence_id, people(20))
    proxy.on(
        "GET",
        r"/contacts$",
        edit(lambda page: {"items": page["items"][:7], "hasMore": len(page["items"]) > 7}),
    )
    report = await session.sequence_contacts.import_rows(sequence_id, people(20))
    assert 20 == report.counts.already_in


async def test_two_rows_that_become_one_contact_are_enrolled_once(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """The server may match two addresses with one contact; the later row is already in."""

    def same_id(answer: Any) -> Any:
        for item in answer["items"][1:]:
            item["id"] = answer["items"][0]["id"]
        return answer

    proxy.on("POST", IMPORT, edit(same_id))
    outcome, report = await settled(session.sequence_contacts.import_rows(sequence_id, people(3)))
    assert (1, 2) == (report.counts.enrolled, report.counts.already_in)
    assert RowStatus.ENROLLED is outcome.done[1].status
    (seen,) = proxy.sent("POST", ENROL)
    assert 1 == len(seen.json["contactIds"])


async def test_undefined_custom_fields_are_refused_unsent(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """The fields are read once for the run; a defined one goes out with its value."""
    rows = [
        {**person(1), "customFields": {"Region": "North"}},
        {**person(2), "customFields": {"Regoin": "North"}},
        *people(1_500, first=3),
        {**person(5_000), "customFields": {"Region": "South"}},
    ]
    report = await session.sequence_contacts.import_rows(sequence_id, rows)
    assert ["customFields.undefined"] == [refusal.code for refusal in report.refused.values()]
    assert 1 == len(proxy.sent("GET", "/v3/custom-fields"))
    first = proxy.sent("POST", IMPORT)[0].json["items"]
    assert [{"name": "Region", "value": "North"}] == first[0]["customFields"]
    assert 999 == len(first)


@members_are_counted
async def test_an_enrolment_refusal_by_slug_or_number_is_the_row_s(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """Slugs are kept, old numbers translated, and who is in already is done."""

    def refuse(answer: Any) -> Any:
        first, second, third, *rest = answer["added"]
        return {
            "added": rest,
            "notProcessed": {
                str(first): {"error": 7, "errorDetails": "gone"},
                str(second): {"error": "contactOptedOut"},
                str(third): {"error": "contactAlreadyInSequence"},
            },
        }

    proxy.on("POST", ENROL, edit(refuse))
    outcome, report = await settled(session.sequence_contacts.import_rows(sequence_id, people(5)))
    assert ("contactNotFound", 7) == (outcome.refused[1].code, outcome.refused[1].raw_code)
    assert "contactOptedOut" == outcome.refused[2].code
    assert RowStatus.ALREADY_IN is outcome.done[3].status
    assert {"enrol": 1, "import": 1, "other": 2} == report.requests


@import_answers_at_once
async def test_the_account_limit_ends_the_run_once(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """The rows of the answer are refused; the rest stays unsent and no request follows."""

    def limit(answer: Any) -> Any:
        failures = {str(id_): {"error": "contactLimitExceeded"} for id_ in answer["added"][1:]}
        return {"added": answer["added"][:1], "notProcessed": failures}

    proxy.on("POST", ENROL, edit(limit))
    run = session.sequence_contacts.import_rows(sequence_id, people(30_000))
    with pytest.raises(RunStopped) as stopped:
        await run
    report = stopped.value.report
    assert (1, 9_999) == (report.counts.enrolled, report.counts.refused)
    assert 1 == len(proxy.sent("POST", ENROL))
    assert report.unsent == report.counts.rows - 10_000
    assert report.requests["import"] < 30
