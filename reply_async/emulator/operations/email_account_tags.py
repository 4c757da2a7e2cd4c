"""The tags of mailboxes. A tag is known by its name, whatever the case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.problems import Fault, invalid, refusal
from reply_async.emulator.sender_accounts import Tag

if TYPE_CHECKING:
    from reply_async.emulator.sender_accounts import EmailAccount
    from reply_async.emulator.state import State

Json = dict[str, Any]


@operation
def list_email_account_tags(call: Call) -> list[Json]:
    """List all tags, also those no mailbox has."""
    return [_shown(tag) for tag in call.state.sender_accounts.tags.values()]


@operation
def update_email_account_tag(call: Call) -> Json:
    """Rename or recolour a tag, for every mailbox that has it.

    The contract has neither a 404 nor a 409 here, so a missing tag and a taken
    name are faults of the request.
    """
    accounts = call.state.sender_accounts
    tag = accounts.tags.get(call.path["tagId"])
    if tag is None:
        raise invalid(Fault("/tagId", f"Tag with ID {call.path['tagId']} is not found."))
    name = call.body.get("name", tag.name).strip()
    _require_name(name, "/name")
    if accounts.tag_named(name) not in {None, tag}:
        raise invalid(Fault("/name", f"Tag with name '{name}' already exists."))
    tag.name = name
    tag.color_id = call.body.get("colorId", tag.color_id)
    call.ledger.note("email_account_tag_updated")
    return _shown(tag)


@operation
def add_email_account_tags(call: Call) -> None:
    """Mark a mailbox with tags; unknown ones are made."""
    require_tags(call.body["tags"])
    account = require_mailbox(call)
    ids = tag_ids(call, call.body["tags"])
    account.tag_ids = list(dict.fromkeys([*account.tag_ids, *ids]))
    call.ledger.note("email_account_tagged")


@operation
def remove_email_account_tags(call: Call) -> None:
    """Take tags off a mailbox; one it does not have is passed over."""
    account = require_mailbox(call)
    if not call.body["tags"]:
        detail = "At least one tag must be provided."
        raise refusal(400, "emailAccount.invalidInput", detail)
    named = [call.state.sender_accounts.tag_named(name.strip()) for name in call.body["tags"]]
    gone = {tag.id for tag in named if tag is not None}
    account.tag_ids = [key for key in account.tag_ids if key not in gone]
    call.ledger.note("email_account_untagged")


def require_mailbox(call: Call) -> EmailAccount:
    """Return the mailbox of the path, or refuse."""
    account = call.state.email_accounts.get(call.path["id"])
    if account is None:
        detail = f"Email account with ID {call.path['id']} is not found."
        raise refusal(404, "emailAccount.notFound", detail)
    return account


def require_tags(names: list[str]) -> None:
    """Refuse names that nobody could read."""
    for position, name in enumerate(names):
        _require_name(name, f"/tags/{position}")


def tag_ids(call: Call, names: list[str]) -> list[int]:
    """Return the ids of tags by name; unknown ones are made."""
    accounts = call.state.sender_accounts
    ids = []
    for name in names:
        tag = accounts.tag_named(name.strip())
        if tag is None:
            tag = Tag(next(accounts.tag_ids), name.strip())
            accounts.tags[tag.id] = tag
            call.ledger.note("email_account_tag_created")
        ids.append(tag.id)
    return list(dict.fromkeys(ids))


def tag_names(state: State, account: EmailAccount) -> list[str]:
    """Return the names of a mailbox's tags."""
    return [state.sender_accounts.tags[key].name for key in account.tag_ids]


def _require_name(name: str, pointer: str) -> None:
    if not name.strip():
        raise invalid(Fault(pointer, "'name' must not be empty."))


def _shown(tag: Tag) -> Json:
    return {"id": tag.id, "name": tag.name, "colorId": tag.color_id}
