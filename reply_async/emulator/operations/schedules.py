"""Schedules: list, create, read, replace, delete, and their holiday calendars.

The contract has no 409 for deleting one, so the default schedule and one that a
sequence goes by are refused with the 403 of the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.operations.holiday_calendars import calendar_row
from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.problems import Fault, invalid, refusal

if TYPE_CHECKING:
    from reply_async.emulator.schedules import Schedule

Json = dict[str, Any]


@operation
def list_schedules(call: Call) -> list[Json]:
    """List the sending schedules."""
    return [schedule.shown() for schedule in call.state.schedules.values()]


@operation
def create_schedule(call: Call) -> Json:
    """Make a schedule; without timings it has the usual business hours."""
    _require_timings(call.body)
    _require_name(call, None)
    schedule = call.state.schedules.add(call.body)
    call.ledger.note("schedule_created")
    return schedule.shown()


@operation
def get_schedule(call: Call) -> Json:
    """Return one schedule."""
    return _schedule(call).shown()


@operation
def update_schedule(call: Call) -> Json:
    """Replace a schedule; sequences that go by it follow at once."""
    _require_timings(call.body)
    schedule = _schedule(call)
    _require_name(call, schedule)
    schedule.replace(call.body)
    call.ledger.note("schedule_updated")
    return schedule.shown()


@operation
def delete_schedule(call: Call) -> None:
    """Delete a schedule that is neither the default nor in use."""
    schedule = _schedule(call)
    if schedule.is_default:
        raise refusal(403, "schedule.forbidden", "The default schedule cannot be deleted.")
    if any(entry.schedule_id == schedule.id for entry in call.state.sequences.values()):
        detail = f"Scheduler with ID {schedule.id} is used by a sequence."
        raise refusal(403, "schedule.forbidden", detail)
    del call.state.schedules[schedule.id]
    call.ledger.note("schedule_deleted")


@operation
def set_default_schedule(call: Call) -> None:
    """Make a schedule the one of sequences that will name none."""
    schedule = _schedule(call)
    for entry in call.state.schedules.values():
        entry.is_default = entry is schedule
    call.ledger.note("schedule_set_default")


@operation
def list_schedule_holiday_calendars(call: Call) -> list[Json]:
    """List the holiday calendars of a schedule."""
    calendars = call.state.schedules.calendars
    return [calendar_row(calendars[key]) for key in _schedule(call).calendar_ids]


@operation
def link_schedule_holiday_calendar(call: Call) -> None:
    """Link a calendar; again is no harm. The contract knows one 404 code here."""
    schedule = _schedule(call)
    calendar_id = call.body["calendarId"]
    if calendar_id not in call.state.schedules.calendars:
        detail = f"Holiday calendar with ID {calendar_id} not found"
        raise refusal(404, "schedule.notFound", detail)
    if calendar_id not in schedule.calendar_ids:
        schedule.calendar_ids.append(calendar_id)
        call.ledger.note("holiday_calendar_linked")


@operation
def unlink_schedule_holiday_calendar(call: Call) -> None:
    """Unlink a calendar."""
    schedule = call.state.schedules.get(call.path["id"])
    calendar_id = call.path["calendarId"]
    if schedule is None or calendar_id not in schedule.calendar_ids:
        detail = f"Holiday calendar {calendar_id} is not linked to scheduler {call.path['id']}"
        raise refusal(404, "scheduleHolidayCalendarLink.linkNotFound", detail)
    schedule.calendar_ids.remove(calendar_id)
    call.ledger.note("holiday_calendar_unlinked")


def _schedule(call: Call) -> Schedule:
    schedule = call.state.schedules.get(call.path["id"])
    if schedule is None:
        detail = f"Scheduler with ID {call.path['id']} not found"
        raise refusal(404, "schedule.notFound", detail)
    return schedule


def _require_name(call: Call, own: Schedule | None) -> None:
    name = call.body["name"]
    for schedule in call.state.schedules.values():
        if schedule is not own and schedule.members["name"].casefold() == name.casefold():
            detail = f"Scheduler with name '{name}' already exists"
            raise refusal(409, "schedule.duplicateName", detail)


def _require_timings(body: Json) -> None:
    """Refuse a weekday given twice and a range that ends before it begins."""
    faults = []
    for member in ("mainTimings", "followUpTimings"):
        seen: set[str] = set()
        for position, timing in enumerate(body.get(member, ())):
            pointer = f"/{member}/{position}"
            if timing["weekDay"] in seen:
                faults.append(Fault(f"{pointer}/weekDay", "The week day is given twice."))
            seen.add(timing["weekDay"])
            faults += [
                Fault(f"{pointer}/timeRanges/{number}/toTime", "'toTime' must be after 'fromTime'.")
                for number, entry in enumerate(timing.get("timeRanges", ()))
                if _minutes(entry["fromTime"]) >= _minutes(entry["toTime"])
            ]
    if faults:
        raise invalid(*faults)


def _minutes(time: Json) -> float:
    minutes: float = time["hour"] * 60 + time["minute"]
    return minutes
