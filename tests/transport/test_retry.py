"""The retry policy: a pure function of request, outcome, attempt and quota."""

from __future__ import annotations

from typing import Any

import pytest

from reply_async.errors import ApiError, BadAnswer, Problem, RateLimited
from reply_async.requests import Request, Safety
from reply_async.responses import Answer, Applied, NotSent, Rejected, Throttled, Unknown
from reply_async.transport.retry import RetryPolicy, RetryQuota, wait_seconds
from reply_async.transport.sender import JOB

BARE = Request("POST", "/v3/things", safety=None)
OUTCOMES = {
    "applied": Applied(None, Answer(200, {}, b"")),
    "rejected": Rejected(ApiError(BARE, 400, Problem())),
    "not sent": NotSent("refused"),
    "not sent for good": NotSent("no trusted TLS", is_permanent=True),
    "throttled": Throttled(RateLimited(BARE, 429, Problem())),
    "unknown": Unknown("silence"),
    "unknown for good": Unknown("HTML", BadAnswer(BARE, 200, "$", "not JSON"), is_transient=False),
}

NEVER: frozenset[str] = frozenset()
NOT_APPLIED = frozenset({"not sent", "throttled"})
# The classes of operations, and after which outcomes the same bytes go out once more.
REPEATED = {
    None: NEVER,
    Safety.SEND: NEVER,
    Safety.READ: NOT_APPLIED | {"unknown"},
    Safety.UPSERT: NOT_APPLIED | {"unknown", "unknown for good"},
    Safety.STATE: NOT_APPLIED,
    Safety.ENROL: NOT_APPLIED,
    Safety.CREATE: NOT_APPLIED,
    Safety.REPLACE: NOT_APPLIED,
    Safety.DELETE: NOT_APPLIED,
}
CASES = [(safety, name) for safety in REPEATED for name in OUTCOMES]


def upper(_low: float, high: float) -> float:
    """Draw the longest wait."""
    return high


def decide(
    safety: Safety | None,
    outcome: Any,
    *,
    attempt: int = 1,
    policy: RetryPolicy | None = None,
    quota: RetryQuota | None = None,
) -> float | None:
    """Ask for the wait before the next attempt."""
    return wait_seconds(
        Request("POST", "/v3/things", safety=safety),
        outcome,
        attempt=attempt,
        policy=policy or RetryPolicy(),
        quota=quota or RetryQuota(),
        uniform=upper,
    )


def test_the_table_covers_every_class_and_every_outcome() -> None:
    """A new class of operations has to say what may be repeated."""
    assert {None, *Safety} == set(REPEATED)
    kinds = {type(outcome) for outcome in OUTCOMES.values()}
    assert {Applied, Rejected, NotSent, Throttled, Unknown} == kinds


@pytest.mark.parametrize("policy", [RetryPolicy(), JOB], ids=["awaited", "job"])
@pytest.mark.parametrize(("safety", "name"), CASES)
def test_what_is_repeated_unread(safety: Safety | None, name: str, policy: RetryPolicy) -> None:
    """The same bytes go out again only where that can do no harm and may help."""
    is_repeated = decide(safety, OUTCOMES[name], policy=policy) is not None
    assert (name in REPEATED[safety]) is is_repeated


@pytest.mark.parametrize("name", ["not sent", "throttled", "unknown"])
def test_three_attempts(name: str) -> None:
    """An awaited call makes three attempts, whatever happened to them."""
    decisions = [decide(Safety.READ, OUTCOMES[name], attempt=attempt) for attempt in (1, 2, 3, 4)]
    assert [True, True, False, False] == [wait is not None for wait in decisions]


def test_a_job_is_throttled_as_long_as_it_takes() -> None:
    """Only the deadline of the job ends its patience with 429, and no quota is spent."""
    quota = RetryQuota(0)
    wait = decide(Safety.UPSERT, OUTCOMES["throttled"], attempt=99, policy=JOB, quota=quota)
    assert (0.0, 0) == (wait, quota.tokens)
    assert decide(Safety.UPSERT, OUTCOMES["unknown"], attempt=3, policy=JOB) is None


def test_jitter_is_bounded() -> None:
    """The wait is drawn from 0 to a ceiling that doubles from 0.5 s up to 20 s."""
    policy = RetryPolicy(attempts=100)
    waits = [
        decide(Safety.READ, OUTCOMES["unknown"], attempt=n, policy=policy, quota=RetryQuota(10_000))
        for n in (1, 2, 3, 6, 7, 60)
    ]
    assert [0.5, 1.0, 2.0, 16.0, 20.0, 20.0] == waits


def test_jitter_begins_at_nothing() -> None:
    """Full jitter: the lower end of the draw is 0."""
    drawn: list[tuple[float, float]] = []

    def note(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    quota = RetryQuota()
    wait_seconds(
        Request("GET", "/v3/things", safety=Safety.READ),
        Unknown("silence"),
        attempt=2,
        policy=RetryPolicy(),
        quota=quota,
        uniform=note,
    )
    assert [(0.0, 1.0)] == drawn


def test_quota() -> None:
    """500 tokens: a transient retry costs 14, a throttled one 5, a success brings 1."""
    quota = RetryQuota()
    decide(Safety.READ, OUTCOMES["unknown"], quota=quota)
    assert 486 == quota.tokens
    decide(Safety.READ, OUTCOMES["throttled"], quota=quota)
    assert 481 == quota.tokens
    quota.refill()
    assert 482 == quota.tokens
    for _ in range(100):
        quota.refill()
    assert 500 == quota.tokens


@pytest.mark.parametrize(("name", "tokens"), [("unknown", 13), ("throttled", 4)])
def test_empty_quota(name: str, tokens: int) -> None:
    """Without tokens an awaited call gives up at once and spends nothing."""
    quota = RetryQuota(tokens)
    assert decide(Safety.READ, OUTCOMES[name], quota=quota) is None
    assert tokens == quota.tokens
    assert decide(Safety.READ, OUTCOMES[name], quota=RetryQuota(tokens + 1)) is not None
