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
        self._is_stale = False

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
        if self._ready_at is not None and self._ready_at <= now:
            self._slack = 1
        elif self._ready_at is None or self._is_stale:
            self._look(now)
        return now if self._slack > 0 or self._ready_at is None else self._ready_at

    def grant(self) -> None:
        """Note that a request goes; ``ready_at`` has allowed it."""
        self.in_flight += 1
        self._slack -= 1
        self._ready_at = None

    def settle(self, at: float) -> None:
        """Note that a request was answered, or failed, at a time: it counts from then."""
        self.in_flight -= 1
        self._insert(at, 1)
        self._is_stale = True  # it may go sooner: what is answered fades from then on

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
        self._is_stale = False
        times, window = self._times, self.window
        sums = list(accumulate(self._counts, initial=0))
        total, recent = sums[-1], bisect_left(times, now - window)
        room = self._limit - self.in_flight - 1 + TOLERANCE
        spare, ready_at = room - total + sums[recent], now
        for boundary, before, since in self._boundaries(sums, recent):
            left = room - since
            age = now - boundary
            if age >= 0:
                over = left - (1 - age / window) * before
                spare = min(spare, over)
                if over >= 0:
                    continue
            elif before <= left:
                continue
            end = boundary + (window if left < 0 else window * (1 - left / before))
            if end > ready_at:  # noqa: PLR1730 - half the time of max(), hundreds of times a look
                ready_at = end
        if room < 0:  # nothing to wait for but what is in flight
            ready_at = math.inf
        if ready_at <= now and spare >= 0:
            self._slack, self._ready_at = math.floor(spare) + 1, None
        else:
            self._slack, self._ready_at = 0, max(ready_at, now + TOLERANCE)

    def _boundaries(self, sums: list[int], recent: int) -> Iterator[tuple[float, int, int]]:
        """Go through boundaries: the time, answers in the window before it and since it."""
        times, window, total = self._times, self.window, sums[-1]
        first = 0
        for time, until in zip(times[recent:], sums[recent:], strict=False):
            start = time - window
            while times[first] < start:
                first += 1
            yield time, until - sums[first], total - until
        later, count = 0, len(times)
        for time, until in zip(times, sums, strict=False):
            end = time + window
            while later < count and times[later] < end:
                later += 1
            yield end, sums[later] - until, total - sums[later]
