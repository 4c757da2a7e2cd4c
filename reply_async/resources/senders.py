"""The mailboxes that send for sequences.

Wraps the API pages filed under "Sequence email accounts" and "Email accounts".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from operator import attrgetter

from attrs import frozen

from reply_async.converter import decode_list
from reply_async.errors import InvalidUse
from reply_async.models.senders import EmailAccount, SequenceEmailAccount
from reply_async.pagination import Pager
from reply_async.requests import (
    INT64_MAX,
    NotReached,
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
    checked_id,
    int32,
)
from reply_async.resources.bodies import to_json
from reply_async.transport.sender import Sender

MAILBOXES_PER_SEQUENCE = 100
_ACCOUNTS = partial(decode_list, kind=SequenceEmailAccount)


@frozen
class Senders:
    """Who sends for a sequence."""

    _sender: Sender

    async def email_accounts(self, sequence_id: int) -> tuple[SequenceEmailAccount, ...]:
        """Return the mailboxes assigned to a sequence.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-email-accounts/list-sequence-email-accounts.
        """
        return await self._sender.send(_list(int32("sequence_id", sequence_id)), _ACCOUNTS)

    async def assign_email_account(self, sequence_id: int, email_account_id: int) -> None:
        """Let a mailbox send for a sequence; one that does already changes nothing.

        Costs: 1 request. Lost answer: the mailboxes are read, then at most one repeat.
        Raises: InvalidUse, NotFound, Conflict (100 mailboxes at most), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: sequence-email-accounts/link-an-email-account.
        """
        account = checked_id("email_account_id", email_account_id, INT64_MAX)
        await self._write("POST", sequence_id, {"emailAccountId": account}, Safety.STATE, {account})

    async def replace_email_accounts(
        self, sequence_id: int, email_account_ids: Iterable[int]
    ) -> None:
        """Let exactly these mailboxes, at most 100, send for a sequence.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, NotFound, Conflict, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: sequence-email-accounts/replace-email-accounts.
        """
        ids = [
            checked_id(f"email_account_ids[{n}]", id_, INT64_MAX)
            for n, id_ in enumerate(email_account_ids)
        ]
        if len(ids) > MAILBOXES_PER_SEQUENCE:
            raise InvalidUse("email_account_ids", f"at most {MAILBOXES_PER_SEQUENCE} mailboxes")
        await self._write("PUT", sequence_id, {"emailAccountIds": ids}, Safety.REPLACE, set(ids))

    async def _write(
        self, method: str, sequence_id: int, body: object, safety: Safety, wanted: set[int]
    ) -> None:
        path = int32("sequence_id", sequence_id)
        request = Request(
            method,
            "/v3/sequences/{id}/email-account-links",
            path={"id": path},
            safety=safety,
            body=to_json(body),
            read_back=ReadBack(
                request=_list(path), decode=_ACCOUNTS, judge=partial(_judge, wanted, safety)
            ),
        )
        await self._sender.send(request, None)


@frozen
class EmailAccounts:
    """The mailboxes of the workspace."""

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


def _list(path: str) -> Request:
    return Request(
        "GET", "/v3/sequences/{id}/email-accounts", path={"id": path}, safety=Safety.READ
    )


def _judge(
    wanted: set[int],
    safety: Safety,
    accounts: tuple[SequenceEmailAccount, ...] | None,
    _since: datetime,
) -> Verdict:
    if accounts is None:
        return Undecided()
    linked = {account.id for account in accounts}
    if linked == wanted or (safety is Safety.STATE and wanted <= linked):
        return Reached(None)
    return NotReached() if safety is Safety.STATE else Undecided()
