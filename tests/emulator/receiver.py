"""Somebody on this machine who receives what webhooks post."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web
from attrs import define, field

if TYPE_CHECKING:
    from emulator.client import Json


@define
class Target:
    """Receives events and answers as told, at `/slow` only after its ``release``.

    ``bodies`` are what came, byte for byte.
    """

    url: str = ""
    status: int = 200
    hangs: bool = False
    received: list[Json] = field(factory=list)
    bodies: list[bytes] = field(factory=list)
    headers: list[set[str]] = field(factory=list)
    release: asyncio.Event = field(factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        """Keep the event and answer."""
        self.bodies.append(await request.read())
        self.received.append(await request.json())
        self.headers.append({name.lower() for name in request.headers})
        if self.hangs or request.path == "/slow":
            await self.release.wait()
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})
