from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reply_async.emulator.operations.sequence_actions import MAX_OWNED

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

BULK = "/v3/sequences/batch/owner"


async def test_new_owner_is_shown_and_found(api: Api, emulator: Emulator) -> None:
    """Handing over to the present owner is no effect."""
    made = await api.sequence()
    path = f"/v3/sequences/{made['id']}"
    for _ in range(2):
        assert 502 == (await api.ok("PUT", f"{path}/owner", {"userId": 502}))["ownerUserId"]
    assert 1 == emulator.ledger.counts["sequence_owner_set"]
    for owner, expected in ((502, [made["id"]]), (501, [])):
        rows = await api.ok("GET", f"/v3/sequences?ownerUserId={owner}")
        assert expected == [row["id"] for row in rows["items"]]


@pytest.mark.parametrize("state", ["active", "archived"])
async def test_owner_changes_in_any_state(api: Api, state: str) -> None:
    """The contract knows no refusal for a state."""
    made = await api.sequence()
    path = f"/v3/sequences/{made['id']}"
    await api.enrol(made["id"], await api.contacts(1))
    await api.ok("POST", f"{path}/{'start' if state == 'active' else 'archive'}")
    assert 503 == (await api.ok("PUT", f"{path}/owner", {"userId": 503}))["ownerUserId"]


async def test_refused_owners(api: Api) -> None:
    """A missing sequence is told before a user who is not of the team."""
    made = await api.sequence()
    status, problem = await api("PUT", "/v3/sequences/9/owner", {"userId": 9})
    assert (404, "sequenceAction.notFound") == (status, problem["code"])
    for method, path, body in (
        ("PUT", f"/v3/sequences/{made['id']}/owner", {"userId": 9}),
        ("POST", BULK, {"userId": 9, "ids": [made["id"]]}),
    ):
        status, problem = await api(method, path, body)
        expected = (400, "sequenceAction.teamMemberNotFound", "Team member is not found.")
        assert expected == (status, problem["code"], problem["detail"])
    status, problem = await api("PUT", f"/v3/sequences/{made['id']}/owner", {"userId": 0})
    assert [{"pointer": "/userId", "detail": "'userId' must be greater than 0."}] == (
        problem["errors"]
    )


async def test_bulk_names_only_the_refused(api: Api) -> None:
    """A missing id does not hold up the others."""
    ids = [(await api.sequence())["id"] for _ in range(2)]
    failures = await api.ok("POST", BULK, {"userId": 502, "ids": [*ids, 9]})
    assert {"9": {"error": "notFound", "errorDetails": "Sequence 9 not found."}} == failures
    owners = [
        (await api.ok("GET", f"/v3/sequences/{sequence_id}"))["ownerUserId"] for sequence_id in ids
    ]
    assert [502, 502] == owners


async def test_owner_can_hold_so_many(api: Api, emulator: Emulator) -> None:
    """The limit has a code alone and a slug in bulk."""
    ids = [(await api.sequence())["id"] for _ in range(3)]
    for _ in range(MAX_OWNED - 1):
        sequence = emulator.state.new_sequence("Filler", 0.0)
        sequence.owner_user_id = 502
        emulator.state.sequences[sequence.id] = sequence
    failures = await api.ok("POST", BULK, {"userId": 502, "ids": ids[:2]})
    assert {str(ids[1]): "ownerLimitExceeded"} == {
        key: row["error"] for key, row in failures.items()
    }
    status, problem = await api("PUT", f"/v3/sequences/{ids[2]}/owner", {"userId": 502})
    expected = "Target user has reached their sequence ownership limit."
    assert (400, "sequenceAction.ownerLimitExceeded", expected) == (
        status,
        problem["code"],
        problem["detail"],
    )
