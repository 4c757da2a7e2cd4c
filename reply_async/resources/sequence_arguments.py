"""What callers say of sequences, checked before any request: filters, drafts, changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from attrs import evolve

from reply_async.converter import encode, encode_time
from reply_async.errors import InvalidUse
from reply_async.models.sequences import SequenceDraft, SequenceSettings, SequenceStatus
from reply_async.requests import INT64_MAX, checked_id, int32, uuid_text
from reply_async.resources.arguments import checked_choice, checked_text
from reply_async.resources.numbers import id_list
from reply_async.unset import UNSET, Unset

# ARCHIVED is a flag beside it, and stands only in answers.
STATUSES: Final = (SequenceStatus.NEW, SequenceStatus.ACTIVE, SequenceStatus.PAUSED)


def filters(
    *,
    name: str | None,
    status: SequenceStatus | None,
    is_archived: bool | None,
    owner_user_id: int | None,
    folder_id: str | None,
    created_after: datetime | None,
) -> dict[str, str]:
    """Return the query by which sequences are listed and counted."""
    query: dict[str, str] = {}
    if name is not None:
        query["name"] = checked_text("name", name)
    if status is not None:
        query["status"] = str(checked_choice("status", status, STATUSES))
    if is_archived is not None:
        query["isArchived"] = str(is_archived).lower()
    if owner_user_id is not None:
        query["ownerUserId"] = int32("owner_user_id", owner_user_id)
    if folder_id is not None:
        query["folderId"] = uuid_text("folder_id", folder_id)
    if created_after is not None:
        query["createdAfter"] = encode_time(created_after, "created_after")
    return query


def checked_draft(draft: SequenceDraft) -> SequenceDraft:
    """Return a draft that can be created; what its steps lack is told when they are encoded."""
    checked_text("name", draft.name)
    if not draft.steps:
        raise InvalidUse("steps", "a sequence needs at least one step")
    if draft.settings is not None and (missing := draft.settings.missing_on_create()):
        raise InvalidUse("settings", f"lacks {', '.join(missing)}; give all seven or none")
    schedule_id = draft.schedule_id
    return evolve(
        draft,
        schedule_id=None if schedule_id is None else checked_id("schedule_id", schedule_id),
        email_accounts=id_list("email_accounts", draft.email_accounts, largest=INT64_MAX),
        linkedin_accounts=id_list("linkedin_accounts", draft.linkedin_accounts),
    )


def changes(
    *,
    name: str | Unset,
    schedule_id: int | Unset,
    settings: SequenceSettings | Unset,
    email_accounts: Iterable[int] | Unset,
    linkedin_accounts: Iterable[int] | Unset,
) -> dict[str, Any]:
    """Return the body of an update, which changes something."""
    body: dict[str, Any] = {}
    if not isinstance(name, Unset):
        body["name"] = checked_text("name", name)
    if not isinstance(schedule_id, Unset):
        body["scheduleId"] = checked_id("schedule_id", schedule_id)
    if settings is not UNSET:
        body["settings"] = encode(settings)
    if not isinstance(email_accounts, Unset):
        body["emailAccounts"] = id_list("email_accounts", email_accounts, largest=INT64_MAX)
    if not isinstance(linkedin_accounts, Unset):
        body["linkedInAccounts"] = id_list("linkedin_accounts", linkedin_accounts)
    if not body:
        raise InvalidUse("update", "nothing to change is given")
    return body
