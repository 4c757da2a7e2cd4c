"""What reads see while a write is not visible yet: the account as it was before.

Reads lag behind as those of a replica do: changes show in the order in which they
were made, so one that is held back holds back all that came after it. Writes always
act on the true state.
"""

from __future__ import annotations

import pickle
from collections import deque
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reply_async.emulator.state import State


class Visibility:
    """States of the past, each with the moment at which it is over."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, _Snapshot]] = deque()

    def hold(self, state: State, until: float) -> None:
        """Keep the state as it is now, before a write, for reads until a moment."""
        self._past.append((until, _Snapshot(state)))

    def seen(self, state: State, now: float) -> State:
        """Return the state that a read sees."""
        while self._past and self._past[0][0] <= now:
            self._past.popleft()
        return self._past[0][1].state if self._past else state


class _Snapshot:
    """A copy of a state, packed until somebody reads it."""

    def __init__(self, state: State) -> None:
        file = BytesIO()
        packer = _Packer(file)
        packer.dump(state)
        self._packed, self._counters = file.getvalue(), packer.counters
        self._state: State | None = None

    @property
    def state(self) -> State:
        """The state as it was; the same object each time."""
        if self._state is not None:
            return self._state
        state: State = _Unpacker(BytesIO(self._packed), self._counters).load()
        self._state, self._packed = state, b""
        return state


class _Packer(pickle.Pickler):
    """Leaves counters of ids where they are: they cannot be copied, and reads take none."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.counters: list[count[int]] = []

    def persistent_id(self, obj: Any) -> int | None:  # noqa: ANN401 - whatever is packed
        """Return the place of a counter among those left out."""
        if not isinstance(obj, count):
            return None
        self.counters.append(obj)
        return len(self.counters) - 1


class _Unpacker(pickle.Unpickler):
    """Puts the counters back."""

    def __init__(self, file: BytesIO, counters: list[count[int]]) -> None:
        super().__init__(file)
        self._counters = counters

    def persistent_load(self, pid: int) -> count[int]:
        """Return a counter by its place."""
        return self._counters[pid]
