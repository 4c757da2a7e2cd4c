"""Reading answers: bytes in, an outcome out, and never an exception on account of a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from transport.fault_table import create, decode_object, read

from reply_async.converter import DecodeError
from reply_async.errors import (
    ApiError,
    BadAnswer,
    ConnectionFailed,
    FieldError,
    OutcomeUnknown,
    Problem,
    RateLimited,
    ServerError,
)
from reply_async.responses import (
    Answer,
    Applied,
    NotSent,
    Outcome,
    Rejected,
    Throttled,
    Unknown,
    conclude,
    failure,
    judge,
    parse_json,
    read_problem,
    read_retry_after,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OUTCOMES = (Applied, Rejected, NotSent, Throttled, Unknown)


@given(
    status=st.integers(100, 999),
    body=st.binary(max_size=60) | st.sampled_from([b"{}", b"[1]", b'{"code": 5, "errors": [1]}']),
    name=st.sampled_from(["retry-after", "date", "location", "content-type", "x-request-id"]),
    value=st.text(max_size=40),
)
@example(429, b"{}", "retry-after", "Wed, 21 Oct 2015 07:28:00 +99999999999999999")
@example(302, b"", "location", "http://[::1")
@example(200, b"\xff\xfe", "date", "\x00")
def test_nothing_that_a_server_says_raises(status: int, body: bytes, name: str, value: str) -> None:
    """Whatever comes is one of the five outcomes."""
    answer = Answer(status, {name: value}, body)
    assert answer.date is None or answer.date.tzinfo is not None
    assert type(judge(create(), answer, decode_object)) in OUTCOMES
    assert type(judge(read(), answer, None)) in OUTCOMES


def test_no_body_is_promised() -> None:
    """Then any answer of success will do, and the value is None."""
    outcome: Outcome[None] = judge(create(), Answer(204, {}, b""), None)
    assert conclude(create(), outcome) is None


def test_background_job() -> None:
    """A 202 in the place of a result is accepted, not applied; evidence says why."""
    outcome = judge(create(), Answer(202, {}, b"[]"), decode_object)
    assert isinstance(outcome, Unknown)
    assert "background job" in outcome.evidence


def test_job_that_is_the_promised_answer() -> None:
    """Where the caller expects the job itself, a 202 is a success."""
    outcome = judge(create(), Answer(202, {}, b'{"id": 7}'), decode_object)
    assert {"id": 7} == conclude(create(), outcome)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("3600", 3600),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", 1.5),
        ("1.5.0", None),
        ("999999999", 86_400),
        (format_datetime(NOW + timedelta(days=9_000), usegmt=True), 86_400),
        ("٣", None),
        ("1e3", None),
        ("9" * 5000, None),
        ("Wed, 21 Oct 2015 07:28:00 +99999999999999999", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    """Seconds or a date of the server's clock, up to a day; nonsense counts as absent."""
    assert seconds == read_retry_after(value, NOW)


def test_retry_after_reaches_the_error() -> None:
    """The date is compared with the server's clock, not with ours."""
    headers = {
        "date": format_datetime(NOW, usegmt=True),
        "retry-after": format_datetime(NOW + timedelta(minutes=7), usegmt=True),
    }
    outcome = judge(create(), Answer(429, headers, b""), decode_object)
    assert isinstance(outcome, Throttled)
    assert 420 == outcome.error.retry_after


def test_problem_is_read_as_far_as_it_goes() -> None:
    """Members of a wrong kind are left out; a body that is no object is no problem."""
    body = b'{"title": 5, "code": "a.b", "errors": [1, {"pointer": "/x"}, {"detail": "d"}]}'
    fields = (FieldError("/x", ""), FieldError("", "d"))
    assert Problem(code="a.b", fields=fields) == read_problem(body)
    assert [None] * 3 == [read_problem(body) for body in (b"[]", b"", b"<html>")]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "empty where a body is promised"),
        (b" \n", "empty where a body is promised"),
        (b"{]", "not JSON"),
        (b"\xff", "not JSON"),
        (b"NaN", "not JSON"),
        (b"-Infinity", "not JSON"),
        (b"1" * 5000, "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_json_that_is_none(body: bytes, problem: str) -> None:
    """The problem is told in our words, never with what the body holds."""
    with pytest.raises(DecodeError) as caught:
        parse_json(body)
    assert ("$", problem) == (caught.value.where, caught.value.problem)


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("https://user:word@Login.example:8443/a?token=1", "login.example"),
        ("https://login.example?token=1", "login.example"),
        ("//login.example/a", "login.example"),
        ("/v3/a", "the same host"),
        ("", "the same host"),
        ("http://[::1", "an unreadable address"),
    ],
)
def test_redirect_names_the_host_alone(location: str, host: str) -> None:
    """The rest of the address may hold anything, tokens too."""
    outcome = judge(read(), Answer(302, {"location": location}, b""), decode_object)
    assert isinstance(outcome, Unknown)
    assert f"answer 302, $: a redirect to {host}" == outcome.evidence


def test_what_an_outcome_means_for_the_caller() -> None:
    """Unknown is an error of its own for a write; a read says what came."""
    refused = ApiError(read(), 400, Problem())
    throttled = RateLimited(read(), 429, Problem())
    broken = ServerError(read(), 500, Problem())
    assert refused is failure(create(), Rejected(refused))
    assert throttled is failure(create(), Throttled(throttled))
    assert broken is failure(read(), Unknown("answer 500", broken))
    assert ConnectionFailed is type(failure(read(), Unknown("silence")))
    assert ConnectionFailed is type(failure(create(), NotSent("refused")))
    assert OutcomeUnknown is type(failure(create(), Unknown("answer 500", broken)))


def test_messages_hold_names_only() -> None:
    """Pointers are told, the server's details are not: they repeat what was sent."""
    fields = tuple(FieldError(f"/items/{n}/email", "a@b.example is bad") for n in range(7))
    error = ApiError(create(), 400, Problem(code="contact.invalid", fields=fields), "r-1")
    assert "POST /v3/things: 400 contact.invalid at /items/0/email" in str(error)
    assert str(error).endswith("and 2 more")
    assert "a@b.example" not in f"{error} {error!r}"
    assert error.is_code("Contact.Invalid")
    assert "r-1" == error.request_id


def test_bad_answer_names_the_place() -> None:
    """A decoder's place goes into the error."""

    def decode(_data: object) -> None:
        raise DecodeError("$.steps[1].type", "text is promised")

    outcome: Outcome[None] = judge(read(), Answer(200, {}, b"{}"), decode)
    with pytest.raises(BadAnswer, match=r"answer 200 cannot be read: \$\.steps\[1\]\.type: text"):
        conclude(read(), outcome)
