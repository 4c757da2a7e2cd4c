"""Who waits for the budget, and whose turn it is.

An interactive call goes first, but every four of them let one of each other lane pass,
and none is passed by more than four: so it waits behind at most four requests of a job,
and no lane starves. First come, first served within a lane.

Pure apart from the futures that it keeps: no clock, no waiting.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from enum import Enum
from heapq import heapify, heappop, heappush
from typing import Final, Generic, TypeVar

from attrs import define

PASSES: Final = 4
_SLACK: Final = 64  # entries of waiters that have gone, before the heap is made anew

T = TypeVar("T")


class Lane(Enum):
    """The queue that a request waits in."""

    INTERACTIVE = "interactive"  # somebody awaits this one call
    BULK = "bulk"  # runs, and everything that is done for many at once
    STATS = "stats"  # statistics and reports, which have a stricter limit as well


@define(eq=False)
class Waiter(Generic[T]):
    """One who waits, until ``latest`` on the loop's clock, for a lease of some length.

    ``owner`` is whoever may call it off.
    """

    lane: Lane
    future: asyncio.Future[T]
    lease_seconds: float
    latest: float = math.inf
    owner: object = None
    others_before: int = 0  # grants to other lanes when it came


class Lanes(Generic[T]):
    """The waiters of one limiter."""

    def __init__(self) -> None:
        self._queues: dict[Lane, OrderedDict[Waiter[T], None]] = {
            lane: OrderedDict() for lane in Lane
        }
        self._granted = dict.fromkeys(Lane, 0)
        # By lane: how many interactive ones had been granted when it was last granted.
        self._interactive_then = dict.fromkeys(Lane, 0)
        self._last_turn = dict.fromkeys(Lane, 0)
        self._by_latest: list[tuple[float, int, Waiter[T]]] = []
        self._entered = 0

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def __contains__(self, waiter: Waiter[T]) -> bool:
        return waiter in self._queues[waiter.lane]

    def waiting(self) -> dict[Lane, int]:
        """Return how many wait in each lane."""
        return {lane: len(queue) for lane, queue in self._queues.items()}

    def add(self, waiter: Waiter[T]) -> None:
        """Let one wait at the end of its lane."""
        waiter.others_before = self._others(waiter.lane)
        self._queues[waiter.lane][waiter] = None
        if waiter.latest < math.inf:
            self._entered += 1
            heappush(self._by_latest, (waiter.latest, self._entered, waiter))

    def remove(self, waiter: Waiter[T]) -> None:
        """Let one go who has given up."""
        del self._queues[waiter.lane][waiter]
        self._clear()

    def take(self, lane: Lane) -> Waiter[T]:
        """Return the first of a lane: it is its turn."""
        waiter, _ = self._queues[lane].popitem(last=False)
        self._granted[lane] += 1
        self._interactive_then[lane] = self._granted[Lane.INTERACTIVE]
        self._last_turn[lane] = sum(self._granted.values())
        self._clear()
        return waiter

    def first(self, lane: Lane) -> Waiter[T] | None:
        """Return the first of a lane, who goes on waiting."""
        return next(iter(self._queues[lane]), None)

    def next(self, held: Collection[Lane] = ()) -> Lane | None:
        """Return the lane whose turn it is, leaving out those that are held."""
        lanes = [lane for lane, queue in self._queues.items() if queue and lane not in held]
        if Lane.INTERACTIVE not in lanes:
            return min(lanes, key=lambda lane: self._last_turn[lane], default=None)
        head = self.first(Lane.INTERACTIVE)
        if head is not None and self._others(head.lane) - head.others_before < PASSES:
            due = self._granted[Lane.INTERACTIVE] - PASSES
            others = [lane for lane in lanes[1:] if self._interactive_then[lane] <= due]
            if others:
                return min(others, key=lambda lane: self._last_turn[lane])
        return Lane.INTERACTIVE

    def ahead(self, lane: Lane) -> int:
        """Return how many go before one who comes now, if all who wait go on waiting."""
        mine, interactive = len(self._queues[lane]), len(self._queues[Lane.INTERACTIVE])
        others = [
            (each, len(queue))
            for each, queue in self._queues.items()
            if queue and each not in (lane, Lane.INTERACTIVE)
        ]
        if lane is not Lane.INTERACTIVE:
            turn = mine + sum(min(count, mine + 1) for _, count in others)
            # Four pass those who wait now, the others come after all of these.
            passing = interactive if turn >= PASSES else min(interactive, PASSES * (turn + 1))
            return turn + passing
        granted = self._granted[lane]
        passing = sum(
            min(count, (mine + granted - self._interactive_then[each]) // PASSES)
            for each, count in others
        )
        return mine + min(PASSES, passing)

    def earliest(self) -> float:
        """Return the time at which the first gives up waiting."""
        while self._by_latest and self._by_latest[0][2] not in self:
            heappop(self._by_latest)
        return self._by_latest[0][0] if self._by_latest else math.inf

    def too_late(self, at: float, lanes: Collection[Lane]) -> Iterator[Waiter[T]]:
        """Remove and return those of some lanes who will not wait until a time."""
        kept = []
        while self.earliest() < at:
            entry = heappop(self._by_latest)
            if entry[2].lane in lanes:
                del self._queues[entry[2].lane][entry[2]]
                yield entry[2]
            else:
                kept.append(entry)
        for entry in kept:
            heappush(self._by_latest, entry)

    def drain(self, leaves: Callable[[Waiter[T]], bool]) -> Iterator[Waiter[T]]:
        """Remove and return all that leave."""
        for queue in self._queues.values():
            for waiter in list(queue):
                if leaves(waiter):
                    del queue[waiter]
                    yield waiter
        self._clear()

    def _others(self, lane: Lane) -> int:
        return sum(self._granted.values()) - self._granted[lane]

    def _clear(self) -> None:
        """Forget those who have gone, from time to time."""
        if len(self._by_latest) > 2 * len(self) + _SLACK or not len(self):
            self._by_latest = [entry for entry in self._by_latest if entry[2] in self]
            heapify(self._by_latest)
