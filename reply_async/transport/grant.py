"""What the limiter gives for each request on the wire, and gets back once.

Knows nothing of how it was come by; whoever gave it hears of its end.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from reply_async.transport.store import Released, Settled


@define(eq=False)
class Grant:
    """Leave to send one request: settle it afterwards, or release it unsent.

    Only the first of the two calls counts.
    """

    lease_id: str
    is_stats: bool
    _end: Callable[[Settled | Released], None] = field(repr=False)
    _is_open: bool = field(init=False, default=True)

    def settle(self, *, is_accepted: bool = True) -> None:
        """Note that the request was answered or lost: the server may have counted it.

        ``is_accepted`` if the server answered, and did not say that it was too much.
        """
        if self._is_open:
            self._is_open = False
            self._end(Settled(self.lease_id, is_accepted))

    def release(self) -> None:
        """Give it back: nothing of the request has left."""
        if self._is_open:
            self._is_open = False
            self._end(Released(self.lease_id))
