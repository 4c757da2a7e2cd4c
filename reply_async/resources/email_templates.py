"""E-mail templates: find, write, move, clone, render and try them, and attach files.

Wraps the API pages filed under "Email templates", those of folders aside. A lost create
is looked for by its name and its content.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final

from attrs import frozen

from reply_async.converter import decode, encode
from reply_async.errors import ReplyError
from reply_async.models.attachments import EmailTemplateAttachment
from reply_async.models.email_templates import (
    EmailTemplate,
    EmailTemplateFolderType,
    EmailTemplateItem,
    EmailTemplateRendered,
    EmailTemplateVariables,
)
from reply_async.pagination import Page, Pager
from reply_async.requests import (
    INT64_MAX,
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
    checked_id,
    int32,
)
from reply_async.resources.arguments import checked_text, checked_word
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import agrees, judge_deleted, judge_replaced
from reply_async.resources.email_template_folders import checked_owner
from reply_async.resources.numbers import id_list
from reply_async.resources.uploads import FileContent, upload_request
from reply_async.transport.sender import Sender

MOST_ATTACHMENTS: Final = 3
LONGEST_NAME: Final = 255
_TEMPLATE = partial(decode, kind=EmailTemplate)


@frozen
class EmailTemplates:
    """The e-mail templates that the acting user can see."""

    _sender: Sender

    def list(
        self,
        *,
        name: str | None = None,
        folder_id: int | None = None,
        folder_type: EmailTemplateFolderType | str | None = None,
        is_default: bool | None = None,
    ) -> Pager[EmailTemplateItem]:
        """List templates; ``name`` matches in part.

        Costs: 1 request per 1,000 templates.
        Raises: InvalidUse, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: email-templates/list-email-templates.
        """
        kind = folder_type and checked_word("folder_type", EmailTemplateFolderType, folder_type)
        query = {
            "name": name,
            "folder_id": None if folder_id is None else int32("folder_id", folder_id),
            "folder_type": kind,
            "is_default": None if is_default is None else str(is_default).lower(),
        }
        request = Request(
            "GET",
            "/v3/email-templates",
            safety=Safety.READ,
            query={key: str(value) for key, value in query.items() if value is not None},
        )
        return Pager(self._sender, request, EmailTemplateItem, attrgetter("id"))

    async def get(self, template_id: int) -> EmailTemplate:
        """Return one template.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: email-templates/get-an-email-template.
        """
        return await self._sender.send(_get(int32("template_id", template_id)), _TEMPLATE)

    async def create(
        self,
        name: str,
        *,
        body: str,
        folder_type: EmailTemplateFolderType | str,
        subject: str | None = None,
        folder_id: int | None = None,
        attachment_ids: Iterable[int] = (),
    ) -> EmailTemplate:
        """Create a template and return it as the server has it.

        ``name`` has at most 255 characters and ``body`` is HTML. ``folder_type`` is
        PERSONAL or TEAM; without a ``folder_id`` the server chooses the folder. At most
        3 files, from ``upload_attachment``.

        Costs: 1 request, 1 more where the answer was lost and the template is found.
        Lost answer: looked for by its exact name and its content; not found, or several:
        OutcomeUnknown, never a second template.
        Raises: InvalidUse, ValidationFailed, NotFound (the folder), Conflict (the name is
        taken), Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-templates/create-an-email-template.
        """
        content: dict[str, Any] = _content(name, subject, body)
        if subject is None:
            del content["subject"]
        content["folderType"] = checked_owner(folder_type)
        if folder_id is not None:
            content["folderId"] = checked_id("folder_id", folder_id)
        files = _files(attachment_ids)
        namesakes = self.list(name=name)
        request = Request(
            "POST",
            "/v3/email-templates",
            safety=Safety.CREATE,
            body=to_json(content | ({"attachmentIds": files} if files else {})),
            read_back=ReadBack(
                request=namesakes.page_request(),
                decode=namesakes.decode_page,
                judge=partial(_judge_created, content, files),
            ),
        )
        made: EmailTemplateItem = await self._sender.send(request, _TEMPLATE)
        if isinstance(made, EmailTemplate):
            return made
        try:  # found in the list, the answer was lost
            return await self.get(made.id)
        except ReplyError as error:
            error.add_note(f"e-mail template {made.id} was created")
            raise

    async def replace(
        self,
        template_id: int,
        *,
        name: str,
        subject: str | None,
        body: str,
        attachment_ids: Iterable[int],
    ) -> EmailTemplate:
        """Replace a template in full, files too, and return it; its folder stays.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict (the name is taken),
        Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-templates/update-an-email-template.
        """
        path = int32("template_id", template_id)
        content, files = _content(name, subject, body), _files(attachment_ids)
        wanted = content | {"attachments": [{"id": id_} for id_ in files]}
        request = Request(
            "PUT",
            "/v3/email-templates/{id}",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json(content | {"attachmentIds": files}),
            read_back=ReadBack(
                request=_get(path), decode=_TEMPLATE, judge=partial(judge_replaced, wanted)
            ),
        )
        return await self._sender.send(request, _TEMPLATE)

    async def delete(self, template_id: int) -> None:
        """Delete a template for good.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-templates/delete-an-email-template.
        """
        path = int32("template_id", template_id)
        request = Request(
            "DELETE",
            "/v3/email-templates/{id}",
            path={"id": path},
            safety=Safety.DELETE,
            read_back=ReadBack(request=_get(path), decode=_TEMPLATE, judge=judge_deleted),
        )
        await self._sender.send(request, None)

    async def clone(self, template_id: int) -> EmailTemplate:
        """Copy a template within its folder and return the copy.

        Costs: 1 request. Lost answer: OutcomeUnknown, never a second copy: what the copy
        is called is not published, so there is nothing to look for it by.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-templates/clone-an-email-template.
        """
        request = Request(
            "POST",
            "/v3/email-templates/{id}/clone",
            path={"id": int32("template_id", template_id)},
            safety=Safety.CREATE,
        )
        return await self._sender.send(request, _TEMPLATE)

    async def move(
        self, template_id: int, *, folder_id: int, folder_type: EmailTemplateFolderType | str
    ) -> EmailTemplate:
        """Move a template into a PERSONAL or TEAM folder and return it.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, NotFound (the template or the folder), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: email-templates/move-an-email-template.
        """
        path = int32("template_id", template_id)
        place = {
            "folderId": checked_id("folder_id", folder_id),
            "folderType": checked_owner(folder_type),
        }
        request = Request(
            "POST",
            "/v3/email-templates/{id}/move",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json(place),
            read_back=ReadBack(
                request=_get(path), decode=_TEMPLATE, judge=partial(judge_replaced, place)
            ),
        )
        return await self._sender.send(request, _TEMPLATE)

    async def render(
        self,
        template_id: int,
        *,
        contact_id: int,
        sequence_id: int | None = None,
        email_account_id: int | None = None,
    ) -> EmailTemplateRendered:
        """Return a template filled in for a contact; what fails stands in ``errors``.

        Nothing is sent, though the key needs the scope ``sequences:operate``.

        Costs: 1 request.
        Raises: InvalidUse, ApiError, NotFound (the template or the contact), Forbidden,
        RateLimitWait, ConnectionFailed, BadAnswer.
        API page: email-templates/render-an-email-template.
        """
        path = int32("template_id", template_id)
        body = {"contactId": checked_id("contact_id", contact_id)}
        if sequence_id is not None:
            body["sequenceId"] = checked_id("sequence_id", sequence_id)
        if email_account_id is not None:
            body["emailAccountId"] = checked_id("email_account_id", email_account_id, INT64_MAX)
        request = Request(
            "POST",
            "/v3/email-templates/{id}/render",
            path={"id": path},
            safety=Safety.READ,
            body=to_json(body),
        )
        return await self._sender.send(request, partial(decode, kind=EmailTemplateRendered))

    async def send_test(self, template_id: int, *, email: str, email_account_id: int) -> None:
        """Send a template to an address, from one of the mailboxes.

        Costs: 1 request. Lost answer: OutcomeUnknown, never sent again: the mail may be
        on its way, and nothing tells.
        Raises: InvalidUse, ApiError, NotFound (the template or the mailbox), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: email-templates/send-a-test-email.
        """
        path = int32("template_id", template_id)
        body = {
            "email": checked_text("email", email),
            "emailAccountId": checked_id("email_account_id", email_account_id, INT64_MAX),
        }
        request = Request(
            "POST",
            "/v3/email-templates/{id}/send-test",
            path={"id": path},
            safety=Safety.SEND,
            body=to_json(body),
        )
        await self._sender.send(request, None)

    async def variables(self) -> EmailTemplateVariables:
        """Return the variables that templates may hold.

        Costs: 1 request.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: email-templates/list-email-template-variables.
        """
        request = Request("GET", "/v3/email-templates/variables", safety=Safety.READ)
        return await self._sender.send(request, partial(decode, kind=EmailTemplateVariables))

    async def upload_attachment(
        self, file_name: str, content: FileContent
    ) -> EmailTemplateAttachment:
        """Upload a file for templates and return it with its id.

        ``file_name`` is what recipients see, without a path.

        Costs: 1 request. Lost answer: OutcomeUnknown, there is nothing to read it back by;
        a second upload leaves at worst an unused file.
        Raises: InvalidUse (no content), ApiError, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-templates/upload-an-email-template-attachment.
        """
        request = upload_request("/v3/email-template-attachments", file_name, content)
        return await self._sender.send(request, partial(decode, kind=EmailTemplateAttachment))


def _get(path: str) -> Request:
    return Request("GET", "/v3/email-templates/{id}", path={"id": path}, safety=Safety.READ)


def _content(name: str, subject: str | None, body: str) -> dict[str, Any]:
    return {
        "name": checked_text("name", name, longest=LONGEST_NAME),
        "subject": subject,
        "body": body,
    }


def _files(attachment_ids: Iterable[int]) -> list[int]:
    return id_list("attachment_ids", attachment_ids, most=MOST_ATTACHMENTS)


def _judge_created(
    content: dict[str, Any],
    files: list[int],
    page: Page[EmailTemplateItem] | None,
    _since: datetime,
) -> Verdict:
    """Compare the content, since the list does not tell when a template was made."""
    same = [
        each
        for each in (page.items if page is not None else ())
        if agrees(content, encode(each)) and files == [file.id for file in each.attachments]
    ]
    return Reached(same[0]) if len(same) == 1 else Undecided(tuple(each.id for each in same))
