"""Custom fields of contacts; their values are kept by the field's id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.problems import refusal
from reply_async.emulator.profiles import is_number, set_custom_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reply_async.emulator.entities import Contact

Json = dict[str, Any]


@operation
def list_custom_fields(call: Call) -> list[Json]:
    """List the custom fields of contacts."""
    return list(call.state.custom_fields.values())


@operation
def create_custom_field(call: Call) -> Json:
    """Define one more custom field; titles differ in more than case."""
    body = call.body
    _require_free(call, body["title"])
    call.ledger.note("custom_field_created")
    entry = call.state.add_custom_field(
        body["title"], body["fieldType"], org_wide=body.get("orgWide", False)
    )
    entry["metadata"] = body.get("metadata")
    return entry


@operation
def get_custom_field(call: Call) -> Json:
    """Return one custom field."""
    return _field(call)


@operation
def update_custom_field(call: Call) -> Json:
    """Replace what a field says; contacts keep their values.

    A field whose values are no numbers cannot become one of numbers.
    """
    entry, body = _field(call), call.body
    _require_free(call, body["title"], entry)
    values = (contact.get("customFields")[entry["id"]] for contact in _holders(call, entry))
    if body["fieldType"] == "number" and not all(map(is_number, values)):
        detail = "Some values of the custom field are not numbers."
        raise refusal(400, "customField.invalidInput", detail)
    entry["title"], entry["fieldType"] = body["title"], body["fieldType"]
    entry["metadata"] = body.get("metadata")
    call.ledger.note("custom_field_updated")
    return entry


@operation
def delete_custom_field(call: Call) -> None:
    """Delete a field that no contact of the account has a value in.

    What deleted contacts held goes with it, so that none can be restored with
    a value of a field that is gone.
    """
    entry = _field(call)
    if next(_holders(call, entry), None) is not None:
        detail = f"Custom field '{entry['title']}' has values and cannot be deleted."
        raise refusal(409, "customField.hasValues", detail)
    for contact in call.state.deleted.values():
        set_custom_values(contact, {entry["id"]: None}, only_empty=False)
    del call.state.custom_fields[entry["id"]]
    call.ledger.note("custom_field_deleted")


def _field(call: Call) -> Json:
    entry = call.state.custom_fields.get(call.path["id"])
    if entry is None:
        detail = f"Custom field with ID {call.path['id']} not found."
        raise refusal(404, "customField.notFound", detail)
    return entry


def _holders(call: Call, entry: Json) -> Iterator[Contact]:
    """Go through the contacts that have a value in a field."""
    for contact in call.state.contacts.values():
        if entry["id"] in (contact.get("customFields") or ()):
            yield contact


def _require_free(call: Call, title: str, besides: Json | None = None) -> None:
    key = title.casefold()
    others = (entry for entry in call.state.custom_fields.values() if entry is not besides)
    if any(key == entry["title"].casefold() for entry in others):
        detail = f"Custom field with title '{title}' already exists."
        raise refusal(409, "customField.duplicateName", detail)
