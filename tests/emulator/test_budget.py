from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

import pytest

from reply_async.emulator.budget import Budget

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator


class SlowReference:
    """Both windows by the definition: count all that lies in them."""

    def __init__(self, limits: tuple[int, int]) -> None:
        self.counted: list[float] = []
        self.limits = limits

    def spend(self, now: float) -> bool:
        """Count a request, or refuse it."""
        for limit, seconds in zip(self.limits, (60, 3600), strict=True):
            if sum(now - seconds < at <= now for at in self.counted) >= limit:
                return False
        self.counted.append(now)
        return True


@pytest.mark.parametrize("seed", range(5))
def test_budget_agrees_with_the_definition(seed: int) -> None:
    """Random bursts and pauses: the same requests are refused."""
    random = Random(seed)  # noqa: S311 - test data
    limits = (random.randint(1, 6), random.randint(5, 40))
    budget, reference = Budget(limits), SlowReference(limits)
    now = 0.0
    for _ in range(1500):
        now += random.choice([0, 0, 0.5, 7, 60, 600])
        verdict = budget.spend(now)
        assert verdict is not None
        assert reference.spend(now) == verdict.is_allowed
    assert len(reference.counted) == budget.counted
    assert 1500 - budget.counted == budget.answered_429 > 0


def test_word_to_wait_is_right() -> None:
    """A second too early is refused, at the time told it goes through."""
    budget = Budget((2, 3))
    assert [True, True] == [budget.spend(at).is_allowed for at in (0.0, 10.5)]  # type: ignore[union-attr] # limits are on
    refused = budget.spend(20.0)
    assert refused is not None
    assert (False, 40) == (refused.is_allowed, refused.retry_after)
    assert not budget.spend(59.5).is_allowed  # type: ignore[union-attr] # limits are on
    assert budget.spend(60.0).is_allowed  # type: ignore[union-attr] # limits are on
    hourly = budget.spend(130.0)
    assert hourly is not None
    assert (False, 3470) == (hourly.is_allowed, hourly.retry_after)
    assert [2, 3] == [window.peak for window in budget.windows]


async def test_answers_carry_the_budget(api: Api, emulator: Emulator) -> None:
    """Headers count down, then comes a 429 that costs nothing."""
    emulator.budget.set_limits((2, 10))
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
    assert (2, 3) == (emulator.budget.counted, emulator.budget.answered_429)
    emulator.advance(math.ceil(wait))
    await api.ok("GET", "/v3/whoami")


async def test_all_keys_share_one_budget(api: Api, emulator: Emulator) -> None:
    """The budget belongs to the user; an unknown key uses none of it."""
    emulator.budget.set_limits((2, 10))
    other = {"Authorization": f"Bearer {emulator.add_key('emu_second')}"}
    unknown = {"Authorization": "Bearer emu_third"}
    assert 401 == (await api("GET", "/v3/whoami", headers=unknown))[0]
    assert 200 == (await api("GET", "/v3/whoami"))[0]
    assert 200 == (await api("GET", "/v3/whoami", headers=other))[0]
    assert 429 == (await api("GET", "/v3/whoami"))[0]


async def test_budget_is_shown_and_changed_by_control(api: Api, emulator: Emulator) -> None:
    """The control plane costs nothing itself."""
    changed = await api.control("POST", "budget", {"limits": [1, 5]})
    assert [1, 5] == changed["limits"]
    await api("GET", "/v3/whoami")
    await api("GET", "/v3/whoami")
    shown = await api.control("GET", "budget")
    assert (1, 1) == (shown["counted"], shown["answered_429"])
    assert {"seconds": 60, "limit": 1, "used": 1, "peak": 1} == shown["windows"][0]
    await api.control("POST", "budget", {"limits": "off"})
    assert emulator.budget.limits is None
    assert 200 == (await api("GET", "/v3/whoami"))[0]
    assert "x-rate-limit-limit" not in api.headers
