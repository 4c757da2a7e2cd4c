"""The budget in a SQLite file: for all processes of one host, also one after the other.

The step is the one of ``shared_budget``, inside one transaction, on the clock that all
processes of the host share: the seconds since it was started, which nobody sets. It runs
in a thread of its own, since a file may make it wait.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from reply_async.errors import InvalidUse
from reply_async.transport.shared_budget import Answer, Record, Visit, visit
from reply_async.transport.shared_store import SharedStore
from reply_async.transport.sqlite_file import SqliteFile

# On Linux one that goes on while the host sleeps, as the server's windows do.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", None)
# Of parent processes: closing a database here would harm them, and so would forgetting it.
_INHERITED: Final[list[SqliteFile]] = []


class SqliteStore(SharedStore):
    """Holds budgets in a SQLite file that all processes of this host may share.

    ``path`` is made when it is first needed, for its owner only (mode 0600); its folder
    must be there, on a disk of this host: the locks of network file systems do not hold.
    It keeps times and numbers by a fingerprint of the user, no key. Many users may share
    one file.

    Raises, when it is used: StoreFailed, which names the file and what to do.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if "\0" in os.fspath(path):
            raise InvalidUse("store", "must be a path, which has no zero character in it")
        try:
            self._path = Path(path).expanduser().absolute()
        except RuntimeError:
            raise InvalidUse("store", f"{os.fspath(path)!r} begins with no user's name") from None
        super().__init__(str(self._path))
        self._begin()

    def _begin(self) -> None:
        self._file = SqliteFile(self._path)
        self._thread: ThreadPoolExecutor | None = None

    async def close(self) -> None:
        """Give the file back; exchanging again opens it anew."""
        self._enter_process()
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._file.close)
            thread.shutdown()

    async def _visit(self, user: str, visit: Visit) -> Answer:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="reply-async-budget")
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._step, user, visit
        )

    def _leave_parent(self) -> None:
        _INHERITED.append(self._file)
        self._begin()  # the thread is not there either

    def _step(self, user: str, request: Visit) -> Answer:
        def change(before: bytes | None) -> tuple[bytes, Answer]:
            record: Record | None = None if before is None else json.loads(before)
            try:
                record, answer = visit(record, host_time(), request)
            except (AttributeError, LookupError, TypeError):
                raise ValueError("no record of a budget") from None
            return json.dumps(record, separators=(",", ":")).encode(), answer

        return self._file.change(user, change)


def host_time() -> float:
    """Return the seconds since the host was started, the same in all of its processes."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)
