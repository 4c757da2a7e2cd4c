from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from reply_async.emulator import delivery

if TYPE_CHECKING:
    from emulator.client import Api, Json
    from emulator.receiver import Target

    from reply_async.emulator import Emulator

HOOKS = "/v3/webhooks"
BODY = {"eventType": "email_replied", "url": "https://example.com/hooks/reply"}


async def made(api: Api, **members: Json) -> Json:
    """Subscribe and return the subscription."""
    return await api.ok("POST", HOOKS, {**BODY, **members})


async def code(api: Api, method: str, path: str, body: Json = None) -> tuple[int, str]:
    """Return status and code of a refusal."""
    status, problem = await api(method, path, body)
    return status, problem.get("code") or problem["errors"][0]["pointer"]


async def test_a_subscription_lives_and_goes(api: Api, emulator: Emulator) -> None:
    """What is made is read, listed, replaced as a whole, and deleted."""
    hook = await made(api, payloadConfig={"includeEmailUrl": True}, scope="team")
    assert BODY == {name: hook[name] for name in BODY}
    assert ("team", True, "2027-01-11T08:59:59+00:00") == (
        hook["scope"],
        hook["enabled"],
        hook["createdAt"],
    )
    path = f"{HOOKS}/{hook['id']}"
    assert hook == await api.ok("GET", path)
    assert {"items": [hook], "hasMore": False} == await api.ok("GET", HOOKS)
    body = {"eventType": "email_sent", "url": "https://example.com/2", "scope": "personal"}
    changed = await api.ok("PUT", path, body)
    assert body == {name: changed[name] for name in body}
    assert False is changed["payloadConfig"]["includeEmailUrl"]
    assert changed == await api.ok("GET", path)
    assert (204, None) == await api("DELETE", path)
    assert (404, "webHook.notFound") == await code(api, "GET", path)
    effects = ("webhook_created", "webhook_updated", "webhook_deleted")
    assert [1, 1, 1] == [emulator.ledger.counts[effect] for effect in effects]


async def test_events_are_those_of_the_contract(api: Api, emulator: Emulator) -> None:
    """Each of them can be subscribed to."""
    events = (await api.ok("GET", f"{HOOKS}/events"))["events"]
    schema = emulator.contract.document["components"]["schemas"]["WebhookEventType"]
    assert schema["enum"] == events
    for event in events:
        await made(api, eventType=event)


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"eventType": "email_clicked"}, (400, "webHook.invalidEvent")),
        ({"scope": "galaxy"}, (400, "webHook.invalidScope")),
        ({"scope": "organization"}, (400, "webHook.organizationScopeNotImplemented")),
        ({"url": "no address"}, (400, "webHook.invalidUrl")),
        ({"url": "ftp://example.com/x"}, (400, "webHook.invalidUrl")),
        ({"url": "https:/path"}, (400, "webHook.invalidUrl")),
        ({"url": f"https://example.com/{'x' * 1024}"}, (400, "webHook.invalidUrl")),
        ({"url": 5}, (400, "/url")),
    ],
)
async def test_what_cannot_be_subscribed(api: Api, changed: Json, refused: tuple[int, str]) -> None:
    """Create and replace refuse the same, and nothing is kept."""
    hook = await made(api)
    body = {**BODY, "scope": "personal", **changed}
    assert refused == await code(api, "POST", HOOKS, body)
    assert refused == await code(api, "PUT", f"{HOOKS}/{hook['id']}", body)
    assert [hook] == (await api.ok("GET", HOOKS))["items"]


async def test_unknown_event_is_quoted(api: Api) -> None:
    """The text is the documented one; braces in it are only text."""
    for event in ("email_clicked", "{0}"):
        _, problem = await api("POST", HOOKS, {**BODY, "eventType": event})
        assert f"Unknown webhook event '{event}'." == problem["detail"]


async def test_replacing_does_not_take_enabled(api: Api) -> None:
    """It has its own two calls; all else must be there."""
    path = f"{HOOKS}/{(await made(api))['id']}"
    body = {**BODY, "scope": "personal"}
    assert (400, "/enabled") == await code(api, "PUT", path, {**body, "enabled": True})
    assert (400, "/scope") == await code(api, "PUT", path, BODY)


async def test_at_most_fifty_are_active(api: Api) -> None:
    """Disabled ones do not count; enabling may find no room."""
    first, *_ = [await made(api) for _ in range(50)]
    status, problem = await api("POST", HOOKS, BODY)
    assert (409, "webHook.limitReached", "Limit of active webhook subscriptions reached (50).") == (
        status,
        problem["code"],
        problem["detail"],
    )
    idle = await made(api, enabled=False)
    assert (409, "webHook.limitReached") == await code(api, "POST", f"{HOOKS}/{idle['id']}/enable")
    for _ in range(2):  # what is enabled stays enabled
        assert (204, None) == await api("POST", f"{HOOKS}/{first['id']}/enable")
    for _ in range(2):
        assert (204, None) == await api("POST", f"{HOOKS}/{first['id']}/disable")
    assert (204, None) == await api("POST", f"{HOOKS}/{idle['id']}/enable")
    page = await api.ok("GET", f"{HOOKS}?top=1000")
    assert [first["id"]] == [hook["id"] for hook in page["items"] if not hook["enabled"]]
    assert 51 == len(page["items"])


async def test_a_test_sends_one_event(api: Api, target: Target) -> None:
    """The event has the documented envelope; custom fields are left out on request."""
    hook = await made(api, url=target.url)
    assert (204, None) == await api("POST", f"{HOOKS}/{hook['id']}/test")
    (event,) = target.received
    about = event["event"]
    assert ("email_replied", hook["id"], 501, 100, "2027-01-11T08:59:59") == (
        about["type"],
        about["subscription_id"],
        about["user_id"],
        about["team_id"],
        about["date"][:19],
    )
    assert {"Region", "Plan", "Score"} == event["contact_custom_fields"].keys()
    config = {"includeProspectCustomFields": False}
    plain = await made(api, url=target.url, payloadConfig=config)
    await api.ok("POST", f"{HOOKS}/{plain['id']}/test")
    assert "contact_custom_fields" not in target.received[1]
    assert about["id"] != target.received[1]["event"]["id"]
    assert [] == (await api.ok("GET", f"{HOOKS}/{hook['id']}/logs"))["items"]


@pytest.mark.parametrize("status", [301, 404, 503])
async def test_a_refused_event_is_logged(api: Api, target: Target, status: int) -> None:
    """Anything but a success is a 502 with the status, and no redirect is followed."""
    hook = await made(api, url=target.url)
    target.status = status
    path = f"{HOOKS}/{hook['id']}"
    answered, problem = await api("POST", f"{path}/test")
    assert (502, "webHook.deliveryFailed", f"Target URL responded with status {status}.") == (
        answered,
        problem["code"],
        problem["detail"],
    )
    (entry,) = (await api.ok("GET", f"{path}/logs"))["items"]
    assert (status, target.received[0]["event"]["id"]) == (entry["httpStatus"], entry["eventId"])
    await api.ok("DELETE", path)
    assert (404, "webHook.notFound") == await code(api, "GET", f"{path}/logs")


async def test_a_target_that_does_not_answer(
    api: Api, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too slow or not there at all: the attempt has no status. The last one comes first."""
    monkeypatch.setattr(delivery, "TIMEOUT_SECONDS", 0.05)
    target.hangs = True
    hook = await made(api, url=target.url)
    path = f"{HOOKS}/{hook['id']}"
    status, problem = await api("POST", f"{path}/test")
    assert (502, "Target URL did not respond.") == (status, problem["detail"])
    nobody = {**BODY, "url": "http://127.0.0.1:1/hook", "scope": "personal"}
    await api.ok("PUT", path, nobody)
    assert (502, "webHook.deliveryFailed") == await code(api, "POST", f"{path}/test")
    log = await api.ok("GET", f"{path}/logs")
    assert [None, None] == [entry["httpStatus"] for entry in log["items"]]
    assert target.received[0]["event"]["id"] == log["items"][1]["eventId"]
    first = await api.ok("GET", f"{path}/logs?top=1")
    assert {"items": log["items"][:1], "hasMore": True} == first


@pytest.mark.parametrize("url", ["http://example.invalid/x", "http://192.0.2.1/", "http://[::2]/"])
async def test_other_machines_are_never_asked(
    api: Api, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """The attempt fails before anything is opened."""

    def open_nothing(**_: object) -> None:
        pytest.fail("a connection was prepared")

    monkeypatch.setattr(aiohttp, "ClientSession", open_nothing)
    hook = await made(api, url=url)
    assert (502, "webHook.deliveryFailed") == await code(api, "POST", f"{HOOKS}/{hook['id']}/test")


async def test_a_disabled_one_cannot_be_tested(api: Api, target: Target) -> None:
    """It is told as missing, and nothing is sent."""
    hook = await made(api, url=target.url, enabled=False)
    status, problem = await api("POST", f"{HOOKS}/{hook['id']}/test")
    detail = f"Webhook subscription {hook['id']} not found."
    assert (404, "webHook.notFound", detail) == (status, problem["code"], problem["detail"])
    assert [] == target.received


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/test"),
        ("POST", "/enable"),
        ("POST", "/disable"),
        ("GET", "/logs"),
    ],
)
async def test_missing_subscription(api: Api, method: str, action: str) -> None:
    """All calls tell it the same way."""
    assert (404, "webHook.notFound") == await code(api, method, f"{HOOKS}/9{action}")


async def test_pages_out_of_range(api: Api) -> None:
    """Both lists have their own code."""
    hook = await made(api)
    for path in (HOOKS, f"{HOOKS}/{hook['id']}/logs"):
        assert (400, "webHook.invalidPagination") == await code(api, "GET", f"{path}?top=0")
