"""Recorded and documented answers, read by the method of their operation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve, frozen
from conformance.contract import covered
from conformance.methods import Method, all_methods
from conformance.recording_sender import RecordingSender
from conformance.test_sdk import COMPOSITES, accepted_arguments, operation_of

from reply_async.errors import (
    AccountLimitReached,
    ApiError,
    BadAnswer,
    Conflict,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    ReplyError,
    RunStopped,
    ServerError,
    Unauthorized,
    ValidationFailed,
)
from reply_async.models.steps import Call
from reply_async.outcome import BulkOutcome, Report
from reply_async.responses import Answer

FIXTURES: Final = Path(__file__).parents[1] / "fixtures"
# For fixtures that answer any operation: one read and one write.
ANY: Final = ("get_sequence", "update_sequence")


@frozen
class Fixture:
    """One answer: its operation, and what came over the wire."""

    operation: str
    answer: Answer
    name: str

    @property
    def data(self) -> Any:
        """The body, parsed; None if it is no JSON."""
        try:
            return json.loads(self.answer.body)
        except ValueError:
            return None

    @property
    def is_success(self) -> bool:
        """Tell whether it is a good answer, as its operation promises it."""
        return self.answer.status < 300 and "html" not in self.name


def _read(entry: Mapping[str, Any], operation: str) -> Fixture:
    file = entry["file"]
    body = (FIXTURES / file).read_bytes() if file else b""
    answer = Answer(entry["status"], entry["headers"], body)
    return Fixture(operation, answer, f"{operation}-{file or entry['status']}")


ALL: Final = [
    _read(entry, operation)
    for entry in json.loads((FIXTURES / "index.json").read_text(encoding="utf-8"))
    for operation in (ANY if entry["operation"] == "*" else (entry["operation"],))
]


def method_of(fixture: Fixture) -> Method:
    """Return the one method of the fixture's operation."""
    (found,) = (
        method
        for method in all_methods().values()
        if method.name not in COMPOSITES and operation_of(method).id == fixture.operation
    )
    return found


def asked(fixture: Fixture, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return arguments that the fixture is an answer to: its rows, its ids."""
    data = fixture.data
    match fixture.operation:
        case "import_contacts" if fixture.is_success and data:
            rows = [
                {"email": f"a{number}@example.com", "firstName": "Ann"}
                for number in range(len(data["items"]))
            ]
            return {**arguments, "rows": rows}
        case "bulk_create_sequence_steps":
            return {**arguments, "steps": [Call()] * len(data)}
        case "set_contacts_owner" if fixture.is_success:
            return {**arguments, "contact_ids": data["affectedIds"]}
        case "bulk_add_contacts_to_sequence" if fixture.is_success:
            ids = [*data["added"], *map(int, data.get("notProcessed") or {})]
            return {**arguments, "contact_ids": ids, "start_step_id": None}
    return arguments


def called(fixture: Fixture) -> Any:
    """Call the method and let it have the fixture for an answer."""
    method = method_of(fixture)
    sender = RecordingSender({fixture.operation: fixture.answer})
    try:
        return method.call(sender, asked(fixture, accepted_arguments(method)))
    except RunStopped as error:
        if isinstance(error.__cause__, AccountLimitReached):  # which a good answer tells, too
            return error.report
        raise


def with_unknown_members(data: Any, *, is_map: bool = False) -> Any:
    """Return an answer with a new member in every object; names that are ids are no members."""
    if isinstance(data, list):
        return [with_unknown_members(each) for each in data]
    if not isinstance(data, dict):
        return data
    grown = {name: with_unknown_members(each) for name, each in data.items()}
    is_map = is_map or all(name.isdecimal() for name in data)
    return grown if is_map else {**grown, "newMember": {"nested": [1]}}


def told(result: Any) -> Any:
    """Return what became of a call, without what a newer answer adds to its objects."""
    if isinstance(result, BulkOutcome):
        return (dict(result.done), dict(result.refused), dict(result.unknown))
    if isinstance(result, Report):
        return (result.counts, dict(result.refused), dict(result.unknown))
    return len(result) if isinstance(result, tuple | list) else type(result)


SUCCESSES: Final = [each for each in ALL if each.is_success and each.answer.status != 202]
ERRORS: Final = [each for each in ALL if not each.is_success]


def test_every_fixture_is_in_the_index() -> None:
    """None lies about unread; requests and deliveries are read elsewhere."""
    entries = json.loads((FIXTURES / "index.json").read_text(encoding="utf-8"))
    listed = {entry["file"] for entry in entries if entry["file"]}
    there = {
        path.relative_to(FIXTURES).as_posix()
        for path in FIXTURES.glob("*/*")
        if not path.name.startswith(("request_", "delivery_"))
    }

    assert there == listed


@pytest.mark.parametrize("fixture", SUCCESSES, ids=lambda each: each.name)
def test_good_answer_is_read(fixture: Fixture) -> None:
    """As it came, and with members newer than this package."""
    plain = told(called(fixture))
    is_map = covered()[fixture.operation].result == "map"
    grown = json.dumps(with_unknown_members(fixture.data, is_map=is_map)).encode()
    answer = evolve(fixture.answer, body=grown if fixture.answer.body else b"")

    assert plain == told(called(evolve(fixture, answer=answer)))
    assert_no_doubt(called(fixture))


def assert_no_doubt(result: Any) -> None:
    """Fail if a good answer left an item without a verdict."""
    if isinstance(result, BulkOutcome | Report):
        assert {} == dict(result.unknown)


def expected(fixture: Fixture) -> type[ReplyError]:
    """Return the error that an answer means."""
    status, data = fixture.answer.status, fixture.data or {}
    is_read = accepted_is_read(fixture)
    if status < 300 or status >= 500:
        bad = BadAnswer if status < 300 else ServerError
        return bad if is_read else OutcomeUnknown
    if data.get("code", "").casefold().endswith(".notfound"):
        return NotFound
    if status == 400:
        return ValidationFailed if data.get("errors") else ApiError
    by_status: dict[int, type[ReplyError]] = {
        401: Unauthorized,
        403: Forbidden,
        404: NotFound,
        409: Conflict,
        429: RateLimited,
    }
    return by_status.get(status, ApiError)


def accepted_is_read(fixture: Fixture) -> bool:
    """Tell whether the fixture's operation changes nothing."""
    return operation_of(method_of(fixture)).safety(None) == "read"


@pytest.mark.parametrize("fixture", ERRORS, ids=lambda each: each.name)
def test_refusal_becomes_the_right_error(fixture: Fixture) -> None:
    """By its meaning; in bulk it is told for each item."""
    result: Any = None
    raised: BaseException | None = None
    try:
        result = called(fixture)
    except RunStopped as error:
        raised = error.__cause__
    except ReplyError as error:
        raised = error

    if raised is None:
        assert result.refused
        assert not result.unknown
    else:
        assert type(raised) is expected(fixture)
        assert not isinstance(raised, ApiError) or raised.status == fixture.answer.status


def test_job_in_place_of_an_import_settles_nothing() -> None:
    """The server took the rows and did not say what became of them."""
    (fixture,) = (each for each in ALL if each.answer.status == 202)

    report = called(fixture)

    assert report.unknown
    assert not report.refused
