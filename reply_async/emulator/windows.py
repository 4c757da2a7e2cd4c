"""Four ways in which a server may count requests: fixed, log, counter, bucket.

Pure and exact: times and sizes are whole ticks of any length, counted from any
moment that is not after the first of them, and they never go back. A window only counts
what it is told to; who is refused, and whether that counts too, is decided
above it.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

KINDS = ("fixed", "log", "counter", "bucket")
MAX_LIMIT = 10**9


class Window(Protocol):
    """What the budget asks of any kind of window."""

    limit: int  # requests per window
    size: int  # ticks
    capacity: int  # the most that goes through at once; the limit, unless a bucket is smaller

    def used(self, now: int) -> int:
        """Return how much of the capacity is in use, rounded up."""
        ...

    def wait(self, now: int) -> int:
        """Return the ticks until one more request fits, 0 if it does."""
        ...

    def count(self, now: int) -> None:
        """Count one request, whether or not it fits."""

    def full_again(self, now: int) -> int:
        """Return the time at which the whole capacity is free again."""
        ...


class FixedWindow:
    """One count that starts anew at `phase` and every `size` after it."""

    def __init__(self, limit: int, size: int, phase: int = 0) -> None:
        self.limit = self.capacity = limit
        self.size, self.phase = size, phase
        self._index = self._count = 0

    def used(self, now: int) -> int:
        """Return how much of the capacity is in use."""
        index = (now - self.phase) // self.size
        if index != self._index:
            self._index, self._count = index, 0
        return self._count

    def wait(self, now: int) -> int:
        """Return the ticks until one more request fits, 0 if it does."""
        return 0 if self.used(now) < self.limit else self._end() - now

    def count(self, now: int) -> None:
        """Count one request, whether or not it fits."""
        self._count = self.used(now) + 1

    def full_again(self, now: int) -> int:
        """Return the time at which the whole capacity is free again."""
        return self._end() if self.used(now) else now

    def _end(self) -> int:
        return (self._index + 1) * self.size + self.phase


class LogWindow:
    """At most `limit` requests in any `size`: strict towards every burst."""

    def __init__(self, limit: int, size: int) -> None:
        self.limit = self.capacity = limit
        self.size = size
        # Older ones than the last `limit` make no difference, however many were refused.
        self._times: deque[int] = deque(maxlen=limit)

    def used(self, now: int) -> int:
        """Return how much of the capacity is in use."""
        while self._times and self._times[0] <= now - self.size:
            self._times.popleft()
        return len(self._times)

    def wait(self, now: int) -> int:
        """Return the ticks until one more request fits, 0 if it does."""
        return 0 if self.used(now) < self.limit else self._times[0] + self.size - now

    def count(self, now: int) -> None:
        """Count one request, whether or not it fits."""
        self._times.append(now)

    def full_again(self, now: int) -> int:
        """Return the time at which the whole capacity is free again."""
        return self._times[-1] + self.size if self.used(now) else now


class CounterWindow:
    """Two fixed windows, the older one weighted by its overlap with the last `size`."""

    def __init__(self, limit: int, size: int, phase: int = 0) -> None:
        self.limit = self.capacity = limit
        self.size, self.phase = size, phase
        self._index = self._count = self._older = 0

    def used(self, now: int) -> int:
        """Return how much of the capacity is in use, rounded up."""
        index = (now - self.phase) // self.size
        if index != self._index:
            self._older = self._count if index == self._index + 1 else 0
            self._index, self._count = index, 0
        return self._count - (self._older * (now - self._end()) // self.size)

    def wait(self, now: int) -> int:
        """Return the ticks until one more request fits, 0 if it does."""
        if self.used(now) < self.limit:
            return 0
        others = self.limit - 1
        if self._count <= others:  # enough of the older window fades before this one ends
            overlap = (others - self._count) * self.size // self._older
            return self._end() - overlap - now
        overlap = others * self.size // self._count
        return self._end() + self.size - overlap - now

    def count(self, now: int) -> None:
        """Count one request, whether or not it fits."""
        self.used(now)
        self._count += 1

    def full_again(self, now: int) -> int:
        """Return the time at which the whole capacity is free again."""
        if not self.used(now):
            return now
        return self._end() + (self.size if self._count else 0)

    def _end(self) -> int:
        return (self._index + 1) * self.size + self.phase


class BucketWindow:
    """A bucket of tokens, filled evenly with `limit` of them per `size`.

    A refused request that counts takes what is left of a token: there is no debt.
    """

    def __init__(self, limit: int, size: int, capacity: int | None = None) -> None:
        self.limit, self.size = limit, size
        self.capacity = limit if capacity is None else min(capacity, limit)
        # A token is `size` parts and a tick brings `limit` parts: no fractions.
        self._full = self._level = self.capacity * size
        self._at = 0

    def used(self, now: int) -> int:
        """Return how much of the capacity is in use, rounded up."""
        self._level = min(self._full, self._level + (now - self._at) * self.limit)
        self._at = now
        return self.capacity - self._level // self.size

    def wait(self, now: int) -> int:
        """Return the ticks until one more request fits, 0 if it does."""
        if self.used(now) < self.capacity:
            return 0
        return -((self._level - self.size) // self.limit)

    def count(self, now: int) -> None:
        """Count one request, whether or not it fits."""
        self.used(now)
        self._level = max(0, self._level - self.size)

    def full_again(self, now: int) -> int:
        """Return the time at which the whole capacity is free again."""
        self.used(now)
        return now - ((self._level - self._full) // self.limit)


def make_window(
    kind: str, limit: int, size: int, *, phase: int = 0, capacity: int | None = None
) -> Window:
    """Return a window of a kind: `fixed`, `log`, `counter` or `bucket`.

    ``phase`` matters to `fixed` and `counter` only, ``capacity`` to `bucket` only.
    """
    if limit < 1 or size < 1 or (capacity is not None and capacity < 1):
        raise ValueError("limit, size and capacity of a window are at least 1")
    if kind == "fixed":
        return FixedWindow(limit, size, phase)
    if kind == "log":
        return LogWindow(limit, size)
    if kind == "counter":
        return CounterWindow(limit, size, phase)
    if kind == "bucket":
        return BucketWindow(limit, size, capacity)
    raise ValueError(f"no window kind {kind!r}; there are {', '.join(KINDS)}")
