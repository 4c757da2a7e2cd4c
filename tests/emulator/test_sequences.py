from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import Json, email

if TYPE_CHECKING:
    from emulator.client import Api

SETTINGS = {
    "emailsCountPerDay": 50,
    "daysToFinishProspect": 14,
    "emailSendingDelaySeconds": 30,
    "dailyThrottling": 200,
    "disableOpensTracking": False,
    "repliesHandlingType": "markAsFinished",
    "enableLinksTracking": True,
}


async def test_created_sequence_is_new_and_reads_back(api: Api) -> None:
    """What was sent comes back with ids, in the full form, and stays."""
    made = await api.sequence(
        email(), email(None, delay=1440), settings=SETTINGS, linkedInAccounts=[41]
    )

    assert ("new", False, "blocked") == (made["status"], made["isArchived"], made["health"])
    assert SETTINGS == {name: made["settings"][name] for name in SETTINGS}
    assert [{"id": 101, "email": "dana@emulator.example"}] == made["emailAccounts"]
    first, second = made["steps"]
    assert (None, first["id"]) == (first["parentId"], second["parentId"])
    assert "Hello" == first["variants"][0]["subject"]
    assert made == await api.ok("GET", f"/v3/sequences/{made['id']}")


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"steps": []}, {"/steps": "At least one step is required"}),
        ({"steps": None}, {"/steps": "Value has an invalid type."}),
        ({"name": 5}, {"/name": "Value has an invalid type."}),
        (
            {"name": 5, "scheduleId": "x"},
            {"/name": "Value has an invalid type.", "/scheduleId": "Value has an invalid type."},
        ),
        (
            {"settings": {}},
            dict.fromkeys((f"/settings/{name}" for name in SETTINGS), "Field is required."),
        ),
    ],
)
async def test_faulty_create_names_every_place(api: Api, change: Json, faults: Json) -> None:
    """All faults come at once, with the documented texts, and nothing is made."""
    body = {"name": "A", "steps": [email()], **change}

    status, problem = await api("POST", "/v3/sequences", body)

    assert 400 == status
    assert faults == {entry["pointer"]: entry["detail"] for entry in problem["errors"]}
    assert {} == problem["extensions"]
    assert {"count": 0} == await api.ok("GET", "/v3/sequences/count")


async def test_missing_members_of_create_are_all_named(api: Api) -> None:
    """An empty object lacks a name and steps."""
    _, problem = await api("POST", "/v3/sequences", {})
    assert {"/name", "/steps"} == {entry["pointer"] for entry in problem["errors"]}


async def test_first_email_needs_a_subject(api: Api) -> None:
    """The documented pointer names the step, also behind another kind."""
    call = {"type": "call", "delayInMinutes": 0}
    body = {"name": "A", "steps": [call, email(None)]}
    _, problem = await api("POST", "/v3/sequences", body)
    expected = {"pointer": "/steps/1/subject", "detail": "First email should have subject."}
    assert [expected] == problem["errors"]


async def test_unknown_mailbox_is_not_found(api: Api) -> None:
    """A listed mailbox that is missing is a 404 with its own code."""
    body = {"name": "A", "steps": [email()], "emailAccounts": [101, 9]}
    status, problem = await api("POST", "/v3/sequences", body)
    assert (404, "sequence.emailAccountNotFound") == (status, problem["code"])


async def test_update_merges_settings_and_replaces_senders(api: Api) -> None:
    """Members that are not sent stay."""
    made = await api.sequence(settings=SETTINGS)
    path = f"/v3/sequences/{made['id']}"
    body = {"settings": {"emailsCountPerDay": 7}, "emailAccounts": [], "name": "New name"}
    changed = await api.ok("PATCH", path, body)
    assert {**made["settings"], "emailsCountPerDay": 7} == changed["settings"]
    assert [] == changed["emailAccounts"]
    assert "New name" == changed["name"]
    assert made["steps"] == changed["steps"]


async def test_list_filters_sorts_and_pages(api: Api) -> None:
    """Names match partly and without case; newest come first; pages end."""
    for name in ("Alpha", "beta", "ALPHABET", "gamma"):
        await api.sequence(name=name)
    names = [row["name"] for row in (await api.ok("GET", "/v3/sequences"))["items"]]
    assert ["gamma", "ALPHABET", "beta", "Alpha"] == names
    found = await api.ok("GET", "/v3/sequences?name=alpha&sortBy=name")
    assert ["Alpha", "ALPHABET"] == [row["name"] for row in found["items"]]
    assert {"count": 2} == await api.ok("GET", "/v3/sequences/count?name=alpha")
    first = await api.ok("GET", "/v3/sequences?top=3")
    last = await api.ok("GET", "/v3/sequences?top=3&skip=3")
    assert (3, True, 1, False) == (
        len(first["items"]),
        first["hasMore"],
        len(last["items"]),
        last["hasMore"],
    )
    assert [] == (await api.ok("GET", "/v3/sequences?status=active"))["items"]
    assert [] == (await api.ok("GET", "/v3/sequences?isArchived=true"))["items"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("top=0", "sequence.invalidPagination"),
        ("top=1001", "sequence.invalidPagination"),
        ("skip=-1", "sequence.invalidPagination"),
        ("sortBy=foo", "sequence.invalidSort"),
        ("sortDirection=asc", "sequence.invalidSort"),
    ],
)
async def test_bad_paging_and_sorting_have_codes(api: Api, query: Json, code: Json) -> None:
    """Values out of range are business problems."""
    status, problem = await api("GET", f"/v3/sequences?{query}")
    assert (400, code) == (status, problem["code"])


async def test_wrong_type_in_query_has_a_pointer(api: Api) -> None:
    """The recorded live answer: pointer with a slash, and `extensions`."""
    status, problem = await api("GET", "/v3/sequences?top=ten")
    expected = {
        "errors": [{"pointer": "/top", "detail": "Value has an invalid type."}],
        "title": "Validation failed",
        "status": 400,
        "detail": "The request body contains validation errors.",
        "extensions": {},
    }
    assert (400, expected) == (status, problem)


async def test_deleted_sequence_is_gone(api: Api) -> None:
    """The second delete is a 400 with the code of a missing one."""
    made = await api.sequence()
    path = f"/v3/sequences/{made['id']}"
    assert (204, None) == await api("DELETE", path)
    status, problem = await api("DELETE", path)
    assert (400, "sequence.notFound") == (status, problem["code"])
    status, problem = await api("GET", path)
    assert (404, "sequence.notFound") == (status, problem["code"])
