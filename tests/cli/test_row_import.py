"""How verdicts of a run come back to lines: unknown rows, late refusals, runs that stop."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Self, cast

import pytest

from reply_async import (
    BulkOutcome,
    Counts,
    NotFound,
    Problem,
    Progress,
    Refusal,
    ReplySession,
    Report,
    Request,
    RunStopped,
    Safety,
)
from reply_async.cli.csv_input import CsvOptions, open_table
from reply_async.cli.errors import CommandFailed, ExitCode
from reply_async.cli.import_command import _exit_code, _tell
from reply_async.cli.rejects import open_rejects
from reply_async.cli.row_import import ImportEnd, import_table

MEMBERS = {"email": "email", "firstname": "firstName"}
REQUEST = Request("POST", "/v3/contacts/import", safety=Safety.UPSERT)
Chunk = BulkOutcome[int, Any]


class PlayedRun:
    """A run that settles what a test says, and then ends or fails."""

    def __init__(self, chunks: Iterable[Chunk], report: Report, failure: Exception | None) -> None:
        self._chunks, self.report, self._failure = iter(chunks), report, failure
        self.progress = Progress()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def __aiter__(self) -> AsyncIterator[Chunk]:
        return self

    async def __anext__(self) -> Chunk:
        for chunk in self._chunks:
            return chunk
        if self._failure is not None:
            raise self._failure
        raise StopAsyncIteration

    def stop(self) -> None:
        """Do nothing: no test interrupts this run."""


class PlayedSession:
    """A session whose only resource gives one run, after reading all rows."""

    def __init__(self, run: PlayedRun) -> None:
        self.sequence_contacts, self._run = self, run

    def import_rows(self, _sequence_id: int, rows: Iterable[object], *, total: int) -> PlayedRun:
        """Read the input as a run would."""
        assert total == len(list(rows))
        return self._run


async def play(
    folder: Path, chunks: list[Chunk], report: Report, failure: Exception | None = None
) -> ImportEnd:
    """Import five rows on lines 2 to 6, with verdicts made up."""
    source = folder / "in.csv"
    rows = "".join(f"{name}@x.com,{name}\n" for name in "abcde")
    source.write_text(f"email,firstName\n{rows}", encoding="utf-8")
    session = cast("ReplySession", PlayedSession(PlayedRun(chunks, report, failure)))
    with (
        open_table(str(source), CsvOptions(), MEMBERS) as table,
        open_rejects(str(folder / "r.csv"), str(source), table) as rejects,
    ):
        return await import_table(session, 1, table, rejects=rejects, is_progress_wanted=False)


async def test_unknown_rows_are_told_by_line_and_stay_out_of_the_rejects(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is invited to send them again unseen; the exit code is 3."""
    refused = {1: Refusal(code="x")}
    unknown = {2: "no answer", 3: "no answer"}
    report = Report(
        counts=Counts(enrolled=2, refused=1, unknown=2), refused=refused, unknown=unknown
    )

    end = await play(tmp_path, [Chunk(refused=refused), Chunk(unknown=unknown)], report)
    _tell(end, rejects="r.csv", is_dry_run=False)

    assert ExitCode.UNKNOWN_ROWS == _exit_code(end)
    assert "the rows on lines 3-4" in capsys.readouterr().err
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as stream:
        assert [["_line", "a"], ["2", "a@x.com"]] == [
            [row[0], row[4].replace("email", "a")] for row in csv.reader(stream)
        ]


async def test_a_run_that_stops_keeps_what_it_knew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refusals that no chunk told are written, and the cause gives the exit code."""
    report = Report(counts=Counts(refused=1, unsent=2), refused={4: Refusal(code="late")})
    failure = RunStopped(report, "the sequence is gone")
    failure.__cause__ = NotFound(REQUEST, 404, Problem())

    end = await play(tmp_path, [], report, failure)
    _tell(end, rejects="r.csv", is_dry_run=False)

    assert ExitCode.TARGET == _exit_code(end)
    assert 4 == end.summary.counts["unsent"]  # five rows, one refused, two never read
    said = capsys.readouterr().err
    assert "the sequence is gone" in said
    assert "run the same command again" in said
    assert "5,late" in (tmp_path / "r.csv").read_text(encoding="utf-8")


async def test_a_file_that_changes_ends_the_run_with_its_report(tmp_path: Path) -> None:
    """What was settled by then is told all the same."""
    report = Report(counts=Counts(enrolled=2))

    end = await play(tmp_path, [], report, CommandFailed("in.csv: the file was changed"))

    assert ExitCode.FAILED == _exit_code(end)
    assert (2, 3) == (end.summary.counts["enrolled"], end.summary.counts["unsent"])
