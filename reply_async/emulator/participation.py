"""Where a member stands in a sequence, and what a status set by hand does to it.

A finished member keeps the step it would have come to, so that it can be set
active again; only who has done every step has none. Statistics count messages
and stay as they are: a reply or a bounce that is set by hand names no message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reply_async.emulator.entities import Mark
from reply_async.emulator.outreach import queue

if TYPE_CHECKING:
    from reply_async.emulator.entities import Member, Step


class TransitionRefused(Exception):
    """A status that cannot follow the present one."""


def set_status(member: Member, status: str, now: float) -> None:
    """Set a status by hand; `paused` is reached from `active` only.

    Setting active takes up the next step, never one that was sent already;
    there must be one. Setting what is set already is no change, except for
    paused, whose rule the contract states without exception.
    """
    if status == "paused" and member.status != "active":
        raise TransitionRefused(f"A contact that is {member.status} cannot be paused.")
    if status == member.status:
        return
    if status == "active":
        step = _step_to_take_up(member)
        if step is None:
            raise TransitionRefused("No step is left for the contact.")
        place_at(member, step, now)
    member.status = status
    member.sequence.version += 1


def set_replied(member: Member, *, is_replied: bool) -> None:
    """Mark as replied, which finishes; clearing the mark does not resume."""
    if not is_replied:
        member.marks &= ~Mark.REPLIED
        return
    member.marks |= Mark.REPLIED
    member.status = "finished"
    member.sequence.version += 1


def set_bounced(member: Member, *, is_bounced: bool, resends: bool, now: float) -> None:
    """Mark as bounced, which stops sending as a real bounce does, or clear it.

    Clearing goes on with the step after the bounced one, or with `resends`
    sends the bounced one again. Who is not marked is left alone, so that a
    repeated call does not send twice.
    """
    if is_bounced:
        member.marks |= Mark.BOUNCED
        member.status = "inactive"
    elif member.marks & Mark.BOUNCED:
        step = member.last_email if resends else None
        step = step or _step_to_take_up(member)
        member.marks &= ~Mark.BOUNCED
        if resends or member.status == "inactive":
            member.status = "active" if step else "finished"
            place_at(member, step, now, waits=not resends)
    member.sequence.version += 1


def place_at(member: Member, step: Step | None, now: float, *, waits: bool = True) -> None:
    """Let a step be a member's next one, after its delay."""
    member.step = step
    if step is not None:
        minutes = step.delay_in_minutes + step.members.get("waitInMinutes", 0)
        member.due = now + minutes * 60 * waits
        queue(member.sequence, member)


def _step_to_take_up(member: Member) -> Step | None:
    """Return the next step; of a bounced member that is the one after the bounce."""
    step = member.step
    if member.marks & Mark.BOUNCED and step is not None and step is member.last_email:
        return member.sequence.next_step(step)
    return step
