"""Holiday calendars: country ones to read, custom ones to make and change."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from reply_async.emulator.operations.registry import Answer, Call, operation
from reply_async.emulator.problems import Fault, invalid, refusal

if TYPE_CHECKING:
    from reply_async.emulator.schedules import HolidayCalendar

Json = dict[str, Any]

_FIRST_DAY = "0001-01-01"  # the format allows a year before, the calendar has none


@operation
def list_holiday_calendars(call: Call) -> list[Json]:
    """List the calendars without their holidays."""
    return [calendar_row(entry) for entry in call.state.schedules.calendars.values()]


@operation
def create_holiday_calendar(call: Call) -> Json:
    """Make a custom calendar."""
    _require_order(call.body)
    _require_name(call, None)
    calendar = call.state.schedules.add_calendar(
        call.body["name"], None, call.body.get("holidays", [])
    )
    calendar.repeats = call.body.get("repeatEveryYear", False)
    call.ledger.note("holiday_calendar_created")
    return _shown(calendar)


@operation
def get_holiday_calendar(call: Call) -> Json:
    """Return one calendar with its holidays."""
    return _shown(_calendar(call))


@operation
def update_holiday_calendar(call: Call) -> Json:
    """Replace a custom calendar with all its holidays, which get new ids."""
    _require_order(call.body)
    calendar = _custom_calendar(call)
    _require_name(call, calendar)
    calendar.name = call.body["name"]
    calendar.repeats = call.body.get("repeatEveryYear", False)
    calendar.holidays = call.state.schedules.numbered(call.body.get("holidays", []))
    call.ledger.note("holiday_calendar_updated")
    return _shown(calendar)


@operation
def delete_holiday_calendar(call: Call) -> None:
    """Delete a custom calendar and detach it from every schedule."""
    calendar = _custom_calendar(call)
    for schedule in call.state.schedules.values():
        if calendar.id in schedule.calendar_ids:
            schedule.calendar_ids.remove(calendar.id)
            call.ledger.note("holiday_calendar_unlinked")
    del call.state.schedules.calendars[calendar.id]
    call.ledger.note("holiday_calendar_deleted")


@operation
def export_holiday_calendar(call: Call) -> Answer:
    """Return the holidays as CSV; the columns are this emulator's choice."""
    calendar = _calendar(call)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["Name", "Start date", "End date"])
    for entry in calendar.holidays:
        writer.writerow([entry["name"], entry["startDate"], entry["endDate"]])
    return Answer(200, text.getvalue(), {"Content-Type": "text/csv; charset=utf-8"})


def calendar_row(calendar: HolidayCalendar) -> Json:
    """Return a calendar as lists show it."""
    return {
        "id": calendar.id,
        "name": calendar.name,
        "calendarType": calendar.calendar_type,
        "countryCode": calendar.country_code,
    }


def _shown(calendar: HolidayCalendar) -> Json:
    return {
        **calendar_row(calendar),
        "repeatEveryYear": calendar.repeats,
        "holidays": calendar.holidays,
    }


def _calendar(call: Call) -> HolidayCalendar:
    calendar = call.state.schedules.calendars.get(call.path["id"])
    if calendar is None:
        detail = f"Holiday calendar with ID {call.path['id']} not found"
        raise refusal(404, "holidayCalendar.notFound", detail)
    return calendar


def _custom_calendar(call: Call) -> HolidayCalendar:
    calendar = _calendar(call)
    if calendar.country_code is not None:
        detail = f"Holiday calendar '{calendar.name}' is predefined and read-only."
        raise refusal(403, "holidayCalendar.notCustomCalendar", detail)
    return calendar


def _require_name(call: Call, own: HolidayCalendar | None) -> None:
    name = call.body["name"]
    for calendar in call.state.schedules.calendars.values():
        if calendar is not own and calendar.name.casefold() == name.casefold():
            detail = f"Holiday calendar with name '{name}' already exists"
            raise refusal(409, "holidayCalendar.duplicateName", detail)


def _require_order(body: Json) -> None:
    faults = []
    for position, entry in enumerate(body.get("holidays", ())):
        pointer = f"/holidays/{position}"
        if entry["startDate"] < _FIRST_DAY:
            faults.append(Fault(f"{pointer}/startDate", "Value has an invalid format."))
        elif entry["endDate"] < entry["startDate"]:
            detail = "'endDate' must not be before 'startDate'."
            faults.append(Fault(f"{pointer}/endDate", detail))
    if faults:
        raise invalid(*faults)
