from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import email

from reply_async.emulator.entities import Mark

if TYPE_CHECKING:
    from emulator.client import Api, Json

    from reply_async.emulator import Emulator

FILTER = "/v3/contacts/filter"
PEOPLE = (
    {"email": "ann@acme.example", "firstName": "Ann", "lastName": "Lee", "city": "Oslo"},
    {"email": "bo@acme.example", "firstName": "Bo", "lastName": "Ray", "company": "Zed"},
    {"email": "cy@other.example", "firstName": "Cy", "lastName": "Lee", "company": "Acme"},
)


@pytest.fixture
async def ids(api: Api) -> list[int]:
    """Import three people and return their ids."""
    answer = await api.ok("POST", "/v3/contacts/import", {"items": list(PEOPLE)})
    return [row["id"] for row in answer["items"]]


async def names(api: Api, **body: Json) -> str:
    """Return the initials of those found; the count must agree."""
    found = await api.ok("POST", FILTER, body)
    body.pop("sortBy", None)
    body.pop("sortDirection", None)
    count = await api.ok("POST", f"{FILTER}/count", body)
    assert {"count": len(found["items"])} == count
    return "".join(entry["firstName"][0] for entry in found["items"])


def rule(name: str, condition: str, value: str | None = None) -> Json:
    """Return a rule as it is sent."""
    return {"property": name, "condition": condition, "value": value}


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], "ABC"),
        ([rule("city", "equals", "OSLO")], "A"),
        ([rule("city", "isSet")], "A"),
        ([rule("city", "isNotSet")], "BC"),
        ([rule("email", "contains", "acme")], "AB"),
        ([rule("lastName", "is", "lee")], "AC"),
        ([rule("lastName", "isNot", "lee")], "B"),
        ([rule("lastName", "is", "lee"), rule("company", "is", "acme")], "C"),
        ([rule("emailValidationStatus", "is", "valid")], ""),
        ([rule("stage", "isNot", "Interested")], "ABC"),
    ],
)
async def test_rules(api: Api, rules: list[Json], expected: str) -> None:
    """All of them must hold; case does not matter."""
    assert expected == await names(api, rules=rules)


async def test_stage_follows_the_sequences(api: Api, ids: list[int], emulator: Emulator) -> None:
    """Whoever showed interest in one sequence is interested."""
    made = await api.sequence()
    await api.enrol(made["id"], ids)
    emulator.state.sequences[made["id"]].members[ids[1]].marks |= Mark.INTERESTED
    assert "B" == await names(api, rules=[rule("stage", "is", "Interested")])
    assert "AC" == await names(api, rules=[rule("stage", "isNot", "interested")])


@pytest.mark.parametrize(
    ("faulty", "pointer", "detail"),
    [
        (rule("shoeSize", "is", "9"), "/rules/1/property", "Unknown property 'shoeSize'."),
        (
            rule("city", "near", "Oslo"),
            "/rules/1/condition",
            "Condition 'near' cannot be used with 'city'.",
        ),
        (
            rule("stage", "contains", "Interested"),
            "/rules/1/condition",
            "Condition 'contains' cannot be used with 'stage'.",
        ),
        (rule("stage", "is", "Bored"), "/rules/1/value", "Unknown value 'Bored' of 'stage'."),
        (rule("city", "is"), "/rules/1/value", "Field is required."),
        (rule("", "is", "9"), "/rules/1/property", "'property' must not be empty."),
    ],
)
async def test_unknown_words(api: Api, faulty: Json, pointer: str, detail: str) -> None:
    """Listing and counting name the place of the word."""
    for path in (FILTER, f"{FILTER}/count"):
        status, problem = await api("POST", path, {"rules": [rule("city", "isSet"), faulty]})
        assert (400, [{"pointer": pointer, "detail": detail}]) == (status, problem["errors"])


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize(
    ("term", "expected"),
    [("ACME", "ABC"), ("n lee", "A"), ("lee", "AC"), ("zed", "B"), ("nobody", ""), ("", "ABC")],
)
async def test_search_term(api: Api, term: str, expected: str) -> None:
    """It may be part of the address, the name or the company."""
    assert expected == await names(api, searchTerm=term)


async def test_list_sequence_and_step_narrow_down(api: Api, ids: list[int]) -> None:
    """Together they must all hold; whatever is unknown has nobody."""
    ann, bo, cy = ids
    made = await api.sequence(email(), email(None, delay=60))
    first, second = (step["id"] for step in made["steps"])
    await api.enrol(made["id"], [ann, bo])
    await api.enrol(made["id"], [bo], startStepId=second)
    await api.ok("POST", "/v3/contact-lists/10/add-contacts", {"contactIds": [cy, bo]})
    assert "AB" == await names(api, sequenceId=made["id"])
    assert "A" == await names(api, sequenceId=made["id"], sequenceStepId=first)
    assert "B" == await names(api, sequenceStepId=second)
    assert "BC" == await names(api, listId=10)
    assert "B" == await names(api, listId=10, sequenceId=made["id"])
    assert "B" == await names(api, listId=10, searchTerm="ray")
    for unknown in ({"listId": 9}, {"sequenceId": 9}, {"sequenceStepId": 9}):
        assert "" == await names(api, **unknown)
    body = {"contactIds": [bo], "statusInSequence": "finished"}
    await api.ok("POST", "/v3/contacts/set-status-in-sequence", body)
    assert "" == await names(api, sequenceStepId=second)


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"sortDirection": "desc"}, "CBA"),
        ({"sortBy": "company"}, "ACB"),
        ({"sortBy": "company", "sortDirection": "desc"}, "BCA"),
        ({"sortBy": None, "sortDirection": None}, "ABC"),
    ],
)
async def test_order(api: Api, order: Json, expected: str) -> None:
    """By id unless a member is named; a direction may stand alone."""
    assert expected == await names(api, **order)


async def test_order_and_pages_out_of_range(api: Api, ids: list[int]) -> None:
    """An unknown member is named; pages are told by their own code."""
    status, problem = await api("POST", FILTER, {"sortBy": "age"})
    assert (400, "/sortBy") == (status, problem["errors"][0]["pointer"])
    status, problem = await api("POST", f"{FILTER}?top=1001", {})
    assert (400, "contact.invalidPagination") == (status, problem["code"])
    page = await api.ok("POST", f"{FILTER}?top=1&skip=1", {})
    assert (ids[1], True) == (page["items"][0]["id"], page["hasMore"])
