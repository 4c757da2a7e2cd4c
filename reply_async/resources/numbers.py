"""Whole numbers and lists as arguments: what is wrong raises InvalidUse by its name."""

from __future__ import annotations

from collections.abc import Iterable

from reply_async.errors import InvalidUse
from reply_async.requests import INT32_MAX, checked_id
from reply_async.resources.arguments import checked_text


def checked_number(
    argument: str, value: object, *, minimum: int = 0, maximum: int = INT32_MAX
) -> int:
    """Return a whole number that lies in a range."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidUse(argument, f"is no whole number but {type(value).__name__}")
    if not minimum <= value <= maximum:
        raise InvalidUse(argument, f"{value} is not from {minimum} to {maximum}")
    return value


def id_list(
    argument: str, values: Iterable[int], *, largest: int = INT32_MAX, most: int | None = None
) -> list[int]:
    """Return the ids of one request, at most ``most`` of them, none larger than ``largest``."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InvalidUse(argument, f"is no list of ids but {type(values).__name__}")
    ids = [checked_id(f"{argument}[{n}]", value, largest) for n, value in enumerate(values)]
    if most is not None and len(ids) > most:
        raise InvalidUse(argument, f"holds {len(ids)}, at most {most} are allowed")
    return ids


def text_list(argument: str, values: Iterable[str]) -> list[str]:
    """Return the texts of one request, none of them empty; one bare text is no list."""
    if isinstance(values, str):
        raise InvalidUse(argument, "is one text, not a list of them")
    return [checked_text(f"{argument}[{n}]", value) for n, value in enumerate(values)]


def some_texts(argument: str, values: Iterable[str]) -> list[str]:
    """Return the texts of one request, at least one."""
    texts = text_list(argument, values)
    if not texts:
        raise InvalidUse(argument, "is empty")
    return texts
