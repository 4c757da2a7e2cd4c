from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from emulator.client import Api, Json

    from reply_async.emulator import Emulator

LISTS = "/v3/contact-lists"
OWN, FOREIGN = 10, 20
NOT_PROCESSED = {"error": "contactNotProcessed", "errorDetails": "ContactNotProcessed"}


async def refused(api: Api, method: str, path: str, body: Json = None) -> tuple[int, str]:
    """Return status and code of a refusal, or the pointer of its first fault."""
    status, problem = await api(method, path, body)
    return status, problem.get("code") or problem["errors"][0]["pointer"]


async def names_of(api: Api, contact_id: int) -> list[str]:
    """Return the names of the lists that a contact is on."""
    return [entry["name"] for entry in await api.ok("GET", f"/v3/contacts/{contact_id}/lists")]


async def test_a_list_lives_and_goes(api: Api, emulator: Emulator) -> None:
    """Made, read, found by a part of the name, renamed, deleted; its contacts stay."""
    made = await api.ok("POST", LISTS, {"name": "Founders"})
    assert ("Founders", False) == (made["name"], made["isShared"])
    path = f"{LISTS}/{made['id']}"
    assert made == await api.ok("GET", path)
    page = await api.ok("GET", f"{LISTS}?search=FOUND")
    assert {"items": [made], "hasMore": False} == page
    changed = await api.ok("PUT", path, {"name": "founders"})
    assert {**made, "name": "founders"} == changed == await api.ok("GET", path)
    (contact_id,) = await api.contacts(1)
    await api.ok("POST", f"{path}/add-contacts", {"contactIds": [contact_id]})
    assert (204, None) == await api("DELETE", path)
    assert (404, "contactsList.notFound") == await refused(api, "GET", path)
    assert [] == await names_of(api, contact_id)
    effects = ("contact_list_created", "contact_list_updated", "contact_list_deleted", "listed")
    assert [1, 1, 1, 1] == [emulator.ledger.counts[effect] for effect in effects]
    again = await api.ok("POST", LISTS, {"name": "Founders", "isShared": True})
    assert (True, True) == (again["isShared"], again["id"] > made["id"])


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "", {"name": "leads "}, (409, "contactsList.duplicateName")),
        ("POST", "", {"name": "L"}, (400, "/name")),
        ("POST", "", {"name": " L "}, (400, "contactsList.nameTooShort")),
        ("PUT", "/10", {"name": "CUSTOMERS"}, (409, "contactsList.duplicateName")),
        ("PUT", "/10", {"name": ""}, (400, "/name")),
        ("PUT", "/10", {"name": " "}, (400, "contactsList.nameIsEmpty")),
        ("PUT", "/20", {"name": "Mine"}, (403, "contactsList.forbidden")),
        ("DELETE", "/20", None, (403, "contactsList.forbidden")),
        ("POST", "/20/share", None, (403, "contactsList.accessChangeRejected")),
        ("POST", "/20/unshare", None, (403, "contactsList.accessChangeRejected")),
        ("POST", "/10/add-contacts", {"contactIds": []}, (400, "/contactIds")),
        ("POST", "/10/move-contacts", {"contactIds": [0]}, (400, "/contactIds/0")),
        ("GET", "?top=0", None, (400, "contactsList.invalidPagination")),
    ],
)
async def test_refusals(
    api: Api, method: str, path: str, body: Json, expected: tuple[int, str]
) -> None:
    """Names, foreign lists and empty calls; whatever is refused changes nothing."""
    before = await api.ok("GET", LISTS)
    assert expected == await refused(api, method, LISTS + path, body)
    assert before == await api.ok("GET", LISTS)


@pytest.mark.parametrize(
    ("method", "action", "body"),
    [
        ("GET", "", None),
        ("PUT", "", {"name": "Leads 2"}),
        ("DELETE", "", None),
        ("POST", "/share", None),
        ("POST", "/unshare", None),
        ("POST", "/add-contacts", {"contactIds": [1]}),
        ("POST", "/move-contacts", {"contactIds": [1]}),
    ],
)
async def test_missing_list(api: Api, method: str, action: str, body: Json) -> None:
    """All calls tell it the same way."""
    status, problem = await api(method, f"{LISTS}/9{action}", body)
    assert (404, "contactsList.notFound", "List with ID 9 not found.") == (
        status,
        problem["code"],
        problem["detail"],
    )


async def test_sharing_twice_is_sharing_once(api: Api, emulator: Emulator) -> None:
    """The answer is the same, the effect is one."""
    for action, is_shared in (("share", True), ("unshare", False)):
        for _ in range(2):
            assert (204, None) == await api("POST", f"{LISTS}/{OWN}/{action}")
        assert is_shared is (await api.ok("GET", f"{LISTS}/{OWN}"))["isShared"]
    counts = emulator.ledger.counts
    assert (1, 1) == (counts["contact_list_shared"], counts["contact_list_unshared"])


async def test_adding_names_those_that_are_missing(api: Api, emulator: Emulator) -> None:
    """Adding again is a success without an effect, also on a colleague's shared list."""
    first, second = await api.contacts(2)
    path = f"{LISTS}/{FOREIGN}/add-contacts"
    assert {} == await api.ok("POST", path, {"contactIds": [first]})
    answer = await api.ok("POST", path, {"contactIds": [first, second, 9]})
    assert {"9": NOT_PROCESSED} == answer
    assert 2 == emulator.ledger.counts["listed"]
    assert ["Customers"] == await names_of(api, first) == await names_of(api, second)


async def test_moving_leaves_every_other_list(api: Api, emulator: Emulator) -> None:
    """Only those who are moved; the others stay where they are."""
    moved, stays = await api.contacts(2)
    for list_id in (OWN, FOREIGN):
        path = f"{LISTS}/{list_id}/add-contacts"
        await api.ok("POST", path, {"contactIds": [moved, stays]})
    third = await api.ok("POST", LISTS, {"name": "Third"})
    path = f"{LISTS}/{third['id']}/move-contacts"
    assert {"9": NOT_PROCESSED} == await api.ok("POST", path, {"contactIds": [moved, 9]})
    assert ["Third"] == await names_of(api, moved)
    assert ["Leads", "Customers"] == await names_of(api, stays)
    assert 2 == emulator.ledger.counts["unlisted"]


async def test_a_deleted_contact_is_on_no_list(api: Api) -> None:
    """A restored one does not come back to them either."""
    (contact_id,) = await api.contacts(1)
    await api.ok("POST", f"{LISTS}/{OWN}/add-contacts", {"contactIds": [contact_id]})
    await api.ok("DELETE", f"/v3/contacts/{contact_id}")
    assert {"count": 0} == await api.ok("POST", "/v3/contacts/filter/count", {"listId": OWN})
    row = {"email": "person0@example.com", "firstName": "Person"}
    body = {"items": [row], "options": {"restoreDeleted": True}}
    answer = await api.ok("POST", "/v3/contacts/import", body)
    assert contact_id == answer["items"][0]["id"]
    assert [] == await names_of(api, contact_id)
    assert (404, "contact.notFound") == await refused(api, "GET", "/v3/contacts/9/lists")


async def test_import_puts_on_lists(api: Api, emulator: Emulator) -> None:
    """Created and updated people are put on all of them, failed rows on none."""
    (known,) = await api.contacts(1)
    rows = [
        {"email": "person0@example.com", "firstName": "P"},
        {"email": "new@example.com", "firstName": "N"},
        {"email": "x@example.com"},
    ]
    body = {"items": rows, "options": {"listIds": [OWN, FOREIGN, OWN]}}
    answer = await api.ok("POST", "/v3/contacts/import", body)
    new = answer["items"][1]["id"]
    assert ["Leads", "Customers"] == await names_of(api, known) == await names_of(api, new)
    assert 4 == emulator.ledger.counts["listed"]
    found = await api.ok("POST", "/v3/contacts/filter", {"listId": OWN})
    assert [known, new] == [entry["id"] for entry in found["items"]]


async def test_import_refuses_unknown_lists(api: Api) -> None:
    """The place is named, and nobody is stored."""
    rows = [{"email": "new@example.com", "firstName": "N"}]
    body = {"items": rows, "options": {"listIds": [OWN, 9]}}
    status, problem = await api("POST", "/v3/contacts/import", body)
    fault = {"pointer": "/options/listIds/1", "detail": "List with ID 9 not found."}
    assert (400, [fault]) == (status, problem["errors"])
    assert [] == (await api.ok("GET", "/v3/contacts"))["items"]
