"""One attempt on the wire, the only file of the SDK that knows aiohttp.

An attempt returns a whole ``Answer``, or what is known of its loss: ``NotSent`` with
proof, else ``Unknown``. It raises nothing but cancellation, and no aiohttp object
leaves this file: their ``repr`` and tracebacks hold the key (aiohttp#8402), so errors
are described inside the ``except`` block and raised by others, outside of it; a
cancellation goes on as a new one, without the frames that hold the header.

The proof of "not sent" is that aiohttp never told our trace that it was about to
hand the header block to the socket. The exception's class proves nothing.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable, Mapping
from io import BytesIO
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
from attrs import define, field
from yarl import URL

from reply_async.errors import BadAnswer, InvalidUse, SessionClosed
from reply_async.requests import Request
from reply_async.responses import Answer, NotSent, Unknown
from reply_async.version import __version__

MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
KEEP_ALIVE_SECONDS: Final = 15.0  # below the server's, so that a reused connection is alive
USER_AGENT: Final = f"reply-async/{__version__}"


@define
class Trace:
    """What the trace saw of one attempt: nothing has left before the headers do."""

    headers_sent: bool = False


class _ReplayStoppedError(Exception):
    """aiohttp was about to send the request a second time by itself."""


async def _on_headers_sent(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _params: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    trace: Trace = context.trace_request_ctx
    if trace.headers_sent:
        raise _ReplayStoppedError
    trace.headers_sent = True


@define(kw_only=True)
class HttpTransport:
    """Sends single attempts to one origin, over connections of its own or borrowed ones.

    ``authorize`` gives the headers that carry the key and the acting user; they are
    built per attempt and kept nowhere. ``borrowed`` is a session of the caller whose
    connector is used and left open: its cookies, auth and traces are its owner's.
    """

    origin: str
    authorize: Callable[[], Mapping[str, str]] = field(repr=False)
    borrowed: aiohttp.ClientSession | None = None
    connections: int = 12
    _session: aiohttp.ClientSession | None = field(init=False, default=None)

    async def open(self) -> None:
        """Open the session; needs the running loop."""
        connector = self.borrowed.connector if self.borrowed is not None else None
        if self.borrowed is not None and (connector is None or connector.closed):
            raise InvalidUse("client_session", "is closed")
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_on_headers_sent)
        self._session = aiohttp.ClientSession(
            connector=connector
            or aiohttp.TCPConnector(limit=self.connections, keepalive_timeout=KEEP_ALIVE_SECONDS),
            connector_owner=connector is None,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
            trust_env=False,  # it would read netrc as well
        )

    async def close(self) -> None:
        """Close what was opened here; a borrowed connector stays open."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @property
    def is_open(self) -> bool:
        """Tell whether attempts can be made."""
        return self._session is not None and not self._session.closed

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open session; SessionClosed if there is none."""
        if self._session is None or self._session.closed:
            raise SessionClosed
        return self._session

    async def attempt(
        self, request: Request, timeout_seconds: float, trace: Trace | None = None
    ) -> Answer | NotSent | Unknown:
        """Send a request once and read its whole answer; a new ``trace`` tells what left."""
        session, trace = self.session, trace or Trace()
        try:
            return await self._exchange(session, request, timeout_seconds, trace)
        except asyncio.CancelledError as error:
            cancelled = error.args
        except Exception as error:  # noqa: BLE001 - aiohttp's parsers raise more than ClientError
            evidence, is_permanent = _describe(
                error, self.origin, timeout_seconds, is_sent=trace.headers_sent
            )
            if trace.headers_sent:
                return Unknown(evidence)
            return NotSent(evidence, is_permanent)
        raise asyncio.CancelledError(*cancelled)

    async def _exchange(
        self, session: aiohttp.ClientSession, request: Request, seconds: float, trace: Trace
    ) -> Answer | Unknown:
        url = URL(self.origin + request.url_path, encoded=True)
        accept = request.answer_kind.value
        headers = {"Accept": accept, "User-Agent": USER_AGENT, **self.authorize()}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        async with session.request(
            request.method,
            url.with_query(request.query) if request.query else url,
            data=None if request.body is None else BytesIO(request.body),  # bytes block the loop
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=seconds, ceil_threshold=math.inf),
            trace_request_ctx=trace,
        ) as response:
            body = await _read_bounded(response)
            if body is None:
                response.close()
                problem = f"more than {MAX_ANSWER_BYTES >> 20} MiB"
                error = BadAnswer(request, response.status, "$", problem)
                return Unknown(f"an answer of {problem}", error, is_transient=False)
            names = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, names, body)


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes | None:
    """Read the decoded body, or give up at the cap: a small bomb unpacks to gigabytes."""
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _describe(error: Exception, origin: str, seconds: float, *, is_sent: bool) -> tuple[str, bool]:
    """Put an error into words of our own, and tell whether a repeat is no use."""
    is_permanent = False
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            words, is_permanent = f"no trusted TLS connection to {origin}", True
        case aiohttp.ClientConnectorDNSError():
            words = f"cannot find the host of {origin}"
        case aiohttp.ClientConnectorError():
            words = f"cannot connect to {origin} ({_reason(error.os_error)})"
        case TimeoutError():
            words = f"no {'whole answer' if is_sent else 'connection'} within {seconds:.0f} s"
        case aiohttp.ServerDisconnectedError():
            words = "the server closed the connection before a whole answer"
        case aiohttp.ClientPayloadError():
            words = "the answer broke off or cannot be decoded"
        case aiohttp.ClientResponseError():
            words = "the answer is not HTTP"
        case OSError():
            words = f"the connection broke ({_reason(error)})"
        case _ReplayStoppedError():
            words = "the connection broke, and a silent second try was stopped"
        case _:
            words = f"the attempt failed ({type(error).__name__})"
    return words, is_permanent


def _reason(error: OSError) -> str:
    number: Any = error.errno
    return (
        os.strerror(number).lower() if isinstance(number, int) and number > 0 else "no reason given"
    )
