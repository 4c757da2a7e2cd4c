"""The steps of one sequence, as the server lists them.

Wraps the API pages filed under "Sequence steps", but for variants. There is no position:
``parent_id`` forms the tree, a new step is appended. A lost answer is looked for among
the steps that were not there before.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Collection, Iterable, Mapping
from collections.abc import Sequence as Items
from datetime import datetime
from functools import partial
from typing import Final, Literal, get_args

from attrs import evolve, frozen

from reply_async.bulk.chunks import each
from reply_async.bulk.create_calls import CreateCalls
from reply_async.bulk.item_calls import ItemCalls
from reply_async.converter import decode_map, decode_step, decode_steps, encode_step
from reply_async.errors import InvalidUse
from reply_async.models.step_tree import PlannedStep
from reply_async.models.steps import AnyStep, ContactFilterProperty, Email
from reply_async.outcome import BulkOutcome
from reply_async.requests import (
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
    checked_id,
    int32,
)
from reply_async.resources.arguments import checked_choice, some_ids
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import judge_deleted
from reply_async.resources.step_checks import check_new_step, check_step
from reply_async.responses import conclude
from reply_async.transport.sender import Sender

CHUNK: Final = 100
CREATE_NUMBERS: Final = {1: "invalidInput", 2: "invalidStep", 3: "internalError", 5: "stepLocked"}
DELETE_NUMBERS: Final = {4: "notFound", 5: "stepLocked", 7: "stepLockedHasChildren"}

DeleteMode = Literal[
    "nodeOnly", "nodeAndAllChildren", "nodeAndPositiveChildren", "nodeAndNegativeChildren"
]


@frozen
class Steps:
    """The steps of sequences."""

    _sender: Sender

    async def list(self, sequence_id: int) -> tuple[AnyStep, ...]:
        """Return all steps of a sequence, flat; ``nest`` turns them into a tree.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-steps/list-sequence-steps.
        """
        request = list_request(int32("sequence_id", sequence_id))
        return await self._sender.send(request, decode_steps)

    async def get(self, sequence_id: int, step_id: int) -> AnyStep:
        """Return one step.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-steps/get-a-sequence-step.
        """
        path = {"id": int32("sequence_id", sequence_id), "step_id": int32("step_id", step_id)}
        return await self._sender.send(_get(path), decode_step)

    async def create(self, sequence_id: int, step: AnyStep) -> AnyStep:
        """Append a step and return it as the server has it.

        In a sequence with conditions set ``parent_id``, and for the branch of a
        condition ``if_condition_positive``. The steps of a branch are created one by one
        after their condition, which must not hold them.

        Costs: 2 requests, the first lists the steps, so that a step whose answer is
        lost can be told from an older one.
        Lost answer: looked for among the new steps; not found, or several:
        OutcomeUnknown, never a second step.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict (locked), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: sequence-steps/create-a-sequence-step.
        """
        path = int32("sequence_id", sequence_id)
        check_new_step("step", step)
        planned = PlannedStep(step, branch=step.if_condition_positive)
        encode_step(step)  # what cannot be sent is refused before the first request
        known = await self._sender.send(list_request(path), decode_steps)
        request = append_request(path, planned, step.parent_id, known)
        return await self._sender.send(request, decode_step)

    async def replace(self, sequence_id: int, step: AnyStep) -> AnyStep:
        """Replace the step that has this ``id`` and return it as the server has it.

        Read the step, change it, and send the whole: variants that are left out are
        dropped, and new ones are made by ``session.variants``. Its kind cannot change.

        Costs: 1 request.
        Lost answer: read and compared; equal counts as done. Attachments cannot be
        compared, so with new ones it is OutcomeUnknown.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict (locked), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: sequence-steps/update-a-sequence-step.
        """
        path = {"id": int32("sequence_id", sequence_id), "step_id": int32("step.id", step.id)}
        check_step("step", step)
        for n, variant in enumerate(getattr(step, "variants", ())):
            checked_id(f"step.variants[{n}].id", variant.id)
        request = Request(
            "PUT",
            "/v3/sequences/{id}/steps/{step_id}",
            path=path,
            safety=Safety.REPLACE,
            body=to_json(encode_step(step, with_ids=True)),
            read_back=ReadBack(
                request=_get(path), decode=decode_step, judge=partial(judge_replaced, step)
            ),
        )
        return await self._sender.send(request, decode_step)

    async def delete(
        self, sequence_id: int, step_id: int, *, mode: DeleteMode | None = None
    ) -> None:
        """Delete a step; the steps under it move up, unless ``mode`` deletes them, too.

        A condition needs a ``mode``: the branch that it does not name moves up.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Conflict (locked), Forbidden, RateLimitWait,
        OutcomeUnknown.
        API page: sequence-steps/delete-a-sequence-step.
        """
        path = {"id": int32("sequence_id", sequence_id), "step_id": int32("step_id", step_id)}
        mode_text = checked_choice("mode", mode, get_args(DeleteMode))
        request = Request(
            "DELETE",
            "/v3/sequences/{id}/steps/{step_id}",
            path=path,
            query={} if mode_text is None else {"mode": mode_text},
            safety=Safety.DELETE,
            read_back=ReadBack(request=_get(path), decode=decode_step, judge=judge_deleted),
        )
        await self._sender.send(request, None)

    async def create_many(
        self, sequence_id: int, steps: Iterable[AnyStep] | AsyncIterable[AnyStep]
    ) -> BulkOutcome[int, int]:
        """Append steps, each after the one before, and tell what became of each.

        The key of each verdict is the index in ``steps``, from 0; ``done`` has the new
        ids. A step that is refused does not keep the server from appending the next one.
        What is not sent, because a request before it failed or was lost, is refused as
        ``not_sent``. The steps of branches are created after their condition.

        Costs: 1 request to list the steps, and 1 per 100 steps.
        Lost answer: looked for among the new steps; what is not surely there is in
        ``.unknown``, and never sent again.
        Raises: InvalidUse (before anything is sent), NotFound, Unauthorized, Forbidden.
        API page: sequence-steps/bulk-create-sequence-steps.
        """
        path = int32("sequence_id", sequence_id)
        checked: list[AnyStep] = []
        async for step in each(steps):
            check_new_step(f"steps[{len(checked)}]", step)
            encode_step(step)  # what cannot be sent is refused before the first request
            checked.append(step)
        if not checked:
            raise InvalidUse("steps", "is empty")
        calls = CreateCalls(
            sender=self._sender,
            build=partial(_creating_many, path),
            listing=list_request(path),
            decode=_by_id,
            is_same=is_same,
            numbers=CREATE_NUMBERS,
        )
        return await calls.run(checked)

    async def delete_many(
        self, sequence_id: int, step_ids: Iterable[int] | AsyncIterable[int]
    ) -> BulkOutcome[int, None]:
        """Delete steps, any number of them, and tell what became of each id.

        A ``notFound`` also stands for a lack of permission.

        Costs: 1 request per 100 ids.
        Lost answer: the steps are listed, gone is done, then at most one repeat; else
        ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequence-steps/bulk-delete-sequence-steps.
        """
        path = int32("sequence_id", sequence_id)

        def build(chunk: Items[int]) -> Request:
            return Request(
                "POST",
                "/v3/sequences/{id}/steps/bulk-delete",
                path={"id": path},
                safety=Safety.DELETE,
                body=to_json({"ids": list(chunk)}),
                rows=len(chunk),
            )

        async def find_done(ids: Collection[int]) -> set[int]:
            listing = list_request(path)
            existing = conclude(listing, await self._sender.deliver(listing, _by_id))
            return set(ids) - existing.keys()

        calls = ItemCalls(
            sender=self._sender,
            build=build,
            size=CHUNK,
            numbers=DELETE_NUMBERS,
            find_done=find_done,
            echo="notFound",
        )
        return await calls.run(await some_ids("step_ids", step_ids))

    async def contact_filter_properties(self) -> Mapping[str, ContactFilterProperty]:
        """Return by name what a condition may ask about a contact's properties.

        Costs: 1 request.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-steps/list-contact-filter-properties.
        """
        request = Request(
            "GET", "/v3/sequences/steps/contact-filter-properties", safety=Safety.READ
        )
        return await self._sender.send(request, partial(decode_map, kind=ContactFilterProperty))


def list_request(path: str) -> Request:
    """Build the read of all steps of a sequence."""
    return Request("GET", "/v3/sequences/{id}/steps", path={"id": path}, safety=Safety.READ)


def append_request(
    path: str, planned: PlannedStep, parent_id: int | None, known: Iterable[AnyStep]
) -> Request:
    """Build the creation of a step of a plan, given its parent and all steps before it."""
    step = evolve(planned.step, parent_id=parent_id, if_condition_positive=planned.branch)
    return Request(
        "POST",
        "/v3/sequences/{id}/steps",
        path={"id": path},
        safety=Safety.CREATE,
        body=to_json(encode_step(step)),
        read_back=ReadBack(
            request=list_request(path),
            decode=decode_steps,
            judge=partial(judge_created, step, frozenset(each.id for each in known)),
        ),
    )


def is_same(step: AnyStep, found: AnyStep) -> bool:
    """Tell whether a step is as it was sent, but for attachments, which no answer tells."""
    return (
        (step.parent_id is None or found.parent_id == step.parent_id)
        and found.if_condition_positive == step.if_condition_positive
        and _content(found) == _content(step)
    )


def judge_created(
    step: AnyStep, known: Collection[int | None], steps: Items[AnyStep] | None, _since: datetime
) -> Verdict:
    """Adopt the one new step that is as it was sent."""
    new = [each for each in steps or () if each.id not in known and is_same(step, each)]
    if len(new) == 1:
        return Reached(new[0])
    return Undecided(tuple(each.id for each in new if each.id is not None))


def judge_replaced(step: AnyStep, found: AnyStep | None, _since: datetime) -> Verdict:
    """Compare; another value may be the old one or somebody else's, so it decides nothing."""
    variants = getattr(step, "variants", ())
    if any(getattr(variant, "attachment_ids", None) is not None for variant in variants):
        return Undecided()
    return Reached(found) if found is not None and is_same(step, found) else Undecided()


def _content(step: AnyStep) -> AnyStep:
    alone = step.without_ids()
    if not isinstance(alone, Email):
        return alone
    variants = tuple(evolve(variant, attachment_ids=None) for variant in alone.variants)
    return evolve(alone, variants=variants)


def _get(path: Mapping[str, str]) -> Request:
    template = "/v3/sequences/{id}/steps/{step_id}"
    return Request("GET", template, path=path, safety=Safety.READ)


def _by_id(data: object) -> Mapping[int, AnyStep]:
    return {step.id: step for step in decode_steps(data) if step.id is not None}


def _creating_many(path: str, chunk: Items[AnyStep]) -> Request:
    return Request(
        "POST",
        "/v3/sequences/{id}/steps/bulk",
        path={"id": path},
        safety=Safety.CREATE,
        body=to_json([encode_step(step) for step in chunk]),
        rows=len(chunk),
    )
