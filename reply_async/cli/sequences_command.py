"""``sequences``: see them, start, pause and archive them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from reply_async import BulkOutcome
from reply_async.cli.connection import BudgetStore, session_from_env
from reply_async.cli.console import show_table
from reply_async.cli.errors import BadInput, ExitCode

if TYPE_CHECKING:
    from reply_async import AnyStep, Sequence, SequenceListItem

app = App(name="sequences", help="List, show, start, pause or archive sequences.")

Id = Annotated[int, Parameter(help="Ids of sequences.")]
BaseUrl = Annotated[
    str | None,
    Parameter(name="--base-url", help="Address of the API, instead of REPLY_BASE_URL."),
]


@app.command(name="list")
def list_all(
    *, limit: int | None = None, base_url: BaseUrl = None, budget_store: BudgetStore = None
) -> int:
    """List the sequences of the workspace.

    Args:
        limit: At most so many, all of them if not given.
    """

    async def collect() -> list[tuple[object, ...]]:
        async with session_from_env(base_url, budget_store) as session:
            items = await session.sequences.list().collect(limit=limit)
        return [(str(item.id), item.name, item.status, _health(item)) for item in items]

    rows = asyncio.run(collect())
    show_table("Sequences", ("id", "name", "status", "health"), rows)
    return ExitCode.DONE


@app.command
def show(sequence_id: int, /, *, base_url: BaseUrl = None, budget_store: BudgetStore = None) -> int:
    """Show one sequence with its steps.

    Args:
        sequence_id: Id of the sequence.
    """

    async def get() -> Sequence:
        async with session_from_env(base_url, budget_store) as session:
            return await session.sequences.get(sequence_id)

    sequence = asyncio.run(get())
    mailboxes = ", ".join(account.email for account in sequence.email_accounts)
    facts = [
        ("name", sequence.name),
        ("status", sequence.status),
        ("health", _health(sequence)),
        ("mailboxes", mailboxes or None),
    ]
    show_table(f"Sequence {sequence.id}", ("what", "value"), facts)
    show_table(
        "Steps",
        ("id", "kind", "under", "wordings", "delay in minutes"),
        [
            (str(step.id), _kind(step), _parent(step), _wordings(step), step.delay_in_minutes)
            for step in sequence.steps
        ],
        numbers=2,
    )
    return ExitCode.DONE


@app.command
def start(*ids: Id, base_url: BaseUrl = None, budget_store: BudgetStore = None) -> int:
    """Start sequences: from now on they send."""
    return asyncio.run(_act("start", ids, base_url, budget_store))


@app.command
def pause(*ids: Id, base_url: BaseUrl = None, budget_store: BudgetStore = None) -> int:
    """Pause sequences: nothing is sent until they are started again."""
    return asyncio.run(_act("pause", ids, base_url, budget_store))


@app.command
def archive(*ids: Id, base_url: BaseUrl = None, budget_store: BudgetStore = None) -> int:
    """Archive sequences: they stop, and leave the usual lists."""
    return asyncio.run(_act("archive", ids, base_url, budget_store))


async def _act(
    verb: str, ids: tuple[int, ...], base_url: str | None, budget_store: str | None
) -> int:
    """Do one thing to each sequence; a single one fails with the error of its own call."""
    if not ids:
        raise BadInput(f"sequences {verb}: name at least one sequence by its id")
    async with session_from_env(base_url, budget_store) as session:
        if len(ids) == 1:
            await getattr(session.sequences, verb)(*ids)
            outcome: BulkOutcome[int, Any] = BulkOutcome(done={ids[0]: None})
        else:
            outcome = await getattr(session.sequences, f"{verb}_many")(ids)
    show_table(f"Sequences: {verb}", ("id", "outcome", "why"), _verdicts(outcome))
    if outcome.unknown:
        return ExitCode.UNKNOWN_ROWS
    return ExitCode.REFUSED_ROWS if outcome.refused else ExitCode.DONE


def _verdicts(outcome: BulkOutcome[int, Any]) -> Iterator[tuple[str, str, str]]:
    for sequence_id in outcome.done:
        yield str(sequence_id), "done", ""
    for sequence_id, refusal in outcome.refused.items():
        yield str(sequence_id), "refused", f"{refusal.code} {refusal.detail}".strip()
    for sequence_id, evidence in outcome.unknown.items():
        yield str(sequence_id), "unknown", evidence


def _health(item: SequenceListItem) -> str | None:
    return "archived" if item.is_archived else item.health


def _kind(step: AnyStep) -> str:
    """Name a step as the contract does, with what it does where the type is not enough."""
    action = getattr(step, "action_type", None)
    return f"{step.type} {action}" if action else step.type


def _parent(step: AnyStep) -> str | None:
    return None if step.parent_id is None else str(step.parent_id)


def _wordings(step: AnyStep) -> int | None:
    variants = getattr(step, "variants", ())
    return len(variants) or None
