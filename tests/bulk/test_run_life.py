"""How runs begin, go on and end, whatever their rows are."""

import asyncio
import gc
import itertools
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from bulk.people import (
    ENROL,
    IMPORT,
    as_async,
    known_contacts,
    new_sequence,
    people,
    person,
    settled,
)
from fault_proxy import FaultProxy, answer, delay
from pinned import import_answers_at_once

from reply_async import (
    BadAnswer,
    InvalidUse,
    NotFound,
    ReplySession,
    RunStopped,
    SequenceUnusable,
)
from reply_async.emulator import Emulator
from reply_async.outcome import Progress
from reply_async.testing import VirtualClockLoop

SLOW = delay(5)


class SourceError(Exception):
    """What the caller's own iterator raises."""


def broken_after(count: int, error: Exception) -> Iterator[dict[str, Any]]:
    """Give some rows, then raise."""
    yield from people(count)
    raise error


def other_tasks() -> set[asyncio.Task[Any]]:
    """Return the tasks beside the test, its fixtures' and the servers'."""
    return {
        task
        for task in asyncio.all_tasks()
        if "reply_async/bulk" in str(task.get_coro()) or "Run." in repr(task.get_coro())
    }


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("error", [SourceError("half-way"), InvalidUse("rows", "from a pager")])
async def test_a_source_that_raises_ends_the_run_with_its_own_error(
    session: ReplySession, sequence_id: int, error: Exception, is_async: bool
) -> None:
    """What was read settles first; an error of ours in the source is the source's too."""
    rows = broken_after(2_500, error)
    run = session.sequence_contacts.import_rows(sequence_id, as_async(rows) if is_async else rows)
    async with run:
        with pytest.raises(type(error)) as raised:
            await run
    assert raised.value is error
    assert 2_500 == run.report.counts.enrolled
    assert 0 == run.report.unsent


async def test_what_is_no_iterable_is_the_caller_s_error(
    session: ReplySession, sequence_id: int
) -> None:
    """It is told at once, by the name of the argument; text is no list of rows either."""
    with pytest.raises(InvalidUse, match="contact_ids"):
        session.sequence_contacts.add_many(sequence_id, 5)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InvalidUse, match="rows"):
        session.sequence_contacts.import_rows(sequence_id, "abc")  # type: ignore[arg-type]  # on purpose


@import_answers_at_once
async def test_stop_lets_what_is_on_the_wire_settle(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """Nothing new is sent; the end is no error, and unsent rows are told."""
    proxy.on("POST", ENROL, SLOW)
    run = session.sequence_contacts.import_rows(sequence_id, people(30_000))
    async with run:
        await proxy.until(1, "POST", ENROL)
        run.stop()
        sent = len(proxy.requests)
        report = await run
    assert sent == len(proxy.requests)
    assert 10_000 == report.counts.enrolled
    assert report.unsent == report.counts.rows - 10_000
    assert 0 == report.counts.unknown


@import_answers_at_once
async def test_stop_ends_a_wait_for_the_budget(
    session: ReplySession, proxy: FaultProxy, reply_clock: VirtualClockLoop
) -> None:
    """Workers that wait for the limiter have sent nothing, so they end at once."""
    run = session.contacts.import_rows(people(200_000))
    before = reply_clock.time()
    async with run:
        async for _ in run:
            if run.progress.waiting_for is not None:
                before = reply_clock.time()
                run.stop()
    report = run.report
    assert reply_clock.time() - before < 0.6
    assert 1_000 * len(proxy.sent("POST", IMPORT)) == report.counts.created
    assert report.unsent > 0


async def test_stop_ends_a_wait_for_the_next_row(session: ReplySession) -> None:
    """A source that never gives another row does not keep a stopped run alive."""

    async def endless() -> AsyncIterator[dict[str, Any]]:
        yield person(1)
        await asyncio.Event().wait()

    run = session.contacts.import_rows(endless())
    async with run, asyncio.timeout(60):
        await asyncio.sleep(1)
        run.stop()
        report = await run
    assert (1, 1) == (report.counts.rows, report.unsent)


async def test_a_refused_run_does_not_wait_for_its_source(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """What refuses the whole call ends the run though the source is silent."""

    async def silent() -> AsyncIterator[dict[str, Any]]:
        for row in people(1_000):
            yield row
        await asyncio.Event().wait()

    proxy.on("POST", IMPORT, answer(403, {"title": "Forbidden"}))
    async with asyncio.timeout(300):
        with pytest.raises(RunStopped):
            await session.contacts.import_rows(silent())


async def test_a_stop_while_a_chunk_is_read_sends_none_of_it(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """The part of a chunk that was read by then stays unsent."""
    run = session.contacts.import_rows(())

    async def rows() -> AsyncIterator[dict[str, Any]]:
        for row in people(10):
            yield row
        run.stop()
        yield person(11)

    run = session.contacts.import_rows(rows())
    report = await run
    assert not proxy.sent("POST", IMPORT)
    assert report.unsent == report.counts.rows > 0


async def test_break_leaves_no_task_and_no_connection(
    proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """Leaving the context ends all workers; what was on the wire is unknown."""
    async with ReplySession(reply_emulator.key, base_url=proxy.url) as session:
        sequence_id = await new_sequence(session)
        proxy.on("POST", ENROL, SLOW, calls=range(2, 9))
        run = session.sequence_contacts.import_rows(sequence_id, people(60_000))
        async with run:
            async for chunk in run:
                assert 10_000 == len(chunk.done)
                await proxy.until(2, "POST", ENROL)
                break
        assert not other_tasks()
        report = run.report
        assert 10_000 <= report.counts.enrolled
        assert report.counts.unknown > 0
        assert set(report.unknown.values()) == {"cancelled while the request was on its way"}
        counts = report.counts
        assert counts.enrolled + counts.unknown + counts.unsent == counts.rows
    await asyncio.sleep(10)
    assert 0 == proxy.open_connections


async def test_imported_is_not_enrolled_when_a_run_is_left(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """Of an import that goes out by halves, one is through and one is on the wire."""
    proxy.on("POST", IMPORT, answer(400, {"code": "contact.invalidInput"}), calls=(1,))
    proxy.on("POST", IMPORT, SLOW, calls=(2,))
    async with session.sequence_contacts.import_rows(sequence_id, people(10)) as run:
        await proxy.until(3, "POST", IMPORT)
    counts = run.report.counts
    assert (0, 5, 5) == (counts.done, counts.unknown, counts.unsent)


async def test_a_run_that_was_left_is_at_its_end(session: ReplySession) -> None:
    """Iterating or awaiting it again ends at once, with the report as it stands."""
    run = session.contacts.import_rows(people(3_000))
    async with run:
        async for _ in run:
            break
    async with asyncio.timeout(5):
        assert [] == [chunk async for chunk in run]
        assert run.report == await run


async def test_a_run_runs_once(session: ReplySession, proxy: FaultProxy) -> None:
    """Awaiting it again gives the same report and sends nothing; entering it again raises."""
    run = session.contacts.import_rows(list(people(3)))
    report = await run
    sent = len(proxy.requests)
    assert report == await run
    assert [] == [chunk async for chunk in run]
    with pytest.raises(InvalidUse, match="run"):
        async with run:
            pass
    assert sent == len(proxy.requests)
    assert report == run.report


async def test_a_stopped_run_raises_each_time_it_is_asked(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """The second answer is the first, with the same report."""
    proxy.on("POST", IMPORT, answer(403, {"title": "Forbidden"}))
    run = session.contacts.import_rows(people(3))
    for _ in range(2):
        with pytest.raises(RunStopped) as stopped:
            await run
        assert 3 == stopped.value.report.unsent


async def test_a_run_is_awaited_inside_its_context(session: ReplySession) -> None:
    """That gives the report of the same run."""
    async with session.contacts.import_rows(people(3)) as run:
        report = await run
    assert 3 == report.counts.created


async def test_a_run_that_was_not_entered_says_so(session: ReplySession) -> None:
    """Iterating needs the context that owns the workers."""
    run = session.contacts.import_rows(people(3))
    with pytest.raises(InvalidUse, match="async with"):
        await anext(run)
    assert Progress(total=None) == run.progress
    assert 0 == run.report.counts.rows


async def test_a_target_that_takes_nobody_raises_before_any_row(
    session: ReplySession, proxy: FaultProxy, sequence_id: int, reply_emulator: Emulator
) -> None:
    """Missing, archived, or without steps: no row is read and none is sent."""
    reply_emulator.state.sequences[sequence_id].is_archived = True
    rows = people(3)
    with pytest.raises(SequenceUnusable, match="archived"):
        await session.sequence_contacts.import_rows(sequence_id, rows)
    empty = await new_sequence(session)
    reply_emulator.state.sequences[empty].steps.clear()
    with pytest.raises(SequenceUnusable, match="no steps"):
        await session.sequence_contacts.import_rows(empty, rows)
    with pytest.raises(NotFound):
        await session.sequence_contacts.import_rows(9_999, rows)
    assert not proxy.sent("POST", IMPORT)
    assert person(1) == next(rows)


async def test_a_snapshot_that_promises_more_and_gives_nothing_is_no_snapshot(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """Without knowing all members nobody is enrolled: it would move them."""
    await session.sequence_contacts.import_rows(sequence_id, people(3))
    proxy.on("GET", "/contacts$", answer(200, {"items": [], "hasMore": True}))
    with pytest.raises(BadAnswer):
        await session.sequence_contacts.import_rows(sequence_id, people(4))
    assert 1 == len(proxy.sent("POST", ENROL))


@import_answers_at_once
@pytest.mark.parametrize("is_async", [False, True])
async def test_an_idle_consumer_holds_the_run_back(
    session: ReplySession, proxy: FaultProxy, is_async: bool
) -> None:
    """With nobody taking settled chunks, reading stops after a few of them."""
    rows = people(1_000_000)
    run = session.contacts.import_rows(as_async(rows) if is_async else rows)
    async with run:
        await asyncio.sleep(3_600)
        held = run.progress.read
        await asyncio.sleep(3_600)
        assert held == run.progress.read <= 12_000
        assert len(proxy.sent("POST", IMPORT)) <= 8


async def test_an_idle_consumer_holds_refusals_back_as_well(session: ReplySession) -> None:
    """A source of bad rows alone is not read to its end by itself."""
    run = session.contacts.import_rows({"firstName": "A"} for _ in range(1_000_000))
    async with run:
        await asyncio.sleep(3_600)
        assert run.progress.read <= 90_000


async def test_progress_only_goes_forward(session: ReplySession, sequence_id: int) -> None:
    """Its numbers never fall, and the budget tells how long the rest takes at best."""
    rows = [*people(24_000), *({"firstName": "A"} for _ in range(1_000))]
    run = session.sequence_contacts.import_rows(sequence_id, rows, total=25_000)
    seen: list[Progress] = []

    async def watch() -> None:
        while True:
            seen.append(run.progress)
            await asyncio.sleep(0.05)

    async with run:
        watcher = asyncio.create_task(watch())
        report = await run
        watcher.cancel()
    seen.append(run.progress)
    for name in ("read", "settled", "refused", "unknown", "requests"):
        numbers = [getattr(progress, name) for progress in seen]
        assert sorted(numbers) == numbers
    assert (25_000, 25_000, 1_000) == (seen[-1].read, seen[-1].settled, seen[-1].refused)
    assert 0.0 == seen[-1].eta_seconds
    etas = [progress.eta_seconds for progress in seen if progress.read]
    assert all(eta is not None and 0 <= eta < 60 for eta in etas)
    # 25 imports and 3 enrolments, the first ten of them at once, then 1.5 a second.
    assert max(eta for eta in etas if eta is not None) > 5
    assert report.seconds > 5
    assert "minute" in {progress.waiting_for for progress in seen}


async def test_without_a_total_there_is_no_eta(session: ReplySession) -> None:
    """Nothing is guessed about an input of unknown length."""
    async with session.contacts.import_rows(people(3)) as run:
        await run
        assert run.progress.eta_seconds is None
        assert run.progress.total is None


async def test_the_session_can_be_used_beside_a_run(session: ReplySession) -> None:
    """A run holds a few places in the line, not all of them."""
    async with session.contacts.import_rows(people(100_000)) as run:
        await asyncio.sleep(10)
        before = asyncio.get_running_loop().time()
        await session.whoami()
        assert asyncio.get_running_loop().time() - before < 10
        run.stop()


async def most_objects(rows: int) -> int:
    """Return how many objects there are at most while so many rows are imported.

    The proxy answers by itself, since an emulator grows with its contacts.
    """
    most = 0

    async def imported(forward: Any) -> Any:
        count = proxy.requests.pop().body.count(b'"email"')
        items = [{"id": next(ids), "status": "created"} for _ in range(count)]
        return await answer(200, {"items": items})(forward)

    async def enrolled(forward: Any) -> Any:
        nonlocal most
        added = proxy.requests.pop().json["contactIds"]
        if added[-1] % 5_000 == 0:
            gc.collect()
            most = max(most, sys.getallocatedblocks())
        return await answer(200, {"added": added, "notProcessed": {}})(forward)

    ids = itertools.count(1)
    async with (
        Emulator(budget=None) as emulator,
        FaultProxy(emulator.url) as proxy,
        ReplySession(emulator.key, base_url=proxy.url) as session,
    ):
        sequence_id = await new_sequence(session)
        emulator.state.sequences[sequence_id].status = "active"  # batches of 1,000
        proxy.on("POST", IMPORT, imported)
        proxy.on("POST", ENROL, enrolled)
        report = await session.sequence_contacts.import_rows(sequence_id, people(rows))
    assert rows == report.counts.enrolled
    return most


async def test_memory_is_flat_in_the_number_of_rows(reply_clock: VirtualClockLoop) -> None:
    """Nothing is kept for a row that has settled: five times the rows need no more objects."""
    assert reply_clock.time() >= 0
    few, many = await most_objects(10_000), await most_objects(50_000)
    assert many - few < 10_000


async def test_known_contacts_may_come_from_a_pager(
    session: ReplySession, proxy: FaultProxy, sequence_id: int
) -> None:
    """Members of one sequence are streamed into another."""
    ids = await known_contacts(session, 5)
    await session.sequence_contacts.add_many(sequence_id, ids)
    other = await new_sequence(session, "Other")
    members = (member.contact_id async for member in session.sequence_contacts.list(sequence_id))
    outcome, _ = await settled(session.sequence_contacts.add_many(other, members))
    assert set(ids) == {row.contact_id for row in outcome.done.values()}
    assert 2 == len(proxy.sent("POST", ENROL))
