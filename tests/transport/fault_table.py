"""The tables of what can become of an attempt, as tests walk through them."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen
from fault_server import (
    OK,
    Act,
    answer,
    close_after_reading,
    close_before_reading,
    cut,
    cut_gzip,
    drip,
    early_413,
    gzip_bomb,
    plain_to_tls,
    reset_after_reading,
    reset_within_the_body,
    silence,
    silent_to_tls,
)

from reply_async.errors import (
    ApiError,
    BadAnswer,
    Conflict,
    ConnectionFailed,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    ReplyError,
    ServerError,
    Unauthorized,
    ValidationFailed,
)
from reply_async.requests import Request, Safety
from reply_async.responses import Answer, Applied, NotSent, Rejected, Throttled, Unknown

BIG_BODY = b'"' + b"x" * (8 * 1024 * 1024) + b'"'


@frozen(kw_only=True)
class Fault:
    """What a server does, and what has to become of a write and of a read.

    ``writes`` and ``reads`` count what the server may see of one awaited call.
    """

    name: str
    act: Act = field(repr=False)
    attempt: type = Unknown
    outcome: type = Unknown
    write_error: type[ReplyError] | None = OutcomeUnknown
    read_error: type[ReplyError] | None = ConnectionFailed
    writes: int = 1
    reads: int = 3
    scheme: str = "http"
    body: bytes = field(default=b"{}", repr=False)


def create(body: bytes = b"{}") -> Request:
    """Return a write that may be sent again only if it never left."""
    return Request("POST", "/v3/things", safety=Safety.CREATE, body=body)


def read() -> Request:
    """Return a read."""
    return Request("GET", "/v3/things", safety=Safety.READ)


def decode_object(data: Any) -> dict[str, Any]:
    """Return what is promised: an object."""
    from reply_async.converter import DecodeError  # noqa: PLC0415 - one name for one function

    if not isinstance(data, dict):
        raise DecodeError("$", "an object is promised")
    return data


def _unreadable(name: str, act: Act, *, reads: int) -> Fault:
    """Return a whole answer that cannot be read."""
    return Fault(name=name, act=act, attempt=Answer, read_error=BadAnswer, reads=reads)


DEEP = b"[" * 100_000 + b"]" * 100_000
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"

WIRE_FAULTS = (
    Fault(
        name="plain text for TLS",
        act=plain_to_tls,
        attempt=NotSent,
        outcome=NotSent,
        write_error=ConnectionFailed,
        reads=1,  # permanent
        scheme="https",
    ),
    Fault(
        name="silence for TLS",
        act=silent_to_tls,
        attempt=NotSent,
        outcome=NotSent,
        write_error=ConnectionFailed,
        writes=3,
        scheme="https",
    ),
    Fault(name="closed before reading", act=close_before_reading),
    Fault(name="closed after reading", act=close_after_reading),
    Fault(name="reset after reading", act=reset_after_reading),
    Fault(name="reset within the body", act=reset_within_the_body, body=BIG_BODY),
    Fault(name="silence", act=silence),
    Fault(name="half a header block", act=cut(b"HTTP/1.1 200 OK\r\nContent-Ty")),
    Fault(name="garbage", act=cut(b"\x00\xff\x17 garbage\r\n\r\n")),
    Fault(name="header line of 20 kB", act=cut(OK + b"X: " + b"x" * 20_000 + b"\r\n\r\n{}")),
    Fault(
        name="early 413",
        act=early_413,
        attempt=Answer,
        outcome=Rejected,
        write_error=ApiError,
        read_error=ApiError,
        reads=1,
        body=BIG_BODY,
    ),
    Fault(name="short Content-Length", act=cut(OK + b'Content-Length: 100\r\n\r\n{"a":')),
    Fault(name="cut chunk", act=cut(OK + CHUNKED + b'10\r\n{"a":')),
    Fault(name="bad chunk size", act=cut(OK + CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n")),
    Fault(name="bad gzip", act=answer(body=b'{"no": "gzip"}', content_encoding="gzip")),
    _unreadable("cut gzip", cut_gzip(), reads=3),  # aiohttp takes the stump for the whole
    _unreadable("body ended by close and cut", cut(OK + b'\r\n{"a": 1, "b'), reads=3),
    _unreadable("bad JSON", answer(body=b"{]"), reads=3),
    _unreadable("NaN", answer(body=b'{"a": NaN}'), reads=3),
    _unreadable("100,000 levels", answer(body=DEEP), reads=3),
    _unreadable("5,000 digits", answer(body=b'{"a": ' + b"9" * 5_000 + b"}"), reads=3),
    _unreadable("HTML", answer(body=b"<html>Hello</html>", content_type="text/html"), reads=1),
    _unreadable("empty 200", answer(body=b""), reads=1),
    _unreadable("empty 204", cut(b"HTTP/1.1 204 No Content\r\n\r\n"), reads=1),
    _unreadable("another shape", answer(body=[1]), reads=1),
    _unreadable("202 of a job", answer(202, [], location="/v3/jobs/1"), reads=1),
    Fault(name="drip", act=drip),
    Fault(
        name="gzip bomb",
        act=answer(body=gzip_bomb(), content_encoding="gzip"),
        read_error=BadAnswer,
        reads=1,
    ),
)


def _answered(
    status: int,
    outcome: type,
    write_error: type[ReplyError],
    read_error: type[ReplyError] | None = None,
    *,
    reads: int = 1,
    body: object = b"",
    **headers: str,
) -> Fault:
    return Fault(
        name=f"{status} {body!r} {headers}",
        act=answer(status, body, **headers),
        attempt=Answer,
        outcome=outcome,
        write_error=write_error,
        read_error=read_error or write_error,
        reads=reads,
    )


PROBLEM = {"title": "No", "code": "thing.wrong"}
FIELDS = {"title": "No", "errors": [{"pointer": "/a", "detail": "private"}]}

STATUSES = (
    *(_answered(code, Unknown, OutcomeUnknown, BadAnswer) for code in (301, 302, 307, 308)),
    *(_answered(code, Rejected, ApiError, body=PROBLEM) for code in (400, 422)),
    *(_answered(code, Rejected, ValidationFailed, body=FIELDS) for code in (400, 422)),
    _answered(409, Rejected, Conflict, body=PROBLEM),
    _answered(400, Rejected, NotFound, body={"code": "sequence.notFound"}),
    *(_answered(code, Unknown, OutcomeUnknown, BadAnswer, reads=3) for code in (400, 409, 422)),
    _answered(400, Unknown, OutcomeUnknown, BadAnswer, reads=3, body=b"<html>"),
    *(
        _answered(code, Rejected, error, body=body)
        for code, error in (
            (401, Unauthorized),
            (403, Forbidden),
            (404, NotFound),
            (405, ApiError),
            (413, ApiError),
            (415, ApiError),
            (431, ApiError),
        )
        for body in (b"", PROBLEM)
    ),
    _answered(429, Rejected, ApiError, body={"code": "linkedIn.limit"}),
    *(_answered(code, Unknown, OutcomeUnknown, ServerError, reads=3) for code in (500, 502, 504)),
    _answered(503, Unknown, OutcomeUnknown, ServerError, reads=3, retry_after="2"),
    *(
        _answered(code, Unknown, OutcomeUnknown, BadAnswer, reads=3, body=PROBLEM)
        for code in (402, 406, 410, 418)
    ),
    Fault(
        name="429 without a code",
        act=answer(429, {"title": "Too many"}, retry_after="1"),
        attempt=Answer,
        outcome=Throttled,
        write_error=RateLimited,
        read_error=RateLimited,
        writes=3,
    ),
)

FINE = Fault(
    name="fine",
    act=answer(body={"id": 1}),
    attempt=Answer,
    outcome=Applied,
    write_error=None,
    read_error=None,
    reads=1,
)

ALL_FAULTS = (*WIRE_FAULTS, *STATUSES, FINE)
