"""Schedules, holidays, e-mail templates and their folders: what each method sends and reads."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from attrs import evolve
from models.samples import CONTRACT, load
from resources.exchange import Call, Told, assert_fits, exchange, operations_of, safety_of

from reply_async.converter import decode
from reply_async.errors import Conflict, InvalidUse
from reply_async.models.email_templates import EmailTemplate, EmailTemplateFolderType
from reply_async.models.holiday_calendars import Holiday
from reply_async.models.schedules import (
    Schedule,
    ScheduleDraft,
    ScheduleTime,
    ScheduleTimeRange,
    ScheduleTiming,
    WeekDay,
)
from reply_async.resources.email_template_folders import EmailTemplateFolders
from reply_async.resources.email_templates import EmailTemplates
from reply_async.resources.holiday_calendars import HolidayCalendars
from reply_async.resources.schedules import Schedules

GROUPS = ("Schedules", "Holiday Calendars", "Email Templates")
# A CSV and an upload are tested over a socket.
ELSEWHERE = {"export_holiday_calendar", "upload_email_template_attachment"}
NO_BODY = (204, None)
NO_ID: Any = "x"
PAGE = "skip=0&top=1000"  # the mock sorts the query
PERSONAL, TEAM = EmailTemplateFolderType.PERSONAL, EmailTemplateFolderType.TEAM

SCHEDULE = load("schedules/list_200")[0]
MONDAY = ScheduleTiming(
    week_day=WeekDay.MONDAY,
    is_active=True,
    time_ranges=[ScheduleTimeRange(from_time=ScheduleTime(9), to_time=ScheduleTime(17))],
)
DRAFT = ScheduleDraft(
    name="Business hours", timezone_id="Eastern Standard Time", main_timings=[MONDAY]
)
DRAFT_SENT = {name: SCHEDULE[name] for name in ("name", "timezoneId", "mainTimings")}
READ_ONLY = {"id", "isDefault", "status"}
CALENDAR = load("holiday_calendars/get_200")
CHRISTMAS = Holiday(
    id=100, start_date=date(2026, 12, 25), end_date=date(2026, 12, 26), name="Christmas"
)
CHRISTMAS_SENT = {"startDate": "2026-12-25", "endDate": "2026-12-26", "name": "Christmas"}
TEMPLATE = load("email_templates/get_200")
FOLDER = {"id": 5, "name": "Marketing", "folderType": "personal", "isDefault": False}


def ok(payload: Any) -> Told:
    """Answer with a 200."""
    return 200, payload


Shape = tuple[Call, Told, str, Any]
SHAPES: dict[str, Shape] = {
    "list_schedules": (
        lambda s: Schedules(s).list(),
        ok([SCHEDULE]),
        "GET /v3/schedules",
        None,
    ),
    "create_schedule": (
        lambda s: Schedules(s).create(DRAFT),
        (201, SCHEDULE),
        "POST /v3/schedules",
        DRAFT_SENT,
    ),
    "get_schedule": (
        lambda s: Schedules(s).get(1),
        ok(SCHEDULE),
        "GET /v3/schedules/1",
        None,
    ),
    "update_schedule": (
        lambda s: Schedules(s).replace(1, decode(SCHEDULE, Schedule).without_ids()),
        ok(SCHEDULE),
        "PUT /v3/schedules/1",
        {name: value for name, value in SCHEDULE.items() if name not in READ_ONLY},
    ),
    "delete_schedule": (
        lambda s: Schedules(s).delete(1),
        NO_BODY,
        "DELETE /v3/schedules/1",
        None,
    ),
    "set_default_schedule": (
        lambda s: Schedules(s).set_default(1),
        NO_BODY,
        "POST /v3/schedules/1/set-default",
        None,
    ),
    "list_schedule_holiday_calendars": (
        lambda s: Schedules(s).holiday_calendars(1),
        ok(load("holiday_calendars/list_200")),
        "GET /v3/schedules/1/holiday-calendars",
        None,
    ),
    "link_schedule_holiday_calendar": (
        lambda s: Schedules(s).link_holiday_calendar(1, 3),
        NO_BODY,
        "POST /v3/schedules/1/holiday-calendar-links",
        {"calendarId": 3},
    ),
    "unlink_schedule_holiday_calendar": (
        lambda s: Schedules(s).unlink_holiday_calendar(1, 3),
        NO_BODY,
        "DELETE /v3/schedules/1/holiday-calendar-links/3",
        None,
    ),
    "list_holiday_calendars": (
        lambda s: HolidayCalendars(s).list(),
        ok(load("holiday_calendars/list_200")),
        "GET /v3/holiday-calendars",
        None,
    ),
    "create_holiday_calendar": (
        lambda s: HolidayCalendars(s).create("Company", holidays=[CHRISTMAS]),
        (201, CALENDAR),
        "POST /v3/holiday-calendars",
        {"name": "Company", "repeatEveryYear": False, "holidays": [CHRISTMAS_SENT]},
    ),
    "get_holiday_calendar": (
        lambda s: HolidayCalendars(s).get(3),
        ok(CALENDAR),
        "GET /v3/holiday-calendars/3",
        None,
    ),
    "update_holiday_calendar": (
        lambda s: HolidayCalendars(s).replace(
            3, name="Company", holidays=[], repeat_every_year=True
        ),
        ok(CALENDAR),
        "PUT /v3/holiday-calendars/3",
        {"name": "Company", "repeatEveryYear": True, "holidays": []},
    ),
    "delete_holiday_calendar": (
        lambda s: HolidayCalendars(s).delete(3),
        NO_BODY,
        "DELETE /v3/holiday-calendars/3",
        None,
    ),
    "list_email_templates": (
        lambda s: EmailTemplates(s).list(
            name="Foll", folder_id=5, folder_type=EmailTemplateFolderType.SHARED, is_default=False
        ),
        ok(load("email_templates/page_200")),
        f"GET /v3/email-templates?folder_id=5&folder_type=shared&is_default=false&name=Foll&{PAGE}",
        None,
    ),
    "create_email_template": (
        lambda s: EmailTemplates(s).create(
            "Hi", body="<p>Hi</p>", folder_type=TEAM, folder_id=5, attachment_ids=[42]
        ),
        (201, TEMPLATE),
        "POST /v3/email-templates",
        {
            "name": "Hi",
            "body": "<p>Hi</p>",
            "folderType": "team",
            "folderId": 5,
            "attachmentIds": [42],
        },
    ),
    "get_email_template": (
        lambda s: EmailTemplates(s).get(101),
        ok(TEMPLATE),
        "GET /v3/email-templates/101",
        None,
    ),
    "update_email_template": (
        lambda s: EmailTemplates(s).replace(
            101, name="Hi", subject=None, body="", attachment_ids=()
        ),
        ok(TEMPLATE),
        "PUT /v3/email-templates/101",
        {"name": "Hi", "subject": None, "body": "", "attachmentIds": []},
    ),
    "delete_email_template": (
        lambda s: EmailTemplates(s).delete(101),
        NO_BODY,
        "DELETE /v3/email-templates/101",
        None,
    ),
    "clone_email_template": (
        lambda s: EmailTemplates(s).clone(101),
        (201, TEMPLATE),
        "POST /v3/email-templates/101/clone",
        None,
    ),
    "move_email_template": (
        lambda s: EmailTemplates(s).move(101, folder_id=10, folder_type=TEAM),
        ok(TEMPLATE),
        "POST /v3/email-templates/101/move",
        {"folderId": 10, "folderType": "team"},
    ),
    "render_email_template": (
        lambda s: EmailTemplates(s).render(
            101, contact_id=500, sequence_id=12, email_account_id=2**40
        ),
        ok(load("email_templates/render_200_unresolved")),
        "POST /v3/email-templates/101/render",
        {"contactId": 500, "sequenceId": 12, "emailAccountId": 2**40},
    ),
    "send_test_email_template": (
        lambda s: EmailTemplates(s).send_test(
            101, email="test@example.com", email_account_id=2**40
        ),
        ok(None),
        "POST /v3/email-templates/101/send-test",
        {"email": "test@example.com", "emailAccountId": 2**40},
    ),
    "list_email_template_variables": (
        lambda s: EmailTemplates(s).variables(),
        ok({"prospect": {"general": [{"key": "{{firstName}}"}]}, "team": {}, "advanced": {}}),
        "GET /v3/email-templates/variables",
        None,
    ),
    "list_email_template_folders": (
        lambda s: EmailTemplateFolders(s).list(),
        ok([FOLDER]),
        "GET /v3/email-template-folders",
        None,
    ),
    "create_email_template_folder": (
        lambda s: EmailTemplateFolders(s).create("Sales", folder_type=PERSONAL),
        (201, FOLDER),
        "POST /v3/email-template-folders",
        {"name": "Sales", "folderType": "personal"},
    ),
    "get_email_template_folder": (
        lambda s: EmailTemplateFolders(s).get(5, folder_type=EmailTemplateFolderType.COMMUNITY),
        ok(FOLDER),
        "GET /v3/email-template-folders/5?folder_type=community",
        None,
    ),
    "update_email_template_folder": (
        lambda s: EmailTemplateFolders(s).rename(5, "Sales", folder_type=TEAM),
        ok(FOLDER),
        "PUT /v3/email-template-folders/5?folder_type=team",
        {"name": "Sales"},
    ),
    "delete_email_template_folder": (
        lambda s: EmailTemplateFolders(s).delete(5, folder_type=PERSONAL),
        NO_BODY,
        "DELETE /v3/email-template-folders/5?folder_type=personal",
        None,
    ),
    "share_email_template_folder": (
        lambda s: EmailTemplateFolders(s).share(5),
        ok(FOLDER | {"folderType": "team"}),
        "POST /v3/email-template-folders/5/share",
        None,
    ),
}


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not shipped here")
def test_every_operation_has_a_shape() -> None:
    """The table is complete, so that no method goes untested."""
    assert operations_of(*GROUPS) - ELSEWHERE == SHAPES.keys()


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not shipped here")
@pytest.mark.parametrize("operation", SHAPES)
async def test_request_has_its_shape(operation: str) -> None:
    """One request, which the contract takes, of the contract's class."""
    call, answer, line, body = SHAPES[operation]
    seen = await exchange(call, answer)
    assert ([line], [body]) == (seen.sent, seen.bodies)
    (request,) = seen.requests
    assert operation == assert_fits(request, seen.bodies[0], seen.queries[0])
    assert safety_of(request) is request.safety


async def test_answers_are_typed() -> None:
    """Objects, dates and times, and maps with free names."""
    results = {name: (await exchange(shape[0], shape[1])).result for name, shape in SHAPES.items()}

    schedule = results["get_schedule"]
    assert (MONDAY,) == schedule.main_timings
    assert (True, "active") == (schedule.is_default, schedule.status)
    calendar = results["get_holiday_calendar"]
    assert (100, date(2026, 12, 25)) == (calendar.holidays[0].id, calendar.holidays[0].start_date)
    template = results["get_email_template"]
    assert isinstance(template, EmailTemplate)
    assert datetime(2026, 1, 15, 10, 30, tzinfo=UTC) == template.created_at
    assert (PERSONAL, "proposal.pdf", 102400) == (
        template.folder_type,
        template.attachments[0].file_name,
        template.attachments[0].size,
    )
    rendered = results["render_email_template"]
    assert (False, 13, "companyName") == (
        rendered.is_success,
        rendered.errors[0].code,
        rendered.errors[0].variable,
    )
    variables = results["list_email_template_variables"]
    assert "{{firstName}}" == variables.prospect["general"][0].key
    assert TEAM is results["share_email_template_folder"].folder_type


async def test_what_is_not_given_is_not_sent() -> None:
    """A template needs no subject, folder or files, and a render no sequence."""
    seen = await exchange(
        lambda s: EmailTemplates(s).create("Hi", body="a", folder_type=PERSONAL), (201, TEMPLATE)
    )
    assert [{"name": "Hi", "body": "a", "folderType": "personal"}] == seen.bodies
    seen = await exchange(
        lambda s: EmailTemplates(s).render(101, contact_id=500),
        ok(load("email_templates/render_200")),
    )
    assert [{"contactId": 500}] == seen.bodies
    assert ("Hi John", ()) == (seen.result.subject, seen.result.errors)


async def test_a_name_that_is_taken_is_a_conflict() -> None:
    """Nothing is read back for a refusal that could be read."""
    with pytest.raises(Conflict) as raised:
        await exchange(lambda s: Schedules(s).create(DRAFT), (409, load("schedules/create_409")))
    assert "schedule.duplicateName" == raised.value.code


def scheduling(**changes: Any) -> Call:
    """Return a call that creates a schedule with something wrong."""
    return lambda s: Schedules(s).create(evolve(DRAFT, **changes))


def timing(hour: int = 9, minute: int = 0, week_day: str = "Monday") -> list[ScheduleTiming]:
    """Return timings with something wrong in their end."""
    times = ScheduleTimeRange(from_time=ScheduleTime(8), to_time=ScheduleTime(hour, minute))
    return [MONDAY, ScheduleTiming(week_day=week_day, is_active=True, time_ranges=[times])]


def days(start: Any = date(2026, 1, 2), end: Any = date(2026, 1, 2), name: str = "a") -> Call:
    """Return a call that creates a calendar with something wrong in its second entry."""
    wrong = Holiday(start_date=start, end_date=end, name=name)
    return lambda s: HolidayCalendars(s).create("a", holidays=[CHRISTMAS, wrong])


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PLACE = "main_timings[1].time_ranges[0].to_time"
WRONG: list[tuple[str, Call]] = [
    ("schedule_id", lambda s: Schedules(s).get(-1)),
    ("schedule_id", lambda s: Schedules(s).set_default(True)),
    ("name", scheduling(name=" ")),
    ("timezone_id", scheduling(timezone_id="")),
    ("timezone_id", scheduling(timezone_id="America/New_York")),
    ("main_timings[1].week_day", scheduling(main_timings=timing(week_day="Someday"))),
    (f"{PLACE}.hour", scheduling(main_timings=timing(hour=24))),
    (f"{PLACE}.hour", scheduling(main_timings=timing(hour=True))),
    (f"{PLACE}.minute", scheduling(main_timings=timing(minute=60))),
    ("follow_up_timings[1].week_day", scheduling(follow_up_timings=timing(week_day="Someday"))),
    ("draft", lambda s: Schedules(s).replace(1, DRAFT)),
    ("calendar_id", lambda s: Schedules(s).link_holiday_calendar(1, 0)),
    ("calendar_id", lambda s: Schedules(s).unlink_holiday_calendar(1, 2**31)),
    ("calendar_id", lambda s: HolidayCalendars(s).export_csv(0)),
    ("name", lambda s: HolidayCalendars(s).create("")),
    ("holidays[1].start_date", days(start=NOON)),
    ("holidays[1].end_date", days(end="2026-01-02")),
    ("holidays[1].end_date", days(end=date(2026, 1, 1))),
    ("holidays[1].name", days(name="")),
    ("template_id", lambda s: EmailTemplates(s).get(NO_ID)),
    ("folder_id", lambda s: EmailTemplates(s).list(folder_id=0)),
    ("folder_type", lambda s: EmailTemplates(s).list(folder_type="private")),
    ("name", lambda s: EmailTemplates(s).create("a" * 256, body="a", folder_type=TEAM)),
    ("folder_type", lambda s: EmailTemplates(s).create("a", body="a", folder_type="shared")),
    ("attachment_ids", lambda s: EmailTemplates(s).create(
        "a", body="a", folder_type=TEAM, attachment_ids=[1, 2, 3, 4])),
    ("attachment_ids[0]", lambda s: EmailTemplates(s).replace(
        1, name="a", subject="a", body="a", attachment_ids=[-1])),
    ("folder_id", lambda s: EmailTemplates(s).move(1, folder_id=0, folder_type=TEAM)),
    ("folder_type", lambda s: EmailTemplates(s).move(1, folder_id=1, folder_type="community")),
    ("contact_id", lambda s: EmailTemplates(s).render(1, contact_id=0)),
    ("sequence_id", lambda s: EmailTemplates(s).render(1, contact_id=1, sequence_id=-1)),
    ("email", lambda s: EmailTemplates(s).send_test(1, email="", email_account_id=1)),
    ("email_account_id", lambda s: EmailTemplates(s).send_test(
        1, email="a@b.cd", email_account_id=2**63)),
    ("folder_id", lambda s: EmailTemplateFolders(s).share(0)),
    ("folder_type", lambda s: EmailTemplateFolders(s).get(1, folder_type="private")),
    ("folder_type", lambda s: EmailTemplateFolders(s).create("a", folder_type="organization")),
    ("name", lambda s: EmailTemplateFolders(s).rename(1, "a" * 129, folder_type=TEAM)),
    ("file_name", lambda s: EmailTemplates(s).upload_attachment("", b"a")),
    ("file_name", lambda s: EmailTemplates(s).upload_attachment("a/b.pdf", b"a")),
    ("file_name", lambda s: EmailTemplates(s).upload_attachment("a\r\nb.pdf", b"a")),
    ("content", lambda s: EmailTemplates(s).upload_attachment("a.pdf", b"")),
    ("content", lambda s: EmailTemplates(s).upload_attachment("a.pdf", NO_ID)),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRONG)))
async def test_a_wrong_argument_is_named_before_any_request(number: int) -> None:
    """InvalidUse says which, in the caller's words; no answer is asked for."""
    argument, call = WRONG[number]
    with pytest.raises(InvalidUse) as raised:
        await exchange(call)
    assert argument == raised.value.argument
