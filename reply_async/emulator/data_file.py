"""The file that keeps an emulator's state: what changed it, one entry after the other.

The state follows from the seed and from the calls and their times, so the file holds
these and no state. An entry is committed before the call it tells of takes effect: what
was answered survives a `kill -9`, and what was not is there whole or not at all. Knows
SQLite and nothing of what an entry means. An entry costs the event loop 0.02 ms, a large
one 0.3 ms, and more when SQLite syncs with the disk.
"""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from typing import TYPE_CHECKING, Any, Self

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

SCHEMA = 2  # raise it with every change by which an old entry would have another effect
APPLICATION_ID = 0x656D7531  # "emu1", how SQLite tells our files from others
LARGE_BODY = 2_000  # bytes from which a body is compressed

_TABLES = """
CREATE TABLE settings (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE entries (
    position INTEGER PRIMARY KEY, at REAL NOT NULL, wall REAL NOT NULL, kind TEXT NOT NULL,
    name TEXT NOT NULL, number INTEGER NOT NULL, user_id INTEGER NOT NULL,
    content_type TEXT NOT NULL, is_compressed INTEGER NOT NULL, body BLOB NOT NULL
);
"""


class DataFileError(Exception):
    """The file cannot be used; the text says why and what to do."""


@frozen
class Entry:
    """Something that changed the state at a moment of the emulator's time.

    `kind` says who reads `name` and `body`; `number` is that of the request, and
    `user_id` tells who made it, or both are 0.
    """

    at: float
    kind: str
    name: str
    body: bytes = field(default=b"", repr=False)
    content_type: str = ""
    number: int = 0
    user_id: int = 0


class DataFile:
    """An open file, which no other process can open meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        except sqlite3.Error as error:
            raise self._unusable(error) from None
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")  # a commit outlives the process
            connection.execute("BEGIN IMMEDIATE")
            self._check_form(connection)
            connection.execute("COMMIT")
        except (sqlite3.Error, DataFileError) as error:
            connection.close()
            raise self._unusable(error) from None
        return connection

    def _check_form(self, connection: sqlite3.Connection) -> None:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if not tables:
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
        (application_id,) = connection.execute("PRAGMA application_id").fetchone()
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
        if application_id != APPLICATION_ID:
            raise DataFileError(f"{self.path} is not a data file of the emulator; name another")
        if schema != SCHEMA:
            raise DataFileError(
                f"{self.path} is of another version ({schema}, not {SCHEMA}); name another file"
            )

    def settings(self) -> dict[str, Any]:
        """Return what the account was opened with; nothing in a new file."""
        try:
            row = self._connection.execute("SELECT value FROM settings").fetchone()
            return {} if row is None else dict(json.loads(row[0]))
        except (sqlite3.Error, ValueError) as error:
            raise self._unusable(error) from None

    def set(self, settings: Mapping[str, object]) -> None:
        """Keep settings in place of what they were."""
        self._write("INSERT OR REPLACE INTO settings VALUES (1, ?)", (json.dumps(settings),))

    def add(self, entry: Entry) -> None:
        """Write an entry; once this returns, a `kill -9` cannot lose it."""
        is_large = len(entry.body) >= LARGE_BODY
        body = zlib.compress(entry.body, 1) if is_large else entry.body
        row = (entry.at, time.time(), entry.kind, entry.name, entry.number, entry.user_id)
        self._write(
            "INSERT INTO entries (at, wall, kind, name, number, user_id, content_type, "
            "is_compressed, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, entry.content_type, is_large, body),
        )

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        try:
            self._connection.execute(statement, values)
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def entries(self) -> Iterator[Entry]:
        """Go through the entries in their order."""
        query = (
            "SELECT at, kind, name, number, user_id, content_type, is_compressed, body "
            "FROM entries ORDER BY position"
        )
        try:
            for row in self._connection.execute(query):
                at, kind, name, number, user_id, content_type, is_compressed, body = row
                content = zlib.decompress(body) if is_compressed else body
                yield Entry(at, kind, name, content, content_type, number, user_id)
        except (sqlite3.Error, zlib.error) as error:
            raise self._unusable(error) from None

    def forget_before(self, name: str, kept_kind: str) -> None:
        """Drop what stands before the last entry of a name, but for one kind."""
        self._write(
            "DELETE FROM entries WHERE kind != ? AND position < "
            "(SELECT max(position) FROM entries WHERE name = ?)",
            (kept_kind, name),
        )

    def last_wall_time(self) -> float | None:
        """Return when the last entry was written, in seconds since 1970."""
        query = "SELECT wall FROM entries ORDER BY position DESC LIMIT 1"
        row = self._connection.execute(query).fetchone()
        return None if row is None else float(row[0])

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _unusable(self, error: Exception) -> DataFileError:
        if isinstance(error, DataFileError):
            return error
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            return DataFileError(f"{self.path} is in use by another emulator; name another file")
        return DataFileError(f"{self.path} cannot be used: {error}")
