"""Lost answers of calls on many sequences, steps, variants and people: every item's verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

import pytest
from resources.exchange import Call, Told, exchange
from resources.sequence_shapes import FOLDER_ID, of, ok

from reply_async.bulk.item_calls import ItemCalls
from reply_async.errors import OutcomeUnknown
from reply_async.models.sequence_contacts import StatusInSequence
from reply_async.models.steps import Call as CallStep
from reply_async.models.steps import EmailVariant, LinkedInVariant
from reply_async.requests import Request, Safety
from reply_async.resources.folders import Folders
from reply_async.resources.sequence_contacts import SequenceContacts
from reply_async.resources.steps import Steps
from reply_async.resources.variants import Variants

LOST: Told = (500, None)
GONE: Told = (404, None)
RING = CallStep(message="Ring")
RING_READ = {"id": 9, "type": "call", "delayInMinutes": 0, "message": "Ring", "parentId": 3}
HI = EmailVariant(message="Hi")
HI_READ = {"id": 1, "subject": None, "message": "Hi", "isEnabled": True, "hasAttachments": False}
MEMBER = {"contactId": 1, "statusInSequence": "active"}
COUNTED: Told = (200, {"count": 2})
IN_8 = {"error": 8, "errorDetails": None}


def page(*items: Any, has_more: bool = False) -> Told:
    """Answer with a page of a list."""
    return ok({"items": list(items), "hasMore": has_more})


def sequence(id_: int = 7, **members: Any) -> dict[str, Any]:
    """Return a sequence as it may be read."""
    return {"id": id_, "name": "F", "status": "paused", "isArchived": False, **members}


def member(
    id_: int, status: str = "active", *, replied: bool = False, bounced: bool = False
) -> dict[str, Any]:
    """Return a contact in a sequence that got mail already."""
    told = {"isReplied": replied, "isBounced": bounced}
    return {"contactId": id_, "statusInSequence": status, "emailDisposition": told}


NOT_FOUND = {"error": "notFound", "errorDetails": None}
ARCHIVED = sequence(isArchived=True)
Verdicts = tuple[set[int], set[int], set[int]]  # done, refused, unknown
BULK: dict[str, tuple[Call, list[Told], str, Verdicts]] = {
    "some unarchived": (
        lambda s: of(s).unarchive_many([7, 8]),
        [LOST, page(sequence(7), sequence(8, isArchived=True)), ok({})],
        "POST GET POST",
        ({7, 8}, set(), set()),
    ),
    "unarchived, in a longer list": (
        lambda s: of(s).unarchive_many([7, 8]),
        [LOST, page(sequence(9), has_more=True), page(sequence(7), sequence(8), has_more=True)],
        "POST GET GET",
        ({7, 8}, set(), set()),
    ),
    "lost twice": (
        lambda s: of(s).unarchive_many([7, 8]),
        [LOST, page(ARCHIVED, sequence(8)), LOST, page(ARCHIVED)],
        "POST GET POST GET",
        ({8}, set(), {7}),
    ),
    "refused the second time": (
        lambda s: of(s).unarchive_many([7]),
        [LOST, page(), ok({"7": {"error": "notArchived", "errorDetails": None}})],
        "POST GET POST",
        (set(), {7}, set()),
    ),
    "not read back": (
        lambda s: of(s).unarchive_many([7]),
        [LOST, (403, None)],
        "POST GET",
        (set(), set(), {7}),
    ),
    "deleted": (
        lambda s: of(s).delete_many([7, 8]),
        [LOST, page(sequence(8)), ok({"8": NOT_FOUND})],
        "POST GET POST",
        ({7, 8}, set(), set()),
    ),
    "deleted, in a longer list": (
        lambda s: of(s).delete_many([7, 8]),
        [LOST, page(sequence(9), has_more=True), ok({"7": NOT_FOUND, "8": {"error": 2}})],
        "POST GET POST",
        ({7}, {8}, set()),
    ),
    "missing all along": (
        lambda s: of(s).delete_many([7]),
        [ok({"7": NOT_FOUND})],
        "POST",
        (set(), {7}, set()),
    ),
    "owners": (
        lambda s: of(s).change_owner_many([7, 8], 55),
        [LOST, page(sequence(7, ownerUserId=55), sequence(8, ownerUserId=3))],
        "POST GET",
        ({7}, set(), {8}),
    ),
    "steps deleted": (
        lambda s: Steps(s).delete_many(7, [8, 9]),
        [LOST, ok([RING_READ]), ok({"9": {"error": 5}})],
        "POST GET POST",
        ({8}, {9}, set()),
    ),
    "steps deleted after all": (
        lambda s: Steps(s).delete_many(7, [9]),
        [LOST, ok([RING_READ]), ok({"9": {"error": 4}})],
        "POST GET POST",
        ({9}, set(), set()),
    ),
    "variants deleted": (
        lambda s: Variants(s).delete_many(7, 9, [1, 2]),
        [LOST, ok([HI_READ]), ok({"1": NOT_FOUND})],
        "POST GET POST",
        ({1, 2}, set(), set()),
    ),
    "variants enabled": (
        lambda s: Variants(s).enable(7, 9, [1, 2, 3]),
        [LOST, ok([HI_READ, {**HI_READ, "id": 2, "isEnabled": False}, {"id": 3}]), ok({})],
        "POST GET POST",
        ({1, 2, 3}, set(), set()),
    ),
    "variants disabled": (
        lambda s: Variants(s).disable(7, 9, [2]),
        [LOST, ok([HI_READ, {**HI_READ, "id": 2, "isEnabled": False}])],
        "POST GET",
        ({2}, set(), set()),
    ),
    "filed": (
        lambda s: Folders(s).assign(FOLDER_ID, [7, 8]),
        [LOST, page(sequence(7)), ok({"8": {"error": 1}})],
        "POST GET POST",
        ({7}, {8}, set()),
    ),
    "taken out of a folder": (
        lambda s: Folders(s).unassign(FOLDER_ID, [7, 8]),
        [LOST, page(sequence(7)), ok({"7": {"error": 1}})],
        "POST GET POST",
        ({7, 8}, set(), set()),
    ),
    "removed": (
        lambda s: SequenceContacts(s).remove_many(7, [1, 2]),
        [LOST, page(MEMBER), ok({"removedIds": [1]})],
        "POST GET POST",
        ({1, 2}, set(), set()),
    ),
    "removed, among many": (
        lambda s: SequenceContacts(s).remove_many(7, [1, 2]),
        [LOST, page({**MEMBER, "contactId": 5}, has_more=True), ok({"removedIds": [1]})],
        "POST GET POST",
        ({1, 2}, set(), set()),
    ),
    "counts that do not add up": (
        lambda s: SequenceContacts(s).remove_many(7, [1, 2]),
        [ok({"removedIds": [1], "notFound": 0, "notInSequence": 0}), page()],
        "POST GET",
        ({1, 2}, set(), set()),
    ),
    "statuses": (
        lambda s: SequenceContacts(s).set_status(7, [1, 2], StatusInSequence.PAUSED),
        [LOST, COUNTED, page(MEMBER, member(2, "paused")), ok({"1": {"error": "forbidden"}})],
        "POST GET GET POST",
        ({2}, {1}, set()),
    ),
    "statuses, among very many": (
        lambda s: SequenceContacts(s).set_status(7, [1, 2, 3], StatusInSequence.ACTIVE),
        [LOST, ok({"count": 3001}), ok(MEMBER), GONE, ok(member(3, "paused")), ok({"2": IN_8})],
        "POST GET GET GET GET POST",
        ({1, 3}, {2}, set()),
    ),
    "statuses, among as many as pages hold": (
        lambda s: SequenceContacts(s).set_status(7, [1], StatusInSequence.ACTIVE),
        [LOST, ok({"count": 1000}), page(MEMBER)],
        "POST GET GET",
        ({1}, set(), set()),
    ),
    "replied": (
        lambda s: SequenceContacts(s).set_replied(7, [1, 2]),
        [LOST, COUNTED, page(member(1, replied=True), member(2, bounced=True)), ok({})],
        "POST GET GET POST",
        ({1, 2}, set(), set()),
    ),
    "not replied": (
        lambda s: SequenceContacts(s).set_replied(7, [1, 2], False),
        [LOST, COUNTED, page(MEMBER, member(2, bounced=True))],
        "POST GET GET",
        ({1, 2}, set(), set()),
    ),
    "bounced": (
        lambda s: SequenceContacts(s).set_bounced(7, [1, 2]),
        [LOST, COUNTED, page(member(1, bounced=True), MEMBER), LOST, COUNTED, page(MEMBER)],
        "POST GET GET POST GET GET",
        ({1}, set(), {2}),
    ),
    "members that cannot be read": (
        lambda s: SequenceContacts(s).set_bounced(7, [1, 2]),
        [LOST, COUNTED, page({"contactId": 1})],
        "POST GET GET",
        (set(), set(), {1, 2}),
    ),
    "bounced, and sent again": (
        lambda s: SequenceContacts(s).set_bounced(7, [1], is_bounced=False, resend_emails=True),
        [LOST],
        "POST",
        (set(), set(), {1}),
    ),
    "steps created": (
        lambda s: Steps(s).create_many(7, [RING, CallStep(message="Write")]),
        [ok([{**RING_READ, "id": 3}]), LOST, ok([{**RING_READ, "id": 3}, RING_READ])],
        "GET POST GET",
        ({0}, set(), {1}),
    ),
    "another number of rows": (
        lambda s: Steps(s).create_many(7, [RING, RING]),
        [ok([]), ok([{"id": 9}]), ok([RING_READ, {**RING_READ, "id": 10}])],
        "GET POST GET",
        ({0, 1}, set(), set()),
    ),
    "more rows than steps": (
        lambda s: Steps(s).create_many(7, [RING]),
        [ok([]), ok([{"id": 9}, {"id": 10}]), ok([])],
        "GET POST GET",
        (set(), set(), {0}),
    ),
    "neither id nor error": (
        lambda s: Steps(s).create_many(7, [RING, RING]),
        [ok([]), ok([{"id": 9}, {"id": None, "error": None}])],
        "GET POST",
        ({0}, set(), {1}),
    ),
    "steps not read back": (
        lambda s: Steps(s).create_many(7, [RING]),
        [ok([]), LOST, (403, None)],
        "GET POST GET",
        (set(), set(), {0}),
    ),
    "variants created": (
        lambda s: Variants(s).create_many(7, 9, [HI, LinkedInVariant(message="Ho")]),
        [ok([]), LOST, ok([HI_READ, {**HI_READ, "id": 2}])],
        "GET POST GET",
        (set(), set(), {0, 1}),
    ),
}


@pytest.mark.parametrize("case", BULK)
async def test_a_lost_bulk_answer_is_read_back(case: str) -> None:
    """Each item ends with a verdict, and only what may be repeated goes out again."""
    call, answers, verbs, expected = BULK[case]

    seen = await exchange(call, *answers)

    assert verbs == " ".join(line.split()[0] for line in seen.sent)
    result = seen.result
    assert expected == (set(result.done), set(result.refused), set(result.unknown))


async def test_only_what_is_not_done_is_sent_again() -> None:
    """The ids that reading shows as done are left out of the second request."""
    call, answers, *_ = BULK["some unarchived"]

    seen = await exchange(call, *answers)

    assert [{"ids": [7, 8]}, {"ids": [8]}] == [body for body in seen.bodies if body]


async def test_ids_of_lost_items_come_from_reading() -> None:
    """Items that look alike are told apart by the order of their ids."""
    call, answers, *_ = BULK["another number of rows"]

    assert {0: 9, 1: 10} == (await exchange(call, *answers)).result.done


async def test_a_lost_chunk_is_the_last() -> None:
    """Nothing may follow steps whose place is not known."""
    many = [CallStep(message=str(n)) for n in range(101)]

    seen = await exchange(lambda s: Steps(s).create_many(7, many), ok([]), LOST, ok([]))

    assert set(range(100)) == seen.result.unknown.keys()
    assert {100: "not_sent"} == {n: r.code for n, r in seen.result.refused.items()}


async def test_steps_of_an_earlier_chunk_are_not_new() -> None:
    """They look like those of the lost chunk, and are known by the answer before."""
    made = [{"id": n} for n in range(1, 101)]
    read = [{**RING_READ, "id": n} for n in range(1, 102)]

    seen = await exchange(
        lambda s: Steps(s).create_many(7, [RING] * 101), ok([]), ok(made), LOST, ok(read)
    )

    assert {n: n + 1 for n in range(101)} == seen.result.done


async def test_a_lost_creation_from_a_template_tells_what_is_new() -> None:
    """No name was sent by which to know it, so all that are new are told."""
    answers = [LOST, page(sequence(7, created="2999-01-01T00:00:00Z"), sequence(8))]

    with pytest.raises(OutcomeUnknown) as caught:
        await exchange(lambda s: of(s).create_from_template(FOLDER_ID), *answers)

    assert (7,) == caught.value.seen


async def test_a_key_that_is_refused_half_way_loses_no_verdict() -> None:
    """What was made before is told; the rest is refused, not raised."""
    many = [CallStep(message=str(n)) for n in range(201)]
    made = [{"id": n} for n in range(1, 101)]

    seen = await exchange(lambda s: Steps(s).create_many(7, many), ok([]), ok(made), (401, None))

    assert set(range(100)) == seen.result.done.keys()
    assert ["http.401", "not_sent"] == [seen.result.refused[n].code for n in (199, 200)]


async def test_a_lost_chunk_stays_unknown_when_the_key_is_refused() -> None:
    """It went out before, so "refused" would be a guess; nothing goes out again."""
    calls: Any = None

    async def wait_for_the_other(_ids: Collection[int]) -> Collection[int]:
        async with asyncio.timeout(10):
            while calls._fatal is None:  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(0)
        return ()

    def build(chunk: Sequence[int]) -> Request:
        path = {"id": str(chunk[0])}
        return Request("POST", "/v3/sequences/{id}/start", path=path, safety=Safety.STATE)

    async def run(sender: Any) -> Any:
        nonlocal calls
        calls = ItemCalls(sender=sender, build=build, size=1, find_done=wait_for_the_other)
        return await calls.run([1, 2])

    result = (await exchange(run, LOST, (401, None))).result

    assert ({1: "answer 500"}, {2}) == (result.unknown, set(result.refused))
