"""What happened to a contact: its activities and its conversations.

Both are read off what is kept of a contact anyway, so a million of them cost
nothing more: where it is enrolled and what became of the messages there. What
happened in a sequence that it has left is forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.clock import plain_iso
from reply_async.emulator.entities import Mark
from reply_async.emulator.operations.contacts import contact_of, members_of
from reply_async.emulator.operations.registry import Call, operation, page
from reply_async.emulator.problems import Problem, refusal
from reply_async.emulator.state import USER_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reply_async.emulator.entities import Contact, Member
    from reply_async.emulator.reactions import Reaction

Json = dict[str, Any]

FIRST_THREAD_ID = 58_001
_INTERESTED = {"id": 1, "name": "Interested"}

# The words for activities are not published; these follow the one sample. Their order
# also breaks ties: what comes later here happened later.
_MARKED = (
    (Mark.SENT, "EmailSent"),
    (Mark.BOUNCED, "EmailBounced"),
    (Mark.OPENED, "EmailOpened"),
    (Mark.CLICKED, "EmailLinkClicked"),
)
_WORDS = ["ContactCreated", "AddedToSequence", *(word for _, word in _MARKED), "Replied"]


@operation
def list_contact_activities(call: Call) -> Json:
    """List what happened to a contact, the latest first."""
    contact = contact_of(call)
    found = [_activity(contact, None, contact.created_at, "ContactCreated")]
    for member in members_of(call, contact):
        found += [_activity(contact, member, moment, word) for moment, word in _happened_to(member)]
    found.sort(key=lambda entry: (entry["date"], _WORDS.index(entry["activityType"])))
    return page(call.query, found[::-1], dict)


@operation
def list_contact_inbox_threads(call: Call) -> Json:
    """List the conversations that a contact's replies began, the latest first.

    One for each sequence in which it replied; a reply set by hand is no message.
    """
    try:
        contact = contact_of(call)
    except Problem as problem:
        raise refusal(404, "inboxThread.notFound", problem.body["detail"]) from None
    threads = [
        (entry.reply.at, _thread(call, entry, entry.reply))
        for entry in members_of(call, contact)
        if entry.reply is not None
    ]
    threads.sort(key=lambda entry: entry[0], reverse=True)
    return page(call.query, threads, lambda entry: entry[1])


def _happened_to(member: Member) -> Iterator[tuple[float, str]]:
    yield member.added_at, "AddedToSequence"
    done_at = member.completed_at if member.completed_at is not None else member.added_at
    for mark, word in _MARKED:
        if member.marks & mark:
            yield done_at, word  # of opens and clicks no time of their own is kept
    if member.reply is not None:
        yield member.reply.at, "Replied"


def _activity(contact: Contact, member: Member | None, moment: float, word: str) -> Json:
    """Return an activity; its id is wider than 53 bits, as real ones may be."""
    sequence = member.sequence if member else None
    place = (sequence.id if sequence else 0) << 4 | _WORDS.index(word)
    return {
        "id": contact.id << 32 | place,
        "date": plain_iso(moment) + "Z",
        "activityType": word,
        "sourceType": "Sequence" if sequence else "Contact",
        "userName": None,
        "userId": sequence.owner_user_id if sequence else USER_ID,
        "content": {"sequenceId": sequence.id, "sequenceName": sequence.name} if sequence else {},
    }


def _thread(call: Call, member: Member, reply: Reaction) -> Json:
    sequence, ids = member.sequence, call.state.thread_ids
    key = (sequence.id, member.contact.id)
    is_email = "replied" in reply.events  # LinkedIn's have a prefix
    return {
        "id": ids.setdefault(key, FIRST_THREAD_ID + len(ids)),
        "channel": "email" if is_email else "linkedIn",
        "isRead": False,
        "subject": f"Re: {_subject(reply)}" if is_email else None,
        "lastActivityDate": plain_iso(reply.at) + "Z",
        "sequence": {"id": sequence.id, "name": sequence.name},
        "category": _INTERESTED if member.marks & Mark.INTERESTED else None,
        "hasMeetingIntent": "meetingsBooked" in reply.events,
        "status": {"state": "ok"},
    }


def _subject(reply: Reaction) -> str:
    """Return what was written about; a follow-up without subject has the first one's."""
    steps = reply.message.member.sequence.steps
    variants = [entry for step in steps if step.type == "email" for entry in step.variants or ()]
    answered = [entry for entry in variants if entry["id"] == reply.message.variant_id]
    texts = (entry.get("subject") for entry in (*answered, *variants))
    return next((text for text in texts if text), "")
