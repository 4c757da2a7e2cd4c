"""When the next requests may go, if all of them want to: for waits and progress bars.

The guards could be asked grant by grant, which costs too much for thousands. Here the
same rule holds for what flows in steps of a sixtieth of a window, so a forecast is a
sum over sixty boundaries a step. It is no promise: the guards decide.

Pure: no clock, no I/O.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Final

from reply_async.transport.budget import Budget

STEPS: Final = 60  # in a window
FINE_WINDOWS: Final = 8  # minutes that are forecast in seconds
COARSE_WINDOWS: Final = 4  # hours that are forecast in minutes; then all goes on as before

LIFE_SECONDS: Final = 10.0  # a forecast is made anew after this,
DRIFT_SECONDS: Final = 1.0  # or when it is wrong by this,
CHECK_SECONDS: Final = 0.05  # which is looked at no more often


class Curve:
    """How many requests may have gone by when, worked out as far as it is asked.

    ``entries`` have gone before ``start``. ``limit`` is what a window may hold at a
    time, ``wish`` how many would go in a step, by the seconds from the start and what
    has gone since. After ``windows`` the last of them repeats itself.
    """

    def __init__(
        self,
        entries: Iterable[tuple[float, int]],
        start: float,
        window: float,
        limit: Callable[[float], float],
        wish: Callable[[float, float], float],
        windows: int,
    ) -> None:
        self._start, self.step, self._end = start, window / STEPS, windows * STEPS
        self._limit, self._wish = limit, wish
        self._sums, self._late = _sums_before(entries, start, self.step)
        self._gone = [0.0]
        # What may go before this window holds any of it back.
        self.unbound = math.inf

    def gone(self, seconds: float) -> float:
        """Return how many may have gone so many seconds from the start."""
        steps = seconds / self.step
        if steps >= self._end:
            return self._reach(self._end) + (steps - self._end) * self._rate()
        whole = int(steps)
        before, after = self._reach(whole), self._reach(whole + 1)
        return before + (steps - whole) * (after - before)

    def seconds_until(self, count: float) -> float:
        """Return the seconds from the start at which so many have gone."""
        count = max(count, 1e-6)  # none have gone: when the first of all may
        while self._gone[-1] < count and len(self._gone) <= self._end:
            self._reach(len(self._gone))
        if self._gone[-1] < count:
            more = count - self._gone[-1]
            return self.step * (self._end + more / max(self._rate(), 1e-9))
        index = bisect_left(self._gone, count, 1)
        before, after = self._gone[index - 1], self._gone[index]
        return self.step * (index - 1 + (count - before) / (after - before))

    def _reach(self, step: int) -> float:
        while len(self._gone) <= step:
            gone, seconds = self._gone[-1], (len(self._gone) - 1) * self.step
            wish = max(0.0, self._wish(seconds, gone))
            room = self._limit(self._start + seconds) - self._used() - self._late
            if room < wish:
                self.unbound = min(self.unbound, gone + max(0.0, room))
            passed = max(0.0, min(room, wish))
            self._gone.append(gone + passed)
            self._sums.append(self._sums[-1] + passed + self._late)
            self._late = 0.0
        return self._gone[step]

    def _used(self) -> float:
        """Return the most that any window may hold when this step ends, by the guard's rule."""
        sums, total = self._sums, self._sums[-1]
        end = len(sums)  # the boundary at the end of the step, before which nothing more went
        most = total - sums[end - STEPS]
        for age in range(1, STEPS):
            since = sums[end - age]
            used = (1 - age / STEPS) * (since - sums[end - age - STEPS]) + total - since
            most = max(most, used)
        return most

    def _rate(self) -> float:
        """Return what goes in a step in the long run: that of the last window."""
        return (self._reach(self._end) - self._reach(self._end - STEPS)) / STEPS


class Forecast:
    """When the next requests of a budget may go, worked out at ``now``.

    ``tokens`` of them may leave at once, up to ``burst`` when it was quiet for long
    enough, then as many a second as the minute's limit allows.
    """

    def __init__(self, budget: Budget, now: float, tokens: float, burst: float) -> None:
        limits, self.made = budget.limits, now
        budget.ready_at(now, is_stats=False)  # leases that have ended
        self._start = max(now, budget.paces["all"].not_before)
        self._stats_start = max(self._start, budget.paces["stats"].not_before)
        self._at_once = 0 if self._start > now else math.floor(tokens)
        self._tokens = tokens
        self._rate = rate = budget.limit("minute", now) / limits.minute

        def curve(name: str, wish: Callable[[float, float], float], windows: int) -> Curve:
            guard = budget.guards[name]
            entries = [*guard.entries(now), (now, guard.in_flight)]
            return Curve(
                entries,
                self._start,
                guard.window,
                lambda time: max(0.5, budget.limit(name, time) - 1),
                wish,
                windows,
            )

        pacing = _Pacing(tokens, burst, rate * limits.minute / STEPS)
        self._minute = curve("minute", pacing.wish, FINE_WINDOWS)
        self._hour = curve("hour", self._of_minute, COARSE_WINDOWS)
        self._stats = curve("stats", self._of_minute, COARSE_WINDOWS)

    def time_of(self, count: int, *, of_stats: int = 0) -> float:
        """Return the time at which so many more may have gone, some of them statistics."""
        # One goes when those before it have gone, and there is room for a whole one.
        time = self._start + self._seconds_until(self._hour, count - 1)
        time = max(time, self.made + (count - self._tokens) / self._rate)  # a token for each
        if of_stats:
            seconds = self._seconds_until(self._stats, of_stats - 1)
            time = max(time, self._stats_start + seconds)
        return time

    def _seconds_until(self, window: Curve, count: int) -> float:
        coarse = window.seconds_until(count)
        if count > window.unbound:
            return coarse
        fine, step = self._minute.seconds_until(count), self._minute.step
        if count < self._at_once and fine <= step:
            return 0.0
        return fine + step / 2  # what is due in the middle of a step goes at its end

    def _of_minute(self, seconds: float, gone: float) -> float:
        return self._minute.gone(seconds + self._hour.step) - gone


class Outlook:
    """Keeps a forecast for as long as it comes true, so that asking it costs little."""

    def __init__(self) -> None:
        self._forecast: Forecast | None = None
        self._granted = 0  # when it was made
        self._checked = 0.0

    def forget(self) -> None:
        """Take it that everything has changed."""
        self._forecast = None

    def time_of(
        self, count: int, of_stats: int, *, granted: int, now: float, make: Callable[[], Forecast]
    ) -> float:
        """Return the time at which so many more may have gone, some of them statistics.

        ``granted`` is how many have gone in all; ``make`` is called for a new forecast.
        """
        forecast = self._forecast
        if forecast is None or not self._comes_true(forecast, granted - self._granted, now):
            forecast = self._forecast = make()
            self._granted, self._checked = granted, now
        return forecast.time_of(granted - self._granted + count, of_stats=of_stats)

    def _comes_true(self, forecast: Forecast, gone: int, now: float) -> bool:
        if now <= self._checked + CHECK_SECONDS:
            return True
        is_true = (
            now <= forecast.made + LIFE_SECONDS
            and now <= forecast.time_of(gone + 1) + DRIFT_SECONDS
            and (not gone or forecast.time_of(gone) <= now + DRIFT_SECONDS)
        )
        if is_true:
            self._checked = now
        return is_true


class _Pacing:
    """The pacer's bucket: tokens come back while fewer go than may."""

    def __init__(self, tokens: float, burst: float, per_step: float) -> None:
        self._tokens, self._burst, self._per_step = tokens, burst, per_step
        self._gone = 0.0

    def wish(self, _seconds: float, gone: float) -> float:
        self._tokens += self._gone - gone
        self._tokens = min(self._burst, self._tokens) + self._per_step
        self._gone = gone
        return self._tokens


def _sums_before(
    entries: Iterable[tuple[float, int]], start: float, step: float
) -> tuple[list[float], float]:
    """Return running sums over the steps of two windows, and what belongs to the next.

    What flows in a step does so in its middle, so an entry is split between the two
    steps whose middles are next to it.
    """
    counts = [0.0] * (2 * STEPS + 1)
    for time, count in entries:
        position = (time - start) / step + 2 * STEPS - 0.5
        index = math.floor(position)
        if index >= 0:
            later = count * (position - index)
            counts[min(index, 2 * STEPS)] += count - later
            counts[min(index + 1, 2 * STEPS)] += later
    late = counts.pop()
    return list(accumulate(counts, initial=0.0)), late
