"""What the limiters of one user tell the store of their budget, and what it answers.

A store holds one ``Budget`` for each user and changes it in whole steps: a message is
heard, then its wish is granted or put off, and nobody else comes between. ``answer`` is
that step, on whatever clock the store goes by; ``MemoryStore`` takes it on the clock of
the event loop. Stores that several processes share stand in files of their own.
"""

from __future__ import annotations

import asyncio
import math
from typing import Protocol

from attrs import define, field, frozen

from reply_async.transport.budget import Budget, State
from reply_async.transport.limits import Limits


@frozen
class Settled:
    """A granted request was answered or lost: the server may have counted it.

    ``is_accepted`` if there was an answer, and it was no refusal.
    """

    lease_id: str
    is_accepted: bool


@frozen
class Released:
    """A granted request never left."""

    lease_id: str


@frozen
class Refused:
    """The server refused a request and asked everybody to wait.

    ``retry_after`` is the wait it asked for (seconds), None if it named none;
    ``jitter`` seconds are added to it. ``is_over_budget`` if the budget is the reason,
    which slows everybody down afterwards as well.
    """

    is_stats: bool
    retry_after: float | None
    jitter: float
    is_over_budget: bool = True


@frozen
class Observed:
    """An answer said how much the user has left in a window, ``minute`` or ``hour``."""

    window: str
    remaining: int


News = Settled | Released | Refused | Observed


@frozen
class Want:
    """One more request would like to go.

    It holds a lease of ``lease_seconds``, counted from when it may go. It may be granted
    up to ``ahead_seconds`` before that time, so that one message is enough.
    """

    lease_id: str
    lease_seconds: float
    is_stats: bool = False
    ahead_seconds: float = 0.0


@frozen(kw_only=True)
class Message:
    """What happened since the last message, in order, and what is wanted now.

    ``limits`` are those of the sender; ``wants_state`` asks for the whole budget.
    """

    limits: Limits
    news: tuple[News, ...] = ()
    want: Want | None = None
    wants_state: bool = False


@frozen(kw_only=True)
class Reply:
    """What the store says at ``now``, a time on its own clock (seconds).

    ``wait_seconds`` are those until a granted request may go, and otherwise until it is
    worth asking again: infinite while a whole limit is in flight.
    """

    now: float
    is_granted: bool = False
    wait_seconds: float = math.inf
    state: State | None = None


class Store(Protocol):
    """Holds the budgets of users; ``user`` is a name or fingerprint, never a key."""

    async def exchange(self, user: str, message: Message) -> Reply:
        """Take one whole step; a ReplyError if the store cannot be reached."""
        ...

    async def close(self) -> None:
        """Let go of files and connections; exchanging again opens them anew."""


def answer(budget: Budget, now: float, message: Message) -> Reply:
    """Take the step that every store takes, on a budget with the message's limits."""
    for news in message.news:
        hear(budget, now, news)
    is_granted, wait = False, math.inf
    if (want := message.want) is not None:
        wait = budget.ready_at(now, is_stats=want.is_stats) - now
        is_granted = wait <= want.ahead_seconds
        if is_granted:
            expires = now + wait + want.lease_seconds
            budget.grant(want.lease_id, expires, is_stats=want.is_stats)
    state = budget.dump(now) if message.wants_state else None
    return Reply(now=now, is_granted=is_granted, wait_seconds=wait, state=state)


def hear(budget: Budget, now: float, news: News) -> None:
    """Take one piece of news into account."""
    match news:
        case Settled(lease_id, is_accepted):
            budget.settle(now, lease_id, is_accepted=is_accepted)
        case Released(lease_id):
            budget.release(lease_id)
        case Refused():
            budget.refuse(
                now,
                news.retry_after,
                news.jitter,
                is_stats=news.is_stats,
                is_over_budget=news.is_over_budget,
            )
        case Observed(window, remaining):
            budget.observe(now, window, remaining)


@define(eq=False)
class MemoryStore:
    """Holds the one budget of a user in this process, on the clock of the running loop.

    It needs no name of the user, and keeps what was spent before there was one.
    """

    _budget: Budget | None = field(init=False, default=None, repr=False)

    def budget(self, limits: Limits) -> Budget:
        """Return the budget, as the one with these limits sees it."""
        if self._budget is None:
            self._budget = Budget(limits)
        elif self._budget.limits is not limits:
            self._budget.limits = limits
        return self._budget

    def is_idle(self, now: float) -> bool:
        """Tell whether nothing that was spent or refused counts any more."""
        return self._budget is None or self._budget.is_idle(now)

    async def exchange(self, user: str, message: Message) -> Reply:  # noqa: ARG002 - protocol
        """Take one whole step, at once."""
        now = asyncio.get_running_loop().time()
        return answer(self.budget(message.limits), now, message)

    async def close(self) -> None:
        """Do nothing: the budget outlives those who spend it."""
