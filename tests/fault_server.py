"""A server that fails on purpose: raw TCP on the loopback interface, played by script.

Every request takes the next act of the script; the last act stays. An act has the
connection in its hands and may answer, cut, reset or keep silent.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Self

from attrs import define, field, frozen

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MIB = 1024 * 1024


@frozen
class Received:
    """One request as it came over the wire; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@define(eq=False)
class Connection:
    """One connection of a client, in the hands of an act."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    received: list[Received]
    _first: bytes = b""

    async def has_request(self) -> bool:
        """Wait for the first byte of a request; False if the client hung up."""
        self._first = await self.reader.read(1)
        return bool(self._first)

    async def read_head(self) -> tuple[str, str, dict[str, str]]:
        """Read a request up to its body."""
        head = self._first + await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.split(": ", 1) for line in lines if line)
        return method, target, {name.lower(): value for name, value in pairs}

    async def read(self) -> Received:
        """Read a whole request and remember it."""
        method, target, headers = await self.read_head()
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        self.received.append(Received(method, target, headers, body))
        return self.received[-1]

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        """Hang up politely."""
        self.writer.close()

    def reset(self) -> None:
        """Hang up with an RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def until_closed(self) -> None:
        """Keep silent until the client hangs up."""
        while await self.reader.read(MIB):
            pass


Act = Callable[[Connection], Awaitable[None]]


class FaultServer:
    """Plays its script and counts: ``attempts`` begun, ``received`` whole requests."""

    def __init__(self) -> None:
        self.script: list[Act] = [answer()]
        self.received: list[Received] = []
        self.attempts = 0
        self.connections = 0
        self._open: set[Connection] = set()
        self._server: asyncio.Server | None = None

    def play(self, *acts: Act) -> None:
        """Take these acts for the next requests, the last of them from then on."""
        self.script = list(acts)

    @property
    def url(self) -> str:
        """The origin of the server, a free port."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def open_connections(self) -> int:
        """How many connections clients still hold."""
        return len(self._open)

    async def settle(self) -> None:
        """Give clients a moment to hang up; TimeoutError if they do not."""
        async with asyncio.timeout(60):
            while self._open:  # noqa: ASYNC110 - many connections, no one event
                await asyncio.sleep(0.01)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._open:
            connection.reset()
        await self.settle()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self.received)
        self._open.add(connection)
        self.connections += 1
        try:
            while not writer.is_closing() and await connection.has_request():
                self.attempts += 1
                act = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                await act(connection)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up in the middle
        finally:
            writer.close()
            self._open.discard(connection)


def free_port() -> int:
    """Return a port of the loopback interface at which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def answer(status: int = 200, body: object = None, **headers: str) -> Act:
    """Give a whole answer; ``retry_after`` becomes ``Retry-After``, bytes go out as they are."""
    text = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    given = {"content_type": "application/json", "content_length": str(len(text)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items()]
    return _send(f"HTTP/1.1 {status} Said\r\n{''.join(lines)}\r\n".encode() + text)


def cut(data: bytes) -> Act:
    """Send these bytes and hang up."""

    async def act(connection: Connection) -> None:
        await connection.read()
        await connection.send(data)
        connection.close()

    return act


def slow(seconds: float, then: Act) -> Act:
    """Wait before the act."""

    async def act(connection: Connection) -> None:
        await asyncio.sleep(seconds)
        await then(connection)

    return act


def _send(data: bytes) -> Act:
    async def act(connection: Connection) -> None:
        await connection.read()
        await connection.send(data)

    return act


async def close_before_reading(connection: Connection) -> None:
    """Hang up while the request is on its way."""
    connection.close()


async def close_after_reading(connection: Connection) -> None:
    """Take the request and hang up."""
    await connection.read()
    connection.close()


async def reset_after_reading(connection: Connection) -> None:
    """Take the request and reset."""
    await connection.read()
    connection.reset()


async def reset_within_the_body(connection: Connection) -> None:
    """Take some of the body and reset."""
    await connection.read_head()
    connection.reset()


async def silence(connection: Connection) -> None:
    """Take the request and never answer."""
    await connection.read()
    await connection.until_closed()


async def drip(connection: Connection) -> None:
    """Promise a long body and send one byte of it a second."""
    await connection.read()
    await connection.send(OK + b"Content-Length: 100000\r\n\r\n")
    while not connection.reader.at_eof():
        await connection.send(b" ")
        await asyncio.sleep(1)


async def early_413(connection: Connection) -> None:
    """Refuse a body that is still going out, without reading it."""
    await connection.read_head()
    await connection.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    await connection.until_closed()


async def plain_to_tls(connection: Connection) -> None:
    """Answer a TLS hello in plain text."""
    await connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    connection.close()


async def silent_to_tls(connection: Connection) -> None:
    """Never answer a TLS hello."""
    await connection.until_closed()


@cache
def gzip_bomb(mib: int = 200) -> bytes:
    """Return a small gzip body that unpacks to many MiB of white space."""
    packer = zlib.compressobj(9, wbits=31)
    blank = b" " * MIB
    return b"".join(packer.compress(blank) for _ in range(mib)) + packer.flush()


def cut_gzip() -> Act:
    """Give a gzip body that lacks its end, with the length of what is there."""
    packed = gzip.compress(json.dumps({"id": list(range(500))}).encode())[:-40]
    return answer(body=packed, content_encoding="gzip")
