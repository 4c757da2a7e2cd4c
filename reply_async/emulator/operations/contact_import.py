"""Import of contacts: up to 1,000 rows, one result per row, in order.

A row is matched by e-mail, then by the keys that the options add: LinkedIn
address and phone each alone, names, company and custom fields all together. A
match fills empty members only, unless `overwriteExisting` or `skipExisting` say
otherwise. The same e-mail twice in one call: the later row updates the first.

In the dialect `import_mode=async_202` a call of more than 200 rows becomes a background
job, whose result tells counts and no rows.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from attrs import define, evolve

from reply_async.emulator.background_jobs import CATEGORY, Job
from reply_async.emulator.ledger import ENROLLED
from reply_async.emulator.operations.membership import Enrolment, enrol
from reply_async.emulator.operations.registry import Answer, Call, operation
from reply_async.emulator.problems import Fault, Problem, invalid
from reply_async.emulator.profiles import (
    INVALID_DATA,
    MEMBERS,
    ProfileFault,
    custom_values,
    require_owner,
    set_custom_values,
    set_members,
)
from reply_async.emulator.state import email_key, linkedin_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from reply_async.emulator.contact_lists import ContactList
    from reply_async.emulator.entities import Contact, Sequence
    from reply_async.emulator.state import State

Json = dict[str, Any]

_PLAIN = frozenset(["email", "firstName", "lastName", "title", "company"])
ROWS_AT_ONCE = 200
JOB_SECONDS = 5.0
_IS_EMAIL = jsonschema_rs.Draft202012Validator({"format": "email"}, validate_formats=True).is_valid
_TOGETHER = ("firstName", "lastName", "company")


@define
class _Run:
    """What one import call needs at every row."""

    call: Call
    options: Json
    match: Callable[[Json, str | None], Contact | None]
    lists: list[ContactList]
    imported: list[Contact]
    checks_addresses: bool


@operation
def import_contacts(call: Call) -> Json | Answer:
    """Create and update contacts, and enrol them if a sequence is named."""
    options: Json = call.body.get("options") or {}
    target, lists = _target(call, options), _lists(call, options)
    is_long = len(call.body["items"]) > ROWS_AT_ONCE
    if is_long and call.dialects["import_mode"] == "async_202":
        return _accepted(call)
    return _import(call, options, target, lists)


def _accepted(call: Call) -> Answer:
    """Leave the import to a background job."""
    data = {"rows": len(call.body["items"])}
    job = Job(call.state.next_uuid(), f"{CATEGORY}contact-import", call.now, JOB_SECONDS, data, {})
    job.work = partial(_counts_of, call)
    call.state.jobs = {job.id: job, **call.state.jobs}  # the newest first
    return Answer(202, {"jobId": job.id}, {"Location": f"/v3/background-jobs/{job.id}"})


def _counts_of(call: Call, now: float) -> Json:
    """Import for a job, which does not tell the rows; the target may be gone by then."""
    options: Json = call.body.get("options") or {}
    then = evolve(call, now=now)
    try:
        answer = _import(then, options, _target(then, options), _lists(then, options))
    except Problem as problem:
        return problem.body
    return {name: value for name, value in answer.items() if name != "items"}


def _import(call: Call, options: Json, sequence: Sequence | None, lists: list[ContactList]) -> Json:
    """Import now and return the rows and the counts."""
    match = _matcher(call.state, options.get("keys") or {})
    checks_addresses = call.dialects["import_bad_email"] == "row_failed"
    run = _Run(call, options, match, lists, [], checks_addresses)
    listed = sum(len(entry.members) for entry in lists)
    rows = [_import_row(run, row) for row in call.body["items"]]
    call.ledger.note("listed", sum(len(entry.members) for entry in lists) - listed)
    counts = dict.fromkeys(("created", "updated", "skipped", "failed", "restored"), 0)
    for row in rows:
        counts[row["status"]] += 1
    for status in ("created", "updated", "restored"):
        ids = [row["id"] for row in rows if row["status"] == status]
        call.ledger.note(f"contact_{status}", 0, ids=ids)
    call.state.contacts_version += 1
    if sequence is not None:
        unique = list(dict.fromkeys(run.imported))
        added, _ = enrol(Enrolment(call, sequence), unique)
        call.ledger.note_contacts(ENROLLED, sequence.id, added)
    return {
        "items": rows,
        "added": counts["created"],
        "updated": counts["updated"],
        "skipped": counts["skipped"],
        "failed": counts["failed"],
    }


def _target(call: Call, options: Json) -> Sequence | None:
    """Return the sequence to enrol into; no code is documented for a bad one."""
    sequence_id = options.get("sequenceId")
    if sequence_id is None:
        return None
    sequence = call.state.sequences.get(sequence_id)
    if sequence is None or sequence.is_archived or not sequence.steps:
        detail = f"Sequence with ID {sequence_id} cannot take contacts."
        raise invalid(Fault("/options/sequenceId", detail))
    return sequence


def _lists(call: Call, options: Json) -> list[ContactList]:
    """Return the lists to put people on; an unknown one refuses the whole call."""
    known = call.state.lists.by_id
    ids = options.get("listIds") or []
    faults = [
        Fault(f"/options/listIds/{position}", f"List with ID {list_id} not found.")
        for position, list_id in enumerate(ids)
        if list_id not in known
    ]
    if faults:
        raise invalid(*faults)
    return [known[list_id] for list_id in dict.fromkeys(ids)]


def _import_row(run: _Run, row: Json) -> Json:
    email = row.get("email")
    is_bad = email and run.checks_addresses and not _IS_EMAIL(email)
    if is_bad or not row.get("firstName"):
        return _failed(INVALID_DATA)
    if not email and run.options.get("skipWithoutEmails"):
        return _skipped(None, None)
    if not email and not row.get("linkedInUrl"):
        return _failed(INVALID_DATA)
    state = run.call.state
    key = email_key(email) if email else None
    contact = run.match(row, key)
    deleted = state.deleted.get(key) if contact is None and key and state.deleted else None
    if deleted is not None and not run.options.get("restoreDeleted"):
        return _skipped(None, "contactDeleted")
    if contact is not None and run.options.get("skipExisting"):
        return _skipped(contact.id, None)
    return _store(run, row, key, contact, deleted)


def _store(
    run: _Run, row: Json, key: str | None, contact: Contact | None, deleted: Contact | None
) -> Json:
    """Create, update or restore the contact of a row that is fit for it."""
    state = run.call.state
    try:
        values = _read_extras(state, row)
    except ProfileFault as fault:
        return _failed(str(fault))
    if contact is not None:
        status = "updated"
        _update(run, contact, row)
    elif deleted is not None:
        status, contact = "restored", deleted
        state.restore_contact(contact)
        _update(run, contact, row)
    else:
        status, contact = "created", _create(run, row, key)
    if values:
        only_empty = status != "created" and not run.options.get("overwriteExisting")
        set_custom_values(contact, values, only_empty=only_empty)
    for entry in run.lists:
        entry.members[contact.id] = contact
    run.imported.append(contact)
    return {"id": contact.id, "status": status, "error": None}


def _read_extras(state: State, row: Json) -> dict[int, str | None]:
    if "ownerUserId" in row:
        require_owner(state, row, INVALID_DATA)
    return custom_values(state, row["customFields"], "name") if row.get("customFields") else {}


def _create(run: _Run, row: Json, key: str | None) -> Contact:
    """Make a contact, the five usual members without a detour."""
    state = run.call.state
    contact = state.new_contact(run.call.now, run.call.user_id)
    contact.email = row.get("email")
    contact.first_name = sys.intern(row["firstName"])
    for name, slot in (("lastName", "last_name"), ("title", "title"), ("company", "company")):
        value = row.get(name)
        if value is not None:
            setattr(contact, slot, sys.intern(value))
    if row.keys() <= _PLAIN:
        if key is not None:
            state.by_email[key] = contact
        return contact
    rest = {name: row[name] for name in row.keys() & MEMBERS if name not in _PLAIN}
    set_members(state, contact, rest)
    state.index(contact)
    return contact


def _update(run: _Run, contact: Contact, row: Json) -> None:
    only_empty = not run.options.get("overwriteExisting")
    set_members(run.call.state, contact, row, only_empty=only_empty)
    contact.modified_at = run.call.now


def _matcher(state: State, keys: Json) -> Callable[[Json, str | None], Contact | None]:
    """Return the function that finds the contact of a row."""
    together = [name for name in _TOGETHER if keys.get(name)]
    field_ids = keys.get("customFieldIds") or []
    by_phone = _phone_index(state) if keys.get("phone") else {}
    by_names = _names_index(state, together, field_ids) if together or field_ids else {}

    def match(row: Json, key: str | None) -> Contact | None:
        found = state.by_email.get(key) if key else None
        if found is not None or not keys:
            return found
        if row.get("linkedInUrl") and keys.get("linkedInUrl"):
            found = state.by_linkedin.get(linkedin_key(row["linkedInUrl"]))
        if found is None and row.get("phone"):
            found = by_phone.get(row["phone"])
        if found is None and by_names:
            found = by_names.get(_names_of_row(row, together, field_ids, state))
        return found

    return match


def _phone_index(state: State) -> dict[str, Contact]:
    contacts = state.contacts.values()
    return {contact.get("phone"): contact for contact in contacts if contact.get("phone")}


def _names_index(
    state: State, names: list[str], field_ids: list[int]
) -> dict[tuple[str | None, ...], Contact]:
    index: dict[tuple[str | None, ...], Contact] = {}
    for contact in state.contacts.values():
        fields = contact.get("customFields") or {}
        key = (*(contact.get(name) for name in names), *(fields.get(key) for key in field_ids))
        if all(key):
            index.setdefault(key, contact)
    return index


def _names_of_row(
    row: Json, names: list[str], field_ids: list[int], state: State
) -> tuple[str | None, ...]:
    try:
        fields = custom_values(state, row.get("customFields", ()), "name")
    except ProfileFault:
        fields = {}
    return (*(row.get(name) for name in names), *(fields.get(key) for key in field_ids))


def _failed(error: str) -> Json:
    return {"id": None, "status": "failed", "error": error}


def _skipped(contact_id: int | None, reason: str | None) -> Json:
    row: Json = {"id": contact_id, "status": "skipped", "error": None}
    return row if reason is None else {**row, "skipReason": reason}
