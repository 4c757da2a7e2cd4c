"""One request as a frozen value: what is sent, how safe a repeat is, how to read it back.

Resources build it, the transport sends it, errors carry it. It knows no socket and no
endpoint of its own. Paths come only from templates filled with checked ids, because
a URL library resolves ``..`` inside a path.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final

from attrs import evolve, field, frozen

from reply_async.errors import InvalidUse

INT32_MAX: Final = 2_147_483_647
INT64_MAX: Final = 9_223_372_036_854_775_807


class Safety(Enum):
    """What may be done by itself after an answer was lost.

    The classes of the API's operations; a request without one is never retried.
    """

    READ = "read"  # repeat
    STATE = "state"  # read the state; not reached: send again once
    UPSERT = "upsert"  # send the same bytes again
    ENROL = "enrol"  # read the members; never send again unread
    CREATE = "create"  # look for exactly one match; never send again
    REPLACE = "replace"  # read and compare
    DELETE = "delete"  # read; gone is done
    SEND = "send"  # nothing


class RateClass(Enum):
    """Which budget of the server a request draws on."""

    NORMAL = "normal"
    STATS = "stats"  # statistics and reports: lower hourly caps, numbers not published


class AnswerKind(Enum):
    """Where a good answer holds what is promised; the text is what ``Accept`` says."""

    JSON = "application/json"
    CSV = "text/csv, application/json;q=0.5"  # errors are JSON all the same
    REDIRECT = "*/*"  # its address is the value; it is not followed


@frozen
class Reached:
    """Reading back shows that the write took effect; ``value`` is what it would have given."""

    value: Any


@frozen
class NotReached:
    """Reading back shows that the write did not take effect."""


@frozen
class Undecided:
    """Reading back cannot tell; ``seen`` are the ids that might be it."""

    seen: tuple[int, ...] = ()


Verdict = Reached | NotReached | Undecided


@frozen(kw_only=True)
class ReadBack:
    """How to find out what became of a write whose answer was lost.

    ``judge`` is pure. It gets the decoded answer of ``request``, or None where that
    was a 404, and the earliest time of the server at which the write can have happened.
    """

    request: Request
    decode: Callable[[Any], Any]
    judge: Callable[[Any, datetime], Verdict]


@frozen
class Request:
    """One call of the API, before it is sent.

    ``template`` is the path as the contract writes it and ``path`` fills it; ``query``
    holds text only; ``body`` is encoded as ``content_type`` says. ``rows`` is how many
    items the body carries: the server needs longer for more of them.
    """

    method: str
    template: str
    safety: Safety | None = field(kw_only=True)
    path: Mapping[str, str] = field(factory=dict, kw_only=True)
    query: Mapping[str, str] = field(factory=dict, kw_only=True, repr=False)
    body: bytes | None = field(default=None, kw_only=True, repr=False)
    content_type: str = field(default="application/json", kw_only=True, repr=False)
    answer_kind: AnswerKind = field(default=AnswerKind.JSON, kw_only=True)
    rate_class: RateClass = field(default=RateClass.NORMAL, kw_only=True)
    rows: int = field(default=0, kw_only=True)
    read_back: ReadBack | None = field(default=None, kw_only=True, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        for name, value in self.query.items():
            if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
                raise InvalidUse(name, "holds half of a character, a lone surrogate")

    def __str__(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def url_path(self) -> str:
        """The path to send, without the query."""
        return self.template.format_map(self.path) if self.path else self.template

    @property
    def is_read(self) -> bool:
        """Tell whether the request changes nothing on the server."""
        return self.safety is Safety.READ

    def without_body(self) -> Request:
        """Return what errors and events carry: no rows, no addresses, picklable."""
        if self.body is None and self.read_back is None and not self.query:
            return self
        return evolve(self, body=None, query={}, read_back=None)


def int32(argument: str, value: object) -> str:
    """Return an id (1 to 2147483647, or its digits) as path text, or raise InvalidUse."""
    return str(checked_id(argument, value))


def int64(argument: str, value: object) -> str:
    """Return an id of 64 bits as path text, or raise InvalidUse."""
    return str(checked_id(argument, value, INT64_MAX))


def uuid_text(argument: str, value: object) -> str:
    """Return a UUID as path text, or raise InvalidUse."""
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        pass
    raise InvalidUse(argument, "not a UUID")


def checked_id(argument: str, value: object, maximum: int = INT32_MAX) -> int:
    """Return an id as a number; digits in text are accepted, as the API's own tools do."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19:  # noqa: PLR2004 - digits of 2**63
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidUse(argument, f"an id is a whole number, not {type(value).__name__}")
    if not 1 <= value <= maximum:
        raise InvalidUse(argument, f"{value} is not an id (1 to {maximum})")
    return value
