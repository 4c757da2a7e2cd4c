"""LinkedIn accounts: read, delete, switch, limit, and links to connect more.

A connection link is meant for a person with a browser. Nobody opens it here, so
a pending account stays pending until it expires or is deleted.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from reply_async.emulator.clock import iso
from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.operations.senders import linkedin_ref
from reply_async.emulator.problems import refusal
from reply_async.emulator.sender_accounts import (
    LIMIT_MEMBERS,
    USAGE_MEMBERS,
    PendingLinkedInAccount,
)
from reply_async.emulator.stats import DAY

if TYPE_CHECKING:
    from reply_async.emulator.entities import Sequence
    from reply_async.emulator.sender_accounts import LinkedInAccount
    from reply_async.emulator.state import State

Json = dict[str, Any]

MAX_LINKEDIN_ACCOUNTS = 20  # of the plan that the emulator plays, open links included
LINK_SECONDS = 7 * DAY
MIN_DELAY_SPREAD = 60
_INVALID = "linkedInAccount.invalidInput"


@operation
def list_linkedin_accounts(call: Call) -> list[Json]:
    """List the LinkedIn accounts."""
    return [_shown(account, call.now) for account in call.state.linkedin_accounts.values()]


@operation
def get_linkedin_account(call: Call) -> Json:
    """Return one LinkedIn account with what it did today."""
    return _shown(_account(call), call.now)


@operation
def delete_linkedin_account(call: Call) -> None:
    """Delete an account; one that a sequence uses only with `force`."""
    account = _account(call)
    if _users(call.state, account) and not call.query["force"]:
        detail = f"LinkedIn account with ID {account.id} is used by a sequence."
        raise refusal(409, "linkedInAccount.accountInUse", detail)
    _remove(call, account)


@operation
def bulk_delete_linkedin_accounts(call: Call) -> Json:
    """Delete many; those that a sequence uses only with `force`."""
    failures: Json = {}
    for account_id in dict.fromkeys(map(int, call.body["ids"])):  # JSON may say 9.0
        account = call.state.linkedin_accounts.get(account_id)
        if account is None:
            failures[str(account_id)] = {"error": "notFound", "errorDetails": None}
        elif _users(call.state, account) and not call.body.get("force"):
            failures[str(account_id)] = {"error": "accountInUse", "errorDetails": None}
        else:
            _remove(call, account)
    return failures


@operation
def toggle_linkedin_account(call: Call) -> Json:
    """Switch an account off, or on again."""
    account = _account(call)
    if account.status == "cookieInvalid":
        detail = "LinkedIn login has expired, reconnect the account first."
        raise refusal(400, "linkedInAccount.cookieInvalid", detail)
    account.status = "disabled" if account.status == "enabled" else "enabled"
    call.ledger.note("linkedin_account_toggled")
    return {"status": account.status}


@operation
def update_linkedin_account_limits(call: Call) -> None:
    """Replace the limits per kind of action; the outreach keeps to them."""
    limits: Json = {"actionDelayMinSeconds": 60, "actionDelayMaxSeconds": 120, **call.body}
    account = _account(call)
    shortest, longest = limits["actionDelayMinSeconds"], limits["actionDelayMaxSeconds"]
    if None not in {shortest, longest} and longest - shortest < MIN_DELAY_SPREAD:
        detail = f"The action delays must be at least {MIN_DELAY_SPREAD} seconds apart."
        raise refusal(400, _INVALID, detail)
    lower, upper = limits.get("rangeMin") or {}, limits.get("rangeMax") or {}
    both = [name for name in LIMIT_MEMBERS if name in lower and name in upper]
    if any(lower[name] > upper[name] for name in both):
        raise refusal(400, _INVALID, "A lower limit must not exceed its upper limit.")
    account.limits = limits
    call.ledger.note("linkedin_limits_updated")


@operation
def update_linkedin_account_revoke_settings(call: Call) -> None:
    """Replace the rule for taking back old invitations; it is kept, not played."""
    account = _account(call)
    if call.body["periodDays"] < 1:
        raise refusal(400, _INVALID, "'periodDays' must be greater than 0.")
    account.revoke_settings = {name: call.body[name] for name in ("enabled", "periodDays")}
    call.ledger.note("linkedin_revoke_settings_updated")


@operation
def create_linkedin_connection_link(call: Call) -> Json:
    """Make a link for somebody else, and the pending account behind it."""
    _require_room(call)
    accounts = call.state.sender_accounts
    pending = PendingLinkedInAccount(
        next(accounts.pending_ids), call.body["name"], _link(call), call.now + LINK_SECONDS
    )
    accounts.pending[pending.id] = pending
    call.ledger.note("linkedin_link_created")
    return {"connectionLink": pending.link, "pendingAccountId": pending.id}


@operation
def create_direct_linkedin_connection_link(call: Call) -> Json:
    """Make a link for the key's user; no pending account stands behind it."""
    _require_room(call)
    call.ledger.note("linkedin_link_created")
    return {"connectionLink": _link(call)}


@operation
def reconnect_linkedin_account(call: Call) -> Json:
    """Make a link by which the account's owner logs in again."""
    _account(call)
    call.ledger.note("linkedin_link_created")
    return {"connectionLink": _link(call)}


@operation
def list_pending_linkedin_accounts(call: Call) -> list[Json]:
    """List the accounts nobody has logged in to yet, expired links included."""
    return [
        {
            "id": pending.id,
            "name": pending.name,
            "connectionLink": pending.link,
            "expiresAtUtc": iso(pending.expires_at),
            "isExpired": pending.expires_at <= call.now,
        }
        for pending in call.state.sender_accounts.pending.values()
    ]


@operation
def delete_pending_linkedin_account(call: Call) -> None:
    """Withdraw a link together with its pending account."""
    if call.state.sender_accounts.pending.pop(call.path["id"], None) is None:
        detail = f"Pending LinkedIn account with ID {call.path['id']} is not found."
        raise refusal(404, "linkedInAccount.notFound", detail)
    call.ledger.note("linkedin_pending_deleted")


def _account(call: Call) -> LinkedInAccount:
    account = call.state.linkedin_accounts.get(call.path["id"])
    if account is None:
        detail = f"LinkedIn account with ID {call.path['id']} is not found."
        raise refusal(404, "linkedInAccount.notFound", detail)
    return account


def _shown(account: LinkedInAccount, now: float) -> Json:
    done = account.done_on.get(int(now // DAY), Counter())
    return {
        **linkedin_ref(account),
        "photoUrl": None,
        "ownerUserId": account.owner_user_id,
        "accountType": "premium",
        "authType": "cookie",
        "cookieStatus": "notValid" if account.status == "cookieInvalid" else "valid",
        "usage": {name: done[name] for name in USAGE_MEMBERS},
        "limits": account.limits,
        "userLimitValues": account.limit_values,
        "revokeSettings": account.revoke_settings,
        "voiceProfile": None,
    }


def _users(state: State, account: LinkedInAccount) -> list[Sequence]:
    return [entry for entry in state.sequences.values() if account.id in entry.linkedin_account_ids]


def _remove(call: Call, account: LinkedInAccount) -> None:
    """Delete an account and unlink it; its contacts go on with another one."""
    for sequence in _users(call.state, account):
        sequence.linkedin_account_ids.remove(account.id)
        call.ledger.note("linkedin_account_unlinked")
        for member in sequence.members.values():
            if member.linkedin_account_id == account.id:
                member.linkedin_account_id = None
    del call.state.linkedin_accounts[account.id]
    call.ledger.note("linkedin_account_deleted")


def _require_room(call: Call) -> None:
    pending = call.state.sender_accounts.pending.values()
    is_open = sum(entry.expires_at > call.now for entry in pending)
    if len(call.state.linkedin_accounts) + is_open >= MAX_LINKEDIN_ACCOUNTS:
        detail = f"The plan allows {MAX_LINKEDIN_ACCOUNTS} LinkedIn accounts."
        raise refusal(409, "linkedInAccount.limitReached", detail)


def _link(call: Call) -> str:
    number = next(call.state.sender_accounts.link_numbers)
    return f"https://app.reply.io/connect/linkedin?token=emu{call.state.seed}-{number:06d}"
