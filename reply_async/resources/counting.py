"""How many there are, also where the server has no route that counts.

The routes that count are marked as coming soon in the API's document.
"""

from typing import Any

from reply_async.bulk.enrolment import read_count
from reply_async.errors import NotFound
from reply_async.pagination import Pager
from reply_async.requests import Request
from reply_async.responses import lacks_route
from reply_async.transport.sender import Sender


async def counted(sender: Sender, request: Request) -> int | None:
    """Ask for a count; None where the server does not know the route."""
    try:
        return await sender.send(request, read_count)
    except NotFound as error:
        if not lacks_route(error):
            raise
    return None


async def length(pager: Pager[Any]) -> int:
    """Count the items of a list by reading all of it."""
    return sum([1 async for _ in pager])
