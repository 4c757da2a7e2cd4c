"""The virtual clock jumps over waits, and over nothing else."""

import asyncio
import contextlib
import selectors
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import pairwise

import aiohttp
import pytest
from aiohttp import web

from reply_async.testing import ScaledClockLoop, VirtualClockLoop, run_virtual

HOUR = 3600.0
BODY = bytes(5_000_000)


@pytest.fixture(autouse=True)
def _no_real_wait() -> Iterator[None]:
    """No test may pass its virtual hours in real time."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 25  # also on a machine that has much to do


def virtual_loop() -> VirtualClockLoop:
    """Return the running loop as what it is."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualClockLoop)
    return loop


@contextlib.asynccontextmanager
async def serving(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """Offer a client session and the address of a server in this same loop."""
    app = web.Application(client_max_size=2 * len(BODY))
    app.router.add_route("*", "/", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as session:
            yield session, f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def large_body() -> AsyncIterator[bytes]:
    """Send the large body in pieces that fill the kernel's buffers."""
    for start in range(0, len(BODY), 500_000):
        yield BODY[start : start + 500_000]


def test_hours_pass_at_once() -> None:
    """A sleep takes its virtual length and no real time."""

    async def main() -> float:
        await asyncio.sleep(100 * HOUR)
        return asyncio.get_running_loop().time()

    assert 100 * HOUR == pytest.approx(run_virtual(main()), abs=1e-3)


def test_timers_fire_in_order_at_their_time() -> None:
    """Timers keep their order and see their own time."""
    seen = []

    async def sleeper(seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append((seconds, asyncio.get_running_loop().time()))

    async def main() -> None:
        await asyncio.gather(*map(sleeper, (HOUR, 0.5, 7 * HOUR, 3, 0.25)))

    run_virtual(main())
    assert [0.25, 0.5, 3, HOUR, 7 * HOUR] == [seconds for seconds, _ in seen]
    assert all(at == pytest.approx(seconds, abs=1e-3) for seconds, at in seen)


def test_time_never_goes_back() -> None:
    """Each reading is later than the one a turn before, jumps and holds included."""
    readings: list[float] = []

    async def main() -> None:
        loop = virtual_loop()
        for seconds in (0, HOUR, 1e-12, 0.5, 0):
            readings.append(loop.time())
            await asyncio.sleep(seconds)
        with loop.hold():
            readings.append(loop.time())
            await asyncio.sleep(0.01)
        readings.append(loop.time())

    run_virtual(main())
    assert all(before < after for before, after in pairwise(readings))


def test_timeout_fires() -> None:
    """A timeout ends a wait that would never end."""

    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert 30 == pytest.approx(run_virtual(main()), abs=1e-3)


def test_timeout_does_not_fire_before_an_earlier_timer() -> None:
    """Time stops at the next timer, it does not run past it."""

    async def main() -> None:
        async with asyncio.timeout(30):
            await asyncio.sleep(29.999)

    run_virtual(main())


@pytest.mark.parametrize("age", [0.0, 1e7, 3e8], ids=["new", "months", "years"])
def test_a_sleep_takes_few_turns(age: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """No rounding of large times makes the loop spin in front of a timer."""
    turns = 0
    wait = VirtualClockLoop._wait

    def counted(self: VirtualClockLoop, poll: object, timeout: float | None) -> object:
        nonlocal turns
        turns += 1
        assert turns < 100_000, "the loop spins"
        return wait(self, poll, timeout)  # type: ignore[arg-type] # handed through

    monkeypatch.setattr(VirtualClockLoop, "_wait", counted)

    async def main() -> int:
        virtual_loop()._now = age
        before = turns
        for _ in range(100):
            await asyncio.sleep(1 / 3)
        return turns - before

    assert run_virtual(main()) <= 300


def test_a_wait_below_the_rounding_error_ends() -> None:
    """Who waits until a moment a hair ahead gets there, as on a real clock."""

    async def main() -> int:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(1e6)
        rounds, until = 0, loop.time() + 1e-9
        while loop.time() < until:
            rounds += 1
            assert rounds < 1000, "the clock stands still"
            await asyncio.sleep(1e-15)
        return rounds

    assert run_virtual(main()) <= 2


def test_a_wait_without_timers_is_real() -> None:
    """With no timer to jump to the loop waits for whoever wakes it."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        event = asyncio.Event()
        timer = threading.Timer(0.05, loop.call_soon_threadsafe, [event.set])
        timer.start()
        await event.wait()
        timer.join()
        return loop.time()

    assert 0.04 < run_virtual(main()) < 25


def test_silence_is_heard_for_a_moment_where_there_are_sockets() -> None:
    """Bytes that a busy kernel still holds get their moment; bare timers need none."""
    moments: list[float | None] = []

    def silent(timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        moments.append(timeout)
        return []

    with contextlib.closing(VirtualClockLoop()) as loop, contextlib.ExitStack() as stack:
        loop._wait(silent, HOUR)
        ours, theirs = map(stack.enter_context, socket.socketpair())
        loop.add_reader(ours, theirs.close)
        loop._wait(silent, HOUR)
        loop.remove_reader(ours)
        assert 2 * HOUR <= loop.time() < 2 * HOUR + 1
    assert [0, 0.001] == moments


def test_a_slow_handler_takes_virtual_time() -> None:
    """An hour in a handler on loopback takes an hour of the client's clock."""

    async def handler(_: web.Request) -> web.Response:
        await asyncio.sleep(HOUR)
        return web.Response(text="late")

    async def main() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        async with serving(handler) as (session, url):
            started = loop.time()
            async with session.get(url) as answer:
                return await answer.text(), loop.time() - started

    text, seconds = run_virtual(main())
    assert "late" == text
    assert HOUR == pytest.approx(seconds, abs=0.1)


def test_a_client_timeout_fires_before_a_slow_handler() -> None:
    """Of two timers on both sides of a socket the earlier one wins."""

    async def handler(_: web.Request) -> web.Response:
        await asyncio.sleep(HOUR)
        return web.Response()

    async def main() -> float:
        loop = asyncio.get_running_loop()
        async with serving(handler) as (session, url):
            started = loop.time()
            with pytest.raises(TimeoutError):
                await session.get(url, timeout=aiohttp.ClientTimeout(total=30))
            return loop.time() - started

    assert 30 == pytest.approx(run_virtual(main()), abs=1.1)  # aiohttp rounds up to a second


def test_time_stands_while_bytes_move() -> None:
    """Large bodies in both directions take less than a virtual second."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def main() -> None:
        async with serving(handler) as (session, url):
            for _ in range(10):
                async with asyncio.timeout(1):
                    async with session.post(url, data=large_body()) as answer:
                        assert len(BODY) == len(await answer.read())

    run_virtual(main())


def test_a_hundred_requests_at_once() -> None:
    """Many connections, each with its own delay, end with the longest delay."""

    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(float(request.query["delay"]))
        return web.Response(text=request.query["delay"])

    async def main() -> tuple[list[str], float]:
        loop = asyncio.get_running_loop()
        done: list[str] = []

        async def ask(session: aiohttp.ClientSession, url: str, delay: int) -> None:
            async with asyncio.timeout(delay + 1), session.get(url, params={"delay": delay}) as got:
                done.append(await got.text())

        async with serving(handler) as (session, url):
            started = loop.time()
            await asyncio.gather(*(ask(session, url, delay * 10) for delay in range(100)))
            return done, loop.time() - started

    done, seconds = run_virtual(main())
    assert [str(delay * 10) for delay in range(100)] == done
    assert 990 == pytest.approx(seconds, abs=0.5)


def test_a_reader_that_stops_reading_meets_virtual_timeouts() -> None:
    """Bytes that nobody takes do not stop the clock."""

    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(HOUR)
        return web.Response(body=await request.read())

    async def main() -> None:
        async with serving(handler) as (session, url):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(60):
                    await session.post(url, data=large_body())

    run_virtual(main())


def test_a_thread_holds_the_time() -> None:
    """A timeout around work in a thread counts real seconds."""

    async def main() -> float:
        async with asyncio.timeout(20):
            await asyncio.to_thread(time.sleep, 0.05)
        held = asyncio.get_running_loop().time()
        await asyncio.sleep(HOUR)  # and time jumps again
        return held

    assert 0.04 < run_virtual(main()) < 20


def test_closing_waits_for_a_thread_that_was_given_up() -> None:
    """The loop joins its threads in real time, whatever patience asyncio has."""
    ended = threading.Event()

    def work() -> None:
        time.sleep(0.1)
        ended.set()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.to_thread(work)

    run_virtual(main())
    assert ended.is_set()


def test_a_name_is_resolved_in_held_time() -> None:
    """A resolver's thread is not overtaken by the timeout around it."""

    async def main() -> None:
        async with asyncio.timeout(20):
            await asyncio.get_running_loop().getaddrinfo("localhost", 80)

    run_virtual(main())


def test_a_child_process_holds_the_time() -> None:
    """Time is real while a child lives and jumps once it has ended."""

    async def main() -> tuple[bytes, float]:
        async with asyncio.timeout(20):
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-Ic", "print('hello')", stdout=asyncio.subprocess.PIPE
            )
            said, _ = await child.communicate()
        lived = asyncio.get_running_loop().time()
        await asyncio.sleep(HOUR)
        return said, lived

    said, lived = run_virtual(main())
    assert b"hello" == said.strip()
    assert 0 < lived < 20


def test_a_child_process_can_be_told_not_to_hold() -> None:
    """A child that only stands by need not stop the jumps."""

    async def main() -> None:
        virtual_loop().children_hold = False
        child = await asyncio.create_subprocess_shell("exec sleep 3")
        await asyncio.sleep(HOUR)
        assert child.returncode is None
        child.kill()
        await child.wait()

    run_virtual(main())


def answer_slowly(listener: socket.socket, seconds: float, is_over: threading.Event) -> None:
    """Answer one connection after a real while, from outside the loop."""
    connection, _ = listener.accept()
    with connection:
        is_over.wait(seconds)
        with contextlib.suppress(OSError):  # the other side may have gone
            connection.sendall(b"hello")


@contextlib.contextmanager
def foreign_server(seconds: float) -> Iterator[int]:
    """Run a server in a thread that the loop knows nothing of; it waits no longer than we do."""
    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_slowly, args=[listener, seconds, is_over])
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            is_over.set()
            thread.join()


def test_a_foreign_server_is_awaited_while_held() -> None:
    """Inside hold(), also a nested one, time is real for a peer outside the loop."""

    async def main(port: int) -> bytes:
        loop = virtual_loop()
        with loop.hold():
            with loop.hold():
                pass
            async with asyncio.timeout(20):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                said = await reader.read()
                writer.close()
                await writer.wait_closed()
        return said

    with foreign_server(0.05) as port:
        assert b"hello" == run_virtual(main(port))


def test_a_foreign_server_is_overtaken_without_hold() -> None:
    """Without hold() time jumps over a peer that the loop cannot see."""

    async def main(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await reader.read()
        writer.close()
        await writer.wait_closed()

    with foreign_server(60) as port:
        run_virtual(main(port))


def test_the_scaled_clock_runs_faster() -> None:
    """A minute at speed 1000 takes 60 real milliseconds."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.sleep(60)
        return loop.time() - started

    started = time.monotonic()
    with asyncio.Runner(loop_factory=lambda: ScaledClockLoop(1000)) as runner:
        passed = runner.run(main())
    assert 60 <= passed <= 1000 * (time.monotonic() - started) < 25_000


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_the_scaled_clock_refuses_to_stand_still(speed: float) -> None:
    """A speed that is not above 0 is a mistake."""
    with pytest.raises(ValueError, match="speed must be above 0"):
        ScaledClockLoop(speed)
