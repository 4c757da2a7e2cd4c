"""Readers of single classes, made in source text. Knows no library that converts.

A loop over the fields of a class costs more than the fields do: a page of a thousand
contacts took 4 times as long as ``json.loads`` of it, and takes 2.4 times with these
(``python -m benchmarks conversion``). A made reader has a line or two for each member,
calls nothing for a plain value, and fills the slots of a frozen class directly, where
its ``__init__`` would go through ``__setattr__`` for each.

It reads the usual answer: members by their names of today, of exactly the promised
types, enum words as the contract spells them. Whatever else it meets, right or wrong,
it leaves to the reader that goes field by field, which also names the place of a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from attrs import NOTHING, Factory, fields, frozen

Kind: TypeAlias = Any  # a class, or a form such as ``str | None``, known at run time only
Read: TypeAlias = Callable[[Any, Kind], Any]

# attrs declares Factory as a function to type checkers.
_FACTORY: Final[type] = type(Factory(list))
_GIVE_UP: Final = "return read_slowly(data, kind)"


@frozen(kw_only=True)
class Member:
    """One field of a class, and how its member of an answer is read.

    ``plain`` is the one type of its values that need no reading, ``words`` maps the
    exact words of an enum. ``is_part`` means a list or an object: null is its default.
    """

    name: str
    wire: str
    older: str  # its name in older answers, by default the same
    kind: Kind
    read: Read
    default: object  # as the class has it: NOTHING, a value, or a Factory
    takes_null: bool
    is_part: bool
    plain: type | None = None
    words: Mapping[str, object] | None = None

    @property
    def is_needed(self) -> bool:
        """Tell whether an answer without this member is wrong."""
        return self.default is NOTHING

    def lines(self, value: str, scope: dict[str, Any]) -> list[str]:
        """Return the source that reads the member of ``data`` into the variable ``value``."""
        scope |= {f"{value}_kind": self.kind, f"{value}_read": self.read}
        if self.older == self.wire and not isinstance(self.default, _FACTORY):
            if self.plain is not None:
                return self._plain_lines(value, scope)
            if self.words is not None:
                return self._word_lines(value, scope)
            if self.is_part or self.default is None:
                return self._part_lines(value, scope)
        return [
            f"if {self.wire!r} not in data:",
            f" {_GIVE_UP}",
            f"{value} = {value}_read(data[{self.wire!r}], {value}_kind)",
        ]

    def _plain_lines(self, value: str, scope: dict[str, Any]) -> list[str]:
        scope[f"{value}_plain"] = self.plain
        return [
            self._fetch(value, scope),
            f"if type({value}) is not {value}_plain{self._exceptions(value)}:",
            f" {_GIVE_UP}",
        ]

    def _word_lines(self, value: str, scope: dict[str, Any]) -> list[str]:
        scope[f"{value}_words"] = self.words
        return [
            self._fetch(value, scope),
            f"if type({value}) is str:",
            f" {value} = {value}_words.get({value})",
            f" if {value} is None:",
            f"  {_GIVE_UP}",
            f"elif True{self._exceptions(value)}:",
            f" {_GIVE_UP}",
        ]

    def _fetch(self, value: str, scope: dict[str, Any]) -> str:
        # An absent member is fetched as its default; of a needed one that is NOTHING,
        # which is no value of any member.
        scope[f"{value}_default"] = self.default
        return f"{value} = get({self.wire!r}, {value}_default)"

    def _exceptions(self, value: str) -> str:
        """Return what else may stand there: null, and the default."""
        null = f" and {value} is not None" if self.takes_null else ""
        return null if self.is_needed else f"{null} and {value} is not {value}_default"

    def _part_lines(self, value: str, scope: dict[str, Any]) -> list[str]:
        scope[f"{value}_default"] = self.default
        absent = _GIVE_UP if self.is_needed else f"{value} = {value}_default"
        return [
            f"{value} = get({self.wire!r})",
            f"if {value} is None:",
            f" {absent}",
            "else:",
            f" {value} = {value}_read({value}, {value}_kind)",
        ]


def make_reader(
    kind: Kind,
    members: Sequence[Member],
    read_slowly: Read,
    mismatch: type[Exception],
    known: Collection[str] | None,
) -> Read:
    """Return a reader of ``kind`` that gives up in favour of ``read_slowly``.

    ``mismatch`` is what the readers of members raise. ``known`` names the members of a
    class that keeps the others in its ``extra``, and is None for a class that does not.
    The class has slots, and neither validators nor a ``__attrs_post_init__``: they would
    be passed by.
    """
    scope: dict[str, Any] = {
        "kind": kind,
        "read_slowly": read_slowly,
        "mismatch": mismatch,
        "known": known,
        "new": object.__new__,
    }
    body = ["if type(data) is not dict:", f" {_GIVE_UP}", "get = data.get", "try:"]
    for member in members:
        body += (f" {line}" for line in member.lines(f"v_{member.name}", scope))
    if known is not None:
        body += [" if not data.keys() <= known:", f"  {_GIVE_UP}"]
    body += ["except mismatch:", f" {_GIVE_UP}", "self = new(kind)"]
    read = {member.name for member in members}
    for each in fields(kind):
        scope[f"set_{each.name}"] = getattr(kind, each.name).__set__
        value = f"v_{each.name}"
        if each.name not in read:  # no member of an answer: as the class starts it
            is_factory = isinstance(each.default, _FACTORY)
            scope[value] = each.default.factory if is_factory else each.default
            value += "()" if is_factory else ""
        body.append(f"set_{each.name}(self, {value})")
    lines = ["def read(data, _):", *(f" {line}" for line in body), " return self"]
    exec("\n".join(lines), scope)  # noqa: S102 - written from our own names alone
    made: Read = scope["read"]
    return made
