"""Lists of contacts: find, create, rename, share, fill and delete them.

Wraps the API pages filed under "Contact lists". Names are unique. No call takes a
contact off a list, except by moving it to another.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from collections.abc import Sequence as Items
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Final

from attrs import frozen

from reply_async.bulk.item_calls import ItemCalls
from reply_async.converter import decode
from reply_async.models.contact_lists import ContactList
from reply_async.outcome import BulkOutcome
from reply_async.pagination import Page, Pager
from reply_async.requests import (
    NotReached,
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
    int32,
)
from reply_async.resources.arguments import checked_text, some_ids
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import judge_deleted, judge_replaced
from reply_async.transport.sender import Sender

SHORTEST_NAME: Final = 2
CHUNK: Final = 1000  # the server names no limit; imports take as many
LIST_NUMBERS: Final = {8: "contactNotProcessed"}
_LIST = partial(decode, kind=ContactList)


@frozen
class ContactLists:
    """The lists of the acting user, and those that are shared with the team."""

    _sender: Sender

    def list(self, *, search: str | None = None) -> Pager[ContactList]:
        """List the contact lists, all or those whose name holds ``search``.

        Costs: 1 request per 1,000 lists.
        Raises: InvalidUse, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: contact-lists/list-contact-lists.
        """
        request = Request(
            "GET",
            "/v3/contact-lists",
            query={} if search is None else {"search": checked_text("search", search)},
            safety=Safety.READ,
        )
        return Pager(self._sender, request, ContactList, attrgetter("id"))

    async def get(self, list_id: int) -> ContactList:
        """Return one contact list.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: contact-lists/get-a-contact-list.
        """
        return await self._sender.send(_get(int32("list_id", list_id)), _LIST)

    async def create(self, name: str, *, is_shared: bool = False) -> ContactList:
        """Create an empty list and return it; ``name`` has 2 characters or more.

        Costs: 1 request.
        Lost answer: looked for by its exact name; not found, or not alike:
        OutcomeUnknown, never a second list.
        Raises: InvalidUse, ValidationFailed, Conflict (the name exists), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: contact-lists/create-a-contact-list.
        """
        checked_text("name", name, shortest=SHORTEST_NAME)
        namesakes = self.list(search=name)
        request = Request(
            "POST",
            "/v3/contact-lists",
            safety=Safety.CREATE,
            body=to_json({"name": name, "isShared": is_shared}),
            read_back=ReadBack(
                request=namesakes.page_request(),
                decode=namesakes.decode_page,
                judge=partial(judge_created, name, is_shared),
            ),
        )
        return await self._sender.send(request, _LIST)

    async def replace(self, list_id: int, *, name: str) -> ContactList:
        """Rename a list, which is all that can be replaced, and return it.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict (the name exists),
        Forbidden, RateLimitWait, OutcomeUnknown.
        API page: contact-lists/update-a-contact-list.
        """
        path = int32("list_id", list_id)
        body = {"name": checked_text("name", name)}
        request = Request(
            "PUT",
            "/v3/contact-lists/{id}",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json(body),
            read_back=ReadBack(
                request=_get(path), decode=_LIST, judge=partial(judge_replaced, body)
            ),
        )
        return await self._sender.send(request, _LIST)

    async def delete(self, list_id: int) -> None:
        """Delete a list; its contacts stay in the account.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: contact-lists/delete-a-contact-list.
        """
        path = int32("list_id", list_id)
        request = Request(
            "DELETE",
            "/v3/contact-lists/{id}",
            path={"id": path},
            safety=Safety.DELETE,
            read_back=ReadBack(request=_get(path), decode=_LIST, judge=judge_deleted),
        )
        await self._sender.send(request, None)

    async def share(self, list_id: int) -> None:
        """Let the whole team see a list; one that is shared stays so.

        Costs: 1 request. Lost answer: the list is read, then at most one repeat.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: contact-lists/share-a-contact-list.
        """
        path = int32("list_id", list_id)
        request = Request(
            "POST",
            "/v3/contact-lists/{id}/share",
            path={"id": path},
            safety=Safety.STATE,
            read_back=_sharing(path, is_shared=True),
        )
        await self._sender.send(request, None)

    async def unshare(self, list_id: int) -> None:
        """Hide a list from the rest of the team; one that is not shared stays so.

        Costs: 1 request. Lost answer: the list is read, then at most one repeat.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: contact-lists/unshare-a-contact-list.
        """
        path = int32("list_id", list_id)
        request = Request(
            "POST",
            "/v3/contact-lists/{id}/unshare",
            path={"id": path},
            safety=Safety.STATE,
            read_back=_sharing(path, is_shared=False),
        )
        await self._sender.send(request, None)

    async def add_contacts(
        self, list_id: int, contact_ids: Iterable[int] | AsyncIterable[int]
    ) -> BulkOutcome[int, None]:
        """Put contacts on a list, any number of them; who is on it already is done.

        Costs: 1 request per 1,000 ids.
        Lost answer: the same ids are sent again, twice at most; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: contact-lists/add-contacts-to-a-contact-list.
        """
        path = int32("list_id", list_id)
        ids = await some_ids("contact_ids", contact_ids)

        def build(chunk: Items[int]) -> Request:
            return _filling("/v3/contact-lists/{id}/add-contacts", path, chunk)

        return await self._fill(build, ids)

    async def move_contacts(
        self, list_id: int, contact_ids: Iterable[int] | AsyncIterable[int]
    ) -> BulkOutcome[int, None]:
        """Put contacts on a list and take them off every other one.

        Costs: 1 request per 1,000 ids.
        Lost answer: the same ids are sent again, twice at most; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: contact-lists/move-contacts-to-a-contact-list.
        """
        path = int32("list_id", list_id)
        ids = await some_ids("contact_ids", contact_ids)

        def build(chunk: Items[int]) -> Request:
            return _filling("/v3/contact-lists/{id}/move-contacts", path, chunk)

        return await self._fill(build, ids)

    async def _fill(
        self, build: Callable[[Items[int]], Request], ids: Items[int]
    ) -> BulkOutcome[int, None]:
        calls = ItemCalls(sender=self._sender, build=build, size=CHUNK, numbers=LIST_NUMBERS)
        return await calls.run(ids)


def judge_created(
    name: str, is_shared: bool, page: Page[ContactList] | None, _since: datetime
) -> Verdict:
    """Adopt the list of that name if it is like the one that was sent."""
    made = [item for item in page.items if item.name == name] if page is not None else []
    if len(made) == 1 and made[0].is_shared in (None, is_shared):
        return Reached(made[0])
    return Undecided(tuple(item.id for item in made))


def judge_sharing(is_shared: bool, item: ContactList | None, _since: datetime) -> Verdict:
    """Tell whether a list is as shared as it was to be."""
    if item is None or item.is_shared is None:
        return Undecided()
    return Reached(None) if item.is_shared is is_shared else NotReached()


def _get(path: str) -> Request:
    return Request("GET", "/v3/contact-lists/{id}", path={"id": path}, safety=Safety.READ)


def _sharing(path: str, *, is_shared: bool) -> ReadBack:
    return ReadBack(request=_get(path), decode=_LIST, judge=partial(judge_sharing, is_shared))


def _filling(template: str, path: str, chunk: Items[int]) -> Request:
    return Request(
        "POST",
        template,
        path={"id": path},
        safety=Safety.UPSERT,
        body=to_json({"contactIds": list(chunk)}),
        rows=len(chunk),
    )
