"""Letting go of a large account bit by bit.

To free a million people at once would stop the event loop for longer than a test
waits; so their containers are emptied in bites, between which requests are answered.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reply_async.emulator.outreach import Outreach
    from reply_async.emulator.state import State

BITE = 2_000  # objects; about a millisecond
LARGE = 5_000  # people from which it is worth it


def let_go(state: State, outreach: Outreach) -> None:
    """Free what nobody will ask any more, in the running loop if there is one."""
    if len(state.contacts) < LARGE:
        return
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    bites = _bites(state, outreach)

    def bite() -> None:
        if next(bites, False):
            loop.call_soon(bite)

    loop.call_soon(bite)


def _bites(state: State, outreach: Outreach) -> Iterator[bool]:
    for container in _containers(state, outreach):
        take = container.popitem if isinstance(container, dict) else container.pop
        while container:
            for _ in range(min(BITE, len(container))):
                take()
            yield True


def _containers(state: State, outreach: Outreach) -> Iterator[Any]:
    yield from (state.contact_list(), state.by_email, state.by_linkedin, state.deleted)
    for entry in state.lists.by_id.values():
        yield entry.members
    yield outreach.reactions.later
    for sequence in state.sequences.values():
        yield from (sequence.fresh, *sequence.waiting.values(), sequence.members)
    yield from (state.previews, state.thread_ids, state.contacts)
