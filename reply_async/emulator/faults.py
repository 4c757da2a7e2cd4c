"""Faults as data: to which requests something happens, when, and what.

`TABLE` says which pairs of what and when exist; a `Fault` that is not in it cannot be
made. How a fault looks on the wire stands in `fault_acts.py`, which rules are armed in
`armed_faults.py`. Knows neither the contract nor the network.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import Attribute, asdict, field, fields, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BEFORE_APPLY = "before_apply"  # nothing is applied, the fault comes instead of the answer
AFTER_APPLY = "after_apply"  # all is applied, and nothing of the answer goes out
AFTER_ITEMS = "after_items"  # the first items are applied, nothing of the answer goes out
MID_ANSWER = "mid_answer"  # all is applied, and half of the answer goes out
WHEN = (BEFORE_APPLY, AFTER_APPLY, AFTER_ITEMS, MID_ANSWER)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
EVERY = "every"
EARLY_413 = "early_413"
DELAYED_VISIBILITY = "delayed_visibility"


@frozen
class Kind:
    """When a fault may happen, and the members of a rule that belong to it alone.

    The first member is the one that the short form gives: `hang=30`.
    """

    when: tuple[str, ...]
    members: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


_INSTEAD = (BEFORE_APPLY, AFTER_APPLY, AFTER_ITEMS)
_ANY_TIME = WHEN

TABLE: dict[str, Kind] = {
    "close": Kind(_ANY_TIME),
    "reset": Kind(_ANY_TIME),
    "hang": Kind(_ANY_TIME, ("seconds",)),
    "half_headers": Kind(_INSTEAD),
    "garbage": Kind(_INSTEAD),
    "long_header": Kind(_INSTEAD, ("size_bytes",)),
    EARLY_413: Kind((BEFORE_APPLY,)),
    "short_body": Kind(_ANY_TIME),
    "cut_chunk": Kind(_ANY_TIME),
    "bad_gzip": Kind(_ANY_TIME),
    "cut_close": Kind(_ANY_TIME),
    "bad_json": Kind(_INSTEAD),
    "deep_json": Kind(_INSTEAD),
    "long_number": Kind(_INSTEAD),
    "html_200": Kind(_INSTEAD),
    "empty_200": Kind(_INSTEAD),
    "wrong_type": Kind(_INSTEAD),
    "drip": Kind(_ANY_TIME, ("seconds",)),
    "redirect": Kind(_INSTEAD, ("location",)),
    "gzip_bomb": Kind(_INSTEAD, ("size_mib",)),
    "status": Kind(_INSTEAD, ("status", "headers", "body"), required=("status",)),
    DELAYED_VISIBILITY: Kind((AFTER_APPLY,), ("seconds",), required=("seconds",)),
}
PAIRS = tuple((what, when) for what, kind in TABLE.items() for when in kind.when)


def _is_whole(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _is_number(low: float, high: float) -> Callable[[object], bool]:
    return lambda value: type(value) in {int, float} and low <= value <= high  # type: ignore[operator] # a number by then


def _is_text(value: object) -> bool:
    """Tell whether a text fits into one line of a header block."""
    return isinstance(value, str) and value.isprintable() and value.isascii() and value != ""


def _is_nth(value: object) -> bool:
    is_list = isinstance(value, tuple) and len(value) > 0
    return value == EVERY or (is_list and all(_is_count(number) for number in value))  # type: ignore[attr-defined] # a tuple by then


def _is_headers(value: object) -> bool:
    return isinstance(value, dict) and all(
        _is_header_name(name) and _is_text(text) for name, text in value.items()
    )


def _is_header_name(value: object) -> bool:
    """Tell whether a header can be added; those that frame the body are the server's."""
    if not isinstance(value, str) or value.lower() in _FRAMING:
        return False
    return re.fullmatch(_HEADER_NAME, value) is not None


_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_FRAMING = {"content-length", "transfer-encoding"}
_is_count = _is_whole(1, 10**9)

# What the members of a rule may be, as a check and in words. None is "not given" where it
# is the default.
_ALLOWED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "what": (lambda value: isinstance(value, str) and value in TABLE, " ".join(TABLE)),
    "when": (lambda value: value in WHEN, " ".join(WHEN)),
    "method": (lambda value: value in METHODS, " ".join(METHODS)),
    "route": (_is_text, "a template such as /v3/contacts/import, a path, or an operation id"),
    "nth": (_is_nth, "a number from 1, a list of such numbers, or 'every'"),
    "probability": (_is_number(0, 1), "a number from 0 to 1"),
    "seed": (_is_whole(-(2**63), 2**63 - 1), "a whole number"),
    "times": (_is_count, "a whole number from 1"),
    "items": (_is_count, "a whole number from 1: how many items are applied"),
    "seconds": (_is_number(0.001, 1e9), "a number above 0"),
    "status": (_is_whole(200, 599), "a status from 200 to 599"),
    "headers": (
        _is_headers,
        "an object of names of headers, but no Content-Length or Transfer-Encoding, and texts",
    ),
    "body": (lambda _: True, "any JSON value"),
    "location": (_is_text, "printable ASCII text"),
    "size_mib": (_is_whole(1, 4096), "a whole number from 1 to 4096"),
    "size_bytes": (_is_whole(1, 2**24), "a whole number from 1 to 16777216"),
}
_NEEDED = ("what", "when")


def _check(_fault: object, attribute: Attribute[Any], value: object) -> None:
    is_allowed, words = _ALLOWED[attribute.name]
    is_missing = value is None and attribute.default is None
    if not is_missing and not is_allowed(value):
        raise ValueError(f"{attribute.name} {value!r} is not one of: {words}")


def _as_method(value: Any) -> Any:  # noqa: ANN401 - checked after it
    return value.upper() if isinstance(value, str) else value


def _as_numbers(value: Any) -> Any:  # noqa: ANN401 - checked after it
    if isinstance(value, list | tuple):
        return tuple(value)
    return (value,) if value != EVERY else value


@frozen(kw_only=True)
class Fault:
    """One rule: what happens to which requests, and when.

    ``route`` is a template of the contract, a concrete path or an operation id; without
    it and ``method`` any request fits. Of those that fit, ``nth`` are meant (from 1, each
    request on the wire counts), with a ``probability`` whose ``seed`` makes it repeatable,
    at most ``times`` of them. ``when`` and ``what`` are a pair of `TABLE`; ``items`` goes
    with ``after_items``, the other members with the kinds that name them there.
    ValueError for anything else.
    """

    what: str = field(validator=_check)
    when: str = field(validator=_check)
    method: str | None = field(default=None, validator=_check, converter=_as_method)
    route: str | None = field(default=None, validator=_check)
    nth: Any = field(default=EVERY, validator=_check, converter=_as_numbers)
    probability: float = field(default=1.0, validator=_check)
    seed: int = field(default=1, validator=_check)
    times: int | None = field(default=None, validator=_check)
    items: int | None = field(default=None, validator=_check)
    seconds: float | None = field(default=None, validator=_check)
    status: int | None = field(default=None, validator=_check)
    headers: Mapping[str, str] | None = field(default=None, validator=_check)
    body: Any = field(default=None, validator=_check)
    location: str | None = field(default=None, validator=_check)
    size_mib: int | None = field(default=None, validator=_check)
    size_bytes: int | None = field(default=None, validator=_check)

    def __attrs_post_init__(self) -> None:
        """Refuse a pair that does not exist, and members that do not belong to it."""
        kind = TABLE[self.what]
        if self.when not in kind.when:
            raise ValueError(f"{self.what} does not exist {self.when}, only: {' '.join(kind.when)}")
        if (self.items is None) is (self.when == AFTER_ITEMS):
            raise ValueError(f"items goes with {AFTER_ITEMS}, and {AFTER_ITEMS} needs it")
        for name in kind.required:
            if getattr(self, name) is None:
                raise ValueError(f"{self.what} needs {name}: {_ALLOWED[name][1]}")
        for name in {member for other in TABLE.values() for member in other.members}:
            if name not in kind.members and getattr(self, name) is not None:
                raise ValueError(f"{name} does not belong to {self.what}")

    @property
    def label(self) -> str:
        """The rule's when and what, as the log of requests shows it."""
        return " ".join(str(part) for part in (self.when, self.items, self.what) if part)

    def shown(self) -> dict[str, Any]:
        """Return the rule as JSON, without the members that were not given."""
        return {name: value for name, value in asdict(self).items() if value is not None}


MEMBERS = tuple(each.name for each in fields(Fault))


def read_fault(content: object) -> Fault:
    """Return the rule of a JSON object; ValueError says what is wrong with it."""
    if not isinstance(content, dict):
        raise ValueError("a rule is an object")  # noqa: TRY004 - one kind of error for callers
    for name in content:
        if name not in MEMBERS:
            raise ValueError(f"{name!r} is not a member of a rule, which are: {' '.join(MEMBERS)}")
    for name in _NEEDED:
        if name not in content:
            raise ValueError(f"{name} is missing, one of: {_ALLOWED[name][1]}")
    return Fault(**content)
