"""What a paged list tells of some ids: where they stand, or that they are gone.

Read with the patience of a job: an awaited list would give up on a busy budget.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from operator import attrgetter
from typing import Any, Final, TypeVar

from reply_async.pagination import Page, Pager, walk
from reply_async.responses import conclude
from reply_async.transport.sender import Sender

T = TypeVar("T")
Key = Callable[[Any], int]

BY_ID: Final[Key] = attrgetter("id")


async def find_reached(
    sender: Sender,
    pager: Pager[T],
    is_reached: Callable[[T], bool],
    ids: Collection[int],
    key: Key = BY_ID,
) -> set[int]:
    """Return those ids whose item in the list is as it should be.

    Reads page by page until all of them are found so, or the list ends.
    """
    left = set(ids)
    async for page in walk(pager.page_request(), partial(read_page, sender, pager)):
        left.difference_update(key(item) for item in page.items if is_reached(item))
        if not left:
            break
    return set(ids) - left


async def find_gone(
    sender: Sender, pager: Pager[Any], ids: Collection[int], key: Key = BY_ID
) -> set[int]:
    """Return those ids that the list lacks, if one page holds all of it.

    Items that go while several pages are read let others slip through between two
    pages, so a longer list proves nothing gone.
    """
    page = await read_page(sender, pager, 0)
    return set() if page.has_more else set(ids) - {key(item) for item in page.items}


async def read_page(sender: Sender, pager: Pager[T], skip: int) -> Page[T]:
    """Read the page of a list that begins after ``skip`` items."""
    request = pager.page_request(skip=skip)
    return conclude(request, await sender.deliver(request, partial(pager.decode_page, skip=skip)))
