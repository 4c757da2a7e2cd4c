"""What calls of mailboxes send, and what reading back tells of them. Pure.

Passwords stand in no variable but the frozen objects that mask them, so that no frame
of a traceback tells one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from reply_async.converter import DecodeError, decode, encode
from reply_async.errors import InvalidUse
from reply_async.models.email_accounts import (
    EmailAccountConnection,
    EmailAccountCredentials,
    EmailAccountDetail,
    EmailAccountOptOut,
    EmailAccountRampUp,
    EmailAccountSafety,
    EmailAccountSignature,
    EmailAccountTag,
    MailServer,
)
from reply_async.models.senders import EmailAccount, EmailAccountType, EmailConnectionStatus
from reply_async.pagination import Page
from reply_async.requests import NotReached, Reached, Undecided, Verdict
from reply_async.resources.arguments import checked_text, checked_word
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import agrees
from reply_async.resources.numbers import checked_number, id_list, some_texts, text_list
from reply_async.unset import Unset

LAST_PORT: Final = 65_535


def account_members(
    connection: EmailAccountCredentials | Unset,
    safety: EmailAccountSafety | Unset,
    signature: EmailAccountSignature | Unset,
    opt_out: EmailAccountOptOut | Unset,
    ramp_up: EmailAccountRampUp | Unset,
    tags: Iterable[str] | Unset,
) -> dict[str, Any]:
    """Return what is given, by the server's names and not encoded yet."""
    if not isinstance(connection, Unset):
        _check_credentials(connection)
    members = {
        "connection": connection,
        "safety": safety,
        "signature": signature,
        "optOut": opt_out,
        "rampUp": ramp_up,
        "tags": tags if isinstance(tags, Unset) else text_list("tags", tags),
    }
    return {name: value for name, value in members.items() if not isinstance(value, Unset)}


def _check_credentials(connection: EmailAccountCredentials) -> None:
    checked_text("connection.email", connection.email)
    for name in ("smtp_host", "smtp_password", "imap_host", "imap_password"):
        _check_filled("connection", connection, name)
    for name in ("smtp_port", "imap_port"):
        port = getattr(connection, name)
        checked_number(f"connection.{name}", port, minimum=1, maximum=LAST_PORT)


def server_body(server: MailServer) -> bytes:
    """Return the body that tries a mail server."""
    for name in ("host", "user_name", "password"):
        _check_filled("server", server, name)
    checked_number("server.port", server.port, minimum=1, maximum=LAST_PORT)
    return to_json(encode(server))


def _check_filled(argument: str, holder: object, name: str) -> None:
    if not _is_filled(getattr(holder, name)):
        raise InvalidUse(f"{argument}.{name}", "is empty, or no text")


def _is_filled(value: object) -> bool:
    """Tell without raising, since a frame of an error would hold the value."""
    return isinstance(value, str) and bool(value.strip())


def filter_body(
    status: EmailConnectionStatus | str | None,
    email_account_type: EmailAccountType | str | None,
    email: str | None,
    domains: Iterable[str] | None,
    owner_user_ids: Iterable[int] | None,
    tags: Iterable[str] | None,
) -> bytes:
    """Return the body of a filter; None sets no condition."""
    owners = None if owner_user_ids is None else id_list("owner_user_ids", owner_user_ids)
    if owners == []:
        raise InvalidUse("owner_user_ids", "is empty")
    kind = email_account_type
    conditions = {
        "status": status and checked_word("status", EmailConnectionStatus, status),
        "emailAccountType": kind and checked_word("email_account_type", EmailAccountType, kind),
        "email": None if email is None else checked_text("email", email),
        "domains": None if domains is None else some_texts("domains", domains),
        "ownerUserIds": owners,
        "tags": None if tags is None else some_texts("tags", tags),
    }
    return to_json({name: value for name, value in conditions.items() if value is not None})


def read_address(data: object) -> str:
    """Return where a redirect points, or raise DecodeError for what no browser opens."""
    address = decode(data, str, "Location")
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("https", "http") or not parts.netloc:
        raise DecodeError("Location", "no absolute address of a page")
    return address


def has_servers_of(connection: EmailAccountCredentials, found: EmailAccountDetail) -> bool:
    """Tell whether a mailbox has the servers that were asked for; passwords are not told."""
    wanted = EmailAccountConnection(
        sender_name=connection.sender_name,
        smtp_host=connection.smtp_host,
        smtp_port=connection.smtp_port,
        smtp_ssl=connection.smtp_ssl,
        imap_host=connection.imap_host,
        imap_port=connection.imap_port,
        imap_ssl=connection.imap_ssl,
    )
    return agrees(encode(wanted), encode(found.connection))


def judge_created(email: str, page: Page[EmailAccount] | None, _since: datetime) -> Verdict:
    """Look for the one mailbox of an address; the list does not tell when it was made."""
    items = page.items if page is not None else ()
    named = [each for each in items if each.email.casefold() == email.casefold()]
    return Reached(named[0]) if len(named) == 1 else Undecided(tuple(each.id for each in named))


def judge_default(account: EmailAccountDetail | None, _since: datetime) -> Verdict:
    """Ask whether a mailbox is the default."""
    if account is None:
        return Undecided()
    return Reached(None) if account.is_default else NotReached()


def judge_resumed(account: EmailAccountDetail | None, _since: datetime) -> Verdict:
    """No member tells whether sending was resumed, and a repeat does no harm."""
    return Undecided() if account is None else NotReached()


def judge_untagged(
    tags: list[str], account: EmailAccountDetail | None, _since: datetime
) -> Verdict:
    """Ask whether none of the tags is left."""
    if account is None:
        return Undecided()
    return NotReached() if set(tags) & set(account.tags) else Reached(None)


def judge_tag(
    tag_id: int,
    body: dict[str, Any],
    tags: tuple[EmailAccountTag, ...] | None,
    _since: datetime,
) -> Verdict:
    """Compare the tag; another value may be the old one or somebody else's."""
    for tag in tags or ():
        if tag.id == tag_id and (tag.name, tag.color_id) == (body["name"], body["colorId"]):
            return Reached(tag)
    return Undecided()
