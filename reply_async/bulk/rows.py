"""Rows of a contact import: read, checked and turned into what the API takes.

Whatever is wrong with a row becomes a ``Refusal`` and never a request. A row is a
mapping by the contract's member names (``firstName``, in any case, with or without
spaces, ``_`` and ``-``), a ``ContactRow``, or a ``Refusal`` that its reader made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

from attrs import fields, frozen

from reply_async.bulk.folding import SeenRows
from reply_async.converter import camel
from reply_async.errors import InvalidUse
from reply_async.models.contacts import ContactRow
from reply_async.outcome import Refusal
from reply_async.requests import INT64_MAX, checked_id
from reply_async.unset import UNSET

MAX_CELL_BYTES: Final = 32_000
MAX_EMAIL: Final = 254

Row: TypeAlias = Mapping[str, Any] | ContactRow | Refusal
_SPACES = re.compile(r"[\s_-]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_URL = re.compile(r"https?://[^\s/]+\S*\Z")


class _BadCellError(Exception):
    """A cell cannot be sent; args are the suffix of the code and the reason."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _BadCellError("invalid", f"expected text, got {type(value).__name__}")
    if "\0" in value:
        raise _BadCellError("nul", "holds a NUL character")
    if len(value) * 4 > MAX_CELL_BYTES and len(value.encode(errors="replace")) > MAX_CELL_BYTES:
        raise _BadCellError("too_long", f"is longer than {MAX_CELL_BYTES} bytes")
    if not value.isascii() and _SURROGATE.search(value):
        raise _BadCellError("invalid", "holds half of a character")
    return value


def _url(value: object) -> str:
    text = _text(value).strip()
    if not _URL.match(text):
        raise _BadCellError("invalid", "is not an address that begins with http:// or https://")
    return text


def _integer(value: object) -> int:
    try:
        return checked_id("id", value.strip() if isinstance(value, str) else value, INT64_MAX)
    except InvalidUse as error:
        problem = error.problem
    raise _BadCellError("invalid", f"is not an id: {problem}")


_FLAGS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    flag = _FLAGS.get(value.strip().casefold()) if isinstance(value, str) else None
    if flag is None:
        raise _BadCellError("invalid", "is neither true nor false")
    return flag


def _word(*words: str) -> Callable[[object], str]:
    known = {word.casefold(): word for word in words}

    def read(value: object) -> str:
        word = known.get(_text(value).strip().casefold())
        if word is None:
            raise _BadCellError("invalid", f"is none of {', '.join(words)}")
        return word

    return read


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(
        (
            "email", "firstName", "lastName", "phone", "phone2", "title", "company", "industry",
            "city", "state", "country", "timeZoneId", "notes",
        ),
        _text,
    ),
    **dict.fromkeys(("linkedInUrl", "linkedInSalesNavigatorUrl", "linkedInRecruiterUrl"), _url),
    **dict.fromkeys(("ownerUserId", "accountId"), _integer),
    "isOptedOut": _flag,
    "companySize": _word(
        "Empty", "SelfEmployed", "Ten", "Fifty", "TwoHundred", "FiveHundred", "OneThousand",
        "FiveThousand", "TenThousand", "OverTenThousand",
    ),
    "callStatus": _word("none", "toCall", "called"),
    "meetingStatus": _word("none", "meetingBooked"),
}  # fmt: skip


def member_key(name: str) -> str:
    """Return a name without regard to case, white space, ``_`` and ``-``."""
    return _SPACES.sub("", name).casefold()


CONTACT_MEMBERS: Final[Mapping[str, str]] = {member_key(name): name for name in _READERS}
"""The members that a row may have: normalised name to the contract's own."""

_CUSTOM_FIELDS = "customFields"


@lru_cache(maxsize=64)
def _plan(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...] | Refusal:
    """Match the keys of a mapping with members; rows of one source share one plan."""
    plan: dict[str, str] = {}
    for key in keys:
        name = member_key(key)
        member = _CUSTOM_FIELDS if name == member_key(_CUSTOM_FIELDS) else CONTACT_MEMBERS.get(name)
        if member is None:
            return Refusal(code="member.unknown", detail=f"a contact has no member {key!r}")
        if member in plan:
            return Refusal(code="member.twice", detail=f"{plan[member]!r} and {key!r} are the same")
        plan[member] = key
    return tuple((key, member) for member, key in plan.items())


@frozen
class StagedRow:
    """A row that may be sent: its number, its fold key, and the item of the request."""

    number: int
    key: str
    item: Mapping[str, Any]

    @property
    def custom_fields(self) -> Iterator[str]:
        """The names of the custom fields that the row sets."""
        return (entry["name"] for entry in self.item.get(_CUSTOM_FIELDS, ()))


def stage(number: int, row: Row) -> StagedRow | Refusal:
    """Check one row and turn it into an item of the import request.

    Empty text is not sent. None in a mapping is a missing value and is not sent either;
    in a ``ContactRow`` it clears the member.
    """
    if isinstance(row, Refusal):
        return row
    cleared: dict[str, Any] = {}
    if isinstance(row, ContactRow):
        row = _members(row)
        cleared = {
            name: None for name, value in row.items() if value is None and name != _CUSTOM_FIELDS
        }
    if not isinstance(row, Mapping):
        return Refusal(code="row.invalid", detail=f"a row is no {type(row).__name__}")
    try:
        plan = _plan(tuple(row))
    except TypeError:  # a key that is no text
        return Refusal(code="row.invalid", detail="the names of a row are text")
    if isinstance(plan, Refusal):
        return plan
    item = _item(row, plan)
    return item if isinstance(item, Refusal) else _staged(number, {**cleared, **item})


def _members(row: ContactRow) -> dict[str, Any]:
    values = {field.name: getattr(row, field.name) for field in fields(ContactRow)}
    return {camel(name): value for name, value in values.items() if value is not UNSET}


def _item(row: Mapping[str, Any], plan: tuple[tuple[str, str], ...]) -> dict[str, Any] | Refusal:
    item: dict[str, Any] = {}
    member = ""
    try:
        for key, member in plan:
            value = row[key]
            if value is None or value == "":
                continue
            if member == _CUSTOM_FIELDS:
                if entries := _custom_fields(value):
                    item[member] = entries
            else:
                item[member] = _READERS[member](value)
    except _BadCellError as error:
        suffix, problem = error.args
        return Refusal(code=f"{member}.{suffix}", detail=f"{member} {problem}")
    return item


def _staged(number: int, item: dict[str, Any]) -> StagedRow | Refusal:
    if not (item.get("firstName") or "").strip():
        detail = "firstName is needed, also for a known email"
        return Refusal(code="firstName.missing", detail=detail)
    if not (item.get("email") or "").strip():
        detail = "email is needed: contacts are matched by it"
        return Refusal(code="email.missing", detail=detail)
    email = normal_email(item["email"])
    if email is None:
        return Refusal(code="email.invalid", detail="email is not a valid address")
    item["email"] = email
    return StagedRow(number, email.casefold(), item)


def _custom_fields(value: object) -> list[dict[str, str]]:
    if not isinstance(value, Mapping):
        raise _BadCellError("invalid", "maps names of custom fields to values")
    return [
        {"name": _text(name), "value": _text(cell)}
        for name, cell in value.items()
        if cell is not None and cell != ""
    ]


def normal_email(text: str) -> str | None:
    """Return an address trimmed, its domain in ASCII; None if it cannot be one."""
    local, at, domain = text.strip().rpartition("@")
    if not at or not local or "@" in local or any(map(str.isspace, local + domain)):
        return None
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            return None
    labels = domain.split(".")
    if len(labels) < 2 or not all(labels) or len(local) + len(domain) >= MAX_EMAIL:  # noqa: PLR2004 - a dot
        return None
    return f"{local}@{domain}"


def fold(staged: StagedRow, seen: SeenRows) -> StagedRow | Refusal:
    """Refuse a row whose e-mail an earlier row of the same input has."""
    first = seen.first_row(staged.key, staged.number)
    if first == staged.number:
        return staged
    return Refusal(code="duplicate", detail=f"row {first} has the same email", duplicate_of=first)


def stage_row(seen: SeenRows, number: int, row: Row) -> StagedRow | Refusal:
    """Check one row and fold it with those before it."""
    staged = stage(number, row)
    return staged if isinstance(staged, Refusal) else fold(staged, seen)


def check_rows(rows: Iterable[Row]) -> Iterator[tuple[int, Refusal | None]]:
    """Check rows as an import would, without sending anything.

    Yields the number of each row, from 1, and why it would be refused, or None.
    """
    seen = SeenRows()
    try:
        for number, row in enumerate(rows, 1):
            staged = stage_row(seen, number, row)
            yield number, staged if isinstance(staged, Refusal) else None
    finally:
        seen.close()
