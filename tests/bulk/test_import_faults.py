"""Imports that are refused in part, refused as a whole, or lost."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from bulk.people import ENROL, IMPORT, WHOAMI, people, person, settled
from fault_proxy import FaultProxy, answer, apply_and_close, apply_and_drop, drop, edit
from pinned import bad_addresses_refuse_all, import_answers_at_once, requests_are_few

from reply_async import (
    ApiError,
    ConnectionFailed,
    Forbidden,
    ImportOptions,
    ReplySession,
    RunStopped,
    Unauthorized,
)
from reply_async.emulator import Emulator
from reply_async.outcome import RowStatus
from reply_async.testing import VirtualClockLoop

NO_POINTER = {"title": "Bad request", "code": "contact.invalidInput", "detail": "Something."}


@bad_addresses_refuse_all
async def test_rows_named_by_a_400_are_ejected(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """They are refused with the member's name; the others go out again, once."""
    rows = [person(1), {**person(2), "email": "a..b@example.com"}, person(3)]
    outcome, report = await settled(session.sequence_contacts.import_rows(sequence_id, rows))
    assert {1, 3} == outcome.done.keys()
    assert "email.refused" == outcome.refused[2].code
    assert outcome.refused[2].detail
    first, second = proxy.sent("POST", IMPORT)
    assert [item for n, item in enumerate(first.json["items"]) if n != 1] == second.json["items"]
    assert 2 == report.requests["import"]


async def test_rows_named_one_at_a_time_are_ejected_one_at_a_time(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """However many rounds that takes, no row is lost and nothing overflows."""

    def one() -> Any:
        return {"title": "Validation failed", "errors": [{"pointer": "/items/0/email"}]}

    proxy.on("POST", IMPORT, answer(400, one()), calls=range(1, 601))
    report = await session.contacts.import_rows(people(700))
    assert (600, 100) == (report.counts.refused, report.counts.created)


@import_answers_at_once
@pytest.mark.parametrize("bad", [1, 500, 777, 1000])
async def test_a_400_that_names_nobody_is_narrowed_down_by_halves(
    session: ReplySession, proxy: FaultProxy, bad: int
) -> None:
    """One bad row costs about two requests per halving, and only it is refused."""
    address = person(bad)["email"]

    async def refuse(forward: Any) -> Any:
        is_bad = any(item["email"] == address for item in proxy.requests[-1].json["items"])
        return await (answer(400, NO_POINTER)(forward) if is_bad else forward())

    proxy.on("POST", IMPORT, refuse)
    outcome, _ = await settled(session.contacts.import_rows(people(1_000)))
    assert [bad] == list(outcome.refused)
    assert "contact.invalidInput" == outcome.refused[bad].code
    assert 999 == len(outcome.done)
    assert len(proxy.sent("POST", IMPORT)) <= 2 * 10 + 1


async def test_a_400_about_the_options_stops_the_run(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """It is no row's fault: nothing is refused for it, and halves are not tried."""
    problem = {"title": "Validation failed", "errors": [{"pointer": "/options/listIds/0"}]}
    proxy.on("POST", IMPORT, answer(400, problem))
    options = ImportOptions(list_ids=(9,))
    with pytest.raises(RunStopped) as stopped:
        await session.contacts.import_rows(people(10), options=options)
    assert 1 == len(proxy.sent("POST", IMPORT))
    assert (0, 10) == (stopped.value.report.counts.refused, stopped.value.report.unsent)


@pytest.mark.parametrize("fault", [drop, apply_and_drop, answer(502)])
async def test_a_lost_import_is_sent_again_with_the_same_bytes(
    session: ReplySession, proxy: FaultProxy, sequence_id: int, reply_emulator: Emulator, fault: Any
) -> None:
    """Contacts are matched by e-mail, so nobody is doubled, applied or not."""
    proxy.on("POST", IMPORT, fault, calls=(1,))
    outcome, report = await settled(session.sequence_contacts.import_rows(sequence_id, people(50)))
    first, second = proxy.sent("POST", IMPORT)
    assert first.body == second.body
    assert 50 == len(reply_emulator.state.contacts)
    assert 50 == report.counts.enrolled
    # Whether they were created by the first try or by the second cannot be told.
    assert {None} == {row.imported for row in outcome.done.values()}
    assert {} == report.imported


async def test_an_import_lost_three_times_is_parked(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """It is sent three times in all; its rows are unknown, and the run goes on."""
    proxy.on("POST", IMPORT, drop, calls=(1, 2, 3))
    run = session.sequence_contacts.import_rows(sequence_id, people(1_000))
    outcome, report = await settled(run)
    assert 3 == report.requests["import"]
    assert 1_000 == len(outcome.unknown)
    assert not proxy.sent("POST", ENROL)
    assert not outcome.done


async def test_an_overwriting_import_is_never_sent_again(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """A repeat could undo an edit that was made in between."""
    proxy.on("POST", IMPORT, apply_and_drop, calls=(1,))
    options = ImportOptions(overwrite_existing=True)
    outcome, _ = await settled(session.contacts.import_rows(people(5), options=options))
    assert 5 == len(outcome.unknown)
    assert 1 == len(proxy.sent("POST", IMPORT))


async def test_on_unknown_stop_ends_the_run_there(session: ReplySession, proxy: FaultProxy) -> None:
    """Nothing new is sent after the first undecided chunk; the end is no error."""
    proxy.on("POST", IMPORT, drop)
    run = session.contacts.import_rows(people(50_000), on_unknown="stop")
    report = await run
    assert 1_000 <= report.counts.unknown <= 4_000
    assert report.unsent == report.counts.rows - report.counts.unknown
    assert report.counts.rows < 10_000


@pytest.mark.parametrize("count", [2, 4])
async def test_results_that_do_not_match_the_rows_are_not_believed(
    session: ReplySession, proxy: FaultProxy, count: int
) -> None:
    """Results go by position, so another number of them says nothing; the rows go again."""
    resize = edit(lambda data: {**data, "items": (data["items"] * 2)[:count]})
    proxy.on("POST", IMPORT, resize, calls=(1,))
    outcome, report = await settled(session.contacts.import_rows(people(3)))
    assert 3 == len(outcome.done)
    assert 2 == report.requests["import"]


async def test_failed_and_effectless_rows_are_refused(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """A row without an id is no success, whatever its status says."""
    results = [
        {"id": None, "status": "failed", "error": "Invalid data"},
        {"id": None, "status": "skipped", "error": None, "skipReason": "noEditPermission"},
        {"id": None, "status": "skipped", "error": None},
        {"id": 7, "status": "skipped", "error": None},
        {"id": 8, "status": "merged", "error": None},
    ]
    proxy.on("POST", IMPORT, answer(200, {"items": results}))
    outcome, _ = await settled(session.contacts.import_rows(people(5)))
    codes = [outcome.refused[number].code for number in (1, 2, 3)]
    assert ["import.failed", "noEditPermission", "import.skipped"] == codes
    assert RowStatus.SKIPPED is outcome.done[4].status
    assert 8 == outcome.done[5].contact_id


async def test_a_401_in_mid_run_is_believed_after_a_second_look(
    session: ReplySession, proxy: FaultProxy, sequence_id: int, reply_clock: VirtualClockLoop
) -> None:
    """45 s later whoami is asked; while the key is refused nothing more goes out."""
    proxy.on("POST", IMPORT, answer(401), calls=range(2, 10_000))
    proxy.on("GET", WHOAMI, answer(401))
    with pytest.raises(RunStopped) as stopped:
        await session.sequence_contacts.import_rows(sequence_id, people(50_000))
    assert isinstance(stopped.value.__cause__, Unauthorized)
    report = stopped.value.report
    assert 0 == report.counts.refused
    assert report.unsent == report.counts.rows > 1_000
    first_401 = proxy.sent("POST", IMPORT)[1].at
    assert 44 < proxy.sent("GET", WHOAMI)[0].at - first_401 < 50
    assert len(proxy.sent("POST", IMPORT)) <= 5
    assert reply_clock.time() < 120


@requests_are_few
async def test_a_short_401_does_not_end_the_run(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """An identity provider that restarts is waited for; the request goes out once more."""
    proxy.on("POST", IMPORT, answer(401), calls=(2,))
    report = await session.sequence_contacts.import_rows(sequence_id, people(3_000))
    assert 3_000 == report.counts.enrolled
    assert 1 == len(proxy.sent("GET", WHOAMI))
    assert 4 == report.requests["import"]


async def test_a_wrong_key_is_told_at_once(
    session: ReplySession, proxy: FaultProxy, sequence_id: int, reply_clock: VirtualClockLoop
) -> None:
    """Before anything has worked there is nothing to be patient about."""
    proxy.on("GET", "", answer(401))
    before = reply_clock.time()
    with pytest.raises(Unauthorized):
        await session.sequence_contacts.import_rows(sequence_id, people(1))
    with pytest.raises(Unauthorized):
        await session.contacts.import_rows(people(1))
    assert reply_clock.time() - before < 5
    assert 2 == len(proxy.requests)


async def test_a_refusal_after_others_loses_no_verdict(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """Rows that have a verdict keep it when the rest of their chunk is refused as a whole."""
    proxy.on("POST", IMPORT, answer(400, NO_POINTER), calls=(1,))  # so that halves are sent
    proxy.on("POST", IMPORT, answer(403, {"title": "Forbidden"}), calls=(2,))
    with pytest.raises(RunStopped) as stopped:
        await session.contacts.import_rows(people(10))
    report = stopped.value.report
    assert isinstance(stopped.value.__cause__, Forbidden)
    assert (5, 5) == (report.counts.created, report.unsent)


async def test_an_unreachable_server_stops_the_run(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """Nothing was sent, so nothing is unknown; the run can be made again."""
    proxy.on("GET", "", apply_and_close)

    async def rows() -> AsyncIterator[dict[str, Any]]:
        await proxy.stop_listening()
        for row in people(10):
            yield row

    with pytest.raises(RunStopped) as stopped:
        await session.sequence_contacts.import_rows(sequence_id, rows())
    assert isinstance(stopped.value.__cause__, ConnectionFailed)
    assert (0, 10) == (stopped.value.report.counts.unknown, stopped.value.report.unsent)


async def test_too_many_rows_for_the_server_is_no_row_s_fault(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """The limit on the size of a call refuses the call."""
    problem = {"title": "Bad request", "code": "Contact.LimitExceeded", "detail": "Maximum 500."}
    proxy.on("POST", IMPORT, answer(400, problem))
    with pytest.raises(RunStopped) as stopped:
        await session.contacts.import_rows(people(10))
    assert isinstance(stopped.value.__cause__, ApiError)
    assert 1 == len(proxy.sent("POST", IMPORT))
