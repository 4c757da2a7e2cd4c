"""Tests that are no coroutines, in a project of their own and a process of its own."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PLAIN_CLIENT = """
import json, subprocess, sys, urllib.request

def ask(url, key, *body):
    headers = {"Authorization": "Bearer " + key, "Content-Type": "application/json"}
    request = urllib.request.Request(url, body[0].encode() if body else None, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()

def read(emulator, path="/v3/whoami"):
    return json.loads(ask(emulator.url + path, emulator.key))

def run_program(emulator, path, body):
    program = [sys.executable, __file__, emulator.url + path, emulator.key, json.dumps(body)]
    return json.loads(subprocess.run(program, stdout=subprocess.PIPE, check=True).stdout)

if __name__ == "__main__":
    sys.stdout.buffer.write(ask(*sys.argv[1:]))
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Offer a project with a plain client, whose plugins are those of the command line alone."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function")
    Path("plain_client.py").write_text(PLAIN_CLIENT, encoding="utf-8")
    return pytester


def run(project: pytest.Pytester) -> pytest.RunResult:
    """Run the project's tests; a warning is an error."""
    plugins = ("-p", "pytest_asyncio.plugin", "-p", "reply_async.testing.plugin")
    return project.runpytest_subprocess(*plugins, "-Werror", timeout=60)


def test_sync_tests_are_served_whatever_their_client(project: pytest.Pytester) -> None:
    """A blocking call, a program, a loop of the test's own; and it can be looked into."""
    project.makepyfile("""
    import asyncio, pytest, urllib.error
    from plain_client import read, run_program
    from reply_async import ReplySession

    def test_blocking_calls(reply_emulator, reply_faults):
        assert 501 == read(reply_emulator)["userId"]
        assert 1 == reply_emulator.requests.count("GET", "/v3/whoami", status=200)
        reply_faults.on("GET", "/v3/whoami").before_apply(what="status", status=503)
        with pytest.raises(urllib.error.HTTPError, match="503") as caught:
            read(reply_emulator)
        caught.value.close()

    def test_a_program(reply_emulator):
        made = run_program(reply_emulator, "/v3/sequence-folders", {"name": "Q3"})
        assert "Q3" == made["name"]
        (effect,) = reply_emulator.ledger.effects.select()
        assert "sequence_folder_created" == effect.name

    def test_a_loop_of_its_own(reply_emulator):
        async def main():
            async with ReplySession(reply_emulator.key, base_url=reply_emulator.url) as session:
                return await session.whoami()
        assert 501 == asyncio.run(main()).user_id

    @pytest.fixture
    async def folder(reply_emulator):
        async with ReplySession(reply_emulator.key, base_url=reply_emulator.url) as session:
            return await session.folders.create("Q3")
    def test_what_an_async_fixture_made(folder, reply_emulator):
        listed = read(reply_emulator, "/v3/sequence-folders")
        assert [folder.name] == [entry["name"] for entry in listed]
    """)
    run(project).assert_outcomes(passed=4)


def test_sync_tests_control_the_emulator_from_their_thread(project: pytest.Pytester) -> None:
    """Marks hold, methods act between two requests and raise what they raise, also under fire."""
    project.makepyfile("""
    import asyncio, pytest, threading
    from plain_client import read, run_program
    from reply_async.emulator import Rates
    MARKED = pytest.mark.reply_emulator(seed=7, clock="held", budget=None, started_at=1_800_000_000)

    @MARKED
    def test_control(reply_emulator):
        assert 7 == reply_emulator.seed
        reply_emulator.advance(3600)
        assert 1_800_003_600 == reply_emulator.clock.now()
        with pytest.raises(ValueError, match="only be moved forward"):
            reply_emulator.advance(-1)
        reply_emulator.set_rates(Rates(replied=0.5))
        reply_emulator.set_budget((1, 10))
        read(reply_emulator)
        assert 1 == reply_emulator.budget.granted
        reply_emulator.reset()
        assert 0 == len(reply_emulator.requests)
        reply_emulator.add_key("emu_second", user_id=502)
        asyncio.run(reply_emulator.deliveries_done())

    def test_the_loop_that_brings_events_is_the_emulators(reply_emulator):
        hook = {"eventType": "email_sent", "url": reply_emulator.url + "/nowhere"}
        run_program(reply_emulator, "/v3/webhooks", hook)
        call = {"type": "call", "delayInMinutes": 9_000}
        body = {"name": "A", "emailAccounts": [101], "steps": [call]}
        made = run_program(reply_emulator, "/v3/sequences", body)
        people = {"items": [{"email": "a@b.co", "firstName": "A"}]}
        people["options"] = {"sequenceId": made["id"]}
        run_program(reply_emulator, "/v3/contacts/import", people)
        run_program(reply_emulator, f"/v3/sequences/{made['id']}/start", {})
        reply_emulator.advance(3600)  # sets a timer for the next hour

    @MARKED
    def test_under_fire(reply_emulator):
        failed = []
        def fire():
            try:
                for _ in range(50):
                    read(reply_emulator)
            except Exception as error:
                failed.append(error)
        threads = [threading.Thread(target=fire) for _ in range(3)]
        for thread in threads: thread.start()
        while any(thread.is_alive() for thread in threads):
            reply_emulator.advance(60)
            sum(1 for _ in reply_emulator.requests)
            reply_emulator.requests.count(status=200)
            reply_emulator.ledger.assert_members_agree()
        assert not failed
        assert 150 == reply_emulator.requests.count("GET", "/v3/whoami", status=200)
        assert "reply_emulator" in {thread.name for thread in threading.enumerate()}

    def test_nothing_is_left():
        assert "reply_emulator" not in {thread.name for thread in threading.enumerate()}
    """)
    run(project).assert_outcomes(passed=4)


def test_what_a_sync_test_cannot_have_is_told(project: pytest.Pytester) -> None:
    """One line each, that names what it can have."""
    project.makepyfile("""
        def test_clock(reply_clock): pass
        def test_session(reply_session): pass
        def test_late(request): request.getfixturevalue("reply_clock")
    """)
    result = run(project)
    result.assert_outcomes(errors=2, failed=1)
    for name in ("reply_clock", "reply_session"):
        result.stdout.fnmatch_lines([f"{name} is for async tests *use reply_emulator *"])
    result.stdout.no_fnmatch_line("*Traceback*")
