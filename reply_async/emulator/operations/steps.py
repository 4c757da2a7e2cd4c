"""The steps of a sequence: list, read, add, replace, delete.

An archived sequence has all its steps locked. Item errors of bulk calls that
have no slug in the contract carry the last word of the single call's code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.conditions import CONTACT_MEMBERS
from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.problems import Fault, Problem, invalid, refusal
from reply_async.emulator.step_changes import LOCKED, remove_step, replace_step, steps_to_remove
from reply_async.emulator.step_tree import PARENT_REQUIRED, add_step
from reply_async.emulator.step_variants import NO_SUBJECT, StepRefused

if TYPE_CHECKING:
    from reply_async.emulator.entities import Sequence, Step

Json = dict[str, Any]

_STATUS = {"forbidden": 403, "invalidInput": 400, "invalidStep": 400}  # a lock is a 409


@operation
def list_sequence_steps(call: Call) -> list[Json]:
    """List the steps in the order they were made."""
    return [step.shown() for step in sequence_of(call).steps]


@operation
def get_sequence_step(call: Call) -> Json:
    """Return one step."""
    return step_of(call, sequence_of(call)).shown()


@operation
def create_sequence_step(call: Call) -> Json:
    """Add one step at the end, or on a branch of a condition."""
    sequence = unlocked_sequence_of(call)
    try:
        step = add_step(call.state, sequence, call.body, [])
    except StepRefused as refused:
        raise problem_of(refused) from None
    call.ledger.note("step_created", ids=[step.id])
    return step.shown()


@operation
def bulk_create_sequence_steps(call: Call) -> list[Json]:
    """Add several steps, each after the one before; tell of every one."""
    sequence = unlocked_sequence_of(call)
    made: list[Step | None] = []
    rows: list[Json] = []
    for body in call.body:
        try:
            step = add_step(call.state, sequence, body, made)
        except StepRefused as refused:
            made.append(None)
            rows.append({"id": None, "error": refused.slug, "errorDetails": refused.detail})
        else:
            made.append(step)
            rows.append({"id": step.id, "error": None, "errorDetails": None})
    call.ledger.note("step_created", 0, ids=[step.id for step in made if step])
    return rows


@operation
def update_sequence_step(call: Call) -> Json:
    """Replace a step that nobody has passed yet."""
    sequence = sequence_of(call)
    step = step_of(call, sequence)
    require_unlocked(sequence)
    try:
        replace_step(call.state, sequence, step, call.body)
    except StepRefused as refused:
        raise problem_of(refused) from None
    call.ledger.note("step_updated", ids=[step.id])
    return step.shown()


@operation
def delete_sequence_step(call: Call) -> None:
    """Delete a step, and what hangs below it as far as the mode says."""
    sequence = sequence_of(call)
    step = step_of(call, sequence)
    require_unlocked(sequence)
    try:
        _delete(call, sequence, step, call.query["mode"])
    except StepRefused as refused:
        raise problem_of(refused) from None


@operation
def bulk_delete_sequence_steps(call: Call) -> Json:
    """Delete steps from the last upwards, so that a condition can go with its branches."""
    sequence = unlocked_sequence_of(call)
    steps = {step_id: sequence.step_by_id(step_id) for step_id in call.body["ids"]}
    failures: Json = {
        str(step_id): _failure("notFound", f"Step {step_id} not found on sequence {sequence.id}.")
        for step_id, step in steps.items()
        if step is None
    }
    found = [step for step in steps.values() if step is not None]
    for step in sorted(found, key=lambda entry: -entry.number):
        try:
            _delete(call, sequence, step, "nodeOnly")
        except StepRefused as refused:
            slug = refused.slug
            if slug == "stepLockedSubjectSourceWithChildren":  # bulk knows it by the short name
                slug = "stepLockedHasChildren"
            failures[str(step.id)] = _failure(slug, refused.detail)
    return failures


@operation
def list_contact_filter_properties(_call: Call) -> Json:
    """List what conditions can ask: exactly what the emulator's own can judge."""
    texts = {"operators": ["contains", "equals", "isNot", "isSet", "isNotSet"], "values": None}
    stage = {"operators": ["is", "isNot"], "values": ["Contacted", "Interested"]}
    return {"stage": stage, **dict.fromkeys(CONTACT_MEMBERS, texts)}


def sequence_of(call: Call) -> Sequence:
    """Return the sequence of the path."""
    sequence = call.state.sequences.get(call.path["id"])
    if sequence is None:
        detail = f"Sequence with ID {call.path['id']} is not found."
        raise refusal(404, "sequenceStep.notFound", detail)
    return sequence


def unlocked_sequence_of(call: Call) -> Sequence:
    """Return the sequence of the path, which must not be archived."""
    sequence = sequence_of(call)
    require_unlocked(sequence)
    return sequence


def step_of(call: Call, sequence: Sequence) -> Step:
    """Return the step of the path."""
    step = sequence.step_by_id(call.path["step_id"])
    if step is None:
        detail = f"Step {call.path['step_id']} not found on sequence {sequence.id}."
        raise refusal(404, "sequenceStep.notFound", detail)
    return step


def require_unlocked(sequence: Sequence) -> None:
    """Refuse to change the steps of an archived sequence."""
    if sequence.is_archived:
        raise refusal(409, "sequenceStep.stepLocked", LOCKED)


def problem_of(refused: StepRefused) -> Problem:
    """Return the answer of a single call to what a bulk call tells of its item."""
    if refused.detail == PARENT_REQUIRED:
        return invalid(Fault("/parentId", PARENT_REQUIRED))
    if refused.detail == NO_SUBJECT:
        return refusal(400, "sequenceStep.missingEmailSubject", "Email step is missing a subject.")
    return refusal(_STATUS.get(refused.slug, 409), f"sequenceStep.{refused.slug}", refused.detail)


def _delete(call: Call, sequence: Sequence, step: Step, mode: str) -> None:
    steps = steps_to_remove(sequence, step, mode)
    for going in steps:
        remove_step(sequence, going, call.now)
    call.ledger.note("step_deleted", 0, ids=[entry.id for entry in steps])


def _failure(slug: str, detail: str) -> Json:
    return {"error": slug, "errorDetails": detail}
