from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import aiohttp
import pytest
from emulator.client import MONDAY, Api, email

from reply_async import parse_delivery
from reply_async.emulator import Emulator, Rates, delivery
from reply_async.emulator.account import open_account
from reply_async.emulator.options import exec_options

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.client import Json
    from emulator.receiver import Target

    from reply_async.testing import VirtualClockLoop

DAY = 86_400
LINKEDIN = ("connect", "message")
SLOW = 49  # with one more, as many as can be active


async def hook(api: Api, url: str, event_type: str, **members: Json) -> Json:
    """Subscribe to a kind of event."""
    body = {"eventType": event_type, "url": url, **members}
    return await api.ok("POST", "/v3/webhooks", body)


async def running(api: Api, number: int, *steps: Json, **members: Json) -> Json:
    """Start a sequence with people in it."""
    made = await api.sequence(*steps, **members)
    await api.enrol(made["id"], await api.contacts(number))
    await api.ok("POST", f"/v3/sequences/{made['id']}/start")
    return made


async def logs(api: Api, subscription: Json) -> list[Json]:
    """Return the failure log of a subscription, the last failure first."""
    path = f"/v3/webhooks/{subscription['id']}/logs?top=1000"
    items: list[Json] = (await api.ok("GET", path))["items"]
    return items


def types(target: Target) -> dict[str, int]:
    """Return how many events of each kind came."""
    return dict(Counter(entry["event"]["type"] for entry in target.received))


async def test_outreach_is_told_and_every_event_can_be_read(
    api: Api, emulator: Emulator, target: Target
) -> None:
    """As many events as the statistics count, each fit for the contract and the SDK."""
    events = (await api.ok("GET", "/v3/webhooks/events"))["events"]
    for event in events:
        await hook(api, target.url, event)
    emulator.set_rates(
        Rates(opened=0.9, clicked=0.5, replied=0.4, bounced=0.2, opted_out=0.3, auto_replied=0.5)
    )
    call = {"type": "call", "delayInMinutes": 60}
    made = await running(api, 40, email(), call, email(None, delay=60))
    emulator.advance(6 * DAY)
    await emulator.deliveries_done()
    path, body = f"/v3/sequences/{made['id']}", {"filters": {"dateRangePreset": "allTime"}}
    sums = (await api.ok("POST", f"{path}/stats", body))["emailOverview"]
    told = types(target)
    expected = {
        "email_sent": sums["contacted"],
        "email_bounced": sums["bounced"],
        "email_opened": sums["opened"],
        "email_replied": sums["replied"],
        "contact_replied": sums["replied"],
        "reply_categorized": sums["interested"],
        "contact_opted_out": sums["optedOut"],
        "email_auto_reply": sums["autoReplied"],
    }
    assert all(expected.values())
    assert expected == {name: told[name] for name in expected}
    assert told.keys() == {*expected, "email_link_clicked", "contact_called", "contact_finished"}
    state = await api.control("GET", f"state?sequence={made['id']}")
    assert told["contact_finished"] == state["members_by_status"]["finished"]
    schemas = emulator.contract.document["components"]["schemas"]
    schema = emulator.contract.compile(schemas["WebhookDelivery"])
    for content, raw in zip(target.received, target.bodies, strict=True):
        schema.validate(content)
        read = parse_delivery(raw)
        assert read.sequence is not None
        assert (made["id"], content["event"]["id"]) == (read.sequence.id, read.event.id)
    ids = [entry["event"]["id"] for entry in target.received]
    assert len(ids) == len(set(ids)) == emulator.deliveries.delivered
    assert not any("signature" in name or name == "authorization" for name in target.headers[0])


async def test_linkedin_is_told(api: Api, emulator: Emulator, target: Target) -> None:
    """Invitations, their acceptance, messages and replies."""
    kinds = ("connection_request_sent", "connection_request_accepted", "message_sent")
    for kind in (*kinds, "message_replied"):
        await hook(api, target.url, f"linkedin_{kind}")
    emulator.set_rates(Rates(accepted=1.0, replied=1.0))
    steps = [
        {
            "type": "linkedIn",
            "actionType": action,
            "delayInMinutes": number * 5000,
            "executionMode": "automatic",
            "variants": [{"message": "" if action == "connect" else "Hi", "isEnabled": True}],
        }
        for number, action in enumerate(LINKEDIN)
    ]
    made = await api.sequence(*steps)
    items = [{"firstName": "P", "linkedInUrl": f"https://linkedin.com/in/p{n}"} for n in range(5)]
    options = {"sequenceId": made["id"]}
    await api.ok("POST", "/v3/contacts/import", {"items": items, "options": options})
    path = f"/v3/sequences/{made['id']}"
    await api.ok("POST", f"{path}/linkedin-account-links", {"linkedInAccountId": 41})
    await api.ok("POST", f"{path}/start")
    emulator.advance(14 * DAY)
    await emulator.deliveries_done()
    assert {f"linkedin_{kind}": 5 for kind in (*kinds, "message_replied")} == types(target)


async def test_calls_are_told_too(api: Api, emulator: Emulator, target: Target) -> None:
    """Opting out, finishing and marking by hand, each once."""
    for kind in ("contact_opted_out", "contact_finished", "contact_replied", "email_replied"):
        await hook(api, target.url, kind)
    made = await api.sequence()
    out, done, replied, patched = await api.contacts(4)
    await api.enrol(made["id"], [out, done, replied])
    path = f"/v3/sequences/{made['id']}/contacts"
    for _ in range(2):
        body = {"contactIds": [out], "isOptedOut": True}
        await api.ok("POST", "/v3/contacts/set-opted-out", body)
        await api.ok("PATCH", f"/v3/contacts/{patched}", {"isOptedOut": True})
        body = {"contactIds": [done], "statusInSequence": "finished"}
        await api.ok("POST", f"{path}/set-status-in-sequence", body)
        body = {"contactIds": [replied], "isReplied": True}
        await api.ok("POST", f"{path}/set-replied", body)
    await emulator.deliveries_done()
    assert {"contact_opted_out": 2, "contact_finished": 3, "contact_replied": 1} == types(target)
    about = [entry for entry in target.received if entry["event"]["type"] == "contact_opted_out"]
    assert [out, patched] == [entry["contact_fields"]["id"] for entry in about]
    assert {} == about[1]["sequence_fields"]


async def test_events_of_a_subscription_keep_their_order(
    api: Api, emulator: Emulator, target: Target
) -> None:
    """They go out one after another, in the order of what happened."""
    await hook(api, target.url, "email_sent")
    made = await running(api, 40, email(), email(None, delay=60))
    emulator.advance(DAY)
    await emulator.deliveries_done()
    sent = [(message.at, message.contact_id) for message in emulator.ledger.messages.select()]
    times = [entry["event"]["date"] for entry in target.received]
    assert sorted(times) == times
    assert len(sent) == len(times) > 40
    assert made["id"] == target.received[0]["sequence_fields"]["id"]


async def test_what_is_not_taken_is_tried_again(
    api: Api, emulator: Emulator, target: Target
) -> None:
    """Three tries on the emulator's clock, the same event each time, then no more."""
    subscription = await hook(api, target.url, "email_sent")
    target.status = 500
    await running(api, 2)
    emulator.advance(10)
    tried = []
    for seconds in (0, 50, 10, 590, 10, 50_000):
        emulator.advance(seconds)
        await emulator.deliveries_done()
        tried.append(len(target.received))
    assert [2, 2, 4, 4, 6, 6] == tried
    ids = [entry["event"]["id"] for entry in target.received]
    assert ids[:2] * 3 == ids
    failures = await logs(api, subscription)
    assert [(500, key) for key in ids[::-1]] == [
        (entry["httpStatus"], entry["eventId"]) for entry in failures
    ]
    target.status = 204
    await running(api, 4)
    emulator.advance(DAY)
    await emulator.deliveries_done()
    assert 4 == emulator.deliveries.delivered
    assert 6 == len(await logs(api, subscription))


async def test_a_retry_that_is_taken_ends_it(api: Api, emulator: Emulator, target: Target) -> None:
    """The event comes once more and no failure is added."""
    subscription = await hook(api, target.url, "email_sent")
    target.status = 503
    await running(api, 1)
    emulator.advance(10)
    await emulator.deliveries_done()
    target.status = 200
    emulator.advance(60)
    await emulator.deliveries_done()
    emulator.advance(DAY)
    await emulator.deliveries_done()
    assert (2, 1, 0) == (
        len(target.received),
        len(await logs(api, subscription)),
        emulator.deliveries.waiting,
    )


async def test_repeated_failures_switch_a_subscription_off(
    api: Api, emulator: Emulator, target: Target
) -> None:
    """Nothing more is sent to it until it is enabled again."""
    subscription = await hook(api, target.url, "email_sent")
    emulator.deliveries.switch_off_after = 5
    target.status = 500
    await running(api, 20)
    emulator.advance(DAY)
    await emulator.deliveries_done()
    path = f"/v3/webhooks/{subscription['id']}"
    assert not (await api.ok("GET", path))["enabled"]
    assert (5, 5) == (len(target.received), len(await logs(api, subscription)))
    emulator.advance(DAY)
    await emulator.deliveries_done()
    assert 5 == len(target.received)
    target.status = 200
    await api.ok("POST", f"{path}/enable")
    await api.ok("POST", f"{path}/test")
    assert (await api.ok("GET", path))["enabled"]
    assert 6 == len(target.received)


async def test_disabled_and_foreign_subscriptions_get_nothing(
    api: Api, emulator: Emulator, target: Target
) -> None:
    """Personal ones hear of their user's sequences, those of the team of all."""
    await hook(api, target.url, "email_sent", enabled=False)
    personal = await hook(api, target.url, "email_sent")
    made = await running(api, 3)
    await api.ok("PUT", f"/v3/sequences/{made['id']}/owner", {"userId": 502})
    team = await hook(api, target.url, "email_sent", scope="team")
    emulator.advance(DAY)
    await emulator.deliveries_done()
    assert {team["id"]} == {entry["event"]["subscription_id"] for entry in target.received}
    assert 3 == len(target.received)
    assert [] == await logs(api, personal)


async def test_a_slow_receiver_slows_nobody_else(
    api: Api, emulator: Emulator, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers and the clock go on while it hangs, and other subscriptions get theirs."""
    monkeypatch.setattr(delivery, "TIMEOUT_SECONDS", 600.0)
    for _ in range(SLOW):
        await hook(api, target.url.replace("/hook", "/slow"), "email_sent")
    quick = await hook(api, target.url, "email_sent")
    await running(api, 5)
    emulator.advance(DAY)
    async with asyncio.timeout(30):
        while emulator.deliveries.delivered < 5 or len(target.received) < 5 + SLOW:
            await api.ok("GET", "/v3/whoami")
    emulator.advance(DAY)
    by_hook = Counter(entry["event"]["subscription_id"] for entry in target.received)
    assert [5, *[1] * SLOW] == [number for _, number in by_hook.most_common()]
    assert 5 == by_hook[quick["id"]]
    assert 4 * SLOW == (await api.control("GET", "state"))["deliveries"]["waiting"]
    await emulator.close()
    assert 0 == emulator.deliveries.waiting
    assert {asyncio.current_task()} == {
        task
        for task in asyncio.all_tasks()
        if "Deliveries" in repr(task.get_coro()) or task is asyncio.current_task()
    }


@pytest.mark.parametrize("end", ["reset", "delete"])
async def test_nothing_comes_for_who_is_gone(
    api: Api, emulator: Emulator, target: Target, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """What waits goes with its subscription; a later one of the same id gets its own."""
    slow = target.url.replace("/hook", "/slow")
    made = [await hook(api, slow, "email_sent") for _ in range(2)]
    await running(api, 5)
    emulator.advance(DAY)
    async with asyncio.timeout(30):
        while len(target.received) < 2:  # one each, the others wait behind it
            await api.ok("GET", "/v3/whoami")
    if end == "reset":
        await api.control("POST", "reset")
        again = [await hook(api, target.url, "email_sent") for _ in made]
        assert [entry["id"] for entry in made] == [entry["id"] for entry in again]
        assert 0 == emulator.deliveries.waiting
    else:
        for entry in made:
            await api.ok("DELETE", f"/v3/webhooks/{entry['id']}")
    monkeypatch.setattr(delivery, "TIMEOUT_SECONDS", 0.05)
    target.release.set()
    await emulator.deliveries_done()
    assert 2 == len(target.received)
    if end == "reset":
        assert [[], []] == [await logs(api, entry) for entry in again]


async def test_nothing_is_lost_up_to_the_bound(
    api: Api, emulator: Emulator, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past it events are not queued, but noted as failed and counted."""
    monkeypatch.setattr(delivery, "MAX_WAITING", 30)
    subscription = await hook(api, target.url, "email_sent")
    await running(api, 50)
    emulator.advance(DAY)
    await emulator.deliveries_done()
    shown = await api.control("GET", "state")
    assert {"delivered": 30, "dropped": 20, "waiting": 0} == shown["deliveries"]
    assert [None] * 20 == [entry["httpStatus"] for entry in await logs(api, subscription)]
    seen = {entry["event"]["id"] for entry in target.received}
    assert not seen & {entry["eventId"] for entry in await logs(api, subscription)}


async def test_a_replay_delivers_nothing_and_decides_the_same(
    tmp_path: Path, target: Target
) -> None:
    """From a data file come the log and the switch, and no event goes out again."""
    arguments = ["--data", str(tmp_path / "account.db"), "--budget", "off", "--", "true"]
    logged: list[list[Json]] = []
    target.status = 500
    for _ in range(2):
        emulator, file = open_account(exec_options("emulator", arguments))
        emulator.deliveries.switch_off_after = 3
        with file:
            async with emulator, aiohttp.ClientSession() as http:
                api = Api(emulator, http)
                if not logged:
                    subscription = await hook(api, target.url, "email_sent")
                    await running(api, 5)
                    await api.control("POST", "clock", {"advance": "7d"})
                await emulator.deliveries_done()
                logged.append(await logs(api, subscription))
                path = f"/v3/webhooks/{subscription['id']}"
                assert not (await api.ok("GET", path))["enabled"]
    assert logged[0] == logged[1]
    assert [entry["event"]["id"] for entry in target.received[::-1]] == [
        entry["eventId"] for entry in logged[0]
    ]
    assert 3 == len(target.received)


@pytest.mark.reply_emulator(started_at=MONDAY, budget=None, key="emu_test")
async def test_events_come_while_nobody_asks(
    reply_clock: VirtualClockLoop, reply_emulator: Emulator, target: Target
) -> None:
    """The clock alone sends, retries and tells, without any request."""
    async with aiohttp.ClientSession() as http:
        api = Api(reply_emulator, http)
        await hook(api, target.url, "email_sent")
        target.status = 500
        await running(api, 3)
    asked = len(reply_emulator.requests)
    await asyncio.sleep(30)
    target.status = 200
    await asyncio.sleep(120)
    assert 150 <= reply_clock.time() < 160
    assert asked == len(reply_emulator.requests)
    assert (6, 3) == (len(target.received), reply_emulator.deliveries.delivered)
