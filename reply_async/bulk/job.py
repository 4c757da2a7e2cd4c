"""How a job sends: as long as it takes, counted by purpose, patient with one 401."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, TypeVar

from attrs import define, field

from reply_async.errors import Unauthorized
from reply_async.requests import Request
from reply_async.responses import Applied, Decoder, Outcome, Rejected, failure
from reply_async.transport.sender import Sender

T = TypeVar("T")

# Long enough for an identity provider to restart: opencloud#900 saw 35 s of 401s.
SECONDS_BEFORE_SECOND_LOOK: Final = 45.0


@define
class JobSender:
    """Sends the requests of one run; ``whoami`` is the request that checks the key."""

    sender: Sender
    whoami: Request
    requests: Counter[str] = field(factory=Counter)
    _has_worked: bool = field(init=False, default=False)

    async def deliver(
        self,
        purpose: str,
        request: Request,
        decode: Decoder[T] | None,
        on_attempt: Callable[[], None] = lambda: None,
    ) -> Outcome[T]:
        """Send one request of the job and return the last outcome.

        ``on_attempt`` is called before each attempt, when the budget has been granted.
        A 401 in the middle of a run is believed only if it lasts; at its start at once.
        """

        def count() -> None:
            self.requests[purpose] += 1
            on_attempt()

        outcome = await self.sender.deliver(request, decode, on_attempt=count)
        self._has_worked = self._has_worked or isinstance(outcome, Applied)
        if self._has_worked and _is_unauthorized(outcome):
            await asyncio.sleep(SECONDS_BEFORE_SECOND_LOOK)
            probe = await self.sender.deliver(self.whoami, lambda _: None, on_attempt=self._other)
            if isinstance(probe, Applied):
                outcome = await self.sender.deliver(request, decode, on_attempt=count)
        return outcome

    async def read(self, request: Request, decode: Decoder[T]) -> T:
        """Send one request beside the rows, and return its value or raise."""
        outcome = await self.deliver("other", request, decode)
        if isinstance(outcome, Applied):
            return outcome.value
        raise failure(request, outcome)

    def _other(self) -> None:
        self.requests["other"] += 1


def _is_unauthorized(outcome: Outcome[T]) -> bool:
    return isinstance(outcome, Rejected) and isinstance(outcome.error, Unauthorized)
