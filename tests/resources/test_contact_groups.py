"""Contacts, custom fields, lists, webhooks, jobs and users: what each method sends and reads."""

from __future__ import annotations

from typing import Any

import pytest
from models.samples import CONTRACT, load
from resources.contact_shapes import (
    CONTACT,
    JOB,
    NO_BODY,
    SHAPES,
    THREADS,
    WEBHOOK,
    ok,
)
from resources.exchange import (
    Told,
    assert_fits,
    exchange,
    item_errors,
    operations_of,
    safety_of,
)

from reply_async.errors import Forbidden, InvalidUse
from reply_async.models.contact_activities import InboxChannel
from reply_async.models.contacts import (
    ContactRow,
)
from reply_async.models.webhooks import WebhookEventType
from reply_async.requests import Safety
from reply_async.resources.background_jobs import BackgroundJobs
from reply_async.resources.contact_lists import ContactLists
from reply_async.resources.contacts import Contacts
from reply_async.resources.webhooks import Webhooks

GROUPS = (
    "Contacts",
    "Custom Fields",
    "Contact Lists",
    "Webhooks",
    "Background Jobs",
    "User Account",
)
ELSEWHERE = {"import_contacts", "get_whoami"}  # a run, and a method of the session
BULK = (
    "bulk_delete_contacts",
    "set_contacts_status_in_sequences",
    "set_contacts_replied",
    "set_contacts_bounced",
    "set_contacts_opted_out",
    "add_contacts_to_list",
    "move_contacts_to_list",
)
needs_contract = pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not shipped")


@needs_contract
def test_every_operation_has_a_shape() -> None:
    """None of the groups' operations is left out, and none is made up."""
    assert operations_of(*GROUPS) == SHAPES.keys() | ELSEWHERE


@needs_contract
@pytest.mark.parametrize("operation", SHAPES)
async def test_request_has_its_shape(operation: str) -> None:
    """One request, as expected word for word, and as the contract wants it."""
    call, answer, sent, body = SHAPES[operation]

    seen = await exchange(call, answer)

    assert ([sent], [body]) == (seen.sent, seen.bodies)
    request = seen.requests[0]
    assert operation == assert_fits(request, body, seen.queries[0])
    assert safety_of(request) is request.safety


async def test_a_resend_of_bounced_mail_is_a_send() -> None:
    """It puts a step on the schedule again, so nothing may repeat it."""
    seen = await exchange(
        lambda s: Contacts(s).set_bounced([1], is_bounced=False, resend_emails=True), ok({})
    )

    assert Safety.SEND is seen.requests[0].safety
    assert [{"contactIds": [1], "isBounced": False, "resendEmails": True}] == seen.bodies


async def test_a_job_is_cancelled_without_a_reason() -> None:
    """Then there is no body at all."""
    seen = await exchange(lambda s: BackgroundJobs(s).cancel(JOB), NO_BODY)

    assert [None] == seen.bodies


async def test_a_contact_without_email_is_created_by_its_link() -> None:
    """Its LinkedIn address identifies it, too."""
    row = ContactRow(first_name="Ann", linkedin_url="https://www.linkedin.com/in/ann")
    seen = await exchange(lambda s: Contacts(s).create(row), (201, CONTACT))

    assert [{"firstName": "Ann", "linkedInUrl": row.linkedin_url}] == seen.bodies


async def test_many_ids_go_out_in_chunks() -> None:
    """As many as the server takes at once: 100 contacts, or 1,000 for a list."""
    ids = range(1, 1202)

    states = await exchange(lambda s: Contacts(s).set_replied(ids[:201]), *[ok({})] * 3)
    lists = await exchange(lambda s: ContactLists(s).add_contacts(10, ids), *[ok({})] * 2)

    assert [100, 100, 1] == sorted(
        (len(body["contactIds"]) for body in states.bodies), reverse=True
    )
    assert [1000, 201] == sorted((len(body["contactIds"]) for body in lists.bodies), reverse=True)
    assert set(ids) == lists.result.done.keys()


async def test_verdicts_of_a_bulk_call() -> None:
    """Old numbers get their words; who is not named is done."""
    listed = await exchange(
        lambda s: ContactLists(s).add_contacts(10, [1, 7]),
        ok(load("contact_lists/add_200_integer")),
    )
    deleted = await exchange(
        lambda s: Contacts(s).delete_many([456, 457]), ok(load("contacts/bulk_delete_200"))
    )
    numbered = await exchange(
        lambda s: Contacts(s).set_replied([3, 4]), ok({"3": {"error": 5, "errorDetails": None}})
    )

    assert {1: None} == listed.result.done
    assert ("contactNotProcessed", 8) == (
        listed.result.refused[7].code,
        listed.result.refused[7].raw_code,
    )
    assert {457: "notFound"} == {id_: r.code for id_, r in deleted.result.refused.items()}
    assert {3: "sequenceNotFound"} == {id_: r.code for id_, r in numbered.result.refused.items()}


@needs_contract
@pytest.mark.parametrize("operation", BULK)
async def test_old_numbers_have_the_words_of_the_contract(operation: str) -> None:
    """The same number means different things to different calls."""
    call, _, _, body = SHAPES[operation]
    first = next(iter(body.get("ids") or body["contactIds"]))
    for reason in item_errors(operation):
        if "legacy" in reason:
            told = {str(first): {"error": reason["legacy"], "errorDetails": None}}
            refused = (await exchange(call, ok(told))).result.refused
            assert reason["slug"] == refused[first].code


@needs_contract
async def test_a_number_of_another_call_has_no_word() -> None:
    """Opting out knows no sequences, so 5 is not "sequenceNotFound" there."""
    told = ok({"1": {"error": 5, "errorDetails": None}})

    seen = await exchange(lambda s: Contacts(s).set_opted_out([1]), told)

    assert "error 5" == seen.result.refused[1].code


OWNER_ANSWERS: dict[str, tuple[Told, dict[str, Any]]] = {
    "all named": (ok({"isSuccess": True, "affectedIds": [1, 2]}), {"done": {1, 2}}),
    "one not named": (
        ok({"isSuccess": True, "affectedIds": [2]}),
        {"done": {2}, "unknown": {1}},
    ),
    "no such user": (
        (404, {"code": "contact.notFound", "title": "Not found"}),
        {"refused": {1, 2}},
    ),
    "no answer to read": ((200, None), {"unknown": {1, 2}}),
}


@pytest.mark.parametrize("case", OWNER_ANSWERS)
async def test_verdicts_of_a_change_of_owner(case: str) -> None:
    """Who is not named in the answer is unknown, and nothing is sent twice."""
    answer, expected = OWNER_ANSWERS[case]

    result = (await exchange(lambda s: Contacts(s).change_owner([1, 2], 55), answer)).result

    verdicts = {name: set(getattr(result, name)) for name in ("done", "refused", "unknown")}
    assert {"done": set(), "refused": set(), "unknown": set(), **expected} == verdicts


async def test_a_key_without_the_scope_ends_a_change_of_owner() -> None:
    """Nothing was done, so the refusal is raised."""
    with pytest.raises(Forbidden):
        await exchange(lambda s: Contacts(s).change_owner([1], 55), (403, None))


async def test_answers_are_typed() -> None:
    """Words become members, unknown words stay text, 64-bit ids stay whole."""
    thread = (await exchange(lambda s: Contacts(s).inbox_threads(5), ok(THREADS))).result[0]
    activity = (
        await exchange(lambda s: Contacts(s).activities(5), ok(load("contacts/activities_200")))
    ).result[0]
    webhook = (
        await exchange(lambda s: Webhooks(s).get(1), ok({**WEBHOOK, "eventType": "new_one"}))
    ).result
    events = (
        await exchange(lambda s: Webhooks(s).events(), ok({"events": ["email_sent", "x"]}))
    ).result

    assert (InboxChannel.EMAIL, 100, None) == (thread.channel, thread.sequence.id, thread.category)
    assert (9007199254740993, {}) == (activity.id, activity.content)
    assert ("new_one", True) == (webhook.event_type, webhook.payload_config.include_email_url)
    assert webhook.url not in repr(webhook)
    assert (WebhookEventType.EMAIL_SENT, "x") == events


async def test_failed_deliveries_of_one_event_are_all_listed() -> None:
    """An event is delivered again after a failure, so its id repeats in the log."""
    entry = {"eventId": JOB, "httpStatus": 503, "date": "2026-04-21T09:30:05Z"}
    page = {"items": [entry, {**entry, "date": "2026-04-21T09:31:05Z"}], "hasMore": False}

    assert 2 == len((await exchange(lambda s: Webhooks(s).logs(1), ok(page))).result)


async def test_jobs_come_200_at_a_time() -> None:
    """A larger page is refused before any request."""

    async def first_page(sender: Any) -> None:
        async for _ in BackgroundJobs(sender).list().pages(size=201):
            pass

    with pytest.raises(InvalidUse, match="1 to 200"):
        await exchange(first_page)
