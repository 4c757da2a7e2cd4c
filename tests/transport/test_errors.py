"""Errors travel: between processes by pickle, into logs and reports as text."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import reply_async.errors
from reply_async.errors import (
    AccountLimitReached,
    ApiError,
    BadAnswer,
    BulkRefused,
    ConnectionFailed,
    FieldError,
    InvalidUse,
    OutcomeUnknown,
    Problem,
    RateLimited,
    RateLimitWait,
    ReplyError,
    RequestError,
    RunStopped,
    SequenceUnusable,
    SessionClosed,
    StoreFailed,
)
from reply_async.outcome import BulkOutcome, Counts, Refusal, Report
from reply_async.requests import ReadBack, Request, Safety, Undecided

FULL = Request(
    "POST",
    "/v3/things/{id}",
    path={"id": "7"},
    query={"email": "private@b.example"},
    body=b"private",
    safety=Safety.CREATE,
    read_back=ReadBack(
        request=Request("GET", "/v3/things", safety=Safety.READ),
        decode=lambda data: data,
        judge=lambda _data, _since: Undecided(),
    ),
)
PROBLEM = Problem("t", "a.b", "private detail", (FieldError("/x", "private"),))
OUTCOME: BulkOutcome[Any, Any] = BulkOutcome(done={1: 2}, refused={3: Refusal(code="no")})
ERRORS: dict[type[BaseException], ReplyError] = {
    ReplyError: ReplyError("text"),
    InvalidUse: InvalidUse("name", "is empty"),
    SessionClosed: SessionClosed(),
    StoreFailed: StoreFailed("budget.db", "is damaged"),
    RequestError: RequestError(FULL, 1),
    RateLimitWait: RateLimitWait(FULL, 12.5),
    ConnectionFailed: ConnectionFailed(FULL, "silence"),
    OutcomeUnknown: OutcomeUnknown(FULL, "silence", (1, 2)),
    BadAnswer: BadAnswer(FULL, 200, "$.a", "text is promised"),
    RateLimited: RateLimited(FULL, 429, PROBLEM, "r-1", 30.0),
    BulkRefused: BulkRefused(OUTCOME),
    SequenceUnusable: SequenceUnusable(5, "is archived"),
    AccountLimitReached: AccountLimitReached(),
    RunStopped: RunStopped(Report(counts=Counts(created=1)), "cancelled"),
}


def error_classes(root: type[BaseException] = ReplyError) -> list[type[Any]]:
    """Return every error class of the package."""
    below = [each for kind in root.__subclasses__() for each in error_classes(kind)]
    return [kind for kind in (root, *below) if kind.__module__ == reply_async.errors.__name__]


@pytest.mark.parametrize("kind", error_classes())
def test_errors_are_pickled(kind: type[ReplyError]) -> None:
    """Every error comes back as it was, with its request, and without what was sent."""
    error = ERRORS.get(kind) or kind(FULL, 400, PROBLEM, "r-1")
    if kind is not ReplyError:
        error.add_note("a note")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (kind, str(error), error.args) == (type(copy), str(copy), copy.args)
    assert vars(error) == vars(copy)
    if isinstance(copy, RequestError):
        request = copy.request
        assert ("POST /v3/things/7", Safety.CREATE) == (
            f"{request.method} {request.url_path}",
            request.safety,
        )
        assert (None, {}, None) == (request.body, request.query, request.read_back)
        assert "private" not in f"{copy} {copy!r}"
    assert issubclass(ApiError, RequestError)
