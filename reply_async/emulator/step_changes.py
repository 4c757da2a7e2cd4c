"""Replacing and removing steps.

A step is locked once anybody has passed it: what was sent stays as it was. An
archived sequence has all its steps locked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.participation import place_at
from reply_async.emulator.step_tree import renumber, shown_members
from reply_async.emulator.step_variants import (
    NO_SUBJECT,
    StepRefused,
    check_attachments,
    is_below_email,
    lacks_subject,
    lends_subject,
    replaced,
    require_enabled,
)

if TYPE_CHECKING:
    from reply_async.emulator.entities import Sequence, Step
    from reply_async.emulator.state import State

Json = dict[str, Any]

LOCKED = "Step is locked and cannot be modified."

# Which children go with a removed step, by their branch below a condition.
_GOING: dict[str, tuple[bool, ...]] = {
    "nodeOnly": (),
    "nodeAndAllChildren": (True, False),
    "nodeAndPositiveChildren": (True,),
    "nodeAndNegativeChildren": (False,),
}


def replace_step(state: State, sequence: Sequence, step: Step, body: Json) -> None:
    """Replace all of a step but its kind and its place, or raise why not.

    Who waits for the step already keeps the time of its delay.
    """
    if step.done:
        raise StepRefused("stepLocked", LOCKED)
    action = body["actionType"] if body["type"] == "linkedIn" else None
    if (body["type"], action) != (step.type, step.action):
        raise StepRefused("invalidStep", "The kind of a step cannot be changed.", "type")
    if body.get("parentId") not in {None, step.parent_id}:
        raise StepRefused("invalidStep", "A step cannot be moved.", "parentId")
    if step.branch is not None and body.get("ifConditionPositive") not in {None, step.branch}:
        raise StepRefused("invalidStep", "A step cannot be moved.", "ifConditionPositive")
    variants = None
    if step.variants is not None:
        variants = replaced(state, step, body["variants"])
        require_enabled(variants)
        if step.type == "email":
            check_attachments(state, body["variants"])
            _check_subject(sequence, step, variants)
    step.delay_in_minutes = int(body["delayInMinutes"])
    step.members = shown_members(body, step.action)
    step.variants = variants


def _check_subject(sequence: Sequence, step: Step, variants: list[Json]) -> None:
    if not lacks_subject(variants) or is_below_email(sequence, sequence.parent_of(step)):
        return
    if lends_subject(sequence, step):
        detail = "Step is locked because later steps use its subject."
        raise StepRefused("stepLockedSubjectSource", detail)
    raise StepRefused("invalidStep", NO_SUBJECT, "subject")


def steps_to_remove(sequence: Sequence, step: Step, mode: str) -> list[Step]:
    """Return the steps that go, children first, or raise why they cannot.

    What hangs below a plain step moves up. Below a condition it cannot, as
    there are two branches: the mode must name one that goes, or both.
    """
    is_condition = step.type == "condition"
    if not is_condition and mode not in {"nodeOnly", "nodeAndAllChildren"}:
        raise StepRefused("invalidInput", f"Mode '{mode}' is for conditions only.")
    children = sequence.children_of(step)
    if is_condition and children and mode == "nodeOnly":
        detail = "Step cannot be deleted because it has children."
        raise StepRefused("stepLockedHasChildren", detail)
    going = [child for child in children if not is_condition or child.branch in _GOING[mode]]
    steps = [step]
    if mode != "nodeOnly":
        for child in going:
            steps = [*_with_all_below(sequence, child), *steps]
    if any(entry.done for entry in steps):
        raise StepRefused("stepLocked", LOCKED)
    if mode == "nodeOnly" and step.type == "email" and lends_subject(sequence, step):
        if is_below_email(sequence, sequence.parent_of(step)):
            return steps
        detail = "Step cannot be deleted because later steps use its subject."
        raise StepRefused("stepLockedSubjectSourceWithChildren", detail)
    return steps


def _with_all_below(sequence: Sequence, step: Step) -> list[Step]:
    """Return a step after everything that hangs below it."""
    steps = [step]
    for child in sequence.children_of(step):
        steps = [*_with_all_below(sequence, child), *steps]
    return steps


def remove_step(sequence: Sequence, step: Step, now: float) -> None:
    """Take out one step; its child takes its place, for those who waited too."""
    children = sequence.children_of(step)
    for child in children:
        child.parent_id, child.branch = step.parent_id, step.branch
    sequence.steps.remove(step)
    renumber(sequence)
    successor = children[0] if children else None
    for member in sequence.members.values():
        if member.step is step:
            place_at(member, successor, now)
            member.status = member.status if successor else "finished"
    sequence.version += 1
