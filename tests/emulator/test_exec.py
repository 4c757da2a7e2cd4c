from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reply_async.emulator.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Sequence

ASK = """
import http.client, os, sys, urllib.parse
address = urllib.parse.urlsplit(os.environ["REPLY_BASE_URL"])
client = http.client.HTTPConnection(address.hostname, address.port)
key = os.environ["REPLY_API_KEY"]
client.request("GET", "/v3/whoami", headers={"Authorization": f"Bearer {key}"})
sys.stdout.write(client.getresponse().read().decode() + sys.stdin.read())
sys.stderr.write("warned")
sys.exit(7)
"""
WAIT = """
import signal, sys, time
def end(number, _):
    print("told", number, flush=True)
    sys.exit(3)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
print("ready", flush=True)
time.sleep(60)
"""


def start(command: Sequence[str]) -> subprocess.Popen[str]:
    """Start the program with a command, in a session without a terminal."""
    program = [sys.executable, "-m", "reply_async.emulator", "exec", "--", *command]
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603 - our own program
        program, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )


def test_a_command_has_an_emulator_and_its_own_streams() -> None:
    """It finds address and key, and its exit code is ours; nothing else is said."""
    with start([sys.executable, "-c", ASK]) as child:
        out, error = child.communicate("typed", timeout=60)
    assert (7, "warned") == (child.returncode, error)
    assert 501 == json.loads(out.removesuffix("typed"))["userId"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_are_handed_on(number: signal.Signals) -> None:
    """The command decides what they do, and how it ends is how we end."""
    with start([sys.executable, "-c", WAIT]) as child:
        assert child.stdout is not None
        assert "ready\n" == child.stdout.readline()
        child.send_signal(number)
        out, error = child.communicate(timeout=60)
    assert (3, f"told {int(number)}\n", "") == (child.returncode, out, error)


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["no-such-command"], 127, "cannot run no-such-command: No such file or directory\n"),
        (["/"], 126, "cannot run /: Permission denied\n"),
        (["sh", "-c", "kill -9 $$"], 137, ""),
        (["echo", "-n", "--", "a"], 0, ""),
    ],
)
def test_exit_codes_are_those_of_a_shell(
    command: list[str], code: int, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not found is 127, not to be run 126, killed is 128 and the signal; options stay."""
    assert code == main(["exec", "--budget", "off", "--", *command])
    assert ("-- a" if code == 0 else "", said) == capfd.readouterr()


def test_a_port_can_be_chosen(capfd: pytest.CaptureFixture[str]) -> None:
    """For clients whose address is fixed; one that is taken is one line and 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert 1 == main(["exec", "--port", port, "--", "true"])
    refused = f"Cannot listen on 127.0.0.1, port {port}: "
    assert capfd.readouterr().err.startswith(refused)
    assert 0 == main(["exec", "--port", port, "--", "sh", "-c", "echo $REPLY_BASE_URL"])
    assert (f"http://127.0.0.1:{port}\n", "") == capfd.readouterr()


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("emulator", ["--dialect", "nope"], "there are default, modern, legacy"),
        ("emulator exec", ["--dialect", "nope"], "there are default, modern, legacy"),
        ("emulator exec", ["--dialect", ""], "there are default, modern, legacy"),
        ("emulator exec", ["--faults", "no-such-file.json"], "no-such-file.json: No such file"),
    ],
)
def test_what_the_contract_refuses_is_told_under_the_name_of_the_program(
    name: str, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, whether it serves or runs a command."""
    mode = ["exec", *options, "--", "true"] if name.endswith("exec") else options
    assert 2 == main(mode, prog="emulator")
    error = capsys.readouterr().err
    assert error.startswith(f"{name}: error: ")
    assert said in error


@pytest.mark.parametrize("arguments", [["exec"], ["exec", "true"], ["exec", "--port", "1", "--"]])
def test_a_command_must_be_named(arguments: list[str]) -> None:
    """Usage errors are one line and 2."""
    program = [sys.executable, "-m", "reply_async.emulator", *arguments]
    done = subprocess.run(program, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert "exec: error: " in done.stderr


def test_the_command_line_tool_hands_it_through() -> None:
    """`reply-async emulator exec` is the same."""
    code = "import sys; from reply_async.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", "import os; print(os.environ['REPLY_API_KEY']); exit(4)"]
    options = ["emulator", "exec", "--key", "emu_mine", "--", *command]
    program = [sys.executable, "-c", code, *options]
    done = subprocess.run(program, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert (4, "emu_mine\n", "") == (done.returncode, done.stdout, done.stderr)


def test_the_first_answer_comes_within_a_second() -> None:
    """Start, a command and the end, in CPU time; other work cannot stretch each of five."""

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with start(["true"]) as child:
            child.communicate(timeout=60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    assert any(seconds() < 1 for _ in range(5))
