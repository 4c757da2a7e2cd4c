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

if TYPE_CHECKING:
    from reply_async.emulator.entities import Sequence
    from reply_async.emulator.state import State

Json = dict[str, Any]

PARENT_REQUIRED = "'parentId' is required when the sequence contains conditional steps."
NO_SUBJECT = "First email should have subject."


class StepRefused(Exception):
    """A step that fits its schema but not its sequence."""

    def __init__(self, slug: str, detail: str, member: str | None = None) -> None:
        super().__init__(slug, detail)
        self.slug, self.detail, self.member = slug, detail, member


def add_step(state: State, sequence: Sequence, body: Json, earlier: list[Step | None]) -> Step:
    """Add one step to a sequence, or raise why not."""
    parent, branch = _place(sequence, body, earlier)
    _check_variants(sequence, body, parent)
    action = body.get("actionType") if body["type"] == "linkedIn" else None
    number = parent.number + 1 if parent else 1
    step = Step(
        id=state.next_step_id(),
        type=body["type"],
        action=action,
        parent_id=parent.id if parent else None,
        branch=branch,
        delay_in_minutes=int(body["delayInMinutes"]),
        members=_members(body, action),
        variants=_variants(state, body),
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


def _check_variants(sequence: Sequence, body: Json, parent: Step | None) -> None:
    variants = body.get("variants") or ()
    if any(variant.get("attachmentIds") for variant in variants):
        raise StepRefused("forbidden", "Some of the attachments are not accessible.")
    if body["type"] != "email" or all(variant.get("subject") for variant in variants):
        return
    above = parent
    while above is not None:
        if above.type == "email":
            return
        above = sequence.step_by_id(above.parent_id) if above.parent_id else None
    raise StepRefused("invalidStep", NO_SUBJECT, "subject")


def _members(body: Json, action: str | None) -> Json:
    """Return what is shown of a step besides its id, its place and its variants."""
    hidden = {"id", "parentId", "ifConditionPositive", "variants"}
    known = _known_members(body["type"], action)
    return {name: body[name] for name in known if name in body and name not in hidden}


def _known_members(kind: str, action: str | None) -> list[str]:
    contract = load_contract()
    union = contract.document["components"]["schemas"]["SequenceStep"]["oneOf"]
    for entry in union:
        members: Json = contract.resolve(entry)["properties"]
        same_action = action is None or members.get("actionType", {}).get("const") == action
        if members["type"]["const"] == kind and same_action:
            return list(members)
    raise LookupError(kind)


def _variants(state: State, body: Json) -> list[Json] | None:
    if "variants" not in body:
        return None
    shown = []
    for given in body["variants"]:
        variant: Json = {"id": state.next_variant_id()}
        variant |= {name: given.get(name) for name in ("subject", "message") if name in given}
        variant["isEnabled"] = given.get("isEnabled", True)
        if body["type"] == "email":
            variant = {"subject": None, "message": None} | variant | {"hasAttachments": False}
        shown.append(variant)
    return shown


def _display_name(number: int, parent: Step | None, branch: bool | None) -> str:
    """Return for example `3`, or `3A` on the positive branch of a condition."""
    if parent is None:
        return str(number)
    letters = parent.display_name.lstrip("0123456789")
    if parent.type == "condition":
        letters += "A" if branch else "B"
    return f"{number}{letters}"
