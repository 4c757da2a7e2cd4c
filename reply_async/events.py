"""What a session tells ``on_event``: frozen values without key, rows or addresses."""

from __future__ import annotations

from attrs import frozen

from reply_async.requests import Request


@frozen
class RequestSent:
    """One attempt is about to go out; ``attempt`` counts from 1."""

    request: Request
    attempt: int


@frozen
class AnswerRead:
    """One attempt ended; ``status`` is None where no whole answer came."""

    request: Request
    attempt: int
    status: int | None
    seconds: float


@frozen
class RetryPlanned:
    """The request will be sent again after ``wait_seconds``; ``cause`` says why."""

    request: Request
    attempt: int
    wait_seconds: float
    cause: str


@frozen
class Held:
    """The server asked everybody of this user to wait, with a 429 or a ``Retry-After``."""

    seconds: float


Event = RequestSent | AnswerRead | RetryPlanned | Held
