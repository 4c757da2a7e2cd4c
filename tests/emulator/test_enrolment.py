from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import email

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

REFUSED = {"error": "invalidInput", "errorDetails": "Contact could not be added to sequence"}


async def test_enrolment_tells_added_and_refused(api: Api, emulator: Emulator) -> None:
    """Unknown, opted-out and repeated people get the one generic word."""
    made = await api.sequence()
    first, second, out = await api.contacts(3)
    await api.ok("PATCH", f"/v3/contacts/{out}", {"isOptedOut": True})
    assert {"added": [first], "notProcessed": {}} == await api.enrol(made["id"], [first, first])
    answer = await api.enrol(made["id"], [second, first, 9, out])
    assert [second] == answer["added"]
    assert dict.fromkeys(map(str, (first, 9, out)), REFUSED) == answer["notProcessed"]
    assert {first: [4], second: [5]} == emulator.ledger.enrolments(made["id"])
    emulator.ledger.assert_one_effect_each()


async def test_enrolled_are_moved_forward_only(api: Api, emulator: Emulator) -> None:
    """A later step moves, the same or an earlier one is refused."""
    made = await api.sequence(email(), email(None, delay=60), email(None, delay=60))
    steps = [step["id"] for step in made["steps"]]
    (contact_id,) = await api.contacts(1)
    await api.enrol(made["id"], [contact_id])
    moved = await api.enrol(made["id"], [contact_id], startStepId=steps[2])
    assert [contact_id] == moved["added"]
    for step_id in steps[:0:-1]:
        refused = await api.enrol(made["id"], [contact_id], startStepId=step_id)
        assert ([], {str(contact_id): REFUSED}) == (refused["added"], refused["notProcessed"])
    member = await api.ok("GET", f"/v3/sequences/{made['id']}/contacts/{contact_id}")
    assert {"stepId": steps[2], "displayName": "3"} == member["currentStep"]
    with pytest.raises(AssertionError, match="more than one effect"):
        emulator.ledger.assert_one_effect_each()


async def test_repeated_enrolment_may_change_the_mailbox(api: Api, emulator: Emulator) -> None:
    """With two mailboxes a blind repeat is an effect, though it is refused."""
    made = await api.sequence(emailAccounts=[101, 102])
    (contact_id,) = await api.contacts(1)
    await api.enrol(made["id"], [contact_id])
    await api.enrol(made["id"], [contact_id])
    assert [(made["id"], contact_id, [3, 4])] == emulator.ledger.double_effects()


async def test_remove_from_existing_empties_other_sequences(api: Api, emulator: Emulator) -> None:
    """The contact leaves every other sequence; that is no double effect."""
    one, two = await api.sequence(), await api.sequence()
    (contact_id,) = await api.contacts(1)
    await api.enrol(one["id"], [contact_id])
    await api.enrol(two["id"], [contact_id], removeFromExisting=True)
    await api.enrol(one["id"], [contact_id])
    emulator.ledger.assert_one_effect_each()
    assert 1 == emulator.ledger.counts["removed"]
    assert 3 == emulator.ledger.counts["enrolled"]


async def test_refusals_of_the_whole_call(api: Api) -> None:
    """Missing, archived and unfit sequences, faulty bodies."""
    made = await api.sequence()
    path = f"/v3/sequences/{made['id']}/contact-links/bulk"

    async def code(path: str, body: object) -> tuple[int, str]:
        status, problem = await api("POST", path, body)
        return status, problem.get("code") or problem["errors"][0]["pointer"]

    body = {"contactIds": [1]}
    missing = "/v3/sequences/9/contact-links/bulk"
    assert (404, "sequenceContact.sequenceNotFound") == await code(missing, body)
    unknown_step = {**body, "startStepId": 9}
    assert (400, "sequenceContact.invalidInput") == await code(path, unknown_step)
    assert (400, "/contactIds") == await code(path, {"contactIds": []})
    assert (400, "/contactIds") == await code(path, {"contactIds": [1] * 10_001})
    assert (400, "/contactIds/0") == await code(path, {"contactIds": [0]})
    await api.ok("POST", f"/v3/sequences/{made['id']}/archive")
    assert (400, "sequence.archived") == await code(path, body)


async def test_sequence_without_steps_takes_nobody(api: Api, emulator: Emulator) -> None:
    """The code is its own; such a sequence exists only by other means."""
    made = await api.sequence()
    emulator.state.sequences[made["id"]].steps.clear()
    status, problem = await api(
        "POST", f"/v3/sequences/{made['id']}/contact-links/bulk", {"contactIds": [1]}
    )
    assert (400, "sequenceContact.noStepsInSequence") == (status, problem["code"])


async def test_members_are_listed_newest_first_and_sorted(api: Api) -> None:
    """Pages in every order hold everyone once."""
    made = await api.sequence()
    ids = await api.contacts(30)
    await api.enrol(made["id"], ids[:20])
    await api.enrol(made["id"], ids[20:])
    path = f"/v3/sequences/{made['id']}/contacts"
    first = await api.ok("GET", path)
    rest = await api.ok("GET", f"{path}?skip=25")
    assert (True, False) == (first["hasMore"], rest["hasMore"])
    assert ids[::-1] == [row["contactId"] for row in first["items"] + rest["items"]]
    by_mail = await api.ok("GET", f"{path}?sort_by=email&sort_direction=asc&top=1000")
    mails = [row["email"] for row in by_mail["items"]]
    assert sorted(f"person{n}@example.com" for n in range(30)) == mails
    state = await api.ok("GET", f"{path}/state?top=100")
    assert {"contactId", "email", "firstName", "lastName", "title", "addedAt"} == set(
        state["items"][0]
    )
    full = await api.ok("GET", f"{path}/state?additionalColumns=CurrentStep,Status")
    assert {"currentStep", "status"} == set(full["items"][0]) - set(state["items"][0])


async def test_members_of_a_missing_sequence(api: Api) -> None:
    """The page is empty, count and state are 404, the member `notInSequence`."""
    assert {"items": [], "hasMore": False} == await api.ok("GET", "/v3/sequences/9/contacts")
    for path, code in (
        ("contacts/count", "sequenceContact.sequenceNotFound"),
        ("contacts/state", "sequenceContact.sequenceNotFound"),
        ("contacts/7", "sequenceContact.notInSequence"),
    ):
        status, problem = await api("GET", f"/v3/sequences/9/{path}")
        assert (404, code) == (status, problem["code"])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("sort_by=age", "sequenceContact.invalidSort"),
        ("sort_direction=asc", "sequenceContact.invalidSort"),
    ],
)
async def test_bad_sort_of_members(api: Api, query: str, code: str) -> None:
    """Unknown member, or a direction without member."""
    status, problem = await api("GET", f"/v3/sequences/9/contacts?{query}")
    assert (400, code) == (status, problem["code"])
