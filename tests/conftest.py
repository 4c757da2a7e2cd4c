"""What every test may use: a server that fails on purpose, and a key that must not show up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
from fault_server import FaultServer
from transport.canary import Canary


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run in another dialect only what meets an emulator that speaks it."""
    if config.getoption("--reply-dialect") == "default":
        return
    speaking = {"reply_emulator", "dialect"}
    silent = {item for item in items if speaking.isdisjoint(getattr(item, "fixturenames", ()))}
    config.hook.pytest_deselected(items=[*silent])
    items[:] = [item for item in items if item not in silent]


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
