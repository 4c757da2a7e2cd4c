"""The budget to look at: what is free, used and waited for, and why.

Pure: made from a budget, a time and what a limiter knows besides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Self

from attrs import frozen

from reply_async.transport.budget import Budget
from reply_async.transport.lanes import Lane


@frozen(kw_only=True)
class LimiterState:
    """The budget at one moment.

    ``free_now`` requests may leave at once; ``waiting`` tasks queue, by lane in
    ``waiting_in``. The next may go in ``held_seconds``, and waits until then for
    ``waiting_for``: the window of the ``minute`` or ``hour``, the ``server`` (a 429),
    or None. ``used_in_minute`` and ``used_in_hour`` is what the windows hold, of it
    ``stats_in_hour`` statistics. ``scale`` and ``stats_scale`` are the parts of the
    limits that are used after refusals. ``others_in_minute`` is what other clients of
    this user were seen to spend, ``others_in_hour`` what they spend at that rate.
    """

    free_now: int
    waiting: int
    waiting_in: Mapping[str, int]
    waiting_for: str | None
    held_seconds: float
    used_in_minute: int
    used_in_hour: int
    stats_in_hour: int
    scale: float
    stats_scale: float
    others_in_minute: int
    others_in_hour: int

    @classmethod
    def of(cls, budget: Budget, now: float, tokens: float, waiting: Mapping[Lane, int]) -> Self:
        """Return the state of a budget at a time; the pacer has some ``tokens``."""
        budget.ready_at(now, is_stats=False)  # brings the limits up to date
        minute, hour = budget.guards["minute"], budget.guards["hour"]
        paced = (1 - tokens) * budget.limits.minute / minute.limit if tokens < 1 else 0.0
        waits = {
            "minute": max(paced, minute.ready_at(now) - now),
            "hour": hour.ready_at(now) - now,
            "server": budget.paces["all"].not_before - now,
        }
        slowest = max(waits, key=lambda name: waits[name])
        held = max(0.0, waits[slowest])
        if held == math.inf:  # a whole limit is in flight, whose leases end
            held = max(0.0, budget.next_expiry - now)
        return cls(
            free_now=0 if held > 0 else min(int(tokens), minute.free(now), hour.free(now)),
            waiting=sum(waiting.values()),
            waiting_in={lane.value: count for lane, count in waiting.items()},
            waiting_for=slowest if held > 0 else None,
            held_seconds=held,
            used_in_minute=minute.used(now),
            used_in_hour=hour.used(now),
            stats_in_hour=budget.guards["stats"].used(now),
            scale=budget.scale("all", now),
            stats_scale=budget.scale("stats", now),
            others_in_minute=round(budget.spent_by_others("minute", now)),
            others_in_hour=round(budget.spent_by_others("hour", now)),
        )
