"""How people react to a message: seeded rates, counted under the message."""

from __future__ import annotations

from heapq import heappush
from typing import TYPE_CHECKING, Any

from attrs import define

from reply_async.emulator.chance import draws

if TYPE_CHECKING:
    from collections.abc import Callable

    from reply_async.emulator.entities import Member, Step

Json = dict[str, Any]

HOUR = 3_600
BOUNCE_RATE = 0.025
OUT_OF_OFFICE_RATE = 0.02
AUTO_REPLY_RATE = 0.015
OPT_OUT_RATE = 0.012
ACCEPT_RATE = 0.32
CONNECTED_BEFORE = 0.25
# What conditions can ask of a contact, besides `stage`.
CONTACT_MEMBERS = (
    "email",
    "firstName",
    "lastName",
    "title",
    "company",
    "city",
    "state",
    "country",
    "industry",
    "phone",
    "linkedInUrl",
)
# Of a value and a wanted text, both in lower case.
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "is": lambda value, wanted: value == wanted,
    "equals": lambda value, wanted: value == wanted,
    "isNot": lambda value, wanted: value != wanted,
    "contains": lambda value, wanted: wanted in value,
    "isSet": lambda value, _: bool(value),
    "isNotSet": lambda value, _: not value,
}

_LINKEDIN_EVENTS = {
    "message": ("linkedin.messagesSent", "linkedin.regularMessagesSent"),
    "voiceMessage": ("linkedin.messagesSent", "linkedin.regularMessagesSent"),
    "inMail": ("linkedin.inMailsSent",),
    "viewProfile": ("linkedin.profileViews",),
    "likeRecentPosts": ("linkedin.likes",),
    "followProfile": ("linkedin.follows",),
    "endorseSkills": ("linkedin.endorses",),
}


class Mark:
    """What happened to a member so far; plain numbers, since millions are kept."""

    SENT = 1
    DELIVERED = 2
    OPENED = 4
    CLICKED = 8
    REPLIED = 16
    BOUNCED = 32
    OUT_OF_OFFICE = 64
    INTERESTED = 128
    CONNECTED = 256


@define(order=False, eq=False)
class Reaction:
    """Something a person does later, in answer to one message."""

    at: float
    member: Member
    step_id: int
    variant_id: int | None
    events: tuple[str, ...]
    marks: int
    finishes: bool

    def __lt__(self, other: Reaction) -> bool:
        """Order by time, then by contact, so that every run is the same."""
        return (self.at, self.member.contact.id) < (other.at, other.member.contact.id)

    def happen(self) -> None:
        """Count it, unless the person has been taken out meanwhile."""
        member = self.member
        if member.is_gone:
            return
        member.sequence.tallies.add(self.at, self.step_id, self.variant_id, *self.events)
        member.marks |= self.marks
        if self.marks & Mark.REPLIED:
            member.reply = self
        if "optedOut" in self.events:
            member.contact.set("isOptedOut", value=True)
        if "meetingsBooked" in self.events:
            member.contact.set("meetingStatus", "meetingBooked")
        if self.finishes and member.status == "active":
            member.status = "finished"
            member.sequence.version += 1


def variant_rates(seed: int, variant_id: int) -> tuple[float, float, float]:
    """Return how often a wording is opened, clicked and answered."""
    opened, clicked, replied = draws(seed, variant_id)[:3]
    return 0.35 + 0.35 * opened, 0.03 + 0.12 * clicked, 0.02 + 0.10 * replied


def send_email(seed: int, member: Member, step: Step, moment: float, later: list[Reaction]) -> None:
    """Send an e-mail step and decide all that follows from it."""
    variants = [entry for entry in step.variants or () if entry["isEnabled"]]
    variant_id: int | None = variants[step.done % len(variants)]["id"] if variants else None
    fate = draws(seed, step.id, member.contact.id)
    tallies = member.sequence.tallies
    member.marks |= Mark.SENT
    if draws(seed, member.contact.id)[0] < BOUNCE_RATE:
        member.marks |= Mark.BOUNCED
        member.status = "inactive"
        member.sequence.version += 1
        soft = ("notReached",) if fate[0] < 0.3 else ()  # noqa: PLR2004 - a rate
        tallies.add(moment, step.id, variant_id, "sent", "bounced", *soft)
        return
    opens, clicks, replies = variant_rates(seed, variant_id or step.id)
    fade = 0.75 ** (step.number - 1)
    events = ["sent", "delivered"]
    member.marks |= Mark.DELIVERED
    settings = member.sequence.settings
    answers = fate[1] < replies * fade
    if (fate[0] < opens or answers) and not settings.get("disableOpensTracking"):
        events.append("opened")
        member.marks |= Mark.OPENED
        if fate[2] < clicks and settings.get("enableLinksTracking", True):
            events.append("linksClicked")
            member.marks |= Mark.CLICKED
    tallies.add(moment, step.id, variant_id, *events)
    _react(member, step, variant_id, moment, fate, answers, later)


def _react(
    member: Member,
    step: Step,
    variant_id: int | None,
    moment: float,
    fate: tuple[float, ...],
    answers: bool,
    later: list[Reaction],
) -> None:
    at = moment + (1 + 40 * fate[3]) * HOUR
    if answers:
        events = ["replied"]
        marks = Mark.REPLIED
        if fate[4] < 0.45:  # noqa: PLR2004 - a rate
            events.append("interested")
            marks |= Mark.INTERESTED
            if fate[5] < 0.4:  # noqa: PLR2004 - a rate
                events.append("meetingsBooked")
        finishes = member.sequence.settings["repliesHandlingType"] == "markAsFinished"
    elif fate[6] < OPT_OUT_RATE:
        events, marks, finishes = ["optedOut"], 0, True
    elif fate[7] < OUT_OF_OFFICE_RATE:
        events, marks, finishes = ["outOfOffice", "autoReplied"], Mark.OUT_OF_OFFICE, False
    elif fate[7] < OUT_OF_OFFICE_RATE + AUTO_REPLY_RATE:
        events, marks, finishes = ["autoReplied"], 0, False
    else:
        return
    heappush(later, Reaction(at, member, step.id, variant_id, tuple(events), marks, finishes))


def act_on_linkedin(
    seed: int, member: Member, step: Step, moment: float, later: list[Reaction]
) -> None:
    """Do a LinkedIn step and decide all that follows from it."""
    fate = draws(seed, step.id, member.contact.id)
    variants = [entry for entry in step.variants or () if entry["isEnabled"]]
    variant = variants[step.done % len(variants)] if variants else None
    variant_id: int | None = variant["id"] if variant else None
    tallies = member.sequence.tallies
    reaction: tuple[str, ...] = ()
    marks = 0
    if step.action == "connect":
        has_note = bool(variant and variant["message"])
        events: tuple[str, ...] = ("linkedin.connectionsSent",)
        events += ("linkedin.connectionNotesSent",) if has_note else ()
        if fate[0] < ACCEPT_RATE:
            reaction, marks = ("linkedin.connectionsAccepted",), Mark.CONNECTED
            if has_note and fate[1] < 0.2:  # noqa: PLR2004 - a rate
                reaction += ("linkedin.connectionNotesReplied",)
    elif step.action in {"message", "voiceMessage"} and not _is_connected(seed, member):
        return
    else:
        events = _LINKEDIN_EVENTS.get(step.action or "", ())
        _, _, replies = variant_rates(seed, variant_id or step.id)
        if step.action in {"message", "voiceMessage"} and fate[1] < replies * 1.5:
            reaction = ("linkedin.replied", "linkedin.regularMessagesReplied")
        elif step.action == "inMail" and fate[1] < replies:
            reaction = ("linkedin.inMailsReplied",)
    tallies.add(moment, step.id, variant_id, *events)
    if reaction:
        replied = any("eplied" in event for event in reaction)
        handling = member.sequence.settings["repliesHandlingType"]
        finishes = replied and handling == "markAsFinished"
        at = moment + (1 + 30 * fate[3]) * HOUR
        marks |= Mark.REPLIED if replied else 0
        heappush(later, Reaction(at, member, step.id, variant_id, reaction, marks, finishes))


def condition_holds(step: Step, member: Member) -> bool:
    """Judge a condition: every rule of every property must hold.

    `stage` asks whether the person showed interest; other properties are
    members of the contact; unknown ones hold if the person opened something.
    """
    return all(
        _rule_holds(condition["property"], rule, member)
        for condition in step.members["conditions"]
        for rule in condition["rules"]
    )


def _rule_holds(name: str, rule: Json, member: Member) -> bool:
    operator, wanted = rule["operator"], (rule.get("value") or "").casefold()
    if name == "stage":
        value = "interested" if member.marks & Mark.INTERESTED else "contacted"
    elif name in CONTACT_MEMBERS:
        value = str(member.contact.get(name) or "").casefold()
    else:
        return bool(member.marks & Mark.OPENED)
    compare = OPERATORS.get(operator)
    return compare is not None and compare(value, wanted)


def _is_connected(seed: int, member: Member) -> bool:
    return (
        bool(member.marks & Mark.CONNECTED)
        or draws(seed, member.contact.id, 1)[0] < CONNECTED_BEFORE
    )
