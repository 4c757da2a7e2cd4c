"""The file of refused rows: repaired, it can be imported again.

Four columns (``_line``, ``_code``, ``_reason``, ``_retryable``) stand before the
original ones, whose cells are written as they were read. The file has the
delimiter of its input and is UTF-8; only its owner can read it. Rows are written
as they settle.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from reply_async.cli.csv_columns import REJECT_COLUMNS
from reply_async.cli.errors import BadInput

if TYPE_CHECKING:
    from reply_async import Refusal
    from reply_async.cli.csv_input import CsvTable

OWNER_ONLY = 0o600


class RejectsFile:
    """Writes refused rows beside the reason."""

    def __init__(self, stream: TextIO, table: CsvTable) -> None:
        # CRLF, so that the writer quotes cells that hold either of the two
        self._writer = csv.writer(stream, delimiter=table.delimiter, lineterminator="\r\n")
        # columns that this row got from an earlier rejects file are written anew
        columns = table.columns
        self._first_own = sum(name in REJECT_COLUMNS for name in columns.header)
        self._own = columns.own_positions() if self._first_own else None
        self._width = len(columns.header)
        self._writer.writerow((*REJECT_COLUMNS, *self._own_cells(columns.header)))

    def write(self, line: int, refusal: Refusal, cells: Sequence[str], reason: str) -> None:
        """Add one row."""
        retryable = str(refusal.is_retryable).lower()
        self._writer.writerow((line, refusal.code, reason, retryable, *self._own_cells(cells)))

    def _own_cells(self, cells: Sequence[str]) -> Sequence[str]:
        if self._own is None:
            return cells
        kept = [cells[position] for position in self._own if position < len(cells)]
        return [*kept, *cells[self._width :]]  # a row that is too long keeps its tail


@contextmanager
def open_rejects(path: str | None, source: str, table: CsvTable) -> Iterator[RejectsFile | None]:
    """Create the rejects file, with its header, if one is asked for."""
    if path is None:
        yield None
        return
    target = Path(path)
    if target.exists() and source != "-" and target.samefile(source):
        raise BadInput(f"--rejects {path}: that is the file to import")
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
        target.chmod(OWNER_ONLY)  # it may have been there before, open to others
    except OSError as error:
        raise BadInput(f"--rejects {path}: {error.strerror}") from None
    # half characters cannot be written as UTF-8: they are spelled out
    with os.fdopen(
        descriptor, "w", encoding="utf-8", newline="", errors="backslashreplace"
    ) as stream:
        yield RejectsFile(stream, table)
