"""The place of a budget as users write it: a path, an address, or ``none``."""

from __future__ import annotations

from reply_async.transport.store import Store


def store_at(place: str | None) -> Store | None:
    """Return the store at a place, loading what it needs.

    That is a Redis or Valkey server for an address (``redis://``, ``rediss://``,
    ``unix://``), a SQLite file for anything else. None and ``none`` are no place: the
    budget is kept in the process.
    """
    if place is None or place == "none":
        return None
    if "://" in place:
        from reply_async.transport.redis_store import RedisStore  # noqa: PLC0415 - loaded where used

        return RedisStore(place)
    from reply_async.transport.sqlite_store import SqliteStore  # noqa: PLC0415 - loaded where used

    return SqliteStore(place)
