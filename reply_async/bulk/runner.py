"""A run: rows on their way through import and enrolment, chunk by settled chunk.

A run is an async context manager that owns its tasks, an async iterator of settled
chunks, and can be awaited for its report. A few workers pull from one intake; what they
settle goes through a bounded queue, so nothing grows with the input. Where a row stands
is kept in one place, ``_settle``, the point at which a journal would write it down.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Literal, Protocol, Self

from attrs import define, field

from reply_async.bulk.enrolment import Arrival, Enrolment, Parts
from reply_async.bulk.intake import Chunk, Intake
from reply_async.bulk.job import JobSender
from reply_async.errors import AccountLimitReached, ReplyError, RunStopped, SessionClosed
from reply_async.outcome import BulkOutcome, Counts, Progress, Refusal, Report, SettledRow

# An interactive call waits behind at most so many requests of a run.
WORKERS: Final = 4
_CANCELLED: Final = "cancelled while the request was on its way"
# What this account, not this row, has used up: asking again for each row is no use.
_ACCOUNT_LIMITS: Final = frozenset({"contactLimitExceeded"})

OnUnknown = Literal["park", "stop"]


class Importer(Protocol):
    """The first stage of an import: staged rows in, contacts out."""

    async def send(self, rows: Sequence[Any], on_attempt: Callable[[], None]) -> Parts:
        """Send one chunk and tell what became of each row."""


@define
class Stages:
    """What a run is made of; either ``importer`` or ``enrolment`` may be missing.

    ``rows_per_import`` and ``rows_per_enrolment`` tell the cost of what is left.
    """

    intake: Intake[Any, Any]
    job: JobSender
    importer: Importer | None
    enrolment: Enrolment | None
    close: Callable[[], None]
    rows_per_import: int


class Run:
    """A bulk run in progress.

    Iterate over it for a ``BulkOutcome`` by row number as chunks settle, not in input
    order; or await it for the ``Report``. Leaving the context ends the run at once.

    Raises: RunStopped where it cannot go on; whatever the input itself raises, after
    what was read has settled.
    """

    def __init__(
        self,
        prepare: Callable[[], Awaitable[Stages]],
        *,
        total: int | None,
        on_unknown: OnUnknown,
    ) -> None:
        self._prepare, self._total, self._on_unknown = prepare, total, on_unknown
        self._stages: Stages | None = None
        self._settled: asyncio.Queue[Parts | None] = asyncio.Queue(maxsize=WORKERS)
        self._driver: asyncio.Task[None] | None = None
        self._idle_workers: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._failure: Exception | None = None
        self._tally = _Tally()
        self._started = self._ended = 0.0

    async def __aenter__(self) -> Self:
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
        if driver is not None and stages is not None:
            driver.cancel()
            await asyncio.wait([driver])
            stages.close()

    def __aiter__(self) -> AsyncIterator[Parts]:
        return self

    async def __anext__(self) -> Parts:
        if self._driver is None:
            raise SessionClosed
        chunk = await self._settled.get()
        if chunk is not None:
            return chunk
        self._settled.put_nowait(None)  # whoever asks again gets the same answer
        if isinstance(self._failure, ReplyError):
            raise RunStopped(self.report, str(self._failure)) from self._failure
        if self._failure is not None:
            raise self._failure
        raise StopAsyncIteration

    def __await__(self) -> Generator[Any, None, Report]:
        return self._to_the_end().__await__()

    async def _to_the_end(self) -> Report:
        async with self:
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
        requests = -(-unread // stages.rows_per_import) if stages.importer is not None else 0
        if stages.enrolment is not None:
            requests += -(-unsettled // stages.enrolment.batch_size)
        return stages.job.sender.limiter.seconds_until(requests) if requests else 0.0

    async def _drive(self, stages: Stages) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(WORKERS):
                    group.create_task(self._work(stages))
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
        while not self._is_stopping and (chunk := await stages.intake.next_chunk()) is not None:
            await self._attend(self._carry(stages, chunk))

    async def _attend(self, work: Awaitable[None]) -> None:
        """Do some work; what refuses the whole call ends the run, not the task."""
        try:
            await work
        except ReplyError as error:
            self._failure = self._failure or error
            self.stop()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._is_stopping or task is None or self._driver_is_cancelled():
                raise
            task.uncancel()

    def _driver_is_cancelled(self) -> bool:
        return self._driver is not None and self._driver.cancelling() > 0

    async def _carry(self, stages: Stages, chunk: Chunk[Any]) -> None:
        """Take one chunk all the way."""
        await self._settle(BulkOutcome(refused=chunk.refused))
        if stages.importer is None:
            arrivals = chunk.rows
        else:
            numbers = [row.number for row in chunk.rows]
            importer = stages.importer
            parts = await self._send(numbers, lambda note: importer.send(chunk.rows, note))
            if stages.enrolment is None:
                await self._settle(parts)
                return
            await self._settle(BulkOutcome(refused=parts.refused, unknown=parts.unknown))
            arrivals = [
                Arrival(number, row.contact_id, row.imported) for number, row in parts.done.items()
            ]
            self._tally.imported.update(row.status.value for row in parts.done.values())
        if stages.enrolment is not None:
            await self._settle(stages.enrolment.add(arrivals))
            await self._enrol(stages.enrolment)

    async def _enrol(self, enrolment: Enrolment, *, is_last: bool = False) -> None:
        while not self._is_stopping and (batch := enrolment.next_batch(is_last=is_last)):
            parts = await self._send(
                enrolment.rows(batch),
                lambda note, batch=batch: enrolment.send(batch, note),  # type: ignore[misc]  # mypy cannot infer a default
            )
            await self._settle(parts)

    async def _send(
        self, numbers: Iterable[int], send: Callable[[Callable[[], None]], Awaitable[Parts]]
    ) -> Parts:
        """Send rows; until the first attempt leaves, the worker may be stopped."""
        worker = asyncio.current_task()
        assert worker is not None  # noqa: S101 - for the type checker
        is_on_its_way = False

        def note() -> None:
            nonlocal is_on_its_way
            is_on_its_way = True
            self._idle_workers.discard(worker)

        self._idle_workers.add(worker)
        try:
            return await send(note)
        except asyncio.CancelledError:
            if is_on_its_way:
                self._tally.add(BulkOutcome(unknown=dict.fromkeys(numbers, _CANCELLED)))
            raise
        finally:
            self._idle_workers.discard(worker)

    async def _settle(self, parts: Parts) -> None:
        if not len(parts):
            return
        self._tally.add(parts)
        if any(refusal.code in _ACCOUNT_LIMITS for refusal in parts.refused.values()):
            self._failure = self._failure or AccountLimitReached()
            self.stop()
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

    def add(self, parts: BulkOutcome[int, SettledRow]) -> None:
        self.done.update(row.status.value for row in parts.done.values())
        self.refused.update(parts.refused)
        self.unknown.update(parts.unknown)

    @property
    def settled(self) -> int:
        return self.done.total() + len(self.refused) + len(self.unknown)
