"""One bulk call over any number of ids: chunks, and a verdict for each id.

A 200 of the server is no success: refusals stand in its body, id by id.
"""

from __future__ import annotations

from collections.abc import (
    AsyncIterable,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from functools import partial
from typing import Any, Final

from attrs import define, field

from reply_async.bulk.chunks import each
from reply_async.bulk.fan_out import fan_out
from reply_async.bulk.refusals import read_failures
from reply_async.errors import (
    ApiError,
    ConnectionFailed,
    Forbidden,
    InvalidUse,
    ReplyError,
    Unauthorized,
)
from reply_async.outcome import BulkOutcome, Refusal
from reply_async.requests import Request, Safety, checked_id
from reply_async.responses import Applied, NotSent, Rejected, Throttled, Unknown, failure
from reply_async.transport.sender import Sender

FindDone = Callable[[Collection[int]], Awaitable[Collection[int]]]
ReadRefused = Callable[[Any, Sequence[int]], Mapping[int, Refusal]]

# Sent once more where reading shows no effect; to replace again could undo another's change.
SENT_AGAIN: Final = frozenset({Safety.STATE, Safety.DELETE})


async def checked_ids(argument: str, ids: Iterable[int] | AsyncIterable[int]) -> list[int]:
    """Return ids once each, in order; raise InvalidUse that names the first wrong one."""
    if isinstance(ids, str | bytes) or not isinstance(ids, Iterable | AsyncIterable):
        raise InvalidUse(argument, f"is no list of ids but {type(ids).__name__}")
    checked: dict[int, None] = {}
    position = 0
    async for id_ in each(ids):
        checked[checked_id(f"{argument}[{position}]", id_)] = None
        position += 1
    return list(checked)


def refusal_of(error: ReplyError) -> Refusal:
    """Return the refusal of an item whose request failed as a whole."""
    if isinstance(error, ApiError):
        code = error.code or f"http.{error.status}"
        return Refusal(code=code, detail=str(error), is_retryable=error.status in (429, 503))
    is_retryable = isinstance(error, ConnectionFailed)
    return Refusal(
        code="not_sent" if is_retryable else "failed", detail=str(error), is_retryable=is_retryable
    )


@define(kw_only=True)
class ItemCalls:
    """One bulk operation, whose answer is a dictionary of failures.

    ``build`` makes the request for a chunk of at most ``size`` ids, ``numbers`` tells the
    old numbers of its refusals. ``find_done`` reads which of some ids have the effect
    after all, for answers that are lost; without it these ids end as unknown. ``echo`` is
    the refusal by which a second sending tells that the first took effect. ``read`` is
    for answers of another shape: it tells the refused of the ids that were sent, or
    raises DecodeError.
    """

    sender: Sender
    build: Callable[[Sequence[int]], Request]
    size: int
    numbers: Mapping[int, str] = field(factory=dict)
    find_done: FindDone | None = None
    echo: str | None = None
    read: ReadRefused | None = None
    _done: dict[int, None] = field(init=False, factory=dict)
    _refused: dict[int, Refusal] = field(init=False, factory=dict)
    _unknown: dict[int, str] = field(init=False, factory=dict)
    _fatal: ReplyError | None = field(init=False, default=None)
    _failure: ReplyError | None = field(init=False, default=None)
    _is_answered: bool = field(init=False, default=False)

    async def run(self, ids: Sequence[int]) -> BulkOutcome[int, None]:
        """Send all of them; raise where no request at all was taken by the server.

        That is a refused key, or a server out of reach; once one chunk has its verdicts,
        the ids of the others are refused for that reason.
        """
        chunks = (ids[start : start + self.size] for start in range(0, len(ids), self.size))
        await fan_out(chunks, self._carry)
        if self._failure is not None and not (self._is_answered or self._done or self._unknown):
            raise self._failure
        return BulkOutcome(done=self._done, refused=self._refused, unknown=self._unknown)

    async def _carry(self, ids: Sequence[int]) -> None:
        """Send a chunk once, and once more where reading shows no effect."""
        lost: Unknown | None = None
        evidence = ""
        for _ in range(2):
            if self._fatal is not None:  # the key is refused: nothing more goes out
                if lost is not None:
                    break
                self._refuse(ids, self._fatal)
                return
            request = self.build(ids)
            outcome = await self.sender.deliver(request, partial(self._read, ids), lost=lost)
            if not isinstance(outcome, Unknown):
                self._conclude(request, ids, outcome)
                return
            lost, evidence = outcome, outcome.evidence
            if self.find_done is None:
                break
            try:
                done = await self.find_done(ids)
            except ReplyError as error:
                evidence = f"not read back: {error}"
                break
            self._done |= dict.fromkeys(id_ for id_ in ids if id_ in done)
            ids = [id_ for id_ in ids if id_ not in done]
            if not ids:
                return
            if request.safety not in SENT_AGAIN:
                break
        self._unknown |= dict.fromkeys(ids, evidence)

    def _read(self, ids: Sequence[int], data: Any) -> Mapping[int, Refusal]:  # noqa: ANN401 - JSON is anything
        if self.read is not None:
            return self.read(data, ids)
        return read_failures(data, self.numbers)

    def _conclude(
        self,
        request: Request,
        ids: Sequence[int],
        outcome: Applied[Mapping[int, Refusal]] | Rejected | NotSent | Throttled,
    ) -> None:
        if isinstance(outcome, Applied):
            self._is_answered = True
            refused = {id_: outcome.value[id_] for id_ in ids if id_ in outcome.value}
            if outcome.after_loss:  # the echo of the first try
                refused = {id_: each for id_, each in refused.items() if each.code != self.echo}
            self._refused |= refused
            self._done |= dict.fromkeys(id_ for id_ in ids if id_ not in refused)
            return
        error = failure(request.without_body(), outcome)
        if isinstance(error, Unauthorized | Forbidden):
            self._fatal = error
        self._failure = self._failure or error
        self._refuse(ids, error)

    def _refuse(self, ids: Iterable[int], error: ReplyError) -> None:
        self._refused |= dict.fromkeys(ids, refusal_of(error))
