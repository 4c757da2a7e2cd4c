"""Arguments, checked before any request: what is wrong raises InvalidUse by its name."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterable, Collection, Iterable
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from reply_async.bulk.item_calls import checked_ids
from reply_async.errors import InvalidUse

E = TypeVar("E", bound=StrEnum)


def checked_text(argument: str, text: str, *, shortest: int = 1, longest: int | None = None) -> str:
    """Return a text whose length is allowed; white space alone is none."""
    if not isinstance(text, str):
        raise InvalidUse(argument, f"is no text but {type(text).__name__}")
    if not text.strip():
        raise InvalidUse(argument, "is empty")
    if len(text) < shortest or (longest is not None and len(text) > longest):
        limits = f"at least {shortest}" if longest is None else f"{shortest} to {longest}"
        raise InvalidUse(argument, f"has {len(text)} characters, not {limits}")
    return text


def checked_word(argument: str, words: type[E], word: str) -> E:
    """Return a word as the member of its enum; other words are read, but never sent."""
    try:
        return words(word)
    except ValueError:
        pass
    raise InvalidUse(argument, f"is none of {', '.join(words)}")


def checked_choice(argument: str, word: str | None, words: Collection[str]) -> str | None:
    """Return one of a few words that have no enum, or None where none was given."""
    if word is not None and word not in words:
        raise InvalidUse(argument, f"is none of {', '.join(words)}")
    return word


def checked_url(argument: str, url: str) -> str:
    """Return an absolute http or https address."""
    checked_text(argument, url)
    if not url.isprintable() or any(map(str.isspace, url)):
        raise InvalidUse(argument, "holds white space or what cannot be printed")
    try:
        parts = urlsplit(url)
        is_absolute = bool(parts.hostname) and parts.scheme in ("http", "https")
    except ValueError:
        is_absolute = False
    if not is_absolute:
        raise InvalidUse(argument, "is not an address that begins with http:// or https://")
    return url


def is_loopback(url: str) -> bool:
    """Tell whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def some_ids(argument: str, ids: Iterable[int] | AsyncIterable[int]) -> list[int]:
    """Return ids once each, in order, and at least one."""
    checked = await checked_ids(argument, ids)
    if not checked:
        raise InvalidUse(argument, "is empty")
    return checked
