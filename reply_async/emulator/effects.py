"""What requests changed and what the clock sent, in columns of plain numbers.

An effect on a contact costs four bytes and a message sixteen, so that a run over a
million people can be asked about afterwards. Nothing here judges, see `checks`.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@frozen
class Effect:
    """One effect of one request.

    ``ids`` are the things it happened to, in order; empty where they have no number,
    as folders. ``sequence_id`` is set for effects on contacts of a sequence.
    """

    request_number: int
    name: str
    count: int
    sequence_id: int | None
    ids: array[int]


@frozen
class SentMessage:
    """One message to one contact, ``at`` seconds since 1970; some steps have no variant."""

    sequence_id: int
    step_id: int
    variant_id: int | None
    contact_id: int
    at: float


class Effects:
    """All effects of a run, oldest first."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._name_codes = array("H")
        self._request_numbers = array("q")
        self._counts = array("i")
        self._sequence_ids = array("i")  # 0: none
        self._ends = array("q")  # where the ids of an effect end
        self._ids = array("i")

    def __len__(self) -> int:
        return len(self._ends)

    def add(
        self,
        request_number: int,
        name: str,
        count: int,
        ids: Iterable[int] = (),
        sequence_id: int | None = None,
    ) -> None:
        """Append one effect."""
        self._name_codes.append(self._names.setdefault(name, len(self._names)))
        self._request_numbers.append(request_number)
        self._counts.append(count)
        self._sequence_ids.append(sequence_id or 0)
        self._ids.extend(ids)
        self._ends.append(len(self._ids))

    def select(
        self, *, sequence_id: int | None = None, request_number: int | None = None, since: int = 0
    ) -> Iterator[Effect]:
        """Go through the effects of one sequence or request, or of those after ``since``."""
        whole = len(self)  # another thread may be adding one more
        names = list(self._names)
        for place in range(whole):
            number = self._request_numbers[place]
            of_sequence = self._sequence_ids[place] or None
            if number <= since or request_number not in {None, number}:
                continue
            if sequence_id in {None, of_sequence}:
                start = self._ends[place - 1] if place else 0
                ids = self._ids[start : self._ends[place]]
                name = names[self._name_codes[place]]
                yield Effect(number, name, self._counts[place], of_sequence, ids)


@define
class _Column:
    """The messages of one step."""

    contact_ids: array[int] = field(factory=lambda: array("i"))
    variant_ids: array[int] = field(factory=lambda: array("i"))  # 0: none
    times: array[float] = field(factory=lambda: array("d"))


class SentMessages:
    """All messages of a run, by sequence and step."""

    def __init__(self) -> None:
        self._columns: dict[tuple[int, int], _Column] = {}

    def __len__(self) -> int:
        return sum(len(column.times) for column in list(self._columns.values()))

    def add(
        self, sequence_id: int, step_id: int, variant_id: int | None, contact_id: int, at: float
    ) -> None:
        """Append one message."""
        column = self._columns.get((sequence_id, step_id))
        if column is None:
            column = self._columns[sequence_id, step_id] = _Column()
        column.contact_ids.append(contact_id)
        column.variant_ids.append(variant_id or 0)
        column.times.append(at)

    def select(
        self, *, sequence_id: int | None = None, contact_id: int | None = None
    ) -> Iterator[SentMessage]:
        """Go through the messages of a sequence or to a contact, step by step."""
        for (of_sequence, step_id), column in list(self._columns.items()):
            if sequence_id not in {None, of_sequence}:
                continue
            for place, at in enumerate(column.times):  # these come last
                to = column.contact_ids[place]
                if contact_id in {None, to}:
                    variant_id = column.variant_ids[place] or None
                    yield SentMessage(of_sequence, step_id, variant_id, to, at)

    def by_step(self) -> dict[tuple[int, int], array[int]]:
        """Return who was sent to, by sequence and step, in order."""
        return {key: column.contact_ids for key, column in list(self._columns.items())}
