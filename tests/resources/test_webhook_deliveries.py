"""What is posted to a webhook: read whole, leniently, and with what is newer than this package."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from models.samples import FIXTURES

from reply_async.errors import InvalidUse
from reply_async.models.webhooks import WebhookDelivery, WebhookEventType
from reply_async.resources.webhook_deliveries import MAX_BYTES, parse_delivery

EVENT = {"id": "e1", "type": "email_sent", "date": "2026-04-21T09:30:00.000Z"}


def sample(name: str) -> bytes:
    """Return a delivery as it arrives."""
    return (FIXTURES / "webhooks" / f"delivery_{name}.json").read_bytes()


def delivery(**members: Any) -> WebhookDelivery:
    """Parse a delivery with these members beside its event."""
    return parse_delivery(json.dumps({"event": EVENT, **members}))


def test_a_reply_is_read_whole() -> None:
    """Event, contact, sequence and the reason, each in its place."""
    read = parse_delivery(sample("email_replied"))

    assert WebhookEventType.EMAIL_REPLIED is read.event.type
    assert ("4c1b9e74-5ac3-4b0f-9a60-2a37a9b4a2d1", 1234, 100, 42) == (
        read.event.id,
        read.event.user_id,
        read.event.team_id,
        read.event.subscription_id,
    )
    assert datetime(2026, 4, 21, 9, 30, tzinfo=UTC) == read.event.date
    assert read.contact is not None
    assert read.sequence is not None
    assert (12345, "prospect@example.com", "Test", None) == (
        read.contact.id,
        read.contact.email,
        read.contact.first_name,
        read.contact.last_name,
    )
    assert (100, "Sales Outreach") == (read.sequence.id, read.sequence.name)
    assert {"leadSource": "Conference"} == read.contact_custom_fields
    assert ("EmailDetected", {}) == (read.reply_reason, read.extra)


def test_an_event_without_a_sequence() -> None:
    """The server sends an empty object then."""
    read = parse_delivery(sample("contact_opted_out"))

    assert (None, {}) == (read.sequence, read.contact_custom_fields)


def test_an_event_newer_than_the_package() -> None:
    """Its word stays text, its members stay as they came."""
    read = parse_delivery(sample("unknown_event").decode())

    assert ("something_new", {"extra": [1]}) == (read.event.type, read.extra)
    assert read.contact is None


def test_what_is_not_as_documented_is_passed_over() -> None:
    """A delivery that is refused comes again, and at last the webhook is switched off."""
    read = delivery(
        contact_fields={"id": True, "email": None, "phone": "1"},
        contact_custom_fields=None,
        sequence_fields=[],
        reply_reason=7,
    )

    assert read.contact is not None
    assert (None, None) == (read.contact.id, read.contact.email)
    assert "1" == read.contact.fields["phone"]
    assert (None, {}, None) == (read.sequence, read.contact_custom_fields, read.reply_reason)
    assert delivery(event={**EVENT, "user_id": "1"}).event.user_id is None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "empty"),
        (b"<html>", "not JSON"),
        (b"\xff{}", "not JSON"),
        (b"[]", "no object"),
        (b"{}", r"\$.event: is missing"),
        (b'{"event": 1}', r"\$.event: is no object"),
        (b'{"event": {"id": "1", "type": "x"}}', r"\$.event.date: is missing"),
        (b'{"event": {"id": 1, "type": "x", "date": "x"}}', r"\$.event.id"),
        (b'{"event": {"id": "1", "type": "x", "date": "today"}}', r"\$.event.date"),
        (b" " * (MAX_BYTES + 1), "bytes"),
        (b"[" * 100_000, "deep"),
    ],
)
def test_what_is_no_delivery_is_refused(body: bytes, problem: str) -> None:
    """With the place, and never with an error of the machinery underneath."""
    with pytest.raises(InvalidUse, match=problem):
        parse_delivery(body)


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_nothing_else_is_raised(body: bytes | str) -> None:
    """Whatever arrives."""
    with pytest.raises(InvalidUse):
        parse_delivery(body)


@pytest.mark.parametrize(("hours", "is_recent"), [(0, True), (24, True), (-24, True), (25, False)])
def test_an_old_event_may_be_a_replay(hours: int, is_recent: bool) -> None:
    """A day to either side is allowed for repeats and clocks."""
    now = delivery().event.date + timedelta(hours=hours)

    assert is_recent is delivery().is_recent(now)


def test_a_naive_time_is_refused() -> None:
    """Nobody knows which time it is."""
    with pytest.raises(InvalidUse, match="now"):
        delivery().is_recent(datetime(2026, 4, 21))  # noqa: DTZ001 - it is wrong
