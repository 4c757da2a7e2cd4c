"""One limiter's side of the budget: what it tells the store, asks it and knows of it.

A budget in this process is at hand. Of one in a shared store there is a copy, kept up
with what happens here and fetched anew when somebody looks at it; news go to the store
with the next wish, or by themselves soon after.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from typing import Final

from reply_async.errors import ReplyError
from reply_async.transport.budget import PACES, Budget
from reply_async.transport.limits import Limits
from reply_async.transport.store import (
    MemoryStore,
    Message,
    News,
    Released,
    Reply,
    Store,
    Want,
    hear,
)

# News that no wish takes along go by themselves after this.
FLUSH_SECONDS: Final = 0.2
# A copy older than this is fetched anew for whoever looks at it.
FRESH_SECONDS: Final = 1.0
# Or else after this, so that it does not grow for ever.
KEPT_SECONDS: Final = 3600.0
RETRY_SECONDS: Final = 5.0


class Account:
    """Exchanges messages with a store about the budget of one user."""

    def __init__(self, store: Store, limits: Limits, user: str) -> None:
        self._store, self._limits, self.user = store, limits, user
        self._news: deque[News] = deque()
        self._copy = Budget(limits)
        self.ahead = 0.0  # the store's clock before the loop's
        self._is_watched = False
        self._is_closed = False  # nobody has asked for a grant since
        self.begin()

    def begin(self) -> None:
        """Begin in an event loop; what was planned in another one is not done any more."""
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None  # in which they are
        self._fetched = -math.inf

    def end(self) -> None:
        """Do nothing more in the event loop that was left."""
        if self._timer is not None:
            self._timer.cancel()
        if self._flushing is not None:
            self._flushing.cancel()

    @property
    def at_hand(self) -> Budget | None:
        """The budget itself, if it is in this process."""
        if isinstance(self._store, MemoryStore):
            return self._store.budget(self._limits)
        return None

    @property
    def minute_limit(self) -> float:
        """What a minute may hold now, as far as it is known."""
        budget = self.at_hand
        if budget is not None:
            return budget.guards["minute"].limit
        return self._copy.limit("minute", asyncio.get_running_loop().time() + self.ahead)

    def is_paused(self, *, is_stats: bool) -> bool:
        """Tell whether the server is known to have asked for a pause that goes on."""
        budget, now = self.at_hand or self._copy, asyncio.get_running_loop().time() + self.ahead
        return any(budget.paces[name].not_before > now for name in PACES[is_stats])

    def look(self) -> tuple[Budget, float]:
        """Return the budget as far as it is known, and the time on its clock."""
        now = asyncio.get_running_loop().time()
        if (budget := self.at_hand) is not None:
            return budget, now
        self._is_watched = True
        if now > self._fetched + FRESH_SECONDS and not self._is_closed:
            self._flush_in(0.0)
        return self._copy, now + self.ahead

    def tell(self, news: News, *, is_urgent: bool = False) -> None:
        """Let the store know, soon; without waiting."""
        budget, now = self.at_hand, asyncio.get_running_loop().time()
        if budget is not None:
            hear(budget, now, news)
            return
        hear(self._copy, now + self.ahead, news)
        self._news.append(news)
        self._flush_in(0.0 if is_urgent else FLUSH_SECONDS)

    async def ask(self, want: Want | None) -> Reply:
        """Tell the news and ask for a grant, in one exchange.

        Raises: ReplyError if the store cannot be reached; the news are kept.
        """
        self._is_closed = self._is_closed and want is None
        news = tuple(self._news)
        self._news.clear()
        age = asyncio.get_running_loop().time() - self._fetched
        message = Message(
            limits=self._limits,
            news=news,
            want=want,
            wants_state=age > (FRESH_SECONDS if self._is_watched else KEPT_SECONDS),
        )
        try:
            reply = await self._store.exchange(self.user, message)
        except BaseException:
            self._news.extendleft(reversed(news))
            if want is not None:  # it may have been granted, and the answer lost
                self._news.append(Released(want.lease_id))
            raise
        if self.at_hand is None:
            self._note(reply, want)
        return reply

    async def flush(self) -> None:
        """Tell what is left to tell, now. Raises: ReplyError as ``ask`` does."""
        if self._timer is not None:
            self._timer.cancel()
        if self._flushing is not None:
            await asyncio.wait([self._flushing])
        if self._news:
            await self.ask(None)

    async def close(self) -> None:
        """Flush, and let go of the store until somebody asks again. Raises: as ``flush``."""
        self._is_closed = True
        try:
            await self.flush()
        finally:
            await self._store.close()

    def _note(self, reply: Reply, want: Want | None) -> None:
        """Keep the copy up with what the store said."""
        now = asyncio.get_running_loop().time()
        self.ahead = reply.now - now
        if reply.state is not None:
            self._copy = Budget.load(self._limits, reply.state)
            for news in self._news:  # that came while the store answered
                hear(self._copy, reply.now, news)
            self._fetched, self._is_watched = now, False
        elif want is not None and reply.is_granted:
            expires = reply.now + reply.wait_seconds + want.lease_seconds
            self._copy.grant(want.lease_id, expires, is_stats=want.is_stats)

    def _flush_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        at = loop.time() + seconds
        if loop is not self._loop:
            self.begin()
            self._loop = loop
        if self._timer is not None:
            if not self._timer.cancelled() and self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._start_flush)

    def _start_flush(self) -> None:
        self._timer = None
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        has_failed = False
        try:
            if self._news or self._is_watched:
                await self.ask(None)
        except ReplyError:  # whoever wants a grant hears of it
            has_failed = True
        finally:
            self._flushing = None
        if has_failed or self._news:  # some may have come meanwhile
            with contextlib.suppress(RuntimeError):  # the loop is closing
                self._flush_in(RETRY_SECONDS if has_failed else 0.0)
