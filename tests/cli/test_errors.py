"""Which exit code each error has, and that its line says what to do."""

from asyncio import CancelledError

import pytest

from reply_async import (
    AccountLimitReached,
    ApiError,
    BadAnswer,
    Conflict,
    ConnectionFailed,
    Counts,
    Forbidden,
    InvalidUse,
    NotFound,
    OutcomeUnknown,
    Problem,
    RateLimited,
    RateLimitWait,
    Report,
    Request,
    RunStopped,
    Safety,
    SequenceUnusable,
    ServerError,
    SessionClosed,
    Unauthorized,
    ValidationFailed,
)
from reply_async.cli.errors import BadInput, CommandFailed, MissingExtra, explain, require_extra

REQUEST = Request("GET", "/v3/sequences", safety=Safety.READ)


def refusal(kind: type[ApiError], status: int, code: str | None = None) -> ApiError:
    """Give an error of the server."""
    return kind(REQUEST, status, Problem(title="No", code=code))


CASES = [
    (BadInput("in.csv: empty"), 2, "in.csv: empty"),
    (InvalidUse("sequence_id", "too large"), 2, "sequence_id"),
    (InvalidUse("REPLY_API_KEY", "is not set"), 4, "reply-async demo"),
    (refusal(Unauthorized, 401), 4, "check REPLY_API_KEY"),
    (refusal(Forbidden, 403), 4, "scope"),
    (OutcomeUnknown(REQUEST, "no answer"), 3, "look at it"),
    (ConnectionFailed(REQUEST, "refused"), 5, "--base-url"),
    (RateLimitWait(REQUEST, 900.0), 5, "900 s"),
    (refusal(RateLimited, 429), 5, "later"),
    (refusal(ServerError, 503), 5, "later"),
    (refusal(NotFound, 404, "sequence.notFound"), 7, "sequence.notFound"),
    (refusal(Conflict, 409, "sequence.archived"), 7, "sequence.archived"),
    (refusal(ValidationFailed, 400, "contact.limitExceeded"), 7, "limitExceeded"),
    (refusal(ApiError, 429, "directLinkedIn.messageQuota"), 7, "messageQuota"),
    (AccountLimitReached(), 7, "limit"),
    (refusal(ValidationFailed, 400), 1, "400"),
    (BadAnswer(REQUEST, 200, "$", "HTML"), 1, "HTML"),
    (SessionClosed(), 1, "not open"),
    (CommandFailed("the file was changed"), 1, "changed"),
    (MissingExtra("cli", "rich"), 1, "pip install 'reply-async[cli]'"),
    (OSError(28, "No space left on device", "rejects.csv"), 1, "rejects.csv"),
    (KeyboardInterrupt(), 130, "interrupted"),
    (CancelledError(), 130, "interrupted"),
    (SequenceUnusable(5, "is archived"), 7, "sequence 5 is archived"),
]


@pytest.mark.parametrize(("error", "code", "said"), CASES)
def test_an_error_has_a_code_and_a_line(error: BaseException, code: int, said: str) -> None:
    """The code of section 12 of the rules, and one line that helps."""
    explained = explain(error)

    assert explained is not None
    assert code == explained[0]
    assert said in explained[1]
    assert "\n" not in explained[1]


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (refusal(Unauthorized, 401), 4),
        (ConnectionFailed(REQUEST, "refused"), 5),
        (OutcomeUnknown(REQUEST, "no answer"), 5),  # 3 is for runs that finished
        (refusal(NotFound, 404), 7),
        (AccountLimitReached(), 7),
        (None, 1),
        (ZeroDivisionError(), 1),
    ],
)
def test_a_run_that_stopped_has_the_code_of_its_cause(
    cause: BaseException | None, code: int
) -> None:
    """A run that did not finish reports why, never 3 or 6."""
    error = RunStopped(Report(counts=Counts(unsent=3)), "why")
    error.__cause__ = cause

    explained = explain(error)

    assert explained is not None
    assert code == explained[0]
    assert "3 rows were not sent" in explained[1]


def test_a_bug_is_not_explained() -> None:
    """What nobody expected keeps its traceback."""
    assert explain(ZeroDivisionError()) is None


def test_a_missing_extra_names_its_pip_line() -> None:
    """The extra is named, not only the module."""
    require_extra("emulator", ["json"])
    with pytest.raises(MissingExtra, match=r"pip install 'reply-async\[emulator\]'"):
        require_extra("emulator", ["json", "no_such_module_anywhere"])
