"""Webhooks: subscriptions to events, their failure log, and what is delivered."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from reply_async.errors import InvalidUse
from reply_async.models.tuples import as_tuple

REPLAY_WINDOW: Final = timedelta(hours=24)


class WebhookEventType(StrEnum):
    """What a webhook can tell of."""

    EMAIL_REPLIED = "email_replied"
    REPLY_CATEGORIZED = "reply_categorized"
    EMAIL_SENT = "email_sent"
    CONTACT_FINISHED = "contact_finished"
    EMAIL_OPENED = "email_opened"
    CONTACT_OPTED_OUT = "contact_opted_out"
    CONTACT_CALLED = "contact_called"
    EMAIL_LINK_CLICKED = "email_link_clicked"
    EMAIL_ACCOUNT_CONNECTION_LOST = "email_account_connection_lost"
    EMAIL_BOUNCED = "email_bounced"
    LINKEDIN_CONNECTION_REQUEST_SENT = "linkedin_connection_request_sent"
    LINKEDIN_MESSAGE_SENT = "linkedin_message_sent"
    LINKEDIN_CONNECTION_REQUEST_ACCEPTED = "linkedin_connection_request_accepted"
    LINKEDIN_MESSAGE_REPLIED = "linkedin_message_replied"
    LINKEDIN_REPLY_CATEGORIZED = "linkedin_reply_categorized"
    EMAIL_ACCOUNT_ERROR = "email_account_error"
    EMAIL_AUTO_REPLY = "email_auto_reply"
    AUTOPILOT_STOPPED = "autopilot_stopped"
    LINKEDIN_ACCOUNT_ALERTS = "linkedin_account_alerts"
    CONTACT_REPLIED = "contact_replied"
    LINKEDIN_COMMENT_POSTED = "linkedin_comment_posted"
    LINKEDIN_COMMENT_SKIPPED = "linkedin_comment_skipped"


class WebhookScope(StrEnum):
    """Whose events a webhook tells of; the server refuses ORGANIZATION at present."""

    PERSONAL = "personal"
    TEAM = "team"
    ORGANIZATION = "organization"


@frozen(kw_only=True)
class WebhookPayloadConfig:
    """What deliveries hold besides the event. None: not told by the server, not sent.

    ``extra`` holds members newer than this package; they are written back.
    API page: webhooks/create-a-webhook.
    """

    include_email_url: bool | None = None
    include_email_text: bool | None = None
    include_prospect_custom_fields: bool | None = None
    extra: Mapping[str, Any] = field(factory=dict, hash=False)


@frozen(kw_only=True)
class Webhook:
    """A subscription to one type of event.

    Whoever knows ``url`` can send what looks like a delivery, so it is never printed.
    The server disables a webhook after repeated failures: look at ``enabled``.
    API page: webhooks/get-a-webhook.
    """

    id: int
    event_type: WebhookEventType | str
    url: str = field(repr=False)
    scope: WebhookScope | str | None = None
    enabled: bool | None = None
    created_at: datetime | None = None
    payload_config: WebhookPayloadConfig | None = None


@frozen(kw_only=True)
class WebhookEvents:
    """The types of events that the server knows.

    API page: webhooks/list-webhook-events.
    """

    events: tuple[WebhookEventType | str, ...] = field(converter=as_tuple)


@frozen(kw_only=True)
class WebhookLog:
    """A delivery that failed; ``http_status`` is None where nobody answered.

    API page: webhooks/list-webhook-logs.
    """

    event_id: str
    http_status: int | None = None
    date: datetime | None = None


@frozen(kw_only=True)
class WebhookEvent:
    """The event of a delivery; ``id`` is a UUID and the same when it is repeated."""

    id: str
    type: WebhookEventType | str
    date: datetime
    user_id: int | None = None
    team_id: int | None = None
    subscription_id: int | None = None


@frozen(kw_only=True)
class DeliveredContact:
    """The contact of a delivery; ``fields`` is all that was said of it, as it came."""

    id: int | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    fields: Mapping[str, Any] = field(factory=dict, hash=False, repr=False)


@frozen(kw_only=True)
class DeliveredSequence:
    """The sequence of a delivery; ``fields`` is all that was said of it, as it came."""

    id: int | None = None
    name: str | None = None
    fields: Mapping[str, Any] = field(factory=dict, hash=False, repr=False)


@frozen(kw_only=True)
class WebhookDelivery:
    """What was posted to a webhook's address. Unsigned, hence a hint and no fact.

    ``contact`` and ``sequence`` are None where the event has none. ``reply_reason`` is a
    word such as EmailDetected. ``extra`` holds what else came, by the server's names.
    API page: webhooks/webhook-event-payloads.
    """

    event: WebhookEvent
    contact: DeliveredContact | None = None
    contact_custom_fields: Mapping[str, Any] = field(factory=dict, hash=False, repr=False)
    sequence: DeliveredSequence | None = None
    reply_reason: str | None = None
    extra: Mapping[str, Any] = field(factory=dict, hash=False, repr=False)

    def is_recent(self, now: datetime, window: timedelta = REPLAY_WINDOW) -> bool:
        """Tell whether the event is at most ``window`` from now; else it may be a replay."""
        if now.tzinfo is None:
            raise InvalidUse("now", "a time needs an offset, as datetime.now(UTC) has")
        return abs(now - self.event.date) <= window
