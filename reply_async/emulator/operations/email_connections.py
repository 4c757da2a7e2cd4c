"""Connecting mailboxes: the redirects to a provider's consent page, and trials."""

from __future__ import annotations

from typing import Any

from reply_async.emulator.operations.registry import Answer, Call, operation
from reply_async.emulator.problems import refusal
from reply_async.emulator.sender_accounts import connection_error

Json = dict[str, Any]

CONSENT_SECONDS = 600  # afterwards an abandoned consent flow no longer blocks
_CONSENT_PAGES = {
    "gmail": "https://accounts.google.com/o/oauth2/v2/auth",
    "office365": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
}


@operation
def connect_gmail_account(call: Call) -> Answer:
    """Send the browser to Google."""
    return _redirect(call, "gmail")


@operation
def connect_office365_account(call: Call) -> Answer:
    """Send the browser to Microsoft."""
    return _redirect(call, "office365")


@operation
def test_smtp_connection(call: Call) -> Json:
    """Try a sending server; nothing is kept."""
    return _trial(call)


@operation
def test_imap_connection(call: Call) -> Json:
    """Try a receiving server; nothing is kept."""
    return _trial(call)


def _redirect(call: Call, provider: str) -> Answer:
    """Begin a consent flow. Nobody logs in here, so it ends by time alone."""
    accounts = call.state.sender_accounts
    if call.now < accounts.consent_until.get(provider, 0.0):
        detail = "The consent flow is already running."
        raise refusal(400, "emailAccount.internalError", detail)
    accounts.consent_until[provider] = call.now + CONSENT_SECONDS
    number = next(accounts.link_numbers)
    call.ledger.note("consent_flow_started")
    location = f"{_CONSENT_PAGES[provider]}?response_type=code&state={call.user_id}-{number}"
    return Answer(302, headers={"Location": location})


def _trial(call: Call) -> Json:
    host = call.body["host"]
    if not host.strip():
        raise refusal(400, "emailAccount.invalidInput", "'host' must not be empty.")
    error = connection_error(host)
    return {"success": error is None, "error": error}
