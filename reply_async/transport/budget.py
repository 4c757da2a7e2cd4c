"""The budget of one Reply user as a value: its windows, leases, pause and scale.

It says when the next request may go and is told what became of it. A granted request
holds a lease until it is settled; one that nobody settles, because its owner died,
counts as answered when its lease ends.

Pure: no clock, no I/O, no waiting. Whoever holds it, in this process or in a store
that many share, passes the time in. Times are seconds on the holder's clock, not
negative.
"""

from __future__ import annotations

import math
from typing import Final, Self, TypedDict

from attrs import astuple, define, field, frozen

from reply_async.transport.guard import WindowGuard
from reply_async.transport.limits import Limits

LONGEST_PAUSE: Final = 60.0
LEAST_SCALE: Final = 0.05
_DOUBLINGS: Final = 6  # 2**6 is past the longest pause
# What others spent is left to them, and a little more, so that they can come back to
# what they need after they were refused.
ROOM_TO_GROW: Final = 1.05
# What the server counts differs from what we do, by its kind of window, by less than this.
NOISE: Final = 0.1
MEAN_PERIODS: Final = 15
# The most that is seen in a minute lies above its mean, by this on an hour's average.
MEAN_OF_MOST: Final = 0.85
# A server that shows a bucket's level would seem to be spent by others for ever.
LEAST_LEFT: Final = 0.4
# Of an hour: more is not believed to be spent by others without a word of the server.
MOST_GUESSED: Final = 0.5
# Below the cap at which the server refused: it may have counted what we did not see.
BELOW_CAP: Final = 0.95
# A smaller part is hardly the cap: others, or another limit, may be the reason.
CREDIBLE_CAP: Final = 0.1
CUT: Final = 0.5  # then


class State(TypedDict):
    """A budget in plain lists and numbers, for a store to keep; see ``Budget.dump``."""

    windows: dict[str, list[list[float]]]  # by window: [time, answered], oldest first
    leases: dict[str, list[float]]  # by lease: [expires, 1 if it is for statistics]
    paces: dict[str, list[float]]  # by group: [not_before, scale, since, refusals]
    foreign: dict[str, list[float]]  # by window: what ``Foreign`` holds


@define
class Pace:
    """What refusals by the server do to a group of windows.

    All of them wait until ``not_before`` and are scaled by ``scale``, which was last
    lowered for the incident that ended at ``since`` and recovers from then on.
    """

    not_before: float = 0.0
    scale: float = 1.0
    since: float = 0.0
    refusals: int = 0

    def scale_at(self, now: float, period: float) -> float:
        """Return the part of the limits to use: 0.02 more for each clean period."""
        if self.scale >= 1.0 or now < self.since:
            return self.scale
        return min(1.0, self.scale + 0.02 * ((now - self.since) // period))

    def refuse(self, now: float, retry_after: float | None, jitter: float) -> bool:
        """Move the pause forward; tell whether this is an incident of its own.

        It is not where the request was under way before the last one.
        """
        is_incident = now >= self.not_before
        self.refusals += is_incident
        if retry_after is None:
            retry_after = min(LONGEST_PAUSE, 2.0 ** min(self.refusals - 1, _DOUBLINGS))
        # A whole second up: the server's clock may tick in seconds.
        self.not_before = max(self.not_before, now + math.ceil(retry_after) + jitter)
        return is_incident

    def slow_down(self, scale: float) -> None:
        """Use a part of the limits from the end of the pause on."""
        self.scale, self.since = max(LEAST_SCALE, scale), self.not_before


@define
class Foreign:
    """What others were seen to spend in a window, of late.

    ``most`` in the period that runs and the one before, each as long as the window;
    ``seen`` is the same without guesses, and ``mean`` the mean of it over ``periods``.
    """

    period: int = 0
    most: float = 0.0
    most_before: float = 0.0
    seen: float = 0.0
    mean: float = 0.0
    periods: int = 0

    def see(self, period: int, spent: float, *, is_guess: bool = False) -> None:
        """Note what others have spent in the window that ends now; a guess soon passes."""
        if period != self.period:
            if self.most or self.periods:  # else nothing was seen before this
                self.periods = min(self.periods + 1, MEAN_PERIODS)
                self.mean += (self.seen - self.mean) / self.periods
            self.most_before = self.most if period == self.period + 1 else 0.0
            self.period, self.most, self.seen = period, 0.0, 0.0
        if not is_guess:
            self.seen = max(self.seen, spent)
        self.most = max(self.most, spent)

    def spent(self, period: int) -> float:
        """Return the most that others spent in a window of late."""
        if period == self.period:
            return max(self.most, self.most_before)
        return self.most if period == self.period + 1 else 0.0

    def spent_in(self, periods: float, period: int) -> float:
        """Return what others spend in so many windows, while that was seen within them."""
        return MEAN_OF_MOST * self.mean * periods if period - self.period < periods else 0.0


@frozen
class Lease:
    """A granted request: when it counts as answered if nobody settles it."""

    expires: float
    is_stats: bool


# The windows that a request draws on, and the groups whose pause it waits for.
WINDOWS: Final = {False: ("minute", "hour"), True: ("minute", "hour", "stats")}
PACES: Final = {False: ("all",), True: ("all", "stats")}
PACE_OF: Final = {"minute": "all", "hour": "all", "stats": "stats"}


@define
class Budget:
    """All that the clients of one user must agree on.

    ``limits`` are those of whoever asks, and may change from one to the next.
    """

    limits: Limits = field()
    guards: dict[str, WindowGuard] = field(init=False, repr=False)
    paces: dict[str, Pace] = field(init=False)
    foreign: dict[str, Foreign] = field(init=False)
    leases: dict[str, Lease] = field(init=False, factory=dict)
    next_expiry: float = field(init=False, default=math.inf)

    def __attrs_post_init__(self) -> None:
        """Make the guards of the limits."""
        self.guards = {name: self.limits.guard(name) for name in PACE_OF}
        self.paces = {"all": Pace(), "stats": Pace()}
        self.foreign = {"minute": Foreign(), "hour": Foreign()}

    def ready_at(self, now: float, *, is_stats: bool) -> float:
        """Return the time at which one more request may go; ``now`` if now.

        Infinite while all of a limit is in flight: ask again when something settles.
        """
        if self.next_expiry <= now:
            self._expire(now)
        ready = now
        for name in PACES[is_stats]:
            ready = max(ready, self.paces[name].not_before)
        for name in WINDOWS[is_stats]:
            guard = self.guards[name]
            guard.limit = self.limit(name, now)
            ready = max(ready, guard.ready_at(now))
        return ready

    def grant(self, lease_id: str, expires: float, *, is_stats: bool) -> None:
        """Let a request go, at the time that ``ready_at`` returned."""
        self.leases[lease_id] = Lease(expires, is_stats)
        self.next_expiry = min(self.next_expiry, expires)
        for name in WINDOWS[is_stats]:
            self.guards[name].grant()

    def settle(self, now: float, lease_id: str, *, is_accepted: bool = False) -> None:
        """Note that a request was answered, or lost: the server may have counted it.

        After one that was accepted the next pause without Retry-After is short again.
        """
        lease = self.leases.pop(lease_id, None)
        if lease is None:  # it expired before
            return
        for name in WINDOWS[lease.is_stats]:
            self.guards[name].settle(now)
        if is_accepted:
            for name in PACES[lease.is_stats]:
                self.paces[name].refusals = 0

    def release(self, lease_id: str) -> None:
        """Note that a granted request never left."""
        lease = self.leases.pop(lease_id, None)
        if lease is not None:
            for name in WINDOWS[lease.is_stats]:
                self.guards[name].release()

    def refuse(
        self,
        now: float,
        retry_after: float | None,
        jitter: float,
        *,
        is_stats: bool,
        is_over_budget: bool = True,
    ) -> None:
        """Note that the server refused a request: all of its kind pause.

        If the budget was the reason they use less from then on, once an incident.
        Refused statistics slow down these alone, to below what they had used, or by half
        where that is next to nothing.
        """
        name = "stats" if is_stats else "all"
        pace, scale = self.paces[name], self.scale(name, now)
        is_incident = pace.refuse(now, retry_after, jitter)
        if is_incident and is_over_budget:
            scale *= 0.85
            if is_stats:
                cap = self.guards["stats"].used(now) / self.limits.nominal["stats"]
                scale = min(scale, BELOW_CAP * cap if cap >= CREDIBLE_CAP else CUT * scale)
            else:
                self._blame_others(now)
        pace.slow_down(scale)

    def observe(self, now: float, window: str, remaining: int) -> None:
        """Note what the server says is left of a window, and so what others spent."""
        self._see_others(now, window, remaining)

    def spent_by_others(self, window: str, now: float) -> float:
        """Return what others were seen to spend in a ``minute`` or an ``hour``."""
        foreign, minute = self.foreign[window], self.foreign["minute"]
        is_seen = foreign.most or foreign.most_before
        spent = foreign.spent(self._period(window, now)) if is_seen else 0.0
        if window == "minute" or not minute.mean:
            return spent
        minutes = self.limits.hour / self.limits.minute
        return max(spent, minute.spent_in(minutes, self._period("minute", now)))

    def scale(self, pace: str, now: float) -> float:
        """Return the part of the limits of a group that is used, after refusals."""
        limits = self.limits
        period = limits.minute if pace == "all" else limits.hour
        return self.paces[pace].scale_at(now, period)

    def limit(self, window: str, now: float) -> float:
        """Return what a window may hold now, after refusals and what others spend."""
        limit = self.limits.nominal[window]
        if self.paces[PACE_OF[window]].scale < 1.0:
            limit *= self.scale(PACE_OF[window], now)
        if window != "stats" and (others := self.spent_by_others(window, now)):
            whole = self._whole(window)
            limit = min(limit, max(LEAST_LEFT * whole, whole - ROOM_TO_GROW * others))
        return max(1.0, limit)

    def is_idle(self, now: float) -> bool:
        """Tell whether nothing that was spent or refused counts any more."""
        self._expire(now)
        is_slowed = any(
            self.scale(name, now) < 1 or pace.not_before > now for name, pace in self.paces.items()
        )
        is_spent = any(guard.used(now) for guard in self.guards.values())
        return not (self.leases or is_slowed or is_spent or self.spent_by_others("hour", now))

    def dump(self, now: float) -> State:
        """Return all but the limits, to be kept and loaded again."""
        self._expire(now)
        return State(
            windows={
                name: [[time, count] for time, count in guard.entries(now)]
                for name, guard in self.guards.items()
            },
            leases={
                lease_id: [lease.expires, int(lease.is_stats)]
                for lease_id, lease in self.leases.items()
            },
            paces={name: list(astuple(pace)) for name, pace in self.paces.items()},
            foreign={name: list(astuple(each)) for name, each in self.foreign.items()},
        )

    @classmethod
    def load(cls, limits: Limits, state: State) -> Self:
        """Return a budget as it was dumped, seen with these limits."""
        budget = cls(limits)
        for lease_id, (expires, is_stats) in state["leases"].items():
            budget.leases[lease_id] = Lease(expires, bool(is_stats))
            budget.next_expiry = min(budget.next_expiry, expires)
        of_stats = sum(lease.is_stats for lease in budget.leases.values())
        for name, guard in budget.guards.items():
            in_flight = of_stats if name == "stats" else len(budget.leases)
            guard.restore(((time, int(n)) for time, n in state["windows"][name]), in_flight)
        for name, (not_before, scale, since, refusals) in state["paces"].items():
            budget.paces[name] = Pace(not_before, scale, since, int(refusals))
        for name, (period, most, before, seen, mean, periods) in state["foreign"].items():
            budget.foreign[name] = Foreign(int(period), most, before, seen, mean, int(periods))
        return budget

    def _blame_others(self, now: float) -> None:
        """Take a refusal for the word that nothing is left, of the likelier window.

        A wrong guess of the minute soon passes, one of the hour costs hours.
        """
        minute, hour = (
            1 - self.guards[window].used(now) / self._whole(window) for window in ("minute", "hour")
        )
        window = "hour" if hour < min(minute, MOST_GUESSED) else "minute"
        self._see_others(now, window, 0, is_guess=True)

    def _see_others(
        self, now: float, window: str, remaining: int, *, is_guess: bool = False
    ) -> None:
        whole = self._whole(window)
        spent = whole - remaining - self.guards[window].used(now)
        if spent < NOISE * whole:
            spent = 0.0
        self.foreign[window].see(self._period(window, now), spent, is_guess=is_guess)

    def _whole(self, window: str) -> float:
        return self.limits.nominal[window] / self.limits.share

    def _expire(self, now: float) -> None:
        for lease_id, lease in list(self.leases.items()):
            if lease.expires <= now:
                self.settle(lease.expires, lease_id)
        expiries = (lease.expires for lease in self.leases.values())
        self.next_expiry = min(expiries, default=math.inf)

    def _period(self, window: str, now: float) -> int:
        return int(now // (self.limits.minute if window == "minute" else self.limits.hour))
