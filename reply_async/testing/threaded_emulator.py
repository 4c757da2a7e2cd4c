"""The emulator in a thread with a loop of its own, for tests that are no coroutines.

Loads the emulator and with it an extra, so only the fixture that needs it imports this.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import wraps
from typing import Any, Self, TypeVar, cast

from reply_async.emulator import Emulator

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _on_its_loop(method: _Method) -> _Method:
    """Let a method run between two requests, whichever thread calls it."""

    @wraps(method)
    def call(emulator: "ThreadedEmulator", *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - handed through
        if emulator.is_on_its_thread:
            return method(emulator, *args, **kwargs)

        async def work() -> Any:  # noqa: ANN401 - handed through
            return method(emulator, *args, **kwargs)

        return asyncio.run_coroutine_threadsafe(work(), emulator.loop).result()

    return cast("_Method", call)


class ThreadedEmulator(Emulator):
    """An emulator that answers while its owner's thread is busy or blocked.

    The test's thread may call the methods below, read `url`, `key`, `requests`,
    `ledger` and `budget`, arm faults and set `dialects` at any time; what it reads is of
    the requests that were answered. `asyncio.run(emulator.deliveries_done())` waits for
    webhooks. What else there is belongs to the loop's thread.
    """

    loop: asyncio.AbstractEventLoop
    _thread: threading.Thread | None = None
    _is_over: asyncio.Event

    @property
    def is_on_its_thread(self) -> bool:
        """Tell whether who asks may touch everything."""
        return self._thread in {None, threading.current_thread()}

    @contextmanager
    def serving(self) -> Iterator[Self]:
        """Serve from a thread as long as the block lasts."""
        ready: Future[None] = Future()
        self._thread = thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), name="reply_emulator"
        )
        thread.start()
        try:
            ready.result()
            yield self
        finally:
            if thread.is_alive():
                self.loop.call_soon_threadsafe(self._is_over.set)
            thread.join()
            self._thread = None

    async def _serve(self, ready: Future[None]) -> None:
        self.loop, self._is_over = asyncio.get_running_loop(), asyncio.Event()
        try:
            await self.start()
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            ready.set_exception(error)
            return
        ready.set_result(None)
        await self._is_over.wait()
        await self.close()

    reset = _on_its_loop(Emulator.reset)
    advance = _on_its_loop(Emulator.advance)
    catch_up = _on_its_loop(Emulator.catch_up)
    set_rates = _on_its_loop(Emulator.set_rates)
    set_budget = _on_its_loop(Emulator.set_budget)
    add_key = _on_its_loop(Emulator.add_key)

    async def deliveries_done(self) -> None:
        """Wait until every event that is due was posted, or tried; from any loop."""
        done = asyncio.run_coroutine_threadsafe(super().deliveries_done(), self.loop)
        await asyncio.wrap_future(done)
