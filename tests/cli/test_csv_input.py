"""Reading a CSV file: what stops it, what refuses a row, what passes unharmed."""

import csv
import gc
import io
import os
from pathlib import Path
from threading import Thread

import pytest

from reply_async import Refusal
from reply_async.cli.csv_input import CsvOptions, CsvRecord, CsvTable, open_table
from reply_async.cli.errors import BadInput, CommandFailed

MEMBERS = {
    "email": "email",
    "firstname": "firstName",
    "lastname": "lastName",
    "title": "title",
    "notes": "notes",
}
HEADER = "email,firstName,notes\n"


def read(
    folder: Path,
    content: str | bytes,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> tuple[list[CsvRecord], list[str], CsvTable]:
    """Write the content to a file and read it as contacts."""
    path = folder / "in.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with open_table(str(path), CsvOptions(encoding, delimiter), MEMBERS) as table:
        return list(table.records()), table.notes, table


def refused_code(record: CsvRecord) -> str:
    """Give the code of a refused row."""
    assert isinstance(record.row, Refusal)
    return record.row.code


def test_cells_become_members(tmp_path: Path) -> None:
    """Every row has the same members, also where a cell is empty."""
    records, notes, _ = read(tmp_path, HEADER + "a@x.com,Ann,\nb@x.com,Bob,hi\n")

    assert [
        {"email": "a@x.com", "firstName": "Ann", "notes": ""},
        {"email": "b@x.com", "firstName": "Bob", "notes": "hi"},
    ] == [record.row for record in records]
    assert [] == notes


@pytest.mark.parametrize(
    ("encoding", "is_announced"),
    [
        ("utf-8", False),
        ("utf-8-sig", False),
        ("utf-16", True),
        ("utf-16-le", True),
        ("utf-16-be", True),
        ("utf-32", True),
    ],
)
def test_an_encoding_that_the_bytes_prove_is_used(
    tmp_path: Path, encoding: str, *, is_announced: bool
) -> None:
    """A mark, or the NULs of UTF-16, decide; what is not UTF-8 is announced."""
    records, notes, _ = read(tmp_path, (HEADER + "a@x.com,Zoë,x\n").encode(encoding))

    assert [{"email": "a@x.com", "firstName": "Zoë", "notes": "x"}] == [r.row for r in records]
    assert is_announced == any("read as utf-" in note for note in notes)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_foreign_encoding_stops_with_its_place_and_a_guess(tmp_path: Path, newline: str) -> None:
    """Nothing is guessed in silence: offset, line and the likely name are told."""
    text = newline.join(["email,firstName,notes", "a@x.com,Ann,x", "b@x.com,Zoë,x", ""])
    content = text.encode("cp1252")

    with pytest.raises(BadInput) as caught:
        read(tmp_path, content)

    assert f"byte {content.index(0xEB)}, line 3: not utf-8" in str(caught.value)
    assert "--encoding cp1252" in str(caught.value)
    records, _, _ = read(tmp_path, content, encoding="cp1252")
    assert {"email": "b@x.com", "firstName": "Zoë", "notes": "x"} == records[1].row


def test_the_place_of_a_foreign_byte_is_right_far_into_a_file(tmp_path: Path) -> None:
    """Offset and line count from the start of the file, across all blocks read before."""
    lines = [f"user{number}@example.com,Ann,é\n" for number in range(20_000)]
    content = (HEADER + "".join(lines)).encode() + b"last@x.com,Zo\x81,x\n"

    with pytest.raises(BadInput) as caught:
        read(tmp_path, content)

    assert f"byte {content.index(0x81)}, line 20002" in str(caught.value)
    assert "--encoding latin-1" in str(caught.value)  # 0x81 has no meaning in cp1252


@pytest.mark.parametrize(
    ("delimiter", "is_announced"), [(",", False), (";", True), ("\t", True), ("|", True)]
)
def test_the_delimiter_is_found_and_announced(
    tmp_path: Path, delimiter: str, *, is_announced: bool
) -> None:
    """Other delimiters inside cells do not mislead the search."""
    content = io.StringIO()
    writer = csv.writer(content, delimiter=delimiter)
    writer.writerow(["email", "firstName", "notes"])
    writer.writerows([f"u{n}@x.com", "Ann; Bo", "a,b;c|d\te"] for n in range(30))

    records, notes, table = read(tmp_path, content.getvalue())

    assert delimiter == table.delimiter
    assert {"email": "u0@x.com", "firstName": "Ann; Bo", "notes": "a,b;c|d\te"} == records[0].row
    assert is_announced == any("--delimiter" in note for note in notes)


def test_a_delimiter_can_be_said(tmp_path: Path) -> None:
    """What the user says goes before what the file looks like."""
    records, notes, _ = read(tmp_path, "email#firstName\na,b@x.com#Ann\n", delimiter="#")
    assert {"email": "a,b@x.com", "firstName": "Ann"} == records[0].row
    assert [] == notes


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n"])
def test_a_delimiter_that_cannot_be_is_refused(tmp_path: Path, delimiter: str) -> None:
    """A delimiter is one character that means nothing else."""
    with pytest.raises(BadInput, match="--delimiter"):
        read(tmp_path, HEADER, delimiter=delimiter)


@pytest.mark.parametrize("encoding", ["klingon", "hex"])
def test_an_encoding_that_is_none_is_refused(tmp_path: Path, encoding: str) -> None:
    """Only encodings of text are accepted."""
    with pytest.raises(BadInput, match="--encoding"):
        read(tmp_path, HEADER, encoding=encoding)


def test_a_mark_is_no_part_of_the_header_when_utf_8_is_said(tmp_path: Path) -> None:
    """Naming the encoding does not glue the mark to the first column."""
    records, _, _ = read(tmp_path, "\ufeff" + HEADER + "a@x.com,Ann,\n", encoding="UTF-8")

    assert ["a@x.com"] == [record.cells[0] for record in records]


def test_lines_and_blank_lines(tmp_path: Path) -> None:
    """A record knows the line it begins on; blank lines count as lines, not as rows."""
    content = 'email,firstName,notes\n\na@x.com,Ann,"two\nlines"\n  \nb@x.com,Bob,\n\n\n'

    records, notes, table = read(tmp_path, content)

    assert [3, 6] == [record.line for record in records]
    assert 2 == table.survey.rows
    assert 4 == table.survey.blank_lines
    assert any("4 blank lines" in note for note in notes)


def test_mixed_line_ends(tmp_path: Path) -> None:
    """LF, CRLF and lone CR may stand in one file."""
    records, _, _ = read(tmp_path, "email,firstName\r\na@x.com,A\rb@x.com,B\nc@x.com,C")

    assert ["A", "B", "C"] == [record.cells[1] for record in records]
    assert [2, 3, 4] == [record.line for record in records]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("a@x.com,Ann", "row.width"),
        ("a@x.com,Ann,x,y", "row.width"),
        (",", "row.width"),
        ("a@x.com,An\0n,x", "cell.nul"),
        (f"a@x.com,Ann,{'x' * 40_960}", "cell.too_long"),
        (f"a@x.com,Ann,{'é' * 16_001}", "cell.too_long"),
        (f"a@x.com,Ann,{'x' * 200_000}", "cell.too_long"),  # above the reader's own limit
    ],
)
def test_a_row_that_cannot_be_trusted_is_refused_alone(tmp_path: Path, row: str, code: str) -> None:
    """The rows around it pass, and its cells are kept as they were."""
    records, _, _ = read(tmp_path, f"{HEADER}b@x.com,Bob,\n{row}\nc@x.com,Cy,\n")

    assert code == refused_code(records[1])
    assert row == ",".join(records[1].cells)
    assert ["b@x.com", "c@x.com"] == [records[0].cells[0], records[2].cells[0]]
    assert all(isinstance(records[at].row, dict) for at in (0, 2))


def test_half_a_character_is_refused(tmp_path: Path) -> None:
    """Encodings that let a lone surrogate through do not carry it to the API."""
    content = (HEADER + "a@x.com,\\ud800,x\n").encode()

    records, _, _ = read(tmp_path, content, encoding="raw_unicode_escape")

    assert "cell.surrogate" == refused_code(records[0])


def test_a_long_cell_of_short_characters_passes(tmp_path: Path) -> None:
    """The limit is 32,000 bytes, not characters times four."""
    records, _, _ = read(tmp_path, f"{HEADER}a@x.com,Ann,{'x' * 32_000}\n")

    assert isinstance(records[0].row, dict)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER + 'a@x.com,Ann,"never closed\nb@x.com,Bob,\n', "line 2: a quote is opened"),
        (HEADER + 'a@x.com,Ann,x\nb@x.com,"Bob"by,x\n', "line 3: text after a closing quote"),
        (HEADER + 'a@x.com,Ann,"' + "x" * 4_200_000, "line 2: a cell of more than"),
        ("", "empty"),
        ("\n\n \n", "empty"),
        ("\ufeff", "empty"),
    ],
)
def test_a_file_that_cannot_be_trusted_stops_before_its_first_row(
    tmp_path: Path, content: str, said: str
) -> None:
    """Opening reads the file through: nothing was handed over when it stops."""
    path = tmp_path / "in.csv"
    path.write_text(content, encoding="utf-8", newline="")

    with (
        pytest.raises(BadInput, match=r"in\.csv: .*") as caught,
        open_table(str(path), CsvOptions(), MEMBERS),
    ):
        pytest.fail("the table was opened")

    assert said in str(caught.value)


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    """The message names the file and the reason."""
    with (
        pytest.raises(BadInput, match=r"none\.csv: No such file"),
        open_table(str(tmp_path / "none.csv"), CsvOptions(), MEMBERS),
    ):
        pytest.fail("the table was opened")


@pytest.mark.parametrize(
    ("cell", "flag"),
    [
        ("=1+1", "formulas"),
        ("@SUM(A1)", "formulas"),
        ("-cmd|' /C calc'!A0", "formulas"),
        ("\tx", "formulas"),
        ("+49 30 1234", None),
        ("-5,3", None),
        ("#REF!", "damaged"),
        ("1.2E+10", "damaged"),
        ("nothing special", None),
    ],
)
def test_suspicious_cells_are_flagged_and_sent_as_they_are(
    tmp_path: Path, cell: str, flag: str | None
) -> None:
    """A flag is a note with the first line; the cell itself is not altered."""
    row = f'b@x.com,Bob,"{cell}"\n'
    records, notes, table = read(tmp_path, f"{HEADER}a@x.com,Ann,\n{row}{row}")

    flags = {name: getattr(table.survey, name) for name in ("formulas", "damaged")}
    assert {name: (2, 3) if name == flag else (0, 0) for name in flags} == {
        name: (value.rows, value.first_line) for name, value in flags.items()
    }
    assert {"email": "b@x.com", "firstName": "Bob", "notes": cell} == records[1].row
    assert (flag is not None) == any("first: line 3" in note for note in notes)


def test_a_stream_that_cannot_be_rewound_is_read_too(tmp_path: Path) -> None:
    """A named pipe is copied, checked and read like a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_text, args=(HEADER + "a@x.com,Ann,\n",))
    writer.start()
    with open_table(str(pipe), CsvOptions(), MEMBERS) as table:
        assert ["a@x.com"] == [record.cells[0] for record in table.records()]
    writer.join()


def test_a_file_that_changes_while_it_is_read_stops_the_run(tmp_path: Path) -> None:
    """What was checked must be what is sent."""
    path = tmp_path / "in.csv"
    path.write_text(HEADER + "a@x.com,Ann,\n", encoding="utf-8")

    with open_table(str(path), CsvOptions(), MEMBERS) as table:
        with path.open("a", encoding="utf-8") as stream:
            stream.write("b@x.com,Bob,\n")
        with pytest.raises(CommandFailed, match="changed"):
            list(table.records())


def test_a_reader_may_be_let_go_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted run leaves its reader behind; that is no error, however late."""
    unraisable: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", unraisable.append)
    path = tmp_path / "in.csv"
    path.write_text(HEADER + "a@x.com,Ann,\nb@x.com,Bob,\n", encoding="utf-8")
    with open_table(str(path), CsvOptions(), MEMBERS) as table:
        records = table.records()
        assert "a@x.com" == next(records).cells[0]

    del records
    gc.collect()

    assert [] == unraisable


def test_memory_is_flat_in_the_number_of_rows(tmp_path: Path) -> None:
    """Neither the check nor the reading holds the file."""
    tracemalloc = pytest.importorskip("tracemalloc")
    path = tmp_path / "in.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write(HEADER)
        stream.writelines(f"user{number}@example.com,Ann,{'x' * 80}\n" for number in range(20_000))
    tracemalloc.start()
    try:
        with open_table(str(path), CsvOptions(), MEMBERS) as table:
            rows = sum(1 for _ in table.records())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 20_000 == rows
    assert peak < 300_000
    assert path.stat().st_size > 2_000_000
