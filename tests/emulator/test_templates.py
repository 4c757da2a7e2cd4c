from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import Json, email

if TYPE_CHECKING:
    from emulator.client import Api

PATH = "/v3/sequence-templates"
FROM_TEMPLATE = "/v3/sequences/create-from-template"
NOBODY = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
CONDITION = {
    "type": "condition",
    "delayInMinutes": 0,
    "waitInMinutes": 60,
    "conditions": [{"property": "stage", "rules": [{"operator": "is", "value": "Interested"}]}],
}


async def saved(api: Api, sequence_id: int, name: str = "Cold", **members: Json) -> Json:
    """Save a sequence as a template."""
    path = f"/v3/sequences/{sequence_id}/save-as-template"
    return await api.ok("POST", path, {"name": name, **members})


def outline(steps: list[Json]) -> list[Json]:
    """Return steps without ids; parents become positions."""
    positions = {step["id"]: position for position, step in enumerate(steps)}
    return [
        {
            **{name: value for name, value in step.items() if name != "id"},
            "parentId": positions.get(step["parentId"]),
            "variants": [{**entry, "id": 0} for entry in step.get("variants", ())],
        }
        for step in steps
    ]


async def test_sequence_survives_the_way_through_a_template(api: Api) -> None:
    """Steps, branches, wordings and settings come back under new ids."""
    first = email(variants=2)
    first["variants"][1]["isEnabled"] = False
    source = await api.sequence(
        first,
        CONDITION,
        {"type": "call", "delayInMinutes": 5, "parentId": 2, "ifConditionPositive": True},
        {**email(None, delay=9), "parentId": 2, "ifConditionPositive": False},
        linkedInAccounts=[41],
    )
    await api.ok("PATCH", f"/v3/sequences/{source['id']}", {"settings": {"dailyThrottling": 7}})
    template = await saved(api, source["id"], description="For founders")
    expected = ("Cold", "For founders", ["Email", "Call"], True)
    names = ("name", "description", "stepTypes", "isConditional")
    assert expected == tuple(template[name] for name in names)
    await api.ok("DELETE", f"/v3/sequences/{source['id']}")

    made = await api.ok("POST", FROM_TEMPLATE, {"templateId": template["id"].upper()})

    assert outline(source["steps"]) == outline(made["steps"])
    assert not {step["id"] for step in source["steps"]} & {step["id"] for step in made["steps"]}
    assert ("Cold", "new", [], []) == (
        made["name"],
        made["status"],
        made["emailAccounts"],
        made["linkedInAccounts"],
    )
    assert {**source["settings"], "dailyThrottling": 7} == made["settings"]
    assert made == await api.ok("GET", f"/v3/sequences/{made['id']}")


async def test_later_changes_of_the_source_do_not_reach_the_template(api: Api) -> None:
    """A template is a copy."""
    source = await api.sequence()
    template = await saved(api, source["id"])
    step = source["steps"][0]
    texts = [{"id": step["variants"][0]["id"], "subject": "New", "message": "New"}]
    path = f"/v3/sequences/{source['id']}/steps/{step['id']}"
    await api.ok("PUT", path, {**email(), "variants": texts})
    made = await api.ok("POST", FROM_TEMPLATE, {"templateId": template["id"]})
    assert "Hello" == made["steps"][0]["variants"][0]["subject"]


async def test_fresh_account_can_start_from_global_templates(api: Api) -> None:
    """They make sequences, and cannot be deleted."""
    listed = await api.ok("GET", PATH)
    assert ([], []) == (listed["organizationTemplates"], listed["teamTemplates"])
    assert [False, True] == [entry["isConditional"] for entry in listed["globalTemplates"]]
    for template in listed["globalTemplates"]:
        made = await api.ok("POST", FROM_TEMPLATE, {"templateId": template["id"]})
        kinds = {step["type"].casefold() for step in made["steps"]} - {"condition"}
        assert kinds == {kind.casefold() for kind in template["stepTypes"]}
        status, problem = await api("DELETE", f"{PATH}/{template['id']}")
        assert (403, "sequenceTemplate.forbidden") == (status, problem["code"])


async def test_template_is_listed_until_it_is_deleted(api: Api) -> None:
    """What was made from it stays."""
    template = await saved(api, (await api.sequence())["id"])
    made = await api.ok("POST", FROM_TEMPLATE, {"templateId": template["id"]})
    assert [template] == (await api.ok("GET", PATH))["teamTemplates"]
    assert (204, None) == await api("DELETE", f"{PATH}/{template['id']}")
    assert [] == (await api.ok("GET", PATH))["teamTemplates"]
    assert 200 == (await api("GET", f"/v3/sequences/{made['id']}"))[0]
    for method, path, body in (
        ("DELETE", f"{PATH}/{template['id']}", None),
        ("POST", FROM_TEMPLATE, {"templateId": template["id"]}),
    ):
        status, problem = await api(method, path, body)
        assert (404, "sequenceTemplate.notFound") == (status, problem["code"])


async def test_new_sequence_goes_into_the_given_folder(api: Api) -> None:
    """A missing folder is a fault of its member, and nothing is made."""
    folder = await api.ok("POST", "/v3/sequence-folders", {"name": "Sales"})
    body = {"templateId": (await saved(api, (await api.sequence())["id"]))["id"]}
    made = await api.ok("POST", FROM_TEMPLATE, {**body, "sequenceFolderId": folder["id"]})
    rows = await api.ok("GET", f"/v3/sequence-folders/{folder['id']}/sequences")
    assert [made["id"]] == [row["id"] for row in rows["items"]]
    before = await api.ok("GET", "/v3/sequences/count")
    status, problem = await api("POST", FROM_TEMPLATE, {**body, "sequenceFolderId": NOBODY})
    assert (400, "/sequenceFolderId") == (status, problem["errors"][0]["pointer"])
    assert before == await api.ok("GET", "/v3/sequences/count")


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"name": "cold"}, 409, "sequenceTemplate.duplicateName"),
        ({"name": "x", "scope": "organization"}, 403, "sequenceTemplate.orgTemplatesDisabled"),
        ({"name": "x", "scope": "planet"}, 400, "/scope"),
        ({"name": ""}, 400, "/name"),
        ({"name": "x", "scope": None, "description": None}, 201, None),
    ],
)
async def test_refused_templates(api: Api, body: Json, status: int, told: str) -> None:
    """Names of the team are unique; the account has no organization."""
    sequence_id = (await api.sequence())["id"]
    await saved(api, sequence_id)
    answer = await api("POST", f"/v3/sequences/{sequence_id}/save-as-template", body)
    problem = answer[1]
    place = problem["errors"][0]["pointer"] if "errors" in problem else problem.get("code")
    assert (status, told) == (answer[0], place)


async def test_template_of_a_missing_sequence(api: Api) -> None:
    """It has a code of its own."""
    status, problem = await api("POST", "/v3/sequences/9/save-as-template", {"name": "x"})
    assert (404, "sequenceTemplate.sequenceNotFound") == (status, problem["code"])
    status, problem = await api("POST", FROM_TEMPLATE, {"templateId": ""})
    expected = [{"pointer": "/templateId", "detail": "'templateId' must not be empty."}]
    assert (400, expected) == (status, problem["errors"])
