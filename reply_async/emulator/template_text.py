"""Filling in the variables of a template: `{{firstName}}`, `{{Plan | "basic"}}`.

Names are compared without case. A default stands in for an empty value, not for
a name nobody knows: custom fields must exist before a text refers to them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reply_async.emulator.entities import Contact
    from reply_async.emulator.sender_accounts import EmailAccount
    from reply_async.emulator.state import State

CONTACT_VARIABLES = {
    "firstName": "First name",
    "lastName": "Last name",
    "fullName": "First and last name",
    "email": "Email address",
    "domain": "Domain of the email address",
    "title": "Job title",
    "phone": "Phone number",
    "linkedInUrl": "LinkedIn profile",
    "city": "City",
    "state": "State",
    "country": "Country",
}
COMPANY_VARIABLES = {
    "company": "Company name",
    "companySize": "Company size",
    "industry": "Industry",
}
SENDER_VARIABLES = {
    "senderName": "Name of the sender",
    "senderEmail": "Email address of the sender",
}
_VARIABLE = re.compile(r'\{\{\s*([^{}|]*[^{}|\s])\s*(?:\|\s*"([^"{}]*)"\s*)?\}\}')


class RenderFailed(Exception):
    """A text with braces that make no variable."""


@frozen
class Rendered:
    """Filled texts, and the variables that could not be filled in."""

    texts: tuple[str | None, ...]
    unresolved: tuple[str, ...]


def render(texts: Iterable[str | None], values: dict[str, str]) -> Rendered:
    """Fill the variables of texts; ``values`` has an entry for every known name."""
    known = {name.casefold(): value for name, value in values.items()}
    unresolved: dict[str, None] = {}

    def fill(match: re.Match[str]) -> str:
        name, default = match.groups()
        value = known.get(name.casefold())
        if not value:
            value = default if value is not None else None
        if value is None:
            unresolved[name] = None
        return value or ""

    filled: list[str | None] = []
    for text in texts:
        rest = _VARIABLE.sub("", text or "")
        if "{{" in rest or "}}" in rest:
            raise RenderFailed("The template has an incomplete variable.")
        filled.append(None if text is None else _VARIABLE.sub(fill, text))
    return Rendered(tuple(filled), tuple(unresolved))


def values_for(state: State, contact: Contact, sender: EmailAccount | None) -> dict[str, str]:
    """Return the value of every variable for a contact; empty if it has none."""
    names = (contact.first_name, contact.last_name)
    values = {
        name: str(contact.get(name) or "") for name in (*CONTACT_VARIABLES, *COMPANY_VARIABLES)
    }
    values["fullName"] = " ".join(name for name in names if name)
    values["domain"] = (contact.email or "").rpartition("@")[2]
    values["senderName"] = (sender.sender_name or "") if sender else ""
    values["senderEmail"] = sender.email if sender else ""
    given = contact.get("customFields") or {}
    custom = {field["title"]: given.get(key) or "" for key, field in state.custom_fields.items()}
    return {**custom, **values}
