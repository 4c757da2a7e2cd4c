"""The variants of one step: the wordings among which the server rotates.

Wraps the pages about variants filed under "Sequence steps". No call reads a single
variant, so whatever was lost is looked for among all of the step.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Collection, Iterable, Mapping
from collections.abc import Sequence as Items
from datetime import datetime
from functools import partial
from typing import Any, Final

from attrs import frozen

from reply_async.bulk.chunks import each
from reply_async.bulk.create_calls import CreateCalls
from reply_async.bulk.item_calls import ItemCalls
from reply_async.converter import decode, decode_list, encode_variant
from reply_async.errors import InvalidUse
from reply_async.models.steps import EmailVariant, InMailVariant, LinkedInVariant, StepVariant
from reply_async.outcome import BulkOutcome
from reply_async.requests import (
    NotReached,
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
    checked_id,
    int32,
)
from reply_async.resources.arguments import some_ids
from reply_async.resources.bodies import to_json
from reply_async.resources.numbers import id_list
from reply_async.responses import conclude
from reply_async.transport.sender import Sender

MOST_ATTACHMENTS: Final = 3
CHUNK: Final = 100
CREATE_NUMBERS: Final = {1: "invalidInput", 2: "invalidStep", 3: "internalError"}
_VARIANT = partial(decode, kind=StepVariant)
_VARIANTS = partial(decode_list, kind=StepVariant)

Variant = EmailVariant | LinkedInVariant | InMailVariant | StepVariant
Body = Mapping[str, Any]


@frozen
class Variants:
    """The variants of steps, in sequences that send e-mails or LinkedIn messages."""

    _sender: Sender

    async def list(self, sequence_id: int, step_id: int) -> tuple[StepVariant, ...]:
        """Return all variants of a step.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-steps/list-step-variants.
        """
        return await self._sender.send(_list(_path(sequence_id, step_id)), _VARIANTS)

    async def create(self, sequence_id: int, step_id: int, variant: Variant) -> StepVariant:
        """Add a variant to a step and return it as the server has it.

        It needs a message and starts enabled, unless ``is_enabled`` is False. At most
        three attachments. Variants of voice messages cannot be made here: how the
        server takes their recordings is not published.

        Costs: 2 requests, the first lists the variants, so that one whose answer is lost
        can be told from an older one.
        Lost answer: looked for among the new variants; not found, or several:
        OutcomeUnknown, never a second variant.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict (locked), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: sequence-steps/create-a-step-variant.
        """
        path, body = _path(sequence_id, step_id), _checked_body("variant", variant)
        known = await self._sender.send(_list(path), _VARIANTS)
        request = Request(
            "POST",
            "/v3/sequences/{id}/steps/{step_id}/variants",
            path=path,
            safety=Safety.CREATE,
            body=to_json(body),
            read_back=ReadBack(
                request=_list(path),
                decode=_VARIANTS,
                judge=partial(judge_created, body, frozenset(old.id for old in known)),
            ),
        )
        return await self._sender.send(request, _VARIANT)

    async def replace(self, sequence_id: int, step_id: int, variant: Variant) -> StepVariant:
        """Replace the variant that has this ``id`` and return it as the server has it.

        ``is_enabled`` is needed, since the server enables a variant that does not say;
        ``attachment_ids`` None keeps what is attached.

        Costs: 1 request.
        Lost answer: read and compared; equal counts as done. Attachments cannot be
        compared, so with new ones it is OutcomeUnknown.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict (locked), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: sequence-steps/update-a-step-variant.
        """
        variant_id = checked_id("variant.id", variant.id)
        if variant.is_enabled is None:
            raise InvalidUse("variant.is_enabled", "is missing: a replacement needs it")
        path, body = _path(sequence_id, step_id), _checked_body("variant", variant)
        if isinstance(variant, EmailVariant | StepVariant):
            body = {"subject": None, **body}  # no subject is one, it keeps to the thread
        request = Request(
            "PUT",
            "/v3/sequences/{id}/steps/{step_id}/variants/{variant_id}",
            path={**path, "variant_id": str(variant_id)},
            safety=Safety.REPLACE,
            body=to_json(body),
            read_back=ReadBack(
                request=_list(path),
                decode=_VARIANTS,
                judge=partial(judge_replaced, body, variant_id),
            ),
        )
        return await self._sender.send(request, _VARIANT)

    async def delete(self, sequence_id: int, step_id: int, variant_id: int) -> None:
        """Delete a variant; one that was sent and the last enabled one are refused.

        Costs: 1 request. Lost answer: the variants are listed; gone is done, else sent
        once more.
        Raises: InvalidUse, NotFound, Conflict (locked), ApiError (sent already, or the
        last), Forbidden, RateLimitWait, OutcomeUnknown.
        API page: sequence-steps/delete-a-step-variant.
        """
        path, checked = _path(sequence_id, step_id), checked_id("variant_id", variant_id)
        request = Request(
            "DELETE",
            "/v3/sequences/{id}/steps/{step_id}/variants/{variant_id}",
            path={**path, "variant_id": str(checked)},
            safety=Safety.DELETE,
            read_back=ReadBack(
                request=_list(path), decode=_VARIANTS, judge=partial(judge_deleted, checked)
            ),
        )
        await self._sender.send(request, None)

    async def create_many(
        self,
        sequence_id: int,
        step_id: int,
        variants: Iterable[Variant] | AsyncIterable[Variant],
    ) -> BulkOutcome[int, int]:
        """Add variants, any number of them, and tell what became of each.

        The key of each verdict is the index in ``variants``, from 0; ``done`` has the
        new ids. What is not sent, because a request before it failed or was lost, is
        refused as ``not_sent``.

        Costs: 1 request to list the variants, and 1 per 100 variants.
        Lost answer: looked for among the new variants; what is not surely there is in
        ``.unknown``, and never sent again.
        Raises: InvalidUse (before anything is sent), NotFound, Unauthorized, Forbidden.
        API page: sequence-steps/bulk-create-step-variants.
        """
        path = _path(sequence_id, step_id)
        bodies: list[Body] = []
        async for variant in each(variants):
            bodies.append(_checked_body(f"variants[{len(bodies)}]", variant))
        if not bodies:
            raise InvalidUse("variants", "is empty")
        calls = CreateCalls(
            sender=self._sender,
            build=partial(_creating_many, path),
            listing=_list(path),
            decode=_by_id,
            is_same=is_same,
            numbers=CREATE_NUMBERS,
        )
        return await calls.run(bodies)

    async def delete_many(
        self, sequence_id: int, step_id: int, variant_ids: Iterable[int] | AsyncIterable[int]
    ) -> BulkOutcome[int, None]:
        """Delete variants, any number of them, and tell what became of each id.

        Costs: 1 request per 100 ids.
        Lost answer: the variants are listed, gone is done, then at most one repeat; else
        ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequence-steps/bulk-delete-step-variants.
        """
        path = _path(sequence_id, step_id)

        def build(chunk: Items[int]) -> Request:
            return Request(
                "POST",
                "/v3/sequences/{id}/steps/{step_id}/variants/bulk-delete",
                path=path,
                safety=Safety.DELETE,
                body=to_json({"ids": list(chunk)}),
                rows=len(chunk),
            )

        async def find_done(ids: Collection[int]) -> set[int]:
            return set(ids) - (await self._existing(path)).keys()

        calls = ItemCalls(
            sender=self._sender, build=build, size=CHUNK, find_done=find_done, echo="notFound"
        )
        return await calls.run(await some_ids("variant_ids", variant_ids))

    async def enable(
        self, sequence_id: int, step_id: int, variant_ids: Iterable[int] | AsyncIterable[int]
    ) -> BulkOutcome[int, None]:
        """Let the server send these variants of a step, any number of them.

        Costs: 1 request per 100 ids.
        Lost answer: the variants are listed, then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequence-steps/enable-step-variants.
        """
        ids = await some_ids("variant_ids", variant_ids)
        template = "/v3/sequences/{id}/steps/{step_id}/enable"
        return await self._switch(template, _path(sequence_id, step_id), ids, is_enabled=True)

    async def disable(
        self, sequence_id: int, step_id: int, variant_ids: Iterable[int] | AsyncIterable[int]
    ) -> BulkOutcome[int, None]:
        """Keep the server from sending these variants of a step, any number of them.

        Costs: 1 request per 100 ids.
        Lost answer: the variants are listed, then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequence-steps/disable-step-variants.
        """
        ids = await some_ids("variant_ids", variant_ids)
        template = "/v3/sequences/{id}/steps/{step_id}/disable"
        return await self._switch(template, _path(sequence_id, step_id), ids, is_enabled=False)

    async def _switch(
        self, template: str, path: Mapping[str, str], ids: Items[int], *, is_enabled: bool
    ) -> BulkOutcome[int, None]:
        def build(chunk: Items[int]) -> Request:
            return Request(
                "POST",
                template,
                path=path,
                safety=Safety.STATE,
                body=to_json({"variantIds": list(chunk)}),
                rows=len(chunk),
            )

        async def find_done(ids: Collection[int]) -> set[int]:
            existing = await self._existing(path)
            return {
                id_ for id_ in ids if id_ in existing and existing[id_].is_enabled is is_enabled
            }

        calls = ItemCalls(sender=self._sender, build=build, size=CHUNK, find_done=find_done)
        return await calls.run(ids)

    async def _existing(self, path: Mapping[str, str]) -> Mapping[int, StepVariant]:
        """List the variants with the patience of a job."""
        request = _list(path)
        return conclude(request, await self._sender.deliver(request, _by_id))


def is_same(body: Body, variant: StepVariant) -> bool:
    """Tell whether a variant is as it was sent, as far as answers tell."""
    is_enabled = body.get("isEnabled", True)
    has_attachments = bool(body.get("attachmentIds"))
    return (
        (variant.message, variant.subject or None) == (body["message"], body.get("subject") or None)
        and variant.is_enabled in (None, is_enabled)
        and variant.has_attachments in (None, has_attachments)
    )


def judge_created(
    body: Body, known: Collection[int], variants: Items[StepVariant] | None, _since: datetime
) -> Verdict:
    """Adopt the one new variant that is as it was sent."""
    new = [each for each in variants or () if each.id not in known and is_same(body, each)]
    return Reached(new[0]) if len(new) == 1 else Undecided(tuple(each.id for each in new))


def judge_replaced(
    body: Body, variant_id: int, variants: Items[StepVariant] | None, _since: datetime
) -> Verdict:
    """Compare; another value may be the old one or somebody else's, so it decides nothing."""
    found = next((each for each in variants or () if each.id == variant_id), None)
    if found is None or "attachmentIds" in body:
        return Undecided()
    is_equal = is_same({**body, "attachmentIds": found.has_attachments}, found)
    return Reached(found) if is_equal else Undecided()


def judge_deleted(
    variant_id: int, variants: Items[StepVariant] | None, _since: datetime
) -> Verdict:
    """Gone is done, be it with the whole step."""
    is_there = any(each.id == variant_id for each in variants or ())
    return NotReached() if is_there else Reached(None)


def _path(sequence_id: int, step_id: int) -> Mapping[str, str]:
    return {"id": int32("sequence_id", sequence_id), "step_id": int32("step_id", step_id)}


def _list(path: Mapping[str, str]) -> Request:
    template = "/v3/sequences/{id}/steps/{step_id}/variants"
    return Request("GET", template, path=path, safety=Safety.READ)


def _by_id(data: object) -> Mapping[int, StepVariant]:
    return {variant.id: variant for variant in decode_list(data, StepVariant)}


def _creating_many(path: Mapping[str, str], chunk: Items[Body]) -> Request:
    return Request(
        "POST",
        "/v3/sequences/{id}/steps/{step_id}/variants/bulk",
        path=path,
        safety=Safety.CREATE,
        body=to_json(list(chunk)),
        rows=len(chunk),
    )


def _checked_body(argument: str, variant: Variant) -> Body:
    """Return a variant as it is sent, or raise InvalidUse that names what is wrong."""
    if not variant.message:
        raise InvalidUse(f"{argument}.message", "is empty")
    attachment_ids = getattr(variant, "attachment_ids", None) or ()
    id_list(f"{argument}.attachment_ids", attachment_ids, most=MOST_ATTACHMENTS)
    return encode_variant(variant)
