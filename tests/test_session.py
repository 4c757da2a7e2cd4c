"""The session: where a key may go, what it borrows and shares, and the raw call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from fault_server import FaultServer, answer, silence

from reply_async import ReplySession
from reply_async.errors import (
    InvalidUse,
    OutcomeUnknown,
    ReplyError,
    SessionClosed,
)
from reply_async.requests import Safety
from reply_async.session import _limiters
from reply_async.testing import VirtualClockLoop, run_virtual
from reply_async.transport.limiter import Limiter

REAL, EMULATED = "real-key", "emu_key"


def origin(key: str, base_url: str, **options: Any) -> str:
    """Return where a session would send a key."""
    return ReplySession(key, base_url=base_url, **options)._origin


@pytest.mark.parametrize(
    ("key", "base_url", "expected"),
    [
        (REAL, "https://api.reply.io", "https://api.reply.io"),
        (REAL, " https://api.reply.io/ ", "https://api.reply.io"),
        (REAL, "https://api.reply.io/v3", "https://api.reply.io"),
        (REAL, "https://api.reply.io/v3/", "https://api.reply.io"),
        (REAL, "HTTPS://API.Reply.io:8443", "https://api.reply.io:8443"),
        (REAL, "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        (REAL, "http://[::1]:8080/v3", "http://[::1]:8080"),
        (REAL, "http://localhost", "http://localhost"),
        (EMULATED, "http://127.0.0.1:1", "http://127.0.0.1:1"),
        (EMULATED, "https://localhost", "https://localhost"),
    ],
)
def test_base_url(key: str, base_url: str, expected: str) -> None:
    """An origin; a trailing slash or ``/v3`` is taken off."""
    assert expected == origin(key, base_url)


def test_default_base_url() -> None:
    """Without one, the real API over https."""
    assert "https://api.reply.io" == ReplySession(REAL)._origin


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.reply.io",
        "ftp://api.reply.io",
        "https://",
        "https://user@api.reply.io",
        "https://user:word@api.reply.io",
        "https://@api.reply.io",
        "https://api.reply.io/v2",
        "https://api.reply.io/a/v3",
        "https://api.reply.io?key=1",
        "https://api.reply.io#a",
        "https://api.reply.io:port",
        "https://api.reply.io:99999",
        "https://[::1",
        "http://api.reply.io",
        "http://10.0.0.1",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://127.0.0.1@evil.example",
    ],
)
def test_base_url_that_cannot_be(base_url: str) -> None:
    """Refused before anything is opened, in the words of this package."""
    with pytest.raises(InvalidUse) as caught:
        ReplySession(REAL, base_url=base_url)
    assert "base_url" == caught.value.argument


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.reply.io",
        "https://reply.io",
        "https://API.REPLY.IO",
        "https://api.reply.io.",
        "http://api.reply.io",
        "https://reply.io:8443",
    ],
)
def test_emulator_key_never_goes_to_reply(base_url: str) -> None:
    """Not even when asked to be careless."""
    with pytest.raises(InvalidUse):
        ReplySession(EMULATED, base_url=base_url, allow_insecure=True)


def test_insecure_on_request() -> None:
    """Plain http and emulator keys leave this machine only when asked to."""
    for key, url in ((REAL, "http://10.0.0.1"), (EMULATED, "https://emulator.example")):
        with pytest.raises(InvalidUse):
            ReplySession(key, base_url=url)
        assert url == origin(key, url, allow_insecure=True)
    assert "https://notreply.io" == origin(EMULATED, "https://notreply.io", allow_insecure=True)


@pytest.mark.parametrize("key", ["", "  ", "two words", "ключ", "line\nfeed", "nul\x00"])
def test_key_that_cannot_be(key: str) -> None:
    """White space around a key is taken off; what is left must be printable ASCII."""
    with pytest.raises(InvalidUse) as caught:
        ReplySession(key)
    assert "api_key" == caught.value.argument


@pytest.mark.parametrize(
    "options",
    [
        {"attempt_timeout": 0},
        {"deadline": -1},
        {"max_wait": -1},
        {"user_id": 0},
        {"team_id": 2**31},
        {"user_email": "nobody"},
        {"user_email": "a@b\r\nX: y"},
        {"user_id": 1, "user_email": "a@b.example"},
    ],
)
def test_options_that_cannot_be(options: dict[str, Any]) -> None:
    """Each is refused by its name."""
    with pytest.raises(InvalidUse) as caught:
        ReplySession(REAL, **options)
    assert caught.value.argument in options


def test_from_env(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment gives what is not said; arguments win."""
    for name in ("BASE_URL", "USER_ID"):
        monkeypatch.delenv(f"REPLY_{name}", raising=False)
    monkeypatch.setenv("REPLY_API_KEY", f" {REAL}\n")
    monkeypatch.setenv("REPLY_TEAM_ID", "7")
    monkeypatch.setenv("REPLY_USER_EMAIL", "a@b.example")
    session = ReplySession.from_env()
    assert {"X-Team-Id": "7", "X-User-Email": "a@b.example"} == session._actor
    assert "Bearer real-key" == session._authorize()["Authorization"]
    monkeypatch.setenv("REPLY_BASE_URL", "https://api.example/v3")
    session = ReplySession.from_env(api_key="other", team_id=8)
    assert ("https://api.example", "8") == (session._origin, session._actor["X-Team-Id"])
    assert "Bearer other" == session._authorize()["Authorization"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("REPLY_API_KEY", ""), ("REPLY_TEAM_ID", "seven"), ("REPLY_USER_ID", "0")],
)
def test_from_env_names_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The error names the variable."""
    monkeypatch.setenv("REPLY_API_KEY", REAL)
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidUse) as caught:
        ReplySession.from_env()
    assert name == caught.value.argument


async def test_actor_headers(fault_server: FaultServer) -> None:
    """The acting user goes out with every request."""
    async with ReplySession(REAL, base_url=fault_server.url, user_id=5, team_id=6) as session:
        await session.request("GET", "/v3/whoami")
    headers = fault_server.received[0].headers
    expected = ("Bearer real-key", "5", "6")
    assert expected == tuple(headers[name] for name in ("authorization", "x-user-id", "x-team-id"))


async def test_cookies_are_not_kept(fault_server: FaultServer) -> None:
    """What the server sets is not sent back."""
    fault_server.play(answer(set_cookie="a=b; Path=/"))
    url = fault_server.url.replace("127.0.0.1", "localhost")  # a bare address takes no cookies
    async with ReplySession(REAL, base_url=url) as session:
        for _ in range(2):
            await session.request("GET", "/v3/whoami")
    assert "cookie" not in fault_server.received[1].headers


async def test_borrowed_session(fault_server: FaultServer) -> None:
    """Its connections are used; its cookies, auth and headers are not, and it stays open."""
    url = fault_server.url.replace("127.0.0.1", "localhost")
    async with aiohttp.ClientSession(
        cookies={"mine": "1"}, headers={"X-Mine": "1", "Authorization": "Basic bWU6d29yZA=="}
    ) as lender:
        async with lender.get(f"{url}/mine") as response:
            await response.read()
        async with ReplySession(REAL, base_url=url, client_session=lender) as session:
            await session.request("GET", "/v3/whoami")
        assert not lender.closed
        async with lender.get(f"{url}/mine") as response:
            assert 200 == response.status
    ours = fault_server.received[1].headers
    assert "Bearer real-key" == ours["authorization"]
    assert set() == {"cookie", "x-mine"} & set(ours)
    assert 1 == fault_server.connections


async def test_borrowed_session_that_is_closed() -> None:
    """Told when it is opened, and as a lost connection when its owner closes it later."""
    lender = aiohttp.ClientSession()
    async with ReplySession(REAL, base_url="http://127.0.0.1:1", client_session=lender) as session:
        await lender.close()
        with pytest.raises(SessionClosed):
            await session.whoami()
    with pytest.raises(InvalidUse, match="client_session: is closed"):
        await ReplySession(REAL, client_session=lender).__aenter__()


async def test_not_open(fault_server: FaultServer) -> None:
    """Before it is opened and after it is closed, a call raises SessionClosed."""
    session = ReplySession(REAL, base_url=fault_server.url)
    with pytest.raises(SessionClosed):
        await session.whoami()
    async with session:
        sequences, limiter = session.sequences, session.limiter
    await session.close()
    for call in (session.whoami, lambda: sequences.get(1)):
        with pytest.raises(SessionClosed):
            await call()
    assert (0, 10) == (fault_server.attempts, limiter.state.free_now)  # no budget is spent


async def test_closed_while_waiting(
    fault_server: FaultServer, reply_clock: VirtualClockLoop
) -> None:
    """Who waits for the budget of a session that is closed hears of it, and sends nothing."""
    async with ReplySession(REAL, base_url=fault_server.url) as session:
        session.limiter.refused(30)
        call = asyncio.create_task(session.request("GET", "/v3/whoami"))
        await asyncio.sleep(1)
    with pytest.raises(SessionClosed):
        await call
    assert 0 == fault_server.attempts
    assert reply_clock.time() < 2


async def test_closed_after_a_loss(
    fault_server: FaultServer, reply_clock: VirtualClockLoop
) -> None:
    """A lost write stays unknown, though the session is closed before its next attempt."""
    fault_server.play(answer(503, retry_after="30"))
    async with ReplySession(REAL, base_url=fault_server.url) as session:
        call = asyncio.create_task(session.request("POST", "/v3/things", safety=Safety.UPSERT))
        await asyncio.sleep(5)
    with pytest.raises(OutcomeUnknown):
        await call
    assert 1 == fault_server.attempts
    assert reply_clock.time() < 6


async def test_closed_while_sending(fault_server: FaultServer) -> None:
    """A write on the wire is unknown when the session is closed under it."""
    fault_server.play(silence)
    async with ReplySession(REAL, base_url=fault_server.url) as session:
        call = asyncio.create_task(session.request("POST", "/v3/things", safety=Safety.UPSERT))
        while not fault_server.received:  # noqa: ASYNC110 - the server sets no event
            await asyncio.sleep(0.001)
    with pytest.raises(OutcomeUnknown):
        await call


async def test_opened_twice(fault_server: FaultServer) -> None:
    """Not while it is open; after it is closed it opens anew."""
    session = ReplySession(REAL, base_url=fault_server.url)
    async with session:
        with pytest.raises(InvalidUse):
            await session.__aenter__()
        await session.request("GET", "/v3/whoami")
    async with session:
        await session.request("GET", "/v3/whoami")
    assert 2 == fault_server.attempts


async def opened_limiter(key: str, **options: Any) -> Limiter:
    """Return the budget that a session draws on."""
    async with ReplySession(key, **{"base_url": "http://127.0.0.1:1", **options}) as session:
        return session.limiter


async def test_one_budget_for_one_user() -> None:
    """Same key, origin and acting user: one limiter, after a session has ended too."""
    first = await opened_limiter(REAL, user_id=5)
    assert first is await opened_limiter(f" {REAL} ", user_id=5)
    others = [
        await opened_limiter("other", user_id=5),
        await opened_limiter(REAL),
        await opened_limiter(REAL, user_id=6),
        await opened_limiter(REAL, user_id=5, team_id=1),
        await opened_limiter(REAL, user_id=5, base_url="http://127.0.0.1:2"),
    ]
    assert 6 == len({id(limiter) for limiter in (first, *others)})


async def test_a_given_limiter_is_used() -> None:
    """Two keys of one user can share a budget on purpose."""
    limiter = Limiter()
    assert limiter is await opened_limiter(REAL, limiter=limiter)
    assert limiter is await opened_limiter("other", limiter=limiter)


def test_each_loop_has_its_budget() -> None:
    """A limiter belongs to one loop, and goes when its loop is closed."""
    first = run_virtual(opened_limiter(REAL))
    second = run_virtual(opened_limiter(REAL))
    assert first is not second
    assert 1 == sum(isinstance(loop, VirtualClockLoop) for loop in _limiters)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "v3/a",
        "/v3",
        "/v3/",
        "/v2/a",
        "/v3x/a",
        "/v3/..",
        "/v3/a/../b",
        "/v3/./a",
        "/v3/a/%2e%2e/b",
        "/v3/a?b=c",
        "/v3/a#b",
        "/v3/{id}",
        "/v3/a b",
        "/v3/a\\b",
        "/v3/a\r\nX: y",
        "/v3/a\n",
        "/v3/ä",
        "//evil.example/v3/a",
        "/v3/a//b",
        "https://evil.example/v3/a",
    ],
)
async def test_raw_call_refuses_paths(fault_server: FaultServer, path: str) -> None:
    """A path names segments below /v3 and nothing else."""
    async with ReplySession(REAL, base_url=fault_server.url) as session:
        with pytest.raises(InvalidUse, match="path"):
            await session.request("GET", path)
    assert 0 == fault_server.attempts


@pytest.mark.parametrize(
    "call",
    [
        lambda session: session.request("GE T", "/v3/a"),
        lambda session: session.request("", "/v3/a"),
        lambda session: session.request("GET", "/v3/a", query={"top": True}),
        lambda session: session.request("POST", "/v3/a", body={"a": float("nan")}),
        lambda session: session.request("POST", "/v3/a", body={"a": object()}),
        lambda session: session.request("POST", "/v3/a", body={"a": "\ud800"}),
    ],
)
async def test_raw_call_refuses_arguments(
    fault_server: FaultServer, call: Callable[[ReplySession], Any]
) -> None:
    """What cannot be sent is told before anything is sent."""
    async with ReplySession(REAL, base_url=fault_server.url) as session:
        with pytest.raises(InvalidUse):
            await call(session)
    assert 0 == fault_server.attempts


async def test_raw_call(fault_server: FaultServer) -> None:
    """Any path of the API, with query and body, and the parsed answer."""
    fault_server.play(answer(body=[1]), answer(204, b""))
    async with ReplySession(REAL, base_url=fault_server.url) as session:
        given = await session.request(
            "post", "/v3/a-b/c_d/9.7~x", query={"q": "a&b"}, body={"ä": None}
        )
        nothing = await session.request("DELETE", "/v3/a/1", has_answer=False)
    assert ([1], None) == (given, nothing)
    first = fault_server.received[0]
    assert ("POST", "/v3/a-b/c_d/9.7~x?q=a%26b") == (first.method, first.target)
    assert '{"ä":null}'.encode() == first.body


@pytest.mark.parametrize(
    ("method", "safety", "attempts"),
    [("GET", None, 3), ("POST", None, 1), ("POST", Safety.READ, 3), ("PUT", Safety.REPLACE, 1)],
)
async def test_raw_call_is_repeated_only_where_it_is_named_safe(
    fault_server: FaultServer,
    reply_clock: VirtualClockLoop,
    method: str,
    safety: Safety | None,
    attempts: int,
) -> None:
    """A GET reads; anything else needs its class."""
    fault_server.play(answer(500))
    async with ReplySession(REAL, base_url=fault_server.url) as session:
        with pytest.raises(ReplyError):
            await session.request(method, "/v3/a", safety=safety)
    assert attempts == fault_server.attempts
    assert reply_clock.time() < 2
