"""When to try again: pure decisions, no clock, no sleep.

The figures follow the standard retry mode of the AWS SDKs: a quota shared by all
calls of one key keeps retries from adding to an outage.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from attrs import frozen

from reply_async.requests import Request, Safety
from reply_async.responses import Accepted, NotSent, Outcome, Throttled, Unknown

QUOTA: Final = 500
TRANSIENT_COST: Final = 14
THROTTLED_COST: Final = 5
TRANSIENT_BASE_SECONDS: Final = 0.5
MAXIMUM_SECONDS: Final = 20.0

Uniform = Callable[[float, float], float]


class RetryQuota:
    """What the calls of one key may still spend on retries; successes refill it."""

    def __init__(self, tokens: int = QUOTA) -> None:
        self.tokens = tokens

    def spend(self, cost: int) -> bool:
        """Take the cost of one retry, if there is enough left."""
        if self.tokens < cost:
            return False
        self.tokens -= cost
        return True

    def refill(self) -> None:
        """Give one token back, for a success."""
        self.tokens = min(QUOTA, self.tokens + 1)


@frozen(kw_only=True)
class RetryPolicy:
    """How long one call may go on: an awaited call has a ceiling, a job has not.

    ``attempts`` bounds everything but throttling in a job; ``max_wait`` is the longest
    single wait (seconds) before the call raises instead, None waits as long as it takes.
    """

    attempts: int = 3
    max_wait: float | None = 75.0
    deadline: float | None = 150.0


# The Safety classes whose lost answer is answered by sending the same bytes again.
REPEATABLE: Final = frozenset({Safety.READ, Safety.UPSERT})


def is_repeatable(request: Request, outcome: Outcome[Any]) -> bool:
    """Tell whether this request may be sent again as it is after this outcome."""
    match outcome:
        case NotSent(is_permanent=is_permanent):
            return request.safety not in (None, Safety.SEND) and not is_permanent
        case Throttled():
            return request.safety not in (None, Safety.SEND)
        case Accepted():  # the job is at it; what became of it must be read first
            return False
        case Unknown(is_transient=is_transient):
            return request.safety in REPEATABLE and (is_transient or not request.is_read)
    return False


def wait_seconds(
    request: Request,
    outcome: Outcome[Any],
    *,
    attempt: int,
    policy: RetryPolicy,
    quota: RetryQuota,
    uniform: Uniform = random.uniform,
) -> float | None:
    """Return how long to wait before the next attempt, or None to give up.

    ``attempt`` counts from 1. A throttled request waits at the limiter, where the
    server's own wait holds for everybody: here it waits no time of its own.
    """
    if not is_repeatable(request, outcome):
        return None
    if isinstance(outcome, Throttled):
        is_job = policy.deadline is None
        if not is_job and attempt >= policy.attempts:
            return None
        return 0.0 if is_job or quota.spend(THROTTLED_COST) else None
    if attempt >= policy.attempts or not quota.spend(TRANSIENT_COST):
        return None
    return uniform(0.0, min(MAXIMUM_SECONDS, TRANSIENT_BASE_SECONDS * 2 ** (attempt - 1)))
