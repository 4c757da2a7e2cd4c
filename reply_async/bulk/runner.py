"""A run: rows on their way through import and enrolment, chunk by settled chunk.

A run is an async context manager that owns its tasks, an async iterator of settled
chunks, and can be awaited for its report. A few workers pull from one intake; what they
settle goes through a bounded queue, so nothing grows with the input. Where a row stands
is kept in one place, ``_settle``, the point at which a journal would write it down.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Any, Final, Literal, Self, get_args

from attrs import define, field

from reply_async.bulk.contact_import import IMPORT_SIZE, ContactImport
from reply_async.bulk.enrolment import Arrival, Enrolment
from reply_async.bulk.intake import Chunk, Intake
from reply_async.bulk.job import JobSender
from reply_async.bulk.rows import StagedRow
from reply_async.errors import AccountLimitReached, InvalidUse, ReplyError, RunStopped
from reply_async.outcome import (
    BulkOutcome,
    Counts,
    Progress,
    Refusal,
    Report,
    RowOutcome,
    Verdicts,
)

# An interactive call waits behind at most so many requests of a run.
WORKERS: Final = 4
_CANCELLED: Final = "cancelled while the request was on its way"
# What this account, not this row, has used up: asking again for each row is no use.
_ACCOUNT_LIMITS: Final = frozenset({"contactLimitExceeded"})

OnUnknown = Literal["park", "stop"]
Send = Callable[[Verdicts, Callable[[], None]], Awaitable[None]]


@define
class Stages:
    """What a run is made of; either ``importer`` or ``enrolment`` may be missing."""

    intake: Intake[Any, Any]
    job: JobSender
    importer: ContactImport | None
    enrolment: Enrolment | None
    close: Callable[[], None]


class Run:
    """A bulk run in progress.

    Iterate over it for a ``BulkOutcome`` by row number as chunks settle, not in input
    order; or await it for the ``Report``. Leaving the context ends the run at once; what
    was on the wire by then is ``unknown``. A run runs once: awaiting it again gives the
    same report.

    Raises: InvalidUse where it is iterated before it was entered, or entered twice;
    RunStopped where it cannot go on; whatever the input itself raises, after what was
    read has settled.
    """

    def __init__(
        self,
        prepare: Callable[[], Awaitable[Stages]],
        *,
        total: int | None,
        on_unknown: OnUnknown,
    ) -> None:
        if on_unknown not in get_args(OnUnknown):
            raise InvalidUse("on_unknown", f"is none of {', '.join(get_args(OnUnknown))}")
        self._prepare, self._total, self._on_unknown = prepare, total, on_unknown
        self._stages: Stages | None = None
        self._settled: asyncio.Queue[RowOutcome | None] = asyncio.Queue(maxsize=WORKERS)
        self._driver: asyncio.Task[None] | None = None
        self._idle_workers: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._refused_by: ReplyError | None = None
        self._failure: Exception | None = None
        self._tally = _Tally()
        self._started = self._ended = 0.0

    async def __aenter__(self) -> Self:
        if self._driver is not None:
            raise InvalidUse("run", "was started already, and runs once")
        loop = asyncio.get_running_loop()
        self._started = self._ended = loop.time()
        self._stages = await self._prepare()
        self._driver = asyncio.create_task(self._drive(self._stages))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        driver, stages = self._driver, self._stages
        if driver is None or stages is None:
            return
        driver.cancel()
        try:
            await asyncio.wait([driver])
        finally:
            stages.close()
        while not self._settled.empty():
            self._settled.get_nowait()
        self._settled.put_nowait(None)  # whoever iterates further is at the end

    def __aiter__(self) -> AsyncIterator[RowOutcome]:
        return self

    async def __anext__(self) -> RowOutcome:
        if self._driver is None:
            raise InvalidUse("run", "is iterated inside `async with run`")
        chunk = await self._settled.get()
        if chunk is not None:
            return chunk
        self._settled.put_nowait(None)  # whoever asks again gets the same answer
        if self._refused_by is not None:
            raise RunStopped(self.report, str(self._refused_by)) from self._refused_by
        if self._failure is not None:
            raise self._failure
        raise StopAsyncIteration

    def __await__(self) -> Generator[Any, None, Report]:
        return self._to_the_end().__await__()

    async def _to_the_end(self) -> Report:
        if self._driver is None:
            async with self:
                return await self._to_the_end()
        async for _ in self:
            pass
        return self.report

    def stop(self) -> None:
        """Send nothing new; what is on the wire settles, the rest stays unsent."""
        self._is_stopping = True
        if self._stages is not None:
            self._stages.intake.close()
        for worker in self._idle_workers:
            worker.cancel()

    @property
    def progress(self) -> Progress:
        """Where the run stands now."""
        tally, stages = self._tally, self._stages
        if stages is None:
            return Progress(total=self._total)
        state = stages.job.sender.limiter.state
        return Progress(
            read=stages.intake.read,
            settled=tally.settled,
            refused=len(tally.refused),
            unknown=len(tally.unknown),
            total=self._total,
            requests=stages.job.requests.total(),
            waiting_for=state.waiting_for if state.waiting else None,
            wait_seconds=state.held_seconds if state.waiting else 0.0,
            scale=state.scale,
            others_in_minute=state.others_in_minute,
            eta_seconds=self._eta(stages),
        )

    @property
    def report(self) -> Report:
        """What became of the rows so far; final once the iteration has ended."""
        tally, stages = self._tally, self._stages
        read = stages.intake.read if stages is not None else 0
        return Report(
            counts=Counts(
                **tally.done,
                refused=len(tally.refused),
                unknown=len(tally.unknown),
                unsent=read - tally.settled,
            ),
            refused=tally.refused,
            unknown=tally.unknown,
            imported=dict(tally.imported),
            requests=dict(stages.job.requests) if stages is not None else {},
            seconds=self._ended - self._started,
        )

    def _eta(self, stages: Stages) -> float | None:
        """Return what the budget allows at best for the requests that are left."""
        if self._total is None:
            return None
        unread = max(0, self._total - stages.intake.read)
        unsettled = max(0, self._total - self._tally.settled)
        requests = -(-unread // IMPORT_SIZE) if stages.importer is not None else 0
        if stages.enrolment is not None:
            requests += -(-unsettled // stages.enrolment.batch_size)
        return stages.job.sender.limiter.seconds_until(requests) if requests else 0.0

    async def _drive(self, stages: Stages) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(WORKERS):
                    group.create_task(self._attend(self._work(stages)))
            if stages.enrolment is not None:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._attend(self._enrol(stages.enrolment, is_last=True)))
        except* Exception as errors:  # noqa: BLE001 - told to whoever iterates
            self._failure = errors.exceptions[0]
        finally:
            self._ended = asyncio.get_running_loop().time()
        self._failure = self._failure or stages.intake.error
        await self._settled.put(None)

    async def _work(self, stages: Stages) -> None:
        while not self._is_stopping:
            with self._idle():  # the input may keep a worker waiting for ever
                chunk = await stages.intake.next_chunk()
            if chunk is None:
                return
            await self._carry(stages, chunk)

    async def _attend(self, work: Awaitable[None]) -> None:
        """Do some work to its end, or until the run is stopped and it is idle."""
        try:
            await work
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._is_stopping or task is None or self._driver_is_cancelled():
                raise
            task.uncancel()

    def _driver_is_cancelled(self) -> bool:
        return self._driver is not None and self._driver.cancelling() > 0

    @contextmanager
    def _idle(self) -> Iterator[Callable[[], None]]:
        """Let a stop cancel this worker, until the block ends or the given call is made."""
        worker = asyncio.current_task()
        assert worker is not None  # noqa: S101 - for the type checker
        self._idle_workers.add(worker)
        try:
            yield lambda: self._idle_workers.discard(worker)
        finally:
            self._idle_workers.discard(worker)

    async def _carry(self, stages: Stages, chunk: Chunk[Any]) -> None:
        """Take one chunk all the way."""
        await self._settle(BulkOutcome(refused=chunk.refused))
        arrivals = chunk.rows
        if stages.importer is not None:
            arrivals = await self._import(stages.importer, chunk.rows, stages.enrolment is None)
        if stages.enrolment is not None:
            await self._settle(stages.enrolment.add(arrivals))
            await self._enrol(stages.enrolment)

    async def _import(
        self, importer: ContactImport, rows: Sequence[StagedRow], is_last_stage: bool
    ) -> list[Arrival]:
        """Import rows, and settle them unless they have yet to be enrolled."""
        numbers = [row.number for row in rows]
        parts = await self._send(numbers, partial(importer.send, rows), is_last_stage)
        if is_last_stage:
            await self._settle(parts)
            return []
        imported = parts.done.values()
        self._tally.imported.update(row.imported.value for row in imported if row.imported)
        await self._settle(BulkOutcome(refused=parts.refused, unknown=parts.unknown))
        return [Arrival(number, row.contact_id, row.imported) for number, row in parts.done.items()]

    async def _enrol(self, enrolment: Enrolment, *, is_last: bool = False) -> None:
        while not self._is_stopping and (batch := enrolment.next_batch(is_last=is_last)):
            numbers = enrolment.rows(batch)
            await self._settle(await self._send(numbers, partial(enrolment.send, batch), True))

    async def _send(self, numbers: Iterable[int], send: Send, is_last_stage: bool) -> RowOutcome:
        """Send rows and return their verdicts; what refuses the whole call ends the run.

        A stop cancels this until the first attempt leaves, and leaving the context always.
        """
        verdicts, is_on_its_way = Verdicts(), False
        if self._is_stopping:
            return verdicts.outcome()
        refused_by: ReplyError | None = None
        with self._idle() as leave:

            def note() -> None:
                nonlocal is_on_its_way
                is_on_its_way = True
                leave()

            try:
                await send(verdicts, note)
            except ReplyError as error:
                refused_by = error
            except asyncio.CancelledError:
                if is_on_its_way:
                    lost = (number for number in numbers if number not in verdicts)
                    verdicts.unknown |= dict.fromkeys(lost, _CANCELLED)
                if not is_last_stage:
                    verdicts.done.clear()  # imported, and not enrolled
                self._tally.add(verdicts.outcome())
                raise
        if refused_by is not None:
            self._end(refused_by)
        return verdicts.outcome()

    def _end(self, refused_by: ReplyError) -> None:
        """End the run because of what refuses all of it; the first reason is told."""
        self._refused_by = self._refused_by or refused_by
        self.stop()

    async def _settle(self, parts: RowOutcome) -> None:
        if not len(parts):
            return
        self._tally.add(parts)
        if any(refusal.code in _ACCOUNT_LIMITS for refusal in parts.refused.values()):
            self._end(AccountLimitReached())
        if parts.unknown and self._on_unknown == "stop":
            self.stop()
        await self._settled.put(parts)


@define
class _Tally:
    """Counts of what has settled, and the rows that need attention."""

    done: Counter[str] = field(factory=Counter)
    imported: Counter[str] = field(factory=Counter)
    refused: dict[int, Refusal] = field(factory=dict)
    unknown: dict[int, str] = field(factory=dict)

    def add(self, parts: RowOutcome) -> None:
        self.done.update(row.status.value for row in parts.done.values())
        self.refused.update(parts.refused)
        self.unknown.update(parts.unknown)

    @property
    def settled(self) -> int:
        return self.done.total() + len(self.refused) + len(self.unknown)
