"""The cheapest client there is: fixed bytes out, answers of one length counted."""

import asyncio
import time
from urllib.parse import urlsplit

CONNECTIONS = 8


class Asker(asyncio.Protocol):
    """Asks the same again as soon as the answer is complete."""

    def __init__(self, request: bytes, length: int, count: int) -> None:
        self._request, self._length = request, length
        self._left, self._received = count, 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count bytes; all answers have the length of the first one."""
        self._received += len(data)
        if self._received < self._length:
            return
        self._received -= self._length
        self._left -= 1
        if self._left:
            self._transport.write(self._request)
        else:
            self._transport.close()
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail if the server hangs up before the end."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))


async def answer_length(url: str, request: bytes) -> int:
    """Return the length of one answer with its head; a ValueError if it is no 200."""
    reader, writer = await asyncio.open_connection(*_place(url))
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(head.decode())
    sizes = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    writer.close()
    return len(head) + int(sizes[0].partition(b":")[2])


async def requests_a_second(url: str, request: bytes, count: int) -> float:
    """Send a request many times over a few connections."""
    host, port = _place(url)
    length = await answer_length(url, request)
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    askers = []
    for _ in range(CONNECTIONS):
        _, asker = await loop.create_connection(
            lambda: Asker(request, length, count // CONNECTIONS), host, port
        )
        askers.append(asker)
    await asyncio.gather(*(asker.done for asker in askers))
    return count / (time.perf_counter() - began)


def _place(url: str) -> tuple[str, int]:
    address = urlsplit(url)
    return address.hostname or "", address.port or 80
