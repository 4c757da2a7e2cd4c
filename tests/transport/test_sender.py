"""The loop around attempts: waits, deadline, lost writes and what reading back says of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from fault_server import Act, FaultServer, answer, close_after_reading, silence, slow
from transport.fault_table import decode_object

from reply_async import ReplySession
from reply_async.errors import (
    ApiError,
    Conflict,
    ConnectionFailed,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RateLimitWait,
    ReplyError,
)
from reply_async.events import AnswerRead, Event, Held, RequestSent, RetryPlanned
from reply_async.requests import (
    NotReached,
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
)
from reply_async.responses import Applied, Unknown
from reply_async.testing import VirtualClockLoop

KEY = "emu_sender"
LOST: Act = close_after_reading
DOWN = answer(500)
BUSY = answer(429, retry_after="7")


def judge_things(things: Any, _since: datetime) -> Verdict:
    """Judge a made-up answer: what it says, or what its absence means."""
    if things is None:
        return Reached("gone")
    match things["verdict"]:
        case "reached":
            return Reached("read back")
        case "not reached":
            return NotReached()
    return Undecided(tuple(things.get("seen", ())))


def write(safety: Safety | None, method: str = "POST") -> Request:
    """Return a write with a way to read it back."""
    reading = Request("GET", "/v3/things/1", safety=Safety.READ)
    read_back = ReadBack(request=reading, decode=decode_object, judge=judge_things)
    return Request(method, "/v3/things", safety=safety, body=b"{}", read_back=read_back)


def says(verdict: str, **more: Any) -> Act:
    """Answer the reading request."""
    return answer(body={"verdict": verdict, **more})


def methods(server: FaultServer) -> str:
    """Return what the server saw, as in "POST GET"."""
    return " ".join(received.method for received in server.received)


@pytest.fixture
async def session(fault_server: FaultServer, reply_clock: VirtualClockLoop) -> Any:
    """Open a session on the failing server, on the clock that jumps."""
    assert reply_clock.time() < 1
    async with ReplySession(KEY, base_url=fault_server.url) as session:
        yield session


async def outcome_of(session: ReplySession, request: Request) -> Any:
    """Return the value of an awaited call, or the kind of its error."""
    try:
        return await session._sender.send(request, decode_object)
    except ReplyError as error:
        return type(error)


REACHED, NOT_REACHED, UNDECIDED = says("reached"), says("not reached"), says("?")
FOUND, MISSING = answer(body={"id": 1}), answer(404)
STATE, DELETE, REPLACE = Safety.STATE, Safety.DELETE, Safety.REPLACE
READ_BACKS = {
    "state reached": (STATE, [LOST, REACHED], "read back", "POST GET"),
    "state not reached": (STATE, [LOST, NOT_REACHED, FOUND], {"id": 1}, "POST GET POST"),
    "state lost twice": (
        STATE,
        [LOST, NOT_REACHED, LOST, NOT_REACHED],
        OutcomeUnknown,
        "POST GET POST GET",
    ),
    "state lost twice, reached": (
        STATE,
        [LOST, NOT_REACHED, LOST, REACHED],
        "read back",
        "POST GET POST GET",
    ),
    "state, then conflict": (
        STATE,
        [LOST, NOT_REACHED, answer(409, {"title": "No"}), REACHED],
        "read back",
        "POST GET POST GET",
    ),
    "state undecided": (STATE, [LOST, UNDECIDED], OutcomeUnknown, "POST GET"),
    "state, reading refused": (STATE, [LOST, answer(403)], OutcomeUnknown, "POST GET"),
    "state, reading lost": (STATE, [LOST, DOWN, DOWN, DOWN], OutcomeUnknown, "POST GET GET GET"),
    "state, 500 after applying": (STATE, [DOWN, REACHED], "read back", "POST GET"),
    "conflict, but reached": (STATE, [answer(409, {}), REACHED], "read back", "POST GET"),
    "conflict, not reached": (STATE, [answer(409, {}), NOT_REACHED], Conflict, "POST GET"),
    "refused": (STATE, [answer(400, {"title": "No"})], ApiError, "POST"),
    "deleted": (DELETE, [LOST, MISSING], "gone", "POST GET"),
    "deletion repeated": (DELETE, [LOST, NOT_REACHED, FOUND], {"id": 1}, "POST GET POST"),
    "echo of the first deletion": (DELETE, [LOST, NOT_REACHED, MISSING], None, "POST GET POST"),
    "nothing to delete": (DELETE, [MISSING], NotFound, "POST"),
    "nothing to delete after a wait": (DELETE, [BUSY, MISSING], NotFound, "POST POST"),
    "created": (Safety.CREATE, [LOST, REACHED], "read back", "POST GET"),
    "creation not found": (Safety.CREATE, [LOST, NOT_REACHED], OutcomeUnknown, "POST GET"),
    "creation conflict": (Safety.CREATE, [answer(409, {})], Conflict, "POST"),
    "enrolment not found": (Safety.ENROL, [LOST, NOT_REACHED], OutcomeUnknown, "POST GET"),
    "replaced": (REPLACE, [LOST, REACHED], "read back", "POST GET"),
    "third value": (REPLACE, [LOST, UNDECIDED], OutcomeUnknown, "POST GET"),
    "old value": (REPLACE, [LOST, NOT_REACHED, FOUND], {"id": 1}, "POST GET POST"),
    "throttled, then lost": (STATE, [BUSY, LOST, REACHED], "read back", "POST POST GET"),
    "lost, then throttled": (
        STATE,
        [LOST, NOT_REACHED, BUSY],
        OutcomeUnknown,
        "POST GET POST POST POST GET GET GET",
    ),
}


@pytest.mark.parametrize("name", READ_BACKS)
async def test_read_back(fault_server: FaultServer, session: ReplySession, name: str) -> None:
    """A lost write is read back, repeated at most once where its class allows, else unknown."""
    safety, acts, expected, seen = READ_BACKS[name]
    fault_server.play(*acts)
    actual = await outcome_of(session, write(safety))
    assert (expected, seen) == (actual, methods(fault_server))


async def test_what_was_seen_is_told(fault_server: FaultServer, session: ReplySession) -> None:
    """Several objects that might be the lost one: the error names them."""
    fault_server.play(LOST, says("?", seen=[11, 12]))
    with pytest.raises(OutcomeUnknown) as caught:
        await session._sender.send(write(Safety.CREATE), decode_object)
    assert (11, 12) == caught.value.seen
    assert (None, None) == (caught.value.request.body, caught.value.request.read_back)


async def test_judge_gets_the_server_time(
    fault_server: FaultServer, session: ReplySession, reply_clock: VirtualClockLoop
) -> None:
    """The earliest time is the server's clock, less what passed since, less 5 minutes."""
    date = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    since: list[datetime] = []

    def judge(_things: Any, earliest: datetime) -> Verdict:
        since.append(earliest)
        return Reached(None)

    reading = Request("GET", "/v3/things/1", safety=Safety.READ)
    request = Request(
        "POST",
        "/v3/things",
        safety=Safety.CREATE,
        read_back=ReadBack(request=reading, decode=decode_object, judge=judge),
    )
    fault_server.play(slow(20, LOST), answer(date=format_datetime(date, usegmt=True)))
    await session._sender.send(request, decode_object)
    passed = timedelta(seconds=reply_clock.time())
    assert timedelta(seconds=20) <= passed
    assert abs(date - passed - timedelta(minutes=5) - since[0]) < timedelta(seconds=1)


async def test_upsert_is_sent_again_as_it_was(
    fault_server: FaultServer, session: ReplySession
) -> None:
    """The same bytes, twice at most, and the success knows that a try was lost."""
    request = Request("POST", "/v3/things", safety=Safety.UPSERT, body=b'{"a":1}')
    fault_server.play(LOST, DOWN, FOUND)
    outcome = await session._sender.deliver(request, decode_object)
    assert isinstance(outcome, Applied)
    assert outcome.after_loss
    assert [b'{"a":1}'] * 3 == [received.body for received in fault_server.received]
    fault_server.play(LOST)
    assert isinstance(await session._sender.deliver(request, decode_object), Unknown)
    assert 6 == fault_server.attempts


@pytest.mark.parametrize("then", [BUSY, answer(429, retry_after="1000")], ids=["busy", "long busy"])
async def test_a_lost_write_stays_unknown(
    fault_server: FaultServer, session: ReplySession, then: Act
) -> None:
    """A later attempt that was throttled does not make the write unsent."""
    fault_server.play(LOST, then)
    request = Request("POST", "/v3/things", safety=Safety.UPSERT)
    assert OutcomeUnknown is await outcome_of(session, request)


async def test_a_lost_write_stays_unknown_when_nobody_listens(
    fault_server: FaultServer, session: ReplySession
) -> None:
    """The server vanishes after the first attempt: unknown, not "never sent"."""

    async def vanish(connection: Any) -> None:
        assert fault_server._server is not None
        fault_server._server.close()
        await close_after_reading(connection)

    fault_server.play(vanish)
    request = Request("POST", "/v3/things", safety=Safety.UPSERT)
    assert OutcomeUnknown is await outcome_of(session, request)
    assert 1 == fault_server.attempts


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_obeyed(
    fault_server: FaultServer, session: ReplySession, reply_clock: VirtualClockLoop, status: int
) -> None:
    """Never less than the server asked for, and hardly more."""
    fault_server.play(answer(status, retry_after="30"), FOUND)
    request = Request("GET", "/v3/things", safety=Safety.READ)
    assert {"id": 1} == await outcome_of(session, request)
    assert 30 <= reply_clock.time() < 31.5


async def test_retry_after_holds_the_neighbours(
    fault_server: FaultServer, session: ReplySession, reply_clock: VirtualClockLoop
) -> None:
    """One 429 keeps every call of the user quiet, not only the one that met it."""
    fault_server.play(answer(429, retry_after="30"), FOUND)
    request = Request("GET", "/v3/things", safety=Safety.READ)
    first = asyncio.create_task(outcome_of(session, request))
    await asyncio.sleep(1)
    assert {"id": 1} == await outcome_of(session, request)
    assert 30 <= reply_clock.time() < 31.5
    assert {"id": 1} == await first


async def test_long_wait_raises_before_it(
    fault_server: FaultServer, session: ReplySession, reply_clock: VirtualClockLoop
) -> None:
    """Beyond the ceiling the caller is told at once; nothing more is sent."""
    fault_server.play(answer(429, retry_after="300"))
    with pytest.raises(RateLimitWait) as caught:
        await session.request("GET", "/v3/things")
    assert 300 <= caught.value.seconds < 301.5
    with pytest.raises(RateLimitWait):
        await session.request("GET", "/v3/things")
    assert reply_clock.time() < 0.1
    assert (1, 1) == (fault_server.attempts, session.requests_sent)


async def test_no_second_try_of_what_may_not_be_repeated(
    fault_server: FaultServer, session: ReplySession
) -> None:
    """A send that was throttled raises RateLimited, with the wait that the server named."""
    fault_server.play(BUSY)
    with pytest.raises(RateLimited) as caught:
        await session.request("POST", "/v3/send", safety=Safety.SEND)
    assert (1, 7.0) == (fault_server.attempts, caught.value.retry_after)


async def test_business_limit_is_no_quota(fault_server: FaultServer, session: ReplySession) -> None:
    """A 429 with a code is a plain ApiError: no retry, no pause for anybody."""
    fault_server.play(answer(429, {"code": "linkedIn.limit"}, retry_after="60"))
    with pytest.raises(ApiError) as caught:
        await session.request("GET", "/v3/things")
    assert ApiError is type(caught.value)
    assert (1, 0.0) == (fault_server.attempts, session.limiter.state.held_seconds)


@pytest.mark.parametrize("act", [silence, slow(25, DOWN)], ids=["silence", "slow errors"])
async def test_deadline_covers_attempts(
    fault_server: FaultServer, reply_clock: VirtualClockLoop, act: Act
) -> None:
    """All attempts and waits together end at the deadline."""
    fault_server.play(act)
    started = reply_clock.time()
    async with ReplySession(KEY, base_url=fault_server.url, deadline=40) as session:
        with pytest.raises(ReplyError):
            await session.request("GET", "/v3/things")
    assert 25 <= reply_clock.time() - started < 40.1
    assert 2 == fault_server.attempts


async def test_no_attempt_after_the_deadline(
    fault_server: FaultServer, reply_clock: VirtualClockLoop
) -> None:
    """An attempt that takes all the time there is stays the only one."""
    fault_server.play(silence)
    async with ReplySession(KEY, base_url=fault_server.url, deadline=20) as session:
        assert OutcomeUnknown is await outcome_of(session, write(STATE))
        assert ConnectionFailed is await outcome_of(
            session, Request("GET", "/v3/things", safety=Safety.READ)
        )
    assert (2, 2) == (fault_server.attempts, session.requests_sent)
    assert 40 <= reply_clock.time() < 40.1


async def test_deadline_covers_the_limiter(
    fault_server: FaultServer, reply_clock: VirtualClockLoop
) -> None:
    """What is left after the wait for the budget is all that the attempt gets."""
    fault_server.play(silence)
    async with ReplySession(KEY, base_url=fault_server.url, deadline=20) as session:
        for _ in range(10):
            await session.limiter.acquire()
        session.limiter.refused(15)
        started = reply_clock.time()
        with pytest.raises(ConnectionFailed):
            await session.request("GET", "/v3/things")
    assert 15 <= reply_clock.time() - started <= 20.1
    assert 1 == fault_server.attempts


async def test_deadline_covers_read_backs(
    fault_server: FaultServer, reply_clock: VirtualClockLoop
) -> None:
    """The reading has what the lost write left of the time."""
    fault_server.play(silence)
    started = reply_clock.time()
    async with ReplySession(KEY, base_url=fault_server.url, deadline=45) as session:
        assert OutcomeUnknown is await outcome_of(session, write(STATE))
    assert 45 <= reply_clock.time() - started < 45.1
    assert "POST GET" == methods(fault_server)


async def test_rows_lengthen_the_attempt(
    fault_server: FaultServer, session: ReplySession, reply_clock: VirtualClockLoop
) -> None:
    """30 s, and 30 ms more for each row."""
    fault_server.play(silence)
    request = Request("POST", "/v3/things", safety=None, rows=1000)
    assert OutcomeUnknown is await outcome_of(session, request)
    assert 60 <= reply_clock.time() < 60.1


async def test_quota_is_shared_and_refilled(
    fault_server: FaultServer, session: ReplySession
) -> None:
    """Every call of the key draws on one quota; an empty one ends retries at once."""
    fault_server.play(DOWN, FOUND)
    await session.request("GET", "/v3/things")
    assert 500 - 14 + 1 == session.limiter.retry_quota.tokens
    session.limiter.retry_quota.tokens = 13
    fault_server.play(DOWN)
    with pytest.raises(ReplyError):
        await session.request("GET", "/v3/things")
    assert 3 == fault_server.attempts


async def test_events(fault_server: FaultServer, reply_clock: VirtualClockLoop) -> None:
    """A session tells each attempt, each answer, each planned retry and each hold."""
    events: list[Event] = []
    fault_server.play(answer(429, retry_after="5"), DOWN, FOUND)
    async with ReplySession(KEY, base_url=fault_server.url, on_event=events.append) as session:
        await session.request("GET", "/v3/things", query={"email": "a@b.example"})
    kinds = [type(event) for event in events]
    attempt = [RequestSent, AnswerRead]
    assert [*attempt, Held, RetryPlanned, *attempt, RetryPlanned, *attempt] == kinds
    assert [429, 500, 200] == [event.status for event in events if isinstance(event, AnswerRead)]
    first, second = (event for event in events if isinstance(event, RetryPlanned))
    assert ("answer 429", 1) == (first.cause, first.attempt)
    assert 5 <= first.wait_seconds < 6
    assert ("answer 500", 2) == (second.cause, second.attempt)
    assert "a@b.example" not in repr(events)
    assert reply_clock.time() < 8


async def test_a_failing_listener_costs_no_outcome(
    fault_server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    """What ``on_event`` raises is logged; the caller still gets the answer."""

    def fail(_event: Event) -> None:
        raise RuntimeError("a bug of the listener")

    fault_server.play(FOUND)
    async with ReplySession(KEY, base_url=fault_server.url, on_event=fail) as session:
        assert {"id": 1} == await session.request("POST", "/v3/things")
    assert "on_event failed" in caplog.text
