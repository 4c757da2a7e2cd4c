"""One SQLite file of states by user, changed by any number of processes in turn.

A change is one transaction: whoever is killed in it leaves the state as it was. Knows
nothing of what a state says. Everything here blocks, and belongs outside of an event loop.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

from reply_async.errors import StoreFailed

T = TypeVar("T")

APPLICATION_ID: Final = 0x52504C59  # "RPLY": tells our file from anybody else's
SCHEMA_VERSION: Final = 1
BUSY_SECONDS: Final = 10.0
KEPT_SECONDS: Final = 86_400.0  # a state that nobody has changed for so long says nothing
_SCHEMA: Final = (
    "CREATE TABLE budget (user TEXT PRIMARY KEY, changed REAL NOT NULL, state BLOB NOT NULL)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
_RETRIED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED: Final = "is damaged, or no file of budgets: move it away or name another one"
_PROBLEMS: Final = {
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_BUSY: f"was held by another process for {BUSY_SECONDS:.0f} s: try again",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: check its folder and permissions",
    sqlite3.SQLITE_READONLY: "cannot be written: check its permissions, and those of its folder",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full",
}


class SqliteFile:
    """States by user in a file, which is made when it is first needed.

    A file that was replaced while it was open is opened anew. Every problem raises
    StoreFailed, which names the file and what to do. Several threads may use it, one
    after the other.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = Lock()  # a change may begin before an earlier close has ended
        self._database: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def change(self, user: str, change: Callable[[bytes | None], tuple[bytes, T]]) -> T:
        """Replace the state of a user by what ``change`` makes of it; return its answer.

        Nobody else changes the file meanwhile. ``change`` is given None where there is
        no state, and raises ValueError where it cannot read the one that is there.
        """
        with self._turn, self._told():
            database = self._open()
            with _transaction(database):
                row = database.execute("SELECT state FROM budget WHERE user = ?", (user,))
                before = row.fetchone()
                if before is None:  # seldom enough to clear up as well
                    oldest = time.time() - KEPT_SECONDS
                    database.execute("DELETE FROM budget WHERE changed < ?", (oldest,))
                try:
                    state, answer = change(None if before is None else before[0])
                except ValueError:
                    raise self._failed(_DAMAGED) from None
                database.execute(
                    "INSERT OR REPLACE INTO budget VALUES (?, ?, ?)", (user, time.time(), state)
                )
            return answer

    def close(self) -> None:
        """Give the file back; the next change opens it again."""
        with self._turn:
            self._close()

    def _close(self) -> None:
        database, self._database, self._identity = self._database, None, None
        if database is not None:
            database.close()

    def _open(self) -> sqlite3.Connection:
        if self._database is not None and self._identity == self._identify():
            return self._database
        self._close()
        # Made here and not by SQLite: its WAL files take over the mode.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        database = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(database)
            self._check(database)
        except BaseException:
            database.close()
            raise
        self._database, self._identity = database, self._identify()
        return database

    def _identify(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _check(self, database: sqlite3.Connection) -> None:
        """Make the schema of a new file; refuse one that is not ours or is too new."""
        with _transaction(database):
            version: int = database.execute("PRAGMA user_version").fetchone()[0]
            owner: int = database.execute("PRAGMA application_id").fetchone()[0]
            tables: int = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if (version, owner, tables) == (0, 0, 0):
                for statement in _SCHEMA:
                    database.execute(statement)
            elif owner != APPLICATION_ID:
                raise self._failed(_DAMAGED)
            elif version != SCHEMA_VERSION:
                raise self._failed(
                    f"has the form {version}, this version of the package knows"
                    f" {SCHEMA_VERSION}: upgrade it or name another file"
                )

    def _failed(self, problem: str) -> StoreFailed:
        return StoreFailed(str(self._path), problem)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say of every failure what it means and which file it is about."""
        try:
            yield
        except sqlite3.Error as error:
            self._close()
            # The low byte is the primary code.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            raise self._failed(_PROBLEMS.get(code, f"failed: {error}")) from None
        except OSError as error:
            raise self._failed(
                f"cannot be opened: {error.strerror}; check its folder and permissions"
            ) from None


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _prepare(database: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not wait there for others that do the same: we do."""
    latest = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _RETRIED or time.monotonic() > latest:
                raise
            time.sleep(0.01)
        else:
            return
