"""Writing the members of a contact, the same for create, update and import."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from reply_async.emulator.state import email_key, linkedin_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reply_async.emulator.entities import Contact
    from reply_async.emulator.state import State

Json = dict[str, Any]

INVALID_DATA = "Invalid data"
WRONG_FIELD_FORMAT = "Wrong field format"

_SHARED = {"firstName", "lastName", "title", "company", "city", "country", "industry", "state"}
_TEXT_MEMBERS = [
    "phone",
    "phone2",
    "industry",
    "city",
    "state",
    "country",
    "timeZoneId",
    "linkedInUrl",
    "linkedInSalesNavigatorUrl",
    "linkedInRecruiterUrl",
    "notes",
    "callStatus",
    "meetingStatus",
    "accountId",
    "ownerUserId",
    "isOptedOut",
]
MEMBERS = frozenset(
    ["email", "firstName", "lastName", "title", "company", "companySize", *_TEXT_MEMBERS]
)


class ProfileFault(Exception):
    """A value that fits the schema but not this account."""


def set_members(state: State, contact: Contact, given: Json, *, only_empty: bool = False) -> None:
    """Set the given members; `only_empty` keeps what is there already.

    Custom fields must have been read with `custom_values` before.
    """
    moves = "email" in given or "linkedInUrl" in given
    if moves:
        state.unindex(contact)
    for name, value in given.items():
        if name not in MEMBERS or (only_empty and contact.get(name) not in {None, "", False}):
            continue
        contact.set(name, _stored(name, value))
    if moves:
        state.index(contact)


def _stored(name: str, value: Any) -> Any:  # noqa: ANN401 - a member as JSON
    if not isinstance(value, str):
        return value
    if name == "companySize":  # written in PascalCase, read in camelCase
        return value[:1].lower() + value[1:]
    if name == "email":
        return value.strip()
    return sys.intern(value) if name in _SHARED else value


def set_custom_values(contact: Contact, values: dict[int, str | None], *, only_empty: bool) -> None:
    """Set custom fields by id; None clears one."""
    fields: dict[int, str] = dict(contact.get("customFields") or {})
    for field_id, value in values.items():
        if only_empty and fields.get(field_id):
            continue
        if value is None:
            fields.pop(field_id, None)
        else:
            fields[field_id] = value
    contact.set("customFields", fields or None)


def custom_values(state: State, entries: Iterable[Json], name: str) -> dict[int, str | None]:
    """Return values by field id; entries that name no field are ignored.

    ``name`` is the member that holds the field's title: `key` when a contact is
    created, `name` when it is changed.
    """
    titles = {field["title"].casefold(): field for field in state.custom_fields.values()}
    values: dict[int, str | None] = {}
    for entry in entries:
        if entry.get("id") is not None:
            field = state.custom_fields.get(entry["id"])
        elif entry.get(name) is not None:
            field = titles.get(entry[name].casefold())
        else:
            continue
        if field is None:
            raise ProfileFault(INVALID_DATA)
        value = entry.get("value")
        if value is not None and field["fieldType"] == "number" and not is_number(value):
            raise ProfileFault(WRONG_FIELD_FORMAT)
        values[field["id"]] = value
    return values


def is_number(text: str) -> bool:
    """Tell whether a value fits a field of numbers."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def require_owner(
    state: State, given: Json, text: str = "Owner is not a user of the team."
) -> None:
    """Refuse an owner who is not of the team."""
    owner = given.get("ownerUserId")
    if owner is not None and all(owner != user["userId"] for user in state.team_users):
        raise ProfileFault(text)


def require_identity(state: State, contact: Contact | None, given: Json) -> None:
    """Refuse a contact nobody could find, or one with another's address."""
    email = given.get("email", contact.email if contact else None)
    url = given.get("linkedInUrl", contact.get("linkedInUrl") if contact else None)
    if not email and not url:
        raise ProfileFault("A contact must have at least an email or a LinkedIn URL.")
    if email and "email" in given:
        known = state.by_email.get(email_key(email))
        if known is not None and known is not contact:
            raise ProfileFault("A contact with this email already exists.")


def find(state: State, given: Json) -> Contact | None:
    """Return the contact with the given e-mail, or else the LinkedIn address."""
    if given.get("email"):
        return state.by_email.get(email_key(given["email"]))
    url = given.get("linkedInUrl")
    return state.by_linkedin.get(linkedin_key(url)) if url else None
