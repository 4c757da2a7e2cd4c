"""The fixtures `reply_clock`, `reply_emulator` and `reply_session`.

All live as long as one test and work together in any combination. A test that
asks for `reply_clock`, itself or through another fixture, runs on a loop whose
waits pass at once; every other test keeps its loop and its id.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from reply_async.testing.clock import VirtualClockLoop

if TYPE_CHECKING:
    from reply_async import ReplySession
    from reply_async.emulator import Emulator


class _VirtualLoops:
    """Answers pytest-asyncio for the tests that ask for the clock."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_asyncio_loop_factories(self) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
        """Offer the one loop; with a single one pytest-asyncio leaves ids alone."""
        return {"reply_clock": VirtualClockLoop}


_VIRTUAL_LOOPS = _VirtualLoops()


@pytest.hookimpl(wrapper=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> Iterator[None]:
    """Give the virtual loop to the tests that ask for `reply_clock`.

    pytest-asyncio parametrizes every test as soon as any plugin answers its hook,
    and takes no "none" for an answer. So the answer is there for our tests only.
    """
    if "reply_clock" not in metafunc.fixturenames:
        return (yield)
    manager = metafunc.config.pluginmanager
    manager.register(_VIRTUAL_LOOPS)
    try:
        return (yield)
    finally:
        manager.unregister(_VIRTUAL_LOOPS)


@pytest_asyncio.fixture
async def reply_clock() -> VirtualClockLoop:
    """Run the test on a clock that jumps over waits, and return that loop.

    `reply_clock.time()` counts virtual seconds from 0; `with reply_clock.hold():`
    lets real time pass while somebody outside the loop has to act.
    """
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualClockLoop):
        pytest.fail("reply_clock is for async tests that name it; getfixturevalue() comes too late")
    return loop


@pytest_asyncio.fixture
async def reply_emulator(request: pytest.FixtureRequest) -> AsyncIterator["Emulator"]:
    """Start an emulator of the API on a free port of the test's own loop.

    It speaks the dialect that `--reply-dialect` names.
    """
    pytest.importorskip(
        "jsonschema_rs", reason="the emulator needs: pip install 'reply-async[emulator]'"
    )
    from reply_async.emulator import Emulator  # noqa: PLC0415 - an extra, loaded where used

    emulator = Emulator(dialect=request.config.getoption("--reply-dialect"))
    await emulator.start()
    try:
        yield emulator
    finally:
        await emulator.close()


@pytest_asyncio.fixture
async def reply_session(reply_emulator: "Emulator") -> AsyncIterator["ReplySession"]:
    """Open a session on the emulator of this test."""
    from reply_async import ReplySession  # noqa: PLC0415 - not every project's tests open one

    async with ReplySession(reply_emulator.key, base_url=reply_emulator.url) as session:
        yield session
