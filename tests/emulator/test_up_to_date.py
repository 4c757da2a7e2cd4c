"""Whoever looks sees what the clock has brought until then, also if nobody asked before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import MONDAY

from reply_async.emulator import BudgetRules, Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.client import Api

HOUR = 3600
SENT = "message_sent"


@pytest.fixture
async def sequence_id(api: Api, emulator: Emulator) -> int:
    """Give a sequence that wrote to three people an hour ago, while nobody looked."""
    made = await api.sequence()
    await api.enrol(made["id"], await api.contacts(3))
    await api.ok("POST", f"/v3/sequences/{made['id']}/start")
    emulator.clock.set(MONDAY + HOUR)  # as time itself would do
    return int(made["id"])


async def test_tools_see_what_is_due(api: Api, sequence_id: int) -> None:
    """The first look is enough, whatever it is for."""
    assert 3 == (await api.control("GET", "state"))["messages"]
    shown = await api.control("GET", f"state?sequence={sequence_id}")
    assert [3] == [step["messages"] for step in shown["steps"]]


async def test_tools_see_due_effects(api: Api, sequence_id: int) -> None:
    """So does the ledger, before any other look."""
    shown = await api.control("GET", f"ledger?sequence={sequence_id}")
    assert 3 == shown["counts"][SENT] == sum(shown["messages"].values())


async def test_checks_judge_what_is_due(api: Api, emulator: Emulator, sequence_id: int) -> None:
    """A check by a tool fails if what makes it fail has just fallen due."""
    (member, *_) = emulator.state.sequences[sequence_id].members
    await api.ok("DELETE", f"/v3/sequences/{sequence_id}/contact-links/{member}")
    await api.enrol(sequence_id, [member])
    emulator.clock.set(MONDAY + 25 * HOUR)
    checked = await api.control("GET", "ledger?check=no_message_twice")
    assert 1 == checked["checks"]["no_message_twice"]["failures"]


@pytest.mark.parametrize(
    "messages",
    [
        lambda emulator: emulator.ledger.counts[SENT],
        lambda emulator: len(emulator.ledger.messages),
        lambda emulator: sum(
            step.done for entry in emulator.state.sequences.values() for step in entry.steps
        ),
    ],
    ids=["counts", "messages", "state"],
)
@pytest.mark.usefixtures("sequence_id")
def test_code_sees_what_is_due(emulator: Emulator, messages: Callable[[Emulator], int]) -> None:
    """In the emulator's own process, too."""
    assert 3 == messages(emulator)


async def test_the_budget_is_read_with_what_the_competitor_spent() -> None:
    """The one who spends unseen has done so since the start, by the time one looks."""
    rules = BudgetRules(competitor=0.5, rhythm="even")
    async with Emulator(budget=rules, started_at=MONDAY, clock="held") as emulator:
        emulator.clock.set(MONDAY + HOUR)
        assert 1490 <= emulator.budget.competitor.granted <= 1510
