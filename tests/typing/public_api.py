"""What a user's type checker makes of the public names; checked, never run."""

from collections.abc import AsyncIterator
from typing import assert_type

from reply_async import (
    AnyStep,
    BulkOutcome,
    Email,
    EmailVariant,
    Limiter,
    LinkedInConnect,
    LinkedInVariant,
    Pager,
    Period,
    Progress,
    Refusal,
    ReplySession,
    Report,
    Sequence,
    SequenceDraft,
    SequenceListItem,
    SequenceStats,
    SequenceStatus,
    SettledRow,
    UnknownStep,
    WhoAmI,
)


async def rows() -> AsyncIterator[dict[str, str]]:
    """Yield rows as a source outside would."""
    yield {"firstName": "Ada", "email": "ada@example.com"}


async def single_calls(session: ReplySession) -> None:
    """Awaited calls give what they say."""
    assert_type(await session.whoami(), WhoAmI)
    assert_type(session.sequences.list(status=SequenceStatus.ACTIVE), Pager[SequenceListItem])
    async for brief in session.sequences.list():
        assert_type(brief, SequenceListItem)
    assert_type(await session.sequences.list().collect(limit=5), list[SequenceListItem])
    made = await session.sequences.create(
        "Founders",
        steps=[
            Email(variants=[EmailVariant(subject="Hello", message="<p>Hi</p>")]),
            LinkedInConnect(variants=[LinkedInVariant(message="Hi")]),
        ],
    )
    assert_type(made, Sequence)
    assert_type(made.without_ids(), SequenceDraft)
    assert_type(made.steps, tuple[AnyStep, ...])


def kinds(step: AnyStep) -> str:
    """Tell steps apart by their class."""
    match step:
        case Email(variants=variants):
            return assert_type(variants, tuple[EmailVariant, ...])[0].subject or ""
        case UnknownStep(type=kind):
            return kind
        case _:
            return ""


async def many(session: ReplySession) -> None:
    """Bulk calls and runs tell of each item under the caller's key."""
    stats = await session.stats.collect([1, 2], Period.LAST_WEEK)
    assert_type(stats, BulkOutcome[int, SequenceStats])
    assert_type(await session.sequences.start_many([1, 2]), BulkOutcome[int, None])
    async with session.sequence_contacts.import_rows(1, rows(), total=1) as run:
        async for chunk in run:
            assert_type(chunk, BulkOutcome[int, SettledRow])
            for refusal in chunk.refused.values():
                assert_type(refusal, Refusal)
        assert_type(run.progress, Progress)
    assert_type(await session.sequence_contacts.add_many(1, [1, 2]), Report)


def sharing(limiter: Limiter) -> ReplySession:
    """Hand a budget over."""
    return ReplySession("key", limiter=limiter, max_wait=10)
