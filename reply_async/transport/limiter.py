"""The limiter: lets requests go within the budget of one Reply user, lane by lane.

The guards of the budget prove, aiolimiter paces, in that order: the other way round
the pacer would let through what the guards then release as one burst. A request that
finds room and nobody waiting goes at once. Otherwise it waits in its lane, and one
task, which lives only while somebody waits, asks for grants and hands them over.

Uses the event loop as its clock; no other file imports aiolimiter.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import math
import os
import random
import secrets
from collections.abc import Collection
from typing import Final

from aiolimiter import AsyncLimiter

from reply_async.errors import InvalidUse, ReplyError, StoreFailed
from reply_async.transport.account import Account
from reply_async.transport.forecast import Forecast, Outlook
from reply_async.transport.grant import Grant
from reply_async.transport.lanes import Lane, Waiter
from reply_async.transport.limiter_state import LimiterState
from reply_async.transport.limits import HOUR, MINUTE, Limits, is_whole
from reply_async.transport.retry import RetryQuota, Uniform
from reply_async.transport.store import (
    MemoryStore,
    Observed,
    Refused,
    Released,
    Settled,
    Store,
    Want,
)
from reply_async.transport.turnstile import Turnstile, WaitTooLong

# A shared store grants up to so many seconds ahead, so that asking once is enough.
AHEAD_SECONDS: Final = 3.0
# How often to ask a shared store in a long wait: others may give something back.
LONGEST_WAIT: Final = 60.0
# While a whole limit is in flight, answers are waited for; leases may end as well.
POLL_SECONDS: Final = 1.0
STORE_BACKOFF: Final = (1.0, 30.0)  # seconds, doubled from the first to the last
STORE_SECONDS: Final = 1.0  # that a shared store may take on top of a caller's ceiling


class Pacer:
    """aiolimiter's bucket, and a copy of its level that tells what is to come."""

    def __init__(self, burst: int, limit: float, window: float) -> None:
        self.burst, self._window = burst, window
        self._level = self._at = 0.0
        self.limit = limit
        self._engine = self._made(limit)

    def _made(self, limit: float) -> AsyncLimiter:
        return AsyncLimiter(self.burst, self.burst * self._window / limit)

    async def follow(self, limit: float, now: float) -> None:
        """Go by another limit of the minute, or in another loop, from now on."""
        self._level, self._at = self._drained(now), now
        self.limit, self._engine = limit, self._made(limit)
        await self._engine.acquire(min(self._level, self.burst))  # at once: it is empty

    async def take(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for a token."""
        await self._engine.acquire()
        now = loop.time()
        self._level, self._at = self._drained(now) + 1, now

    def tokens(self, now: float) -> float:
        """Return how many may leave at once."""
        return self.burst - self._drained(now)

    def ready_at(self, now: float) -> float:
        """Return the time at which one may leave."""
        return now + max(0.0, 1 - self.tokens(now)) * self._window / self.limit

    def _drained(self, now: float) -> float:
        elapsed = max(0.0, now - self._at)  # another loop's clock may be behind
        return max(0.0, self._level - elapsed * self.limit / self._window)


class Limiter:
    """The budget of one Reply user, shared by every session that is given it.

    Serves one event loop after the other, not two at once. ``acquire`` grants one request
    on the wire.

    Args:
        per_minute: Requests a minute that the server allows.
        per_hour: Requests an hour that the server allows.
        stats_per_hour: Statistics and reports an hour. The server's number is not
            published; where it refuses earlier, fewer are used from then on.
        share: The part of the budget to use at most, from above 0 to 1.
        burst: Requests that may leave at once after a quiet time; then they are paced.
        store: Where the budget is kept; by default in this process.
        name: Its name in the store, for keys that act as one user; by default it is
            made of the first session's origin, key and user, and holds no key.
        windows: Seconds of the server's minute and hour, for a server that runs fast.

    Raises: InvalidUse for a number that cannot be right.
    """

    def __init__(
        self,
        *,
        per_minute: int = 100,
        per_hour: int = 3000,
        stats_per_hour: int = 300,
        share: float = 1.0,
        burst: int = 10,
        store: Store | None = None,
        name: str | None = None,
        windows: tuple[float, float] = (MINUTE, HOUR),
        uniform: Uniform = random.uniform,
    ) -> None:
        limits = Limits.checked(
            per_minute=per_minute,
            per_hour=per_hour,
            stats_per_hour=stats_per_hour,
            share=share,
            windows=windows,
        )
        if not is_whole(burst) or not 1 <= burst <= per_minute:
            raise InvalidUse("burst", f"must be a whole number from 1 to {per_minute}")
        self._store = MemoryStore() if store is None else store
        self._account = Account(self._store, limits, name or "")
        self._is_named = name is not None
        self._pacer = Pacer(burst, limits.nominal["minute"], limits.minute)
        self._uniform = uniform
        self._granted = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = os.getpid()
        self._begin()
        self._outlook = Outlook()
        self.retry_quota = RetryQuota()

    def _begin(self) -> None:
        """Begin with nobody waiting, as in a new event loop."""
        self._turnstile = Turnstile(self._serve_all, self._reason)
        self._lanes = self._turnstile.lanes
        self._held = dict.fromkeys(Lane, -math.inf)  # until when it is no use to ask
        self._is_full = False  # a whole limit is in flight
        self._asking_since = math.inf
        self._failure: ReplyError | None = None  # of the store, since it last worked
        self._failed_until, self._backoff = -math.inf, 0.0
        self._is_paced = False  # aiolimiter belongs to this loop

    def bind(self, user: str) -> None:
        """Name the budget after the user of a session, if it has no name yet.

        Raises: InvalidUse if it is kept in a shared store under another user's name.
        """
        if not self._account.user:
            self._account.user = user
        elif self._account.user != user and self._account.at_hand is None and not self._is_named:
            raise InvalidUse("limiter", "is kept in a store for another key: give it a name")

    async def acquire(
        self,
        max_wait: float | None = None,
        *,
        lane: Lane = Lane.INTERACTIVE,
        lease_seconds: float = 30.0,
        owner: object = None,
    ) -> Grant:
        """Wait until one more request may leave, and return the leave to send it.

        It counts as answered after ``lease_seconds`` if it is neither settled nor
        released. Raises WaitTooLong, before any waiting, if the wait is longer than
        ``max_wait`` seconds as things stand, and when it becomes so meanwhile; a
        ReplyError if a shared store cannot be reached in time, unless it may wait for
        ever; InvalidUse in a second event loop while the first one runs.
        ``owner`` may let all of its waiters go by ``abandon``.
        """
        loop = self._here()
        budget = self._account.at_hand
        if budget is not None and not self._lanes and (max_wait is None or max_wait >= 0):
            now, is_stats = loop.time(), lane is Lane.STATS
            if budget.ready_at(now, is_stats=is_stats) <= now and self._pacer.tokens(now) >= 1:
                grant = self._new_grant(is_stats=is_stats)
                budget.grant(grant.lease_id, now + lease_seconds, is_stats=is_stats)
                self._granted += 1
                try:
                    await self._follow(loop)
                    await self._pacer.take(loop)
                except asyncio.CancelledError:
                    grant.release()
                    raise
                return grant
        latest = math.inf
        if max_wait is not None:
            ahead = self._seconds_ahead(lane)
            if ahead > max_wait:
                raise WaitTooLong(ahead)
            latest = loop.time() + max_wait + (0.0 if budget is not None else STORE_SECONDS)
        waiter = Waiter[Grant](lane, loop.create_future(), lease_seconds, latest, owner)
        return await self._turnstile.wait(waiter)

    def abandon(self, owner: object, error: Exception) -> None:
        """Let everybody go who waits for an owner, with an error."""
        self._turnstile.turn_out(error, lambda waiter: waiter.owner is owner)

    def refused(
        self, retry_after: float | None, *, is_stats: bool = False, is_over_budget: bool = True
    ) -> float:
        """Move the pause of everybody after a 429; return how long it is (seconds).

        One for statistics holds these alone. Without ``Retry-After`` the pause doubles
        from 1 to 60 s, once for each incident. If the budget is the reason, less of it
        is used afterwards.
        """
        jitter = self._uniform(0.0, 0.2)
        refused = Refused(is_stats, retry_after, jitter, is_over_budget)
        self._account.tell(refused, is_urgent=True)
        self._outlook.forget()
        budget, now = self._account.look()
        pause = budget.paces["stats" if is_stats else "all"].not_before - now
        self._turnstile.turn_away(pause, (Lane.STATS,) if is_stats else tuple(Lane))
        return pause

    def observed(self, window: str, remaining: int) -> None:
        """Note what the server said is left of a ``minute`` or an ``hour``."""
        self._account.tell(Observed(window, remaining))

    def seconds_until(self, count: int) -> float:
        """Return the wait until ``count`` more requests may have left, about.

        As if nobody else were waiting, with what others spend and the scale as they are.
        """
        return self._seconds_to(count, 0)

    @property
    def state(self) -> LimiterState:
        """The budget as it stands now, or is known here of a shared one."""
        budget, now = self._account.look()
        tokens = self._pacer.tokens(now - self._account.ahead)
        return LimiterState.of(budget, now, tokens, self._lanes.waiting())

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits, and nothing that was spent or refused counts any more."""
        budget, now = self._account.look()
        return not self._lanes and budget.is_idle(now)

    async def flush(self) -> None:
        """Let a shared store know at once what it would be told soon."""
        self._here()
        with contextlib.suppress(ReplyError):  # leases end by themselves
            await self._account.flush()

    async def close(self) -> None:
        """Flush, and let go of the store; the limiter can be used again."""
        self._here()
        with contextlib.suppress(ReplyError):  # leases end by themselves
            await self._account.close()

    def _here(self) -> asyncio.AbstractEventLoop:
        """Return the event loop; begin anew if it is another one than before."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._leave()
            self._loop, self._process = loop, os.getpid()
            self._account.begin()
            self._begin()
        return loop

    def _leave(self) -> None:
        """Leave the last event loop; whoever waits in it is told, if it may go on."""
        if self._loop is None or self._loop.is_closed() or self._process != os.getpid():
            return
        error = InvalidUse("limiter", "is used in another event loop: share a store instead")
        if self._loop.is_running():
            raise error
        self._turnstile.end(error)
        self._account.end()

    async def _serve_all(self) -> None:
        """Ask for grants and hand them over as long as somebody waits."""
        loop = asyncio.get_running_loop()
        while self._lanes:
            now = loop.time()
            lane = self._lanes.next([each for each in Lane if self._held[each] > now])
            if lane is not None:
                await self._serve(loop, lane)
                continue
            counts = self._lanes.waiting()
            until = min(self._held[each] for each, count in counts.items() if count)
            await self._turnstile.sleep(until)

    async def _serve(self, loop: asyncio.AbstractEventLoop, lane: Lane) -> None:
        """Ask for a grant for a lane, and hand it over or hold the lane."""
        is_stats, is_local = lane is Lane.STATS, self._account.at_hand is not None
        lanes = (lane,) if is_stats else (Lane.INTERACTIVE, Lane.BULK)
        heads = [head for each in lanes if (head := self._lanes.first(each)) is not None]
        lease_seconds = max(head.lease_seconds for head in heads)
        grant = self._new_grant(is_stats=is_stats)
        paced = self._pacer.ready_at(loop.time()) - loop.time()  # no part of the lease
        # Statistics that wait for their time must not keep others from theirs.
        ahead_seconds = 0.0 if is_local or is_stats else AHEAD_SECONDS
        self._asking_since = loop.time()
        try:
            reply = await self._account.ask(
                Want(grant.lease_id, paced + lease_seconds, is_stats, ahead_seconds)
            )
        except ReplyError as error:
            self._wait_without_store(loop, error)
            return
        finally:
            self._asking_since = math.inf
        if self._failure is not None:
            self._failure, self._backoff = None, 0.0
            self._held = dict.fromkeys(Lane, -math.inf)
        if not reply.is_granted:
            self._hold(loop, lane, reply.wait_seconds)
            return
        try:
            at = loop.time() + reply.wait_seconds
            await self._follow(loop)
            while self._lanes:
                until = max(at, self._pacer.ready_at(loop.time()))
                if until <= loop.time():
                    await self._pacer.take(loop)
                    break
                await self._turnstile.sleep(until)  # with an ear for those who give up meanwhile
            self._hand_over(grant, lanes, lease_seconds)
        except asyncio.CancelledError:
            grant.release()
            raise

    def _hand_over(self, grant: Grant, lanes: Collection[Lane], lease_seconds: float) -> None:
        """Give a grant to whoever's turn it is, or back."""
        others = [lane for lane in Lane if lane not in lanes]
        while (lane := self._lanes.next(others)) is not None:
            head = self._lanes.first(lane)
            if head is None or head.lease_seconds > lease_seconds:  # came meanwhile
                break
            if self._account.is_paused(is_stats=grant.is_stats):  # a 429, meanwhile
                break
            waiter = self._lanes.take(lane)
            if not waiter.future.done():  # else it was cancelled a moment ago
                self._granted += 1
                waiter.future.set_result(grant)
                return
        grant.release()

    def _hold(self, loop: asyncio.AbstractEventLoop, lane: Lane, seconds: float) -> None:
        """Note that there is nothing for a lane before a time."""
        lanes = (Lane.STATS,) if lane is Lane.STATS else tuple(Lane)
        self._is_full = seconds == math.inf
        if not self._is_full:
            self._turnstile.turn_away(seconds, lanes)
        longest = POLL_SECONDS if self._is_full else seconds
        if self._account.at_hand is None:
            longest = min(longest, LONGEST_WAIT)
        until = loop.time() + longest
        for each in lanes:
            self._held[each] = max(self._held[each], until)

    def _wait_without_store(self, loop: asyncio.AbstractEventLoop, error: ReplyError) -> None:
        """Tell who awaits a call; who may wait for ever waits, longer each time."""
        self._failure = error
        self._turnstile.turn_out(error, lambda waiter: waiter.latest < math.inf)
        if self._lanes and loop.time() >= self._failed_until:  # calls may fail meanwhile
            first, last = STORE_BACKOFF
            self._backoff = min(last, max(first, 2 * self._backoff))
            self._failed_until = loop.time() + self._backoff
        for lane, count in self._lanes.waiting().items():
            if count:
                self._held[lane] = self._failed_until

    def _reason(self, waiter: Waiter[Grant]) -> Exception:
        """Return why somebody has waited in vain."""
        if self._failure is not None:
            return copy.copy(self._failure)
        if asyncio.get_running_loop().time() - self._asking_since >= STORE_SECONDS:
            return StoreFailed("a shared store", "does not come in time: it is busy, or far away")
        return WaitTooLong(self._seconds_ahead(waiter.lane))

    async def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the pacer go by what a minute may hold now, in this loop."""
        limit = self._account.minute_limit
        if limit != self._pacer.limit or not self._is_paced:
            self._is_paced = True
            await self._pacer.follow(limit, loop.time())

    def _new_grant(self, *, is_stats: bool) -> Grant:
        # From the system, hence never the same in two processes, forked ones included.
        return Grant(secrets.token_hex(8), is_stats, self._end)

    def _end(self, news: Settled | Released) -> None:
        self._account.tell(news)
        if self._lanes and (self._is_full or isinstance(news, Released)):
            self._is_full = False
            self._held = dict.fromkeys(Lane, -math.inf)
            self._turnstile.wake()

    def _seconds_ahead(self, lane: Lane) -> float:
        """Return the wait of one who comes to a lane now."""
        of_stats = self._lanes.waiting()[lane] + 1 if lane is Lane.STATS else 0
        return self._seconds_to(self._lanes.ahead(lane) + 1, of_stats)

    def _seconds_to(self, count: int, of_stats: int) -> float:
        budget, now = self._account.look()
        tokens = self._pacer.tokens(now - self._account.ahead)
        at = self._outlook.time_of(
            count,
            of_stats,
            granted=self._granted,
            make=lambda: Forecast(budget, now, tokens, self._pacer.burst),
            now=now,
        )
        return max(0.0, at - now)
