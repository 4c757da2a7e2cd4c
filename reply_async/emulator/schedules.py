"""When a sequence may send: schedules and the holiday calendars linked to them.

Hours and holidays are those of the schedule's time zone; the switch for the contact's
own one is kept and shown, no more. Follow-ups go by their own timings if
the schedule says so, else by the main ones.
"""

from __future__ import annotations

from datetime import date, datetime
from itertools import count
from typing import Any

from attrs import define, field

from reply_async.emulator.zones import zone

Json = dict[str, Any]

_WORK_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
WEEK_DAYS = (*_WORK_DAYS, "Saturday", "Sunday")


@define(eq=False)
class Schedule:
    """Working hours by weekday; `calendar_ids` are the linked holiday calendars."""

    id: int
    members: Json
    is_default: bool = False
    calendar_ids: list[int] = field(factory=list)
    hours: list[tuple[int, ...]] = field(factory=list)  # by weekday, Monday first
    follow_up_hours: list[tuple[int, ...]] = field(factory=list)

    def replace(self, given: Json) -> None:
        """Take over a request; what it leaves out goes back to its default."""
        self.members = {
            "name": given["name"],
            "timezoneId": given["timezoneId"],
            "excludeHolidays": given.get("excludeHolidays", False),
            "useProspectTimezone": given.get("useProspectTimezone", False),
            "useFollowUpSchedule": given.get("useFollowUpSchedule", False),
            "mainTimings": given.get("mainTimings", _business_hours()),
            "followUpTimings": given.get("followUpTimings", []),
        }
        self.hours = self.follow_up_hours = _week(self.members["mainTimings"])
        if self.members["useFollowUpSchedule"]:
            self.follow_up_hours = _week(self.members["followUpTimings"])

    def local(self, moment: float) -> datetime:
        """Return a time as clocks in the schedule's zone show it."""
        return datetime.fromtimestamp(moment, zone(self.members["timezoneId"]))

    def shares(self, at: datetime) -> tuple[float, float]:
        """Return how much of the local day's hours has passed, 0 outside of them.

        The first number is for first contacts, the second for follow-ups.
        """
        return _share(self.hours, at), _share(self.follow_up_hours, at)

    def shown(self) -> Json:
        """Return the schedule as the API shows it."""
        return {"id": self.id, **self.members, "isDefault": self.is_default, "status": "active"}


@define(eq=False)
class HolidayCalendar:
    """Days without sending; one with a country is predefined and read-only."""

    id: int
    name: str
    country_code: str | None = None
    repeats: bool = False
    holidays: list[Json] = field(factory=list)

    @property
    def calendar_type(self) -> str:
        """Return the API's word for where the calendar comes from."""
        return "custom" if self.country_code is None else "predefined"

    def holds(self, day: date) -> bool:
        """Tell whether a day is a holiday."""
        return any(self._covers(entry, day) for entry in self.holidays)

    def _covers(self, entry: Json, day: date) -> bool:
        first, last = (date.fromisoformat(entry[name]) for name in ("startDate", "endDate"))
        if not self.repeats:
            return first <= day <= last
        # month and day as text also order February 29, which not every year has
        start, end, at = (moment.isoformat()[5:] for moment in (first, last, day))
        if (last - first).days >= 365:  # noqa: PLR2004 - a whole year
            return True
        return start <= at <= end if start <= end else at >= start or at <= end


class Schedules(dict[int, Schedule]):
    """The schedules of the account by id, and the holiday calendars."""

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(1)
        self.calendars: dict[int, HolidayCalendar] = {}
        self.calendar_ids = count(1)
        self.holiday_ids = count(100)
        self.add({"name": "Working week", "timezoneId": "UTC"}).is_default = True
        for code, name, holidays in _COUNTRIES:
            rows = [{"startDate": day, "endDate": day, "name": title} for day, title in holidays]
            self.add_calendar(name, code, rows).repeats = True

    @property
    def default(self) -> Schedule:
        """Return the schedule of sequences that name none."""
        return next(entry for entry in self.values() if entry.is_default)

    def add(self, given: Json) -> Schedule:
        """Make one more schedule out of a request."""
        schedule = Schedule(next(self._ids), {})
        schedule.replace(given)
        self[schedule.id] = schedule
        return schedule

    def add_calendar(
        self, name: str, country_code: str | None, holidays: list[Json]
    ) -> HolidayCalendar:
        """Make one more holiday calendar."""
        calendar = HolidayCalendar(next(self.calendar_ids), name, country_code)
        calendar.holidays = self.numbered(holidays)
        self.calendars[calendar.id] = calendar
        return calendar

    def numbered(self, holidays: list[Json]) -> list[Json]:
        """Return holidays with ids no holiday has had."""
        members = ("startDate", "endDate", "name")
        return [
            {"id": next(self.holiday_ids), **{name: entry[name] for name in members}}
            for entry in holidays
        ]

    def is_holiday(self, schedule: Schedule, day: date) -> bool:
        """Tell whether a schedule rests on a day."""
        return schedule.members["excludeHolidays"] and any(
            self.calendars[key].holds(day) for key in schedule.calendar_ids
        )


_COUNTRIES = (
    (
        "GB",
        "UK Holidays",
        (
            ("2026-01-01", "New Year's Day"),
            ("2026-12-25", "Christmas Day"),
            ("2026-12-26", "Boxing Day"),
        ),
    ),
    (
        "DE",
        "German Holidays",
        (
            ("2026-01-01", "New Year's Day"),
            ("2026-05-01", "Labour Day"),
            ("2026-10-03", "German Unity Day"),
            ("2026-12-25", "Christmas Day"),
            ("2026-12-26", "Second Christmas Day"),
        ),
    ),
    (
        "US",
        "US Holidays",
        (
            ("2026-01-01", "New Year's Day"),
            ("2026-06-19", "Juneteenth"),
            ("2026-07-04", "Independence Day"),
            ("2026-11-11", "Veterans Day"),
            ("2026-12-25", "Christmas Day"),
        ),
    ),
)


def _business_hours() -> list[Json]:
    hours = {"fromTime": {"hour": 9, "minute": 0}, "toTime": {"hour": 17, "minute": 0}}
    return [
        {"weekDay": day, "isActive": day in _WORK_DAYS, "timeRanges": [hours]} for day in WEEK_DAYS
    ]


def _week(timings: list[Json]) -> list[tuple[int, ...]]:
    by_day = {timing["weekDay"]: timing for timing in timings}
    return [_hours(by_day.get(day)) for day in WEEK_DAYS]


def _share(week: list[tuple[int, ...]], at: datetime) -> float:
    hours = week[at.weekday()]
    return (hours.index(at.hour) + 1) / len(hours) if at.hour in hours else 0.0


def _hours(timing: Json | None) -> tuple[int, ...]:
    if timing is None or not timing["isActive"]:
        return ()
    return tuple(
        hour
        for hour in range(24)
        if any(_is_within(hour, entry) for entry in timing.get("timeRanges", ()))
    )


def _is_within(hour: int, entry: Json) -> bool:
    first = entry["fromTime"]["hour"] * 60 + entry["fromTime"]["minute"]
    last = entry["toTime"]["hour"] * 60 + entry["toTime"]["minute"]
    return bool(first <= hour * 60 < last)
