"""HTML that is escaped by construction: only `element` makes markup out of text."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

VOID = frozenset({"link", "meta"})  # elements that have no end


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, /, *content: object, **attributes: object) -> Markup:
    """Return an element; content that is no markup is escaped.

    An underscore in an attribute's name stands for a hyphen, one at its end for
    nothing. An attribute that is None or False is left out, True has no value.
    """
    shown = [
        f" {key.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    ]
    start = f"<{name}{''.join(shown)}>"
    return Markup(start if name in VOID else f"{start}{join(content)}</{name}>")


def join(content: Iterable[object]) -> Markup:
    """Return pieces one after the other, escaped unless they are markup."""
    return Markup(
        "".join(piece if isinstance(piece, Markup) else escape(str(piece)) for piece in content)
    )


def raw_element(name: str, text: str) -> Markup:
    """Return a style or script element, whose text is not escaped, made of our own text."""
    return Markup(f"<{name}>{text}</{name}>")
