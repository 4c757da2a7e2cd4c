"""Finding contacts by rules, list, sequence, step and a search term.

The words of rules are published nowhere. Served are those that the documents
show for conditions of sequences; all rules must hold, and texts are compared
without case. Whatever belongs to an unknown list, sequence or step is nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from reply_async.emulator.conditions import CONTACT_MEMBERS, OPERATORS
from reply_async.emulator.entities import Mark
from reply_async.emulator.operations.contacts import shown
from reply_async.emulator.operations.registry import Call, operation, page
from reply_async.emulator.problems import Fault, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reply_async.emulator.entities import Contact, Member
    from reply_async.emulator.state import State

Json = dict[str, Any]

_SEARCHED = ("email", "firstName", "lastName", "company", "title")
_WITHOUT_VALUE = {"isSet", "isNotSet"}
_SORT_KEYS: dict[str, Callable[[Contact], str | float]] = {
    "email": lambda contact: (contact.email or "").casefold(),
    "firstName": lambda contact: (contact.first_name or "").casefold(),
    "lastName": lambda contact: (contact.last_name or "").casefold(),
    "company": lambda contact: (contact.company or "").casefold(),
    "title": lambda contact: (contact.title or "").casefold(),
    "addingDate": lambda contact: contact.created_at,
    "createdAt": lambda contact: contact.created_at,
    "lastModifiedAt": lambda contact: contact.modified_at,
}


@frozen
class _Property:
    """What rules can ask: how a contact's value is read, and the words for it."""

    read: Callable[[State, Contact], str]
    conditions: frozenset[str]
    values: frozenset[str] | None = None


@operation
def filter_contacts(call: Call) -> Json:
    """List the contacts that fit, by id unless asked otherwise."""
    body = call.body
    sort_by = body.get("sortBy")
    if sort_by is not None and sort_by not in _SORT_KEYS:
        allowed = ", ".join(_SORT_KEYS)
        detail = f"Invalid sortBy value '{sort_by}'. Allowed values: {allowed}."
        raise invalid(Fault("/sortBy", detail))
    found = sorted(_fitting(call), key=lambda contact: contact.id)
    if sort_by is not None:
        found.sort(key=_SORT_KEYS[sort_by])
    if body.get("sortDirection") == "desc":
        found.reverse()
    return page(call.query, found, lambda contact: shown(call.state, contact))


@operation
def count_filtered_contacts(call: Call) -> Json:
    """Count the contacts that fit."""
    return {"count": len(_fitting(call))}


def _fitting(call: Call) -> list[Contact]:
    state, body = call.state, call.body
    rules = _checked_rules(body.get("rules") or [])
    term = (body.get("searchTerm") or "").casefold()
    return [
        contact
        for contact in _candidates(state, body)
        if (not term or _is_found(contact, term)) and all(holds(state, contact) for holds in rules)
    ]


def _candidates(state: State, body: Json) -> Iterable[Contact]:
    """Return who is in the list, the sequence and at the step that are named."""
    groups: list[dict[int, Contact]] = []
    list_id, sequence_id = body.get("listId"), body.get("sequenceId")
    if list_id is not None:
        entry = state.lists.by_id.get(list_id)
        groups.append(entry.members if entry else {})
    if sequence_id is not None or body.get("sequenceStepId") is not None:
        groups.append(_in_sequences(state, sequence_id, body.get("sequenceStepId")))
    if not groups:
        return state.contact_list()
    first, *others = groups
    return [
        contact
        for contact_id, contact in first.items()
        if all(contact_id in group for group in others)
    ]


def _in_sequences(state: State, sequence_id: int | None, step_id: int | None) -> dict[int, Contact]:
    return {
        contact_id: member.contact
        for sequence in state.sequences.values()
        if sequence_id in {None, sequence.id}
        for contact_id, member in sequence.members.items()
        if step_id is None or _is_at(member, step_id)
    }


def _is_at(member: Member, step_id: int) -> bool:
    step = None if member.status == "finished" else member.step
    return step is not None and step.id == step_id


def _is_found(contact: Contact, term: str) -> bool:
    """Look for a term in the members that people search by, and in the full name."""
    texts = [contact.get(name) or "" for name in _SEARCHED]
    texts.append(f"{contact.first_name or ''} {contact.last_name or ''}")
    return any(term in text.casefold() for text in texts)


def _checked_rules(rules: list[Json]) -> list[Callable[[State, Contact], bool]]:
    """Return the rules as functions, or refuse every word that is unknown."""
    faults = [
        Fault(f"/rules/{position}/{member}", detail)
        for position, rule in enumerate(rules)
        for member, detail in _fault(rule)
    ]
    if faults:
        raise invalid(*faults)
    return [_rule(entry) for entry in rules]


def _fault(rule: Json) -> Iterable[tuple[str, str]]:
    """Yield the first thing about a rule that is not understood."""
    name, condition, value = rule["property"], rule["condition"], rule.get("value")
    about = _PROPERTIES.get(name)
    if about is None:
        yield "property", f"Unknown property '{name}'."
    elif condition not in about.conditions:
        yield "condition", f"Condition '{condition}' cannot be used with '{name}'."
    elif condition not in _WITHOUT_VALUE and not value:
        yield "value", "Field is required."
    elif about.values is not None and value is not None and value.casefold() not in about.values:
        yield "value", f"Unknown value '{value}' of '{name}'."


def _rule(rule: Json) -> Callable[[State, Contact], bool]:
    read, compare = _PROPERTIES[rule["property"]].read, OPERATORS[rule["condition"]]
    wanted = (rule.get("value") or "").casefold()
    return lambda state, contact: compare(read(state, contact), wanted)


def _text_of(name: str) -> Callable[[State, Contact], str]:
    return lambda _state, contact: (contact.get(name) or "").casefold()


def _stage(state: State, contact: Contact) -> str:
    members = (entry.members[contact.id] for entry in state.sequences_of(contact.id))
    is_interested = any(member.marks & Mark.INTERESTED for member in members)
    return "interested" if is_interested else "contacted"


def _validation(_state: State, _contact: Contact) -> str:
    """Return what is known of an address: validation is not served, so nothing."""
    return "notvalidated"


_PROPERTIES: dict[str, _Property] = {
    **{name: _Property(_text_of(name), frozenset(OPERATORS)) for name in CONTACT_MEMBERS},
    "stage": _Property(_stage, frozenset({"is", "isNot"}), frozenset({"interested"})),
    "emailValidationStatus": _Property(_validation, frozenset({"is"}), frozenset({"valid"})),
}
