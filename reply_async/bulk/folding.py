"""What a run has seen before: e-mails and contact ids, on disk, so memory stays flat.

A private temporary SQLite database: it has no name, is spilled to disk by SQLite
itself and vanishes with its connection, so one transaction that never ends will do. A
thousand rows take a few milliseconds.
"""

from __future__ import annotations

import hashlib
import sqlite3


class SeenRows:
    """Remembers which row came first for an e-mail, and what became of each contact."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # no name: private, temporary
        self._database.executescript(
            """
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            PRAGMA cache_size = -8192;
            CREATE TABLE email (hash BLOB PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID;
            CREATE TABLE contact (id INTEGER PRIMARY KEY, verdict TEXT NOT NULL);
            BEGIN;
            """
        )

    def first_row(self, key: str, row: int) -> int:
        """Return the number of the row that came first with this key, perhaps this one."""
        digest = hashlib.blake2b(key.encode(), digest_size=16).digest()
        cursor = self._database.execute("INSERT OR IGNORE INTO email VALUES (?, ?)", (digest, row))
        if cursor.rowcount:
            return row
        found = self._database.execute("SELECT line FROM email WHERE hash = ?", (digest,))
        first: int = found.fetchone()[0]
        return first

    def remember(self, contact_ids: list[int], verdict: str) -> None:
        """Note what became of these contacts."""
        self._database.executemany(
            "INSERT OR REPLACE INTO contact VALUES (?, ?)", [(id_, verdict) for id_ in contact_ids]
        )

    def verdict(self, contact_id: int) -> str | None:
        """Return what became of a contact, None if it was not met."""
        found = self._database.execute("SELECT verdict FROM contact WHERE id = ?", (contact_id,))
        row = found.fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        """Drop the database."""
        self._database.close()
