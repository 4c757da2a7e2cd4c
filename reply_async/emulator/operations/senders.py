"""The mailboxes and the LinkedIn accounts that are linked to a sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.operations.email_accounts import mailbox_row
from reply_async.emulator.operations.registry import Answer, Call, operation
from reply_async.emulator.problems import refusal

if TYPE_CHECKING:
    from reply_async.emulator.entities import Sequence
    from reply_async.emulator.sender_accounts import LinkedInAccount

Json = dict[str, Any]

MAX_MAILBOXES = 100


@operation
def list_sequence_email_accounts(call: Call) -> list[Json]:
    """List the mailboxes that send for a sequence."""
    sequence = _sequence(call, "sequenceEmailAccount.notFound")
    return [mailbox_row(call.state.email_accounts[key]) for key in sequence.email_account_ids]


@operation
def link_sequence_email_account(call: Call) -> Answer:
    """Link one more mailbox: 201, or 200 if it was linked before."""
    sequence = _sequence(call, "sequenceEmailAccount.notFound")
    account_id = call.body["emailAccountId"]
    _require_mailbox(call, account_id)
    if account_id in sequence.email_account_ids:
        return Answer(200)
    if len(sequence.email_account_ids) >= MAX_MAILBOXES:
        detail = "Limit of linked email accounts reached."
        raise refusal(409, "sequenceEmailAccount.limitReached", detail)
    sequence.email_account_ids.append(account_id)
    call.ledger.note("email_account_linked")
    return Answer(201)


@operation
def replace_sequence_email_accounts(call: Call) -> None:
    """Link exactly the given mailboxes; none is allowed."""
    sequence = _sequence(call, "sequenceEmailAccount.notFound")
    account_ids = list(dict.fromkeys(call.body["emailAccountIds"]))
    for account_id in account_ids:
        _require_mailbox(call, account_id)
    sequence.email_account_ids = account_ids
    call.ledger.note("email_accounts_replaced")


@operation
def unlink_sequence_email_account(call: Call) -> None:
    """Take a mailbox off a sequence."""
    sequence = _sequence(call, "sequenceEmailAccount.notFound")
    account_id = call.path["email_account_id"]
    if account_id not in sequence.email_account_ids:
        detail = f"Email account {account_id} is not linked to sequence {sequence.id}."
        raise refusal(404, "sequenceEmailAccount.notFound", detail)
    sequence.email_account_ids.remove(account_id)
    call.ledger.note("email_account_unlinked")


@operation
def list_sequence_linkedin_accounts(call: Call) -> list[Json]:
    """List the LinkedIn accounts that send for a sequence."""
    sequence = _sequence(call, "sequenceLinkedInAccount.notFound")
    return [
        linkedin_ref(call.state.linkedin_accounts[key]) for key in sequence.linkedin_account_ids
    ]


@operation
def link_sequence_linkedin_account(call: Call) -> Answer:
    """Link one more LinkedIn account: 201, or 200 if it was linked before."""
    sequence = _sequence(call, "sequenceLinkedInAccount.notFound")
    account_id = call.body["linkedInAccountId"]
    if account_id not in call.state.linkedin_accounts:
        detail = f"LinkedIn account with ID {account_id} is not found or not accessible"
        raise refusal(404, "sequenceLinkedInAccount.notFound", detail)
    if account_id in sequence.linkedin_account_ids:
        return Answer(200)
    sequence.linkedin_account_ids.append(account_id)
    call.ledger.note("linkedin_account_linked")
    return Answer(201)


@operation
def unlink_sequence_linkedin_account(call: Call) -> None:
    """Take a LinkedIn account off a sequence."""
    sequence = _sequence(call, "sequenceLinkedInAccount.notFound")
    account_id = call.path["linkedInAccountId"]
    if account_id not in sequence.linkedin_account_ids:
        detail = f"LinkedIn account with ID {account_id} is not found or not accessible"
        raise refusal(404, "sequenceLinkedInAccount.notFound", detail)
    sequence.linkedin_account_ids.remove(account_id)
    call.ledger.note("linkedin_account_unlinked")


def linkedin_ref(account: LinkedInAccount) -> Json:
    """Return a LinkedIn account as sequences show it."""
    return {
        "id": account.id,
        "name": account.name,
        "profileUrl": account.profile_url,
        "status": account.status,
    }


def _sequence(call: Call, code: str) -> Sequence:
    sequence = call.state.sequences.get(call.path["id"])
    if sequence is None:
        raise refusal(404, code, f"Sequence with ID {call.path['id']} is not found.")
    return sequence


def _require_mailbox(call: Call, account_id: int) -> None:
    if account_id not in call.state.email_accounts:
        detail = f"Email account with ID {account_id} is not found."
        raise refusal(404, "sequenceEmailAccount.notFound", detail)
