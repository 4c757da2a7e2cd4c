from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import Json, email

from reply_async.emulator.contract import load_contract

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

DAY = 86_400
CONDITION = {
    "type": "condition",
    "delayInMinutes": 0,
    "waitInMinutes": 60,
    "conditions": [{"property": "stage", "rules": [{"operator": "is", "value": "Interested"}]}],
}
CALL = {"type": "call", "delayInMinutes": 9}
CREATED = load_contract().operation("create_sequence_step")
EXAMPLES = CREATED.raw["requestBody"]["content"]["application/json"]["examples"]


async def steps_of(api: Api, path: str) -> list[Json]:
    """Return the steps as they stand."""
    steps: list[Json] = await api.ok("GET", path)
    return steps


async def made(api: Api, *steps: Json) -> tuple[str, list[int]]:
    """Make a sequence; return the path of its steps and their ids."""
    sequence = await api.sequence(*steps)
    return f"/v3/sequences/{sequence['id']}/steps", [step["id"] for step in sequence["steps"]]


async def branched(api: Api) -> tuple[str, list[int]]:
    """Make an e-mail, a condition, two steps on the yes branch and one on the other."""
    return await made(
        api,
        email(),
        CONDITION,
        {**CALL, "parentId": 2, "ifConditionPositive": True},
        {**CALL, "parentId": 3},
        {**email(None), "parentId": 2, "ifConditionPositive": False},
    )


async def run_a_day(api: Api, emulator: Emulator, path: str, people: int = 1) -> None:
    """Let people pass the first step of a sequence."""
    sequence_id = int(path.split("/")[3])
    await api.enrol(sequence_id, await api.contacts(people))
    await api.ok("POST", f"/v3/sequences/{sequence_id}/start")
    emulator.advance(DAY)


@pytest.mark.parametrize("kind", EXAMPLES)
async def test_every_kind_of_step_is_replaced_as_read(api: Api, kind: str) -> None:
    """A step that is read, changed and written back keeps its place and ids."""
    path, _ = await made(api)
    step = await api.ok("POST", path, EXAMPLES[kind]["value"])
    changed = {**step, "delayInMinutes": step["delayInMinutes"] + 7}
    assert changed == await api.ok("PUT", f"{path}/{step['id']}", changed)
    assert changed == await api.ok("GET", f"{path}/{step['id']}")


async def test_variants_are_replaced_added_and_dropped(api: Api) -> None:
    """By id replaced, without id added, not named dropped."""
    path, (step_id,) = await made(api, email(variants=2))
    _, kept = (await steps_of(api, path))[0]["variants"]
    texts = [{"id": kept["id"], "subject": "New", "message": "a"}, {"subject": "b", "message": "c"}]
    step = await api.ok("PUT", f"{path}/{step_id}", {**email(), "variants": texts})
    assert [("New", "a"), ("b", "c")] == [
        (entry["subject"], entry["message"]) for entry in step["variants"]
    ]
    first, second = (entry["id"] for entry in step["variants"])
    assert kept["id"] == first
    assert second > first


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (CALL, "invalidStep"),
        ({**email(), "parentId": 9}, "invalidStep"),
        ({**email(), "variants": [{"id": 9, "subject": "x", "message": "y"}]}, "invalidStep"),
        (email(None), "missingEmailSubject"),
    ],
)
async def test_refused_replacements(api: Api, body: Json, code: str) -> None:
    """Kind and place stay, ids must be known, the thread needs a subject."""
    path, (_, step_id) = await made(api, CALL, email())
    before = await steps_of(api, path)
    status, problem = await api("PUT", f"{path}/{step_id}", body)
    assert (400, f"sequenceStep.{code}") == (status, problem["code"])
    assert before == await steps_of(api, path)


async def test_step_keeps_its_place(api: Api) -> None:
    """The first step gets no parent, and a branch is not left."""
    path, ids = await branched(api)
    for body, step_id in (
        ({**email(), "parentId": ids[1]}, ids[0]),
        ({**CALL, "ifConditionPositive": False}, ids[2]),
    ):
        status, problem = await api("PUT", f"{path}/{step_id}", body)
        assert (400, "sequenceStep.invalidStep") == (status, problem["code"])


async def test_variant_is_named_once(api: Api) -> None:
    """Naming it twice is refused."""
    path, (step_id,) = await made(api)
    (variant,) = (await steps_of(api, path))[0]["variants"]
    body = {**email(), "variants": [variant, variant]}
    status, problem = await api("PUT", f"{path}/{step_id}", body)
    assert (400, "sequenceStep.invalidStep") == (status, problem["code"])


async def test_linkedin_action_is_part_of_the_kind(api: Api) -> None:
    """A message cannot become a note, and one wording must stay enabled."""
    message = EXAMPLES["linkedin_message"]["value"]
    path, (step_id,) = await made(api, message)
    note = {"message": "Hi", "isEnabled": True}
    for body in (
        {**message, "actionType": "connect", "variants": [note]},
        {**message, "variants": [{**note, "isEnabled": False}]},
    ):
        status, problem = await api("PUT", f"{path}/{step_id}", body)
        assert (400, "sequenceStep.invalidStep") == (status, problem["code"])


async def test_subject_is_kept_for_the_steps_that_use_it(api: Api) -> None:
    """The first e-mail cannot lose its subject, nor go, while others reply to it."""
    path, (first, _, reply) = await made(api, email(), CALL, email(None))
    for method, body, code in (
        ("PUT", email(None), "stepLockedSubjectSource"),
        ("DELETE", None, "stepLockedSubjectSourceWithChildren"),
    ):
        status, problem = await api(method, f"{path}/{first}", body)
        assert (409, f"sequenceStep.{code}") == (status, problem["code"])
    failures = await api.ok("POST", f"{path}/bulk-delete", {"ids": [first]})
    assert "stepLockedHasChildren" == failures[str(first)]["error"]
    await api.ok("PUT", f"{path}/{reply}", email("Own"))
    last = await api.ok("POST", path, email(None))
    for step_id in (reply, first):  # the last one still has the first, then none
        answer = await api("DELETE", f"{path}/{step_id}")
        assert (204 if step_id == reply else 409) == answer[0]
    await api.ok("DELETE", f"{path}/{last['id']}")
    assert 204 == (await api("DELETE", f"{path}/{first}"))[0]


async def test_step_is_locked_once_somebody_passed_it(api: Api, emulator: Emulator) -> None:
    """Sent steps stay as they are; the next one can still be changed."""
    path, (first, second) = await made(api, email(), email("Again", delay=9_999))
    await run_a_day(api, emulator, path)
    for method, body in (("PUT", email("New")), ("DELETE", None)):
        status, problem = await api(method, f"{path}/{first}", body)
        expected = (409, "sequenceStep.stepLocked", "Step is locked and cannot be modified.")
        assert expected == (status, problem["code"], problem["detail"])
    failures = await api.ok("POST", f"{path}/bulk-delete", {"ids": [first]})
    assert "stepLocked" == failures[str(first)]["error"]
    changed = await api.ok("PUT", f"{path}/{second}", email("New"))
    assert "New" == changed["variants"][0]["subject"]


async def test_steps_of_an_archived_sequence_are_locked(api: Api) -> None:
    """Every change is refused, reading is not."""
    path, (step_id,) = await made(api)
    await api.ok("POST", path.replace("steps", "archive"))
    step = f"{path}/{step_id}"
    for method, place, body in (
        ("POST", path, email()),
        ("POST", f"{path}/bulk", [email()]),
        ("POST", f"{path}/bulk-delete", {"ids": [step_id]}),
        ("PUT", step, email()),
        ("DELETE", step, None),
        ("POST", f"{step}/variants", {"message": "x"}),
        ("POST", f"{step}/disable", {"variantIds": [1]}),
    ):
        status, problem = await api(method, place, body)
        assert (409, "sequenceStep.stepLocked") == (status, problem["code"])
    assert 1 == len(await steps_of(api, path))


async def test_children_of_a_plain_step_move_up(api: Api) -> None:
    """The chain closes, and the steps are counted anew."""
    path, (first, second, third) = await made(api, email(), CALL, CALL)
    assert (204, None) == await api("DELETE", f"{path}/{second}")
    steps = await steps_of(api, path)
    assert [(first, None), (third, first)] == [(step["id"], step["parentId"]) for step in steps]
    added = await api.ok("POST", path, CALL)
    assert third == added["parentId"]


async def test_plain_step_goes_with_all_below_it(api: Api, emulator: Emulator) -> None:
    """If the mode says so; modes of branches are for conditions."""
    path, (first, second, _) = await made(api, email(), CALL, CALL)
    status, problem = await api("DELETE", f"{path}/{second}?mode=nodeAndPositiveChildren")
    assert (400, "sequenceStep.invalidInput") == (status, problem["code"])
    await api.ok("DELETE", f"{path}/{second}?mode=nodeAndAllChildren")
    assert [first] == [step["id"] for step in await steps_of(api, path)]
    assert 2 == emulator.ledger.counts["step_deleted"]
    status, problem = await api("DELETE", f"{path}/{first}?mode=all")
    assert (400, "/mode") == (status, problem["errors"][0]["pointer"])


@pytest.mark.parametrize(
    ("mode", "left"),
    [
        ("nodeAndAllChildren", [(0, None)]),
        ("nodeAndPositiveChildren", [(0, None), (4, 0)]),
        ("nodeAndNegativeChildren", [(0, None), (2, 0), (3, 2)]),
    ],
)
async def test_condition_goes_with_the_named_branches(
    api: Api, mode: str, left: list[tuple[int, int | None]]
) -> None:
    """The other branch takes the condition's place; then parents are optional again."""
    path, ids = await branched(api)
    await api.ok("DELETE", f"{path}/{ids[1]}?mode={mode}")
    steps = await steps_of(api, path)
    assert [(ids[place], None if above is None else ids[above]) for place, above in left] == [
        (step["id"], step["parentId"]) for step in steps
    ]
    assert {None} == {step["ifConditionPositive"] for step in steps}
    assert steps[-1]["id"] == (await api.ok("POST", path, CALL))["parentId"]


async def test_condition_with_branches_needs_a_mode(api: Api) -> None:
    """Without one it stays; without branches it needs none."""
    path, ids = await branched(api)
    for suffix in ("", "?mode=nodeOnly"):
        status, problem = await api("DELETE", f"{path}/{ids[1]}{suffix}")
        assert (409, "sequenceStep.stepLockedHasChildren") == (status, problem["code"])
        assert "Step cannot be deleted because it has children." == problem["detail"]
    other, (_, condition) = await made(api, email(), CONDITION)
    assert 204 == (await api("DELETE", f"{other}/{condition}"))[0]


async def test_bulk_delete_begins_at_the_end(api: Api) -> None:
    """A condition goes if its branches are named with it; the rest is told."""
    path, ids = await branched(api)
    failures = await api.ok("POST", f"{path}/bulk-delete", {"ids": [ids[1], ids[2], ids[4], 9]})
    assert {str(ids[1]): "stepLockedHasChildren", "9": "notFound"} == {
        key: row["error"] for key, row in failures.items()
    }
    assert {} == await api.ok("POST", f"{path}/bulk-delete", {"ids": [ids[1], ids[3]]})
    assert [ids[0]] == [step["id"] for step in await steps_of(api, path)]


@pytest.mark.parametrize("ids", [[], list(range(1, 102))])
async def test_bulk_delete_takes_one_to_a_hundred(api: Api, ids: Json) -> None:
    """Steps and variants alike."""
    path, (step_id,) = await made(api)
    for place in (f"{path}/bulk-delete", f"{path}/{step_id}/variants/bulk-delete"):
        status, problem = await api("POST", place, {"ids": ids})
        assert (400, "/ids") == (status, problem["errors"][0]["pointer"])


async def test_who_waited_for_a_deleted_step_goes_on(api: Api, emulator: Emulator) -> None:
    """To the one that took its place, or to the end."""
    path, (_, second, third) = await made(
        api, email(), email("Second", delay=9_999), email("Third", delay=60)
    )
    await run_a_day(api, emulator, path, people=3)
    people = path.replace("steps", "contacts")

    async def places() -> set[int | None]:
        rows = await api.ok("GET", people)
        return {row["currentStep"]["stepId"] for row in rows["items"]}

    assert {second} == await places()
    await api.ok("DELETE", f"{path}/{second}")
    assert {third} == await places()
    rows = await api.ok("GET", f"{people}/state?additionalColumns=CurrentStep")
    assert {("2", 2)} == {
        (row["currentStep"]["displayStepNumber"], row["currentStep"]["stepNumber"])
        for row in rows["items"]
    }
    await api.ok("DELETE", f"{path}/{third}")
    assert {None} == await places()
    rows = await api.ok("GET", people)
    assert {"finished"} == {row["statusInSequence"] for row in rows["items"]}


async def test_first_step_may_be_deleted_before_anything_is_sent(
    api: Api, emulator: Emulator
) -> None:
    """Everybody gets the next one instead, once."""
    path, (first, _) = await made(api, email("First"), email("Second", delay=60))
    sequence_id = int(path.split("/")[3])
    await api.enrol(sequence_id, await api.contacts(20))
    await api.ok("DELETE", f"{path}/{first}")
    await api.ok("POST", f"/v3/sequences/{sequence_id}/start")
    emulator.advance(DAY)
    body = {"filters": {"dateRangePreset": "allTime"}}
    stats = await api.ok("POST", f"/v3/sequences/{sequence_id}/stats", body)
    assert 20 == stats["emailOverview"]["contacted"]


async def test_missing_steps(api: Api) -> None:
    """Sequence and step have one code; a fault of the body comes first."""
    path, _ = await made(api)
    for method, place, body in (
        ("PUT", f"{path}/9", email()),
        ("DELETE", f"{path}/9", None),
        ("DELETE", "/v3/sequences/9/steps/9", None),
        ("POST", "/v3/sequences/9/steps/bulk-delete", {"ids": [1]}),
    ):
        status, problem = await api(method, place, body)
        assert (404, "sequenceStep.notFound") == (status, problem["code"])
    status, problem = await api("PUT", f"{path}/9", {**email(), "variants": []})
    assert (400, "/variants") == (status, problem["errors"][0]["pointer"])


async def test_filter_properties_can_be_used_in_conditions(api: Api) -> None:
    """Each has operators; only the stage has a list of values."""
    found = await api.ok("GET", "/v3/sequences/steps/contact-filter-properties")
    assert {"operators": ["is", "isNot"], "values": ["Contacted", "Interested"]} == found["stage"]
    assert ["stage"] == [name for name, entry in found.items() if entry["values"] is not None]
    conditions = [
        {"property": name, "rules": [{"operator": operator, "value": "x"}]}
        for name, entry in found.items()
        for operator in entry["operators"]
    ]
    path, _ = await made(api)
    step = await api.ok("POST", path, {**CONDITION, "conditions": conditions})
    assert conditions == step["conditions"]


@pytest.mark.parametrize(
    ("step", "extra"),
    [
        (CALL, {"variants": 5}),
        (EXAMPLES["linkedin_message"]["value"], {"attachmentIds": 5}),
        (email(), {"isEnabled": []}),
    ],
)
async def test_members_of_other_kinds_are_ignored(api: Api, step: Json, extra: Json) -> None:
    """Schemas are open, so a step may bring what means nothing to it."""
    body = {**step, **extra}
    if "variants" in step:
        body = {**step, "variants": [{**step["variants"][0], **extra}]}
    path, _ = await made(api)
    plain = await api.ok("POST", path, step)
    step = await api.ok("POST", path, body)
    assert plain.keys() == step.keys()
    if "variants" in plain:
        assert plain["variants"][0].keys() == step["variants"][0].keys()
        body["variants"][0]["id"] = step["variants"][0]["id"]
    assert step == await api.ok("PUT", f"{path}/{step['id']}", body)
