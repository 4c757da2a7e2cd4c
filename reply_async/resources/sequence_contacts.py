"""People inside one sequence: enrol them, count them, see where they stand.

Wraps the API pages filed under "Sequence contacts". Enrolling into an active sequence
sends, hence nothing here repeats a lost enrolment before the members have been read.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Collection, Iterable
from functools import partial
from operator import attrgetter
from typing import Any, Literal

from attrs import frozen

from reply_async.bulk.contact_import import IMPORT_SIZE, ContactImport, ImportOptions
from reply_async.bulk.enrolment import Arrival, Enrolment, batch_size, enrol_body
from reply_async.bulk.folding import SeenRows
from reply_async.bulk.intake import Intake
from reply_async.bulk.job import JobSender
from reply_async.bulk.rows import Row, stage_row
from reply_async.bulk.runner import OnUnknown, Run, Stages
from reply_async.converter import DecodeError, decode
from reply_async.errors import InvalidUse, SequenceUnusable
from reply_async.models.sequence_contacts import SequenceContact
from reply_async.models.sequences import Sequence
from reply_async.outcome import Refusal
from reply_async.pagination import Pager
from reply_async.requests import Request, Safety, checked_id, int32
from reply_async.resources.contacts import custom_fields_request
from reply_async.resources.users import whoami_request
from reply_async.transport.sender import Sender

SortBy = Literal["addingDate", "email", "firstName", "lastName", "company", "statusInSequence"]


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

    def members(self, skip: int, top: int = 1000) -> Request:
        query = {"top": str(top), "skip": str(skip)}
        return self._read("/v3/sequences/{id}/contacts", query)

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
        query = {"sort_by": sort_by, "sort_direction": sort_direction}
        request = Request(
            "GET",
            "/v3/sequences/{id}/contacts",
            path={"id": int32("sequence_id", sequence_id)},
            query={name: value for name, value in query.items() if value is not None},
            safety=Safety.READ,
        )
        return Pager(self._sender, request, SequenceContact, attrgetter("contact_id"))

    async def count(self, sequence_id: int) -> int:
        """Return how many contacts a sequence has; proves that it exists, too.

        Marked as coming soon in the API's document, and in use by its vendor's tools.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-contacts/count-sequence-contacts.
        """
        return await self._sender.send(
            _Requests(int32("sequence_id", sequence_id)).count(), decode_count
        )

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
            rows_per_import=IMPORT_SIZE,
        )


def decode_count(data: Any) -> int:  # noqa: ANN401 - JSON is anything
    """Read ``{count}``."""
    count = data.get("count") if isinstance(data, dict) else None
    if type(count) is not int:
        raise DecodeError("$.count", "a whole number is promised")
    return count


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
