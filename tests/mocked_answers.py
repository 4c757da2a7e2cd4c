"""Mocked answers for the shape of single requests: aioresponses, made to fit aiohttp 3.14.

It emulates no timeouts, no traces and no connections, so whatever depends on these is
tested against the emulator over a real socket. A trace that never fires also means that
a mocked failure counts as "not sent".
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import aiohttp
from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler
from aioresponses import aioresponses


class _Response(aiohttp.ClientResponse):
    """A response that aioresponses can build: 3.14 wants to know its writer's output."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("stream_writer", SimpleNamespace(output_size=0))
        super().__init__(*args, **options)


def _reader(loop: asyncio.AbstractEventLoop) -> StreamReader:
    """Make a reader that takes a whole answer at once, since nobody drains it."""
    return StreamReader(ResponseHandler(loop=loop), limit=2**31, loop=loop)


@contextmanager
def mocked_answers() -> Iterator[aioresponses]:
    """Answer requests without a socket, as told by the value that is given."""
    with (
        mock.patch("aioresponses.core.ClientResponse", _Response),
        mock.patch("aioresponses.core.stream_reader_factory", _reader, create=True),
        aioresponses() as mocked,
    ):
        yield mocked
