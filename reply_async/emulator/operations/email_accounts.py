"""Mailboxes: list, filter, create, read, change, delete, and what they sent.

A mailbox that an active sequence sends with cannot be deleted; from all other
sequences it is unlinked. Creating one whose servers cannot be reached succeeds
and leaves it disconnected, as a lost connection does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.clock import iso
from reply_async.emulator.operations.email_account_tags import (
    require_mailbox,
    require_tags,
    tag_ids,
    tag_names,
)
from reply_async.emulator.operations.registry import Call, operation, page
from reply_async.emulator.problems import refusal
from reply_async.emulator.sender_accounts import SAFETY, EmailAccount
from reply_async.emulator.state import email_key
from reply_async.emulator.stats import DAY

if TYPE_CHECKING:
    from reply_async.emulator.entities import Sequence
    from reply_async.emulator.state import State

Json = dict[str, Any]

MAX_EMAIL_ACCOUNTS = 200  # of the plan that the emulator plays


@operation
def list_email_accounts(call: Call) -> Json:
    """List the mailboxes; `my` leaves only those of the key's user."""
    accounts = [
        account
        for account in call.state.email_accounts.values()
        if not call.query["my"] or account.owner_user_id == call.user_id
    ]
    return page(call.query, accounts, lambda account: _list_row(call.state, account))


@operation
def filter_email_accounts(call: Call) -> Json:
    """List the mailboxes that fit all members of the filter."""
    return page(call.query, _filtered(call), lambda account: _list_row(call.state, account))


@operation
def get_email_account(call: Call) -> Json:
    """Return one mailbox in full."""
    return _shown(call.state, require_mailbox(call))


@operation
def create_email_account(call: Call) -> Json:
    """Make a mailbox; its address must be new to the account."""
    body, accounts = call.body, call.state.email_accounts
    require_tags(body.get("tags", []))
    if len(accounts) >= MAX_EMAIL_ACCOUNTS:
        detail = f"The plan allows {MAX_EMAIL_ACCOUNTS} email accounts."
        raise refusal(409, "emailAccount.limitReached", detail)
    connection = _connection(body["connection"], body["connection"]["email"].split("@")[0])
    if _is_taken(call.state, connection["email"], None):
        detail = f"Email account {connection['email']} could not be created: it exists already."
        raise refusal(400, "emailAccount.internalError", detail)
    account = EmailAccount(
        next(call.state.sender_accounts.email_ids), call.user_id, connection, dict(SAFETY)
    )
    account.is_default = not accounts
    _apply(call, account, body)
    accounts[account.id] = account
    call.ledger.note("email_account_created")
    return _shown(call.state, account)


@operation
def update_email_account(call: Call) -> Json:
    """Change the members that are given; a connection is given whole."""
    body = call.body
    require_tags(body.get("tags", []))
    account = require_mailbox(call)
    if "connection" in body:
        connection = _connection(body["connection"], account.sender_name)
        if _is_taken(call.state, connection["email"], account):
            detail = f"Another email account has the address {connection['email']}."
            raise refusal(400, "emailAccount.invalidInput", detail)
        account.connection = connection
    _apply(call, account, body)
    call.ledger.note("email_account_updated")
    return _shown(call.state, account)


@operation
def delete_email_account(call: Call) -> None:
    """Delete a mailbox and unlink it, unless an active sequence sends with it."""
    account = require_mailbox(call)
    if _is_sending(call.state, account):
        detail = f"Email account with ID {account.id} is used by an active sequence."
        raise refusal(400, "emailAccount.invalidInput", detail)
    _remove(call, account)


@operation
def bulk_delete_email_accounts(call: Call) -> Json:
    """Delete many; the slugs are those of the same call for LinkedIn accounts."""
    failures: Json = {}
    for account_id in dict.fromkeys(map(int, call.body["ids"])):  # JSON may say 9.0
        account = call.state.email_accounts.get(account_id)
        if account is None:
            failures[str(account_id)] = {"error": "notFound", "errorDetails": None}
        elif _is_sending(call.state, account):
            failures[str(account_id)] = {"error": "accountInUse", "errorDetails": None}
        else:
            _remove(call, account)
    return failures


@operation
def set_default_email_account(call: Call) -> None:
    """Make a mailbox the default one, of which there is one in the account."""
    account = require_mailbox(call)
    for entry in call.state.email_accounts.values():
        entry.is_default = entry is account
    call.ledger.note("email_account_set_default")


@operation
def resume_email_account_sending(call: Call) -> None:
    """Lift the provider's lock; without a way to send there is nothing to resume."""
    account = require_mailbox(call)
    if account.sending_error is not None:
        raise refusal(400, "emailAccount.invalidInput", account.sending_error)
    account.is_locked = False
    call.ledger.note("email_account_resumed")


@operation
def get_email_account_stats(call: Call) -> Json:
    """Return what a mailbox sent, today and in all."""
    return _stats(require_mailbox(call), call.now)


@operation
def filter_email_account_stats(call: Call) -> Json:
    """Return what the mailboxes that fit a filter sent."""
    return page(call.query, _filtered(call), lambda account: _stats(account, call.now))


def mailbox_row(account: EmailAccount) -> Json:
    """Return a mailbox as a sequence lists it."""
    return {
        "id": account.id,
        "ownerUserId": account.owner_user_id,
        "email": account.email,
        "senderName": account.sender_name,
        "emailAccountType": "custom",
        "isDefault": account.is_default,
        "dailyLimit": account.safety["dailyLimit"],
        "connectionStatus": account.connection_status,
    }


def _list_row(state: State, account: EmailAccount) -> Json:
    return {**mailbox_row(account), "tags": tag_names(state, account)}


def _shown(state: State, account: EmailAccount) -> Json:
    return {
        "id": account.id,
        "ownerUserId": account.owner_user_id,
        "emailAccountType": "custom",
        "isDefault": account.is_default,
        "isInUse": any(_users(state, account)),
        "connectionStatus": account.connection_status,
        "sendingConnectivityError": account.sending_error,
        "receivingConnectivityError": account.receiving_error,
        "sendingLockedByProvider": account.is_locked,
        "updatedAt": iso(account.updated_at),
        "connection": account.connection,
        "safety": account.safety,
        "signature": account.signature,
        "optOut": account.opt_out,
        "rampUp": account.ramp_up,
        "tags": tag_names(state, account),
    }


def _stats(account: EmailAccount, now: float) -> Json:
    today = int(now // DAY)
    return {
        "id": account.id,
        "emailsSentToday": account.sent_on.get(today, 0),
        "totalEmailsSent": sum(account.sent_on.values()),
        "dailySendingLimit": account.limit_on(today),
    }


def _filtered(call: Call) -> list[EmailAccount]:
    accounts = call.state.email_accounts.values()
    return [account for account in accounts if _fits(call.state, account, call.body)]


def _fits(state: State, account: EmailAccount, wanted: Json) -> bool:
    """Judge a mailbox: part of the address, whole domains, any of the tags.

    A member that is null or an empty list asks for nothing.
    """
    row = _list_row(state, account)
    status, kind = wanted.get("status"), wanted.get("emailAccountType")
    tags = {name.casefold() for name in row["tags"]}
    checks = (
        not status or status == row["connectionStatus"],
        not kind or kind.casefold() == row["emailAccountType"],
        (wanted.get("email") or "").casefold() in account.email.casefold(),
        _is_any(wanted.get("domains"), {account.email.rsplit("@", 1)[-1].casefold()}),
        not wanted.get("ownerUserIds") or account.owner_user_id in wanted["ownerUserIds"],
        _is_any(wanted.get("tags"), tags),
    )
    return all(checks)


def _is_any(wanted: list[str] | None, present: set[str]) -> bool:
    return not wanted or not present.isdisjoint(word.casefold() for word in wanted)


def _connection(given: Json, sender_name: str | None) -> Json:
    """Return a connection as it is shown: completed, without its passwords."""
    return {
        "email": given["email"].strip(),
        "senderName": given.get("senderName", sender_name),
        "smtpHost": given["smtpHost"],
        "smtpPort": given["smtpPort"],
        "smtpSsl": given.get("smtpSsl", True),
        "imapHost": given["imapHost"],
        "imapPort": given["imapPort"],
        "imapSsl": given.get("imapSsl", True),
    }


def _apply(call: Call, account: EmailAccount, body: Json) -> None:
    """Set the members that are given besides the connection, key by key."""
    was_ramping = account.ramp_up["enabled"]
    account.safety = {**account.safety, **body.get("safety", {})}
    account.signature = {**account.signature, **body.get("signature", {})}
    account.opt_out = {**account.opt_out, **body.get("optOut", {})}
    account.ramp_up = {**account.ramp_up, **body.get("rampUp", {})}
    if account.ramp_up["enabled"] and not was_ramping:
        account.ramp_up_from = int(call.now // DAY)
    if "tags" in body:
        account.tag_ids = tag_ids(call, body["tags"])
    account.updated_at = call.now


def _is_taken(state: State, email: str, own: EmailAccount | None) -> bool:
    key = email_key(email)
    others = (account for account in state.email_accounts.values() if account is not own)
    return any(email_key(account.email) == key for account in others)


def _users(state: State, account: EmailAccount) -> list[Sequence]:
    return [entry for entry in state.sequences.values() if account.id in entry.email_account_ids]


def _is_sending(state: State, account: EmailAccount) -> bool:
    return any(
        sequence.status == "active" and not sequence.is_archived
        for sequence in _users(state, account)
    )


def _remove(call: Call, account: EmailAccount) -> None:
    """Delete a mailbox; the oldest of the others becomes the default."""
    accounts = call.state.email_accounts
    for sequence in _users(call.state, account):
        sequence.email_account_ids.remove(account.id)
        call.ledger.note("email_account_unlinked")
        for member in sequence.members.values():
            if member.email_account_id == account.id:
                member.email_account_id = None
    del accounts[account.id]
    if account.is_default and accounts:
        next(iter(accounts.values())).is_default = True
    call.ledger.note("email_account_deleted")
