"""Webhook subscriptions, the events they are told of, and what is posted to them.

An event is decided here, by the clock and the calls alone; `delivery` carries it.
The members of each kind of event are not published, so an event has those that the
documented examples share and no others.
"""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, field, frozen

from reply_async.emulator.chance import uuid_of
from reply_async.emulator.clock import plain_iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reply_async.emulator.entities import Contact, Member, Sequence

Json = dict[str, Any]

MAX_ACTIVE = 50
FIRST_WEBHOOK_ID = 1_801
KEPT_FAILURES = 1_000


@frozen
class FailedAttempt:
    """A delivery that was not taken; no status means that no answer came."""

    event_id: str
    http_status: int | None
    at: float


@frozen
class Event:
    """What happened to a contact, in a sequence or outside of any.

    ``custom_fields`` are the account's definitions. Small, since many may wait: what
    is posted is made when it goes out.
    """

    id: str
    type: str
    at: float
    contact: Contact
    sequence: Sequence | None
    custom_fields: Mapping[int, Json]


@define(eq=False)
class Webhook:
    """A subscription of a user to one kind of event; the last failures are kept."""

    id: int
    user_id: int
    team_id: int
    created_at: float
    is_enabled: bool
    event_type: str = ""
    url: str = ""
    scope: str = ""
    payload_config: Json = field(factory=dict)
    failures: deque[FailedAttempt] = field(factory=lambda: deque(maxlen=KEPT_FAILURES))
    failed_in_a_row: int = 0
    _event_numbers: count[int] = field(factory=lambda: count(1))

    def next_event_id(self, seed: int) -> str:
        """Return the UUID of its next event; other subscriptions have others."""
        return uuid_of(seed, self.id << 32 | next(self._event_numbers))

    def wants(self, event_type: str, owner_id: int | None) -> bool:
        """Tell whether an event about something of an owner is for it."""
        is_for_it = self.scope == "team" or owner_id in {None, self.user_id}
        return self.is_enabled and self.event_type == event_type and is_for_it


class Carrier(Protocol):
    """What brings events to their addresses."""

    def put(self, webhook: Webhook, event: Event) -> None:
        """Take over an event; never waits."""

    async def attempt(self, webhook: Webhook, event_id: str, content: Json) -> int | None:
        """Bring one at once and return the status; None if there was no answer."""
        ...


class Webhooks:
    """The subscriptions of the account, by id; events go to the ``carrier``."""

    carrier: Carrier  # set by the emulator

    def __init__(self, seed: int, custom_fields: Mapping[int, Json]) -> None:
        self.by_id: dict[int, Webhook] = {}
        self._seed, self._custom_fields = seed, custom_fields
        self._ids = count(FIRST_WEBHOOK_ID)

    def __getstate__(self) -> Json:
        """Leave the carrier out of copies, which are for reads and decide nothing."""
        return {name: value for name, value in vars(self).items() if name != "carrier"}

    def next_id(self) -> int:
        """Return an id no subscription has had."""
        return next(self._ids)

    @property
    def is_full(self) -> bool:
        """Tell whether no further subscription can be active."""
        return sum(entry.is_enabled for entry in self.by_id.values()) >= MAX_ACTIVE

    @property
    def is_listened_to(self) -> bool:
        """Tell whether any subscription is active."""
        return any(entry.is_enabled for entry in self.by_id.values())

    def tell_of(self, member: Member, event_type: str, at: float) -> None:
        """Tell the subscriptions what happened to a member of a sequence."""
        self.tell(member.contact, event_type, at, member.sequence)

    def tell(
        self, contact: Contact, event_type: str, at: float, sequence: Sequence | None = None
    ) -> None:
        """Tell the subscriptions what happened to a contact."""
        for webhook in self.by_id.values():
            owner = sequence.owner_user_id if sequence else contact.get("ownerUserId")
            if webhook.wants(event_type, owner):
                event_id = webhook.next_event_id(self._seed)
                event = Event(event_id, event_type, at, contact, sequence, self._custom_fields)
                self.carrier.put(webhook, event)


def payload(webhook: Webhook, event: Event) -> Json:
    """Return what is posted for an event."""
    contact, sequence = event.contact, event.sequence
    body = envelope(webhook, event.id, event.at)
    body["contact_fields"] = {
        "id": contact.id,
        "email": contact.email,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
    }
    if webhook.payload_config.get("includeProspectCustomFields"):
        values = contact.get("customFields") or {}
        body["contact_custom_fields"] = {
            entry["title"]: values[key]
            for key, entry in event.custom_fields.items()
            if key in values
        }
    body["sequence_fields"] = {"id": sequence.id, "name": sequence.name} if sequence else {}
    if event.type == "email_replied":
        body["reply_reason"] = "EmailDetected"
    return body


def envelope(webhook: Webhook, event_id: str, at: float) -> Json:
    """Return what every event begins with."""
    return {
        "event": {
            "date": plain_iso(at, 3) + "Z",
            "id": event_id,
            "type": webhook.event_type,
            "user_id": webhook.user_id,
            "team_id": webhook.team_id,
            "subscription_id": webhook.id,
        }
    }
