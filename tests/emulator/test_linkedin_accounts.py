from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import Json

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

DAY = 86_400
PROFILES = "/v3/linkedin-accounts"
VISIT = {
    "type": "linkedIn",
    "actionType": "viewProfile",
    "delayInMinutes": 0,
    "executionMode": "automatic",
}


async def refused(api: Api, method: str, path: str, body: Json = None) -> tuple[int, str]:
    """Return status and code of a refusal."""
    status, problem = await api(method, path, body)
    return status, problem["code"]


async def visiting(api: Api, number: int, *profiles: int, again: bool = False) -> str:
    """Start a sequence that looks at people's profiles, and return its path."""
    steps = [VISIT, {**VISIT, "delayInMinutes": 2880}] if again else [VISIT]
    made = await api.sequence(*steps, linkedInAccounts=list(profiles))
    items = [
        {
            "email": f"v{n}@example.com",
            "firstName": "V",
            "linkedInUrl": f"https://linkedin.com/in/v{n}",
        }
        for n in range(number)
    ]
    rows = (await api.ok("POST", "/v3/contacts/import", {"items": items}))["items"]
    await api.enrol(made["id"], [row["id"] for row in rows])
    await api.ok("POST", f"/v3/sequences/{made['id']}/start")
    return f"/v3/sequences/{made['id']}"


async def visits(api: Api, path: str) -> int:
    """Return how many profiles were looked at."""
    stats = await api.ok("POST", f"{path}/stats", {"filters": {"dateRangePreset": "allTime"}})
    number: int = stats["linkedInOverview"]["profileViews"]
    return number


async def test_one_account_is_read_as_it_is_listed(api: Api) -> None:
    """With its owner; a missing one is a 404."""
    account = await api.ok("GET", f"{PROFILES}/42")
    assert account == (await api.ok("GET", PROFILES))[1]
    assert (502, "enabled", None) == (
        account["ownerUserId"],
        account["status"],
        account["limits"],
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "9", None),
        ("DELETE", "9", None),
        ("POST", "9/toggle-status", None),
        ("POST", "9/reconnect", None),
        ("PUT", "9/limits", {"limitsMode": "Fixed"}),
        ("PUT", "9/revoke-settings", {"enabled": True, "periodDays": 30}),
        ("DELETE", "pending/9", None),
    ],
)
async def test_missing_account(api: Api, method: str, path: str, body: Json) -> None:
    """The same code everywhere."""
    answer = await refused(api, method, f"{PROFILES}/{path}", body)
    assert (404, "linkedInAccount.notFound") == answer


async def test_account_in_use_is_deleted_by_force_alone(api: Api) -> None:
    """Then it is unlinked too; one that nobody uses needs no force."""
    made = await api.sequence(linkedInAccounts=[41])
    path = f"{PROFILES}/41"
    for query in ("", "?force=false"):
        answer = await refused(api, "DELETE", path + query)
        assert (409, "linkedInAccount.accountInUse") == answer
    assert (204, None) == await api("DELETE", f"{path}?force=true")
    assert [] == await api.ok("GET", f"/v3/sequences/{made['id']}/linkedin-accounts")
    assert (204, None) == await api("DELETE", f"{PROFILES}/42")
    assert [] == await api.ok("GET", PROFILES)


async def test_people_of_a_deleted_account_go_on_with_another(api: Api, emulator: Emulator) -> None:
    """Even when the sequence is running."""
    path = await visiting(api, 3, 41, 42, again=True)
    emulator.advance(DAY)
    (person, *_) = (await api.ok("GET", "/v3/contacts"))["items"]

    async def profile() -> int | None:
        rows = await api.ok("GET", f"/v3/contacts/{person['id']}/sequences")
        sender: int | None = rows[0]["linkedInAccountId"]
        return sender

    assert 41 == await profile()
    assert (204, None) == await api("DELETE", f"{PROFILES}/41?force=true")
    assert await profile() is None
    emulator.advance(2 * DAY)
    assert (42, 6) == (await profile(), await visits(api, path))


async def test_bulk_delete_tells_of_failures_only(api: Api, emulator: Emulator) -> None:
    """Not atomic; force takes those in use."""
    await api.sequence(linkedInAccounts=[41])
    path = f"{PROFILES}/bulk-delete"
    failures = await api.ok("POST", path, {"ids": [41, 42, 9]})
    assert {"41": "accountInUse", "9": "notFound"} == {
        key: entry["error"] for key, entry in failures.items()
    }
    assert [41] == [entry["id"] for entry in await api.ok("GET", PROFILES)]
    assert {} == await api.ok("POST", path, {"ids": [41, 41], "force": True})
    assert 2 == emulator.ledger.counts["linkedin_account_deleted"]
    status, problem = await api("POST", path, {"ids": []})
    expected = {"pointer": "/ids", "detail": "At least one ID must be provided."}
    assert (400, [expected]) == (status, problem["errors"])


async def test_toggle_flips_and_stops_the_outreach(api: Api, emulator: Emulator) -> None:
    """A disabled account does nothing until it is enabled."""
    path = await visiting(api, 10, 41)
    toggle = f"{PROFILES}/41/toggle-status"
    assert {"status": "disabled"} == await api.ok("POST", toggle)
    emulator.advance(DAY)
    assert 0 == await visits(api, path)
    assert {"status": "enabled"} == await api.ok("POST", toggle)
    emulator.advance(DAY / 2)
    assert 10 == await visits(api, path)
    assert 10 == (await api.ok("GET", f"{PROFILES}/41"))["usage"]["viewProfiles"]
    assert 0 == (await api.ok("GET", f"{PROFILES}/42"))["usage"]["viewProfiles"]


async def test_expired_login_cannot_be_toggled(api: Api, emulator: Emulator) -> None:
    """It has to be reconnected, for which there is a link."""
    emulator.state.linkedin_accounts[41].status = "cookieInvalid"
    answer = await refused(api, "POST", f"{PROFILES}/41/toggle-status")
    assert (400, "linkedInAccount.cookieInvalid") == answer
    assert "notValid" == (await api.ok("GET", f"{PROFILES}/41"))["cookieStatus"]
    links = [await api.ok("POST", f"{PROFILES}/41/reconnect") for _ in range(2)]
    assert links[0]["connectionLink"].startswith("https://app.reply.io/connect/linkedin?token=")
    assert links[0] != links[1]


@pytest.mark.parametrize(
    ("limits", "a_day"),
    [
        ({"limitsMode": "Fixed", "fixedMax": {"dailyViewProfileCount": 7}}, 7),
        ({"limitsMode": "Fixed", "fixedMax": {"dailySendMessageCount": 7}}, 60),
        (
            {
                "limitsMode": "Ranged",
                "rangeMin": {"dailyViewProfileCount": 3},
                "rangeMax": {"dailyViewProfileCount": 9},
                "fixedMax": {"dailyViewProfileCount": 1},
            },
            9,
        ),
    ],
)
async def test_outreach_keeps_to_the_limits(
    api: Api, emulator: Emulator, limits: Json, a_day: int
) -> None:
    """A fixed limit or the upper end of a range, per kind of action and account."""
    assert (204, None) == await api("PUT", f"{PROFILES}/41/limits", limits)
    shown = (await api.ok("GET", f"{PROFILES}/41"))["limits"]
    assert {"actionDelayMinSeconds": 60, "actionDelayMaxSeconds": 120, **limits} == shown
    path = await visiting(api, 60, 41)
    emulator.advance(DAY)
    assert a_day == await visits(api, path)


async def test_accounts_share_the_work(api: Api, emulator: Emulator) -> None:
    """When one is at its limit, the other one goes on."""
    limits = {"limitsMode": "Fixed", "fixedMax": {"dailyViewProfileCount": 7}}
    await api.ok("PUT", f"{PROFILES}/41/limits", limits)
    path = await visiting(api, 60, 41, 42)
    emulator.advance(DAY / 2)
    assert 60 == await visits(api, path)
    used = [entry["usage"]["viewProfiles"] for entry in await api.ok("GET", PROFILES)]
    assert [7, 53] == used


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            "limits",
            {"limitsMode": "Fixed", "actionDelayMinSeconds": 61, "actionDelayMaxSeconds": 120},
        ),
        ("limits", {"limitsMode": "Fixed", "actionDelayMinSeconds": 100}),
        (
            "limits",
            {
                "limitsMode": "Ranged",
                "rangeMin": {"dailyInMailCount": 5},
                "rangeMax": {"dailyInMailCount": 4},
            },
        ),
        ("revoke-settings", {"enabled": True, "periodDays": 0}),
    ],
)
async def test_limits_that_make_no_sense(api: Api, path: str, body: Json) -> None:
    """Delays closer than a minute, ranges upside down, no period."""
    answer = await refused(api, "PUT", f"{PROFILES}/41/{path}", body)
    assert (400, "linkedInAccount.invalidInput") == answer
    account = await api.ok("GET", f"{PROFILES}/41")
    assert (None, None) == (account["limits"], account["revokeSettings"])


async def test_members_that_are_no_limits_are_not_compared(api: Api) -> None:
    """They may hold anything."""
    body = {"limitsMode": "Ranged", "rangeMin": {"note": {}}, "rangeMax": {"note": 1}}
    assert (204, None) == await api("PUT", f"{PROFILES}/41/limits", body)


async def test_revoke_settings_are_kept(api: Api) -> None:
    """As they were sent."""
    settings = {"enabled": True, "periodDays": 30}
    assert (204, None) == await api("PUT", f"{PROFILES}/41/revoke-settings", settings)
    assert settings == (await api.ok("GET", f"{PROFILES}/41"))["revokeSettings"]


async def test_pending_accounts_expire_and_are_deleted(api: Api, emulator: Emulator) -> None:
    """A link for somebody else stands for an account until then."""
    made = await api.ok("POST", f"{PROFILES}/connection-link", {"name": "Kim"})
    (pending,) = await api.ok("GET", f"{PROFILES}/pending")
    assert {"id": made["pendingAccountId"], "name": "Kim", "isExpired": False} == {
        name: pending[name] for name in ("id", "name", "isExpired")
    }
    assert made["connectionLink"] == pending["connectionLink"]
    emulator.advance(7 * DAY)
    assert (await api.ok("GET", f"{PROFILES}/pending"))[0]["isExpired"]
    assert (204, None) == await api("DELETE", f"{PROFILES}/pending/{pending['id']}")
    assert [] == await api.ok("GET", f"{PROFILES}/pending")
    status, problem = await api("POST", f"{PROFILES}/connection-link", {"name": ""})
    assert (400, "'name' is required.") == (status, problem["errors"][0]["detail"])


async def test_open_links_fill_the_plan(api: Api, emulator: Emulator) -> None:
    """Expired ones make room again."""
    path = f"{PROFILES}/connection-link"
    direct = f"{PROFILES}/connect"
    assert {"connectionLink"} == (await api.ok("POST", direct)).keys()
    for number in range(18):
        await api.ok("POST", path, {"name": f"Profile {number}"})
    answers = [
        await refused(api, "POST", path, {"name": "One more"}),
        await refused(api, "POST", direct),
    ]
    assert [(409, "linkedInAccount.limitReached")] * 2 == answers
    emulator.advance(7 * DAY)
    await api.ok("POST", path, {"name": "One more"})
