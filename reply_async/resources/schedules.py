"""Schedules: when sequences send, and the holiday calendars that hold them back.

Wraps the API pages filed under "Schedules". Names are unique in a team, so a lost
create is looked for by its name and its content.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from attrs import frozen

from reply_async.converter import decode, decode_list, encode
from reply_async.errors import InvalidUse
from reply_async.models.holiday_calendars import HolidayCalendarItem
from reply_async.models.schedules import Schedule, ScheduleDraft, ScheduleTiming, WeekDay
from reply_async.requests import (
    NotReached,
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
    checked_id,
    int32,
)
from reply_async.resources.arguments import checked_text, checked_word
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import agrees, judge_deleted, judge_replaced
from reply_async.resources.numbers import checked_number
from reply_async.transport.sender import Sender

_SCHEDULE = partial(decode, kind=Schedule)
_SCHEDULES = partial(decode_list, kind=Schedule)
_CALENDARS = partial(decode_list, kind=HolidayCalendarItem)
LAST_HOUR = 23
LAST_MINUTE = 59


@frozen
class Schedules:
    """The schedules of the acting user's team."""

    _sender: Sender

    async def list(self) -> tuple[Schedule, ...]:
        """Return all schedules.

        Costs: 1 request.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: schedules/list-schedules.
        """
        return await self._sender.send(_list(), _SCHEDULES)

    async def get(self, schedule_id: int) -> Schedule:
        """Return one schedule.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: schedules/get-a-schedule.
        """
        return await self._sender.send(_get(int32("schedule_id", schedule_id)), _SCHEDULE)

    async def create(self, draft: ScheduleDraft) -> Schedule:
        """Create a schedule and return it as the server has it.

        Costs: 1 request.
        Lost answer: looked for by its exact name, and its content compared; not found:
        OutcomeUnknown, never a second schedule.
        Raises: InvalidUse, ValidationFailed, Conflict (the name is taken), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: schedules/create-a-schedule.
        """
        body = _body(draft)
        request = Request(
            "POST",
            "/v3/schedules",
            safety=Safety.CREATE,
            body=to_json(body),
            read_back=ReadBack(
                request=_list(), decode=_SCHEDULES, judge=partial(_judge_created, body)
            ),
        )
        return await self._sender.send(request, _SCHEDULE)

    async def replace(self, schedule_id: int, draft: ScheduleDraft) -> Schedule:
        """Replace a schedule in full and return it as it now stands.

        Start from ``schedule.without_ids()`` and ``attrs.evolve`` what is to change:
        every field of the draft must be given.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict (the name is taken),
        Forbidden, RateLimitWait, OutcomeUnknown.
        API page: schedules/update-a-schedule.
        """
        path = int32("schedule_id", schedule_id)
        if missing := draft.missing_on_replace():
            raise InvalidUse("draft", f"lacks {', '.join(missing)}; a schedule is replaced whole")
        body = _body(draft)
        request = Request(
            "PUT",
            "/v3/schedules/{id}",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json(body),
            read_back=ReadBack(
                request=_get(path), decode=_SCHEDULE, judge=partial(judge_replaced, body)
            ),
        )
        return await self._sender.send(request, _SCHEDULE)

    async def delete(self, schedule_id: int) -> None:
        """Delete a schedule for good.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: schedules/delete-a-schedule.
        """
        path = int32("schedule_id", schedule_id)
        request = Request(
            "DELETE",
            "/v3/schedules/{id}",
            path={"id": path},
            safety=Safety.DELETE,
            read_back=ReadBack(request=_get(path), decode=_SCHEDULE, judge=judge_deleted),
        )
        await self._sender.send(request, None)

    async def set_default(self, schedule_id: int) -> None:
        """Make a schedule the one that new sequences get.

        Costs: 1 request. Lost answer: the schedule is read, then at most one repeat.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: schedules/set-default-schedule.
        """
        path = int32("schedule_id", schedule_id)
        request = Request(
            "POST",
            "/v3/schedules/{id}/set-default",
            path={"id": path},
            safety=Safety.STATE,
            read_back=ReadBack(request=_get(path), decode=_SCHEDULE, judge=_judge_default),
        )
        await self._sender.send(request, None)

    async def holiday_calendars(self, schedule_id: int) -> tuple[HolidayCalendarItem, ...]:
        """Return the holiday calendars that hold a schedule back.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: schedules/list-schedule-holiday-calendars.
        """
        return await self._sender.send(_calendars(int32("schedule_id", schedule_id)), _CALENDARS)

    async def link_holiday_calendar(self, schedule_id: int, calendar_id: int) -> None:
        """Let a holiday calendar hold a schedule back; once is enough.

        Costs: 1 request. Lost answer: sent again, which changes nothing more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: schedules/link-a-holiday-calendar.
        """
        request = Request(
            "POST",
            "/v3/schedules/{id}/holiday-calendar-links",
            path={"id": int32("schedule_id", schedule_id)},
            safety=Safety.UPSERT,
            body=to_json({"calendarId": checked_id("calendar_id", calendar_id)}),
        )
        await self._sender.send(request, None)

    async def unlink_holiday_calendar(self, schedule_id: int, calendar_id: int) -> None:
        """Take a holiday calendar off a schedule.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound (also where it was not linked), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: schedules/unlink-a-holiday-calendar.
        """
        path, calendar = int32("schedule_id", schedule_id), checked_id("calendar_id", calendar_id)
        request = Request(
            "DELETE",
            "/v3/schedules/{id}/holiday-calendar-links/{calendarId}",
            path={"id": path, "calendarId": str(calendar)},
            safety=Safety.DELETE,
            read_back=ReadBack(
                request=_calendars(path),
                decode=_CALENDARS,
                judge=partial(_judge_unlinked, calendar),
            ),
        )
        await self._sender.send(request, None)


def _list() -> Request:
    return Request("GET", "/v3/schedules", safety=Safety.READ)


def _get(path: str) -> Request:
    return Request("GET", "/v3/schedules/{id}", path={"id": path}, safety=Safety.READ)


def _calendars(path: str) -> Request:
    return Request(
        "GET", "/v3/schedules/{id}/holiday-calendars", path={"id": path}, safety=Safety.READ
    )


def _body(draft: ScheduleDraft) -> dict[str, Any]:
    checked_text("name", draft.name)
    if "/" in checked_text("timezone_id", draft.timezone_id):
        raise InvalidUse("timezone_id", "is an IANA name; the server wants a Windows zone id")
    for argument in ("main_timings", "follow_up_timings"):
        for n, timing in enumerate(getattr(draft, argument) or ()):
            _check_timing(f"{argument}[{n}]", timing)
    body: dict[str, Any] = encode(draft)
    return body


def _check_timing(argument: str, timing: ScheduleTiming) -> None:
    checked_word(f"{argument}.week_day", WeekDay, timing.week_day)
    for n, times in enumerate(timing.time_ranges):
        for name, time in (("from_time", times.from_time), ("to_time", times.to_time)):
            place = f"{argument}.time_ranges[{n}].{name}"
            checked_number(f"{place}.hour", time.hour, maximum=LAST_HOUR)
            checked_number(f"{place}.minute", time.minute, maximum=LAST_MINUTE)


def _judge_created(
    body: dict[str, Any], schedules: tuple[Schedule, ...] | None, _since: datetime
) -> Verdict:
    """No answer tells when a schedule was made: one with other content is an older one."""
    named = [each for each in schedules or () if each.name == body["name"]]
    if len(named) == 1 and agrees(body, encode(named[0])):
        return Reached(named[0])
    return Undecided(tuple(each.id for each in named))


def _judge_default(schedule: Schedule | None, _since: datetime) -> Verdict:
    if schedule is None:
        return Undecided()
    return Reached(None) if schedule.is_default else NotReached()


def _judge_unlinked(
    calendar: int, calendars: tuple[HolidayCalendarItem, ...] | None, _since: datetime
) -> Verdict:
    if calendars is None:
        return Undecided()
    is_linked = any(each.id == calendar for each in calendars)
    return NotReached() if is_linked else Reached(None)
