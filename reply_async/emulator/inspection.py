"""What the control plane tells, as JSON: the account, its settings, the log and the ledger.

Changes nothing. ValueError says what was wrong with a query.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from attrs import asdict

from reply_async.emulator.checks import CHECKS
from reply_async.emulator.clock import iso
from reply_async.emulator.dialects import entries
from reply_async.emulator.problems import bare
from reply_async.emulator.requests_log import METHODS

if TYPE_CHECKING:
    from reply_async.emulator.contract import Contract
    from reply_async.emulator.effects import Effect, SentMessage
    from reply_async.emulator.emulator import Emulator
    from reply_async.emulator.entities import Contact, Sequence
    from reply_async.emulator.ledger import Ledger

Json = dict[str, Any]
Query: TypeAlias = Mapping[str, str]
Entry = TypeVar("Entry")

LISTED = 100
MAX_DIGITS = 18  # more would not fit into 64 bits
NO_ANSWER = 0
STATUSES = range(100, 600)


def state(emulator: Emulator, query: Query) -> Json:
    """Tell what is there: numbers, a sequence (`sequence`) or a contact (`contact`)."""
    _require_one(query)
    account = emulator.played.state
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
        "messages": len(emulator.played.ledger.messages),
        "deliveries": {
            "delivered": emulator.deliveries.delivered,
            "waiting": emulator.deliveries.waiting,
            "dropped": emulator.deliveries.dropped,
        },
    }


def clock(emulator: Emulator, _query: Query) -> Json:
    """Tell what time it is, and how it passes."""
    now = emulator.clock.now()
    kind, speed = emulator.clock.kind, emulator.clock.speed
    return {"kind": kind, "speed": speed, "time": iso(now, 3), "seconds": now}


def dialects(emulator: Emulator, _query: Query) -> Json:
    """Tell every entry, its variants and the choice."""
    return {
        entry.id: {
            "varies": entry.varies,
            "variants": entry.variants,
            "default": entry.default,
            "choice": emulator.dialects[entry.id],
        }
        for entry in entries().values()
    }


def budget(emulator: Emulator, query: Query) -> Json:
    """Tell the budget of the emulator's own user, or of the one that `user` names."""
    told = emulator.budget
    if "user" in query:
        user_id = whole(query, "user")
        emulator.require_user(user_id)
        told = emulator.budget_of(user_id)
    at = told.catch_up(emulator.clock.now())
    refused = [{**asdict(entry), "at": iso(entry.at, 3)} for entry in told.last_refused]
    return {
        "rules": asdict(told.rules),
        "granted": told.granted,
        "answered_429": told.answered_429,
        "last_429": refused,
        "windows": [
            {
                "name": limit.name,
                "seconds": limit.seconds,
                "limit": limit.window.limit,
                "used": limit.window.used(at),
                "free": limit.free(at),
                "peak": limit.peak,
            }
            for limit in told.limits
        ],
        "competitor": {
            "granted": told.competitor.granted,
            "refused": told.competitor.refused,
        },
    }


def rates(emulator: Emulator, _query: Query) -> Json:
    """Tell the rates that are set, by place."""
    return emulator.rates.shown()


def faults(emulator: Emulator, _query: Query) -> Json:
    """Tell the armed rules and their counts."""
    return {"items": [armed.shown() for armed in emulator.faults]}


def requests(emulator: Emulator, query: Query) -> Json:
    """Tell the newest requests that fit; the totals are those of all requests."""
    method, operation = query.get("method"), query.get("operation")
    if method is not None and method not in METHODS:
        raise ValueError(f"no method {method!r}; there are: {', '.join(sorted(METHODS))}")
    if operation is not None:
        _require_operation(emulator.contract, operation)
    status = whole(query, "status") if "status" in query else None
    if not (status is None or status == NO_ANSWER or status in STATUSES):
        raise ValueError(
            f"no status {status}; there are 100 to 599, and 0 where no answer went out"
        )
    found = emulator.requests.last(
        whole(query, "limit") if "limit" in query else LISTED,
        method=method,
        operation_id=operation,
        status=status,
    )
    return {
        "total": len(emulator.requests),
        "by_operation": emulator.requests.totals(),
        "items": [{**asdict(entry), "at": iso(entry.at, 3)} for entry in found],
    }


def ledger(emulator: Emulator, query: Query) -> Json:
    """Tell the effects: in numbers, of one sequence, contact or request, or check them."""
    _require_one(query)
    book = emulator.played.ledger
    if "check" in query:
        return _checked(book, query["check"])
    if "contact" in query:
        return _of_contact(emulator, query)
    if "request" in query:
        number = whole(query, "request")
        if number > emulator.request_number:
            raise bare(404, f"There is no request {number}, the last is {emulator.request_number}.")
        found = book.effects.select(request_number=number)
        return {"effects": [_effect(entry) for entry in found]}
    answer: Json = {
        "counts": dict(book.counts),
        "double_effects": [
            {"sequence_id": sequence_id, "contact_id": contact_id, "requests": numbers}
            for sequence_id, contact_id, numbers in book.double_effects()
        ],
    }
    return answer | (_of_sequence(emulator, query) if "sequence" in query else {})


def _of_contact(emulator: Emulator, query: Query) -> Json:
    contact_id, book = whole(query, "contact"), emulator.played.ledger
    effects = [
        _effect(entry, only=contact_id)
        for entry in book.effects.select()
        if contact_id in entry.ids and _is_about_contacts(entry)
    ]
    messages = [_message(message) for message in book.messages.select(contact_id=contact_id)]
    if not (effects or messages):  # a deleted one may have some
        _found(emulator.played.state.contacts, "contact", query)
    return {"effects": effects, "messages": messages}


def _of_sequence(emulator: Emulator, query: Query) -> Json:
    sequence_id, book = whole(query, "sequence"), emulator.played.ledger
    enrolments = book.enrolments(sequence_id).items()
    effects = [
        {"request": entry.request_number, "effect": entry.name, "count": entry.count}
        for entry in book.effects.select(sequence_id=sequence_id)
    ]
    messages = _messages_by_step(book, sequence_id)
    if not (effects or messages):  # a deleted one may have some
        _found(emulator.played.state.sequences, "sequence", query)
    return {
        "enrolments": {str(contact_id): numbers for contact_id, numbers in enrolments},
        "effects": effects,
        "messages": messages,
    }


def whole(query: Query, name: str) -> int:
    """Return a number of the query; ValueError unless it is whole and from 0."""
    text = query[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        raise ValueError(f"{name} is a whole number from 0, not {text!r}")
    return int(text)


def _require_one(query: Query) -> None:
    if len(query) > 1:
        raise ValueError(f"ask for one thing at a time, not for {' and '.join(query)}")


def _require_operation(contract: Contract, operation_id: str) -> None:
    if operation_id not in contract.operation_ids:
        close = get_close_matches(operation_id, contract.operation_ids, 3, 0.5)
        hint = f"close to it: {' '.join(close)}" if close else "one is list_sequences"
        raise ValueError(f"the API has no operation {operation_id!r}; {hint}")


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
    sent = _messages_by_step(emulator.played.ledger, sequence.id)
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


def _found(known: Mapping[int, Entry], what: str, query: Query) -> Entry:
    number = whole(query, what)
    if number not in known:
        raise bare(404, f"There is no {what} {number}.")
    return known[number]


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
            for sequence in emulator.played.state.sequences_of(contact.id)
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
