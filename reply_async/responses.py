"""From what came back to one of five outcomes, and from an outcome to an error.

Pure: bytes in, value out; no socket, no clock. The transport, the retry policy and
the bulk runs are all functions of these five values. Nothing here raises on account
of what a server sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Generic, NoReturn, TypeVar
from urllib.parse import urlsplit

from attrs import field, frozen

from reply_async.converter import DecodeError
from reply_async.errors import (
    ApiError,
    BadAnswer,
    Conflict,
    ConnectionFailed,
    FieldError,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    Problem,
    RateLimited,
    ReplyError,
    ServerError,
    Unauthorized,
    ValidationFailed,
)
from reply_async.requests import AnswerKind, Request

T = TypeVar("T")
Decoder = Callable[[Any], T]


@frozen
class Answer:
    """A whole answer: status, headers by lower-case name, decoded body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def date(self) -> datetime | None:
        """The server's clock when it answered, if it said so."""
        return _http_date(self.headers.get("date"))


@frozen
class Applied(Generic[T]):
    """A whole answer of the promised shape arrived.

    ``after_loss`` says that an earlier answer to the same request was lost, so that the
    request may have taken effect twice.
    """

    value: T
    answer: Answer
    after_loss: bool = False


@frozen
class Rejected:
    """The server said no, in a form that could be read; nothing changed."""

    error: ApiError


@frozen
class NotSent:
    """Proof that no byte of the request left; ``is_permanent`` means that repeating is no use."""

    evidence: str
    is_permanent: bool = False


@frozen
class Throttled:
    """The quota's 429: refused before work began."""

    error: RateLimited


@frozen
class Unknown:
    """Bytes left and no usable answer came back.

    ``error`` is what a read raises in the end, None for a lost connection;
    ``is_transient`` says whether a repeat of a read may fare better.
    """

    evidence: str
    error: ReplyError | None = None
    is_transient: bool = True


@frozen
class Accepted(Unknown):
    """A background job took the request over; its rows are not told, ``job_id`` is a UUID."""

    job_id: str = field(kw_only=True)


Outcome = Applied[T] | Rejected | NotSent | Throttled | Unknown

_BY_STATUS: Mapping[int, type[ApiError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
}
# Decided before any work began, so these mean "no" whatever their body looks like.
_ALWAYS_REFUSALS = frozenset({401, 403, 404, 405, 413, 415, 431})
_REFUSALS_WITH_PROBLEM = frozenset({400, 409, 422})
_JOB_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def judge(request: Request, answer: Answer, decode: Decoder[T] | None) -> Outcome[T]:
    """Tell which of the five outcomes an answer is.

    ``decode`` turns the parsed JSON (the text of a CSV, the address of a redirect) into
    the promised value and raises DecodeError; None means that no body is promised.
    """
    status = answer.status
    is_redirect = 300 <= status < 400  # noqa: PLR2004 - the class of redirects
    is_promised = is_redirect and request.answer_kind is AnswerKind.REDIRECT
    if 200 <= status < 300 or is_promised:  # noqa: PLR2004 - the class of success
        return _success(request, answer, decode)
    problem = read_problem(answer.body)
    if status == 429:  # noqa: PLR2004 - too many requests
        return _too_many(request, answer, problem or Problem())
    if status in _ALWAYS_REFUSALS or (status in _REFUSALS_WITH_PROBLEM and problem):
        return Rejected(_refusal(request, answer, problem or Problem()))
    if status >= 500:  # noqa: PLR2004 - the class of server errors
        error = ServerError(request, status, problem or Problem(), request_id(answer))
        return Unknown(f"answer {status}", error)
    if is_redirect:
        target = answer.headers.get("location", "")
        return _unreadable(request, status, f"a redirect to {_host(target)}", transient=False)
    return _unreadable(request, status, "a status that the API does not document")


def conclude(request: Request, outcome: Outcome[T]) -> T:
    """Return the value of an outcome, or raise what it means for an awaited call."""
    if isinstance(outcome, Applied):
        return outcome.value
    raise failure(request, outcome)


def failure(request: Request, outcome: Rejected | NotSent | Throttled | Unknown) -> ReplyError:
    """Return the error that an outcome other than success means for the caller."""
    if isinstance(outcome, Rejected | Throttled):
        return outcome.error
    if isinstance(outcome, Unknown):
        if not request.is_read:
            return OutcomeUnknown(request, outcome.evidence)
        if outcome.error is not None:
            return outcome.error
    return ConnectionFailed(request, outcome.evidence)


def _success(request: Request, answer: Answer, decode: Decoder[T] | None) -> Outcome[T]:
    if decode is None:
        return Applied(None, answer)  # type: ignore[arg-type]  # T is None when nothing is promised
    try:
        data = _content(request, answer)
    except DecodeError as error:
        # What calls itself JSON and ends in the middle was cut off; another page is no JSON.
        is_cut = bool(answer.body) and "json" in answer.headers.get("content-type", "").lower()
        return _unreadable(request, answer.status, error.problem, transient=is_cut)
    try:
        return Applied(decode(data), answer)
    except DecodeError as error:
        where, problem = error.where, error.problem
    if answer.status == 202:  # noqa: PLR2004 - accepted
        where, problem = "$", "taken over by a background job, its result not told"
        job_id = _JOB_ID.search(answer.headers.get("location", "")) or _JOB_ID.search(
            answer.body.decode("utf-8", "replace")
        )
        if job_id is not None:
            evidence = f"answer 202, {problem}"
            return Accepted(evidence, is_transient=False, job_id=job_id[0])
    return _unreadable(request, answer.status, problem, where=where, transient=False)


def lacks_route(error: ReplyError) -> bool:
    """Tell a 404 of a server that does not know the route from one about an object."""
    return isinstance(error, NotFound) and error.code is None


def _content(request: Request, answer: Answer) -> Any:  # noqa: ANN401 - JSON is anything
    """Return what a good answer holds, or raise DecodeError if it is of another kind."""
    if request.answer_kind is AnswerKind.JSON:
        return parse_json(answer.body)
    if request.answer_kind is AnswerKind.REDIRECT:
        return answer.headers.get("location")
    if "text/csv" not in answer.headers.get("content-type", "").lower():
        raise DecodeError("$", "not CSV")
    try:
        return answer.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        problem = "not UTF-8"
    raise DecodeError("$", problem)


def _too_many(request: Request, answer: Answer, problem: Problem) -> Outcome[Any]:
    if problem.code:  # a business limit, such as LinkedIn's own; waiting does not help
        return Rejected(ApiError(request, 429, problem, request_id(answer)))
    wait = read_retry_after(answer.headers.get("retry-after"), answer.date)
    return Throttled(RateLimited(request, 429, problem, request_id(answer), wait))


def _unreadable(
    request: Request, status: int, problem: str, *, where: str = "$", transient: bool = True
) -> Unknown:
    error = BadAnswer(request, status, where, problem)
    return Unknown(f"answer {status}, {where}: {problem}", error, transient)


def _refusal(request: Request, answer: Answer, problem: Problem) -> ApiError:
    kind = _BY_STATUS.get(answer.status, ApiError)
    if kind is ApiError and problem.fields:
        kind = ValidationFailed
    if (problem.code or "").casefold().endswith(".notfound"):
        kind = NotFound  # deleting a missing sequence answers 400 with this code
    return kind(request, answer.status, problem, request_id(answer))


def request_id(answer: Answer) -> str | None:
    """Return the server's own name of the request, for its support, if it gave one."""
    return answer.headers.get("x-request-id") or answer.headers.get("request-id")


def parse_json(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """Parse an answer's body; whatever is wrong with it raises DecodeError."""
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except RecursionError:
        problem = "nested too deeply"
    except ValueError:  # bad UTF-8, bad JSON, and integers of more than 4,300 digits
        problem = "not JSON" if body.strip() else "empty where a body is promised"
    raise DecodeError("$", problem)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and infinities are no JSON


def read_problem(body: bytes) -> Problem | None:
    """Read an error body as far as it goes; None if it is no JSON object."""
    try:
        data = parse_json(body)
    except DecodeError:
        return None
    if not isinstance(data, dict):
        return None
    entries = data.get("errors")
    return Problem(
        title=_text(data.get("title")),
        code=_text(data.get("code")),
        detail=_text(data.get("detail")),
        fields=tuple(
            FieldError(_text(entry.get("pointer")) or "", _text(entry.get("detail")) or "")
            for entry in (entries if isinstance(entries, list) else ())
            if isinstance(entry, dict)
        ),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


LONGEST_RETRY_AFTER: Final = 86_400.0
# A fraction is not standard, but some gateways send one.
_SECONDS: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


def read_retry_after(value: str | None, now: datetime | None) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, a day at the most.

    Nonsense counts as absent. The longest window of the server is an hour.
    """
    if value is None:
        return None
    if _SECONDS.fullmatch(value := value.strip()):
        return min(float(value), LONGEST_RETRY_AFTER)
    date = _http_date(value)
    if date is None:
        return None
    return min(max(0.0, (date - (now or datetime.now(UTC))).total_seconds()), LONGEST_RETRY_AFTER)


_WINDOWS: Final = {"1m": "minute", "1h": "hour"}


def read_remaining(headers: Mapping[str, str]) -> tuple[str, int] | None:
    """Return a window, ``minute`` or ``hour``, and how many requests are left in it.

    The headers are not documented: what does not look like them counts as absent.
    """
    window = _WINDOWS.get(headers.get("x-rate-limit-limit", "").strip().lower())
    left = headers.get("x-rate-limit-remaining", "").strip()
    if window is None or not (left.isascii() and left.isdecimal() and len(left) <= 9):  # noqa: PLR2004 - any budget
        return None
    return window, int(left)


def _http_date(value: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(value) if value else None
    except (ValueError, OverflowError):
        return None
    return date if date is None or date.tzinfo else date.replace(tzinfo=UTC)


def _host(url: str) -> str:
    """Name the host of a redirect; the rest of its address may hold anything."""
    try:
        return urlsplit(url).hostname or "the same host"
    except ValueError:
        return "an unreadable address"
