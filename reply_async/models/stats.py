"""Statistics of sequences, their steps and variants.

Counters that an answer leaves out read as 0. Percentages run from 0 to 100.
"""

from attrs import field, frozen

from reply_async.models.sequences import SequenceStatus
from reply_async.models.tuples import as_tuple


@frozen(kw_only=True)
class EmailOverview:
    """What became of the e-mails of a period; there is no counter of mails sent.

    ``accounts`` (mailboxes that sent) is told only for all sequences together.
    API page: sequences/get-sequence-stats.
    """

    contacted: int = 0
    delivered: int = 0
    opened: int = 0
    replied: int = 0
    interested: int = 0
    not_reached: int = 0
    opted_out: int = 0
    out_of_office: int = 0
    bounced: int = 0
    auto_replied: int = 0
    meetings_booked: int = 0
    delivered_percentage: float = 0.0
    opened_percentage: float = 0.0
    replied_percentage: float = 0.0
    interested_percentage: float = 0.0
    not_reached_percentage: float = 0.0
    opted_out_percentage: float = 0.0
    out_of_office_percentage: float = 0.0
    bounced_percentage: float = 0.0
    auto_replied_percentage: float = 0.0
    meetings_booked_percentage: float = 0.0
    accounts: int | None = None


@frozen(kw_only=True)
class LinkedInOverview:
    """What became of the LinkedIn actions of a period.

    API page: sequences/get-sequence-stats.
    """

    connections_sent: int = 0
    connections_accepted: int = 0
    messages_sent: int = 0
    replied: int = 0
    in_mails_sent: int = 0
    in_mails_replied: int = 0
    connection_notes_sent: int = 0
    connection_notes_replied: int = 0
    profile_views: int = 0
    likes: int = 0
    follows: int = 0
    endorses: int = 0
    regular_messages_sent: int = 0
    regular_messages_replied: int = 0
    connections_accepted_percentage: float = 0.0
    replied_percentage: float = 0.0
    in_mails_replied_percentage: float = 0.0
    connection_notes_replied_percentage: float = 0.0
    regular_messages_replied_percentage: float = 0.0


@frozen(kw_only=True)
class SequenceStats:
    """One sequence in one period, by channel.

    API page: sequences/get-sequence-stats.
    """

    email_overview: EmailOverview = field(factory=EmailOverview)
    linkedin_overview: LinkedInOverview = field(factory=LinkedInOverview)


@frozen(kw_only=True)
class SequenceStatsRow(SequenceStats):
    """One sequence among the statistics of all.

    API page: sequences/list-sequence-stats.
    """

    sequence_id: int
    name: str | None = None
    status: SequenceStatus | str | None = None


@frozen(kw_only=True)
class EmailCounters:
    """What became of the e-mails of one step or one variant.

    ``click_through_rate`` is a percentage.
    """

    delivered: int = 0
    opened: int = 0
    replied: int = 0
    interested: int = 0
    not_reached: int = 0
    opted_out: int = 0
    links_clicked: int = 0
    meetings_booked: int = 0
    delivered_percentage: float = 0.0
    opened_percentage: float = 0.0
    replied_percentage: float = 0.0
    interested_percentage: float = 0.0
    not_reached_percentage: float = 0.0
    opted_out_percentage: float = 0.0
    click_through_rate: float = 0.0
    meetings_booked_percentage: float = 0.0


@frozen(kw_only=True)
class VariantEmailStats(EmailCounters):
    """The e-mails of one variant.

    API page: sequences/get-sequence-email-stats.
    """

    id: int
    is_enabled: bool | None = None
    has_attachments: bool | None = None
    generated_by_ai: bool | None = None


@frozen(kw_only=True)
class StepEmailStats(EmailCounters):
    """The e-mails of one step, and of each of its variants.

    ``display_name`` numbers the step as people see it, such as "2A" or "3.1".
    API page: sequences/get-sequence-email-stats.
    """

    step_id: int
    step_number: int | None = None
    display_name: str | None = None
    is_archived: bool | None = None
    variants: tuple[VariantEmailStats, ...] = field(default=(), converter=as_tuple)


@frozen(kw_only=True)
class SequenceEmailStats:
    """The e-mails of one sequence, in all and step by step.

    API page: sequences/get-sequence-email-stats.
    """

    overview: EmailOverview = field(factory=EmailOverview)
    steps: tuple[StepEmailStats, ...] = field(default=(), converter=as_tuple)
