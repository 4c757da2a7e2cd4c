"""What was asked: the last requests one by one, and totals of all of them.

Memory is bounded: the oldest entries go, and the totals have one number for each
operation and status. A caller's own words, such as a made-up method, are no key.
"""

from __future__ import annotations

from collections import Counter, deque
from http import HTTPMethod
from itertools import islice
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = 10_000
METHODS = frozenset(HTTPMethod)


@frozen
class LoggedRequest:
    """One answered request. `template` and `operation_id` need a known route.

    ``at`` is the emulator's time, ``duration_ms`` real milliseconds from the first
    byte of the body to the finished answer. ``user_id`` needs a good key. ``fault``
    says when what went wrong on purpose; ``status`` is then the one that went out, 0 if
    none did. ``is_applied`` is True for a write that was carried out.
    """

    number: int
    method: str
    path: str
    template: str | None
    operation_id: str | None
    status: int
    at: float
    duration_ms: float = 0.0
    user_id: int | None = None
    is_applied: bool = False
    fault: str | None = None


class RequestsLog:
    """The last ``kept`` requests in order, and totals that are never cut off.

    Another thread may read it while requests are added: it goes through copies.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._last: deque[LoggedRequest] = deque(maxlen=kept)
        self._totals: Counter[tuple[str, str | None, str | None, int]] = Counter()

    def __iter__(self) -> Iterator[LoggedRequest]:
        """Go through the kept requests, oldest first."""
        return iter(self._last.copy())

    def __len__(self) -> int:
        return self._totals.total()

    def add(self, entry: LoggedRequest) -> None:
        """Note an answered request."""
        self._last.append(entry)
        method = entry.method if entry.method in METHODS else "other"
        self._totals[method, entry.template, entry.operation_id, entry.status] += 1

    def clear(self) -> None:
        """Forget the entries and the totals."""
        self._last.clear()
        self._totals.clear()

    def count(
        self,
        method: str | None = None,
        path: str | None = None,
        *,
        operation_id: str | None = None,
        status: int | None = None,
    ) -> int:
        """Return how many requests fit all that is given.

        ``path`` is a template of the contract (counted over the whole run) or a
        concrete path (counted among the requests that are still kept).
        """
        templates = {key[1] for key in list(self._totals)}
        if path is not None and "{" not in path and path not in templates:
            return sum(
                entry.path == path
                and method in {None, entry.method}
                and operation_id in {None, entry.operation_id}
                and status in {None, entry.status}
                for entry in self
            )
        return sum(
            number
            for key, number in list(self._totals.items())
            if method in {None, key[0]}
            and path in {None, key[1]}
            and operation_id in {None, key[2]}
            and status in {None, key[3]}
        )

    def totals(self) -> dict[str, int]:
        """Return the number of requests by operation id."""
        totals: Counter[str] = Counter()
        for (_, _, operation_id, _), number in list(self._totals.items()):
            totals[operation_id or "unknown"] += number
        return dict(totals)

    def last(
        self,
        limit: int,
        *,
        method: str | None = None,
        operation_id: str | None = None,
        status: int | None = None,
    ) -> list[LoggedRequest]:
        """Return the newest kept requests that fit, oldest of them first."""
        fitting = (
            entry
            for entry in reversed(self._last.copy())
            if method in {None, entry.method}
            and operation_id in {None, entry.operation_id}
            and status in {None, entry.status}
        )
        return list(islice(fitting, max(limit, 0)))[::-1]
