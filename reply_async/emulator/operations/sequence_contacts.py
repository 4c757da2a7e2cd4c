"""People inside one sequence: list, count, read, enrol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.clock import iso, plain_iso
from reply_async.emulator.entities import Mark, Member
from reply_async.emulator.ledger import ENROLLED, MAILBOX_CHANGED, MOVED
from reply_async.emulator.operations.membership import (
    Enrolment,
    current_step,
    disposition,
    enrol,
    enrolment_of,
    remove_elsewhere,
    sequence_for_lookup,
)
from reply_async.emulator.operations.registry import Call, operation, page
from reply_async.emulator.outreach import queue
from reply_async.emulator.problems import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence as Items

    from reply_async.emulator.entities import Sequence

Json = dict[str, Any]

_COULD_NOT = {"error": "invalidInput", "errorDetails": "Contact could not be added to sequence"}
_ALREADY_IN = {"error": "contactAlreadyInSequence", "errorDetails": "ContactAlreadyInSequence"}
_UNKNOWN_CONTACT = {"error": "contactNotFound", "errorDetails": "ContactNotFound"}

_TEXT_KEYS = {
    "email": "email",
    "firstName": "first_name",
    "lastName": "last_name",
    "company": "company",
}


@operation
def list_sequence_contacts(call: Call) -> Json:
    """List members, newest first by default; of a missing sequence, nobody by default."""
    sequence = call.state.sequences.get(call.path["id"])
    if sequence is None and call.dialects["missing_sequence_contacts_page"] == "empty_200":
        return {"items": [], "hasMore": False}
    return page(call.query, _ordered(call, _sequence(call)), shown)


@operation
def count_sequence_contacts(call: Call) -> Json:
    """Count members."""
    return {"count": len(_sequence(call).members)}


@operation
def get_sequence_contact(call: Call) -> Json:
    """Return one member."""
    sequence = sequence_for_lookup(call)
    member = sequence.members.get(call.path["contact_id"]) if sequence else None
    if member is None:
        detail = f"Contact {call.path['contact_id']} is not in sequence {call.path['id']}."
        raise refusal(404, "sequenceContact.notInSequence", detail)
    return shown(member)


@operation
def list_sequence_contacts_state(call: Call) -> Json:
    """List members with the columns that are asked for, newest first."""
    sequence = _sequence(call)
    columns: set[str] = set((call.query["additionalColumns"] or "").split(","))
    members = _ordered(call, sequence)
    return page(call.query, members, lambda member: _state_row(member, columns))


@operation
def bulk_add_contacts_to_sequence(call: Call) -> Json:
    """Enrol contacts; by default whoever cannot be is told with one generic word."""
    sequence, body = _sequence(call), call.body
    if sequence.is_archived:
        detail = f"Cannot update sequence with ID {sequence.id} because it is archived."
        raise refusal(400, "sequence.archived", detail)
    if not sequence.steps:
        detail = "Sequence has no steps to enroll contacts into."
        raise refusal(400, "sequenceContact.noStepsInSequence", detail)
    enrolment = enrolment_of(call, sequence, "sequenceContact.invalidInput")
    ids = dict.fromkeys(body["contactIds"])  # an id that is listed twice counts once
    contacts = [entry for entry in map(call.state.contacts.get, ids) if entry is not None]
    if body.get("removeFromExisting"):
        remove_elsewhere(call, sequence, contacts)
    added, refused = enrol(enrolment, contacts)
    call.ledger.note_contacts(ENROLLED, sequence.id, added)
    members = [entry for entry in refused if isinstance(entry, Member)]
    if call.dialects["bulk_add_enrolled"] == "forward_move":
        added += _move_forward(enrolment, members)
    missing = ids.keys() - set(added)
    present = {member.contact.id for member in members if not member.contact.is_opted_out}
    return {
        "added": added,
        "notProcessed": {
            str(contact_id): _failure(call, contact_id, is_in=contact_id in present)
            for contact_id in ids
            if contact_id in missing
        },
    }


def _failure(call: Call, contact_id: int, *, is_in: bool) -> Json:
    """Tell why somebody was not enrolled, as far as the dialect tells it."""
    if is_in and call.dialects["bulk_add_enrolled"] == "refused":
        return _ALREADY_IN
    if contact_id not in call.state.contacts and call.dialects["bulk_add_refusals"] == "documented":
        return _UNKNOWN_CONTACT
    return _COULD_NOT


def shown(member: Member) -> Json:
    """Return a member as the API shows it."""
    contact = member.contact
    return {
        "contactId": contact.id,
        "sequenceId": member.sequence.id,
        "email": contact.email,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "company": contact.company,
        "title": contact.title,
        "statusInSequence": member.status,
        "isOptedOut": contact.is_opted_out,
        "callStatus": contact.get("callStatus") or "none",
        "meetingStatus": contact.get("meetingStatus") or "none",
        "emailDisposition": disposition(member),
        "currentStep": current_step(member),
        "addingDate": iso(member.added_at),
        "emailAccountId": member.email_account_id,
        "linkedInAccountId": member.linkedin_account_id,
    }


def _state_row(member: Member, columns: set[str]) -> Json:
    contact = member.contact
    row: Json = {
        "contactId": contact.id,
        "email": contact.email,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "title": contact.title,
        "addedAt": plain_iso(member.added_at, 2),
    }
    if "CurrentStep" in columns:
        place = current_step(member)
        number = len(member.sequence.steps) + 1
        if member.step is not None and member.status != "finished":
            number = member.step.number
        row["currentStep"] = {
            "stepId": place["stepId"],
            "displayStepNumber": place["displayName"],
            "stepNumber": number,
        }
    if "LastStepCompletedAt" in columns:
        done = member.completed_at
        row["lastStepCompletedAt"] = None if done is None else plain_iso(done, 2)
    if "Status" in columns:
        row["status"] = {
            "status": member.status[:1].upper() + member.status[1:],
            "replied": bool(member.marks & Mark.REPLIED),
            "delivered": bool(member.marks & Mark.DELIVERED),
            "bounced": bool(member.marks & Mark.BOUNCED),
            "opened": bool(member.marks & Mark.OPENED),
            "clicked": bool(member.marks & Mark.CLICKED),
        }
    return row


def _sequence(call: Call) -> Sequence:
    sequence = call.state.sequences.get(call.path["id"])
    if sequence is None:
        detail = f"Sequence with ID {call.path['id']} is not found."
        raise refusal(404, "sequenceContact.sequenceNotFound", detail)
    return sequence


def _ordered(call: Call, sequence: Sequence) -> Items[Member]:
    """Return the members as sorted; kept for the next page of the same order."""
    sort_by = call.query.get("sort_by") or "addingDate"
    direction = call.query.get("sort_direction") or "desc"
    version = sequence.version + call.state.contacts_version
    if sort_by == "addingDate":
        version = sequence.version
    order = (sort_by, direction, version)
    if sequence.order is None or sequence.order[0] != order:
        members = list(sequence.members.values())
        if sort_by == "statusInSequence":
            members.sort(key=lambda member: member.status)
        elif sort_by in _TEXT_KEYS:
            slot = _TEXT_KEYS[sort_by]
            members.sort(key=lambda member: (getattr(member.contact, slot) or "").casefold())
        if direction == "desc":
            members.reverse()
        sequence.order = (order, members)
    return sequence.order[1]


def _move_forward(enrolment: Enrolment, members: Iterable[Member]) -> list[int]:
    """Move enrolled people to a later step; return the ids of those moved.

    To the same or an earlier step nobody is moved, but the mailbox may change:
    here it does, if there is another one.
    """
    target, sequence, call = enrolment.start_step, enrolment.sequence, enrolment.call
    moved: list[int] = []
    changed: list[int] = []
    for member in members:
        if member.contact.is_opted_out:
            continue
        step = None if member.status == "finished" else member.step
        if target is not None and step is not None and target.number > step.number:
            member.step, member.status = target, "active"
            member.due = call.now
            if not enrolment.ignores_delay:
                member.due += target.delay_in_minutes * 60
            queue(sequence, member)
            moved.append(member.contact.id)
        elif len(sequence.email_account_ids) > 1:
            member.email_account_id = _other_mailbox(sequence, member)
            changed.append(member.contact.id)
    sequence.version += 1
    call.ledger.note_contacts(MOVED, sequence.id, moved)
    call.ledger.note_contacts(MAILBOX_CHANGED, sequence.id, changed)
    return moved


def _other_mailbox(sequence: Sequence, member: Member) -> int:
    linked = sequence.email_account_ids
    if member.email_account_id not in linked:
        return linked[0]
    return linked[(linked.index(member.email_account_id) + 1) % len(linked)]
