"""The emulator's time: the event loop's clock, sped up and moved on request.

Nothing else of the emulator reads a clock. Under a loop whose time jumps, the
emulator's time jumps with it.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Clock:
    """Seconds since 1970 as the emulator sees them."""

    def __init__(self, started_at: float, speed: float = 1.0) -> None:
        self.started_at = started_at
        self.speed = speed
        self.offset = 0.0
        self._loop_time: Callable[[], float] = float
        self._origin = 0.0

    def bind(self, loop_time: Callable[[], float]) -> None:
        """Follow a loop's time from now on; until then the clock stands."""
        self._loop_time = loop_time
        self._origin = loop_time()

    def now(self) -> float:
        """Return the present time in seconds since 1970."""
        return self.started_at + (self._loop_time() - self._origin) * self.speed + self.offset

    def set(self, moment: float) -> None:
        """Go on from another moment."""
        self.started_at, self.offset, self._origin = moment, 0.0, self._loop_time()

    @contextmanager
    def standing(self) -> Iterator[float]:
        """Let no time pass but by moves, and give the moment at which that begins."""
        loop_time, moment = self._loop_time, self._loop_time()
        self._loop_time = lambda: moment
        try:
            yield self.now()
        finally:
            self._loop_time = loop_time

    def advance(self, seconds: float) -> None:
        """Move the clock forward; it never goes back."""
        if not 0 <= seconds < float("inf"):
            raise ValueError("the clock can only be moved forward")
        self.offset += seconds


def parse_duration(value: object) -> float:
    """Return the seconds of a number or of a text such as `90s`, `2h` or `5d`."""
    if isinstance(value, bool):
        raise ValueError("not a duration")  # noqa: TRY004 - one kind of error for callers
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and value[-1:] in _UNITS:
        return float(value[:-1]) * _UNITS[value[-1]]
    raise ValueError("not a duration; write seconds, or a number with s, m, h, d or w")


def iso(moment: float, digits: int = 0) -> str:
    """Return a time with offset, as most members of the API carry it."""
    return plain_iso(moment, digits) + "+00:00"


@lru_cache(maxsize=1024)  # a page shows the same few moments a thousand times
def plain_iso(moment: float, digits: int = 0) -> str:
    """Return a time without offset, as contacts and state rows carry it."""
    text = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text[:19] if digits == 0 else text[: 20 + digits]
