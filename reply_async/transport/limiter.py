"""The shared budget: 100 requests a minute and 3,000 an hour of one Reply user.

A token bucket lets ``burst + rate * window`` through a window, so both buckets are
sized to stay within their limit in *any* window, whichever way the server counts.
aiolimiter is the bucket; this file adds the FIFO turnstile, the one pause that a 429
puts on everybody, and the outlook that callers and progress bars ask for. Whoever is
at the turnstile sleeps until the outlook is clear and takes its tokens only then, so
that a cancelled waiter has nothing to give back; a stricter guard would stand there too.
"""

from __future__ import annotations

import asyncio
import math
import random
from typing import Final

from aiolimiter import AsyncLimiter
from attrs import frozen

from reply_async.errors import InvalidUse
from reply_async.transport.retry import RetryQuota, Uniform

MINUTE: Final = 60.0
HOUR: Final = 3600.0
# A request is counted when the server sees it, some time after it was granted here.
MARGIN_SECONDS: Final = 1.0
LONGEST_PAUSE: Final = 60.0
_DOUBLINGS: Final = 6  # 2**6 is past the longest pause


class WaitTooLong(Exception):
    """The next grant lies further ahead than the caller wants to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Bucket:
    """One limit: aiolimiter decides, a copy of its level tells what is to come.

    ``burst`` requests may leave at once, then ``rate`` a second, with
    ``burst + rate * (window + margin) <= limit``.
    """

    def __init__(self, name: str, limit: int, window: float, burst: int) -> None:
        self.name, self.limit, self.window, self.burst = name, limit, window, burst
        self.rate = (limit - burst) / (window + MARGIN_SECONDS)
        self._engine = AsyncLimiter(burst, burst / self.rate)
        self._level = 0.0
        self._at = -math.inf

    async def acquire(self, now: float) -> None:
        """Take one token when there is one; ``now`` is the loop's time."""
        await self._engine.acquire()
        self._level = self._drained(now) + 1
        self._at = now

    def free(self, now: float) -> int:
        """Return how many requests could leave at once."""
        return max(0, int(self.burst - self._drained(now) + 1e-9))

    def seconds_until(self, count: int, now: float) -> float:
        """Return the wait until ``count`` more requests may all have left."""
        return max(0.0, (self._drained(now) + count - self.burst) / self.rate)

    def _drained(self, now: float) -> float:
        return max(0.0, self._level - (now - self._at) * self.rate)


@frozen(kw_only=True)
class LimiterState:
    """The budget at one moment.

    ``free_now`` requests could leave at once, ``waiting`` tasks queue;
    ``waiting_for`` is ``minute``, ``hour``, ``server`` (a 429) or None;
    ``held_seconds`` is what is left of the pause that the server asked for.
    """

    free_now: int
    waiting: int
    waiting_for: str | None
    held_seconds: float


class Limiter:
    """The budget of one Reply user, shared by every session that is given it.

    Belongs to one event loop. ``acquire`` grants one request on the wire, first come
    first served.
    """

    def __init__(
        self,
        *,
        per_minute: int = 100,
        per_hour: int = 3000,
        burst: int = 10,
        uniform: Uniform = random.uniform,
    ) -> None:
        if not 1 <= burst < per_minute:
            raise InvalidUse("burst", f"must be from 1 to {per_minute - 1}")
        if per_hour < 10:  # noqa: PLR2004 - a tenth of it is the burst of the hour
            raise InvalidUse("per_hour", "must be at least 10")
        self._buckets = (
            Bucket("minute", per_minute, MINUTE, burst),
            Bucket("hour", per_hour, HOUR, max(1, per_hour // 10)),
        )
        self._turnstile = asyncio.Lock()
        self._waiting = 0
        self._not_before = -math.inf
        self._refusals = 0
        self._uniform = uniform
        self.retry_quota = RetryQuota()

    async def acquire(self, max_wait: float | None = None) -> None:
        """Wait until one more request may leave.

        Raises WaitTooLong, before any waiting, if that takes longer than ``max_wait``
        seconds as things stand; and when a 429 makes it longer than that meanwhile.
        """
        ahead = self.seconds_until(self._waiting + 1)
        if max_wait is not None and ahead > max_wait:
            raise WaitTooLong(ahead)
        loop = asyncio.get_running_loop()
        if ahead <= 0 and not self._waiting:
            await self._take(loop)
            return
        latest = math.inf if max_wait is None else loop.time() + max_wait
        self._waiting += 1
        try:
            async with asyncio.timeout_at(None if max_wait is None else latest), self._turnstile:
                await self._grant(loop, latest)
        except TimeoutError:
            raise WaitTooLong(self.seconds_until(1)) from None
        finally:
            self._waiting -= 1

    async def _grant(self, loop: asyncio.AbstractEventLoop, latest: float) -> None:
        # Looked at again after each sleep, because a 429 may come meanwhile.
        while (wait := self.seconds_until(1)) > 0:
            if loop.time() + wait > latest:
                raise WaitTooLong(wait)
            await asyncio.sleep(wait)
        await self._take(loop)

    async def _take(self, loop: asyncio.AbstractEventLoop) -> None:
        for bucket in self._buckets:
            await bucket.acquire(loop.time())

    def throttled(self, retry_after: float | None) -> float:
        """Move the pause of everybody after a 429; return how long it is (seconds).

        Without ``Retry-After`` the pause doubles from 1 to 60 s, once for each incident.
        """
        now = asyncio.get_running_loop().time()
        if now >= self._not_before:  # else this request was under way before the last refusal
            self._refusals += 1
        if retry_after is None:
            retry_after = min(LONGEST_PAUSE, 2.0 ** min(self._refusals - 1, _DOUBLINGS))
        # A whole second up: the server's clock may tick in seconds.
        self._not_before = max(
            self._not_before, now + math.ceil(retry_after) + self._uniform(0.0, 0.2)
        )
        return self._not_before - now

    def answered(self) -> None:
        """Note that the server took a request."""
        self._refusals = 0

    def seconds_until(self, count: int) -> float:
        """Return the wait until ``count`` more requests may all have left."""
        now = asyncio.get_running_loop().time()
        waits = [bucket.seconds_until(count, now) for bucket in self._buckets]
        return max(0.0, self._not_before - now, *waits)

    @property
    def state(self) -> LimiterState:
        """The budget as it stands now."""
        now = asyncio.get_running_loop().time()
        waits = {bucket.name: bucket.seconds_until(1, now) for bucket in self._buckets}
        waits["server"] = max(0.0, self._not_before - now)
        slowest = max(waits, key=lambda name: waits[name])
        free = min(bucket.free(now) for bucket in self._buckets)
        return LimiterState(
            free_now=0 if waits["server"] > 0 else free,
            waiting=self._waiting,
            waiting_for=slowest if waits[slowest] > 0 else None,
            held_seconds=waits["server"],
        )
