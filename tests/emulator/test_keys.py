"""Kinds of keys, whom they act for, and what their scopes allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.client import email

from reply_async.emulator.keys import Key

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

WHOAMI = ("GET", "/v3/whoami")


def headers(key: str, **names: object) -> dict[str, str]:
    """Return the headers of a key that acts for somebody: `user_id=502`."""
    acting = {f"X-{name.title().replace('_', '-')}": str(value) for name, value in names.items()}
    return {"Authorization": f"Bearer {key}", **acting}


@pytest.mark.parametrize(
    ("kind", "names", "expected"),
    [
        ("personal", {}, 503),
        ("personal", {"user_id": 502}, 503),
        ("team", {}, 503),
        ("team", {"user_id": 502}, 502),
        ("team", {"user_email": " Robin@emulator.example"}, 502),
        ("team", {"user_id": 502, "team_id": 100}, 502),
        ("organization", {"user_id": 502}, 502),
        ("organization", {"user_email": "robin@emulator.example", "team_id": 100}, 502),
    ],
)
async def test_key_acts_as_its_user_or_the_one_named(
    api: Api, emulator: Emulator, kind: str, names: dict[str, Any], expected: int
) -> None:
    """Whoami tells the acting user."""
    key = emulator.add_key("emu_other", user_id=503, kind=kind)
    status, answer = await api(*WHOAMI, headers=headers(key, **names))
    assert (200, expected, 100) == (status, answer["userId"], answer["teamId"])
    assert expected == emulator.requests.last(1)[0].user_id


@pytest.mark.parametrize(
    ("kind", "names", "status", "code", "teams"),
    [
        ("organization", {}, 403, "USER_REQUIRED", False),
        ("organization", {"team_id": 100}, 403, "USER_REQUIRED", False),
        ("organization", {"user_email": "robin@emulator.example"}, 403, "TEAM_REQUIRED", True),
        ("organization", {"user_id": 9}, 401, "USER_NOT_FOUND", False),
        ("organization", {"user_id": "x"}, 401, "USER_NOT_FOUND", False),
        ("team", {"user_email": "nobody@emulator.example"}, 401, "USER_NOT_FOUND", False),
        ("team", {"team_id": 7}, 403, "TEAM_NOT_ACCESSIBLE", True),
        ("organization", {"user_id": 502, "team_id": 7}, 403, "TEAM_NOT_ACCESSIBLE", True),
    ],
)
async def test_acting_user_that_is_not_settled_is_refused(
    api: Api,
    emulator: Emulator,
    kind: str,
    names: dict[str, Any],
    status: int,
    code: str,
    teams: bool,
) -> None:
    """With the documented codes, before anybody's budget is touched."""
    key = emulator.add_key("emu_other", kind=kind)
    answer, problem = await api(*WHOAMI, headers=headers(key, **names))
    assert (status, code) == (answer, problem["code"])
    assert ([{"teamId": 100, "teamName": "Sales"}] if teams else None) == problem.get("teams")
    assert 0 == emulator.budget.granted


async def test_what_is_made_belongs_to_the_acting_user(api: Api, emulator: Emulator) -> None:
    """Sequences, contacts and lists of a team key are those of the user it names."""
    acting = headers(emulator.add_key("emu_team", kind="team"), user_id=502)
    body = {"name": "Founders", "emailAccounts": [101], "steps": [email()]}
    sequence = (await api("POST", "/v3/sequences", body, headers=acting))[1]
    person = {"firstName": "Ada", "email": "ada@example.com"}
    contact = (await api("POST", "/v3/contacts", person, headers=acting))[1]
    assert (502, 502) == (sequence["ownerUserId"], contact["ownerUserId"])
    made = (await api("POST", "/v3/contact-lists", {"name": "Mine"}, headers=acting))[1]
    path = f"/v3/contact-lists/{made['id']}"
    assert 403 == (await api("DELETE", path))[0]
    assert 204 == (await api("DELETE", path, headers=acting))[0]


async def test_each_acting_user_has_a_budget_over_all_keys(api: Api, emulator: Emulator) -> None:
    """A key that acts for another user spends of that user's windows."""
    emulator.set_budget((2, 10))
    team = emulator.add_key("emu_team", kind="team")
    robin = emulator.add_key("emu_robin", user_id=502)
    as_robin = headers(team, user_id=502)
    assert [200, 200, 429] == [
        (await api(*WHOAMI, headers=each))[0] for each in (as_robin, headers(robin), as_robin)
    ]
    assert [200, 200, 429] == [
        (await api(*WHOAMI, headers=each))[0]
        for each in (headers(team), headers(emulator.key), headers(team))
    ]
    told = [emulator.budget_of(user).answered_429 for user in (501, 502, 503)]
    assert [1, 1, 0] == told


@pytest.mark.parametrize(
    ("scopes", "scope", "allowed"),
    [
        ("contacts:read", "contacts:read", True),
        ("contacts:read", "contacts:write", False),
        ("contacts:write", "contacts:read", True),
        ("contacts:operate", "contacts:read", True),
        ("contacts:operate", "contacts:write", False),
        ("contacts:write", "contacts:operate", False),
        ("contacts:*", "contacts:operate", True),
        ("contacts:*", "sequences:read", False),
        ("*:*", "ai-sdr:write", True),
        ("", "contacts:read", False),
        ("", "none", True),
        ("", None, True),
    ],
)
def test_scopes_include_what_the_contract_says(
    scopes: str, scope: str | None, *, allowed: bool
) -> None:
    """Write and operate include read, not each other; stars include all."""
    key = Key("emu_key", 501, scopes=frozenset(scopes.split()))
    assert allowed == key.allows(scope)
    assert Key("emu_key", 501).allows(scope)
    assert "emu_key" not in repr(key)


async def test_lacking_scope_is_refused(api: Api, emulator: Emulator) -> None:
    """Before the body is looked at, and with nothing done."""
    reader = headers(emulator.add_key("emu_reader", scopes=["sequences:read"]))
    assert 200 == (await api("GET", "/v3/sequences", headers=reader))[0]
    assert 200 == (await api(*WHOAMI, headers=reader))[0]
    refused = (403, {"status": 403, "title": "Forbidden", "reasons": []})
    assert refused == await api("POST", "/v3/sequences", {}, headers=reader)
    assert refused == await api("GET", "/v3/contacts", headers=reader)
    assert {} == emulator.state.sequences


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"key": "live_key"}, "must start with emu_"),
        ({"kind": "master"}, "no kind of key 'master'"),
        ({"user_id": 9}, "no user 9"),
        ({"scopes": ["contacts:delete"]}, "no scopes: contacts:delete"),
        ({"scopes": ["*:read"]}, "no scopes: "),
        ({"scopes": "contacts"}, "no scopes: contacts"),
    ],
)
async def test_keys_that_cannot_be_are_refused(
    emulator: Emulator, options: dict[str, Any], text: str
) -> None:
    """With a word that says why."""
    with pytest.raises(ValueError, match=text):
        emulator.add_key(**{"key": "emu_other", **options})
    assert [emulator.key] == list(emulator.keys)
