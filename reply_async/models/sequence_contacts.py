"""Contacts inside a sequence: where they stand, and what enrolling them answered."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from reply_async.models.bulk_items import ItemFailure
from reply_async.models.contacts import CallStatus, MeetingStatus
from reply_async.models.tuples import as_tuple


class StatusInSequence(StrEnum):
    """Where a contact stands in a sequence.

    The first four can be set, INACTIVE is set by the server; the rest stands only in
    ``ContactStatuses``.
    """

    ACTIVE = "active"
    PAUSED = "paused"
    FINISHED = "finished"
    OUT_OF_OFFICE = "outOfOffice"
    INACTIVE = "inactive"
    INVALID_EMAIL = "invalidEmail"
    CONTACTED = "contacted"
    OPENED = "opened"
    CLICKED = "clicked"
    AUTO_REPLIED = "autoReplied"
    BOUNCED = "bounced"
    REPLIED = "replied"


class PersonalizationStatus(StrEnum):
    """How far the personal text of one step is."""

    NOT_PERSONALIZED = "notPersonalized"
    IN_PROGRESS = "inProgress"
    PERSONALIZED = "personalized"
    FAILED = "failed"
    AWAITING_APPROVAL = "awaitingApproval"


class StateColumn(StrEnum):
    """What the extended state of a contact tells only where it is asked for."""

    CURRENT_STEP = "CurrentStep"
    LAST_STEP_COMPLETED_AT = "LastStepCompletedAt"
    STATUS = "Status"


@frozen(kw_only=True)
class EmailDisposition:
    """Whether the contact replied or the mail bounced."""

    is_replied: bool
    is_bounced: bool


@frozen(kw_only=True)
class CurrentStep:
    """The step at which a contact stands; ``step_id`` is None once finished.

    ``display_name`` is what people see, such as "2A", "3.1" or "Finished".
    """

    step_id: int | None = None
    display_name: str | None = None


@frozen(kw_only=True)
class SequenceContact:
    """One contact in one sequence.

    ``email_disposition`` is None until a mail went out in this sequence;
    ``email_account_id`` has 64 bits.
    API page: sequence-contacts/list-sequence-contacts.
    """

    contact_id: int
    status_in_sequence: StatusInSequence | str
    sequence_id: int | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    title: str | None = None
    is_opted_out: bool | None = None
    call_status: CallStatus | str | None = None
    meeting_status: MeetingStatus | str | None = None
    email_disposition: EmailDisposition | None = None
    current_step: CurrentStep | None = None
    adding_date: datetime | None = None
    email_account_id: int | None = None
    linkedin_account_id: int | None = None


@frozen(kw_only=True)
class StateStep:
    """The step at which a contact stands, as the extended state names it."""

    step_id: int | None = None
    display_step_number: str | None = None
    step_number: int | None = None


@frozen(kw_only=True)
class StateStatus:
    """Status of a contact in a sequence with what became of the mails."""

    status: StatusInSequence | str | None = None
    replied: bool | None = None
    delivered: bool | None = None
    bounced: bool | None = None
    opened: bool | None = None
    clicked: bool | None = None


@frozen(kw_only=True)
class SequenceContactState:
    """Extended state of one contact; the last three only where they were asked for.

    API page: sequence-contacts/list-sequence-contacts-state.
    """

    contact_id: int
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    added_at: datetime | None = None
    current_step: StateStep | None = None
    last_step_completed_at: datetime | None = None
    status: StateStatus | None = None


@frozen(kw_only=True)
class PreviewStep:
    """What one step would send to one contact; ``body`` is HTML."""

    step_id: int
    display_name: str | None = None
    personalization_status: PersonalizationStatus | str | None = None
    needs_personalization: bool | None = None
    subject: str | None = None
    body: str | None = None
    is_modified_by_user: bool | None = None


@frozen(kw_only=True)
class SequenceContactPreview:
    """What a sequence would send to one contact.

    API page: sequence-contacts/get-sequence-contact-preview.
    """

    sequence_id: int
    contact_id: int
    steps: tuple[PreviewStep, ...] = field(converter=as_tuple)
    contact_full_name: str | None = None
    contact_email: str | None = None
    contact_title: str | None = None
    contact_company: str | None = None
    contact_linkedin_url: str | None = None


@frozen(kw_only=True)
class ContactSequence:
    """One of the sequences that a contact is in.

    API page: contacts/list-contact-sequences.
    """

    sequence_id: int
    sequence_name: str | None = None
    status_in_sequence: StatusInSequence | str | None = None
    current_step: CurrentStep | None = None
    adding_date: datetime | None = None
    email_account_id: int | None = None
    linkedin_account_id: int | None = None


@frozen(kw_only=True)
class ContactSequenceStatus:
    """How a contact stands in one sequence, in the longer list of words."""

    sequence_id: int
    sequence_name: str | None = None
    status_in_sequence: StatusInSequence | str | None = None
    email_disposition: EmailDisposition | None = None


@frozen(kw_only=True)
class ContactStatuses:
    """Everything known of how a contact stands, sequence by sequence.

    API page: contacts/get-contact-statuses.
    """

    contact_id: int
    is_opted_out: bool | None = None
    call_status: CallStatus | str | None = None
    meeting_status: MeetingStatus | str | None = None
    sequences: tuple[ContactSequenceStatus, ...] = field(default=(), converter=as_tuple)


@frozen(kw_only=True)
class BulkAddResult:
    """The answer to an enrolment: who was added, and who was not, by contact id.

    The reasons are not to be trusted: the server often says invalidInput for all.
    API page: sequence-contacts/bulk-add-contacts-to-a-sequence.
    """

    added: tuple[int, ...] = field(converter=as_tuple)
    not_processed: Mapping[int, ItemFailure] = field(factory=dict, hash=False)


@frozen(kw_only=True)
class BulkRemoveResult:
    """The answer to a removal; only the removed are named, the rest is counted.

    API page: sequence-contacts/bulk-remove-contacts-from-a-sequence.
    """

    removed_ids: tuple[int, ...] = field(converter=as_tuple)
    requested: int | None = None
    removed: int | None = None
    not_found: int | None = None
    not_in_sequence: int | None = None
