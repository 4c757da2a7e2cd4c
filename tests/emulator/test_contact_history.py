from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import email

if TYPE_CHECKING:
    from emulator.client import Api, Json

    from reply_async.emulator import Emulator

DAY = 86_400


async def play(api: Api, emulator: Emulator, *steps: Json, **members: Json) -> int:
    """Let a sequence run for a week and return somebody who replied."""
    ids = await api.contacts(150, **members)
    made = await api.sequence(*steps, linkedInAccounts=[41, 42])
    await api.enrol(made["id"], ids)
    await api.ok("POST", f"/v3/sequences/{made['id']}/start")
    emulator.advance(10 * DAY)
    members_by_id = emulator.state.sequences[made["id"]].members
    return next(contact_id for contact_id in ids if members_by_id[contact_id].reply)


async def test_activities_tell_what_happened(api: Api, emulator: Emulator) -> None:
    """The latest first, from being made to having replied."""
    contact_id = await play(api, emulator)
    page = await api.ok("GET", f"/v3/contacts/{contact_id}/activities")
    words = [entry["activityType"] for entry in page["items"]]
    assert "Replied" == words[0]
    assert ["EmailOpened", "EmailSent", "AddedToSequence", "ContactCreated"] == words[-4:]
    dates = [entry["date"] for entry in page["items"]]
    assert sorted(dates, reverse=True) == dates
    assert "Founders" == page["items"][0]["content"]["sequenceName"]
    assert len(words) == len({entry["id"] for entry in page["items"]})
    second = await api.ok("GET", f"/v3/contacts/{contact_id}/activities?skip=1&top=1")
    assert {"items": page["items"][1:2], "hasMore": True} == second


async def test_activities_of_somebody_new(api: Api) -> None:
    """There is at least the moment of being made."""
    (contact_id,) = await api.contacts(1)
    (entry,) = (await api.ok("GET", f"/v3/contacts/{contact_id}/activities"))["items"]
    assert ("ContactCreated", "Contact", {}) == (
        entry["activityType"],
        entry["sourceType"],
        entry["content"],
    )
    assert entry["id"] > 2**48


async def test_a_reply_begins_a_thread(api: Api, emulator: Emulator) -> None:
    """It stands in the inbox with its sequence and subject, unread, under a lasting id."""
    contact_id = await play(api, emulator, email("Hello"), email(None, delay=DAY // 60))
    path = f"/v3/contacts/{contact_id}/inbox-threads"
    page = await api.ok("GET", path)
    (thread,) = page["items"]
    assert ("email", "Re: Hello", False, "Founders") == (
        thread["channel"],
        thread["subject"],
        thread["isRead"],
        thread["sequence"]["name"],
    )
    assert page == await api.ok("GET", path)
    activities = await api.ok("GET", f"/v3/contacts/{contact_id}/activities")
    assert activities["items"][0]["date"] == thread["lastActivityDate"]
    meeting = emulator.state.contacts[contact_id].get("meetingStatus") == "meetingBooked"
    assert meeting is thread["hasMeetingIntent"]


async def test_a_linkedin_reply_has_its_channel(api: Api, emulator: Emulator) -> None:
    """It has no subject."""
    step = {
        "type": "linkedIn",
        "actionType": "message",
        "delayInMinutes": 0,
        "executionMode": "automatic",
        "variants": [{"message": "Hi", "isEnabled": True}],
    }
    ids = await api.contacts(150)
    for contact_id in ids:
        contact = emulator.state.contacts[contact_id]
        contact.set("linkedInUrl", f"https://www.linkedin.com/in/{contact_id}")
    contact_id = await play(api, emulator, step)
    (thread,) = (await api.ok("GET", f"/v3/contacts/{contact_id}/inbox-threads"))["items"]
    assert ("linkedIn", None) == (thread["channel"], thread["subject"])


async def test_a_reply_set_by_hand_is_no_message(api: Api) -> None:
    """The inbox stays empty."""
    (contact_id,) = await api.contacts(1)
    await api.enrol((await api.sequence())["id"], [contact_id])
    body = {"contactIds": [contact_id], "isReplied": True}
    await api.ok("POST", "/v3/contacts/set-replied", body)
    page = await api.ok("GET", f"/v3/contacts/{contact_id}/inbox-threads")
    assert {"items": [], "hasMore": False} == page


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("9/activities", 404, "contact.notFound"),
        ("9/inbox-threads", 404, "inboxThread.notFound"),
        ("9/activities?top=0", 400, "contact.invalidPagination"),
        ("9/inbox-threads?top=0", 400, "inboxThread.invalidPagination"),
    ],
)
async def test_refusals(api: Api, path: str, status: int, code: str) -> None:
    """Conversations have a prefix of their own, also for a missing contact."""
    answered, problem = await api("GET", f"/v3/contacts/{path}")
    assert (status, code) == (answered, problem["code"])
