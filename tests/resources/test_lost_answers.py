"""Writes on one sequence whose answers are lost: read back, repeated at most once."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from attrs import frozen
from fault_proxy import FaultProxy, answer, apply_and_drop, drop
from pinned import missing_lists_are_empty, settings_are_merged

from reply_async import (
    Call,
    Conflict,
    NotFound,
    OutcomeUnknown,
    ReplySession,
    Sequence,
    SequenceSettings,
)
from reply_async.emulator import Emulator

BY_ID = r"^/v3/sequences/\d+$"
LINKS = r"/email-account-links$"

Act = Callable[[ReplySession, int], Awaitable[Any]]


async def ready(session: ReplySession, emulator: Emulator, status: str = "new") -> int:
    """Create a sequence that can be started, and set its status."""
    made = await session.sequences.create("F", steps=[Call(message="R")], email_accounts=[101])
    report = await session.contacts.import_rows([{"email": "a@example.com", "firstName": "A"}])
    assert 1 == report.counts.done
    await session.sequence_contacts.add_many(made.id, list(emulator.state.contacts))
    emulator.state.sequences[made.id].status = status
    return made.id


@frozen
class Change:
    """A change of state: from which status, by which call, and what it looks like after."""

    action: str
    status: str
    act: Act
    is_reached: Callable[[Any], bool]

    @property
    def path(self) -> str:
        """The end of its path."""
        return f"/{self.action}$"


CHANGES = (
    Change(
        "start", "paused", lambda s, id_: s.sequences.start(id_), lambda q: q.status == "active"
    ),
    Change(
        "pause", "active", lambda s, id_: s.sequences.pause(id_), lambda q: q.status == "paused"
    ),
    Change("archive", "paused", lambda s, id_: s.sequences.archive(id_), lambda q: q.is_archived),
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.action)
@pytest.mark.parametrize(("fault", "requests"), [(apply_and_drop, 1), (drop, 2)])
async def test_a_lost_change_of_state_is_read_and_repeated_at_most_once(
    session: ReplySession,
    proxy: FaultProxy,
    reply_emulator: Emulator,
    change: Change,
    fault: Any,
    requests: int,
) -> None:
    """Reached counts as done; else it is sent once more. The sequence is given either way."""
    sequence_id = await ready(session, reply_emulator, change.status)
    proxy.on("POST", change.path, fault, calls=(1,))
    changed = await change.act(session, sequence_id)
    assert isinstance(changed, Sequence)
    assert change.is_reached(changed)
    assert requests == len(proxy.sent("POST", change.path))
    assert change.is_reached(reply_emulator.state.sequences[sequence_id])


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.action)
async def test_a_change_of_state_that_stays_lost_is_unknown(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator, change: Change
) -> None:
    """Two attempts, and then the caller is told."""
    sequence_id = await ready(session, reply_emulator, change.status)
    proxy.on("POST", change.path, drop)
    with pytest.raises(OutcomeUnknown):
        await change.act(session, sequence_id)
    assert 2 == len(proxy.sent("POST", change.path))
    assert not change.is_reached(reply_emulator.state.sequences[sequence_id])


async def test_a_conflict_is_success_where_the_state_is_reached(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """Some servers refuse a pause of what is paused; others mean it."""
    sequence_id = await ready(session, reply_emulator, "paused")
    refusal = answer(409, {"code": "sequenceAction.status", "title": "Conflict"})
    proxy.on("POST", "/(pause|start)$", refusal)
    assert "paused" == (await session.sequences.pause(sequence_id)).status
    with pytest.raises(Conflict):
        await session.sequences.start(sequence_id)


@pytest.mark.parametrize(("fault", "requests"), [(apply_and_drop, 1), (drop, 2)])
async def test_a_lost_delete_ends_with_the_sequence_gone(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator, fault: Any, requests: int
) -> None:
    """Gone is done; else it is sent once more."""
    sequence_id = await ready(session, reply_emulator)
    proxy.on("DELETE", BY_ID, fault, calls=(1,))
    await session.sequences.delete(sequence_id)
    assert requests == len(proxy.sent("DELETE", BY_ID))
    assert not reply_emulator.state.sequences
    with pytest.raises(NotFound):
        await session.sequences.delete(sequence_id)


UPDATES: list[Any] = [
    {"name": "New name"},
    {"schedule_id": 2},
    pytest.param({"settings": SequenceSettings(daily_throttling=7)}, marks=settings_are_merged),
    {"email_accounts": [103, 102]},
    {"linkedin_accounts": [42]},
    {"linkedin_accounts": []},
]


@pytest.mark.parametrize("changes", UPDATES, ids=lambda changes: next(iter(changes)))
async def test_a_lost_update_is_read_and_compared(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator, changes: dict[str, Any]
) -> None:
    """Equal counts as done, in whatever order a server lists accounts."""
    reply_emulator.state.schedules[2] = reply_emulator.state.schedules[1]
    sequence_id = await ready(session, reply_emulator)
    reply_emulator.state.sequences[sequence_id].linkedin_account_ids = [41]

    async def apply(forward: Any) -> None:
        await forward()
        reply_emulator.state.sequences[sequence_id].email_account_ids.sort()

    proxy.on("PATCH", BY_ID, apply, calls=(1,))
    updated = await session.sequences.update(sequence_id, **changes)
    assert sequence_id == updated.id
    assert 1 == len(proxy.sent("PATCH", BY_ID))


@pytest.mark.parametrize("changes", UPDATES[:5], ids=lambda changes: next(iter(changes)))
async def test_an_update_that_cannot_be_seen_is_unknown(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator, changes: dict[str, Any]
) -> None:
    """Another value may be the old one or somebody else's new one: nothing is overwritten."""
    sequence_id = await ready(session, reply_emulator)
    proxy.on("PATCH", BY_ID, drop)
    with pytest.raises(OutcomeUnknown):
        await session.sequences.update(sequence_id, **changes)
    assert 1 == len(proxy.sent("PATCH", BY_ID))


@pytest.mark.parametrize(("fault", "requests"), [(apply_and_drop, 1), (drop, 2)])
async def test_a_lost_assignment_is_read_and_repeated_at_most_once(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator, fault: Any, requests: int
) -> None:
    """The mailbox is among the sequence's in the end, beside those that were."""
    sequence_id = await ready(session, reply_emulator)
    proxy.on("POST", LINKS, fault, calls=(1,))
    await session.senders.assign_email_account(sequence_id, 102)
    assert requests == len(proxy.sent("POST", LINKS))
    linked = await session.senders.email_accounts(sequence_id)
    assert {101, 102} == {account.id for account in linked}


async def test_a_lost_replacement_of_mailboxes_is_compared(
    session: ReplySession, proxy: FaultProxy, reply_emulator: Emulator
) -> None:
    """Exactly the wanted ones are success; others beside them are not."""
    sequence_id = await ready(session, reply_emulator)
    proxy.on("PUT", LINKS, apply_and_drop, calls=(1,))
    await session.senders.replace_email_accounts(sequence_id, [103, 102])
    assert [103, 102] == reply_emulator.state.sequences[sequence_id].email_account_ids
    proxy.on("PUT", LINKS, drop)
    with pytest.raises(OutcomeUnknown):
        await session.senders.replace_email_accounts(sequence_id, [102])
    assert 2 == len(proxy.sent("PUT", LINKS))


@missing_lists_are_empty
async def test_a_missing_sequence_is_not_found(session: ReplySession) -> None:
    """Each call says so in its own way, and all of them raise NotFound."""
    calls: list[Awaitable[Any]] = [
        session.sequences.get(9),
        session.sequences.start(9),
        session.sequences.update(9, name="x"),
        session.sequences.delete(9),
        session.steps.list(9),
        session.sequence_contacts.count(9),
        session.stats.get(9),
    ]
    for call in calls:
        with pytest.raises(NotFound):
            await call
    assert [] == await session.sequence_contacts.list(9).collect()
