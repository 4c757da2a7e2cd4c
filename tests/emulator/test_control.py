from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from emulator.client import MONDAY

from reply_async.emulator.__main__ import main
from reply_async.emulator.clock import Clock, parse_duration, parse_moment
from reply_async.emulator.requests_log import LoggedRequest, RequestsLog

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator


async def test_state_counts_and_reset_forgets(api: Api) -> None:
    """Ids start anew after a reset."""
    made = await api.sequence()
    await api.enrol(made["id"], await api.contacts(2))
    shown = await api.control("GET", "state")
    assert (1, 2, 2, 3) == tuple(
        shown[name] for name in ("sequences", "contacts", "enrolled", "requests")
    )
    assert 0 == (await api.control("POST", "reset"))["contacts"]
    assert made["id"] == (await api.sequence())["id"]


async def test_requests_are_logged_and_totalled(api: Api, emulator: Emulator) -> None:
    """By template, by path, by operation and by status; control calls are not."""
    made = await api.sequence()
    await api.ok("GET", f"/v3/sequences/{made['id']}")
    await api("GET", "/v3/sequences/9")
    await api("GET", "/nowhere")
    shown = await api.control("GET", "requests?limit=2")
    assert (4, {"create_sequence": 1, "get_sequence": 2, "unknown": 1}) == (
        shown["total"],
        shown["by_operation"],
    )
    assert [404, 404] == [entry["status"] for entry in shown["items"]]
    assert ["2027-01-11T08:59:59.000+00:00"] * 2 == [entry["at"] for entry in shown["items"]]
    log = emulator.requests
    assert 2 == log.count("GET", "/v3/sequences/{id}")
    assert 1 == log.count("GET", f"/v3/sequences/{made['id']}")
    assert 1 == log.count(operation_id="get_sequence", status=404)
    assert 1 == log.count("POST")
    assert [1, 2, 3, 4] == [entry.number for entry in log]
    assert all(0 < entry.duration_ms < 60_000 and entry.user_id == 501 for entry in log)


async def test_requests_are_filtered_and_cleared(api: Api, emulator: Emulator) -> None:
    """By operation, status and method, newest last; DELETE forgets the totals too."""
    await api.sequence()
    for path in ("/v3/sequences/9", "/v3/sequences", "/v3/sequences/8"):
        await api("GET", path)
    await api("GET", "/v3/whoami", headers={})

    async def numbers(query: str) -> list[int]:
        shown = await api.control("GET", f"requests?{query}")
        return [entry["number"] for entry in shown["items"]]

    assert [2, 4] == await numbers("operation=get_sequence")
    assert [4] == await numbers("operation=get_sequence&limit=1")
    assert [2, 4] == await numbers("status=404&method=GET")
    assert [1] == await numbers("method=POST")
    assert [] == await numbers("limit=0")
    assert [None] == [entry.user_id for entry in emulator.requests.last(1)]  # no key, no user
    assert (0, {}, []) == tuple((await api.control("DELETE", "requests")).values())


def test_log_keeps_the_last_and_counts_all() -> None:
    """Entries go, totals stay; methods of a caller's own making share one total."""
    log = RequestsLog(kept=3)
    for number in range(1, 101):
        log.add(LoggedRequest(number, f"M{number}", "/x", None, None, 404, 0.0))
    assert [98, 99, 100] == [entry.number for entry in log]
    assert (100, 100) == (len(log), log.count("other"))


async def test_ledger_tells_who_was_enrolled_by_what(api: Api) -> None:
    """The numbers are those of the requests log."""
    made = await api.sequence()
    (contact_id,) = await api.contacts(1)
    await api.enrol(made["id"], [contact_id])
    shown = await api.control("GET", f"ledger?sequence={made['id']}")
    assert {str(contact_id): [3]} == shown["enrolments"]
    assert [] == shown["double_effects"]
    assert {"sequence_created": 1, "contact_created": 1, "enrolled": 1} == shown["counts"]


async def test_clock_is_told_and_moved(api: Api) -> None:
    """Only forward, in seconds or with a unit."""
    before = (await api.control("GET", "clock"))["seconds"]
    await api.control("POST", "clock", {"advance": "2d"})
    after = (await api.control("POST", "clock", {"advance": 60}))["seconds"]
    assert 2 * 86400 + 60 <= after - before < 2 * 86400 + 65
    assert MONDAY <= before < MONDAY + 5


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {"advance": -1}),
        ("clock", {"advance": "soon"}),
        ("clock", {}),
        ("clock", {"advance": 5, "back": 1}),
        ("clock", {"advance": "9999999w"}),
        ("clock", {"set": "2027-01-10T00:00:00Z"}),
        ("clock", {"set": "tomorrow"}),
        ("clock", {"hold": 1}),
        ("clock", {"speed": 0, "hold": True}),
        ("budget", {}),
        ("budget", {"hours": 5}),
        ("budget", {"minute": 0}),
        ("budget", {"window": "sliding"}),
        ("budget", {"competitor": "half"}),
        ("keys", {"key": "live"}),
        ("keys", {"kind": "team"}),
        ("keys", {"key": "emu_a", "user_id": 9}),
        ("keys", {"key": "emu_a", "scope": "*:*"}),
        ("budget", {"limits": "some"}),
        ("budget", {"limits": [1, -1]}),
        ("budget", [1]),
    ],
)
async def test_bad_control_calls_are_refused(api: Api, path: str, body: object) -> None:
    """They say so and change nothing."""
    status, problem = await api("POST", f"/_emulator/{path}", body, headers={})
    assert 400 == status
    assert problem["detail"]
    assert 404 == (await api("GET", "/_emulator/nothing", headers={}))[0]
    assert 405 == (await api("DELETE", "/_emulator/clock", headers={}))[0]


def test_clock_follows_its_loop() -> None:
    """Speed and moves add up; nothing else moves it."""
    times = [100.0]
    clock = Clock(1000.0, speed=60)
    assert 1000.0 == clock.now()
    clock.bind(lambda: times[0])
    times[0] = 101.5
    assert 1090.0 == clock.now()
    clock.advance(10)
    assert 1100.0 == clock.now()
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)
    clock.speed = 2
    times[0] = 102
    assert 1101.0 == clock.now()
    clock.is_held = True
    times[0] = 200
    clock.advance(5)
    assert ("held", 1106.0) == (clock.kind, clock.now())
    clock.is_held = False
    times[0] = 201
    assert ("real", 1108.0) == (clock.kind, clock.now())
    clock.bind(lambda: times[0] + 50)  # another loop: the time goes on from here
    assert 1108.0 == clock.now()


@pytest.mark.parametrize(("kind", "speed"), [("stopped", 1), ("real", 0), ("held", 1e300)])
def test_clocks_that_cannot_be(kind: str, speed: float) -> None:
    """A wrong kind or speed is told at once."""
    with pytest.raises(ValueError, match=r"kind of clock|a speed is"):
        Clock(0.0, speed, kind)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", 86400),
        ("1970-01-01T00:01:00Z", 60),
        ("1970-01-01T01:01:00+01:00", 60),
        ("1970-01-01T00:01:00.5", 60.5),
    ],
)
def test_moments(text: str, seconds: float) -> None:
    """ISO 8601, UTC unless an offset is told."""
    assert seconds == parse_moment(text)


@pytest.mark.parametrize(
    ("value", "seconds"), [(5, 5), ("90s", 90), ("1.5h", 5400), ("2d", 172800), ("1w", 604800)]
)
def test_durations(value: object, seconds: float) -> None:
    """Numbers are seconds."""
    assert seconds == parse_duration(value)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "x"],
        ["--port", "70000"],
        ["--key", "live_key"],
        ["--key", "emu_"],
        ["--key", "emu_ä"],
        ["--key", "emu_a b"],
        ["--budget", "1"],
        ["--budget", "1,x"],
        ["--budget", "0,10"],
        ["--stats-limit", "0"],
        ["--stats-limit", "few"],
        ["--window", "sliding"],
        ["--competitor", "2"],
        ["--competitor", "nan"],
        ["--clock", "stopped"],
        ["--speed", "0"],
        ["--speed", "nan"],
        ["--speed", "1000001"],
        ["--seed", "x"],
    ],
)
def test_usage_errors(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and one line that says what is wrong."""
    with pytest.raises(SystemExit) as caught:
        main(arguments, prog="reply-async emulator")
    assert 2 == caught.value.code
    assert "reply-async emulator: error:" in capsys.readouterr().err


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start the program as a child."""
    command = [sys.executable, "-m", "reply_async.emulator", *arguments]
    return subprocess.Popen(  # noqa: S603 - our own program
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_program_prints_its_address_and_ends_quietly() -> None:
    """A signal ends it with 0; a taken port is one line and 1."""
    with start("--key", "emu_mine") as first:
        assert first.stdout is not None
        url, key = first.stdout.readline().split()
        assert (True, "emu_mine") == (url.startswith("http://127.0.0.1:"), key)
        with start("--port", url.rsplit(":", 1)[-1]) as second:
            out, error = second.communicate()
        assert (1, "", 1) == (second.returncode, out, len(error.splitlines()))
        assert "Cannot listen" in error
        first.terminate()
        assert (0, "") == (first.wait(10), first.communicate()[1])


def test_program_ends_with_its_parent() -> None:
    """Closing its standard input is enough when that is asked for."""
    with start("--exit-with-parent") as child:
        assert child.stdout is not None
        assert child.stdout.readline().split()[1].startswith("emu_")
        assert child.stdin is not None
        child.stdin.close()
        assert 0 == child.wait(10)


def test_importing_the_package_is_cheap() -> None:
    """Neither aiohttp nor the validator is loaded before the emulator is used."""
    code = (
        "import sys, reply_async.emulator, reply_async.emulator.__main__ as m\n"
        "assert not {'aiohttp', 'jsonschema_rs'} & set(sys.modules), 'heavy'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own code


def test_missing_packages_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Without the extra there is one line that tells how to get it."""
    names = [name for name in sys.modules if name.startswith("reply_async.emulator.")]
    hidden = {name: sys.modules.pop(name) for name in names}
    saved, sys.modules["jsonschema_rs"] = sys.modules["jsonschema_rs"], None  # type: ignore[assignment] # makes the import fail
    try:
        assert 1 == main([])
    finally:
        sys.modules["jsonschema_rs"] = saved
        sys.modules.update(hidden)
    assert "pip install 'reply-async[emulator]'" in capsys.readouterr().err
