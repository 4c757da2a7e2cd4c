"""The SDK under every variant of every dialect, one short call or two for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reply_async import (
    BulkOutcome,
    CompanySize,
    ContactRow,
    Email,
    EmailVariant,
    Forbidden,
    InvalidUse,
    NotFound,
    Period,
    ReplySession,
    Safety,
    SequenceStatus,
    Unauthorized,
    ValidationFailed,
)
from reply_async.emulator import Emulator
from reply_async.emulator.dialects import entries
from reply_async.testing import VirtualClockLoop

Scenario = Callable[[ReplySession, Emulator], Awaitable[None]]
HELLO = Email(variants=[EmailVariant(subject="Hello", message="<p>Hi</p>")])
SCENARIOS: dict[str, Scenario] = {}
ENTRIES = [
    (entry.id, variant)
    for entry in entries().values()
    for variant in entry.variants
    if variant != entry.default
]


def touches(*names: str) -> Callable[[Scenario], Scenario]:
    """Use a scenario for these entries."""

    def keep(scenario: Scenario) -> Scenario:
        SCENARIOS.update(dict.fromkeys(names, scenario))
        return scenario

    return keep


@pytest.mark.parametrize(("entry", "variant"), ENTRIES, ids=map("-".join, ENTRIES))
async def test_the_sdk_works_under_a_variant(
    reply_clock: VirtualClockLoop,
    reply_emulator: Emulator,
    reply_session: ReplySession,
    entry: str,
    variant: str,
) -> None:
    """What a caller gets does not depend on which source is right."""
    assert reply_clock.time() >= 0
    reply_emulator.dialects = {entry: variant}
    await SCENARIOS[entry](reply_session, reply_emulator)


async def created(session: ReplySession) -> int:
    """Create a sequence with a mailbox and return its id."""
    made = await session.sequences.create("Founders", steps=[HELLO], email_accounts=[101])
    return made.id


async def imported(session: ReplySession, number: int) -> list[int]:
    """Import people and return their ids."""
    rows = [{"email": f"p{n}@example.com", "firstName": "P"} for n in range(number)]
    ids = []
    async with session.contacts.import_rows(rows) as run:
        async for chunk in run:
            ids += [row.contact_id for row in chunk.done.values()]
    return ids


def only_refusal(outcome: BulkOutcome[int, Any]) -> str:
    """Return the code of the one refusal there is."""
    (refusal,) = outcome.refused.values()
    return refusal.code


@touches("auth_401_body")
async def wrong_key(_: ReplySession, emulator: Emulator) -> None:
    """Tell a wrong key, with or without a body."""
    async with ReplySession("emu_other", base_url=emulator.url) as session:
        with pytest.raises(Unauthorized):
            await session.whoami()


@touches("scope_403_body")
async def missing_scope(_: ReplySession, emulator: Emulator) -> None:
    """Tell a key without the scope in any form."""
    key = emulator.add_key("emu_few", scopes=["tasks:read"])
    async with ReplySession(key, base_url=emulator.url) as session:
        with pytest.raises(Forbidden):
            await session.sequences.get(1)


@touches("bulk_item_error", "bulk_sequence_max")
async def many_refused(session: ReplySession, _: Emulator) -> None:
    """Take a number for its slug, and send no more ids than any server takes."""
    outcome = await session.sequences.start_many(range(1, 151))
    assert {"notFound"} == {refusal.code for refusal in outcome.refused.values()}
    assert 150 == len(outcome.refused)


@touches("create_item_error")
async def item_not_made(session: ReplySession, _: Emulator) -> None:
    """Tell the refused one of several steps by the word of its number."""
    sequence_id = await created(session)
    lost = Email(variants=HELLO.variants, parent_id=9)
    outcome = await session.steps.create_many(sequence_id, [HELLO, lost])
    assert ("invalidStep", 1) == (only_refusal(outcome), len(outcome.done))


@touches("folder_link_item_error")
async def not_in_folder(session: ReplySession, _: Emulator) -> None:
    """Tell refused links of a folder in the same way."""
    folder = await session.folders.create("F")
    assert "notFound" == only_refusal(await session.folders.assign(folder.id, [9]))


@touches("enum_casing", "sequence_issues", "create_answer", "list_health", "created_precision")
async def shown_sequence(session: ReplySession, _: Emulator) -> None:
    """Read the same sequence, however its answer is written."""
    sequence = await session.sequences.create("Founders", steps=[HELLO])
    assert SequenceStatus.NEW == sequence.status
    assert isinstance(sequence.steps[0], Email)
    (row,) = await session.sequences.list().collect()
    assert (sequence.id, SequenceStatus.NEW) == (row.id, row.status)
    assert row.created is not None
    assert timedelta(0) == row.created.utcoffset()


@touches("query_pointer", "validation_extensions")
async def faulty_query(session: ReplySession, _: Emulator) -> None:
    """Read a refusal with every form of its places."""
    query = {"top": "x", "skip": "x"}
    with pytest.raises(ValidationFailed) as caught:
        await session.request("GET", "/v3/contacts", query=query, safety=Safety.READ)
    assert {"top", "skip"} == {each.pointer.lstrip("/") for each in caught.value.fields}


@touches(
    "bulk_add_refusals",
    "bulk_add_enrolled",
    "bulk_add_not_processed_empty",
    "rate_headers",
)
async def enrolled_twice(session: ReplySession, emulator: Emulator) -> None:
    """Enrol nobody twice, and tell that a stranger is refused."""
    sequence_id = await created(session)
    ids = await imported(session, 2)
    first = await session.sequence_contacts.add_many(sequence_id, ids[:1])
    then = await session.sequence_contacts.add_many(sequence_id, [*ids, 999])
    assert (1, 1, 1) == (first.counts.enrolled, then.counts.already_in, then.counts.enrolled)
    assert [3] == [*then.refused]
    emulator.ledger.assert_one_effect_each()


@touches("missing_sequence_contacts_page", "link_lookup_404", "coming_soon_routes")
async def missing_sequence(session: ReplySession, _: Emulator) -> None:
    """Tell that a sequence is missing, also where no route counts."""
    sequence_id = await created(session)
    assert 0 == await session.sequence_contacts.count(sequence_id)
    assert 1 == await session.sequences.count()
    await imported(session, 1)
    assert 1 == await session.contacts.count_filtered()
    with pytest.raises(NotFound):
        await session.sequence_contacts.count(9)
    with pytest.raises(NotFound):
        await session.sequence_contacts.get(9, 8)
    with pytest.raises(NotFound):
        await session.sequence_contacts.remove(9, 8)


@touches("delete_missing_sequence", "missing_404_body")
async def missing_objects(session: ReplySession, _: Emulator) -> None:
    """Raise NotFound under either status and without a body."""
    with pytest.raises(NotFound):
        await session.sequences.delete(9)
    with pytest.raises(NotFound):
        await session.webhooks.get(9)


@touches("pause_of_paused", "pause_of_new", "archive_of_active", "start_without_contacts")
async def actions(session: ReplySession, _: Emulator) -> None:
    """Give the state that was asked for, whatever the server says on the way."""
    sequence_id = await created(session)
    await session.sequence_contacts.add_many(sequence_id, await imported(session, 1))
    assert SequenceStatus.ACTIVE == (await session.sequences.start(sequence_id)).status
    for _again in range(2):
        assert SequenceStatus.PAUSED == (await session.sequences.pause(sequence_id)).status
    assert (await session.sequences.archive(sequence_id)).is_archived


@touches("create_contact_duplicate", "create_contact_first_name", "company_size_write")
async def made_contact(session: ReplySession, _: Emulator) -> None:
    """Make a contact that has a first name."""
    contact = ContactRow(email="a@b.example", first_name="A", company_size=CompanySize.FIFTY)
    made = await session.contacts.create(contact)
    assert CompanySize.FIFTY == made.company_size


@touches("import_mode")
async def long_import(session: ReplySession, emulator: Emulator) -> None:
    """Tell an outcome of each row, although a job imports them."""
    report = await session.contacts.import_rows(
        {"email": f"p{n}@example.com", "firstName": "P"} for n in range(1_500)
    )
    assert (1_500, 0, 0) == (report.counts.done, len(report.unknown), len(report.refused))
    assert 1_500 == len(emulator.state.contacts)


@touches("import_bad_email")
async def bad_address(session: ReplySession, emulator: Emulator) -> None:
    """Refuse one row for an address that only the server finds wrong."""
    addresses = ("a@example.com", "a..b@example.com", "c@example.com")
    rows = [{"email": address, "firstName": "A"} for address in addresses]
    report = await session.contacts.import_rows(rows)
    assert ([2], 2) == ([*report.refused], report.counts.created)
    assert 2 == len(emulator.state.contacts)


@touches(
    "steps_required_on_create",
    "settings_on_create",
    "settings_partial_on_patch",
    "step_update_variant_id",
    "replace_senders_empty",
)
async def whole_bodies(session: ReplySession, _: Emulator) -> None:
    """Send things whole, as they were read."""
    sequence_id = await created(session)
    sequence = await session.sequences.get(sequence_id)
    assert sequence.settings is not None
    updated = await session.sequences.update(sequence_id, settings=sequence.settings)
    assert sequence.settings == updated.settings
    (step,) = sequence.steps
    assert step == await session.steps.replace(sequence_id, step)
    await session.senders.replace_email_accounts(sequence_id, [102])
    assert [102] == [each.id for each in await session.senders.email_accounts(sequence_id)]


@touches("stats_inverted_range", "reporting_offset_dates")
async def statistics(session: ReplySession, emulator: Emulator) -> None:
    """Refuse a period that ends before it begins before anything is sent."""
    sequence_id = await created(session)
    now = datetime.fromtimestamp(emulator.clock.now(), UTC)
    day = timedelta(days=1)
    await session.stats.get(sequence_id, Period.between(now - day, now))
    with pytest.raises(InvalidUse):
        Period.between(now, now - day)


@touches("page_envelope")
async def pages(session: ReplySession, _: Emulator) -> None:
    """Go on with a list for as long as its envelope says so."""
    await imported(session, 3)
    found = [page async for page in session.contacts.list().pages(size=2)]
    assert [2, 1] == [len(page.items) for page in found]


@touches("attachment_size_unit", "whoami_body", "auth_header")
async def account(session: ReplySession, emulator: Emulator) -> None:
    """Need no more than the user's id, and send the key in one place."""
    assert 501 == (await session.whoami()).user_id
    made = await session.attachments.upload("a.bin", b"x" * 1025)
    assert made.id in emulator.state.attachments
