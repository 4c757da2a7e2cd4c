"""The request budget of a user: windows that count, and the word to wait.

Pure: the time is passed in. A window kind is a class with the methods of
`SlidingLog`; a refused request is not counted.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol

from attrs import frozen

MINUTE, HOUR = 60, 3600


class Window(Protocol):
    """What the budget asks of any kind of window."""

    limit: int
    seconds: int
    peak: int

    def used(self, now: float) -> int:
        """Return how much of the limit is in use."""
        ...

    def wait(self, now: float) -> float:
        """Return the seconds until one more request fits, 0 if it does."""
        ...

    def count(self, now: float) -> None:
        """Count one request."""

    def full_again(self, now: float) -> float:
        """Return the time at which the whole limit is free again."""
        ...


class SlidingLog:
    """At most `limit` requests in any `seconds`: strict towards every burst."""

    def __init__(self, limit: int, seconds: int) -> None:
        self.limit, self.seconds = limit, seconds
        self.peak = 0
        self._times: deque[float] = deque()

    def used(self, now: float) -> int:
        """Return the number of requests in the window that ends now."""
        while self._times and self._times[0] <= now - self.seconds:
            self._times.popleft()
        return len(self._times)

    def wait(self, now: float) -> float:
        """Return the seconds until one more request fits, 0 if it does."""
        excess = self.used(now) - self.limit
        if excess < 0:
            return 0.0
        if excess >= len(self._times):  # a limit of nothing: ask again after a window
            return float(self.seconds)
        return self._times[excess] + self.seconds - now

    def count(self, now: float) -> None:
        """Count one request."""
        self._times.append(now)
        self.peak = max(self.peak, self.used(now))

    def full_again(self, now: float) -> float:
        """Return the time at which the whole limit is free again."""
        return self._times[-1] + self.seconds if self.used(now) else now


@frozen
class Verdict:
    """What became of one request, and what its answer's headers say."""

    is_allowed: bool
    retry_after: int
    label: str
    remaining: int
    reset_at: float


class Budget:
    """Both windows of one user, whatever number of keys the user has."""

    def __init__(self, limits: tuple[int, int] | None) -> None:
        self.counted = 0
        self.answered_429 = 0
        self.windows: tuple[Window, ...] = ()
        self.set_limits(limits)

    @property
    def limits(self) -> tuple[int, int] | None:
        """Return requests per minute and per hour, None if nothing is limited."""
        if not self.windows:
            return None
        return self.windows[0].limit, self.windows[1].limit

    def set_limits(self, limits: tuple[int, int] | None) -> None:
        """Start counting anew with these limits; None switches the budget off."""
        if limits is None:
            self.windows = ()
        else:
            self.windows = (SlidingLog(limits[0], MINUTE), SlidingLog(limits[1], HOUR))

    def spend(self, now: float) -> Verdict | None:
        """Count one request or refuse it; None while the budget is off."""
        if not self.windows:
            self.counted += 1
            return None
        wait = max(window.wait(now) for window in self.windows)
        if wait > 0:
            self.answered_429 += 1
        else:
            self.counted += 1
            for window in self.windows:
                window.count(now)
        tightest = min(self.windows, key=lambda window: window.limit - window.used(now))
        return Verdict(
            is_allowed=wait <= 0,
            retry_after=math.ceil(wait),
            label="1m" if tightest.seconds == MINUTE else "1h",
            remaining=max(0, tightest.limit - tightest.used(now)),
            reset_at=tightest.full_again(now),
        )
