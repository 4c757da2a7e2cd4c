"""The write was applied and its answer lost, and perhaps it does not show yet either.

One call of each class of `reliability.md` 2 and more, on a session that talks to the
emulator itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen

from reply_async import (
    Call,
    Email,
    EmailVariant,
    OutcomeUnknown,
    ReplySession,
)
from reply_async.emulator import Emulator

if TYPE_CHECKING:
    from reply_async.emulator.armed_faults import ArmedFault, Faults, Rule

pytestmark = pytest.mark.usefixtures("reply_clock")

SEQUENCE = "/v3/sequences/{id}"
ENROL = f"{SEQUENCE}/contact-links/bulk"
PEOPLE = [{"email": f"p{number}@example.com", "firstName": "P"} for number in range(5)]
EMAIL = Email(delay_in_minutes=0, variants=(EmailVariant(subject="Hello", message="<p>Hello"),))


@frozen
class World:
    """A sequence with a step and a mailbox, and people, two of them in it."""

    session: ReplySession
    emulator: Emulator
    id: int
    contacts: list[int]

    @property
    def sequence(self) -> Any:
        """The sequence as the emulator has it."""
        return self.emulator.state.sequences[self.id]


@pytest.fixture
async def world(reply_session: ReplySession, reply_emulator: Emulator) -> World:
    """Build the world; its requests are forgotten."""
    made = await reply_session.sequences.create("Founders", steps=[EMAIL], email_accounts=[101])
    await reply_session.contacts.import_rows(PEOPLE)
    contacts = list(reply_emulator.state.contacts)
    await reply_session.sequence_contacts.add_many(made.id, contacts[:2])
    reply_emulator.requests.clear()
    return World(reply_session, reply_emulator, made.id, contacts)


@frozen
class Write:
    """A call, the route of its write, and what its single effect looks like after it.

    While reads lag behind, what cannot be told is unknown: a create that is not found, a
    value that is another, a refusal that may be the echo of the first try.
    """

    route: str
    act: Callable[[World], Awaitable[Any]]
    effect: Callable[[World], object]
    after: object
    method: str = "POST"
    writes: int = 1
    is_unknown_while_hidden: bool = False

    @property
    def name(self) -> str:
        """The write in the id of a test."""
        return f"{self.method} {self.route.removeprefix('/v3/')}"


async def _import(world: World) -> None:
    report = await world.session.contacts.import_rows([*PEOPLE, {**PEOPLE[0], "email": "n@e.com"}])
    assert 6 == report.counts.done


async def _enrol(world: World) -> None:
    report = await world.session.sequence_contacts.add_many(world.id, world.contacts)
    assert (3, 2) == (report.counts.enrolled, report.counts.already_in)


async def _import_and_enrol(world: World) -> None:
    report = await world.session.sequence_contacts.import_rows(world.id, PEOPLE)
    assert 0 == len(report.unknown)


async def _start_many(world: World) -> None:
    outcome = await world.session.sequences.start_many([world.id])
    assert {world.id} == set(outcome.done)


async def _delete_many(world: World) -> None:
    outcome = await world.session.sequences.delete_many([world.id])
    assert {world.id} == set(outcome.done)


WRITES = (
    Write("/v3/contacts/import", _import, lambda w: len(w.emulator.state.contacts), 6, writes=2),
    Write(ENROL, _enrol, lambda w: sorted(w.sequence.members) == w.contacts, after=True),
    Write(ENROL, _import_and_enrol, lambda w: len(w.sequence.members), 5),
    Write(
        "/v3/sequences",
        lambda w: w.session.sequences.create("New", steps=[EMAIL], email_accounts=[101]),
        lambda w: [entry.name for entry in w.emulator.state.sequences.values()],
        ["Founders", "New"],
        is_unknown_while_hidden=True,
    ),
    Write(
        f"{SEQUENCE}/steps",
        lambda w: w.session.steps.create(w.id, Call(message="Ring", delay_in_minutes=5)),
        lambda w: len(w.sequence.steps),
        2,
        is_unknown_while_hidden=True,
    ),
    Write(
        f"{SEQUENCE}/steps/{{step_id}}/variants",
        lambda w: w.session.variants.create(
            w.id, w.sequence.steps[0].id, EmailVariant(subject="B", message="b")
        ),
        lambda w: len(w.sequence.steps[0].variants),
        2,
        is_unknown_while_hidden=True,
    ),
    Write(
        "/v3/sequence-folders",
        lambda w: w.session.folders.create("Q3"),
        lambda w: len(w.emulator.state.sequence_folders),
        1,
        is_unknown_while_hidden=True,
    ),
    Write(
        f"{SEQUENCE}/start",
        lambda w: w.session.sequences.start(w.id),
        lambda w: w.sequence.status,
        "active",
    ),
    Write("/v3/sequences/start", _start_many, lambda w: w.sequence.status, "active"),
    Write(
        f"{SEQUENCE}/archive",
        lambda w: w.session.sequences.archive(w.id),
        lambda w: w.sequence.is_archived,
        after=True,
        is_unknown_while_hidden=True,
    ),
    Write(
        SEQUENCE,
        lambda w: w.session.sequences.update(w.id, name="Other"),
        lambda w: w.sequence.name,
        "Other",
        method="PATCH",
        is_unknown_while_hidden=True,
    ),
    Write(
        SEQUENCE,
        lambda w: w.session.sequences.delete(w.id),
        lambda w: len(w.emulator.state.sequences),
        0,
        method="DELETE",
    ),
    Write("/v3/sequences/bulk-delete", _delete_many, lambda w: len(w.emulator.state.sequences), 0),
    Write(
        f"{SEQUENCE}/contact-links/{{contact_id}}",
        lambda w: w.session.sequence_contacts.remove(w.id, w.contacts[0]),
        lambda w: len(w.sequence.members),
        1,
        method="DELETE",
    ),
)

LOSSES: dict[str, Callable[[Rule], ArmedFault]] = {
    "reset": lambda rule: rule.after_apply(reset=True),
    "close": lambda rule: rule.after_apply(close=True),
    "half an answer": lambda rule: rule.mid_answer(close=True),
    "502": lambda rule: rule.after_apply(status=502),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.name)
async def test_what_was_applied_is_not_applied_again(
    world: World, reply_faults: Faults, write: Write, loss: str
) -> None:
    """The call ends as if nothing had happened, and the effect is there once."""
    armed = LOSSES[loss](reply_faults.on(write.method, write.route).nth(1))
    await write.act(world)
    assert 1 == armed.fired
    assert write.after == write.effect(world)
    assert write.writes == world.emulator.requests.count(write.method, write.route)
    world.emulator.ledger.assert_one_effect_each()


IN_DOUBT = [write for write in WRITES if write.writes == 1]


@pytest.mark.parametrize("write", IN_DOUBT, ids=lambda write: write.name)
async def test_what_does_not_show_yet_is_not_done_twice(
    world: World, reply_faults: Faults, write: Write
) -> None:
    """Reads that lag 3 s behind cost a repeat or certainty, and never a second effect."""
    rule = reply_faults.on(write.method, write.route).nth(1)
    rule.after_apply(delayed_visibility=3)
    rule.after_apply(reset=True)
    with pytest.raises(OutcomeUnknown) if write.is_unknown_while_hidden else nullcontext():
        await write.act(world)
    assert write.after == write.effect(world)
    world.emulator.ledger.assert_one_effect_each()


async def test_what_stays_hidden_is_unknown(world: World, reply_faults: Faults) -> None:
    """Absence is no proof for a create: it is not sent again, and the caller is told."""
    rule = reply_faults.on("POST", "/v3/sequences")
    rule.after_apply(delayed_visibility=3600)
    rule.after_apply(reset=True)
    with pytest.raises(OutcomeUnknown):
        await world.session.sequences.create("New", steps=[EMAIL])
    assert 1 == world.emulator.requests.count("POST", "/v3/sequences")
    assert 2 == len(world.emulator.state.sequences)
    (logged,) = [entry for entry in world.emulator.requests if entry.fault]
    assert "after_apply reset + after_apply delayed_visibility" == logged.fault


async def test_half_a_chunk_was_applied(world: World, reply_faults: Faults) -> None:
    """The read-back finds the two that were enrolled, and only the third is sent again."""
    reply_faults.on("POST", ENROL).nth(1).after_items(2, reset=True)
    report = await world.session.sequence_contacts.add_many(world.id, world.contacts)
    assert (3, 2) == (report.counts.enrolled, report.counts.already_in)
    assert world.contacts == sorted(world.sequence.members)
    enrolments = world.emulator.ledger.enrolments(world.id)
    by_request = Counter(number for contact in world.contacts[2:] for number in enrolments[contact])
    assert [2, 1] == list(by_request.values())
    world.emulator.ledger.assert_one_effect_each()
