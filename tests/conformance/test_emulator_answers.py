from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conformance.contract import COVERED

TESTS = Path(__file__).parents[1]
HALVES = (COVERED[::2], COVERED[1::2])  # two processes, one for each of two cores


def run(examples: int, seed: int) -> list[str]:
    """Hold generated requests against the contract; return the reports of failed halves."""
    command = (sys.executable, "-m", "conformance.schemathesis_run")
    halves = [
        subprocess.Popen(  # noqa: S603 - our own program
            [
                *command,
                f"--examples={examples}",
                f"--seed={seed}",
                *(f"--tag={tag}" for tag in tags),
            ],
            cwd=TESTS,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        for tags in HALVES
    ]
    try:
        reports = [half.communicate()[0] for half in halves]
    finally:
        for half in halves:
            half.kill()
    return [report for half, report in zip(halves, reports, strict=True) if half.returncode != 0]


def test_answers_to_generated_requests_keep_the_contract() -> None:
    """Ten random requests an operation, and one for every edge of its schemas."""
    failed = run(examples=10, seed=1)
    assert not failed, "\n".join(failed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_answers_to_many_generated_requests_keep_the_contract(seed: int) -> None:
    """A hundred random requests an operation."""
    failed = run(examples=100, seed=seed)
    assert not failed, "\n".join(failed)
