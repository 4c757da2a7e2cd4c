"""Sequences: find, create, change, start, pause, archive and delete them.

Wraps the API pages filed under "Sequences". Starting is a send of as many messages as
there are contacts. Lost answers are read back: the state of one sequence, or for a new
one its name in the list.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from collections.abc import Sequence as Items
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Literal

from attrs import frozen

from reply_async.bulk.state_change import StateChange, checked_ids
from reply_async.converter import decode, encode, encode_draft, encode_time
from reply_async.errors import InvalidUse, ReplyError
from reply_async.models.sequences import (
    Sequence,
    SequenceDraft,
    SequenceListItem,
    SequenceSettings,
    SequenceStatus,
)
from reply_async.models.step_tree import PlannedStep, flatten
from reply_async.models.steps import AnyStep
from reply_async.outcome import BulkOutcome
from reply_async.pagination import Page, Pager
from reply_async.requests import (
    INT64_MAX,
    NotReached,
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
    checked_id,
    int32,
    uuid_text,
)
from reply_async.resources.bodies import to_json
from reply_async.resources.sequence_contacts import SequenceContacts
from reply_async.resources.steps import Steps
from reply_async.transport.sender import Sender
from reply_async.unset import UNSET, Unset

_SEQUENCE = partial(decode, kind=Sequence)


def is_started(sequence: SequenceListItem) -> bool:
    """Tell whether a sequence is what a start leaves behind."""
    return sequence.status == SequenceStatus.ACTIVE and not sequence.is_archived


def is_paused(sequence: SequenceListItem) -> bool:
    """Tell whether a sequence is what a pause leaves behind."""
    return sequence.status == SequenceStatus.PAUSED and not sequence.is_archived


def is_archived(sequence: SequenceListItem) -> bool:
    """Tell whether a sequence is what archiving leaves behind."""
    return bool(sequence.is_archived)


@frozen
class Sequences:
    """The sequences of the acting user's team."""

    _sender: Sender
    _steps: Steps
    _contacts: SequenceContacts

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
        query = {
            "name": name,
            "status": status,
            "isArchived": None if is_archived is None else str(is_archived).lower(),
            "ownerUserId": None if owner_user_id is None else int32("owner_user_id", owner_user_id),
            "folderId": None if folder_id is None else uuid_text("folder_id", folder_id),
            "createdAfter": created_after and encode_time(created_after, "created_after"),
            "sortBy": sort_by,
            "sortDirection": sort_direction,
        }
        request = Request(
            "GET",
            "/v3/sequences",
            safety=Safety.READ,
            query={key: str(value) for key, value in query.items() if value is not None},
        )
        return Pager(self._sender, request, SequenceListItem, attrgetter("id"))

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
        Lost answer: looked for by its exact name among those created since; not found,
        or several: OutcomeUnknown, never a second sequence.
        Raises: InvalidUse, ValidationFailed, NotFound (an account or schedule),
        Forbidden, RateLimitWait, OutcomeUnknown. An error at the step of a branch has a
        note that names the sequence, which exists by then.
        API page: sequences/create-a-sequence.
        """
        draft = SequenceDraft(
            name=name,
            steps=tuple(steps),
            schedule_id=schedule_id,
            settings=settings,
            email_accounts=tuple(email_accounts),
            linkedin_accounts=tuple(linkedin_accounts),
        )
        return await self.create_from_draft(draft)

    async def create_from_draft(self, draft: SequenceDraft) -> Sequence:
        """Create a sequence from a draft, such as another one's ``without_ids()``.

        Costs, lost answers and errors are those of ``create``.
        API page: sequences/create-a-sequence.
        """
        _check_draft(draft)
        plan = flatten(draft.steps)
        namesakes = self.list(name=draft.name)
        request = Request(
            "POST",
            "/v3/sequences",
            safety=Safety.CREATE,
            body=to_json(encode_draft(draft)),
            read_back=ReadBack(
                request=namesakes.first_page,
                decode=namesakes.decode_page,
                judge=partial(_judge_created, draft.name),
            ),
        )
        made: SequenceListItem = await self._sender.send(request, _SEQUENCE)
        head = len(draft.steps)
        if len(plan) > head:
            await self._create_branches(made, plan, head)
        elif isinstance(made, Sequence) and made.steps:
            return made
        return await self.get(made.id)

    async def _create_branches(
        self, made: SequenceListItem, plan: Items[PlannedStep], head: int
    ) -> None:
        steps = made.steps if isinstance(made, Sequence) and made.steps else None
        known = in_chain_order(steps or await self._steps.list(made.id))
        ids = [step.id for step in known]
        done = head
        try:
            for planned in plan[head:]:
                parent = None if planned.parent is None else ids[planned.parent]
                step = await self._steps.append(made.id, planned, parent, known)
                known.append(step)
                ids.append(step.id)
                done += 1
        except ReplyError as error:
            error.add_note(f"sequence {made.id} exists, with {done} of its {len(plan)} steps")
            raise

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
        wanted: dict[str, Any] = {
            "name": name,
            "scheduleId": _account_id("schedule_id", schedule_id),
            "settings": settings if settings is UNSET else encode(settings),
            "emailAccounts": _account_ids("email_accounts", email_accounts),
            "linkedInAccounts": _account_ids("linkedin_accounts", linkedin_accounts),
        }
        body = {member: value for member, value in wanted.items() if value is not UNSET}
        if not body:
            raise InvalidUse("update", "nothing to change is given")
        request = Request(
            "PATCH",
            "/v3/sequences/{id}",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json(body),
            read_back=ReadBack(
                request=_get(path), decode=_SEQUENCE, judge=partial(_judge_updated, body)
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
            read_back=ReadBack(request=_get(path), decode=_SEQUENCE, judge=_judge_deleted),
        )
        await self._sender.send(request, None)

    async def start(self, sequence_id: int, *, expect_contacts: int | None = None) -> Sequence:
        """Start or resume a sequence and return it; starting a running one changes nothing.

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
        checked = await checked_ids("ids", ids)
        await self._check_contacts(checked, expect_contacts)
        return await self._act_on_many("start", checked, is_started)

    async def pause_many(self, ids: Iterable[int] | AsyncIterable[int]) -> BulkOutcome[int, None]:
        """Pause sequences, any number of them, and tell what became of each id.

        Costs: 1 request per 100 ids.
        Lost answer: the states are read, then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequences/bulk-pause-sequences.
        """
        return await self._act_on_many("pause", await checked_ids("ids", ids), is_paused)

    async def archive_many(self, ids: Iterable[int] | AsyncIterable[int]) -> BulkOutcome[int, None]:
        """Archive sequences, any number of them, and tell what became of each id.

        The key needs the scope ``sequences:write``, where a single archive needs
        ``sequences:operate``.

        Costs: 1 request per 100 ids.
        Lost answer: the states are read, then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequences/bulk-archive-sequences.
        """
        return await self._act_on_many("archive", await checked_ids("ids", ids), is_archived)

    async def _act(
        self, action: str, sequence_id: int, is_reached: Callable[[SequenceListItem], bool]
    ) -> Sequence:
        path = int32("sequence_id", sequence_id)
        request = Request(
            "POST",
            f"/v3/sequences/{{id}}/{action}",
            path={"id": path},
            safety=Safety.STATE,
            read_back=ReadBack(
                request=_get(path), decode=_SEQUENCE, judge=partial(_judge_state, is_reached)
            ),
        )
        return await self._sender.send(request, _SEQUENCE)

    async def _act_on_many(
        self, action: str, ids: Items[int], is_reached: Callable[[SequenceListItem], bool]
    ) -> BulkOutcome[int, None]:
        def build(chunk: Items[int]) -> Request:
            return Request(
                "POST",
                f"/v3/sequences/{action}",
                safety=Safety.STATE,
                body=to_json({"ids": chunk}),
                rows=len(chunk),
            )

        return await StateChange(self._sender, build, is_reached, self.list()).run(ids)

    async def _check_contacts(self, ids: Iterable[int], expected: int | None) -> None:
        if expected is None:
            return
        counted = 0
        for id_ in ids:
            counted += await self._contacts.count(id_)
        if counted != expected:
            raise InvalidUse("expect_contacts", f"{counted} contacts are enrolled, not {expected}")


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


def _get(path: str) -> Request:
    return Request("GET", "/v3/sequences/{id}", path={"id": path}, safety=Safety.READ)


def _account_id(argument: str, value: int | Unset) -> int | Unset:
    return value if value is UNSET else checked_id(argument, value)


def _account_ids(argument: str, values: Iterable[int] | Unset) -> Items[int] | Unset:
    if isinstance(values, Unset):
        return values
    return [checked_id(f"{argument}[{n}]", value, INT64_MAX) for n, value in enumerate(values)]


def _check_draft(draft: SequenceDraft) -> None:
    if not draft.name.strip():
        raise InvalidUse("name", "is empty")
    if not draft.steps:
        raise InvalidUse("steps", "a sequence needs at least one step")
    if draft.settings is not None and (missing := draft.settings.missing_on_create()):
        raise InvalidUse("settings", f"lacks {', '.join(missing)}; give all seven or none")
    _account_ids("email_accounts", draft.email_accounts)
    _account_ids("linkedin_accounts", draft.linkedin_accounts)


def _judge_created(name: str, page: Page[SequenceListItem] | None, since: datetime) -> Verdict:
    made = [item for item in page.items if item.name == name] if page is not None else []
    new = [item for item in made if item.created is None or item.created >= since]
    if len(new) == 1:
        return Reached(new[0])
    return Undecided(tuple(item.id for item in new))


def _judge_state(
    is_reached: Callable[[SequenceListItem], bool], sequence: Sequence | None, _since: datetime
) -> Verdict:
    if sequence is None:
        return Undecided()
    return Reached(sequence) if is_reached(sequence) else NotReached()


def _judge_updated(body: dict[str, Any], sequence: Sequence | None, _since: datetime) -> Verdict:
    """Compare; another value may be the old one or somebody else's, so it decides nothing."""
    if sequence is None:
        return Undecided()
    settings = encode(sequence.settings) if sequence.settings else {}
    now = {
        "name": sequence.name,
        "scheduleId": sequence.schedule_id,
        "settings": {member: settings.get(member) for member in body.get("settings", ())},
        "emailAccounts": [account.id for account in sequence.email_accounts],
        "linkedInAccounts": [account.id for account in sequence.linkedin_accounts],
    }
    is_equal = all(now[member] == value for member, value in body.items())
    return Reached(sequence) if is_equal else Undecided()


def _judge_deleted(sequence: Sequence | None, _since: datetime) -> Verdict:
    return Reached(None) if sequence is None else NotReached()
