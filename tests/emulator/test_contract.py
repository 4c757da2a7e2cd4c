from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reply_async.emulator.contract import load_contract
from reply_async.emulator.dialects import dialects_of
from reply_async.emulator.operations import HANDLERS
from reply_async.emulator.request_rules import body_validator

if TYPE_CHECKING:
    from emulator.client import Api, Json

CONTRACT = load_contract()


def examples() -> list[Json]:
    """Return every documented request body of the operations that are served."""
    found = []
    for operation_id in HANDLERS:
        operation = CONTRACT.operation(operation_id)
        if operation.takes_body:
            content = operation.raw["requestBody"]["content"][operation.body_type]
            bodies = {name: entry["value"] for name, entry in content.get("examples", {}).items()}
            if "example" in content:
                bodies["example"] = content["example"]
            found += [
                pytest.param(operation_id, body, id=f"{operation_id}-{name}")
                for name, body in bodies.items()
            ]
    return found


@pytest.mark.parametrize("operation_id", HANDLERS)
def test_every_handler_is_an_operation(operation_id: str) -> None:
    """The name is an operationId, and its route leads back to it."""
    operation = CONTRACT.operation(operation_id)
    path = operation.template.replace("{jobId}", "x")
    for name in operation.path_names:
        path = path.replace(f"{{{name}}}", "7")
    found = CONTRACT.match(path)
    assert found is not None
    assert operation_id == found[0][operation.method]
    assert len(operation.path_names) == len(found[1])


@pytest.mark.parametrize(("operation_id", "body"), examples())
def test_documented_bodies_are_valid(operation_id: str, body: Json) -> None:
    """Telling unions apart first must not refuse what the contract shows."""
    validator = body_validator(CONTRACT.operation(operation_id), dialects_of("default"))
    assert [] == [error.message for error in validator.iter_errors(body)]


async def test_documented_sequence_is_created_as_it_stands(api: Api) -> None:
    """A fresh account holds the senders and the schedule of the example."""
    content = CONTRACT.operation("create_sequence").raw["requestBody"]["content"]
    body = content["application/json"]["example"]
    made = await api.ok("POST", "/v3/sequences", body)
    assert [101, 102] == [account["id"] for account in made["emailAccounts"]]
    assert ["email", "linkedIn"] == [step["type"] for step in made["steps"]]


def test_contract_is_packaged_whole() -> None:
    """The document has all operations, also those that are not served yet."""
    assert 283 == sum(
        method in {"get", "post", "put", "patch", "delete"}
        for item in CONTRACT.document["paths"].values()
        for method in item
    )
