"""What reading a sequence back tells of a write on it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from reply_async.converter import encode
from reply_async.models.sequences import Sequence, SequenceListItem, SequenceStatus
from reply_async.pagination import Page
from reply_async.requests import NotReached, Reached, Undecided, Verdict

IsReached = Callable[[SequenceListItem], bool]


def is_started(sequence: SequenceListItem) -> bool:
    """Tell whether a sequence is what a start leaves behind."""
    return sequence.status == SequenceStatus.ACTIVE and not sequence.is_archived


def is_paused(sequence: SequenceListItem) -> bool:
    """Tell whether a sequence is what a pause leaves behind."""
    return sequence.status == SequenceStatus.PAUSED and not sequence.is_archived


def is_archived(sequence: SequenceListItem) -> bool:
    """Tell whether a sequence is what archiving leaves behind."""
    return bool(sequence.is_archived)


def is_unarchived(sequence: SequenceListItem) -> bool:
    """Tell whether a sequence is what unarchiving leaves behind."""
    return sequence.is_archived is False


def is_owned_by(user_id: int, sequence: SequenceListItem) -> bool:
    """Tell whether a sequence is what a change of owner leaves behind."""
    return sequence.owner_user_id == user_id


def judge_created(name: str, page: Page[SequenceListItem] | None, since: datetime) -> Verdict:
    """Adopt the one sequence of that name that is new; one that tells no time counts as new."""
    made = [item for item in page.items if item.name == name] if page is not None else []
    new = [item for item in made if item.created is None or item.created >= since]
    if len(new) == 1:
        return Reached(new[0])
    return Undecided(tuple(item.id for item in new))


def judge_state(is_reached: IsReached, sequence: Sequence | None, _since: datetime) -> Verdict:
    """Tell whether the state is reached; a sequence that is missing decides nothing."""
    if sequence is None:
        return Undecided()
    return Reached(sequence) if is_reached(sequence) else NotReached()


def judge_updated(body: dict[str, Any], sequence: Sequence | None, _since: datetime) -> Verdict:
    """Compare; another value may be the old one or somebody else's, so it decides nothing."""
    if sequence is None:
        return Undecided()
    settings = encode(sequence.settings) if sequence.settings else {}
    now = {
        "name": sequence.name,
        "scheduleId": sequence.schedule_id,
        "settings": {member: settings.get(member) for member in body.get("settings", ())},
        "emailAccounts": sorted(account.id for account in sequence.email_accounts),
        "linkedInAccounts": sorted(account.id for account in sequence.linkedin_accounts),
    }
    wanted = {name: sorted(set(v)) if isinstance(v, list) else v for name, v in body.items()}
    is_equal = all(now[member] == value for member, value in wanted.items())
    return Reached(sequence) if is_equal else Undecided()
