"""Numbers about outreach: counted per day, step and variant, read by period.

An event is counted on the day it happens, under the step and variant whose
message caused it, so that variants add up to their step and steps to the
overview. The unit is the message: `contacted` is the number of e-mails sent.
Percentages run from 0 to 100; the base is what was delivered, except for
delivered, bounced and not reached, whose base is what was sent.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reply_async.emulator.entities import Sequence

DAY = 86_400
PRESETS = {"lastWeek": 7, "lastMonth": 30, "lastYear": 365, "allTime": None}

OVERVIEW = [
    "delivered",
    "opened",
    "replied",
    "interested",
    "notReached",
    "optedOut",
    "outOfOffice",
    "bounced",
    "autoReplied",
    "meetingsBooked",
]
PER_MESSAGE = [
    "delivered",
    "opened",
    "replied",
    "interested",
    "notReached",
    "optedOut",
    "linksClicked",
    "meetingsBooked",
]
_OF_SENT = {"delivered", "bounced", "notReached"}
_LINKEDIN = [
    "connectionsSent",
    "connectionsAccepted",
    "messagesSent",
    "replied",
    "inMailsSent",
    "inMailsReplied",
    "connectionNotesSent",
    "connectionNotesReplied",
    "profileViews",
    "likes",
    "follows",
    "endorses",
    "regularMessagesSent",
    "regularMessagesReplied",
]
_LINKEDIN_RATES = {
    "connectionsAccepted": "connectionsSent",
    "replied": "messagesSent",
    "inMailsReplied": "inMailsSent",
    "connectionNotesReplied": "connectionNotesSent",
    "regularMessagesReplied": "regularMessagesSent",
}

Key = tuple[int, int | None]  # step id, variant id


class Tallies:
    """Counters of one sequence by day, step and variant."""

    def __init__(self) -> None:
        self._days: dict[int, dict[Key, Counter[str]]] = {}

    def add(self, moment: float, step_id: int, variant_id: int | None, *events: str) -> None:
        """Count events of one message on the day they happened."""
        day = self._days.setdefault(int(moment // DAY), {})
        counter = day.setdefault((step_id, variant_id), Counter())
        for event in events:
            counter[event] += 1

    def knows(self, step_id: int, variant_id: int | None) -> bool:
        """Tell whether anything was ever counted under a message."""
        return any((step_id, variant_id) in day for day in self._days.values())

    def between(self, first: float | None, last: float | None) -> dict[Key, Counter[str]]:
        """Return the sums of all whole days that touch a period."""
        sums: dict[Key, Counter[str]] = {}
        for day, entries in self._days.items():
            if (first is None or day >= first // DAY) and (last is None or day * DAY < last):
                for key, counter in entries.items():
                    sums.setdefault(key, Counter()).update(counter)
        return sums


def period(filters: dict[str, Any], now: float) -> tuple[float | None, float | None]:
    """Return the bounds of a period; without any filter it is the last week."""
    first, last = filters.get("from"), filters.get("to")
    if first is None and last is None:
        days = PRESETS[filters.get("dateRangePreset") or "lastWeek"]
        return (None if days is None else now - days * DAY), None
    return moment_of(first), moment_of(last)


def moment_of(text: str | None) -> float | None:
    """Return the seconds since 1970 of a checked ISO date."""
    if text is None:
        return None
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def total(counters: Iterable[Counter[str]]) -> Counter[str]:
    """Return the sum of counters."""
    sums: Counter[str] = Counter()
    for counter in counters:
        sums.update(counter)
    return sums


def percentage(part: int, whole: int) -> float:
    """Return a share of 0 to 100; late replies must not lift it above."""
    return min(100.0, round(100 * part / whole, 2)) if whole else 0.0


def email_overview(sums: Counter[str]) -> dict[str, float]:
    """Return the e-mail counters of a sequence."""
    body: dict[str, float] = {"contacted": sums["sent"]}
    return body | _counts(sums, OVERVIEW, lambda name: f"{name}Percentage")


def message_stats(sums: Counter[str]) -> dict[str, float]:
    """Return the e-mail counters of one step or one variant."""
    return _counts(
        sums,
        PER_MESSAGE,
        lambda name: "clickThroughRate" if name == "linksClicked" else f"{name}Percentage",
    )


def linkedin_overview(sums: Counter[str]) -> dict[str, float]:
    """Return the LinkedIn counters of a sequence."""
    body: dict[str, float] = {name: sums[f"linkedin.{name}"] for name in _LINKEDIN}
    for name, base in _LINKEDIN_RATES.items():
        body[f"{name}Percentage"] = percentage(int(body[name]), int(body[base]))
    return body


def sequence_stats(
    sequence: Sequence, first: float | None, last: float | None
) -> dict[str, dict[str, float]]:
    """Return both overviews of a sequence for a period."""
    sums = total(sequence.tallies.between(first, last).values())
    return {"emailOverview": email_overview(sums), "linkedInOverview": linkedin_overview(sums)}


def _counts(
    sums: Counter[str], names: list[str], rate_name: Callable[[str], str]
) -> dict[str, float]:
    body: dict[str, float] = {name: sums[name] for name in names}
    for name in names:
        base = sums["sent" if name in _OF_SENT else "delivered"]
        body[rate_name(name)] = percentage(sums[name], base)
    return body
