"""One attempt, and one awaited call, against every way in which a server can fail."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from fault_server import (
    FaultServer,
    answer,
    close_after_reading,
    free_port,
    gzip_bomb,
    reset_after_reading,
    silence,
)
from transport.fault_table import (
    ALL_FAULTS,
    Fault,
    create,
    decode_object,
    read,
)

from reply_async import ReplySession
from reply_async.errors import BadAnswer, ConnectionFailed, OutcomeUnknown
from reply_async.requests import Request, Safety
from reply_async.responses import Answer, Applied, NotSent, Rejected, Throttled, Unknown, judge
from reply_async.transport.http import HttpTransport

pytestmark = pytest.mark.usefixtures("reply_clock")

KEY = "emu_http"


@asynccontextmanager
async def transport(origin: str, **options: Any) -> AsyncIterator[HttpTransport]:
    """Open a transport towards an origin."""
    http = HttpTransport(origin=origin, authorize=lambda: {"Authorization": "Bearer x"}, **options)
    await http.open()
    try:
        yield http
    finally:
        await http.close()


def named(fault: Fault) -> str:
    """Name a row of the tables in the id of a test."""
    return fault.name


def origin(server: FaultServer, fault: Fault) -> str:
    """Return the server's address in the scheme of the fault."""
    return server.url.replace("http", fault.scheme, 1)


@pytest.mark.parametrize("fault", ALL_FAULTS, ids=named)
async def test_outcome_of_a_write(fault_server: FaultServer, fault: Fault) -> None:
    """An attempt returns a value, and that value says what is known of the write."""
    fault_server.play(fault.act)
    async with transport(origin(fault_server, fault)) as http:
        result = await http.attempt(create(fault.body), 30)
    assert fault.attempt is type(result)
    if isinstance(result, Answer):
        result = judge(create(), result, decode_object)  # type: ignore[assignment]
    assert fault.outcome is type(result)


@pytest.mark.parametrize("fault", ALL_FAULTS, ids=named)
async def test_awaited_write(fault_server: FaultServer, fault: Fault) -> None:
    """A write that may have been applied is sent once and raises OutcomeUnknown."""
    fault_server.play(fault.act)
    error, _ = await call(fault_server, fault, create(fault.body))
    assert (fault.write_error, fault.writes) == (error, fault_server.attempts)


@pytest.mark.parametrize("fault", ALL_FAULTS, ids=named)
async def test_awaited_read(fault_server: FaultServer, fault: Fault) -> None:
    """A read is repeated where that may help, and then says what came."""
    fault_server.play(fault.act)
    error, _ = await call(fault_server, fault, read())
    assert (fault.read_error, fault.reads) == (error, fault_server.attempts)


async def call(
    server: FaultServer, fault: Fault, request: Request
) -> tuple[type[BaseException] | None, object]:
    """Send as a session does; return the kind of error, or the value."""
    url = origin(server, fault)
    async with ReplySession(KEY, base_url=url, allow_insecure=True) as session:
        try:
            return None, await session._sender.send(request, decode_object)
        except Exception as error:  # noqa: BLE001 - the tables name the kind
            return type(error), None


async def test_the_tables_cover_every_outcome() -> None:
    """Each of the five outcomes has its rows, and no row is there twice."""
    outcomes = {fault.outcome for fault in ALL_FAULTS}
    assert {Applied, Rejected, NotSent, Throttled, Unknown} == outcomes
    assert len(ALL_FAULTS) == len({fault.name for fault in ALL_FAULTS})


@pytest.mark.parametrize("request_", [create(), read()], ids=["write", "read"])
async def test_refused_connection_is_not_sent(request_: Request) -> None:
    """Nobody listens: proof that nothing left, three tries, ConnectionFailed."""
    url = f"http://127.0.0.1:{free_port()}"
    async with transport(url) as http:
        assert NotSent(f"cannot connect to {url} (connection refused)") == await http.attempt(
            request_, 30
        )
    events: list[object] = []
    async with ReplySession(KEY, base_url=url, on_event=events.append) as session:
        with pytest.raises(ConnectionFailed):
            await session._sender.send(request_, decode_object)
        assert 0 == session.requests_sent
    assert 2 == sum(type(event).__name__ == "RetryPlanned" for event in events)


class FailingConnector(aiohttp.TCPConnector):
    """Fails to connect with an error of its maker's choice."""

    error: BaseException = TimeoutError()

    async def connect(self, *_args: Any, **_options: Any) -> Any:
        """Raise the error instead of connecting."""
        raise self.error


def _key() -> Any:
    class Key:
        ssl, host, port, is_ssl = True, "reply.invalid", 443, True

    return Key()


@pytest.mark.parametrize(
    ("error", "is_permanent"),
    [
        (aiohttp.ClientConnectorDNSError(_key(), OSError(-2, "not known")), False),
        (aiohttp.ClientProxyConnectionError(_key(), OSError(111, "refused")), False),
        (aiohttp.ClientConnectorCertificateError(_key(), ValueError("expired")), True),
        (aiohttp.ClientConnectorSSLError(_key(), OSError(1, "handshake")), True),
        (aiohttp.ServerDisconnectedError(), False),
        (TimeoutError(), False),
        (RuntimeError("a bug below us"), False),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_not_sent_is_proved_by_the_trace_alone(
    error: BaseException, *, is_permanent: bool
) -> None:
    """Whatever the exception, nothing was sent as long as no header block left."""
    connector = FailingConnector()
    connector.error = error
    async with (
        aiohttp.ClientSession(connector=connector) as lender,
        transport("https://reply.invalid", borrowed=lender) as http,
    ):
        result = await http.attempt(create(), 30)
    assert isinstance(result, NotSent)
    assert is_permanent is result.is_permanent


async def test_no_free_connection_is_not_sent(fault_server: FaultServer) -> None:
    """Queued for a pooled connection until the end: nothing left."""
    fault_server.play(silence)
    async with transport(fault_server.url, connections=1) as http:
        first = asyncio.create_task(http.attempt(create(), 30))
        await asyncio.sleep(0.1)
        second = await http.attempt(create(), 5)
        assert NotSent("no connection within 5 s") == second
        assert isinstance(await first, Unknown)
    assert 1 == fault_server.attempts


@pytest.mark.parametrize("drop", [close_after_reading, reset_after_reading])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"])
async def test_no_silent_replay(fault_server: FaultServer, method: str, drop: Any) -> None:
    """A drop on a reused connection costs one request on the wire, not two."""
    fault_server.play(answer(), drop)
    async with transport(fault_server.url) as http:
        await http.attempt(read(), 30)
        result = await http.attempt(Request(method, "/v3/things", safety=None), 30)
    assert isinstance(result, Unknown)
    assert [method] == [received.method for received in fault_server.received[1:]]


@pytest.mark.parametrize("location", ["http://{}/v3/things", "//{}/v3/things", "/v3/elsewhere"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_never_followed(
    fault_server: FaultServer, status: int, location: str
) -> None:
    """The other host gets no request, and the error names it and nothing else of its address."""
    async with FaultServer() as other:
        target = location.format(other.url.removeprefix("http://"))
        fault_server.play(answer(status, location=f"{target}?token=private"))
        async with ReplySession(KEY, base_url=fault_server.url) as session:
            with pytest.raises(BadAnswer) as caught:
                await session.request("GET", "/v3/things")
            with pytest.raises(OutcomeUnknown):
                await session.request("POST", "/v3/things", safety=Safety.STATE)
        assert (2, 0) == (fault_server.attempts, other.attempts)
    host = "127.0.0.1" if "{}" in location else "the same host"
    assert caught.value.problem == f"a redirect to {host}"


async def test_gzip_bomb_stays_small(fault_server: FaultServer) -> None:
    """200 MiB out of 200 kB are given up at the cap, long before memory is used up."""
    assert len(gzip_bomb()) < 300_000
    fault_server.play(answer(body=gzip_bomb(), content_encoding="gzip"))
    async with transport(fault_server.url) as http:
        tracemalloc.start()
        result = await http.attempt(read(), 30)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert isinstance(result, Unknown)
    assert peak < 64 * 1024 * 1024


async def test_cancelled_attempt_ends_at_once(fault_server: FaultServer) -> None:
    """Cancellation goes on with its message and leaves neither task nor connection."""
    fault_server.play(silence)
    async with ReplySession(KEY, base_url=fault_server.url) as session:
        task = asyncio.create_task(session.request("GET", "/v3/things"))
        await asyncio.sleep(1)
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await task
        await fault_server.settle()
    assert 1 == fault_server.attempts


async def test_timeout_of_the_caller(fault_server: FaultServer) -> None:
    """A caller's own timeout works, since cancellation is never swallowed."""
    fault_server.play(silence)
    async with ReplySession(KEY, base_url=fault_server.url) as session:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(session.request("GET", "/v3/things"), 3)
    assert 1 == fault_server.attempts


async def test_headers_and_path_on_the_wire(fault_server: FaultServer) -> None:
    """The request goes out as it was built, and says who asks."""
    request = Request(
        "POST",
        "/v3/things/{id}",
        path={"id": "7"},
        query={"name": "a b&c/ü"},
        body='{"ü":1}'.encode(),
        safety=None,
    )
    async with transport(fault_server.url) as http:
        await http.attempt(request, 30)
    received = fault_server.received[0]
    assert "POST /v3/things/7?name=a+b%26c/%C3%BC" == f"{received.method} {received.target}"
    assert '{"ü":1}'.encode() == received.body
    assert "application/json" == received.headers["content-type"]
    assert "Bearer x" == received.headers["authorization"]
    assert received.headers["user-agent"].startswith("reply-async/")
    assert "cookie" not in received.headers
