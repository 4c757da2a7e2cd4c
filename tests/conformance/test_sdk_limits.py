"""What the contract limits and a type cannot say: refused here, or sent as it allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest
from conformance.contract import Operation
from conformance.methods import all_methods
from conformance.recording_sender import RecordingSender, fitted

from reply_async.errors import InvalidUse, ReplyError
from reply_async.models.contacts import ContactRow
from reply_async.models.sequences import SequenceSettings
from reply_async.models.steps import (
    AnyStep,
    Call,
    Condition,
    ConditionRule,
    Email,
    EmailVariant,
    LinkedInConnect,
    LinkedInEndorseSkills,
    LinkedInMessage,
    LinkedInVariant,
    StepCondition,
)

TESTS: Final = [StepCondition(property="city", rules=[ConditionRule(operator="isSet")])]
MAIL: Final = EmailVariant(subject="s", message="m")


def new(step: AnyStep) -> tuple[str, Mapping[str, Any]]:
    """Return a call that creates a step."""
    return "steps.create", {"sequence_id": 1, "step": step}


def whole(*steps: AnyStep) -> tuple[str, Mapping[str, Any]]:
    """Return a call that creates a sequence."""
    return "sequences.create", {"name": "Founders", "steps": steps}


def changed(**settings: Any) -> tuple[str, Mapping[str, Any]]:
    """Return a call that changes the settings of a sequence."""
    return "sequences.update", {"sequence_id": 1, "settings": SequenceSettings(**settings)}


def fork(*steps: AnyStep, minutes: int = 1) -> Condition:
    """Return a condition with these steps in its positive branch."""
    return Condition(wait_in_minutes=minutes, conditions=TESTS, if_positive=steps)


Told = tuple[str, Mapping[str, Any]]
HELD: Final[dict[str, Told]] = {
    "mail without a variant": new(Email()),
    "LinkedIn message without a variant": new(LinkedInMessage()),
    "many steps, one without a variant": (
        "steps.create_many",
        {"sequence_id": 1, "steps": [Email()]},
    ),
    "negative delay": new(Call(delay_in_minutes=-1)),
    "four attachments": new(
        Email(variants=[EmailVariant(message="m", attachment_ids=[1, 2, 3, 4])])
    ),
    "word of a contact": (
        "contacts.update",
        {"contact_id": 1, "changes": ContactRow(call_status="x")},
    ),
    "new sequence with a mail without a variant": whole(Email()),
    "branch with a mail without a variant": whole(fork(Email())),
    "connection note of 301 characters": new(
        LinkedInConnect(variants=[LinkedInVariant(message="x" * 301)])
    ),
    "four skills": new(LinkedInEndorseSkills(number_of_skills=4)),
    "negative wait": new(fork(minutes=-1)),
    "word of a step": new(Email(execution_mode="noSuchWord", variants=[MAIL])),
    "word of settings": changed(replies_handling_type="noSuchWord"),
    "null in settings": changed(call_is_automatic=None),
}
# What JSON cannot carry: half of a character.
HALF: Final[dict[str, Told]] = {
    "body": ("sequences.update", {"sequence_id": 1, "name": "\ud800"}),
    "query": ("sequences.list", {"name": "\ud800"}),
}


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(told, id=name)
        for name, told in (
            HELD | {f"half of a character in a {n}": t for n, t in HALF.items()}
        ).items()
    ],
)
def test_limit_of_the_contract_is_held(told: Told) -> None:
    """Refused before any request."""
    name, arguments = told
    sender = RecordingSender()
    with pytest.raises(InvalidUse):
        all_methods()[name].call(sender, arguments)

    assert [] == sender.recorded


class ForgetfulSender(RecordingSender):
    """Answers a new sequence with its first step alone."""

    def fitted(self, operation: Operation, data: Any, body: Any) -> Any:
        """Leave the other steps out."""
        answer = fitted(operation, data, body)
        is_new = operation.id == "create_sequence"
        return {**answer, "steps": answer["steps"][:1]} if is_new else answer


def test_answer_with_fewer_steps_than_were_sent_is_told() -> None:
    """As an error of this package, which names the sequence."""
    name, arguments = whole(Call(), Call(), fork(Call()))

    with pytest.raises(ReplyError) as caught:
        all_methods()[name].call(ForgetfulSender(), arguments)

    assert "sequence 123" in " ".join(caught.value.__notes__)
