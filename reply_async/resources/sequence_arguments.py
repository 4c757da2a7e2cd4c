"""What callers say of sequences, checked before any request: filters, drafts, changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from attrs import evolve, fields

from reply_async.converter import encode, encode_time
from reply_async.errors import InvalidUse
from reply_async.models.sequences import (
    GeneratedTaskOwner,
    RepliesHandlingType,
    SequenceDraft,
    SequenceSettings,
    SequenceStatus,
)
from reply_async.requests import INT64_MAX, checked_id, int32, uuid_text
from reply_async.resources.arguments import checked_choice, checked_text, checked_word
from reply_async.resources.numbers import id_list
from reply_async.resources.step_checks import check_new_steps
from reply_async.unset import Unset

# ARCHIVED is a flag beside it, and stands only in answers.
STATUSES: Final = (SequenceStatus.NEW, SequenceStatus.ACTIVE, SequenceStatus.PAUSED)
_MAY_BE_NULL: Final = frozenset({"number_of_same_domain_sending_limit", "generated_task_owner"})
_WORDS: Final[Mapping[str, type[StrEnum]]] = {
    "replies_handling_type": RepliesHandlingType,
    "generated_task_owner": GeneratedTaskOwner,
}


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
        if not isinstance(is_archived, bool):
            raise InvalidUse("is_archived", f"is no bool but {type(is_archived).__name__}")
        query["isArchived"] = str(is_archived).lower()
    if owner_user_id is not None:
        query["ownerUserId"] = int32("owner_user_id", owner_user_id)
    if folder_id is not None:
        query["folderId"] = uuid_text("folder_id", folder_id)
    if created_after is not None:
        query["createdAfter"] = encode_time(created_after, "created_after")
    return query


def checked_draft(draft: SequenceDraft) -> SequenceDraft:
    """Return a draft that can be created, its ids as numbers."""
    checked_text("name", draft.name)
    if not draft.steps:
        raise InvalidUse("steps", "a sequence needs at least one step")
    check_new_steps("steps", draft.steps)
    if draft.settings is not None:
        _check_settings(draft.settings)
        if missing := draft.settings.missing_on_create():
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
    if not isinstance(settings, Unset):
        _check_settings(settings)
        body["settings"] = encode(settings)
    if not isinstance(email_accounts, Unset):
        body["emailAccounts"] = id_list("email_accounts", email_accounts, largest=INT64_MAX)
    if not isinstance(linkedin_accounts, Unset):
        body["linkedInAccounts"] = id_list("linkedin_accounts", linkedin_accounts)
    if not body:
        raise InvalidUse("update", "nothing to change is given")
    return body


def _check_settings(settings: SequenceSettings) -> None:
    """Raise InvalidUse for null where the server wants a value, and for unknown words."""
    if not isinstance(settings, SequenceSettings):
        raise InvalidUse("settings", f"are no SequenceSettings but {type(settings).__name__}")
    for each in fields(SequenceSettings):
        value = getattr(settings, each.name)
        if value is None and each.name not in _MAY_BE_NULL:
            raise InvalidUse(f"settings.{each.name}", "cannot be cleared: leave it UNSET")
        if each.name in _WORDS and isinstance(value, str):
            checked_word(f"settings.{each.name}", _WORDS[each.name], value)
