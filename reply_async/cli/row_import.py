"""A CSV table on its way into a sequence: rows in, verdicts back to their lines.

The same way for ``import`` and for ``demo``. Holds the cells of rows that are not
settled, and the line number of every row, nothing else.
"""

from __future__ import annotations

import asyncio
import signal
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from reply_async import Refusal, RunStopped
from reply_async.cli.errors import BadInput, CommandFailed
from reply_async.cli.messages import say
from reply_async.cli.progress import shown
from reply_async.cli.summary import ImportSummary

if TYPE_CHECKING:
    from reply_async import ReplySession
    from reply_async.cli.csv_columns import Row
    from reply_async.cli.csv_input import CsvTable
    from reply_async.cli.rejects import RejectsFile


class RowFeed:
    """Hands the rows of a table over, and takes their verdicts."""

    def __init__(self, table: CsvTable, rejects: RejectsFile | None) -> None:
        self._table, self._rejects = table, rejects
        self._lines = array("I")  # by row number; four bytes a row, cells are let go
        self._cells: dict[int, list[str]] = {}

    def rows(self) -> Iterator[Row | Refusal]:
        """Read the table; the position in this stream is the row number."""
        for line, cells, row in self._table.records():
            self._lines.append(line)
            if self._rejects is not None:
                self._cells[len(self._lines)] = cells
            yield row

    def line_of(self, number: int) -> int:
        """Give the physical line on which a row begins."""
        return self._lines[number - 1]

    def refuse(self, refused: Mapping[int, Refusal]) -> None:
        """Write refused rows to the rejects file, each once."""
        for number, refusal in refused.items():
            cells = self._cells.pop(number, None)
            if self._rejects is not None and cells is not None:
                reason = self.reason(refusal)
                self._rejects.write(self.line_of(number), refusal, cells, reason)

    def forget(self, numbers: Iterable[int]) -> None:
        """Let go of the cells of settled rows."""
        for number in numbers:
            self._cells.pop(number, None)

    def reason(self, refusal: Refusal) -> str:
        """Say why a row was refused, in terms of lines."""
        if refusal.duplicate_of is None:
            return refusal.detail
        return f"same e-mail as line {self.line_of(refusal.duplicate_of)}"


@define
class Interruption:
    """Whether the user asked a run to end."""

    is_asked_for: bool = False


@frozen(kw_only=True)
class ImportEnd:
    """How an import ended; ``stopped`` is None where it came to the end of its rows."""

    summary: ImportSummary
    unknown_lines: list[int] = field(factory=list)
    stopped: Exception | None = None
    is_interrupted: bool = False


async def import_table(
    session: ReplySession,
    sequence_id: int,
    table: CsvTable,
    *,
    rejects: RejectsFile | None,
    is_progress_wanted: bool,
) -> ImportEnd:
    """Import and enrol every row of a table that can be."""
    feed = RowFeed(table, rejects)
    interruption = Interruption()
    stopped: Exception | None = None
    rows = table.survey.rows
    async with session.sequence_contacts.import_rows(sequence_id, feed.rows(), total=rows) as run:
        try:
            with _stopped_by_signals(run.stop, interruption):
                async with shown(run, is_wanted=is_progress_wanted):
                    async for chunk in run:
                        feed.refuse(chunk.refused)
                        feed.forget(chunk.done)
                        feed.forget(chunk.unknown)
        except (RunStopped, BadInput, CommandFailed) as stop:
            stopped = stop  # the two latter: the file was changed under our hands
        report = run.report
    feed.refuse(report.refused)  # a run that stops may have verdicts that no chunk told
    return ImportEnd(
        summary=ImportSummary(report=report, rows=rows, sequence_id=sequence_id),
        unknown_lines=[feed.line_of(number) for number in report.unknown],
        stopped=stopped,
        is_interrupted=interruption.is_asked_for,
    )


@contextmanager
def _stopped_by_signals(stop: Callable[[], None], interruption: Interruption) -> Iterator[None]:
    """End a run in order on the first Ctrl-C or SIGTERM, at once on the second."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()

    def on_signal() -> None:
        if interruption.is_asked_for and task is not None:
            task.cancel()
            return
        interruption.is_asked_for = True
        say("no new requests; waiting for those under way (again to close at once)")
        stop()

    signals: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM)
    try:
        for number in signals:
            loop.add_signal_handler(number, on_signal)
    except NotImplementedError:  # Windows: Ctrl-C closes at once
        signals = ()
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
