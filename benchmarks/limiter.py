"""The limiter against servers of every kind, on the virtual clock, beside plain buckets.

Each row is one load; its figures are the worst of several servers: the four kinds of
windows, at several phases and seeds. 429s are summed up.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence

from aiolimiter import AsyncLimiter
from attrs import asdict, define, evolve, frozen
from simulated_load import HOUR, Engine, Leave, Load, Ours, Result, simulate

from benchmarks.limiter_costs import Costs, costs
from reply_async.emulator.budget import BudgetRules
from reply_async.emulator.windows import KINDS
from reply_async.transport.limiter import Limiter

# The most that any client can have answered by then: a hundred at once, then a hundred a
# minute, three thousand an hour.
BEST = {600.0: 1000, HOUR: 3000, 3 * HOUR: 9000}


class _Free:
    """A leave that nobody wants back."""

    def settle(self, *, is_accepted: bool = True) -> None:
        """Do nothing."""


@define
class Buckets:
    """Plain buckets of aiolimiter; each task obeys its own Retry-After."""

    buckets: Sequence[AsyncLimiter]

    async def acquire(self) -> Leave:
        """Take a token of each."""
        for bucket in self.buckets:
            await bucket.acquire()
        return _Free()

    def refused(self, retry_after: float) -> float:
        """Let the task wait."""
        return retry_after

    def observed(self, window: str, remaining: int) -> None:
        """Do nothing."""


def _ours() -> Engine:
    return Ours(Limiter())


def _plain() -> Engine:
    return Buckets([AsyncLimiter(100, 60)])


def _burst_of_one() -> Engine:
    return Buckets([AsyncLimiter(1, 0.6), AsyncLimiter(1, 1.2)])


RULES = BudgetRules(stats=None)
LOAD = Load(rules=RULES)
CASES: dict[str, tuple[Callable[[], Engine], Load]] = {
    "ours, 20 to 200 ms": (_ours, LOAD),
    "20 to 2,000 ms": (_ours, evolve(LOAD, delays=(0.02, 2.0))),
    "2 % hang 1 to 5 s": (_ours, evolve(LOAD, hanging=0.02)),
    "4 sessions": (_ours, evolve(LOAD, sessions=4)),
    "16 sessions": (_ours, evolve(LOAD, sessions=16)),
    "random batches": (_ours, evolve(LOAD, is_batched=True)),
    "refused ones count": (_ours, evolve(LOAD, rules=evolve(RULES, counts_refused=True))),
    "whole-second clock": (_ours, evolve(LOAD, rules=evolve(RULES, whole_seconds=True))),
    "competitor 40 %": (_ours, evolve(LOAD, rules=evolve(RULES, competitor=0.4))),
    "the same, with headers": (
        _ours,
        evolve(LOAD, rules=evolve(RULES, competitor=0.4), has_headers=True),
    ),
    "aiolimiter (100, 60)": (_plain, LOAD),
    "aiolimiter, burst 1": (_burst_of_one, LOAD),
}


@frozen(kw_only=True)
class Row:
    """One load: the least answered by a time, the most minutes, all 429s and requests.

    ``minutes_for_1100`` is None if there were not so many in the time given.
    ``of_best`` is by seconds; with a competitor, of what it leaves. ``others`` is the
    least part of its requests that it got.
    """

    name: str
    answered: dict[float, int]
    of_best: dict[float, float]
    minutes_for_1100: float | None
    refused: int
    refused_part: float
    others: float | None


def limiter(hours: float, *, is_quick: bool, is_json: bool = False) -> str:
    """Measure all and return a table, or the figures as JSON."""
    rows = [measure(name, hours, is_quick=is_quick) for name in CASES]
    measured = costs()
    if is_json:
        figures = {"rows": [asdict(row) for row in rows], "costs": asdict(measured)}
        return json.dumps(figures, indent=1, allow_nan=False)
    return f"{_table(rows, hours)}\n\n{_costs_table(measured)}"


def measure(name: str, hours: float, *, is_quick: bool) -> Row:
    """Run one load against several servers."""
    make, load = CASES[name]
    load = evolve(load, hours=hours)
    results = [simulate(each, make) for each in servers(load, is_quick=is_quick)]
    times = [time for time in BEST if time <= hours * HOUR]
    minutes = max(result.minutes(1100) for result in results)
    answered = {time: min(result.within(time) for result in results) for time in times}
    refused, sent = (
        sum(result.refused for result in results),
        sum(result.refused + len(result.times) for result in results),
    )
    asked = [result for result in results if result.others_asked]
    return Row(
        name=name,
        answered=answered,
        of_best={
            time: 1.0 * answered[time] / (BEST[time] - _left_to_others(load, time))
            for time in times
            if not load.is_batched
        },
        minutes_for_1100=minutes if minutes < math.inf else None,
        refused=refused,
        refused_part=refused / sent,
        others=min((_part_of_others(result) for result in asked), default=None),
    )


def servers(load: Load, *, is_quick: bool) -> Iterator[Load]:
    """Go through servers: each kind, at several phases where it has any."""
    for kind in KINDS:
        has_phase = kind in ("fixed", "counter")
        phases = (17.3,) if is_quick or not has_phase else (0.0, 17.3, 43.9)
        for seed, phase in enumerate(phases, start=1):
            rules = evolve(load.rules, window=kind, phase=phase if has_phase else 0.0, seed=seed)
            yield evolve(load, rules=rules, seed=seed)


def _left_to_others(load: Load, seconds: float) -> float:
    """Return what a competitor asks for in so many seconds, on average."""
    return load.rules.competitor * seconds * BEST[HOUR] / HOUR


def _part_of_others(result: Result) -> float:
    return result.others / result.others_asked


def _table(rows: Sequence[Row], hours: float) -> str:
    columns = ("10 min", "1 h", "3 h", "min/1,100", "429", "429 %", "others")
    widths = (13, 13, 13, 11, 8, 8, 8)
    pairs = zip(columns, widths, strict=True)
    lines = [
        f"Use of the budget in {hours:g} h, the worst of all servers; 429s of all together",
        " " * 24 + "".join(f"{column:>{width}}" for column, width in pairs),
    ]
    for row in rows:
        uses = "".join(f"{_use(row, time):>13}" for time in BEST)
        minutes = "-" if row.minutes_for_1100 is None else f"{row.minutes_for_1100:.2f}"
        others = "" if row.others is None else f"{row.others:.0%}"
        lines.append(
            f"{row.name:24}{uses}{minutes:>11}{row.refused:>8,}{row.refused_part:>8.2%}{others:>8}"
        )
    return "\n".join(lines)


def _use(row: Row, time: float) -> str:
    if time not in row.answered:
        return ""
    part = f" {row.of_best[time]:6.1%}" if time in row.of_best else ""
    return f"{row.answered[time]:,}{part}"


def _costs_table(measured: Costs) -> str:
    return "\n".join(
        (
            "CPU of the limiter, in process",
            f"  {measured.acquire_us:6.1f} us  an acquire that need not wait",
            f"  {measured.round_us:6.1f} us  the same with its settling",
            f"  {measured.grant_ms:6.3f} ms  a grant with 10,000 waiters, in the first hour",
            f"  {measured.queue_seconds:6.3f} s   to queue 10,000 waiters",
            f"  {measured.cancel_seconds:6.3f} s   to cancel them",
        )
    )
