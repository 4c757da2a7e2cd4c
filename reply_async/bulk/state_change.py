"""Start, pause or archive many sequences: a verdict for each id, lost answers read back.

A 200 of the server is no success: refusals stand in its body, id by id.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from typing import Any, Final

from attrs import define, field

from reply_async.bulk.chunks import each
from reply_async.bulk.fan_out import fan_out
from reply_async.bulk.refusals import SEQUENCE_ACTION_NUMBERS, read_failures
from reply_async.errors import ApiError, ConnectionFailed, Forbidden, ReplyError, Unauthorized
from reply_async.models.sequences import SequenceListItem
from reply_async.outcome import BulkOutcome, Refusal
from reply_async.pagination import Pager
from reply_async.requests import Request, checked_id
from reply_async.responses import Applied, NotSent, Outcome, Rejected, Throttled, Unknown, failure
from reply_async.transport.sender import Sender

CHUNK: Final = 100  # right under both limits that the API's documents name


async def checked_ids(argument: str, ids: Iterable[int] | AsyncIterable[int]) -> list[int]:
    """Return ids once each, in order; raise InvalidUse that names the first wrong one."""
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


@define
class StateChange:
    """One change of state over many sequences.

    ``build`` makes the request for a chunk of ids, ``is_reached`` judges a sequence,
    ``sequences`` lists all of them to read lost answers back.
    """

    sender: Sender
    build: Callable[[Sequence[int]], Request]
    is_reached: Callable[[SequenceListItem], bool]
    sequences: Pager[SequenceListItem]
    _done: dict[int, None] = field(init=False, factory=dict)
    _refused: dict[int, Refusal] = field(init=False, factory=dict)
    _unknown: dict[int, str] = field(init=False, factory=dict)
    _fatal: ReplyError | None = field(init=False, default=None)

    async def run(self, ids: Sequence[int]) -> BulkOutcome[int, None]:
        """Change all of them; raise only where the key is refused before anything is done."""
        chunks = (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
        await fan_out(chunks, self._change)
        if self._fatal is not None and not self._done and not self._unknown:
            raise self._fatal
        return BulkOutcome(done=self._done, refused=self._refused, unknown=self._unknown)

    async def _change(self, ids: Sequence[int]) -> None:
        if self._fatal is not None:  # the key is refused: nothing more goes out
            self._refuse(ids, self._fatal)
            return
        evidence = ""
        for _ in range(2):  # sent once, and once more where reading shows no effect
            outcome = await self._send(ids)
            if not isinstance(outcome, Unknown):
                self._conclude(ids, outcome)
                return
            evidence = outcome.evidence
            ids = await self._read_back(ids)
            if not ids:
                return
        self._unknown |= dict.fromkeys(ids, evidence)

    def _conclude(
        self,
        ids: Sequence[int],
        outcome: Applied[dict[int, Refusal]] | Rejected | NotSent | Throttled,
    ) -> None:
        if isinstance(outcome, Applied):
            self._refused |= {id_: outcome.value[id_] for id_ in ids if id_ in outcome.value}
            self._done |= dict.fromkeys(id_ for id_ in ids if id_ not in outcome.value)
            return
        error = failure(self.build(ids), outcome)
        if isinstance(error, Unauthorized | Forbidden):
            self._fatal = error
        self._refuse(ids, error)

    async def _send(self, ids: Sequence[int]) -> Outcome[dict[int, Refusal]]:
        return await self.sender.deliver(self.build(ids), _read)

    def _refuse(self, ids: Iterable[int], error: ReplyError) -> None:
        self._refused |= dict.fromkeys(ids, refusal_of(error))

    async def _read_back(self, ids: Sequence[int]) -> Sequence[int]:
        """Settle the ids whose state is reached; return the others."""
        left = dict.fromkeys(ids)
        try:
            async for sequence in self.sequences:
                if sequence.id in left and self.is_reached(sequence):
                    self._done[sequence.id] = left.pop(sequence.id)
                if not left:
                    break
        except ReplyError as error:
            self._unknown |= dict.fromkeys(left, f"not read back: {error}")
            return []
        return list(left)


def _read(data: Any) -> dict[int, Refusal]:  # noqa: ANN401 - JSON is anything
    return read_failures(data, SEQUENCE_ACTION_NUMBERS)
