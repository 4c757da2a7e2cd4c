"""People inside one sequence: take them out, set where they stand by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.ledger import REMOVED
from reply_async.emulator.operations.membership import sequence_for_lookup, take_out, told
from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.participation import (
    TransitionRefused,
    set_bounced,
    set_replied,
    set_status,
)
from reply_async.emulator.problems import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from reply_async.emulator.entities import Member, Sequence

Json = dict[str, Any]


@operation
def remove_contact_from_sequence(call: Call) -> None:
    """Take one out, finished or not."""
    sequence = sequence_for_lookup(call)
    contact_id = call.path["contact_id"]
    if sequence is None or not take_out(sequence, contact_id):
        detail = f"Contact {contact_id} is not in sequence {call.path['id']}."
        raise refusal(404, "sequenceContact.notInSequence", detail)
    call.ledger.note_contacts(REMOVED, sequence.id, [contact_id])


@operation
def bulk_remove_contacts_from_sequence(call: Call) -> Json:
    """Take many out and count who was not there."""
    sequence, ids = _sequence(call), call.body["contactIds"]
    removed = [contact_id for contact_id in ids if take_out(sequence, contact_id)]
    call.ledger.note_contacts(REMOVED, sequence.id, removed)
    unknown = sum(contact_id not in call.state.contacts for contact_id in ids)
    return {
        "requested": len(ids),
        "removed": len(removed),
        "notFound": unknown,
        "notInSequence": len(ids) - len(removed) - unknown,
        "removedIds": removed,
    }


@operation
def set_sequence_contacts_status(call: Call) -> Json:
    """Pause, finish, set out of office or active again.

    An archived sequence has no members any more; it says so instead.
    """
    status = call.body["statusInSequence"]
    return _for_each(
        call,
        "sequence_contact_status_set",
        lambda member: set_status(member, status, call.now),
        archived_slug="sequenceArchived",
    )


@operation
def set_sequence_contacts_replied(call: Call) -> Json:
    """Mark people as having replied, or not."""
    is_replied = call.body["isReplied"]
    return _for_each(
        call,
        "sequence_contact_replied_set",
        lambda member: set_replied(member, is_replied=is_replied),
    )


@operation
def set_sequence_contacts_bounced(call: Call) -> Json:
    """Mark people's e-mails as bounced, or not."""
    is_bounced, resends = call.body["isBounced"], call.body.get("resendEmails", False)

    def mark(member: Member) -> None:
        set_bounced(member, is_bounced=is_bounced, resends=resends, now=call.now)

    return _for_each(call, "sequence_contact_bounced_set", mark)


def _for_each(
    call: Call,
    effect: str,
    act: Callable[[Member], None],
    *,
    archived_slug: str | None = None,
) -> Json:
    sequence = _sequence(call)
    failures: Json = {}
    ids = list(dict.fromkeys(call.body["contactIds"]))
    for contact_id in ids:
        member = sequence.members.get(contact_id)
        if member is not None:
            try:
                with told(call, member):
                    act(member)
            except TransitionRefused as refused:
                failures[str(contact_id)] = _failure("invalidStatusTransition", str(refused))
        elif contact_id not in call.state.contacts:
            detail = f"Contact {contact_id} not found."
            failures[str(contact_id)] = _failure("contactNotFound", detail)
        elif archived_slug and sequence.is_archived:
            failures[str(contact_id)] = _failure(archived_slug, "Sequence is archived.")
        else:
            detail = f"Contact {contact_id} is not in sequence {sequence.id}."
            failures[str(contact_id)] = _failure("notInSequence", detail)
    call.ledger.note(effect, 0, ids=[key for key in ids if str(key) not in failures])
    return failures


def _failure(slug: str, detail: str) -> Json:
    return {"error": slug, "errorDetails": detail}


def _sequence(call: Call) -> Sequence:
    sequence = call.state.sequences.get(call.path["id"])
    if sequence is None:
        detail = f"Sequence with ID {call.path['id']} is not found."
        raise refusal(404, "sequenceContact.sequenceNotFound", detail)
    return sequence
