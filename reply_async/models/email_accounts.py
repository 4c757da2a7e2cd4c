"""Mailboxes as a whole: connection, sending limits, signature, tags and statistics."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from reply_async.models.senders import EmailAccountType, EmailConnectionStatus
from reply_async.models.tuples import as_tuple
from reply_async.unset import UNSET, Unset


@frozen(kw_only=True)
class EmailAccountConnection:
    """Where a mailbox sends and receives; passwords never come back."""

    email: str | None = None
    sender_name: str | None = None
    smtp_host: str | None = None
    smtp_port: int | None = None
    smtp_ssl: bool | None = None
    imap_host: str | None = None
    imap_port: int | None = None
    imap_ssl: bool | None = None


@frozen(kw_only=True)
class EmailAccountCredentials:
    """What connects a mailbox over SMTP and IMAP; sent whole, never read back.

    The passwords stay out of the ``repr``. A ``sender_name`` of None is not sent.
    API page: email-accounts/create-an-email-account.
    """

    email: str
    smtp_host: str
    smtp_port: int
    smtp_password: str = field(repr=False)
    imap_host: str
    imap_port: int
    imap_password: str = field(repr=False)
    sender_name: str | None = None
    smtp_ssl: bool = True
    imap_ssl: bool = True


@frozen(kw_only=True)
class EmailAccountSafety:
    """How much a mailbox sends. UNSET: not told by the server, and not sent to it.

    ``daily_limit`` is in mails a day, intervals and delays are in seconds.
    """

    daily_limit: int | Unset = UNSET
    is_emails_throttling_enabled: bool | Unset | None = UNSET
    emails_per_interval: int | Unset | None = UNSET
    emails_throttling_seconds_interval: int | Unset | None = UNSET
    is_sending_delay_enabled: bool | Unset | None = UNSET
    max_sending_delay_seconds: int | Unset | None = UNSET
    min_sending_delay_seconds: int | Unset | None = UNSET


@frozen(kw_only=True)
class EmailAccountSignature:
    """What stands under a mail, as HTML."""

    signature: str | Unset | None = UNSET


@frozen(kw_only=True)
class EmailAccountOptOut:
    """How a recipient can unsubscribe. UNSET: not told, and not sent."""

    message: str | Unset | None = UNSET
    email_footer: str | Unset | None = UNSET
    is_opt_out_link_enabled: bool | Unset = UNSET
    opt_out_text_block: str | Unset | None = UNSET


@frozen(kw_only=True)
class EmailAccountRampUp:
    """How a new mailbox gets warm: mails a day at first, and more each day."""

    enabled: bool | Unset = UNSET
    start_value: int | Unset = UNSET
    increment_value: int | Unset = UNSET


@frozen(kw_only=True)
class EmailAccountDetail:
    """A mailbox as a whole; ``id`` has 64 bits, whatever is None was not told.

    API page: email-accounts/get-an-email-account.
    """

    id: int
    owner_user_id: int | None = None
    email_account_type: EmailAccountType | str | None = None
    is_default: bool | None = None
    is_in_use: bool | None = None
    connection_status: EmailConnectionStatus | str | None = None
    sending_connectivity_error: str | None = None
    receiving_connectivity_error: str | None = None
    sending_locked_by_provider: bool | None = None
    updated_at: datetime | None = None
    connection: EmailAccountConnection | None = None
    safety: EmailAccountSafety | None = None
    signature: EmailAccountSignature | None = None
    opt_out: EmailAccountOptOut | None = None
    ramp_up: EmailAccountRampUp | None = None
    tags: tuple[str, ...] = field(default=(), converter=as_tuple)


@frozen(kw_only=True)
class MailServer:
    """One server to be tried; the password stays out of the ``repr``.

    API page: email-accounts/test-smtp-connection.
    """

    host: str
    port: int
    user_name: str
    password: str = field(repr=False)
    enable_ssl: bool = True


@frozen(kw_only=True)
class ConnectivityTestResult:
    """Whether a mail server let us in, and what it said if it did not."""

    success: bool
    error: str | None = None


@frozen(kw_only=True)
class EmailAccountStats:
    """What a mailbox sent; ``daily_sending_limit`` is in mails a day."""

    id: int
    emails_sent_today: int
    total_emails_sent: int
    daily_sending_limit: int


@frozen(kw_only=True)
class EmailAccountTag:
    """A tag of mailboxes; ``extra`` holds members that the API does not document."""

    id: int | None = None
    name: str | None = None
    color_id: int | None = None
    extra: Mapping[str, Any] = field(factory=dict, hash=False)
