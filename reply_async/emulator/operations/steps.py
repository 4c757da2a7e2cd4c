"""The steps of a sequence: list, read, add one, add many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.problems import Fault, Problem, invalid, refusal
from reply_async.emulator.step_tree import NO_SUBJECT, PARENT_REQUIRED, StepRefused, add_step

if TYPE_CHECKING:
    from reply_async.emulator.entities import Sequence, Step

Json = dict[str, Any]


@operation
def list_sequence_steps(call: Call) -> list[Json]:
    """List the steps in the order they were made."""
    return [step.shown() for step in _sequence(call).steps]


@operation
def get_sequence_step(call: Call) -> Json:
    """Return one step."""
    sequence = _sequence(call)
    step = sequence.step_by_id(call.path["step_id"])
    if step is None:
        detail = f"Step with ID {call.path['step_id']} is not found."
        raise refusal(404, "sequenceStep.notFound", detail)
    return step.shown()


@operation
def create_sequence_step(call: Call) -> Json:
    """Add one step at the end, or on a branch of a condition."""
    sequence = _sequence(call)
    try:
        step = add_step(call.state, sequence, call.body, [])
    except StepRefused as refused:
        raise _problem(refused) from None
    call.ledger.note("step_created")
    return step.shown()


@operation
def bulk_create_sequence_steps(call: Call) -> list[Json]:
    """Add several steps, each after the one before; tell of every one."""
    sequence = _sequence(call)
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
    call.ledger.note("step_created", sum(step is not None for step in made))
    return rows


def _sequence(call: Call) -> Sequence:
    sequence = call.state.sequences.get(call.path["id"])
    if sequence is None:
        detail = f"Sequence with ID {call.path['id']} is not found."
        raise refusal(404, "sequenceStep.notFound", detail)
    return sequence


def _problem(refused: StepRefused) -> Problem:
    if refused.detail == PARENT_REQUIRED:
        return invalid(Fault("/parentId", PARENT_REQUIRED))
    if refused.detail == NO_SUBJECT:
        return refusal(400, "sequenceStep.missingEmailSubject", "Email step is missing a subject.")
    if refused.slug == "forbidden":
        return refusal(403, "sequenceStep.forbidden", refused.detail)
    return refusal(400, "sequenceStep.invalidStep", refused.detail)
