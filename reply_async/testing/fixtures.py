"""The fixtures `reply_clock`, `reply_emulator`, `reply_faults` and `reply_session`.

All live as long as one test and work together in any combination. A test that
asks for `reply_clock`, itself or through another fixture, runs on a loop whose
waits pass at once; every other test keeps its loop and its id. An async test that
asks for any of them runs under pytest-asyncio, also where its mode is strict, and on a
loop of its own, whatever the project's default loop scope is. Other tests may ask for
`reply_emulator` and `reply_faults`.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import pytest_asyncio

from reply_async.testing.clock import VirtualClockLoop

if TYPE_CHECKING:
    from reply_async import ReplySession
    from reply_async.emulator import Emulator
    from reply_async.emulator.armed_faults import Faults

_Emulator = TypeVar("_Emulator", bound="Emulator")

FIXTURES = frozenset({"reply_clock", "reply_emulator", "reply_faults", "reply_session"})
_LOOP_SCOPES = ("loop_scope", "scope")  # what pytest-asyncio calls it, now and before


class _VirtualLoops:
    """Answers pytest-asyncio for the tests that ask for the clock."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_asyncio_loop_factories(self) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
        """Offer the one loop; with a single one pytest-asyncio leaves ids alone."""
        return {"reply_clock": VirtualClockLoop}


_VIRTUAL_LOOPS = _VirtualLoops()


@pytest.hookimpl(wrapper=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> Iterator[None]:
    """Give the virtual loop to the tests that ask for `reply_clock`.

    pytest-asyncio parametrizes every test as soon as any plugin answers its hook,
    and takes no "none" for an answer. So the answer is there for our tests only.
    """
    _mark_as_asyncio(metafunc)
    if "reply_clock" not in metafunc.fixturenames:
        return (yield)
    manager = metafunc.config.pluginmanager
    manager.register(_VIRTUAL_LOOPS)
    try:
        return (yield)
    finally:
        manager.unregister(_VIRTUAL_LOOPS)


def _mark_as_asyncio(metafunc: pytest.Metafunc) -> None:
    """Let pytest-asyncio run an async test that asks for a fixture of ours, on its own loop.

    A loop scope that the test's mark names stays: the fixtures tell what is wrong with it.
    """
    function, definition = metafunc.function, metafunc.definition
    if (
        not FIXTURES.intersection(metafunc.fixturenames)
        or not inspect.iscoroutinefunction(function)
        or definition.get_closest_marker("anyio")
    ):
        return
    given = definition.get_closest_marker("asyncio")
    kwargs = {} if given is None else given.kwargs
    if kwargs.keys().isdisjoint(_LOOP_SCOPES):
        mark = pytest.mark.asyncio(**kwargs, loop_scope="function")
        definition.add_marker(mark, append=False)  # for those who generate tests
        marks = getattr(function, "pytestmark", [])
        function.pytestmark = [mark.mark, *marks]  # for the tests; the first one counts


@pytest_asyncio.fixture(loop_scope="function")
async def reply_clock(request: pytest.FixtureRequest) -> VirtualClockLoop:
    """Run the test on a clock that jumps over waits, and return that loop.

    `reply_clock.time()` counts virtual seconds from 0; `with reply_clock.hold():`
    lets real time pass while somebody outside the loop has to act.
    """
    _require_loop(request)
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualClockLoop):
        pytest.fail("reply_clock is for async tests that name it; getfixturevalue() comes too late")
    return loop


def _require_loop(request: pytest.FixtureRequest) -> None:
    """Fail a test that has no loop on which a fixture could work."""
    if not pytest_asyncio.is_async_test(request.node):
        pytest.fail(
            f"{request.fixturename} is for async tests that pytest-asyncio runs; in other tests "
            "use reply_emulator with a client of your own (its url and key) and its advance()",
            pytrace=False,
        )
    _require_own_loop(request)


def _require_own_loop(request: pytest.FixtureRequest) -> None:
    """Fail an async test that shares its loop, since the fixtures live on that of one test."""
    mark = request.node.get_closest_marker("asyncio")
    named = [mark.kwargs[name] for name in _LOOP_SCOPES if name in mark.kwargs]
    scope = named[0] if named else request.config.getini("asyncio_default_test_loop_scope")
    if scope != "function":
        pytest.fail(
            f"{request.fixturename} lives on a loop of one test, and this test runs with "
            f"loop_scope={scope!r}; mark it with pytest.mark.asyncio(loop_scope='function')",
            pytrace=False,
        )


@pytest_asyncio.fixture(loop_scope="function")
async def reply_emulator(request: pytest.FixtureRequest) -> AsyncIterator["Emulator"]:
    """Start an emulator of the API on a free port of the test's own loop.

    For a test that is no coroutine it serves from a thread, to any kind of client. Safe
    from the test's thread are its `url` and `key`, the reading of `requests`, `ledger` and
    `budget`, `reset`, `advance`, `set_rates`, `set_budget` and `add_key`, faults and
    dialects.
    It speaks the dialect that `--reply-dialect` names, unless a mark says otherwise.
    `@pytest.mark.reply_emulator(seed=7, budget=None)` on a test, its class or its
    module gives it arguments; the nearest mark wins. A `dialect` that is a mapping
    changes single entries of the run's.
    """
    pytest.importorskip(
        "jsonschema_rs", reason="the emulator needs: pip install 'reply-async[emulator]'"
    )
    from reply_async.emulator import Emulator  # noqa: PLC0415 - an extra, loaded where used

    if pytest_asyncio.is_async_test(request.node):
        _require_own_loop(request)
        async with _marked_emulator(request.node, Emulator) as emulator:
            yield emulator
        return

    from reply_async.testing.threaded_emulator import ThreadedEmulator  # noqa: PLC0415 - as above

    with _marked_emulator(request.node, ThreadedEmulator).serving() as emulator:
        yield emulator


def _marked_emulator(test: pytest.Item, kind: type[_Emulator]) -> _Emulator:
    """Make the emulator that a test's marks ask for; wrong arguments fail the test."""
    from reply_async.emulator import Emulator  # noqa: PLC0415 - an extra, loaded where used
    from reply_async.emulator.dialects import dialects_of  # noqa: PLC0415 - the same

    try:
        marked = _marked_options(test, set(inspect.signature(Emulator).parameters))
        dialect = marked.pop("dialect", {})
        if not isinstance(dialect, str):
            whole_run = str(test.config.getoption("--reply-dialect"))
            dialect = dialects_of(whole_run).changed(dialect)
        return kind(**marked, dialect=dialect)
    except (TypeError, ValueError) as error:
        wrong = str(error)
    pytest.fail(f"reply_emulator of {test.nodeid}: {wrong}", pytrace=False)


def _marked_options(test: pytest.Item, known: set[str]) -> dict[str, Any]:
    """Return the arguments of a test's marks, the nearest mark last; TypeError if unknown."""
    options: dict[str, Any] = {}
    for mark in reversed(list(test.iter_markers("reply_emulator"))):
        if mark.args:
            raise TypeError("the mark's arguments have names, such as seed=7")
        options |= mark.kwargs
    if unknown := options.keys() - known:
        names = ", ".join(sorted(unknown))
        raise TypeError(f"the mark knows no {names}; known are {', '.join(sorted(known))}")
    return options


@pytest.fixture
def reply_faults(reply_emulator: "Emulator") -> "Faults":
    """Give the faults of this test's emulator, to arm some."""
    return reply_emulator.faults


@pytest_asyncio.fixture(loop_scope="function")
async def reply_session(
    request: pytest.FixtureRequest, reply_emulator: "Emulator"
) -> AsyncIterator["ReplySession"]:
    """Open a session on the emulator of this test."""
    _require_loop(request)
    from reply_async import ReplySession  # noqa: PLC0415 - not every project's tests open one

    async with ReplySession(reply_emulator.key, base_url=reply_emulator.url) as session:
        yield session
