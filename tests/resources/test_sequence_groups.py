"""Sequences with their steps, templates, folders and people: what each method sends and reads."""

from __future__ import annotations

from typing import Any

import pytest
from models.samples import CONTRACT, load
from resources.exchange import (
    Call,
    Told,
    assert_fits,
    exchange,
    item_errors,
    operations_of,
    safety_of,
)
from resources.sequence_shapes import (
    ELSEWHERE,
    FIRST,
    FOLDER_ID,
    FOLLOW_UP,
    GROUPS,
    NO_BODY,
    SEQUENCE,
    SHAPES,
    TEMPLATE_ID,
    VARIANT,
    of,
    ok,
)

from reply_async.errors import Forbidden, InvalidUse, NotFound, OutcomeUnknown
from reply_async.models.sequence_contacts import StatusInSequence
from reply_async.models.steps import (
    EmailVariant,
)
from reply_async.requests import Safety
from reply_async.resources.sequence_contacts import SequenceContacts
from reply_async.resources.variants import Variants

needs_contract = pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not shipped")


@needs_contract
def test_every_operation_has_a_shape() -> None:
    """None of the groups' operations is left out, and none is made up."""
    assert operations_of(*GROUPS) == SHAPES.keys() | ELSEWHERE


@needs_contract
@pytest.mark.parametrize("operation", SHAPES)
async def test_request_has_its_shape(operation: str) -> None:
    """As expected word for word, and as the contract wants it."""
    call, answer, sent, body = SHAPES[operation]
    before = [FIRST[operation]] if operation in FIRST else []

    seen = await exchange(call, *(told for _, told in before), answer)

    assert [*(line for line, _ in before), sent] == seen.sent
    assert body == seen.bodies[-1]
    request = seen.requests[-1]
    assert operation == assert_fits(request, body, seen.queries[-1])
    assert safety_of(request) is request.safety


async def test_answers_are_typed() -> None:
    """The samples of the contract become the values that the methods promise."""
    variants = (await exchange(*SHAPES["list_step_variants"][:2])).result
    templates = (await exchange(*SHAPES["list_sequence_templates"][:2])).result
    (folder,) = (await exchange(*SHAPES["list_sequence_folders"][:2])).result
    (filed,) = (await exchange(*SHAPES["list_folder_sequences"][:2])).result

    count = (await exchange(*SHAPES["count_sequences"][:2])).result
    saved = (
        await exchange(
            SHAPES["save_sequence_as_template"][0], ok({}), SHAPES["save_sequence_as_template"][1]
        )
    ).result
    properties = (await exchange(*SHAPES["list_contact_filter_properties"][:2])).result
    state = (await exchange(*SHAPES["list_sequence_contacts_state"][:2])).result[0]
    member = (await exchange(*SHAPES["get_sequence_contact"][:2])).result
    preview = (await exchange(*SHAPES["get_sequence_contact_preview"][:2])).result

    assert (57, "Cold Outreach") == (count, saved.name)
    assert (("is", "isNot"), ("Interested",)) == (
        properties["stage"].operators,
        properties["stage"].values,
    )
    assert (150467348, StatusInSequence.ACTIVE) == (state.contact_id, state.status.status)
    assert 12345 == member.contact_id
    assert [(5421, "awaitingApproval")] == [
        (step.step_id, step.personalization_status) for step in preview.steps
    ]
    assert [(1, True, False), (2, False, True)] == [
        (variant.id, variant.is_enabled, variant.has_attachments) for variant in variants
    ]
    assert [TEMPLATE_ID] == [template.id for template in templates.global_templates]
    assert ("Email", "LinkedIn") == templates.team_templates[0].step_types
    assert (FOLDER_ID, "Sales Outreach") == (folder.id, folder.name)
    assert (12345, "healthy") == (filed.id, filed.health)


def codes(outcome: Any) -> dict[int, str]:
    """Return why items were refused."""
    return {key: refusal.code for key, refusal in outcome.refused.items()}


VERDICTS: dict[str, tuple[set[int], dict[int, str]]] = {
    "bulk_assign_sequences_to_folder": ({123}, {9: "notFound"}),
    "disable_step_variants": (set(), {3: "invalidInput", 4: "unsupportedOperation"}),
    "bulk_remove_contacts_from_sequence": ({2}, {1: "notInSequence", 3: "notInSequence"}),
    "bulk_delete_sequence_steps": ({8}, {7: "stepLockedHasChildren"}),
    "set_sequence_contacts_status": (set(), {7: "invalidStatusTransition", 8: "notInSequence"}),
    "bulk_create_sequence_steps": ({0}, {1: "invalidStep"}),
    "bulk_create_step_variants": ({0}, {1: "invalidStep"}),
}


@pytest.mark.parametrize("operation", VERDICTS)
async def test_verdicts_of_bulk_calls(operation: str) -> None:
    """Who is not named is done; rows count by position, from 0, and give ids."""
    call, answer, *_ = SHAPES[operation]
    before = [FIRST[operation][1]] if operation in FIRST else []

    result = (await exchange(call, *before, answer)).result

    assert VERDICTS[operation] == (set(result.done), codes(result))
    assert {901 if operation in FIRST else None} >= set(result.done.values())


BULK = (
    "bulk_unarchive_sequences",
    "bulk_delete_sequences",
    "bulk_set_sequence_owner",
    "bulk_delete_sequence_steps",
    "bulk_delete_step_variants",
    "enable_step_variants",
    "disable_step_variants",
    "bulk_assign_sequences_to_folder",
    "bulk_unassign_sequences_from_folder",
    "set_sequence_contacts_status",
    "set_sequence_contacts_replied",
    "set_sequence_contacts_bounced",
)


@needs_contract
@pytest.mark.parametrize("operation", BULK)
async def test_old_numbers_of_refusals_have_their_words(operation: str) -> None:
    """The same number means different things to different calls; a word stays as it is."""
    call, _, _, body = SHAPES[operation]
    first = next(iter(body.get("ids") or next(iter(body.values()))))
    for reason in item_errors(operation):
        for told in {reason["slug"], reason.get("legacy", reason["slug"])}:
            answer = ok({str(first): {"error": told, "errorDetails": None}})
            refused = (await exchange(call, answer)).result.refused
            assert (reason["slug"], told) == (refused[first].code, refused[first].raw_code)


@needs_contract
@pytest.mark.parametrize("operation", ["bulk_create_sequence_steps", "bulk_create_step_variants"])
async def test_old_numbers_of_rows_have_their_words(operation: str) -> None:
    """Rows of bulk creates have numbers of their own."""
    for reason in item_errors(operation):
        rows = [{"id": 5}, {"id": None, "error": reason.get("legacy", reason["slug"])}]
        seen = await exchange(SHAPES[operation][0], ok([]), ok(rows))
        assert (5, reason["slug"]) == (seen.result.done[0], seen.result.refused[1].code)


async def test_many_variants_go_out_one_chunk_after_the_other() -> None:
    """A hundred at a time, each verdict under its own position."""
    variants = [EmailVariant(message=str(n)) for n in range(201)]
    answers = [ok([{"id": start + n + 1} for n in range(100)]) for start in (0, 100)]

    seen = await exchange(
        lambda s: Variants(s).create_many(7, 9, variants), ok([]), *answers, ok([{"id": 201}])
    )

    assert ["0", "100", "200"] == [body[0]["message"] for body in seen.bodies[1:]]
    assert {n: n + 1 for n in range(201)} == seen.result.done


async def test_nothing_follows_a_chunk_that_is_refused() -> None:
    """What was to come after it is refused as not sent, and may be sent later."""
    variants = [EmailVariant(message=str(n)) for n in range(102)]
    answers = [ok([{"id": n + 1} for n in range(100)]), (409, {"code": "sequenceStep.stepLocked"})]

    seen = await exchange(lambda s: Variants(s).create_many(7, 9, variants), ok([]), *answers)
    refused = seen.result.refused
    assert {100, 101} == refused.keys()
    assert "sequenceStep.stepLocked" == refused[100].code

    first = await exchange(lambda s: Variants(s).create_many(7, 9, variants), ok([]), answers[1])
    assert ("sequenceStep.stepLocked", False) == _told(first.result.refused[99])
    assert ("not_sent", True) == _told(first.result.refused[100])


def _told(refusal: Any) -> tuple[str, bool]:
    return refusal.code, refusal.is_retryable


async def test_a_key_without_the_scope_ends_a_bulk_create() -> None:
    """Nothing was done, so the refusal is raised; so is a step that is missing."""
    create: Call = lambda s: Variants(s).create_many(7, 9, [FOLLOW_UP])  # noqa: E731 - one call

    with pytest.raises(Forbidden):
        await exchange(create, ok([]), (403, None))
    with pytest.raises(NotFound):
        await exchange(create, (404, None))


async def test_a_new_variant_may_start_disabled() -> None:
    """Only the variants of a new e-mail step may not."""
    seen = await exchange(
        lambda s: Variants(s).create(7, 9, EmailVariant(message="x", is_enabled=False)),
        ok([]),
        (201, VARIANT),
    )

    assert {"message": "x", "isEnabled": False} == seen.bodies[-1]
    assert Safety.CREATE is seen.requests[-1].safety


async def test_a_resend_of_bounced_mail_is_a_send() -> None:
    """It puts a step on the schedule again, so nothing may repeat it."""
    seen = await exchange(
        lambda s: SequenceContacts(s).set_bounced(7, [1], is_bounced=False, resend_emails=True),
        ok({}),
    )

    assert Safety.SEND is seen.requests[0].safety
    assert [{"contactIds": [1], "isBounced": False, "resendEmails": True}] == seen.bodies


async def test_a_page_of_states_has_100() -> None:
    """A larger one is refused before any request."""

    async def first_page(sender: Any) -> None:
        async for _ in SequenceContacts(sender).states(7).pages(size=101):
            pass

    with pytest.raises(InvalidUse, match="1 to 100"):
        await exchange(first_page)


async def test_a_clone_is_made_of_four_calls() -> None:
    """Saved under a name that nobody has, created, renamed; the template goes."""
    renamed = {**SEQUENCE, "name": "Copy"}
    answers = [(201, load("templates/save_201")), (201, SEQUENCE), ok(renamed), NO_BODY]

    seen = await exchange(lambda s: of(s).clone(7, "Copy", folder_id=FOLDER_ID), *answers)

    assert [
        "POST /v3/sequences/7/save-as-template",
        "POST /v3/sequences/create-from-template",
        "PATCH /v3/sequences/123",
        f"DELETE /v3/sequence-templates/{FOLDER_ID}",
    ] == seen.sent
    assert seen.bodies[0]["name"].startswith("Copy ")
    assert 5 + 32 == len(seen.bodies[0]["name"])
    assert [
        {"templateId": FOLDER_ID, "sequenceFolderId": FOLDER_ID},
        {"name": "Copy"},
        None,
    ] == seen.bodies[1:]
    assert "Copy" == seen.result.name


SAVED: Told = (201, load("templates/save_201"))
HALFWAY: dict[str, tuple[list[Told], int]] = {
    "nothing is saved": ([(409, {"code": "sequenceTemplate.duplicateName"})], 1),
    "nothing is created": ([SAVED, (404, {"code": "sequenceTemplate.notFound"})], 1),
    "not renamed": ([SAVED, (201, SEQUENCE), (403, None)], 2),
    "template not deleted": ([SAVED, (201, SEQUENCE), ok(SEQUENCE), (403, None)], 2),
}


@pytest.mark.parametrize("case", HALFWAY)
async def test_a_clone_that_fails_tells_what_is_left_behind(case: str) -> None:
    """The caller finds the ids of the template and the copy on the error."""
    answers, notes = HALFWAY[case]

    with pytest.raises(Exception, match=r"POST|PATCH|DELETE") as caught:
        await exchange(lambda s: of(s).clone(7, "Copy"), *answers)

    told = caught.value.__notes__
    assert notes == len(told)
    assert (len(answers) > 1) is (f"template {FOLDER_ID} is left behind" in told)
    assert (len(answers) > 2) is ("sequence 123 exists" in told)


async def test_a_lost_clone_names_its_template() -> None:
    """Its name ends in what is told, so that it can be found."""
    with pytest.raises(OutcomeUnknown) as caught:
        await exchange(lambda s: of(s).clone(7, "Copy"), (500, None), ok({}))

    (note,) = caught.value.__notes__
    assert note.startswith("a template whose name ends in ")
