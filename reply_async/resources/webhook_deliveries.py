"""What was posted to a webhook's address, from bytes to a typed value. Pure.

Deliveries are written in snake_case and their members depend on the event; only the
event itself is promised. So whatever else is missing, new or of another type is no
error: a delivery that is refused is sent again, and then the webhook is switched off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from reply_async.converter import DecodeError, camel, decode
from reply_async.errors import InvalidUse
from reply_async.models.webhooks import (
    DeliveredContact,
    DeliveredSequence,
    WebhookDelivery,
    WebhookEvent,
)
from reply_async.responses import parse_json

T = TypeVar("T")

MAX_BYTES: Final = 1_000_000
_KNOWN: Final = frozenset(
    {"event", "contact_fields", "contact_custom_fields", "sequence_fields", "reply_reason"}
)


def parse_delivery(body: bytes | str) -> WebhookDelivery:
    """Return what a webhook's delivery says, of an event that may be newer than this package.

    Answer the request with a 2xx at once and work afterwards. Drop repeats by
    ``event.id``, expect any order, refuse what is not ``is_recent``, and take nothing for
    a fact that was not read from the API. The body has at most 1 MB.

    Raises: InvalidUse if this is no delivery: too long, no JSON, or without an event
    that has an id, a type and a date.
    API page: webhooks/webhook-event-payloads.
    """
    raw = body.encode(errors="replace") if isinstance(body, str) else body
    if len(raw) > MAX_BYTES:
        raise InvalidUse("body", f"has more than {MAX_BYTES} bytes")
    try:
        return _delivery(parse_json(raw))
    except DecodeError as error:
        problem = str(error)
    raise InvalidUse("body", problem)


def _delivery(data: object) -> WebhookDelivery:
    if not isinstance(data, dict):
        raise DecodeError("$", "is no object")
    if not isinstance(data.get("event"), dict):
        raise DecodeError("$.event", "is no object" if "event" in data else "is missing")
    contact = _told(data, "contact_fields", dict)
    sequence = _told(data, "sequence_fields", dict)
    return WebhookDelivery(
        event=_event(data["event"]),
        contact=_contact(contact) if contact else None,
        contact_custom_fields=_told(data, "contact_custom_fields", dict) or {},
        sequence=_sequence(sequence) if sequence else None,
        reply_reason=_told(data, "reply_reason", str),
        extra={name: value for name, value in data.items() if name not in _KNOWN},
    )


def _event(data: Mapping[str, Any]) -> WebhookEvent:
    """Read the event; the converter knows its words, and members in camelCase."""
    needed = {name: data[name] for name in ("id", "type", "date") if name in data}
    ids = {
        camel(name): _told(data, name, int) for name in ("user_id", "team_id", "subscription_id")
    }
    return decode({**needed, **ids}, WebhookEvent, "$.event")


def _contact(data: Mapping[str, Any]) -> DeliveredContact:
    return DeliveredContact(
        id=_told(data, "id", int),
        email=_told(data, "email", str),
        first_name=_told(data, "first_name", str),
        last_name=_told(data, "last_name", str),
        fields=data,
    )


def _sequence(data: Mapping[str, Any]) -> DeliveredSequence:
    return DeliveredSequence(id=_told(data, "id", int), name=_told(data, "name", str), fields=data)


def _told(data: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    """Return a member if it is what is documented; a bool is no number."""
    value = data.get(name)
    return value if type(value) is kind else None
