from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import email

if TYPE_CHECKING:
    from emulator.client import Api, Json

    from reply_async.emulator import Emulator

CONTACTS = "/v3/contacts"
STATUS = f"{CONTACTS}/set-status-in-sequence"
REPLIED = f"{CONTACTS}/set-replied"
BOUNCED = f"{CONTACTS}/set-bounced"
OPTED_OUT = f"{CONTACTS}/set-opted-out"
OWNER = f"{CONTACTS}/owner"
DAY = 86_400


async def statuses(api: Api, contact_id: int) -> list[str]:
    """Return where a contact stands in each of its sequences."""
    rows = await api.ok("GET", f"{CONTACTS}/{contact_id}/sequences")
    return [row["statusInSequence"] for row in rows]


async def set_status(api: Api, status: str, *ids: int) -> dict[str, str]:
    """Set a status and return the slugs of those refused."""
    body = {"contactIds": list(ids), "statusInSequence": status}
    return slugs(await api.ok("POST", STATUS, body))


def slugs(failures: Json) -> dict[str, str]:
    """Return a failure dictionary without its texts."""
    return {contact_id: failure["error"] for contact_id, failure in failures.items()}


async def in_two_sequences(api: Api) -> int:
    """Return a contact that is in two sequences of two e-mails each."""
    (contact_id,) = await api.contacts(1)
    for name in ("A", "B"):
        made = await api.sequence(email(), email(None, delay=60), name=name)
        await api.enrol(made["id"], [contact_id])
    return contact_id


async def test_status_is_set_in_every_sequence(api: Api, emulator: Emulator) -> None:
    """Each word is reached from active, and active from each of them."""
    contact_id = await in_two_sequences(api)
    for word in ("paused", "outOfOffice", "finished"):
        assert {} == await set_status(api, word, contact_id)
        assert [word] * 2 == await statuses(api, contact_id)
        assert {} == await set_status(api, "active", contact_id)
        assert ["active"] * 2 == await statuses(api, contact_id)
    assert 6 == emulator.ledger.counts["contact_status_set"]


async def test_only_active_ones_can_be_paused(api: Api) -> None:
    """A contact is refused if it is active nowhere, otherwise it is paused where it can be."""
    contact_id = await in_two_sequences(api)
    await set_status(api, "finished", contact_id)
    refused = {str(contact_id): "invalidStatusTransition"}
    assert refused == await set_status(api, "paused", contact_id)
    made = await api.sequence()
    await api.enrol(made["id"], [contact_id])
    assert {} == await set_status(api, "paused", contact_id)
    assert ["finished", "finished", "paused"] == await statuses(api, contact_id)


async def test_a_reply_set_by_hand_finishes(api: Api) -> None:
    """Clearing it clears the mark and resumes nothing."""
    contact_id = await in_two_sequences(api)
    for is_replied, shown in ((True, "replied"), (False, "finished")):
        body = {"contactIds": [contact_id], "isReplied": is_replied}
        assert {} == await api.ok("POST", REPLIED, body)
        assert ["finished"] * 2 == await statuses(api, contact_id)
        rows = (await api.ok("GET", f"{CONTACTS}/{contact_id}/statuses"))["sequences"]
        assert [shown] * 2 == [row["statusInSequence"] for row in rows]


async def test_a_bounce_set_by_hand_stops(api: Api, emulator: Emulator) -> None:
    """Taking it back goes on; sending again repeats the e-mail that bounced, once."""
    contact_id, other = await api.contacts(2)
    made = await api.sequence(email(), email(None, delay=30 * 24 * 60))
    await api.enrol(made["id"], [contact_id, other])
    await api.ok("POST", f"/v3/sequences/{made['id']}/start")
    emulator.advance(DAY)
    sequence = emulator.state.sequences[made["id"]]
    first = sequence.steps[0]
    assert 2 == first.done

    async def mark(**members: bool) -> Json:
        return await api.ok("POST", BOUNCED, {"contactIds": [contact_id], **members})

    assert {} == await mark(isBounced=True)
    assert ["inactive"] == await statuses(api, contact_id)
    assert {} == await mark(isBounced=False, resendEmails=False)
    assert ["active"] == await statuses(api, contact_id)
    emulator.advance(DAY)
    assert 2 == first.done
    await mark(isBounced=True)
    for _ in range(2):
        assert {} == await mark(isBounced=False, resendEmails=True)
    emulator.advance(2 * DAY)
    assert 3 == first.done
    assert 5 == emulator.ledger.counts["contact_bounced_set"]


async def test_opting_out_finishes_everywhere(api: Api) -> None:
    """Twice is once, a contact without sequences is done too, and in again resumes nothing."""
    contact_id = await in_two_sequences(api)
    for is_opted_out in (True, True, False):
        body = {"contactIds": [contact_id], "isOptedOut": is_opted_out}
        assert {} == await api.ok("POST", OPTED_OUT, body)
        shown = await api.ok("GET", f"{CONTACTS}/{contact_id}")
        assert is_opted_out is shown["isOptedOut"]
        assert ["finished"] * 2 == await statuses(api, contact_id)
    alone = (await api.contacts(2))[1]
    body = {"contactIds": [alone, 9], "isOptedOut": True}
    assert {"9": "notFound"} == slugs(await api.ok("POST", OPTED_OUT, body))


@pytest.mark.parametrize(
    ("path", "members"),
    [
        (STATUS, {"statusInSequence": "finished"}),
        (REPLIED, {"isReplied": True}),
        (BOUNCED, {"isBounced": True}),
    ],
)
async def test_refused_contacts_are_named(
    api: Api, emulator: Emulator, path: str, members: Json
) -> None:
    """Missing ones and those without sequences; the rest is done."""
    inside, outside = await api.contacts(2)
    await api.enrol((await api.sequence())["id"], [inside])
    answer = await api.ok("POST", path, {"contactIds": [inside, outside, 9], **members})
    assert {str(outside): "sequenceNotFound", "9": "notFound"} == slugs(answer)
    assert ["active"] != await statuses(api, inside)
    assert 1 == sum(number for name, number in emulator.ledger.counts.items() if "_set" in name)


ALLOWED = "Allowed: active, paused, finished, outOfOffice."
ONE_TO_HUNDRED = "ContactIds must contain between 1 and 100 positive integers."


@pytest.mark.parametrize(
    ("path", "body", "pointer", "detail"),
    [
        (
            STATUS,
            {"contactIds": [1], "statusInSequence": "inactive"},
            "/statusInSequence",
            f"Invalid statusInSequence value 'inactive'. {ALLOWED}",
        ),
        (STATUS, {"contactIds": [1]}, "/statusInSequence", "Field is required."),
        (REPLIED, {"contactIds": [], "isReplied": True}, "/contactIds", ONE_TO_HUNDRED),
        (REPLIED, {"contactIds": [1] * 101, "isReplied": True}, "/contactIds", ONE_TO_HUNDRED),
        (BOUNCED, {"contactIds": [], "isBounced": True}, "/contactIds", ONE_TO_HUNDRED),
        (
            BOUNCED,
            {"contactIds": [1], "isBounced": False},
            "/resendEmails",
            "resendEmails is required when isBounced is false.",
        ),
        (BOUNCED, {"contactIds": [1]}, "/isBounced", "Field is required."),
        (OPTED_OUT, {"contactIds": [1, 1], "isOptedOut": True}, "/contactIds", ONE_TO_HUNDRED),
        (OPTED_OUT, {"contactIds": [1]}, "/isOptedOut", "Field is required."),
    ],
)
async def test_faulty_bodies(api: Api, path: str, body: Json, pointer: str, detail: str) -> None:
    """The first place is named in the documented words."""
    status, problem = await api("POST", path, body)
    assert (400, {"pointer": pointer, "detail": detail}) == (status, problem["errors"][0])


async def test_bounced_forbids_resending(api: Api) -> None:
    """A bounce that is set cannot ask for an e-mail."""
    body = {"contactIds": [1], "isBounced": True, "resendEmails": True}
    status, problem = await api("POST", BOUNCED, body)
    assert (400, ["/resendEmails"]) == (status, [row["pointer"] for row in problem["errors"]])


async def test_owner_of_many(api: Api, emulator: Emulator) -> None:
    """Missing contacts are left out of the answer, which then is no full success."""
    first, second = await api.contacts(2)
    body = {"contactIds": [first, second], "userId": 502}
    answer = await api.ok("PUT", OWNER, body)
    assert {"isSuccess": True, "affectedIds": [first, second]} == answer
    assert 502 == (await api.ok("GET", f"{CONTACTS}/{first}"))["ownerUserId"]
    partly = await api.ok("PUT", OWNER, {"contactIds": [9, second], "userId": 501})
    assert {"isSuccess": False, "affectedIds": [second]} == partly
    assert 3 == emulator.ledger.counts["contact_owner_set"]
    status, problem = await api("PUT", OWNER, {"contactIds": [first], "userId": 9})
    assert (404, "contact.notFound") == (status, problem["code"])
    status, problem = await api("PUT", OWNER, {"contactIds": [], "userId": 501})
    assert (400, "/contactIds") == (status, problem["errors"][0]["pointer"])


async def test_notes_are_overwritten(api: Api, emulator: Emulator) -> None:
    """The last text stays, an empty one clears."""
    (contact_id,) = await api.contacts(1)
    path = f"{CONTACTS}/{contact_id}"
    for text, shown in (("Called", "Called"), ("Called back", "Called back"), ("", None)):
        emulator.advance(1)
        assert (204, None) == await api("POST", f"{path}/notes", {"notes": text})
        assert shown == (await api.ok("GET", path))["notes"]
    assert "2027-01-11T09:00:02" == (await api.ok("GET", path))["lastModifiedAt"]
    status, problem = await api("POST", f"{CONTACTS}/9/notes", {"notes": "x"})
    assert (404, "contact.notFound") == (status, problem["code"])


async def test_bulk_delete(api: Api, emulator: Emulator) -> None:
    """The deleted leave their sequences and lists; missing ones are named."""
    first, second, stays = await api.contacts(3)
    made = await api.sequence()
    await api.enrol(made["id"], [first, second, stays])
    lists = "/v3/contact-lists/10/add-contacts"
    await api.ok("POST", lists, {"contactIds": [first, stays]})
    answer = await api.ok("POST", f"{CONTACTS}/bulk-delete", {"ids": [first, 9, second, first]})
    assert {"9": {"error": "notFound", "errorDetails": None}} == answer
    assert [stays] == [entry["id"] for entry in (await api.ok("GET", CONTACTS))["items"]]
    for scope in ({"sequenceId": made["id"]}, {"listId": 10}):
        assert {"count": 1} == await api.ok("POST", f"{CONTACTS}/filter/count", scope)
    counts = emulator.ledger.counts
    assert (2, 2) == (counts["contact_deleted"], counts["removed"])
    _, problem = await api("POST", f"{CONTACTS}/bulk-delete", {"ids": []})
    assert {"pointer": "/ids", "detail": "'ids' must not be empty."} == problem["errors"][0]


async def test_move_is_an_enrolment(api: Api, emulator: Emulator) -> None:
    """Only `removeFromExisting` makes it leave, and the ledger holds one effect each."""
    (contact_id,) = await api.contacts(1)
    first, second, third = [await api.sequence(email(), email(None, delay=5)) for _ in range(3)]
    path = f"{CONTACTS}/{contact_id}/move-to-sequence"
    assert (204, None) == await api("POST", path, {"sequenceId": first["id"]})
    step_id = second["steps"][1]["id"]
    body = {"sequenceId": second["id"], "startStepId": step_id}
    assert (204, None) == await api("POST", path, body)
    rows = await api.ok("GET", f"{CONTACTS}/{contact_id}/sequences")
    expected = [(first["id"], first["steps"][0]["id"]), (second["id"], step_id)]
    assert expected == [(row["sequenceId"], row["currentStep"]["stepId"]) for row in rows]
    await api.ok("POST", path, {"sequenceId": third["id"], "removeFromExisting": True})
    rows = await api.ok("GET", f"{CONTACTS}/{contact_id}/sequences")
    assert [third["id"]] == [row["sequenceId"] for row in rows]
    assert {contact_id: [5]} == emulator.ledger.enrolments(first["id"])
    assert (3, 2) == (emulator.ledger.counts["enrolled"], emulator.ledger.counts["removed"])
    emulator.ledger.assert_one_effect_each()


async def test_refused_moves_change_nothing(api: Api) -> None:
    """Whoever cannot be enrolled stays in the sequences of before."""
    contact_id, out = await api.contacts(2)
    here, archived, target = [await api.sequence() for _ in range(3)]
    await api.enrol(here["id"], [contact_id])
    await api.ok("PATCH", f"{CONTACTS}/{out}", {"isOptedOut": True})
    await api.ok("POST", f"/v3/sequences/{archived['id']}/archive")

    async def refused(contact: int, sequence_id: int, **members: Json) -> tuple[int, str]:
        body = {"sequenceId": sequence_id, "removeFromExisting": True, **members}
        status, problem = await api("POST", f"{CONTACTS}/{contact}/move-to-sequence", body)
        return status, problem["code"]

    assert (404, "contact.notFound") == await refused(9, target["id"])
    assert (404, "contact.sequenceNotFound") == await refused(contact_id, 9)
    no_input = (400, "contact.invalidInput")
    assert no_input == await refused(contact_id, here["id"])
    assert no_input == await refused(contact_id, archived["id"])
    assert no_input == await refused(contact_id, target["id"], startStepId=9)
    assert no_input == await refused(out, target["id"])
    rows = await api.ok("GET", f"{CONTACTS}/{contact_id}/sequences")
    assert [here["id"]] == [row["sequenceId"] for row in rows]
