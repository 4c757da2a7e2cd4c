from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reply_async.emulator.contract import load_contract

if TYPE_CHECKING:
    from emulator.client import Api, Json

MACHINE = load_contract().document["x-state-machine"]["actions"]
PATHS = {
    "start": ("POST", "/start"),
    "pause": ("POST", "/pause"),
    "archive": ("POST", "/archive"),
    "unarchive": ("POST", "/unarchive"),
    "update": ("PATCH", ""),
    "delete": ("DELETE", ""),
}
CASES = [
    pytest.param(action, state, rule, id=f"{action}-{state}")
    for action, rules in MACHINE.items()
    if action in PATHS
    for state, rule in rules.items()
]


async def make(api: Api, state: str) -> str:
    """Bring a sequence with a contact into a state."""
    made = await api.sequence()
    await api.enrol(made["id"], await api.contacts(1))
    path = f"/v3/sequences/{made['id']}"
    for verb in {
        "new": (),
        "active": ("start",),
        "paused": ("start", "pause"),
        "archived": ("archive",),
    }[state]:
        await api.ok("POST", f"{path}/{verb}")
    return path


@pytest.mark.parametrize(("action", "state", "rule"), CASES)
async def test_action_follows_the_contract(api: Api, action: Json, state: Json, rule: Json) -> None:
    """Status, code and the state after it are those of the contract's table."""
    path = await make(api, state)
    before = await api.ok("GET", path)
    method, suffix = PATHS[action]

    status, body = await api(method, path + suffix, {} if method == "PATCH" else None)

    assert rule["status"] == status
    assert rule.get("code") == (body or {}).get("code")
    status, after = await api("GET", path)
    target = rule.get("to")
    if target == "gone":
        assert 404 == status
    elif target == "archived":
        assert (True, before["status"]) == (after["isArchived"], after["status"])
        assert {"count": 0} == await api.ok("GET", f"{path}/contacts/count")
    elif target == "former status":
        assert (False, "new") == (after["isArchived"], after["status"])
    else:
        assert (target or before["status"]) == after["status"]


async def test_start_needs_contacts_then_a_mailbox(api: Api) -> None:
    """Both needs have their own code."""
    made = await api.sequence(emailAccounts=[])
    path = f"/v3/sequences/{made['id']}"
    status, problem = await api("POST", f"{path}/start")
    assert (400, "sequenceAction.noContacts") == (status, problem["code"])
    await api.enrol(made["id"], await api.contacts(1))
    status, problem = await api("POST", f"{path}/start")
    assert (400, "sequenceAction.noEmailAccounts") == (status, problem["code"])


async def test_bulk_actions_name_only_the_refused(api: Api) -> None:
    """One good, one empty, one missing id."""
    good = await api.sequence()
    empty = await api.sequence()
    await api.enrol(good["id"], await api.contacts(1))
    ids = {"ids": [good["id"], empty["id"], 9]}

    started = await api.ok("POST", "/v3/sequences/start", ids)
    paused = await api.ok("POST", "/v3/sequences/pause", ids)
    again = await api.ok("POST", "/v3/sequences/pause", ids)
    archived = await api.ok("POST", "/v3/sequences/archive", ids)
    unarchived = await api.ok("POST", "/v3/sequences/unarchive", {"ids": [good["id"], 9]})
    deleted = await api.ok("POST", "/v3/sequences/bulk-delete", ids)

    def slugs(answer: Json) -> dict[int, str]:
        return {int(key): row["error"] for key, row in answer.items()}

    assert {empty["id"]: "noContacts", 9: "notFound"} == slugs(started)
    assert "Sequence 9 not found." == started["9"]["errorDetails"]
    assert {empty["id"]: "status", 9: "notFound"} == slugs(paused)
    assert {good["id"]: "status", empty["id"]: "status", 9: "notFound"} == slugs(again)
    assert {9: "notFound"} == slugs(archived)
    assert {9: "notArchived"} == slugs(unarchived)
    assert {9: "notFound"} == slugs(deleted)


@pytest.mark.parametrize("ids", [[], list(range(1, 1002))])
async def test_bulk_size_is_checked(api: Api, ids: Json) -> None:
    """One to a thousand ids."""
    status, problem = await api("POST", "/v3/sequences/start", {"ids": ids})
    assert (400, "/ids") == (status, problem["errors"][0]["pointer"])
