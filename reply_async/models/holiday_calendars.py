"""Holiday calendars: the days on which schedules do not send."""

from datetime import date

from attrs import field, frozen

from reply_async.models.tuples import as_tuple


@frozen(kw_only=True)
class Holiday:
    """Some days off, the last one included; ``id`` has 64 bits and is not sent."""

    start_date: date
    end_date: date
    name: str
    id: int | None = None  # the server fills it in


@frozen(kw_only=True)
class HolidayCalendarItem:
    """A calendar as lists have it; ``calendar_type`` is "predefined" or "custom".

    Only custom calendars can be changed. ``country_code`` is told of predefined ones.
    API page: holiday-calendars/list-holiday-calendars.
    """

    id: int
    name: str
    calendar_type: str | None = None
    country_code: str | None = None


@frozen(kw_only=True)
class HolidayCalendar(HolidayCalendarItem):
    """A calendar with its holidays.

    API page: holiday-calendars/get-a-holiday-calendar.
    """

    repeat_every_year: bool | None = None
    holidays: tuple[Holiday, ...] = field(default=(), converter=as_tuple)
