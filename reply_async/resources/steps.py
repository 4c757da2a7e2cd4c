"""The steps of one sequence, as the server lists them.

Wraps the API pages filed under "Sequence steps". There is no position: ``parent_id``
forms the tree, a new step is appended. A lost answer is looked for among the steps that
were not there before.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Items
from datetime import datetime
from functools import partial
from typing import Any

from attrs import evolve, frozen

from reply_async.converter import DecodeError, decode_step, encode_step
from reply_async.models.step_tree import PlannedStep
from reply_async.models.steps import AnyStep
from reply_async.requests import Reached, ReadBack, Request, Safety, Undecided, Verdict, int32
from reply_async.resources.bodies import to_json
from reply_async.transport.sender import Sender


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
        return await self._sender.send(_list(int32("sequence_id", sequence_id)), _decode_steps)

    async def create(self, sequence_id: int, step: AnyStep) -> AnyStep:
        """Append a step and return it as the server has it.

        In a sequence with conditions set ``parent_id``, and for the branch of a
        condition ``if_condition_positive``. The steps nested in a condition are not
        created with it.

        Costs: 2 requests, the first lists the steps, so that a step whose answer is
        lost can be told from an older one.
        Lost answer: looked for among the new steps; not found, or several:
        OutcomeUnknown, never a second step.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict (locked), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: sequence-steps/create-a-sequence-step.
        """
        known = await self.list(sequence_id)
        planned = PlannedStep(step, branch=step.if_condition_positive)
        return await self.append(sequence_id, planned, step.parent_id, known)

    async def append(
        self,
        sequence_id: int,
        planned: PlannedStep,
        parent_id: int | None,
        known: Iterable[AnyStep],
    ) -> AnyStep:
        """Append a step of a plan, given its parent and all steps that exist before.

        Costs: 1 request. Lost answer, errors and API page are those of ``create``.
        """
        path = int32("sequence_id", sequence_id)
        step = evolve(planned.step, parent_id=parent_id, if_condition_positive=planned.branch)
        body = encode_step(step)
        request = Request(
            "POST",
            "/v3/sequences/{id}/steps",
            path={"id": path},
            safety=Safety.CREATE,
            body=to_json(body),
            read_back=ReadBack(
                request=_list(path),
                decode=_decode_steps,
                judge=partial(_judge_created, step, frozenset(each.id for each in known)),
            ),
        )
        return await self._sender.send(request, decode_step)


def _list(path: str) -> Request:
    return Request("GET", "/v3/sequences/{id}/steps", path={"id": path}, safety=Safety.READ)


def _decode_steps(data: Any) -> tuple[AnyStep, ...]:  # noqa: ANN401 - JSON is anything
    if not isinstance(data, list):
        raise DecodeError("$", "a list of steps is promised")
    return tuple(decode_step(item, f"$[{index}]") for index, item in enumerate(data))


def _judge_created(
    step: AnyStep, known: frozenset[int | None], steps: Items[AnyStep] | None, _since: datetime
) -> Verdict:
    new = [
        each
        for each in steps or ()
        if each.id not in known
        and (step.parent_id is None or each.parent_id == step.parent_id)
        and each.if_condition_positive == step.if_condition_positive
        and each.without_ids() == step.without_ids()
    ]
    if len(new) == 1:
        return Reached(new[0])
    return Undecided(tuple(each.id for each in new if each.id is not None))
