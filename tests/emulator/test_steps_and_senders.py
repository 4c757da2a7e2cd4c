from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from emulator.client import Json, email

from reply_async.emulator.contract import load_contract

if TYPE_CHECKING:
    from emulator.client import Api

EXAMPLES = (
    load_contract()
    .operation("create_sequence_step")
    .raw["requestBody"]["content"]["application/json"]["examples"]
)
CONDITION = {
    "type": "condition",
    "delayInMinutes": 0,
    "waitInMinutes": 60,
    "conditions": [{"property": "stage", "rules": [{"operator": "is", "value": "Interested"}]}],
}


@pytest.mark.parametrize("kind", EXAMPLES)
async def test_every_kind_of_step_comes_back(api: Api, kind: str) -> None:
    """Each documented example is created, read alone and read in the list."""
    made = await api.sequence()
    path = f"/v3/sequences/{made['id']}/steps"
    step = await api.ok("POST", path, EXAMPLES[kind]["value"])
    sent = {name: value for name, value in EXAMPLES[kind]["value"].items() if name != "variants"}
    assert sent == {name: step[name] for name in sent}
    assert made["steps"][-1]["id"] == step["parentId"]
    assert step == await api.ok("GET", f"{path}/{step['id']}")
    assert step == (await api.ok("GET", path))[-1]


async def test_bulk_steps_form_a_chain_in_order(api: Api) -> None:
    """Each step goes after the one before."""
    made = await api.sequence()
    path = f"/v3/sequences/{made['id']}/steps"
    rows = await api.ok("POST", f"{path}/bulk", [example["value"] for example in EXAMPLES.values()])
    assert [None] * len(EXAMPLES) == [row["error"] for row in rows]
    steps = await api.ok("GET", path)
    assert [row["id"] for row in rows] == [step["id"] for step in steps[1:]]
    assert [step["id"] for step in steps[:-1]] == [step["parentId"] for step in steps[1:]]


async def test_branches_in_one_request_by_position(api: Api) -> None:
    """Below a condition `parentId` may be the position of an earlier step."""
    yes = {**email(None, delay=5), "parentId": 2, "ifConditionPositive": True}
    no = {"type": "call", "delayInMinutes": 9, "parentId": 2, "ifConditionPositive": False}
    made = await api.sequence(email(), CONDITION, yes, no)
    first, condition, positive, negative = made["steps"]
    assert first["id"] == condition["parentId"]
    assert [(condition["id"], True), (condition["id"], False)] == [
        (step["parentId"], step["ifConditionPositive"]) for step in (positive, negative)
    ]


async def test_parent_is_a_must_once_a_condition_exists(api: Api) -> None:
    """Without it a single create is a 400, a bulk row is refused."""
    made = await api.sequence(email(), CONDITION)
    path = f"/v3/sequences/{made['id']}/steps"
    text = "'parentId' is required when the sequence contains conditional steps."
    status, problem = await api("POST", path, email())
    assert (400, [{"pointer": "/parentId", "detail": text}]) == (status, problem["errors"])
    parent = made["steps"][1]["id"]
    below = {**email(None), "parentId": parent, "ifConditionPositive": True}
    rows = await api.ok("POST", f"{path}/bulk", [email(), below, below])
    assert ["invalidStep", None, "invalidStep"] == [row["error"] for row in rows]
    assert text == rows[0]["errorDetails"]
    deeper = await api.ok("POST", path, {**email(None), "parentId": rows[1]["id"]})
    assert (rows[1]["id"], None) == (deeper["parentId"], deeper["ifConditionPositive"])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            {"delayInMinutes": -1},
            ("/delayInMinutes", "'delayInMinutes' must be greater than or equal to 0."),
        ),
        ({"executionMode": None}, ("/executionMode", "Value has an invalid type.")),
        ({"variants": []}, ("/variants", "'variants' must not be empty.")),
        (
            {"variants": [{"attachmentIds": [1, 2, 3, 4]}]},
            ("/variants/0/attachmentIds", "Maximum 3 attachments allowed per variant."),
        ),
        ({"type": "pigeon"}, ("/type", "Value has an invalid format.")),
        ({"type": "linkedIn"}, ("/actionType", "Field is required.")),
        ({"type": "sms"}, ("/message", "Field is required.")),
    ],
)
async def test_fault_of_a_step_names_its_member(api: Api, change: Json, fault: Json) -> None:
    """The kind is settled first, so there is exactly one fault."""
    made = await api.sequence()
    body = {**email(), **change}
    status, problem = await api("POST", f"/v3/sequences/{made['id']}/steps", body)
    assert 400 == status
    assert [fault] == [(entry["pointer"], entry["detail"]) for entry in problem["errors"]]


async def test_codes_of_refused_steps(api: Api) -> None:
    """Missing subject, occupied parent, missing things."""
    call = {"type": "call", "delayInMinutes": 0}
    made = await api.sequence(call)
    path = f"/v3/sequences/{made['id']}/steps"
    status, problem = await api("POST", path, email(None))
    assert (400, "sequenceStep.missingEmailSubject") == (status, problem["code"])
    await api.ok("POST", path, call)
    status, problem = await api("POST", path, {**call, "parentId": made["steps"][0]["id"]})
    assert (400, "sequenceStep.invalidStep") == (status, problem["code"])
    for missing in (f"{path}/9", "/v3/sequences/9/steps"):
        status, problem = await api("GET", missing)
        assert (404, "sequenceStep.notFound") == (status, problem["code"])


async def test_mailboxes_are_linked_replaced_and_unlinked(api: Api) -> None:
    """201 for a new link, 200 for an old one; an empty list clears."""
    made = await api.sequence(emailAccounts=[])
    path = f"/v3/sequences/{made['id']}/email-account-links"

    async def linked() -> list[int]:
        rows = await api.ok("GET", f"/v3/sequences/{made['id']}/email-accounts")
        return [row["id"] for row in rows]

    assert (201, None) == await api("POST", path, {"emailAccountId": 102})
    assert (200, None) == await api("POST", path, {"emailAccountId": 102})
    assert (204, None) == await api("PUT", path, {"emailAccountIds": [101, 103]})
    assert [101, 103] == await linked()
    assert (204, None) == await api("DELETE", f"{path}/101")
    assert (204, None) == await api("PUT", path, {"emailAccountIds": []})
    assert [] == await linked()
    for answer in (
        await api("POST", path, {"emailAccountId": 9}),
        await api("DELETE", f"{path}/101"),
        await api("GET", "/v3/sequences/9/email-accounts"),
    ):
        assert (404, "sequenceEmailAccount.notFound") == (answer[0], answer[1]["code"])
    _, problem = await api("POST", path, {"emailAccountId": 0})
    expected = {"pointer": "/emailAccountId", "detail": "'EmailAccountId' must be greater than 0."}
    assert [expected] == problem["errors"]


async def test_linkedin_accounts_are_linked_and_unlinked(api: Api) -> None:
    """The same rules, without a replacing call."""
    made = await api.sequence()
    path = f"/v3/sequences/{made['id']}/linkedin-account-links"
    assert (201, None) == await api("POST", path, {"linkedInAccountId": 42})
    assert (200, None) == await api("POST", path, {"linkedInAccountId": 42})
    rows = await api.ok("GET", f"/v3/sequences/{made['id']}/linkedin-accounts")
    assert [42] == [row["id"] for row in rows]
    assert (204, None) == await api("DELETE", f"{path}/42")
    status, problem = await api("DELETE", f"{path}/42")
    assert (404, "sequenceLinkedInAccount.notFound") == (status, problem["code"])


async def test_fresh_account_has_senders_fields_and_a_schedule(api: Api) -> None:
    """Everything a first sequence needs is there."""
    me = await api.ok("GET", "/v3/whoami")
    team = await api.ok("GET", "/v3/whoami/team-users")
    assert me["userId"] in {user["userId"] for user in team}
    assert 3 == len((await api.ok("GET", "/v3/email-accounts"))["items"])
    assert 101 == (await api.ok("GET", "/v3/email-accounts/101"))["id"]
    assert 2 == len(await api.ok("GET", "/v3/linkedin-accounts"))
    assert [True] == [entry["isDefault"] for entry in await api.ok("GET", "/v3/schedules")]
    titles = [entry["title"] for entry in await api.ok("GET", "/v3/custom-fields")]
    assert ["Region", "Plan", "Score"] == titles


async def test_custom_field_titles_are_unique(api: Api) -> None:
    """A taken title is a conflict, an empty one a fault."""
    body = {"title": "Tier", "fieldType": "text"}
    made = await api.ok("POST", "/v3/custom-fields", body)
    assert made in await api.ok("GET", "/v3/custom-fields")
    status, problem = await api("POST", "/v3/custom-fields", {**body, "title": "TIER"})
    assert (409, "customField.duplicateName") == (status, problem["code"])
    _, problem = await api("POST", "/v3/custom-fields", {**body, "title": ""})
    assert [{"pointer": "/title", "detail": "'Title' must not be empty."}] == problem["errors"]


async def test_jobs_are_never_found(api: Api) -> None:
    """No call starts one; an id that is no UUID has its own code."""
    status, problem = await api("GET", "/v3/background-jobs/9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d")
    assert (404, "backgroundJob.notFound") == (status, problem["code"])
    status, problem = await api("GET", "/v3/background-jobs/12")
    assert (400, "backgroundJob.invalidJobId") == (status, problem["code"])
    assert "jobId" not in json.dumps(problem)
