"""Which member of a contact each column of a CSV file fills.

Headers are matched exactly, without regard to case, spaces, ``_`` and ``-``; any
other column must be named by ``--map``. Pure: names in, plan out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from attrs import field, frozen

from reply_async.cli.errors import BadInput

# The columns that a rejects file puts before the original ones.
REJECT_COLUMNS = ("_line", "_code", "_reason", "_retryable")
NEEDED_MEMBERS = ("email", "firstName")
CUSTOM_PREFIX = "custom:"
CUSTOM_FIELDS = "customFields"
SEPARATORS = re.compile(r"[\s_-]+")

Row: TypeAlias = dict[str, str | dict[str, str]]


@frozen
class Columns:
    """The plan for one file: its header, and where each used cell goes.

    ``members`` and ``custom_fields`` map a name to the position of its cell.
    """

    header: tuple[str, ...]
    members: Mapping[str, int]
    custom_fields: Mapping[str, int] = field(factory=dict)

    def own_positions(self) -> tuple[int, ...]:
        """Give the positions of the columns that are not those of a rejects file."""
        return tuple(
            position for position, name in enumerate(self.header) if name not in REJECT_COLUMNS
        )

    def row_builder(self) -> Callable[[Sequence[str]], Row]:
        """Give the function that turns cells into a row.

        All rows have the same keys, empty cells or not: the import reads the keys of
        a file once.
        """
        members = tuple(self.members.items())
        custom_fields = tuple(self.custom_fields.items())

        def build(cells: Sequence[str]) -> Row:
            return {name: cells[position] for name, position in members}

        def build_with_custom_fields(cells: Sequence[str]) -> Row:
            row = build(cells)
            row[CUSTOM_FIELDS] = {name: cells[position] for name, position in custom_fields}
            return row

        return build_with_custom_fields if custom_fields else build


def normalise(header: str) -> str:
    """Strip what headers are compared without."""
    return SEPARATORS.sub("", header).casefold()


def plan_columns(
    header: Sequence[str], *, column_map: Iterable[str], members: Mapping[str, str]
) -> Columns:
    """Match the header with the members of a contact, or stop and say what does not fit.

    ``column_map`` holds the user's ``HEADER=member`` words; ``members`` maps a
    normalised header to the member of the contract.
    """
    names = tuple(cell.strip() for cell in header)
    mapped = _read_map(column_map, names, members)
    targets: dict[str, int] = {}
    strangers = []
    for position, name in enumerate(names):
        target = _target(name, mapped, members)
        if target is None:
            strangers.append(repr(name) if name else f"column {position + 1} (no name)")
        elif target in targets:
            raise BadInput(_twice(names, targets[target], position, target))
        elif target:
            targets[target] = position
    if strangers:
        raise BadInput(_strangers(strangers))
    missing = [member for member in NEEDED_MEMBERS if member not in targets]
    if missing:
        raise BadInput(f"no column for {', '.join(missing)}: name it with --map 'HEADER=member'")
    return Columns(
        names,
        {name: at for name, at in targets.items() if not name.startswith(CUSTOM_PREFIX)},
        {
            name.removeprefix(CUSTOM_PREFIX): at
            for name, at in targets.items()
            if name.startswith(CUSTOM_PREFIX)
        },
    )


def _target(name: str, mapped: Mapping[str, str], members: Mapping[str, str]) -> str | None:
    """Give the member that a column fills, empty for an ignored one, None for a stranger."""
    if name in mapped:
        return mapped[name]
    if name in REJECT_COLUMNS:
        return ""
    return members.get(normalise(name))


def _read_map(
    column_map: Iterable[str], names: Sequence[str], members: Mapping[str, str]
) -> dict[str, str]:
    mapped = {}
    for word in column_map:
        header, equals, target = (part.strip() for part in word.rpartition("="))
        if not equals:
            raise BadInput(f"--map {word!r}: write HEADER=member, HEADER=custom:FIELD or HEADER=")
        if header not in names:
            raise BadInput(f"--map {word!r}: the file has no column {header!r}")
        mapped[header] = _member_of(target, word, members)
    return mapped


def _member_of(target: str, word: str, members: Mapping[str, str]) -> str:
    if target.casefold().startswith(CUSTOM_PREFIX):
        field_name = target[len(CUSTOM_PREFIX) :].strip()
        if not field_name:
            raise BadInput(f"--map {word!r}: the custom field has no name")
        return CUSTOM_PREFIX + field_name
    if not target:
        return ""
    member = members.get(normalise(target))
    if member is None:
        known = ", ".join(sorted(set(members.values())))
        raise BadInput(f"--map {word!r}: no member {target!r}; there are {known}")
    return member


def _twice(names: Sequence[str], first: int, second: int, target: str) -> str:
    if names[first] == names[second]:
        pair = f"two columns are named {names[first]!r}"
    else:
        pair = f"columns {names[first]!r} and {names[second]!r} both mean {target}"
    return f"{pair} (columns {first + 1} and {second + 1}): rename one, or map one to nothing"


def _strangers(strangers: Sequence[str]) -> str:
    return (
        f"unknown columns: {', '.join(strangers)}; for each add --map 'HEADER=member', "
        "--map 'HEADER=custom:FIELD', or --map 'HEADER=' to leave it out"
    )
