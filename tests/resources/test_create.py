"""Sequences that are created: every kind of step, and answers that are lost."""

from typing import Any

import pytest
from fault_proxy import FaultProxy, answer, apply_and_drop, drop, edit
from pinned import create_tells_the_steps

from reply_async import (
    AnyStep,
    Call,
    Condition,
    ConditionRule,
    Email,
    EmailVariant,
    InMailVariant,
    LinkedInCommentOnRecentPost,
    LinkedInConnect,
    LinkedInEndorseSkills,
    LinkedInFollowProfile,
    LinkedInInMail,
    LinkedInLikeRecentPosts,
    LinkedInMessage,
    LinkedInVariant,
    LinkedInViewProfile,
    LinkedInVoiceMessage,
    OutcomeUnknown,
    ReplySession,
    Sms,
    Task,
    ValidationFailed,
    WhatsApp,
    Zapier,
)
from reply_async.emulator import Emulator
from reply_async.models.sequences import SequenceDraft
from reply_async.models.steps import StepCondition

CREATE = r"^/v3/sequences$"
STEPS = r"/steps$"
HELLO = Email(variants=[EmailVariant(subject="Hello", message="<p>Hello</p>")])
KINDS: tuple[AnyStep, ...] = (
    Email(
        variants=[
            EmailVariant(subject="One", message="<p>1</p>"),
            EmailVariant(subject="Two", message="<p>2</p>"),
        ]
    ),
    LinkedInMessage(delay_in_minutes=10, variants=[LinkedInVariant(message="Hi")]),
    LinkedInConnect(delay_in_minutes=20, variants=[LinkedInVariant(message="Hi")]),
    LinkedInInMail(delay_in_minutes=30, variants=[InMailVariant(subject="S", message="M")]),
    LinkedInViewProfile(delay_in_minutes=40),
    LinkedInEndorseSkills(delay_in_minutes=50, number_of_skills=2),
    Call(delay_in_minutes=60, message="Ring"),
    Sms(delay_in_minutes=70, message="Text"),
    WhatsApp(delay_in_minutes=80, message="Text"),
    Zapier(delay_in_minutes=90, name="Zap"),
    Task(delay_in_minutes=100, action_type="toDo", description="Write"),
    LinkedInFollowProfile(delay_in_minutes=110),
    LinkedInLikeRecentPosts(delay_in_minutes=120),
    LinkedInCommentOnRecentPost(delay_in_minutes=130, ai_prompt_text="Well", skip_topics=["War"]),
    LinkedInVoiceMessage(delay_in_minutes=140, audio_file="https://example.com/a.mp3"),
)


def fork(*, positive: tuple[AnyStep, ...] = (), negative: tuple[AnyStep, ...] = ()) -> Condition:
    """Return a condition with branches."""
    rule = ConditionRule(operator="isSet")
    return Condition(
        wait_in_minutes=60,
        conditions=[StepCondition(property="email", rules=[rule])],
        if_positive=positive,
        if_negative=negative,
    )


NESTED = fork(
    positive=(Call(message="First"), fork(negative=(Sms(message="Deep"), WhatsApp(message="End")))),
    negative=(Task(action_type="toDo", description="Other"),),
)


async def test_what_is_created_is_what_is_read_back(session: ReplySession) -> None:
    """Every kind of step and nested branches, without counting a single id."""
    draft = SequenceDraft(name="All", steps=(*KINDS, NESTED), email_accounts=(101,))
    made = await session.sequences.create_from_draft(draft)
    read = await session.sequences.get(made.id)
    assert draft.steps == read.without_ids().steps == made.without_ids().steps
    assert draft.email_accounts == read.without_ids().email_accounts
    again = await session.sequences.create_from_draft(read.without_ids())
    assert again.without_ids() == read.without_ids()


@create_tells_the_steps
async def test_a_flat_sequence_costs_one_request(session: ReplySession, proxy: FaultProxy) -> None:
    """Branches cost one more each, and one to read the whole."""
    await session.sequences.create("Flat", steps=KINDS)
    assert 1 == len(proxy.requests)
    proxy.requests.clear()
    await session.sequences.create("Nested", steps=[HELLO, NESTED])
    assert 1 + 5 + 1 == len(proxy.requests)


@pytest.mark.parametrize("fault", [apply_and_drop, edit(lambda _: "nonsense")])
async def test_a_created_sequence_is_found_by_its_name(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator, fault: Any
) -> None:
    """After a lost answer it is looked for, never made again; a part of a name is no match."""
    await session.sequences.create("Founders of old", steps=[HELLO])
    proxy.on("POST", CREATE, fault)
    made = await session.sequences.create("Founders", steps=[HELLO, NESTED])
    assert "Founders" == made.name
    assert (HELLO, NESTED) == made.without_ids().steps
    assert 2 == len(reply_emulator.state.sequences)
    assert 2 == len(proxy.sent("POST", CREATE))


@pytest.mark.parametrize("fault", [drop, answer(502)])
async def test_a_sequence_that_was_not_created_is_not_created_again(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator, fault: Any
) -> None:
    """The caller is told that it may exist."""
    proxy.on("POST", CREATE, fault)
    with pytest.raises(OutcomeUnknown) as raised:
        await session.sequences.create("Founders", steps=[HELLO])
    assert () == raised.value.seen
    assert not reply_emulator.state.sequences
    assert 1 == len(proxy.sent("POST", CREATE))


async def test_several_new_namesakes_are_told(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """Which of them is the new one cannot be known."""
    first = await session.sequences.create("Founders", steps=[HELLO])
    proxy.on("POST", CREATE, apply_and_drop)
    with pytest.raises(OutcomeUnknown) as raised:
        await session.sequences.create("Founders", steps=[HELLO])
    assert {first.id, first.id + 1} == set(raised.value.seen) == set(reply_emulator.state.sequences)


async def test_a_new_namesake_with_other_steps_is_not_taken_for_it(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """Somebody else's sequence of this name must not pass for the one that was lost."""
    other = await session.sequences.create("Founders", steps=[Call(message="Ring")])
    proxy.on("POST", CREATE, drop)
    with pytest.raises(OutcomeUnknown) as raised:
        await session.sequences.create("Founders", steps=[HELLO])
    assert (other.id,) == raised.value.seen
    assert any(str(other.id) in note for note in raised.value.__notes__)


async def test_an_old_namesake_does_not_count(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """What was there long before is not what was made now."""
    old = await session.sequences.create("Founders", steps=[HELLO])
    reply_emulator.state.sequences[old.id].created -= 3600
    proxy.on("POST", CREATE, apply_and_drop)
    made = await session.sequences.create("Founders", steps=[HELLO])
    assert max(reply_emulator.state.sequences) == made.id


async def test_an_error_in_a_branch_names_the_sequence(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """The sequence exists by then, and the caller has to know which it is."""
    problem = {"errors": [{"pointer": "/message", "detail": "no"}]}
    proxy.on("POST", STEPS, answer(400, problem), calls=(2,))
    with pytest.raises(ValidationFailed) as raised:
        await session.sequences.create("Founders", steps=[HELLO, NESTED])
    (sequence_id,) = reply_emulator.state.sequences
    assert any(str(sequence_id) in note for note in raised.value.__notes__)


@pytest.mark.parametrize("calls", [(1,), (2,), (5,)])
async def test_a_lost_step_of_a_branch_is_found(
    session: ReplySession, proxy: FaultProxy, calls: tuple[int, ...]
) -> None:
    """It is looked for among the steps that were not there before; none is made twice."""
    proxy.on("POST", STEPS, apply_and_drop, calls=calls)
    made = await session.sequences.create("Founders", steps=[HELLO, NESTED])
    assert (HELLO, NESTED) == made.without_ids().steps
    assert 5 == len(proxy.sent("POST", STEPS))


@pytest.mark.parametrize("step", [*KINDS, fork()], ids=lambda step: type(step).__name__)
async def test_a_lost_step_of_any_kind_is_found(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator, step: AnyStep
) -> None:
    """What the server has is compared with what was sent, after an equal one before it."""
    before = [HELLO] if isinstance(step, Condition) else [HELLO, step]
    made = await session.sequences.create("Founders", steps=before)
    proxy.on("POST", STEPS, apply_and_drop)
    new = await session.steps.create(made.id, step)
    assert step == new.without_ids()
    steps = reply_emulator.state.sequences[made.id].steps
    assert new.id == steps[-1].id
    assert 1 == len(proxy.sent("POST", STEPS))


async def test_a_step_that_was_not_created_is_not_created_again(
    session: ReplySession, proxy: FaultProxy
) -> None:
    """An equal step from before is not taken for it."""
    made = await session.sequences.create("Founders", steps=[HELLO, Call(message="Ring")])
    proxy.on("POST", STEPS, drop)
    with pytest.raises(OutcomeUnknown):
        await session.steps.create(made.id, Call(message="Ring"))
    assert 1 == len(proxy.sent("POST", STEPS))
    assert 2 == len(await session.steps.list(made.id))
