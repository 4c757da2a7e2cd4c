"""Calls on contacts, fields, lists, webhooks, jobs and users: one for each operation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from models.samples import load
from resources.exchange import (
    Call,
    Told,
)

from reply_async.models.contacts import (
    CallStatus,
    CompanySize,
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
from reply_async.resources.users import team_users
from reply_async.resources.webhooks import Webhooks

JOB = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
HOOK = "https://example.com/hooks/2b0d7b3dcb6d"
ALL = WebhookPayloadConfig(
    include_email_url=True, include_email_text=False, include_prospect_custom_fields=True
)
ALL_SENT = {"includeEmailUrl": True, "includeEmailText": False, "includeProspectCustomFields": True}
CONTACT, FIELD = {"id": 5}, {"id": 1, "title": "leadSource"}
LIST, JOB_DETAIL = {"id": 10, "name": "Leads"}, {"jobId": JOB, "status": "Done"}
WEBHOOK = load("webhooks/create_201")
THREADS = {
    "items": [
        {
            "id": 58217,
            "channel": "email",
            "sequence": {"id": 100, "name": "Sales"},
            "category": None,
            "status": {"state": "ok"},
        }
    ],
    "hasMore": False,
}
NO_BODY = (204, None)
PAGE = "skip=0&top=1000"  # the mock sorts the query


def ok(payload: Any) -> Told:
    """Answer with a 200."""
    return 200, payload


Shape = tuple[Call, Told, str, Any]
SHAPES: dict[str, Shape] = {
    "list_contacts": (
        lambda s: Contacts(s).list(email="ann@example.com"),
        ok({"items": [CONTACT], "hasMore": False}),
        f"GET /v3/contacts?email=ann@example.com&{PAGE}",
        None,
    ),
    "create_contact": (
        lambda s: Contacts(s).create(
            ContactRow(
                email=" ann@Example.com",
                company_size=CompanySize.TEN,
                account_id=7,
                custom_fields={"leadSource": "Fair"},
            )
        ),
        (201, load("contacts/create_201")),
        "POST /v3/contacts",
        {
            "email": "ann@Example.com",
            "companySize": "Ten",
            "accountId": 7,
            "customFields": [{"key": "leadSource", "value": "Fair"}],
        },
    ),
    "get_contact": (lambda s: Contacts(s).get(5), ok(CONTACT), "GET /v3/contacts/5", None),
    "update_contact": (
        lambda s: Contacts(s).update(
            5,
            ContactRow(
                company=None,
                first_name="Ann",
                call_status=CallStatus.TO_CALL,
                owner_user_id=55,
                custom_fields={"leadSource": None},
            ),
        ),
        ok(CONTACT),
        "PATCH /v3/contacts/5",
        {
            "company": None,
            "firstName": "Ann",
            "callStatus": "toCall",
            "ownerUserId": 55,
            "customFields": [{"name": "leadSource", "value": None}],
        },
    ),
    "delete_contact": (lambda s: Contacts(s).delete(5), NO_BODY, "DELETE /v3/contacts/5", None),
    "bulk_delete_contacts": (
        lambda s: Contacts(s).delete_many([456, 457]),
        ok(load("contacts/bulk_delete_200")),
        "POST /v3/contacts/bulk-delete",
        {"ids": [456, 457]},
    ),
    "filter_contacts": (
        lambda s: Contacts(s).filter(
            rules=[
                ContactFilterRule(property="city", condition="is", value="Oslo"),
                ContactFilterRule(property="city", condition="isSet"),
            ],
            list_id=1,
            sequence_id=2,
            sequence_step_id=3,
            search_term="john",
            sort_by="email",
            sort_direction="desc",
        ),
        ok({"items": [CONTACT], "hasMore": False}),
        f"POST /v3/contacts/filter?{PAGE}",
        {
            "rules": [
                {"property": "city", "condition": "is", "value": "Oslo"},
                {"property": "city", "condition": "isSet"},
            ],
            "listId": 1,
            "sequenceId": 2,
            "sequenceStepId": 3,
            "searchTerm": "john",
            "sortBy": "email",
            "sortDirection": "desc",
        },
    ),
    "count_filtered_contacts": (
        lambda s: Contacts(s).count_filtered(list_id=10),
        ok(load("contacts/filter_count_200")),
        "POST /v3/contacts/filter/count",
        {"listId": 10},
    ),
    "get_contact_statuses": (
        lambda s: Contacts(s).statuses(5),
        ok(load("contacts/statuses_200")),
        "GET /v3/contacts/5/statuses",
        None,
    ),
    "list_contact_sequences": (
        lambda s: Contacts(s).sequences(5),
        ok(load("contacts/sequences_200")),
        "GET /v3/contacts/5/sequences",
        None,
    ),
    "list_contact_activities": (
        lambda s: Contacts(s).activities(5),
        ok(load("contacts/activities_200")),
        f"GET /v3/contacts/5/activities?{PAGE}",
        None,
    ),
    "list_contact_inbox_threads": (
        lambda s: Contacts(s).inbox_threads(5),
        ok(THREADS),
        f"GET /v3/contacts/5/inbox-threads?{PAGE}",
        None,
    ),
    "list_lists_of_contact": (
        lambda s: Contacts(s).lists(5),
        ok(load("contacts/lists_200")),
        "GET /v3/contacts/5/lists",
        None,
    ),
    "set_contacts_status_in_sequences": (
        lambda s: Contacts(s).set_status([1, 2], StatusInSequence.PAUSED),
        ok({}),
        "POST /v3/contacts/set-status-in-sequence",
        {"contactIds": [1, 2], "statusInSequence": "paused"},
    ),
    "set_contacts_replied": (
        lambda s: Contacts(s).set_replied([1], is_replied=False),
        ok({}),
        "POST /v3/contacts/set-replied",
        {"contactIds": [1], "isReplied": False},
    ),
    "set_contacts_bounced": (
        lambda s: Contacts(s).set_bounced([1], is_bounced=False, resend_emails=False),
        ok({}),
        "POST /v3/contacts/set-bounced",
        {"contactIds": [1], "isBounced": False, "resendEmails": False},
    ),
    "set_contacts_opted_out": (
        lambda s: Contacts(s).set_opted_out([1, 2, 2]),
        ok(load("contacts/set_opted_out_200")),
        "POST /v3/contacts/set-opted-out",
        {"contactIds": [1, 2], "isOptedOut": True},
    ),
    "set_contacts_owner": (
        lambda s: Contacts(s).change_owner([1, 2], 55, reassign_tasks=True),
        ok(load("contacts/owner_200")),
        "PUT /v3/contacts/owner",
        {"contactIds": [1, 2], "userId": 55, "reassignTasks": True},
    ),
    "set_contact_notes": (
        lambda s: Contacts(s).set_notes(5, "Called back"),
        NO_BODY,
        "POST /v3/contacts/5/notes",
        {"notes": "Called back"},
    ),
    "move_contact_to_sequence": (
        lambda s: Contacts(s).move_to_sequence(
            5,
            100,
            start_step_id=3,
            ignore_step_delay=True,
            start_from=datetime(2026, 5, 1, tzinfo=UTC),
        ),
        NO_BODY,
        "POST /v3/contacts/5/move-to-sequence",
        {
            "sequenceId": 100,
            "removeFromExisting": False,
            "startStepId": 3,
            "ignoreStepDelay": True,
            "startFrom": "2026-05-01T00:00:00Z",
        },
    ),
    "list_custom_fields": (
        lambda s: CustomFields(s).list(),
        ok(load("contacts/custom_fields_200")),
        "GET /v3/custom-fields",
        None,
    ),
    "create_custom_field": (
        lambda s: CustomFields(s).create(
            "budget", field_type=CustomFieldType.NUMBER, metadata="m", org_wide=True
        ),
        (201, FIELD),
        "POST /v3/custom-fields",
        {"title": "budget", "fieldType": "number", "metadata": "m", "orgWide": True},
    ),
    "get_custom_field": (
        lambda s: CustomFields(s).get(1),
        ok(FIELD),
        "GET /v3/custom-fields/1",
        None,
    ),
    "update_custom_field": (
        lambda s: CustomFields(s).replace(
            1, title="budget", field_type=CustomFieldType.TEXT, metadata=None
        ),
        ok(FIELD),
        "PUT /v3/custom-fields/1",
        {"title": "budget", "fieldType": "text", "metadata": None},
    ),
    "delete_custom_field": (
        lambda s: CustomFields(s).delete(1),
        NO_BODY,
        "DELETE /v3/custom-fields/1",
        None,
    ),
    "list_contact_lists": (
        lambda s: ContactLists(s).list(search="Lea"),
        ok(load("contact_lists/page_200")),
        f"GET /v3/contact-lists?search=Lea&{PAGE}",
        None,
    ),
    "create_contact_list": (
        lambda s: ContactLists(s).create("Leads", is_shared=True),
        (201, LIST),
        "POST /v3/contact-lists",
        {"name": "Leads", "isShared": True},
    ),
    "get_contact_list": (
        lambda s: ContactLists(s).get(10),
        ok(LIST),
        "GET /v3/contact-lists/10",
        None,
    ),
    "update_contact_list": (
        lambda s: ContactLists(s).replace(10, name="Leads 2"),
        ok(LIST),
        "PUT /v3/contact-lists/10",
        {"name": "Leads 2"},
    ),
    "delete_contact_list": (
        lambda s: ContactLists(s).delete(10),
        NO_BODY,
        "DELETE /v3/contact-lists/10",
        None,
    ),
    "share_contact_list": (
        lambda s: ContactLists(s).share(10),
        NO_BODY,
        "POST /v3/contact-lists/10/share",
        None,
    ),
    "unshare_contact_list": (
        lambda s: ContactLists(s).unshare(10),
        NO_BODY,
        "POST /v3/contact-lists/10/unshare",
        None,
    ),
    "add_contacts_to_list": (
        lambda s: ContactLists(s).add_contacts(10, [1, 7]),
        ok(load("contact_lists/add_200_integer")),
        "POST /v3/contact-lists/10/add-contacts",
        {"contactIds": [1, 7]},
    ),
    "move_contacts_to_list": (
        lambda s: ContactLists(s).move_contacts(10, [1, 7]),
        ok({}),
        "POST /v3/contact-lists/10/move-contacts",
        {"contactIds": [1, 7]},
    ),
    "list_webhooks": (
        lambda s: Webhooks(s).list(),
        ok(load("webhooks/page_200")),
        f"GET /v3/webhooks?{PAGE}",
        None,
    ),
    "create_webhook": (
        lambda s: Webhooks(s).create(
            WebhookEventType.EMAIL_REPLIED,
            HOOK,
            scope=WebhookScope.TEAM,
            enabled=False,
            payload_config=WebhookPayloadConfig(include_email_url=True),
        ),
        (201, WEBHOOK),
        "POST /v3/webhooks",
        {
            "eventType": "email_replied",
            "url": HOOK,
            "scope": "team",
            "enabled": False,
            "payloadConfig": {"includeEmailUrl": True},
        },
    ),
    "get_webhook": (lambda s: Webhooks(s).get(1823), ok(WEBHOOK), "GET /v3/webhooks/1823", None),
    "update_webhook": (
        lambda s: Webhooks(s).replace(
            1823,
            event_type=WebhookEventType.EMAIL_SENT,
            url=HOOK,
            scope=WebhookScope.PERSONAL,
            payload_config=ALL,
        ),
        ok(WEBHOOK),
        "PUT /v3/webhooks/1823",
        {
            "eventType": "email_sent",
            "url": HOOK,
            "scope": "personal",
            "payloadConfig": ALL_SENT,
        },
    ),
    "delete_webhook": (
        lambda s: Webhooks(s).delete(1823),
        NO_BODY,
        "DELETE /v3/webhooks/1823",
        None,
    ),
    "enable_webhook": (
        lambda s: Webhooks(s).enable(1823),
        NO_BODY,
        "POST /v3/webhooks/1823/enable",
        None,
    ),
    "disable_webhook": (
        lambda s: Webhooks(s).disable(1823),
        NO_BODY,
        "POST /v3/webhooks/1823/disable",
        None,
    ),
    "test_webhook": (
        lambda s: Webhooks(s).test(1823),
        NO_BODY,
        "POST /v3/webhooks/1823/test",
        None,
    ),
    "list_webhook_logs": (
        lambda s: Webhooks(s).logs(1823),
        ok(load("webhooks/logs_200")),
        f"GET /v3/webhooks/1823/logs?{PAGE}",
        None,
    ),
    "list_webhook_events": (
        lambda s: Webhooks(s).events(),
        ok(load("webhooks/events_200")),
        "GET /v3/webhooks/events",
        None,
    ),
    "list_background_jobs": (
        lambda s: BackgroundJobs(s).list(category="email"),
        ok(load("jobs/page_200")),
        "GET /v3/background-jobs?category=email&skip=0&top=200",
        None,
    ),
    "get_background_job": (
        lambda s: BackgroundJobs(s).get(JOB.upper()),
        ok(JOB_DETAIL),
        f"GET /v3/background-jobs/{JOB}",
        None,
    ),
    "cancel_background_job": (
        lambda s: BackgroundJobs(s).cancel(JOB, reason="no longer needed"),
        NO_BODY,
        f"POST /v3/background-jobs/{JOB}/cancel",
        {"reason": "no longer needed"},
    ),
    "list_team_users": (
        team_users,
        ok(load("users/team_users_200")),
        "GET /v3/whoami/team-users",
        None,
    ),
}
