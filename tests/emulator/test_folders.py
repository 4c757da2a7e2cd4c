from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from emulator.client import Api, Json

    from reply_async.emulator import Emulator

PATH = "/v3/sequence-folders"
NOBODY = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"


async def folder(api: Api, name: str = "Sales") -> str:
    """Make a folder and return its path."""
    made = await api.ok("POST", PATH, {"name": name})
    return f"{PATH}/{made['id']}"


async def assign(api: Api, path: str, *ids: int) -> Json:
    """Put sequences into a folder and return the failures."""
    return await api.ok("POST", f"{path}/sequence-links/bulk", {"sequenceIds": list(ids)})


async def ids_in(api: Api, path: str, query: str = "") -> list[int]:
    """Return the ids of a folder's sequences as they are listed."""
    rows = await api.ok("GET", f"{path}/sequences{query}")
    return [row["id"] for row in rows["items"]]


async def test_folders_are_listed_by_name(api: Api) -> None:
    """Without paging, and case does not count."""
    assert [] == await api.ok("GET", PATH)
    for name in ("beta", "Alpha", "Gamma"):
        await folder(api, name)
    assert ["Alpha", "beta", "Gamma"] == [row["name"] for row in await api.ok("GET", PATH)]


async def test_folder_is_read_renamed_and_deleted(api: Api) -> None:
    """A folder may keep its name when it is renamed; after its end it is unknown."""
    path = await folder(api)
    renamed = await api.ok("PUT", path, {"name": "SALES"})
    assert "SALES" == renamed["name"]
    assert renamed == await api.ok("GET", path)
    assert (204, None) == await api("DELETE", path)
    for method, body in (("GET", None), ("PUT", {"name": "x"}), ("DELETE", None)):
        status, problem = await api(method, path, body)
        assert (404, "sequenceFolder.notFound") == (status, problem["code"])
        assert "Sequence folder not found." == problem["detail"]


async def test_folder_names_are_unique(api: Api) -> None:
    """Both when one is made and when one is renamed."""
    await folder(api, "Sales")
    other = await folder(api, "Support")
    for method, path in (("POST", PATH), ("PUT", other)):
        status, problem = await api(method, path, {"name": "sales"})
        assert (409, "sequenceFolder.duplicateName") == (status, problem["code"])
        assert "A folder with this name already exists." == problem["detail"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, "/name"), ({"name": ""}, "/name"), ({"name": "x" * 129}, "/name"), ([], "")],
)
async def test_fault_of_a_folder(api: Api, body: Json, pointer: str) -> None:
    """A name has 1 to 128 characters."""
    status, problem = await api("POST", PATH, body)
    assert (400, [pointer]) == (status, [fault["pointer"] for fault in problem["errors"]])


async def test_assigning_moves_a_sequence(api: Api, emulator: Emulator) -> None:
    """A sequence is in one folder; assigning again is no failure and no effect."""
    sequence = (await api.sequence())["id"]
    first, second = await folder(api, "First"), await folder(api, "Second")
    assert {} == await assign(api, first, sequence)
    assert {} == await assign(api, second, sequence, sequence)
    assert {} == await assign(api, second, sequence)
    assert ([], [sequence]) == (await ids_in(api, first), await ids_in(api, second))
    assert 2 == emulator.ledger.counts["sequence_assigned_to_folder"]


async def test_failed_links_are_named(api: Api) -> None:
    """What is missing, or is in another folder, is `notFound`."""
    mine, other = (await api.sequence())["id"], (await api.sequence())["id"]
    path = await folder(api)
    failures = await assign(api, path, mine, 9)
    assert {"9": "notFound"} == {key: row["error"] for key, row in failures.items()}
    body = {"sequenceIds": [mine, other, 9]}
    failures = await api.ok("POST", f"{path}/sequence-links/bulk-delete", body)
    assert {str(other): "notFound", "9": "notFound"} == {
        key: row["error"] for key, row in failures.items()
    }
    assert [] == await ids_in(api, path)


async def test_links_of_a_missing_folder(api: Api) -> None:
    """The links have a code of their own."""
    for method, suffix in (
        ("GET", "sequences"),
        ("POST", "sequence-links/bulk"),
        ("POST", "sequence-links/bulk-delete"),
    ):
        body = {"sequenceIds": [1]} if method == "POST" else None
        status, problem = await api(method, f"{PATH}/{NOBODY}/{suffix}", body)
        assert (404, "sequenceFolderSequenceLink.notFound") == (status, problem["code"])


@pytest.mark.parametrize("ids", [[], list(range(1, 1002)), [0], ["a"]])
async def test_links_take_one_to_a_thousand_ids(api: Api, ids: Json) -> None:
    """Anything else is a fault of the list."""
    path = await folder(api)
    status, problem = await api("POST", f"{path}/sequence-links/bulk", {"sequenceIds": ids})
    assert 400 == status
    assert problem["errors"][0]["pointer"].startswith("/sequenceIds")


async def test_sequences_of_a_folder_are_sorted_and_paged(api: Api) -> None:
    """By title, time or number of people; newest first by default."""
    made = [(await api.sequence(name=name))["id"] for name in ("b", "C", "a")]
    await api.enrol(made[1], await api.contacts(2))
    await api.enrol(made[2], await api.contacts(1))
    path = await folder(api)
    await assign(api, path, *made)
    b, c, a = made
    assert [a, c, b] == await ids_in(api, path)
    assert [a, b, c] == await ids_in(api, path, "?sort_by=title")
    assert [c, b, a] == await ids_in(api, path, "?sort_by=title&sort_direction=desc")
    assert [b, a, c] == await ids_in(api, path, "?sort_by=people")
    page = await api.ok("GET", f"{path}/sequences?top=2&skip=1")
    assert ([c, b], False) == ([row["id"] for row in page["items"]], page["hasMore"])
    status, problem = await api("GET", f"{path}/sequences?top=0")
    code = "sequenceFolderSequenceLink.invalidPagination"
    text = "Parameter 'top' must be between 1 and 1000."
    assert (400, code, text) == (status, problem["code"], problem["detail"])


async def test_sequences_are_filtered_by_folder(api: Api) -> None:
    """List and count; the case of a UUID does not matter."""
    inside = (await api.sequence())["id"]
    await api.sequence()
    path = await folder(api)
    await assign(api, path, inside)
    for folder_id in (path.rsplit("/", 1)[1], path.rsplit("/", 1)[1].upper()):
        rows = await api.ok("GET", f"/v3/sequences?folderId={folder_id}")
        assert [inside] == [row["id"] for row in rows["items"]]
    assert [] == (await api.ok("GET", f"/v3/sequences?folderId={NOBODY}"))["items"]


async def test_deleted_folder_leaves_its_sequences(api: Api) -> None:
    """They stay, and the next folder does not inherit them."""
    sequence = (await api.sequence())["id"]
    path = await folder(api)
    await assign(api, path, sequence)
    await api.ok("DELETE", path)
    assert sequence == (await api.ok("GET", f"/v3/sequences/{sequence}"))["id"]
    assert [] == await ids_in(api, await folder(api))
    folder_id = path.rsplit("/", 1)[1]
    assert [] == (await api.ok("GET", f"/v3/sequences?folderId={folder_id}"))["items"]


async def test_deleted_sequence_vanishes_from_its_folder(api: Api) -> None:
    """An archived one stays in it."""
    gone, archived = (await api.sequence())["id"], (await api.sequence())["id"]
    path = await folder(api)
    await assign(api, path, gone, archived)
    await api.ok("POST", f"/v3/sequences/{archived}/archive")
    await api.ok("DELETE", f"/v3/sequences/{gone}")
    assert [archived] == await ids_in(api, path)
