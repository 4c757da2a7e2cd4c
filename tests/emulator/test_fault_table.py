"""Every pair of what and when, against the table of `reliability.md` 1.1.

The exception and the trace are those of a plain aiohttp client; what becomes of a
write and of a read in the SDK is said by the rows of `transport/fault_table.py`.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from attrs import frozen
from transport.fault_table import FINE, STATUSES, WIRE_FAULTS, decode_object
from transport.fault_table import Fault as Row

from reply_async import ReplySession
from reply_async.emulator import Fault
from reply_async.emulator.faults import (
    AFTER_APPLY,
    AFTER_ITEMS,
    BEFORE_APPLY,
    MID_ANSWER,
    PAIRS,
)
from reply_async.requests import Request, Safety
from reply_async.responses import Answer, judge
from reply_async.transport.http import HttpTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from reply_async.emulator import Emulator

pytestmark = [
    pytest.mark.usefixtures("reply_clock"),
    pytest.mark.reply_emulator(budget=None),
]

IMPORT, CONTACTS = "/v3/contacts/import", "/v3/contacts"
READ_PAIRS = [
    (what, when) for what, when in PAIRS if when != AFTER_ITEMS and what != "delayed_visibility"
]
PEOPLE = [{"email": f"p{number}@example.com", "firstName": "P"} for number in range(4)]
APPLIED = {BEFORE_APPLY: 0, AFTER_APPLY: 4, AFTER_ITEMS: 3, MID_ANSWER: 4}

ROWS = {row.name: row for row in (*WIRE_FAULTS, *STATUSES, FINE)}
MORE: dict[str, dict[str, Any]] = {
    "status": {"status": 502},
    "gzip_bomb": {"size_mib": 40},  # above the SDK's cap
    "delayed_visibility": {"seconds": 5},
}


@frozen
class Expected:
    """What aiohttp raises, how a write's trace ends, and the row of the SDK's table.

    E means that no answer's headers were parsed, D that they were.
    """

    raised: type[Exception] | None
    end: str
    row: str


LOST = aiohttp.ServerDisconnectedError
BROKEN = aiohttp.ClientPayloadError
NOT_HTTP = aiohttp.ClientResponseError
INSTEAD = {
    "close": Expected(LOST, "E", "closed after reading"),
    "reset": Expected(aiohttp.ClientOSError, "E", "reset after reading"),
    "hang": Expected(TimeoutError, "E", "silence"),
    "half_headers": Expected(LOST, "E", "half a header block"),
    "garbage": Expected(NOT_HTTP, "E", "garbage"),
    "long_header": Expected(NOT_HTTP, "E", "header line of 20 kB"),
    "early_413": Expected(None, "D", "early 413"),
    "short_body": Expected(BROKEN, "D", "short Content-Length"),
    "cut_chunk": Expected(BROKEN, "D", "cut chunk"),
    "bad_gzip": Expected(BROKEN, "D", "bad gzip"),
    "cut_close": Expected(ValueError, "D", "body ended by close and cut"),
    "bad_json": Expected(ValueError, "D", "bad JSON"),
    "deep_json": Expected(RecursionError, "D", "100,000 levels"),
    "long_number": Expected(ValueError, "D", "5,000 digits"),
    "html_200": Expected(aiohttp.ContentTypeError, "D", "HTML"),
    "empty_200": Expected(None, "D", "empty 200"),
    "wrong_type": Expected(None, "D", "another shape"),
    "drip": Expected(TimeoutError, "D", "drip"),
    "redirect": Expected(None, "D", "302 b'' {}"),
    "gzip_bomb": Expected(None, "D", "gzip bomb"),
    "status": Expected(None, "D", "502 b'' {}"),
    "delayed_visibility": Expected(None, "D", "fine"),
}
# Once the headers of the true answer are out, a lost connection is a broken body.
IN_THE_MIDDLE = INSTEAD | {
    "close": Expected(BROKEN, "D", "short Content-Length"),
    "reset": Expected(BROKEN, "D", "short Content-Length"),
    "hang": Expected(TimeoutError, "D", "drip"),
}


def expected(what: str, when: str) -> Expected:
    """Return what a pair has to come to."""
    return (IN_THE_MIDDLE if when == MID_ANSWER else INSTEAD)[what]


def armed(emulator: Emulator, what: str, when: str) -> str:
    """Arm a pair for the import and for the list of contacts, and return its label."""
    items = 3 if when == AFTER_ITEMS else None
    fault = Fault(what=what, when=when, route=IMPORT, items=items, **MORE.get(what, {}))
    emulator.faults.add(fault)
    if not items and what != "delayed_visibility":
        emulator.faults.add(Fault(what=what, when=when, route=CONTACTS, **MORE.get(what, {})))
    return fault.label


def traced(letters: list[str]) -> aiohttp.TraceConfig:
    """Return a trace that writes down the letters of the table."""
    config = aiohttp.TraceConfig()

    def note(letter: str) -> Any:
        async def callback(*_: object) -> None:
            letters.extend(() if letters[-1:] == [letter] else letter)

        return callback

    config.on_connection_queued_start.append(note("Q"))
    config.on_connection_create_end.append(note("C"))
    config.on_request_headers_sent.append(note("H"))
    config.on_request_chunk_sent.append(note("B"))
    config.on_request_exception.append(note("E"))
    config.on_request_end.append(note("D"))
    return config


@pytest.fixture
async def letters() -> list[str]:
    """Give the letters of the trace of `client`."""
    return []


@pytest.fixture
async def client(
    reply_emulator: Emulator, letters: list[str]
) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a plain client with a trace."""
    headers = {"Authorization": f"Bearer {reply_emulator.key}"}
    async with aiohttp.ClientSession(
        reply_emulator.url,
        headers=headers,
        trace_configs=[traced(letters)],
        timeout=aiohttp.ClientTimeout(total=30),
    ) as session:
        yield session


async def raised_by(
    client: aiohttp.ClientSession, method: str, path: str, **options: Any
) -> type[Exception] | None:
    """Ask and read the answer as JSON where it is a success; return the error's kind."""
    try:
        async with client.request(method, path, allow_redirects=False, **options) as response:
            await (response.json() if response.status < 300 else response.read())
    except Exception as error:  # noqa: BLE001 - the table names the kind
        return type(error)
    return None


def assert_kind(expected: type[Exception] | None, actual: type[Exception] | None) -> None:
    """Compare exceptions; `json` has a ValueError of its own, the others are exact."""
    if expected is ValueError and actual is not None:
        assert issubclass(actual, ValueError)
    else:
        assert expected is actual


@pytest.mark.parametrize(("what", "when"), PAIRS)
async def test_a_plain_client_sees_the_table(
    reply_emulator: Emulator,
    client: aiohttp.ClientSession,
    letters: list[str],
    what: str,
    when: str,
) -> None:
    """Exception and trace are as listed, and so much is applied as `when` says."""
    pair, label = expected(what, when), armed(reply_emulator, what, when)
    assert_kind(pair.raised, await raised_by(client, "POST", IMPORT, json={"items": PEOPLE}))
    assert ["C", "H", "B", pair.end] == letters
    assert APPLIED[when] == len(reply_emulator.state.contacts)
    (logged,) = reply_emulator.requests
    assert (label, APPLIED[when] > 0) == (logged.fault, logged.is_applied)


@pytest.mark.parametrize(("what", "when"), READ_PAIRS)
async def test_a_plain_read_sees_the_table(
    reply_emulator: Emulator,
    client: aiohttp.ClientSession,
    letters: list[str],
    what: str,
    when: str,
) -> None:
    """A read has the same exception; after a lost connection aiohttp sends it once more."""
    armed(reply_emulator, what, when)
    pair = expected(what, when)
    reply_emulator.faults.remove(1)  # the one of the import
    assert_kind(pair.raised, await raised_by(client, "GET", CONTACTS))
    sent = 2 if pair.raised in {LOST, aiohttp.ClientOSError} else 1
    assert [*["C", "H"] * sent, pair.end] == letters
    assert [False] * sent == [logged.is_applied for logged in reply_emulator.requests]


def write(row: Row) -> Request:
    """Return an import, as a write that must not be sent twice."""
    body = row.body
    if row.body == b"{}":
        body = str({"items": PEOPLE}).replace("'", '"').encode()
    return Request("POST", IMPORT, safety=Safety.CREATE, body=body)


@pytest.mark.parametrize(("what", "when"), PAIRS)
async def test_the_sdk_makes_of_it_what_the_table_says(
    reply_emulator: Emulator, reply_session: ReplySession, what: str, when: str
) -> None:
    """One attempt has the outcome of the row, and an awaited call its error and requests."""
    row = ROWS[expected(what, when).row]
    armed(reply_emulator, what, when)
    headers = {"Authorization": f"Bearer {reply_emulator.key}"}
    http = HttpTransport(origin=reply_emulator.url, authorize=lambda: headers)
    await http.open()
    result = await http.attempt(write(row), 30)
    await http.close()
    assert row.attempt is type(result)
    if isinstance(result, Answer):
        result = judge(write(row), result, decode_object)  # type: ignore[assignment] # either kind
    assert row.outcome is type(result)
    assert row.write_error is await error_of(reply_session, write(row))
    assert 1 + row.writes == reply_emulator.requests.count("POST", IMPORT)
    assert APPLIED[when] == len(reply_emulator.state.contacts)


@pytest.mark.parametrize(("what", "when"), READ_PAIRS)
async def test_the_sdk_repeats_a_read_as_the_table_says(
    reply_emulator: Emulator, reply_session: ReplySession, what: str, when: str
) -> None:
    """A read is repeated where that may help, and then says what came."""
    row = ROWS[expected(what, when).row]
    armed(reply_emulator, what, when)
    request = Request("GET", CONTACTS, safety=Safety.READ)
    assert row.read_error is await error_of(reply_session, request)
    assert row.reads == reply_emulator.requests.count("GET", CONTACTS)


async def error_of(session: ReplySession, request: Request) -> type[Exception] | None:
    """Send as the resources do and return the kind of error."""
    try:
        await session._sender.send(request, decode_object)
    except Exception as error:  # noqa: BLE001 - the rows name the kind
        return type(error)
    return None


async def test_every_kind_of_fault_is_expected_something_of() -> None:
    """No kind can be added without its line here."""
    assert INSTEAD.keys() == {what for what, _ in PAIRS}
    assert {what for what, when in PAIRS if when == MID_ANSWER} <= IN_THE_MIDDLE.keys()


async def test_a_hang_ends_by_the_time_between_two_reads(
    reply_emulator: Emulator, client: aiohttp.ClientSession
) -> None:
    """With `sock_read` instead of `total` aiohttp has an error of its own for silence."""
    armed(reply_emulator, "hang", AFTER_APPLY)
    timeout = aiohttp.ClientTimeout(total=None, sock_read=5)
    error = await raised_by(client, "GET", CONTACTS, timeout=timeout)
    assert aiohttp.SocketTimeoutError is error


async def test_a_reset_is_a_reset_also_in_the_middle(reply_emulator: Emulator) -> None:
    """Aiohttp makes the same of it as of a close, so a bare socket has to tell."""
    armed(reply_emulator, "reset", MID_ANSWER)
    host, port = reply_emulator.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    key = f"Authorization: Bearer {reply_emulator.key}"
    writer.write(f"GET {CONTACTS} HTTP/1.1\r\nHost: {host}\r\n{key}\r\n\r\n".encode())
    assert b"HTTP/1.1 200 OK\r\n" == await reader.readline()
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_early_413_comes_while_the_body_is_on_its_way(
    reply_emulator: Emulator, client: aiohttp.ClientSession
) -> None:
    """The request goes on only when the answer is there; a big body makes no difference."""
    armed(reply_emulator, "early_413", BEFORE_APPLY)
    answered = asyncio.Event()

    async def patient() -> AsyncIterator[bytes]:
        yield b"{"
        await answered.wait()
        yield b"}"

    async with client.post(IMPORT, data=patient()) as response:
        answered.set()
        assert 413 == response.status
    async with client.post(IMPORT, data=BytesIO(b" " * 30 * 1024 * 1024)) as response:
        assert 413 == response.status
