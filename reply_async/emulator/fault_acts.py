"""What each kind of fault does on the wire, as data: an answer, or bytes and an end.

Pure; `connections.py` carries it out. A fault in the middle of an answer gets that
answer and lets half of it out; at any other time it brings bytes of its own.
"""

from __future__ import annotations

import json
import zlib
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reply_async.emulator.faults import Fault

CLOSE, RESET, HANG, DRIP = "close", "reset", "hang", "drip"

JSON_TYPE = "application/json; charset=utf-8"
PROBLEM_TYPE = "application/problem+json; charset=utf-8"
MIB = 1024 * 1024
BOMB_MIB = 200
LONG_HEADER_BYTES = 20_000
DRIP_BYTES = 100_000  # a day of them, one a second
ELSEWHERE = "https://elsewhere.invalid/"


@frozen
class HttpAnswer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = field(default=b"", repr=False)

    def head(self, framing: Mapping[str, str]) -> bytes:
        """Return status line and headers, among them what tells where the body ends."""
        headers = {**self.headers, **framing}
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        return f"HTTP/1.1 {self.status} {_phrase(self.status)}\r\n{''.join(lines)}\r\n".encode()


@frozen
class Break:
    """Bytes that go out as they are, and what becomes of the connection after them.

    ``seconds`` is how long a hang lasts (None: until the client hangs up) or the pause
    before each byte of ``dripped``. ``status`` is 0 unless a whole header block went out.
    """

    data: bytes = field(repr=False)
    end: str
    status: int = 0
    seconds: float | None = None
    dripped: bytes = field(default=b"", repr=False)


Act = HttpAnswer | Break

STAND_IN = HttpAnswer(200, {"Content-Type": JSON_TYPE}, b'{"id": 1}')


def act(fault: Fault, answer: HttpAnswer | None) -> Act:
    """Return what a fault does; `answer` is the true one, if half of it is to go out."""
    return _ACTS[fault.what](fault, answer)


def _close(_fault: Fault, answer: HttpAnswer | None) -> Break:
    return Break(b"", CLOSE) if answer is None else _half(answer)


def _reset(fault: Fault, answer: HttpAnswer | None) -> Break:
    return evolve(_close(fault, answer), end=RESET)


def _hang(fault: Fault, answer: HttpAnswer | None) -> Break:
    return evolve(_close(fault, answer), end=HANG, seconds=fault.seconds)


def _drip(fault: Fault, answer: HttpAnswer | None) -> Break:
    answer = answer or STAND_IN
    blank = b" " * DRIP_BYTES
    half = _half(evolve(answer, body=answer.body + blank), at=len(answer.body) // 2)
    rest = answer.body[len(answer.body) // 2 :] + blank
    return evolve(half, end=DRIP, seconds=fault.seconds or 1.0, dripped=rest)


def _short_body(_fault: Fault, answer: HttpAnswer | None) -> Break:
    return _half(answer or STAND_IN)


def _cut_chunk(_fault: Fault, answer: HttpAnswer | None) -> Break:
    answer = answer or STAND_IN
    size = b"%x\r\n" % len(answer.body)
    return _half(answer, {"Transfer-Encoding": "chunked"}, size)


def _cut_close(_fault: Fault, answer: HttpAnswer | None) -> Break:
    return _half(answer or STAND_IN, {"Connection": "close"})


def _bad_gzip(_fault: Fault, answer: HttpAnswer | None) -> Act:
    """Pack half of the body; the block after it is of a kind that does not exist."""
    answer = answer or STAND_IN
    if not answer.body:
        return _half(answer)
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(answer.body[: len(answer.body) // 2])
    packed += packer.flush(zlib.Z_FULL_FLUSH) + b"\x07" * 8
    return evolve(answer, headers={**answer.headers, "Content-Encoding": "gzip"}, body=packed)


def _half(
    answer: HttpAnswer,
    framing: Mapping[str, str] | None = None,
    before: bytes = b"",
    *,
    at: int | None = None,
) -> Break:
    """Send headers and half of the body; without a body, half of the headers."""
    head = answer.head(framing or {"Content-Length": str(len(answer.body))})
    if not answer.body:
        return Break(head[: len(head) // 2], CLOSE)
    half = answer.body[: len(answer.body) // 2 if at is None else at]
    return Break(head + before + half, CLOSE, answer.status)


def _half_headers(_fault: Fault, _answer: HttpAnswer | None) -> Break:
    return Break(b"HTTP/1.1 200 OK\r\nContent-Ty", CLOSE)


def _garbage(_fault: Fault, _answer: HttpAnswer | None) -> Break:
    return Break(b"\x00\xff\x17 garbage\r\n\r\n", CLOSE)


def _long_header(fault: Fault, _answer: HttpAnswer | None) -> HttpAnswer:
    line = "x" * (fault.size_bytes or LONG_HEADER_BYTES)
    return evolve(STAND_IN, headers={**STAND_IN.headers, "X-Long": line})


def _redirect(fault: Fault, _answer: HttpAnswer | None) -> HttpAnswer:
    return HttpAnswer(302, {"Location": fault.location or ELSEWHERE})


def _status(fault: Fault, _answer: HttpAnswer | None) -> HttpAnswer:
    is_problem = (fault.status or 0) >= HTTPStatus.BAD_REQUEST
    kind = PROBLEM_TYPE if is_problem else JSON_TYPE
    body = b""
    if isinstance(fault.body, str):
        kind, body = "text/plain; charset=utf-8", fault.body.encode()
    elif fault.body is not None:
        body = json.dumps(fault.body).encode()
    given = {"Content-Type": kind} if body else {}
    names = {name.lower() for name in fault.headers or {}}
    kept = {name: value for name, value in given.items() if name.lower() not in names}
    return HttpAnswer(fault.status or 0, {**kept, **(fault.headers or {})}, body)


def _gzip_bomb(fault: Fault, _answer: HttpAnswer | None) -> HttpAnswer:
    headers = {**STAND_IN.headers, "Content-Encoding": "gzip"}
    return HttpAnswer(200, headers, _packed_blanks(fault.size_mib or BOMB_MIB))


@lru_cache(maxsize=2)
def _packed_blanks(mib: int) -> bytes:
    packer, blank = zlib.compressobj(9, wbits=31), b" " * MIB
    return b"".join(packer.compress(blank) for _ in range(mib)) + packer.flush()


def _always(body: bytes, kind: str = JSON_TYPE) -> Callable[[Fault, HttpAnswer | None], HttpAnswer]:
    return lambda _fault, _answer: HttpAnswer(200, {"Content-Type": kind}, body)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"


_ACTS: dict[str, Callable[[Fault, HttpAnswer | None], Act]] = {
    "close": _close,
    "reset": _reset,
    "hang": _hang,
    "half_headers": _half_headers,
    "garbage": _garbage,
    "long_header": _long_header,
    "early_413": lambda _fault, _answer: HttpAnswer(413),
    "short_body": _short_body,
    "cut_chunk": _cut_chunk,
    "bad_gzip": _bad_gzip,
    "cut_close": _cut_close,
    "bad_json": _always(b"{]"),
    "deep_json": _always(b"[" * 100_000 + b"]" * 100_000),
    "long_number": _always(b'{"id": ' + b"9" * 5_000 + b"}"),
    "html_200": _always(b"<!doctype html><title>Gateway</title>", "text/html; charset=utf-8"),
    "empty_200": _always(b""),
    "wrong_type": _always(b"[1]"),  # where an object is promised, or objects
    "drip": _drip,
    "redirect": _redirect,
    "gzip_bomb": _gzip_bomb,
    "status": _status,
}
