"""One chunk of rows to ``POST /v3/contacts/import``, and a verdict for each of them.

Never with ``sequenceId``: enrolling is a request of its own, so that a lost import can
be sent again (contacts are matched by e-mail) where a lost enrolment cannot.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from typing import Any, Final

from attrs import asdict, define, evolve, field, frozen

from reply_async.bulk.job import JobSender
from reply_async.bulk.rows import StagedRow
from reply_async.converter import DecodeError, camel, decode
from reply_async.errors import ApiError
from reply_async.models.contacts import ImportedItem, ImportResult
from reply_async.models.jobs import BackgroundJob, BackgroundJobStatus
from reply_async.outcome import Refusal, RowStatus, SettledRow, Verdicts
from reply_async.requests import Request, Safety
from reply_async.responses import Accepted, Applied, Rejected, Unknown, failure

IMPORT_SIZE: Final = 1000
# Once a server left a request to a background job, which tells no rows: so few are answered
# at once.
PIECE_SIZE: Final = 200
MAX_SECONDS_OF_JOB: Final = 3600.0
_SECONDS_BETWEEN_LOOKS: Final = (1.0, 30.0)  # at first, and at most
_UNDER_WAY: Final = (BackgroundJobStatus.SCHEDULED, BackgroundJobStatus.PROCESSING)
_ROW_POINTER = re.compile(r"/?items/(\d{1,4})(?:/(\w+))?")


@frozen(kw_only=True)
class ImportOptions:
    """What an import does with contacts that exist already.

    Without any option a match fills only empty members. ``overwrite_existing`` replaces
    filled ones, and a lost answer is then parked instead of sent again, which could undo
    an edit made in between. ``list_ids`` are contact lists to put the contacts on.
    API page: contacts/import-contacts.
    """

    overwrite_existing: bool = False
    skip_existing: bool = False
    restore_deleted: bool = False
    detect_time_zone: bool = False
    list_ids: tuple[int, ...] = ()

    def encode(self) -> dict[str, Any]:
        """Return the options that are set, as the API names them."""
        return {camel(name): value for name, value in asdict(self).items() if value}


@define
class ContactImport:
    """Sends chunks of rows and reads what became of each."""

    job: JobSender
    options: ImportOptions
    custom_fields: Request
    _known_fields: frozenset[str] | None = field(init=False, default=None)
    _fields_lock: asyncio.Lock = field(init=False, factory=asyncio.Lock)
    _size: int = field(init=False, default=IMPORT_SIZE)

    async def send(
        self, rows: Sequence[StagedRow], verdicts: Verdicts, on_attempt: Callable[[], None]
    ) -> None:
        """Import rows, at most 1,000, and note a verdict for each.

        Rows that a 400 names are refused and the rest is sent again; a 400 that names
        none is narrowed down by halves. What refuses the whole call is raised. Where the
        server leaves the rows to a background job, that is waited for, and the rows are
        sent again in pieces to learn what became of them.
        """
        refused = await self._undefined_fields(rows)
        verdicts.refused |= refused
        waiting = _pieces(_without(rows, refused), self._size)
        is_repeat = False
        while waiting:
            chunk = waiting.pop()
            error = await self._send(chunk, verdicts, on_attempt, is_repeat=is_repeat)
            if error is None:
                continue
            if isinstance(error, Accepted):
                await self._wait_for(error.job_id)
                self._size, is_repeat = PIECE_SIZE, True
                waiting += _pieces(chunk, PIECE_SIZE)
            elif named := _named_rows(chunk, error):
                verdicts.refused |= named
                waiting += _pieces(_without(chunk, named), IMPORT_SIZE)
            else:
                waiting += _pieces(chunk, -(-len(chunk) // 2))

    async def _wait_for(self, job_id: str) -> None:
        """Look at a background job until it has ended, or cannot be read."""
        request = Request(
            "GET", "/v3/background-jobs/{jobId}", path={"jobId": job_id}, safety=Safety.READ
        )
        pause, longest = _SECONDS_BETWEEN_LOOKS
        waited = 0.0
        while waited < MAX_SECONDS_OF_JOB:
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, longest)
            outcome = await self.job.deliver("other", request, partial(decode, kind=BackgroundJob))
            if not (isinstance(outcome, Applied) and outcome.value.status in _UNDER_WAY):
                return

    async def _send(
        self,
        rows: Sequence[StagedRow],
        verdicts: Verdicts,
        on_attempt: Callable[[], None],
        *,
        is_repeat: bool,
    ) -> ApiError | Accepted | None:
        """Send one request; return a refusal that is about single rows, or the job it became.

        ``is_repeat`` says that a job may have imported the rows before.
        """
        request = self._request(rows, is_repeat=is_repeat)
        outcome = await self.job.deliver(
            "import", request, lambda data: _results(data, len(rows)), on_attempt
        )
        if isinstance(outcome, Rejected) and _concerns_rows(outcome.error):
            return outcome.error
        if isinstance(outcome, Accepted) and len(rows) > PIECE_SIZE:
            return outcome
        if isinstance(outcome, Applied):
            _settle(verdicts, rows, outcome.value, is_resend=outcome.after_loss or is_repeat)
        elif isinstance(outcome, Unknown):
            verdicts.unknown |= dict.fromkeys((row.number for row in rows), outcome.evidence)
        else:
            raise failure(request, outcome)
        return None

    def _request(self, rows: Sequence[StagedRow], *, is_repeat: bool) -> Request:
        """Build the request; a repeat overwrites nothing, for that the first has done."""
        may_overwrite = self.options.overwrite_existing and not is_repeat
        body: dict[str, Any] = {"items": [row.item for row in rows]}
        if options := evolve(self.options, overwrite_existing=may_overwrite).encode():
            body["options"] = options
        return Request(
            "POST",
            "/v3/contacts/import",
            safety=Safety.REPLACE if may_overwrite else Safety.UPSERT,
            body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
            rows=len(rows),
        )

    async def _undefined_fields(self, rows: Sequence[StagedRow]) -> dict[int, Refusal]:
        """Find rows that set a custom field which is not defined.

        The server takes such a row with a 200 and drops the value, so it is checked
        here, against one read for the whole run.
        """
        used = {row.number: names for row in rows if (names := tuple(row.custom_fields))}
        if not used:
            return {}
        async with self._fields_lock:
            if self._known_fields is None:
                self._known_fields = await self.job.read(self.custom_fields, _titles)
        return {
            number: Refusal(code="customFields.undefined", detail=f"no custom field {name!r}")
            for number, names in used.items()
            for name in names
            if name not in self._known_fields
        }


def _pieces(rows: Sequence[StagedRow], size: int) -> list[Sequence[StagedRow]]:
    """Cut rows into pieces, the first of them at the end."""
    return [rows[start : start + size] for start in range(0, len(rows), size)][::-1]


def _without(rows: Sequence[StagedRow], refused: Container[int]) -> list[StagedRow]:
    return [row for row in rows if row.number not in refused]


def _results(data: object, expected: int) -> tuple[ImportedItem, ...]:
    items = decode(data, ImportResult).items
    if len(items) != expected:  # results go by position, so their number must agree
        raise DecodeError("$.items", f"{len(items)} results for {expected} rows")
    return items


def _titles(data: object) -> frozenset[str]:
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise DecodeError("$", "expected a list of custom fields")
    return frozenset(str(entry.get("title")) for entry in data)


def _concerns_rows(error: ApiError) -> bool:
    """Tell a 400 about rows, or about nothing named, from a refusal of the whole call."""
    if error.status not in (400, 422) or error.is_code("contact.limitExceeded"):
        return False
    places = [entry.pointer for entry in error.fields if entry.pointer]
    return not places or any(map(_ROW_POINTER.match, places))


def _named_rows(rows: Sequence[StagedRow], error: ApiError) -> dict[int, Refusal]:
    """Return the rows that a refusal is about, as far as it tells; a single row it is."""
    named = {}
    for entry in error.fields:
        match = _ROW_POINTER.match(entry.pointer)
        if match and int(match[1]) < len(rows):
            member = match[2] or "row"
            number = rows[int(match[1])].number
            named[number] = Refusal(code=f"{member}.refused", detail=entry.detail)
    if not named and len(rows) == 1:
        code, detail = error.code or "refused", error.problem.detail or ""
        named[rows[0].number] = Refusal(code=code, detail=detail)
    return named


_STATUS: Final[Mapping[str, RowStatus]] = {
    "created": RowStatus.CREATED,
    "updated": RowStatus.UPDATED,
    "restored": RowStatus.RESTORED,
}


def _settle(
    verdicts: Verdicts,
    rows: Sequence[StagedRow],
    results: Sequence[ImportedItem],
    *,
    is_resend: bool,
) -> None:
    """Pair rows with results; after a resend, created and updated cannot be told apart."""
    for row, result in zip(rows, results, strict=True):
        if result.status == "failed" or result.id is None:
            verdicts.refused[row.number] = _failed(result)
        else:
            # A status newer than this package has an id too: somebody is there.
            status = _STATUS.get(result.status, RowStatus.SKIPPED)
            imported = None if is_resend else status
            verdicts.done[row.number] = SettledRow(status, result.id, imported)


def _failed(result: ImportedItem) -> Refusal:
    code = result.skip_reason or f"import.{result.status}"
    return Refusal(code=code, detail=result.error or "", raw_code=result.skip_reason)
