"""The file of refused rows: what it holds, who can read it, that it can be used again."""

import csv
from pathlib import Path

import pytest

from reply_async import Refusal
from reply_async.cli.csv_input import CsvOptions, open_table
from reply_async.cli.errors import BadInput
from reply_async.cli.rejects import open_rejects
from reply_async.cli.row_import import RowFeed

MEMBERS = {"email": "email", "firstname": "firstName"}


def reject(source: Path, rejects: Path, refused: dict[int, Refusal]) -> list[list[str]]:
    """Read a file, refuse some of its rows, and give what the rejects file holds."""
    with (
        open_table(str(source), CsvOptions(), MEMBERS) as table,
        open_rejects(str(rejects), str(source), table) as writer,
    ):
        feed = RowFeed(table, writer)
        list(feed.rows())
        feed.refuse(refused)
        feed.refuse(refused)  # told twice, written once
    with rejects.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def test_refused_rows_come_back_with_line_code_and_reason(tmp_path: Path) -> None:
    """Four columns first, then the cells as they were; duplicates point at a line."""
    source, rejects = tmp_path / "in.csv", tmp_path / "rejects.csv"
    source.write_text('email,firstName\n\na@x.com,"A\nB"\nb@x.com,\nA@x.com,C\n', encoding="utf-8")
    refused = {
        2: Refusal(code="first_name.missing", detail="needed", is_retryable=True),
        3: Refusal(code="duplicate", duplicate_of=1),
    }

    assert [
        ["_line", "_code", "_reason", "_retryable", "email", "firstName"],
        ["5", "first_name.missing", "needed", "true", "b@x.com", ""],
        ["6", "duplicate", "same e-mail as line 3", "false", "A@x.com", "C"],
    ] == reject(source, rejects, refused)
    assert 0o600 == rejects.stat().st_mode & 0o777


def test_a_rejects_file_that_is_refused_again_has_its_columns_once(tmp_path: Path) -> None:
    """The four columns are written anew, also beside rows that are too short or too long."""
    source, rejects = tmp_path / "in.csv", tmp_path / "rejects.csv"
    source.write_text(
        "_line,_code,_reason,_retryable,email,firstName\n7,x,y,true,a@x.com,A\n"
        "8,x,y,true,b@x.com\n9,x,y,true,c@x.com,C,more\n",
        encoding="utf-8",
    )

    written = reject(source, rejects, {n: Refusal(code="row.width") for n in (1, 2, 3)})

    assert [
        ["_line", "_code", "_reason", "_retryable", "email", "firstName"],
        ["2", "row.width", "", "false", "a@x.com", "A"],
        ["3", "row.width", "", "false", "b@x.com"],
        ["4", "row.width", "", "false", "c@x.com", "C", "more"],
    ] == written


def test_an_earlier_rejects_file_loses_its_open_mode(tmp_path: Path) -> None:
    """Only the owner reads refused contacts, even if the file was there before."""
    source, rejects = tmp_path / "in.csv", tmp_path / "rejects.csv"
    source.write_text("email,firstName\na@x.com,A\n", encoding="utf-8")
    rejects.write_text("old\n" * 100, encoding="utf-8")
    rejects.chmod(0o644)

    assert [["_line", "_code", "_reason", "_retryable", "email", "firstName"]] == reject(
        source, rejects, {}
    )
    assert 0o600 == rejects.stat().st_mode & 0o777


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    """Naming the input as the rejects file stops before it is touched."""
    source = tmp_path / "in.csv"
    source.write_text("email,firstName\na@x.com,A\n", encoding="utf-8")

    with pytest.raises(BadInput, match="the file to import"):
        reject(source, source, {})

    assert "email,firstName\na@x.com,A\n" == source.read_text(encoding="utf-8")


def test_cells_of_settled_rows_are_let_go(tmp_path: Path) -> None:
    """What is held in memory is what nobody has decided on yet."""
    source = tmp_path / "in.csv"
    source.write_text("email,firstName\na@x.com,A\nb@x.com,B\nc@x.com,C\n", encoding="utf-8")
    with (
        open_table(str(source), CsvOptions(), MEMBERS) as table,
        open_rejects(str(tmp_path / "rejects.csv"), str(source), table) as writer,
    ):
        feed = RowFeed(table, writer)
        list(feed.rows())
        feed.refuse({1: Refusal(code="x")})
        feed.forget([2])
        assert {3: ["c@x.com", "C"]} == feed._cells
