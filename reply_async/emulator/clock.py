"""The emulator's time: it follows the event loop, at a speed, or stands until it is moved.

Nothing else of the emulator reads a clock. Under a loop whose time jumps, the
emulator's time jumps with it.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KINDS = ("real", "held")
MAX_SPEED = 1_000_000
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_END = datetime(9999, 1, 1, tzinfo=UTC).timestamp()  # a year before ISO forms come to their end
LAST = _END - 1


class Clock:
    """Seconds since 1970 as the emulator sees them: of kind `real` or `held`."""

    def __init__(self, started_at: float, speed: float = 1.0, kind: str = "real") -> None:
        if kind not in KINDS:
            raise ValueError(f"no kind of clock {kind!r}; there are {', '.join(KINDS)}")
        self._is_held = kind == "held"
        self._speed = check_speed(speed)
        self._loop_time: Callable[[], float] = float
        self._anchor = started_at, 0.0  # one moment on both clocks

    def bind(self, loop_time: Callable[[], float]) -> None:
        """Follow a loop's time from now on; until then the clock stands."""
        now, self._loop_time = self.now(), loop_time
        self._anchor = now, loop_time()

    def now(self) -> float:
        """Return the present time in seconds since 1970; at `LAST` the clock stands."""
        moment, since = self._anchor
        passed = 0.0 if self._is_held else (self._loop_time() - since) * self._speed
        return min(moment + passed, LAST)

    @property
    def kind(self) -> str:
        """Return `held` while the clock stands, `real` while it follows the loop."""
        return "held" if self._is_held else "real"

    @property
    def is_held(self) -> bool:
        """Tell whether the clock stands until it is moved; may be set."""
        return self._is_held

    @is_held.setter
    def is_held(self, is_held: bool) -> None:
        self._anchor = self.now(), self._loop_time()
        self._is_held = is_held

    @property
    def speed(self) -> float:
        """Return the seconds that pass in one second of the loop; may be set."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        check_speed(speed)
        self._anchor = self.now(), self._loop_time()
        self._speed = speed

    def set(self, moment: float) -> None:
        """Go on from another moment."""
        self._anchor = moment, self._loop_time()

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
        self.require_forward(seconds)
        moment, since = self._anchor
        self._anchor = moment + seconds, since

    def require_forward(self, seconds: float) -> None:
        """Raise ValueError unless the clock can be moved by so many seconds."""
        if not 0 <= seconds < _END - self.now():
            raise ValueError("the clock can only be moved forward, and not past the year 9998")


def check_speed(speed: object) -> float:
    """Return a speed; ValueError if it is none."""
    if isinstance(speed, int | float) and not isinstance(speed, bool) and 0 < speed <= MAX_SPEED:
        return speed
    raise ValueError(f"a speed is a number above 0 and up to {MAX_SPEED:,}")


def parse_moment(text: object) -> float:
    """Return the seconds since 1970 of an ISO 8601 time, UTC unless it has an offset."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise ValueError("not a time; write one such as 2027-01-11T09:00:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def parse_duration(value: object) -> float:
    """Return the seconds of a number or of a text such as `90s`, `2h` or `5d`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value[-1:] in _UNITS:
        with suppress(ValueError):
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
