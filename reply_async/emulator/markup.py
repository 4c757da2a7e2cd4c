"""HTML that is escaped by construction: only `element` makes markup out of text."""

from __future__ import annotations

from html import escape

VOID = frozenset({"link", "meta"})  # elements that have no end


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, /, *content: object, **attributes: object) -> Markup:
    """Return an element; content that is no markup is escaped.

    An underscore in an attribute's name stands for a hyphen, one at its end for
    nothing. An attribute that is None is left out.
    """
    shown = [
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    ]
    start = f"<{name}{''.join(shown)}>"
    if name in VOID:
        return Markup(start)
    inner = (part if isinstance(part, Markup) else escape(str(part)) for part in content)
    return Markup(f"{start}{''.join(inner)}</{name}>")


def raw_element(name: str, text: str) -> Markup:
    """Return a style or script element, whose text is not escaped, made of our own text."""
    return Markup(f"<{name}>{text}</{name}>")
