"""Sequences: find, create, copy, change, start, pause, archive and delete them.

Wraps the API pages filed under "Sequences". Starting is a send of as many messages as
there are contacts. Lost answers are read back: the state of one sequence, or for a new
one its name in the list.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from collections.abc import Sequence as Items
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Final, Literal, get_args
from uuid import uuid4

from attrs import frozen

from reply_async.bulk.item_calls import FindDone, ItemCalls
from reply_async.bulk.list_checks import find_gone, find_reached
from reply_async.bulk.refusals import SEQUENCE_ACTION_NUMBERS
from reply_async.converter import (
    decode,
    decode_step,
    encode_draft,
)
from reply_async.errors import BadAnswer, InvalidUse, OutcomeUnknown, ReplyError
from reply_async.models.sequences import (
    Sequence,
    SequenceDraft,
    SequenceListItem,
    SequenceSettings,
    SequenceStatus,
)
from reply_async.models.step_tree import PlannedStep, flatten
from reply_async.models.steps import AnyStep
from reply_async.models.templates import SequenceTemplate
from reply_async.outcome import BulkOutcome
from reply_async.pagination import Pager
from reply_async.requests import (
    INT64_MAX,
    ReadBack,
    Request,
    Safety,
    checked_id,
    int32,
    uuid_text,
)
from reply_async.resources.arguments import checked_choice, checked_text, some_ids
from reply_async.resources.bodies import to_json
from reply_async.resources.cloning import TemplateScope, create_request, noting, save_request
from reply_async.resources.comparison import judge_deleted, judge_replaced
from reply_async.resources.counting import counted, length
from reply_async.resources.numbers import id_list
from reply_async.resources.sequence_arguments import changes, checked_draft, filters
from reply_async.resources.sequence_contacts import SequenceContacts
from reply_async.resources.sequence_judges import (
    IsReached,
    is_archived,
    is_owned_by,
    is_paused,
    is_started,
    is_unarchived,
    judge_created,
    judge_state,
    judge_updated,
)
from reply_async.resources.step_checks import some_steps
from reply_async.resources.steps import Steps, append_request
from reply_async.resources.templates import (
    TEMPLATES,
    delete_template_request,
    saved_templates,
    templates_request,
)
from reply_async.transport.sender import Sender
from reply_async.unset import UNSET, Unset

CHUNK: Final = 100  # right under both limits that the API's documents name
_SEQUENCE = partial(decode, kind=Sequence)
_TEMPLATE = partial(decode, kind=SequenceTemplate)
_SORTS: Final = ("created", "name", "status")


@frozen
class Sequences:
    """The sequences of the acting user's team."""

    _sender: Sender

    def list(
        self,
        *,
        name: str | None = None,
        status: SequenceStatus | None = None,
        is_archived: bool | None = None,
        owner_user_id: int | None = None,
        folder_id: str | None = None,
        created_after: datetime | None = None,
        sort_by: Literal["created", "name", "status"] | None = None,
        sort_direction: Literal["asc", "desc"] | None = None,
    ) -> Pager[SequenceListItem]:
        """List sequences, newest first unless ``sort_by`` says otherwise.

        ``name`` matches in part and without regard to case; without ``is_archived``
        both kinds are listed.

        Costs: 1 request per 1,000 sequences.
        Raises: InvalidUse, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequences/list-sequences.
        """
        if sort_direction is not None and sort_by is None:
            raise InvalidUse("sort_direction", "needs sort_by")
        query = filters(
            name=name,
            status=status,
            is_archived=is_archived,
            owner_user_id=owner_user_id,
            folder_id=folder_id,
            created_after=created_after,
        )
        if checked_choice("sort_by", sort_by, _SORTS) is not None:
            query["sortBy"] = str(sort_by)
        if checked_choice("sort_direction", sort_direction, ("asc", "desc")) is not None:
            query["sortDirection"] = str(sort_direction)
        return _pager(self._sender, query)

    async def count(
        self,
        *,
        name: str | None = None,
        status: SequenceStatus | None = None,
        is_archived: bool | None = None,
        owner_user_id: int | None = None,
        folder_id: str | None = None,
        created_after: datetime | None = None,
    ) -> int:
        """Return how many sequences there are, by the filters of ``list``.

        Marked as coming soon in the API's document, and in use by its vendor's tools.
        Where it is not served, the list is read.

        Costs: 1 request; 1 more per 1,000 sequences where it is not served.
        Raises: InvalidUse, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequences/count-sequences.
        """
        query = filters(
            name=name,
            status=status,
            is_archived=is_archived,
            owner_user_id=owner_user_id,
            folder_id=folder_id,
            created_after=created_after,
        )
        request = Request("GET", "/v3/sequences/count", safety=Safety.READ, query=query)
        count = await counted(self._sender, request)
        return await length(_pager(self._sender, query)) if count is None else count

    async def get(self, sequence_id: int) -> Sequence:
        """Return one sequence with its steps, settings and senders.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequences/get-a-sequence.
        """
        return await self._sender.send(_get(int32("sequence_id", sequence_id)), _SEQUENCE)

    async def create(
        self,
        name: str,
        *,
        steps: Iterable[AnyStep],
        schedule_id: int | None = None,
        settings: SequenceSettings | None = None,
        email_accounts: Iterable[int] = (),
        linkedin_accounts: Iterable[int] = (),
    ) -> Sequence:
        """Create a sequence, not yet started, and return it as the server has it.

        ``steps`` needs at least one; the steps of branches nest in the ``if_positive``
        and ``if_negative`` of a ``Condition``. ``settings`` needs all seven members
        that the API asks for, or is left out. Accounts are ids.

        Costs: 1 request; with branches 1 more for each step in a branch, and 1 to read
        the whole.
        Lost answer: looked for by its exact name among those created since, and its
        steps compared; not found, or several: OutcomeUnknown, never a second sequence.
        Raises: InvalidUse, ValidationFailed, NotFound (an account or schedule),
        Forbidden, RateLimitWait, OutcomeUnknown. An error after the first request has a
        note that names the sequence, which exists by then.
        API page: sequences/create-a-sequence.
        """
        draft = SequenceDraft(
            name=name,
            steps=some_steps("steps", steps),
            schedule_id=schedule_id,
            settings=settings,
            email_accounts=id_list("email_accounts", email_accounts, largest=INT64_MAX),
            linkedin_accounts=id_list("linkedin_accounts", linkedin_accounts),
        )
        return await self.create_from_draft(draft)

    async def create_from_draft(self, draft: SequenceDraft) -> Sequence:
        """Create a sequence from a draft, such as another one's ``without_ids()``.

        Costs: as ``create``. Lost answer: as there.
        Raises: what ``create`` raises.
        API page: sequences/create-a-sequence.
        """
        draft = checked_draft(draft)
        plan = flatten(draft.steps)
        namesakes = self.list(name=draft.name)
        request = Request(
            "POST",
            "/v3/sequences",
            safety=Safety.CREATE,
            body=to_json(encode_draft(draft)),
            read_back=ReadBack(
                request=namesakes.page_request(),
                decode=namesakes.decode_page,
                judge=partial(judge_created, draft.name),
            ),
        )
        made: SequenceListItem = await self._sender.send(request, _SEQUENCE)
        head, rest = plan[: len(draft.steps)], plan[len(draft.steps) :]
        try:
            if not isinstance(made, Sequence):  # found by its name, the answer was lost
                made = await self._adopt(made.id, head, request)
            if rest:
                await self._create_branches(made, rest)
            return made if made.steps and not rest else await self.get(made.id)
        except ReplyError as error:
            error.add_note(f"sequence {made.id} exists, perhaps without all of its steps")
            raise

    async def _adopt(
        self, sequence_id: int, head: Items[PlannedStep], request: Request
    ) -> Sequence:
        """Read a new sequence of the right name; with other steps it is not ours."""
        found = await self.get(sequence_id)
        steps = [step.without_ids() for step in in_chain_order(found.steps)]
        if steps != [planned.step.without_ids() for planned in head]:
            raise OutcomeUnknown(request, "a new namesake has other steps", (sequence_id,))
        return found

    async def _create_branches(self, made: Sequence, rest: Items[PlannedStep]) -> None:
        known = in_chain_order(made.steps or await Steps(self._sender).list(made.id))
        for planned in rest:
            if planned.parent is None or planned.parent >= len(known):
                problem = f"{len(known)} steps, fewer than were sent"
                raise BadAnswer(_get(str(made.id)), 200, "$.steps", problem)
            parent = known[planned.parent].id
            request = append_request(str(made.id), planned, parent, known)
            known.append(await self._sender.send(request, decode_step))

    async def update(
        self,
        sequence_id: int,
        *,
        name: str | Unset = UNSET,
        schedule_id: int | Unset = UNSET,
        settings: SequenceSettings | Unset = UNSET,
        email_accounts: Iterable[int] | Unset = UNSET,
        linkedin_accounts: Iterable[int] | Unset = UNSET,
    ) -> Sequence:
        """Change what is given, leave the rest, and return the sequence as it now stands.

        Lists of accounts replace what is linked. Send settings as they were read, with
        what is to change, since the server may want them whole.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict (archived), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: sequences/update-a-sequence.
        """
        path = int32("sequence_id", sequence_id)
        body = changes(
            name=name,
            schedule_id=schedule_id,
            settings=settings,
            email_accounts=email_accounts,
            linkedin_accounts=linkedin_accounts,
        )
        request = Request(
            "PATCH",
            "/v3/sequences/{id}",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json(body),
            read_back=ReadBack(
                request=_get(path), decode=_SEQUENCE, judge=partial(judge_updated, body)
            ),
        )
        return await self._sender.send(request, _SEQUENCE)

    async def delete(self, sequence_id: int) -> None:
        """Delete a sequence for good; its contacts stay in the account.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: sequences/delete-a-sequence.
        """
        path = int32("sequence_id", sequence_id)
        request = Request(
            "DELETE",
            "/v3/sequences/{id}",
            path={"id": path},
            safety=Safety.DELETE,
            read_back=ReadBack(request=_get(path), decode=_SEQUENCE, judge=judge_deleted),
        )
        await self._sender.send(request, None)

    async def start(self, sequence_id: int, *, expect_contacts: int | None = None) -> Sequence:
        """Start or resume a sequence and return it; a running one stays as it is.

        A start is a send: with ``expect_contacts`` the contacts are counted first, and
        another number raises InvalidUse. Active is no proof of sending, see ``health``.

        Costs: 1 request, 2 with ``expect_contacts``.
        Lost answer: the state is read, then at most one repeat.
        Raises: InvalidUse, NotFound, Conflict (archived), ApiError (no contacts, no
        mailbox), Forbidden, RateLimitWait, OutcomeUnknown.
        API page: sequences/start-a-sequence.
        """
        await self._check_contacts([sequence_id], expect_contacts)
        return await self._act("start", sequence_id, is_started)

    async def pause(self, sequence_id: int) -> Sequence:
        """Stop sending from one sequence and return it as it now stands.

        Costs: 1 request. Lost answer: the state is read, then at most one repeat.
        Raises: InvalidUse, NotFound, Conflict (archived, never started), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: sequences/pause-a-sequence.
        """
        return await self._act("pause", sequence_id, is_paused)

    async def archive(self, sequence_id: int) -> Sequence:
        """Archive a sequence, which takes every contact out of it; pause it first.

        Archiving an archived one returns it.

        Costs: 1 request. Lost answer: the state is read, then at most one repeat.
        Raises: InvalidUse, NotFound, Conflict (active), Forbidden, RateLimitWait,
        OutcomeUnknown.
        API page: sequences/archive-a-sequence.
        """
        return await self._act("archive", sequence_id, is_archived)

    async def unarchive(self, sequence_id: int) -> Sequence:
        """Bring a sequence back from the archive as it was, without its contacts.

        Marked as coming soon in the API's document, and in use by its vendor's tools.
        Unarchiving one that is not archived returns it.

        Costs: 1 request. Lost answer: the state is read, then at most one repeat.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: sequences/unarchive-a-sequence.
        """
        return await self._act("unarchive", sequence_id, is_unarchived)

    async def change_owner(self, sequence_id: int, user_id: int) -> Sequence:
        """Give a sequence to another user of the team, and return it as it now stands.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ApiError (no such user in the team, or too many sequences),
        NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: sequences/change-sequence-owner.
        """
        path, user = int32("sequence_id", sequence_id), checked_id("user_id", user_id)
        request = Request(
            "PUT",
            "/v3/sequences/{id}/owner",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json({"userId": user}),
            read_back=ReadBack(
                request=_get(path),
                decode=_SEQUENCE,
                judge=partial(judge_replaced, {"ownerUserId": user}),
            ),
        )
        return await self._sender.send(request, _SEQUENCE)

    async def save_as_template(
        self,
        sequence_id: int,
        name: str,
        *,
        description: str | None = None,
        scope: TemplateScope | None = None,
    ) -> SequenceTemplate:
        """Save a sequence as a template and return it; names are unique in their scope.

        Without ``scope`` the server decides who sees it.

        Costs: 2 requests, the first lists the templates, so that one whose answer is lost
        can be told from an older one.
        Lost answer: looked for by its exact name among the new templates; not found, or
        several: OutcomeUnknown, never a second template.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict (the name exists),
        Forbidden (organization templates are off), RateLimitWait, OutcomeUnknown.
        API page: sequences/save-a-sequence-as-template.
        """
        path = int32("sequence_id", sequence_id)
        body = {"name": checked_text("name", name)}
        if description is not None:
            body["description"] = description
        if checked_choice("scope", scope, get_args(TemplateScope)) is not None:
            body["scope"] = str(scope)
        found = await self._sender.send(templates_request(), TEMPLATES)
        known = frozenset(template.id for template in saved_templates(found))
        return await self._sender.send(save_request(path, body, known), _TEMPLATE)

    async def create_from_template(
        self, template_id: str, *, folder_id: str | None = None
    ) -> Sequence:
        """Create a sequence from a template, not yet started, and return it.

        The server names it; rename it by ``update``.

        Costs: 1 request.
        Lost answer: OutcomeUnknown, never a second sequence; no name was sent to look for,
        so its ``seen`` holds all sequences created since.
        Raises: InvalidUse, ValidationFailed, NotFound, Forbidden, RateLimitWait,
        OutcomeUnknown.
        API page: sequences/create-a-sequence-from-template.
        """
        folder = None if folder_id is None else uuid_text("folder_id", folder_id)
        request = create_request(
            uuid_text("template_id", template_id), folder, self.list(folder_id=folder)
        )
        return await self._sender.send(request, _SEQUENCE)

    async def clone(self, sequence_id: int, name: str, *, folder_id: str | None = None) -> Sequence:
        """Copy a sequence under another name, not yet started, and return the copy.

        Saves it as a template under a name of its own, creates a sequence from that,
        renames it and deletes the template. The server decides what a template keeps:
        look at senders, schedule and settings before a start.

        Costs: 4 requests.
        Lost answer: template and copy are looked for by the name of the template, the
        rest as in ``update`` and ``templates.delete``; never a second copy.
        Raises: what the four calls raise. Nothing is undone: once the template exists it
        is left behind, and so is the copy once that exists; notes on the error name both.
        API pages: sequences/save-a-sequence-as-template,
        sequences/create-a-sequence-from-template.
        """
        path, mark = int32("sequence_id", sequence_id), uuid4().hex
        folder = None if folder_id is None else uuid_text("folder_id", folder_id)
        body = {"name": f"{checked_text('name', name)} {mark}"}
        with noting(f"a template whose name ends in {mark} may be left behind"):
            template = await self._sender.send(save_request(path, body), _TEMPLATE)
        with noting(f"template {template.id} is left behind"):
            request = create_request(template.id, folder, self.list(name=mark), mark)
            made: SequenceListItem = await self._sender.send(request, _SEQUENCE)
            with noting(f"sequence {made.id} exists"):
                renamed = await self.update(made.id, name=name)
                await self._sender.send(delete_template_request(template.id), None)
        return renamed

    async def start_many(
        self, ids: Iterable[int] | AsyncIterable[int], *, expect_contacts: int | None = None
    ) -> BulkOutcome[int, None]:
        """Start sequences, any number of them, and tell what became of each id.

        With ``expect_contacts`` the contacts of all of them are counted first.

        Costs: 1 request per 100 ids; with ``expect_contacts`` 1 more for each.
        Lost answer: the states are read, then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequences/bulk-start-sequences.
        """
        checked = await some_ids("ids", ids)
        await self._check_contacts(checked, expect_contacts)
        return await self._act_on_many("start", checked, is_started)

    async def pause_many(self, ids: Iterable[int] | AsyncIterable[int]) -> BulkOutcome[int, None]:
        """Pause sequences, any number of them, and tell what became of each id.

        Costs: 1 request per 100 ids.
        Lost answer: the states are read, then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequences/bulk-pause-sequences.
        """
        return await self._act_on_many("pause", await some_ids("ids", ids), is_paused)

    async def archive_many(self, ids: Iterable[int] | AsyncIterable[int]) -> BulkOutcome[int, None]:
        """Archive sequences, any number of them, and tell what became of each id.

        The key needs the scope ``sequences:write``, where a single archive needs
        ``sequences:operate``.

        Costs: 1 request per 100 ids.
        Lost answer: the states are read, then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequences/bulk-archive-sequences.
        """
        return await self._act_on_many("archive", await some_ids("ids", ids), is_archived)

    async def unarchive_many(
        self, ids: Iterable[int] | AsyncIterable[int]
    ) -> BulkOutcome[int, None]:
        """Bring sequences back from the archive, any number of them, without contacts.

        Marked as coming soon in the API's document. A missing sequence is refused as
        ``notArchived``, too. The key needs the scope ``sequences:write``, where a single
        call needs ``sequences:operate``.

        Costs: 1 request per 100 ids.
        Lost answer: the states are read, then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequences/bulk-unarchive-sequences.
        """
        return await self._act_on_many("unarchive", await some_ids("ids", ids), is_unarchived)

    async def delete_many(self, ids: Iterable[int] | AsyncIterable[int]) -> BulkOutcome[int, None]:
        """Delete sequences for good, any number of them; contacts stay in the account.

        Costs: 1 request per 100 ids.
        Lost answer: the sequences are listed, gone is done, then at most one repeat; else
        ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequences/bulk-delete-sequences.
        """
        calls = self._calls(
            partial(_changing_many, "/v3/sequences/bulk-delete", Safety.DELETE, {}),
            partial(find_gone, self._sender, self.list()),
            echo="notFound",
        )
        return await calls.run(await some_ids("ids", ids))

    async def change_owner_many(
        self, ids: Iterable[int] | AsyncIterable[int], user_id: int
    ) -> BulkOutcome[int, None]:
        """Give sequences to another user of the team, any number of them.

        Costs: 1 request per 100 ids.
        Lost answer: the owners are read; equal counts as done, the rest is in
        ``.unknown``: it may be somebody else's change.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequences/bulk-change-sequence-owner.
        """
        user = checked_id("user_id", user_id)
        calls = self._calls(
            partial(_changing_many, "/v3/sequences/batch/owner", Safety.REPLACE, {"userId": user}),
            partial(find_reached, self._sender, self.list(), partial(is_owned_by, user)),
        )
        return await calls.run(await some_ids("ids", ids))

    async def _act(self, action: str, sequence_id: int, is_reached: IsReached) -> Sequence:
        path = int32("sequence_id", sequence_id)
        request = Request(
            "POST",
            f"/v3/sequences/{{id}}/{action}",
            path={"id": path},
            safety=Safety.STATE,
            read_back=ReadBack(
                request=_get(path), decode=_SEQUENCE, judge=partial(judge_state, is_reached)
            ),
        )
        return await self._sender.send(request, _SEQUENCE)

    async def _act_on_many(
        self, action: str, ids: Items[int], is_reached: IsReached
    ) -> BulkOutcome[int, None]:
        calls = self._calls(
            partial(_changing_many, f"/v3/sequences/{action}", Safety.STATE, {}),
            partial(find_reached, self._sender, self.list(), is_reached),
        )
        return await calls.run(ids)

    def _calls(
        self,
        build: Callable[[Items[int]], Request],
        find_done: FindDone,
        echo: str | None = None,
    ) -> ItemCalls:
        return ItemCalls(
            sender=self._sender,
            build=build,
            size=CHUNK,
            numbers=SEQUENCE_ACTION_NUMBERS,
            find_done=find_done,
            echo=echo,
        )

    async def _check_contacts(self, ids: Iterable[int], expected: int | None) -> None:
        if expected is None:
            return
        counted = 0
        for id_ in ids:
            counted += await SequenceContacts(self._sender).count(id_)
        if counted != expected:
            raise InvalidUse("expect_contacts", f"{counted} contacts are enrolled, not {expected}")


def _pager(sender: Sender, query: Mapping[str, str]) -> Pager[SequenceListItem]:
    request = Request("GET", "/v3/sequences", safety=Safety.READ, query=query)
    return Pager(sender, request, SequenceListItem, attrgetter("id"))


def in_chain_order(steps: Iterable[AnyStep]) -> list[AnyStep]:
    """Return a chain of steps from its head on; without parent ids as it was listed."""
    listed = list(steps)
    after = {step.parent_id: step for step in listed}
    chain: list[AnyStep] = []
    step = after.get(None)
    while step is not None and len(chain) < len(listed):
        chain.append(step)
        step = after.get(step.id)
    return chain if len(chain) == len(listed) else listed


def _changing_many(
    template: str, safety: Safety, values: Mapping[str, int], chunk: Items[int]
) -> Request:
    return Request(
        "POST",
        template,
        safety=safety,
        body=to_json({"ids": list(chunk), **values}),
        rows=len(chunk),
    )


def _get(path: str) -> Request:
    return Request("GET", "/v3/sequences/{id}", path={"id": path}, safety=Safety.READ)
