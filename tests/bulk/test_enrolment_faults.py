"""Enrolments that are lost, answered in part, or refused as a whole."""

from typing import Any

import pytest
from bulk.people import COUNT, ENROL, MEMBERS, as_async, known_contacts, people, settled
from fault_proxy import FaultProxy, answer, apply_and_drop, drop, edit
from pinned import import_answers_at_once, members_are_counted, refusals_have_one_word

from reply_async import ApiError, NotFound, ReplySession, RunStopped
from reply_async.emulator import Emulator
from reply_async.outcome import RowStatus
from reply_async.testing import VirtualClockLoop


@members_are_counted
@pytest.mark.parametrize("fault", [apply_and_drop, edit(lambda _: []), edit(lambda _: {"x": 1})])
async def test_an_applied_enrolment_is_found_and_not_sent_again(
    session: ReplySession, proxy: FaultProxy, sequence_id: int, fault: Any
) -> None:
    """After a lost or unreadable answer the members are read, and all are there."""
    proxy.on("POST", ENROL, fault, calls=(1,))
    report = await session.sequence_contacts.import_rows(sequence_id, people(50))
    assert 50 == report.counts.enrolled
    assert 1 == len(proxy.sent("POST", ENROL))
    assert 1 == len(proxy.sent("GET", MEMBERS))


@members_are_counted
async def test_reading_back_pages_until_everybody_is_found(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """2,500 members are three pages, newest first, and one enrolment."""
    proxy.on("POST", ENROL, apply_and_drop, calls=(1,))
    report = await session.sequence_contacts.import_rows(sequence_id, people(2_500))
    assert 2_500 == report.counts.enrolled
    skips = [seen.query for seen in proxy.sent("GET", MEMBERS)]
    assert [f"top=1000&skip={skip}" for skip in (0, 1000, 2000)] == skips


@members_are_counted
async def test_an_enrolment_lost_before_it_was_applied_is_sent_again_once(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """Three reads, about 1, 5 and 15 s after the loss, agree that nobody is in."""
    proxy.on("POST", ENROL, drop, calls=(1,))
    report = await session.sequence_contacts.import_rows(sequence_id, people(50))
    assert 50 == report.counts.enrolled
    first, second = proxy.sent("POST", ENROL)
    assert first.body == second.body
    reads = [round(seen.at - first.at) for seen in proxy.sent("GET", MEMBERS)]
    assert [1, 5, 15] == reads


async def test_only_who_is_missing_is_sent_again(
    session: ReplySession, proxy: FaultProxy, sequence_id: int, reply_emulator: Emulator
) -> None:
    """A server that applied half of a batch gets the other half, not the whole."""
    ids = await known_contacts(session, 10)
    proxy.requests.clear()

    async def half(_forward: Any) -> None:
        async with ReplySession(reply_emulator.key, base_url=reply_emulator.url) as other:
            await other.sequence_contacts.add_many(sequence_id, ids[:5])

    proxy.on("POST", ENROL, half, calls=(1,))
    report = await session.sequence_contacts.add_many(sequence_id, ids)
    assert 10 == report.counts.enrolled
    again = proxy.sent("POST", ENROL)[1].json["contactIds"]
    assert ids[5:] == again


async def test_one_read_that_sees_somebody_settles_them(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """Members that show late are found by a later read; nobody is sent twice."""
    proxy.on("POST", ENROL, apply_and_drop, calls=(1,))
    nobody = edit(lambda page: {**page, "items": []})
    proxy.on("GET", MEMBERS, nobody, calls=(1, 2))
    report = await session.sequence_contacts.import_rows(sequence_id, people(50))
    assert 50 == report.counts.enrolled
    assert 1 == len(proxy.sent("POST", ENROL))
    assert 3 == len(proxy.sent("GET", MEMBERS))


async def test_an_id_in_neither_list_is_read_back(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """An answer that forgets somebody says nothing about them: the members do."""
    forget = edit(lambda data: {**data, "added": data["added"][:-2]})
    proxy.on("POST", ENROL, forget, calls=(1,))
    outcome, report = await settled(session.sequence_contacts.import_rows(sequence_id, people(5)))
    assert 5 == report.counts.enrolled
    assert 5 == len(outcome.done)
    assert 1 == len(proxy.sent("POST", ENROL))


@members_are_counted
@pytest.mark.parametrize("calls", [(1,), (3,)])
async def test_a_read_that_fails_leaves_them_unknown(
    session: ReplySession, proxy: FaultProxy, sequence_id: int, calls: tuple[int, ...]
) -> None:
    """Without three reads that agree nobody is proven absent, so nobody is sent again."""
    proxy.on("POST", ENROL, drop, calls=(1,))
    proxy.on("GET", MEMBERS, answer(403, {"title": "Forbidden"}), calls=calls)
    outcome, report = await settled(session.sequence_contacts.import_rows(sequence_id, people(5)))
    assert 5 == len(outcome.unknown) == report.counts.unknown
    assert 1 == len(proxy.sent("POST", ENROL))
    assert len(proxy.sent("GET", MEMBERS)) == calls[0]


@pytest.mark.parametrize(
    ("path", "reply"),
    [
        (COUNT, answer(404, {"code": "sequenceContact.sequenceNotFound"})),
        (MEMBERS, answer(200, {"items": [], "hasMore": True})),
    ],
)
async def test_an_empty_page_proves_nothing_by_itself(
    session: ReplySession, proxy: FaultProxy, sequence_id: int, path: str, reply: Any
) -> None:
    """A missing sequence lists as an empty one, and a page may promise what it lacks."""
    run = session.sequence_contacts.import_rows(sequence_id, people(5))
    proxy.on("POST", ENROL, drop, calls=(1,))
    async with run:
        proxy.on("GET", path, reply)
        report = await run
    assert 5 == report.counts.unknown
    assert 1 == len(proxy.sent("POST", ENROL))


@members_are_counted
async def test_a_resend_that_is_lost_is_read_back_and_then_parked(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """Two enrolments at most, and both are followed by reads."""
    proxy.on("POST", ENROL, drop)
    report = await session.sequence_contacts.import_rows(sequence_id, people(5))
    assert 5 == report.counts.unknown
    assert 2 == len(proxy.sent("POST", ENROL))
    assert 6 == len(proxy.sent("GET", MEMBERS))


async def test_a_resend_that_was_applied_is_found(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """The second loss is read back like the first."""
    proxy.on("POST", ENROL, drop, calls=(1,))
    proxy.on("POST", ENROL, apply_and_drop)
    report = await session.sequence_contacts.import_rows(sequence_id, people(5))
    assert 5 == report.counts.enrolled
    assert 2 == len(proxy.sent("POST", ENROL))


async def test_a_start_step_forbids_the_resend(
    session: ReplySession, proxy: FaultProxy, sequence_id: int, reply_emulator: Emulator
) -> None:
    """A second enrolment at a step could move somebody, so the rows are parked."""
    step_id = reply_emulator.state.sequences[sequence_id].steps[0].id
    proxy.on("POST", ENROL, drop, calls=(1,))
    run = session.sequence_contacts.import_rows(sequence_id, people(5), start_step_id=step_id)
    report = await run
    assert 5 == report.counts.unknown
    (seen,) = proxy.sent("POST", ENROL)
    assert step_id == seen.json["startStepId"]


async def test_a_row_of_an_undecided_contact_is_undecided_too(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """A later row of the same contact is not sent, whatever became of the first."""
    ids = await known_contacts(session, 1)
    one = edit(lambda data: {**data, "items": [{**item, "id": ids[0]} for item in data["items"]]})
    proxy.on("POST", "/contacts/import", one)
    proxy.on("POST", ENROL, drop)
    report = await session.sequence_contacts.import_rows(sequence_id, people(3))
    assert 3 == report.counts.unknown
    assert 2 == len(proxy.sent("POST", ENROL))


@import_answers_at_once
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "sequenceContact.sequenceNotFound", NotFound),
        (400, "sequence.archived", ApiError),
        (400, "sequenceContact.noStepsInSequence", ApiError),
    ],
)
async def test_a_lost_target_stops_the_run(
    session: ReplySession,
    proxy: FaultProxy,
    sequence_id: int,
    status: int,
    code: str,
    kind: type[Exception],
) -> None:
    """Rows are not refused for it: what was not enrolled is unsent."""
    proxy.on("POST", ENROL, answer(status, {"code": code}), calls=range(2, 100))
    with pytest.raises(RunStopped) as stopped:
        await session.sequence_contacts.import_rows(sequence_id, people(40_000))
    report = stopped.value.report
    assert isinstance(stopped.value.__cause__, kind)
    assert (10_000, 0, 0) == (report.counts.enrolled, report.counts.refused, report.counts.unknown)
    assert report.counts.rows - 10_000 == report.unsent > 0
    assert 2 == len(proxy.sent("POST", ENROL))
    assert report.requests["import"] < 40


async def test_who_was_found_stays_found_when_the_rest_is_refused(
    session: ReplySession, proxy: FaultProxy, sequence_id: int, reply_emulator: Emulator
) -> None:
    """Half of a lost batch is in; the other half meets an archived sequence."""
    ids = await known_contacts(session, 10)

    async def half(_forward: Any) -> None:
        async with ReplySession(reply_emulator.key, base_url=reply_emulator.url) as other:
            await other.sequence_contacts.add_many(sequence_id, ids[:5])

    proxy.on("POST", ENROL, half, calls=(1,))
    proxy.on("POST", ENROL, answer(400, {"code": "sequence.archived"}))
    with pytest.raises(RunStopped) as stopped:
        await session.sequence_contacts.add_many(sequence_id, ids)
    counts = stopped.value.report.counts
    assert (5, 5, 0) == (counts.enrolled, counts.unsent, counts.refused)


@members_are_counted
async def test_a_throttled_enrolment_is_sent_again_without_a_read(
    session: ReplySession, proxy: FaultProxy, sequence_id: int, reply_clock: VirtualClockLoop
) -> None:
    """A 429 was refused before any work began; the run waits as long as it is asked to."""
    proxy.on("POST", ENROL, answer(429, {}, **{"Retry-After": "1800"}), calls=(1,))
    report = await session.sequence_contacts.import_rows(sequence_id, people(5))
    assert 5 == report.counts.enrolled
    assert not proxy.sent("GET", MEMBERS)
    assert reply_clock.time() > 1_800


async def test_a_server_without_the_count_is_asked_for_its_members(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """The count is announced, not promised: without its route the members are read."""
    await session.sequence_contacts.import_rows(sequence_id, people(5))
    proxy.on("GET", COUNT, answer(404, {"title": "Route not found"}))
    report = await session.sequence_contacts.import_rows(sequence_id, people(6))
    assert (5, 1) == (report.counts.already_in, report.counts.enrolled)


@refusals_have_one_word
async def test_add_many_settles_by_position(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """Duplicates and what is no id are refused by their place, strangers by the server."""
    ids = await known_contacts(session, 3)
    proxy.requests.clear()
    given: list[Any] = [ids[0], True, -1, ids[1], ids[0], 999_999, "x", str(ids[2])]
    outcome, report = await settled(session.sequence_contacts.add_many(sequence_id, given))
    codes = {number: refusal.code for number, refusal in outcome.refused.items()}
    wrong = dict.fromkeys((2, 3, 7), "id.invalid")
    assert {**wrong, 5: "duplicate", 6: "invalidInput"} == codes
    assert 1 == outcome.refused[5].duplicate_of
    assert {1: ids[0], 4: ids[1], 8: ids[2]} == {n: r.contact_id for n, r in outcome.done.items()}
    assert {RowStatus.ENROLLED} == {row.status for row in outcome.done.values()}
    assert {"other": 2, "enrol": 1} == report.requests


@members_are_counted
async def test_add_many_cuts_batches(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """12,000 ids are two enrolments and two other requests, here from an async iterable."""
    ids = await known_contacts(session, 12_000)
    proxy.requests.clear()
    report = await session.sequence_contacts.add_many(sequence_id, as_async(ids))
    assert {"enrol": 2, "other": 2} == report.requests
    assert 12_000 == report.counts.enrolled


@members_are_counted
async def test_add_many_of_nobody_looks_and_ends(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """An empty input is a run of no rows."""
    report = await session.sequence_contacts.add_many(sequence_id, [])
    assert (0, {"other": 2}) == (report.counts.rows, report.requests)
    assert not proxy.sent("POST", "")
