"""Schedules: the hours of a week in which sequences send."""

from collections.abc import Iterable
from enum import StrEnum

from attrs import field, frozen

from reply_async.models.tuples import as_tuple


class WeekDay(StrEnum):
    """A day of the week, in the server's spelling."""

    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


@frozen
class ScheduleTime:
    """A time of the day: ``hour`` 0 to 23, ``minute`` 0 to 59."""

    hour: int
    minute: int = 0


@frozen(kw_only=True)
class ScheduleTimeRange:
    """A part of a day."""

    from_time: ScheduleTime
    to_time: ScheduleTime


@frozen(kw_only=True)
class ScheduleTiming:
    """One day of the week and when to send on it."""

    week_day: WeekDay | str
    is_active: bool
    time_ranges: tuple[ScheduleTimeRange, ...] = field(default=(), converter=as_tuple)


def _as_timings(timings: Iterable[ScheduleTiming] | None) -> tuple[ScheduleTiming, ...] | None:
    return None if timings is None else as_tuple(timings)


@frozen(kw_only=True)
class ScheduleDraft:
    """A schedule as it is created or replaced.

    ``timezone_id`` is a Windows zone id such as "Eastern Standard Time"; the server
    refuses IANA names. None leaves the choice to the server, which only a create allows.
    API page: schedules/create-a-schedule.
    """

    name: str
    timezone_id: str
    exclude_holidays: bool | None = None
    use_prospect_timezone: bool | None = None
    use_follow_up_schedule: bool | None = None
    main_timings: tuple[ScheduleTiming, ...] | None = field(default=None, converter=_as_timings)
    follow_up_timings: tuple[ScheduleTiming, ...] | None = field(
        default=None, converter=_as_timings
    )

    def missing_on_replace(self) -> tuple[str, ...]:
        """Name the fields that a full replacement still needs."""
        return tuple(name for name in _OPTIONAL_ON_CREATE if getattr(self, name) is None)


_OPTIONAL_ON_CREATE = (
    "exclude_holidays",
    "use_prospect_timezone",
    "use_follow_up_schedule",
    "main_timings",
    "follow_up_timings",
)


@frozen(kw_only=True)
class Schedule:
    """A schedule; whatever is None was not told.

    API page: schedules/get-a-schedule.
    """

    id: int
    name: str
    timezone_id: str | None = None
    exclude_holidays: bool | None = None
    use_prospect_timezone: bool | None = None
    use_follow_up_schedule: bool | None = None
    main_timings: tuple[ScheduleTiming, ...] = field(default=(), converter=as_tuple)
    follow_up_timings: tuple[ScheduleTiming, ...] = field(default=(), converter=as_tuple)
    is_default: bool | None = None
    status: str | None = None

    def without_ids(self) -> ScheduleDraft:
        """Return the schedule as it would be created anew, or replaced."""
        return ScheduleDraft(
            name=self.name,
            timezone_id=self.timezone_id or "",
            exclude_holidays=self.exclude_holidays,
            use_prospect_timezone=self.use_prospect_timezone,
            use_follow_up_schedule=self.use_follow_up_schedule,
            main_timings=self.main_timings,
            follow_up_timings=self.follow_up_timings,
        )
