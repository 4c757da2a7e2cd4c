"""What a value must be to be read, how errors name places, what is written."""

from __future__ import annotations

import importlib
import pickle
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import attrs
import pytest
from models.samples import load

import reply_async
from reply_async import converter as converter_module
from reply_async.converter import (
    DecodeError,
    camel,
    decode,
    decode_failures,
    decode_list,
    decode_map,
    encode,
    encode_row,
    encode_time,
    encode_variant,
)
from reply_async.errors import InvalidUse
from reply_async.models.contacts import CallStatus, CompanySize, Contact, ContactRow
from reply_async.models.jobs import BackgroundJob
from reply_async.models.sequences import (
    GeneratedTaskOwner,
    Sequence,
    SequenceSettings,
    SequenceStatus,
)
from reply_async.models.steps import EmailVariant, InMailVariant, LinkedInVariant
from reply_async.unset import UNSET

SECRET = "jane@example.com"

NOT_TEXT = [1, 1.5, True, ["a"], {"a": 1}]
NOT_WHOLE = ["3", 3.0, 3.9, True, False, [3], {}]
NOT_BOOLEAN = [0, 1, "true", "false", 1.0, []]
NOT_NUMBER = ["0.5", True, [], {}]
NOT_TIME = [1, 1.5, True, "", "yesterday", "2024-13-01T00:00:00Z", "1709908200", {}]


@pytest.mark.parametrize(
    ("member", "value"),
    [("email", value) for value in NOT_TEXT]
    + [("ownerUserId", value) for value in NOT_WHOLE]
    + [("isOptedOut", value) for value in NOT_BOOLEAN]
    + [("createdAt", value) for value in NOT_TIME]
    + [("companySize", value) for value in NOT_TEXT]
    + [("customFields", value) for value in ("a", {"key": "a"}, 1)],
)
def test_nothing_is_coerced(member: str, value: Any) -> None:
    """A value of another kind is an error at its member, not a conversion."""
    with pytest.raises(DecodeError) as caught:
        decode({"id": 1, member: value}, Contact)

    assert f"$.{member}" == caught.value.where


@pytest.mark.parametrize("value", [None, *NOT_WHOLE])
def test_id_is_a_whole_number(value: Any) -> None:
    """A member that is needed is never null."""
    with pytest.raises(DecodeError) as caught:
        decode({"id": value}, Contact)

    assert "$.id" == caught.value.where


@pytest.mark.parametrize("value", NOT_NUMBER)
def test_number_is_no_text_and_no_boolean(value: Any) -> None:
    """Only JSON numbers are numbers."""
    with pytest.raises(DecodeError, match=r"^\$\.progress: a number is promised, not "):
        decode({"jobId": "a", "status": "Done", "progress": value}, BackgroundJob)


def test_whole_number_is_a_number() -> None:
    """A percentage of 0 comes as a whole number and is read as a float."""
    job = decode({"jobId": "a", "status": "Done", "progress": 1}, BackgroundJob)

    assert (1.0, float) == (job.progress, type(job.progress))


def test_number_too_large_for_a_float() -> None:
    """JSON has no largest number, floats have."""
    with pytest.raises(DecodeError) as caught:
        decode({"jobId": "a", "status": "Done", "progress": 10**400}, BackgroundJob)

    assert ("$.progress", "the number is too large") == (caught.value.where, caught.value.problem)


def test_large_ids_keep_every_digit() -> None:
    """Ids of mailboxes have 64 bits, more than a float could hold."""
    assert 9007199254740993 == decode({"id": 9007199254740993}, Contact).id


@pytest.mark.parametrize(
    "member", ["email", "ownerUserId", "isOptedOut", "createdAt", "companySize"]
)
def test_null_of_an_optional_member_is_none(member: str) -> None:
    """The contact equals one of which the member was not told."""
    assert Contact(id=1) == decode({"id": 1, member: None}, Contact)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (None, "$"),
        ([], "$"),
        ("text", "$"),
        ({}, "$.id"),
        ({"id": 1, "name": "n"}, "$.status"),
        ({"id": 1, "name": "n", "status": "new", "ownerId": "x"}, "$.ownerId"),
        ({"id": 1, "name": "n", "status": "new", "steps": {}}, "$.steps"),
        ({"id": 1, "name": "n", "status": "new", "steps": [None]}, "$.steps[0]"),
        ({"id": 1, "name": "n", "status": "new", "steps": [{}]}, "$.steps[0].type"),
        ({"id": 1, "name": "n", "status": "new", "steps": [{"type": 1}]}, "$.steps[0].type"),
        (
            {
                "id": 1,
                "name": "n",
                "status": "new",
                "steps": [{"type": "email"}, {"type": "email", "delayInMinutes": "3"}],
            },
            "$.steps[1].delayInMinutes",
        ),
        (
            {
                "id": 1,
                "name": "n",
                "status": "new",
                "steps": [
                    {
                        "type": "condition",
                        "waitInMinutes": 1,
                        "conditions": [{"property": "p", "rules": [{"operator": None}]}],
                    }
                ],
            },
            "$.steps[0].conditions[0].rules[0].operator",
        ),
        ({"id": 1, "name": "n", "status": "new", "settings": {"dailyThrottling": "9"}},
         "$.settings.dailyThrottling"),
        ({"id": 1, "name": "n", "status": "new", "linkedInAccounts": [{"id": None}]},
         "$.linkedInAccounts[0].id"),
    ],
)  # fmt: skip
def test_error_names_the_place(data: Any, where: str) -> None:
    """The place is written with the server's names."""
    with pytest.raises(DecodeError) as caught:
        decode(data, Sequence)

    assert where == caught.value.where


def test_place_begins_where_the_caller_says() -> None:
    """A page tells the place of its list."""
    with pytest.raises(DecodeError) as caught:
        decode_list([{"id": 1}, {"id": "2"}], Contact, "$.items")

    assert "$.items[1].id" == caught.value.where


@pytest.mark.parametrize(
    "data",
    [
        {"id": SECRET},
        {"id": 1, "createdAt": SECRET},
        {"id": 1, "isOptedOut": SECRET},
        {"id": 1, "customFields": [{"key": {SECRET: SECRET}}]},
        SECRET,
        [SECRET],
    ],
)
def test_error_tells_no_value(data: Any) -> None:
    """Neither its text nor anything hanging on it repeats the answer."""
    with pytest.raises(DecodeError) as caught:
        decode(data, Contact)

    error = caught.value
    assert SECRET not in f"{error} {error!r} {error.args}"
    assert (None, None) == (error.__cause__, error.__context__)


def test_error_of_a_map_tells_no_name() -> None:
    """The names of a free object are values, too."""
    with pytest.raises(DecodeError) as caught:
        decode_map({SECRET: 1}, Contact)
    assert "$.*: an object is promised, not a whole number" == str(caught.value)

    with pytest.raises(DecodeError) as caught:
        decode_failures({SECRET: {"error": "a"}})
    assert "$.*: a name is no id" == str(caught.value)


def test_error_survives_pickling() -> None:
    """It crosses the border of a process."""
    error = pickle.loads(pickle.dumps(DecodeError("$.a", "is missing")))  # noqa: S301 - our own bytes

    assert ("$.a", "is missing", "$.a: is missing") == (error.where, error.problem, str(error))


@pytest.mark.parametrize("error", [None, True, 1.5, []])
def test_reason_of_a_failure_is_text_or_a_number(error: Any) -> None:
    """Anything else is not a reason."""
    with pytest.raises(DecodeError, match=r"^\$\.\*\.error: text or a whole number is promised"):
        decode_failures({"1": {"error": error}})


@pytest.mark.parametrize("word", ["active", "Active", "ACTIVE", "a_ctive"])
def test_words_are_read_in_any_case(word: str) -> None:
    """Case and underscores do not count."""
    sequence = decode({"id": 1, "name": "n", "status": word}, Sequence)

    assert SequenceStatus.ACTIVE is sequence.status


@pytest.mark.parametrize("word", ["hibernating", "", "act ive"])
def test_unknown_word_keeps_its_text(word: str) -> None:
    """Neither an error nor another spelling."""
    status = decode({"id": 1, "name": "n", "status": word}, Sequence).status

    assert (word, str) == (status, type(status))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-08T14:30:00Z", datetime(2024, 3, 8, 14, 30, tzinfo=UTC)),
        ("2024-03-08T14:30:00", datetime(2024, 3, 8, 14, 30, tzinfo=UTC)),
        ("2024-03-08T14:30:00+02:00", datetime(2024, 3, 8, 12, 30, tzinfo=UTC)),
        ("2024-03-08T14:30:00.5Z", datetime(2024, 3, 8, 14, 30, 0, 500_000, tzinfo=UTC)),
        ("2024-03-08T14:30:00.00", datetime(2024, 3, 8, 14, 30, tzinfo=UTC)),
        ("2024-03-08T14:30:00.123456789-01:00",
         datetime(2024, 3, 8, 15, 30, 0, 123_456, tzinfo=UTC)),
        ("0001-01-01T00:00:00", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_times_are_aware(text: str, expected: datetime) -> None:
    """A missing offset is UTC; fractions have any number of digits."""
    time = decode({"id": 1, "createdAt": text}, Contact).created_at

    assert expected == time
    assert time is not None
    assert time.tzinfo is not None


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (datetime(2024, 3, 8, 14, 30, tzinfo=UTC), "2024-03-08T14:30:00Z"),
        (datetime(2024, 3, 8, 1, 30, tzinfo=timezone(timedelta(hours=2))), "2024-03-07T23:30:00Z"),
        (datetime(2024, 3, 8, 14, 30, 0, 5000, tzinfo=UTC), "2024-03-08T14:30:00.005000Z"),
    ],
)
def test_times_are_sent_in_utc(time: datetime, expected: str) -> None:
    """One way to write an instant."""
    assert expected == encode_time(time, "start_from")
    assert expected == encode(Contact(id=1, created_at=time))["createdAt"]


def test_time_without_offset_is_refused() -> None:
    """Nobody knows which instant it means."""
    with pytest.raises(InvalidUse, match=r"^start_from: "):
        encode_time(datetime(2024, 3, 8), "start_from")  # noqa: DTZ001 - the mistake to be seen


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("id", "id"),
        ("delay_in_minutes", "delayInMinutes"),
        ("linkedin_url", "linkedInUrl"),
        ("contact_linkedin_url", "contactLinkedInUrl"),
        ("in_mails_sent", "inMailsSent"),
        ("phone2", "phone2"),
        ("whatsapp_number", "whatsAppNumber"),
    ],
)
def test_names_on_the_wire(name: str, expected: str) -> None:
    """snake_case becomes the server's spelling."""
    assert expected == camel(name)


def test_settings_tell_unset_from_null() -> None:
    """What was not told is not sent; null stays null; unknown members go back."""
    told = {"dailyThrottling": 200, "generatedTaskOwner": None, "memberOfTomorrow": {"a": None}}
    settings = decode(told, SequenceSettings)

    assert (200, None, UNSET) == (
        settings.daily_throttling,
        settings.generated_task_owner,
        settings.call_is_automatic,
    )
    assert told == encode(settings)
    assert {} == encode(SequenceSettings())
    owner = SequenceSettings(generated_task_owner=GeneratedTaskOwner.CONTACT)
    assert {"generatedTaskOwner": "contact"} == encode(owner)


def test_settings_name_what_a_create_still_needs() -> None:
    """Seven members are required together, and null does not fill one."""
    needed = decode(load("sequences/request_create")["settings"], SequenceSettings)

    assert () == needed.missing_on_create()
    assert 7 == len(SequenceSettings().missing_on_create())
    partial = SequenceSettings(
        emails_count_per_day=50,
        days_to_finish_prospect=None,
        email_sending_delay_seconds=0,
        disable_opens_tracking=False,
        replies_handling_type="markAsFinished",
        enable_links_tracking=True,
    )
    assert ("days_to_finish_prospect", "daily_throttling") == partial.missing_on_create()


def test_row_sends_what_was_given() -> None:
    """UNSET stays out, None clears, and company sizes are written in Pascal case."""
    row = ContactRow(
        email="ann@example.com",
        first_name="Ann",
        phone=None,
        company_size=CompanySize.ONE_THOUSAND,
        linkedin_url="https://www.linkedin.com/in/ann",
        call_status=CallStatus.TO_CALL,
        is_opted_out=False,
        custom_fields={"budget": "9", "source": None},
    )

    assert {
        "email": "ann@example.com",
        "firstName": "Ann",
        "phone": None,
        "companySize": "OneThousand",
        "linkedInUrl": "https://www.linkedin.com/in/ann",
        "callStatus": "toCall",
        "isOptedOut": False,
        "customFields": [{"name": "budget", "value": "9"}, {"name": "source", "value": None}],
    } == encode_row(row)
    assert {} == encode_row(ContactRow())
    created = encode_row(row, custom_field_member="key")
    assert {"key": "source", "value": None} == created["customFields"][1]


@pytest.mark.parametrize(
    ("size", "expected"),
    [("oneThousand", "OneThousand"), ("ONE_THOUSAND", "OneThousand"), ("million", "Million"),
     (None, None)],
)  # fmt: skip
def test_company_size_as_text(size: str | None, expected: str | None) -> None:
    """A size that was read, or typed, is written as the write form wants it."""
    assert {"companySize": expected} == encode_row(ContactRow(company_size=size))


def test_single_variants() -> None:
    """A new variant has no id; ``has_attachments`` is the server's word."""
    email = EmailVariant(
        message="m", is_enabled=False, attachment_ids=[4], has_attachments=True, id=3
    )

    assert {"message": "m", "isEnabled": False, "attachmentIds": [4]} == encode_variant(email)
    assert 3 == encode_variant(email, with_id=True)["id"]
    assert {"message": "m", "isEnabled": True} == encode_variant(LinkedInVariant(message="m"))
    assert {"subject": "s", "message": "m", "isEnabled": True} == encode_variant(
        InMailVariant(subject="s", message="m")
    )
    assert {"attachmentIds": []} == encode_variant(EmailVariant(attachment_ids=()))


def test_no_model_does_more_than_hold_values() -> None:
    """Made readers fill slots directly, so no class may check or derive anything on the way."""
    package = Path(reply_async.__file__).parent / "models"
    for path in package.glob("*.py"):
        module = importlib.import_module(f"reply_async.models.{path.stem}")
        for kind in filter(attrs.has, vars(module).values()):
            assert not hasattr(kind, "__attrs_post_init__"), kind
            for each in attrs.fields(kind):
                assert each.validator is None, (kind, each.name)
                assert hasattr(getattr(kind, each.name), "__set__"), (kind, each.name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sequences/get_200", Sequence),
        ("sequences/archive_200_pascal", Sequence),
        ("sequences/archive_200_short_oldest", Sequence),
        ("sequences/get_200_unknown_members", Sequence),
        ("contacts/get_200", Contact),
        ("jobs/get_200_done", BackgroundJob),
    ],
)
def test_a_made_reader_reads_what_the_loop_reads(
    name: str, kind: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quick way and the way field by field come to the same object."""
    monkeypatch.setattr(converter_module, "make_reader", lambda _, __, slowly, *___: slowly)
    slow = converter_module._make_converter()
    assert slow.structure(load(name), kind) == decode(load(name), kind)
