"""Paged lists of the API as one lazy value: items, pages, or a list.

A page says ``hasMore`` but no total, and a list may change while it is read. So the
pager advances by the rows it received, drops repeats by id, and never loops on an
empty page that promises more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Hashable
from functools import partial
from typing import Any, Final, Generic, TypeVar

from attrs import Factory, define, evolve, field, frozen

from reply_async.converter import DecodeError, decode_list
from reply_async.errors import BadAnswer, InvalidUse
from reply_async.requests import Request
from reply_async.transport.sender import Sender

T = TypeVar("T")

MAXIMUM_PAGE: Final = 1000


@frozen
class Page(Generic[T]):
    """One page as the server gave it: ``skip`` rows came before it."""

    items: tuple[T, ...]
    skip: int
    has_more: bool


@define
class Pager(Generic[T]):
    """A list that is fetched page by page while it is iterated.

    Iterating starts from the beginning each time. Costs one request per page; items
    come ``page_size`` at a time, at most ``maximum``. A pager is not awaitable: use
    ``async for``, ``pages()`` or ``collect()``.
    """

    _sender: Sender
    _request: Request
    _kind: type[T]
    _key: Callable[[T], Hashable]
    maximum: int = field(default=MAXIMUM_PAGE, kw_only=True)  # some lists give fewer at once
    page_size: int = field(
        default=Factory(lambda self: self.maximum, takes_self=True), kw_only=True
    )
    prefetch: bool = field(default=False, kw_only=True)

    def prefetching(self) -> Pager[T]:
        """Return the same list, which fetches one page ahead while a page is in use.

        It saves the wait for each next page, and may cost one request more where the
        iteration ends early.
        """
        return evolve(self, prefetch=True)

    async def __aiter__(self) -> AsyncIterator[T]:
        """Iterate over the items, each id once."""
        seen: set[Hashable] = set()
        async for page in self.pages():
            for item in page.items:
                key = self._key(item)
                if key not in seen:
                    seen.add(key)
                    yield item

    async def pages(self, size: int | None = None) -> AsyncGenerator[Page[T], None]:
        """Iterate over the pages as the server cuts them, ``size`` items each.

        Raises InvalidUse for a size outside 1 to ``maximum``, BadAnswer for a server
        that twice promises more and gives nothing.
        """
        size = self.page_size if size is None else size
        if not 1 <= size <= self.maximum:
            raise InvalidUse("size", f"must be from 1 to {self.maximum}")
        async for page in walk(self._request, partial(self._fetch, size), prefetch=self.prefetch):
            yield page

    async def collect(self, limit: int | None = None) -> list[T]:
        """Return the items as a list, at most ``limit`` of them."""
        if limit is not None and limit < 1:
            raise InvalidUse("limit", "must be at least 1")
        pager = self if limit is None else evolve(self, page_size=min(self.page_size, limit))
        items: list[T] = []
        async for item in pager:
            items.append(item)
            if len(items) == limit:
                break
        return items

    def page_request(self, size: int | None = None, skip: int = 0) -> Request:
        """Build the request for one page, by default the first and as large as it can be."""
        query = {**self._request.query, "top": str(size or self.maximum), "skip": str(skip)}
        return evolve(self._request, query=query)

    async def _fetch(self, size: int, skip: int) -> Page[T]:
        request = self.page_request(size, skip)
        return await self._sender.send(request, partial(self.decode_page, skip=skip))

    def decode_page(self, data: Any, skip: int = 0) -> Page[T]:  # noqa: ANN401 - JSON is anything
        """Read one page of this list."""
        return decode_page(data, self._kind, skip)


async def walk(
    request: Request, fetch: Callable[[int], Awaitable[Page[T]]], *, prefetch: bool = False
) -> AsyncGenerator[Page[T], None]:
    """Iterate over the pages that ``fetch`` gives for the rows to skip, none of them empty.

    Raises BadAnswer, which names ``request``, for a server that twice promises more and
    gives nothing.
    """
    skip, empty = 0, 0
    ahead: asyncio.Future[Page[T]] | None = None
    try:
        while True:
            page = await (fetch(skip) if ahead is None else ahead)
            skip, ahead = skip + len(page.items), None
            if prefetch and page.has_more and page.items:
                ahead = asyncio.ensure_future(fetch(skip))
            if page.items:
                empty = 0
                yield page
            elif page.has_more:
                empty += 1
                if empty > 1:
                    raise BadAnswer(request, 200, "$.items", "empty, yet more is promised")
            if not page.has_more:
                return
    finally:
        if ahead is not None:  # nobody wants it any more
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)


def decode_page(data: Any, kind: type[T], skip: int = 0) -> Page[T]:  # noqa: ANN401 - JSON is anything
    """Read one page, in any of the forms that the API has given it."""
    if isinstance(data, list):  # some lists are bare arrays and hold all there is
        return Page(decode_list(data, kind), skip, has_more=False)
    if not isinstance(data, dict):
        raise DecodeError("$", "a page is promised")
    info = data.get("info")  # where older answers keep hasMore
    envelope = {**info, **data} if isinstance(info, dict) else data
    has_more = envelope.get("hasMore", False)
    if not isinstance(has_more, bool):
        raise DecodeError("$.hasMore", "a boolean is promised")
    items = data.get("items")
    if not isinstance(items, list):
        raise DecodeError("$.items", "a list is promised")
    return Page(decode_list(items, kind, "$.items"), skip, has_more)
