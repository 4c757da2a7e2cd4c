from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reply_async.emulator.budget import BudgetRules

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
