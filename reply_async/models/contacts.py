"""People: contacts, the rows that import them, and what became of each row."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from attrs import field, frozen

from reply_async.models.tuples import as_tuple
from reply_async.unset import UNSET, Unset

# By the name of the field. On the wire it is a list, whose members depend on the call.
CustomFieldValues: TypeAlias = Mapping[str, str | None]


class CompanySize(StrEnum):
    """How many people work at the contact's company, as the upper end of a range."""

    EMPTY = "empty"
    SELF_EMPLOYED = "selfEmployed"
    TEN = "ten"
    FIFTY = "fifty"
    TWO_HUNDRED = "twoHundred"
    FIVE_HUNDRED = "fiveHundred"
    ONE_THOUSAND = "oneThousand"
    FIVE_THOUSAND = "fiveThousand"
    TEN_THOUSAND = "tenThousand"
    OVER_TEN_THOUSAND = "overTenThousand"


class PhoneStatus(StrEnum):
    """What a check of the phone number found."""

    PENDING = "pending"
    INVALID = "invalid"
    VALID = "valid"
    VALIDATION_FAILED = "validationFailed"
    NOT_VALIDATED = "notValidated"


class CallStatus(StrEnum):
    """Whether the contact is to be called, or was."""

    NONE = "none"
    TO_CALL = "toCall"
    CALLED = "called"


class MeetingStatus(StrEnum):
    """Whether a meeting was booked with the contact."""

    NONE = "none"
    MEETING_BOOKED = "meetingBooked"


class CustomFieldType(StrEnum):
    """What a custom field holds."""

    TEXT = "text"
    NUMBER = "number"


class ImportItemStatus(StrEnum):
    """What became of one imported row."""

    CREATED = "created"
    UPDATED = "updated"
    SKIPPED = "skipped"
    FAILED = "failed"
    RESTORED = "restored"


@frozen(kw_only=True)
class Contact:
    """A person; whatever is None is empty, or was not told.

    ``time_zone_id`` is a name such as America/Los_Angeles. ``domain`` is the server's.
    API page: contacts/get-a-contact.
    """

    id: int
    email: str | None = None
    domain: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    phone_status: PhoneStatus | str | None = None
    title: str | None = None
    company: str | None = None
    company_size: CompanySize | str | None = None
    industry: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    time_zone_id: str | None = None
    linkedin_url: str | None = None
    linkedin_sales_navigator_url: str | None = None
    linkedin_recruiter_url: str | None = None
    notes: str | None = None
    owner_user_id: int | None = None
    account_id: int | None = None
    is_opted_out: bool | None = None
    call_status: CallStatus | str | None = None
    meeting_status: MeetingStatus | str | None = None
    adding_date: datetime | None = None
    created_at: datetime | None = None
    last_modified_at: datetime | None = None
    custom_fields: CustomFieldValues = field(factory=dict, hash=False)


@frozen(kw_only=True)
class ContactRow:
    """One contact to be imported. UNSET: not sent; None: cleared.

    The server matches rows by e-mail, and by what else the import says. A row without a
    ``first_name`` comes back failed; one malformed ``email`` fails the whole call.
    ``custom_fields`` are named as the server lists them and must exist.
    API page: contacts/import-contacts.
    """

    email: str | Unset | None = UNSET
    first_name: str | Unset = UNSET
    last_name: str | Unset | None = UNSET
    phone: str | Unset | None = UNSET
    phone2: str | Unset | None = UNSET
    title: str | Unset | None = UNSET
    company: str | Unset | None = UNSET
    company_size: CompanySize | str | Unset | None = UNSET
    industry: str | Unset | None = UNSET
    city: str | Unset | None = UNSET
    state: str | Unset | None = UNSET
    country: str | Unset | None = UNSET
    time_zone_id: str | Unset | None = UNSET
    linkedin_url: str | Unset | None = UNSET
    linkedin_sales_navigator_url: str | Unset | None = UNSET
    linkedin_recruiter_url: str | Unset | None = UNSET
    notes: str | Unset | None = UNSET
    is_opted_out: bool | Unset | None = UNSET
    call_status: CallStatus | str | Unset | None = UNSET
    meeting_status: MeetingStatus | str | Unset | None = UNSET
    owner_user_id: int | Unset | None = UNSET
    account_id: int | Unset | None = UNSET
    custom_fields: CustomFieldValues | Unset = field(default=UNSET, hash=False)


@frozen(kw_only=True)
class ImportedItem:
    """What became of one row; ``id`` may be None even where nothing failed.

    ``error`` is the server's sentence; ``skip_reason`` a word such as noEditPermission
    or contactDeleted.
    """

    status: ImportItemStatus | str
    id: int | None = None
    error: str | None = None
    skip_reason: str | None = None


@frozen(kw_only=True)
class ImportResult:
    """The answer to an import: one item a row, in the order sent.

    The counters leave out restored rows, and are None where an answer leaves them out.
    API page: contacts/import-contacts.
    """

    items: tuple[ImportedItem, ...] = field(converter=as_tuple)
    added: int | None = None
    updated: int | None = None
    skipped: int | None = None
    failed: int | None = None


@frozen(kw_only=True)
class CustomField:
    """A custom field of contacts; texts name it as ``{{title}}``.

    API page: custom-fields/list-custom-fields.
    """

    id: int
    title: str
    field_type: CustomFieldType | str | None = None
    metadata: str | None = None
    org_wide: bool | None = None


@frozen(kw_only=True)
class ContactFilterRule:
    """One rule of a contact filter.

    The server publishes the words for ``property`` and ``condition`` nowhere.
    API page: contacts/filter-contacts.
    """

    property: str
    condition: str
    value: str | Unset | None = UNSET


@frozen(kw_only=True)
class ContactOwnerResult:
    """The answer to a change of owner: whose owner changed.

    API page: contacts/change-contact-owner.
    """

    is_success: bool | None = None
    affected_ids: tuple[int, ...] = field(default=(), converter=as_tuple)
