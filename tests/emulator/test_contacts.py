from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import Json, email

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

IMPORT = "/v3/contacts/import"
ANN = {"email": "ann@example.com", "firstName": "Ann", "lastName": "Lee", "company": "Acme"}


async def run(api: Api, *items: Json, **options: Json) -> Json:
    """Import items and return the answer."""
    return await api.ok("POST", IMPORT, {"items": list(items), "options": options})


async def ann(api: Api) -> Json:
    """Return Ann as she is stored."""
    page = await api.ok("GET", "/v3/contacts?email=ann@example.com")
    assert 1 == len(page["items"])
    return page["items"][0]


async def test_import_creates_in_order_and_counts(api: Api) -> None:
    """Rows come back in request order; a row without a first name fails alone."""
    answer = await run(api, ANN, {"email": "x@example.com"}, {"firstName": "Nobody"})
    statuses = [(row["status"], row["error"]) for row in answer["items"]]
    assert [("created", None), ("failed", "Invalid data"), ("failed", "Invalid data")] == statuses
    counters = {name: answer[name] for name in ("added", "updated", "skipped", "failed")}
    assert {"added": 1, "updated": 0, "skipped": 0, "failed": 2} == counters
    contact = await api.ok("GET", f"/v3/contacts/{answer['items'][0]['id']}")
    assert ANN == {name: contact[name] for name in ANN}
    assert "example.com" == contact["domain"]


async def test_bad_addresses_refuse_the_whole_call(api: Api) -> None:
    """Every bad row is named, and nothing is stored."""
    status, problem = await api(
        "POST", IMPORT, {"items": [ANN, {"email": "no", "firstName": "A"}, ANN, {"email": "@"}]}
    )
    assert 400 == status
    detail = "'email' is not a valid email address."
    assert [
        {"pointer": "/items/1/email", "detail": detail},
        {"pointer": "/items/3/email", "detail": detail},
    ] == problem["errors"]
    assert [] == (await api.ok("GET", "/v3/contacts"))["items"]


async def test_too_many_or_no_rows(api: Api) -> None:
    """The limit is a business problem, an empty list a validation problem."""
    status, problem = await api("POST", IMPORT, {"items": [ANN] * 1001})
    assert (400, "contact.limitExceeded") == (status, problem["code"])
    assert "Maximum 1000 items per import request." == problem["detail"]
    status, problem = await api("POST", IMPORT, {"items": []})
    assert [{"pointer": "/items", "detail": "'items' must not be empty."}] == problem["errors"]


async def test_match_without_options_fills_only_empty_members(api: Api) -> None:
    """The address is compared trimmed and without case."""
    await run(api, ANN)
    answer = await run(api, {**ANN, "email": "ANN@Example.com", "company": "New", "title": "CEO"})
    assert ("updated", 1) == (answer["items"][0]["status"], answer["updated"])
    after = await ann(api)
    assert ("Acme", "CEO", "ann@example.com") == (after["company"], after["title"], after["email"])


async def test_overwrite_existing_replaces_and_clears(api: Api) -> None:
    """What is given replaces, null clears, what is absent stays."""
    await run(api, ANN)
    changed = {"email": ANN["email"], "firstName": "Anna", "company": None}
    await run(api, changed, overwriteExisting=True)
    after = await ann(api)
    assert ("Anna", None, "Lee") == (after["firstName"], after["company"], after["lastName"])


async def test_skip_existing_leaves_a_match_alone(api: Api) -> None:
    """The row tells the id of the contact that was there."""
    await run(api, ANN)
    answer = await run(api, {**ANN, "title": "CEO"}, skipExisting=True)
    after = await ann(api)
    assert ("skipped", after["id"]) == (answer["items"][0]["status"], answer["items"][0]["id"])
    assert (1, None) == (answer["skipped"], after["title"])


async def test_same_address_twice_in_one_call_updates_the_first(api: Api) -> None:
    """One contact, first created, then updated."""
    answer = await run(api, ANN, {**ANN, "title": "CEO"})
    first, second = answer["items"]
    assert ("created", "updated", first["id"]) == (
        first["status"],
        second["status"],
        second["id"],
    )
    assert "CEO" == (await ann(api))["title"]


async def test_rows_without_address(api: Api) -> None:
    """A LinkedIn link is enough, unless rows without e-mail are to be skipped."""
    row = {"firstName": "Bo", "linkedInUrl": "https://www.linkedin.com/in/bo"}
    assert ["skipped"] == [
        entry["status"] for entry in (await run(api, row, skipWithoutEmails=True))["items"]
    ]
    made = (await run(api, row))["items"][0]
    again = (await run(api, row))["items"][0]
    assert ("created", "created") == (made["status"], again["status"])
    matched = (await run(api, row, keys={"linkedInUrl": True}))["items"][0]
    assert ("updated", again["id"]) == (matched["status"], matched["id"])
    found = await api.ok("GET", "/v3/contacts?linkedIn=http://linkedin.com/in/Bo/")
    assert [again["id"]] == [entry["id"] for entry in found["items"]]


async def test_keys_match_by_phone_and_by_names_together(api: Api) -> None:
    """Phone alone is a key; the names count only together."""
    made = (await run(api, {**ANN, "phone": "+1"}))["items"][0]
    other = {"email": "other@example.com", "firstName": "Ann"}
    by_phone = await run(api, {**other, "phone": "+1"}, keys={"phone": True})
    assert made["id"] == by_phone["items"][0]["id"]
    keys = {"firstName": True, "lastName": True}
    third = {**other, "email": "third@example.com"}
    assert (
        "created" == (await run(api, {**third, "lastName": "Ray"}, keys=keys))["items"][0]["status"]
    )
    fourth = {**other, "email": "fourth@example.com", "lastName": "Lee"}
    assert made["id"] == (await run(api, fourth, keys=keys))["items"][0]["id"]


async def test_deleted_contact_is_skipped_or_restored(api: Api) -> None:
    """Its id comes back only when restoring is asked for."""
    made = (await run(api, ANN))["items"][0]
    assert (204, None) == await api("DELETE", f"/v3/contacts/{made['id']}")
    skipped = (await run(api, ANN))["items"][0]
    assert (None, "skipped", "contactDeleted") == (
        skipped["id"],
        skipped["status"],
        skipped["skipReason"],
    )
    answer = await run(api, {**ANN, "title": "CEO"}, restoreDeleted=True)
    assert {"id": made["id"], "status": "restored", "error": None} == answer["items"][0]
    assert 0 == answer["added"] + answer["updated"]
    assert "CEO" == (await ann(api))["title"]


async def test_custom_fields_of_rows(api: Api) -> None:
    """Fields go by name or id; unknown ones and wrong numbers fail the row."""

    def row(number: int, **field: Json) -> Json:
        return {"email": f"p{number}@example.com", "firstName": "P", "customFields": [field]}

    answer = await run(
        api,
        row(1, name="region", value="North"),
        row(2, id=3, value="12"),
        row(3, name="Nothing", value="1"),
        row(4, name="Score", value="high"),
        row(5, key="Region", value="ignored"),
    )
    assert [None, None, "Invalid data", "Wrong field format", None] == [
        entry["error"] for entry in answer["items"]
    ]
    shown = [
        (await api.ok("GET", f"/v3/contacts/{answer['items'][n]['id']}"))["customFields"]
        for n in (0, 1, 4)
    ]
    assert [[{"key": "Region", "value": "North"}], [{"key": "Score", "value": "12"}], []] == shown


async def test_import_enrols_into_a_sequence(api: Api, emulator: Emulator) -> None:
    """Created and updated people are enrolled once each."""
    made = await api.sequence()
    await run(api, ANN, {**ANN, "title": "x"}, {"email": "b@example.com"}, sequenceId=made["id"])
    count = await api.ok("GET", f"/v3/sequences/{made['id']}/contacts/count")
    assert {"count": 1} == count
    emulator.ledger.assert_one_effect_each()
    status, problem = await api("POST", IMPORT, {"items": [ANN], "options": {"sequenceId": 9}})
    assert (400, "/options/sequenceId") == (status, problem["errors"][0]["pointer"])


async def test_create_overwrites_a_known_address(api: Api) -> None:
    """Members that are not sent are blanked; neither address nor link is refused."""
    body = {**ANN, "companySize": "OneThousand", "customFields": [{"key": "Plan", "value": "A"}]}
    first = await api.ok("POST", "/v3/contacts", body)
    assert "oneThousand" == first["companySize"]
    second = await api.ok("POST", "/v3/contacts", {"email": ANN["email"], "firstName": "Zoe"})
    assert (first["id"], "Zoe", None, None, []) == (
        second["id"],
        second["firstName"],
        second["company"],
        second["companySize"],
        second["customFields"],
    )
    status, problem = await api("POST", "/v3/contacts", {"firstName": "A"})
    assert (400, "contact.invalidInput") == (status, problem["code"])
    _, problem = await api("POST", "/v3/contacts", {**ANN, "companySize": "oneThousand"})
    assert "/companySize" == problem["errors"][0]["pointer"]


async def test_patch_changes_what_is_given(api: Api) -> None:
    """Null clears; another's address and a foreign owner are refused."""
    first = await api.ok("POST", "/v3/contacts", ANN)
    await api.ok("POST", "/v3/contacts", {"email": "b@example.com"})
    path = f"/v3/contacts/{first['id']}"
    changed = await api.ok("PATCH", path, {"company": None, "isOptedOut": True, "notes": "n"})
    assert (None, True, "n", "Lee") == (
        changed["company"],
        changed["isOptedOut"],
        changed["notes"],
        changed["lastName"],
    )
    for body in ({"email": "B@example.com"}, {"ownerUserId": 9}, {"email": None}):
        status, problem = await api("PATCH", path, body)
        assert (400, "contact.invalidInput") == (status, problem["code"])
    status, problem = await api("PATCH", "/v3/contacts/9", {})
    assert (404, "contact.notFound") == (status, problem["code"])


async def test_changed_address_is_found_and_the_old_one_is_free(api: Api) -> None:
    """Nobody is matched by an address they no longer have."""
    first = (await run(api, ANN))["items"][0]["id"]
    await api.ok("PATCH", f"/v3/contacts/{first}", {"email": "new@example.com"})
    found = await api.ok("GET", "/v3/contacts?email=NEW@example.com")
    assert [first] == [entry["id"] for entry in found["items"]]
    second = (await run(api, ANN))["items"][0]
    assert ("created", True) == (second["status"], second["id"] != first)


async def test_list_pages_over_everyone_once(api: Api) -> None:
    """Pages are disjoint and complete; the default size is 25."""
    ids = await api.contacts(60)
    seen: list[int] = []
    while True:
        answer = await api.ok("GET", f"/v3/contacts?skip={len(seen)}")
        assert len(answer["items"]) <= 25
        seen += [entry["id"] for entry in answer["items"]]
        if not answer["hasMore"]:
            break
    assert ids == seen


@pytest.mark.parametrize("path", ["", "/statuses", "/sequences"])
async def test_missing_contact(api: Api, path: str) -> None:
    """All reads of one contact tell it the same way."""
    status, problem = await api("GET", f"/v3/contacts/9{path}")
    assert (404, "contact.notFound") == (status, problem["code"])


async def test_contact_tells_its_sequences(api: Api) -> None:
    """Both reads list every sequence of the contact."""
    (contact_id,) = await api.contacts(1)
    first = await api.sequence(email(), name="A")
    second = await api.sequence(email(), name="B")
    for made in (first, second):
        await api.enrol(made["id"], [contact_id])
    statuses = await api.ok("GET", f"/v3/contacts/{contact_id}/statuses")
    assert ["active", "active"] == [row["statusInSequence"] for row in statuses["sequences"]]
    sequences = await api.ok("GET", f"/v3/contacts/{contact_id}/sequences")
    assert [("A", first["steps"][0]["id"]), ("B", second["steps"][0]["id"])] == [
        (row["sequenceName"], row["currentStep"]["stepId"]) for row in sequences
    ]
    await api("DELETE", f"/v3/contacts/{contact_id}")
    count = await api.ok("GET", f"/v3/sequences/{first['id']}/contacts/count")
    assert {"count": 0} == count
