"""The mailboxes and LinkedIn accounts that send for sequences.

Wraps the API pages filed under "Sequence email accounts" and "Sequence LinkedIn
accounts". What is linked can be read cheaply, so lost answers are read back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from attrs import frozen

from reply_async.converter import decode_list
from reply_async.models.senders import SequenceEmailAccount, SequenceLinkedInAccount
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
from reply_async.resources.numbers import id_list
from reply_async.transport.sender import Sender

MAILBOXES_PER_SEQUENCE = 100
_MAILBOXES = partial(decode_list, kind=SequenceEmailAccount)
_LINKEDIN_ACCOUNTS = partial(decode_list, kind=SequenceLinkedInAccount)
_Accounts = tuple[SequenceEmailAccount, ...] | tuple[SequenceLinkedInAccount, ...]


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
        return await self._sender.send(_mailboxes(int32("sequence_id", sequence_id)), _MAILBOXES)

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

        No ids at all take every mailbox out, which the server may refuse:
        ``remove_email_account`` is sure.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict, Forbidden, RateLimitWait,
        OutcomeUnknown.
        API page: sequence-email-accounts/replace-email-accounts.
        """
        ids = id_list(
            "email_account_ids", email_account_ids, largest=INT64_MAX, most=MAILBOXES_PER_SEQUENCE
        )
        await self._write("PUT", sequence_id, {"emailAccountIds": ids}, Safety.REPLACE, set(ids))

    async def remove_email_account(self, sequence_id: int, email_account_id: int) -> None:
        """Let a mailbox no longer send for a sequence.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: sequence-email-accounts/unlink-an-email-account.
        """
        path = int32("sequence_id", sequence_id)
        account = checked_id("email_account_id", email_account_id, INT64_MAX)
        request = Request(
            "DELETE",
            "/v3/sequences/{id}/email-account-links/{email_account_id}",
            path={"id": path, "email_account_id": str(account)},
            safety=Safety.DELETE,
            read_back=ReadBack(
                request=_mailboxes(path), decode=_MAILBOXES, judge=partial(_judge_removed, account)
            ),
        )
        await self._sender.send(request, None)

    async def linkedin_accounts(self, sequence_id: int) -> tuple[SequenceLinkedInAccount, ...]:
        """Return the LinkedIn accounts assigned to a sequence.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-linkedin-accounts/list-sequence-linkedin-accounts.
        """
        request = _linkedin_accounts(int32("sequence_id", sequence_id))
        return await self._sender.send(request, _LINKEDIN_ACCOUNTS)

    async def assign_linkedin_account(self, sequence_id: int, linkedin_account_id: int) -> None:
        """Let a LinkedIn account act for a sequence; once is enough.

        The server takes an account in any state, also one that cannot act now.

        Costs: 1 request. Lost answer: sent again, which changes nothing more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: sequence-linkedin-accounts/link-a-linkedin-account.
        """
        account = checked_id("linkedin_account_id", linkedin_account_id)
        request = Request(
            "POST",
            "/v3/sequences/{id}/linkedin-account-links",
            path={"id": int32("sequence_id", sequence_id)},
            safety=Safety.UPSERT,
            body=to_json({"linkedInAccountId": account}),
        )
        await self._sender.send(request, None)

    async def remove_linkedin_account(self, sequence_id: int, linkedin_account_id: int) -> None:
        """Let a LinkedIn account no longer act for a sequence.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: sequence-linkedin-accounts/unlink-a-linkedin-account.
        """
        path = int32("sequence_id", sequence_id)
        account = checked_id("linkedin_account_id", linkedin_account_id)
        request = Request(
            "DELETE",
            "/v3/sequences/{id}/linkedin-account-links/{linkedInAccountId}",
            path={"id": path, "linkedInAccountId": str(account)},
            safety=Safety.DELETE,
            read_back=ReadBack(
                request=_linkedin_accounts(path),
                decode=_LINKEDIN_ACCOUNTS,
                judge=partial(_judge_removed, account),
            ),
        )
        await self._sender.send(request, None)

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
                request=_mailboxes(path),
                decode=_MAILBOXES,
                judge=partial(_judge_assigned, wanted, safety),
            ),
        )
        await self._sender.send(request, None)


def _mailboxes(path: str) -> Request:
    return Request(
        "GET", "/v3/sequences/{id}/email-accounts", path={"id": path}, safety=Safety.READ
    )


def _linkedin_accounts(path: str) -> Request:
    return Request(
        "GET", "/v3/sequences/{id}/linkedin-accounts", path={"id": path}, safety=Safety.READ
    )


def _judge_assigned(
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


def _judge_removed(account_id: int, accounts: _Accounts | None, _since: datetime) -> Verdict:
    if accounts is None:  # the sequence is missing, of which a delete says nothing
        return Undecided()
    is_linked = any(account.id == account_id for account in accounts)
    return NotReached() if is_linked else Reached(None)
