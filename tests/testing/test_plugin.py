"""The pytest plugin, as a project sees it that has the package installed."""

import subprocess
import sys
from importlib import import_module
from typing import ClassVar, Self

import pytest

import reply_async
from reply_async import testing

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "reply_async.testing.plugin")

# What a run in this process loads is unloaded after it: later tests would meet half of it.
for _name in ("reply_async.session", "reply_async.emulator.emulator"):
    import_module(_name)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Offer an empty project whose plugins are those of the command line alone."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function")
    return pytester


def run(project: pytest.Pytester, *args: str) -> pytest.RunResult:
    """Run the project's tests with pytest-asyncio and our plugin."""
    return project.runpytest_inprocess("-p", "pytest_asyncio.plugin", *PLUGIN, "-v", *args)


def test_three_lines_get_the_virtual_loop(project: pytest.Pytester) -> None:
    """A test that asks for the clock passes an hour at once."""
    project.makepyfile("""
        import asyncio
        async def test_hour(reply_clock):
            await asyncio.sleep(3600)
            assert 3600 <= reply_clock.time() < 3601
    """)
    result = run(project)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*::test_hour PASSED*"])


def test_the_clock_reaches_through_other_fixtures(project: pytest.Pytester) -> None:
    """Fixtures, marks and parameters lead to the virtual loop as the name does."""
    project.makepyfile("""
        import asyncio, pytest
        @pytest.fixture
        async def later(reply_clock):
            await asyncio.sleep(3600)
            return reply_clock
        async def test_fixture(later):
            assert later is asyncio.get_running_loop()
        @pytest.mark.usefixtures("reply_clock")
        @pytest.mark.parametrize("hours", [1, 2])
        async def test_mark(hours):
            await asyncio.sleep(3600 * hours)
    """)
    result = run(project)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*::test_fixture PASSED*", "*::test_mark?1? PASSED*"])


def test_other_tests_keep_their_loop_and_their_ids(project: pytest.Pytester) -> None:
    """A neighbour of a test with the clock is not touched."""
    project.makepyfile("""
        import asyncio, pytest
        async def test_clock(reply_clock): pass
        async def test_plain(request):
            assert type(asyncio.get_running_loop()).__module__.startswith("asyncio.")
            assert not hasattr(request.node, "callspec")
        @pytest.mark.parametrize("n", [7])
        async def test_number(n): pass
        def test_sync(): pass
    """)
    result = run(project)
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        ["*::test_plain PASSED*", "*::test_number?7? PASSED*", "*::test_sync PASSED*"]
    )


def test_a_project_keeps_its_own_loop_factories(project: pytest.Pytester) -> None:
    """A project's own hook still rules the tests without the clock."""
    project.makeconftest("""
        import asyncio
        class Own(asyncio.SelectorEventLoop): pass
        def pytest_asyncio_loop_factories(): return {"own": Own}
    """)
    project.makepyfile("""
        import asyncio
        async def test_own(): assert type(asyncio.get_running_loop()).__name__ == "Own"
        async def test_clock(reply_clock): await asyncio.sleep(3600)
        async def test_own_again(): await test_own()
    """)
    run(project).assert_outcomes(passed=3)


def test_asking_too_late_is_told(project: pytest.Pytester) -> None:
    """A clock that pytest could not foresee fails with the reason."""
    project.makepyfile("""
        import pytest
        @pytest.fixture
        def late(request): return request.getfixturevalue("reply_clock")
        async def test_late(late): pass
    """)
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*reply_clock is for async tests that name it*"])


def test_the_emulator_answers_on_either_clock(project: pytest.Pytester) -> None:
    """The emulator serves on the test's own loop, be it real or virtual."""
    project.makepyfile("""
        import asyncio, aiohttp
        async def read(emulator):
            headers = {"Authorization": f"Bearer {emulator.key}"}
            async with aiohttp.ClientSession(emulator.url, headers=headers) as client:
                async with client.get("/v3/sequences") as answer:
                    return answer.status
        async def test_real(reply_emulator):
            assert 200 == await read(reply_emulator)
        async def test_virtual(reply_emulator, reply_clock):
            assert 200 == await read(reply_emulator)
            await asyncio.sleep(3600)
            assert 200 == await read(reply_emulator)
    """)
    run(project).assert_outcomes(passed=2)


class RecordedSession:
    """Stands for the session and tells what the fixture does with it."""

    steps: ClassVar[list[str]] = []

    def __init__(self, key: str, *, base_url: str) -> None:
        self.steps.append(f"{key} {base_url.rpartition(':')[0]}")

    async def __aenter__(self) -> Self:
        self.steps.append("open")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.steps.append("close")


def test_the_session_is_opened_on_the_emulator_and_closed(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test gets an open session with the emulator's key and address."""
    monkeypatch.setattr(reply_async, "ReplySession", RecordedSession, raising=False)
    monkeypatch.setattr(RecordedSession, "steps", [])
    project.makepyfile("""
        async def test_session(reply_session, reply_emulator):
            assert "open" == reply_session.steps[-1]
            reply_session.steps.append(reply_emulator.key)
    """)
    run(project).assert_outcomes(passed=1)
    opened, *steps = RecordedSession.steps
    key = steps[1]
    assert f"{key} http://127.0.0.1" == opened
    assert ["open", key, "close"] == steps


def test_a_whole_run_speaks_one_dialect(project: pytest.Pytester) -> None:
    """`--reply-dialect` reaches every emulator without a mark; a wrong name is told."""
    project.makepyfile("""
        import pytest
        @pytest.mark.reply_emulator(dialect="default")
        async def test_marked(reply_emulator):
            assert "top_level" == reply_emulator.dialects["page_envelope"]
        async def test_dialect(reply_emulator):
            assert "info" == reply_emulator.dialects["page_envelope"]
            assert "sync_200" == reply_emulator.dialects["import_mode"]
    """)
    run(project, "--reply-dialect", "legacy,import_mode=sync_200").assert_outcomes(passed=2)
    for wrong in ("newest", ""):
        result = run(project, "--reply-dialect", wrong)
        assert pytest.ExitCode.USAGE_ERROR == result.ret
        result.stderr.fnmatch_lines(["ERROR: --reply-dialect: *there are default, modern, legacy*"])


def test_the_nearest_mark_makes_the_emulator(project: pytest.Pytester) -> None:
    """Marks of module, class and test add up; whatever the emulator takes may be named."""
    project.makepyfile("""
        import pytest
        pytestmark = pytest.mark.reply_emulator(seed=7, budget=(5, 50))
        async def test_module(reply_emulator):
            assert (7, 5) == (reply_emulator.seed, reply_emulator.budget.rules.minute)
        @pytest.mark.reply_emulator(budget=None, key="emu_other")
        class TestClass:
            async def test_both(self, reply_emulator, reply_session):
                assert (7, None) == (reply_emulator.seed, reply_emulator.budget.rules.minute)
                assert "emu_other" == reply_emulator.key
                await reply_session.whoami()
            @pytest.mark.reply_emulator(seed=8, started_at=1e9)
            async def test_nearest(self, reply_emulator):
                assert 8 == reply_emulator.seed
                assert 1e9 <= reply_emulator.clock.now() < 1e9 + 60
    """)
    run(project).assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("sed=7", "knows no sed; known are budget, *key, *seed"),
        ("7", "the mark's arguments have names, such as seed=7"),
        ("key='live'", "a key must start with emu_"),
        ("budget=5", "budget is two numbers, per minute and per hour"),
        ("dialect=None", "a dialect is a name or a mapping of entries, not None"),
        ("faults=[{}]", "faults are made by Fault(...), {} is none"),
    ],
)
def test_a_wrong_mark_is_told_with_its_test(
    project: pytest.Pytester, arguments: str, complaint: str
) -> None:
    """The message names the test and what is wrong, and nothing else stands there."""
    project.makepyfile(f"""
        import pytest
        @pytest.mark.reply_emulator({arguments})
        async def test_mark(reply_emulator): pass
    """)
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"reply_emulator of *::test_mark: *{complaint}*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*fixtures.py*")
    result.stdout.no_fnmatch_line("*During handling*")


def test_async_tests_need_no_mark_of_their_own(project: pytest.Pytester) -> None:
    """Where pytest-asyncio is strict our fixtures are enough, also behind another fixture."""
    project.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    project.makepyfile("""
        import asyncio, pytest
        @pytest.fixture
        def url(reply_emulator): return reply_emulator.url
        @pytest.mark.parametrize("n", [1, 2])
        async def test_url(url, n): assert asyncio.get_running_loop() and url
        class TestClass:
            async def test_clock(self, reply_clock): await asyncio.sleep(3600)
        async def test_plain(): pass
    """)
    run(project).assert_outcomes(passed=3, failed=1)


@pytest.mark.parametrize("mode", ["auto", "strict"])
@pytest.mark.parametrize(
    "scopes",
    [
        {"fixture": "function", "test": "module"},
        {"fixture": "session", "test": "session"},
        {"fixture": "session", "test": "function"},
    ],
    ids=["tests", "both", "fixtures"],
)
def test_default_loop_scopes_of_a_project_do_not_matter(
    project: pytest.Pytester, mode: str, scopes: dict[str, str]
) -> None:
    """The fixtures and their tests have a loop of their own; other tests share theirs."""
    lines = (f"asyncio_default_{kind}_loop_scope = {scope}" for kind, scope in scopes.items())
    project.makeini("\n".join(("[pytest]", f"asyncio_mode = {mode}", *lines)))
    project.makepyfile(f"""
        import asyncio, pytest
        loops = []
        async def test_session(reply_session): assert await reply_session.whoami()
        async def test_again(reply_session): assert await reply_session.whoami()
        @pytest.mark.asyncio
        async def test_marked(reply_session): assert await reply_session.whoami()
        async def test_clock(reply_session, reply_clock):
            await asyncio.sleep(3600)
            assert await reply_session.whoami()
        class TestBase:
            async def test_class(self, reply_session): assert await reply_session.whoami()
        class TestMore(TestBase): pass
        @pytest.mark.asyncio
        async def test_plain(): loops.append(asyncio.get_running_loop())
        @pytest.mark.asyncio
        async def test_shared():
            is_shared = {scopes["test"]!r} != "function"
            assert is_shared is (loops == [asyncio.get_running_loop()])
    """)
    run(project).assert_outcomes(passed=8)


@pytest.mark.parametrize("fixture", ["reply_emulator", "reply_session", "reply_clock"])
def test_a_loop_scope_of_the_test_itself_is_told(project: pytest.Pytester, fixture: str) -> None:
    """The test does not hang or fail in between, but says which mark it needs."""
    project.makepyfile(f"""
        import pytest
        @pytest.mark.asyncio(loop_scope="session")
        async def test_session({fixture}): pass
    """)
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["reply_* lives on a loop of one test*loop_scope='session'; mark it with *'function')"]
    )


def test_the_plugin_alone_imports_no_asyncio() -> None:
    """Pytest starts as quickly with the package installed as without."""
    code = "import reply_async.testing.plugin, sys; sys.exit('asyncio' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode  # noqa: S603 - our own line


def test_public_names_are_there() -> None:
    """Every announced name can be had; others are refused as usual."""
    assert all(getattr(testing, name) for name in testing.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Clock'"):
        testing.Clock  # noqa: B018 - the access is the test
