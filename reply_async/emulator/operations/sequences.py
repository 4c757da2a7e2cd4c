"""Sequences: list, count, create, read, change, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.clock import iso
from reply_async.emulator.operations.registry import Call, operation, page
from reply_async.emulator.operations.senders import linkedin_ref
from reply_async.emulator.problems import Fault, invalid, refusal
from reply_async.emulator.stats import moment_of
from reply_async.emulator.step_tree import add_step
from reply_async.emulator.step_variants import StepRefused

if TYPE_CHECKING:
    from reply_async.emulator.entities import Sequence, Step
    from reply_async.emulator.state import State

Json = dict[str, Any]

_SORT_KEYS = {
    "created": lambda sequence: (sequence.created, sequence.id),
    "name": lambda sequence: (sequence.name.casefold(), sequence.id),
    "status": lambda sequence: (sequence.status, sequence.id),
}


@operation
def list_sequences(call: Call) -> Json:
    """List sequences that fit the filters, newest first unless asked otherwise."""
    sort_by = call.query["sortBy"] or "created"
    direction = call.query["sortDirection"] or ("desc" if sort_by == "created" else "asc")
    found = sorted(_filtered(call), key=_SORT_KEYS[sort_by], reverse=direction == "desc")
    return page(call.query, found, list_row)


@operation
def count_sequences(call: Call) -> Json:
    """Count the sequences that fit the filters."""
    return {"count": len(_filtered(call))}


@operation
def create_sequence(call: Call) -> Json:
    """Make a sequence with its steps; nothing is kept if any part is refused."""
    body = call.body
    sequence = call.state.new_sequence(body["name"], call.now, call.user_id)
    _add_steps(call.state, sequence, body.get("steps", []))
    _apply(call.state, sequence, body)
    call.state.sequences[sequence.id] = sequence
    call.ledger.note("sequence_created", ids=[sequence.id])
    return shown(call, sequence)


@operation
def get_sequence(call: Call) -> Json:
    """Return one sequence in full."""
    return shown(call, _sequence(call, 404))


@operation
def update_sequence(call: Call) -> Json:
    """Change what is given; settings are merged key by key."""
    sequence = _sequence(call, 404)
    if sequence.is_archived:
        detail = f"Cannot update sequence with ID {sequence.id} because it is archived."
        raise refusal(409, "sequence.archived", detail)
    _apply(call.state, sequence, call.body)
    call.ledger.note("sequence_updated", ids=[sequence.id])
    return shown(call, sequence)


@operation
def delete_sequence(call: Call) -> None:
    """Delete a sequence in any state."""
    missing_status = 400 if call.dialects["delete_missing_sequence"] == "bad_request" else 404
    sequence = _sequence(call, missing_status)
    remove_sequence(call, sequence)


def remove_sequence(call: Call, sequence: Sequence) -> None:
    """Take a sequence out of the account; its contacts stay."""
    del call.state.sequences[sequence.id]
    call.ledger.note("sequence_deleted", ids=[sequence.id])


def list_row(sequence: Sequence) -> Json:
    """Return a sequence as lists show it."""
    return {
        "id": sequence.id,
        "name": sequence.name,
        "status": sequence.status,
        "isArchived": sequence.is_archived,
        "created": iso(sequence.created, 2),
        "ownerUserId": sequence.owner_user_id,
        "health": _health(sequence),
    }


def shown(call: Call, sequence: Sequence) -> Json:
    """Return a sequence in full."""
    state = call.state
    mailboxes = [state.email_accounts[key] for key in sequence.email_account_ids]
    issues = {}
    if call.dialects["sequence_issues"] == "present":
        is_blocked = not all(mailbox.can_send for mailbox in mailboxes)
        issues["issues"] = [{"type": "emailAccountSendingBlocked"}] if is_blocked else None
    profiles = [state.linkedin_accounts[key] for key in sequence.linkedin_account_ids]
    return {
        **list_row(sequence),
        "created": iso(sequence.created),
        "scheduleId": sequence.schedule_id,
        "emailAccounts": [{"id": entry.id, "email": entry.email} for entry in mailboxes],
        "linkedInAccounts": [linkedin_ref(entry) for entry in profiles],
        "settings": sequence.settings,
        "steps": [step.shown() for step in sequence.steps],
        **issues,
    }


def _sequence(call: Call, missing_status: int) -> Sequence:
    sequence = call.state.sequences.get(call.path["id"])
    if sequence is None:
        detail = f"Sequence with ID {call.path['id']} is not found."
        raise refusal(missing_status, "sequence.notFound", detail)
    return sequence


def _filtered(call: Call) -> list[Sequence]:
    query = call.query
    part = (query["name"] or "").casefold()
    after = moment_of(query["createdAfter"])
    folder_id = query["folderId"] and query["folderId"].lower()
    return [
        sequence
        for sequence in call.state.sequences.values()
        if query["status"] in {None, sequence.status}
        and query["ownerUserId"] in {None, sequence.owner_user_id}
        and folder_id in {None, sequence.folder_id}
        and query["isArchived"] in {None, sequence.is_archived}
        and part in sequence.name.casefold()
        and (after is None or sequence.created > after)
    ]


def _add_steps(state: State, sequence: Sequence, bodies: list[Json]) -> None:
    made: list[Step | None] = []
    faults = []
    for position, body in enumerate(bodies):
        try:
            made.append(add_step(state, sequence, body, made))
        except StepRefused as refused:
            if refused.slug == "forbidden":
                raise refusal(403, "sequence.forbidden", refused.detail) from None
            made.append(None)
            pointer = f"/steps/{position}/{refused.member}"
            faults.append(Fault(pointer, refused.detail))
    if faults:
        raise invalid(*faults)


def _apply(state: State, sequence: Sequence, body: Json) -> None:
    """Set the members that are given, after all of them were found right."""
    mailboxes = list(dict.fromkeys(body.get("emailAccounts", sequence.email_account_ids)))
    profiles = list(dict.fromkeys(body.get("linkedInAccounts", sequence.linkedin_account_ids)))
    schedule_id = body.get("scheduleId", sequence.schedule_id)
    if not state.email_accounts.keys() >= set(mailboxes):
        detail = "Some of the email accounts are not found."
        raise refusal(404, "sequence.emailAccountNotFound", detail)
    if not state.linkedin_accounts.keys() >= set(profiles):
        detail = "Some of the LinkedIn accounts are not found."
        raise refusal(404, "sequence.linkedInAccountNotFound", detail)
    if schedule_id not in state.schedules:
        raise refusal(404, "sequence.scheduleNotFound", f"Schedule {schedule_id} is not found.")
    sequence.email_account_ids, sequence.linkedin_account_ids = mailboxes, profiles
    sequence.schedule_id = schedule_id
    sequence.name = body.get("name", sequence.name)
    sequence.settings = {**sequence.settings, **body.get("settings", {})}


def _health(sequence: Sequence) -> str:
    """Judge a sequence: what never ran or lacks a sender cannot proceed."""
    if sequence.status == "new" or not sequence.steps or not sequence.email_account_ids:
        return "blocked"
    needs_profile = any(step.type == "linkedIn" for step in sequence.steps)
    if needs_profile and not sequence.linkedin_account_ids:
        return "degraded"
    if not sequence.members or sequence.status == "paused":
        return "stalled"
    return "healthy"
