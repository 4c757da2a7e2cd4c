"""Putting contacts into a sequence, taking them out, showing where they stand."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import frozen

from reply_async.emulator.entities import Contact, Mark, Member, Sequence, Step
from reply_async.emulator.ledger import REMOVED
from reply_async.emulator.outreach import queue
from reply_async.emulator.problems import refusal
from reply_async.emulator.stats import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


def enrolment_of(call: Call, sequence: Sequence, code: str) -> Enrolment:
    """Return the enrolment a request asks for; `code` refuses a step of elsewhere."""
    body = call.body
    start_step = None
    if body.get("startStepId") is not None:
        start_step = sequence.step_by_id(body["startStepId"])
        if start_step is None:
            detail = f"Step {body['startStepId']} is not a step of the sequence."
            raise refusal(400, code, detail)
    return Enrolment(
        call,
        sequence,
        start_step=start_step,
        ignores_delay=body.get("ignoreStepDelay", False),
        not_before=moment_of(body.get("startFrom")),
    )


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


def remove_elsewhere(call: Call, sequence: Sequence, contacts: Iterable[Contact]) -> None:
    """Take contacts out of every sequence but one."""
    for other in call.state.sequences.values():
        if other is sequence:
            continue
        gone = [contact.id for contact in contacts if take_out(other, contact.id)]
        call.ledger.note_contacts(REMOVED, other.id, gone)


def sequence_for_lookup(call: Call) -> Sequence | None:
    """Return the sequence in which one contact is looked up.

    By default a missing sequence is told no apart from a contact that is not in it.
    """
    sequence = call.state.sequences.get(call.path["id"])
    if sequence is None and call.dialects["link_lookup_404"] == "split":
        detail = f"Sequence with ID {call.path['id']} is not found."
        raise refusal(404, "sequenceContact.sequenceNotFound", detail)
    return sequence


@contextmanager
def told(call: Call, member: Member) -> Iterator[None]:
    """Tell the webhooks what a call does to a member inside the block.

    A reply or a bounce that is set by hand names no message: only those who ask about
    contacts hear of it.
    """
    status, marks = member.status, member.marks
    yield
    webhooks = call.state.webhooks
    if member.marks & ~marks & Mark.REPLIED:
        webhooks.tell_of(member, "contact_replied", call.now)
    if member.status == "finished" != status:
        webhooks.tell_of(member, "contact_finished", call.now)


def current_step(member: Member) -> Json:
    """Return the step a member is at; a finished one is at none."""
    if member.step is None or member.status == "finished":
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
