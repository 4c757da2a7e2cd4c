"""Arguments that cannot be right raise before anything is sent."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from resources.shapes import JULY, JUNE, STEP

from reply_async import (
    Condition,
    ConditionRule,
    Email,
    EmailVariant,
    InvalidUse,
    Period,
    ReplySession,
    Report,
    Run,
    SequenceSettings,
)
from reply_async.emulator import Emulator
from reply_async.models.steps import StepCondition

Act = Callable[[ReplySession], Awaitable[Any]]
NAIVE = datetime(2026, 6, 1)  # noqa: DTZ001 - that is the fault
DISABLED = Email(variants=[EmailVariant(is_enabled=False)])
TWO = (STEP, STEP)
PART = SequenceSettings(daily_throttling=1)
FORK = Condition(
    wait_in_minutes=1,
    conditions=[StepCondition(property="email", rules=[ConditionRule(operator="isSet")])],
)

WITH_AN_ID: dict[str, Callable[[ReplySession, Any], Awaitable[Any]]] = {
    "get": lambda s, id_: s.sequences.get(id_),
    "update": lambda s, id_: s.sequences.update(id_, name="x"),
    "delete": lambda s, id_: s.sequences.delete(id_),
    "start": lambda s, id_: s.sequences.start(id_),
    "start counted": lambda s, id_: s.sequences.start(id_, expect_contacts=1),
    "pause": lambda s, id_: s.sequences.pause(id_),
    "archive": lambda s, id_: s.sequences.archive(id_),
    "steps": lambda s, id_: s.steps.list(id_),
    "new step": lambda s, id_: s.steps.create(id_, STEP),
    "mailboxes": lambda s, id_: s.senders.email_accounts(id_),
    "assign": lambda s, id_: s.senders.assign_email_account(id_, 1),
    "replace": lambda s, id_: s.senders.replace_email_accounts(id_, [1]),
    "members": lambda s, id_: s.sequence_contacts.list(id_).collect(),
    "count": lambda s, id_: s.sequence_contacts.count(id_),
    "add": lambda s, id_: s.sequence_contacts.add_many(id_, [1]).__aenter__(),
    "import": lambda s, id_: s.sequence_contacts.import_rows(id_, []).__aenter__(),
    "stats": lambda s, id_: s.stats.get(id_),
    "mails": lambda s, id_: s.stats.emails(id_),
}
NO_IDS = [0, -1, True, None, 1.0, "", "x", "-1", "1/../2", "٣", 2**31, b"1"]


async def to_end(run: Run) -> Report:
    """Await a run, as a coroutine."""
    return await run


WRONG: list[tuple[str, Act]] = [
    ("name", lambda s: s.sequences.create(" ", steps=[STEP])),
    ("name", lambda s: s.sequences.update(1, name="")),
    ("steps", lambda s: s.sequences.create("x", steps=[])),
    ("steps", lambda s: s.sequences.create("x", steps=[FORK, STEP])),
    ("is_enabled", lambda s: s.sequences.create("x", steps=[DISABLED])),
    ("settings", lambda s: s.sequences.create("x", steps=[STEP], settings=PART)),
    ("schedule_id", lambda s: s.sequences.create("x", steps=[STEP], schedule_id=0)),
    ("schedule_id", lambda s: s.sequences.update(1, schedule_id=True)),
    ("email_accounts[1]", lambda s: s.sequences.create("x", steps=[STEP], email_accounts=[1, -1])),
    ("linkedin_accounts[0]", lambda s: s.sequences.create("x", steps=TWO, linkedin_accounts=[0])),
    ("email_accounts[0]", lambda s: s.sequences.update(1, email_accounts=[2**63])),
    ("linkedin_accounts[0]", lambda s: s.sequences.update(1, linkedin_accounts=[0])),
    ("update", lambda s: s.sequences.update(1)),
    ("folder_id", lambda s: s.sequences.list(folder_id="no-uuid").collect()),
    ("owner_user_id", lambda s: s.sequences.list(owner_user_id=-1).collect()),
    ("created_after", lambda s: s.sequences.list(created_after=NAIVE).collect()),
    ("sort_direction", lambda s: s.sequences.list(sort_direction="asc").collect()),
    ("sort_direction", lambda s: s.sequence_contacts.list(1, sort_direction="asc").collect()),
    ("size", lambda s: anext(s.sequences.list().pages(size=0))),
    ("limit", lambda s: s.email_accounts.list().collect(limit=0)),
    ("ids[1]", lambda s: s.sequences.start_many(cast("Any", ["1", "x"]))),
    ("ids[0]", lambda s: s.sequences.pause_many([True])),
    ("ids[2]", lambda s: s.sequences.archive_many(iter([1, 2, 0]))),
    ("ids[0]", lambda s: s.stats.collect([-5])),
    ("email_account_id", lambda s: s.senders.assign_email_account(1, 2**63)),
    ("email_account_ids[1]", lambda s: s.senders.replace_email_accounts(1, cast("Any", [1, None]))),
    ("email_account_ids", lambda s: s.senders.replace_email_accounts(1, range(1, 102))),
    ("start_step_id", lambda s: s.sequence_contacts.add_many(1, [], start_step_id=0).__aenter__()),
    ("start_step_id", lambda s: to_end(s.sequence_contacts.import_rows(1, [], start_step_id=-1))),
    ("start", lambda s: s.stats.get(1, Period.between(NAIVE, JULY))),
    ("end", lambda s: s.stats.get(1, Period.between(JUNE, NAIVE))),
    ("end", lambda s: s.stats.get(1, Period.between(JULY, JUNE))),
    ("end", lambda s: s.stats.get(1, Period.between(JUNE, JUNE))),
    ("period", lambda s: s.stats.overview(Period.ALL_TIME)),
    ("period", lambda s: s.stats.overview(Period.LAST_YEAR)),
    ("period", lambda s: s.stats.overview(Period.between(JUNE, JULY + timedelta(days=1, hours=1)))),
]  # fmt: skip


async def raised_by(
    act: Callable[[], Awaitable[Any]], session: ReplySession, emulator: Emulator
) -> str:
    """Return the argument that InvalidUse names; nothing may have been sent."""
    with pytest.raises(InvalidUse) as raised:
        await act()
    assert 0 == len(emulator.requests) == session.requests_sent
    return raised.value.argument


@pytest.mark.parametrize("value", NO_IDS, ids=repr)
@pytest.mark.parametrize("name", WITH_AN_ID)
async def test_what_is_no_id_never_becomes_a_path(
    reply_session: ReplySession, reply_emulator: Emulator, name: str, value: Any
) -> None:
    """Numbers from 1 to 2**31 - 1 and their digits are ids, and nothing else is."""
    act = WITH_AN_ID[name]
    named = await raised_by(lambda: act(reply_session, value), reply_session, reply_emulator)
    assert "sequence_id" == named


OF_ANOTHER_KIND: list[tuple[str, Act]] = [
    ("ids", lambda s: s.sequences.start_many(5)),  # type: ignore[arg-type]  # on purpose, all of these
    ("ids", lambda s: s.sequences.start_many("12")),  # type: ignore[arg-type]
    ("email_accounts", lambda s: s.sequences.create("x", steps=[STEP], email_accounts=5)),  # type: ignore[arg-type]
    ("steps", lambda s: s.sequences.create("x", steps=5)),  # type: ignore[arg-type]
    ("steps", lambda s: s.sequences.create("x", steps="abc")),  # type: ignore[arg-type]
    ("steps[0]", lambda s: s.sequences.create("x", steps=[{"type": "email"}])),  # type: ignore[list-item]
    ("steps[0].variants[0]", lambda s: s.sequences.create("x", steps=[Email(variants=["x"])])),
    ("settings", lambda s: s.sequences.create("x", steps=[STEP], settings={})),  # type: ignore[arg-type]
    ("settings", lambda s: s.sequences.update(1, settings=None)),  # type: ignore[arg-type]
    ("is_archived", lambda s: s.sequences.list(is_archived="x").collect()),  # type: ignore[arg-type]
    ("created_after", lambda s: s.sequences.list(created_after="2024").collect()),  # type: ignore[arg-type]
    ("period", lambda s: s.stats.get(1, "lastWeek")),  # type: ignore[arg-type]
    ("period", lambda s: s.stats.overview("bogus")),  # type: ignore[arg-type]
    ("period", lambda s: s.stats.get(1, Period("bogus"))),
    ("method", lambda s: s.request("FOO", "/v3/whoami")),
]


@pytest.mark.parametrize(("argument", "act"), OF_ANOTHER_KIND)
async def test_an_argument_of_another_kind_is_named(
    reply_session: ReplySession, reply_emulator: Emulator, argument: str, act: Act
) -> None:
    """What no type checker lets through is told by its name as well, and never sent."""

    async def call(session: ReplySession) -> Any:
        return await act(session)

    named = await raised_by(lambda: call(reply_session), reply_session, reply_emulator)
    assert argument == named


@pytest.mark.parametrize(("argument", "act"), WRONG)
async def test_a_wrong_argument_is_named(
    reply_session: ReplySession, reply_emulator: Emulator, argument: str, act: Act
) -> None:
    """InvalidUse says which, in the caller's words."""
    assert argument == await raised_by(lambda: act(reply_session), reply_session, reply_emulator)


async def test_31_days_are_a_period_for_an_overview(reply_session: ReplySession) -> None:
    """The limit itself is within."""
    now = datetime.now(UTC)
    period = Period.between(now - timedelta(days=31), now)
    assert () == await reply_session.stats.overview(period)


async def test_start_expects_as_many_contacts_as_there_are(
    reply_session: ReplySession, reply_emulator: Emulator
) -> None:
    """Another number raises, and nothing is started."""
    made = await reply_session.sequences.create("x", steps=[STEP])
    with pytest.raises(InvalidUse, match="0 contacts are enrolled, not 5"):
        await reply_session.sequences.start(made.id, expect_contacts=5)
    with pytest.raises(InvalidUse, match="expect_contacts"):
        await reply_session.sequences.start_many([made.id, made.id], expect_contacts=5)
    assert "new" == reply_emulator.state.sequences[made.id].status
