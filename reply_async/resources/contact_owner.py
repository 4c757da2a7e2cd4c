"""Change the owner of many contacts: a verdict for each id.

The answer names those whose owner changed and tells no reasons. Whom it does not name
may have had that owner before, or may not be changed: that is unknown, not refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Items
from functools import partial
from typing import Final

from attrs import define, field

from reply_async.bulk.fan_out import fan_out
from reply_async.bulk.item_calls import refusal_of
from reply_async.converter import decode
from reply_async.errors import Forbidden, ReplyError, Unauthorized
from reply_async.models.contacts import ContactOwnerResult
from reply_async.outcome import BulkOutcome, Refusal
from reply_async.requests import Request, Safety
from reply_async.resources.bodies import to_json
from reply_async.responses import Applied, Unknown, failure
from reply_async.transport.sender import Sender

CHUNK: Final = 100
_RESULT = partial(decode, kind=ContactOwnerResult)


@define
class OwnerChange:
    """One change of owner over any number of contacts."""

    sender: Sender
    user_id: int
    reassign_tasks: bool
    _done: dict[int, None] = field(init=False, factory=dict)
    _refused: dict[int, Refusal] = field(init=False, factory=dict)
    _unknown: dict[int, str] = field(init=False, factory=dict)
    _fatal: ReplyError | None = field(init=False, default=None)

    async def run(self, ids: Items[int]) -> BulkOutcome[int, None]:
        """Send all of them; raise only where the key is refused before anything is done."""
        chunks = (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
        await fan_out(chunks, self._carry)
        if self._fatal is not None and not self._done and not self._unknown:
            raise self._fatal
        return BulkOutcome(done=self._done, refused=self._refused, unknown=self._unknown)

    async def _carry(self, ids: Items[int]) -> None:
        if self._fatal is not None:  # the key is refused: nothing more goes out
            self._refused |= dict.fromkeys(ids, refusal_of(self._fatal))
            return
        request = self._request(ids)
        outcome = await self.sender.deliver(request, _RESULT)
        if isinstance(outcome, Applied):
            self._settle(ids, outcome.value)
        elif isinstance(outcome, Unknown):
            self._unknown |= dict.fromkeys(ids, outcome.evidence)
        else:
            error = failure(request, outcome)
            if isinstance(error, Unauthorized | Forbidden):
                self._fatal = error
            self._refused |= dict.fromkeys(ids, refusal_of(error))

    def _settle(self, ids: Iterable[int], result: ContactOwnerResult) -> None:
        for id_ in ids:
            if id_ in result.affected_ids:
                self._done[id_] = None
            else:
                self._unknown[id_] = "not named among the contacts whose owner changed"

    def _request(self, ids: Items[int]) -> Request:
        body = {
            "contactIds": list(ids),
            "userId": self.user_id,
            "reassignTasks": self.reassign_tasks,
        }
        return Request(
            "PUT", "/v3/contacts/owner", safety=Safety.REPLACE, body=to_json(body), rows=len(ids)
        )
