"""Folders of e-mail templates.

Wraps the API pages filed under "Email templates" that treat folders. Folders of
different types may share an id, hence most calls want the type as well.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final

from attrs import frozen

from reply_async.converter import decode, decode_list
from reply_async.errors import InvalidUse
from reply_async.models.email_templates import EmailTemplateFolder, EmailTemplateFolderType
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
from reply_async.resources.arguments import checked_text, checked_word
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import judge_deleted, judge_replaced
from reply_async.transport.sender import Sender

LONGEST_NAME: Final = 128
OWNERS: Final = (EmailTemplateFolderType.PERSONAL, EmailTemplateFolderType.TEAM)
_FOLDER = partial(decode, kind=EmailTemplateFolder)
_FOLDERS = partial(decode_list, kind=EmailTemplateFolder)
_Folders = tuple[EmailTemplateFolder, ...]


@frozen
class EmailTemplateFolders:
    """The folders of e-mail templates that the acting user can see."""

    _sender: Sender

    async def list(self) -> tuple[EmailTemplateFolder, ...]:
        """Return all folders.

        Costs: 1 request.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: email-templates/list-email-template-folders.
        """
        return await self._sender.send(_list(), _FOLDERS)

    async def get(
        self, folder_id: int, *, folder_type: EmailTemplateFolderType | str
    ) -> EmailTemplateFolder:
        """Return one folder.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: email-templates/get-an-email-template-folder.
        """
        return await self._sender.send(_one("GET", folder_id, folder_type), _FOLDER)

    async def create(
        self, name: str, *, folder_type: EmailTemplateFolderType | str
    ) -> EmailTemplateFolder:
        """Create a folder, PERSONAL or TEAM, and return it.

        ``name`` has at most 128 characters.

        Costs: 1 request.
        Lost answer: looked for by its exact name and type; not found, or several:
        OutcomeUnknown, never a second folder.
        Raises: InvalidUse, ValidationFailed, Conflict (the name is taken), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: email-templates/create-an-email-template-folder.
        """
        checked_text("name", name, longest=LONGEST_NAME)
        kind = checked_owner(folder_type)
        request = Request(
            "POST",
            "/v3/email-template-folders",
            safety=Safety.CREATE,
            body=to_json({"name": name, "folderType": kind}),
            read_back=ReadBack(
                request=_list(), decode=_FOLDERS, judge=partial(_judge_created, name, kind)
            ),
        )
        return await self._sender.send(request, _FOLDER)

    async def rename(
        self, folder_id: int, name: str, *, folder_type: EmailTemplateFolderType | str
    ) -> EmailTemplateFolder:
        """Give a folder another name, of at most 128 characters, and return it.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ApiError (a default folder), NotFound, Conflict (the name is
        taken), Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-templates/update-an-email-template-folder.
        """
        body = {"name": checked_text("name", name, longest=LONGEST_NAME)}
        read_back = ReadBack(
            request=_one("GET", folder_id, folder_type),
            decode=_FOLDER,
            judge=partial(judge_replaced, body),
        )
        request = _one("PUT", folder_id, folder_type, Safety.REPLACE, to_json(body), read_back)
        return await self._sender.send(request, _FOLDER)

    async def delete(self, folder_id: int, *, folder_type: EmailTemplateFolderType | str) -> None:
        """Delete a folder for good; what becomes of its templates is not published.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, ApiError (a default folder), NotFound, Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: email-templates/delete-an-email-template-folder.
        """
        read_back = ReadBack(
            request=_one("GET", folder_id, folder_type), decode=_FOLDER, judge=judge_deleted
        )
        request = _one("DELETE", folder_id, folder_type, Safety.DELETE, None, read_back)
        await self._sender.send(request, None)

    async def share(self, folder_id: int) -> EmailTemplateFolder:
        """Turn a personal folder into one of the team and return it.

        Costs: 1 request. Lost answer, or already shared: the folders are read; a team
        folder of this id beside no personal one is done, else at most one repeat.
        Raises: InvalidUse, ApiError (a default folder), NotFound, Conflict, Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: email-templates/share-an-email-template-folder.
        """
        path = int32("folder_id", folder_id)
        request = Request(
            "POST",
            "/v3/email-template-folders/{id}/share",
            path={"id": path},
            safety=Safety.STATE,
            read_back=ReadBack(
                request=_list(), decode=_FOLDERS, judge=partial(_judge_shared, int(path))
            ),
        )
        return await self._sender.send(request, _FOLDER)


def checked_owner(folder_type: str) -> EmailTemplateFolderType:
    """Return the type of a folder that a user may fill: personal or team."""
    kind = checked_word("folder_type", EmailTemplateFolderType, folder_type)
    if kind not in OWNERS:
        raise InvalidUse("folder_type", f"is none of {', '.join(OWNERS)}")
    return kind


def _list() -> Request:
    return Request("GET", "/v3/email-template-folders", safety=Safety.READ)


def _one(
    method: str,
    folder_id: int,
    folder_type: str,
    safety: Safety = Safety.READ,
    body: bytes | None = None,
    read_back: ReadBack | None = None,
) -> Request:
    kind = checked_word("folder_type", EmailTemplateFolderType, folder_type)
    return Request(
        method,
        "/v3/email-template-folders/{id}",
        path={"id": int32("folder_id", folder_id)},
        query={"folder_type": str(kind)},
        safety=safety,
        body=body,
        read_back=read_back,
    )


def _judge_created(
    name: str, kind: EmailTemplateFolderType, folders: _Folders | None, _since: datetime
) -> Verdict:
    """Names are taken once only, so the folder of this name is the one that was asked for."""
    same = [each for each in folders or () if each.name == name and each.folder_type == kind]
    return Reached(same[0]) if len(same) == 1 else Undecided(tuple(each.id for each in same))


def _judge_shared(folder_id: int, folders: _Folders | None, _since: datetime) -> Verdict:
    """Two folders may share an id: the personal one must be gone and the team's be there."""
    named = {each.folder_type: each for each in folders or () if each.id == folder_id}
    if EmailTemplateFolderType.PERSONAL in named:
        return NotReached()
    shared = named.get(EmailTemplateFolderType.TEAM)
    return Undecided() if shared is None else Reached(shared)
