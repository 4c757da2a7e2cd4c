"""Imports that the server leaves to a background job, which tells nothing of the rows."""

from typing import Any

import pytest
from bulk.people import IMPORT, people, settled
from fault_proxy import FaultProxy, answer

from reply_async import ImportOptions, ReplySession
from reply_async.emulator import Emulator
from reply_async.testing import VirtualClockLoop

pytestmark = pytest.mark.reply_emulator(dialect={"import_mode": "async_202"})
JOB = r"^/v3/background-jobs/[0-9a-f-]{36}$"


async def test_a_job_is_waited_for_and_then_asked_for_by_pieces(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """The rows go out again by 200 when the job has ended; what was created is not known."""
    outcome, report = await settled(session.contacts.import_rows(people(450)))
    first, *pieces = proxy.sent("POST", IMPORT)
    looks = proxy.sent("GET", JOB)
    assert [450, 200, 200, 50] == [len(seen.json["items"]) for seen in (first, *pieces)]
    assert [1, 3, 7] == [round(seen.at - first.at) for seen in looks]  # it takes 5 seconds
    assert {"import": 4, "other": 4} == report.requests
    assert [*range(1, 451)] == sorted(outcome.done)
    assert {None} == {row.imported for row in outcome.done.values()}
    assert {row.contact_id for row in outcome.done.values()} == {*reply_emulator.state.contacts}


async def test_after_one_job_the_rest_goes_out_in_pieces(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """Nobody waits for a second job once it is known how much is answered at once."""
    await session.contacts.import_rows(people(20_000))
    sizes = [len(seen.json["items"]) for seen in proxy.sent("POST", IMPORT)]
    jobs = len({seen.path for seen in proxy.sent("GET", JOB)})
    assert jobs == sizes.count(1000) <= 6
    assert 1_000 * jobs + 20_000 == sum(sizes)


async def test_what_the_job_overwrote_is_not_overwritten_again(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """The pieces only learn who is there, so an edit made meanwhile survives."""
    options = ImportOptions(overwrite_existing=True, detect_time_zone=True)
    report = await session.contacts.import_rows(people(300), options=options)
    first, *pieces = (seen.json["options"] for seen in proxy.sent("POST", IMPORT))
    assert {"overwriteExisting": True, "detectTimeZone": True} == first
    assert [{"detectTimeZone": True}] * 2 == pieces
    assert 300 == report.counts.done


@pytest.mark.parametrize("body", [{"jobId": "no"}, {}])
async def test_a_job_without_a_name_leaves_the_rows_unknown(
    session: ReplySession, proxy: FaultProxy, body: Any
) -> None:
    """The import is sent again as after any lost answer, and then parked."""
    proxy.on("POST", IMPORT, answer(202, body))
    report = await session.contacts.import_rows(people(300))
    assert 300 == len(report.unknown)
    assert not proxy.sent("GET", JOB)


async def test_pieces_that_become_jobs_too_are_unknown(
    session: ReplySession, proxy: FaultProxy, reply_clock: VirtualClockLoop
) -> None:
    """There is an end to it, and the evidence says what happened."""
    job_id = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
    proxy.on("POST", IMPORT, answer(202, {"jobId": job_id}))
    proxy.on("GET", JOB, answer(200, {"jobId": job_id, "status": "Processing"}))
    report = await session.contacts.import_rows(people(300))
    assert 300 == len(report.unknown)
    assert "background job" in report.unknown[1]
    assert 3600 <= reply_clock.time() < 3700


async def test_a_job_that_cannot_be_read_is_not_waited_for(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """The pieces import everybody by themselves."""
    proxy.on("GET", JOB, answer(404, {"title": "Not Found", "code": "backgroundJob.notFound"}))
    report = await session.contacts.import_rows(people(300))
    assert 300 == report.counts.done == len(reply_emulator.state.contacts)
