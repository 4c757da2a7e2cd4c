"""Contacts into one sequence: who is in already, batches, lost answers read back.

Enrolling twice is no repeat: it may move a contact and send again. So whoever is in
already is not sent, no id is sent twice without a read in between, and what cannot be
told stays unknown.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from attrs import define, field, frozen

from reply_async.bulk.folding import SeenRows
from reply_async.bulk.job import JobSender
from reply_async.bulk.refusals import ENROLMENT_NUMBERS, refusals
from reply_async.converter import decode
from reply_async.errors import NotFound
from reply_async.models.counts import Count
from reply_async.models.sequence_contacts import BulkAddResult, SequenceContact
from reply_async.models.sequences import SequenceStatus
from reply_async.outcome import Refusal, RowOutcome, RowStatus, SettledRow, Verdicts
from reply_async.pagination import Page, decode_page, walk
from reply_async.requests import Request
from reply_async.responses import Applied, Outcome, Rejected, Unknown, failure, lacks_route
from reply_async.transport.sender import CLOCK_SLACK

BATCH: Final = 10_000
ACTIVE_BATCH: Final = 1_000  # in an active sequence each row is a send
# Enrolments may show late: absence counts only when three reads agree on it.
SECONDS_BETWEEN_READS: Final = (1.0, 4.0, 10.0)

_REFUSED: Final = "refused:"


class EnrolmentRequests(Protocol):
    """Builds the requests about the people of one sequence."""

    def enrol(self, contact_ids: Collection[int]) -> Request:
        """Build the enrolment of these contacts."""
        ...

    def members(self, skip: int) -> Request:
        """Build the read of one page of members, newest first."""
        ...

    def count(self) -> Request:
        """Build the read of how many members there are."""
        ...

    def sequence(self) -> Request:
        """Build the read of the sequence itself."""
        ...


@frozen
class Arrival:
    """A row that waits to be enrolled; ``imported`` is what the import did with it."""

    number: int
    contact_id: int
    imported: RowStatus | None = None


@define
class Enrolment:
    """Collects arrivals, sends them in batches, and settles their rows.

    Call ``take_stock`` before the first batch. ``may_resend`` is False for enrolments
    whose repeat could move somebody, even one whose absence was read.
    """

    job: JobSender
    requests: EnrolmentRequests
    seen: SeenRows
    batch_size: int
    may_resend: bool = True
    _queue: list[int] = field(init=False, factory=list)
    _waiting: dict[int, list[Arrival]] = field(init=False, factory=dict)

    async def take_stock(self) -> None:
        """Note who is in the sequence before the run; 1 request, and 1 per 1,000 members."""
        if await self._count() == 0:
            return
        async for page in walk(self.requests.members(0), self._read_members):
            ids = [member.contact_id for member in page.items]
            self.seen.remember(ids, RowStatus.ALREADY_IN)

    async def _read_members(self, skip: int) -> Page[SequenceContact]:
        return await self.job.read(self.requests.members(skip), _decode_members)

    def add(self, arrivals: Iterable[Arrival]) -> RowOutcome:
        """Queue rows; those whose contact has a verdict already are settled at once."""
        verdicts = Verdicts()
        for arrival in arrivals:
            waiting = self._waiting.get(arrival.contact_id)
            if waiting is not None:
                waiting.append(arrival)
            elif (verdict := self.seen.verdict(arrival.contact_id)) is not None:
                _settle_again(verdicts, arrival, verdict)
            else:
                self._waiting[arrival.contact_id] = [arrival]
                self._queue.append(arrival.contact_id)
        return verdicts.outcome()

    def next_batch(self, *, is_last: bool = False) -> list[int]:
        """Take the ids of a full batch, or of what is left; empty if there is none."""
        if len(self._queue) < self.batch_size and not is_last:
            return []
        batch, self._queue = self._queue[: self.batch_size], self._queue[self.batch_size :]
        return batch

    def rows(self, batch: Iterable[int]) -> list[int]:
        """Return the numbers of the rows that wait for these contacts."""
        return [arrival.number for id_ in batch for arrival in self._waiting.get(id_, ())]

    async def send(
        self, batch: list[int], verdicts: Verdicts, on_attempt: Callable[[], None]
    ) -> None:
        """Enrol a batch and note a verdict for each row; raise what refuses the whole call."""
        started = asyncio.get_running_loop().time()
        evidence = await self._send(batch, verdicts, on_attempt)
        if left := self._unsettled(batch):  # lost, or in neither list of the answer
            missing = await self._find(left, verdicts, started)
            if missing and self.may_resend:  # proven absent: once more, and only these
                evidence = await self._send(missing, verdicts, on_attempt)
                await self._find(self._unsettled(missing), verdicts, started)
            self._settle_unknown(verdicts, batch, evidence)

    def _unsettled(self, ids: Iterable[int]) -> list[int]:
        return [id_ for id_ in ids if id_ in self._waiting]

    async def _send(
        self, ids: list[int], verdicts: Verdicts, on_attempt: Callable[[], None]
    ) -> str:
        """Send one enrolment; return why some ids may still wait for a verdict."""
        request = self.requests.enrol(ids)
        outcome = await self.job.deliver("enrol", request, _read_result, on_attempt)
        if isinstance(outcome, Unknown):
            return outcome.evidence
        if not isinstance(outcome, Applied):
            raise failure(request, outcome)
        self._settle_enrolled(verdicts, outcome.value.added)
        refused = refusals(outcome.value.not_processed, ENROLMENT_NUMBERS)
        for id_, refusal in refused.items():
            self._settle_refused(verdicts, id_, refusal)
        return "the answer did not name the contact"

    async def _find(self, ids: Collection[int], verdicts: Verdicts, started: float) -> list[int]:
        """Settle who is in by now; return who is proven absent.

        Three reads must agree on an absence; where one fails nobody is proven absent.
        """
        asked = set(ids)
        for pause in SECONDS_BETWEEN_READS if asked else ():
            await asyncio.sleep(pause)
            found = await self._read_new_members(asked, started)
            if found is None:
                return []
            self._settle_enrolled(verdicts, found)
            asked -= found
            if not asked:
                break
        return [id_ for id_ in ids if id_ in asked]

    async def _read_new_members(self, asked: set[int], started: float) -> set[int] | None:
        """Page through the newest members until all are found or they get too old."""
        loop = asyncio.get_running_loop()
        found: set[int] = set()
        skip = 0
        while len(found) < len(asked):
            request = self.requests.members(skip)
            outcome = await self.job.deliver("other", request, _decode_members)
            if not isinstance(outcome, Applied):
                return None
            page, date = outcome.value, outcome.answer.date
            found |= asked & {member.contact_id for member in page.items}
            since = None if date is None else date - timedelta(seconds=loop.time() - started)
            if not page.has_more or _reaches_back(page.items, since):
                break
            if not page.items:  # more is promised and nothing given
                return None
            skip += len(page.items)
        # The page of a missing sequence is empty as well: the count tells.
        return found if found or await self._exists() else None

    async def _exists(self) -> bool:
        outcome: Outcome[Any] = await self.job.deliver("other", self.requests.count(), read_count)
        if isinstance(outcome, Rejected) and lacks_route(outcome.error):
            outcome = await self.job.deliver("other", self.requests.sequence(), lambda _: None)
        return isinstance(outcome, Applied)

    async def _count(self) -> int:
        try:
            return await self.job.read(self.requests.count(), read_count)
        except NotFound as error:
            if not lacks_route(error):
                raise
        return 1  # some servers do not count: look at the members

    def _settle_enrolled(self, verdicts: Verdicts, ids: Iterable[int]) -> None:
        settled = self._unsettled(ids)
        self.seen.remember(settled, RowStatus.ENROLLED)
        for id_ in settled:
            first, *others = self._waiting.pop(id_)
            verdicts.done[first.number] = SettledRow(RowStatus.ENROLLED, id_, first.imported)
            for arrival in others:
                _settle_again(verdicts, arrival, RowStatus.ENROLLED)

    def _settle_refused(self, verdicts: Verdicts, id_: int, refusal: Refusal) -> None:
        is_in = refusal.code == "contactAlreadyInSequence"
        verdict = RowStatus.ALREADY_IN if is_in else _REFUSED + refusal.code
        self.seen.remember([id_], verdict)
        for arrival in self._waiting.pop(id_, ()):
            if is_in:
                _settle_again(verdicts, arrival, verdict)
            else:
                verdicts.refused[arrival.number] = refusal

    def _settle_unknown(self, verdicts: Verdicts, ids: Iterable[int], evidence: str) -> None:
        left = self._unsettled(ids)
        self.seen.remember(left, "unknown")
        for id_ in left:
            for arrival in self._waiting.pop(id_):
                verdicts.unknown[arrival.number] = evidence


def _settle_again(verdicts: Verdicts, arrival: Arrival, verdict: str) -> None:
    """Settle a row whose contact was met before: it is not sent a second time."""
    if verdict.startswith(_REFUSED):
        verdicts.refused[arrival.number] = Refusal(code=verdict.removeprefix(_REFUSED))
    elif verdict == "unknown":
        verdicts.unknown[arrival.number] = "another row of the same contact is not confirmed"
    else:
        verdicts.done[arrival.number] = SettledRow(
            RowStatus.ALREADY_IN, arrival.contact_id, arrival.imported
        )


def _read_result(data: object) -> BulkAddResult:
    return decode(data, BulkAddResult)


def _decode_members(data: object) -> Page[SequenceContact]:
    return decode_page(data, SequenceContact)


def read_count(data: object) -> int:
    """Read ``{count}``."""
    return decode(data, Count).count


def _reaches_back(page: Iterable[SequenceContact], since: datetime | None) -> bool:
    """Tell whether a page holds members who were in before the enrolment went out."""
    if since is None:
        return False
    return any(member.adding_date and member.adding_date < since - CLOCK_SLACK for member in page)


def enrol_body(contact_ids: Collection[int], start_step_id: int | None) -> bytes:
    """Return the body of an enrolment that leaves other sequences alone."""
    body: dict[str, Any] = {"contactIds": list(contact_ids), "removeFromExisting": False}
    if start_step_id is not None:
        body["startStepId"] = start_step_id
    return json.dumps(body, separators=(",", ":")).encode()


def batch_size(status: SequenceStatus | str) -> int:
    """Return how many contacts one enrolment carries."""
    return ACTIVE_BATCH if status == SequenceStatus.ACTIVE else BATCH
