"""``stats``: what became of the messages of one sequence."""

import asyncio
from typing import Annotated, Literal

from cyclopts import Parameter

import reply_async
from reply_async.cli.connection import BudgetStore, session_from_env
from reply_async.cli.errors import ExitCode
from reply_async.cli.stats_tables import show_stats

PERIODS = {"week": "LAST_WEEK", "month": "LAST_MONTH", "year": "LAST_YEAR", "all": "ALL_TIME"}


def run(
    sequence_id: int,
    /,
    *,
    period: Annotated[
        Literal["week", "month", "year", "all"], Parameter(show_default=True)
    ] = "all",
    base_url: str | None = None,
    budget_store: BudgetStore = None,
) -> int:
    """Show the statistics of a sequence, of its e-mail steps and of their variants.

    Args:
        sequence_id: Id of the sequence.
        period: The last week, month or year, or all time.
        base_url: Address of the API, instead of REPLY_BASE_URL.
    """
    asyncio.run(_show(sequence_id, period, base_url, budget_store))
    return ExitCode.DONE


async def _show(
    sequence_id: int, period: str, base_url: str | None, budget_store: str | None
) -> None:
    async with session_from_env(base_url, budget_store) as session:
        span = getattr(reply_async.Period, PERIODS[period])
        stats = await session.stats.get(sequence_id, span)
        emails = await session.stats.emails(sequence_id, span)
    show_stats(stats, emails)
