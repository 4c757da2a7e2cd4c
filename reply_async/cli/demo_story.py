"""The sequence of the demo: what is built, and what happens to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from reply_async import (
    CONTACT_MEMBERS,
    Call,
    Email,
    EmailVariant,
    LinkedInConnect,
    LinkedInVariant,
    Period,
    Sequence,
    SequenceEmailStats,
    SequenceStats,
)
from reply_async.cli.csv_input import CsvOptions, open_table
from reply_async.cli.demo_data import COLUMN_MAP
from reply_async.cli.row_import import ImportEnd, import_table

if TYPE_CHECKING:
    from reply_async import ReplySession
    from reply_async.cli.demo_emulator import LocalEmulator

MINUTES_OF_DAY = 1_440
DAYS_OF_OUTREACH = "5d"


@frozen(kw_only=True)
class DemoEnd:
    """Everything that the demo has to tell."""

    imported: ImportEnd
    answers_429: int
    requests_sent: int
    stats: SequenceStats | None = None
    emails: SequenceEmailStats | None = None


async def tell(
    session: ReplySession,
    emulator: LocalEmulator,
    sample: Path,
    *,
    narrate: Callable[[str], None],
    is_progress_wanted: bool,
) -> DemoEnd:
    """Build a sequence, import the sample, let it run for days, and read what came of it."""
    sequence = await _build(session)
    narrate(f"Sequence {sequence.id} has {len(sequence.steps)} steps and a mailbox.")
    with open_table(str(sample), CsvOptions(column_map=COLUMN_MAP), CONTACT_MEMBERS) as table:
        narrate(f"The sample has {table.survey.rows:,} rows; 100 requests a minute are allowed.")
        imported = await import_table(
            session, sequence.id, table, rejects=None, is_progress_wanted=is_progress_wanted
        )
    stats = emails = None
    if imported.stopped is None and not imported.is_interrupted:
        await session.sequences.start(sequence.id)
        narrate("The sequence runs; five days of outreach pass on the emulator's clock.")
        await asyncio.to_thread(emulator.move_clock, DAYS_OF_OUTREACH)
        stats = await session.stats.get(sequence.id, Period.ALL_TIME)
        emails = await session.stats.emails(sequence.id, Period.ALL_TIME)
    return DemoEnd(
        imported=imported,
        answers_429=await asyncio.to_thread(emulator.answers_429),
        requests_sent=session.requests_sent,
        stats=stats,
        emails=emails,
    )


async def _build(session: ReplySession) -> Sequence:
    profile, *_ = await session.linkedin_accounts.list()
    sequence = await session.sequences.create(
        "Demo: founders, third quarter",
        steps=[
            Email(
                variants=[
                    EmailVariant(
                        subject="A question about {{company}}",
                        message="<p>Hello {{firstName}}, how do you find your customers?</p>",
                    ),
                    EmailVariant(
                        subject="{{firstName}}, ten minutes?",
                        message="<p>Hello {{firstName}}, may I show you something?</p>",
                    ),
                ]
            ),
            LinkedInConnect(
                delay_in_minutes=MINUTES_OF_DAY,
                variants=[LinkedInVariant(message="Hello {{firstName}}, let us stay in touch.")],
            ),
            Call(delay_in_minutes=MINUTES_OF_DAY, message="Ask whether the e-mail arrived."),
        ],
        linkedin_accounts=[profile.id],
    )
    mailboxes = await session.email_accounts.list().collect(limit=1)
    await session.senders.assign_email_account(sequence.id, mailboxes[0].id)
    return sequence
