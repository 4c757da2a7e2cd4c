"""The request budget of a user: what is let through, and the word to wait.

Pure: the time is passed in, in seconds that never go back, so that a simulation
can do without a server: ``Budget(BudgetRules(window="counter")).spend(now)``.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import TYPE_CHECKING, Literal

from attrs import evolve, frozen

from reply_async.emulator.chance import is_seed
from reply_async.emulator.windows import KINDS, MAX_LIMIT, Window, make_window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MINUTE, HOUR = 60, 3600
TICKS = 1_000_000  # a second; whole ticks, so that no verdict hangs on a rounding error
KEPT_REFUSALS = 20
RHYTHMS = ("random", "even")


def _is_limit(value: object) -> bool:
    return value is None or (type(value) is int and 1 <= value <= MAX_LIMIT)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _lies_within(value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


_LIMIT = (_is_limit, f"a whole number from 1 to {MAX_LIMIT:,}, or none at all")
_FLAG = (_is_flag, "true or false")
_RULES: dict[str, tuple[Callable[[object], bool], str]] = {
    "minute": _LIMIT,
    "hour": _LIMIT,
    "stats": _LIMIT,
    "capacity": _LIMIT,
    "window": (lambda value: value in KINDS, "one of " + ", ".join(KINDS)),
    "phase": (
        lambda value: value == "seeded" or _lies_within(value, HOUR),
        f"0 to {HOUR} seconds, or 'seeded'",
    ),
    "counts_refused": _FLAG,
    "whole_seconds": _FLAG,
    "competitor": (lambda value: _lies_within(value, 1), "a part of the budget, from 0 to 1"),
    "rhythm": (lambda value: value in RHYTHMS, "one of " + ", ".join(RHYTHMS)),
    "seed": (is_seed, "a whole number of 64 bits"),
}


_BUDGET = "two numbers, per minute and per hour, or BudgetRules, or None for no limit"


@frozen(kw_only=True)
class BudgetRules:
    """How the server counts: the limits, any of them None for off, and the way.

    ``minute`` and ``hour`` hold for all requests; ``stats`` is one more limit per
    hour for statistics and reports, whose real number is not published. ``phase``
    is when fixed and counter windows begin, in seconds after the full minute and
    hour, or `seeded` for any. ``capacity`` makes a bucket smaller than its limit.
    With ``counts_refused`` a refused request counts too; with ``whole_seconds``
    the server's clock ticks in seconds. ``competitor`` is the part of the budget,
    0 to 1, that somebody else asks for, at random times or `even` ones.
    """

    minute: int | None = 100
    hour: int | None = 3000
    stats: int | None = 300
    window: str = "log"
    phase: float | Literal["seeded"] = 0.0
    capacity: int | None = None
    counts_refused: bool = False
    whole_seconds: bool = False
    competitor: float = 0.0
    rhythm: str = "random"
    seed: int = 1

    def __attrs_post_init__(self) -> None:
        """Refuse what makes no sense, with a ValueError that names it."""
        for name, (fits, wanted) in _RULES.items():
            if not fits(getattr(self, name)):
                raise ValueError(f"{name} is {wanted}, not {getattr(self, name)!r}")


OFF = BudgetRules(minute=None, hour=None, stats=None)


@frozen
class Verdict:
    """What became of one request, and what its answer's headers say.

    They speak of the tightest window: of those that refuse, the one to wait for
    longest. ``retry_after`` is whole seconds, 0 if the request was let through.
    """

    is_allowed: bool
    retry_after: int
    window: str
    label: str
    remaining: int
    reset_at: float


@frozen
class Refused:
    """One 429: when, by which window, and how long it asked to wait."""

    at: float
    window: str
    retry_after: int


class Granted:
    """The granted requests of the last ``size`` ticks, and the ``most`` there ever were.

    These came from ``since`` to ``until``. No kind of window grants more than twice its
    limit in its size, so that few are kept.
    """

    def __init__(self, size: int) -> None:
        self.most = self.since = self.until = 0
        self._size = size
        self._times: deque[int] = deque()

    def note(self, at: int) -> None:
        """Take one more."""
        times = self._times
        times.append(at)
        while times[0] <= at - self._size:
            times.popleft()
        if len(times) > self.most:
            self.most, self.since, self.until = len(times), times[0], at


class Limit:
    """One window of the budget: `minute`, `hour` or `stats`.

    ``peak`` is the most of it that was ever in use, by anybody and as the server counts;
    ``granted`` tells what the user got, whatever the kind of window.
    """

    def __init__(self, name: str, seconds: int, window: Window) -> None:
        self.name, self.seconds, self.window = name, seconds, window
        self.label = "1m" if seconds == MINUTE else "1h"
        self.peak = 0
        self.granted = Granted(seconds * TICKS)

    def count(self, at: int) -> None:
        """Count one request."""
        self.window.count(at)
        self.peak = max(self.peak, self.window.used(at))

    @property
    def is_exceeded(self) -> bool:
        """Tell whether the user ever got more in a row than the limit."""
        return self.granted.most > self.window.limit

    def free(self, at: int) -> int:
        """Return how many more requests would go through now."""
        return max(0, self.window.capacity - self.window.used(at))


class Competitor:
    """Somebody else who spends of the same budget, unseen.

    It asks at its own times and takes a refusal for an answer. Where nobody looks for
    longer than two windows, only the last two are played. Of the time before, nothing
    could matter to anybody; as many as it asks on the average count as granted.
    """

    def __init__(self, rules: BudgetRules, since: float | None = None) -> None:
        limits = ((rules.minute, MINUTE), (rules.hour, HOUR))
        windows = [(limit, seconds) for limit, seconds in limits if limit is not None]
        rate = min((limit / seconds for limit, seconds in windows), default=0)
        self.per_second = rules.competitor * rate
        self.granted = self.refused = 0
        self._played = 2 * TICKS * max((seconds for _, seconds in windows), default=0)
        self._is_even = rules.rhythm == "even"
        self._random = Random(rules.seed)  # noqa: S311 - a simulation
        self._next = None if since is None else self._begin(round(since * TICKS))

    def asks(self, until: int) -> Iterator[int]:
        """Yield the ticks at which it asks next, up to now."""
        if self._next is None:
            self._next = self._begin(until)
        if self._next is None:
            return
        skipped = int((until - self._played - self._next) * self.per_second / TICKS)
        if skipped > 0:
            self.granted += skipped
            self._next += round(skipped * TICKS / self.per_second)
        while self._next <= until:
            yield self._next
            self._next += max(1, round(self._pause()))

    def _begin(self, at: int) -> int | None:
        if not self.per_second:
            return None
        return at + round(self._pause() * self._random.random())

    def _pause(self) -> float:
        if self._is_even:
            return TICKS / self.per_second
        return self._random.expovariate(self.per_second) * TICKS


class Budget:
    """All windows of one user, whatever number of keys the user has.

    ``granted`` and ``answered_429`` tell what became of the requests, `competitor`
    of those of the other, who begins at ``since`` or when somebody looks for the first
    time; ``last_refused`` keeps the newest 429s, ``exceeded`` limits of earlier rules.
    """

    def __init__(self, rules: BudgetRules = OFF, since: float | None = None) -> None:
        self.granted = self.answered_429 = 0
        self.last_refused: deque[Refused] = deque(maxlen=KEPT_REFUSALS)
        self.exceeded: list[Limit] = []
        self.limits: tuple[Limit, ...] = ()
        self.change(rules, since)

    def change(self, rules: BudgetRules, since: float | None = None) -> None:
        """Begin to count by other rules; what became of earlier requests is still told."""
        self.exceeded += [limit for limit in self.limits if limit.is_exceeded]
        self.rules = rules
        self.competitor = Competitor(rules, since)
        self.limits = tuple(_limits(rules))
        self._shared = tuple(limit for limit in self.limits if limit.name != "stats")

    def spend(self, now: float, *, is_stats: bool = False) -> Verdict | None:
        """Count one request or refuse it; None where nothing limits it."""
        limits = self.limits if is_stats else self._shared
        at = self.catch_up(now)
        if not limits:
            self.granted += 1
            return None
        if self._take(limits, at):
            self.granted += 1
            for limit in limits:
                limit.granted.note(round(now * TICKS))
            tightest = min(limits, key=lambda limit: limit.free(at))
            return _verdict(tightest, at, retry_after=0)
        tightest = max(limits, key=lambda limit: limit.window.wait(at))
        retry_after = -(-tightest.window.wait(at) // TICKS)
        self.answered_429 += 1
        self.last_refused.append(Refused(now, tightest.name, retry_after))
        return _verdict(tightest, at, retry_after)

    def catch_up(self, now: float) -> int:
        """Play what the competitor asked for until now; return the server's ticks."""
        ticks = round(now * TICKS)
        for asked in self.competitor.asks(ticks):
            if self._take(self._shared, self._server_time(asked)):
                self.competitor.granted += 1
            else:
                self.competitor.refused += 1
        return self._server_time(ticks)

    def _take(self, limits: tuple[Limit, ...], at: int) -> bool:
        is_allowed = not any(limit.window.wait(at) for limit in limits)
        if is_allowed or self.rules.counts_refused:
            for limit in limits:
                limit.count(at)
        return is_allowed

    def _server_time(self, ticks: int) -> int:
        return ticks // TICKS * TICKS if self.rules.whole_seconds else ticks


def rules_of(budget: BudgetRules | Sequence[int] | None, window: str | None = None) -> BudgetRules:
    """Return the rules behind a short form: per minute and per hour, or None for off.

    ``window`` is the kind of window, unless it is to stay that of the rules. ValueError
    for anything else.
    """
    if isinstance(budget, tuple | list) and len(budget) == 2:  # noqa: PLR2004 - minute and hour
        budget = BudgetRules(minute=budget[0], hour=budget[1])
    rules = OFF if budget is None else budget
    if not isinstance(rules, BudgetRules):
        raise ValueError(f"budget is {_BUDGET}, not {budget!r}")  # noqa: TRY004 - one kind of error for callers
    return rules if window is None else evolve(rules, window=window)


def _limits(rules: BudgetRules) -> Iterator[Limit]:
    random = Random(rules.seed)  # noqa: S311 - a simulation
    for name, seconds in (("minute", MINUTE), ("hour", HOUR), ("stats", HOUR)):
        seeded = random.uniform(0, seconds)
        limit: int | None = getattr(rules, name)
        if limit is not None:
            phase = seeded if rules.phase == "seeded" else rules.phase
            window = make_window(
                rules.window,
                limit,
                seconds * TICKS,
                phase=round(phase * TICKS),
                capacity=rules.capacity,
            )
            yield Limit(name, seconds, window)


def _verdict(limit: Limit, at: int, retry_after: int) -> Verdict:
    return Verdict(
        is_allowed=retry_after == 0,
        retry_after=retry_after,
        window=limit.name,
        label=limit.label,
        remaining=limit.free(at),
        reset_at=limit.window.full_again(at) / TICKS,
    )
