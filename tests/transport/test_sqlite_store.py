"""The budget in a SQLite file: shared, safe against kills, and clear about its problems."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from reply_async import InvalidUse, SqliteStore, StoreFailed
from reply_async.transport.limits import Limits
from reply_async.transport.sqlite_file import APPLICATION_ID, SCHEMA_VERSION, SqliteFile
from reply_async.transport.store import Message, Released, Reply, Settled, Want

LIMITS = Limits(per_minute=3, per_hour=9)
HOST_TIME = "reply_async.transport.sqlite_store.host_time"


async def ask(store: SqliteStore, name: str, *news: Settled | Released, user: str = "me") -> Reply:
    """Tell the news and ask for a grant."""
    return await store.exchange(user, Message(limits=LIMITS, news=news, want=Want(name, 30.0)))


def files_of(path: Path) -> list[Path]:
    """Return the file and what SQLite puts beside it."""
    return [Path(f"{path}{ending}") for ending in ("", "-wal", "-shm")]


def modes_of(path: Path) -> list[int]:
    """Return the modes of these files."""
    return [stat.S_IMODE(each.stat().st_mode) for each in files_of(path)]


def lose(path: Path) -> None:
    """Delete these files."""
    for each in files_of(path):
        each.unlink()


async def refusal(path: Path) -> str:
    """Return the words in which a store refuses to work."""
    with pytest.raises(StoreFailed) as failed:
        await ask(SqliteStore(path), "a")
    assert str(path) in str(failed.value)
    assert failed.value.__cause__ is None
    return failed.value.problem


async def test_two_stores_at_one_path_are_one_budget(tmp_path: Path) -> None:
    """What one process was granted is missing for the other, and comes back to it."""
    one, other = SqliteStore(tmp_path / "b.db"), SqliteStore(tmp_path / "b.db")
    assert (await ask(one, "a")).is_granted
    assert (await ask(other, "b")).is_granted
    assert (await ask(one, "c")).is_granted
    assert not (await ask(other, "d")).is_granted
    assert (await ask(one, "e", Released("c"))).is_granted
    assert not (await ask(other, "f", Settled("b", is_accepted=True))).is_granted
    await one.close()
    await other.close()


async def test_users_in_one_file_have_budgets_of_their_own(tmp_path: Path) -> None:
    """A budget that is used up holds nobody else."""
    store = SqliteStore(tmp_path / "b.db")
    for name in "abc":
        assert (await ask(store, name)).is_granted
    assert not (await ask(store, "d")).is_granted
    assert (await ask(store, "d", user="you")).is_granted
    await store.close()


async def test_a_later_run_finds_what_an_earlier_one_spent(tmp_path: Path) -> None:
    """The file outlives the store; closing gives it back, asking opens it anew."""
    store = SqliteStore(tmp_path / "b.db")
    for name in "abc":
        await ask(store, name)
    await store.close()
    assert not (await ask(store, "d")).is_granted
    await store.close()
    later = SqliteStore(tmp_path / "b.db")
    assert not (await ask(later, "e")).is_granted
    await later.close()


async def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    """The file and what SQLite puts beside it have mode 0600, whatever the umask."""
    path, before = tmp_path / "b.db", os.umask(0)
    try:
        store = SqliteStore(path)
        await ask(store, "a")
        modes = modes_of(path)
    finally:
        os.umask(before)
    assert [0o600] * 3 == modes
    await store.close()


async def test_a_host_may_be_started_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clock begins anew: that frees nothing, and time does not stand still afterwards."""
    wall = 1_000_000.0
    monkeypatch.setattr(HOST_TIME, lambda: wall)
    store = SqliteStore(tmp_path / "b.db")
    for name in "abc":
        await ask(store, name)
    first = await ask(store, "d", *(Settled(name, is_accepted=True) for name in "abc"))
    wall -= 50_000.0
    second = await ask(store, "e")
    assert second.now == first.now
    wall += 30.0
    third = await ask(store, "f")
    assert third.now == pytest.approx(first.now + 30.0)
    assert third.wait_seconds == pytest.approx(first.wait_seconds - 30.0)
    wall += third.wait_seconds
    assert (await ask(store, "g")).is_granted
    await store.close()


async def test_setting_the_clock_of_the_host_frees_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back, right again or forward: the budget goes by a clock that nobody sets."""
    for number, wall in enumerate((5e8, 5e8 - 3600, 5e8, 5e8 + 7200)):
        monkeypatch.setattr(time, "time", lambda wall=wall: wall)
        store = SqliteStore(tmp_path / "b.db")
        granted = [(await ask(store, f"{number}{name}")).is_granted for name in "abc"]
        assert [number == 0] * 3 == granted
        await store.close()


async def test_it_may_be_closed_while_it_is_used(tmp_path: Path) -> None:
    """Whoever exchanges then opens it anew: no error, and nothing is left open at the end."""
    store, asked = SqliteStore(tmp_path / "b.db"), []

    async def use(number: int) -> None:
        for turn in range(30):
            asked.append(await ask(store, f"{number}.{turn}", user=str(number)))
            await store.close()

    threads = threading.active_count()
    await asyncio.gather(*(use(number) for number in range(6)))
    assert 6 * 3 == sum(reply.is_granted for reply in asked)
    assert threads == threading.active_count()


@pytest.mark.usefixtures("reply_clock", "host_clock")
async def test_a_file_that_is_lost_holds_everybody_for_one_minute(tmp_path: Path) -> None:
    """Who knew the file puts back what it spent; nothing goes within a minute window."""
    path = tmp_path / "b.db"
    one, other = SqliteStore(path), SqliteStore(path)
    await ask(one, "a")
    await ask(other, "b")
    lose(path)
    held = await ask(one, "c", Settled("a", is_accepted=True))
    assert not held.is_granted
    assert held.wait_seconds == pytest.approx(61.0, abs=0.1)
    newcomer = SqliteStore(path)
    assert not (await ask(newcomer, "d")).is_granted
    await ask(other, "e", Settled("b", is_accepted=True))
    await asyncio.sleep(61.0)
    message = Message(limits=LIMITS, want=Want("f", 30.0), wants_state=True)
    reply = await one.exchange("me", message)
    assert reply.is_granted
    assert reply.state is not None
    assert 2 == sum(count for _, count in reply.state["windows"]["hour"])
    for store in (one, other, newcomer):
        await store.close()


@pytest.mark.usefixtures("reply_clock", "host_clock")
async def test_a_file_that_went_back_is_noticed(tmp_path: Path) -> None:
    """An old copy of the file is completed by who knows more; at worst, some counts twice."""
    path, copy = tmp_path / "b.db", tmp_path / "copy.db"
    store = SqliteStore(path)
    await ask(store, "a")
    await ask(store, "b", Settled("a", is_accepted=True))
    await store.close()
    copy.write_bytes(path.read_bytes())
    await asyncio.sleep(5.0)
    await ask(store, "c", Settled("b", is_accepted=True))
    await store.close()
    copy.replace(path)
    await asyncio.sleep(5.0)
    held = await ask(store, "d", Released("c"))
    assert held.wait_seconds > 60.9
    message = Message(limits=LIMITS, wants_state=True)
    reply = await store.exchange("me", message)
    assert reply.state is not None
    spent = sum(count for _, count in reply.state["windows"]["hour"])
    assert 2 <= spent <= 4
    await store.close()


async def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """No database, another program's, one of a newer package, and no file at all."""
    path = tmp_path / "b.db"
    path.write_bytes(b"no database at all, but long enough to be read as one" * 20)
    assert "is damaged, or no file of budgets" in await refusal(path)
    path.unlink()
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE budget (a)")
    foreign.close()
    assert "no file of budgets" in await refusal(path)
    path.unlink()
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.close()
    assert "upgrade it or name another file" in await refusal(path)
    assert "check its folder and permissions" in await refusal(tmp_path / "absent" / "b.db")
    assert "check its folder and permissions" in await refusal(tmp_path)


async def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    """Garbage in the pages, and in the state itself, is told and nothing is granted."""
    path = tmp_path / "b.db"
    store = SqliteStore(path)
    await ask(store, "a")
    await store.close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE budget SET state = '{\"name\": 1}'")
    database.close()
    assert "is damaged" in await refusal(path)
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 8192)
    assert "is damaged" in await refusal(path)


@pytest.mark.parametrize("part", ["leases", "windows", "paces", "foreign"])
async def test_a_record_of_another_shape_is_refused(part: str, tmp_path: Path) -> None:
    """Whatever somebody wrote into it."""
    path = tmp_path / "b.db"
    store = SqliteStore(path)
    await ask(store, "a")
    await store.close()
    with closing(sqlite3.connect(path)) as database, database:
        (state,) = database.execute("SELECT state FROM budget").fetchone()
        record = json.loads(state)
        record["budget"][part] = []
        database.execute("UPDATE budget SET state = ?", (json.dumps(record).encode(),))
    assert "is damaged" in await refusal(path)


@pytest.mark.parametrize("path", ["~nobody-of-that-name/b.db", "a\0b"])
def test_a_path_that_cannot_be_right_is_refused(path: str) -> None:
    """Before anything is opened."""
    with pytest.raises(InvalidUse, match="store"):
        SqliteStore(path)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anything")
async def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A read-only folder or file has one clear error."""
    path = tmp_path / "b.db"
    path.touch(0o400)
    assert "permissions" in await refusal(path)


async def test_who_holds_the_file_too_long_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that nobody lets go is an error and no hang; afterwards all goes on."""
    monkeypatch.setattr("reply_async.transport.sqlite_file.BUSY_SECONDS", 0.05)
    path = tmp_path / "b.db"
    store = SqliteStore(path)
    await ask(store, "a")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreFailed, match="held by another process"):
        await ask(store, "b")
    holder.execute("ROLLBACK")
    holder.close()
    assert (await ask(store, "b")).is_granted
    await store.close()


OPENER = """
import asyncio, sys
from reply_async import SqliteStore
from reply_async.transport.limits import Limits
from reply_async.transport.store import Message, Want

async def main():
    store = SqliteStore(sys.argv[1])
    sys.stdin.readline()
    reply = await store.exchange("me", Message(limits=Limits(), want=Want(sys.argv[2], 30.0)))
    assert reply.is_granted
    await store.close()

asyncio.run(main())
"""


def test_processes_may_make_the_file_at_the_same_moment(tmp_path: Path) -> None:
    """Four that open a new file at once all get their grant."""
    command = [sys.executable, "-c", OPENER, str(tmp_path / "b.db")]
    processes = [
        subprocess.Popen([*command, str(number)], stdin=subprocess.PIPE)  # noqa: S603 - our own
        for number in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.close()
    assert [0] * 4 == [process.wait() for process in processes]


HAMMER = """
import sys, time
from pathlib import Path
from reply_async.transport.sqlite_file import SqliteFile

file = SqliteFile(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    file.change("me", lambda state: (str(int(state or 0) + 1).encode(), None))
    print("done", flush=True)
"""


@pytest.mark.slow
def test_a_kill_during_a_commit_loses_nothing_that_was_done(tmp_path: Path) -> None:
    """Whatever the moment of a kill -9, the file holds each whole change or none of it."""
    path, done, pipe = tmp_path / "b.db", 0, subprocess.PIPE
    for turn in range(40):
        command = [sys.executable, "-c", HAMMER, str(path)]
        with subprocess.Popen(command, stdout=pipe) as process:  # noqa: S603 - our own
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(0.02 + 0.0017 * turn)
            process.kill()
            done += process.stdout.read().count(b"done")
        with closing(SqliteFile(path)) as file:
            kept = file.change("me", lambda state: (state or b"0", int(state or 0)))
        assert done <= kept <= done + turn + 1
    assert done > 400


async def test_the_loop_goes_on_while_a_file_makes_it_wait(tmp_path: Path) -> None:
    """A busy file blocks one thread and not the event loop."""
    path = tmp_path / "b.db"
    store = SqliteStore(path)
    await ask(store, "a")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(ask(store, "b"))
    started = time.monotonic()
    for _ in range(10):
        await asyncio.sleep(0.005)
    assert time.monotonic() - started < 1.0
    assert not waiting.done()
    holder.execute("ROLLBACK")
    holder.close()
    assert (await waiting).is_granted
    await store.close()
