"""A proxy in the test's own loop that does to single requests what networks do.

It stands between a session and the emulator. A rule fits by method, by a regular
expression on the path and by which of the fitting calls it is; the first rule that fits
acts. Without a rule a request goes through untouched.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Container
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web
from attrs import define, field, frozen

Json = Any


@frozen
class Seen:
    """One request as it came in; ``at`` is the loop's time."""

    method: str
    path: str
    query: str
    body: bytes = field(repr=False)
    at: float

    @property
    def json(self) -> Json:
        """The body, parsed."""
        return json.loads(self.body)


@frozen
class Reply:
    """What goes back to the session."""

    status: int
    body: bytes
    headers: dict[str, str]


Forward = Callable[[], Awaitable[Reply]]
# An action gets the way to the emulator; without a reply the connection is closed.
Action = Callable[[Forward], Awaitable[Reply | None]]


async def drop(_forward: Forward) -> Reply | None:
    """Close the connection before the request is applied."""
    return None


async def apply_and_drop(forward: Forward) -> Reply | None:
    """Let the request be applied, and lose its answer."""
    await forward()
    return None


async def apply_and_close(forward: Forward) -> Reply:
    """Let the request be applied and answered, on a connection that is not used again."""
    reply = await forward()
    return Reply(reply.status, reply.body, {**reply.headers, "Connection": "close"})


def answer(status: int, body: Json = None, **headers: str) -> Action:
    """Answer in place of the emulator."""

    async def act(_forward: Forward) -> Reply:
        kind = {"Content-Type": "application/json"}
        return Reply(status, b"" if body is None else json.dumps(body).encode(), kind | headers)

    return act


def edit(change: Callable[[Json], Json]) -> Action:
    """Let the request be applied, and change its JSON answer."""

    async def act(forward: Forward) -> Reply:
        reply = await forward()
        body = json.dumps(change(json.loads(reply.body))).encode()
        return Reply(reply.status, body, reply.headers)

    return act


def delay(seconds: float, then: Action | None = None) -> Action:
    """Hold the request back for a while."""

    async def act(forward: Forward) -> Reply | None:
        await asyncio.sleep(seconds)
        return await (then(forward) if then else forward())

    return act


@define
class Rule:
    """Which requests something is done to, and what."""

    method: str
    path: re.Pattern[str]
    action: Action
    calls: Container[int] | None
    hits: int = 0

    def fits(self, method: str, path: str) -> bool:
        """Count a request that fits, and tell whether it is one of the calls meant."""
        if method != self.method or not self.path.search(path):
            return False
        self.hits += 1
        return self.calls is None or self.hits in self.calls


class FaultProxy:
    """An HTTP proxy to one origin, an async context manager."""

    def __init__(self, target: str) -> None:
        self.target, self.url = target, ""
        self.requests: list[Seen] = []
        self.in_flight = self.most_in_flight = 0
        self._arrival = asyncio.Condition()
        self._rules: list[Rule] = []
        self._server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=0.1)
        self._http: aiohttp.ClientSession | None = None

    def on(
        self, method: str, path: str, action: Action, *, calls: Container[int] | None = None
    ) -> Rule:
        """Do something to requests; ``calls`` are the numbers of the fitting ones, from 1."""
        rule = Rule(method, re.compile(path), action, calls)
        self._rules.append(rule)
        return rule

    def sent(self, method: str, path: str) -> list[Seen]:
        """Return the requests that came in, by method and regular expression."""
        return [
            seen for seen in self.requests if seen.method == method and re.search(path, seen.path)
        ]

    async def until(self, count: int, method: str, path: str) -> None:
        """Wait until so many requests of a kind came in."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: len(self.sent(method, path)) >= count)

    @property
    def open_connections(self) -> int:
        """How many connections of sessions are open."""
        return len(self._server.connections)

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(auto_decompress=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = "http://{}:{}".format(*self._runner.addresses[0][:2])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._http is not None
        await self._http.close()
        await self.stop_listening()

    async def stop_listening(self) -> None:
        """Refuse connections from now on, and drop those that are open."""
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            reply = await self._act(request, await request.read())
        finally:
            self.in_flight -= 1
        if reply is None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)

    async def _act(self, request: web.BaseRequest, body: bytes) -> Reply | None:
        now = asyncio.get_running_loop().time()
        self.requests.append(Seen(request.method, request.path, request.query_string, body, now))

        async with self._arrival:
            self._arrival.notify_all()

        async def forward() -> Reply:
            return await self._forward(request, body)

        for rule in self._rules:
            if rule.fits(request.method, request.path):
                return await rule.action(forward)
        return await forward()

    async def _forward(self, request: web.BaseRequest, body: bytes) -> Reply:
        assert self._http is not None
        names = ("Authorization", "Content-Type", "Accept")
        headers = {name: request.headers[name] for name in names if name in request.headers}
        async with self._http.request(
            request.method, self.target + request.raw_path, data=body or None, headers=headers
        ) as response:
            kept = ("Content-Type", "Date", "Retry-After")
            given = {name: response.headers[name] for name in kept if name in response.headers}
            return Reply(response.status, await response.read(), given)
