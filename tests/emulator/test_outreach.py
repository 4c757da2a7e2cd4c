from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from emulator.client import Json, email

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

DAY = 86_400
COUNTERS = [
    "delivered",
    "opened",
    "replied",
    "interested",
    "notReached",
    "optedOut",
    "linksClicked",
    "meetingsBooked",
]


async def running(api: Api, number: int, *steps: Json, **members: Json) -> str:
    """Start a sequence with people in it and return its path."""
    made = await api.sequence(*steps, **members)
    await api.enrol(made["id"], await api.contacts(number))
    await api.ok("POST", f"/v3/sequences/{made['id']}/start")
    return f"/v3/sequences/{made['id']}"


async def overview(api: Api, path: str, **filters: Json) -> Json:
    """Return the e-mail overview of a period, of all time by default."""
    body = {"filters": filters or {"dateRangePreset": "allTime"}}
    return (await api.ok("POST", f"{path}/stats", body))["emailOverview"]


async def test_nothing_is_sent_before_the_start_nor_after_a_pause(
    api: Api, emulator: Emulator
) -> None:
    """Only an active sequence sends."""
    made = await api.sequence()
    path = f"/v3/sequences/{made['id']}"
    await api.enrol(made["id"], await api.contacts(700))
    emulator.advance(2 * DAY)
    assert 0 == (await overview(api, path))["contacted"]
    await api.ok("POST", f"{path}/start")
    emulator.advance(DAY)
    sent = (await overview(api, path))["contacted"]
    assert 200 == sent
    await api.ok("POST", f"{path}/pause")
    emulator.advance(5 * DAY)
    assert sent == (await overview(api, path))["contacted"]


async def test_daily_limits_and_weekends(api: Api, emulator: Emulator) -> None:
    """200 a day by the settings, on five days of the week."""
    path = await running(api, 3000)
    sent = [0]
    for _ in range(7):
        emulator.advance(DAY)
        sent.append((await overview(api, path))["contacted"])
    assert [200, 200, 200, 200, 200, 0, 0] == [b - a for a, b in itertools.pairwise(sent)]


async def test_mailboxes_limit_all_sequences_together(api: Api, emulator: Emulator) -> None:
    """Two sequences with a mailbox of 300 a day send 300 together."""
    settings = {
        "emailsCountPerDay": 1000,
        "daysToFinishProspect": 14,
        "emailSendingDelaySeconds": 1,
        "dailyThrottling": 50,
        "disableOpensTracking": True,
        "repliesHandlingType": "markAsFinished",
        "enableLinksTracking": True,
    }
    paths = [await running(api, 900, settings=settings) for _ in range(2)]
    emulator.advance(DAY)
    sent = [(await overview(api, path))["contacted"] for path in paths]
    assert 300 == sum(sent)
    assert 0 == (await overview(api, paths[0]))["opened"]
    throttled = await running(
        api, 900, settings={**settings, "useDailyThrottling": True}, emailAccounts=[103]
    )
    emulator.advance(DAY)
    assert 50 == (await overview(api, throttled))["contacted"]


async def test_numbers_add_up(api: Api, emulator: Emulator) -> None:
    """Variants sum to their step, steps to the overview; wordings differ."""
    path = await running(
        api, 1000, email(variants=3), email(None, delay=1440), emailAccounts=[101, 102, 103]
    )
    emulator.advance(14 * DAY)
    answer = await api.ok(
        "POST", f"{path}/stats/emails", {"filters": {"dateRangePreset": "allTime"}}
    )
    first, second = answer["steps"]
    assert 2000 > answer["overview"]["contacted"] > 1500
    for name in COUNTERS:
        for step in (first, second):
            assert step[name] == sum(variant[name] for variant in step["variants"])
        if name in answer["overview"]:
            assert answer["overview"][name] == first[name] + second[name]
    assert first["delivered"] > second["delivered"] > 0
    delivered = [variant["delivered"] for variant in first["variants"]]
    assert max(delivered) - min(delivered) < 30
    rates = [variant["repliedPercentage"] for variant in first["variants"]]
    assert max(rates) - min(rates) > 1
    variant = first["variants"][0]
    expected = round(100 * variant["opened"] / variant["delivered"], 2)
    assert expected == variant["openedPercentage"]
    assert answer["overview"] == await overview(api, path)


async def test_periods_split_the_numbers(api: Api, emulator: Emulator) -> None:
    """Days before and after a moment make up the whole."""
    path = await running(api, 2000)
    emulator.advance(10 * DAY)
    now = emulator.clock.now()

    def at(moment: float) -> str:
        return datetime.fromtimestamp(moment // DAY * DAY, UTC).isoformat().replace("+00:00", "Z")

    split = at(now - 7 * DAY)
    whole = await overview(api, path)
    before = await overview(api, path, **{"from": at(now - 30 * DAY), "to": split})
    after = await overview(api, path, **{"from": split, "to": at(now + DAY)})
    for name in ("contacted", "delivered", "opened", "replied", "bounced"):
        assert whole[name] == before[name] + after[name]
    assert whole["contacted"] > after["contacted"] > 0
    assert (await overview(api, path, dateRangePreset="lastMonth")) == whole


async def test_bad_periods(api: Api) -> None:
    """Inverted: 500, or a fault. Preset and bounds, or no date: faults. Too long for all."""
    made = await api.sequence()
    one, every = f"/v3/sequences/{made['id']}/stats", "/v3/sequences/stats"
    bounds = {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    for path in (one, every):
        assert (500, {"title": "Internal Server Error", "status": 500}) == await api(
            "POST", path, {"filters": bounds}
        )
    status, problem = await api("POST", f"{one}/emails", {"filters": bounds})
    assert (400, "/filters") == (status, problem["errors"][0]["pointer"])
    _, problem = await api("POST", one, {"filters": {**bounds, "dateRangePreset": "lastWeek"}})
    assert "/filters" == problem["errors"][0]["pointer"]
    _, problem = await api("POST", one, {"filters": {"from": "yesterday"}})
    detail = "'from' must be a valid ISO 8601 date."
    assert [{"pointer": "/filters/from", "detail": detail}] == problem["errors"]
    long = {"from": "2026-10-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}
    _, problem = await api("POST", every, {"filters": long})
    detail = "Date range must not exceed 31 days."
    assert [{"pointer": "/filters", "detail": detail}] == problem["errors"]
    assert 404 == (await api("POST", "/v3/sequences/9/stats", {}))[0]


async def test_all_sequences_in_one_answer(api: Api, emulator: Emulator) -> None:
    """Rows equal the single answers; archived is a status here."""
    path = await running(api, 100)
    other = await api.sequence(name="B")
    await api.ok("POST", f"/v3/sequences/{other['id']}/archive")
    emulator.advance(3 * DAY)
    rows = await api.ok("POST", "/v3/sequences/stats", {})
    assert ["active", "archived"] == [row["status"] for row in rows]
    assert await overview(api, path) == rows[0]["emailOverview"]
    assert [] == await api.ok("POST", "/v3/sequences/stats", {"filters": {"userIds": [9]}})


async def test_contacts_stand_where_the_numbers_say(api: Api, emulator: Emulator) -> None:
    """Replies, bounces and what was done can be read from the members."""
    path = await running(api, 150, email(), email(None, delay=2880))
    emulator.advance(21 * DAY)
    sums = await overview(api, path)
    members = (await api.ok("GET", f"{path}/contacts?top=1000"))["items"]
    dispositions = [member["emailDisposition"] for member in members]
    assert sums["replied"] == sum(entry["isReplied"] for entry in dispositions) > 0
    assert sums["bounced"] == sum(entry["isBounced"] for entry in dispositions) > 0
    statuses = Counter(member["statusInSequence"] for member in members)
    assert {"finished": 150 - sums["bounced"], "inactive": sums["bounced"]} == statuses
    state = await api.ok(
        "GET",
        f"{path}/contacts/state?top=100&additionalColumns=CurrentStep,LastStepCompletedAt,Status",
    )
    assert all(row["lastStepCompletedAt"] for row in state["items"] if row["status"]["delivered"])
    replied = next(member for member in members if member["emailDisposition"]["isReplied"])
    words = await api.ok("GET", f"/v3/contacts/{replied['contactId']}/statuses")
    assert "replied" == words["sequences"][0]["statusInSequence"]


async def test_nobody_is_written_to_twice_after_coming_back(api: Api, emulator: Emulator) -> None:
    """Who was taken out leaves nothing behind in the queue."""
    one, two = await api.sequence(), await api.sequence(name="B")
    ids = await api.contacts(50)
    await api.enrol(one["id"], ids)
    await api.enrol(two["id"], ids, removeFromExisting=True)
    await api.enrol(one["id"], ids, removeFromExisting=True)
    path = f"/v3/sequences/{one['id']}"
    await api.ok("POST", f"{path}/start")
    emulator.advance(3 * DAY)
    assert 50 == (await overview(api, path))["contacted"]


async def test_conditions_choose_a_branch(api: Api, emulator: Emulator) -> None:
    """Who fits goes down the positive branch, the others the negative one."""
    condition = {
        "type": "condition",
        "delayInMinutes": 0,
        "waitInMinutes": 60,
        "conditions": [{"property": "city", "rules": [{"operator": "equals", "value": "Oslo"}]}],
    }
    yes = {"type": "call", "delayInMinutes": 99_999, "parentId": 2, "ifConditionPositive": True}
    made = await api.sequence(
        {"type": "call", "delayInMinutes": 0}, condition, yes, {**yes, "ifConditionPositive": False}
    )
    (first, second) = await api.contacts(2)
    await api.ok("PATCH", f"/v3/contacts/{first}", {"city": "oslo"})
    await api.enrol(made["id"], [first, second])
    await api.ok("POST", f"/v3/sequences/{made['id']}/start")
    emulator.advance(DAY)
    places = [
        (await api.ok("GET", f"/v3/sequences/{made['id']}/contacts/{contact_id}"))["currentStep"]
        for contact_id in (first, second)
    ]
    assert ["3A", "3B"] == [place["displayName"] for place in places]
    assert [step["id"] for step in made["steps"][2:]] == [place["stepId"] for place in places]


async def test_linkedin_is_done_and_counted(api: Api, emulator: Emulator) -> None:
    """Connections, messages and visits; nothing without a linked profile."""
    steps = [
        {
            "type": "linkedIn",
            "actionType": "viewProfile",
            "delayInMinutes": 0,
            "executionMode": "automatic",
        },
        {
            "type": "linkedIn",
            "actionType": "connect",
            "delayInMinutes": 0,
            "executionMode": "automatic",
            "variants": [{"message": "Hi", "isEnabled": True}],
        },
        {
            "type": "linkedIn",
            "actionType": "message",
            "delayInMinutes": 4320,
            "executionMode": "automatic",
            "variants": [{"message": "Hi", "isEnabled": True}],
        },
    ]
    made = await api.sequence(*steps)
    items = [{"firstName": "P", "linkedInUrl": f"https://linkedin.com/in/p{n}"} for n in range(60)]
    await api.ok(
        "POST", "/v3/contacts/import", {"items": items, "options": {"sequenceId": made["id"]}}
    )
    path = f"/v3/sequences/{made['id']}"
    await api.ok("POST", f"{path}/start")
    emulator.advance(DAY)
    body = {"filters": {"dateRangePreset": "allTime"}}
    assert 0 == (await api.ok("POST", f"{path}/stats", body))["linkedInOverview"]["profileViews"]
    await api.ok("POST", f"{path}/linkedin-account-links", {"linkedInAccountId": 41})
    emulator.advance(14 * DAY)
    numbers = (await api.ok("POST", f"{path}/stats", body))["linkedInOverview"]
    assert 60 == numbers["profileViews"]
    assert 60 == numbers["connectionsSent"] == numbers["connectionNotesSent"]
    assert 60 > numbers["connectionsAccepted"] > numbers["connectionNotesReplied"] > 0
    assert 60 > numbers["messagesSent"] == numbers["regularMessagesSent"] > 0
