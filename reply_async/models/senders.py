"""Mailboxes and LinkedIn accounts that send for a sequence."""

from enum import StrEnum

from attrs import field, frozen

from reply_async.models.tuples import as_tuple


class EmailAccountType(StrEnum):
    """How a mailbox is connected."""

    CUSTOM = "custom"
    GMAIL = "gmail"
    OUTLOOK = "outlook"
    EXCHANGE = "exchange"
    EXCHANGE_ON_PREMISE = "exchangeOnPremise"


class EmailConnectionStatus(StrEnum):
    """Whether a mailbox can be reached."""

    UNKNOWN = "unknown"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


class LinkedInAccountStatus(StrEnum):
    """Whether a LinkedIn account can send now."""

    DISABLED = "disabled"
    ENABLED = "enabled"
    DAILY_LIMIT_REACHED = "dailyLimitReached"
    COOKIE_INVALID = "cookieInvalid"


@frozen(kw_only=True)
class EmailAccountRef:
    """A mailbox as a sequence names it; ``id`` has 64 bits."""

    id: int
    email: str


@frozen(kw_only=True)
class SequenceEmailAccount:
    """A mailbox linked to a sequence.

    ``id`` has 64 bits; ``daily_limit`` is in mails a day, over all sequences.
    API page: sequence-email-accounts/list-sequence-email-accounts.
    """

    id: int
    email: str
    owner_user_id: int | None = None
    sender_name: str | None = None
    email_account_type: EmailAccountType | str | None = None
    is_default: bool | None = None
    daily_limit: int | None = None
    connection_status: EmailConnectionStatus | str | None = None


@frozen(kw_only=True)
class EmailAccount(SequenceEmailAccount):
    """A mailbox as the list of all mailboxes has it, with its tags.

    API page: email-accounts/list-email-accounts.
    """

    tags: tuple[str, ...] = field(default=(), converter=as_tuple)


@frozen(kw_only=True)
class SequenceLinkedInAccount:
    """A LinkedIn account linked to a sequence.

    API page: sequence-linkedin-accounts/list-sequence-linkedin-accounts.
    """

    id: int
    name: str | None = None
    profile_url: str | None = None
    status: LinkedInAccountStatus | str | None = None
