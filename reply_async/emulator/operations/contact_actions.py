"""What is done to contacts across all their sequences: status, owner, notes, a move.

A contact of several sequences is refused if none of them could take the change;
otherwise those change that can. Statistics are not touched, see `participation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.ledger import ENROLLED
from reply_async.emulator.operations.contacts import contact_of, members_of
from reply_async.emulator.operations.membership import enrol, enrolment_of, remove_elsewhere, told
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

    from reply_async.emulator.entities import Contact, Member, Sequence

Json = dict[str, Any]


class _ItemRefused(Exception):
    """One contact of a bulk call is not changed; the text is a slug and a detail."""

    def __init__(self, slug: str, detail: str) -> None:
        super().__init__(slug, detail)
        self.failure = {"error": slug, "errorDetails": detail}


@operation
def set_contacts_status_in_sequences(call: Call) -> Json:
    """Pause, finish, set out of office or active again, in every sequence."""
    status = call.body["statusInSequence"]
    return _in_all_sequences(
        call, "contact_status_set", lambda member: set_status(member, status, call.now)
    )


@operation
def set_contacts_replied(call: Call) -> Json:
    """Mark contacts as having replied, or not, in every sequence."""
    is_replied = call.body["isReplied"]
    return _in_all_sequences(
        call, "contact_replied_set", lambda member: set_replied(member, is_replied=is_replied)
    )


@operation
def set_contacts_bounced(call: Call) -> Json:
    """Mark contacts' e-mails as bounced, or not, in every sequence."""
    is_bounced, resends = call.body["isBounced"], call.body.get("resendEmails", False)

    def mark(member: Member) -> None:
        set_bounced(member, is_bounced=is_bounced, resends=resends, now=call.now)

    return _in_all_sequences(call, "contact_bounced_set", mark)


@operation
def set_contacts_opted_out(call: Call) -> Json:
    """Opt contacts out, which finishes them everywhere, or in again, which resumes nothing."""
    is_opted_out = call.body["isOptedOut"]

    def mark(contact: Contact) -> None:
        if is_opted_out and not contact.is_opted_out:
            call.state.webhooks.tell(contact, "contact_opted_out", call.now)
        contact.set("isOptedOut", value=is_opted_out or None)
        contact.modified_at = call.now
        if is_opted_out:
            for member in members_of(call, contact):
                with told(call, member):
                    set_status(member, "finished", call.now)

    return _for_each(call, "contact_opted_out_set", mark)


@operation
def set_contacts_owner(call: Call) -> Json:
    """Give contacts to a user of the team; missing ones are left out of the answer.

    `reassignTasks` changes nothing, there being no tasks.
    """
    user_id, ids = call.body["userId"], list(dict.fromkeys(call.body["contactIds"]))
    if all(user_id != user["userId"] for user in call.state.team_users):
        raise refusal(404, "contact.notFound", f"User with ID {user_id} not found.")
    contacts = [entry for entry in map(call.state.contacts.get, ids) if entry is not None]
    for contact in contacts:
        contact.set("ownerUserId", user_id)
        contact.modified_at = call.now
    call.ledger.note("contact_owner_set", 0, ids=[contact.id for contact in contacts])
    return {
        "isSuccess": len(contacts) == len(ids),
        "affectedIds": [contact.id for contact in contacts],
    }


@operation
def set_contact_notes(call: Call) -> None:
    """Overwrite a contact's notes."""
    contact = contact_of(call)
    contact.set("notes", call.body["notes"] or None)
    contact.modified_at = call.now
    call.ledger.note("contact_notes_set", ids=[contact.id])


@operation
def move_contact_to_sequence(call: Call) -> None:
    """Enrol one contact; with `removeFromExisting` it leaves its other sequences.

    Who is in the sequence already is refused, wherever it stands there, and a
    refused contact stays where it was.
    """
    contact = contact_of(call)
    sequence = call.state.sequences.get(call.body["sequenceId"])
    if sequence is None:
        detail = f"Sequence with ID {call.body['sequenceId']} is not found."
        raise refusal(404, "contact.sequenceNotFound", detail)
    obstacle = _obstacle(contact, sequence)
    if obstacle is not None:
        raise refusal(400, "contact.invalidInput", obstacle)
    enrolment = enrolment_of(call, sequence, "contact.invalidInput")
    if call.body.get("removeFromExisting"):
        remove_elsewhere(call, sequence, [contact])
    added, _ = enrol(enrolment, [contact])
    call.ledger.note_contacts(ENROLLED, sequence.id, added)


def _obstacle(contact: Contact, sequence: Sequence) -> str | None:
    """Return why a contact cannot be enrolled."""
    if sequence.is_archived:
        return f"Cannot update sequence with ID {sequence.id} because it is archived."
    if not sequence.steps:
        return "Sequence has no steps to enroll contacts into."
    if contact.is_opted_out or contact.id in sequence.members:
        return "Contact could not be added to sequence"
    return None


def _in_all_sequences(call: Call, effect: str, act: Callable[[Member], None]) -> Json:
    def act_on(contact: Contact) -> None:
        members = members_of(call, contact)
        if not members:
            detail = f"Contact {contact.id} is in no sequence."
            raise _ItemRefused("sequenceNotFound", detail)
        refused = []
        for member in members:
            try:
                with told(call, member):
                    act(member)
            except TransitionRefused as reason:
                refused.append(str(reason))
        if len(refused) == len(members):
            raise _ItemRefused("invalidStatusTransition", refused[0])

    return _for_each(call, effect, act_on)


def _for_each(call: Call, effect: str, act: Callable[[Contact], None]) -> Json:
    ids = list(dict.fromkeys(call.body["contactIds"]))
    failures: Json = {}
    for contact_id in ids:
        contact = call.state.contacts.get(contact_id)
        try:
            if contact is None:
                detail = f"Contact with ID {contact_id} not found."
                raise _ItemRefused("notFound", detail)  # noqa: TRY301 - one place turns it into a row
            act(contact)
        except _ItemRefused as refused:
            failures[str(contact_id)] = refused.failure
    call.ledger.note(effect, 0, ids=[key for key in ids if str(key) not in failures])
    return failures
