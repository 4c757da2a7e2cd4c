from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from emulator.client import Api, Json

    from reply_async.emulator import Emulator

FIELDS = "/v3/custom-fields"
REGION, PLAN, SCORE = 1, 2, 3


async def person(api: Api, **values: str) -> Json:
    """Create somebody with custom values."""
    fields = [{"key": key, "value": value} for key, value in values.items()]
    return await api.ok("POST", "/v3/contacts", {"email": "a@example.com", "customFields": fields})


async def test_a_renamed_field_keeps_its_values(api: Api, emulator: Emulator) -> None:
    """Contacts show the value under the new title; the old title is free."""
    contact = await person(api, Region="North")
    body = {"title": "Area", "fieldType": "text", "metadata": "m"}
    changed = await api.ok("PUT", f"{FIELDS}/{REGION}", body)
    assert {"id": REGION, "orgWide": False, **body} == changed
    assert changed == await api.ok("GET", f"{FIELDS}/{REGION}")
    after = await api.ok("GET", f"/v3/contacts/{contact['id']}")
    assert [{"key": "Area", "value": "North"}] == after["customFields"]
    plain = {"title": "area", "fieldType": "text"}
    assert None is (await api.ok("PUT", f"{FIELDS}/{REGION}", plain))["metadata"]
    await api.ok("POST", FIELDS, {"title": "Region", "fieldType": "text"})
    assert 2 == emulator.ledger.counts["custom_field_updated"]


async def test_a_field_of_words_cannot_become_one_of_numbers(api: Api) -> None:
    """It can once every value is a number, and back at any time."""
    contact = await person(api, Plan="gold")
    body = {"title": "Plan", "fieldType": "number"}
    status, problem = await api("PUT", f"{FIELDS}/{PLAN}", body)
    assert (400, "customField.invalidInput") == (status, problem["code"])
    change = {"customFields": [{"name": "Plan", "value": "12"}]}
    await api.ok("PATCH", f"/v3/contacts/{contact['id']}", change)
    assert "number" == (await api.ok("PUT", f"{FIELDS}/{PLAN}", body))["fieldType"]
    back = await api.ok("PUT", f"{FIELDS}/{PLAN}", {**body, "fieldType": "text"})
    assert "text" == back["fieldType"]


async def test_a_field_with_values_stays(api: Api, emulator: Emulator) -> None:
    """Clearing the last value makes it free to go; its id is not used again."""
    contact = await person(api, Score="7")
    status, problem = await api("DELETE", f"{FIELDS}/{SCORE}")
    assert (409, "customField.hasValues") == (status, problem["code"])
    change = {"customFields": [{"name": "Score", "value": None}]}
    await api.ok("PATCH", f"/v3/contacts/{contact['id']}", change)
    assert (204, None) == await api("DELETE", f"{FIELDS}/{SCORE}")
    titles = [entry["title"] for entry in await api.ok("GET", FIELDS)]
    assert ["Region", "Plan"] == titles
    made = await api.ok("POST", FIELDS, {"title": "Score", "fieldType": "number"})
    assert made["id"] > SCORE
    assert 1 == emulator.ledger.counts["custom_field_deleted"]


async def test_deleted_contacts_do_not_keep_a_field(api: Api) -> None:
    """Restored, they come back without the value."""
    contact = await person(api, Region="North", Plan="gold")
    await api.ok("DELETE", f"/v3/contacts/{contact['id']}")
    await api.ok("DELETE", f"{FIELDS}/{REGION}")
    row = {"email": "a@example.com", "firstName": "A"}
    body = {"items": [row], "options": {"restoreDeleted": True}}
    await api.ok("POST", "/v3/contacts/import", body)
    after = await api.ok("GET", f"/v3/contacts/{contact['id']}")
    assert [{"key": "Plan", "value": "gold"}] == after["customFields"]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/9", None, (404, "customField.notFound")),
        ("PUT", "/9", {"title": "X", "fieldType": "text"}, (404, "customField.notFound")),
        ("DELETE", "/9", None, (404, "customField.notFound")),
        ("PUT", "/1", {"title": "PLAN", "fieldType": "text"}, (409, "customField.duplicateName")),
        ("PUT", "/1", {"title": "", "fieldType": "text"}, (400, "/title")),
        ("PUT", "/1", {"title": "Area", "fieldType": "date"}, (400, "/fieldType")),
        ("PUT", "/1", {"title": "Area"}, (400, "/fieldType")),
    ],
)
async def test_refusals(
    api: Api, method: str, path: str, body: Json, expected: tuple[int, str]
) -> None:
    """Missing fields, taken titles, faulty bodies; nothing changes."""
    before = await api.ok("GET", FIELDS)
    status, problem = await api(method, FIELDS + path, body)
    assert expected == (status, problem.get("code") or problem["errors"][0]["pointer"])
    assert before == await api.ok("GET", FIELDS)
