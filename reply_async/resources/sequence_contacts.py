"""People inside one sequence: enrol them, see where they stand, take them out.

Wraps the API pages filed under "Sequence contacts". Enrolling into an active sequence
sends, hence nothing here repeats a lost enrolment before the members have been read.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Collection, Iterable, Mapping
from collections.abc import Sequence as Items
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final, Literal, get_args

from attrs import frozen

from reply_async.bulk.contact_import import IMPORT_SIZE, ContactImport, ImportOptions
from reply_async.bulk.enrolment import Arrival, Enrolment, batch_size, enrol_body, read_count
from reply_async.bulk.folding import SeenRows
from reply_async.bulk.intake import Intake, checked_source
from reply_async.bulk.item_calls import FindDone, ItemCalls
from reply_async.bulk.job import JobSender
from reply_async.bulk.list_checks import find_gone, find_reached
from reply_async.bulk.rows import Row, stage_row
from reply_async.bulk.runner import OnUnknown, Run, Stages
from reply_async.converter import DecodeError, decode
from reply_async.errors import InvalidUse, NotFound, SequenceUnusable
from reply_async.models.sequence_contacts import (
    BulkRemoveResult,
    SequenceContact,
    SequenceContactPreview,
    SequenceContactState,
    StateColumn,
    StatusInSequence,
)
from reply_async.models.sequences import Sequence
from reply_async.outcome import BulkOutcome, Refusal
from reply_async.pagination import MAXIMUM_PAGE, Pager
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
from reply_async.resources.arguments import checked_choice, checked_word, some_ids
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import judge_deleted
from reply_async.resources.contacts import SETTABLE
from reply_async.resources.counting import counted, length
from reply_async.resources.custom_fields import custom_fields_request
from reply_async.resources.users import whoami_request
from reply_async.responses import Rejected, conclude, lacks_route
from reply_async.transport.sender import Sender
from reply_async.unset import UNSET, Unset

SortBy = Literal["addingDate", "email", "firstName", "lastName", "company", "statusInSequence"]
IsReached = Callable[[SequenceContact], bool]

CHUNK: Final = 100
MOST_STATES: Final = 100
STATE_NUMBERS: Final = {
    1: "invalidInput",
    7: "contactNotFound",
    8: "notInSequence",
    11: "forbidden",
}
NOT_IN: Final = Refusal(code="notInSequence", detail="not in the sequence, or no such contact")
_CONTACT = partial(decode, kind=SequenceContact)
_PREVIEW = partial(decode, kind=SequenceContactPreview)
_BY_CONTACT = attrgetter("contact_id")


@frozen
class _Requests:
    """Builds the requests about the people of one sequence."""

    sequence_id: str
    start_step_id: int | None = None

    def enrol(self, contact_ids: Collection[int]) -> Request:
        return Request(
            "POST",
            "/v3/sequences/{id}/contact-links/bulk",
            path={"id": self.sequence_id},
            safety=Safety.ENROL,
            body=enrol_body(contact_ids, self.start_step_id),
            rows=len(contact_ids),
        )

    def members(self, skip: int) -> Request:
        query = {"top": str(MAXIMUM_PAGE), "skip": str(skip)}
        return self._read("/v3/sequences/{id}/contacts", query)

    def member(self, contact_id: int) -> Request:
        path = {"id": self.sequence_id, "contact_id": str(contact_id)}
        template = "/v3/sequences/{id}/contacts/{contact_id}"
        return Request("GET", template, path=path, safety=Safety.READ)

    def count(self) -> Request:
        return self._read("/v3/sequences/{id}/contacts/count", {})

    def sequence(self) -> Request:
        return self._read("/v3/sequences/{id}", {})

    def _read(self, template: str, query: dict[str, str]) -> Request:
        path = {"id": self.sequence_id}
        return Request("GET", template, path=path, query=query, safety=Safety.READ)


@frozen
class SequenceContacts:
    """The contacts of sequences."""

    _sender: Sender

    def list(
        self,
        sequence_id: int,
        *,
        sort_by: SortBy | None = None,
        sort_direction: Literal["asc", "desc"] | None = None,
    ) -> Pager[SequenceContact]:
        """List the contacts of a sequence, newest added first unless told otherwise.

        A missing sequence lists as an empty one: ``count`` tells them apart.

        Costs: 1 request per 1,000 contacts.
        Raises: InvalidUse, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-contacts/list-sequence-contacts.
        """
        if sort_direction is not None and sort_by is None:
            raise InvalidUse("sort_direction", "needs sort_by")
        query = {
            "sort_by": checked_choice("sort_by", sort_by, get_args(SortBy)),
            "sort_direction": checked_choice("sort_direction", sort_direction, ("asc", "desc")),
        }
        request = Request(
            "GET",
            "/v3/sequences/{id}/contacts",
            path={"id": int32("sequence_id", sequence_id)},
            query={name: value for name, value in query.items() if value is not None},
            safety=Safety.READ,
        )
        return Pager(self._sender, request, SequenceContact, attrgetter("contact_id"))

    async def get(self, sequence_id: int, contact_id: int) -> SequenceContact:
        """Return where one contact stands in a sequence.

        The server says NotFound alike for a contact that is not in the sequence and for
        a missing contact or sequence.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-contacts/get-a-sequence-contact.
        """
        requests = _Requests(int32("sequence_id", sequence_id))
        return await self._sender.send(
            requests.member(checked_id("contact_id", contact_id)), _CONTACT
        )

    async def count(self, sequence_id: int) -> int:
        """Return how many contacts a sequence has; proves that it exists, too.

        Marked as coming soon in the API's document, and in use by its vendor's tools.
        Where it is not served, the sequence is read and its contacts are counted.

        Costs: 1 request; 2 more and 1 per 1,000 contacts where it is not served.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-contacts/count-sequence-contacts.
        """
        requests = _Requests(int32("sequence_id", sequence_id))
        count = await counted(self._sender, requests.count())
        if count is None:
            # the page of a missing sequence may be empty
            await self._sender.send(requests.sequence(), lambda _: None)
            count = await length(self.list(sequence_id))
        return count

    def states(
        self, sequence_id: int, *, additional_columns: Iterable[StateColumn] = ()
    ) -> Pager[SequenceContactState]:
        """List the contacts of a sequence with what became of their mails, if asked for.

        Costs: 1 request per 100 contacts.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-contacts/list-sequence-contacts-state.
        """
        columns = dict.fromkeys(
            checked_word(f"additional_columns[{n}]", StateColumn, column)
            for n, column in enumerate(additional_columns)
        )
        request = Request(
            "GET",
            "/v3/sequences/{id}/contacts/state",
            path={"id": int32("sequence_id", sequence_id)},
            query={"additionalColumns": ",".join(columns)} if columns else {},
            safety=Safety.READ,
        )
        return Pager(self._sender, request, SequenceContactState, _BY_CONTACT, maximum=MOST_STATES)

    def add_many(
        self,
        sequence_id: int,
        contact_ids: Iterable[int] | AsyncIterable[int],
        *,
        start_step_id: int | None = None,
        total: int | None = None,
        on_unknown: OnUnknown = "park",
    ) -> Run:
        """Enrol contacts, any number of them, as a run that settles batch by batch.

        The key of each verdict is the position of the id in the input, from 1. Whoever
        is in already is told as such and not sent: enrolling again would move them. An
        active sequence sends to whoever is added.

        Costs: 2 requests, 1 per 1,000 contacts that are in already, and 1 per 10,000
        ids (1,000 if the sequence is active).
        Lost answer: the members are read until three reads agree; only who is proven
        absent is sent once more, and with ``start_step_id`` nobody; else ``.unknown``.
        Raises, when the run is entered or awaited: InvalidUse, NotFound,
        SequenceUnusable, Unauthorized, Forbidden, RunStopped.
        API page: sequence-contacts/bulk-add-contacts-to-a-sequence.
        """
        checked_source("contact_ids", contact_ids)
        requests = self._requests(sequence_id, start_step_id)

        async def prepare() -> Stages:
            seen = SeenRows()
            intake = Intake(contact_ids, partial(_stage_id, seen), IMPORT_SIZE)
            return await self._stages(requests, seen, intake, importer=None)

        return Run(prepare, total=total, on_unknown=on_unknown)

    def import_rows(
        self,
        sequence_id: int,
        rows: Iterable[Row] | AsyncIterable[Row],
        *,
        options: ImportOptions | None = None,
        start_step_id: int | None = None,
        total: int | None = None,
        on_unknown: OnUnknown = "park",
    ) -> Run:
        """Import rows as contacts and enrol them, as a run that settles chunk by chunk.

        A row is a mapping by the API's member names (``firstName`` and ``email`` are
        needed; case, spaces, ``_`` and ``-`` do not matter; ``customFields`` maps names
        to values), a ``ContactRow``, or a ``Refusal`` in place of a row that its reader
        refused. Row numbers count from 1. Bad rows and repeated e-mails are refused
        here; a row settles after its enrolment. ``total`` lets ``progress`` tell an ETA.

        Costs: 2 requests, 1 if custom fields are used, 1 per 1,000 contacts that are in
        already, 1 per 1,000 rows, and 1 per 10,000 contacts (1,000 if active).
        Lost answer: an import is sent again; an enrolment as in ``add_many``.
        Raises, when the run is entered or awaited: InvalidUse, NotFound,
        SequenceUnusable, Unauthorized, Forbidden, RunStopped, and what ``rows`` raises.
        API pages: contacts/import-contacts,
        sequence-contacts/bulk-add-contacts-to-a-sequence.
        """
        checked_source("rows", rows)
        requests = self._requests(sequence_id, start_step_id)

        async def prepare() -> Stages:
            seen = SeenRows()
            intake = Intake(rows, partial(stage_row, seen), IMPORT_SIZE)
            chosen = options or ImportOptions()
            return await self._stages(
                requests,
                seen,
                intake,
                importer=lambda job: ContactImport(job, chosen, custom_fields_request()),
            )

        return Run(prepare, total=total, on_unknown=on_unknown)

    async def remove(self, sequence_id: int, contact_id: int) -> None:
        """Take a contact out of a sequence; other sequences keep it.

        A participation that is finished is deleted, too, which changes statistics.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound (not in the sequence, or missing), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: sequence-contacts/remove-a-contact-from-a-sequence.
        """
        requests = _Requests(int32("sequence_id", sequence_id))
        member = requests.member(checked_id("contact_id", contact_id))
        request = Request(
            "DELETE",
            "/v3/sequences/{id}/contact-links/{contact_id}",
            path=member.path,
            safety=Safety.DELETE,
            read_back=ReadBack(request=member, decode=_CONTACT, judge=judge_deleted),
        )
        await self._sender.send(request, None)

    async def remove_many(
        self, sequence_id: int, contact_ids: Iterable[int] | AsyncIterable[int]
    ) -> BulkOutcome[int, None]:
        """Take contacts out of a sequence, any number of them; other sequences keep them.

        A participation that is finished is deleted, too, which changes statistics. Who
        was not in, or does not exist, is refused as ``notInSequence``.

        Costs: 1 request per 100 ids.
        Lost answer: the members are read, gone is done, then at most one repeat; else
        ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequence-contacts/bulk-remove-contacts-from-a-sequence.
        """
        path = int32("sequence_id", sequence_id)
        calls = ItemCalls(
            sender=self._sender,
            build=partial(
                _changing,
                "/v3/sequences/{id}/contact-links/bulk-delete",
                path,
                {},
                Safety.DELETE,
            ),
            size=CHUNK,
            read=read_removed,
            find_done=partial(find_gone, self._sender, self.list(sequence_id), key=_BY_CONTACT),
            echo=NOT_IN.code,
        )
        return await calls.run(await some_ids("contact_ids", contact_ids))

    async def set_status(
        self,
        sequence_id: int,
        contact_ids: Iterable[int] | AsyncIterable[int],
        status: StatusInSequence,
    ) -> BulkOutcome[int, None]:
        """Set where contacts stand in a sequence.

        ``status`` is ACTIVE, PAUSED, FINISHED or OUT_OF_OFFICE; PAUSED only from ACTIVE.

        Costs: 1 request per 100 ids.
        Lost answer: the members are read, 1,000 a request or one by one, whichever takes
        fewer; then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequence-contacts/set-status-in-sequence.
        """
        checked_choice("status", status, SETTABLE)
        return await self._set(
            "/v3/sequences/{id}/contacts/set-status-in-sequence",
            sequence_id,
            contact_ids,
            {"statusInSequence": str(status)},
            lambda member: member.status_in_sequence == status,
        )

    async def set_replied(
        self,
        sequence_id: int,
        contact_ids: Iterable[int] | AsyncIterable[int],
        is_replied: bool = True,
    ) -> BulkOutcome[int, None]:
        """Set whether contacts replied in a sequence; who did is finished in it.

        Costs: 1 request per 100 ids.
        Lost answer: the members are read, 1,000 a request or one by one, whichever takes
        fewer; then at most one repeat; else ``.unknown``.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequence-contacts/set-replied.
        """
        return await self._set(
            "/v3/sequences/{id}/contacts/set-replied",
            sequence_id,
            contact_ids,
            {"isReplied": is_replied},
            partial(_has_replied, is_replied),
        )

    async def set_bounced(
        self,
        sequence_id: int,
        contact_ids: Iterable[int] | AsyncIterable[int],
        is_bounced: bool = True,
        *,
        resend_emails: bool | Unset = UNSET,
    ) -> BulkOutcome[int, None]:
        """Set whether the mails of a sequence to contacts bounced.

        ``resend_emails`` must be given with ``is_bounced=False`` and with that only: True
        puts the step that bounced on the schedule again, which sends.

        Costs: 1 request per 100 ids.
        Lost answer: the members are read, 1,000 a request or one by one, whichever takes
        fewer; then at most one repeat; else ``.unknown``. With ``resend_emails`` nothing
        is read or repeated, not even after a 429: ``.unknown``, or refused.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: sequence-contacts/set-bounced.
        """
        if is_bounced is (resend_emails is not UNSET):
            raise InvalidUse("resend_emails", "is given with is_bounced=False, and only then")
        values = {"isBounced": is_bounced}
        if isinstance(resend_emails, bool):
            values["resendEmails"] = resend_emails
        return await self._set(
            "/v3/sequences/{id}/contacts/set-bounced",
            sequence_id,
            contact_ids,
            values,
            None if resend_emails is True else partial(_has_bounced, is_bounced),
        )

    async def preview(self, sequence_id: int, contact_id: int) -> SequenceContactPreview:
        """Return what a sequence would send to one contact, step by step.

        Marked as beta in the API's document.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-contacts/get-sequence-contact-preview.
        """
        return await self._sender.send(_preview(sequence_id, contact_id), _PREVIEW)

    async def reset_preview(self, sequence_id: int, contact_id: int) -> None:
        """Drop what was changed by hand in the texts for one contact.

        Marked as beta in the API's document.

        Costs: 1 request.
        Lost answer: the preview is read; no step changed by hand is done, else sent once
        more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: sequence-contacts/reset-sequence-contact-preview.
        """
        preview = _preview(sequence_id, contact_id)
        request = Request(
            "POST",
            "/v3/sequences/{sequence_id}/contacts/{contact_id}/preview/reset",
            path=preview.path,
            safety=Safety.STATE,
            read_back=ReadBack(request=preview, decode=_PREVIEW, judge=judge_reset),
        )
        await self._sender.send(request, None)

    async def _set(
        self,
        template: str,
        sequence_id: int,
        contact_ids: Iterable[int] | AsyncIterable[int],
        values: Mapping[str, Any],
        is_reached: IsReached | None,
    ) -> BulkOutcome[int, None]:
        """Set values of contacts; without ``is_reached`` it sends mail, and nothing repeats it."""
        path = int32("sequence_id", sequence_id)
        safety = Safety.SEND if is_reached is None else Safety.STATE
        find_done: FindDone | None = None
        if is_reached is not None:
            find_done = partial(self._find_members, sequence_id, is_reached)
        calls = ItemCalls(
            sender=self._sender,
            build=partial(_changing, template, path, values, safety),
            size=CHUNK,
            numbers=STATE_NUMBERS,
            find_done=find_done,
        )
        return await calls.run(await some_ids("contact_ids", contact_ids))

    async def _find_members(
        self, sequence_id: int, is_reached: IsReached, ids: Collection[int]
    ) -> set[int]:
        """Return who is as they should be, read by pages or one by one, with a job's patience."""
        requests = _Requests(str(sequence_id))
        request = requests.count()
        outcome = await self._sender.deliver(request, read_count)
        is_uncounted = isinstance(outcome, Rejected) and lacks_route(outcome.error)
        count = 0 if is_uncounted else conclude(request, outcome)
        if count <= MAXIMUM_PAGE * len(ids):
            pager = self.list(sequence_id)
            return await find_reached(self._sender, pager, is_reached, ids, _BY_CONTACT)
        found = set()
        for id_ in ids:
            request = requests.member(id_)
            try:
                member = conclude(request, await self._sender.deliver(request, _CONTACT))
            except NotFound:
                continue
            if is_reached(member):
                found.add(id_)
        return found

    def _requests(self, sequence_id: int, start_step_id: int | None) -> _Requests:
        if start_step_id is not None:
            checked_id("start_step_id", start_step_id)
        return _Requests(int32("sequence_id", sequence_id), start_step_id)

    async def _stages(
        self,
        requests: _Requests,
        seen: SeenRows,
        intake: Intake[Any, Any],
        importer: Callable[[JobSender], ContactImport] | None,
    ) -> Stages:
        """Look at the sequence and who is in it, before any row goes out."""
        job = JobSender(self._sender, whoami_request())
        try:
            sequence = await job.read(requests.sequence(), partial(decode, kind=Sequence))
            _check_takes_contacts(sequence)
            enrolment = Enrolment(
                job,
                requests,
                seen,
                batch_size(sequence.status),
                may_resend=requests.start_step_id is None,
            )
            await enrolment.take_stock()
        except BaseException:
            seen.close()
            raise
        return Stages(
            intake=intake,
            job=job,
            importer=importer(job) if importer is not None else None,
            enrolment=enrolment,
            close=seen.close,
        )


def read_removed(data: Any, ids: Items[int]) -> dict[int, Refusal]:  # noqa: ANN401 - JSON is anything
    """Read who was not removed, or raise DecodeError: only the removed are named."""
    result = decode(data, BulkRemoveResult)
    removed = set(result.removed_ids)
    left = [id_ for id_ in ids if id_ not in removed]
    if None not in (result.not_found, result.not_in_sequence):
        counted = (result.not_found or 0) + (result.not_in_sequence or 0)
        if counted != len(left):
            raise DecodeError("$", f"{counted} of {len(left)} contacts that are not removed")
    return dict.fromkeys(left, NOT_IN)


def judge_reset(preview: SequenceContactPreview | None, _since: datetime) -> Verdict:
    """Tell whether no text is changed by hand; what is not told decides nothing."""
    if preview is None or any(step.is_modified_by_user is None for step in preview.steps):
        return Undecided()
    is_changed = any(step.is_modified_by_user for step in preview.steps)
    return NotReached() if is_changed else Reached(None)


def _has_replied(is_replied: bool, member: SequenceContact) -> bool:
    """Tell it of a member; who got no mail yet neither replied nor bounced."""
    told = member.email_disposition
    return (told is not None and told.is_replied) is is_replied


def _has_bounced(is_bounced: bool, member: SequenceContact) -> bool:
    told = member.email_disposition
    return (told is not None and told.is_bounced) is is_bounced


def _changing(
    template: str, path: str, values: Mapping[str, Any], safety: Safety, chunk: Items[int]
) -> Request:
    return Request(
        "POST",
        template,
        path={"id": path},
        safety=safety,
        body=to_json({"contactIds": list(chunk), **values}),
        rows=len(chunk),
    )


def _preview(sequence_id: int, contact_id: int) -> Request:
    return Request(
        "GET",
        "/v3/sequences/{sequence_id}/contacts/{contact_id}/preview",
        path={
            "sequence_id": int32("sequence_id", sequence_id),
            "contact_id": int32("contact_id", contact_id),
        },
        safety=Safety.READ,
    )


def _stage_id(seen: SeenRows, number: int, contact_id: int) -> Arrival | Refusal:
    try:
        checked = checked_id("contact_ids", contact_id)
    except InvalidUse as error:
        return Refusal(code="id.invalid", detail=error.problem)
    first = seen.first_row(str(checked), number)
    if first != number:
        return Refusal(code="duplicate", detail=f"row {first} has the same id", duplicate_of=first)
    return Arrival(number, checked)


def _check_takes_contacts(sequence: Sequence) -> None:
    if sequence.is_archived:
        raise SequenceUnusable(sequence.id, "is archived")
    if not sequence.steps:
        raise SequenceUnusable(sequence.id, "has no steps")
