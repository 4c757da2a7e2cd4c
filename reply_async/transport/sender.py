"""The way of one request: retry outside, limiter and one attempt inside.

While it sleeps a request holds no connection and no lock; one of a job keeps its place
among the few that are under way. A write whose answer was lost is read back by the
request's own ``read_back``; this file knows no endpoint.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from attrs import define, evolve, field

from reply_async.errors import NotFound, OutcomeUnknown, RateLimitWait, SessionClosed
from reply_async.events import AnswerRead, Event, Held, RequestSent, RetryPlanned
from reply_async.requests import (
    NotReached,
    RateClass,
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
)
from reply_async.responses import (
    Answer,
    Applied,
    Decoder,
    NotSent,
    Outcome,
    Rejected,
    Throttled,
    Unknown,
    conclude,
    judge,
    read_remaining,
    read_retry_after,
)
from reply_async.transport.grant import Grant
from reply_async.transport.http import HttpTransport, Trace
from reply_async.transport.lanes import Lane
from reply_async.transport.limiter import Limiter
from reply_async.transport.retry import RetryPolicy, wait_seconds
from reply_async.transport.turnstile import WaitTooLong

T = TypeVar("T")

logger = logging.getLogger("reply_async")

JOB: Final = RetryPolicy(max_wait=None, deadline=None)
# At most so many requests of jobs are under way in a session. With a few connections
# more, an awaited call never queues for one behind them.
BULK_WINDOW: Final = 8
CONNECTIONS: Final = BULK_WINDOW + 4
SECONDS_PER_ROW: Final = 0.03  # big batches take the server longer
# The server's clock and ours are compared with this much slack.
CLOCK_SLACK: Final = timedelta(minutes=5)
_ANY_TIME: Final = datetime.min.replace(tzinfo=UTC)
# The classes that may be sent once more when reading back shows that nothing happened.
_SENT_AGAIN: Final = frozenset({Safety.STATE, Safety.DELETE, Safety.REPLACE})


@define(kw_only=True)
class Sender:
    """Sends requests within the budget and says what became of them."""

    http: HttpTransport
    limiter: Limiter
    attempt_timeout: float
    awaited: RetryPolicy
    on_event: Callable[[Event], None] | None = None
    requests_sent: int = field(init=False, default=0)
    _bulk_window: asyncio.Semaphore = field(
        init=False, factory=lambda: asyncio.Semaphore(BULK_WINDOW)
    )

    async def send(self, request: Request, decode: Decoder[T] | None) -> T:
        """Send for a caller who awaits the value; raise whatever else became of it."""
        started = _now()
        outcome = await self.deliver(request, decode, self.awaited)
        if _is_doubtful(request, outcome) and request.read_back is not None:
            outcome = await self._resolve(request, request.read_back, decode, outcome, started)
        return conclude(request.without_body(), outcome)

    async def deliver(
        self,
        request: Request,
        decode: Decoder[T] | None,
        policy: RetryPolicy = JOB,
        started: float | None = None,
        on_attempt: Callable[[], None] | None = None,
        lost: Unknown | None = None,
    ) -> Outcome[T]:
        """Send, and repeat what may be repeated unread; return the last outcome.

        Raises RateLimitWait, before sleeping, where the policy bounds the wait. The
        deadline of the policy counts from ``started``, by default from now.
        ``on_attempt`` is called when the budget of an attempt has been granted.
        ``lost`` is what became of an earlier attempt of this write. Once one is lost,
        an attempt that never left does not make the write unsent.
        """
        started, attempt = _now() if started is None else started, 1
        while True:
            async with self._bulk_window if _is_job(policy) else nullcontext():
                try:
                    grant = await self._wait_for_budget(request, policy, started)
                except (RateLimitWait, SessionClosed):
                    if lost is None:
                        raise
                    return lost
                if on_attempt is not None:
                    on_attempt()
                left = _left(policy, started)
                outcome = await self._attempt(request, decode, attempt, grant, left)
            pause = wait_seconds(
                request, outcome, attempt=attempt, policy=policy, quota=self.limiter.retry_quota
            )
            if isinstance(outcome, Unknown) and not request.is_read:
                lost = outcome
            left = _left(policy, started)
            if pause is None or (left is not None and pause >= left):
                return outcome if lost is None else _after_loss(outcome, lost)
            wait = max(pause, self.limiter.seconds_until(1))
            cause = outcome.evidence if isinstance(outcome, NotSent | Unknown) else "answer 429"
            self._tell(RetryPlanned(request.without_body(), attempt, wait, cause))
            await asyncio.sleep(pause)
            attempt += 1

    async def _wait_for_budget(
        self, request: Request, policy: RetryPolicy, started: float
    ) -> Grant:
        _ = self.http.session  # a closed session spends no budget
        left = _left(policy, started)
        ceilings = [ceiling for ceiling in (policy.max_wait, left) if ceiling is not None]
        grant, seconds = None, 0.0
        try:
            grant = await self.limiter.acquire(
                min(ceilings, default=None),
                lane=_lane(request, policy),
                lease_seconds=self._timeout(request, left),
                owner=self,
            )
        except WaitTooLong as error:
            seconds = error.seconds
        if grant is not None and (left := _left(policy, started)) is not None and left <= 0:
            grant.release()  # it came with the deadline
            grant, seconds = None, -left
        if grant is None:
            raise RateLimitWait(request, seconds)
        if not self.http.is_open:  # closed meanwhile
            grant.release()
        _ = self.http.session
        return grant

    async def _attempt(
        self,
        request: Request,
        decode: Decoder[T] | None,
        attempt: int,
        grant: Grant,
        left: float | None,
    ) -> Outcome[T]:
        trace, is_accepted = Trace(), False
        try:
            bare = request.without_body()
            self._tell(RequestSent(bare, attempt))
            started = _now()
            result = await self.http.attempt(request, self._timeout(request, left), trace)
            status = result.status if isinstance(result, Answer) else None
            self.requests_sent += not isinstance(result, NotSent)
            self._tell(AnswerRead(bare, attempt, status, _now() - started))
            if not isinstance(result, Answer):
                return result
            outcome = judge(bare, result, decode)
            is_accepted = not self._is_held(request, result, outcome)
        finally:
            if trace.headers_sent:  # it may have been counted, whatever became of it
                grant.settle(is_accepted=is_accepted)
            else:
                grant.release()
        if isinstance(outcome, Applied):
            self.limiter.retry_quota.refill()
        return outcome

    def _is_held(self, request: Request, answer: Answer, outcome: Outcome[Any]) -> bool:
        """Take what an answer says about the budget; tell whether it asks to wait."""
        left = read_remaining(answer.headers)
        # Statistics have a limit an hour of their own: a word about the minute is for all.
        is_of_minute = left is not None and left[0] == "minute"
        is_stats = request.rate_class is RateClass.STATS and not is_of_minute
        if left is not None and not is_stats:
            self.limiter.observed(*left)
        told = answer.headers.get("retry-after")
        asked = None if told is None else read_retry_after(told, answer.date)
        is_throttled = isinstance(outcome, Throttled)
        is_held = is_throttled or (isinstance(outcome, Unknown) and asked is not None)
        if is_held:
            pause = self.limiter.refused(asked, is_stats=is_stats, is_over_budget=is_throttled)
            self._tell(Held(pause))
        return is_held

    def _timeout(self, request: Request, left: float | None) -> float:
        timeout = self.attempt_timeout + SECONDS_PER_ROW * request.rows
        return timeout if left is None else max(0.001, min(timeout, left))

    async def _resolve(
        self,
        request: Request,
        read_back: ReadBack,
        decode: Decoder[T] | None,
        outcome: Outcome[T],
        started: float,
    ) -> Outcome[T]:
        """Find out what became of a write by reading; send again at most once."""
        verdict = await self._read(read_back, started)
        may_send_again = request.safety in _SENT_AGAIN and isinstance(verdict, NotReached)
        if may_send_again and isinstance(outcome, Unknown):
            lost = outcome
            outcome = await self.deliver(request, decode, self.awaited, started, lost=lost)
            if _is_gone(request, outcome):  # the echo of the first try
                verdict = Reached(None)
            elif _is_doubtful(request, outcome):
                verdict = await self._read(read_back, started)
                outcome = lost  # a conflict may be its echo too, which no read shows yet
        if isinstance(verdict, Reached) and not isinstance(outcome, Applied):
            return Applied(verdict.value, Answer(200, {}, b""))
        if isinstance(verdict, Undecided) and verdict.seen and isinstance(outcome, Unknown):
            raise OutcomeUnknown(request, outcome.evidence, verdict.seen)
        return outcome

    async def _read(self, read_back: ReadBack, started: float) -> Verdict:
        """Read and judge; a read that fails leaves the write undecided."""
        try:
            outcome = await self.deliver(read_back.request, read_back.decode, self.awaited, started)
        except (RateLimitWait, SessionClosed):  # what the caller must know is the lost write
            return Undecided()
        if isinstance(outcome, Applied):
            return read_back.judge(outcome.value, _earliest(outcome.answer, _now() - started))
        if _is_missing(outcome):
            return read_back.judge(None, _ANY_TIME)
        return Undecided()

    def _tell(self, event: Event) -> None:
        logger.debug("%s", event)
        if self.on_event is None:
            return
        try:
            self.on_event(event)
        except Exception:  # what became of the request matters more
            logger.exception("on_event failed")


def _is_doubtful(request: Request, outcome: Outcome[Any]) -> bool:
    """Tell whether a write must be read back.

    A 409 on a change of state is doubtful too: the state may be reached already.
    """
    match outcome:
        case Unknown():
            return not request.is_read
        case Rejected(error=error):
            return request.safety is Safety.STATE and error.status == 409  # noqa: PLR2004 - conflict
    return False


def _after_loss(outcome: Outcome[T], lost: Unknown) -> Outcome[T]:
    """Return what the last attempt means after another one of the same write was lost."""
    match outcome:
        case Applied():
            return evolve(outcome, after_loss=True)
        case NotSent() | Throttled():
            return lost
    return outcome


def _is_missing(outcome: Outcome[Any]) -> bool:
    return isinstance(outcome, Rejected) and isinstance(outcome.error, NotFound)


def _is_gone(request: Request, outcome: Outcome[Any]) -> bool:
    return request.safety is Safety.DELETE and _is_missing(outcome)


def _earliest(answer: Answer, elapsed: float) -> datetime:
    """Return the server's time at which the write was first sent, with slack."""
    date = answer.date
    return _ANY_TIME if date is None else date - timedelta(seconds=elapsed) - CLOCK_SLACK


def _is_job(policy: RetryPolicy) -> bool:
    return policy.deadline is None


def _lane(request: Request, policy: RetryPolicy) -> Lane:
    if request.rate_class is RateClass.STATS:
        return Lane.STATS
    return Lane.BULK if _is_job(policy) else Lane.INTERACTIVE


def _left(policy: RetryPolicy, started: float) -> float | None:
    return None if policy.deadline is None else policy.deadline - (_now() - started)


def _now() -> float:
    return asyncio.get_running_loop().time()
