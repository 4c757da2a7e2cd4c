"""The README keeps its word: its programs run, its tables name what exists."""

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import reply_async
from reply_async import ReplyError, ReplySession
from reply_async.emulator.faults import TABLE

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
PROGRAMS = [
    block
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    if "asyncio.run" in block
]


@pytest.fixture(scope="module")
def environment(dialect: str) -> Iterator[dict[str, str]]:
    """Start an emulator as a program of its own and name it in the environment."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "reply_async.emulator", "--exit-with-parent", "--dialect", dialect],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as emulator:
        assert emulator.stdout is not None
        url, key = emulator.stdout.readline().split()
        yield {**os.environ, "REPLY_BASE_URL": url, "REPLY_API_KEY": key}
        emulator.terminate()


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_a_program_of_the_readme_runs(
    program: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """Each program runs to its end and says something."""
    done = subprocess.run(  # noqa: S603 - our own README
        [sys.executable, "-X", "utf8", "-c", program],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.strip()


def test_the_import_of_the_readme_ends_as_told(environment: dict[str, str]) -> None:
    """The first program refuses the row without a first name and enrols the others."""
    done = subprocess.run(  # noqa: S603 - our own README
        [sys.executable, "-X", "utf8", "-c", PROGRAMS[0]],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "3 firstName.missing" in done.stdout
    assert "enrolled=2" in done.stdout or "already_in=2" in done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_story_of_the_readme_needs_no_more_than_curl() -> None:
    """Five calls get a good answer each, and both people were written to."""
    (story,) = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    command = ["-m", "reply_async.emulator", "exec", "--budget", "off", "--", "sh", "-c", story]
    done = subprocess.run(  # noqa: S603 - our own README
        [sys.executable, *command], capture_output=True, text=True, timeout=60, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert 5 == len(answers)
    assert [] == [answer for answer in answers if "detail" in answer]
    assert 2 == answers[-1]["emailOverview"]["contacted"]


def method_rows() -> list[tuple[str, str]]:
    """Return group and method for each method that the table of calls names."""
    rows = re.findall(
        r"^\| `session(?:\.(\w+))?` \| `([\w ]+)` \| [\w, -]+ \|$", README, re.MULTILINE
    )
    return [(group, method) for group, methods in rows for method in methods.split()]


async def test_the_table_of_calls_is_complete() -> None:
    """Every public method of every group stands in the table, and no other."""
    async with ReplySession("emu_readme", base_url="http://127.0.0.1:1") as session:
        existing = {
            (name, method)
            for name, member in vars(ReplySession).items()
            if isinstance(member, property) and not name.startswith("_")
            for method, function in inspect.getmembers(type(getattr(session, name)))
            if inspect.isfunction(function) and not method.startswith("_")
        }
        existing = {(group, method) for group, method in existing if group != "limiter"}
        calls = {("", "whoami"), ("", "team_users"), ("", "request")}
        assert existing | calls == set(method_rows())


def test_the_errors_of_the_readme_are_all_errors() -> None:
    """Every public error is named in the README."""
    errors = {
        name
        for name in reply_async.__all__
        if isinstance(value := getattr(reply_async, name), type) and issubclass(value, ReplyError)
    }
    named = set(re.findall(r"[A-Z]\w+", README))
    assert {"ReplyError", "RequestError"} >= errors - named


def test_the_faults_of_the_readme_are_those_of_the_table() -> None:
    """Each kind stands in the row that says when it may be."""
    words = {
        ("before_apply", "after_apply", "after_items", "mid_answer"): "always",
        ("before_apply", "after_apply", "after_items"): "all but `mid_answer`",
        ("before_apply",): "`before_apply`",
        ("after_apply",): "`after_apply`; may come on top of another fault",
    }
    rows: dict[str, set[str]] = {}
    for what, kind in TABLE.items():
        rows.setdefault(words[kind.when], set()).add(what)
    table = README.split("| what | when |")[1].split("\n\n")[0]
    told = re.findall(r"^\| `([\w ]+)`[^|]* \| (.+) \|$", table, re.MULTILINE)
    assert rows == {when: set(names.split()) for names, when in told}
