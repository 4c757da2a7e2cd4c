"""The command from outside: help, wrong usage, and what goes wrong without anything."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reply_async.cli import COMMANDS, HELP, main
from reply_async.cli.application import build

Command = Callable[..., "subprocess.CompletedProcess[str]"]
NOBODY = {"REPLY_BASE_URL": "http://127.0.0.1:9", "REPLY_API_KEY": "emu_test"}
SHOW_MODULES = (
    "import sys\n"
    "from reply_async.cli import main\n"
    "try:\n    code = main({arguments})\n"
    "except SystemExit as end:\n    code = end.code\n"
    "print(code, *sorted(sys.modules), sep='\\n', file=sys.stderr)\n"
)


def modules_loaded_by(*arguments: str) -> list[str]:
    """Run a command line in a new process; give its exit code and what it loaded."""
    program = SHOW_MODULES.format(arguments=list(arguments))
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stderr.splitlines()


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"], []])
def test_help_loads_next_to_nothing(arguments: list[str]) -> None:
    """Neither the HTTP client nor the libraries of the command are there."""
    code, *modules = modules_loaded_by(*arguments)

    assert "0" == code
    assert "reply_async.cli" in modules
    assert not {"aiohttp", "asyncio", "cattrs", "rich", "cyclopts"} & set(modules)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_loads_no_http_client(name: str) -> None:
    """What a command needs is loaded when it runs."""
    code, *modules = modules_loaded_by(name, "--help")

    assert "0" == code
    assert not {"aiohttp", "jsonschema_rs"} & set(modules)


def test_help_is_there_at_once(command: Command) -> None:
    """The promise is 300 ms, of CPU; other work cannot stretch each of ten."""

    def seconds() -> float:
        before = os.times()
        assert 0 == command("--help").returncode
        after = os.times()
        user = after.children_user - before.children_user
        return user + after.children_system - before.children_system

    assert any(seconds() < 0.3 for _ in range(10))


def test_help_names_every_command(command: Command) -> None:
    """The first help is written from the table of commands, and so are the commands."""
    said = command("--help").stdout

    assert set(COMMANDS) <= set(build())
    for name, (_, summary) in COMMANDS.items():
        assert f"{name:<10}  {summary}" in said
    assert said.startswith(HELP[:20])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["imprt"], 2, 'Did you mean "import"'),
        (["import", "in.csv", "--sequence", "5", "--bogus", "1"], 2, "--bogus"),
        (["import", "in.csv"], 2, "--sequence"),
        (["import", "in.csv", "--sequence", "0"], 2, "ids run from 1"),
        (["import", "in.csv", "--sequence", "5", "--dry-run"], 2, "in.csv: No such file"),
        (["import", "in.csv", "--sequence", "5"], 4, "REPLY_API_KEY"),
        (["sequences", "list"], 4, "reply-async demo"),
        (["sequences", "show", "5"], 4, "REPLY_API_KEY"),
        (["sequences", "start"], 2, "at least one sequence"),
        (["sequences", "pause", "x"], 2, '"x"'),
        (["stats", "5"], 4, "REPLY_API_KEY"),
        (["demo", "--rows", "0"], 2, "--rows"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str],
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No traceback, nothing on stdout, and the documented exit code."""
    monkeypatch.delenv("REPLY_API_KEY", raising=False)

    assert code == main(arguments)

    told = capsys.readouterr()
    assert said in told.err
    assert 1 == told.err.count("\n")
    assert "" == told.out


@pytest.mark.parametrize(
    "arguments", [["sequences", "list"], ["sequences", "archive", "5"], ["stats", "5"]]
)
def test_a_server_that_is_not_there_is_exit_code_5(command: Command, arguments: list[str]) -> None:
    """The line names the address and what to check."""
    done = command(*arguments, environment=NOBODY)

    assert 5 == done.returncode
    assert "127.0.0.1:9" in done.stderr
    assert "--base-url" in done.stderr
    assert 1 == done.stderr.count("\n")


def test_the_address_of_the_command_line_goes_before_the_environment(command: Command) -> None:
    """An address that cannot be right is refused before anything is sent."""
    done = command("stats", "5", "--base-url", "http://10.0.0.1", environment=NOBODY)

    assert 2 == done.returncode
    assert "https" in done.stderr


@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [
        ("cyclopts", ["stats", "5"], "cli"),
        ("rich", ["stats", "5"], "cli"),
        ("jsonschema_rs", ["demo"], "emulator"),
        ("jsonschema_rs", ["emulator"], "emulator"),
    ],
)
def test_a_missing_extra_is_one_line_with_the_pip_command(
    command: Command, tmp_path: Path, module: str, arguments: list[str], extra: str
) -> None:
    """A module that cannot be imported is told by the extra that brings it."""
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / f"{module}.py").write_text(
        f"raise ModuleNotFoundError('No module named {module}', name={module!r})\n",
        encoding="utf-8",
    )

    done = command(*arguments, environment={"PYTHONPATH": str(shadow)})

    assert 1 == done.returncode
    assert f"pip install 'reply-async[{extra}]'" in done.stderr
    assert 1 == done.stderr.count("\n")


def test_the_emulator_has_its_own_options(command: Command) -> None:
    """Everything after the word is handed over, help included."""
    assert "reply-async emulator" in command("emulator", "--help").stdout
    wrong = command("emulator", "--port", "x")
    assert 2 == wrong.returncode
    assert "--port" in wrong.stderr
