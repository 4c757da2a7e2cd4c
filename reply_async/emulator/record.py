"""Writing down what happens to people, once for all who want to know of it.

Statistics count it under the message, the ledger keeps what was sent, and webhooks
are told of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from reply_async.emulator.entities import Member
    from reply_async.emulator.ledger import Ledger
    from reply_async.emulator.webhooks import Webhooks

_SENT = {
    "sent",
    "linkedin.connectionsSent",
    "linkedin.messagesSent",
    "linkedin.inMailsSent",
}
# What the kinds of events of webhooks are called that follow from one.
_TOLD = {
    "sent": ("email_sent",),
    "bounced": ("email_bounced",),
    "opened": ("email_opened",),
    "linksClicked": ("email_link_clicked",),
    "replied": ("email_replied", "contact_replied"),
    "interested": ("reply_categorized",),
    "autoReplied": ("email_auto_reply",),
    "optedOut": ("contact_opted_out",),
    "linkedin.connectionsSent": ("linkedin_connection_request_sent",),
    "linkedin.connectionsAccepted": ("linkedin_connection_request_accepted",),
    "linkedin.connectionNotesReplied": ("linkedin_message_replied", "contact_replied"),
    "linkedin.messagesSent": ("linkedin_message_sent",),
    "linkedin.replied": ("linkedin_message_replied", "contact_replied"),
    "linkedin.inMailsSent": ("linkedin_message_sent",),
    "linkedin.inMailsReplied": ("linkedin_message_replied", "contact_replied"),
}


@frozen
class Message:
    """One message to one member; some steps have no variants."""

    member: Member
    step_id: int
    variant_id: int | None


class Record:
    """Takes down what happens in sequences."""

    def __init__(self, ledger: Ledger, webhooks: Webhooks) -> None:
        self._ledger, self._webhooks = ledger, webhooks

    def note(self, message: Message, at: float, *events: str) -> None:
        """Write down what happened to a message; the first event is its sending or none is."""
        member, step_id, variant_id = message.member, message.step_id, message.variant_id
        member.sequence.tallies.add(at, step_id, variant_id, *events)
        if events and events[0] in _SENT:
            sequence_id, contact_id = member.sequence.id, member.contact.id
            self._ledger.note_message(sequence_id, step_id, variant_id, contact_id, at)
        for event in events:
            for event_type in _TOLD.get(event, ()):
                self._webhooks.tell_of(member, event_type, at)

    def called(self, member: Member, at: float) -> None:
        """Write down that somebody was called."""
        self._webhooks.tell_of(member, "contact_called", at)

    def finish(self, member: Member, at: float) -> None:
        """Let a member be finished with the sequence."""
        member.status = "finished"
        member.sequence.version += 1
        self._webhooks.tell_of(member, "contact_finished", at)
