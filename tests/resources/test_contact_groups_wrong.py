"""Wrong arguments of contacts, fields, lists, webhooks and jobs: named, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from resources.contact_shapes import (
    ALL,
    HOOK,
    JOB,
    WEBHOOK,
)
from resources.exchange import (
    Call,
    exchange,
)

from reply_async.errors import InvalidUse
from reply_async.models.contacts import (
    CallStatus,
    ContactFilterRule,
    ContactRow,
    CustomFieldType,
)
from reply_async.models.sequence_contacts import StatusInSequence
from reply_async.models.webhooks import WebhookEventType, WebhookPayloadConfig, WebhookScope
from reply_async.resources.background_jobs import BackgroundJobs
from reply_async.resources.contact_lists import ContactLists
from reply_async.resources.contacts import Contacts
from reply_async.resources.custom_fields import CustomFields
from reply_async.resources.webhooks import Webhooks

EVENT = WebhookEventType.EMAIL_SENT
PERSONAL = WebhookScope.PERSONAL
TEXT = CustomFieldType.TEXT
NO_WORD: Any = "tea_made"


def replacing(**changes: Any) -> Call:
    """Replace a webhook with one argument that is wrong."""
    arguments = {"event_type": EVENT, "url": HOOK, "scope": PERSONAL, "payload_config": ALL}
    return lambda s: Webhooks(s).replace(1, **{**arguments, **changes})


def updating(**changes: Any) -> Call:
    """Update a contact with a row that is wrong."""
    return lambda s: Contacts(s).update(5, ContactRow(**changes))


def creating(**members: Any) -> Call:
    """Create a contact from a row that is wrong."""
    return lambda s: Contacts(s).create(ContactRow(**members))


WRONG: list[tuple[str, Callable[[Any], Any]]] = [
    ("contact_id", lambda s: Contacts(s).get(-1)),
    ("contact_id", lambda s: Contacts(s).get(True)),
    ("contact_id", lambda s: Contacts(s).delete(0)),
    ("contact_id", lambda s: Contacts(s).activities(2**31)),
    ("email", lambda s: Contacts(s).list(email="")),
    ("email", creating(first_name="Ann")),
    ("email", creating(email="ann")),
    ("last_name", creating(email="ann@example.com", last_name=None)),
    ("owner_user_id", creating(email="ann@example.com", owner_user_id=3)),
    ("call_status", creating(email="ann@example.com", call_status=CallStatus.NONE)),
    ("changes", updating()),
    ("company_size", updating(company_size="huge")),
    ("call_status", updating(call_status="busy")),
    ("meeting_status", updating(meeting_status="maybe")),
    ("owner_user_id", updating(owner_user_id=-3)),
    ("account_id", updating(account_id=True)),
    ("linkedin_url", updating(linkedin_url="in/ann")),
    ("contact_ids", lambda s: Contacts(s).delete_many([])),
    ("contact_ids[1]", lambda s: Contacts(s).delete_many([1, -1])),
    ("contact_ids[0]", lambda s: Contacts(s).set_replied([False])),
    ("status", lambda s: Contacts(s).set_status([1], StatusInSequence.REPLIED)),
    ("status", lambda s: Contacts(s).set_status([1], NO_WORD)),
    ("resend_emails", lambda s: Contacts(s).set_bounced([1], is_bounced=False)),
    ("resend_emails", lambda s: Contacts(s).set_bounced([1], resend_emails=False)),
    ("user_id", lambda s: Contacts(s).change_owner([1], 0)),
    ("contact_ids", lambda s: Contacts(s).change_owner([], 1)),
    ("sequence_id", lambda s: Contacts(s).move_to_sequence(1, 0)),
    ("start_step_id", lambda s: Contacts(s).move_to_sequence(1, 1, start_step_id=-1)),
    (
        "start_from",
        lambda s: Contacts(s).move_to_sequence(1, 1, start_from=datetime(2026, 1, 1)),  # noqa: DTZ001 - it is wrong
    ),
    ("list_id", lambda s: Contacts(s).filter(list_id=0)),
    ("search_term", lambda s: Contacts(s).count_filtered(search_term=" ")),
    (
        "rules[0].condition",
        lambda s: Contacts(s).filter(rules=[ContactFilterRule(property="p", condition="")]),
    ),
    ("sort_direction", lambda s: Contacts(s).filter(sort_direction=NO_WORD)),
    ("sort_by", lambda s: Contacts(s).filter(sort_by="")),
    ("field_id", lambda s: CustomFields(s).get(0)),
    ("title", lambda s: CustomFields(s).create("")),
    ("title", lambda s: CustomFields(s).create("x" * 91)),
    ("field_type", lambda s: CustomFields(s).create("x", field_type=NO_WORD)),
    ("title", lambda s: CustomFields(s).replace(1, title=" ", field_type=TEXT, metadata=None)),
    ("list_id", lambda s: ContactLists(s).share(-1)),
    ("name", lambda s: ContactLists(s).create("x")),
    ("name", lambda s: ContactLists(s).replace(1, name="")),
    ("search", lambda s: ContactLists(s).list(search="")),
    ("list_id", lambda s: ContactLists(s).add_contacts(0, [1])),
    ("contact_ids", lambda s: ContactLists(s).move_contacts(1, [])),
    ("webhook_id", lambda s: Webhooks(s).test(True)),
    ("event_type", lambda s: Webhooks(s).create(NO_WORD, HOOK)),
    ("scope", lambda s: Webhooks(s).create(EVENT, HOOK, scope=NO_WORD)),
    ("url", lambda s: Webhooks(s).create(EVENT, "http://example.com/hook")),
    ("url", lambda s: Webhooks(s).create(EVENT, "example.com")),
    ("url", lambda s: Webhooks(s).create(EVENT, "https://example.com/a b")),
    ("url", lambda s: Webhooks(s).create(EVENT, "https://example.com/" + "x" * 1005)),
    ("url", replacing(url="")),
    ("payload_config", replacing(payload_config=WebhookPayloadConfig(include_email_url=True))),
    ("job_id", lambda s: BackgroundJobs(s).get("7")),
    ("reason", lambda s: BackgroundJobs(s).cancel(JOB, reason="")),
    ("category", lambda s: BackgroundJobs(s).list(category="")),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
async def test_a_wrong_argument_is_named_before_any_request(number: int) -> None:
    """No answer is told, so a request would fail otherwise."""
    argument, call = WRONG[number]

    with pytest.raises(InvalidUse) as caught:
        await exchange(call)

    assert argument == caught.value.argument


async def test_a_webhook_on_this_machine_may_be_plain() -> None:
    """Then nobody else reads what is delivered."""
    url = "http://127.0.0.1:8080/hook"

    seen = await exchange(lambda s: Webhooks(s).create(EVENT, url), (201, WEBHOOK))

    assert url == seen.bodies[0]["url"]
