"""Models of accounts, schedules and templates against the contract, and their samples."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import pytest
from attrs import fields
from models.samples import CONTRACT, load, many, one, page

from reply_async.converter import DecodeError, camel, decode, encode
from reply_async.models import (
    attachments,
    email_accounts,
    email_templates,
    holiday_calendars,
    linkedin_accounts,
    schedules,
)
from reply_async.models.holiday_calendars import Holiday
from reply_async.models.linkedin_accounts import LinkedInLimits, LinkedInLimitValues
from reply_async.models.senders import EmailAccount

NEWER = {"memberOfTomorrow": {"a": [1]}, "otherOfTomorrow": None}
READERS = {
    "attachments/upload_200": one(attachments.Attachment),
    "email_accounts/get_200": one(email_accounts.EmailAccountDetail),
    "email_accounts/page_200": page(EmailAccount),
    "email_templates/get_200": one(email_templates.EmailTemplate),
    "email_templates/page_200": page(email_templates.EmailTemplateItem),
    "email_templates/render_200": one(email_templates.EmailTemplateRendered),
    "email_templates/render_200_unresolved": one(email_templates.EmailTemplateRendered),
    "holiday_calendars/get_200": one(holiday_calendars.HolidayCalendar),
    "holiday_calendars/list_200": many(holiday_calendars.HolidayCalendarItem),
    "linkedin_accounts/list_200": many(linkedin_accounts.LinkedInAccount),
    "schedules/list_200": many(schedules.Schedule),
}
LINKEDIN = ("LinkedInAccount", "properties")
SCHEMAS: list[tuple[type[Any], tuple[str, ...]]] = [
    (attachments.Attachment, ("Attachment",)),
    (attachments.EmailTemplateAttachment, ("EmailTemplateAttachment",)),
    (attachments.VoiceAttachment, ("VoiceAttachment",)),
    (email_accounts.ConnectivityTestResult, ("ConnectivityTestResult",)),
    (email_accounts.EmailAccountConnection, ("EmailAccountConnection",)),
    (email_accounts.EmailAccountCredentials, ("EmailAccountConnectionWrite",)),
    (email_accounts.EmailAccountDetail, ("EmailAccountDetail",)),
    (email_accounts.EmailAccountOptOut, ("EmailAccountOptOut",)),
    (email_accounts.EmailAccountRampUp, ("EmailAccountRampUp",)),
    (email_accounts.EmailAccountSafety, ("EmailAccountSafety",)),
    (email_accounts.EmailAccountSignature, ("EmailAccountSignature",)),
    (email_accounts.EmailAccountStats, ("EmailAccountStats",)),
    (email_accounts.EmailAccountTag, ("Tag",)),
    (email_accounts.MailServer, ("ConnectivityTestRequest",)),
    (email_templates.EmailTemplate, ("EmailTemplate",)),
    (email_templates.EmailTemplateFolder, ("EmailTemplateFolder",)),
    (email_templates.EmailTemplateItem, ("EmailTemplateItem",)),
    (email_templates.EmailTemplateRendered, ("EmailTemplateRendered",)),
    (
        email_templates.EmailTemplateRenderError,
        ("EmailTemplateRendered", "properties", "errors", "items"),
    ),
    (email_templates.EmailTemplateVariables, ("EmailTemplateVariables",)),
    (
        email_templates.EmailTemplateVariable,
        ("EmailTemplateVariables", "properties", "team", "additionalProperties", "items"),
    ),
    (holiday_calendars.Holiday, ("Holiday",)),
    (holiday_calendars.HolidayCalendar, ("HolidayCalendar",)),
    (holiday_calendars.HolidayCalendarItem, ("HolidayCalendarItem",)),
    (linkedin_accounts.LinkedInAccount, ("LinkedInAccount",)),
    (linkedin_accounts.LinkedInConnectionLink, ("ConnectionLinkWithPending",)),
    (linkedin_accounts.LinkedInLimits, ("LinkedInLimits",)),
    (linkedin_accounts.LinkedInLimitValues, ("LinkedInLimitValues",)),
    (linkedin_accounts.LinkedInRevokeSettings, ("LinkedInRevokeSettings",)),
    (linkedin_accounts.LinkedInToggleResult, ("LinkedInToggleResult",)),
    (linkedin_accounts.LinkedInUsage, (*LINKEDIN, "usage")),
    (linkedin_accounts.LinkedInVoiceProfile, (*LINKEDIN, "voiceProfile")),
    (linkedin_accounts.PendingLinkedInAccount, ("PendingLinkedInAccounts", "items")),
    (schedules.Schedule, ("Schedule",)),
    (schedules.ScheduleDraft, ("ScheduleRequest",)),
    (schedules.ScheduleTime, ("ScheduleTime",)),
    (schedules.ScheduleTimeRange, ("ScheduleTimeRange",)),
    (schedules.ScheduleTiming, ("ScheduleTiming",)),
]
WORDS: list[tuple[type[StrEnum], tuple[str, ...]]] = [
    (linkedin_accounts.LinkedInAccountType, (*LINKEDIN, "accountType")),
    (linkedin_accounts.LinkedInAuthType, (*LINKEDIN, "authType")),
    (linkedin_accounts.LinkedInCookieStatus, (*LINKEDIN, "cookieStatus")),
    (linkedin_accounts.LinkedInLimitsMode, ("LinkedInLimits", "properties", "limitsMode")),
    (schedules.WeekDay, ("WeekDay",)),
]
needs_contract = pytest.mark.skipif(
    not CONTRACT.exists(), reason="the contract is not shipped here"
)


def schema_at(*way: str) -> dict[str, Any]:
    """Return a schema of the contract, or a part of one."""
    part: Any = json.loads(CONTRACT.read_text(encoding="utf-8"))["components"]["schemas"]
    for name in way:
        part = part[name]
    return dict(part)


@needs_contract
@pytest.mark.parametrize(("kind", "way"), SCHEMAS, ids=str)
def test_class_has_the_members_of_its_schema(kind: type[Any], way: tuple[str, ...]) -> None:
    """All of them, by the server's words, and none of its own."""
    own = {camel(field.name) for field in fields(kind) if field.name != "extra"}
    assert schema_at(*way)["properties"].keys() == own


@needs_contract
@pytest.mark.parametrize(("enum", "way"), WORDS, ids=str)
def test_enum_has_the_words_of_its_schema(enum: type[StrEnum], way: tuple[str, ...]) -> None:
    """All of them and none of its own."""
    assert set(schema_at(*way)["enum"]) - {None} == {str(member) for member in enum}


def with_newer_members(data: Any) -> Any:
    """Add unknown members to every object."""
    if isinstance(data, list):
        return [with_newer_members(item) for item in data]
    if not isinstance(data, dict):
        return data
    return {name: with_newer_members(item) for name, item in data.items()} | NEWER


def without_newer_members(data: Any) -> Any:
    """Take them out again, where they were kept."""
    if isinstance(data, list):
        return [without_newer_members(item) for item in data]
    if not isinstance(data, dict):
        return data
    return {name: without_newer_members(item) for name, item in data.items() if name not in NEWER}


@pytest.mark.parametrize("name", READERS)
def test_answer_is_read_with_and_without_unknown_members(name: str) -> None:
    """Unknown members change nothing, and nothing known is lost on the way back."""
    sample = load(name)
    plain = encode(READERS[name](sample))
    newer = encode(READERS[name](with_newer_members(sample)))

    assert plain == without_newer_members(newer)
    sent = sample["items"] if name.endswith("page_200") else sample
    assert holds(plain, sent)


def holds(encoded: Any, sample: Any) -> bool:
    """Tell whether all that a sample tells is still there; null may be left out."""
    if isinstance(sample, dict):
        return all(
            value is None or holds(encoded.get(name), value) for name, value in sample.items()
        )
    if isinstance(sample, list):
        return len(encoded) == len(sample) and all(map(holds, encoded, sample))
    if isinstance(sample, str) and sample.endswith("Z"):
        return bool(datetime.fromisoformat(sample) == datetime.fromisoformat(encoded))
    return bool(encoded == sample)


def test_limits_of_tomorrow_are_written_back() -> None:
    """A full replacement loses no member that it does not know."""
    data = {"limitsMode": "Fixed", "fixedMax": {"dailyWaveCount": 3}, "warmUp": {"days": 2}}
    limits = decode(data, LinkedInLimits)
    assert LinkedInLimitValues(extra={"dailyWaveCount": 3}) == limits.fixed_max
    assert data == encode(limits)


def test_a_date_is_a_date() -> None:
    """It has no time, and a time is no date."""
    day = {"startDate": "2026-12-25", "endDate": "2026-12-26", "name": "a"}
    holiday = decode(day, Holiday)
    assert (date(2026, 12, 25), date(2026, 12, 26)) == (holiday.start_date, holiday.end_date)
    assert day == encode(holiday)
    for wrong, problem in (
        ("2026-12-25T00:00:00Z", "the text is no date"),
        ("Christmas", "the text is no date"),
        (20261225, "a date is promised, not a whole number"),
    ):
        with pytest.raises(DecodeError) as raised:
            decode(day | {"endDate": wrong}, Holiday)
        assert ("$.endDate", problem) == (raised.value.where, raised.value.problem)


def test_a_time_stays_a_time() -> None:
    """It is a kind of date to Python, and still sent whole."""
    detail = email_templates.EmailTemplate(
        id=1, name="a", created_at=datetime(2026, 1, 2, tzinfo=UTC)
    )
    assert "2026-01-02T00:00:00Z" == encode(detail)["createdAt"]


def test_passwords_stay_out_of_the_repr() -> None:
    """They are there, and only sending them shows them."""
    server = email_accounts.MailServer(host="a", port=1, user_name="b", password="hunter")
    login = email_accounts.EmailAccountCredentials(
        email="a@b.cd",
        smtp_host="a",
        smtp_port=1,
        smtp_password="hunter",
        imap_host="a",
        imap_port=1,
        imap_password="hunter",
    )
    assert ("hunter", "hunter") == (server.password, encode(login)["imapPassword"])
    assert "hunter" not in f"{server!r}{server}{login!r}{login}"
