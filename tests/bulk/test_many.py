"""Start, pause and archive many sequences; statistics of many."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from bulk.people import as_async
from fault_proxy import FaultProxy, answer, apply_and_drop, delay, drop, edit

from reply_async import (
    BulkOutcome,
    BulkRefused,
    Call,
    ConnectionFailed,
    Forbidden,
    InvalidUse,
    ReplySession,
    SequenceStats,
    Unauthorized,
)
from reply_async.bulk.fan_out import WORKERS, fan_out
from reply_async.emulator import Emulator
from reply_async.emulator.entities import Member
from reply_async.testing import VirtualClockLoop

START, PAUSE, ARCHIVE = (rf"^/v3/sequences/{word}$" for word in ("start", "pause", "archive"))
LIST = r"^/v3/sequences$"
STATS = r"^/v3/sequences/\d+/stats$"

Act = Callable[[ReplySession, Any], Awaitable[BulkOutcome[int, None]]]


async def ready(session: ReplySession, emulator: Emulator, count: int) -> list[int]:
    """Make paused sequences with a mailbox and a contact each."""
    made = await session.sequences.create("S", steps=[Call(message="R")], email_accounts=[101])
    first = emulator.state.sequences[made.id]
    contact = emulator.state.new_contact(first.created)
    ids = []
    for number in range(count):
        copy = emulator.state.new_sequence(f"S{number}", first.created)
        copy.steps, copy.email_account_ids, copy.status = first.steps, [101], "paused"
        copy.members[contact.id] = Member(contact, copy, first.created, step=None, due=0.0)
        emulator.state.sequences[copy.id] = copy
        ids.append(copy.id)
    return ids


def codes(outcome: BulkOutcome[int, Any]) -> dict[int, str]:
    """Return the code of each refusal."""
    return {id_: refusal.code for id_, refusal in outcome.refused.items()}


async def test_many_are_cut_into_hundreds(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """250 ids are three requests, each id once, from any kind of iterable."""
    ids = await ready(session, reply_emulator, 250)
    outcome = await session.sequences.start_many(as_async([*ids, *ids[:20]]))
    assert set(ids) == outcome.done.keys()
    assert [50, 100, 100] == sorted(len(seen.json["ids"]) for seen in proxy.sent("POST", START))
    outcome = await session.sequences.pause_many(iter(ids))
    assert 250 == len(outcome.done) == len(outcome)
    outcome = await session.sequences.archive_many(set(ids))
    assert 250 == len(outcome.done)
    assert 3 == len(proxy.sent("POST", PAUSE)) == len(proxy.sent("POST", ARCHIVE))
    states = {reply_emulator.state.sequences[id_].is_archived for id_ in ids}
    assert {True} == states


@pytest.mark.parametrize("given", [[], (), iter(()), as_async(())])
async def test_nothing_costs_nothing(session: ReplySession, proxy: FaultProxy, given: Any) -> None:
    """An empty list is a mistake, and nothing is sent for it."""
    with pytest.raises(InvalidUse, match="ids"):
        await session.sequences.start_many(given)
    with pytest.raises(InvalidUse, match="ids"):
        await session.stats.collect([])
    assert not proxy.requests


async def test_a_200_is_no_success(session: ReplySession, reply_emulator: Emulator) -> None:
    """Refusals stand in the body, id by id; digits in text are ids."""
    good, empty, archived = await ready(session, reply_emulator, 3)
    sequences = reply_emulator.state.sequences
    sequences[empty].members.clear()
    sequences[archived].is_archived = True
    outcome = await session.sequences.start_many([good, empty, archived, 999, str(good)])  # type: ignore[list-item]  # on purpose
    assert [good] == list(outcome.done)
    assert {empty: "noContacts", archived: "archived", 999: "notFound"} == codes(outcome)
    with pytest.raises(BulkRefused):
        outcome.raise_if_refused()


@pytest.mark.parametrize(
    ("number", "code"),
    [(1, "notFound"), (6, "noContacts"), (7, "noEmailAccounts"), (99, "error 99")],
)
async def test_older_numbers_mean_slugs(
    session: ReplySession, proxy: FaultProxy, number: int, code: str
) -> None:
    """The number stays raw; one that is newer than this package keeps its own."""
    proxy.on("POST", START, answer(200, {"5": {"error": number, "errorDetails": "why"}}))
    outcome = await session.sequences.start_many([4, 5])
    refusal = outcome.refused[5]
    assert (code, number, "why") == (refusal.code, refusal.raw_code, refusal.detail)
    assert [4] == list(outcome.done)


ACTS: list[tuple[str, str, Act, str]] = [
    (START, "paused", lambda s, ids: s.sequences.start_many(ids), "active"),
    (PAUSE, "active", lambda s, ids: s.sequences.pause_many(ids), "paused"),
    (ARCHIVE, "paused", lambda s, ids: s.sequences.archive_many(ids), "archived"),
]


@pytest.mark.parametrize(("path", "before", "act", "after"), ACTS)
async def test_lost_changes_are_read_back(
    session: ReplySession,
    proxy: FaultProxy,
    reply_emulator: Emulator,
    path: str,
    before: str,
    act: Act,
    after: str,
) -> None:
    """What is reached is done; only the others go out once more, and are refused if they are."""
    ids = await ready(session, reply_emulator, 20)
    sequences = reply_emulator.state.sequences
    for id_ in ids:
        sequences[id_].status = before
    missing = 999

    async def half(forward: Any) -> None:
        await forward()
        for id_ in ids[10:]:
            sequences[id_].status, sequences[id_].is_archived = before, False

    proxy.on("POST", path, half, calls=(1,))
    outcome = await act(session, [*ids, missing])
    assert set(ids) == outcome.done.keys()
    assert {missing: "notFound"} == codes(outcome)
    first, second = proxy.sent("POST", path)
    assert [*ids, missing] == first.json["ids"]
    assert [*ids[10:], missing] == second.json["ids"]
    assert 1 == len(proxy.sent("GET", LIST))
    assert all(
        after == ("archived" if q.is_archived else q.status) for q in map(sequences.get, ids) if q
    )


async def test_changes_that_stay_lost_are_unknown(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """Two attempts for a chunk; other chunks have their own verdict."""
    ids = await ready(session, reply_emulator, 150)

    async def lose_the_small(forward: Any) -> Any:
        is_small = len(proxy.sent("POST", START)[-1].json["ids"]) <= 50
        return None if is_small else await forward()

    proxy.on("POST", START, lose_the_small)
    outcome = await session.sequences.start_many(ids)
    assert (100, 50) == (len(outcome.done), len(outcome.unknown))
    assert set(ids[100:]) == outcome.unknown.keys()


async def test_reading_back_waits_as_long_as_it_takes(
    session: ReplySession,
    proxy: FaultProxy,
    reply_emulator: Emulator,
    reply_clock: VirtualClockLoop,
) -> None:
    """A job does not give up on a budget that is used up for some minutes."""
    ids = await ready(session, reply_emulator, 5)
    proxy.on("POST", START, apply_and_drop, calls=(1,))
    proxy.on("GET", LIST, answer(429, {}, **{"Retry-After": "600"}), calls=(1,))
    outcome = await session.sequences.start_many(ids)
    assert set(ids) == outcome.done.keys()
    assert reply_clock.time() > 600


async def test_a_read_back_that_is_refused_leaves_them_unknown(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """Nothing is sent again unread."""
    proxy.on("POST", START, drop)
    proxy.on("GET", LIST, answer(403, {"title": "Forbidden"}))
    outcome = await session.sequences.start_many([1, 2])
    assert {1, 2} == outcome.unknown.keys()
    assert 1 == len(proxy.sent("POST", START))


@pytest.mark.parametrize(("status", "kind"), [(401, Unauthorized), (403, Forbidden)])
async def test_a_refused_key_raises_if_nothing_was_done(
    session: ReplySession, proxy: FaultProxy, status: int, kind: type[Exception]
) -> None:
    """At most the requests under way go out after it."""
    proxy.on("POST", START, answer(status))
    with pytest.raises(kind):
        await session.sequences.start_many(range(1, 2_001))
    assert len(proxy.sent("POST", START)) <= WORKERS


async def test_a_key_that_is_refused_half_way_loses_no_verdict(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """What was done is told; the rest is refused, each id by itself."""
    ids = await ready(session, reply_emulator, 1_000)
    proxy.on("POST", START, answer(401), calls=range(2, 100))
    outcome = await session.sequences.start_many(ids)
    assert 100 == len(outcome.done)
    assert 900 == len(outcome.refused)
    assert {"http.401"} == set(codes(outcome).values())
    assert len(proxy.sent("POST", START)) <= 1 + WORKERS


async def test_a_refused_chunk_is_refused_id_by_id(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """Another refusal of a whole call says nothing about the other calls."""
    proxy.on("POST", PAUSE, answer(400, {"code": "sequence.invalidInput"}), calls=(1,))
    proxy.on("POST", PAUSE, answer(200, {}))
    outcome = await session.sequences.pause_many(range(1, 201))
    assert (100, 100) == (len(outcome.done), len(outcome.refused))
    assert {"sequence.invalidInput"} == set(codes(outcome).values())


async def test_start_many_expects_as_many_contacts_as_there_are(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """The contacts of all of them are counted, each sequence once."""
    ids = await ready(session, reply_emulator, 3)
    with pytest.raises(InvalidUse, match="3 contacts"):
        await session.sequences.start_many(ids, expect_contacts=4)
    assert not proxy.sent("POST", START)
    outcome = await session.sequences.start_many([*ids, ids[0]], expect_contacts=3)
    assert 3 == len(outcome.done)
    assert 6 == len(proxy.sent("GET", "/count$"))


async def test_statistics_of_many_are_read_a_few_at_a_time(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """All ids have their own; at no time are more requests under way than workers."""
    ids = await ready(session, reply_emulator, 40)

    async def told(forward: Any) -> Any:
        id_ = int(proxy.requests[-1].path.split("/")[3])
        body = {"emailOverview": {"contacted": id_}, "linkedInOverview": {}}
        return await delay(1, answer(200, body))(forward)

    proxy.on("POST", STATS, told)
    outcome = await session.stats.collect(as_async([*ids, *ids]))
    assert set(ids) == outcome.done.keys()
    assert {id_: id_ for id_ in ids} == {
        id_: stats.email_overview.contacted for id_, stats in outcome.done.items()
    }
    assert 40 == len(proxy.sent("POST", STATS))
    assert WORKERS == proxy.most_in_flight


async def test_one_failing_id_never_cancels_the_others(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """Missing, forbidden, unreadable or failing: each is refused by itself."""
    ids = await ready(session, reply_emulator, 30)
    proxy.on("POST", f"/{ids[1]}/stats$", answer(403, {"title": "Forbidden"}))
    proxy.on("POST", f"/{ids[2]}/stats$", answer(500))
    proxy.on("POST", f"/{ids[3]}/stats$", answer(200, {"emailOverview": 5}))
    proxy.on("POST", f"/{ids[4]}/stats$", drop)
    proxy.on("POST", f"/{ids[5]}/stats$", edit(lambda _: []), calls=(1,))
    outcome = await session.stats.collect([999, *ids])
    good = {ids[0], *ids[6:]}
    assert good <= outcome.done.keys() <= {*good, ids[5]}
    assert all(isinstance(stats, SequenceStats) for stats in outcome.done.values())
    assert {999, *ids[1:5]} <= outcome.refused.keys()
    assert {"http.403", "http.500", "failed", "not_sent"} <= set(codes(outcome).values())
    assert not outcome.unknown
    assert outcome.refused[ids[4]].is_retryable
    assert not outcome.refused[ids[1]].is_retryable


async def test_a_read_that_failed_once_is_repeated(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """Statistics are a read, though the API asks for them with a POST."""
    ids = await ready(session, reply_emulator, 3)
    proxy.on("POST", STATS, drop, calls=(1,))
    assert 3 == len((await session.stats.collect(ids)).done)


async def test_a_wrong_key_raises_from_collect(session: ReplySession, proxy: FaultProxy) -> None:
    """Nothing was read, and nobody is asked a hundred times."""
    proxy.on("POST", STATS, answer(401))
    with pytest.raises(Unauthorized):
        await session.stats.collect(range(1, 101))
    assert len(proxy.requests) <= WORKERS


async def test_a_key_revoked_half_way_keeps_what_was_read(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """The rest is refused without being asked for."""
    ids = await ready(session, reply_emulator, 30)
    proxy.on("POST", STATS, answer(401), calls=range(11, 100))
    outcome = await session.stats.collect(ids)
    assert (10, 20) == (len(outcome.done), len(outcome.refused))
    assert len(proxy.sent("POST", STATS)) <= 10 + WORKERS


async def test_a_fault_ends_all_workers(reply_clock: VirtualClockLoop) -> None:
    """An error that the work does not expect leaves no task behind."""
    done: list[int] = []

    async def work(item: int) -> None:
        await asyncio.sleep(item)
        if item == 2:
            raise ZeroDivisionError
        done.append(item)

    with pytest.raises(ZeroDivisionError):
        await fan_out(range(1_000), work)
    assert [0, 1] == done
    assert 1 == len(asyncio.all_tasks())
    assert reply_clock.time() < 3


@pytest.mark.usefixtures("reply_clock")
async def test_a_server_out_of_reach_raises() -> None:
    """No id is refused by a server that nobody reached: the call fails as a whole."""
    async with ReplySession("emu_x", base_url="http://127.0.0.1:9") as lost:
        with pytest.raises(ConnectionFailed):
            await lost.sequences.start_many([1, 2])
