"""What people do about a message, by seeded chance and the rates in force.

The same seed and ids give the same draws, so rates move the line between those who
react and those who do not, and nobody else.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

from attrs import define

from reply_async.emulator.chance import draws
from reply_async.emulator.entities import Mark
from reply_async.emulator.record import Message, Record

if TYPE_CHECKING:
    from reply_async.emulator.entities import Member, Step
    from reply_async.emulator.rates import RateBook, Reach

HOUR = 3_600
SOFT_BOUNCES = 0.3
CONNECTED_BEFORE = 0.25

_LINKEDIN_EVENTS = {
    "message": ("linkedin.messagesSent", "linkedin.regularMessagesSent"),
    "voiceMessage": ("linkedin.messagesSent", "linkedin.regularMessagesSent"),
    "inMail": ("linkedin.inMailsSent",),
    "viewProfile": ("linkedin.profileViews",),
    "likeRecentPosts": ("linkedin.likes",),
    "followProfile": ("linkedin.follows",),
    "endorseSkills": ("linkedin.endorses",),
}


@define(order=False, eq=False)
class Reaction:
    """Something a person does later, in answer to one message."""

    at: float
    message: Message
    events: tuple[str, ...]
    marks: int
    finishes: bool

    def __lt__(self, other: Reaction) -> bool:
        """Order by time, then by contact, so that every run is the same."""
        return (self.at, self.message.member.contact.id) < (
            other.at,
            other.message.member.contact.id,
        )


class Reactions:
    """Sends messages and plays what follows from them."""

    def __init__(self, seed: int, rates: RateBook, record: Record) -> None:
        self._seed, self._rates, self._record = seed, rates, record
        self.later: list[Reaction] = []

    def __bool__(self) -> bool:
        return bool(self.later)

    def play(self, moment: float) -> None:
        """Let everything happen that people do up to a moment."""
        while self.later and self.later[0].at <= moment:
            self._happen(heappop(self.later))

    def _happen(self, reaction: Reaction) -> None:
        """Count it, unless the person has been taken out meanwhile."""
        member = reaction.message.member
        if member.is_gone:
            return
        self._record.note(reaction.message, reaction.at, *reaction.events)
        member.marks |= reaction.marks
        if reaction.marks & Mark.REPLIED:
            member.reply = reaction
        if "optedOut" in reaction.events:
            member.contact.set("isOptedOut", value=True)
        if "meetingsBooked" in reaction.events:
            member.contact.set("meetingStatus", "meetingBooked")
        if reaction.finishes and member.status == "active":
            self._record.finish(member, reaction.at)

    def send_email(self, member: Member, step: Step, moment: float) -> None:
        """Send an e-mail step and decide all that follows from it."""
        message, reach = self._message(member, step)
        fate = draws(self._seed, step.id, member.contact.id)
        member.marks |= Mark.SENT
        if draws(self._seed, member.contact.id)[0] < (reach.others.bounced or 0):
            member.marks |= Mark.BOUNCED
            member.status = "inactive"
            member.sequence.version += 1
            soft = ("notReached",) if fate[0] < SOFT_BOUNCES else ()
            self._record.note(message, moment, "sent", "bounced", *soft)
            return
        events = ["sent", "delivered"]
        member.marks |= Mark.DELIVERED
        settings = member.sequence.settings
        answers = fate[1] < reach.replied
        if (fate[0] < reach.opened or answers) and not settings.get("disableOpensTracking"):
            events.append("opened")
            member.marks |= Mark.OPENED
            if fate[2] < reach.clicked and settings.get("enableLinksTracking", True):
                events.append("linksClicked")
                member.marks |= Mark.CLICKED
        self._record.note(message, moment, *events)
        decide = _answer if answers else _other_reaction
        reaction = decide(message, moment + (1 + 40 * fate[3]) * HOUR, fate, reach)
        if reaction is not None:
            heappush(self.later, reaction)

    def act_on_linkedin(self, member: Member, step: Step, moment: float) -> None:
        """Do a LinkedIn step and decide all that follows from it."""
        message, reach = self._message(member, step)
        fate = draws(self._seed, step.id, member.contact.id)
        reaction: tuple[str, ...] = ()
        marks = 0
        if step.action == "connect":
            has_note = bool(_wording(step, message.variant_id).get("message"))
            events: tuple[str, ...] = ("linkedin.connectionsSent",)
            events += ("linkedin.connectionNotesSent",) if has_note else ()
            if fate[0] < (reach.others.accepted or 0):
                reaction, marks = ("linkedin.connectionsAccepted",), Mark.CONNECTED
                if has_note and fate[1] < reach.note_replied:
                    reaction += ("linkedin.connectionNotesReplied",)
        elif step.action in {"message", "voiceMessage"} and not self._is_connected(member):
            return
        else:
            events = _LINKEDIN_EVENTS.get(step.action or "", ())
            if step.action in {"message", "voiceMessage"} and fate[1] < reach.message_replied:
                reaction = ("linkedin.replied", "linkedin.regularMessagesReplied")
            elif step.action == "inMail" and fate[1] < reach.in_mail_replied:
                reaction = ("linkedin.inMailsReplied",)
        self._record.note(message, moment, *events)
        if reaction:
            replied = any("eplied" in event for event in reaction)
            marks |= Mark.REPLIED if replied else 0
            at = moment + (1 + 30 * fate[3]) * HOUR
            finishes = replied and _reply_finishes(member)
            heappush(self.later, Reaction(at, message, reaction, marks, finishes))

    def _message(self, member: Member, step: Step) -> tuple[Message, Reach]:
        """Return the member's message of a step, whose variants take turns."""
        enabled = [entry for entry in step.variants or () if entry["isEnabled"]]
        variant_id = enabled[step.done % len(enabled)]["id"] if enabled else None
        reach = self._rates.reach(member.sequence.id, step.id, variant_id, step.number)
        return Message(member, step.id, variant_id), reach

    def _is_connected(self, member: Member) -> bool:
        before = draws(self._seed, member.contact.id, 1)[0] < CONNECTED_BEFORE
        return bool(member.marks & Mark.CONNECTED) or before


def _answer(message: Message, at: float, fate: tuple[float, ...], reach: Reach) -> Reaction:
    events, marks = ["replied"], Mark.REPLIED
    if fate[4] < (reach.others.interested or 0):
        events.append("interested")
        marks |= Mark.INTERESTED
        if fate[5] < (reach.others.meetings_booked or 0):
            events.append("meetingsBooked")
    return Reaction(at, message, tuple(events), marks, _reply_finishes(message.member))


def _other_reaction(
    message: Message, at: float, fate: tuple[float, ...], reach: Reach
) -> Reaction | None:
    away = reach.others.out_of_office or 0
    if fate[6] < (reach.others.opted_out or 0):
        return Reaction(at, message, ("optedOut",), 0, finishes=True)
    if fate[7] < away:
        events = ("outOfOffice", "autoReplied")
        return Reaction(at, message, events, Mark.OUT_OF_OFFICE, finishes=False)
    if fate[7] < away + (reach.others.auto_replied or 0):
        return Reaction(at, message, ("autoReplied",), 0, finishes=False)
    return None


def _reply_finishes(member: Member) -> bool:
    return bool(member.sequence.settings["repliesHandlingType"] == "markAsFinished")


def _wording(step: Step, variant_id: int | None) -> dict[str, object]:
    return next((entry for entry in step.variants or () if entry["id"] == variant_id), {})
