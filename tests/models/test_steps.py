"""Every kind of step, from the wire and back."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from attrs import evolve
from models.samples import ANSWERS, load

from reply_async.converter import (
    decode,
    decode_step,
    decode_steps,
    encode,
    encode_draft,
    encode_step,
)
from reply_async.errors import InvalidUse
from reply_async.models import steps as kinds
from reply_async.models.sequences import Sequence, SequenceDraft, SequenceSettings
from reply_async.models.steps import (
    AnyStep,
    Call,
    Condition,
    Email,
    EmailVariant,
    ExecutionMode,
    LinkedInConnect,
    LinkedInVariant,
    Task,
    TaskActionType,
    UnknownStep,
)

KINDS: dict[str, type[Any]] = {
    "call": kinds.Call,
    "condition": kinds.Condition,
    "email": kinds.Email,
    "linkedin_comment_on_recent_post": kinds.LinkedInCommentOnRecentPost,
    "linkedin_connect": kinds.LinkedInConnect,
    "linkedin_endorse_skills": kinds.LinkedInEndorseSkills,
    "linkedin_follow_profile": kinds.LinkedInFollowProfile,
    "linkedin_inmail": kinds.LinkedInInMail,
    "linkedin_like_recent_posts": kinds.LinkedInLikeRecentPosts,
    "linkedin_message": kinds.LinkedInMessage,
    "linkedin_view_profile": kinds.LinkedInViewProfile,
    "linkedin_voice_message": kinds.LinkedInVoiceMessage,
    "sms": kinds.Sms,
    "task": kinds.Task,
    "whatsapp": kinds.WhatsApp,
    "zapier": kinds.Zapier,
}
STEPS = [
    pytest.param(step, id=f"{name}-{index}")
    for name in ANSWERS
    if name.startswith(("steps/step", "steps/list", "steps/create", "sequences/"))
    for index, step in enumerate(
        load(name)
        if isinstance(load(name), list)
        else load(name).get("steps", [load(name)] if "type" in load(name) else [])
    )
    if "type" in step
]
# Words of steps that older answers write with a capital letter.
WORDS = ("type", "actionType", "executionMode")


def plain(value: Any) -> Any:
    """Return a step with words in one case and without nulls, which mean "not there"."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: item.casefold() if name in WORDS and isinstance(item, str) else plain(item)
        for name, item in value.items()
        if item is not None
    }


def settable(step: dict[str, Any]) -> dict[str, Any]:
    """Return a step without what the server sets: ids in the path, files, e-mail switches."""
    if "carrier" in step["type"]:
        return step  # of an unknown kind all goes back
    switches = {"isEnabled"} if step["type"].casefold() == "email" else set()
    kept = {name: value for name, value in step.items() if name != "id"}
    if "variants" in kept:
        kept["variants"] = [
            {n: v for n, v in variant.items() if n not in {"hasAttachments"} | switches}
            for variant in kept["variants"]
        ]
    return kept


def test_every_kind_has_a_sample() -> None:
    """A kind that is added later needs one."""
    assert {*get_args(AnyStep)} == {*KINDS.values(), UnknownStep}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_kind_is_told_by_type_and_action(name: str, kind: type[Any]) -> None:
    """In every spelling, and only LinkedIn needs the action."""
    sample = load(f"steps/step_{name}")

    assert type(decode_step(sample)) is kind
    for change in (str.upper, str.lower, str.title):
        spelled = {
            key: change(value) if key in ("type", "actionType") else value
            for key, value in sample.items()
        }
        assert type(decode_step(spelled)) is kind
        assert decode_step(sample) == decode_step(spelled)


@pytest.mark.parametrize("sample", STEPS)
def test_step_goes_back_as_it_came(sample: dict[str, Any]) -> None:
    """Nothing that can be set is lost when the step is written back."""
    written = encode_step(decode_step(sample), with_ids=True)
    told = plain(settable(sample))

    assert told == {name: item for name, item in plain(written).items() if name in told}
    assert settable(encode_step(decode_step(written), with_ids=True)) == settable(written)


@pytest.mark.parametrize("name", KINDS)
def test_samples_of_today_gain_nothing(name: str) -> None:
    """The document's own members go back without one more."""
    sample = load(f"steps/step_{name}")

    assert plain(settable(sample)) == plain(encode_step(decode_step(sample), with_ids=True))


@pytest.mark.parametrize("name", KINDS)
def test_unknown_members_go_back(name: str) -> None:
    """On the step and on its variants, null or not."""
    newer = {"speed": 1.0, "backgroundNoiseId": None, "deep": [{"a": None}]}
    sample = load(f"steps/step_{name}") | newer
    sample["variants"] = [variant | newer for variant in sample.get("variants", [])]
    if not sample["variants"]:
        del sample["variants"]

    step = decode_step(sample)
    written = encode_step(step, with_ids=True)

    assert newer == step.extra
    assert newer == {key: written[key] for key in newer}
    for variant in written.get("variants", []):
        assert newer == {key: variant[key] for key in newer}


def test_oldest_mail_keeps_its_texts() -> None:
    """Texts in unknown members are neither lost nor wiped by an empty list."""
    sample = load("steps/step_email_oldest")
    step = decode_step(sample)
    written = encode_step(step, with_ids=True)

    assert isinstance(step, Email)
    assert () == step.variants
    assert sample["template"] == step.extra["template"] == written["template"]
    assert "variants" not in written


@pytest.mark.parametrize(
    "sample",
    [
        {"id": 5, "type": "carrierPigeon", "delayInMinutes": 3, "executionMode": "automatic"},
        {"id": 5, "type": "linkedIn", "actionType": "sing", "note": None},
        {"id": 5, "type": "linkedIn"},
        {"id": 5, "type": "linkedIn", "actionType": 7, "parentId": "x", "delayInMinutes": "soon"},
    ],
)
def test_unknown_kind_goes_back_unchanged(sample: dict[str, Any]) -> None:
    """Key for key, and nothing about it is an error."""
    step = decode_step(sample)

    assert isinstance(step, UnknownStep)
    assert (sample["type"], 5) == (step.type, step.id)
    assert sample == step.raw == encode_step(step, with_ids=True) == encode(step)


def test_unknown_kind_tells_its_place() -> None:
    """What every step has can be read of it."""
    step = decode_step(
        {
            "id": 5,
            "type": "pigeon",
            "actionType": "fly",
            "parentId": 4,
            "ifConditionPositive": False,
            "delayInMinutes": 9,
        }
    )

    assert isinstance(step, UnknownStep)
    assert ("fly", 4, False, 9) == (
        step.action_type,
        step.parent_id,
        step.if_condition_positive,
        step.delay_in_minutes,
    )


def test_unknown_kind_as_created_anew() -> None:
    """Ids and place go, a new place comes, the rest stays."""
    step = decode_step(
        {"id": 5, "type": "pigeon", "parentId": 4, "variants": [{"id": 1, "a": None}, 7], "b": 2}
    )
    fresh = step.without_ids()

    body = {"type": "pigeon", "variants": [{"a": None}, 7], "b": 2}
    assert body == encode_step(fresh)
    assert (None, None) == (fresh.id, fresh.parent_id)
    placed = evolve(fresh, parent_id=8, if_condition_positive=True)
    assert body | {"parentId": 8, "ifConditionPositive": True} == encode_step(placed)


def test_new_step_is_sent_without_ids() -> None:
    """A step read from the server is created anew without what the server fills in."""
    step = Email(
        id=9,
        parent_id=8,
        if_condition_positive=False,
        delay_in_minutes=60,
        variants=[
            EmailVariant(id=1, subject="s", message="m", is_enabled=True, has_attachments=True)
        ],
    )

    assert {
        "type": "email",
        "parentId": 8,
        "ifConditionPositive": False,
        "delayInMinutes": 60,
        "executionMode": "automatic",
        "variants": [{"subject": "s", "message": "m"}],
    } == encode_step(step)


def test_disabled_mail_variant_cannot_be_created() -> None:
    """The API would enable it without a word."""
    step = Email(variants=[EmailVariant(message="a"), EmailVariant(message="b", is_enabled=False)])

    with pytest.raises(InvalidUse, match=r"^is_enabled: "):
        encode_step(step)
    assert "isEnabled" not in encode_step(step, with_ids=True)["variants"][1]


def test_disabled_linkedin_variant_can_be_created() -> None:
    """LinkedIn steps take the flag when they are created."""
    step = LinkedInConnect(variants=[LinkedInVariant(message="", is_enabled=False)])

    assert [{"message": "", "isEnabled": False}] == encode_step(step)["variants"]


def test_without_ids_reaches_variants_and_branches() -> None:
    """Nothing below keeps an id of the server."""
    mail = Email(id=3, parent_id=2, variants=[EmailVariant(id=4, message="m")])
    fork = Condition(
        id=2,
        parent_id=1,
        wait_in_minutes=5,
        conditions=[],
        if_positive=[mail],
        if_negative=[Call(id=6)],
    )

    fresh = Email(variants=[EmailVariant(message="m")])
    assert fresh == mail.without_ids()
    assert (
        Condition(wait_in_minutes=5, conditions=[], if_positive=[fresh], if_negative=[Call()])
        == fork.without_ids()
    )


def test_defaults_of_a_new_step() -> None:
    """At once, and carried out by the server."""
    step = Email()

    assert (0, ExecutionMode.AUTOMATIC) == (step.delay_in_minutes, step.execution_mode)


def test_steps_can_be_compared_and_hashed() -> None:
    """Unknown members count in a comparison and do not hinder a set."""
    one, other = Call(extra={"a": []}), Call(extra={"a": [1]})

    assert one != other
    assert {one, Call(extra={"a": []})} == {one}


def test_task_keeps_the_action_as_a_field() -> None:
    """Two actions, one class; a new one keeps its text."""
    sample = load("steps/step_task")

    meeting = decode_step(sample | {"actionType": "Meeting"})
    singing = decode_step(sample | {"actionType": "sing"})

    assert isinstance(meeting, Task)
    assert isinstance(singing, Task)
    assert TaskActionType.MEETING is meeting.action_type
    assert "sing" == encode_step(singing)["actionType"]


def test_draft_of_a_sequence() -> None:
    """The body of the document's example, from objects; nothing is added."""
    body = load("sequences/request_create")
    draft = SequenceDraft(
        name=body["name"],
        schedule_id=1,
        settings=decode(body["settings"], SequenceSettings),
        email_accounts=[101, 102],
        linkedin_accounts=[42],
        steps=decode_steps(body["steps"]),
    )

    assert body == encode_draft(draft)
    assert {"name": "n", "steps": []} == encode_draft(SequenceDraft(name="n"))


def test_draft_sends_the_first_level_only() -> None:
    """Steps of branches need the id of their parent, so they follow later."""
    fork = Condition(wait_in_minutes=5, conditions=[], if_positive=[Call(message="yes")])
    draft = SequenceDraft(name="n", steps=[Email(variants=[EmailVariant(message="m")]), fork])

    assert ["email", "condition"] == [step["type"] for step in encode_draft(draft)["steps"]]
    assert ["email"] == [step["type"] for step in encode_draft(draft, 1)["steps"]]


def test_sequence_as_it_would_be_created_anew() -> None:
    """Senders, schedule and settings stay, ids of steps and variants go."""
    sequence = decode(load("sequences/get_200"), Sequence)
    draft = sequence.without_ids()

    assert (sequence.name, 1, (1, 2), (42,)) == (
        draft.name,
        draft.schedule_id,
        draft.email_accounts,
        draft.linkedin_accounts,
    )
    assert sequence.settings == draft.settings
    assert sequence.tree == draft.steps
    assert all(step.id is None for step in draft.steps)
