"""How steps are added to a sequence and where they hang.

A step without `parentId` goes below the last one; once the sequence has a
condition, `parentId` is a must. The contract is silent about pointing at a step
of the same request, whose id nobody knows yet. Here `parentId` names an
existing step of the sequence, or else the 1-based position of an earlier step
in the same request; ids start far above any position. A step never goes
between two others: its parent, or the branch of its parent, must be free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.contract import load_contract
from reply_async.emulator.entities import Step
from reply_async.emulator.step_variants import (
    NO_SUBJECT,
    StepRefused,
    check_attachments,
    is_below_email,
    lacks_subject,
    new_variant,
    require_enabled,
)

if TYPE_CHECKING:
    from reply_async.emulator.entities import Sequence
    from reply_async.emulator.state import State

Json = dict[str, Any]

PARENT_REQUIRED = "'parentId' is required when the sequence contains conditional steps."


def add_step(state: State, sequence: Sequence, body: Json, earlier: list[Step | None]) -> Step:
    """Add one step to a sequence, or raise why not."""
    parent, branch = _place(sequence, body, earlier)
    action = body.get("actionType") if body["type"] == "linkedIn" else None
    number = parent.number + 1 if parent else 1
    variants = None
    if has_variants(body["type"], action):
        _check_variants(state, sequence, body, parent)
        variants = [new_variant(state, body["type"], action, entry) for entry in body["variants"]]
    step = Step(
        id=state.next_step_id(),
        type=body["type"],
        action=action,
        parent_id=parent.id if parent else None,
        branch=branch,
        delay_in_minutes=int(body["delayInMinutes"]),
        members=shown_members(body, action),
        variants=variants,
        display_name=_display_name(number, parent, branch),
        number=number,
    )
    sequence.steps.append(step)
    return step


def _place(
    sequence: Sequence, body: Json, earlier: list[Step | None]
) -> tuple[Step | None, bool | None]:
    wanted = body.get("parentId")
    if wanted is None:
        if any(step.type == "condition" for step in sequence.steps):
            raise StepRefused("invalidStep", PARENT_REQUIRED, "parentId")
        return (sequence.steps[-1] if sequence.steps else None), None
    parent = sequence.step_by_id(wanted)
    if parent is None and 1 <= wanted <= len(earlier):
        parent = earlier[int(wanted) - 1]
    if parent is None:
        raise StepRefused("invalidStep", f"Parent step {wanted} is not found.", "parentId")
    branch = body.get("ifConditionPositive") if parent.type == "condition" else None
    if parent.type == "condition" and branch is None:
        detail = "'ifConditionPositive' is required below a conditional step."
        raise StepRefused("invalidStep", detail, "ifConditionPositive")
    if sequence.next_step(parent, branch) is not None:
        raise StepRefused(
            "invalidStep", f"Step {parent.id} already has a step below it.", "parentId"
        )
    return parent, branch


def _check_variants(state: State, sequence: Sequence, body: Json, parent: Step | None) -> None:
    require_enabled(body["variants"])
    if body["type"] != "email":
        return
    check_attachments(state, body["variants"])
    if lacks_subject(body["variants"]) and not is_below_email(sequence, parent):
        raise StepRefused("invalidStep", NO_SUBJECT, "subject")


def shown_members(body: Json, action: str | None) -> Json:
    """Return what is shown of a step besides its id, its place and its variants."""
    hidden = {"id", "parentId", "ifConditionPositive", "variants"}
    known = _known_members(body["type"], action)
    return {name: body[name] for name in known if name in body and name not in hidden}


def has_variants(kind: str, action: str | None) -> bool:
    """Tell whether a kind of step has wordings that take turns."""
    return "variants" in _known_members(kind, action)


def _known_members(kind: str, action: str | None) -> list[str]:
    contract = load_contract()
    union = contract.document["components"]["schemas"]["SequenceStep"]["oneOf"]
    for entry in union:
        members: Json = contract.resolve(entry)["properties"]
        same_action = action is None or members.get("actionType", {}).get("const") == action
        if members["type"]["const"] == kind and same_action:
            return list(members)
    raise LookupError(kind)


def renumber(sequence: Sequence) -> None:
    """Count the steps anew; a parent always comes before what hangs below it."""
    for step in sequence.steps:
        parent = sequence.parent_of(step)
        step.number = parent.number + 1 if parent else 1
        step.display_name = _display_name(step.number, parent, step.branch)


def _display_name(number: int, parent: Step | None, branch: bool | None) -> str:
    """Return for example `3`, or `3A` on the positive branch of a condition."""
    if parent is None:
        return str(number)
    letters = parent.display_name.lstrip("0123456789")
    if parent.type == "condition":
        letters += "A" if branch else "B"
    return f"{number}{letters}"
