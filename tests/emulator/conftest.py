"""An emulator whose every answer is held against the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer as LoopbackServer
from emulator.client import MONDAY, Api, Conformance
from emulator.receiver import Target

from reply_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    """Give a fresh emulator; the test fails if an answer breaks the contract."""
    async with Emulator("emu_test", budget=None, started_at=MONDAY, clock="held") as running:
        conformance = Conformance(running)
        running.on_answer(conformance.check)
        yield running
        assert [] == conformance.broken


@pytest.fixture
async def api(emulator: Emulator) -> AsyncIterator[Api]:
    """Give a client of the emulator."""
    async with aiohttp.ClientSession() as http:
        yield Api(emulator, http)


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """Give a target for webhooks that listens on this machine."""
    receiver = Target()
    application = web.Application()
    application.router.add_post("/{name}", receiver.take)
    server = LoopbackServer(application)
    await server.start_server()
    receiver.url = str(server.make_url("/hook"))
    yield receiver
    receiver.hangs = False
    receiver.release.set()  # closing waits for those who are still served
    await server.close()
