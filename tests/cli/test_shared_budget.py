"""Runs of the command share the budget of their user through a file."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="the folder is chosen by XDG_STATE_HOME"
)


class Server(Protocol):
    """The emulator of the tests."""

    environment: dict[str, str]


def spent(path: Path) -> int:
    """Return the number of requests that a file of budgets knows."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT state FROM budget").fetchall()
    records: list[Any] = [json.loads(state) for (state,) in rows]
    return sum(
        int(count) for record in records for _, count in record["budget"]["windows"]["minute"]
    )


def test_one_run_after_the_other_draws_on_one_budget(
    command: Command, server: Server, state_folder: Path
) -> None:
    """The second run finds what the first one spent; the file is its owner's alone."""
    path = state_folder / "reply-async" / "budget.db"
    for runs in (1, 2):
        done = command("sequences", "list", environment=server.environment)
        assert (0, "") == (done.returncode, done.stderr)
        assert runs == spent(path)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert 0o700 == stat.S_IMODE(path.parent.stat().st_mode)
    assert server.environment["REPLY_API_KEY"].encode() not in path.read_bytes()


def test_the_place_can_be_chosen(
    command: Command, server: Server, state_folder: Path, tmp_path: Path
) -> None:
    """The option goes before REPLY_BUDGET_STORE, which goes before the default."""
    one, other = tmp_path / "one.db", tmp_path / "other.db"
    environment = {**server.environment, "REPLY_BUDGET_STORE": str(one)}
    assert 0 == command("sequences", "list", environment=environment).returncode
    more = ("--budget-store", str(other))
    assert 0 == command("sequences", "list", *more, environment=environment).returncode
    assert (1, 1) == (spent(one), spent(other))
    none = ("--budget-store", "none")
    assert 0 == command("sequences", "list", *none, environment=environment).returncode
    assert (1, 1) == (spent(one), spent(other))
    assert not state_folder.exists()


def test_a_folder_that_cannot_be_written_costs_a_line(
    command: Command, server: Server, state_folder: Path
) -> None:
    """The run goes on with a budget of its own."""
    state_folder.write_text("a file in the way")
    done = command("sequences", "list", environment=server.environment)
    assert 0 == done.returncode
    assert 1 == len(done.stderr.splitlines())
    assert "budget.db: Not a directory; this run shares its budget with no other" in done.stderr


@pytest.mark.parametrize("place", ["garbage.db", "redis://:s3cret@127.0.0.1:9"])
def test_a_store_that_cannot_be_used_ends_the_run(
    command: Command, server: Server, tmp_path: Path, place: str
) -> None:
    """One line names the store, what is wrong and what to do; nothing is sent."""
    (tmp_path / "garbage.db").write_text("no database " * 100)
    more = ("--budget-store", place)
    done = command("sequences", "list", *more, environment=server.environment)
    assert 5 == done.returncode
    (line,) = done.stderr.splitlines()
    assert "garbage.db is damaged" in line or "redis://127.0.0.1:9 cannot be reached" in line
    assert "--budget-store" in line
    assert "s3cret" not in line
