"""One bulk create of any length: chunks one after the other, and a verdict for each item.

The answer has a row for each item, in the order sent. Nothing is sent twice: what became
of a chunk whose answer was lost is read back, and nothing follows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Generic, TypeVar

from attrs import define, field

from reply_async.bulk.item_calls import refusal_of
from reply_async.bulk.refusals import refusals
from reply_async.converter import DecodeError, decode_list
from reply_async.errors import Forbidden, ReplyError, Unauthorized
from reply_async.models.bulk_items import CreatedItem, ItemFailure
from reply_async.outcome import BulkOutcome, Refusal
from reply_async.requests import Request
from reply_async.responses import Applied, Decoder, Unknown, conclude, failure
from reply_async.transport.sender import Sender

T = TypeVar("T")
Made = TypeVar("Made")

CHUNK: Final = 100  # the server names no limit
NOT_SENT: Final = Refusal(
    code="not_sent", detail="what was to come before it is not settled", is_retryable=True
)


@define(kw_only=True)
class CreateCalls(Generic[T, Made]):
    """One bulk create, whose answer tells of each item in the order sent.

    ``build`` makes the request for a chunk, ``numbers`` tells the old numbers of its
    refusals. ``listing`` reads all that exist by id: before the first chunk, and after
    one whose answer was lost. ``is_same`` tells whether one of them is as an item was
    sent.
    """

    sender: Sender
    build: Callable[[Sequence[T]], Request]
    listing: Request
    decode: Decoder[Mapping[int, Made]]
    is_same: Callable[[T, Made], bool]
    numbers: Mapping[int, str]
    _known: set[int] = field(init=False, factory=set)
    _done: dict[int, int] = field(init=False, factory=dict)
    _refused: dict[int, Refusal] = field(init=False, factory=dict)
    _unknown: dict[int, str] = field(init=False, factory=dict)

    async def run(self, items: Sequence[T]) -> BulkOutcome[int, int]:
        """Send all of them, until a chunk is not answered item by item.

        Raises where what exists cannot be read, and where the key is refused before
        anything is done.
        """
        self._known.update(await self._existing())
        for start in range(0, len(items), CHUNK):
            if not await self._carry(start, items[start : start + CHUNK]):
                left = range(start + CHUNK, len(items))
                self._refused |= dict.fromkeys(left, NOT_SENT)
                break
        return BulkOutcome(done=self._done, refused=self._refused, unknown=self._unknown)

    async def _existing(self) -> Mapping[int, Made]:
        return conclude(self.listing, await self.sender.deliver(self.listing, self.decode))

    async def _carry(self, start: int, items: Sequence[T]) -> bool:
        """Send a chunk once and tell whether another may follow."""
        request = self.build(items)
        outcome = await self.sender.deliver(request, partial(read_rows, len(items)))
        if isinstance(outcome, Applied):
            self._settle(start, outcome.value)
            return True
        if isinstance(outcome, Unknown):
            await self._look_for(start, items, outcome.evidence)
            return False
        error = failure(request.without_body(), outcome)
        if isinstance(error, Unauthorized | Forbidden) and start == 0:
            raise error
        self._refused |= dict.fromkeys(range(start, start + len(items)), refusal_of(error))
        return False

    def _settle(self, start: int, rows: Sequence[CreatedItem]) -> None:
        failures = {}
        for position, row in enumerate(rows, start):
            if row.id is not None:
                self._done[position] = row.id
                self._known.add(row.id)
            elif row.error is not None:
                details = row.error_details
                failures[position] = ItemFailure(error=row.error, error_details=details)
            else:
                self._unknown[position] = "the answer names neither an id nor an error"
        self._refused |= refusals(failures, self.numbers)

    async def _look_for(self, start: int, items: Sequence[T], evidence: str) -> None:
        made: Mapping[int, int] = {}
        try:
            existing = await self._existing()
            new = {id_: each for id_, each in existing.items() if id_ not in self._known}
            made = match_made(items, new, self.is_same)
        except ReplyError as error:
            evidence = f"not read back: {error}"
        for position in range(len(items)):
            if position in made:
                self._done[start + position] = made[position]
            else:
                self._unknown[start + position] = evidence


def match_made(
    sent: Sequence[T], new: Mapping[int, Made], is_same: Callable[[T, Made], bool]
) -> dict[int, int]:
    """Return the new id of each item sent, by its position, where it is beyond doubt.

    Items that look alike are told apart by the order of their ids, if there are as many
    new ones of the kind as were sent, and not at all if not.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for position, item in enumerate(sent):
        fitting = tuple(sorted(id_ for id_, each in new.items() if is_same(item, each)))
        groups.setdefault(fitting, []).append(position)
    claims = Counter(id_ for fitting in groups for id_ in fitting)
    made: dict[int, int] = {}
    for fitting, positions in groups.items():
        if len(fitting) == len(positions) and all(claims[id_] == 1 for id_ in fitting):
            made |= zip(positions, fitting, strict=True)
    return made


def read_rows(count: int, data: Any) -> tuple[CreatedItem, ...]:  # noqa: ANN401 - JSON is anything
    """Read the rows, or raise DecodeError: another number of them tells of no item."""
    rows = decode_list(data, CreatedItem)
    if len(rows) != count:
        raise DecodeError("$", f"{len(rows)} rows for {count} items")
    return rows
