"""Folders that sequences are filed in: find, create, rename, fill and delete them.

Wraps the API pages filed under "Sequence folders". A sequence is in one folder at most,
and the names of a user's folders are unique.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from collections.abc import Sequence as Items
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Final, Literal

from attrs import frozen

from reply_async.bulk.item_calls import ItemCalls
from reply_async.bulk.list_checks import find_gone, find_reached
from reply_async.converter import decode, decode_list
from reply_async.errors import InvalidUse
from reply_async.models.folders import SequenceFolder
from reply_async.models.sequences import SequenceListItem
from reply_async.outcome import BulkOutcome
from reply_async.pagination import Pager
from reply_async.requests import Reached, ReadBack, Request, Safety, Undecided, Verdict, uuid_text
from reply_async.resources.arguments import checked_choice, checked_text, some_ids
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import judge_deleted, judge_replaced
from reply_async.transport.sender import Sender

LONGEST_NAME: Final = 128
CHUNK: Final = 1000
LINK_NUMBERS: Final = {1: "notFound"}
_FOLDER = partial(decode, kind=SequenceFolder)
_FOLDERS = partial(decode_list, kind=SequenceFolder)

SortBy = Literal["title", "created", "people"]


@frozen
class Folders:
    """The sequence folders of the acting user."""

    _sender: Sender

    async def list(self) -> tuple[SequenceFolder, ...]:
        """Return the acting user's own folders by name.

        Costs: 1 request.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-folders/list-sequence-folders.
        """
        return await self._sender.send(_list(), _FOLDERS)

    async def get(self, folder_id: str) -> SequenceFolder:
        """Return one folder.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-folders/get-a-sequence-folder.
        """
        return await self._sender.send(_get(uuid_text("folder_id", folder_id)), _FOLDER)

    async def create(self, name: str) -> SequenceFolder:
        """Create an empty folder and return it; ``name`` has 128 characters at most.

        Costs: 1 request.
        Lost answer: looked for by its exact name; not found, or several:
        OutcomeUnknown, never a second folder.
        Raises: InvalidUse, ValidationFailed, Conflict (the name exists), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: sequence-folders/create-a-sequence-folder.
        """
        request = Request(
            "POST",
            "/v3/sequence-folders",
            safety=Safety.CREATE,
            body=to_json(_named(name)),
            read_back=ReadBack(
                request=_list(), decode=_FOLDERS, judge=partial(judge_created, name)
            ),
        )
        return await self._sender.send(request, _FOLDER)

    async def rename(self, folder_id: str, name: str) -> SequenceFolder:
        """Give a folder another name, of 128 characters at most, and return it.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict (the name exists),
        Forbidden, RateLimitWait, OutcomeUnknown.
        API page: sequence-folders/update-a-sequence-folder.
        """
        path, body = uuid_text("folder_id", folder_id), _named(name)
        request = Request(
            "PUT",
            "/v3/sequence-folders/{id}",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json(body),
            read_back=ReadBack(
                request=_get(path), decode=_FOLDER, judge=partial(judge_replaced, body)
            ),
        )
        return await self._sender.send(request, _FOLDER)

    async def delete(self, folder_id: str) -> None:
        """Delete a folder; its sequences are kept, without a folder.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: sequence-folders/delete-a-sequence-folder.
        """
        path = uuid_text("folder_id", folder_id)
        request = Request(
            "DELETE",
            "/v3/sequence-folders/{id}",
            path={"id": path},
            safety=Safety.DELETE,
            read_back=ReadBack(request=_get(path), decode=_FOLDER, judge=judge_deleted),
        )
        await self._sender.send(request, None)

    def sequences(
        self,
        folder_id: str,
        *,
        sort_by: SortBy | None = None,
        sort_direction: Literal["asc", "desc"] | None = None,
    ) -> Pager[SequenceListItem]:
        """List the sequences of a folder.

        Costs: 1 request per 1,000 sequences.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-folders/list-sequences-in-a-folder.
        """
        if sort_direction is not None and sort_by is None:
            raise InvalidUse("sort_direction", "needs sort_by")
        query = {
            "sort_by": checked_choice("sort_by", sort_by, ("title", "created", "people")),
            "sort_direction": checked_choice("sort_direction", sort_direction, ("asc", "desc")),
        }
        request = Request(
            "GET",
            "/v3/sequence-folders/{id}/sequences",
            path={"id": uuid_text("folder_id", folder_id)},
            query={name: value for name, value in query.items() if value is not None},
            safety=Safety.READ,
        )
        return Pager(self._sender, request, SequenceListItem, attrgetter("id"))

    async def assign(
        self, folder_id: str, sequence_ids: Iterable[int] | AsyncIterable[int]
    ) -> BulkOutcome[int, None]:
        """Put sequences into a folder, which takes them out of any other.

        Costs: 1 request per 1,000 ids.
        Lost answer: the folder is read, then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequence-folders/bulk-assign-sequences-to-a-folder.
        """
        path = uuid_text("folder_id", folder_id)
        calls = ItemCalls(
            sender=self._sender,
            build=partial(_linking, "/v3/sequence-folders/{id}/sequence-links/bulk", path),
            size=CHUNK,
            numbers=LINK_NUMBERS,
            find_done=partial(find_reached, self._sender, self.sequences(path), _is_there),
        )
        return await calls.run(await some_ids("sequence_ids", sequence_ids))

    async def unassign(
        self, folder_id: str, sequence_ids: Iterable[int] | AsyncIterable[int]
    ) -> BulkOutcome[int, None]:
        """Take sequences out of a folder; they are kept, without a folder.

        Costs: 1 request per 1,000 ids.
        Lost answer: the folder is read, then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequence-folders/bulk-unassign-sequences-from-a-folder.
        """
        path = uuid_text("folder_id", folder_id)
        calls = ItemCalls(
            sender=self._sender,
            build=partial(_linking, "/v3/sequence-folders/{id}/sequence-links/bulk-delete", path),
            size=CHUNK,
            numbers=LINK_NUMBERS,
            find_done=partial(find_gone, self._sender, self.sequences(path)),
            echo="notFound",
        )
        return await calls.run(await some_ids("sequence_ids", sequence_ids))


def judge_created(
    name: str, folders: tuple[SequenceFolder, ...] | None, _since: datetime
) -> Verdict:
    """Adopt the folder of that name; folders tell no time and names are unique."""
    made = [folder for folder in folders or () if folder.name == name]
    return Reached(made[0]) if len(made) == 1 else Undecided()


def _is_there(_sequence: SequenceListItem) -> bool:
    return True


def _list() -> Request:
    return Request("GET", "/v3/sequence-folders", safety=Safety.READ)


def _get(path: str) -> Request:
    return Request("GET", "/v3/sequence-folders/{id}", path={"id": path}, safety=Safety.READ)


def _named(name: str) -> dict[str, str]:
    return {"name": checked_text("name", name, longest=LONGEST_NAME)}


def _linking(template: str, path: str, chunk: Items[int]) -> Request:
    return Request(
        "POST",
        template,
        path={"id": path},
        safety=Safety.STATE,
        body=to_json({"sequenceIds": list(chunk)}),
        rows=len(chunk),
    )
