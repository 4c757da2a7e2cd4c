"""The pytest plugin in a project of its own, found by pytest through its installation."""

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from reply_async.testing import fixtures, missing_fixtures

pytest_plugins = ["pytester"]

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
EXAMPLES = [
    block
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    if "async def test_" in block
]

NAMES_HEAVY = """
    import sys
    LIGHT = ("plugin", "fixtures", "clock", "missing_fixtures")
    OURS = {"", ".version", ".testing", *(f".testing.{name}" for name in LIGHT)}
    HEAVY = ("aiohttp", "attr", "attrs", "cattrs", "aiolimiter", "jsonschema_rs")
    def loaded():
        ours = {name for name in sys.modules if name.split(".")[0] == "reply_async"}
        return (ours - {"reply_async" + name for name in OURS}) | set(HEAVY) & set(sys.modules)
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Offer an empty project that knows nothing of the run around it."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        monkeypatch.delenv(name, raising=False)
    return pytester


def run(project: pytest.Pytester, *args: str, plugins: str = "asyncio xdist") -> pytest.RunResult:
    """Run pytest with our installed plugin and the named ones, as installed, and no other."""
    wanted = {"reply_async", *plugins.split()}
    others = {entry.name for entry in entry_points(group="pytest11")} - wanted
    blocked = [f"-pno:{name}" for name in sorted(others)]
    strict = ("--strict-markers", "-Werror", "-Wignore::pytest.PytestDeprecationWarning")
    return project.runpytest_subprocess(*blocked, *strict, "-rs", *args)


def test_the_examples_of_the_readme_pass_as_they_are(project: pytest.Pytester) -> None:
    """Each is a whole test module, without any configuration, also on several workers."""
    assert 2 == len(EXAMPLES)
    for number, example in enumerate(EXAMPLES):
        Path(f"test_{number}.py").write_text(example, encoding="utf-8")
    run(project, "-pno:xdist").assert_outcomes(passed=2)
    run(project, "-n2").assert_outcomes(passed=2)


def test_the_first_example_has_three_lines() -> None:
    """A test of a project needs no more."""
    assert 3 == len(EXAMPLES[0].splitlines())


@pytest.mark.parametrize("plugins", ["asyncio", ""], ids=["with asyncio", "alone"])
def test_nothing_is_loaded_before_a_fixture_is_used(project: pytest.Pytester, plugins: str) -> None:
    """A project that has the package installed pays for it when it uses it."""
    project.makepyfile(NAMES_HEAVY, "    def test_nothing(): assert set() == loaded()")
    run(project, plugins=plugins).assert_outcomes(passed=1)


def test_the_probe_of_loaded_modules_sees_them(project: pytest.Pytester) -> None:
    """What the fixtures load is what the test above looks for."""
    project.makepyfile(
        NAMES_HEAVY,
        """
    async def test_all(reply_session):
        assert {*HEAVY, "reply_async.session", "reply_async.emulator"} <= loaded()
    """,
    )
    run(project).assert_outcomes(passed=1)


def test_a_missing_extra_skips_with_the_line_to_run(project: pytest.Pytester) -> None:
    """Who lacks the emulator's extra reads what to install."""
    project.makeconftest("import sys; sys.modules['jsonschema_rs'] = None")
    project.makepyfile("async def test_session(reply_session): pass")
    result = run(project)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*pip install 'reply-async?emulator?'*"])


def test_a_missing_pytest_asyncio_is_told(project: pytest.Pytester) -> None:
    """Each fixture says what to install, where pytest would say that there is none."""
    project.makepyfile("""
        import pytest
        names = ["reply_clock", "reply_emulator", "reply_faults", "reply_session"]
        @pytest.mark.parametrize("name", names)
        def test_fixture(request, name): request.getfixturevalue(name)
    """)
    result = run(project, plugins="")
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(["*reply_session needs pytest-asyncio: pip install *"])


def test_every_fixture_has_its_stand_in() -> None:
    """A fixture is known by its name with pytest-asyncio and without."""
    for module in (fixtures, missing_fixtures):
        names = {
            name for name in vars(module) if name.startswith("reply_") and name != "reply_async"
        }
        assert fixtures.FIXTURES == names


def test_nothing_is_left_open(project: pytest.Pytester) -> None:
    """After a test, passed or failed, its tasks, sockets and servers are gone."""
    project.makepyfile("""
        import asyncio, os, pytest
        def sockets():
            links = (f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd"))
            return sum(os.path.exists(fd) and os.readlink(fd).startswith("socket") for fd in links)
        @pytest.fixture(autouse=True)
        async def nothing_left():
            tasks, opened = asyncio.all_tasks(), sockets()
            yield
            await asyncio.sleep(0)
            assert set() == asyncio.all_tasks() - tasks - {asyncio.current_task()}
            assert opened == sockets()
        async def test_used(nothing_left, reply_session, reply_emulator):
            before = sockets()
            await asyncio.gather(*(reply_session.whoami() for _ in range(5)))
            assert before < sockets()
        async def test_failed(nothing_left, reply_session):
            await reply_session.whoami()
            assert False
        async def test_unused(nothing_left, reply_emulator): pass
    """)
    project.makeini("[pytest]\nasyncio_mode = auto")
    run(project).assert_outcomes(passed=2, failed=1)
