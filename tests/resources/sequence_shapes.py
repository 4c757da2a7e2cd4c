"""What the calls about sequences put on the wire, one shape for each operation."""

from __future__ import annotations

from typing import Any

from models.samples import load
from resources.exchange import Call, Told

from reply_async.models.sequence_contacts import StateColumn, StatusInSequence
from reply_async.models.sequences import SequenceStatus
from reply_async.models.steps import Call as CallStep
from reply_async.models.steps import (
    Email,
    EmailVariant,
    LinkedInVariant,
    StepVariant,
)
from reply_async.resources.folders import Folders
from reply_async.resources.sequence_contacts import SequenceContacts
from reply_async.resources.sequences import Sequences
from reply_async.resources.steps import Steps
from reply_async.resources.templates import Templates
from reply_async.resources.variants import Variants

GROUPS = (
    "Sequences",
    "Sequence Steps",
    "Sequence Templates",
    "Sequence Folders",
    "Sequence Contacts",
)
# Their requests are compared in the table of all calls, word for word.
ELSEWHERE = {
    "list_sequences",
    "create_sequence",
    "get_sequence",
    "update_sequence",
    "delete_sequence",
    "start_sequence",
    "pause_sequence",
    "archive_sequence",
    "bulk_start_sequences",
    "bulk_pause_sequences",
    "bulk_archive_sequences",
    "get_sequence_stats",
    "list_sequence_stats",
    "get_sequence_email_stats",
    "list_sequence_contacts",
    "count_sequence_contacts",
    "bulk_add_contacts_to_sequence",
}
NO_BODY: Told = (204, None)
PAGE = "skip=0&top=1000"  # the mock sorts the query
FOLDER_ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
TEMPLATE_ID = "b1b2c3d4-e5f6-7890-abcd-ef1234567890"
FOLDER = load("folders/create_201")
VARIANT = load("steps/variant_201")
OF_FOLDER = f"/v3/sequence-folders/{FOLDER_ID}"
OF_STEP = "/v3/sequences/7/steps/9"
SEQUENCE = load("sequences/get_200")
STEP = load("steps/create_201")
RING = CallStep(delay_in_minutes=5, message="Ring")
RING_BODY = {"type": "call", "delayInMinutes": 5, "message": "Ring"}
FOLLOW_UP = EmailVariant(subject="Follow up", message="Hi", attachment_ids=(101, 102))


def ok(payload: Any) -> Told:
    """Answer with a 200."""
    return 200, payload


def of(sender: Any) -> Sequences:
    """Return the sequences as a session has them."""
    return Sequences(sender)


Shape = tuple[Call, Told, str, Any]
SHAPES: dict[str, Shape] = {
    "count_sequences": (
        lambda s: of(s).count(status=SequenceStatus.ACTIVE, is_archived=False, name="Sales"),
        ok(load("sequences/count_200")),
        "GET /v3/sequences/count?isArchived=false&name=Sales&status=active",
        None,
    ),
    "unarchive_sequence": (
        lambda s: of(s).unarchive(7),
        ok(SEQUENCE),
        "POST /v3/sequences/7/unarchive",
        None,
    ),
    "set_sequence_owner": (
        lambda s: of(s).change_owner(7, 55),
        ok(SEQUENCE),
        "PUT /v3/sequences/7/owner",
        {"userId": 55},
    ),
    "bulk_unarchive_sequences": (
        lambda s: of(s).unarchive_many([7, 8]),
        ok({}),
        "POST /v3/sequences/unarchive",
        {"ids": [7, 8]},
    ),
    "bulk_delete_sequences": (
        lambda s: of(s).delete_many([7, 8]),
        ok({}),
        "POST /v3/sequences/bulk-delete",
        {"ids": [7, 8]},
    ),
    "bulk_set_sequence_owner": (
        lambda s: of(s).change_owner_many([7, 8], 55),
        ok({}),
        "POST /v3/sequences/batch/owner",
        {"ids": [7, 8], "userId": 55},
    ),
    "save_sequence_as_template": (
        lambda s: of(s).save_as_template(7, "Cold", description="x", scope="team"),
        (201, load("templates/save_201")),
        "POST /v3/sequences/7/save-as-template",
        {"name": "Cold", "description": "x", "scope": "team"},
    ),
    "create_sequence_from_template": (
        lambda s: of(s).create_from_template(TEMPLATE_ID, folder_id=FOLDER_ID),
        (201, load("sequences/create_from_template_201")),
        "POST /v3/sequences/create-from-template",
        {"templateId": TEMPLATE_ID, "sequenceFolderId": FOLDER_ID},
    ),
    "list_sequence_steps": (
        lambda s: Steps(s).list(7),
        ok(load("steps/list_200")),
        "GET /v3/sequences/7/steps",
        None,
    ),
    "get_sequence_step": (
        lambda s: Steps(s).get(7, 9),
        ok(STEP),
        f"GET {OF_STEP}",
        None,
    ),
    "create_sequence_step": (
        lambda s: Steps(s).create(7, RING),
        (201, {**RING_BODY, "id": 9}),
        "POST /v3/sequences/7/steps",
        RING_BODY,
    ),
    "update_sequence_step": (
        lambda s: Steps(s).replace(7, Email(id=9, variants=[EmailVariant(id=1, message="Hi")])),
        ok(STEP),
        f"PUT {OF_STEP}",
        {
            "type": "email",
            "delayInMinutes": 0,
            "executionMode": "automatic",
            "variants": [{"id": 1, "message": "Hi"}],
        },
    ),
    "delete_sequence_step": (
        lambda s: Steps(s).delete(7, 9, mode="nodeAndPositiveChildren"),
        NO_BODY,
        f"DELETE {OF_STEP}?mode=nodeAndPositiveChildren",
        None,
    ),
    "bulk_create_sequence_steps": (
        lambda s: Steps(s).create_many(7, iter([RING, CallStep(parent_id=3, id=1)])),
        ok(load("steps/bulk_create_200_slug")),
        "POST /v3/sequences/7/steps/bulk",
        [RING_BODY, {"type": "call", "delayInMinutes": 0, "parentId": 3}],
    ),
    "bulk_delete_sequence_steps": (
        lambda s: Steps(s).delete_many(7, [7, 8]),
        ok(load("steps/bulk_delete_200")),
        "POST /v3/sequences/7/steps/bulk-delete",
        {"ids": [7, 8]},
    ),
    "list_contact_filter_properties": (
        lambda s: Steps(s).contact_filter_properties(),
        ok(load("steps/filter_properties_200")),
        "GET /v3/sequences/steps/contact-filter-properties",
        None,
    ),
    "get_sequence_contact": (
        lambda s: SequenceContacts(s).get(7, 3),
        ok(load("sequence_contacts/get_200")),
        "GET /v3/sequences/7/contacts/3",
        None,
    ),
    "list_sequence_contacts_state": (
        lambda s: SequenceContacts(s).states(
            7, additional_columns=[StateColumn.STATUS, StateColumn.CURRENT_STEP]
        ),
        ok(load("sequence_contacts/state_200")),
        "GET /v3/sequences/7/contacts/state?additionalColumns=Status,CurrentStep&skip=0&top=100",
        None,
    ),
    "remove_contact_from_sequence": (
        lambda s: SequenceContacts(s).remove(7, 3),
        NO_BODY,
        "DELETE /v3/sequences/7/contact-links/3",
        None,
    ),
    "bulk_remove_contacts_from_sequence": (
        lambda s: SequenceContacts(s).remove_many(7, [1, 2, 3, 2]),
        ok(load("sequence_contacts/bulk_remove_200")),
        "POST /v3/sequences/7/contact-links/bulk-delete",
        {"contactIds": [1, 2, 3]},
    ),
    "set_sequence_contacts_status": (
        lambda s: SequenceContacts(s).set_status(7, [7, 8], StatusInSequence.OUT_OF_OFFICE),
        ok(load("sequence_contacts/set_status_200")),
        "POST /v3/sequences/7/contacts/set-status-in-sequence",
        {"contactIds": [7, 8], "statusInSequence": "outOfOffice"},
    ),
    "set_sequence_contacts_replied": (
        lambda s: SequenceContacts(s).set_replied(7, [7, 8], False),
        ok({}),
        "POST /v3/sequences/7/contacts/set-replied",
        {"contactIds": [7, 8], "isReplied": False},
    ),
    "set_sequence_contacts_bounced": (
        lambda s: SequenceContacts(s).set_bounced(7, [7], is_bounced=False, resend_emails=False),
        ok({}),
        "POST /v3/sequences/7/contacts/set-bounced",
        {"contactIds": [7], "isBounced": False, "resendEmails": False},
    ),
    "get_sequence_contact_preview": (
        lambda s: SequenceContacts(s).preview(100, 12345),
        ok(load("sequence_contacts/preview_200")),
        "GET /v3/sequences/100/contacts/12345/preview",
        None,
    ),
    "reset_sequence_contact_preview": (
        lambda s: SequenceContacts(s).reset_preview(100, 12345),
        NO_BODY,
        "POST /v3/sequences/100/contacts/12345/preview/reset",
        None,
    ),
    "enable_step_variants": (
        lambda s: Variants(s).enable(7, 9, [1, 2]),
        ok({}),
        f"POST {OF_STEP}/enable",
        {"variantIds": [1, 2]},
    ),
    "disable_step_variants": (
        lambda s: Variants(s).disable(7, 9, [3, 4]),
        ok(load("steps/disable_200_foreign")),
        f"POST {OF_STEP}/disable",
        {"variantIds": [3, 4]},
    ),
    "list_step_variants": (
        lambda s: Variants(s).list(7, 9),
        ok(load("steps/variants_200")),
        f"GET {OF_STEP}/variants",
        None,
    ),
    "create_step_variant": (
        lambda s: Variants(s).create(7, 9, FOLLOW_UP),
        (201, VARIANT),
        f"POST {OF_STEP}/variants",
        {"subject": "Follow up", "message": "Hi", "attachmentIds": [101, 102]},
    ),
    "bulk_create_step_variants": (
        lambda s: Variants(s).create_many(7, 9, [FOLLOW_UP, LinkedInVariant(message="Hi")]),
        ok(load("steps/bulk_create_200_slug")),
        f"POST {OF_STEP}/variants/bulk",
        [
            {"subject": "Follow up", "message": "Hi", "attachmentIds": [101, 102]},
            {"message": "Hi", "isEnabled": True},
        ],
    ),
    "bulk_delete_step_variants": (
        lambda s: Variants(s).delete_many(7, 9, [1, 2]),
        ok({}),
        f"POST {OF_STEP}/variants/bulk-delete",
        {"ids": [1, 2]},
    ),
    "update_step_variant": (
        lambda s: Variants(s).replace(
            7, 9, StepVariant(id=1, message="Hi", is_enabled=False, has_attachments=True)
        ),
        ok(VARIANT),
        f"PUT {OF_STEP}/variants/1",
        {"subject": None, "message": "Hi", "isEnabled": False},
    ),
    "delete_step_variant": (
        lambda s: Variants(s).delete(7, 9, 1),
        NO_BODY,
        f"DELETE {OF_STEP}/variants/1",
        None,
    ),
    "list_sequence_templates": (
        lambda s: Templates(s).list(),
        ok(load("templates/list_200")),
        "GET /v3/sequence-templates",
        None,
    ),
    "delete_sequence_template": (
        lambda s: Templates(s).delete(TEMPLATE_ID.upper()),
        NO_BODY,
        f"DELETE /v3/sequence-templates/{TEMPLATE_ID}",
        None,
    ),
    "list_sequence_folders": (
        lambda s: Folders(s).list(),
        ok(load("folders/list_200")),
        "GET /v3/sequence-folders",
        None,
    ),
    "create_sequence_folder": (
        lambda s: Folders(s).create("Sales Outreach"),
        (201, FOLDER),
        "POST /v3/sequence-folders",
        {"name": "Sales Outreach"},
    ),
    "get_sequence_folder": (
        lambda s: Folders(s).get(FOLDER_ID),
        ok(FOLDER),
        f"GET /v3/sequence-folders/{FOLDER_ID}",
        None,
    ),
    "update_sequence_folder": (
        lambda s: Folders(s).rename(FOLDER_ID, "Renamed"),
        ok(FOLDER),
        f"PUT /v3/sequence-folders/{FOLDER_ID}",
        {"name": "Renamed"},
    ),
    "delete_sequence_folder": (
        lambda s: Folders(s).delete(FOLDER_ID),
        NO_BODY,
        f"DELETE /v3/sequence-folders/{FOLDER_ID}",
        None,
    ),
    "list_folder_sequences": (
        lambda s: Folders(s).sequences(FOLDER_ID, sort_by="people", sort_direction="desc"),
        ok(load("folders/sequences_200")),
        f"GET {OF_FOLDER}/sequences?skip=0&sort_by=people&sort_direction=desc&top=1000",
        None,
    ),
    "bulk_assign_sequences_to_folder": (
        lambda s: Folders(s).assign(FOLDER_ID, [123, 9]),
        ok(load("folders/assign_200_integer")),
        f"POST /v3/sequence-folders/{FOLDER_ID}/sequence-links/bulk",
        {"sequenceIds": [123, 9]},
    ),
    "bulk_unassign_sequences_from_folder": (
        lambda s: Folders(s).unassign(FOLDER_ID, [123, 456]),
        ok({}),
        f"POST /v3/sequence-folders/{FOLDER_ID}/sequence-links/bulk-delete",
        {"sequenceIds": [123, 456]},
    ),
}
# What these read before they write: the list that tells a new item from an older one.
FIRST: dict[str, tuple[str, Told]] = {
    "save_sequence_as_template": ("GET /v3/sequence-templates", ok(load("templates/list_200"))),
    "create_sequence_step": ("GET /v3/sequences/7/steps", ok([])),
    "bulk_create_sequence_steps": ("GET /v3/sequences/7/steps", ok([])),
    "create_step_variant": (f"GET {OF_STEP}/variants", ok([])),
    "bulk_create_step_variants": (f"GET {OF_STEP}/variants", ok([])),
}
