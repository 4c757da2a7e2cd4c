"""How an operation of the contract gets its handler, and what a handler sees.

A handler is a plain function named like its operationId. Verb and path stand
in the contract and nowhere else. One that has to reach somebody else returns a
coroutine for that part alone: all that changes the state happens before, or later as
an event of its own, because both are played again from a data file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reply_async.emulator.contract import Operation
    from reply_async.emulator.dialects import Dialects
    from reply_async.emulator.emulator import Emulator
    from reply_async.emulator.ledger import RequestLedger
    from reply_async.emulator.state import State

Json = dict[str, Any]


@define
class Call:
    """One checked request and the world it acts on.

    ``user`` is the acting one, a row of `list_team_users`.
    """

    state: State
    ledger: RequestLedger
    user: Json
    now: float
    path: Json
    query: Json
    body: Any
    happen: Callable[[str, Json], None]  # see Emulator.happen
    dialects: Dialects

    @property
    def user_id(self) -> int:
        """Return the id of the acting user."""
        user_id: int = self.user["userId"]
        return user_id


@frozen
class Answer:
    """An answer whose status is not the usual one of its operation, or with headers.

    A body is JSON unless the headers give another content type, as for CSV.
    """

    status: int
    body: object = None
    headers: Mapping[str, str] = field(factory=dict)


HANDLERS: dict[str, Callable[[Call], object]] = {}


def operation(handler: Callable[[Call], object]) -> Callable[[Call], object]:
    """Serve the operation that has the function's name."""
    HANDLERS[handler.__name__] = handler
    return handler


EVENTS: dict[str, Callable[[Emulator, float, Json], None]] = {}


def event(
    handler: Callable[[Emulator, float, Json], None],
) -> Callable[[Emulator, float, Json], None]:
    """Let the event with the function's name take effect by it, now and when replayed."""
    EVENTS[handler.__name__] = handler
    return handler


# Reads by the contract that keep something all the same.
_KEEPING_READS = {"get_sequence_contact_preview"}


def changes_state(operation: Operation) -> bool:
    """Tell whether a call of an operation may change the state."""
    return operation.raw["x-safety"] != "read" or operation.id in _KEEPING_READS


def page(query: Json, items: Sequence[Any], show: Callable[[Any], object]) -> Json:
    """Return the page that `top` and `skip` ask for."""
    skip, top = query["skip"] or 0, query["top"] or 25
    return {
        "items": [show(item) for item in items[skip : skip + top]],
        "hasMore": skip + top < len(items),
    }
