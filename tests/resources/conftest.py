"""A session that reaches the emulator through a proxy, on a clock that jumps."""

from collections.abc import AsyncIterator

import pytest
from fault_proxy import FaultProxy

from reply_async import ReplySession
from reply_async.emulator import Emulator
from reply_async.testing import VirtualClockLoop


@pytest.fixture
async def proxy(
    reply_clock: VirtualClockLoop, reply_emulator: Emulator
) -> AsyncIterator[FaultProxy]:
    """Stand between session and emulator."""
    async with FaultProxy(reply_emulator.url) as proxy:
        yield proxy
    assert reply_clock.time() < 24 * 3600
    reply_emulator.ledger.assert_one_effect_each()


@pytest.fixture
async def session(proxy: FaultProxy, reply_emulator: Emulator) -> AsyncIterator[ReplySession]:
    """Open a session on the proxy."""
    async with ReplySession(reply_emulator.key, base_url=proxy.url) as session:
        yield session
