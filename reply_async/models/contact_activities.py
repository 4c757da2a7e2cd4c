"""What happened with a contact: activities and inbox threads."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen


class InboxChannel(StrEnum):
    """Where a conversation takes place."""

    UNKNOWN = "unknown"
    EMAIL = "email"
    LINKEDIN = "linkedIn"


class InboxThreadState(StrEnum):
    """Whether the last message of a thread went through."""

    OK = "ok"
    NEEDS_ATTENTION = "needsAttention"


@frozen(kw_only=True)
class ContactActivity:
    """One thing that was done with a contact; ``id`` has 64 bits.

    The words of both types are not published, nor are the members of ``content``.
    API page: contacts/list-contact-activities.
    """

    id: int
    date: datetime | None = None
    activity_type: str | None = None
    source_type: str | None = None
    user_name: str | None = None
    user_id: int | None = None
    content: Mapping[str, Any] | None = field(default=None, hash=False)


@frozen(kw_only=True)
class NamedRef:
    """A sequence or a category, as a thread names it."""

    id: int
    name: str | None = None


@frozen(kw_only=True)
class InboxThreadStatus:
    """How a thread stands; ``code`` says what needs attention."""

    state: InboxThreadState | str
    code: str | None = None
    occurred_at: datetime | None = None


@frozen(kw_only=True)
class ContactInboxThread:
    """One conversation with a contact.

    API page: contacts/list-contact-inbox-threads.
    """

    id: int
    channel: InboxChannel | str | None = None
    is_read: bool | None = None
    subject: str | None = None
    last_activity_date: datetime | None = None
    sequence: NamedRef | None = None
    category: NamedRef | None = None
    has_meeting_intent: bool | None = None
    status: InboxThreadStatus | None = None
