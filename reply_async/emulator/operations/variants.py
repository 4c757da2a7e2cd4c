"""The wordings of a step: list, add, replace, delete, switch on and off.

Wordings can be added and switched while a step runs, that is what they are for.
What was sent is neither reworded nor deleted: 409 `stepLocked`. One wording of
a step stays enabled: 400 `invalidInput`; switching the last one off is an item
error, `unsupportedOperation`. For both the contract names no code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.operations.steps import (
    problem_of,
    require_unlocked,
    sequence_of,
    step_of,
)
from reply_async.emulator.problems import refusal
from reply_async.emulator.step_changes import LOCKED
from reply_async.emulator.step_variants import (
    NO_SUBJECT,
    StepRefused,
    check_wording,
    is_sent,
    new_variant,
    reworded,
    shown_alone,
)

if TYPE_CHECKING:
    from reply_async.emulator.entities import Sequence, Step

Json = dict[str, Any]

_LAST_ENABLED = "The last enabled variant of a step cannot go."


@operation
def list_step_variants(call: Call) -> list[Json]:
    """List the wordings; a kind of step without any has an empty list."""
    step = step_of(call, sequence_of(call))
    return [shown_alone(variant) for variant in step.variants or ()]


@operation
def create_step_variant(call: Call) -> Json:
    """Add one more wording."""
    sequence, step = _open_step(call)
    try:
        variant = _add(call, sequence, step, call.body)
    except StepRefused as refused:
        raise problem_of(_as_input(refused)) from None
    return shown_alone(variant)


@operation
def bulk_create_step_variants(call: Call) -> list[Json]:
    """Add several wordings; tell of every one."""
    sequence, step = _open_step(call)
    rows: list[Json] = []
    for given in call.body:
        try:
            variant = _add(call, sequence, step, given)
        except StepRefused as refused:
            rows.append({"id": None, "error": refused.slug, "errorDetails": refused.detail})
        else:
            rows.append({"id": variant["id"], "error": None, "errorDetails": None})
    return rows


@operation
def update_step_variant(call: Call) -> Json:
    """Replace a wording; once it was sent only the switch can change."""
    sequence, step = _open_step(call)
    before = _variant(call, step)
    given = {"isEnabled": True, **call.body}
    after = reworded(before, step.type, step.action, given)
    texts = before | {"isEnabled": after["isEnabled"]}
    if after != texts and is_sent(sequence, step, before["id"]):
        raise refusal(409, "sequenceStep.stepLocked", LOCKED)
    try:
        check_wording(call.state, sequence, step, given)
        if not after["isEnabled"]:
            _require_another(step, before)
    except StepRefused as refused:
        raise problem_of(_as_input(refused)) from None
    before.update(after)
    call.ledger.note("variant_updated", ids=[before["id"]])
    return shown_alone(before)


@operation
def delete_step_variant(call: Call) -> None:
    """Delete a wording that was not sent, unless it is the last enabled one."""
    sequence, step = _open_step(call)
    variant = _variant(call, step)
    try:
        _delete(call, sequence, step, variant)
    except StepRefused as refused:
        raise problem_of(refused) from None


@operation
def bulk_delete_step_variants(call: Call) -> Json:
    """Delete several wordings; refused ones are told by the single call's codes."""
    sequence, step = _open_step(call)
    failures: Json = {}
    for variant_id in dict.fromkeys(call.body["ids"]):
        variant = _by_id(step, variant_id)
        if variant is None:
            detail = f"Variant {variant_id} not found on step {step.id}."
            failures[str(variant_id)] = {"error": "notFound", "errorDetails": detail}
            continue
        try:
            _delete(call, sequence, step, variant)
        except StepRefused as refused:
            failures[str(variant_id)] = {"error": refused.slug, "errorDetails": refused.detail}
    return failures


@operation
def enable_step_variants(call: Call) -> Json:
    """Let wordings take their turns again."""
    return _switch(call, is_enabled=True)


@operation
def disable_step_variants(call: Call) -> Json:
    """Leave wordings out; one must stay."""
    return _switch(call, is_enabled=False)


def _switch(call: Call, *, is_enabled: bool) -> Json:
    _, step = _open_step(call)
    failures: Json = {}
    for variant_id in dict.fromkeys(call.body["variantIds"]):
        try:
            variant = _switchable(step, variant_id, is_enabled=is_enabled)
        except StepRefused as refused:
            failures[str(variant_id)] = {"error": refused.slug, "errorDetails": refused.detail}
        else:
            call.ledger.note("variant_switched", variant["isEnabled"] != is_enabled)
            variant["isEnabled"] = is_enabled
    return failures


def _switchable(step: Step, variant_id: int, *, is_enabled: bool) -> Json:
    if step.variants is None:
        raise StepRefused("unsupportedOperation", "This kind of step has no variants.")
    variant = _by_id(step, variant_id)
    if variant is None:
        detail = f"Variant {variant_id} is not a variant of the step."
        raise StepRefused("invalidInput", detail)
    if not is_enabled:
        _require_another(step, variant, "unsupportedOperation")
    return variant


def _open_step(call: Call) -> tuple[Sequence, Step]:
    sequence = sequence_of(call)
    step = step_of(call, sequence)
    require_unlocked(sequence)
    return sequence, step


def _by_id(step: Step, variant_id: int) -> Json | None:
    return next((entry for entry in step.variants or () if entry["id"] == variant_id), None)


def _variant(call: Call, step: Step) -> Json:
    variant = _by_id(step, call.path["variant_id"])
    if variant is None:
        detail = f"Variant {call.path['variant_id']} not found on step {step.id}."
        raise refusal(404, "sequenceStep.notFound", detail)
    return variant


def _add(call: Call, sequence: Sequence, step: Step, given: Json) -> Json:
    check_wording(call.state, sequence, step, given)
    variant = new_variant(call.state, step.type, step.action, given)
    step.variants = [*(step.variants or ()), variant]
    call.ledger.note("variant_created", ids=[variant["id"]])
    return variant


def _delete(call: Call, sequence: Sequence, step: Step, variant: Json) -> None:
    if is_sent(sequence, step, variant["id"]):
        raise StepRefused("stepLocked", LOCKED)
    _require_another(step, variant)
    step.variants = [entry for entry in step.variants or () if entry is not variant]
    call.ledger.note("variant_deleted", ids=[variant["id"]])


def _require_another(step: Step, variant: Json, slug: str = "invalidInput") -> None:
    """Refuse to lose a wording if no other one is enabled."""
    others = [entry for entry in step.variants or () if entry is not variant]
    if not any(entry["isEnabled"] for entry in others):
        raise StepRefused(slug, _LAST_ENABLED)


def _as_input(refused: StepRefused) -> StepRefused:
    """Return the refusal by the only 400 that the variants' calls document."""
    if refused.slug != "invalidStep":
        return refused
    detail = "Email step is missing a subject." if refused.detail == NO_SUBJECT else refused.detail
    return StepRefused("invalidInput", detail)
