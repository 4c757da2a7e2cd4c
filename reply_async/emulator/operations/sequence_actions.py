"""Start, pause, archive, unarchive and hand over, one by one and in bulk; bulk delete.

What is allowed in which state stands in the contract's state machine. The bulk
forms answer 200 and name refused ids. A refusal for the present status has no
documented slug: it is `status`, the variant of the single call's code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.contract import load_contract
from reply_async.emulator.ledger import REMOVED
from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.operations.sequences import remove_sequence, shown
from reply_async.emulator.problems import Problem, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from reply_async.emulator.entities import Sequence

Json = dict[str, Any]

MAX_OWNED = 1_000  # a user's limit; the real one depends on the plan and is not documented

# What dialects other than the default have in the place of a rule of the state machine.
_OTHER_RULES: dict[tuple[str, str], Json] = {
    ("pause_of_new", "ok_200"): {"status": 200},
    ("pause_of_paused", "conflict"): {"status": 409, "code": "sequenceAction.status"},
    ("archive_of_active", "ok_200"): {"to": "archived", "status": 200},
}

_PAST = {"start": "started", "pause": "paused", "archive": "archived", "unarchive": "unarchived"}


@operation
def start_sequence(call: Call) -> Json:
    """Start a new sequence or resume a paused one."""
    needs_contacts = call.dialects["start_without_contacts"] == "refuse"
    return _single(call, "start", needs_contacts=needs_contacts)


@operation
def pause_sequence(call: Call) -> Json:
    """Stop sending."""
    return _single(call, "pause")


@operation
def archive_sequence(call: Call) -> Json:
    """Set the archived flag and take every contact out."""
    return _single(call, "archive")


@operation
def unarchive_sequence(call: Call) -> Json:
    """Clear the archived flag; the contacts stay out."""
    return _single(call, "unarchive")


@operation
def bulk_start_sequences(call: Call) -> Json:
    """Start many sequences."""
    return _bulk(call, lambda sequence: _act(call, sequence, "start"))


@operation
def bulk_pause_sequences(call: Call) -> Json:
    """Pause many sequences; only active ones can be, the others are refused."""

    def pause(sequence: Sequence) -> None:
        if sequence.status != "active" and not sequence.is_archived:
            raise _not_now(sequence, "pause")
        _act(call, sequence, "pause")

    return _bulk(call, pause)


@operation
def bulk_archive_sequences(call: Call) -> Json:
    """Archive many sequences."""
    return _bulk(call, lambda sequence: _act(call, sequence, "archive"))


@operation
def bulk_unarchive_sequences(call: Call) -> Json:
    """Unarchive many sequences; a missing one counts as not archived."""
    return _bulk(
        call, lambda sequence: _act(call, sequence, "unarchive"), missing_slug="notArchived"
    )


@operation
def bulk_delete_sequences(call: Call) -> Json:
    """Delete many sequences."""
    return _bulk(call, lambda sequence: remove_sequence(call, sequence))


@operation
def set_sequence_owner(call: Call) -> Json:
    """Hand a sequence over to a user of the team, in whatever state it is."""
    sequence = _sequence(call)
    _require_team_member(call)
    _hand_over(call, sequence)
    return shown(call, sequence)


@operation
def bulk_set_sequence_owner(call: Call) -> Json:
    """Hand many sequences over."""
    _require_team_member(call)
    return _bulk(call, lambda sequence: _hand_over(call, sequence))


def _single(call: Call, action: str, *, needs_contacts: bool = True) -> Json:
    sequence = _sequence(call)
    _act(call, sequence, action, needs_contacts=needs_contacts)
    return shown(call, sequence)


def _sequence(call: Call) -> Sequence:
    sequence = call.state.sequences.get(call.path["id"])
    if sequence is None:
        detail = f"Sequence with ID {call.path['id']} not found."
        raise refusal(404, "sequenceAction.notFound", detail)
    return sequence


def _bulk(call: Call, act: Callable[[Sequence], None], missing_slug: str = "notFound") -> Json:
    failures: Json = {}
    for sequence_id in dict.fromkeys(call.body["ids"]):
        sequence = call.state.sequences.get(sequence_id)
        if sequence is None:
            detail = f"Sequence {sequence_id} not found."
            failures[str(sequence_id)] = {"error": missing_slug, "errorDetails": detail}
            continue
        try:
            act(sequence)
        except Problem as problem:
            slug = problem.body["code"].rsplit(".", 1)[-1]
            detail = problem.body["detail"]
            failures[str(sequence_id)] = {"error": slug, "errorDetails": detail}
    return failures


def _act(call: Call, sequence: Sequence, action: str, *, needs_contacts: bool = True) -> None:
    """Follow the contract's state machine from the present state."""
    rules = load_contract().document["x-state-machine"]["actions"][action]
    rule: Json = rules["archived" if sequence.is_archived else sequence.status]
    entry = rule.get("dialect")
    if entry is not None:
        rule = _OTHER_RULES.get((entry, call.dialects[entry]), rule)
    if rule["status"] != 200:  # noqa: PLR2004 - the table speaks in HTTP statuses
        raise _refused(sequence, action, rule["status"], rule["code"])
    for need in rule.get("needs", ()):
        ((what, code),) = need.items()
        if what == "contacts" and not needs_contacts:
            continue
        if not (sequence.members if what == "contacts" else sequence.email_account_ids):
            raise _refused(sequence, action, 400, code)
    target = rule.get("to")
    if target is None:
        return
    if target == "archived":
        _take_everyone_out(call, sequence)
        sequence.is_archived = True
    elif target == "former status":
        sequence.is_archived = False
    else:
        sequence.status = target
    call.ledger.note(f"sequence_{_PAST[action]}", ids=[sequence.id])


def _take_everyone_out(call: Call, sequence: Sequence) -> None:
    call.ledger.note_contacts(REMOVED, sequence.id, sequence.members)
    for member in sequence.members.values():
        member.is_gone = True
    sequence.members = {}
    sequence.fresh.clear()
    sequence.waiting.clear()
    sequence.version += 1


def _require_team_member(call: Call) -> None:
    user_id = call.body["userId"]
    if all(user_id != user["userId"] for user in call.state.team_users):
        detail = "Team member is not found."
        raise refusal(400, "sequenceAction.teamMemberNotFound", detail)


def _hand_over(call: Call, sequence: Sequence) -> None:
    user_id = call.body["userId"]
    if sequence.owner_user_id == user_id:
        return
    owned = sum(entry.owner_user_id == user_id for entry in call.state.sequences.values())
    if owned >= MAX_OWNED:
        detail = "Target user has reached their sequence ownership limit."
        raise refusal(400, "sequenceAction.ownerLimitExceeded", detail)
    sequence.owner_user_id = user_id
    call.ledger.note("sequence_owner_set", ids=[sequence.id])


def _not_now(sequence: Sequence, action: str) -> Problem:
    return _refused(sequence, action, 409, "sequenceAction.status")


def _refused(sequence: Sequence, action: str, status: int, code: str) -> Problem:
    done = _PAST[action]
    detail = {
        "archived": f"Sequence is archived and cannot be {done}.",
        "status": f"Sequence cannot be {done}, current status is {sequence.status.capitalize()}",
        "notArchived": "Sequence is not archived.",
        "noContacts": "Sequence has no contacts.",
        "noEmailAccounts": "Sequence has no email accounts.",
    }[code.rsplit(".", 1)[-1]]
    return refusal(status, code, detail)
