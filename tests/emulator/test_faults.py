"""The rules: what can be written, which requests they meet, and the ways to arm them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from emulator.client import Api

from reply_async.emulator import Emulator, Fault
from reply_async.emulator.account import open_account
from reply_async.emulator.armed_faults import What, read_faults
from reply_async.emulator.contract import load_contract
from reply_async.emulator.fault_acts import _ACTS, Break, act
from reply_async.emulator.faults import MEMBERS, PAIRS, TABLE, WHEN, read_fault
from reply_async.emulator.options import exec_options

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reply_async.testing import VirtualClockLoop

IMPORT, CONTACTS, WHOAMI = "/v3/contacts/import", "/v3/contacts", "/v3/whoami"
DROPPED = aiohttp.ServerDisconnectedError
HUNG = {"what": "hang", "when": "before_apply"}


async def test_the_table_is_complete() -> None:
    """Each kind has its act and its place in the fluent form."""
    kinds = TABLE.keys() - {"delayed_visibility"}
    assert kinds == _ACTS.keys()
    assert TABLE.keys() | {"headers", "body"} == What.__annotations__.keys()


@pytest.mark.parametrize("what", TABLE)
async def test_a_pair_outside_of_the_table_is_refused(what: str) -> None:
    """The message lists when the fault exists."""
    for when in WHEN:
        if (what, when) not in PAIRS:
            with pytest.raises(ValueError, match=f"only: {' '.join(TABLE[what].when)}"):
                Fault(what=what, when=when)


RULE = {"what": "close", "when": "after_apply"}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ([], "a rule is an object"),
        ({}, "what is missing, one of: close reset"),
        ({"what": "close"}, "when is missing, one of: before_apply after_apply"),
        ({**RULE, "whn": 1}, "'whn' is not a member of a rule, which are: what when method"),
        ({**RULE, "what": "clos"}, "what 'clos' is not one of: close reset"),
        ({**RULE, "what": ["close"]}, "is not one of: close reset"),
        ({**RULE, "when": None}, "when None is not one of: before_apply after_apply"),
        ({**RULE, "method": "FETCH"}, "method 'FETCH' is not one of: GET POST"),
        ({**RULE, "route": 5}, "route 5 is not one of: a template"),
        ({**RULE, "nth": 0}, r"nth \(0,\) is not one of: a number from 1"),
        ({**RULE, "nth": []}, r"nth \(\) is not"),
        ({**RULE, "nth": [1, "2"]}, r"nth \(1, '2'\) is not"),
        ({**RULE, "nth": True}, "nth"),
        ({**RULE, "probability": 1.5}, "probability 1.5 is not one of: a number from 0 to 1"),
        ({**RULE, "probability": "1"}, "probability '1' is not"),
        ({**RULE, "probability": None}, "probability None is not one of: a number from 0 to 1"),
        ({**RULE, "seed": None}, "seed None is not one of: a whole number"),
        ({**RULE, "nth": None}, r"nth \(None,\) is not"),
        ({**RULE, "seed": 0.5}, "seed 0.5 is not one of: a whole number"),
        ({**RULE, "times": 0}, "times 0 is not one of: a whole number from 1"),
        ({**RULE, "items": 2}, "items goes with after_items"),
        ({"what": "close", "when": "after_items"}, "after_items needs it"),
        ({**RULE, "seconds": 5}, "seconds does not belong to close"),
        ({**RULE, "what": "hang", "seconds": float("nan")}, "seconds nan is not"),
        ({**RULE, "what": "status"}, "status needs status: a status from 200 to 599"),
        ({**RULE, "what": "status", "status": 99}, "status 99 is not"),
        ({**RULE, "what": "status", "status": 500, "headers": {"A": "b\r\nc: d"}}, "headers"),
        *(
            ({**RULE, "what": "status", "status": 500, "headers": {name: "1"}}, "names of headers")
            for name in ("Content-Length", "transfer-encoding", "a b", "X:y", "", "X\n", "é")
        ),
        ({**RULE, "what": "redirect", "location": "/\r\nx"}, "location"),
        ({**RULE, "what": "delayed_visibility"}, "delayed_visibility needs seconds"),
        ({**RULE, "what": "gzip_bomb", "size_mib": 0}, "size_mib 0 is not"),
    ],
    ids=str,
)
async def test_a_wrong_rule_is_named(rule: Any, message: str) -> None:
    """The member, what it was and what is allowed."""
    with pytest.raises(ValueError, match=message):
        read_fault(rule)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"route": "/v3/contact/import"}, "no route /v3/contact/import; close to it: /v3/contacts"),
        ({"route": "import_contact"}, "close to it: import_contacts"),
        ({"route": "*"}, r"the API has no route \*$"),
        ({"route": IMPORT, "method": "GET"}, "/v3/contacts/import has no GET, only: POST"),
        ({"when": "after_items", "items": 1}, "after_items needs a route, such as"),
        (
            {"when": "after_items", "items": 1, "route": "create_sequence"},
            "needs an array of items, create_sequence takes none",
        ),
        (
            {"what": "delayed_visibility", "seconds": 1, "route": WHOAMI},
            "is for writes, get_whoami is a read",
        ),
    ],
    ids=str,
)
async def test_a_rule_that_could_never_fit_is_refused(members: Any, message: str) -> None:
    """Routes are held against the contract when the rule is armed."""
    with pytest.raises(ValueError, match=message):
        Emulator(faults=[Fault(**{**RULE, **members})])


async def test_every_call_over_many_items_can_stop_after_some() -> None:
    """The contract names the array for all operations that have a chunk size."""
    contract = load_contract()
    chunked = [id_ for id_ in contract.operation_ids if "x-chunk" in contract.operation(id_).raw]
    assert 50 < len(chunked)
    for id_ in chunked:
        Emulator(faults=[Fault(what="close", when="after_items", items=1, route=id_)])


async def drops(api: Api, number: int, path: str = WHOAMI, method: str = "GET") -> list[int]:
    """Ask so many times and return the numbers of the calls that were dropped."""
    dropped = []
    for attempt in range(1, number + 1):
        try:
            await api(method, path, data=b"{}" if method == "POST" else None)
        except DROPPED:
            dropped.append(attempt)
    return dropped


async def test_which_calls_are_met(emulator: Emulator, api: Api) -> None:
    """By number, by how often, by route of each form, and in the order of the rules."""
    faults = emulator.faults
    by_number = faults.on("POST", IMPORT).nth(2, 4).before_apply(close=True)
    assert [2, 4] == await drops(api, 6, IMPORT, "POST")
    assert (6, 2, 0) == (by_number.hits, by_number.fired, by_number.left)
    faults.clear()
    twice = faults.on(route="start_sequence").times(2).before_apply(close=True)
    assert [1, 2] == await drops(api, 3, "/v3/sequences/7/start", "POST")
    assert (3, 2, 0) == (twice.hits, twice.fired, twice.left)
    faults.clear()
    faults.on("post", "/v3/sequences/{id}/start").before_apply(close=True)
    faults.on(route="/v3/sequences/8/pause").before_apply(close=True)
    assert [1] == await drops(api, 1, "/v3/sequences/9/start", "POST")
    assert [] == await drops(api, 1, "/v3/sequences/9/pause", "POST")
    assert [1] == await drops(api, 1, "/v3/sequences/8/pause", "POST")
    faults.clear()
    first = faults.on("POST").times(1).before_apply(status=418)
    second = faults.on("POST").before_apply(close=True)
    assert [2, 3] == await drops(api, 3, "/v3/no/such/route", "POST")
    assert (3, 1, 3, 2) == (first.hits, first.fired, second.hits, second.fired)


async def test_chance_can_be_repeated(emulator: Emulator, api: Api) -> None:
    """The same seed drops the same calls, about as many as asked for."""
    runs = []
    for seed in (5, 5, 6):
        emulator.faults.on("POST", IMPORT).probability(0.3, seed=seed).before_apply(close=True)
        runs.append(await drops(api, 60, IMPORT, "POST"))
        emulator.faults.clear()
    assert runs[0] == runs[1] != runs[2]
    assert 8 <= len(runs[0]) <= 28


async def test_tools_and_budget_are_not_in_the_way(emulator: Emulator, api: Api) -> None:
    """The control plane meets no fault, and a dropped request was counted all the same."""
    emulator.set_budget((100, 3000))
    armed = emulator.faults.on().before_apply(close=True)
    assert 1 == len((await api.control("GET", "faults"))["items"])
    assert [1, 2] == await drops(api, 2, IMPORT, "POST")
    assert (2, 2) == (armed.hits, emulator.budget.granted)


async def test_the_fluent_form_gives_parameters() -> None:
    """A value is the fault's first parameter; more or less than one fault is refused."""
    faults = Emulator().faults
    rule = faults.on("POST", IMPORT)
    assert 30 == rule.before_apply(hang=30).fault.seconds
    assert 20 == rule.before_apply(long_header=20).fault.size_bytes
    assert "http://a" == rule.after_apply(redirect="http://a").fault.location
    full = rule.after_items(3, status=503, headers={"Retry-After": "2"}, body={"a": 1}).fault
    assert (3, 503, {"a": 1}) == (full.items, full.status, full.body)
    wrongs: list[Any] = [{}, {"close": True, "reset": True}, {"headers": {}}]
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"name one fault, such as reset=True, of: close"):
            rule.after_apply(**wrong)
    wrongs = [{"close": 5}, {"hang": False}]
    for wrong in wrongs:
        with pytest.raises(ValueError, match="=True"):
            rule.after_apply(**wrong)
    with pytest.raises(ValueError, match="name one fault"):
        rule.after_apply(clsoe=True)  # type: ignore[call-arg] # wrong on purpose


async def test_a_status_is_given_as_told(emulator: Emulator, api: Api) -> None:
    """JSON becomes a problem document, text stays text, and headers are the rule's."""
    rule = emulator.faults.on("GET", WHOAMI).times(1)
    rule.before_apply(status=503, headers={"Retry-After": "7"}, body={"title": "Away"})
    assert (503, {"title": "Away"}) == await api("GET", WHOAMI)
    assert "7" == api.headers["Retry-After"]
    assert "application/problem+json; charset=utf-8" == api.headers["Content-Type"]
    rule.before_apply(status=299, headers={"content-type": "text/csv"}, body="a,b")
    assert (299, "a,b") == await api("GET", WHOAMI)
    rule.before_apply(status=500)
    assert (500, None) == await api("GET", WHOAMI)
    assert [503, 299, 500] == [logged.status for logged in emulator.requests]


async def test_an_answer_without_a_body_breaks_in_its_headers(emulator: Emulator, api: Api) -> None:
    """A 204 has no other middle; it was applied all the same."""
    made = await api.sequence()
    path = f"/v3/sequences/{made['id']}/email-account-links"
    for what, when in PAIRS:
        if when == "mid_answer" and what not in {"hang", "drip", "reset"}:
            emulator.state.sequences[made["id"]].email_account_ids = [101]
            armed = emulator.faults.add(Fault(what=what, when=when, method="POST"))
            with pytest.raises(DROPPED):
                await api("POST", path, {"emailAccountId": 102})
            emulator.faults.remove(armed.id)
            assert [101, 102] == emulator.state.sequences[made["id"]].email_account_ids


@pytest.mark.parametrize(
    ("what", "framing"),
    [
        ("short_body", ["Content-Length: 9"]),
        ("cut_chunk", ["Transfer-Encoding: chunked"]),
        ("cut_close", ["Connection: close"]),
    ],
)
async def test_a_body_is_cut_in_each_way_of_telling_its_end(what: str, framing: list[str]) -> None:
    """By its length, by chunks, or by the end of the connection."""
    played = act(Fault(what=what, when="after_apply"), None)
    assert isinstance(played, Break)
    head, _, body = played.data.decode().partition("\r\n\r\n")
    assert framing == head.split("\r\n")[2:]
    assert body.endswith('{"id')


async def test_a_hang_can_end_by_itself(emulator: Emulator, api: Api) -> None:
    """After its seconds the connection is closed."""
    emulator.faults.on("POST", IMPORT).before_apply(hang=0.05)
    assert [1] == await drops(api, 1, IMPORT, "POST")


@pytest.mark.parametrize("what", ["hang", "drip"])
async def test_silence_does_not_keep_the_emulator_from_closing(
    reply_clock: VirtualClockLoop, what: str
) -> None:
    """Closing ends it at once, and it has ended when the client went away."""
    before = asyncio.all_tasks()
    emulator = Emulator()
    await emulator.start()
    emulator.faults.add(Fault(what=what, when="after_apply"))
    headers = {"Authorization": f"Bearer {emulator.key}"}
    async with aiohttp.ClientSession(emulator.url, headers=headers) as client:
        asked = asyncio.create_task(_read(client))
        await until(lambda: len(emulator.requests) == 1)
        others = asyncio.all_tasks()
        gone = asyncio.create_task(_read(client))
        await until(lambda: len(emulator.requests) == 2)
        gone.cancel()
        await until(lambda: others >= asyncio.all_tasks())
        began = reply_clock.time()
        await emulator.close()
        assert reply_clock.time() - began < 0.1
        assert isinstance(await asked, aiohttp.ClientError)
    assert {gone, asked} >= asyncio.all_tasks() - before - {asyncio.current_task()}


async def until(is_reached: Callable[[], bool]) -> None:
    """Wait for something that tells nobody; TimeoutError if it does not come."""
    async with asyncio.timeout(5):
        while not is_reached():  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.01)


async def _read(client: aiohttp.ClientSession) -> Exception | None:
    try:
        await (await client.post(IMPORT, data=b"{}")).read()
    except aiohttp.ClientError as error:
        return error
    return None


async def test_reset_starts_the_given_rules_anew() -> None:
    """What was added at run time is gone, the others count from 0 again."""
    given = Fault(what="close", when="after_apply", nth=2)
    emulator = Emulator(faults=[given])
    emulator.faults.on().after_apply(reset=True)
    for _ in range(3):
        emulator.faults.due("GET", WHOAMI)
    assert [(3, 1, 0), (3, 2, None)] == [(r.hits, r.fired, r.left) for r in emulator.faults]
    emulator.reset()
    assert [(given, 0, 0, 1)] == [(r.fault, r.hits, r.fired, r.left) for r in emulator.faults]
    assert [None, "after_apply close"] == [
        emulator.faults.due("GET", WHOAMI).label for _ in range(2)
    ]


async def test_over_http(emulator: Emulator, api: Api) -> None:
    """Tools add, list and clear; the id names one rule."""
    body = {"method": "POST", "route": IMPORT, "nth": [2, 3], "when": "after_apply"}
    added = await api.control("POST", "faults", {**body, "what": "reset"})
    assert {"id": 1, "hits": 0, "fired": 0, "left": 2, "what": "reset"}.items() <= added.items()
    await api.control("POST", "faults", {**HUNG, "route": WHOAMI})
    people = {"items": [{"email": "a@example.com", "firstName": "A"}]}
    await api.ok("POST", IMPORT, people)
    with pytest.raises(aiohttp.ClientOSError):
        await api("POST", IMPORT, people)
    rules = (await api.control("GET", "faults"))["items"]
    assert [(1, 2, 1, 1), (2, 0, 0, None)] == [
        (rule["id"], rule["hits"], rule["fired"], rule["left"]) for rule in rules
    ]
    logged = (await api.control("GET", "requests"))["items"]
    assert [None, "after_apply reset"] == [request["fault"] for request in logged]
    assert [True, True] == [request["is_applied"] for request in logged]
    rest = await api.control("DELETE", "faults?id=1")
    assert [2] == [rule["id"] for rule in rest["items"]]
    assert {"items": []} == await api.control("DELETE", "faults")
    url = f"{emulator.url}/_emulator/faults"
    for method, path, given, detail in (
        ("POST", url, {**body, "what": "rest"}, "what 'rest' is not one of: close reset"),
        ("DELETE", f"{url}?id=9", None, "no rule 9 is armed; armed are: none"),
    ):
        async with aiohttp.ClientSession() as client:
            response = await client.request(method, path, json=given)
            assert 400 == response.status
            assert (await response.json())["detail"].startswith(detail)


async def test_a_file_of_rules(tmp_path: Path) -> None:
    """A JSON list, with the same members as everywhere else."""
    file = tmp_path / "faults.json"
    rules = [{**HUNG, "seconds": 5}, {**RULE, "route": IMPORT, "nth": "every", "times": 1}]
    file.write_text(json.dumps(rules))
    assert [read_fault(rule) for rule in rules] == read_faults(file)
    full = read_fault(rules[1])
    assert full == read_fault(full.shown())
    assert set(full.shown()) <= set(MEMBERS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, ": No such file or directory"),
        (b"[\n{,}]", ", line 2, column 2: Expecting property name"),
        (b"\xff\xfe", ": not JSON in UTF-8"),
        pytest.param(b"[" * 100_000, ": nested too deeply, 64 levels are allowed", id="deep"),
        (b"{}", ": write a JSON list of rules"),
        (json.dumps([RULE, {**RULE, "nth": 0}]).encode(), ", rule 2: nth (0,) is not one of"),
        (json.dumps([{**RULE, "route": "/v3/x"}]).encode(), ", rule 1: the API has no route /v3/x"),
    ],
    ids=str,
)
async def test_a_bad_file_is_one_line(tmp_path: Path, content: bytes | None, message: str) -> None:
    """File, place, and what is allowed."""
    file = tmp_path / "faults.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match="faults") as caught:
        read_faults(file)
    assert f"{file}{message}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_program_takes_a_file(tmp_path: Path) -> None:
    """A bad one is told in one line with exit code 2."""
    file = tmp_path / "faults.json"
    file.write_text(json.dumps([{**RULE, "what": "clos"}]))
    command = [sys.executable, "-m", "reply_async.emulator", "--faults", str(file)]
    done = subprocess.run(  # noqa: S603 - our own program
        command, capture_output=True, text=True, timeout=60, check=False
    )
    assert (2, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
    assert f"{file}, rule 1: what 'clos' is not one of: close" in done.stderr


async def test_the_fixture_gives_the_faults(
    reply_emulator: Emulator, reply_faults: Any, reply_session: Any
) -> None:
    """`reply_faults` belongs to the emulator of the test."""
    assert reply_emulator.faults is reply_faults
    reply_faults.on("GET", WHOAMI).times(1).after_apply(close=True)
    await reply_session.whoami()
    assert ["after_apply close", None] == [request.fault for request in reply_emulator.requests]


async def test_a_data_file_keeps_what_was_applied(tmp_path: Path) -> None:
    """Played again without its fault, a request applies as many items as it did."""
    arguments = ["--data", str(tmp_path / "account.db"), "--", "true"]
    emulator, file = open_account(exec_options("emulator", arguments))
    with file:
        async with emulator, aiohttp.ClientSession() as http:
            emulator.faults.on("POST", IMPORT).after_items(2, reset=True)
            people = [{"email": f"p{n}@example.com", "firstName": "P"} for n in range(5)]
            with pytest.raises(aiohttp.ClientOSError):
                await Api(emulator, http)("POST", IMPORT, {"items": people})
    again, file = open_account(exec_options("emulator", arguments))
    with file:
        assert ["p0@example.com", "p1@example.com"] == list(again.state.by_email)
        assert [] == list(again.faults)
