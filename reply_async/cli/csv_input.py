"""Contacts from a CSV file, as a stream of rows and refusals.

A file that cannot be trusted as a whole (encoding, quotes, header) stops before
anything is sent: it is read through once to be checked. A row that cannot be
trusted becomes a ``Refusal`` in its place. Cells are never altered. Knows nothing
of sessions.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from attrs import define, field, frozen

from reply_async import Refusal
from reply_async.cli.csv_columns import Columns, Row, plan_columns
from reply_async.cli.csv_source import (
    decoding_problem,
    find_delimiter,
    find_encoding,
    open_source,
    open_text,
)
from reply_async.cli.errors import BadInput, CommandFailed

MAX_CELL_BYTES = 32_000
# Above it the csv module gives up: a quote that nobody closed, most likely. Four
# million characters keep the memory that such a file can take to some 32 MB.
MAX_CELL_CHARACTERS = 4_194_304
MAX_BYTES_OF_CHARACTER = 4

SURROGATE = re.compile("[\ud800-\udfff]")
CELL_END = "\x1f"
# A spreadsheet runs such cells; telephone numbers and plain numbers are left alone.
FORMULA = re.compile(r"\x1f(?:[=@\t]|[+-](?![\d\s().,/-]*\x1f))")
DAMAGE = re.compile(
    r"\x1f(?:#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NULL!|NUM!)|\d(?:[.,]\d+)?E\+\d+\x1f)"
)


class CsvRecord(NamedTuple):
    """One row of the input: its physical line, its cells as read, and what they mean."""

    line: int
    cells: list[str]
    row: Row | Refusal


@frozen
class CsvOptions:
    """What the user says about a file; None is found out."""

    encoding: str | None = None
    delimiter: str | None = None
    column_map: tuple[str, ...] = ()


@define
class Flag:
    """Rows that are sent as they are, and that somebody may want to look at."""

    rows: int = 0
    first_line: int = 0

    def note(self, line: int) -> None:
        """Count one more row."""
        self.rows += 1
        self.first_line = self.first_line or line


@define
class Survey:
    """What reading through the whole file found."""

    rows: int = 0
    blank_lines: int = 0
    formulas: Flag = field(factory=Flag)
    damaged: Flag = field(factory=Flag)


class CsvTable:
    """A CSV file that was read through and can be imported.

    ``columns`` is its plan, ``survey`` what it holds, ``delimiter`` and ``encoding``
    how it is written.
    """

    def __init__(
        self, source: BinaryIO, name: str, options: CsvOptions, members: Mapping[str, str]
    ) -> None:
        csv.field_size_limit(MAX_CELL_CHARACTERS)
        self._source, self._name = source, name
        self._stamp = _stamp(source)
        self.encoding = find_encoding(source, options.encoding)
        self.delimiter = _checked_delimiter(options.delimiter) or find_delimiter(
            source, self.encoding
        )
        self._notes = list(self._announcements(options))
        self.columns = self._plan(options.column_map, members)
        self.survey = self._read_through()

    @property
    def notes(self) -> list[str]:
        """Sentences about the file that its owner should see before it is sent."""
        notes = [*self._notes, *_flags(self.survey)]
        if self.survey.blank_lines:
            notes.append(f"{self.survey.blank_lines} blank lines passed over")
        return [f"{self._name}: {note}" for note in notes]

    def records(self) -> Iterator[CsvRecord]:
        """Read the rows from the first to the last; row numbers are their count from 1."""
        check, build = _row_check(self.columns.header), self.columns.row_builder()
        for line, cells in self._data():
            if _is_blank(cells):
                continue
            yield CsvRecord(line, cells, check(cells) or build(cells))
        if _stamp(self._source) != self._stamp:
            raise CommandFailed(f"{self._name}: the file was changed while it was being read")

    def _announcements(self, options: CsvOptions) -> Iterator[str]:
        if options.encoding is None and self.encoding not in ("utf-8", "utf-8-sig"):
            yield f"read as {self.encoding} (--encoding to choose another)"
        if options.delimiter is None and self.delimiter != ",":
            yield f"cells are delimited by {self.delimiter!r} (--delimiter to choose another)"

    def _plan(self, column_map: Iterable[str], members: Mapping[str, str]) -> Columns:
        header = next((cells for _, cells in self._all() if not _is_blank(cells)), None)
        if header is None:
            raise BadInput(f"{self._name}: empty, not even a header")
        try:
            return plan_columns(header, column_map=column_map, members=members)
        except BadInput as problem:
            raise BadInput(f"{self._name}: {problem}") from None

    def _read_through(self) -> Survey:
        survey = Survey()
        for line, cells in self._data():
            if _is_blank(cells):
                survey.blank_lines += 1
                continue
            survey.rows += 1
            text = f"{CELL_END}{CELL_END.join(cells)}{CELL_END}"
            if FORMULA.search(text):
                survey.formulas.note(line)
            if DAMAGE.search(text):
                survey.damaged.note(line)
        return survey

    def _data(self) -> Iterator[tuple[int, list[str]]]:
        """Read everything after the header."""
        everything = self._all()
        for _, cells in everything:
            if not _is_blank(cells):
                break
        return everything

    def _all(self) -> Iterator[tuple[int, list[str]]]:
        """Read every record with the physical line that it begins on."""
        with open_text(self._source, self.encoding) as text:
            reader = csv.reader(text, delimiter=self.delimiter, strict=True)
            line = 1
            try:
                for cells in reader:
                    yield line, cells
                    line = reader.line_num + 1
            except csv.Error as error:
                problem = _quote_problem(str(error), line, reader.line_num)
            except UnicodeDecodeError as error:
                problem = decoding_problem(self._source, error, reader.line_num, self.encoding)
            else:
                return
        raise BadInput(f"{self._name}: {problem}")


@contextmanager
def open_table(path: str, options: CsvOptions, members: Mapping[str, str]) -> Iterator[CsvTable]:
    """Open and check a CSV file; ``-`` is standard input."""
    with open_source(path) as source:
        yield CsvTable(source, "standard input" if path == "-" else path, options, members)


def _is_blank(cells: Sequence[str]) -> bool:
    return not cells or (len(cells) == 1 and cells[0].isspace())


def _checked_delimiter(wanted: str | None) -> str | None:
    if wanted is None:
        return None
    delimiter = {"tab": "\t", "\\t": "\t"}.get(wanted, wanted)
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise BadInput(f"--delimiter {wanted!r}: one character, or `tab`")
    return delimiter


def _row_check(header: Sequence[str]) -> Callable[[Sequence[str]], Refusal | None]:
    """Give the function that finds what no server needs to see in a row."""
    width = len(header)

    def check(cells: Sequence[str]) -> Refusal | None:
        if len(cells) != width:
            return Refusal(
                code="row.width", detail=f"{len(cells)} cells where the header has {width}"
            )
        text = "".join(cells)
        if (
            len(text) * MAX_BYTES_OF_CHARACTER <= MAX_CELL_BYTES
            and "\0" not in text
            and (text.isascii() or not SURROGATE.search(text))
        ):
            return None  # nearly all rows, so this must cost nothing
        return next(filter(None, map(_cell_problem, header, cells)), None)

    return check


def _cell_problem(column: str, cell: str) -> Refusal | None:
    if "\0" in cell:
        return Refusal(code="cell.nul", detail=f"column {column!r} holds a NUL character")
    if SURROGATE.search(cell):
        return Refusal(code="cell.surrogate", detail=f"column {column!r} holds half a character")
    if len(cell) * MAX_BYTES_OF_CHARACTER > MAX_CELL_BYTES:
        size = len(cell.encode())
        if size > MAX_CELL_BYTES:
            return Refusal(
                code="cell.too_long",
                detail=f"column {column!r} holds {size} bytes, at most {MAX_CELL_BYTES} are sent",
            )
    return None


def _quote_problem(message: str, first_line: int, last_line: int) -> str:
    if "field limit" in message:
        return (
            f"line {first_line}: a cell of more than {MAX_CELL_CHARACTERS} characters; "
            "a quote was probably not closed"
        )
    if "unexpected end" in message:
        return f"line {first_line}: a quote is opened in this record and never closed"
    if "expected after" in message:
        return f"line {last_line}: text after a closing quote"
    return f"line {last_line}: {message}"


def _flags(survey: Survey) -> Iterator[str]:
    for flag, what in (
        (survey.formulas, "cells that a spreadsheet would run as a formula"),
        (survey.damaged, "cells that look damaged by a spreadsheet"),
    ):
        if flag.rows:
            yield f"{flag.rows} rows hold {what} (first: line {flag.first_line}); sent as they are"


def _stamp(source: BinaryIO) -> tuple[int, int]:
    status = os.fstat(source.fileno())
    return status.st_size, status.st_mtime_ns
