"""One connection that is kept, and as little as can be around it: for many requests."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from reply_async.emulator import Emulator


@frozen
class RawClient:
    """Sends GET with the emulator's key."""

    key: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def get(self, target: str) -> int:
        """Read one answer to its end, and return its status."""
        head = f"GET {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {self.key}\r\n\r\n"
        self.writer.write(head.encode())
        answer = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        await self.reader.readexactly(int(answer.split(b"content-length: ")[1].split()[0]))
        return int(answer.split()[1])


@asynccontextmanager
async def connected(emulator: Emulator) -> AsyncIterator[RawClient]:
    """Connect to an emulator."""
    host, port = emulator.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    yield RawClient(emulator.key, reader, writer)
    writer.close()
    await writer.wait_closed()
