"""Putting contacts into a sequence, taking them out, showing where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from reply_async.emulator.entities import Contact, Member, Sequence, Step
from reply_async.emulator.outreach import queue
from reply_async.emulator.reactions import Mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reply_async.emulator.operations.registry import Call

Json = dict[str, Any]


@frozen
class Enrolment:
    """Where and how contacts are put into a sequence."""

    call: Call
    sequence: Sequence
    start_step: Step | None = None
    ignores_delay: bool = False
    not_before: float | None = None


def enrol(
    enrolment: Enrolment, contacts: Iterable[Contact]
) -> tuple[list[int], list[Member | Contact]]:
    """Enrol all who may be; return their ids and those who were refused."""
    sequence, now = enrolment.sequence, enrolment.call.now
    first = sequence.next_step(None)
    step = enrolment.start_step or first
    if step is None:
        raise LookupError("a sequence without steps takes nobody")
    delay = 0 if enrolment.ignores_delay else step.delay_in_minutes * 60
    due = max(now + delay, enrolment.not_before or 0.0)
    is_plain = step is first and not enrolment.ignores_delay and enrolment.not_before is None
    added: list[int] = []
    refused: list[Member | Contact] = []
    for contact in contacts:
        present = sequence.members.get(contact.id)
        if present is not None or contact.is_opted_out:
            refused.append(present or contact)
            continue
        member = Member(contact, sequence, now, step=step, due=due)
        sequence.members[contact.id] = member
        added.append(contact.id)
        if is_plain:
            sequence.fresh.append(member)
        else:
            queue(sequence, member)
    if added:
        sequence.version += 1
    return added, refused


def take_out(sequence: Sequence, contact_id: int) -> bool:
    """Remove a contact from a sequence; False if it was not in it."""
    member = sequence.members.pop(contact_id, None)
    if member is None:
        return False
    member.is_gone = True
    sequence.version += 1
    return True


def current_step(member: Member) -> Json:
    """Return the step a member is at; a finished one is at none."""
    if member.step is None:
        return {"stepId": None, "displayName": "Finished"}
    return {"stepId": member.step.id, "displayName": member.step.display_name}


def disposition(member: Member) -> Json | None:
    """Return what became of a member's e-mails, None before the first."""
    if not member.marks & Mark.SENT:
        return None
    return {
        "isReplied": bool(member.marks & Mark.REPLIED),
        "isBounced": bool(member.marks & Mark.BOUNCED),
    }
