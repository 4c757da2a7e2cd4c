"""``import`` against a running emulator: every row gets one outcome, refused rows come back."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reply_async.cli.demo_data import write_sample

if TYPE_CHECKING:
    from .conftest import Server

Command = Callable[..., "subprocess.CompletedProcess[str]"]
PROGRAM = (sys.executable, "-m", "reply_async.cli")
OUTCOMES = (
    "created", "updated", "restored", "skipped", "already_in", "enrolled", "refused", "unknown",
    "unsent",
)  # fmt: skip

# line of the file, cells (email, First Name, Notes), code of the refusal or None
NASTY_ROWS: tuple[tuple[int, tuple[str, ...], str | None], ...] = (
    (2, ("zoe@nasty.example.com", "Zoë", "two\r\nlines, quoted"), None),
    (5, ("anna@nasty.example.com", "Анна", '=HYPERLINK("x")'), None),
    (6, (" ZOE@nasty.example.com ", "Zoe", ""), "duplicate"),
    (7, ("noname@nasty.example.com", "", "x"), "firstName.missing"),
    (8, ("not-an-address", "Bob", "x"), "email.invalid"),
    (9, ("", "Cy", "x"), "email.missing"),
    (10, ("huge@nasty.example.com", "Dee", "x" * 40_960), "cell.too_long"),
    (11, ("short@nasty.example.com", "Eve"), "row.width"),
    (12, ("nul@nasty.example.com", "F\0", ""), "cell.nul"),
    (13, ("ok@nasty.example.com", "Göran", ""), None),
)


def write_nasty(path: Path) -> None:
    """Write a file with a BOM, CRLF, quoted newlines, blank lines and bad rows."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(["E-Mail", "First Name", "Notes"])
        for line, cells, _ in NASTY_ROWS:
            if line == 5:
                stream.write("\r\n")
            writer.writerow(cells)


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Read the JSON object of a command; its rows must add up."""
    assert "Traceback" not in done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["rows"] == sum(answer[outcome] for outcome in OUTCOMES)
    assert done.returncode == answer["exit_code"]
    return answer


def test_a_nasty_file_leaves_no_row_without_an_outcome(
    command: Command, server: Server, tmp_path: Path
) -> None:
    """Good rows are enrolled, bad rows come back, and repaired they are enrolled as well."""
    sequence_id = server.add_sequence("nasty")
    write_nasty(tmp_path / "in.csv")
    rejects = tmp_path / "rejects.csv"

    done = command(
        "import", "in.csv", "--sequence", str(sequence_id), "--rejects", "rejects.csv", "--json",
        environment=server.environment,
    )  # fmt: skip

    answer = told(done)
    refused = {line: (cells, code) for line, cells, code in NASTY_ROWS if code is not None}
    assert (10, 3, 7, 0, 0) == tuple(
        answer[name] for name in ("rows", "enrolled", "refused", "unknown", "unsent")
    )
    assert 6 == answer["exit_code"]
    assert 1 == answer["duplicates"]
    assert {code: 1 for _, code in refused.values()} == answer["refused_by_code"]
    assert {"import": 1, "enrol": 1} == {k: answer["requests"][k] for k in ("import", "enrol")}
    assert answer["requests"]["other"] <= 10
    with rejects.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert ["_line", "_code", "_reason", "_retryable", "E-Mail", "First Name", "Notes"] == header
    assert refused == {int(row[0]): (tuple(row[4:]), row[1]) for row in rows}
    assert next(row[2] for row in rows if row[1] == "duplicate") == "same e-mail as line 2"

    repaired = [[*row[:4], f"repaired-{row[0]}@nasty.example.com", "Fay", "x"] for row in rows]
    with rejects.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *repaired])
    again = told(
        command(
            "import", "rejects.csv", "--sequence", str(sequence_id), "--json",
            environment=server.environment,
        )
    )  # fmt: skip

    assert (7, 7, 0) == (again["rows"], again["enrolled"], again["exit_code"])
    assert 10 == len(server.members(sequence_id))


def test_the_table_and_the_advice_of_an_import(
    command: Command, server: Server, tmp_path: Path
) -> None:
    """People read a table on stdout and the rest on stderr; a second import enrols nobody."""
    sequence_id = server.add_sequence("twice")
    write_nasty(tmp_path / "in.csv")
    arguments = ("import", "in.csv", "--sequence", str(sequence_id))

    first = command(*arguments, environment=server.environment)
    second = command(*arguments, environment=server.environment)

    assert 6 == first.returncode == second.returncode
    assert ["enrolled", "3"] in [line.split() for line in first.stdout.splitlines()]
    assert ["already", "in", "3"] in [line.split() for line in second.stdout.splitlines()]
    assert "add --rejects FILE" in first.stderr
    assert "1 rows hold cells that a spreadsheet would run" in first.stderr
    assert "2 blank lines" not in first.stderr
    assert "1 blank lines passed over" in first.stderr


def test_a_dry_run_sends_nothing_and_needs_no_key(command: Command, tmp_path: Path) -> None:
    """The same rows are refused as in a real run, and the rest is unsent."""
    write_nasty(tmp_path / "in.csv")

    done = command(
        "import", "in.csv", "--sequence", "1", "--dry-run", "--rejects", "r.csv", "--json",
        environment={"REPLY_BASE_URL": "http://127.0.0.1:9"},
    )  # fmt: skip

    answer = told(done)
    assert (7, 3, 6) == (answer["refused"], answer["unsent"], answer["exit_code"])
    assert {"import": 0, "enrol": 0, "other": 0} == answer["requests"]
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as stream:
        assert 8 == len(list(csv.reader(stream)))


def test_standard_input_and_custom_fields_of_a_header(command: Command) -> None:
    """A dash reads the pipe; --map gives the columns that have no member a place."""
    content = "email;firstName;Region;Remark\na@x.com;Ann;North;x\n"
    maps = ("--map", "Region=custom:Region", "--map", "Remark=")

    done = command("import", "-", "--sequence", "1", "--dry-run", *maps, stdin=content)

    assert 0 == done.returncode
    assert "standard input: cells are delimited by ';'" in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"email,firstName,Region,Zone\n", "unknown columns: 'Region', 'Zone'"),
        ("email,firstName\na@x.com,Zoë\n".encode("cp1252"), "byte 26, line 2"),
        (b'email,firstName\na@x.com,"A\n', "line 2: a quote is opened"),
    ],
)
def test_a_bad_file_stops_before_the_first_request(
    command: Command, tmp_path: Path, content: bytes, said: str
) -> None:
    """Exit code 2 and one line; the server, which is not there, was not asked."""
    (tmp_path / "in.csv").write_bytes(content)

    done = command(
        "import", "in.csv", "--sequence", "1",
        environment={"REPLY_BASE_URL": "http://127.0.0.1:9", "REPLY_API_KEY": "emu_test"},
    )  # fmt: skip

    assert 2 == done.returncode
    assert said in done.stderr
    assert 1 == done.stderr.count("\n")


def test_a_missing_sequence_is_exit_code_7(
    command: Command, server: Server, tmp_path: Path
) -> None:
    """The target is read before the first row is sent."""
    write_nasty(tmp_path / "in.csv")

    done = command("import", "in.csv", "--sequence", "999", environment=server.environment)

    assert 7 == done.returncode
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("reply-async: ")


def test_a_wrong_key_is_exit_code_4(command: Command, server: Server) -> None:
    """The line says which setting to check; the key itself is nowhere."""
    done = command(
        "sequences", "list", environment={**server.environment, "REPLY_API_KEY": "emu_wrong_key"}
    )

    assert 4 == done.returncode
    assert "check REPLY_API_KEY" in done.stderr
    assert "emu_wrong_key" not in done.stderr + done.stdout


def test_one_interrupt_ends_an_import_in_order(server: Server, tmp_path: Path) -> None:
    """No new requests, what is under way settles, the rest is unsent, exit code 130."""
    sequence_id = server.add_sequence("interrupted")
    write_sample(tmp_path / "in.csv", rows=30_000, seed=1)
    before = contacts(server)
    arguments = ["--sequence", str(sequence_id), "--map", "Job Title=title", "--json"]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*PROGRAM, "import", "in.csv", *arguments],
        cwd=tmp_path,
        env={**server.environment, "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while contacts(server) == before and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    answer = told(subprocess.CompletedProcess([], process.returncode, out, err))
    assert 130 == answer["exit_code"]
    assert 0 < answer["unsent"] < 30_000
    assert 0 == answer["unknown"]
    assert "no new requests" in err
    assert "run the same command again" in err


def contacts(server: Server) -> int:
    """Ask the emulator how many contacts it holds."""
    with urllib.request.urlopen(f"{server.url}/_emulator/state") as answer:  # noqa: S310 - http
        return int(json.load(answer)["contacts"])


def test_a_reader_that_goes_away_changes_no_exit_code(tmp_path: Path) -> None:
    """The work is done by the time it is told; only the telling is lost."""
    (tmp_path / "in.csv").write_text("email,firstName\na@x.com,Ann\n", encoding="utf-8")
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*PROGRAM, "import", "in.csv", "--sequence", "1", "--dry-run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read().decode()

    assert 0 == process.wait(timeout=30)
    assert "stdout is closed" in err
    assert "Traceback" not in err
    process.stderr.close()


def test_sequences_are_shown_started_paused_and_archived(command: Command, server: Server) -> None:
    """The small commands, one after the other, on one sequence and on two."""
    one, two = server.add_sequence("alpha"), server.add_sequence("beta\x1b[31m")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return command("sequences", *arguments, environment=server.environment)

    listed = run("list")
    assert {"alpha", "beta"} <= set(listed.stdout.replace("[31m", "").split())
    assert "\x1b" not in listed.stdout  # a name cannot colour the terminal
    shown = run("show", str(one))
    assert "alpha" in shown.stdout
    assert "email" in shown.stdout
    both = run("archive", str(one), str(two), "999")
    assert 6 == both.returncode
    assert [[str(one), "done"], [str(two), "done"]] == [
        line.split() for line in both.stdout.splitlines() if "done" in line
    ]
    assert any("999" in line and "refused" in line for line in both.stdout.splitlines())
    assert 7 == run("start", str(one)).returncode
