"""The ledger of effects: what requests really changed, for tests to ask.

Enrolments are kept as (request number, contact ids) per sequence in packed
arrays, four bytes per contact, because a run can enrol a million people.
"""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

ENROLLED = "enrolled"
MOVED = "moved"
MAILBOX_CHANGED = "mailbox_changed"
REMOVED = "removed"
_PER_CONTACT = (ENROLLED, MOVED, MAILBOX_CHANGED, REMOVED)


@frozen
class Entry:
    """One effect that one request had on many contacts of a sequence."""

    request_number: int
    effect: str
    contact_ids: array[int]


class Ledger:
    """Effects by kind, and the history of every sequence's membership."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._by_sequence: dict[int, list[Entry]] = {}

    def note(self, effect: str, number: int = 1) -> None:
        """Count an effect that needs no details, such as `sequence_created`."""
        if number:
            self.counts[effect] += number

    def note_contacts(
        self, effect: str, sequence_id: int, contact_ids: Iterable[int], request_number: int
    ) -> None:
        """Record what happened to contacts of a sequence, in order."""
        if effect not in _PER_CONTACT:
            raise ValueError(effect)
        packed = array("i", contact_ids)
        if packed:
            self.counts[effect] += len(packed)
            entry = Entry(request_number, effect, packed)
            self._by_sequence.setdefault(sequence_id, []).append(entry)

    def enrolments(self, sequence_id: int) -> dict[int, list[int]]:
        """Return, per enrolled contact, the numbers of the requests that did it."""
        found: dict[int, list[int]] = {}
        for entry in self._by_sequence.get(sequence_id, ()):
            if entry.effect == ENROLLED:
                for contact_id in entry.contact_ids:
                    found.setdefault(contact_id, []).append(entry.request_number)
        return found

    def entries(self, sequence_id: int) -> list[Entry]:
        """Return the membership history of one sequence."""
        return list(self._by_sequence.get(sequence_id, ()))

    def double_effects(self) -> list[tuple[int, int, list[int]]]:
        """Return (sequence, contact, request numbers) of everyone acted on twice.

        Enrolling, moving forward and changing the mailbox are all effects of an
        enrolment request. Being taken out in between makes a second one right.
        """
        doubles: dict[tuple[int, int], list[int]] = {}
        for sequence_id, entries in self._by_sequence.items():
            inside: dict[int, int] = {}
            for entry in entries:
                for contact_id in entry.contact_ids:
                    before = inside.get(contact_id)
                    if entry.effect == REMOVED:
                        inside.pop(contact_id, None)
                    elif before is None:
                        inside[contact_id] = entry.request_number
                    else:
                        numbers = doubles.setdefault((sequence_id, contact_id), [before])
                        numbers.append(entry.request_number)
        return [(*pair, numbers) for pair, numbers in doubles.items()]

    def assert_one_effect_each(self) -> None:
        """Fail if any contact was enrolled in the same sequence twice."""
        doubles = self.double_effects()
        if doubles:
            shown = "; ".join(
                f"contact {contact_id} in sequence {sequence_id} by requests {numbers}"
                for sequence_id, contact_id, numbers in doubles[:5]
            )
            raise AssertionError(f"{len(doubles)} with more than one effect: {shown}")
