"""The models against the contract: members, words, and bodies that are sent."""

from __future__ import annotations

import json
from enum import StrEnum
from functools import cache
from typing import Any, get_args

import jsonschema_rs
import pytest
from attrs import fields
from hypothesis import given, settings
from hypothesis import strategies as st
from models.samples import CONTRACT, load

from reply_async.converter import (
    camel,
    decode_step,
    encode_draft,
    encode_row,
    encode_step,
    encode_variant,
)
from reply_async.models import (
    bulk_items,
    contact_activities,
    contact_lists,
    contacts,
    counts,
    folders,
    jobs,
    senders,
    sequence_contacts,
    sequences,
    stats,
    steps,
    templates,
    users,
    webhooks,
)
from reply_async.models.contacts import CompanySize, ContactRow
from reply_async.models.sequences import RepliesHandlingType, SequenceDraft, SequenceSettings
from reply_async.unset import UNSET

pytestmark = pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not shipped here")

STEP_KINDS = [kind for kind in get_args(steps.AnyStep) if kind is not steps.UnknownStep]
SCHEMAS: list[tuple[type[Any], str]] = [
    (bulk_items.CreatedItem, "CreateItemResult"),
    (bulk_items.ItemFailure, "NotProcessedItem"),
    (contact_activities.ContactActivity, "ContactActivity"),
    (contact_activities.ContactInboxThread, "ContactInboxThread"),
    (contact_lists.ContactList, "ContactList"),
    (contacts.Contact, "Contact"),
    (contacts.ContactOwnerResult, "ContactOwnerResult"),
    (contacts.ContactRow, "ContactImportItem"),
    (contacts.CustomField, "CustomField"),
    (contacts.ImportResult, "ContactImportResult"),
    (contacts.ImportedItem, "ContactImportItemResult"),
    (counts.Count, "Count"),
    (folders.SequenceFolder, "SequenceFolder"),
    (jobs.BackgroundJob, "BackgroundJobDetail"),
    (senders.EmailAccount, "EmailAccount"),
    (senders.EmailAccountRef, "SequenceEmailAccountRef"),
    (senders.SequenceEmailAccount, "SequenceEmailAccount"),
    (senders.SequenceLinkedInAccount, "SequenceLinkedInAccount"),
    (sequence_contacts.BulkAddResult, "BulkAddContactsResult"),
    (sequence_contacts.BulkRemoveResult, "BulkRemoveContactsResult"),
    (sequence_contacts.ContactStatuses, "ContactStatuses"),
    (sequence_contacts.CurrentStep, "CurrentStep"),
    (sequence_contacts.EmailDisposition, "EmailDisposition"),
    (sequence_contacts.SequenceContact, "SequenceContact"),
    (sequence_contacts.SequenceContactPreview, "SequenceContactPreview"),
    (sequence_contacts.SequenceContactState, "SequenceContactState"),
    (sequences.Sequence, "Sequence"),
    (sequences.SequenceDraft, "SequenceCreate"),
    (sequences.SequenceIssue, "SequenceIssue"),
    (sequences.SequenceListItem, "SequenceListItem"),
    (sequences.SequenceSettings, "SequenceSettings"),
    (stats.EmailOverview, "ReportingEmailsOverview"),
    (stats.LinkedInOverview, "SequenceLinkedInOverview"),
    (stats.SequenceEmailStats, "SequenceEmailStats"),
    (stats.SequenceStats, "SequenceStats"),
    (stats.SequenceStatsRow, "SequenceStatsRow"),
    (stats.StepEmailStats, "StepEmailStats"),
    (stats.VariantEmailStats, "VariantEmailStats"),
    (steps.ConditionRule, "ConditionRule"),
    (steps.ContactFilterProperty, "ContactFilterProperty"),
    (steps.InMailVariant, "InMailVariant"),
    (steps.LinkedInVariant, "LinkedInConnectVariant"),
    (steps.LinkedInVariant, "LinkedInVariant"),
    (steps.StepCondition, "StepCondition"),
    (steps.StepVariant, "StepVariant"),
    (templates.SequenceTemplate, "SequenceTemplate"),
    (templates.SequenceTemplates, "SequenceTemplates"),
    (users.WhoAmI, "WhoAmI"),
    (webhooks.Webhook, "Webhook"),
    (webhooks.WebhookEvents, "WebhookEvents"),
    (webhooks.WebhookLog, "WebhookLog"),
    (webhooks.WebhookPayloadConfig, "WebhookPayloadConfig"),
    *((kind, f"{kind.__name__}Step") for kind in STEP_KINDS),
]
WORDS: list[tuple[type[StrEnum], str]] = [
    (contact_activities.InboxChannel, "InboxChannel"),
    (contacts.CallStatus, "CallStatus"),
    (contacts.CompanySize, "CompanySize"),
    (contacts.CustomFieldType, "CustomFieldType"),
    (contacts.ImportItemStatus, "ImportItemStatus"),
    (contacts.MeetingStatus, "MeetingStatus"),
    (contacts.PhoneStatus, "PhoneStatus"),
    (jobs.BackgroundJobStatus, "BackgroundJobStatus"),
    (senders.EmailAccountType, "EmailAccountType"),
    (senders.EmailConnectionStatus, "EmailConnectionStatus"),
    (senders.LinkedInAccountStatus, "LinkedInAccountStatus"),
    (sequence_contacts.StatusInSequence, "StatusInSequenceExtended"),
    (sequences.RepliesHandlingType, "RepliesHandlingType"),
    (sequences.SequenceHealth, "SequenceHealth"),
    (sequences.SequenceIssueType, "SequenceIssueType"),
    (sequences.SequenceStatus, "SequenceStatsStatus"),
    (steps.ExecutionMode, "ExecutionMode"),
    (webhooks.WebhookEventType, "WebhookEventType"),
    (webhooks.WebhookScope, "WebhookScope"),
]
LOCAL = {"extra", "if_positive", "if_negative"}


@cache
def components() -> dict[str, Any]:
    """Return the contract's schemas."""
    found: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))["components"]
    return found


@cache
def validator(schema: str) -> Any:
    """Return a validator of one of the contract's schemas."""
    return jsonschema_rs.validator_for(
        {"$ref": f"#/components/schemas/{schema}", "components": components()}
    )


def members_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the members of a schema, with those that it takes over from others."""
    if "$ref" in schema:
        return members_of(components()["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    members: dict[str, Any] = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        members |= members_of(part)
    return members


def assert_valid(schema: str, body: Any) -> None:
    """Fail with the place if the contract refuses a body."""
    errors = [
        f"{error.instance_path}: {error.message}" for error in validator(schema).iter_errors(body)
    ]
    assert [] == errors


@pytest.mark.parametrize(("kind", "schema"), SCHEMAS)
def test_class_has_the_members_of_its_schema(kind: type[Any], schema: str) -> None:
    """All of them, by the server's words, and none of its own."""
    own = {camel(field.name) for field in fields(kind) if field.name not in LOCAL}
    decided = {"type", "actionType"} if schema.endswith("Step") else set()

    promised = members_of({"$ref": f"#/components/schemas/{schema}"})
    assert promised.keys() - decided == own - decided


def test_email_variant_has_the_members_of_both_forms() -> None:
    """It is read in one form and written in another."""
    own = {camel(field.name) for field in fields(steps.EmailVariant) if field.name not in LOCAL}
    schemas = components()["schemas"]

    assert own == {*members_of(schemas["EmailVariant"]), *members_of(schemas["EmailVariantUpdate"])}


@pytest.mark.parametrize(("enum", "schema"), WORDS)
def test_enum_has_the_words_of_its_schema(enum: type[StrEnum], schema: str) -> None:
    """All of them and none of its own."""
    assert set(components()["schemas"][schema]["enum"]) == {str(member) for member in enum}


def test_settings_that_a_create_needs() -> None:
    """The list stands in the contract."""
    needed = components()["schemas"]["SequenceSettingsCreate"]["required"]

    assert set(needed) == {camel(name) for name in SequenceSettings().missing_on_create()}


@pytest.mark.parametrize("index", range(16))
def test_new_step_is_valid(index: int) -> None:
    """Every kind, from the document's request and from steps that were read."""
    sample = load("steps/request_bulk_create_all_kinds")[index]
    listed = load("steps/list_200")[index]

    assert sample == encode_step(decode_step(sample))
    for body in (encode_step(decode_step(listed)), encode_step(decode_step(listed).without_ids())):
        assert_valid("SequenceStepCreate", body)
        assert "id" not in body
        assert all("id" not in variant for variant in body.get("variants", []))


@pytest.mark.parametrize("index", range(16))
def test_replaced_step_is_valid(index: int) -> None:
    """Every kind, with the ids of its variants."""
    body = encode_step(decode_step(load("steps/list_200")[index]), with_ids=True)

    assert_valid("SequenceStepUpdate", body)


def test_new_sequence_is_valid() -> None:
    """With settings, senders and a fork."""
    fork = steps.Condition(
        wait_in_minutes=1440,
        conditions=[
            steps.StepCondition(
                property="stage",
                rules=[steps.ConditionRule(operator="is", value="Interested"),
                       steps.ConditionRule(operator="isSet")],
            )
        ],
        if_positive=[steps.Call()],
    )  # fmt: skip
    sending = SequenceSettings(
        emails_count_per_day=50,
        days_to_finish_prospect=14,
        email_sending_delay_seconds=30,
        daily_throttling=200,
        disable_opens_tracking=False,
        replies_handling_type=RepliesHandlingType.MARK_AS_FINISHED,
        enable_links_tracking=True,
        generated_task_owner=None,
    )
    mail = steps.Email(variants=[steps.EmailVariant(subject="s", message="m")])
    draft = SequenceDraft(
        name="n", settings=sending, email_accounts=[1], linkedin_accounts=[2], steps=[mail, fork]
    )

    assert_valid("SequenceCreate", encode_draft(draft))
    assert_valid("SequenceCreate", encode_draft(SequenceDraft(name="n")))


def test_new_variants_are_valid() -> None:
    """The calls for single variants take all kinds in one form."""
    for variant in (
        steps.EmailVariant(
            message="m", subject="s", attachment_ids=[1, 2, 3], has_attachments=True
        ),
        steps.LinkedInVariant(message="m", id=3),
        steps.InMailVariant(message="m", subject="s", is_enabled=False),
    ):
        assert_valid("VariantRequest", encode_variant(variant))


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.just(UNSET) | st.none() | strategy


@settings(deadline=None)
@given(
    st.builds(
        ContactRow,
        email=_maybe(st.just("ann@example.com")),
        first_name=st.just(UNSET) | st.text(min_size=1),
        title=_maybe(st.text()),
        company_size=_maybe(
            st.sampled_from(CompanySize) | st.sampled_from(["TEN", "self_employed"])
        ),
        linkedin_url=_maybe(st.just("https://www.linkedin.com/in/ann")),
        is_opted_out=_maybe(st.booleans()),
        call_status=_maybe(st.sampled_from(contacts.CallStatus)),
        owner_user_id=_maybe(st.integers(1, 9)),
        custom_fields=st.just(UNSET) | st.dictionaries(st.text(), st.none() | st.text()),
    )
)
def test_rows_are_valid(row: ContactRow) -> None:
    """Whatever is set, unset or cleared."""
    assert_valid("ContactImportItem", encode_row(row))


def test_row_of_a_created_contact_is_valid() -> None:
    """Custom fields go by key there."""
    row = ContactRow(email="ann@example.com", company_size="ten", custom_fields={"a": None})

    assert_valid("ContactCreate", encode_row(row, custom_field_member="key"))
