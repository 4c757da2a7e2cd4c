from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from emulator.client import Json, email

from reply_async.emulator.contract import load_contract

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

DAY = 86_400
CREATED = load_contract().operation("create_sequence_step")
EXAMPLES = CREATED.raw["requestBody"]["content"]["application/json"]["examples"]
CALL = {"type": "call", "delayInMinutes": 0}


async def step_path(api: Api, *steps: Json) -> str:
    """Make a sequence and return the path of its last step."""
    made = await api.sequence(*steps)
    return f"/v3/sequences/{made['id']}/steps/{made['steps'][-1]['id']}"


async def ids_of(api: Api, path: str) -> list[int]:
    """Return the ids of a step's variants."""
    return [entry["id"] for entry in await api.ok("GET", f"{path}/variants")]


async def enabled(api: Api, path: str) -> list[bool]:
    """Return which variants are enabled."""
    return [entry["isEnabled"] for entry in await api.ok("GET", f"{path}/variants")]


async def sent(api: Api, emulator: Emulator, path: str, people: int = 2) -> None:
    """Send the first step to some people."""
    sequence_id = int(path.split("/")[3])
    await api.enrol(sequence_id, await api.contacts(people))
    await api.ok("POST", f"/v3/sequences/{sequence_id}/start")
    emulator.advance(DAY)


def slugs(failures: Json) -> dict[int, str]:
    """Return the refused ids with their slugs."""
    return {int(key): row["error"] for key, row in failures.items()}


async def test_added_variant_is_listed_and_part_of_its_step(api: Api) -> None:
    """Alone it has every member, in the step those of its kind."""
    path = await step_path(api)
    text = {"subject": "Follow up", "message": "Hi {{firstName}}"}
    made = await api.ok("POST", f"{path}/variants", text)
    assert {**text, "id": made["id"], "isEnabled": True, "hasAttachments": False} == made
    assert made == (await api.ok("GET", f"{path}/variants"))[-1]
    assert made == (await api.ok("GET", path))["variants"][-1]


async def test_variants_take_turns_as_they_are_switched(api: Api, emulator: Emulator) -> None:
    """A disabled one is not sent, a new one is, even while the step runs."""
    path = await step_path(api, email(variants=2))
    first, second = await ids_of(api, path)
    await api.ok("POST", f"{path}/disable", {"variantIds": [first]})
    await sent(api, emulator, path, 10)
    third = (await api.ok("POST", f"{path}/variants", {"subject": "x", "message": "y"}))["id"]
    await api.ok("POST", f"{path}/enable", {"variantIds": [first]})
    await api.ok("POST", f"{path}/disable", {"variantIds": [second]})
    people = [{"email": f"late{n}@example.com", "firstName": "x"} for n in range(10)]
    rows = (await api.ok("POST", "/v3/contacts/import", {"items": people}))["items"]
    sequence_id = int(path.split("/")[3])
    await api.enrol(sequence_id, [row["id"] for row in rows])
    emulator.advance(DAY)
    step_id = int(path.rsplit("/", 1)[1])
    tallies = emulator.state.sequences[sequence_id].tallies.between(None, None)
    counts = [tallies[(step_id, variant_id)]["sent"] for variant_id in (first, second, third)]
    assert [5, 10, 5] == counts


async def test_last_enabled_variant_cannot_be_switched_off(api: Api, emulator: Emulator) -> None:
    """Of those named together the last one stays; off twice is no failure."""
    path = await step_path(api, email(variants=3))
    first, second, third = await ids_of(api, path)
    answer = await api.ok("POST", f"{path}/disable", {"variantIds": [first, first, second, third]})
    assert {third: "unsupportedOperation"} == slugs(answer)
    assert [False, False, True] == await enabled(api, path)
    assert {} == await api.ok("POST", f"{path}/disable", {"variantIds": [first]})
    assert {} == await api.ok("POST", f"{path}/enable", {"variantIds": [first, third]})
    assert [True, False, True] == await enabled(api, path)
    assert 3 == emulator.ledger.counts["variant_switched"]


@pytest.mark.parametrize("verb", ["enable", "disable"])
async def test_refused_switches(api: Api, verb: str) -> None:
    """A foreign variant, a kind without variants, no ids."""
    path = await step_path(api)
    answer = await api.ok("POST", f"{path}/{verb}", {"variantIds": [9]})
    assert {9: "invalidInput"} == slugs(answer)
    call = await step_path(api, CALL)
    answer = await api.ok("POST", f"{call}/{verb}", {"variantIds": [9]})
    assert {9: "unsupportedOperation"} == slugs(answer)
    _, problem = await api("POST", f"{path}/{verb}", {"variantIds": []})
    expected = [{"pointer": "/variantIds", "detail": "'variantIds' must not be empty."}]
    assert expected == problem["errors"]


async def test_step_is_made_with_an_enabled_variant(api: Api) -> None:
    """With none nothing would be sent."""
    note = {**EXAMPLES["linkedin_connect"]["value"]}
    note["variants"] = [{"message": "Hi", "isEnabled": False}]
    path = (await step_path(api)).rsplit("/", 1)[0]
    status, problem = await api("POST", path, note)
    assert (400, "sequenceStep.invalidStep") == (status, problem["code"])


async def test_update_replaces_in_full(api: Api, emulator: Emulator) -> None:
    """What is left out is cleared, the switch goes on."""
    path = await step_path(api, email(), email())
    (variant_id,) = await ids_of(api, path)
    place = f"{path}/variants/{variant_id}"
    changed = await api.ok("PUT", place, {"message": "New"})
    assert (None, "New", True) == (changed["subject"], changed["message"], changed["isEnabled"])
    assert [changed] == await api.ok("GET", f"{path}/variants")
    assert 1 == emulator.ledger.counts["variant_updated"]
    other = (await api.ok("POST", f"{path}/variants", {"message": "x"}))["id"]
    await api.ok("POST", f"{path}/disable", {"variantIds": [variant_id]})
    assert (await api.ok("PUT", place, {"message": "x"}))["isEnabled"]
    await api.ok("DELETE", f"{path}/variants/{other}")
    status, problem = await api("PUT", place, {"message": "x", "isEnabled": False})
    assert (400, "sequenceStep.invalidInput") == (status, problem["code"])


async def test_sent_variant_is_neither_reworded_nor_deleted(api: Api, emulator: Emulator) -> None:
    """It can be switched off, and one that was not sent is free."""
    path = await step_path(api)
    await sent(api, emulator, path)
    fresh = (await api.ok("POST", f"{path}/variants", {"subject": "x", "message": "y"}))["id"]
    old = (await ids_of(api, path))[0]
    for method, body in (("PUT", {"subject": "x", "message": "y"}), ("DELETE", None)):
        status, problem = await api(method, f"{path}/variants/{old}", body)
        assert (409, "sequenceStep.stepLocked") == (status, problem["code"])
    same = {"subject": "Hello", "message": "<p>0</p>", "isEnabled": False}
    assert not (await api.ok("PUT", f"{path}/variants/{old}", same))["isEnabled"]
    await api.ok("POST", f"{path}/enable", {"variantIds": [old]})
    answer = await api.ok("POST", f"{path}/variants/bulk-delete", {"ids": [old, fresh, 9]})
    assert {old: "stepLocked", 9: "notFound"} == slugs(answer)
    assert [old] == await ids_of(api, path)


async def test_last_enabled_variant_cannot_be_deleted(api: Api) -> None:
    """A disabled one can; in bulk the order decides."""
    path = await step_path(api, email(variants=3))
    first, second, third = await ids_of(api, path)
    await api.ok("POST", f"{path}/disable", {"variantIds": [first]})
    assert (204, None) == await api("DELETE", f"{path}/variants/{second}")
    status, problem = await api("DELETE", f"{path}/variants/{third}")
    assert (400, "sequenceStep.invalidInput") == (status, problem["code"])
    answer = await api.ok("POST", f"{path}/variants/bulk-delete", {"ids": [first, third]})
    assert {third: "invalidInput"} == slugs(answer)
    assert [third] == await ids_of(api, path)


@pytest.mark.parametrize(
    ("step", "given", "slug", "status", "code"),
    [
        (email(), {"message": "x"}, "invalidStep", 400, "invalidInput"),
        (CALL, {"message": "x"}, "invalidInput", 400, "invalidInput"),
        (EXAMPLES["linkedin_inmail"]["value"], {"message": "x"}, "invalidStep", 400, None),
        (EXAMPLES["linkedin_connect"]["value"], {"message": "x" * 301}, "invalidStep", 400, None),
        (
            email(),
            {"subject": "x", "message": "y", "attachmentIds": [9]},
            "forbidden",
            403,
            "forbidden",
        ),
    ],
)
async def test_refused_variants(
    api: Api, step: Json, given: Json, slug: str, status: int, code: str | None
) -> None:
    """Alone by code, in bulk by slug, and the others are made."""
    path = await step_path(api, step)
    answer = await api("POST", f"{path}/variants", given)
    assert (status, f"sequenceStep.{code or 'invalidInput'}") == (answer[0], answer[1]["code"])
    good = {"subject": "Good", "message": "Good"}
    rows = await api.ok("POST", f"{path}/variants/bulk", [given, good])
    assert (None, slug) == (rows[0]["id"], rows[0]["error"])
    assert (step is CALL) == (rows[1]["id"] is None)


async def test_subject_is_optional_below_an_email(api: Api) -> None:
    """The wording stays in the thread."""
    path = await step_path(api, email(), email(None))
    made = await api.ok("POST", f"{path}/variants", {"message": "x"})
    assert made["subject"] is None


async def test_uploaded_files_can_be_attached(api: Api, emulator: Emulator) -> None:
    """`[]` clears, leaving out keeps, and a template takes them along."""
    form = aiohttp.FormData()
    form.add_field("file", b"x" * 10, filename="a.txt", content_type="text/plain")
    headers = {"Authorization": f"Bearer {emulator.key}"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{emulator.url}/v3/attachments", data=form, headers=headers) as answer,
    ):
        file_id = (await answer.json())["id"]
    path = await step_path(api)
    text = {"subject": "x", "message": "y"}
    made = await api.ok("POST", f"{path}/variants", {**text, "attachmentIds": [file_id]})
    assert made["hasAttachments"]
    sequence = path.split("/steps")[0]
    template = await api.ok("POST", f"{sequence}/save-as-template", {"name": "With file"})
    body = {"templateId": template["id"]}
    copy = await api.ok("POST", "/v3/sequences/create-from-template", body)
    assert [False, True] == [entry["hasAttachments"] for entry in copy["steps"][0]["variants"]]
    place = f"{path}/variants/{made['id']}"
    assert (await api.ok("PUT", place, text))["hasAttachments"]
    assert not (await api.ok("PUT", place, {**text, "attachmentIds": []}))["hasAttachments"]


async def test_missing_variants_and_faults(api: Api) -> None:
    """404 for what is not there; the contract's text for too many files."""
    path = await step_path(api)
    for method, place, body in (
        ("PUT", f"{path}/variants/9", {"subject": "x", "message": "y"}),
        ("DELETE", f"{path}/variants/9", None),
        ("GET", "/v3/sequences/9/steps/9/variants", None),
        ("POST", f"{path[:-1]}9/variants/bulk-delete", {"ids": [1]}),
    ):
        status, problem = await api(method, place, body)
        assert (404, "sequenceStep.notFound") == (status, problem["code"])
    files = {"message": "x", "attachmentIds": [1, 2, 3, 4]}
    _, problem = await api("POST", f"{path}/variants", files)
    expected = {
        "pointer": "/attachmentIds",
        "detail": "Maximum 3 attachments allowed per variant.",
    }
    assert [expected] == problem["errors"]
    assert [] == await api.ok("GET", f"{await step_path(api, CALL)}/variants")
