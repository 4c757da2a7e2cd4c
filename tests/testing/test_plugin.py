"""The pytest plugin, as a project sees it that has the package installed."""

import subprocess
import sys
from typing import ClassVar, Self

import pytest

import reply_async
from reply_async import testing

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "reply_async.testing.plugin")


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
        def test_late(request): request.getfixturevalue("reply_clock")
    """)
    result = run(project)
    result.assert_outcomes(failed=1)
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
    """`--reply-dialect` reaches every emulator; a wrong name says which there are."""
    project.makepyfile("""
        async def test_dialect(reply_emulator):
            assert "info" == reply_emulator.dialects["page_envelope"]
            assert "sync_200" == reply_emulator.dialects["import_mode"]
    """)
    run(project, "--reply-dialect", "legacy,import_mode=sync_200").assert_outcomes(passed=1)
    result = run(project, "--reply-dialect", "newest")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*there are default, modern, legacy*"])


def test_the_emulator_is_skipped_without_its_extra(project: pytest.Pytester) -> None:
    """Who lacks the extra reads what to install."""
    project.makeconftest("import sys; sys.modules['jsonschema_rs'] = None")
    project.makepyfile("async def test_session(reply_session): pass")
    result = run_apart(project, "-p", "pytest_asyncio.plugin")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*pip install 'reply-async?emulator?'*"])


def test_a_project_without_pytest_asyncio_is_left_alone(project: pytest.Pytester) -> None:
    """The plugin loads neither asyncio nor the SDK where nobody uses it."""
    project.makeini("")
    project.makepyfile("""
        import sys
        def test_sync():
            heavy = {"aiohttp", "attrs", "cattrs", "pytest_asyncio", "reply_async.session"}
            assert not heavy & set(sys.modules)
    """)
    run_apart(project).assert_outcomes(passed=1)


def run_apart(project: pytest.Pytester, *plugins: str) -> pytest.RunResult:
    """Run the project in a process of its own, where modules are still unloaded."""
    return project.runpytest_subprocess(*plugins, *PLUGIN, "-rs")


def test_the_plugin_alone_imports_no_asyncio() -> None:
    """Pytest starts as quickly with the package installed as without."""
    code = "import reply_async.testing.plugin, sys; sys.exit('asyncio' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode  # noqa: S603 - our own line


def test_public_names_are_there() -> None:
    """Every announced name can be had; others are refused as usual."""
    assert all(getattr(testing, name) for name in testing.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Clock'"):
        testing.Clock  # noqa: B018 - the access is the test
