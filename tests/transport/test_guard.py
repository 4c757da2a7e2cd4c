"""The window guard against servers of every kind, and against its rule on a fine grid."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reply_async.emulator.windows import KINDS, make_window
from reply_async.transport.guard import TOLERANCE, WindowGuard

TICKS = 1000  # of the server in a second
WINDOW = 10.0
LIMIT = 7

# One request each: the pause before it wants to go, the time until its answer, and the
# part of that after which the server counts it.
requests = st.lists(
    st.tuples(st.floats(0, 8), st.floats(0.001, 6), st.floats(0, 1)), min_size=1, max_size=60
)
phases = st.integers(0, int(WINDOW * TICKS) - 1)
cells = st.sampled_from([0.0, 0.5, 3.0])


def send_all(
    guard: WindowGuard, wishes: list[tuple[float, float, float]]
) -> list[tuple[float, float]]:
    """Let requests go in their order, each as soon as it may; return (counted, answered)."""
    now, done = 0.0, []
    flying: list[float] = []
    for pause, delay, part in wishes:
        now += pause
        while True:
            ready = guard.ready_at(now)
            answered = min(flying, default=math.inf)
            if answered <= max(now, ready):
                now = max(now, answered)
                flying.remove(answered)
                guard.settle(now)
            elif ready <= now:
                break
            else:
                now = ready
        guard.grant()
        flying.append(now + delay)
        done.append((now + part * delay, now + delay))
    return done


@pytest.mark.parametrize("kind", KINDS)
@given(wishes=requests, phase=phases, cell=cells)
@settings(max_examples=40, deadline=None)
def test_no_server_refuses(
    kind: str, wishes: list[tuple[float, float, float]], phase: int, cell: float
) -> None:
    """Whichever way the server counts, and whenever: every request fits its window."""
    times = sorted(counted for counted, _ in send_all(WindowGuard(LIMIT, WINDOW, cell), wishes))
    window = make_window(kind, LIMIT, int((WINDOW - 0.01) * TICKS), phase=phase)
    for time in times:
        at = math.ceil(time * TICKS)
        assert window.wait(at) == 0
        window.count(at)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_with_less_refuses(kind: str) -> None:
    """The check above can fail: at a limit of one less the guard is too generous."""
    wishes = [(0.0, 0.1, 0.5)] * 40
    times = sorted(counted for counted, _ in send_all(WindowGuard(LIMIT, WINDOW), wishes))
    window = make_window(kind, LIMIT - 1, int(WINDOW * TICKS))
    refused = 0
    for time in times:
        refused += window.wait(round(time * TICKS)) > 0
        window.count(round(time * TICKS))
    assert refused


def left_side(answers: list[float], now: float, in_flight: int) -> float:
    """Return the most that any window may hold at a time, by the rule, on a fine grid."""
    most = 0.0
    near = [each + offset for each in answers for offset in (0, WINDOW, -1e-9, WINDOW - 1e-9)]
    grid = [now - WINDOW + step * WINDOW / 2000 for step in range(1, 2001)]
    for boundary in [*grid, now, *near]:
        if now - WINDOW <= boundary <= now:
            weight = 1 - (now - boundary) / WINDOW
            before = sum(boundary - WINDOW <= each < boundary for each in answers)
            since = sum(each >= boundary for each in answers)
            most = max(most, weight * before + since)
    return most + in_flight


@given(
    answers=st.lists(st.integers(0, 3000), max_size=12),
    in_flight=st.integers(0, 4),
    later=st.integers(0, 1500),
)
@settings(max_examples=60, deadline=None)
def test_the_guard_is_its_rule(answers: list[int], in_flight: int, later: int) -> None:
    """It allows exactly what the rule allows at every boundary, neither less nor more."""
    times = sorted(each / 100 for each in answers)
    now = 30.0 + later / 100
    guard = WindowGuard(LIMIT, WINDOW)
    guard.restore([(each, 1) for each in times], in_flight)
    ready = guard.ready_at(now)
    used = left_side(times, now, in_flight)
    assert guard.free(now) == max(0, math.floor(LIMIT - used + TOLERANCE))
    if ready == math.inf:
        assert in_flight >= LIMIT
    elif ready > now:
        assert left_side(times, ready + 1e-4, in_flight) + 1 <= LIMIT + 1e-3
        assert left_side(times, ready - 0.02, in_flight) + 1 > LIMIT


def test_an_idle_guard_lets_its_limit_go_at_once() -> None:
    """All of a limit may leave together, and nothing more while it is in flight."""
    guard = WindowGuard(LIMIT, WINDOW)
    for _ in range(LIMIT):
        assert guard.ready_at(5.0) == 5.0
        guard.grant()
    assert (math.inf, 0) == (guard.ready_at(5.0), guard.free(5.0))
    guard.settle(6.0)
    assert 6.0 + WINDOW < guard.ready_at(6.0) < 6.0 + 2 * WINDOW


def test_what_was_not_sent_is_given_back() -> None:
    """A released request weighs nothing, one that was answered weighs a window long."""
    guard = WindowGuard(1, WINDOW)
    guard.grant()
    guard.release()
    assert (0.0, 0) == (guard.ready_at(0.0), guard.used(0.0))
    guard.grant()
    guard.settle(2.0)
    assert 1 == guard.used(2.0 + WINDOW)
    assert 0 == guard.used(2.1 + WINDOW)


def test_a_lower_limit_holds_at_once() -> None:
    """A limit that is scaled down counts what has gone out already."""
    guard = WindowGuard(LIMIT, WINDOW)
    guard.restore([(1.0, 5)], 0)
    assert (2, 2.0) == (guard.free(2.0), guard.ready_at(2.0))
    guard.limit = 3.5
    assert 0 == guard.free(2.0)
    assert 1.0 + WINDOW < guard.ready_at(2.0) < 1.0 + 2 * WINDOW
