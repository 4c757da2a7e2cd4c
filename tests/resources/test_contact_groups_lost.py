"""Lost answers of contacts, custom fields, lists, webhooks and jobs, and what reading tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from models.samples import load
from resources.exchange import Call, Told, exchange

from reply_async.errors import Conflict, OutcomeUnknown, ReplyError
from reply_async.models.contacts import Contact, ContactRow, CustomField, CustomFieldType
from reply_async.models.sequence_contacts import ContactSequence, StatusInSequence
from reply_async.models.webhooks import (
    Webhook,
    WebhookEventType,
    WebhookPayloadConfig,
    WebhookScope,
)
from reply_async.pagination import Page
from reply_async.requests import Reached, Undecided, Verdict
from reply_async.resources import contacts, custom_fields, webhooks
from reply_async.resources.background_jobs import BackgroundJobs
from reply_async.resources.contact_bodies import is_as_sent, update_body
from reply_async.resources.contact_lists import ContactLists
from reply_async.resources.contacts import Contacts
from reply_async.resources.custom_fields import CustomFields
from reply_async.resources.webhooks import Webhooks

LOST: Told = (500, None)
GONE: Told = (404, None)
DONE: Told = (204, None)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
JOB = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
HOOK = load("webhooks/create_201")
ALL = WebhookPayloadConfig(
    include_email_url=True, include_email_text=False, include_prospect_custom_fields=True
)
ANN = ContactRow(email="ann@example.com", first_name="Ann")
ANN_READ = {"id": 5, "email": "Ann@example.com", "firstName": "Ann"}


def ok(payload: Any) -> Told:
    """Answer with a 200."""
    return 200, payload


def page(*items: Any) -> Told:
    """Answer with the one page of a list."""
    return ok({"items": list(items), "hasMore": False})


def job(status: str) -> Told:
    """Answer with a job."""
    return ok({"jobId": JOB, "status": status})


def replace_webhook(sender: Any) -> Any:
    """Write the webhook of the sample anew."""
    return Webhooks(sender).replace(
        HOOK["id"],
        event_type=WebhookEventType.EMAIL_REPLIED,
        url=HOOK["url"],
        scope=WebhookScope.PERSONAL,
        payload_config=ALL,
    )


def replace_field(sender: Any) -> Any:
    """Write a custom field anew."""
    return CustomFields(sender).replace(
        1, title="budget", field_type=CustomFieldType.TEXT, metadata=None
    )


# The call, the answers in order, the verbs that are sent, and the id of what comes back:
# None where nothing is promised, or the kind of the error.
Lost = tuple[Call, list[Told], str, Any]
BUDGET = {"id": 1, "title": "budget", "fieldType": "text", "metadata": None, "orgWide": False}
LEADS = {"id": 10, "name": "Leads", "isShared": False}
CASES: dict[str, Lost] = {
    "contact created": (
        lambda s: Contacts(s).create(ANN),
        [LOST, page(ANN_READ)],
        "POST GET",
        5,
    ),
    "contact not found": (
        lambda s: Contacts(s).create(ANN),
        [LOST, page()],
        "POST GET",
        OutcomeUnknown,
    ),
    "contact updated": (
        lambda s: Contacts(s).update(5, ContactRow(first_name="Ann")),
        [LOST, ok(ANN_READ)],
        "PATCH GET",
        5,
    ),
    "contact as before": (
        lambda s: Contacts(s).update(5, ContactRow(first_name="Bea")),
        [LOST, ok(ANN_READ)],
        "PATCH GET",
        OutcomeUnknown,
    ),
    "contact deleted": (lambda s: Contacts(s).delete(5), [LOST, GONE], "DELETE GET", None),
    "contact still there": (
        lambda s: Contacts(s).delete(5),
        [LOST, ok(ANN_READ), DONE],
        "DELETE GET DELETE",
        None,
    ),
    "notes set": (
        lambda s: Contacts(s).set_notes(5, "Hi"),
        [LOST, ok({"id": 5, "notes": "Hi"})],
        "POST GET",
        None,
    ),
    "notes other": (
        lambda s: Contacts(s).set_notes(5, "Hi"),
        [LOST, ok({"id": 5, "notes": "Before. Hi"})],
        "POST GET",
        OutcomeUnknown,
    ),
    "moved": (
        lambda s: Contacts(s).move_to_sequence(5, 100),
        [LOST, ok(load("contacts/sequences_200"))],
        "POST GET",
        None,
    ),
    "not moved": (
        lambda s: Contacts(s).move_to_sequence(5, 7),
        [LOST, ok(load("contacts/sequences_200"))],
        "POST GET",
        OutcomeUnknown,
    ),
    "field created": (
        lambda s: CustomFields(s).create("budget"),
        [LOST, ok([{**BUDGET, "title": "Budget", "id": 2}, BUDGET])],
        "POST GET",
        1,
    ),
    "field of another type": (
        lambda s: CustomFields(s).create("budget", field_type=CustomFieldType.NUMBER),
        [LOST, ok([BUDGET])],
        "POST GET",
        OutcomeUnknown,
    ),
    "field replaced": (replace_field, [LOST, ok(BUDGET)], "PUT GET", 1),
    "field not replaced": (
        replace_field,
        [LOST, ok({**BUDGET, "metadata": "old"})],
        "PUT GET",
        OutcomeUnknown,
    ),
    "field deleted": (lambda s: CustomFields(s).delete(1), [LOST, GONE], "DELETE GET", None),
    "list created": (
        lambda s: ContactLists(s).create("Leads"),
        [LOST, page({**LEADS, "id": 11, "name": "Leads 2"}, LEADS)],
        "POST GET",
        10,
    ),
    "list of another kind": (
        lambda s: ContactLists(s).create("Leads", is_shared=True),
        [LOST, page(LEADS)],
        "POST GET",
        OutcomeUnknown,
    ),
    "list renamed": (
        lambda s: ContactLists(s).replace(10, name="Leads"),
        [LOST, ok(LEADS)],
        "PUT GET",
        10,
    ),
    "list deleted": (lambda s: ContactLists(s).delete(10), [LOST, GONE], "DELETE GET", None),
    "list shared": (
        lambda s: ContactLists(s).share(10),
        [LOST, ok({**LEADS, "isShared": True})],
        "POST GET",
        None,
    ),
    "list not shared": (
        lambda s: ContactLists(s).share(10),
        [LOST, ok(LEADS), DONE],
        "POST GET POST",
        None,
    ),
    "list not told": (
        lambda s: ContactLists(s).unshare(10),
        [LOST, ok({"id": 10, "name": "Leads"})],
        "POST GET",
        OutcomeUnknown,
    ),
    "list unshared": (lambda s: ContactLists(s).unshare(10), [LOST, ok(LEADS)], "POST GET", None),
    "webhook created": (
        lambda s: Webhooks(s).create(WebhookEventType.EMAIL_REPLIED, HOOK["url"]),
        [LOST, page(HOOK, {**HOOK, "id": 2, "eventType": "email_sent"})],
        "POST GET",
        HOOK["id"],
    ),
    "webhook twice": (
        lambda s: Webhooks(s).create(WebhookEventType.EMAIL_REPLIED, HOOK["url"]),
        [LOST, page(HOOK, {**HOOK, "id": 2})],
        "POST GET",
        OutcomeUnknown,
    ),
    "webhook of another scope": (
        lambda s: Webhooks(s).create(WebhookEventType.EMAIL_REPLIED, HOOK["url"]),
        [LOST, page({**HOOK, "scope": "team"})],
        "POST GET",
        OutcomeUnknown,
    ),
    "webhook replaced": (replace_webhook, [LOST, ok(HOOK)], "PUT GET", HOOK["id"]),
    "webhook not replaced": (
        replace_webhook,
        [LOST, ok({**HOOK, "scope": "team"})],
        "PUT GET",
        OutcomeUnknown,
    ),
    "webhook deleted": (lambda s: Webhooks(s).delete(1), [LOST, GONE], "DELETE GET", None),
    "webhook enabled": (lambda s: Webhooks(s).enable(1), [LOST, ok(HOOK)], "POST GET", None),
    "webhook not disabled": (
        lambda s: Webhooks(s).disable(1),
        [LOST, ok(HOOK), DONE],
        "POST GET POST",
        None,
    ),
    "too many webhooks": (
        lambda s: Webhooks(s).enable(1),
        [(409, {"code": "webHook.limitReached"}), ok({**HOOK, "enabled": False})],
        "POST GET",
        Conflict,
    ),
    "tested": (lambda s: Webhooks(s).test(1), [LOST], "POST", OutcomeUnknown),
    "test not delivered": (
        lambda s: Webhooks(s).test(1),
        [(502, {"code": "webHook.deliveryFailed"})],
        "POST",
        OutcomeUnknown,
    ),
    "job cancelled": (
        lambda s: BackgroundJobs(s).cancel(JOB),
        [LOST, job("Cancelled")],
        "POST GET",
        None,
    ),
    "job runs on": (
        lambda s: BackgroundJobs(s).cancel(JOB),
        [LOST, job("Processing"), DONE],
        "POST GET POST",
        None,
    ),
    "job was done": (
        lambda s: BackgroundJobs(s).cancel(JOB),
        [LOST, job("Done")],
        "POST GET",
        OutcomeUnknown,
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_lost_answer_is_read_back(case: str) -> None:
    """What reading shows decides; only what may be repeated is sent again, once."""
    call, answers, verbs, expected = CASES[case]
    sent: list[str] = []

    async def outcome(sender: Any) -> Any:
        try:
            value = await call(sender)
        except ReplyError as error:
            return type(error)
        return getattr(value, "id", value)

    seen = await exchange(outcome, *answers)
    sent = [line.split()[0] for line in seen.sent]

    assert (verbs, expected) == (" ".join(sent), seen.result)


BULK: dict[str, Call] = {
    "delete": lambda s: Contacts(s).delete_many([1, 2]),
    "status": lambda s: Contacts(s).set_status([1, 2], StatusInSequence.ACTIVE),
    "bounced": lambda s: Contacts(s).set_bounced([1, 2], is_bounced=False, resend_emails=True),
    "opted out": lambda s: Contacts(s).set_opted_out([1, 2]),
    "owner": lambda s: Contacts(s).change_owner([1, 2], 3),
}


@pytest.mark.parametrize("case", BULK)
async def test_a_lost_answer_over_many_contacts_is_unknown(case: str) -> None:
    """There is no read for many contacts, and nothing is sent again unread."""
    seen = await exchange(BULK[case], LOST)

    assert {1: "answer 500", 2: "answer 500"} == seen.result.unknown
    assert ({}, {}) == (seen.result.done, seen.result.refused)


async def test_contacts_are_put_on_a_list_again_after_a_lost_answer() -> None:
    """Being on it already is a success, so the same ids go out once more."""
    seen = await exchange(lambda s: ContactLists(s).add_contacts(10, [1, 2]), LOST, ok({}))

    assert seen.bodies[0] == seen.bodies[1]
    assert {1, 2} == seen.result.done.keys()


def contact(**members: Any) -> Contact:
    """Return a contact as it may be read."""
    return Contact(id=5, **members)


def seen_in(verdict: Verdict) -> tuple[int, ...] | None:
    """Return what an undecided verdict saw, None if it is decided."""
    return verdict.seen if isinstance(verdict, Undecided) else None


@pytest.mark.parametrize(
    ("members", "is_ours"),
    [
        ({"created_at": NOW}, True),
        ({"created_at": NOW - timedelta(seconds=1)}, False),
        ({"adding_date": NOW - timedelta(seconds=1)}, False),
        ({}, True),
        ({"created_at": NOW, "last_name": "Lee"}, True),
        ({"created_at": NOW, "first_name": "Bea"}, False),
    ],
)
def test_a_created_contact_is_new_and_alike(members: dict[str, Any], is_ours: bool) -> None:
    """An older one of that address may have been overwritten, or not."""
    found = contact(**{"email": "ann@example.com", "first_name": "Ann", **members})
    body = {"email": "ann@example.com", "firstName": "Ann"}

    verdict = contacts.judge_created(body, Page((found,), 0, has_more=False), NOW)

    assert (Reached(found) if is_ours else Undecided((5,))) == verdict


@pytest.mark.parametrize(
    ("others", "is_only", "is_reached"),
    [([], False, True), ([7], False, True), ([], True, True), ([7], True, False)],
)
def test_a_move_is_an_arrival(others: list[int], is_only: bool, is_reached: bool) -> None:
    """One that takes out of all other sequences leaves none of them."""
    listed = (
        *(ContactSequence(sequence_id=other) for other in others),
        ContactSequence(sequence_id=100, adding_date=NOW),
    )

    verdict = contacts.judge_moved(100, listed, NOW, is_only=is_only)

    assert is_reached is isinstance(verdict, Reached)


@pytest.mark.parametrize("added", [NOW - timedelta(seconds=1), None])
def test_who_was_in_before_did_not_arrive(added: datetime | None) -> None:
    """Then nobody can tell what the call did."""
    listed = (ContactSequence(sequence_id=100, adding_date=added),)

    assert Undecided() == contacts.judge_moved(100, listed, NOW, is_only=False)


@pytest.mark.parametrize(
    ("row", "members", "is_equal"),
    [
        ({"company": None}, {"company": None}, True),
        ({"company": None}, {"company": ""}, True),
        ({"company": None}, {"company": "Acme"}, False),
        ({"company": "none"}, {"company": None}, False),
        ({"call_status": None}, {"call_status": "none"}, True),
        ({"company_size": "ten"}, {"company_size": "ten"}, True),
        ({"company_size": "ten"}, {"company_size": "fifty"}, False),
        ({"is_opted_out": False}, {"is_opted_out": False}, True),
        ({"phone2": "1"}, {"phone": "1"}, False),
        ({"custom_fields": {"a": None}}, {"custom_fields": {"b": "1"}}, True),
        ({"custom_fields": {"b": "2"}}, {"custom_fields": {"b": "1"}}, False),
    ],
)
def test_a_contact_is_compared_member_by_member(
    row: dict[str, Any], members: dict[str, Any], is_equal: bool
) -> None:
    """One way to be empty is like the other; what no answer has cannot be equal."""
    assert is_equal is is_as_sent(contact(**members), update_body(ContactRow(**row)))


def test_several_namesakes_are_told() -> None:
    """The caller gets the ids that might be it."""
    known = tuple(CustomField(id=id_, title="budget", field_type="text") for id_ in (1, 2))
    body = {"title": "budget", "fieldType": "text", "orgWide": False}

    assert (1, 2) == seen_in(custom_fields.judge_created(body, known, NOW))


@pytest.mark.parametrize(
    ("created", "is_ours"), [(NOW, True), (None, True), (NOW - timedelta(seconds=1), False)]
)
def test_an_older_webhook_is_not_ours(created: datetime | None, is_ours: bool) -> None:
    """The same subscription may have been there before."""
    found = Webhook(id=1, event_type="email_sent", url="https://a.example", created_at=created)
    body = {"eventType": "email_sent", "url": "https://a.example", "scope": "personal"}

    verdict = webhooks.judge_created(body, Page((found,), 0, has_more=False), NOW)

    assert is_ours is isinstance(verdict, Reached)
