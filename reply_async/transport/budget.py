"""The budget of one Reply user as a value: its limits, leases, pause and scale.

It says when the next request may go and is told what became of it. A granted request
holds a lease until it is settled; one that nobody settles, because its owner died,
counts as answered when its lease ends.

Pure: no clock, no I/O, no waiting. Whoever holds it, in this process or in a store
that many share, passes the time in. Times are seconds on the holder's clock.
"""

from __future__ import annotations

import math
from typing import Final

from attrs import Factory, define, field, frozen

from reply_async.transport.guard import WindowGuard

MINUTE: Final = 60.0
HOUR: Final = 3600.0
HOUR_CELL: Final = 5.0
LONGEST_PAUSE: Final = 60.0
_DOUBLINGS: Final = 6  # 2**6 is past the longest pause


@frozen(kw_only=True)
class Limits:
    """What a user may spend, as this package sees it.

    ``share`` is the part of the budget to use at most; ``margin`` seconds are added to
    every window, since the server's clock may tick in whole ones.
    """

    per_minute: int = 100
    per_hour: int = 3000
    stats_per_hour: int = 300
    share: float = 1.0
    margin: float = 1.0


@define
class Pace:
    """What a refusal by the server does to a group of limits.

    All of them wait until ``not_before`` and are scaled by ``scale``, which was last
    lowered for the incident that ended at ``since`` and recovers from then on.
    """

    factor: float  # on the scale, for an incident
    step: float  # back, for each clean period
    period: float
    not_before: float = -math.inf
    scale: float = 1.0
    since: float = -math.inf
    refusals: int = 0

    def scale_at(self, now: float) -> float:
        """Return the part of the limits that may be used."""
        if self.scale >= 1.0 or now < self.since:
            return self.scale
        return min(1.0, self.scale + self.step * ((now - self.since) // self.period))

    def refuse(self, now: float, retry_after: float | None, jitter: float) -> None:
        """Move the pause forward; a refusal after the last pause is a new incident."""
        is_incident = now >= self.not_before
        self.refusals += is_incident
        if retry_after is None:
            retry_after = min(LONGEST_PAUSE, 2.0 ** min(self.refusals - 1, _DOUBLINGS))
        # A whole second up: the server's clock may tick in seconds.
        self.not_before = max(self.not_before, now + math.ceil(retry_after) + jitter)
        if is_incident:
            self.scale = self.scale_at(now) * self.factor
        self.since = self.not_before


@frozen
class Lease:
    """A granted request: when it counts as answered if nobody settles it."""

    expires: float
    is_stats: bool


@define
class Budget:
    """All that the clients of one user must agree on."""

    limits: Limits = Factory(Limits)
    guards: dict[str, WindowGuard] = field(init=False)
    paces: dict[str, Pace] = field(init=False)
    leases: dict[str, Lease] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        """Make the guards of the limits."""
        limits, margin = self.limits, self.limits.margin
        self.guards = {
            "minute": WindowGuard(limits.per_minute * limits.share, MINUTE + margin),
            "hour": WindowGuard(limits.per_hour * limits.share, HOUR + margin, HOUR_CELL),
            "stats": WindowGuard(limits.stats_per_hour * limits.share, HOUR + margin, HOUR_CELL),
        }
        self.paces = {
            "all": Pace(factor=0.85, step=0.02, period=60.0),
            "stats": Pace(factor=0.85, step=0.02, period=HOUR),
        }

    def ready_at(self, now: float, *, is_stats: bool) -> float:
        """Return the time at which one more request may go; not later than ``now`` if now.

        Infinite while all of a limit is in flight: ask again when something settles.
        """
        self._expire(now)
        times = [self.paces[name].not_before for name in _paces_of(is_stats)]
        for name in _guards_of(is_stats):
            guard, pace = self.guards[name], self.paces["stats" if name == "stats" else "all"]
            guard.limit = self._nominal(name) * pace.scale_at(now)
            times.append(guard.ready_at(now))
        return max(now, *times)

    def grant(self, lease_id: str, expires: float, *, is_stats: bool) -> None:
        """Let a request go; ``ready_at`` has allowed it at this moment."""
        self.leases[lease_id] = Lease(expires, is_stats)
        for name in _guards_of(is_stats):
            self.guards[name].grant()

    def settle(self, now: float, lease_id: str) -> None:
        """Note that a request was answered, or lost: the server may have counted it."""
        lease = self.leases.pop(lease_id, None)
        if lease is not None:  # else it expired before
            for name in _guards_of(lease.is_stats):
                self.guards[name].settle(now)

    def release(self, lease_id: str) -> None:
        """Note that a granted request never left."""
        lease = self.leases.pop(lease_id, None)
        if lease is not None:
            for name in _guards_of(lease.is_stats):
                self.guards[name].release()

    def _expire(self, now: float) -> None:
        for lease_id, lease in list(self.leases.items()):
            if lease.expires <= now:
                self.settle(lease.expires, lease_id)

    def _nominal(self, name: str) -> float:
        limits = self.limits
        numbers = {
            "minute": limits.per_minute,
            "hour": limits.per_hour,
            "stats": limits.stats_per_hour,
        }
        return numbers[name] * limits.share


def _guards_of(is_stats: bool) -> tuple[str, ...]:
    return ("minute", "hour", "stats") if is_stats else ("minute", "hour")


def _paces_of(is_stats: bool) -> tuple[str, ...]:
    return ("all", "stats") if is_stats else ("all",)
