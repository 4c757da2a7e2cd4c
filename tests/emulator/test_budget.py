from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from reply_async.emulator.budget import TICKS, Budget, BudgetRules
from reply_async.emulator.windows import KINDS

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator


async def test_answers_carry_the_budget(api: Api, emulator: Emulator) -> None:
    """Headers count down, then comes a 429 that costs nothing."""
    emulator.set_budget((2, 10))
    await api.ok("GET", "/v3/whoami")
    assert ("1m", "1") == (
        api.headers["x-rate-limit-limit"],
        api.headers["x-rate-limit-remaining"],
    )
    assert "x-rate-limit-reset" in api.headers
    await api.ok("GET", "/v3/whoami")
    for _ in range(3):
        status, problem = await api("GET", "/v3/whoami")
        wait = int(api.headers["Retry-After"])
        assert 429 == status
        assert 58 <= wait <= 60
        detail = f"Rate limit exceeded. Retry after {wait} seconds."
        expected = {"title": "Too Many Requests", "status": 429, "detail": detail}
        assert expected == problem
    assert (2, 3) == (emulator.budget.granted, emulator.budget.answered_429)
    emulator.advance(math.ceil(wait))
    await api.ok("GET", "/v3/whoami")


async def test_all_keys_share_one_budget(api: Api, emulator: Emulator) -> None:
    """The budget belongs to the user; an unknown key uses none of it."""
    emulator.set_budget((2, 10))
    other = {"Authorization": f"Bearer {emulator.add_key('emu_second')}"}
    unknown = {"Authorization": "Bearer emu_third"}
    assert 401 == (await api("GET", "/v3/whoami", headers=unknown))[0]
    assert 200 == (await api("GET", "/v3/whoami"))[0]
    assert 200 == (await api("GET", "/v3/whoami", headers=other))[0]
    assert 429 == (await api("GET", "/v3/whoami"))[0]


async def test_statistics_have_a_stricter_limit(api: Api, emulator: Emulator) -> None:
    """They count in the shared windows too, and the wait is that of their own."""
    emulator.set_budget(BudgetRules(minute=5, hour=50, stats=2))
    overview = ("POST", "/v3/sequences/stats", {"from": "2027-01-01", "to": "2027-01-08"})
    assert [200, 200, 429] == [(await api(*overview))[0] for _ in range(3)]
    assert 3_590 < int(api.headers["Retry-After"]) <= 3_600
    assert ("1h", "0") == (
        api.headers["x-rate-limit-limit"],
        api.headers["x-rate-limit-remaining"],
    )
    assert [200, 200, 200, 429] == [(await api("GET", "/v3/whoami"))[0] for _ in range(4)]
    assert ["stats", "minute"] == [entry.window for entry in emulator.budget.last_refused]


async def test_budget_is_shown_and_changed_by_control(api: Api, emulator: Emulator) -> None:
    """The control plane costs nothing itself."""
    changed = await api.control("POST", "budget", {"limits": [1, 5], "window": "fixed"})
    assert (1, 5, "fixed") == tuple(changed["rules"][name] for name in ("minute", "hour", "window"))
    await api("GET", "/v3/whoami")
    await api("GET", "/v3/whoami")
    shown = await api.control("GET", "budget")
    assert (1, 1) == (shown["granted"], shown["answered_429"])
    minute = {"name": "minute", "seconds": 60, "limit": 1, "used": 1, "free": 0, "peak": 1}
    assert minute == shown["windows"][0]
    assert [("minute", "2027-01-11T08:")] == [
        (entry["window"], entry["at"][:14]) for entry in shown["last_429"]
    ]
    await api.control("POST", "budget", {"limits": "off"})
    assert () == emulator.budget.limits
    assert 200 == (await api("GET", "/v3/whoami"))[0]
    assert "x-rate-limit-limit" not in api.headers


async def test_control_shows_the_budget_of_any_user(api: Api, emulator: Emulator) -> None:
    """Keys made by a tool act at once; each user has a budget."""
    made = await api.control(
        "POST", "keys", {"key": "emu_team", "kind": "team", "scopes": ["contacts:read"]}
    )
    assert {"user_id": 501, "kind": "team", "scopes": ["contacts:read"]} == made
    emulator.set_budget((5, 50))
    acting = {"Authorization": "Bearer emu_team", "X-User-Id": "502"}
    assert 200 == (await api("GET", "/v3/whoami", headers=acting))[0]
    assert 403 == (await api("GET", "/v3/sequences", headers=acting))[0]
    assert 0 == (await api.control("GET", "budget"))["granted"]
    assert 2 == (await api.control("GET", "budget?user=502"))["granted"]
    assert 400 == (await api("GET", "/_emulator/budget?user=9"))[0]


@pytest.mark.parametrize("rhythm", ["random", "even"])
def test_competitor_spends_its_share_unseen(rhythm: str) -> None:
    """At 0.4 it asks 1,200 times an hour; what it gets is gone for the others."""
    budget = Budget(BudgetRules(competitor=0.4, rhythm=rhythm, seed=3))
    for second in range(0, 2 * 3600, 2):  # we ask for 1,800 an hour, as much as is left
        budget.spend(second)
    other = budget.competitor
    asked = other.granted + other.refused
    assert asked == pytest.approx(2400, abs=1 if rhythm == "even" else 150)
    assert other.granted >= 0.95 * asked
    assert 3_600 == budget.granted + budget.answered_429
    hour = budget.limits[1]
    assert 2_900 <= hour.peak <= 3_000


def test_competitor_is_refused_like_anybody() -> None:
    """Whoever takes all leaves it nothing, and its refusals are no answers of ours."""
    budget = Budget(BudgetRules(minute=10, hour=None, competitor=0.5, rhythm="even"))
    for tenth in range(36_000):
        budget.spend(tenth / 10)
    assert 0.8 < budget.competitor.refused / 300 <= 1
    assert budget.granted + budget.competitor.granted <= 600 + 10
    assert 36_000 == budget.granted + budget.answered_429


def test_competitor_plays_the_same_however_often_one_looks() -> None:
    """Lazily played or at every second: the same grants at the same times."""
    told = []
    for looks in (range(0, 4000, 1000), range(3001)):
        budget = Budget(BudgetRules(competitor=0.9, seed=5))
        for second in looks:
            budget.catch_up(second)
        told.append((budget.competitor.granted, budget.limits[0].peak, budget.limits[1].peak))
    assert told[0] == told[1]
    assert told[0][0] > 2000


@pytest.mark.parametrize("rhythm", ["random", "even"])
def test_a_competitor_of_a_year_is_played_at_once(rhythm: str) -> None:
    """Only what still counts is played; before it the mean is taken for granted."""
    budget = Budget(BudgetRules(competitor=0.9, rhythm=rhythm))
    for moment in (0, 365 * 86_400):
        budget.catch_up(moment)
    other, hour = budget.competitor, budget.limits[1]
    mean = 365 * 86_400 * 0.75
    assert other.granted + other.refused == pytest.approx(mean, abs=2 if rhythm == "even" else 300)
    used = hour.window.used(365 * 86_400 * TICKS)
    assert used == pytest.approx(2_700, abs=1 if rhythm == "even" else 200)


@pytest.mark.parametrize("kind", KINDS)
def test_few_times_are_kept_of_what_was_granted(kind: str) -> None:
    """A client that asks all the time leaves no more than two windows full."""
    budget = Budget(BudgetRules(minute=10, hour=100, window=kind))
    kept = [0, 0]
    for second in range(10_000):
        budget.spend(second)
        now = [len(limit.granted._times) for limit in budget.limits[:2]]
        kept = list(map(max, kept, now))
    assert 10 <= kept[0] <= 20
    assert 100 <= kept[1] <= 200


def test_seeded_phases_differ_by_window_and_seed() -> None:
    """The fixed minute and hour begin anywhere, the same for the same seed."""

    def boundaries(seed: int) -> tuple[float, ...]:
        budget = Budget(BudgetRules(minute=1, hour=1, window="fixed", phase="seeded", seed=seed))
        budget.spend(7200)
        return tuple(limit.window.full_again(7200 * TICKS) / TICKS for limit in budget.limits)

    assert boundaries(1) == boundaries(1) != boundaries(2)
    minute, hour, _ = boundaries(1)
    assert 7200 < minute < 7260 < hour < 10_800


@pytest.mark.parametrize(
    "rules",
    [
        {"minute": 0},
        {"hour": 2.5},
        {"stats": True},
        {"capacity": "many"},
        {"window": "sliding"},
        {"phase": -1},
        {"phase": "any"},
        {"counts_refused": 1},
        {"competitor": 1.5},
        {"rhythm": "slow"},
        {"seed": None},
    ],
)
def test_rules_that_make_no_sense_are_named(rules: Any) -> None:
    """The error begins with the name of the rule."""
    (name,) = rules
    with pytest.raises(ValueError, match=f"^{name} is "):
        BudgetRules(**rules)
