from __future__ import annotations

import argparse
import sqlite3
from pathlib import Path

import aiohttp
import pytest
from attrs import evolve
from emulator.client import MONDAY, Api
from emulator.program import Program

from reply_async.emulator.__main__ import main
from reply_async.emulator.account import open_account
from reply_async.emulator.budget import BudgetRules
from reply_async.emulator.data_file import LARGE_BODY, SCHEMA, DataFile, Entry
from reply_async.emulator.options import exec_options


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a file that is not there yet."""
    return tmp_path / "account.db"


def options(path: Path, *more: str) -> argparse.Namespace:
    """Return the options of a program with a data file."""
    return exec_options("emulator", ["--data", str(path), *more, "--", "true"])


def run(capsys: pytest.CaptureFixture[str], path: Path, *more: str) -> tuple[int, str]:
    """Run the program on a file that it must refuse; return exit code and its line."""
    code = main(["exec", "--data", str(path), *more, "--", "true"], prog="emulator")
    return code, capsys.readouterr().err


def test_entries_come_back_as_they_were(path: Path) -> None:
    """In order, large bodies compressed in the file and whole outside."""
    entries = [
        Entry(1.5, "call", "POST /v3/contacts?a=1", b"x" * LARGE_BODY, "application/json", 7, 501),
        Entry(1.5, "event", "named", b"{}"),
        Entry(2.5, "time", ""),
    ]
    with DataFile(path) as file:
        assert (None, {}) == (file.last_wall_time(), file.settings())
        file.set({"seed": 3})
        for entry in entries:
            file.add(entry)
    with DataFile(path) as file:
        assert entries == list(file.entries())
        assert {"seed": 3} == file.settings()
        assert file.last_wall_time()
    with sqlite3.connect(path) as connection:
        (size,) = connection.execute("SELECT length(body) FROM entries").fetchone()
    connection.close()
    assert size < LARGE_BODY / 10


def _other_schema(path: Path) -> None:
    with DataFile(path):
        pass
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()


def _other_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (id)")
    connection.close()


def _unreadable_entry(path: Path) -> None:
    account(path, call("/v3/nowhere"))


def _refused_entry(path: Path) -> None:
    account(
        path, Entry(MONDAY, "call", "POST /v3/contact-lists", b"{}", "application/json", 1, 501)
    )


def _damaged(path: Path) -> None:
    account(path, *(Entry(MONDAY, "time", "", b"x" * 1000) for _ in range(100)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = b"\xff" * (len(content) // 2)
    path.write_bytes(content)


def call(target: str) -> Entry:
    """Return an entry of a call without content."""
    return Entry(MONDAY, "call", f"POST {target}", b"{}", "application/json", 1, 501)


def account(path: Path, *entries: Entry) -> None:
    """Make a file with entries."""
    with DataFile(path) as file:
        file.set({"seed": 1, "key": "emu_kept", "started_at": MONDAY})
        for entry in entries:
            file.add(entry)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_other_schema, f"of another version ({SCHEMA + 1}, not {SCHEMA})"),
        (_other_database, "is not a data file of the emulator"),
        (lambda path: path.write_text("some text " * 100), "file is not a database"),
        (Path.mkdir, "unable to open database file"),
        (_damaged, "malformed"),
        (_unreadable_entry, "holds what cannot be played"),
        (_refused_entry, "holds what cannot be played"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line(
    path: Path, capsys: pytest.CaptureFixture[str], make: object, said: str
) -> None:
    """With its name, what is wrong, and exit code 1."""
    assert callable(make)
    make(path)
    code, error = run(capsys, path)
    assert (1, 1) == (code, len(error.splitlines()))
    assert str(path) in error
    assert said in error


def test_options_change_single_rules_of_the_budget(path: Path) -> None:
    """The others are as they were in the file, which keeps what was given for the next start."""
    account(path, Entry(2.0, "control", "POST /_emulator/budget", b'{"hour": 50}'))
    given = ("--window", "fixed", "--counts-refused", "--competitor", "0.5", "--stats-limit", "7")
    changed = BudgetRules(hour=50, window="fixed", counts_refused=True, competitor=0.5, stats=7)
    for more, rules, entries in (
        ([], BudgetRules(hour=50), 1),
        (given, changed, 2),
        ([], changed, 2),
        (["--window", "fixed"], changed, 2),
        (["--budget", "9,99"], evolve(changed, minute=9, hour=99), 3),
        (["--budget", "off"], evolve(changed, minute=None, hour=None, stats=None), 4),
        (["--budget", "off", "--stats-limit", "7"], evolve(changed, minute=None, hour=None), 5),
        ([], evolve(changed, minute=None, hour=None), 5),
    ):
        emulator, file = open_account(options(path, *more))
        assert isinstance(file, DataFile)
        with file:
            assert (rules, entries) == (emulator.budget.rules, len(list(file.entries())))
    emulator, _ = open_account(exec_options("emulator", [*given, "--seed", "3", "--", "true"]))
    fresh = BudgetRules(window="fixed", counts_refused=True, competitor=0.5, stats=7, seed=3)
    assert fresh == emulator.budget.rules


def test_rules_given_to_a_new_file_are_kept(path: Path) -> None:
    """Each of the options, over a reset, too."""
    given = (
        "--budget",
        "9,99",
        "--window",
        "bucket",
        "--competitor",
        "0.5",
        "--stats-limit",
        "off",
    )
    rules = BudgetRules(minute=9, hour=99, window="bucket", competitor=0.5, stats=None, seed=3)
    for more in ("--seed", "3", *given), (), ():
        emulator, file = open_account(options(path, *more))
        assert isinstance(file, DataFile)
        with file:
            assert rules == emulator.budget.rules
            file.add(Entry(2.0, "control", "POST /_emulator/reset"))


def test_a_file_belongs_to_one_process(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second one is told so."""
    program = Program.on(path)
    try:
        assert (1, f"{path} is in use by another emulator; name another file\n") == run(
            capsys, path
        )
    finally:
        program.kill()


def test_options_that_do_not_fit_the_file(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another seed would give another account: exit code 2."""
    account(path)
    code, error = run(capsys, path, "--seed", "2")
    assert (2, 1) == (code, len(error.splitlines()))
    assert f"{path} is of seed 1" in error
    assert 2 == run(capsys, path, "--dialect", "klingon")[0]


def test_the_file_keeps_the_key_until_another_is_given(path: Path) -> None:
    """So that a client's settings stay good."""
    account(path)
    for given, kept in ([], "emu_kept"), (["--key", "emu_new"], "emu_new"), ([], "emu_new"):
        emulator, file = open_account(options(path, *given))
        with file:
            assert kept == emulator.key


def test_the_clock_goes_on_while_nobody_serves(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the file lay, times the speed, so much later it is; never earlier than it was."""
    account(path)
    emulator, file = open_account(options(path))
    with file:
        assert MONDAY == emulator.clock.now()
    monkeypatch.setattr("reply_async.emulator.data_file.time.time", lambda: 5_000.0)
    with DataFile(path) as kept:
        kept.add(Entry(MONDAY + 1000, "time", ""))
    for wall, now, *more in (
        (5_100.0, MONDAY + 1100),
        (5_100.0, MONDAY + 7000, "--speed", "60"),
        (5_100.0, MONDAY + 1000, "--speed", "60", "--clock", "held"),
        (4_000.0, MONDAY + 1000),
    ):
        monkeypatch.setattr("reply_async.emulator.account.time.time", lambda wall=wall: wall)
        emulator, file = open_account(options(path, *more))
        with file:
            assert now == emulator.clock.now()


async def test_a_full_disk_is_told_and_changes_nothing(path: Path) -> None:
    """A write that cannot be kept is refused before it takes effect."""
    emulator, file = open_account(options(path, "--budget", "off"))
    with file:
        assert isinstance(file, DataFile)
        file._connection.execute("PRAGMA max_page_count = 4")
        async with emulator, aiohttp.ClientSession() as http:
            api = Api(emulator, http)
            answers = [
                await api("POST", "/v3/sequence-folders", {"name": f"Folder {number:030}"})
                for number in range(100)
            ]
            shown = await api.ok("GET", "/v3/sequence-folders")
    refused = [problem["detail"] for status, problem in answers if status == 500]
    assert {f"{path} cannot be used: database or disk is full"} == set(refused)
    assert len(answers) == len(shown) + len(refused) > len(refused)
