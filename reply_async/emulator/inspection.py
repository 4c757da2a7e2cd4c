"""What the control plane tells of the state, the requests and the ledger, as JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import asdict

from reply_async.emulator.checks import CHECKS
from reply_async.emulator.clock import iso
from reply_async.emulator.problems import bare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reply_async.emulator.effects import Effect, SentMessage
    from reply_async.emulator.emulator import Emulator
    from reply_async.emulator.entities import Contact, Sequence
    from reply_async.emulator.ledger import Ledger

Json = dict[str, Any]
Entry = TypeVar("Entry")

LISTED = 100


def state(emulator: Emulator, query: Mapping[str, str], _body: Json) -> Json:
    """Tell what is there: numbers, a sequence (`sequence`) or a contact (`contact`)."""
    account = emulator.state
    if "sequence" in query:
        return _sequence(emulator, _found(account.sequences, "sequence", query))
    if "contact" in query:
        return _contact(emulator, _found(account.contacts, "contact", query))
    return {
        "time": iso(emulator.clock.now(), 3),
        "sequences": len(account.sequences),
        "contacts": len(account.contacts),
        "enrolled": sum(len(entry.members) for entry in account.sequences.values()),
        "requests": len(emulator.requests),
        "messages": len(emulator.ledger.messages),
        "deliveries": {
            "delivered": emulator.deliveries.delivered,
            "waiting": emulator.deliveries.waiting,
            "dropped": emulator.deliveries.dropped,
        },
    }


def requests(emulator: Emulator, query: Mapping[str, str], _body: Json) -> Json:
    """Tell the newest requests that fit; the totals are those of all requests."""
    found = emulator.requests.last(
        int(query.get("limit", LISTED)),
        method=query.get("method"),
        operation_id=query.get("operation"),
        status=int(query["status"]) if "status" in query else None,
    )
    return {
        "total": len(emulator.requests),
        "by_operation": emulator.requests.totals(),
        "items": [asdict(entry) for entry in found],
    }


def clear_requests(emulator: Emulator, query: Mapping[str, str], body: Json) -> Json:
    """Forget the logged requests and their totals."""
    emulator.requests.clear()
    return requests(emulator, query, body)


def ledger(emulator: Emulator, query: Mapping[str, str], _body: Json) -> Json:
    """Tell the effects: in numbers, of one sequence, contact or request, or check them."""
    book = emulator.ledger
    if "check" in query:
        return _checked(book, query["check"])
    if "contact" in query:
        contact_id = int(query["contact"])
        effects = (
            _effect(entry, only=contact_id)
            for entry in book.effects.select()
            if contact_id in entry.ids and _is_about_contacts(entry)
        )
        messages = map(_message, book.messages.select(contact_id=contact_id))
        return {"effects": list(effects), "messages": list(messages)}
    if "request" in query:
        found = book.effects.select(request_number=int(query["request"]))
        return {"effects": [_effect(entry) for entry in found]}
    answer: Json = {
        "counts": dict(book.counts),
        "double_effects": [
            {"sequence_id": sequence_id, "contact_id": contact_id, "requests": numbers}
            for sequence_id, contact_id, numbers in book.double_effects()
        ],
    }
    if "sequence" in query:
        sequence_id = int(query["sequence"])
        enrolments = book.enrolments(sequence_id).items()
        answer["enrolments"] = {str(contact_id): numbers for contact_id, numbers in enrolments}
        answer["effects"] = [
            {"request": entry.request_number, "effect": entry.name, "count": entry.count}
            for entry in book.effects.select(sequence_id=sequence_id)
        ]
        answer["messages"] = _messages_by_step(book, sequence_id)
    return answer


def _checked(book: Ledger, names: str) -> Json:
    """Run the named checks, or all; an unknown name is a ValueError."""
    chosen = list(CHECKS) if names == "all" else names.split(",")
    if unknown := [name for name in chosen if name not in CHECKS]:
        raise ValueError(f"no check {unknown[0]!r}; there are all, {', '.join(CHECKS)}")
    failed = {name: CHECKS[name](book) for name in chosen}
    return {
        "ok": not any(failed.values()),
        "checks": {
            name: {"failures": len(offenders), "first": offenders[:LISTED]}
            for name, offenders in failed.items()
        },
    }


def _sequence(emulator: Emulator, sequence: Sequence) -> Json:
    sent = _messages_by_step(emulator.ledger, sequence.id)
    return {
        "id": sequence.id,
        "name": sequence.name,
        "status": sequence.status,
        "is_archived": sequence.is_archived,
        "members": len(sequence.members),
        "members_by_status": dict(Counter(entry.status for entry in sequence.members.values())),
        "members_by_step": dict(
            Counter(
                "none" if entry.step is None else str(entry.step.id)
                for entry in sequence.members.values()
            )
        ),
        "steps": [
            {
                "id": step.id,
                "type": step.type,
                "display_name": step.display_name,
                "done": step.done,
                "messages": sent.get(str(step.id), 0),
            }
            for step in sequence.steps
        ],
        "email_account_ids": sequence.email_account_ids,
        "linkedin_account_ids": sequence.linkedin_account_ids,
    }


def _found(entries: Mapping[int, Entry], what: str, query: Mapping[str, str]) -> Entry:
    number = int(query[what])
    if number not in entries:
        raise bare(404, f"There is no {what} {number}.")
    return entries[number]


def _contact(emulator: Emulator, contact: Contact) -> Json:
    return {
        "id": contact.id,
        "email": contact.email,
        "is_opted_out": contact.is_opted_out,
        "sequences": {
            str(sequence.id): {
                "status": sequence.members[contact.id].status,
                "added_at": iso(sequence.members[contact.id].added_at),
            }
            for sequence in emulator.state.sequences_of(contact.id)
        },
    }


def _is_about_contacts(effect: Effect) -> bool:
    return effect.sequence_id is not None or effect.name.startswith("contact_")


def _effect(effect: Effect, *, only: int | None = None) -> Json:
    return {
        "request": effect.request_number,
        "effect": effect.name,
        "sequence_id": effect.sequence_id,
        "count": effect.count,
        "ids": list(effect.ids) if only is None else [only],
    }


def _message(message: SentMessage) -> Json:
    return {**asdict(message), "at": iso(message.at)}


def _messages_by_step(book: Ledger, sequence_id: int) -> dict[str, int]:
    return {
        str(step_id): len(contact_ids)
        for (of_sequence, step_id), contact_ids in book.messages.by_step().items()
        if of_sequence == sequence_id
    }
