"""Sequences: as a list names them, as a whole, and as one that is to be created."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from reply_async.models.senders import EmailAccountRef, SequenceLinkedInAccount
from reply_async.models.step_tree import nest
from reply_async.models.steps import AnyStep
from reply_async.models.tuples import as_tuple
from reply_async.unset import UNSET, Unset


class SequenceStatus(StrEnum):
    """Whether a sequence runs; archiving is a flag beside it.

    ARCHIVED stands only in statistics of all sequences and in older answers.
    """

    NEW = "new"
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


class SequenceHealth(StrEnum):
    """What the server thinks of a sequence, from nothing found to cannot proceed."""

    HEALTHY = "healthy"
    STALLED = "stalled"
    DEGRADED = "degraded"
    BLOCKED = "blocked"


class SequenceIssueType(StrEnum):
    """What is wrong with a sequence; the server's full list is not published."""

    EMAIL_ACCOUNT_SENDING_BLOCKED = "emailAccountSendingBlocked"


class RepliesHandlingType(StrEnum):
    """What becomes of a contact who replied."""

    MARK_AS_FINISHED = "markAsFinished"
    CONTINUE_SENDING = "continueSending"


class GeneratedTaskOwner(StrEnum):
    """Who gets the task of a manual step: the owner of the contact or sequence."""

    CONTACT = "contact"
    SEQUENCE = "sequence"


@frozen(kw_only=True)
class SequenceSettings:
    """How a sequence sends. UNSET: not told by the server, and not sent to it.

    ``daily_throttling`` is in contacts per 24 hours, ``emails_count_per_day`` in mails.
    Creating a sequence takes either no settings or all that ``missing_on_create`` asks
    for; for an update read them, change what is to change, and send the whole.
    ``extra`` holds members newer than this package; they are written back.
    API page: sequences/create-a-sequence.
    """

    emails_count_per_day: int | Unset | None = UNSET
    days_to_finish_prospect: int | Unset | None = UNSET
    email_sending_delay_seconds: int | Unset | None = UNSET
    daily_throttling: int | Unset | None = UNSET
    use_daily_throttling: bool | Unset | None = UNSET
    disable_opens_tracking: bool | Unset | None = UNSET
    replies_handling_type: RepliesHandlingType | str | Unset | None = UNSET
    enable_links_tracking: bool | Unset | None = UNSET
    is_sending_plain_text_enabled: bool | Unset | None = UNSET
    is_list_unsubscribe_header_enabled: bool | Unset | None = UNSET
    is_same_domain_sending_limit_enabled: bool | Unset | None = UNSET
    number_of_same_domain_sending_limit: int | Unset | None = UNSET
    match_prospect_to_email_account_provider: bool | Unset | None = UNSET
    call_is_automatic: bool | Unset | None = UNSET
    task_is_automatic: bool | Unset | None = UNSET
    generated_task_owner: GeneratedTaskOwner | str | Unset | None = UNSET
    extra: Mapping[str, Any] = field(factory=dict, hash=False)

    def missing_on_create(self) -> tuple[str, ...]:
        """Name the fields that creating a sequence still needs."""
        return tuple(name for name in _NEEDED_ON_CREATE if getattr(self, name) in (UNSET, None))


_NEEDED_ON_CREATE = (
    "emails_count_per_day",
    "days_to_finish_prospect",
    "email_sending_delay_seconds",
    "daily_throttling",
    "disable_opens_tracking",
    "replies_handling_type",
    "enable_links_tracking",
)


@frozen(kw_only=True)
class SequenceIssue:
    """One thing that keeps a sequence from sending; only older answers name them."""

    type: SequenceIssueType | str


@frozen(kw_only=True)
class SequenceListItem:
    """A sequence as lists have it; whatever is None was not told.

    An active status is no proof that anything is sent: ``health`` says more.
    API page: sequences/list-sequences.
    """

    id: int
    name: str
    status: SequenceStatus | str
    owner_user_id: int | None = None
    created: datetime | None = None
    is_archived: bool | None = None
    health: SequenceHealth | str | None = None


@frozen(kw_only=True)
class SequenceDraft:
    """A sequence to be created.

    ``email_accounts`` and ``linkedin_accounts`` are ids. ``steps`` are nested and carry
    no ids; the server wants at least one. None leaves the choice to the server.
    API page: sequences/create-a-sequence.
    """

    name: str
    schedule_id: int | None = None
    settings: SequenceSettings | None = None
    email_accounts: tuple[int, ...] = field(default=(), converter=as_tuple)
    linkedin_accounts: tuple[int, ...] = field(default=(), converter=as_tuple)
    steps: tuple[AnyStep, ...] = field(default=(), converter=as_tuple)


@frozen(kw_only=True)
class Sequence(SequenceListItem):
    """A whole sequence.

    ``steps`` are flat, as the server lists them: ``parent_id`` and
    ``if_condition_positive`` form the tree, the order is not promised. ``tree`` has
    them nested.
    API page: sequences/get-a-sequence.
    """

    schedule_id: int | None = None
    email_accounts: tuple[EmailAccountRef, ...] = field(default=(), converter=as_tuple)
    linkedin_accounts: tuple[SequenceLinkedInAccount, ...] = field(default=(), converter=as_tuple)
    settings: SequenceSettings | None = None
    steps: tuple[AnyStep, ...] = field(default=(), converter=as_tuple)
    issues: tuple[SequenceIssue, ...] = field(default=(), converter=as_tuple)

    @property
    def tree(self) -> tuple[AnyStep, ...]:
        """The steps nested under their conditions, without ids."""
        return nest(self.steps)

    def without_ids(self) -> SequenceDraft:
        """Return the sequence as it would be created anew, with the same senders."""
        return SequenceDraft(
            name=self.name,
            schedule_id=self.schedule_id,
            settings=self.settings,
            email_accounts=tuple(account.id for account in self.email_accounts),
            linkedin_accounts=tuple(account.id for account in self.linkedin_accounts),
            steps=self.tree,
        )
