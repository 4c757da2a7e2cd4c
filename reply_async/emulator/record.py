"""Writing down what happens to people, once for all who want to know of it.

Statistics count it under the message, and the ledger keeps what was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from reply_async.emulator.entities import Member
    from reply_async.emulator.ledger import Ledger

_SENT = {
    "sent",
    "linkedin.connectionsSent",
    "linkedin.messagesSent",
    "linkedin.inMailsSent",
}


@frozen
class Message:
    """One message to one member; some steps have no variants."""

    member: Member
    step_id: int
    variant_id: int | None


class Record:
    """Takes down events of messages."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def note(self, message: Message, at: float, *events: str) -> None:
        """Write down what happened to a message; the first event is its sending or none is."""
        member, step_id, variant_id = message.member, message.step_id, message.variant_id
        member.sequence.tallies.add(at, step_id, variant_id, *events)
        if events and events[0] in _SENT:
            sequence_id, contact_id = member.sequence.id, member.contact.id
            self._ledger.note_message(sequence_id, step_id, variant_id, contact_id, at)
