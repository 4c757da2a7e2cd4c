"""Event loops with a clock of their own: one jumps over waits, one runs fast.

Both are plain selector loops with real sockets. They differ from asyncio's in
`time()` and in how they wait in the selector, and nowhere else.
"""

import asyncio
import selectors
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar, TypeVarTuple

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")
_ProtocolT = TypeVar("_ProtocolT", bound=asyncio.BaseProtocol)
_Events: TypeAlias = list[tuple[selectors.SelectorKey, int]]
_Poll: TypeAlias = Callable[[float | None], _Events]

# What one turn of the virtual loop costs. A clock that stood still between two
# turns would never pass a timer that lies less than a rounding error ahead, and
# whoever waits for such a timer would wait again and again.
_TURN_SECONDS = 1e-6

# How long real sockets may take before they count as silent. Linux hands loopback
# bytes over within the send itself, so this only covers a kernel that is busy;
# epoll knows nothing shorter.
_QUIET_SECONDS = 1e-3


class _Selector(selectors.DefaultSelector):
    """The system's selector, which lets its loop decide how to wait."""

    def __init__(self, wait: Callable[[_Poll, float | None], _Events]) -> None:
        super().__init__()
        self._wait = wait

    def select(self, timeout: float | None = None) -> _Events:
        return self._wait(super().select, timeout)


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer when all else is silent.

    `time()` starts at 0 and computing takes no time, so a slow machine never meets
    a timeout. Time jumps when no socket is ready, no `run_in_executor` call is
    awaited and no child process of this loop is alive; until then, and whenever
    there is no timer to jump to, it passes as in the real world. Client and server
    belong in this same loop; for a peer in a thread of its own or in a foreign
    process there is `hold()`. With `children_hold` set to False time jumps although
    child processes are alive.
    """

    children_hold: bool = True

    def __init__(self) -> None:
        self._now = 0.0
        self._holds = 0
        self._children: list[asyncio.SubprocessTransport] = []
        self._sockets = _Selector(self._wait)
        super().__init__(self._sockets)

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._now

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Let real time pass inside the block instead of jumping; may be nested."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*_Ts], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        """Run a call in a thread and hold the time until its future is done."""
        future = super().run_in_executor(executor, func, *args)
        self._holds += 1
        future.add_done_callback(self._release)
        return future

    if sys.version_info >= (3, 12):

        async def shutdown_default_executor(
            self,
            timeout: float | None = None,  # noqa: ASYNC109 - asyncio's own signature
        ) -> None:
            """Join the threads; the timeout counts real seconds."""
            with self.hold():
                await super().shutdown_default_executor(timeout)

    async def subprocess_exec(
        self,
        protocol_factory: Callable[[], _ProtocolT],
        *args: Any,  # noqa: ANN401 - handed through as they are
        **kwargs: Any,  # noqa: ANN401 - handed through as they are
    ) -> tuple[asyncio.SubprocessTransport, _ProtocolT]:
        """Start a program and hold the time while it is alive."""
        return self._remember(await super().subprocess_exec(protocol_factory, *args, **kwargs))

    async def subprocess_shell(
        self,
        protocol_factory: Callable[[], _ProtocolT],
        *args: Any,  # noqa: ANN401 - handed through as they are
        **kwargs: Any,  # noqa: ANN401 - handed through as they are
    ) -> tuple[asyncio.SubprocessTransport, _ProtocolT]:
        """Start a shell command and hold the time while it is alive."""
        return self._remember(await super().subprocess_shell(protocol_factory, *args, **kwargs))

    def _remember(
        self, started: tuple[asyncio.SubprocessTransport, _ProtocolT]
    ) -> tuple[asyncio.SubprocessTransport, _ProtocolT]:
        """Keep a child's transport, which knows whether it is alive."""
        self._children.append(started[0])
        return started

    def _release(self, _future: asyncio.Future[Any]) -> None:
        self._holds -= 1

    def _is_held(self) -> bool:
        """Tell whether a thread or child may still act on its own."""
        self._children = [child for child in self._children if child.get_returncode() is None]
        return self._holds > 0 or (self.children_hold and bool(self._children))

    def _wait(self, poll: _Poll, timeout: float | None) -> _Events:
        """Wait for sockets as long as anything can come from them, else jump."""
        self._now += _TURN_SECONDS
        if timeout == 0:
            return poll(0)
        if timeout is None or self._is_held():
            started = time.monotonic()
            events = poll(timeout)
            self._now += time.monotonic() - started
            return events
        has_sockets = len(self._sockets.get_map()) > 1  # one is the loop's own
        events = poll(_QUIET_SECONDS if has_sockets else 0)
        if not events:
            self._now += timeout
        return events


class ScaledClockLoop(asyncio.SelectorEventLoop):
    """An event loop whose time runs `speed` times as fast as the real one.

    For a client whose emulator is a process of its own, started with the same
    `--speed`. A wait ends up to a real millisecond late, that is up to `speed`
    virtual milliseconds.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._started = time.monotonic()
        super().__init__(_Selector(self._wait))
        if not speed > 0:
            self.close()  # a loop that was half made complains when it is collected
            raise ValueError(f"speed must be above 0, not {speed}")

    def time(self) -> float:
        """Return the scaled seconds, counted from the real clock at the start."""
        return self._started + (time.monotonic() - self._started) * self._speed

    def _wait(self, poll: _Poll, timeout: float | None) -> _Events:
        """Wait the scaled timeout in real seconds."""
        return poll(None if timeout is None else timeout / self._speed)


def run_virtual(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine as `asyncio.run` does, on a clock that jumps over waits."""
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(main)
