"""The entrance of a run: one shared iterator, checked, folded and cut into chunks.

Workers pull from it, so a run holds a few chunks and never its whole input.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from typing import Final, Generic, Protocol, TypeVar

from attrs import frozen

from reply_async.bulk.chunks import each
from reply_async.errors import InvalidUse
from reply_async.outcome import Refusal

# A chunk is cut after so many rows even if most were refused, so that refusals are told.
MOST_ROWS: Final = 10_000


def checked_source(argument: str, rows: object) -> None:
    """Raise InvalidUse for what is no source of rows, before anything is asked for it."""
    if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable | AsyncIterable):
        raise InvalidUse(argument, f"is no iterable of rows but {type(rows).__name__}")


class Numbered(Protocol):
    """Anything that knows the number of its row."""

    @property
    def number(self) -> int:
        """The row's number in the input, from 1."""
        ...


Raw = TypeVar("Raw")
Staged = TypeVar("Staged", bound=Numbered)


@frozen
class Chunk(Generic[Staged]):
    """Rows that may be sent together, and the refused ones read along with them."""

    rows: list[Staged]
    refused: dict[int, Refusal]


class Intake(Generic[Raw, Staged]):
    """Reads rows once, numbers them, and hands out chunks of at most ``size`` good ones.

    An input that raises ends the run like its end would; ``error`` keeps what it
    raised. ``read`` counts rows.
    """

    def __init__(
        self,
        rows: Iterable[Raw] | AsyncIterable[Raw],
        stage: Callable[[int, Raw], Staged | Refusal],
        size: int,
    ) -> None:
        self._rows: AsyncIterator[Raw] = each(rows)
        self._stage, self._size = stage, size
        self._lock = asyncio.Lock()
        self._is_open = True
        self.read = 0
        self.error: Exception | None = None

    async def next_chunk(self) -> Chunk[Staged] | None:
        """Return the next chunk, None at the end of the input."""
        async with self._lock:
            chunk: Chunk[Staged] = Chunk([], {})
            while self._is_open and len(chunk.rows) < self._size:
                if len(chunk.rows) + len(chunk.refused) >= MOST_ROWS:
                    break
                await self._read_one(chunk)
            return chunk if chunk.rows or chunk.refused else None

    async def _read_one(self, chunk: Chunk[Staged]) -> None:
        try:
            row = await anext(self._rows)
        except StopAsyncIteration:
            self._is_open = False
            return
        except Exception as error:  # noqa: BLE001 - whatever the caller's own iterator raises
            self.error, self._is_open = error, False
            return
        self.read += 1
        staged = self._stage(self.read, row)
        if isinstance(staged, Refusal):
            chunk.refused[self.read] = staged
        else:
            chunk.rows.append(staged)

    def close(self) -> None:
        """Read no further row."""
        self._is_open = False
