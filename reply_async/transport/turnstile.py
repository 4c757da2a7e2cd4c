"""Where requests wait for their grants: in lanes, and with one task that asks for all.

The task lives only while somebody waits. One timer serves it and everybody: it rings
when the task wants to go on, or when the first does not wait any longer, whatever the
task is doing then.
"""

from __future__ import annotations

import asyncio
import copy
import math
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from reply_async.transport.grant import Grant
from reply_async.transport.lanes import Lane, Lanes, Waiter


class WaitTooLong(Exception):
    """The next grant lies further ahead than the caller wants to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Turnstile:
    """The waiters of one limiter in one event loop.

    ``serve`` is the work of the task: to hand over grants until nobody waits.
    ``reason`` says why somebody has waited in vain.
    """

    def __init__(
        self,
        serve: Callable[[], Coroutine[Any, Any, None]],
        reason: Callable[[Waiter[Grant]], Exception],
    ) -> None:
        self.lanes: Lanes[Grant] = Lanes()
        self._serve, self._reason = serve, reason
        self._task: asyncio.Task[None] | None = None
        self._alarm: asyncio.Future[None] | None = None  # while the task sleeps
        self._alarm_at = math.inf
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, waiter: Waiter[Grant]) -> Grant:
        """Wait for a grant; one that comes together with a cancellation is given back."""
        self.lanes.add(waiter)
        self._set_timer()
        if self._task is None:
            self._start()
        else:
            self.wake()
        try:
            return await waiter.future
        except asyncio.CancelledError:
            self._give_up(waiter)
            raise

    async def sleep(self, until: float) -> None:
        """Let the task sleep until a time, or until it is woken."""
        self._alarm, self._alarm_at = asyncio.get_running_loop().create_future(), until
        self._set_timer()
        try:
            await self._alarm
        finally:
            self._alarm, self._alarm_at = None, math.inf

    def wake(self) -> None:
        """Let the task look anew at who waits, and for what."""
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)

    def turn_away(self, seconds: float, lanes: Collection[Lane]) -> None:
        """Tell those of some lanes who do not wait so long."""
        at = asyncio.get_running_loop().time() + seconds
        for waiter in self.lanes.too_late(at, lanes):
            _fail(waiter, WaitTooLong(seconds))
        self._wake_if_empty()

    def turn_out(self, error: Exception, leaves: Callable[[Waiter[Grant]], bool]) -> None:
        """Tell all that leave, with an error."""
        for waiter in self.lanes.drain(leaves):
            _fail(waiter, _copy(error))
        self._wake_if_empty()

    def end(self, error: Exception) -> None:
        """Turn everybody out and end the task, in a loop that does not run now."""
        self.turn_out(error, lambda _: True)
        if self._task is not None:
            self._task.cancel()

    def _give_up(self, waiter: Waiter[Grant]) -> None:
        future = waiter.future
        if waiter in self.lanes:
            self.lanes.remove(waiter)
            self._wake_if_empty()
        elif not future.cancelled() and future.exception() is None:
            future.result().release()

    def _wake_if_empty(self) -> None:
        if not self.lanes:
            self.wake()  # and the task ends

    def _start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(self._ended)

    async def _run(self) -> None:
        try:
            await self._serve()
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
            self.turn_out(error, lambda _: True)

    def _ended(self, _task: asyncio.Task[None]) -> None:
        """Go on if somebody came meanwhile, or somebody else cancelled the task."""
        self._task = None
        if self.lanes:
            self._start()
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        at = min(self._alarm_at, self.lanes.earliest())
        if self._timer is not None and self._timer.when() > at:
            self._timer.cancel()
            self._timer = None
        if self._timer is None and at < math.inf:
            self._timer = asyncio.get_running_loop().call_at(at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        late = math.nextafter(asyncio.get_running_loop().time(), math.inf)
        for waiter in self.lanes.too_late(late, tuple(Lane)):
            _fail(waiter, self._reason(waiter))
        if self._alarm_at < late:
            self._alarm_at = math.inf
            self.wake()
        self._wake_if_empty()
        self._set_timer()


def _fail(waiter: Waiter[Grant], error: Exception) -> None:
    if not waiter.future.done():  # else it was cancelled a moment ago
        waiter.future.set_exception(error)


def _copy(error: Exception) -> Exception:
    """Return another one, since each that is raised collects its own traceback."""
    try:
        return copy.copy(error)
    except Exception:  # noqa: BLE001 - of a class that cannot be made again
        return error
