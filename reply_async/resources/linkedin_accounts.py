"""LinkedIn accounts: find, limit, switch, connect and delete them.

Wraps the API pages filed under "LinkedIn accounts". An account is connected by its
owner, who opens a link.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from attrs import frozen

from reply_async.bulk.item_calls import ItemCalls
from reply_async.converter import decode, decode_list, encode
from reply_async.errors import InvalidUse
from reply_async.models.linkedin_accounts import (
    LinkedInAccount,
    LinkedInConnectionLink,
    LinkedInLimits,
    LinkedInLimitsMode,
    LinkedInToggleResult,
    PendingLinkedInAccount,
)
from reply_async.models.senders import LinkedInAccountStatus
from reply_async.outcome import BulkOutcome
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
from reply_async.resources.arguments import checked_text, checked_word, some_ids
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import judge_deleted, judge_replaced
from reply_async.resources.numbers import checked_number
from reply_async.responses import conclude
from reply_async.transport.sender import Sender
from reply_async.unset import Unset

DELETE_SIZE: Final = 100
SHORTEST_DELAY: Final = 30
LONGEST_DELAY: Final = 86_400
DELAYS_APART: Final = 60
DEFAULT_MIN_DELAY: Final = 60
DEFAULT_MAX_DELAY: Final = 120
# The numbers that older answers give in place of slugs.
_DELETE_NUMBERS: Final[Mapping[int, str]] = {
    2: "notFound",
    3: "accountInUse",
    7: "internalError",
    8: "voiceProfileConflict",
}
_ACCOUNT = partial(decode, kind=LinkedInAccount)
_ACCOUNTS = partial(decode_list, kind=LinkedInAccount)
_LINK = partial(decode, kind=LinkedInConnectionLink)
_PENDING = partial(decode_list, kind=PendingLinkedInAccount)


@frozen
class LinkedInAccounts:
    """The LinkedIn accounts of the workspace."""

    _sender: Sender

    async def list(self) -> tuple[LinkedInAccount, ...]:
        """Return all LinkedIn accounts.

        Costs: 1 request.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: linkedin-accounts/list-linkedin-accounts.
        """
        return await self._sender.send(_list(), _ACCOUNTS)

    async def get(self, account_id: int) -> LinkedInAccount:
        """Return one LinkedIn account with its limits and use.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: linkedin-accounts/get-a-linkedin-account.
        """
        return await self._sender.send(_get(int32("account_id", account_id)), _ACCOUNT)

    async def delete(self, account_id: int, *, force: bool = False) -> None:
        """Delete a LinkedIn account; one that sequences use only by ``force``.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Conflict (in use), Forbidden (also for an account
        whose voice is in use), RateLimitWait, OutcomeUnknown.
        API page: linkedin-accounts/delete-a-linkedin-account.
        """
        path = int32("account_id", account_id)
        request = Request(
            "DELETE",
            "/v3/linkedin-accounts/{id}",
            path={"id": path},
            query={"force": "true"} if force else {},
            safety=Safety.DELETE,
            read_back=ReadBack(request=_get(path), decode=_ACCOUNT, judge=judge_deleted),
        )
        await self._sender.send(request, None)

    async def delete_many(
        self, ids: Iterable[int] | AsyncIterable[int], *, force: bool = False
    ) -> BulkOutcome[int, None]:
        """Delete accounts, any number of them, and tell what became of each id.

        An account that sequences use is refused unless ``force`` is set.

        Costs: 1 request per 100 ids.
        Lost answer: the accounts are listed, then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: linkedin-accounts/bulk-delete-linkedin-accounts.
        """
        calls = ItemCalls(
            sender=self._sender,
            build=partial(_delete_request, force),
            size=DELETE_SIZE,
            numbers=_DELETE_NUMBERS,
            find_done=self._find_deleted,
            echo="notFound",
        )
        return await calls.run(await some_ids("ids", ids))

    async def _find_deleted(self, ids: Collection[int]) -> Collection[int]:
        request = _list()
        there = conclude(request, await self._sender.deliver(request, _ACCOUNTS))
        return set(ids) - {account.id for account in there}

    async def toggle_status(self, account_id: int) -> LinkedInAccountStatus | str:
        """Enable a disabled account, or disable an enabled one; return its state.

        Costs: 1 request. Lost answer: OutcomeUnknown, never a repeat, which would flip
        the state back: compare ``get`` with the state that you know of.
        Raises: InvalidUse, NotFound, ApiError (the cookie is invalid), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: linkedin-accounts/toggle-linkedin-account-status.
        """
        request = Request(
            "POST",
            "/v3/linkedin-accounts/{id}/toggle-status",
            path={"id": int32("account_id", account_id)},
            safety=Safety.CREATE,
        )
        result = await self._sender.send(request, partial(decode, kind=LinkedInToggleResult))
        return result.status

    async def replace_limits(self, account_id: int, limits: LinkedInLimits) -> None:
        """Replace the daily limits and delays of an account in full.

        Mode FIXED needs ``fixed_max``, RANGED ``range_min`` and ``range_max``. What the
        limits do not name is not kept.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ApiError, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: linkedin-accounts/update-linkedin-account-limits.
        """
        _check_limits(limits)
        await self._replace("limits", account_id, encode(limits), "limits")

    async def replace_revoke_settings(
        self, account_id: int, *, enabled: bool, period_days: int
    ) -> None:
        """Choose whether unanswered requests are taken back, and after how many days.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ApiError, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: linkedin-accounts/update-linkedin-account-revoke-settings.
        """
        body = {"enabled": enabled, "periodDays": checked_number("period_days", period_days)}
        await self._replace("revoke-settings", account_id, body, "revokeSettings")

    async def _replace(self, part: str, account_id: int, body: object, member: str) -> None:
        path = int32("account_id", account_id)
        request = Request(
            "PUT",
            f"/v3/linkedin-accounts/{{id}}/{part}",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json(body),
            read_back=ReadBack(
                request=_get(path), decode=_ACCOUNT, judge=partial(judge_replaced, {member: body})
            ),
        )
        await self._sender.send(request, None)

    async def create_connection_link(self, name: str) -> LinkedInConnectionLink:
        """Make a link that connects an account to come, which is pending until then.

        Whoever has the link can use it.

        Costs: 1 request.
        Lost answer: looked for by its exact name among the pending accounts that have
        not expired; not found, or several: OutcomeUnknown, never a second one.
        Raises: InvalidUse, ApiError, Conflict (too many accounts), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: linkedin-accounts/create-a-linkedin-connection-link.
        """
        request = Request(
            "POST",
            "/v3/linkedin-accounts/connection-link",
            safety=Safety.CREATE,
            body=to_json({"name": checked_text("name", name)}),
            read_back=ReadBack(
                request=_list_pending(), decode=_PENDING, judge=partial(_judge_link, name)
            ),
        )
        return await self._sender.send(request, _LINK)

    async def create_direct_connection_link(self) -> LinkedInConnectionLink:
        """Make a link at which the acting user connects an account at once.

        Costs: 1 request. Lost answer: OutcomeUnknown, there is nothing to read it back
        by; a second link does no harm.
        Raises: ApiError, Conflict (too many accounts), Forbidden, RateLimitWait,
        OutcomeUnknown.
        API page: linkedin-accounts/create-a-direct-linkedin-connection-link.
        """
        request = Request("POST", "/v3/linkedin-accounts/connect", safety=Safety.CREATE)
        return await self._sender.send(request, _LINK)

    async def reconnect(self, account_id: int) -> LinkedInConnectionLink:
        """Make a link at which the owner of an account connects it anew.

        Costs: 1 request. Lost answer: OutcomeUnknown, there is nothing to read it back
        by; a second link does no harm.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: linkedin-accounts/reconnect-a-linkedin-account.
        """
        request = Request(
            "POST",
            "/v3/linkedin-accounts/{id}/reconnect",
            path={"id": int32("account_id", account_id)},
            safety=Safety.CREATE,
        )
        return await self._sender.send(request, _LINK)

    async def list_pending(self) -> tuple[PendingLinkedInAccount, ...]:
        """Return the accounts whose link waits for its owner, expired ones too.

        Costs: 1 request.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: linkedin-accounts/list-pending-linkedin-accounts.
        """
        return await self._sender.send(_list_pending(), _PENDING)

    async def delete_pending(self, pending_account_id: int) -> None:
        """Delete a pending account, whose link then connects nothing.

        Costs: 1 request. Lost answer: listed; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: linkedin-accounts/delete-a-pending-linkedin-account.
        """
        path = int32("pending_account_id", pending_account_id)
        request = Request(
            "DELETE",
            "/v3/linkedin-accounts/pending/{id}",
            path={"id": path},
            safety=Safety.DELETE,
            read_back=ReadBack(
                request=_list_pending(),
                decode=_PENDING,
                judge=partial(_judge_pending_deleted, int(path)),
            ),
        )
        await self._sender.send(request, None)


def _list() -> Request:
    return Request("GET", "/v3/linkedin-accounts", safety=Safety.READ)


def _get(path: str) -> Request:
    return Request("GET", "/v3/linkedin-accounts/{id}", path={"id": path}, safety=Safety.READ)


def _list_pending() -> Request:
    return Request("GET", "/v3/linkedin-accounts/pending", safety=Safety.READ)


def _delete_request(force: bool, ids: Sequence[int]) -> Request:
    body: dict[str, Any] = {"ids": ids, "force": force}
    return Request(
        "POST",
        "/v3/linkedin-accounts/bulk-delete",
        safety=Safety.DELETE,
        body=to_json(body),
        rows=len(ids),
    )


def _check_limits(limits: LinkedInLimits) -> None:
    mode = checked_word("limits.limits_mode", LinkedInLimitsMode, limits.limits_mode)
    needed = ("fixed_max",) if mode is LinkedInLimitsMode.FIXED else ("range_min", "range_max")
    for name in needed:
        if getattr(limits, name) is None:
            raise InvalidUse(f"limits.{name}", f"is needed in mode {mode}")
    least, most = (
        default
        if value is None or isinstance(value, Unset)
        else checked_number(f"limits.{name}", value, minimum=SHORTEST_DELAY, maximum=LONGEST_DELAY)
        for name, value, default in (
            ("action_delay_min_seconds", limits.action_delay_min_seconds, DEFAULT_MIN_DELAY),
            ("action_delay_max_seconds", limits.action_delay_max_seconds, DEFAULT_MAX_DELAY),
        )
    )
    if most - least < DELAYS_APART:
        raise InvalidUse(
            "limits.action_delay_max_seconds",
            f"must be at least {DELAYS_APART} above action_delay_min_seconds",
        )


def _judge_link(
    name: str, pending: tuple[PendingLinkedInAccount, ...] | None, _since: datetime
) -> Verdict:
    named = [each for each in pending or () if each.name == name and not each.is_expired]
    if len(named) == 1 and (link := named[0].connection_link):
        return Reached(LinkedInConnectionLink(connection_link=link, pending_account_id=named[0].id))
    return Undecided(tuple(each.id for each in named))


def _judge_pending_deleted(
    account_id: int, pending: tuple[PendingLinkedInAccount, ...] | None, _since: datetime
) -> Verdict:
    if pending is None:
        return Undecided()
    is_there = any(each.id == account_id for each in pending)
    return NotReached() if is_there else Reached(None)
