"""The last part of a call's way: what is due comes first, then the handler acts.

Shared by the server and by what plays a data file again. Knows nothing of HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.operations import HANDLERS, Call, changes_state

if TYPE_CHECKING:
    from reply_async.emulator.contract import Operation
    from reply_async.emulator.emulator import Emulator
    from reply_async.emulator.validation import Checked

    Json = dict[str, Any]


def perform(
    emulator: Emulator,
    operation: Operation,
    checked: Checked,
    user: Json,
    now: float,
    number: int,
) -> object:
    """Let a checked call act, and return its result or a coroutine that gives it."""
    emulator.play_due(now)
    state = emulator.played.state
    if not changes_state(operation):
        state = emulator.visibility.seen(state, now)
    call = Call(
        state,
        emulator.played.ledger.of_request(number),
        user,
        now,
        checked.path,
        checked.query,
        checked.body,
        emulator.happen,
        emulator.dialects,
    )
    return HANDLERS[operation.id](call)
