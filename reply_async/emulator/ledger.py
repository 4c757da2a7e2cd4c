"""The ledger of effects: what requests really changed, for tests to ask.

It tells who was created, enrolled, moved, removed and sent to, and by which request;
messages are sent by the clock and have none. Reads leave nothing in it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from attrs import frozen

from reply_async.emulator import checks
from reply_async.emulator.effects import Effects, SentMessages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reply_async.emulator.budget import Budget
    from reply_async.emulator.state import State

ENROLLED = "enrolled"
MOVED = "moved"
MAILBOX_CHANGED = "mailbox_changed"
REMOVED = "removed"
SENT = "message_sent"
PER_CONTACT = (ENROLLED, MOVED, MAILBOX_CHANGED, REMOVED)


class Ledger:
    """Effects by kind and by request, the messages sent, and assertions about both.

    An assertion raises `AssertionError` that counts the offenders and names the first.
    """

    def __init__(self, state: State, budgets: Callable[[], Mapping[int, Budget]]) -> None:
        self.counts: Counter[str] = Counter()
        self.effects = Effects()
        self.messages = SentMessages()
        self.state, self.budgets = state, budgets

    def of_request(self, number: int) -> RequestLedger:
        """Return the ledger as one request writes to it."""
        return RequestLedger(self, number)

    def note_message(
        self, sequence_id: int, step_id: int, variant_id: int | None, contact_id: int, at: float
    ) -> None:
        """Record a message that the clock sent."""
        self.counts[SENT] += 1
        self.messages.add(sequence_id, step_id, variant_id, contact_id, at)

    def enrolments(self, sequence_id: int) -> dict[int, list[int]]:
        """Return, per enrolled contact, the numbers of the requests that did it."""
        found: dict[int, list[int]] = {}
        for effect in self.effects.select(sequence_id=sequence_id):
            if effect.name == ENROLLED:
                for contact_id in effect.ids:
                    found.setdefault(contact_id, []).append(effect.request_number)
        return found

    def members(self) -> dict[int, set[int]]:
        """Return who must be in each sequence by what was noted."""
        inside: dict[int, set[int]] = {}
        for effect in self.effects.select():
            if effect.sequence_id is None:
                continue
            members = inside.setdefault(effect.sequence_id, set())
            if effect.name == ENROLLED:
                members.update(effect.ids)
            elif effect.name == REMOVED:
                members.difference_update(effect.ids)
        return inside

    def double_effects(self) -> list[tuple[int, int, list[int]]]:
        """Return (sequence, contact, request numbers) of everyone acted on twice.

        Enrolling, moving forward and changing the mailbox are all effects of an
        enrolment request. Being taken out in between makes a second one right.
        """
        doubles: dict[tuple[int, int], list[int]] = {}
        inside: dict[tuple[int, int], int] = {}
        for effect in self.effects.select():
            if effect.sequence_id is None:
                continue
            for contact_id in effect.ids:
                place = (effect.sequence_id, contact_id)
                before = inside.get(place)
                if effect.name == REMOVED:
                    inside.pop(place, None)
                elif before is None:
                    inside[place] = effect.request_number
                else:
                    doubles.setdefault(place, [before]).append(effect.request_number)
        return [(*place, numbers) for place, numbers in doubles.items()]

    def assert_one_effect_each(self) -> None:
        """Fail if any contact was enrolled in the same sequence twice."""
        checks.require("with more than one effect", checks.doubles(self))

    def assert_no_message_twice(self) -> None:
        """Fail if anybody was sent the same step twice, for whatever reason.

        That covers who was taken out and enrolled again, and who was resent a bounced
        e-mail on request: it is the person who must not read it twice.
        """
        checks.require("messages sent twice", checks.messages_twice(self))

    def assert_windows_respected(self) -> None:
        """Fail if any 60 s, or 3,600 s, saw more granted requests of a user than the limit.

        A client must keep that which does not know how the service counts. Under a `log`
        the emulator refuses first, so let it count in `fixed` windows or a `bucket`, which
        grant up to twice the limit in a row. What a competitor got is not held against it.
        """
        checks.require("limits not kept", checks.windows_exceeded(self))

    def assert_no_429(self) -> None:
        """Fail if any request was refused for the budget."""
        checks.require("budgets with refused requests", checks.refused_for_budget(self))

    def assert_members_agree(self) -> None:
        """Fail if a sequence does not hold just those who were enrolled and not removed."""
        checks.require("sequences at odds with the ledger", checks.members_astray(self))

    def assert_conserved(self, *reports: Any, since: int = 0) -> None:  # noqa: ANN401 - a client's report, known by its members
        """Fail unless the reports of runs agree with what really happened.

        A report has ``counts`` (rows by outcome), ``refused`` and ``unknown`` (by row
        number) and ``imported`` (contacts by what the import did). All enrolments and
        imports of the emulator count; give ``since``, a request number, to leave out
        what happened up to it. Rows in doubt may or may not have had their effect.
        """
        checks.require("differences", checks.not_conserved(self, reports, since))
        self.assert_members_agree()


@frozen
class RequestLedger:
    """What one request writes into the ledger."""

    ledger: Ledger
    number: int

    def note(self, effect: str, count: int = 1, *, ids: Iterable[int] | None = None) -> None:
        """Record an effect, with the ids of what it happened to where there are some."""
        ids = () if ids is None else tuple(ids)
        count = len(ids) or count
        if count:
            self.ledger.counts[effect] += count
            self.ledger.effects.add(self.number, effect, count, ids)

    def note_contacts(self, effect: str, sequence_id: int, contact_ids: Iterable[int]) -> None:
        """Record what happened to contacts of a sequence, in order."""
        if effect not in PER_CONTACT:
            raise ValueError(effect)
        ids = tuple(contact_ids)
        if ids:
            self.ledger.counts[effect] += len(ids)
            self.ledger.effects.add(self.number, effect, len(ids), ids, sequence_id)
