"""Contact lists: the lists themselves and who is put on them.

A colleague's shared list can be used, but not renamed, shared or deleted. No
call takes a contact off a list, other than moving it to another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.operations.contacts import contact_of
from reply_async.emulator.operations.registry import Call, operation, page
from reply_async.emulator.problems import refusal

if TYPE_CHECKING:
    from reply_async.emulator.contact_lists import ContactList

Json = dict[str, Any]

MIN_NAME = 2


@operation
def list_contact_lists(call: Call) -> Json:
    """List own and shared lists by id; `search` is a part of the name."""
    part = (call.query["search"] or "").casefold()
    lists = call.state.lists.by_id.values()
    found = [entry for entry in lists if part in entry.name.casefold()]
    return page(call.query, found, _shown)


@operation
def create_contact_list(call: Call) -> Json:
    """Make an empty list; names differ in more than case and outer blanks."""
    name = call.body["name"]
    _require_free(call, name)
    if len(name.strip()) < MIN_NAME:
        detail = "Name must be at least 2 characters."
        raise refusal(400, "contactsList.nameTooShort", detail)
    call.ledger.note("contact_list_created")
    return _shown(
        call.state.lists.add(name, call.user_id, is_shared=call.body.get("isShared", False))
    )


@operation
def get_contact_list(call: Call) -> Json:
    """Return one list."""
    return _shown(_list(call))


@operation
def update_contact_list(call: Call) -> Json:
    """Rename a list."""
    entry, name = _own_list(call), call.body["name"]
    _require_free(call, name, entry)
    if not name.strip():
        raise refusal(400, "contactsList.nameIsEmpty", "Name must not be empty.")
    entry.name = name
    call.ledger.note("contact_list_updated")
    return _shown(entry)


@operation
def delete_contact_list(call: Call) -> None:
    """Delete a list; its contacts stay."""
    del call.state.lists.by_id[_own_list(call).id]
    call.ledger.note("contact_list_deleted")


@operation
def share_contact_list(call: Call) -> None:
    """Let the team see a list."""
    _set_shared(call, is_shared=True)


@operation
def unshare_contact_list(call: Call) -> None:
    """Hide a list from the team."""
    _set_shared(call, is_shared=False)


@operation
def add_contacts_to_list(call: Call) -> Json:
    """Put contacts on a list; those who are on it count as done."""
    return _put_on(call, _list(call))


@operation
def move_contacts_to_list(call: Call) -> Json:
    """Put contacts on a list and take them off every other one."""
    target = _list(call)
    failures = _put_on(call, target)
    for entry in call.state.lists.by_id.values():
        if entry is not target:
            gone = [entry.members.pop(contact_id, None) for contact_id in call.body["contactIds"]]
            call.ledger.note("unlisted", len(gone) - gone.count(None))
    return failures


@operation
def list_lists_of_contact(call: Call) -> list[Json]:
    """List the lists that a contact is on."""
    lists = call.state.lists.of(contact_of(call).id)
    return [{"id": entry.id, "name": entry.name} for entry in lists]


def _list(call: Call) -> ContactList:
    entry = call.state.lists.by_id.get(call.path["id"])
    if entry is None:
        detail = f"List with ID {call.path['id']} not found."
        raise refusal(404, "contactsList.notFound", detail)
    return entry


def _own_list(call: Call, code: str = "contactsList.forbidden") -> ContactList:
    entry = _list(call)
    if entry.owner_user_id != call.user_id:
        raise refusal(403, code, f"List with ID {entry.id} belongs to another user.")
    return entry


def _set_shared(call: Call, *, is_shared: bool) -> None:
    entry = _own_list(call, "contactsList.accessChangeRejected")
    if entry.is_shared is not is_shared:
        entry.is_shared = is_shared
        call.ledger.note("contact_list_shared" if is_shared else "contact_list_unshared")


def _put_on(call: Call, entry: ContactList) -> Json:
    failures: Json = {}
    failure = {"error": "contactNotProcessed", "errorDetails": "ContactNotProcessed"}
    before = len(entry.members)
    for contact_id in call.body["contactIds"]:
        contact = call.state.contacts.get(contact_id)
        if contact is None:
            failures[str(contact_id)] = failure
        else:
            entry.members[contact_id] = contact
    call.ledger.note("listed", len(entry.members) - before)
    return failures


def _require_free(call: Call, name: str, besides: ContactList | None = None) -> None:
    if call.state.lists.is_taken(name, besides):
        detail = f"List with name '{name}' already exists."
        raise refusal(409, "contactsList.duplicateName", detail)


def _shown(entry: ContactList) -> Json:
    return {"id": entry.id, "name": entry.name, "isShared": entry.is_shared}
