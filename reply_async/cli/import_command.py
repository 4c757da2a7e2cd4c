"""``import``: a CSV file of contacts becomes members of a sequence."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import reply_async
from reply_async import Counts, Report
from reply_async.cli.connection import BudgetStore, session_from_env
from reply_async.cli.console import show_json
from reply_async.cli.csv_input import CsvOptions, open_table
from reply_async.cli.errors import BadInput, ExitCode, stop_code
from reply_async.cli.messages import complain, say
from reply_async.cli.progress import duration
from reply_async.cli.rejects import open_rejects
from reply_async.cli.row_import import ImportEnd, RowFeed, import_table
from reply_async.cli.summary import ImportSummary, line_ranges, requests_sentence

if TYPE_CHECKING:
    from reply_async import ReplySession
    from reply_async.cli.csv_input import CsvTable
    from reply_async.cli.rejects import RejectsFile

MAX_ID = 2_147_483_647

File = Annotated[str, Parameter(allow_leading_hyphen=True)]
ColumnMap = Annotated[tuple[str, ...], Parameter(name="--map")]


def run(
    file: File,
    /,
    *,
    sequence: int,
    column_map: ColumnMap = (),
    encoding: str | None = None,
    delimiter: str | None = None,
    rejects: str | None = None,
    dry_run: bool = False,
    json: bool = False,
    base_url: str | None = None,
    budget_store: BudgetStore = None,
) -> int:
    """Import a CSV file of contacts and enrol them into a sequence.

    Headers are names of contact members (firstName, "First Name", e-mail ...).
    The file is checked as a whole before anything is sent.

    Exit code 0: every row is in; 6: some rows were refused; 3: some rows are not
    known to be in.

    Args:
        file: The CSV file, `-` for standard input.
        sequence: Id of the sequence to enrol into.
        column_map: 'HEADER=member', 'HEADER=custom:FIELD' or 'HEADER='; may be repeated.
        encoding: Encoding of the file; UTF-8 and UTF-16 are found out.
        delimiter: Delimiter of the cells, `tab` for a tab; found out if not given.
        rejects: File for refused rows and reasons; repaired, it can be imported.
        dry_run: Check every row on this machine, send nothing; needs no key.
        json: Print one JSON object instead of tables.
        base_url: Address of the API, instead of REPLY_BASE_URL.
    """
    if not 1 <= sequence <= MAX_ID:
        raise BadInput(f"--sequence {sequence}: ids run from 1 to {MAX_ID}")
    session = (
        None if dry_run else session_from_env(base_url, budget_store)
    )  # no key: known before reading
    options = CsvOptions(encoding, delimiter, column_map)
    with ExitStack() as stack:
        table = stack.enter_context(open_table(file, options, reply_async.CONTACT_MEMBERS))
        writer = stack.enter_context(open_rejects(rejects, file, table))
        for note in table.notes:
            say(note)
        if session is None:
            end = _check(table, writer, sequence)
        else:
            end = asyncio.run(_import(session, sequence, table, writer, is_quiet=json))
    exit_code = _exit_code(end)
    if json:
        show_json(end.summary.as_json(exit_code))
    else:
        end.summary.show()
    _tell(end, rejects=rejects, is_dry_run=dry_run)
    return exit_code


async def _import(
    session: ReplySession,
    sequence_id: int,
    table: CsvTable,
    rejects: RejectsFile | None,
    *,
    is_quiet: bool,
) -> ImportEnd:
    async with session:
        return await import_table(
            session, sequence_id, table, rejects=rejects, is_progress_wanted=not is_quiet
        )


def _check(table: CsvTable, rejects: RejectsFile | None, sequence_id: int) -> ImportEnd:
    """Do what an import does before it sends anything."""
    feed, refused, good = RowFeed(table, rejects), {}, 0
    for number, refusal in reply_async.check_rows(feed.rows()):
        if refusal is None:
            good += 1
            feed.forget((number,))
        else:
            refused[number] = refusal
            feed.refuse({number: refusal})
    report = Report(counts=Counts(refused=len(refused), unsent=good), refused=refused)
    summary = ImportSummary(report=report, rows=table.survey.rows, sequence_id=sequence_id)
    return ImportEnd(summary=summary)


def _exit_code(end: ImportEnd) -> ExitCode:
    if end.is_interrupted:
        return ExitCode.INTERRUPTED
    if end.stopped is not None:
        return stop_code(end.stopped)
    return end.summary.exit_code()


def _tell(end: ImportEnd, *, rejects: str | None, is_dry_run: bool) -> None:
    """Say what the counts do not: what to do next."""
    report = end.summary.report
    if is_dry_run:
        say("Nothing was sent: this was a dry run.")
    else:
        say(f"It took {requests_sentence(report.requests)} in {duration(report.seconds)}.")
    if report.refused:
        say(f"Refused rows: {rejects}" if rejects else "For the refused rows add --rejects FILE.")
    if end.unknown_lines:
        complain(
            "sent, but not confirmed, and not sent again: the rows on lines "
            f"{line_ranges(end.unknown_lines)}; look for them in the sequence"
        )
    if end.stopped is not None:
        complain(str(end.stopped))
    if (end.is_interrupted or end.stopped is not None) and not is_dry_run:
        complain("run the same command again to go on: who is in the sequence already stays so")
