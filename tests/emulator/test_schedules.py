from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from emulator.client import Json, email

from reply_async.emulator.zones import PLACES, zone

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

DAY = 86_400
SCHEDULES = "/v3/schedules"
CALENDARS = "/v3/holiday-calendars"


def timing(day: str, first: int, last: int) -> Json:
    """Return the hours of a weekday."""
    hours = {"fromTime": {"hour": first, "minute": 0}, "toTime": {"hour": last, "minute": 0}}
    return {"weekDay": day, "isActive": True, "timeRanges": [hours]}


def schedule(name: str = "Mornings", **members: Json) -> Json:
    """Return a schedule as it is sent: Monday from 9 to 11."""
    body = {"name": name, "timezoneId": "UTC", "mainTimings": [timing("Monday", 9, 11)]}
    return {**body, **members}


async def sent(api: Api, sequence_id: int) -> int:
    """Return how many e-mails a sequence has sent."""
    filters = {"filters": {"dateRangePreset": "allTime"}}
    stats = await api.ok("POST", f"/v3/sequences/{sequence_id}/stats", filters)
    number: int = stats["emailOverview"]["contacted"]
    return number


async def start(api: Api, number: int, *steps: Json, **members: Json) -> int:
    """Start a sequence with people in it and return its id."""
    made = await api.sequence(*steps, **members)
    await api.enrol(made["id"], await api.contacts(number))
    await api.ok("POST", f"/v3/sequences/{made['id']}/start")
    sequence_id: int = made["id"]
    return sequence_id


async def refused(api: Api, method: str, path: str, body: Json = None) -> tuple[int, str]:
    """Return status and code of a refusal."""
    status, problem = await api(method, path, body)
    return status, problem["code"]


async def test_schedule_is_created_read_and_replaced(api: Api, emulator: Emulator) -> None:
    """Replacing sets what is left out back to its default."""
    made = await api.ok("POST", SCHEDULES, schedule(excludeHolidays=True))
    path = f"{SCHEDULES}/{made['id']}"
    assert (made, False, True) == (
        await api.ok("GET", path),
        made["isDefault"],
        made["excludeHolidays"],
    )
    assert [made] == (await api.ok("GET", SCHEDULES))[1:]
    body = {"name": "Usual", "timezoneId": "Eastern Standard Time"}
    replaced = await api.ok("PUT", path, body)
    usual = await api.ok("GET", f"{SCHEDULES}/1")
    assert {**usual, **body, "id": made["id"], "isDefault": False} == replaced
    assert {"schedule_created": 1, "schedule_updated": 1} == dict(emulator.ledger.counts)


async def test_names_of_schedules_are_unique(api: Api) -> None:
    """For creating and replacing; a schedule may keep its own."""
    made = await api.ok("POST", SCHEDULES, schedule())
    status, problem = await api("POST", SCHEDULES, schedule("MORNINGS"))
    assert (409, "schedule.duplicateName", "Scheduler with name 'MORNINGS' already exists") == (
        status,
        problem["code"],
        problem["detail"],
    )
    path = f"{SCHEDULES}/{made['id']}"
    taken = await refused(api, "PUT", path, schedule("Working week"))
    assert (409, "schedule.duplicateName") == taken
    await api.ok("PUT", path, schedule("Mornings"))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"timezoneId": "America/New_York"}, "/timezoneId"),
        ({"timezoneId": "EST"}, "/timezoneId"),
        ({"mainTimings": [timing("Someday", 9, 10)]}, "/mainTimings/0/weekDay"),
        ({"mainTimings": [timing("Monday", 9, 24)]}, "/mainTimings/0/timeRanges/0/toTime/hour"),
        ({"mainTimings": [timing("Monday", 9, 9)]}, "/mainTimings/0/timeRanges/0/toTime"),
        ({"followUpTimings": [timing("Monday", 9, 10)] * 2}, "/followUpTimings/1/weekDay"),
    ],
)
async def test_faults_of_a_schedule(api: Api, change: Json, pointer: str) -> None:
    """Found before the schedule is looked up, the same for both calls."""
    for method, path in (("POST", SCHEDULES), ("PUT", f"{SCHEDULES}/99")):
        status, problem = await api(method, path, schedule(**change))
        assert (400, [pointer]) == (status, [entry["pointer"] for entry in problem["errors"]])


async def test_default_and_used_schedules_stay(api: Api) -> None:
    """A new default is taken by new sequences; the old one can go when nobody uses it."""
    assert (403, "schedule.forbidden") == await refused(api, "DELETE", f"{SCHEDULES}/1")
    old = await api.sequence()
    made = await api.ok("POST", SCHEDULES, schedule())
    path = f"{SCHEDULES}/{made['id']}"
    assert (204, None) == await api("POST", f"{path}/set-default")
    listed = await api.ok("GET", SCHEDULES)
    assert [made["id"]] == [entry["id"] for entry in listed if entry["isDefault"]]
    assert made["id"] == (await api.sequence())["scheduleId"]
    assert (403, "schedule.forbidden") == await refused(api, "DELETE", f"{SCHEDULES}/1")
    await api.ok("PATCH", f"/v3/sequences/{old['id']}", {"scheduleId": made["id"]})
    assert (204, None) == await api("DELETE", f"{SCHEDULES}/1")
    assert (404, "schedule.notFound") == await refused(api, "DELETE", f"{SCHEDULES}/1")


async def test_sequence_goes_by_a_schedule_that_exists(api: Api) -> None:
    """Creating and updating refuse any other."""
    made = await api.sequence()
    steps = [{"type": "call", "delayInMinutes": 0}]
    body = {"name": "A", "steps": steps, "scheduleId": 9}
    for method, path in (("POST", "/v3/sequences"), ("PATCH", f"/v3/sequences/{made['id']}")):
        sent_body = body if method == "POST" else {"scheduleId": 9}
        answer = await refused(api, method, path, sent_body)
        assert (404, "sequence.scheduleNotFound") == answer


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "", schedule()),
        ("DELETE", "", None),
        ("POST", "/set-default", None),
        ("GET", "/holiday-calendars", None),
        ("POST", "/holiday-calendar-links", {"calendarId": 3}),
    ],
)
async def test_missing_schedule(api: Api, method: str, path: str, body: Json) -> None:
    """The same code everywhere."""
    answer = await refused(api, method, f"{SCHEDULES}/9{path}", body)
    assert (404, "schedule.notFound") == answer


async def test_outreach_follows_a_changed_schedule(api: Api, emulator: Emulator) -> None:
    """The hours that count are those of the moment."""
    made = await api.ok("POST", SCHEDULES, schedule())
    sequence_id = await start(api, 900, scheduleId=made["id"])
    emulator.advance(3 * DAY)
    assert 200 == await sent(api, sequence_id)
    body = schedule(mainTimings=[timing("Friday", 9, 17)])
    await api.ok("PUT", f"{SCHEDULES}/{made['id']}", body)
    emulator.advance(DAY)
    assert 200 == await sent(api, sequence_id)
    emulator.advance(DAY)
    assert 400 == await sent(api, sequence_id)


@pytest.mark.parametrize(
    ("uses_own", "by_day"), [(False, [3, 6, 6]), (True, [3, 3, 6])], ids=["main", "own"]
)
async def test_follow_ups_have_hours_of_their_own(
    api: Api, emulator: Emulator, uses_own: bool, by_day: list[int]
) -> None:
    """If the schedule says so, the second message waits for Wednesday."""
    timings: Json = {
        "mainTimings": [timing("Monday", 9, 17), timing("Tuesday", 9, 17)],
        "followUpTimings": [timing("Wednesday", 18, 20)],
    }
    body = schedule(**timings, useFollowUpSchedule=uses_own)
    made = await api.ok("POST", SCHEDULES, body)
    steps = email(), email(None, delay=480)
    sequence_id = await start(api, 3, *steps, scheduleId=made["id"])
    sums = []
    for _ in range(3):
        emulator.advance(DAY)
        sums.append(await sent(api, sequence_id))
    assert by_day == sums


@pytest.mark.parametrize(("excludes", "days"), [(True, 3), (False, 5)])
async def test_outreach_rests_on_holidays(
    api: Api, emulator: Emulator, excludes: bool, days: int
) -> None:
    """Two days of the first week are holidays, if the schedule heeds them."""
    holidays = [{"startDate": "2019-01-12", "endDate": "2019-01-13", "name": "Retreat"}]
    calendar = {"name": "Company", "repeatEveryYear": True, "holidays": holidays}
    calendar_id = (await api.ok("POST", CALENDARS, calendar))["id"]
    usual = {"name": "Usual", "timezoneId": "UTC", "excludeHolidays": excludes}
    made = await api.ok("POST", SCHEDULES, usual)
    path = f"{SCHEDULES}/{made['id']}/holiday-calendar-links"
    await api.ok("POST", path, {"calendarId": calendar_id})
    sequence_id = await start(api, 2000, scheduleId=made["id"])
    emulator.advance(7 * DAY)
    assert days * 200 == await sent(api, sequence_id)


@pytest.mark.parametrize(
    ("first", "last", "repeats", "rests"),
    [
        ("2027-01-12", "2027-01-12", False, True),
        ("2026-01-12", "2026-01-12", False, False),
        ("2026-01-12", "2026-01-12", True, True),
        ("2025-12-24", "2026-01-12", True, True),
        ("2025-12-24", "2026-01-11", True, False),
        ("2024-01-01", "2025-01-01", True, True),
        ("2024-02-29", "2024-02-29", True, False),
    ],
)
async def test_days_of_a_holiday(
    api: Api, emulator: Emulator, first: str, last: str, repeats: bool, rests: bool
) -> None:
    """2027-01-12 is a holiday of its year, of every year, across the new year."""
    holidays = [{"startDate": first, "endDate": last, "name": "Rest"}]
    body = {"name": "Company", "repeatEveryYear": repeats, "holidays": holidays}
    calendar_id = (await api.ok("POST", CALENDARS, body))["id"]
    tuesdays: Json = {"mainTimings": [timing("Tuesday", 9, 17)], "excludeHolidays": True}
    made = await api.ok("POST", SCHEDULES, schedule(**tuesdays))
    path = f"{SCHEDULES}/{made['id']}/holiday-calendar-links"
    await api.ok("POST", path, {"calendarId": calendar_id})
    sequence_id = await start(api, 3, scheduleId=made["id"])
    emulator.advance(3 * DAY)
    assert (0 if rests else 3) == await sent(api, sequence_id)


async def test_calendars_are_linked_and_unlinked(api: Api) -> None:
    """Linking again is no harm; unlinking what is not linked is a 404."""
    links = f"{SCHEDULES}/1/holiday-calendar-links"
    for _ in range(2):
        assert (204, None) == await api("POST", links, {"calendarId": 3})
    linked = f"{SCHEDULES}/1/holiday-calendars"
    us_holidays = {
        "id": 3,
        "name": "US Holidays",
        "calendarType": "predefined",
        "countryCode": "US",
    }
    assert [us_holidays] == await api.ok("GET", linked)
    assert (404, "schedule.notFound") == await refused(api, "POST", links, {"calendarId": 9})
    assert (204, None) == await api("DELETE", f"{links}/3")
    assert [] == await api.ok("GET", linked)
    for path in (f"{links}/3", f"{SCHEDULES}/9/holiday-calendar-links/3"):
        answer = await refused(api, "DELETE", path)
        assert (404, "scheduleHolidayCalendarLink.linkNotFound") == answer


async def test_custom_calendar_from_its_making_to_its_end(api: Api) -> None:
    """Replacing exchanges all holidays; deleting detaches it from every schedule."""
    day = {"startDate": "2026-12-25", "endDate": "2026-12-26", "name": "Christmas"}
    made = await api.ok("POST", CALENDARS, {"name": "Company", "holidays": [day]})
    path = f"{CALENDARS}/{made['id']}"
    assert made == await api.ok("GET", path)
    assert ("custom", None, False) == (
        made["calendarType"],
        made["countryCode"],
        made["repeatEveryYear"],
    )
    body = {"name": "Company 2", "repeatEveryYear": True, "holidays": [day, day]}
    replaced = await api.ok("PUT", path, body)
    assert (True, 2) == (replaced["repeatEveryYear"], len(replaced["holidays"]))
    ids = {entry.pop("id") for entry in [*made["holidays"], *replaced["holidays"]]}
    assert 3 == len(ids)
    assert [day, day] == replaced["holidays"]
    await api.ok("POST", f"{SCHEDULES}/1/holiday-calendar-links", {"calendarId": made["id"]})
    assert (204, None) == await api("DELETE", path)
    assert [] == await api.ok("GET", f"{SCHEDULES}/1/holiday-calendars")
    for method in ("GET", "PUT", "DELETE"):
        answer = await refused(api, method, path, body if method == "PUT" else None)
        assert (404, "holidayCalendar.notFound") == answer
    assert (404, "holidayCalendar.notFound") == await refused(api, "GET", f"{path}/export-csv")


async def test_country_calendars_are_read_only(api: Api) -> None:
    """A fresh account has some, with holidays that repeat."""
    rows = await api.ok("GET", CALENDARS)
    assert ["GB", "DE", "US"] == [row["countryCode"] for row in rows]
    full = await api.ok("GET", f"{CALENDARS}/3")
    assert full["repeatEveryYear"]
    assert "Independence Day" in [entry["name"] for entry in full["holidays"]]
    for method, body in (("PUT", {"name": "Mine"}), ("DELETE", None)):
        answer = await refused(api, method, f"{CALENDARS}/3", body)
        assert (403, "holidayCalendar.notCustomCalendar") == answer


async def test_faults_of_a_calendar(api: Api) -> None:
    """A taken name is a conflict; holidays must not end before they begin."""
    answer = await refused(api, "POST", CALENDARS, {"name": "us holidays"})
    assert (409, "holidayCalendar.duplicateName") == answer
    backward = {"startDate": "2026-12-26", "endDate": "2026-12-25", "name": "A"}
    good = {**backward, "endDate": "2026-12-26"}
    _, problem = await api("POST", CALENDARS, {"name": "A", "holidays": [good, backward]})
    assert ["/holidays/1/endDate"] == [entry["pointer"] for entry in problem["errors"]]
    no_date = {**good, "startDate": "26.12.2026"}
    _, problem = await api("POST", CALENDARS, {"name": "A", "holidays": [no_date]})
    assert ["/holidays/0/startDate"] == [entry["pointer"] for entry in problem["errors"]]
    no_year = {**good, "startDate": "0000-01-01"}
    _, problem = await api("POST", CALENDARS, {"name": "A", "holidays": [no_year]})
    assert ["/holidays/0/startDate"] == [entry["pointer"] for entry in problem["errors"]]


async def test_calendar_as_csv(api: Api) -> None:
    """One line per holiday, text quoted where it must be."""
    holidays = [{"startDate": "2026-12-25", "endDate": "2026-12-26", "name": 'Rest, "long"'}]
    made = await api.ok("POST", CALENDARS, {"name": "Company", "holidays": holidays})
    status, text = await api("GET", f"{CALENDARS}/{made['id']}/export-csv")
    lines = ["Name,Start date,End date", '"Rest, ""long""",2026-12-25,2026-12-26', ""]
    assert (200, "\r\n".join(lines)) == (status, text)
    assert "text/csv; charset=utf-8" == api.headers["Content-Type"]


@pytest.mark.parametrize(
    ("zone_id", "first_hour"),
    [
        ("UTC", 9),
        ("UTC+03", 6),
        ("Eastern Standard Time", 14),
        ("W. Europe Standard Time", 8),
        ("Nowhere Standard Time", 9),
    ],
)
async def test_hours_are_those_of_the_zone(
    api: Api, emulator: Emulator, zone_id: str, first_hour: int
) -> None:
    """Nine o'clock is nine o'clock there; what is no zone is read as UTC."""
    made = await api.ok("POST", SCHEDULES, {"name": "There", "timezoneId": zone_id})
    sequence_id = await start(api, 500, scheduleId=made["id"])
    emulator.advance(7 * DAY)
    hours = {int(entry.at) % DAY // 3600 for entry in emulator.ledger.messages.select()}
    assert set(range(first_hour, first_hour + 8)) == hours
    assert 500 == await sent(api, sequence_id)


async def test_a_working_day_over_midnight_is_one_day(api: Api, emulator: Emulator) -> None:
    """In California it lasts until one o'clock UTC, and the daily limit as long."""
    zone = {"name": "West", "timezoneId": "Pacific Standard Time"}
    made = await api.ok("POST", SCHEDULES, zone)
    sequence_id = await start(api, 2000, scheduleId=made["id"])
    by_day = []
    for _ in range(7):
        emulator.advance(DAY)
        by_day.append(await sent(api, sequence_id))
    assert [200, 400, 600, 800, 1000, 1000, 1000] == by_day


def test_clocks_change_in_zones_that_do() -> None:
    """Berlin is two hours ahead in summer; every zone of the table is there."""
    summer, winter = datetime(2027, 7, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    hours = [moment.astimezone(zone("W. Europe Standard Time")).hour for moment in (summer, winter)]
    assert [2, 1] == hours
    assert "-11:00" == winter.astimezone(zone("UTC-11")).isoformat()[-6:]
    names = [name for name, place in PLACES.items() if str(zone(f"{name} Standard Time")) != place]
    assert [] == names
