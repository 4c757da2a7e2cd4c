"""The budget is used to the full and never exceeded, whatever way the server counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve
from simulated_load import HOUR, Load, Ours, Result, simulate

from reply_async.emulator.budget import BudgetRules
from reply_async.emulator.windows import KINDS
from reply_async.transport.limiter import Limiter

RULES = BudgetRules(stats=None)
SLOW = pytest.mark.slow
# Loads and servers that must not earn a single 429.
CALM: Mapping[str, Mapping[str, Any]] = {
    "steady": {},
    "slow answers": {"delays": (0.02, 2.0)},
    "some hang": {"hanging": 0.02},
    "4 sessions": {"sessions": 4},
    "16 sessions": {"sessions": 16},
    "batches": {"is_batched": True},
    "refused ones count": {"counts_refused": True},
    "whole seconds": {"whole_seconds": True},
    "headers": {"has_headers": True},
}


def load(kind: str, *, phase: float = 17.3, **changes: Any) -> Load:
    """Return a load on a server of a kind."""
    of_server = {"counts_refused", "whole_seconds", "competitor"} & set(changes)
    rules = evolve(
        RULES,
        window=kind,
        phase=phase if kind in ("fixed", "counter") else 0.0,
        **{name: changes.pop(name) for name in of_server},
    )
    return Load(rules=rules, **changes)


def check_use(result: Result, hours: float, *, has_slow_answers: bool) -> None:
    """Compare with the best possible: 100 at once, 100 a minute, 3,000 an hour."""
    assert 0 == result.refused
    assert result.within(600) >= (940 if has_slow_answers else 965)
    assert result.minutes(1100) < (12 if has_slow_answers else 11.6)
    for hour in range(1, int(hours) + 1):
        assert result.within(hour * HOUR) >= 0.995 * 3000 * hour


@pytest.mark.parametrize("kind", KINDS)
def test_twenty_minutes_at_full_load(kind: str) -> None:
    """Every kind of server: no 429, and the budget is used to the full."""
    result = simulate(load(kind, hours=1 / 3, has_headers=True, whole_seconds=kind == "fixed"))
    check_use(result, 0, has_slow_answers=False)


@pytest.mark.parametrize("name", ["slow answers", "some hang", "16 sessions", "batches"])
def test_a_quarter_of_an_hour_of_any_load(name: str) -> None:
    """The strictest kind of server: no 429, whatever the requests are like."""
    result = simulate(load("counter", hours=0.25, **CALM[name]))
    assert 0 == result.refused
    if name == "slow answers":
        check_use(result, 0, has_slow_answers=True)


@SLOW
@pytest.mark.parametrize("phase", [0.0, 17.3, 43.9])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CALM)
def test_three_hours(name: str, kind: str, phase: float) -> None:
    """Every load, kind and phase: no 429 in three hours, and full use of the budget."""
    result = simulate(load(kind, phase=phase, seed=int(phase), **CALM[name]))
    assert 0 == result.refused
    if name in ("steady", "4 sessions", "16 sessions", "whole seconds", "refused ones count"):
        check_use(result, 3, has_slow_answers=False)
    if name == "slow answers":
        check_use(result, 3, has_slow_answers=True)


def test_a_plain_guard_would_be_refused() -> None:
    """The check can fail: a limiter that knows of 110 a minute earns 429s."""
    result = simulate(load("log", hours=0.1), lambda: Ours(Limiter(per_minute=110, per_hour=4000)))
    assert result.refused > 0


@pytest.mark.parametrize("has_headers", [False, True])
@pytest.mark.parametrize(
    ("kind", "phase", "hours"),
    [
        ("log", 0.0, 1.0),
        *(
            pytest.param(kind, phase, 3.0, marks=SLOW)
            for kind in KINDS
            for phase in (0.0, 17.3, 43.9)
            if phase == 0 or kind in ("fixed", "counter")
        ),
    ],
)
def test_a_hidden_competitor_gets_its_share(
    kind: str, phase: float, hours: float, *, has_headers: bool
) -> None:
    """It spends 40 %: few 429s, most of what is left is used, and it gets what it asks for."""
    result = simulate(load(kind, phase=phase, hours=hours, competitor=0.4, has_headers=has_headers))
    assert result.refused_part < (0.001 if has_headers else 0.01)
    assert result.within(hours * HOUR) >= 0.85 * 0.6 * 3000 * hours
    if hours > 1 or has_headers:  # without a word from the server the first hour is used up
        assert result.others >= (0.9 if has_headers else 0.8) * result.others_asked


async def test_a_share_is_kept() -> None:
    """With a share of 0.8 no minute holds more than 80, no hour more than 2,400."""
    limiter = Limiter(share=0.8, burst=100)
    for _ in range(80):
        (await limiter.acquire(0)).settle()
    assert 60 < limiter.seconds_until(1) < 63
    assert (0, 80, "minute") == (
        limiter.state.free_now,
        limiter.state.used_in_minute,
        limiter.state.waiting_for,
    )


@pytest.mark.usefixtures("reply_clock")
@pytest.mark.parametrize("burst", [10, 100])
async def test_a_burst_leaves_at_once(burst: int) -> None:
    """After idleness so many leave without waiting, and the next one is paced."""
    limiter = Limiter(burst=burst)
    for _ in range(burst):
        (await limiter.acquire(0)).settle()
    assert 0.2 < limiter.seconds_until(1) < (2 if burst == 10 else 63)
