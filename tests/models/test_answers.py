"""Every sample answer is read, of every era and with unknown members."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from models.samples import ANSWERS, READERS, load, read

from reply_async.converter import DecodeError, decode, decode_list, encode
from reply_async.models.bulk_items import ItemFailure
from reply_async.models.contacts import Contact, ImportItemStatus, ImportResult
from reply_async.models.sequence_contacts import BulkAddResult, SequenceContact, StatusInSequence
from reply_async.models.sequences import (
    RepliesHandlingType,
    Sequence,
    SequenceHealth,
    SequenceIssue,
    SequenceIssueType,
    SequenceListItem,
    SequenceStatus,
)
from reply_async.models.stats import SequenceEmailStats, SequenceStats
from reply_async.models.steps import Email, LinkedInMessage, UnknownStep
from reply_async.models.users import WhoAmI

NEWER = {"memberOfTomorrow": {"a": [1]}, "otherOfTomorrow": None}


def with_newer_members(data: Any) -> Any:
    """Add unknown members to every object but those that are keyed by id or property."""
    if isinstance(data, list):
        return [with_newer_members(item) for item in data]
    if not isinstance(data, dict):
        return data
    added = {name: with_newer_members(item) for name, item in data.items()}
    is_map = all(name.isdecimal() for name in data) or "emailValidationStatus" in data
    return added if is_map else added | NEWER


def without_newer_members(data: Any) -> Any:
    """Take out again what ``with_newer_members`` added."""
    if isinstance(data, list):
        return [without_newer_members(item) for item in data]
    if not isinstance(data, dict):
        return data
    return {name: without_newer_members(item) for name, item in data.items() if name not in NEWER}


def test_samples_are_there() -> None:
    """No reader is without a sample, so none is tested by accident only."""
    unused = [start for start in READERS if not any(name.startswith(start) for name in ANSWERS)]

    assert [] == unused
    assert len(ANSWERS) > 80


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_is_read_with_and_without_unknown_members(name: str) -> None:
    """Unknown members change nothing in what is read of the known ones."""
    plain = encode(read(name, load(name)))
    newer = encode(read(name, with_newer_members(load(name))))

    assert plain == without_newer_members(newer)


def test_sequence_of_today() -> None:
    """Every member of the document's own example has its place."""
    sequence = decode(load("sequences/get_200"), Sequence)

    assert (123, "Sales Outreach 2024", 42) == (sequence.id, sequence.name, sequence.owner_user_id)
    assert datetime(2024, 3, 8, 14, 30, tzinfo=UTC) == sequence.created
    assert SequenceStatus.ACTIVE is sequence.status
    assert SequenceHealth.DEGRADED is sequence.health
    assert ["sales@company.com", "outreach@company.com"] == [
        account.email for account in sequence.email_accounts
    ]
    assert "https://www.linkedin.com/in/johndoe" == sequence.linkedin_accounts[0].profile_url
    assert sequence.settings is not None
    assert 200 == sequence.settings.daily_throttling
    assert [Email, LinkedInMessage] == [type(step) for step in sequence.steps]


def test_sequence_of_the_pascal_era() -> None:
    """Words in other spellings are the same words."""
    sequence = decode(load("sequences/archive_200_pascal"), Sequence)

    assert SequenceStatus.ACTIVE is sequence.status
    assert SequenceHealth.DEGRADED is sequence.health
    assert sequence.settings is not None
    assert RepliesHandlingType.MARK_AS_FINISHED is sequence.settings.replies_handling_type
    assert (SequenceIssue(type=SequenceIssueType.EMAIL_ACCOUNT_SENDING_BLOCKED),) == sequence.issues
    assert [Email, LinkedInMessage] == [type(step) for step in sequence.steps]


def test_sequence_of_the_oldest_answers() -> None:
    """``ownerId`` was the name of ``ownerUserId``; whatever is missing was not told."""
    sequence = decode(load("sequences/archive_200_short_oldest"), Sequence)

    assert 42 == sequence.owner_user_id
    assert SequenceStatus.ARCHIVED is sequence.status
    assert (None, None, (), ()) == (
        sequence.health,
        sequence.settings,
        sequence.steps,
        sequence.issues,
    )
    item = decode_list(load("sequences/list_200_info_envelope")["items"], SequenceListItem)[0]
    assert 42 == item.owner_user_id


def test_sequence_stub_of_a_create() -> None:
    """``createdAt`` is another ``created``; an unknown status keeps its text."""
    sequence = decode(load("sequences/create_201_stub"), Sequence)

    assert datetime(2026, 7, 4, 9, 15, tzinfo=UTC) == sequence.created
    assert "draft" == sequence.status
    assert sequence.is_archived is None


def test_words_of_tomorrow() -> None:
    """An unknown word keeps its text, an unknown step its members."""
    sequence = decode(load("sequences/get_200_unknown_enums"), Sequence)

    assert ("hibernating", "onFire") == (sequence.status, sequence.health)
    assert type(sequence.status) is str
    step = sequence.steps[0]
    assert isinstance(step, UnknownStep)
    assert ("carrierPigeon", 5) == (step.type, step.id)


def test_issues_null_means_none() -> None:
    """The create answers null where nothing is wrong."""
    assert () == decode(load("sequences/create_201"), Sequence).issues


def test_only_three_members_of_a_sequence_are_needed() -> None:
    """Anything but id, name and status may be missing."""
    sequence = decode({"id": 1, "name": "a", "status": "new"}, Sequence)

    assert Sequence(id=1, name="a", status=SequenceStatus.NEW) == sequence


def test_times_of_live_lists_differ_in_their_fractions() -> None:
    """Two and seven digits are read; microseconds are what is kept."""
    items = decode_list(load("sequences/list_200_live")["items"], SequenceListItem)

    assert [490_000, 491_234] == [item.created.microsecond for item in items if item.created]


def test_contact_with_custom_fields() -> None:
    """Custom fields are a mapping; times without offset are UTC."""
    contact = decode(load("contacts/get_200"), Contact)

    assert {"leadSource": "Conference", "budget": "100k-250k"} == contact.custom_fields
    assert "https://www.linkedin.com/in/johndoe" == contact.linkedin_url
    assert datetime(2024, 3, 8, 10, tzinfo=UTC) == contact.created_at
    assert {} == decode({"id": 1, "customFields": None}, Contact).custom_fields


def test_import_rows() -> None:
    """Each row has its word, its id or None, and a reason where it was skipped."""
    items = decode(load("contacts/import_200"), ImportResult).items

    assert [
        ImportItemStatus.CREATED,
        ImportItemStatus.UPDATED,
        ImportItemStatus.SKIPPED,
        ImportItemStatus.SKIPPED,
        ImportItemStatus.FAILED,
        ImportItemStatus.FAILED,
        ImportItemStatus.RESTORED,
    ] == [item.status for item in items]
    assert (3, "noEditPermission") == (items[2].id, items[2].skip_reason)
    assert (None, "Invalid data") == (items[4].id, items[4].error)


def test_enrolment_failures_are_keyed_by_id() -> None:
    """The reason is a word today and was a number before."""
    today = decode(load("sequence_contacts/bulk_add_200"), BulkAddResult)
    before = decode(load("sequence_contacts/bulk_add_200_integers"), BulkAddResult)
    none = decode(load("sequence_contacts/bulk_add_200_no_not_processed"), BulkAddResult)

    assert (456,) == today.added
    assert "invalidInput" == today.not_processed[457].error
    assert {457: ItemFailure(error=7, error_details="ContactNotFound")} == before.not_processed
    assert {} == none.not_processed


def test_contact_in_a_sequence() -> None:
    """A finished contact stands at no step, one without mail has no disposition."""
    _, finished, away = decode_list(load("sequence_contacts/page_200")["items"], SequenceContact)

    assert finished.email_disposition is None
    assert finished.current_step is not None
    assert (None, "Finished") == (
        finished.current_step.step_id,
        finished.current_step.display_name,
    )
    assert StatusInSequence.OUT_OF_OFFICE is away.status_in_sequence


def test_statistics() -> None:
    """A counter that is left out is 0, a percentage may come as a whole number."""
    stats = decode(load("sequences/stats_200"), SequenceStats)
    emails = decode(load("sequences/stats_emails_200"), SequenceEmailStats)

    assert (200, 47.37) == (stats.email_overview.contacted, stats.email_overview.opened_percentage)
    assert (341, 22.58) == (
        stats.linkedin_overview.connections_sent,
        stats.linkedin_overview.connections_accepted_percentage,
    )
    assert (7, 3.68) == (
        emails.steps[0].links_clicked,
        emails.steps[0].variants[0].click_through_rate,
    )
    assert SequenceStats() == decode(load("sequences/stats_200_zero"), SequenceStats)
    assert SequenceStats() == decode({"emailOverview": None}, SequenceStats)


def test_old_whoami() -> None:
    """Older answers carry the user only."""
    assert WhoAmI(user_id=12345) == decode(load("users/whoami_200_short"), WhoAmI)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["email", "linkedIn", "message", "2024-01-01T00:00:00Z", "", "1"])
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "steps", "1", "other"]), inner, max_size=3)
    ),
    max_leaves=5,
)


def places_in(data: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value inside parsed JSON."""
    below: Any = ()
    if isinstance(data, dict):
        below = data.items()
    elif isinstance(data, list):
        below = enumerate(data)
    return [here] + [way for key, item in below for way in places_in(item, (*here, key))]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([name for name in ANSWERS if "list_200_empty" not in name]), st.data())
def test_broken_answer_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """One value of an answer replaced by anything: an object, or a DecodeError."""
    answer = load(name)
    way = data.draw(st.sampled_from(places_in(answer)))
    value = data.draw(JSON)
    is_page = (
        isinstance(answer, dict)
        and "items" in answer
        and name.split("_", maxsplit=1)[0] != "contacts/import"
    )
    if way and not (is_page and way == ("items",)):
        holder = answer
        for key in way[:-1]:
            holder = holder[key]
        holder[way[-1]] = value

    with suppress(DecodeError):
        read(name, answer)
