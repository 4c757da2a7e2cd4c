"""What every public method of the session's groups puts on the wire, one line for each call."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from reply_async import (
    Call,
    Email,
    EmailAccount,
    EmailVariant,
    Period,
    ReplySession,
    Sequence,
    SequenceContact,
    SequenceDraft,
    SequenceEmailAccount,
    SequenceEmailStats,
    SequenceListItem,
    SequenceSettings,
    SequenceStats,
    SequenceStatsRow,
    SequenceStatus,
    WhoAmI,
)
from reply_async.models.contacts import CustomField

FOLDER = "0f8fad5b-d9cd-469f-a165-70867728950e"
JUNE, JULY = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
STEP = Call(delay_in_minutes=5, message="Ring")
STEP_BODY = {"type": "call", "delayInMinutes": 5, "message": "Ring"}
STEP_ANSWER = {**STEP_BODY, "id": 9, "parentId": None}
SEQUENCE = {"id": 7, "name": "Founders", "status": "new", "steps": [STEP_ANSWER]}
SETTINGS = SequenceSettings(
    emails_count_per_day=1,
    days_to_finish_prospect=2,
    email_sending_delay_seconds=3,
    daily_throttling=4,
    disable_opens_tracking=True,
    replies_handling_type="markAsFinished",
    enable_links_tracking=False,
)
SETTINGS_BODY = {
    "emailsCountPerDay": 1,
    "daysToFinishProspect": 2,
    "emailSendingDelaySeconds": 3,
    "dailyThrottling": 4,
    "disableOpensTracking": True,
    "repliesHandlingType": "markAsFinished",
    "enableLinksTracking": False,
}
LAST_WEEK = {"filters": {"dateRangePreset": "lastWeek"}}
FIRST_PAGE = {"top": "1000", "skip": "0"}


@frozen
class Exchange:
    """One request and its answer; a ``query`` or ``body`` of None means that there is none."""

    method: str
    path: str
    answer: Any
    query: dict[str, str] | None = None
    body: Any = None
    status: int = 200


@frozen
class Shape:
    """A call of ``group.name``, what it sends, and what kind of value it gives."""

    name: str
    call: Callable[[ReplySession], Awaitable[Any]]
    exchanges: tuple[Exchange, ...]
    gives: type | None
    items: type | None = None

    def __str__(self) -> str:
        return self.name


def act(action: str) -> tuple[Exchange, ...]:
    """Return the one request of a change of state."""
    return (Exchange("POST", f"/v3/sequences/7/{action}", SEQUENCE),)


def act_on_many(action: str) -> tuple[Exchange, ...]:
    """Return the one request of a change of many states."""
    answer = {"8": {"error": "noContacts"}}
    return (Exchange("POST", f"/v3/sequences/{action}", answer, body={"ids": [7, 8]}),)


def page(item: Any) -> Any:
    """Return a last page of one item."""
    return {"items": [item], "hasMore": False}


MAILBOX = {"id": 5_000_000_000, "email": "dana@example.com"}
MEMBER = {"contactId": 3, "statusInSequence": "active"}
STEPS = Exchange("GET", "/v3/sequences/7/steps", [])
NEW_STEP = Exchange("POST", "/v3/sequences/7/steps", STEP_ANSWER, body=STEP_BODY, status=201)
CREATE = Exchange(
    "POST",
    "/v3/sequences",
    SEQUENCE,
    body={"name": "Founders", "steps": [STEP_BODY]},
    status=201,
)
COUNT = Exchange("GET", "/v3/sequences/7/contacts/count", {"count": 3})
LOOK = Exchange("GET", "/v3/sequences/7", SEQUENCE)
EMPTY = Exchange("GET", "/v3/sequences/7/contacts/count", {"count": 0})
ENROL_BODY = {"contactIds": [3], "removeFromExisting": False}
ENROL = Exchange(
    "POST",
    "/v3/sequences/7/contact-links/bulk",
    {"added": [3], "notProcessed": {}},
    body=ENROL_BODY,
)
ROW = {"email": "ann@example.com", "firstName": "Ann"}
IMPORT = Exchange(
    "POST",
    "/v3/contacts/import",
    {"items": [{"id": 3, "status": "created"}]},
    body={"items": [ROW]},
)
WHOAMI = Exchange(
    "GET", "/v3/whoami", {"id": 1, "userId": 1, "teamId": 2, "email": "d@example.com"}
)
STATS: dict[str, Any] = {"emailOverview": {"contacted": 1}, "linkedInOverview": {}}

SHAPES = (
    Shape(
        "sequences.list",
        lambda s: s.sequences.list().collect(),
        (Exchange("GET", "/v3/sequences", page(SEQUENCE), FIRST_PAGE),),
        list,
        SequenceListItem,
    ),
    Shape(
        "sequences.list",
        lambda s: s.sequences.list(
            name="Foun & Co",
            status=SequenceStatus.ACTIVE,
            is_archived=False,
            owner_user_id=4,
            folder_id=FOLDER,
            created_after=JUNE,
            sort_by="name",
            sort_direction="desc",
        ).collect(limit=10),
        (
            Exchange(
                "GET",
                "/v3/sequences",
                page(SEQUENCE),
                {
                    "name": "Foun & Co",
                    "status": "active",
                    "isArchived": "false",
                    "ownerUserId": "4",
                    "folderId": FOLDER,
                    "createdAfter": "2026-06-01T00:00:00Z",
                    "sortBy": "name",
                    "sortDirection": "desc",
                    "top": "10",
                    "skip": "0",
                },
            ),
        ),
        list,
        SequenceListItem,
    ),
    Shape("sequences.get", lambda s: s.sequences.get(7), (LOOK,), Sequence),
    Shape(
        "sequences.create",
        lambda s: s.sequences.create("Founders", steps=[STEP]),
        (CREATE,),
        Sequence,
    ),
    Shape(
        "sequences.create",
        lambda s: s.sequences.create(
            "Founders",
            steps=iter([STEP]),
            schedule_id=2,
            settings=SETTINGS,
            email_accounts=iter([5_000_000_000]),
            linkedin_accounts=[41],
        ),
        (
            Exchange(
                "POST",
                "/v3/sequences",
                SEQUENCE,
                body={
                    "name": "Founders",
                    "scheduleId": 2,
                    "settings": SETTINGS_BODY,
                    "emailAccounts": [5_000_000_000],
                    "linkedInAccounts": [41],
                    "steps": [STEP_BODY],
                },
            ),
        ),
        Sequence,
    ),
    Shape(
        "sequences.create_from_draft",
        lambda s: s.sequences.create_from_draft(SequenceDraft(name="Founders", steps=(STEP,))),
        (CREATE,),
        Sequence,
    ),
    Shape(
        "sequences.update",
        lambda s: s.sequences.update(
            7, name="Q3", schedule_id=2, settings=SETTINGS, email_accounts=[1], linkedin_accounts=()
        ),
        (
            Exchange(
                "PATCH",
                "/v3/sequences/7",
                SEQUENCE,
                body={
                    "name": "Q3",
                    "scheduleId": 2,
                    "settings": SETTINGS_BODY,
                    "emailAccounts": [1],
                    "linkedInAccounts": [],
                },
            ),
        ),
        Sequence,
    ),
    Shape(
        "sequences.update",
        lambda s: s.sequences.update(7, name="Q3"),
        (Exchange("PATCH", "/v3/sequences/7", SEQUENCE, body={"name": "Q3"}),),
        Sequence,
    ),
    Shape(
        "sequences.delete",
        lambda s: s.sequences.delete(7),
        (Exchange("DELETE", "/v3/sequences/7", None, status=204),),
        None,
    ),
    Shape("sequences.start", lambda s: s.sequences.start(7), act("start"), Sequence),
    Shape(
        "sequences.start",
        lambda s: s.sequences.start(7, expect_contacts=3),
        (COUNT, *act("start")),
        Sequence,
    ),
    Shape("sequences.pause", lambda s: s.sequences.pause(7), act("pause"), Sequence),
    Shape("sequences.archive", lambda s: s.sequences.archive(7), act("archive"), Sequence),
    Shape(
        "sequences.start_many",
        lambda s: s.sequences.start_many([7, 8]),
        act_on_many("start"),
        None,
    ),
    Shape(
        "sequences.pause_many",
        lambda s: s.sequences.pause_many([7, 8]),
        act_on_many("pause"),
        None,
    ),
    Shape(
        "sequences.archive_many",
        lambda s: s.sequences.archive_many([7, 8]),
        act_on_many("archive"),
        None,
    ),
    Shape(
        "steps.list",
        lambda s: s.steps.list(7),
        (Exchange("GET", "/v3/sequences/7/steps", [STEP_ANSWER]),),
        tuple,
        Call,
    ),
    Shape("steps.create", lambda s: s.steps.create(7, STEP), (STEPS, NEW_STEP), Call),
    Shape(
        "steps.create",
        lambda s: s.steps.create(
            7,
            Email(
                parent_id=3,
                if_condition_positive=True,
                variants=[EmailVariant(subject="Hi", message="<p>")],
            ),
        ),
        (
            STEPS,
            Exchange(
                "POST",
                "/v3/sequences/7/steps",
                {"id": 9, "type": "email", "variants": [{"id": 1, "subject": "Hi"}]},
                body={
                    "type": "email",
                    "parentId": 3,
                    "ifConditionPositive": True,
                    "delayInMinutes": 0,
                    "executionMode": "automatic",
                    "variants": [{"subject": "Hi", "message": "<p>"}],
                },
            ),
        ),
        Email,
    ),
    Shape(
        "senders.email_accounts",
        lambda s: s.senders.email_accounts(7),
        (Exchange("GET", "/v3/sequences/7/email-accounts", [MAILBOX]),),
        tuple,
        SequenceEmailAccount,
    ),
    Shape(
        "senders.assign_email_account",
        lambda s: s.senders.assign_email_account(7, 5_000_000_000),
        (
            Exchange(
                "POST",
                "/v3/sequences/7/email-account-links",
                None,
                body={"emailAccountId": 5_000_000_000},
                status=204,
            ),
        ),
        None,
    ),
    Shape(
        "senders.replace_email_accounts",
        lambda s: s.senders.replace_email_accounts(7, iter([1, 2])),
        (
            Exchange(
                "PUT",
                "/v3/sequences/7/email-account-links",
                None,
                body={"emailAccountIds": [1, 2]},
                status=204,
            ),
        ),
        None,
    ),
    Shape(
        "email_accounts.list",
        lambda s: s.email_accounts.list().collect(),
        (Exchange("GET", "/v3/email-accounts", page(MAILBOX), FIRST_PAGE),),
        list,
        EmailAccount,
    ),
    Shape(
        "email_accounts.list",
        lambda s: s.email_accounts.list(my=True).collect(),
        (Exchange("GET", "/v3/email-accounts", page(MAILBOX), {"my": "true", **FIRST_PAGE}),),
        list,
        EmailAccount,
    ),
    Shape(
        "sequence_contacts.list",
        lambda s: s.sequence_contacts.list(7).collect(),
        (Exchange("GET", "/v3/sequences/7/contacts", page(MEMBER), FIRST_PAGE),),
        list,
        SequenceContact,
    ),
    Shape(
        "sequence_contacts.list",
        lambda s: s.sequence_contacts.list(7, sort_by="email", sort_direction="asc").collect(),
        (
            Exchange(
                "GET",
                "/v3/sequences/7/contacts",
                page(MEMBER),
                {"sort_by": "email", "sort_direction": "asc", **FIRST_PAGE},
            ),
        ),
        list,
        SequenceContact,
    ),
    Shape("sequence_contacts.count", lambda s: s.sequence_contacts.count(7), (COUNT,), int),
    Shape(
        "sequence_contacts.add_many",
        lambda s: s.sequence_contacts.add_many(7, [3], start_step_id=4),
        (
            LOOK,
            EMPTY,
            Exchange(ENROL.method, ENROL.path, ENROL.answer, body={**ENROL_BODY, "startStepId": 4}),
        ),
        None,
    ),
    Shape(
        "sequence_contacts.import_rows",
        lambda s: s.sequence_contacts.import_rows(7, [ROW]),
        (LOOK, EMPTY, IMPORT, ENROL),
        None,
    ),
    Shape("contacts.import_rows", lambda s: s.contacts.import_rows([ROW]), (WHOAMI, IMPORT), None),
    Shape(
        "custom_fields.list",
        lambda s: s.custom_fields.list(),
        (Exchange("GET", "/v3/custom-fields", [{"id": 1, "title": "Region"}]),),
        tuple,
        CustomField,
    ),
    Shape(
        "stats.get",
        lambda s: s.stats.get(7),
        (Exchange("POST", "/v3/sequences/7/stats", STATS, body=LAST_WEEK),),
        SequenceStats,
    ),
    Shape(
        "stats.get",
        lambda s: s.stats.get(7, Period.between(JUNE, JULY)),
        (
            Exchange(
                "POST",
                "/v3/sequences/7/stats",
                STATS,
                body={"filters": {"from": "2026-06-01T00:00:00Z", "to": "2026-07-01T00:00:00Z"}},
            ),
        ),
        SequenceStats,
    ),
    Shape(
        "stats.emails",
        lambda s: s.stats.emails(7, Period.ALL_TIME),
        (
            Exchange(
                "POST",
                "/v3/sequences/7/stats/emails",
                {"overview": {}, "steps": []},
                body={"filters": {"dateRangePreset": "allTime"}},
            ),
        ),
        SequenceEmailStats,
    ),
    Shape(
        "stats.overview",
        lambda s: s.stats.overview(),
        (Exchange("POST", "/v3/sequences/stats", [{"sequenceId": 7, **STATS}], body=LAST_WEEK),),
        tuple,
        SequenceStatsRow,
    ),
    Shape(
        "stats.collect",
        lambda s: s.stats.collect([7]),
        (Exchange("POST", "/v3/sequences/7/stats", STATS, body=LAST_WEEK),),
        None,
    ),
    Shape("whoami", lambda s: s.whoami(), (WHOAMI,), WhoAmI),
)
