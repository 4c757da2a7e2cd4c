"""Whatever a CSV writer writes is read back cell by cell, also through a rejects file."""

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reply_async import Refusal
from reply_async.cli.csv_input import CsvOptions, open_table
from reply_async.cli.rejects import open_rejects

MEMBERS = {"email": "email", "firstname": "firstName", "notes": "notes"}
HEADER = ["email", "firstName", "notes"]

# Line ends inside cells, quotes and all delimiters are likely; nothing is left out but
# half characters, which no file can hold.
CELLS = st.text(
    st.one_of(st.sampled_from('",;\t|\r\n =é'), st.characters(exclude_categories=["Cs"])),
    max_size=12,
)
ROWS = st.lists(st.tuples(st.just("a@x.com"), CELLS, CELLS).map(list), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(
    rows=ROWS,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_cells_survive_reading_and_rejecting(
    rows: list[list[str]], delimiter: str, newline: str, encoding: str
) -> None:
    """Cells are kept byte for byte, in the first file and in the file of rejects."""
    content = io.StringIO()
    writer = csv.writer(content, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerows([HEADER, *rows])
    with tempfile.TemporaryDirectory() as folder:
        source, rejects = Path(folder, "in.csv"), Path(folder, "rejects.csv")
        source.write_bytes(content.getvalue().encode(encoding))
        with (
            open_table(str(source), CsvOptions(delimiter=delimiter), MEMBERS) as table,
            open_rejects(str(rejects), str(source), table) as rejects_file,
        ):
            read = [record.cells for record in table.records()]
            assert rejects_file is not None
            for line, cells in enumerate(read):
                rejects_file.write(line, Refusal(code="x"), cells, "because")
        with open_table(str(rejects), CsvOptions(delimiter=delimiter), MEMBERS) as table:
            read_again = [record.cells[4:] for record in table.records()]

    assert rows == read
    assert rows == read_again
