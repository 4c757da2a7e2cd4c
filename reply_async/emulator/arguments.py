"""What the arguments of an `Emulator` may be, as far as nothing else checks them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from reply_async.emulator.chance import is_seed
from reply_async.emulator.clock import LAST

if TYPE_CHECKING:
    from collections.abc import Callable


def _is_moment(value: object) -> bool:
    return value is None or (type(value) in {int, float} and 0 <= value <= LAST)  # type: ignore[operator] # a number by then


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


_ALLOWED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "seed": (is_seed, "a whole number of 64 bits"),
    "started_at": (_is_moment, "seconds since 1970, before the year 9999, or None"),
    "kept_requests": (_is_count, "a whole number from 0"),
    "faults": (lambda value: isinstance(value, Iterable), "an iterable of Fault(...)"),
}


def check_arguments(**given: object) -> None:
    """Raise ValueError that names the first argument that cannot be, and what may be."""
    for name, value in given.items():
        is_allowed, words = _ALLOWED[name]
        if not is_allowed(value):
            raise ValueError(f"{name} is {words}, not {value!r}")
