"""A key must not show up: in no text, no log, no frame of a traceback and no pickle."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from fault_server import FaultServer, answer, close_after_reading, free_port, silence
from transport.canary import Canary, chain
from transport.fault_table import ALL_FAULTS, Fault, create, decode_object, read

from reply_async import ReplySession
from reply_async.errors import ConnectionFailed, InvalidUse, RateLimitWait, SessionClosed
from reply_async.requests import Request, Safety
from reply_async.secret import Secret

Call = Callable[[ReplySession], Awaitable[object]]
FAULTS = [fault for fault in ALL_FAULTS if fault.write_error is not None]


def session_of(canary: Canary, url: str, **options: Any) -> ReplySession:
    """Return a session with the canary's key."""
    return ReplySession(canary.key, base_url=url, allow_insecure=True, **options)


async def error_of(session: ReplySession, call: Call) -> BaseException:
    """Return what a call raises."""
    async with session:
        try:
            await call(session)
        except BaseException as error:  # noqa: BLE001 - cancellation too
            return error
    raise AssertionError("nothing was raised")


@pytest.mark.usefixtures("reply_clock")
@pytest.mark.parametrize("kind", ["write", "read"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_no_fault_tells_the_key(
    fault_server: FaultServer, canary: Canary, fault: Fault, kind: str
) -> None:
    """Whatever a server does, neither the error nor the events hold the key."""
    request = create(fault.body) if kind == "write" else read()
    fault_server.play(fault.act)
    events: list[object] = []
    url = fault_server.url.replace("http", fault.scheme, 1)
    session = session_of(canary, url, on_event=events.append)
    error = await error_of(session, lambda each: each._sender.send(request, decode_object))
    canary.assert_not_told_by(error)
    canary.assert_absent(events, session, vars(session))
    assert all("aiohttp" not in type(each).__module__ for each in chain(error))


@pytest.mark.usefixtures("reply_clock")
async def test_no_lost_read_back_tells_the_key(fault_server: FaultServer, canary: Canary) -> None:
    """The same for calls of the typed methods, which read back."""
    fault_server.play(close_after_reading)
    calls: list[Call] = [
        lambda session: session.sequences.start(7),
        lambda session: session.sequences.delete(7),
        lambda session: session.whoami(),
        lambda session: session.sequences.list().collect(),
    ]
    for call in calls:
        error = await error_of(session_of(canary, fault_server.url), call)
        canary.assert_not_told_by(error)


@pytest.mark.usefixtures("reply_clock")
async def test_no_cancellation_tells_the_key(fault_server: FaultServer, canary: Canary) -> None:
    """A cancelled call ends without the frames that held the header, a timeout too."""
    fault_server.play(silence)

    async def cancelled(session: ReplySession) -> None:
        call = asyncio.ensure_future(session.request("GET", "/v3/things"))
        await asyncio.sleep(1)
        call.cancel()
        await call

    async def timed_out(session: ReplySession) -> None:
        async with asyncio.timeout(3):
            await session.request("GET", "/v3/things")

    for call, kind in ((cancelled, asyncio.CancelledError), (timed_out, TimeoutError)):
        error = await error_of(session_of(canary, fault_server.url), call)
        assert kind is type(error)
        canary.assert_not_told_by(error)


@pytest.mark.usefixtures("reply_clock")
async def test_errors_without_an_answer(fault_server: FaultServer, canary: Canary) -> None:
    """Nobody listens, the budget is held, the session is closed, the argument is wrong."""
    nobody = session_of(canary, f"http://127.0.0.1:{free_port()}")
    error = await error_of(nobody, lambda session: session.request("GET", "/v3/things"))
    assert isinstance(error, ConnectionFailed)
    canary.assert_not_told_by(error)

    async def held(session: ReplySession) -> None:
        session.limiter.refused(1000)
        await session.request("GET", "/v3/things")

    error = await error_of(session_of(canary, fault_server.url), held)
    assert isinstance(error, RateLimitWait)
    canary.assert_not_told_by(error)

    async def closed(session: ReplySession) -> None:
        await session.close()
        await session.request("GET", "/v3/things")

    error = await error_of(session_of(canary, fault_server.url), closed)
    assert isinstance(error, SessionClosed)
    canary.assert_not_told_by(error)
    error = await error_of(
        session_of(canary, fault_server.url), lambda session: session.request("GET", "/v2")
    )
    canary.assert_not_told_by(error)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REPLY_BASE_URL", "ftp://nowhere"),
        ("REPLY_BASE_URL", "https://[::1"),
        ("REPLY_BASE_URL", "https://api.reply.io"),
        ("REPLY_TEAM_ID", "seven"),
        ("REPLY_USER_EMAIL", "nobody"),
    ],
)
def test_no_wrong_setting_tells_the_key(
    canary: Canary, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A wrong companion of the key is told without the key in any frame."""
    monkeypatch.setenv("REPLY_API_KEY", canary.key)
    monkeypatch.setenv("REPLY_BASE_URL", "http://127.0.0.1")
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidUse) as caught:
        ReplySession.from_env()
    canary.assert_not_told_by(caught.value)


@pytest.mark.parametrize("flaw", ["two {} words", "{}\u2028", "{}ключ"])
def test_no_wrong_key_is_told(canary: Canary, monkeypatch: pytest.MonkeyPatch, flaw: str) -> None:
    """A key that cannot be one is still somebody's key."""
    monkeypatch.setenv("REPLY_API_KEY", flaw.format(canary.key) + "x")
    with pytest.raises(InvalidUse) as caught:
        ReplySession.from_env()
    canary.assert_not_told_by(caught.value)


def test_secret_is_masked(canary: Canary) -> None:
    """Neither ``repr`` nor ``str`` nor any format shows it, and it is not copied out."""
    secret = Secret(canary.key)
    canary.assert_absent(secret, [secret], {"key": secret}, f"{secret}", f"{secret:>60}")
    canary.assert_absent("%s %r" % (secret, secret))  # noqa: UP031 - the old way as well
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            take(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert not hasattr(secret, "__dict__")
    assert canary.key == secret.reveal()


def test_fingerprint_tells_keys_apart_and_nothing_else(canary: Canary) -> None:
    """Equal for equal keys, and without the key in it."""
    assert Secret(canary.key).fingerprint == Secret(f" {canary.key} ").fingerprint
    assert Secret(canary.key).fingerprint != Secret(f"{canary.key}x").fingerprint
    assert canary.key.encode() not in Secret(canary.key).fingerprint


def test_session_is_not_pickled(canary: Canary) -> None:
    """Nor does its ``repr`` say more than the origin."""
    session = session_of(canary, "http://127.0.0.1:1")
    assert "<ReplySession http://127.0.0.1:1>" == repr(session)
    canary.assert_absent(session, vars(session))
    with pytest.raises(TypeError):
        pickle.dumps(session)


async def test_the_scan_can_fail(fault_server: FaultServer, canary: Canary) -> None:
    """An aiohttp error of the same request does tell the key."""
    fault_server.play(answer(500))
    headers = {"Authorization": f"Bearer {canary.key}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            await http.get(fault_server.url, raise_for_status=True)
    with pytest.raises(AssertionError):
        canary.assert_not_told_by(caught.value)


async def test_the_key_goes_out_in_one_header_only(
    fault_server: FaultServer, canary: Canary
) -> None:
    """Not in the address, not in the body, and in no other header."""
    request = Request("POST", "/v3/things", safety=Safety.CREATE, body=b"{}", query={"a": "b"})
    async with session_of(canary, fault_server.url) as session:
        await session._sender.send(request, decode_object)
    received = fault_server.received[0]
    holders = [name for name, value in received.headers.items() if canary.key in value]
    assert ["authorization"] == holders
    canary.assert_absent(received.target, received.body)
