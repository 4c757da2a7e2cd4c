"""Lost answers of sequences, steps, variants, templates, folders and people in sequences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from models.samples import load
from resources.exchange import Call, Told, exchange
from resources.sequence_shapes import FOLDER_ID, of, ok

from reply_async.bulk.create_calls import match_made
from reply_async.converter import DecodeError, decode, decode_step
from reply_async.errors import OutcomeUnknown, ReplyError
from reply_async.models.sequence_contacts import SequenceContactPreview
from reply_async.models.sequences import SequenceListItem
from reply_async.models.steps import Call as CallStep
from reply_async.models.steps import Email, EmailVariant, StepVariant
from reply_async.models.templates import SequenceTemplate, SequenceTemplates
from reply_async.pagination import Page
from reply_async.requests import NotReached, Reached, Undecided
from reply_async.resources import cloning, steps, variants
from reply_async.resources.folders import Folders
from reply_async.resources.sequence_contacts import SequenceContacts, judge_reset, read_removed
from reply_async.resources.steps import Steps
from reply_async.resources.templates import Templates
from reply_async.resources.variants import Variants

LOST: Told = (500, None)
GONE: Told = (404, None)
DONE: Told = (204, None)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
FOLDER = {"id": FOLDER_ID, "name": "Sales"}
TEMPLATE = {"id": FOLDER_ID, "name": "Cold", "description": None}
RING = CallStep(message="Ring")
RING_READ = {"id": 9, "type": "call", "delayInMinutes": 0, "message": "Ring", "parentId": 3}
HI = EmailVariant(message="Hi")
HI_READ = {"id": 1, "subject": None, "message": "Hi", "isEnabled": True, "hasAttachments": False}
MEMBER = {"contactId": 1, "statusInSequence": "active"}


def page(*items: Any, has_more: bool = False) -> Told:
    """Answer with a page of a list."""
    return ok({"items": list(items), "hasMore": has_more})


def sequence(id_: int = 7, **members: Any) -> dict[str, Any]:
    """Return a sequence as it may be read."""
    return {"id": id_, "name": "F", "status": "paused", "isArchived": False, **members}


def preview(*changed: bool | None) -> dict[str, Any]:
    """Return a preview whose steps are changed by hand, or not."""
    told = [{"stepId": n, "isModifiedByUser": each} for n, each in enumerate(changed, 1)]
    return {"sequenceId": 7, "contactId": 3, "steps": told}


# The call, the answers in order, the verbs that are sent, and the id of what comes back:
# None where nothing is promised, or the kind of the error.
CASES: dict[str, tuple[Call, list[Told], str, Any]] = {
    "unarchived": (
        lambda s: of(s).unarchive(7),
        [LOST, ok(sequence())],
        "POST GET",
        7,
    ),
    "still archived": (
        lambda s: of(s).unarchive(7),
        [LOST, ok(sequence(isArchived=True)), ok(sequence())],
        "POST GET POST",
        7,
    ),
    "archived or not is not told": (
        lambda s: of(s).unarchive(7),
        [LOST, ok(sequence(isArchived=None)), ok(sequence())],
        "POST GET POST",
        7,
    ),
    "was not archived": (
        lambda s: of(s).unarchive(7),
        [(409, {"code": "sequenceAction.notArchived"}), ok(sequence())],
        "POST GET",
        7,
    ),
    "owner changed": (
        lambda s: of(s).change_owner(7, 55),
        [LOST, ok(sequence(ownerUserId=55))],
        "PUT GET",
        7,
    ),
    "another owner": (
        lambda s: of(s).change_owner(7, 55),
        [LOST, ok(sequence(ownerUserId=56))],
        "PUT GET",
        OutcomeUnknown,
    ),
    "template saved": (
        lambda s: of(s).save_as_template(7, "Cold"),
        [ok({}), LOST, ok({"teamTemplates": [TEMPLATE]})],
        "GET POST GET",
        FOLDER_ID,
    ),
    "template was there before": (
        lambda s: of(s).save_as_template(7, "Cold"),
        [ok({"teamTemplates": [TEMPLATE]}), LOST, ok({"teamTemplates": [TEMPLATE]})],
        "GET POST GET",
        OutcomeUnknown,
    ),
    "created from a template": (
        lambda s: of(s).create_from_template(FOLDER_ID),
        [LOST, page(sequence())],
        "POST GET",
        OutcomeUnknown,
    ),
    "template deleted": (
        lambda s: Templates(s).delete(FOLDER_ID),
        [LOST, ok({"globalTemplates": [{"id": FOLDER_ID.replace("a", "b"), "name": "x"}]})],
        "DELETE GET",
        None,
    ),
    "template still there": (
        lambda s: Templates(s).delete(FOLDER_ID),
        [LOST, ok({"organizationTemplates": [{**TEMPLATE, "id": FOLDER_ID.upper()}]}), DONE],
        "DELETE GET DELETE",
        None,
    ),
    "folder created": (
        lambda s: Folders(s).create("Sales"),
        [LOST, ok([{**FOLDER, "id": "x", "name": "sales"}, FOLDER])],
        "POST GET",
        FOLDER_ID,
    ),
    "folder not created": (
        lambda s: Folders(s).create("Sales"),
        [LOST, ok([])],
        "POST GET",
        OutcomeUnknown,
    ),
    "folder renamed": (
        lambda s: Folders(s).rename(FOLDER_ID, "Sales"),
        [LOST, ok(FOLDER)],
        "PUT GET",
        FOLDER_ID,
    ),
    "folder not renamed": (
        lambda s: Folders(s).rename(FOLDER_ID, "Sale"),
        [LOST, ok(FOLDER)],
        "PUT GET",
        OutcomeUnknown,
    ),
    "folder deleted": (
        lambda s: Folders(s).delete(FOLDER_ID),
        [LOST, GONE],
        "DELETE GET",
        None,
    ),
    "folder still there": (
        lambda s: Folders(s).delete(FOLDER_ID),
        [LOST, ok(FOLDER), GONE],
        "DELETE GET DELETE",
        None,
    ),
    "step created": (
        lambda s: Steps(s).create(7, RING),
        [ok([]), LOST, ok([RING_READ])],
        "GET POST GET",
        9,
    ),
    "step was there before": (
        lambda s: Steps(s).create(7, RING),
        [ok([RING_READ]), LOST, ok([RING_READ])],
        "GET POST GET",
        OutcomeUnknown,
    ),
    "step replaced": (
        lambda s: Steps(s).replace(7, CallStep(id=9, message="Ring")),
        [LOST, ok(RING_READ)],
        "PUT GET",
        9,
    ),
    "step as before": (
        lambda s: Steps(s).replace(7, CallStep(id=9, message="Ring twice")),
        [LOST, ok(RING_READ)],
        "PUT GET",
        OutcomeUnknown,
    ),
    "step deleted": (lambda s: Steps(s).delete(7, 9), [LOST, GONE], "DELETE GET", None),
    "step still there": (
        lambda s: Steps(s).delete(7, 9, mode="nodeOnly"),
        [LOST, ok(RING_READ), DONE],
        "DELETE GET DELETE",
        None,
    ),
    "variant created": (
        lambda s: Variants(s).create(7, 9, HI),
        [ok([{**HI_READ, "id": 4}]), LOST, ok([{**HI_READ, "id": 4}, HI_READ])],
        "GET POST GET",
        1,
    ),
    "variant replaced": (
        lambda s: Variants(s).replace(7, 9, StepVariant(id=1, message="Hi", is_enabled=True)),
        [LOST, ok([{**HI_READ, "id": 4}, {**HI_READ, "hasAttachments": True}])],
        "PUT GET",
        1,
    ),
    "variant as before": (
        lambda s: Variants(s).replace(7, 9, StepVariant(id=1, message="Hi", is_enabled=False)),
        [LOST, ok([HI_READ])],
        "PUT GET",
        OutcomeUnknown,
    ),
    "variant deleted": (
        lambda s: Variants(s).delete(7, 9, 1),
        [LOST, ok([{**HI_READ, "id": 4}])],
        "DELETE GET",
        None,
    ),
    "variant deleted with its step": (
        lambda s: Variants(s).delete(7, 9, 1),
        [LOST, GONE],
        "DELETE GET",
        None,
    ),
    "variant still there": (
        lambda s: Variants(s).delete(7, 9, 1),
        [LOST, ok([HI_READ]), DONE],
        "DELETE GET DELETE",
        None,
    ),
    "contact removed": (
        lambda s: SequenceContacts(s).remove(7, 1),
        [LOST, GONE],
        "DELETE GET",
        None,
    ),
    "contact still in": (
        lambda s: SequenceContacts(s).remove(7, 1),
        [LOST, ok(MEMBER), DONE],
        "DELETE GET DELETE",
        None,
    ),
    "preview reset": (
        lambda s: SequenceContacts(s).reset_preview(7, 3),
        [LOST, ok(preview(False, False))],
        "POST GET",
        None,
    ),
    "preview not reset": (
        lambda s: SequenceContacts(s).reset_preview(7, 3),
        [LOST, ok(preview(False, True)), DONE],
        "POST GET POST",
        None,
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_lost_answer_is_read_back(case: str) -> None:
    """What reading shows decides; only what may be repeated is sent again, once."""
    call, answers, verbs, expected = CASES[case]

    async def outcome(sender: Any) -> Any:
        try:
            value = await call(sender)
        except ReplyError as error:
            return type(error)
        return getattr(value, "id", value)

    seen = await exchange(outcome, *answers)

    assert (verbs, expected) == (" ".join(line.split()[0] for line in seen.sent), seen.result)


def seen_item(name: str, created: datetime | None = NOW, id_: int = 7) -> SequenceListItem:
    """Return a sequence as a list has it."""
    return SequenceListItem(id=id_, name=name, status="new", created=created)


@pytest.mark.parametrize(
    ("items", "is_ours"),
    [
        ([seen_item("Copy abc")], True),
        ([seen_item("Copy abc"), seen_item("Copy")], True),
        ([seen_item("Copy")], False),
        ([], False),
        ([seen_item("Copy abc"), seen_item("abc", id_=8)], False),
        ([seen_item("Copy abc", NOW - timedelta(seconds=1))], False),
    ],
)
def test_a_clone_is_known_by_its_mark(items: list[SequenceListItem], is_ours: bool) -> None:
    """Only one new sequence can hold the name of the template."""
    verdict = cloning.judge_clone("abc", Page(tuple(items), 0, has_more=False), NOW)

    assert is_ours is isinstance(verdict, Reached)
    assert Undecided() == cloning.judge_clone("abc", None, NOW)


@pytest.mark.parametrize(
    ("body", "is_ours"),
    [
        ({}, True),
        ({"scope": "organization"}, True),
        ({"scope": "team"}, False),
        ({"description": "x"}, False),
        ({"name": "cold"}, False),
    ],
)
def test_a_saved_template_is_alike(body: dict[str, Any], is_ours: bool) -> None:
    """Name, scope and description must be those that were sent."""
    found = SequenceTemplates(organization_templates=[SequenceTemplate(id="1", name="Cold")])

    verdict = cloning.judge_saved({"name": "Cold", **body}, (), found, NOW)

    assert is_ours is isinstance(verdict, Reached)
    assert Undecided() == cloning.judge_saved({"name": "Cold"}, ("1",), found, NOW)


@pytest.mark.parametrize(
    ("body", "members", "is_equal"),
    [
        ({}, {}, True),
        ({"subject": ""}, {"subject": None}, True),
        ({"subject": "x"}, {}, False),
        ({"message": "Ho"}, {}, False),
        ({"isEnabled": False}, {"is_enabled": False}, True),
        ({"isEnabled": False}, {"is_enabled": True}, False),
        ({"isEnabled": False}, {}, True),
        ({}, {"is_enabled": False}, False),
        ({"attachmentIds": [1]}, {"has_attachments": True}, True),
        ({"attachmentIds": [1]}, {"has_attachments": False}, False),
        ({}, {"has_attachments": True}, False),
    ],
)
def test_a_variant_is_compared_as_far_as_it_is_told(
    body: dict[str, Any], members: dict[str, Any], is_equal: bool
) -> None:
    """What an answer leaves out cannot differ."""
    variant = StepVariant(**{"id": 1, "message": "Hi", **members})

    assert is_equal is variants.is_same({"message": "Hi", **body}, variant)


def test_new_attachments_of_a_variant_cannot_be_compared() -> None:
    """An answer tells whether there are any, not which."""
    found = (StepVariant(id=1, message="Hi", is_enabled=True, has_attachments=True),)
    body = {"message": "Hi", "isEnabled": True, "attachmentIds": [1]}

    assert Undecided() == variants.judge_replaced(body, 1, found, NOW)
    assert Undecided() == variants.judge_replaced({"message": "Hi"}, 2, found, NOW)


def test_new_attachments_of_a_step_cannot_be_compared() -> None:
    """A created step is adopted by its texts, a replaced one stays undecided."""
    sent = Email(id=900, variants=[EmailVariant(id=1, message="Hi", attachment_ids=(5,))])
    found = Email(id=900, variants=[EmailVariant(id=1, message="Hi", has_attachments=True)])

    assert steps.is_same(sent, found)
    assert Undecided() == steps.judge_replaced(sent, found, NOW)
    assert Undecided() == steps.judge_replaced(found, None, NOW)


@pytest.mark.parametrize(
    ("members", "is_equal"),
    [
        ({}, True),
        ({"parentId": None}, False),
        ({"ifConditionPositive": True}, False),
        ({"delayInMinutes": 1}, False),
        ({"message": "Write"}, False),
    ],
)
def test_a_step_has_its_place_and_content(members: dict[str, Any], is_equal: bool) -> None:
    """A parent that was not sent is the server's choice."""
    found = decode_step({**RING_READ, **members})

    assert is_equal is steps.is_same(CallStep(message="Ring", parent_id=3), found)
    assert steps.is_same(RING, decode_step(RING_READ))


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ((False,), Reached(None)),
        ((), Reached(None)),
        ((True, False), NotReached()),
        ((True, None), Undecided()),
    ],
)
def test_a_reset_preview_has_no_step_changed_by_hand(
    changed: tuple[bool | None, ...], verdict: Any
) -> None:
    """What is not told decides nothing."""
    assert verdict == judge_reset(decode(preview(*changed), SequenceContactPreview), NOW)
    assert Undecided() == judge_reset(None, NOW)


def test_removed_contacts_are_named_and_the_others_counted() -> None:
    """Counts that leave somebody out make the answer unreadable; no counts are no matter."""
    sample = load("sequence_contacts/bulk_remove_200")

    assert [1, 3] == list(read_removed(sample, [1, 2, 3]))
    assert [1, 3] == list(read_removed({"removedIds": [2]}, [1, 2, 3]))
    for wrong in ({**sample, "notFound": 0}, {"removed": 1}):
        with pytest.raises(DecodeError):
            read_removed(wrong, [1, 2, 3])


@pytest.mark.parametrize(
    ("sent", "new", "made"),
    [
        ("ab", {5: "b", 4: "a"}, {0: 4, 1: 5}),
        ("aa", {5: "a", 4: "a"}, {0: 4, 1: 5}),
        ("aa", {4: "a"}, {}),
        ("a", {4: "a", 5: "a"}, {}),
        ("ab", {4: "a", 6: "c"}, {0: 4}),
        ("a?", {4: "a", 5: "b"}, {}),
        ("", {4: "a"}, {}),
    ],
)
def test_what_was_made_is_found_beyond_doubt(
    sent: str, new: dict[int, str], made: dict[int, int]
) -> None:
    """As many of a kind as were sent, and none that two of them could be."""
    fits = lambda item, found: item in ("?", found)  # noqa: E731 - one line says it

    assert made == match_made(sent, new, fits)
