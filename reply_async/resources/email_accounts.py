"""Mailboxes of the workspace: find, connect, test, change, tag and delete them.

Wraps the API pages filed under "Email accounts". Passwords are sent and never read
back: they stay out of every repr, and a change that holds them cannot be compared.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Final

from attrs import frozen

from reply_async.bulk.chunks import each
from reply_async.bulk.item_calls import ItemCalls
from reply_async.bulk.list_checks import find_gone
from reply_async.converter import decode, decode_list, encode
from reply_async.errors import InvalidUse, OutcomeUnknown, ReplyError
from reply_async.models.email_accounts import (
    ConnectivityTestResult,
    EmailAccountCredentials,
    EmailAccountDetail,
    EmailAccountOptOut,
    EmailAccountRampUp,
    EmailAccountSafety,
    EmailAccountSignature,
    EmailAccountStats,
    EmailAccountTag,
    MailServer,
)
from reply_async.models.senders import EmailAccount, EmailAccountType, EmailConnectionStatus
from reply_async.outcome import BulkOutcome
from reply_async.pagination import Pager
from reply_async.requests import (
    INT64_MAX,
    AnswerKind,
    ReadBack,
    Request,
    Safety,
    Verdict,
    checked_id,
    int32,
    int64,
)
from reply_async.resources.arguments import checked_text
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import judge_deleted, judge_replaced
from reply_async.resources.email_account_bodies import (
    account_members,
    filter_body,
    has_servers_of,
    judge_created,
    judge_default,
    judge_resumed,
    judge_tag,
    judge_untagged,
    read_address,
    server_body,
)
from reply_async.resources.numbers import checked_number, some_texts
from reply_async.transport.sender import Sender
from reply_async.unset import UNSET, Unset

DELETE_SIZE: Final = 100
Judge = Callable[[EmailAccountDetail | None, datetime], Verdict]
_ACCOUNT = partial(decode, kind=EmailAccountDetail)
_TAGS = partial(decode_list, kind=EmailAccountTag)


@frozen
class EmailAccounts:
    """The mailboxes of the workspace; their ids have 64 bits."""

    _sender: Sender

    def list(self, *, my: bool = False) -> Pager[EmailAccount]:
        """List the mailboxes of the workspace, or only the acting user's own.

        Costs: 1 request per 1,000 mailboxes.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: email-accounts/list-email-accounts.
        """
        request = Request(
            "GET", "/v3/email-accounts", query={"my": "true"} if my else {}, safety=Safety.READ
        )
        return Pager(self._sender, request, EmailAccount, attrgetter("id"))

    def filter(
        self,
        *,
        status: EmailConnectionStatus | str | None = None,
        email_account_type: EmailAccountType | str | None = None,
        email: str | None = None,
        domains: Iterable[str] | None = None,
        owner_user_ids: Iterable[int] | None = None,
        tags: Iterable[str] | None = None,
    ) -> Pager[EmailAccount]:
        """List the mailboxes that meet all conditions; None sets no condition.

        Costs: 1 request per 1,000 mailboxes.
        Raises: InvalidUse, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: email-accounts/filter-email-accounts.
        """
        request = _filter_request(
            "/v3/email-accounts/filter",
            filter_body(status, email_account_type, email, domains, owner_user_ids, tags),
        )
        return Pager(self._sender, request, EmailAccount, attrgetter("id"))

    async def get(self, account_id: int) -> EmailAccountDetail:
        """Return one mailbox with its connection and limits, without passwords.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: email-accounts/get-an-email-account.
        """
        return await self._sender.send(_get(int64("account_id", account_id)), _ACCOUNT)

    async def create(
        self,
        connection: EmailAccountCredentials,
        *,
        safety: EmailAccountSafety | Unset = UNSET,
        signature: EmailAccountSignature | Unset = UNSET,
        opt_out: EmailAccountOptOut | Unset = UNSET,
        ramp_up: EmailAccountRampUp | Unset = UNSET,
        tags: Iterable[str] | Unset = UNSET,
    ) -> EmailAccountDetail:
        """Connect a mailbox over SMTP and IMAP and return it as the server has it.

        For Gmail and Office 365 see ``connect_gmail`` and ``connect_office365``. What is
        not given is the server's choice.

        Costs: 1 request.
        Lost answer: looked for by its exact address, and its servers compared; not found,
        several, or other servers: OutcomeUnknown, never a second mailbox.
        Raises: InvalidUse, ValidationFailed, ApiError, Conflict (too many mailboxes),
        Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-accounts/create-an-email-account.
        """
        given = account_members(connection, safety, signature, opt_out, ramp_up, tags)
        namesakes = self.filter(email=connection.email)
        request = Request(
            "POST",
            "/v3/email-accounts",
            safety=Safety.CREATE,
            body=to_json(encode(given)),
            read_back=ReadBack(
                request=namesakes.page_request(),
                decode=namesakes.decode_page,
                judge=partial(judge_created, connection.email),
            ),
        )
        made: EmailAccountDetail | EmailAccount = await self._sender.send(request, _ACCOUNT)
        if isinstance(made, EmailAccountDetail):
            return made
        return await self._adopt(made.id, connection, request)

    async def _adopt(
        self, account_id: int, connection: EmailAccountCredentials, request: Request
    ) -> EmailAccountDetail:
        """Read a mailbox that has the right address; with other servers it is an older one."""
        try:
            found = await self.get(account_id)
        except ReplyError as error:
            error.add_note(f"mailbox {account_id} has the address of the lost one")
            raise
        if not has_servers_of(connection, found):
            raise OutcomeUnknown(request, "a namesake has other servers", (account_id,))
        return found

    async def update(
        self,
        account_id: int,
        *,
        connection: EmailAccountCredentials | Unset = UNSET,
        safety: EmailAccountSafety | Unset = UNSET,
        signature: EmailAccountSignature | Unset = UNSET,
        opt_out: EmailAccountOptOut | Unset = UNSET,
        ramp_up: EmailAccountRampUp | Unset = UNSET,
        tags: Iterable[str] | Unset = UNSET,
    ) -> EmailAccountDetail:
        """Change what is given, leave the rest, and return the mailbox as it now stands.

        ``connection`` goes whole, with both passwords; ``tags`` replace all tags.

        Costs: 1 request.
        Lost answer: read and compared, equal counts as done; with a ``connection``
        OutcomeUnknown, since passwords cannot be compared.
        Raises: InvalidUse, ValidationFailed, NotFound, Forbidden, RateLimitWait,
        OutcomeUnknown.
        API page: email-accounts/update-an-email-account.
        """
        path = int64("account_id", account_id)
        given = account_members(connection, safety, signature, opt_out, ramp_up, tags)
        if not given:
            raise InvalidUse("update", "nothing to change is given")
        read_back = None
        if isinstance(connection, Unset):
            judge = partial(judge_replaced, encode(given))
            read_back = ReadBack(request=_get(path), decode=_ACCOUNT, judge=judge)
        request = Request(
            "PATCH",
            "/v3/email-accounts/{id}",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json(encode(given)),
            read_back=read_back,
        )
        return await self._sender.send(request, _ACCOUNT)

    async def delete(self, account_id: int) -> None:
        """Delete a mailbox, which then sends for no sequence.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-accounts/delete-an-email-account.
        """
        path = int64("account_id", account_id)
        request = Request(
            "DELETE",
            "/v3/email-accounts/{id}",
            path={"id": path},
            safety=Safety.DELETE,
            read_back=ReadBack(request=_get(path), decode=_ACCOUNT, judge=judge_deleted),
        )
        await self._sender.send(request, None)

    async def delete_many(self, ids: Iterable[int] | AsyncIterable[int]) -> BulkOutcome[int, None]:
        """Delete mailboxes, any number of them, and tell what became of each id.

        Costs: 1 request per 100 ids.
        Lost answer: the mailboxes are listed, then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: email-accounts/bulk-delete-email-accounts.
        """
        checked: dict[int, None] = {}
        position = 0
        async for id_ in each(ids):
            checked[checked_id(f"ids[{position}]", id_, INT64_MAX)] = None
            position += 1
        if not checked:
            raise InvalidUse("ids", "is empty")
        calls = ItemCalls(
            sender=self._sender,
            build=_delete_request,
            size=DELETE_SIZE,
            find_done=partial(find_gone, self._sender, self.list()),
            echo="notFound",
        )
        return await calls.run([*checked])

    async def set_default(self, account_id: int) -> None:
        """Make a mailbox the one that sends unless another is chosen.

        Costs: 1 request. Lost answer: the mailbox is read, then at most one repeat.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-accounts/set-default-email-account.
        """
        await self._act("set-default", account_id, judge_default)

    async def resume_sending(self, account_id: int) -> None:
        """Let a mailbox send again whose sending was stopped.

        No answer tells whether sending was resumed, so a lost one is repeated.

        Costs: 1 request. Lost answer: the mailbox is read, then one repeat.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-accounts/resume-email-account-sending.
        """
        await self._act("resume-sending", account_id, judge_resumed)

    async def _act(self, action: str, account_id: int, judge: Judge) -> None:
        path = int64("account_id", account_id)
        request = Request(
            "POST",
            f"/v3/email-accounts/{{id}}/{action}",
            path={"id": path},
            safety=Safety.STATE,
            read_back=ReadBack(request=_get(path), decode=_ACCOUNT, judge=judge),
        )
        await self._sender.send(request, None)

    async def connect_gmail(self) -> str:
        """Return the address at which a user connects a Gmail mailbox in a browser.

        The address is not opened here; whoever opens it connects a mailbox.

        Costs: 1 request. Lost answer: OutcomeUnknown, there is nothing to read it back
        by; nothing is connected before the address is opened.
        Raises: ApiError, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-accounts/connect-gmail-account.
        """
        return await self._connect("/v3/email-accounts/connect/gmail")

    async def connect_office365(self) -> str:
        """Return the address at which a user connects an Office 365 mailbox in a browser.

        The address is not opened here; whoever opens it connects a mailbox.

        Costs: 1 request. Lost answer: OutcomeUnknown, there is nothing to read it back
        by; nothing is connected before the address is opened.
        Raises: ApiError, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-accounts/connect-office-365-account.
        """
        return await self._connect("/v3/email-accounts/connect/office-365")

    async def _connect(self, template: str) -> str:
        request = Request("GET", template, safety=Safety.CREATE, answer_kind=AnswerKind.REDIRECT)
        return await self._sender.send(request, read_address)

    async def test_smtp(self, server: MailServer) -> ConnectivityTestResult:
        """Try a server that sends mail; a failed test is a result, not an error.

        Costs: 1 request.
        Raises: InvalidUse, ValidationFailed, Forbidden, RateLimitWait, ConnectionFailed,
        BadAnswer.
        API page: email-accounts/test-smtp-connection.
        """
        return await self._test("/v3/email-accounts/test/smtp", server)

    async def test_imap(self, server: MailServer) -> ConnectivityTestResult:
        """Try a server that receives mail; a failed test is a result, not an error.

        Costs: 1 request.
        Raises: InvalidUse, ValidationFailed, Forbidden, RateLimitWait, ConnectionFailed,
        BadAnswer.
        API page: email-accounts/test-imap-connection.
        """
        return await self._test("/v3/email-accounts/test/imap", server)

    async def _test(self, template: str, server: MailServer) -> ConnectivityTestResult:
        request = Request("POST", template, safety=Safety.READ, body=server_body(server))
        return await self._sender.send(request, partial(decode, kind=ConnectivityTestResult))

    async def stats(self, account_id: int) -> EmailAccountStats:
        """Return what one mailbox sent. Coming soon in the API, may be live by now.

        Costs: 1 request.
        Raises: InvalidUse, NotFound (also where the API has no such call yet), Forbidden,
        RateLimitWait, ConnectionFailed, BadAnswer.
        API page: email-accounts/get-email-account-stats.
        """
        request = Request(
            "GET",
            "/v3/email-accounts/{id}/stats",
            path={"id": int64("account_id", account_id)},
            safety=Safety.READ,
        )
        return await self._sender.send(request, partial(decode, kind=EmailAccountStats))

    def filter_stats(
        self,
        *,
        status: EmailConnectionStatus | str | None = None,
        email_account_type: EmailAccountType | str | None = None,
        email: str | None = None,
        domains: Iterable[str] | None = None,
        owner_user_ids: Iterable[int] | None = None,
        tags: Iterable[str] | None = None,
    ) -> Pager[EmailAccountStats]:
        """List what mailboxes sent, filtered as in ``filter``. Coming soon in the API.

        Costs: 1 request per 1,000 mailboxes.
        Raises: InvalidUse, NotFound (where the API has no such call yet), Forbidden,
        RateLimitWait, ConnectionFailed, BadAnswer.
        API page: email-accounts/filter-email-account-stats.
        """
        request = _filter_request(
            "/v3/email-accounts/stats",
            filter_body(status, email_account_type, email, domains, owner_user_ids, tags),
        )
        return Pager(self._sender, request, EmailAccountStats, attrgetter("id"))

    async def tags(self) -> tuple[EmailAccountTag, ...]:
        """Return all tags that mailboxes may have.

        Costs: 1 request.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: email-accounts/list-email-account-tags.
        """
        return await self._sender.send(_tags(), _TAGS)

    async def replace_tag(self, tag_id: int, *, name: str, color_id: int | None) -> EmailAccountTag:
        """Give a tag another name and colour, on every mailbox that has it.

        Costs: 1 request. Lost answer: the tags are read and compared; equal counts as
        done.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-accounts/update-email-account-tag.
        """
        path = int32("tag_id", tag_id)
        color = None if color_id is None else checked_number("color_id", color_id)
        body = {"name": checked_text("name", name), "colorId": color}
        request = Request(
            "PUT",
            "/v3/email-accounts/tags/{tagId}",
            path={"tagId": path},
            safety=Safety.REPLACE,
            body=to_json(body),
            read_back=ReadBack(
                request=_tags(), decode=_TAGS, judge=partial(judge_tag, int(path), body)
            ),
        )
        return await self._sender.send(request, partial(decode, kind=EmailAccountTag))

    async def add_tags(self, account_id: int, tags: Iterable[str]) -> None:
        """Put tags on a mailbox; those that it has change nothing.

        Costs: 1 request. Lost answer: sent again, which changes nothing more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-accounts/add-email-account-tags.
        """
        request = Request(
            "POST",
            "/v3/email-accounts/{id}/tags",
            path={"id": int64("account_id", account_id)},
            safety=Safety.UPSERT,
            body=to_json({"tags": some_texts("tags", tags)}),
        )
        await self._sender.send(request, None)

    async def remove_tags(self, account_id: int, tags: Iterable[str]) -> None:
        """Take tags off a mailbox.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: email-accounts/remove-email-account-tags.
        """
        path, names = int64("account_id", account_id), some_texts("tags", tags)
        request = Request(
            "DELETE",
            "/v3/email-accounts/{id}/tags",
            path={"id": path},
            safety=Safety.DELETE,
            body=to_json({"tags": names}),
            read_back=ReadBack(
                request=_get(path), decode=_ACCOUNT, judge=partial(judge_untagged, names)
            ),
        )
        await self._sender.send(request, None)


def _get(path: str) -> Request:
    return Request("GET", "/v3/email-accounts/{id}", path={"id": path}, safety=Safety.READ)


def _tags() -> Request:
    return Request("GET", "/v3/email-accounts/tags", safety=Safety.READ)


def _filter_request(template: str, body: bytes) -> Request:
    return Request("POST", template, safety=Safety.READ, body=body)


def _delete_request(ids: Sequence[int]) -> Request:
    return Request(
        "POST",
        "/v3/email-accounts/bulk-delete",
        safety=Safety.DELETE,
        body=to_json({"ids": ids}),
        rows=len(ids),
    )
