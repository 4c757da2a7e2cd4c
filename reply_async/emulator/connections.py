"""Connections in the hands of a fault: raw bytes, resets, and silence that can end.

Whoever keeps silent is told when the client has hung up or the emulator closes, so
that neither waits for the other.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Any

from aiohttp import web

from reply_async.emulator.fault_acts import CLOSE, DRIP, HANG, RESET

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from reply_async.emulator.fault_acts import Break

RESET_AT_ONCE = struct.pack("ii", 1, 0)
DELIVERY_SECONDS = 0.05  # a reset may overtake bytes that the client has not read yet


class Server(web.Server):
    """aiohttp's server, which can tell when nobody listens to a connection any more."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - handed through
        super().__init__(*args, **options)
        self._gone: dict[object, asyncio.Event] = {}

    def gone(self, connection: object) -> asyncio.Event:
        """Return what is set when the client hangs up or the server shuts down."""
        return self._gone.setdefault(connection, asyncio.Event())

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """Tell those who wait for it."""
        if handler in self._gone:
            self._gone.pop(handler).set()
        super().connection_lost(handler, exc)

    def pre_shutdown(self) -> None:
        """End all silence before the server waits for its handlers."""
        for event in self._gone.values():
            event.set()
        super().pre_shutdown()


async def play(request: web.BaseRequest, server: Server, broken: Break, speed: float) -> None:
    """Send the bytes of a broken answer and end the connection as it says."""
    transport = request.transport
    if transport is None:
        return
    transport.write(broken.data)
    gone = server.gone(request.protocol)
    await _ENDS[broken.end](transport, broken, gone, speed)
    transport.close()


async def _close(*_: object) -> None:
    """Hang up politely, which `play` does."""


async def _reset(
    transport: asyncio.Transport, broken: Break, _gone: asyncio.Event, _speed: float
) -> None:
    if broken.data:
        await asyncio.sleep(DELIVERY_SECONDS)
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
    transport.abort()


async def _hang(
    _transport: asyncio.Transport, broken: Break, gone: asyncio.Event, speed: float
) -> None:
    await _set_within(gone, None if broken.seconds is None else broken.seconds / speed)


async def _drip(
    transport: asyncio.Transport, broken: Break, gone: asyncio.Event, speed: float
) -> None:
    for number in broken.dripped:
        if await _set_within(gone, (broken.seconds or 0) / speed):
            return
        transport.write(bytes((number,)))


async def _set_within(event: asyncio.Event, seconds: float | None) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


_ENDS: dict[str, Callable[..., Awaitable[None]]] = {
    CLOSE: _close,
    RESET: _reset,
    HANG: _hang,
    DRIP: _drip,
}
