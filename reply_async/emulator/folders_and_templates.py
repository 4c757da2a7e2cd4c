"""What sequences are filed in and made from: folders and templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Callable

    from reply_async.emulator.entities import Sequence, Step

Json = dict[str, Any]

GLOBAL, TEAM = "global", "team"


@define(eq=False)
class SequenceFolder:
    """A folder; a sequence knows the one it is in."""

    id: str
    name: str

    def shown(self) -> Json:
        """Return the folder as the API shows it."""
        return {"id": self.id, "name": self.name}


@define(eq=False)
class SequenceTemplate:
    """Steps and settings to start from.

    `steps` are bodies as they create steps; `parentId` is the position of an
    earlier one, counted from 1.
    """

    id: str
    name: str
    description: str | None
    scope: str
    steps: list[Json]
    settings: Json

    def shown(self) -> Json:
        """Return the template as the API shows it; conditions are no step type."""
        kinds = dict.fromkeys(step["type"] for step in self.steps)
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "stepTypes": [kind[:1].upper() + kind[1:] for kind in kinds if kind != "condition"],
            "isConditional": "condition" in kinds,
        }


def outline(sequence: Sequence) -> list[Json]:
    """Return the bodies that create the steps of a sequence again.

    A parent always comes before what hangs below it, so positions can name it.
    """
    positions = {step.id: position for position, step in enumerate(sequence.steps, start=1)}
    return [_body(step, positions) for step in sequence.steps]


def _body(step: Step, positions: dict[int, int]) -> Json:
    body: Json = {**step.members}
    if step.variants is not None:
        body["variants"] = [
            {name: value for name, value in variant.items() if name != "id"}
            for variant in step.variants
        ]
    if step.parent_id is not None:
        body["parentId"] = positions[step.parent_id]
    if step.branch is not None:
        body["ifConditionPositive"] = step.branch
    return body


def global_templates(next_uuid: Callable[[], str]) -> list[SequenceTemplate]:
    """Return the templates that every account finds; nobody can delete them."""
    opening = _email(0, "Quick question about {{company}}", "<p>Hi {{firstName}},</p>")
    reminder = _email(4_320, None, "<p>Hi {{firstName}}, any thoughts?</p>")
    profile = {"type": "linkedIn", "actionType": "viewProfile", "delayInMinutes": 1_440}
    answered = {
        "type": "condition",
        "delayInMinutes": 0,
        "waitInMinutes": 2_880,
        "conditions": [{"property": "stage", "rules": [{"operator": "is", "value": "Interested"}]}],
        "parentId": 1,
    }
    call = {"type": "call", "delayInMinutes": 0, "message": "Find a date", "parentId": 2}
    return [
        SequenceTemplate(
            next_uuid(),
            "Cold outreach",
            "Three touches by e-mail and LinkedIn.",
            GLOBAL,
            [opening, {**profile, "executionMode": "automatic"}, reminder],
            {},
        ),
        SequenceTemplate(
            next_uuid(),
            "Call the interested",
            "A call to whoever shows interest, a reminder to the rest.",
            GLOBAL,
            [
                opening,
                answered,
                {**call, "ifConditionPositive": True},
                {**reminder, "parentId": 2, "ifConditionPositive": False},
            ],
            {},
        ),
    ]


def _email(delay: int, subject: str | None, message: str) -> Json:
    return {
        "type": "email",
        "delayInMinutes": delay,
        "executionMode": "automatic",
        "variants": [{"subject": subject, "message": message, "isEnabled": True}],
    }
