"""What every test may use: a server that fails on purpose, and a key that must not show up."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator
from random import Random

import pytest
from fault_server import FaultServer
from transport.canary import Canary

CASES_A_SAMPLE = 8  # it holds one of so many


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer a part of the longer tests."""
    text = "of each slow test with many cases run an eighth, chosen by this seed"
    parser.addoption("--sample", type=int, metavar="SEED", help=text)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what does not meet the dialect of the run, or is not in its sample."""
    left_out: set[pytest.Item] = set()
    if config.getoption("--reply-dialect") != "default":
        left_out |= _silent(items)
    seed = config.getoption("--sample")
    if seed is not None:
        left_out |= _outside_sample(items, seed)
    if left_out:
        config.hook.pytest_deselected(items=[*left_out])
        items[:] = [item for item in items if item not in left_out]


def _silent(items: Collection[pytest.Item]) -> set[pytest.Item]:
    """Return the tests that meet no emulator which speaks the dialect of the run."""
    speaking = {"reply_emulator", "dialect"}
    return {item for item in items if speaking.isdisjoint(getattr(item, "fixturenames", ()))}


def _outside_sample(items: Collection[pytest.Item], seed: int) -> set[pytest.Item]:
    """Return the slow cases that a sample does without; it has some of every test."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("slow"):
            cases[item.nodeid.partition("[")[0]].append(item)
    chance = Random(seed)  # noqa: S311 - a choice of tests
    return {
        item
        for each in cases.values()
        for item in chance.sample(each, len(each) - -(-len(each) // CASES_A_SAMPLE))
    }


@pytest.fixture(scope="session")
def dialect(pytestconfig: pytest.Config) -> str:
    """Give the dialect of this run, for emulators that a test starts by itself."""
    chosen: str = pytestconfig.getoption("--reply-dialect")
    return chosen


@pytest.fixture(scope="session", autouse=True)
def no_state_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what runs of the command share out of the folder of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.delenv("REPLY_BUDGET_STORE", raising=False)
        yield


@pytest.fixture
def canary(caplog: pytest.LogCaptureFixture) -> Iterator[Canary]:
    """Give a key of its own, and fail if it shows up in the log of the test."""
    caplog.set_level(logging.DEBUG)
    canary = Canary()
    yield canary
    for when in ("setup", "call", "teardown"):
        for record in caplog.get_records(when):
            canary.assert_absent(record.getMessage(), record.__dict__)


@pytest.fixture
async def fault_server() -> AsyncIterator[FaultServer]:
    """Give a server that fails on purpose; nothing may be left open or running after it."""
    before = asyncio.all_tasks()
    async with FaultServer() as server:
        yield server
        await server.settle()
        assert 0 == server.open_connections
    for _ in range(3):
        await asyncio.sleep(0)
    assert set() == asyncio.all_tasks() - before - {asyncio.current_task()}
