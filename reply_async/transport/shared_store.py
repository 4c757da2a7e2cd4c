"""What a store outside of this process does for a message, whichever kind it is.

Adds to each message what ``shared_budget.visit`` needs to notice a loss, and puts back
after one what this process was granted.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from abc import ABC, abstractmethod
from typing import Final

from reply_async.errors import StoreFailed
from reply_async.transport.shared_budget import Answer, Recollection, Visit
from reply_async.transport.store import Message, Reply

# A loss while another is being made good is rare, and one after the other no store.
_MOST_VISITS: Final = 4


class SharedStore(ABC):
    """Holds the budgets of users where other processes reach them too."""

    def __init__(self, name: str) -> None:
        self._name, self._participant = name, secrets.token_hex(6)
        self._process = os.getpid()
        self._recollections: dict[str, Recollection] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"

    async def exchange(self, user: str, message: Message) -> Reply:
        """Take one whole step: one round trip, two after a loss.

        Raises: StoreFailed if the store cannot be used; nothing is granted then.
        """
        self._enter_process()
        recollection = self._recollections.setdefault(user, Recollection())
        clock, history = asyncio.get_running_loop().time, None
        known, visits = recollection.name, recollection.visits
        participant = f"{self._participant} {os.getpid()} {known}"  # another after a fork
        for _ in range(_MOST_VISITS):
            visit = Visit(
                message=message,
                participant=participant,
                new_name=secrets.token_hex(8),
                known=known,
                visits=visits,
                history=history,
            )
            answer = await self._visit(user, visit)
            recollection.note(clock(), message, answer)
            if answer.reply is not None:
                return answer.reply
            known, visits = answer.name, answer.visits
            history = recollection.history(clock(), answer.lacking_seconds)
        raise StoreFailed(self._name, "forgets what it is told: is its data deleted on purpose?")

    def _enter_process(self) -> None:
        """Begin anew in a forked process."""
        if self._process != os.getpid():
            self._process = os.getpid()
            for each in self._recollections.values():
                each.disown()
            self._leave_parent()

    def _leave_parent(self) -> None:  # noqa: B027 - most have nothing to leave
        """Let go of what belongs to the parent process, without ending it."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of files and connections; exchanging again opens them anew."""

    @abstractmethod
    async def _visit(self, user: str, visit: Visit) -> Answer:
        """Take one step in the store."""
