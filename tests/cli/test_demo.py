"""``demo``: the story ends well, tells the truth, and leaves nothing behind."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reply_async.cli.csv_input import CsvOptions, open_table
from reply_async.cli.demo_data import COLUMN_MAP, HEADER, flawed_rows, write_sample
from reply_async.cli.demo_emulator import running_emulator
from reply_async.cli.summary import SCHEMA

Command = Callable[..., "subprocess.CompletedProcess[str]"]
OUTCOMES = (
    "created", "updated", "restored", "skipped", "already_in", "enrolled", "refused", "unknown",
    "unsent",
)  # fmt: skip
NAMES = (
    "email", "firstName", "lastName", "company", "title", "city", "country", "phone", "linkedInUrl",
    "notes",
)  # fmt: skip
MEMBERS = {name.casefold(): name for name in NAMES}


def test_the_story_in_json(
    command: Command, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One object on stdout with every key that scripts rely on, and rows that add up."""
    temporary = tmp_path_factory.mktemp("temporary")  # of its own: other demos may run
    began = time.monotonic()

    done = command("demo", "--rows", "300", "--json", environment={"TMPDIR": str(temporary)})

    took = time.monotonic() - began

    assert 0 == done.returncode, done.stderr
    assert "" == done.stderr
    assert [] == list(tmp_path.iterdir())
    assert [] == list(temporary.iterdir())
    answer = json.loads(done.stdout)
    assert {
        "schema", "rows", *OUTCOMES, "refused_by_code", "duplicates", "requests", "answers_429",
        "seconds", "peak_memory_mib", "sequence_id", "exit_code", "contacts",
    } == set(answer)  # fmt: skip
    assert (SCHEMA, 300, 0, 0) == tuple(
        answer[name] for name in ("schema", "rows", "answers_429", "exit_code")
    )
    assert 300 == sum(answer[outcome] for outcome in OUTCOMES)
    assert flawed_rows(300) == answer["refused"] == sum(answer["refused_by_code"].values())
    assert 300 - flawed_rows(300) == answer["enrolled"] == answer["contacts"]["created"]
    assert answer["refused_by_code"]["duplicate"] == answer["duplicates"]
    assert (1, 1) == (answer["requests"]["import"], answer["requests"]["enrol"])
    assert 6 <= answer["requests"]["other"] <= 20
    assert 10 < answer["peak_memory_mib"] < 150
    assert 0 < answer["seconds"] < took


def test_the_story_for_people(command: Command, tmp_path: Path) -> None:
    """Tables on stdout, the story and the next commands on stderr, and they work."""
    done = command("demo", "--rows", "300", "--keep", "kept.csv")

    assert 0 == done.returncode, done.stderr
    for word in ("enrolled", "duplicate", "delivered", "connections accepted", "A (", "B ("):
        assert word in done.stdout
    assert "requests (1 import, 1 enrol" in done.stderr
    assert "reply-async import kept.csv" in done.stderr
    next_one = command(
        "import", "kept.csv", "--sequence", "1", "--map", "Job Title=title", "--dry-run"
    )
    assert 6 == next_one.returncode
    again = command("demo", "--keep", "kept.csv")
    assert 2 == again.returncode
    assert (tmp_path / "kept.csv").stat().st_size > 10_000


def test_the_sample_is_the_same_each_time_and_has_every_flaw(tmp_path: Path) -> None:
    """A seed gives one file; its rows are those asked for, whatever blank lines there are."""
    one, two, other = (tmp_path / name for name in ("one", "two", "other"))
    write_sample(one, rows=600, seed=1)
    write_sample(two, rows=600, seed=1)
    write_sample(other, rows=600, seed=2)

    content = one.read_bytes()
    assert content == two.read_bytes() != other.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n\r\n") == 2
    assert b"prices\nin June" in content
    assert "ë".encode() in content
    with open_table(str(one), CsvOptions(column_map=COLUMN_MAP), MEMBERS) as table:
        assert 600 == table.survey.rows
        assert 2 == table.survey.blank_lines
        assert len(HEADER) == len(table.columns.members)
        assert 1 == sum(len(max(record.cells, key=len)) > 40_000 for record in table.records())


@pytest.mark.parametrize(("rows", "flawed"), [(1, 0), (31, 1), (250, 11), (500, 21), (5_000, 201)])
def test_flaws_are_counted_without_writing_the_file(rows: int, flawed: int) -> None:
    """The demo knows what to expect."""
    assert flawed == flawed_rows(rows)


def test_the_emulator_ends_with_its_block() -> None:
    """No process is left, also when the story breaks off."""

    def break_off() -> str:
        with running_emulator(seed=1) as emulator:
            assert 0 == emulator.answers_429()
            assert emulator.key not in repr(emulator)
            url = emulator.url
            raise KeyboardInterrupt(url)

    with pytest.raises(KeyboardInterrupt) as caught:
        break_off()
    with pytest.raises(OSError, match="refused"):
        _connect(caught.value.args[0])


def _connect(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    socket.create_connection((host, int(port)), timeout=2).close()
