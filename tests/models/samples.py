"""Sample answers and how each of them is read."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reply_async.converter import (
    decode,
    decode_failures,
    decode_list,
    decode_map,
    decode_step,
    decode_steps,
)
from reply_async.models.bulk_items import CreatedItem
from reply_async.models.contact_activities import ContactActivity
from reply_async.models.contact_lists import ContactList
from reply_async.models.contacts import Contact, ContactOwnerResult, CustomField, ImportResult
from reply_async.models.counts import Count
from reply_async.models.folders import SequenceFolder
from reply_async.models.jobs import BackgroundJob
from reply_async.models.senders import SequenceEmailAccount, SequenceLinkedInAccount
from reply_async.models.sequence_contacts import (
    BulkAddResult,
    BulkRemoveResult,
    ContactSequence,
    ContactStatuses,
    SequenceContact,
    SequenceContactPreview,
    SequenceContactState,
)
from reply_async.models.sequences import Sequence, SequenceListItem
from reply_async.models.stats import SequenceEmailStats, SequenceStats, SequenceStatsRow
from reply_async.models.steps import ContactFilterProperty, StepVariant
from reply_async.models.templates import SequenceTemplate, SequenceTemplates
from reply_async.models.users import TeamUser, WhoAmI
from reply_async.models.webhooks import Webhook, WebhookEvents, WebhookLog

if TYPE_CHECKING:
    from collections.abc import Callable

FIXTURES = Path(__file__).parents[1] / "fixtures"
CONTRACT = Path(__file__).parents[2] / "reply_async" / "emulator" / "data" / "openapi.json"


def load(name: str) -> Any:
    """Return one sample, parsed anew."""
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def one(kind: type[Any]) -> Callable[[Any], Any]:
    """Read an answer that is one object."""
    return partial(decode, kind=kind)


def many(kind: type[Any]) -> Callable[[Any], Any]:
    """Read an answer that is a bare list."""
    return partial(decode_list, kind=kind)


def page(kind: type[Any]) -> Callable[[Any], Any]:
    """Read the items of a page."""
    return lambda data: decode_list(data["items"], kind, "$.items")


# The first name that fits the beginning of a sample's name says how it is read.
READERS: dict[str, Callable[[Any], Any]] = {
    "contact_lists/add": decode_failures,
    "contact_lists/page": page(ContactList),
    "contacts/activities": page(ContactActivity),
    "contacts/bulk_delete": decode_failures,
    "contacts/create": one(Contact),
    "contacts/custom_fields": many(CustomField),
    "contacts/filter_count": one(Count),
    "contacts/get": one(Contact),
    "contacts/import": one(ImportResult),
    "contacts/lists": many(ContactList),
    "contacts/owner": one(ContactOwnerResult),
    "contacts/page": page(Contact),
    "contacts/sequences": many(ContactSequence),
    "contacts/set_opted_out": decode_failures,
    "contacts/statuses": one(ContactStatuses),
    "folders/assign": decode_failures,
    "folders/create": one(SequenceFolder),
    "folders/list": many(SequenceFolder),
    "folders/sequences": page(SequenceListItem),
    "jobs/get": one(BackgroundJob),
    "jobs/page": page(BackgroundJob),
    "senders/email_accounts": many(SequenceEmailAccount),
    "senders/linkedin_accounts": many(SequenceLinkedInAccount),
    "sequence_contacts/bulk_add": one(BulkAddResult),
    "sequence_contacts/bulk_remove": one(BulkRemoveResult),
    "sequence_contacts/count": one(Count),
    "sequence_contacts/get": one(SequenceContact),
    "sequence_contacts/page": page(SequenceContact),
    "sequence_contacts/preview": one(SequenceContactPreview),
    "sequence_contacts/set_status": decode_failures,
    "sequence_contacts/state": page(SequenceContactState),
    "sequences/archive": one(Sequence),
    "sequences/bulk_start": decode_failures,
    "sequences/count": one(Count),
    "sequences/create": one(Sequence),
    "sequences/get": one(Sequence),
    "sequences/list": page(SequenceListItem),
    "sequences/stats_all": many(SequenceStatsRow),
    "sequences/stats_emails": one(SequenceEmailStats),
    "sequences/stats": one(SequenceStats),
    "steps/bulk_create": many(CreatedItem),
    "steps/bulk_delete": decode_failures,
    "steps/create": decode_step,
    "steps/disable": decode_failures,
    "steps/filter_properties": partial(decode_map, kind=ContactFilterProperty),
    "steps/list": decode_steps,
    "steps/step": decode_step,
    "steps/variants": many(StepVariant),
    "steps/variant": one(StepVariant),
    "templates/list": one(SequenceTemplates),
    "templates/save": one(SequenceTemplate),
    "users/team_users": many(TeamUser),
    "users/whoami": one(WhoAmI),
    "webhooks/create": one(Webhook),
    "webhooks/events": one(WebhookEvents),
    "webhooks/logs": page(WebhookLog),
    "webhooks/page": page(Webhook),
}

ANSWERS = sorted(
    name
    for path in FIXTURES.glob("*/*.json")
    if not path.stem.startswith(("request_", "delivery_"))
    and (name := f"{path.parent.name}/{path.stem}")
    and any(name.startswith(known.split("/")[0] + "/") for known in READERS)
)


def read(name: str, data: Any) -> Any:
    """Read a sample as the call that it answers does."""
    reader = next(reader for start, reader in READERS.items() if name.startswith(start))
    return reader(data)
