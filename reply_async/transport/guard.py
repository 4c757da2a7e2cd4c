"""The window guard: proves that no window of the server can hold more than its limit.

The server counts ``limit`` requests in ``window`` seconds, but nobody tells how: in
fixed windows of any phase, in a sliding log, in a sliding counter (two fixed windows,
the older one weighted by its overlap) or with a token bucket. A request may go only
if for *every* boundary b in (now - window, now] that the server may have

    (1 - (now - b) / window) * answered in [b - window, b)
        + answered since b + in flight + 1  <=  limit

which covers all four. A request is counted by the server some time between its grant
and its answer, so it weighs fully while it is in flight and for a window after that.

Pure: no clock, no I/O; times are seconds on whatever clock the caller reads.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

# Times are sums and products of floats: equal ones may differ by this much.
TOLERANCE: Final = 1e-6


class WindowGuard:
    """One limit of the server: what was answered, and when one more request may go.

    Between two events the left side of the rule only falls, and a grant adds 1 to it.
    So a slack of k allows k grants without looking again, and the time at which the
    next grant is possible holds until a grant is made. An answer may bring it forward.

    Args:
        limit: Requests that a window may hold; a fraction counts as it is.
        window: Seconds, any margin included.
        cell: Answer times are rounded up to multiples of this many seconds, so that a
            long window keeps few of them; 0 keeps them exact.
    """

    def __init__(self, limit: float, window: float, cell: float = 0.0) -> None:
        self._limit, self.window, self._cell = limit, window, cell
        self._times: list[float] = []  # ascending; those of the last two windows matter
        self._counts: list[int] = []
        self.in_flight = 0
        self._slack = 0
        self._ready_at: float | None = None

    @property
    def limit(self) -> float:
        """Requests that a window may hold now."""
        return self._limit

    @limit.setter
    def limit(self, limit: float) -> None:
        if limit != self._limit:
            self._limit = limit
            self._forget()

    def ready_at(self, now: float) -> float:
        """Return the time at which one more request may go; not later than ``now`` if now."""
        if self._slack > 0:
            return now
        if self._ready_at is None or self._ready_at <= now:
            self._look(now)
        return now if self._ready_at is None else self._ready_at

    def grant(self) -> None:
        """Note that a request goes; ``ready_at`` has allowed it."""
        self.in_flight += 1
        self._slack -= 1
        self._ready_at = None

    def settle(self, at: float) -> None:
        """Note that a request was answered, or failed, at a time: it counts from then."""
        self.in_flight -= 1
        self._insert(at, 1)
        self._ready_at = None  # it may come sooner: what is answered fades from then on

    def release(self) -> None:
        """Note that a granted request was never sent."""
        self.in_flight -= 1
        self._forget()

    def used(self, now: float) -> int:
        """Return how many requests the window that ends now may hold already."""
        first = bisect_left(self._times, now - self.window)
        return sum(self._counts[first:]) + self.in_flight

    def free(self, now: float) -> int:
        """Return how many requests may go at this moment."""
        return max(0, self._slack) if self.ready_at(now) <= now else 0

    def entries(self, now: float) -> Iterator[tuple[float, int]]:
        """Go through what was answered and matters still: time and number, oldest first."""
        self._prune(now)
        return zip(self._times, self._counts, strict=True)

    def restore(self, entries: Iterable[tuple[float, int]], in_flight: int) -> None:
        """Take over what ``entries`` gave before, and the requests in flight."""
        pairs = sorted(entries)
        self._times = [time for time, _ in pairs]
        self._counts = [count for _, count in pairs]
        self.in_flight = in_flight
        self._forget()

    def _insert(self, at: float, count: int) -> None:
        """Add answers. Up to now they weighed at every boundary, and so they do still."""
        time = math.ceil(at / self._cell) * self._cell if self._cell else at
        index = bisect_left(self._times, time)
        if index < len(self._times) and self._times[index] == time:
            self._counts[index] += count
        else:
            self._times.insert(index, time)
            self._counts.insert(index, count)

    def _forget(self) -> None:
        self._slack, self._ready_at = 0, None

    def _prune(self, now: float) -> None:
        old = bisect_left(self._times, now - 2 * self.window)
        if old:
            del self._times[:old], self._counts[:old]

    def _look(self, now: float) -> None:
        """Judge every boundary at which the left side can peak.

        These are the times of answers, those plus one window, and now. One that lies
        ahead bounds the time of the next grant only.
        """
        self._prune(now)
        room = self._limit - self.in_flight - 1 + TOLERANCE
        ready_at, spare = now, room - self._in_log(now)
        for boundary, before, since in self._boundaries(now):
            left = room - since
            if boundary <= now:
                weight = 1 - (now - boundary) / self.window
                spare = min(spare, left - weight * before)
            if left < 0:
                ready_at = max(ready_at, boundary + self.window)
            elif before > left:
                ready_at = max(ready_at, boundary + self.window * (1 - left / before))
        if room < 0:  # nothing to wait for but what is in flight
            ready_at = math.inf
        self._ready_at = None if ready_at <= now and spare >= 0 else max(ready_at, now + TOLERANCE)
        self._slack = max(0, math.floor(spare) + 1) if self._ready_at is None else 0

    def _in_log(self, now: float) -> int:
        return sum(self._counts[bisect_left(self._times, now - self.window) :])

    def _boundaries(self, now: float) -> Iterator[tuple[float, int, int]]:
        """Go through boundaries: the time, answers in the window before it and since it."""
        times, window = self._times, self.window
        sums = list(accumulate(self._counts, initial=0))
        total, oldest = sums[-1], now - window
        first = later = 0
        for index, time in enumerate(times):
            if time > oldest:
                while times[first] < time - window:
                    first += 1
                yield time, sums[index] - sums[first], total - sums[index]
            end = time + window
            while later < len(times) and times[later] < end:
                later += 1
            yield end, sums[later] - sums[index], total - sums[later]
