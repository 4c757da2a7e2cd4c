from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import Json, email

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

DAY = 86_400
SET = ("set-status-in-sequence", "set-replied", "set-bounced")
BODIES: tuple[Json, ...] = (
    {"statusInSequence": "paused"},
    {"isReplied": True},
    {"isBounced": True},
)


async def enrolled(api: Api, number: int, *steps: Json) -> tuple[str, list[int]]:
    """Enrol people in a new sequence; return its path and their ids."""
    made = await api.sequence(*steps)
    ids = await api.contacts(number)
    await api.enrol(made["id"], ids)
    return f"/v3/sequences/{made['id']}", ids


async def change(api: Api, path: str, verb: str, ids: list[int], **members: Json) -> dict[int, str]:
    """Set something on people and return the refused ones with their slugs."""
    body = {"contactIds": ids, **members}
    failures = await api.ok("POST", f"{path}/contacts/{verb}", body)
    return {int(key): row["error"] for key, row in failures.items()}


async def set_status(api: Api, path: str, ids: list[int], status: str) -> dict[int, str]:
    """Set a status and return the refused ones with their slugs."""
    return await change(api, path, "set-status-in-sequence", ids, statusInSequence=status)


async def member(api: Api, path: str, contact_id: int) -> Json:
    """Return one member."""
    return await api.ok("GET", f"{path}/contacts/{contact_id}")


async def contacted(api: Api, path: str) -> int:
    """Return how many e-mails were sent."""
    body = {"filters": {"dateRangePreset": "allTime"}}
    stats = await api.ok("POST", f"{path}/stats", body)
    count: int = stats["emailOverview"]["contacted"]
    return count


async def test_removed_contact_is_free(api: Api, emulator: Emulator) -> None:
    """It leaves the sequence, stays a contact, and can be enrolled again."""
    path, (first, second) = await enrolled(api, 2)
    place = f"{path}/contact-links/{first}"
    assert (204, None) == await api("DELETE", place)
    status, problem = await api("DELETE", place)
    assert (404, "sequenceContact.notInSequence") == (status, problem["code"])
    rows = await api.ok("GET", f"{path}/contacts")
    assert [second] == [row["contactId"] for row in rows["items"]]
    assert first == (await api.ok("GET", f"/v3/contacts/{first}"))["id"]
    answer = await api.enrol(int(path.rsplit("/", 1)[1]), [first])
    assert [first] == answer["added"]
    emulator.ledger.assert_one_effect_each()


@pytest.mark.parametrize("place", ["/v3/sequences/9/contact-links/1", "contact-links/9"])
async def test_missing_link_has_one_code(api: Api, place: str) -> None:
    """Whether the sequence, the contact or the link is missing."""
    path, _ = await enrolled(api, 1)
    status, problem = await api("DELETE", place if place[0] == "/" else f"{path}/{place}")
    assert (404, "sequenceContact.notInSequence") == (status, problem["code"])


async def test_removed_contact_gets_nothing_more(api: Api, emulator: Emulator) -> None:
    """Neither the first message nor the next one; a finished one can be removed too."""
    path, ids = await enrolled(api, 10, email(), email(None, delay=1_440))
    await api.ok("POST", f"{path}/start")
    await api.ok("DELETE", f"{path}/contact-links/{ids[0]}")
    emulator.advance(DAY)
    assert 9 == await contacted(api, path)
    await set_status(api, path, ids[1:2], "finished")
    answer = await api.ok("POST", f"{path}/contact-links/bulk-delete", {"contactIds": ids})
    assert (10, 9, 0, 1) == tuple(
        answer[name] for name in ("requested", "removed", "notFound", "notInSequence")
    )
    assert ids[1:] == answer["removedIds"]
    emulator.advance(5 * DAY)
    assert 9 == await contacted(api, path)


async def test_bulk_removal_counts_who_was_not_there(api: Api) -> None:
    """Unknown contacts and strangers apart; other sequences keep their members."""
    path, ids = await enrolled(api, 2)
    other, _ = await enrolled(api, 2)
    await api.ok("DELETE", f"{path}/contact-links/{ids[0]}")
    answer = await api.ok("POST", f"{path}/contact-links/bulk-delete", {"contactIds": [*ids, 9]})
    assert {
        "requested": 3,
        "removed": 1,
        "notFound": 1,
        "notInSequence": 1,
        "removedIds": [ids[1]],
    } == answer
    assert {"count": 2} == await api.ok("GET", f"{other}/contacts/count")


@pytest.mark.parametrize("ids", [[], [1, 1], [0]])
async def test_bulk_removal_refuses_lists(api: Api, ids: Json) -> None:
    """Empty, with repeated ids, with ids out of range."""
    path, _ = await enrolled(api, 1)
    status, problem = await api("POST", f"{path}/contact-links/bulk-delete", {"contactIds": ids})
    assert 400 == status
    assert problem["errors"][0]["pointer"].startswith("/contactIds")


@pytest.mark.parametrize("before", ["active", "paused", "finished", "outOfOffice"])
@pytest.mark.parametrize("after", ["active", "paused", "finished", "outOfOffice"])
async def test_statuses_follow_each_other(api: Api, before: str, after: str) -> None:
    """All but one: paused is reached from active only."""
    path, (contact_id,) = await enrolled(api, 1)
    await set_status(api, path, [contact_id], before)
    failures = await set_status(api, path, [contact_id], after)
    is_refused = after == "paused" and before != "active"
    assert ({contact_id: "invalidStatusTransition"} if is_refused else {}) == failures
    expected = before if is_refused else after
    assert expected == (await member(api, path, contact_id))["statusInSequence"]


@pytest.mark.parametrize("status", ["paused", "finished", "outOfOffice"])
async def test_only_active_people_are_written_to(api: Api, emulator: Emulator, status: str) -> None:
    """Setting active again takes up the step where it was left, once."""
    path, ids = await enrolled(api, 4, email(), email(None, delay=1_440))
    first = (await member(api, path, ids[0]))["currentStep"]
    await api.ok("POST", f"{path}/start")
    assert {} == await set_status(api, path, ids, status)
    emulator.advance(3 * DAY)
    assert 0 == await contacted(api, path)
    assert {} == await set_status(api, path, ids, "active")
    assert {} == await set_status(api, path, ids, "active")
    assert first == (await member(api, path, ids[0]))["currentStep"]
    emulator.advance(7 * DAY)
    assert 8 == await contacted(api, path)


async def test_setting_active_again_does_not_begin_the_wait_anew(
    api: Api, emulator: Emulator
) -> None:
    """Who is active is left alone."""
    path, ids = await enrolled(api, 2, email(delay=1_440))
    await api.ok("POST", f"{path}/start")
    emulator.advance(DAY / 2)
    assert {} == await set_status(api, path, ids, "active")
    emulator.advance(DAY / 2 + 3_600)
    assert 2 == await contacted(api, path)


async def test_finished_is_at_no_step_and_resumes_only_if_one_is_left(
    api: Api, emulator: Emulator
) -> None:
    """Who has done every step cannot become active."""
    path, ids = await enrolled(api, 2)
    assert {} == await set_status(api, path, ids[:1], "finished")
    expected = {"stepId": None, "displayName": "Finished"}
    assert expected == (await member(api, path, ids[0]))["currentStep"]
    assert {} == await set_status(api, path, ids[:1], "active")
    await api.ok("POST", f"{path}/start")
    emulator.advance(DAY)
    assert {ids[0]: "invalidStatusTransition", ids[1]: "invalidStatusTransition"} == (
        await set_status(api, path, ids, "active")
    )


async def test_replied_finishes(api: Api, emulator: Emulator) -> None:
    """Nothing more is sent; taking the mark back does not resume."""
    path, ids = await enrolled(api, 3, email(), email(None, delay=1_440))
    await api.ok("POST", f"{path}/start")
    emulator.advance(3_600)
    assert {} == await change(api, path, "set-replied", ids, isReplied=True)
    row = await member(api, path, ids[0])
    assert ("finished", True) == (row["statusInSequence"], row["emailDisposition"]["isReplied"])
    emulator.advance(5 * DAY)
    assert 3 == await contacted(api, path)
    assert {} == await change(api, path, "set-replied", ids, isReplied=False)
    row = await member(api, path, ids[0])
    assert ("finished", False) == (row["statusInSequence"], row["emailDisposition"]["isReplied"])


async def test_bounced_stops_and_goes_on_after_the_bounced_step(
    api: Api, emulator: Emulator
) -> None:
    """Cleared without sending again, the next step follows."""
    path, ids = await enrolled(api, 3, email(), email(None, delay=1_440), email(None, delay=9_999))
    await api.ok("POST", f"{path}/start")
    emulator.advance(3_600)
    steps = [step["id"] for step in await api.ok("GET", f"{path}/steps")]
    assert {} == await change(api, path, "set-bounced", ids, isBounced=True)
    row = await member(api, path, ids[0])
    assert ("inactive", True) == (row["statusInSequence"], row["emailDisposition"]["isBounced"])
    emulator.advance(3 * DAY)
    assert 3 == await contacted(api, path)
    members = {"isBounced": False, "resendEmails": False}
    assert {} == await change(api, path, "set-bounced", ids, **members)
    row = await member(api, path, ids[0])
    assert ("active", steps[1], False) == (
        row["statusInSequence"],
        row["currentStep"]["stepId"],
        row["emailDisposition"]["isBounced"],
    )
    emulator.advance(2 * DAY)
    assert 6 == await contacted(api, path)


async def test_bounced_step_is_sent_again_once(api: Api, emulator: Emulator) -> None:
    """At once, only to who is marked, and a repeated call sends nothing more."""
    path, ids = await enrolled(api, 3, email(delay=1_440), email(None, delay=9_999))
    await api.ok("POST", f"{path}/start")
    emulator.advance(DAY + 3_600)
    await change(api, path, "set-bounced", ids[:2], isBounced=True)
    steps = [step["id"] for step in await api.ok("GET", f"{path}/steps")]
    members = {"isBounced": False, "resendEmails": True}
    assert {} == await change(api, path, "set-bounced", ids, **members)
    places = [(await member(api, path, entry))["currentStep"]["stepId"] for entry in ids]
    assert [steps[0], steps[0], steps[1]] == places
    emulator.advance(3_600)
    assert 5 == await contacted(api, path)
    assert {} == await change(api, path, "set-bounced", ids, **members)
    emulator.advance(DAY)
    assert 5 == await contacted(api, path)


async def test_real_bounce_is_cleared_like_one_set_by_hand(api: Api, emulator: Emulator) -> None:
    """The one step is done, so nothing is left to do."""
    path, ids = await enrolled(api, 150)
    await api.ok("POST", f"{path}/start")
    emulator.advance(DAY)
    rows = (await api.ok("GET", f"{path}/contacts?top=1000"))["items"]
    bounced = [row["contactId"] for row in rows if row["statusInSequence"] == "inactive"]
    assert bounced
    assert len(ids) > len(bounced)
    members = {"isBounced": False, "resendEmails": False}
    assert {} == await change(api, path, "set-bounced", bounced, **members)
    assert "finished" == (await member(api, path, bounced[0]))["statusInSequence"]


@pytest.mark.parametrize(("verb", "members"), list(zip(SET, BODIES, strict=True)))
async def test_item_errors(api: Api, verb: str, members: Json) -> None:
    """Unknown contacts and strangers are told; everybody else is done."""
    path, ids = await enrolled(api, 2)
    await api.ok("DELETE", f"{path}/contact-links/{ids[0]}")
    failures = await change(api, path, verb, [*ids, 9], **members)
    assert {ids[0]: "notInSequence", 9: "contactNotFound"} == failures
    body = {"contactIds": ids, **members}
    status, problem = await api("POST", f"/v3/sequences/9/contacts/{verb}", body)
    assert (404, "sequenceContact.sequenceNotFound") == (status, problem["code"])
    body["contactIds"] = list(range(1, 102))
    status, problem = await api("POST", f"{path}/contacts/{verb}", body)
    expected = (400, "ContactIds must contain between 1 and 100 positive integers.")
    assert expected == (status, problem["errors"][0]["detail"])


async def test_archived_sequence_has_a_slug_for_statuses(api: Api) -> None:
    """Its members are gone; the other calls say only that."""
    path, ids = await enrolled(api, 1)
    await api.ok("POST", f"{path}/archive")
    slugs = [
        (await change(api, path, verb, ids, **members))[ids[0]]
        for verb, members in zip(SET, BODIES, strict=True)
    ]
    assert ["sequenceArchived", "notInSequence", "notInSequence"] == slugs


@pytest.mark.parametrize(
    ("verb", "members", "detail"),
    [
        (
            "set-status-in-sequence",
            {"statusInSequence": "replied"},
            (
                "Invalid statusInSequence value 'replied'. "
                "Allowed: active, paused, finished, outOfOffice."
            ),
        ),
        (
            "set-bounced",
            {"isBounced": False},
            "resendEmails is required when isBounced is false.",
        ),
    ],
)
async def test_faults(api: Api, verb: str, members: Json, detail: str) -> None:
    """The documented texts name what is allowed."""
    path, ids = await enrolled(api, 1)
    body = {"contactIds": ids, **members}
    status, problem = await api("POST", f"{path}/contacts/{verb}", body)
    assert (400, [detail]) == (status, [fault["detail"] for fault in problem["errors"]])


async def test_changes_are_noted(api: Api, emulator: Emulator) -> None:
    """Each member counts once, refused ones do not."""
    path, ids = await enrolled(api, 3)
    for verb, members in zip(SET, BODIES, strict=True):
        await change(api, path, verb, [*ids, 9], **members)
    effects = ("status", "replied", "bounced")
    counts = [emulator.ledger.counts[f"sequence_contact_{name}_set"] for name in effects]
    assert [3, 3, 3] == counts
