"""Lost answers of accounts, schedules and templates: what is read back, and what is judged.

Every call meets a server that reads the request and hangs up; the next answers are told.
"""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from attrs import evolve
from fault_server import Act, FaultServer, answer, close_after_reading
from models.samples import load
from resources.account_samples import CREDENTIALS, LIMITS, LIMITS_SENT, SERVER

from reply_async import ReplySession
from reply_async.converter import decode, decode_list
from reply_async.errors import InvalidUse, OutcomeUnknown, ReplyError
from reply_async.models.email_accounts import EmailAccountDetail, EmailAccountSafety
from reply_async.models.email_templates import EmailTemplateFolder, EmailTemplateFolderType
from reply_async.models.holiday_calendars import Holiday
from reply_async.models.schedules import Schedule
from reply_async.requests import NotReached, Reached, Undecided, Verdict
from reply_async.resources.attachments import Attachments
from reply_async.resources.comparison import agrees
from reply_async.resources.email_account_bodies import judge_default, judge_resumed, judge_untagged
from reply_async.resources.email_accounts import EmailAccounts
from reply_async.resources.email_template_folders import EmailTemplateFolders, _judge_shared
from reply_async.resources.email_templates import EmailTemplates
from reply_async.resources.holiday_calendars import HolidayCalendars
from reply_async.resources.linkedin_accounts import LinkedInAccounts
from reply_async.resources.schedules import Schedules
from reply_async.resources.senders import Senders
from reply_async.transport.sender import Sender

on_a_virtual_clock = pytest.mark.usefixtures("reply_clock")

Call = Callable[[Sender], Any]
LOST = close_after_reading
NOW = datetime(2026, 6, 1, tzinfo=UTC)
TEAM = EmailTemplateFolderType.TEAM
NO_BODY, GONE = answer(204, b""), answer(404, {"title": "gone", "code": "x.notFound"})
MAILBOX = load("email_accounts/get_200")
OURS = {
    "smtpHost": "smtp.company.com",
    "smtpPort": 465,
    "smtpSsl": True,
    "imapHost": "imap.company.com",
    "imapPort": 993,
    "imapSsl": True,
}
SCHEDULE = load("schedules/list_200")[0]
DRAFT = decode(SCHEDULE, Schedule).without_ids()
CALENDAR = load("holiday_calendars/get_200") | {"name": "Company"}
CHRISTMAS = Holiday(
    start_date=date(2026, 12, 25), end_date=date(2026, 12, 25), name="Christmas Day"
)
TEMPLATE = load("email_templates/get_200") | {"name": "Hi", "attachments": []}
FOLDER = {"id": 5, "name": "Sales", "folderType": "team"}
PENDING = {"id": 50, "name": "John", "connectionLink": "https://x/y", "isExpired": False}
LINKEDIN = load("linkedin_accounts/list_200")[0]
TAG = {"id": 2, "name": "Hot", "colorId": 1}


def pages(*items: Any) -> Act:
    """Answer with a last page."""
    return answer(200, {"items": list(items), "hasMore": False})


def new_calendar(s: Sender) -> Any:
    """Create the calendar that the answers know of."""
    return HolidayCalendars(s).create("Company", holidays=[CHRISTMAS], repeat_every_year=True)


def new_template(s: Sender) -> Any:
    """Create the template that the answers know of."""
    return EmailTemplates(s).create(
        "Hi", body=TEMPLATE["body"], subject=TEMPLATE["subject"], folder_type=TEAM
    )


TEAM_TEMPLATE = TEMPLATE | {"folderType": "team"}
NAMESAKE = {"id": 12345, "email": "Sales@company.com"}
# name: call, answers after the lost one, what the call gives or the ids that were seen, and
# the methods on the wire.
LOSSES: dict[str, tuple[Call, list[Act], Any, str]] = {
    "mailbox made": (
        lambda s: EmailAccounts(s).create(CREDENTIALS),
        [pages({"id": 9, "email": "x@sales@company.com"}, NAMESAKE),
         answer(200, MAILBOX | {"connection": OURS})],
        12345, "POST POST GET",
    ),
    "mailbox of other servers": (
        lambda s: EmailAccounts(s).create(CREDENTIALS),
        [pages(NAMESAKE), answer(200, MAILBOX | {"connection": OURS | {"imapPort": 143}})],
        (12345,), "POST POST GET",
    ),
    "mailbox not made": (
        lambda s: EmailAccounts(s).create(CREDENTIALS), [pages()], OutcomeUnknown, "POST POST",
    ),
    "limit changed": (
        lambda s: EmailAccounts(s).update(5, safety=EmailAccountSafety(daily_limit=500)),
        [answer(200, MAILBOX)], 12345, "PATCH GET",
    ),
    "limit not changed": (
        lambda s: EmailAccounts(s).update(5, safety=EmailAccountSafety(daily_limit=501)),
        [answer(200, MAILBOX)], OutcomeUnknown, "PATCH GET",
    ),
    "passwords changed": (
        lambda s: EmailAccounts(s).update(5, connection=CREDENTIALS), [], OutcomeUnknown, "PATCH",
    ),
    "mailbox deleted": (lambda s: EmailAccounts(s).delete(5), [GONE], None, "DELETE GET"),
    "mailbox not deleted": (
        lambda s: EmailAccounts(s).delete(5), [answer(200, MAILBOX), GONE], None,
        "DELETE GET DELETE",
    ),
    "default set": (
        lambda s: EmailAccounts(s).set_default(5), [answer(200, MAILBOX | {"isDefault": True})],
        None, "POST GET",
    ),
    "default not set": (
        lambda s: EmailAccounts(s).set_default(5), [answer(200, MAILBOX), NO_BODY],
        None, "POST GET POST",
    ),
    "sending resumed": (
        lambda s: EmailAccounts(s).resume_sending(5), [answer(200, MAILBOX), NO_BODY],
        None, "POST GET POST",
    ),
    "a server tried": (
        lambda s: EmailAccounts(s).test_smtp(SERVER), [answer(200, {"success": True})],
        True, "POST POST",
    ),
    "gmail": (lambda s: EmailAccounts(s).connect_gmail(), [], OutcomeUnknown, "GET"),
    "tag changed": (
        lambda s: EmailAccounts(s).replace_tag(2, name="Hot", color_id=1),
        [answer(200, [TAG | {"id": 1}, TAG])], 2, "PUT GET",
    ),
    "tag not changed": (
        lambda s: EmailAccounts(s).replace_tag(2, name="Hot", color_id=None),
        [answer(200, [TAG])], OutcomeUnknown, "PUT GET",
    ),
    "tags added": (
        lambda s: EmailAccounts(s).add_tags(5, ["a"]), [NO_BODY], None, "POST POST",
    ),
    "tags removed": (
        lambda s: EmailAccounts(s).remove_tags(5, ["a"]), [answer(200, MAILBOX)], None,
        "DELETE GET",
    ),
    "tags not removed": (
        lambda s: EmailAccounts(s).remove_tags(5, ["Marketing"]),
        [answer(200, MAILBOX), NO_BODY], None, "DELETE GET DELETE",
    ),
    "linkedin deleted": (lambda s: LinkedInAccounts(s).delete(10), [GONE], None, "DELETE GET"),
    "linkedin toggled": (
        lambda s: LinkedInAccounts(s).toggle_status(10), [], OutcomeUnknown, "POST",
    ),
    "limits replaced": (
        lambda s: LinkedInAccounts(s).replace_limits(10, LIMITS),
        [answer(200, LINKEDIN | {"limits": LIMITS_SENT | {"actionDelayMaxSeconds": None}})],
        None, "PUT GET",
    ),
    "limits not replaced": (
        lambda s: LinkedInAccounts(s).replace_limits(10, LIMITS),
        [answer(200, LINKEDIN | {"limits": LIMITS_SENT | {"limitsMode": "Ranged"}})],
        OutcomeUnknown, "PUT GET",
    ),
    "revoking chosen": (
        lambda s: LinkedInAccounts(s).replace_revoke_settings(10, enabled=True, period_days=30),
        [answer(200, LINKEDIN | {"revokeSettings": {"enabled": True, "periodDays": 30}})],
        None, "PUT GET",
    ),
    "revoking not chosen": (
        lambda s: LinkedInAccounts(s).replace_revoke_settings(10, enabled=True, period_days=30),
        [answer(200, LINKEDIN)], OutcomeUnknown, "PUT GET",
    ),
    "link made": (
        lambda s: LinkedInAccounts(s).create_connection_link("John"),
        [answer(200, [PENDING | {"id": 49, "isExpired": True}, PENDING])], 50, "POST GET",
    ),
    "link of two": (
        lambda s: LinkedInAccounts(s).create_connection_link("John"),
        [answer(200, [PENDING, PENDING | {"id": 51}])], (50, 51), "POST GET",
    ),
    "direct link": (
        lambda s: LinkedInAccounts(s).create_direct_connection_link(), [], OutcomeUnknown, "POST",
    ),
    "pending deleted": (
        lambda s: LinkedInAccounts(s).delete_pending(50), [answer(200, [])], None, "DELETE GET",
    ),
    "pending not deleted": (
        lambda s: LinkedInAccounts(s).delete_pending(50), [answer(200, [PENDING]), NO_BODY], None,
        "DELETE GET DELETE",
    ),
    "mailbox taken out": (
        lambda s: Senders(s).remove_email_account(7, 101), [answer(200, [])], None, "DELETE GET",
    ),
    "mailbox not taken out": (
        lambda s: Senders(s).remove_email_account(7, 101),
        [answer(200, load("senders/email_accounts_200")), GONE], None, "DELETE GET DELETE",
    ),
    "mailbox of no sequence": (
        lambda s: Senders(s).remove_email_account(7, 101), [GONE], OutcomeUnknown, "DELETE GET",
    ),
    "linkedin assigned": (
        lambda s: Senders(s).assign_linkedin_account(7, 42), [answer(200, b"")], None, "POST POST",
    ),
    "linkedin not taken out": (
        lambda s: Senders(s).remove_linkedin_account(7, 42),
        [answer(200, load("senders/linkedin_accounts_200")), NO_BODY], None, "DELETE GET DELETE",
    ),
    "schedule made": (
        lambda s: Schedules(s).create(DRAFT), [answer(200, [SCHEDULE | {"isDefault": False}])],
        1, "POST GET",
    ),
    "schedule of other hours": (
        lambda s: Schedules(s).create(DRAFT), [answer(200, [SCHEDULE | {"mainTimings": []}])],
        (1,), "POST GET",
    ),
    "schedule replaced": (
        lambda s: Schedules(s).replace(1, DRAFT), [answer(200, SCHEDULE)], 1, "PUT GET",
    ),
    "schedule not replaced": (
        lambda s: Schedules(s).replace(1, evolve(DRAFT, exclude_holidays=False)),
        [answer(200, SCHEDULE)], OutcomeUnknown, "PUT GET",
    ),
    "schedule deleted": (lambda s: Schedules(s).delete(1), [GONE], None, "DELETE GET"),
    "schedule not the default": (
        lambda s: Schedules(s).set_default(1),
        [answer(200, SCHEDULE | {"isDefault": False}), NO_BODY], None, "POST GET POST",
    ),
    "calendar linked": (
        lambda s: Schedules(s).link_holiday_calendar(1, 3), [NO_BODY], None, "POST POST",
    ),
    "calendar not unlinked": (
        lambda s: Schedules(s).unlink_holiday_calendar(1, 3),
        [answer(200, load("holiday_calendars/list_200")), GONE], None, "DELETE GET DELETE",
    ),
    "calendar unlinked": (
        lambda s: Schedules(s).unlink_holiday_calendar(1, 4),
        [answer(200, load("holiday_calendars/list_200"))], None, "DELETE GET",
    ),
    "calendar made": (
        new_calendar, [answer(200, [CALENDAR]), answer(200, CALENDAR)], 3, "POST GET GET",
    ),
    "calendar of other days": (
        new_calendar, [answer(200, [CALENDAR]), answer(200, CALENDAR | {"holidays": []})],
        (3,), "POST GET GET",
    ),
    "calendar replaced": (
        lambda s: HolidayCalendars(s).replace(
            3, name="Company", holidays=[CHRISTMAS], repeat_every_year=True),
        [answer(200, CALENDAR)], 3, "PUT GET",
    ),
    "calendar deleted": (lambda s: HolidayCalendars(s).delete(3), [GONE], None, "DELETE GET"),
    "template made": (
        new_template, [pages(TEAM_TEMPLATE, TEAM_TEMPLATE | {"id": 7, "name": "Hi again"}),
                       answer(200, TEAM_TEMPLATE)],
        101, "POST GET GET",
    ),
    "template of another text": (
        new_template, [pages(TEAM_TEMPLATE | {"body": "older"})], OutcomeUnknown, "POST GET",
    ),
    "template of another file": (
        new_template, [pages(TEAM_TEMPLATE | {"attachments": [{"id": 4}]})],
        OutcomeUnknown, "POST GET",
    ),
    "template of two": (
        new_template, [pages(TEAM_TEMPLATE, TEAM_TEMPLATE | {"id": 7})], (101, 7), "POST GET",
    ),
    "template replaced": (
        lambda s: EmailTemplates(s).replace(
            101, name="Hi", subject=TEMPLATE["subject"], body=TEMPLATE["body"], attachment_ids=[4]),
        [answer(200, TEMPLATE | {"attachments": [{"id": 4, "size": 9}]})], 101, "PUT GET",
    ),
    "template without its file": (
        lambda s: EmailTemplates(s).replace(
            101, name="Hi", subject=TEMPLATE["subject"], body=TEMPLATE["body"], attachment_ids=[4]),
        [answer(200, TEMPLATE)], OutcomeUnknown, "PUT GET",
    ),
    "template deleted": (lambda s: EmailTemplates(s).delete(101), [GONE], None, "DELETE GET"),
    "template cloned": (lambda s: EmailTemplates(s).clone(101), [], OutcomeUnknown, "POST"),
    "template moved": (
        lambda s: EmailTemplates(s).move(101, folder_id=5, folder_type=TEAM),
        [answer(200, TEAM_TEMPLATE)], 101, "POST GET",
    ),
    "template not moved": (
        lambda s: EmailTemplates(s).move(101, folder_id=6, folder_type=TEAM),
        [answer(200, TEAM_TEMPLATE)], OutcomeUnknown, "POST GET",
    ),
    "test mail": (
        lambda s: EmailTemplates(s).send_test(101, email="a@b.cd", email_account_id=1),
        [], OutcomeUnknown, "POST",
    ),
    "folder made": (
        lambda s: EmailTemplateFolders(s).create("Sales", folder_type=TEAM),
        [answer(200, [FOLDER | {"folderType": "personal", "id": 4}, FOLDER])], 5, "POST GET",
    ),
    "folder not made": (
        lambda s: EmailTemplateFolders(s).create("Sales", folder_type=TEAM),
        [answer(200, [FOLDER | {"folderType": "personal"}])], OutcomeUnknown, "POST GET",
    ),
    "folder renamed": (
        lambda s: EmailTemplateFolders(s).rename(5, "Sales", folder_type=TEAM),
        [answer(200, FOLDER)], 5, "PUT GET",
    ),
    "folder deleted": (
        lambda s: EmailTemplateFolders(s).delete(5, folder_type=TEAM), [GONE], None, "DELETE GET",
    ),
    "folder shared": (
        lambda s: EmailTemplateFolders(s).share(5), [answer(200, [FOLDER])], 5, "POST GET",
    ),
    "folder not shared": (
        lambda s: EmailTemplateFolders(s).share(5),
        [answer(200, [FOLDER | {"folderType": "personal"}]), answer(200, FOLDER)],
        5, "POST GET POST",
    ),
    "upload": (lambda s: Attachments(s).upload("a.pdf", b"a"), [], OutcomeUnknown, "POST"),
}  # fmt: skip


def session(server: FaultServer, number: int = 0) -> ReplySession:
    """Return a session of a budget of its own."""
    return ReplySession(f"emu_losses{number}", base_url=server.url)


@on_a_virtual_clock
@pytest.mark.parametrize("name", LOSSES)
async def test_a_lost_answer(fault_server: FaultServer, name: str) -> None:
    """What is read decides; nothing is created, toggled or sent a second time."""
    call, acts, expected, methods = LOSSES[name]
    fault_server.play(LOST, *acts, answer(500))
    async with session(fault_server) as opened:
        try:
            given = await call(opened._sender)
        except OutcomeUnknown as error:
            given = error.seen or OutcomeUnknown
    kept = ("id", "pending_account_id", "success")
    value = next((getattr(given, each) for each in kept if hasattr(given, each)), given)
    assert (expected, methods) == (
        value,
        " ".join(each.method for each in fault_server.received),
    )


@on_a_virtual_clock
async def test_a_folder_that_is_shared_already_is_shared(fault_server: FaultServer) -> None:
    """The conflict is read back: the state is reached."""
    conflict = answer(409, {"title": "x", "code": "emailTemplateFolder.alreadyShared"})
    fault_server.play(conflict, answer(200, [FOLDER]))
    async with session(fault_server) as opened:
        folder = await EmailTemplateFolders(opened._sender).share(5)
    assert TEAM is folder.folder_type


@on_a_virtual_clock
@pytest.mark.parametrize("kind", ["mailboxes", "linkedin"])
async def test_a_lost_bulk_delete_is_listed(fault_server: FaultServer, kind: str) -> None:
    """Ids that are gone are done, the others are sent once more."""
    left = [{"id": id_, "email": "b@c.de", "name": "b"} for id_ in (2, 3)]
    echo = {"3": {"error": "notFound"}}  # gone since the listing: by the first try
    refused = answer(200, {"2": {"error": "accountInUse"}} | echo)
    listing = pages(*left) if kind == "mailboxes" else answer(200, left)
    fault_server.play(LOST, listing, refused)
    async with session(fault_server) as opened:
        group: Any = (EmailAccounts if kind == "mailboxes" else LinkedInAccounts)(opened._sender)
        outcome = await group.delete_many([1, 2, 3])
    assert ([1, 3], {2: "accountInUse"}) == (
        list(outcome.done),
        {id_: refusal.code for id_, refusal in outcome.refused.items()},
    )
    assert [2, 3] == json.loads(fault_server.received[-1].body)["ids"]


def judged(judge: Callable[[Any, datetime], Verdict], read: Any) -> Verdict:
    """Judge what was read."""
    return judge(read, NOW)


def test_judges_of_a_mailbox() -> None:
    """A missing mailbox decides nothing but its own deletion."""
    mailbox = decode(MAILBOX, EmailAccountDetail)
    assert NotReached() == judged(judge_default, mailbox)
    assert Reached(None) == judged(judge_default, evolve(mailbox, is_default=True))
    assert NotReached() == judged(judge_resumed, mailbox)
    assert [Undecided()] * 3 == [
        judged(judge_default, None),
        judged(judge_resumed, None),
        judge_untagged(["a"], None, NOW),
    ]


def test_a_shared_folder_is_told_from_its_namesake() -> None:
    """A team folder of the same id may be another one as long as the personal one is there."""
    both = decode_list([FOLDER, FOLDER | {"folderType": "personal"}], EmailTemplateFolder)
    assert NotReached() == _judge_shared(5, both, NOW)
    assert Reached(both[0]) == _judge_shared(5, both[:1], NOW)
    assert Undecided() == _judge_shared(6, both, NOW)
    assert Undecided() == _judge_shared(5, None, NOW)


def test_what_agrees() -> None:
    """All that was sent must be there; what the server adds does not count."""
    assert agrees({"a": [{"b": 1}], "c": None}, {"a": [{"b": 1, "id": 4}], "d": 2})
    assert not agrees({"a": [1, 2]}, {"a": [2, 1]})
    assert not agrees({"a": [1]}, {"a": [1, 2]})
    assert not agrees({"a": {"b": 1}}, {"a": None})
    assert not agrees({"a": []}, {})


PASSWORDS = ("hunter-out", "hunter-in")
SECRETIVE: dict[str, Call] = {
    "create": lambda s: EmailAccounts(s).create(CREDENTIALS),
    "update": lambda s: EmailAccounts(s).update(5, connection=CREDENTIALS, tags=["a"]),
    "test": lambda s: EmailAccounts(s).test_imap(SERVER),
    "bad port": lambda s: EmailAccounts(s).create(evolve(CREDENTIALS, imap_port=0)),
    "bad host": lambda s: EmailAccounts(s).test_smtp(evolve(SERVER, host="")),
}


@on_a_virtual_clock
@pytest.mark.parametrize("name", SECRETIVE)
async def test_no_password_shows_up(
    fault_server: FaultServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in the error and its frames, nor in events, logs, pickles and reprs."""
    caplog.set_level(logging.DEBUG)
    fault_server.play(LOST)
    events: list[Any] = []
    with pytest.raises(ReplyError) as raised:
        async with ReplySession(
            "emu_secretive", base_url=fault_server.url, on_event=events.append
        ) as opened:
            await SECRETIVE[name](opened._sender)
    error = raised.value
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    shown = [
        *frames,
        *map(repr, [error, error.args, vars(error), events, CREDENTIALS, SERVER]),
        *map(str, [error, *events]),
        str(pickle.dumps(error)),
        caplog.text,
    ]
    assert [] == [text for text in shown if any(word in text for word in PASSWORDS)]
    assert isinstance(error, InvalidUse) or any(
        b"hunter" in each.body for each in fault_server.received
    )
