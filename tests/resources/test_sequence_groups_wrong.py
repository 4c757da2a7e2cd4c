"""Wrong arguments of sequences, steps, variants, templates, folders and their people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from resources.exchange import Call, exchange
from resources.sequence_shapes import FOLDER_ID, FOLLOW_UP, RING, of

from reply_async.errors import InvalidUse
from reply_async.models.sequence_contacts import StatusInSequence
from reply_async.models.sequences import SequenceStatus
from reply_async.models.steps import Call as CallStep
from reply_async.models.steps import (
    Condition,
    ConditionRule,
    Email,
    EmailVariant,
    LinkedInVariant,
    StepCondition,
    StepVariant,
)
from reply_async.resources.folders import Folders
from reply_async.resources.sequence_contacts import SequenceContacts
from reply_async.resources.steps import Steps
from reply_async.resources.templates import Templates
from reply_async.resources.variants import Variants

NO_WORD: Any = "tea_made"
UUID = FOLDER_ID
FORK = Condition(
    wait_in_minutes=1,
    conditions=[StepCondition(property="email", rules=[ConditionRule(operator="isSet")])],
    if_negative=[RING],
)
MANY = EmailVariant(message="x", attachment_ids=(1, 2, 3, 4))
WRONG: list[tuple[str, Callable[[Any], Any]]] = [
    ("status", lambda s: of(s).count(status=NO_WORD)),
    ("status", lambda s: of(s).list(status=SequenceStatus.ARCHIVED)),
    ("name", lambda s: of(s).list(name="")),
    ("sort_by", lambda s: of(s).list(sort_by=NO_WORD)),
    ("sort_direction", lambda s: of(s).list(sort_by="name", sort_direction=NO_WORD)),
    ("sequence_id", lambda s: of(s).unarchive(0)),
    ("user_id", lambda s: of(s).change_owner(7, -1)),
    ("user_id", lambda s: of(s).change_owner_many([7], True)),
    ("ids", lambda s: of(s).start_many([])),
    ("ids", lambda s: of(s).unarchive_many([])),
    ("ids[0]", lambda s: of(s).delete_many([-8])),
    ("ids[1]", lambda s: of(s).change_owner_many([7, 0], 55)),
    ("name", lambda s: of(s).save_as_template(7, " ")),
    ("scope", lambda s: of(s).save_as_template(7, "x", scope=NO_WORD)),
    ("template_id", lambda s: of(s).create_from_template("x")),
    ("folder_id", lambda s: of(s).create_from_template(UUID, folder_id="x")),
    ("name", lambda s: of(s).clone(7, "")),
    ("folder_id", lambda s: of(s).clone(7, "x", folder_id="")),
    ("sequence_id", lambda s: of(s).clone(True, "x")),
    ("step_id", lambda s: Steps(s).get(7, -9)),
    ("step.delay_in_minutes", lambda s: Steps(s).create(7, CallStep(delay_in_minutes=-1))),
    ("step.parent_id", lambda s: Steps(s).create(7, CallStep(parent_id=0))),
    ("step.if_negative", lambda s: Steps(s).create(7, FORK)),
    ("step.variants", lambda s: Steps(s).create(7, Email())),
    ("step.variants[0].attachment_ids", lambda s: Steps(s).create(7, Email(variants=[MANY]))),
    (
        "is_enabled",
        lambda s: Steps(s).create(7, Email(variants=[EmailVariant(is_enabled=False)])),
    ),
    ("step.id", lambda s: Steps(s).replace(7, RING)),
    ("step.variants", lambda s: Steps(s).replace(7, Email(id=9))),
    ("step.variants[0].id", lambda s: Steps(s).replace(7, Email(id=9, variants=[FOLLOW_UP]))),
    ("mode", lambda s: Steps(s).delete(7, 9, mode=NO_WORD)),
    ("step_id", lambda s: Steps(s).delete(7, True)),
    ("steps", lambda s: Steps(s).create_many(7, [])),
    ("steps[1].if_negative", lambda s: Steps(s).create_many(7, [RING, FORK])),
    ("step_ids", lambda s: Steps(s).delete_many(7, [])),
    ("step_ids[0]", lambda s: Steps(s).delete_many(7, [2**31])),
    ("contact_id", lambda s: SequenceContacts(s).get(7, 0)),
    (
        "additional_columns[0]",
        lambda s: SequenceContacts(s).states(7, additional_columns=[NO_WORD]),
    ),
    ("contact_id", lambda s: SequenceContacts(s).remove(7, -3)),
    ("contact_ids", lambda s: SequenceContacts(s).remove_many(7, [])),
    ("sequence_id", lambda s: SequenceContacts(s).remove_many(-7, [1])),
    ("status", lambda s: SequenceContacts(s).set_status(7, [1], StatusInSequence.INACTIVE)),
    ("contact_ids[0]", lambda s: SequenceContacts(s).set_status(7, [0], StatusInSequence.PAUSED)),
    ("contact_ids", lambda s: SequenceContacts(s).set_replied(7, [])),
    ("resend_emails", lambda s: SequenceContacts(s).set_bounced(7, [1], is_bounced=False)),
    ("resend_emails", lambda s: SequenceContacts(s).set_bounced(7, [1], resend_emails=False)),
    ("contact_id", lambda s: SequenceContacts(s).preview(7, False)),
    ("contact_id", lambda s: SequenceContacts(s).reset_preview(7, 0)),
    ("sequence_id", lambda s: Variants(s).list(-1, 9)),
    ("step_id", lambda s: Variants(s).list(7, True)),
    ("variant.message", lambda s: Variants(s).create(7, 9, EmailVariant(subject="x"))),
    ("variant.message", lambda s: Variants(s).create(7, 9, LinkedInVariant(message=""))),
    (
        "variant.attachment_ids",
        lambda s: Variants(s).create(7, 9, EmailVariant(message="x", attachment_ids=(1, 2, 3, 4))),
    ),
    (
        "variant.attachment_ids[0]",
        lambda s: Variants(s).create(7, 9, EmailVariant(message="x", attachment_ids=(0,))),
    ),
    ("variant.id", lambda s: Variants(s).replace(7, 9, EmailVariant(message="x", is_enabled=True))),
    ("variant.is_enabled", lambda s: Variants(s).replace(7, 9, EmailVariant(id=1, message="x"))),
    ("variant.message", lambda s: Variants(s).replace(7, 9, StepVariant(id=1, is_enabled=True))),
    ("variant_id", lambda s: Variants(s).delete(7, 9, 0)),
    ("variants", lambda s: Variants(s).create_many(7, 9, [])),
    ("variants[1].message", lambda s: Variants(s).create_many(7, 9, [FOLLOW_UP, EmailVariant()])),
    ("variant_ids", lambda s: Variants(s).delete_many(7, 9, [])),
    ("variant_ids[1]", lambda s: Variants(s).delete_many(7, 9, [1, 2**31])),
    ("variant_ids", lambda s: Variants(s).enable(7, 9, [])),
    ("variant_ids[0]", lambda s: Variants(s).disable(7, 9, [False])),
    ("template_id", lambda s: Templates(s).delete("7")),
    ("folder_id", lambda s: Folders(s).get("../x")),
    ("name", lambda s: Folders(s).create(" ")),
    ("name", lambda s: Folders(s).create("x" * 129)),
    ("name", lambda s: Folders(s).rename(UUID, "")),
    ("folder_id", lambda s: Folders(s).rename("x", "y")),
    ("folder_id", lambda s: Folders(s).delete("")),
    ("sort_by", lambda s: Folders(s).sequences(UUID, sort_by=NO_WORD)),
    ("sort_direction", lambda s: Folders(s).sequences(UUID, sort_direction="asc")),
    (
        "sort_direction",
        lambda s: Folders(s).sequences(UUID, sort_by="title", sort_direction=NO_WORD),
    ),
    ("folder_id", lambda s: Folders(s).assign("x", [1])),
    ("sequence_ids", lambda s: Folders(s).assign(UUID, [])),
    ("sequence_ids[0]", lambda s: Folders(s).unassign(UUID, [-1])),
]


@pytest.mark.parametrize(
    ("argument", "call"), WRONG, ids=[f"{n}-{name}" for n, (name, _) in enumerate(WRONG)]
)
async def test_a_wrong_argument_is_named(argument: str, call: Call) -> None:
    """Nothing is sent."""
    with pytest.raises(InvalidUse) as caught:
        await exchange(call)

    assert argument == caught.value.argument
