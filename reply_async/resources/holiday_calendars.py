"""Holiday calendars: days on which schedules hold sequences back.

Wraps the API pages filed under "Holiday calendars". Only custom calendars can be
changed. Names are unique, so a lost create is looked for by its name and its content.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import partial
from typing import Any

from attrs import frozen

from reply_async.converter import decode, decode_list, encode
from reply_async.errors import InvalidUse, OutcomeUnknown, ReplyError
from reply_async.models.holiday_calendars import Holiday, HolidayCalendar, HolidayCalendarItem
from reply_async.requests import (
    AnswerKind,
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
    int32,
)
from reply_async.resources.arguments import checked_text
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import agrees, judge_deleted, judge_replaced
from reply_async.transport.sender import Sender

_CALENDAR = partial(decode, kind=HolidayCalendar)
_CALENDARS = partial(decode_list, kind=HolidayCalendarItem)


@frozen
class HolidayCalendars:
    """The holiday calendars of the acting user's team."""

    _sender: Sender

    async def list(self) -> tuple[HolidayCalendarItem, ...]:
        """Return all calendars, predefined and custom ones, without their days.

        Costs: 1 request.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: holiday-calendars/list-holiday-calendars.
        """
        return await self._sender.send(_list(), _CALENDARS)

    async def get(self, calendar_id: int) -> HolidayCalendar:
        """Return one calendar with its days.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: holiday-calendars/get-a-holiday-calendar.
        """
        return await self._sender.send(_get(int32("calendar_id", calendar_id)), _CALENDAR)

    async def create(
        self, name: str, *, holidays: Iterable[Holiday] = (), repeat_every_year: bool = False
    ) -> HolidayCalendar:
        """Create a custom calendar and return it as the server has it.

        Costs: 1 request.
        Lost answer: looked for by its exact name, and its days compared; not found, or
        other days: OutcomeUnknown, never a second calendar.
        Raises: InvalidUse, ValidationFailed, Conflict (the name is taken), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: holiday-calendars/create-a-holiday-calendar.
        """
        body = _body(name, holidays, repeat_every_year)
        request = Request(
            "POST",
            "/v3/holiday-calendars",
            safety=Safety.CREATE,
            body=to_json(body),
            read_back=ReadBack(
                request=_list(), decode=_CALENDARS, judge=partial(_judge_created, name)
            ),
        )
        made: HolidayCalendarItem = await self._sender.send(request, _CALENDAR)
        if isinstance(made, HolidayCalendar):
            return made
        return await self._adopt(made.id, body, request)

    async def _adopt(
        self, calendar_id: int, body: dict[str, Any], request: Request
    ) -> HolidayCalendar:
        """Read a calendar that has the right name; with other days it is an older one."""
        try:
            found = await self.get(calendar_id)
        except ReplyError as error:
            error.add_note(f"holiday calendar {calendar_id} has the name of the lost one")
            raise
        if not agrees(body, encode(found)):
            raise OutcomeUnknown(request, "a namesake has other days", (calendar_id,))
        return found

    async def replace(
        self,
        calendar_id: int,
        *,
        name: str,
        holidays: Iterable[Holiday],
        repeat_every_year: bool,
    ) -> HolidayCalendar:
        """Replace a custom calendar in full, its days too, and return it.

        The ids of ``holidays`` are not sent: the days are made anew.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict (the name is taken),
        Forbidden (also for predefined calendars), RateLimitWait, OutcomeUnknown.
        API page: holiday-calendars/update-a-holiday-calendar.
        """
        path, body = int32("calendar_id", calendar_id), _body(name, holidays, repeat_every_year)
        request = Request(
            "PUT",
            "/v3/holiday-calendars/{id}",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json(body),
            read_back=ReadBack(
                request=_get(path), decode=_CALENDAR, judge=partial(judge_replaced, body)
            ),
        )
        return await self._sender.send(request, _CALENDAR)

    async def delete(self, calendar_id: int) -> None:
        """Delete a custom calendar and take it off every schedule that used it.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Forbidden (also for predefined calendars),
        RateLimitWait, OutcomeUnknown.
        API page: holiday-calendars/delete-a-holiday-calendar.
        """
        path = int32("calendar_id", calendar_id)
        request = Request(
            "DELETE",
            "/v3/holiday-calendars/{id}",
            path={"id": path},
            safety=Safety.DELETE,
            read_back=ReadBack(request=_get(path), decode=_CALENDAR, judge=judge_deleted),
        )
        await self._sender.send(request, None)

    async def export_csv(self, calendar_id: int) -> str:
        """Return a calendar as CSV text, its dates as yyyy-MM-dd. Beta in the API.

        Which columns there are is not published.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: holiday-calendars/export-a-holiday-calendar.
        """
        request = Request(
            "GET",
            "/v3/holiday-calendars/{id}/export-csv",
            path={"id": int32("calendar_id", calendar_id)},
            safety=Safety.READ,
            answer_kind=AnswerKind.CSV,
        )
        return await self._sender.send(request, partial(decode, kind=str))


def _list() -> Request:
    return Request("GET", "/v3/holiday-calendars", safety=Safety.READ)


def _get(path: str) -> Request:
    return Request("GET", "/v3/holiday-calendars/{id}", path={"id": path}, safety=Safety.READ)


def _body(name: str, holidays: Iterable[Holiday], repeat_every_year: bool) -> dict[str, Any]:
    return {
        "name": checked_text("name", name),
        "repeatEveryYear": repeat_every_year,
        "holidays": [_day(f"holidays[{n}]", holiday) for n, holiday in enumerate(holidays)],
    }


def _day(argument: str, holiday: Holiday) -> dict[str, str]:
    for name in ("start_date", "end_date"):
        day = getattr(holiday, name)
        if not isinstance(day, date) or isinstance(day, datetime):
            raise InvalidUse(f"{argument}.{name}", f"is no date but {type(day).__name__}")
    if holiday.end_date < holiday.start_date:
        raise InvalidUse(f"{argument}.end_date", "is before start_date")
    return {
        "startDate": holiday.start_date.isoformat(),
        "endDate": holiday.end_date.isoformat(),
        "name": checked_text(f"{argument}.name", holiday.name),
    }


def _judge_created(
    name: str, calendars: tuple[HolidayCalendarItem, ...] | None, _since: datetime
) -> Verdict:
    named = [each for each in calendars or () if each.name == name]
    return Reached(named[0]) if len(named) == 1 else Undecided(tuple(each.id for each in named))
