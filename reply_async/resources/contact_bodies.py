"""What is sent about one contact, checked, and whether a contact is as it was sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import evolve, fields

from reply_async.bulk.rows import normal_email
from reply_async.converter import camel, encode, encode_row
from reply_async.errors import InvalidUse
from reply_async.models.contacts import (
    CallStatus,
    CompanySize,
    Contact,
    ContactFilterRule,
    ContactRow,
    MeetingStatus,
)
from reply_async.requests import checked_id
from reply_async.resources.arguments import checked_text, checked_url
from reply_async.unset import UNSET

_URLS: Final = ("linkedin_url", "linkedin_sales_navigator_url", "linkedin_recruiter_url")
_NOT_ON_CREATE: Final = ("is_opted_out", "call_status", "meeting_status", "owner_user_id")
_WORDS: Final = {
    "companySize": frozenset(size[:1].upper() + size[1:] for size in CompanySize),
    "callStatus": frozenset(CallStatus),
    "meetingStatus": frozenset(MeetingStatus),
}
# What the server says of a member that was cleared, besides null.
_CLEARED: Final = {"companySize": "empty", "callStatus": "none", "meetingStatus": "none"}
_ANY_CASE: Final = frozenset({"email", "companySize"})


def create_body(contact: ContactRow) -> dict[str, Any]:
    """Return the body that creates a contact, or raise InvalidUse."""
    for name in _NOT_ON_CREATE:
        if getattr(contact, name) is not UNSET:
            raise InvalidUse(name, "cannot be set on a new contact; update it then")
    for each in fields(ContactRow):
        if getattr(contact, each.name) is None:
            raise InvalidUse(each.name, "a new contact has nothing to clear; leave it out")
    if contact.email is UNSET and contact.linkedin_url is UNSET:
        raise InvalidUse("email", "a new contact needs it, or a linkedin_url")
    return encode_row(_checked(contact), custom_field_member="key")


def update_body(changes: ContactRow) -> dict[str, Any]:
    """Return the body that changes a contact, or raise InvalidUse."""
    body = encode_row(_checked(changes))
    if not body:
        raise InvalidUse("changes", "nothing to change is given")
    return body


def filter_body(
    rules: Iterable[ContactFilterRule],
    list_id: int | None,
    sequence_id: int | None,
    sequence_step_id: int | None,
    search_term: str | None,
) -> dict[str, Any]:
    """Return the body of a filter, or raise InvalidUse."""
    encoded = []
    for position, rule in enumerate(rules):
        checked_text(f"rules[{position}].property", rule.property)
        checked_text(f"rules[{position}].condition", rule.condition)
        encoded.append(encode(rule))
    body: dict[str, Any] = {"rules": encoded} if encoded else {}
    ids = {"list_id": list_id, "sequence_id": sequence_id, "sequence_step_id": sequence_step_id}
    for name, id_ in ids.items():
        if id_ is not None:
            body[camel(name)] = checked_id(name, id_)
    if search_term is not None:
        body["searchTerm"] = checked_text("search_term", search_term)
    return body


def is_as_sent(contact: Contact, body: Mapping[str, Any]) -> bool:
    """Tell whether a contact has all that was sent, as far as its answer shows that."""
    now = encode(contact)
    for member, value in body.items():
        if member == "customFields":
            held = contact.custom_fields
            wanted = {pair.get("name", pair.get("key")): pair["value"] for pair in value}
            if any((held.get(name) or None) != (text or None) for name, text in wanted.items()):
                return False
        elif _plain(member, now.get(member)) != _plain(member, value):
            return False  # phone2 ends here as well: no answer has it
    return True


def _plain(member: str, value: object) -> object:
    """Return a value as it compares: one of the ways to be empty is like the other."""
    if isinstance(value, str) and member in _ANY_CASE:
        value = value.casefold()
    return None if value in ("", _CLEARED.get(member)) else value


def _checked(row: ContactRow) -> ContactRow:
    """Return a row whose values can be sent."""
    changed: dict[str, Any] = {}
    if isinstance(row.email, str):
        changed["email"] = normal_email(row.email)
        if changed["email"] is None:
            raise InvalidUse("email", "is not a valid address")
    for name in _URLS:
        if isinstance(url := getattr(row, name), str):
            checked_url(name, url)
    for name in ("owner_user_id", "account_id"):
        if (id_ := getattr(row, name)) not in (UNSET, None):
            changed[name] = checked_id(name, id_)
    _check_words(encode_row(row))
    return evolve(row, **changed)


def _check_words(body: dict[str, Any]) -> None:
    for member, words in _WORDS.items():
        if (word := body.get(member)) is not None and word not in words:
            name = next(each.name for each in fields(ContactRow) if camel(each.name) == member)
            raise InvalidUse(name, f"is none of {', '.join(sorted(words))}")
