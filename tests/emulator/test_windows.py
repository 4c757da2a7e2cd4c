"""The four ways of counting, held against their definitions."""

from __future__ import annotations

from copy import deepcopy
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reply_async.emulator.budget import TICKS, Budget, BudgetRules
from reply_async.emulator.windows import KINDS, make_window

TICK = Fraction(1, TICKS)


class Reference:
    """All windows by the definition: look at all that was ever counted."""

    def __init__(self, rules: BudgetRules) -> None:
        self.rules = rules
        self.counted: list[tuple[Fraction, bool]] = []

    def fits(self, now: Fraction, *, is_stats: bool) -> bool:
        """Tell whether one more request goes through."""
        now = self.server_time(now)
        limits = [(self.rules.minute, 60, False), (self.rules.hour, 3600, False)]
        if is_stats:
            limits.append((self.rules.stats, 3600, True))
        return all(
            limit is None
            or self.has_room(
                [at for at, stats in self.counted if stats or not only_stats], now, limit, seconds
            )
            for limit, seconds, only_stats in limits
        )

    def spend(self, now: Fraction, *, is_stats: bool) -> bool:
        """Count one request, or refuse it."""
        fits = self.fits(now, is_stats=is_stats)
        if fits or self.rules.counts_refused:
            self.counted.append((self.server_time(now), is_stats))
        return fits

    def server_time(self, now: Fraction) -> Fraction:
        """Return the time as the server reads it."""
        return Fraction(floor(now)) if self.rules.whole_seconds else now

    def has_room(self, times: list[Fraction], now: Fraction, limit: int, seconds: int) -> bool:
        """Tell whether one more fits into a window of the kind."""
        if self.rules.window == "bucket":
            return self.tokens([*times, now], limit, seconds) >= 1
        assert self.rules.phase != "seeded"
        phase = Fraction(self.rules.phase)
        begin = (now - phase) // seconds * seconds + phase
        newer = sum(begin <= at for at in times)
        older = sum(begin - seconds <= at < begin for at in times)
        used: dict[str, Fraction | int] = {
            "fixed": newer,
            "log": sum(now - seconds < at for at in times),
            "counter": newer + older * (1 - (now - begin) / seconds),
        }
        return used[self.rules.window] + 1 <= limit

    def tokens(self, times: list[Fraction], limit: int, seconds: int) -> Fraction:
        """Return the tokens in the bucket at the last of the times."""
        capacity = Fraction(min(limit, self.rules.capacity or limit))
        level, before = capacity, times[0]
        for number, at in enumerate(times):
            if number:
                level = max(Fraction(0), level - 1)
            level = min(capacity, level + (at - before) * limit / seconds)
            before = at
        return level


RULES = st.builds(
    BudgetRules,
    minute=st.none() | st.integers(1, 6),
    hour=st.none() | st.integers(1, 12),
    stats=st.none() | st.integers(1, 4),
    window=st.sampled_from(KINDS),
    phase=st.just(0) | st.integers(0, 3_599) | st.sampled_from([0.25, 59.5, 3_599.875]),
    capacity=st.none() | st.integers(1, 4),
    counts_refused=st.booleans(),
    whole_seconds=st.booleans(),
)
PAUSES = st.sampled_from([0, 0, 1, TICKS // 2, TICKS, 7 * TICKS, 59 * TICKS, 60 * TICKS]) | (
    st.integers(0, 100 * TICKS) | st.integers(0, 8_000 * TICKS)
)
REQUESTS = st.lists(st.tuples(PAUSES, st.booleans()), min_size=1, max_size=40)
START = 1_799_657_999 * TICKS  # as an emulator's clock tells it: seconds since 1970


def compare(rules: BudgetRules, requests: list[tuple[int, bool]]) -> None:
    """Send the requests to both; every verdict and every word of it agrees."""
    budget, reference = Budget(rules), Reference(rules)
    ticks, refused = START, 0
    for pause, is_stats in requests:
        ticks += pause
        now = ticks * TICK
        fits = reference.spend(now, is_stats=is_stats)
        verdict = budget.spend(ticks / TICKS, is_stats=is_stats)
        if verdict is None:
            assert fits
            continue
        assert fits == verdict.is_allowed
        later = deepcopy(reference)
        if fits:
            assert verdict.remaining == grants(later, now, is_stats=is_stats)
            assert 0 == verdict.retry_after
            continue
        refused += 1
        assert 0 == verdict.remaining
        assert verdict.retry_after >= 1
        assert reference.fits(now + verdict.retry_after, is_stats=is_stats)
        if verdict.retry_after > 1:
            assert not reference.fits(now + verdict.retry_after - 1, is_stats=is_stats)
    assert (len(requests) - refused, refused) == (budget.granted, budget.answered_429)


def grants(reference: Reference, now: Fraction, *, is_stats: bool) -> int:
    """Count how many more go through at once."""
    count = 0
    while reference.spend(now, is_stats=is_stats):
        count += 1
    return count


@given(RULES, REQUESTS)
@settings(max_examples=150, deadline=None)
def test_budget_is_exact(rules: BudgetRules, requests: list[tuple[int, bool]]) -> None:
    """Whatever it counts by: the same verdicts, waits and remainders as by definition."""
    compare(rules, requests)


@pytest.mark.slow
@given(RULES, REQUESTS)
@settings(max_examples=5_000, deadline=None)
def test_budget_is_exact_in_many_cases(
    rules: BudgetRules, requests: list[tuple[int, bool]]
) -> None:
    """The same, for longer."""
    compare(rules, requests)


@given(
    st.sampled_from(KINDS),
    st.integers(1, 5),
    st.integers(2, 30),
    st.integers(0, 29),
    st.lists(st.integers(0, 12), min_size=1, max_size=30),
)
@settings(max_examples=100, deadline=None)
def test_wait_of_a_window_is_exact_to_the_tick(
    kind: str, limit: int, size: int, phase: int, pauses: list[int]
) -> None:
    """One more fits when the wait is over and not one tick before, full or overfull."""
    window = make_window(kind, limit, size, phase=phase)
    now = 0
    for pause in pauses:
        now += pause
        window.count(now)
        wait = window.wait(now)
        if wait:
            assert 1 == deepcopy(window).wait(now + wait - 1)
        assert 0 == deepcopy(window).wait(now + wait)
        whole = window.full_again(now)
        assert 0 == deepcopy(window).used(whole)
        if whole > now:
            assert 0 < deepcopy(window).used(whole - 1)


def test_kinds_differ_as_they_do_in_the_field() -> None:
    """Ten requests a second, from ten seconds before a boundary to fifty after it."""
    granted = {}
    for kind in KINDS:
        budget = Budget(BudgetRules(minute=100, hour=None, window=kind))
        for second in range(50, 110):
            for _ in range(10):
                budget.spend(second)
        granted[kind] = budget.granted
    assert {"fixed": 200, "log": 100, "counter": 181, "bucket": 198} == granted
