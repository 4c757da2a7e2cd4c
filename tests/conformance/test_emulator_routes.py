from __future__ import annotations

from collections import Counter

import pytest
from conformance.contract import COVERED, Operation, covered

from reply_async.emulator.contract import load_contract
from reply_async.emulator.operations import HANDLERS


def groups() -> dict[str, list[Operation]]:
    """Return the covered operations by the tag that they are filed under."""
    return {tag: [entry for entry in covered().values() if entry.group == tag] for tag in COVERED}


def routed() -> Counter[str]:
    """Return how often the emulator's routes lead to an operation."""
    contract = load_contract()
    found: Counter[str] = Counter()
    for template in contract.document["paths"]:
        by_method, values = contract.match(template) or ({}, [])
        assert len(values) == template.count("{"), template
        found.update(by_method.values())
    return found


def test_every_covered_operation_is_served(capsys: pytest.CaptureFixture[str]) -> None:
    """Print operations, covered and missing by group; nothing may be missing."""
    missing = {
        tag: [entry.id for entry in entries if entry.id not in HANDLERS]
        for tag, entries in groups().items()
    }
    with capsys.disabled():
        print(f"\n{'group':26}{'operations':>10}{'covered':>9}  missing")  # noqa: T201 - the table
        for tag, entries in groups().items():
            names = ", ".join(missing[tag]) or "-"
            count = len(entries) - len(missing[tag])
            print(f"{tag:26}{len(entries):10}{count:9}  {names}")  # noqa: T201 - the table
    assert {tag: [] for tag in COVERED} == missing
    assert 182 == len(covered())


def test_every_handler_belongs_to_one_covered_operation() -> None:
    """A handler has the name of its operation, hence a second one would replace the first."""
    assert sorted(entry.id for entry in covered().values()) == sorted(HANDLERS)
    assert list(HANDLERS) == [handler.__name__ for handler in HANDLERS.values()]


def test_every_covered_operation_has_one_route() -> None:
    """No two paths of the contract lead to one operation, and none leads nowhere."""
    found = routed()
    assert dict.fromkeys((entry.id for entry in covered().values()), 1) == {
        entry.id: found[entry.id] for entry in covered().values()
    }
