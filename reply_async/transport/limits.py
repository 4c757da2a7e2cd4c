"""What a user may spend, checked when it is said.

Pure: numbers only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Self

from attrs import Factory, field, frozen

from reply_async.errors import InvalidUse
from reply_async.transport.guard import WindowGuard

MINUTE: Final = 60.0
HOUR: Final = 3600.0
CELLS: Final = 720  # of a long window: 5 s of an hour
MARGIN: Final = 1.0


@frozen(kw_only=True)
class Limits:
    """What a user may spend, as one who spends it sees it.

    ``share`` is the part of the budget to use at most. ``minute`` and ``hour`` are the
    lengths of the windows (seconds), to which ``margin`` seconds are added, since the
    server's clock may tick in whole ones.
    """

    per_minute: int = 100
    per_hour: int = 3000
    stats_per_hour: int = 300
    share: float = 1.0
    minute: float = MINUTE
    hour: float = HOUR
    margin: float = MARGIN

    # What each window may hold at most, by its name.
    nominal: Mapping[str, float] = field(
        init=False,
        eq=False,
        repr=False,
        default=Factory(
            lambda limits: {
                "minute": limits.per_minute * limits.share,
                "hour": limits.per_hour * limits.share,
                "stats": limits.stats_per_hour * limits.share,
            },
            takes_self=True,
        ),
    )

    def guard(self, window: str) -> WindowGuard:
        """Return a new guard of a window."""
        if window == "minute":
            return WindowGuard(self.nominal[window], self.minute + self.margin)
        return WindowGuard(self.nominal[window], self.hour + self.margin, self.hour / CELLS)

    @classmethod
    def checked(
        cls,
        *,
        per_minute: int,
        per_hour: int,
        stats_per_hour: int,
        share: float,
        windows: tuple[float, float],
    ) -> Self:
        """Return the limits, or raise InvalidUse for a number that cannot be right."""
        counts = {"per_minute": per_minute, "per_hour": per_hour, "stats_per_hour": stats_per_hour}
        for name, count in counts.items():
            if not is_whole(count) or count < 1:
                raise InvalidUse(name, "must be a whole number, at least 1")
        if not _is_number(share) or not 0 < share <= 1:
            raise InvalidUse("share", "must be more than 0 and at most 1")
        match windows:
            case (float() | int() as minute, float() | int() as hour) if (
                0 < minute <= hour < math.inf
            ):
                margin = min(MARGIN, minute / MINUTE)
            case _:
                raise InvalidUse("windows", "must be seconds, the minute's and the hour's")
        margin = min(MARGIN, minute / MINUTE)
        return cls(**counts, share=share, minute=minute, hour=hour, margin=margin)


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, float | int)
