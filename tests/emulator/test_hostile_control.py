"""The control plane under requests that nobody should send."""

from __future__ import annotations

import json
import re
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from emulator.client import MONDAY
from emulator.program import Program

from reply_async.emulator.account import open_account
from reply_async.emulator.control import PREFIX
from reply_async.emulator.data_file import DataFile, DataFileError, Entry
from reply_async.emulator.options import exec_options

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.client import Api

    from reply_async.emulator import Emulator

MEMBERS = {
    "reset": ("sequence",),
    "clock": ("advance", "set", "hold", "speed"),
    "dialects": ("dialect", "choices"),
    "budget": ("limits", "minute", "stats", "capacity", "window", "phase", "competitor", "seed"),
    "keys": ("key", "user_id", "kind", "scopes"),
    "rates": ("replied", "fade", "sequence_id", "variant_id"),
    "faults": ("what", "when", "method", "route", "nth", "times", "seconds", "body", "headers"),
}
WHOLE: dict[str, dict[str, Any]] = {
    "keys": {"key": "emu_y"},
    "faults": {"what": "status", "when": "after_apply", "status": 500},
}
VALUES: list[Any] = [
    *(None, True, -1, 0, 1.7, 10**30, 10**299, 1e300, -1e300, 2**63),
    *("", "x", "é", "xs", "1e999s", "nan", "1,x", "\u0661", "1_0", "\x00", "emu_", "2027-13-01"),
    "x" * 9_000,
    *([], [5], [[]], [{}], [1.7, 2], ["x", None], {}, {"x": []}, {"import_mode": []}, [[[[]]]]),
]  # fmt: skip
BODIES = [
    *(b"[1]", b"5", b"null", b'"x"', b"{", b"\xff\xfe", b"{}x", b"\x00", b"\xef\xbb\xbf{}"),
    *(b"[" * 100_000, b'{"advance": ' + b"9" * 5_000 + b"}", b'{"advance": 1e999}'),
    *(b'{"advance": NaN}', b'{"\\ud800": 1}', b'{"key": "emu_\\udfff"}'),
    b'{"what": "status", "when": "after_apply", "status": 500, "body": '
    + b"[" * 500
    + b"]" * 500
    + b"}",
    f'{{"advance": {10**400}}}'.encode(),
]  # fmt: skip
QUERIES = [
    f"{name}={value}"
    for name in ("sequence", "contact", "request", "limit", "status", "user", "id")
    for value in ("", "x", "-1", "1.5", "9" * 30, "9" * 5_000, "%D9%A1", "%00", "%ff")
] + ["operation=nope", "method=NOPE", "check=x", "check=", "nope=1", "%ff=1", "status=1000"]
PYTHON_WORDS = re.compile(
    r"unhashable|' object|literal|convert|iterable|argument|NoneType|codec|4300|islice|attribute"
    r"|Errno|range\(|not JSON serializable|must be str|out of range|comparison"
)


class Raw:
    """Sends bytes and holds the answer against what every answer must be."""

    def __init__(self, api: Api, emulator: Emulator) -> None:
        self._http, self._url = api._http, emulator.url + PREFIX
        self.broken: list[str] = []

    async def __call__(self, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
        """Return status and content of one answer."""
        async with self._http.request(method, self._url + path, data=body) as response:
            content = json.loads(await response.read())
        refused = content.get("detail", "") if response.status >= 400 else ""
        is_told = response.status < 400 or refused
        if response.status >= 500 or not is_told or PYTHON_WORDS.search(refused[:300]):
            self.broken.append(
                f"{method} {path[:60]} {body[:90]!r}: {response.status} {refused[:90]}"
            )
        return response.status, content


@pytest.fixture
def raw(api: Api, emulator: Emulator) -> Raw:
    """Give a client of the control plane that notes broken answers."""
    return Raw(api, emulator)


async def test_no_member_of_a_body_breaks_it(raw: Raw) -> None:
    """Every member with every value is taken or refused in words, and all can be read after it."""
    for path, members in MEMBERS.items():
        for name, value in product(members, VALUES):
            await raw("POST", path, json.dumps({**WHOLE.get(path, {}), name: value}).encode())
        for shown in ("state", "clock", "dialects", "budget", "rates", "faults"):
            assert 200 == (await raw("GET", shown))[0]
        await raw("DELETE", "faults")
    assert [] == raw.broken


async def test_no_body_and_no_query_breaks_it(raw: Raw) -> None:
    """What is no JSON object and what is not asked for is refused; nothing ends in a 500."""
    for path, body in product(MEMBERS, BODIES):
        assert 400 == (await raw("POST", path, body))[0]
    for path, query in product(("state", "ledger", "requests", "budget", "clock"), QUERIES):
        assert (await raw("GET", f"{path}?{query}"))[0] in {400, 404}, (path, query)
    assert 400 == (await raw("DELETE", "faults?id=x"))[0]
    assert [] == raw.broken


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (("POST", "clock", {"advance": "xs"}), "advance 'xs': not a duration"),
        (("POST", "clock", {"hold": 1}), "hold is true or false, not 1"),
        (("POST", "budget", {"limits": [1.7, 2]}), "minute is a whole number from 1"),
        (("POST", "budget", {"limits": "1,x"}), "hour is a whole number from 1"),
        (("POST", "budget", {"minutes": 2}), "no rule 'minutes' of a budget; there are: limits"),
        (("POST", "keys", {"key": "emu_y", "scopes": 5}), "scopes are a list of texts"),
        (("POST", "keys", {"key": "emu_y", "scopes": [5]}), "no scopes: 5;"),
        (("POST", "keys", {"key": "emu_y", "user_id": [1]}), "user_id is a whole number, not [1]"),
        (("POST", "dialects", {"choices": {"import_mode": []}}), "no variant of import_mode"),
        (("POST", "rates", {}), "send rates, of: opened, clicked,"),
        (("POST", "rates", {"replied": 1, "sequence_id": 9}), "there is no sequence 9"),
        (("POST", "rates", {"replied": 1, "step_id": 9}), "there is no step 9"),
        (("POST", "rates", {"replied": 1, "variant_id": 9}), "there is no variant 9"),
        (("DELETE", "clock", None), "/_emulator/clock takes GET, POST"),
        (("GET", "reset", None), "/_emulator/reset takes POST"),
        (("POST", "rates", {"sequence_id": 1, "step_id": 2}), "rates are set for one of"),
        (("POST", "reset", {"all": True}), "no 'all' in the body; it takes none"),
        (("POST", "reset?sequence=5", None), "no 'sequence' in the query; it takes none"),
        (("GET", "clock?a=1", None), "no 'a' in the query; it takes none"),
        (("GET", "requests?op=x", None), "there are: limit, method, operation, status"),
        (("GET", "requests?limit=-1", None), "limit is a whole number from 0, not '-1'"),
        (("GET", "requests?operation=get_sequense", None), "close to it: get_sequence"),
        (("GET", "requests?method=FETCH", None), "no method 'FETCH'; there are: CONNECT, DELETE"),
        (("GET", "requests?status=99", None), "no status 99; there are 100 to 599"),
        (("GET", "ledger?contact=1&sequence=2", None), "ask for one thing at a time"),
        (("GET", "ledger?contact=999", None), "There is no contact 999."),
        (("GET", "ledger?sequence=999", None), "There is no sequence 999."),
        (("GET", "ledger?request=7", None), "There is no request 7, the last is 0."),
        (("GET", "nope", None), "there are: state, reset, clock"),
        (("DELETE", "faults?id=9", None), "no rule 9 is armed; armed are: none"),
    ],
    ids=str,
)
async def test_a_refusal_says_what_and_what_is_allowed(
    raw: Raw, request_: tuple[str, str, Any], said: str
) -> None:
    """In words of the control plane."""
    method, path, body = request_
    status, problem = await raw(method, path, b"" if body is None else json.dumps(body).encode())
    assert status in {400, 404, 405}
    assert said in problem["detail"]


async def test_the_address_without_its_slash_lists_what_there_is(api: Api) -> None:
    """It is no route of the API, which would ask for a key."""
    for path in ("/_emulator", "/_emulator/"):
        status, problem = await api("GET", path, headers={})
        assert 404 == status
        assert "there are: state, reset, clock" in problem["detail"]
    assert 401 == (await api("GET", "/_emulators", headers={}))[0]


async def test_a_refused_reset_empties_nothing(api: Api, raw: Raw) -> None:
    """Whatever is wrong with it."""
    await api.contacts(2)
    for path, body in ("reset", b"[1]"), ("reset?sequence=5", b""), ("reset", b'{"x": 1}'):
        assert 400 == (await raw("POST", path, body))[0]
    assert 2 == (await raw("GET", "state"))[1]["contacts"]


def _entries(path: Path) -> list[str]:
    with DataFile(path) as file:
        return [entry.name for entry in file.entries() if entry.kind == "control"]


async def test_what_was_refused_is_not_kept(tmp_path: Path) -> None:
    """The account is there at the next start, and so is what was acted on."""
    path = tmp_path / "account.db"
    async with Program.on(path) as program:
        row = {"firstName": "Ada", "email": "ada@example.com"}
        assert 201 == (await program.send("POST", "/v3/contacts", row))[0]
        for name, body in (
            ("reset", [1]),
            ("reset?a=1", None),
            ("keys", {"key": "emu_y", "scopes": [5]}),
            ("budget", {"minute": 0}),
            ("nope", {}),
        ):
            assert 400 <= (await program.send("POST", PREFIX + name, body))[0] < 500
        assert 200 == (await program.send("POST", f"{PREFIX}rates", {"replied": 0.5}))[0]
    assert ["POST /_emulator/budget", "POST /_emulator/rates"] == _entries(path)  # from the start
    async with Program.on(path) as program:
        assert 1 == (await program.send("GET", f"{PREFIX}state"))[1]["contacts"]
        assert {"replied": 0.5} == (await program.send("GET", f"{PREFIX}rates"))[1]["default"]


def _kept(path: Path, *entries: Entry) -> Emulator:
    with DataFile(path) as file:
        file.set({"seed": 1, "key": "emu_kept", "started_at": MONDAY})
        for entry in entries:
            file.add(entry)
    emulator, opened = open_account(exec_options("emulator", ["--data", str(path), "--", "true"]))
    with opened:
        return emulator


def test_what_a_file_holds_is_refused_again_or_told(tmp_path: Path) -> None:
    """Never a traceback: a refusal is one again, and what cannot be played is one line."""
    bodies = (b'{"key":"emu_y","scopes":[5]}', b"[" * 100_000, b'{"hour": 7}')
    names = ("POST /_emulator/keys", "POST /_emulator/rates", "POST /_emulator/budget")
    refused = [Entry(2.0, "control", name, body) for name, body in zip(names, bodies, strict=True)]
    emulator = _kept(tmp_path / "refused.db", *refused)
    assert (7, {"emu_kept"}) == (emulator.budget.rules.hour, set(emulator.keys))
    for number, entry in enumerate(
        (
            Entry(2.0, "event", "webhook_attempted", b"[" * 100_000),
            Entry(2.0, "event", "webhook_attempted", b"[]"),
            Entry(2.0, "nothing", "POST /_emulator/rates"),
        )
    ):
        with pytest.raises(DataFileError, match="holds what cannot be played") as caught:
            _kept(tmp_path / f"{number}.db", entry)
        assert "\n" not in str(caught.value)
