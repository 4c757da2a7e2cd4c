from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import Json

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

DAY = 86_400
MAILBOXES = "/v3/email-accounts"


def connection(email: str = "sales@company.example", **members: Json) -> Json:
    """Return a connection as it is sent."""
    return {
        "email": email,
        "smtpHost": "smtp.company.example",
        "smtpPort": 465,
        "smtpPassword": "hidden-smtp",
        "imapHost": "imap.company.example",
        "imapPort": 993,
        "imapPassword": "hidden-imap",
        **members,
    }


async def create(api: Api, email: str = "sales@company.example", **members: Json) -> Json:
    """Create a mailbox and return it."""
    return await api.ok("POST", MAILBOXES, {"connection": connection(email), **members})


async def emails(api: Api, wanted: Json) -> list[str]:
    """Return the addresses of the mailboxes that fit a filter."""
    answer = await api.ok("POST", f"{MAILBOXES}/filter", wanted)
    return [row["email"].split("@")[0] for row in answer["items"]]


async def refused(api: Api, method: str, path: str, body: Json = None) -> tuple[int, str]:
    """Return status and code of a refusal."""
    status, problem = await api(method, path, body)
    return status, problem["code"]


async def running(api: Api, number: int, *mailboxes: int, **members: Json) -> Json:
    """Start a sequence with people in it."""
    made = await api.sequence(emailAccounts=list(mailboxes), **members)
    await api.enrol(made["id"], await api.contacts(number))
    await api.ok("POST", f"/v3/sequences/{made['id']}/start")
    return made


async def test_created_mailbox_comes_back_without_its_passwords(
    api: Api, emulator: Emulator
) -> None:
    """Everything else is shown, completed by defaults."""
    made = await create(api, safety={"dailyLimit": 70}, tags=["outbound", "New"])
    assert made == await api.ok("GET", f"{MAILBOXES}/{made['id']}")
    assert "hidden" not in str(made)
    sent = {key: value for key, value in connection().items() if not key.endswith("Password")}
    more = {"senderName": "sales", "smtpSsl": True, "imapSsl": True}
    assert {**sent, **more} == made["connection"]
    assert 70 == made["safety"]["dailyLimit"]
    assert ["Outbound", "New"] == made["tags"]
    assert (False, False) == (made["isDefault"], made["isInUse"])
    assert 1 == emulator.ledger.counts["email_account_created"]
    row = (await api.ok("GET", f"{MAILBOXES}?skip=3"))["items"][0]
    assert (made["id"], 70, made["tags"]) == (row["id"], row["dailyLimit"], row["tags"])


async def test_patch_changes_what_is_given(api: Api) -> None:
    """Sections are merged key by key; a connection is whole and keeps the sender's name."""
    path = f"{MAILBOXES}/101"
    before = await api.ok("GET", path)
    body = {"safety": {"dailyLimit": 5}, "signature": {"signature": "Best"}, "tags": ["Cold"]}
    after = await api.ok("PATCH", path, body)
    assert {**before["safety"], "dailyLimit": 5} == after["safety"]
    assert ("Best", ["Cold"]) == (after["signature"]["signature"], after["tags"])
    assert before["connection"] == after["connection"]
    after = await api.ok("PATCH", path, {"connection": connection("new@company.example")})
    assert ("new@company.example", "Dana Field") == (
        after["connection"]["email"],
        after["connection"]["senderName"],
    )
    status, problem = await api("PATCH", path, {"connection": {"email": "new@company.example"}})
    assert (400, 6) == (status, len(problem["errors"]))


async def test_address_belongs_to_one_mailbox(api: Api) -> None:
    """Whatever its case."""
    taken = {"connection": connection("DANA@emulator.example")}
    assert (400, "emailAccount.internalError") == await refused(api, "POST", MAILBOXES, taken)
    path = f"{MAILBOXES}/102"
    assert (400, "emailAccount.invalidInput") == await refused(api, "PATCH", path, taken)
    await api.ok("PATCH", f"{MAILBOXES}/101", taken)


async def test_plan_is_full_at_last(api: Api) -> None:
    """A sequence can have 100 of 200 mailboxes."""
    ids = [(await create(api, f"m{n}@company.example"))["id"] for n in range(197)]
    body = {"connection": connection()}
    assert (409, "emailAccount.limitReached") == await refused(api, "POST", MAILBOXES, body)
    made = await api.sequence(emailAccounts=ids[:100])
    links = f"/v3/sequences/{made['id']}/email-account-links"
    linked = await refused(api, "POST", links, {"emailAccountId": ids[100]})
    assert (409, "sequenceEmailAccount.limitReached") == linked
    steps = [{"type": "call", "delayInMinutes": 0}]
    for method, path, body in (
        ("PUT", links, {"emailAccountIds": ids[:101]}),
        ("PATCH", f"/v3/sequences/{made['id']}", {"emailAccounts": ids[:101]}),
        ("POST", "/v3/sequences", {"name": "A", "steps": steps, "emailAccounts": ids[:101]}),
    ):
        status, problem = await api(method, path, body)
        assert (400, 1) == (status, len(problem["errors"]))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["dana", "d.field", "robin", "lost"]),
        ({"status": None, "domains": [], "tags": None}, ["dana", "d.field", "robin", "lost"]),
        ({"status": "disconnected"}, ["lost"]),
        ({"emailAccountType": "Custom", "email": "D"}, ["dana", "d.field", "robin"]),
        ({"emailAccountType": "Gmail"}, []),
        ({"domains": ["LOST.example"]}, ["lost"]),
        ({"ownerUserIds": [502]}, ["robin"]),
        ({"tags": ["outbound", "other"]}, ["dana"]),
        ({"tags": ["outbound"], "ownerUserIds": [502]}, []),
    ],
)
async def test_filter_members_hold_together(api: Api, wanted: Json, found: list[str]) -> None:
    """All members must fit; null and empty ones ask for nothing."""
    lost = connection("lost@lost.example", imapHost="imap.invalid")
    await api.ok("POST", MAILBOXES, {"connection": lost})
    if "email" in wanted:
        wanted = {**wanted, "domains": ["emulator.example"], "email": "@EMULATOR"}
    assert found == await emails(api, wanted)


async def test_only_my_mailboxes_and_pages(api: Api) -> None:
    """`my` leaves out those of other users; both lists are paged."""
    mine = await api.ok("GET", f"{MAILBOXES}?my=true")
    assert [101, 102] == [row["id"] for row in mine["items"]]
    page = await api.ok("POST", f"{MAILBOXES}/filter?top=2", {})
    assert ([101, 102], True) == ([row["id"] for row in page["items"]], page["hasMore"])
    assert (400, "emailAccount.invalidPagination") == await refused(
        api, "POST", f"{MAILBOXES}/filter?top=0", {}
    )


async def test_mailbox_of_an_active_sequence_stays(api: Api, emulator: Emulator) -> None:
    """Paused, it can be deleted and is unlinked; the next one becomes the default."""
    made = await running(api, 3, 101, 102)
    path = f"/v3/sequences/{made['id']}"
    emulator.advance(DAY)

    async def senders() -> list[int | None]:
        people = (await api.ok("GET", "/v3/contacts"))["items"]
        rows = [await api.ok("GET", f"/v3/contacts/{person['id']}/sequences") for person in people]
        return [row[0]["emailAccountId"] for row in rows]

    assert [101, 102, 101] == await senders()
    assert (await api.ok("GET", f"{MAILBOXES}/101"))["isInUse"]
    assert (400, "emailAccount.invalidInput") == await refused(api, "DELETE", f"{MAILBOXES}/101")
    failures = await api.ok("POST", f"{MAILBOXES}/bulk-delete", {"ids": [102, 103, 9.0]})
    assert {"102": "accountInUse", "9": "notFound"} == {
        key: entry["error"] for key, entry in failures.items()
    }
    await api.ok("POST", f"{path}/pause")
    assert (204, None) == await api("DELETE", f"{MAILBOXES}/101")
    assert [None, 102, None] == await senders()
    assert [102] == [row["id"] for row in await api.ok("GET", f"{path}/email-accounts")]
    assert [{"id": 102, "email": "d.field@emulator.example"}] == (await api.ok("GET", path))[
        "emailAccounts"
    ]
    assert (await api.ok("GET", f"{MAILBOXES}/102"))["isDefault"]
    assert {} == await api.ok("POST", f"{MAILBOXES}/bulk-delete", {"ids": [102]})
    assert [] == (await api.ok("GET", MAILBOXES))["items"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("POST", "/set-default", None),
        ("POST", "/resume-sending", None),
        ("GET", "/stats", None),
        ("POST", "/tags", {"tags": ["A"]}),
        ("DELETE", "/tags", {"tags": ["A"]}),
    ],
)
async def test_missing_mailbox(api: Api, method: str, path: str, body: Json) -> None:
    """The same code everywhere."""
    answer = await refused(api, method, f"{MAILBOXES}/9{path}", body)
    assert (404, "emailAccount.notFound") == answer


async def test_there_is_one_default(api: Api) -> None:
    """Setting it takes it from the other."""
    assert (204, None) == await api("POST", f"{MAILBOXES}/103/set-default")
    rows = (await api.ok("GET", MAILBOXES))["items"]
    assert [103] == [row["id"] for row in rows if row["isDefault"]]


async def test_stats_are_what_the_outreach_sent(api: Api, emulator: Emulator) -> None:
    """Today and in all, per mailbox; together they make the sequence's number."""
    made = await running(api, 700, 101, 103)
    emulator.advance(DAY)
    first_day = await api.ok("GET", f"{MAILBOXES}/101/stats")
    assert {"id": 101, "emailsSentToday": 0, "totalEmailsSent": 100, "dailySendingLimit": 300} == (
        first_day
    )
    emulator.advance(DAY / 2)
    rows = (await api.ok("POST", f"{MAILBOXES}/stats", {}))["items"]
    filters = {"filters": {"dateRangePreset": "allTime"}}
    stats = await api.ok("POST", f"/v3/sequences/{made['id']}/stats", filters)
    assert stats["emailOverview"]["contacted"] == sum(row["totalEmailsSent"] for row in rows)
    assert stats["emailOverview"]["contacted"] - 200 == sum(row["emailsSentToday"] for row in rows)
    assert 0 == rows[1]["totalEmailsSent"]
    named = await api.ok("POST", f"{MAILBOXES}/stats", {"email": "robin@"})
    assert [rows[2]] == named["items"]


async def test_ramp_up_grows_the_limit_by_the_day(api: Api, emulator: Emulator) -> None:
    """10, 15, 20 ... as long as it stays below the daily limit."""
    ramp_up = {"enabled": True, "startValue": 10, "incrementValue": 5}
    await api.ok("PATCH", f"{MAILBOXES}/101", {"rampUp": ramp_up, "safety": {"dailyLimit": 18}})
    await running(api, 300, 101)
    totals = []
    for _ in range(3):
        emulator.advance(DAY)
        totals.append((await api.ok("GET", f"{MAILBOXES}/101/stats"))["totalEmailsSent"])
    assert [10, 25, 43] == totals


@pytest.mark.parametrize("obstacle", ["locked", "unreachable"])
async def test_mailbox_that_cannot_send_makes_the_outreach_wait(
    api: Api, emulator: Emulator, obstacle: str
) -> None:
    """It goes on when the lock is lifted or the server is back."""
    path = f"{MAILBOXES}/101"
    await running(api, 20, 101)
    if obstacle == "locked":
        emulator.state.email_accounts[101].is_locked = True
    else:
        lost = connection("dana@emulator.example", smtpHost="smtp.invalid")
        shown = await api.ok("PATCH", path, {"connection": lost})
        assert "disconnected" == shown["connectionStatus"]
        assert "No such host is known: smtp.invalid." == shown["sendingConnectivityError"]
        resumed = await refused(api, "POST", f"{path}/resume-sending")
        assert (400, "emailAccount.invalidInput") == resumed
    emulator.advance(DAY)
    assert 0 == (await api.ok("GET", f"{path}/stats"))["totalEmailsSent"]
    if obstacle == "unreachable":
        found = connection("dana@emulator.example")
        await api.ok("PATCH", path, {"connection": found})
    assert (204, None) == await api("POST", f"{path}/resume-sending")
    emulator.advance(DAY)
    assert 20 == (await api.ok("GET", f"{path}/stats"))["totalEmailsSent"]


@pytest.mark.parametrize("server", ["smtp", "imap"])
async def test_connection_trials(api: Api, emulator: Emulator, server: str) -> None:
    """A failed trial is a good answer; nothing is changed by any."""
    body = {"host": "mail.company.example", "port": 465, "userName": "a", "password": "b"}
    path = f"{MAILBOXES}/test/{server}"
    assert {"success": True, "error": None} == await api.ok("POST", path, body)
    failed = await api.ok("POST", path, {**body, "host": "mail.invalid"})
    assert {"success": False, "error": "No such host is known: mail.invalid."} == failed
    blank = await refused(api, "POST", path, {**body, "host": " "})
    assert (400, "emailAccount.invalidInput") == blank
    status, problem = await api("POST", path, {**body, "port": 0})
    assert (400, "/port") == (status, problem["errors"][0]["pointer"])
    assert not emulator.ledger.counts


@pytest.mark.parametrize(
    ("provider", "host"),
    [("gmail", "accounts.google.com"), ("office-365", "login.microsoftonline.com")],
)
async def test_consent_flow_runs_once_at_a_time(
    api: Api, emulator: Emulator, provider: str, host: str
) -> None:
    """The browser is sent away; a second flow has to wait until the first is given up."""
    path = f"{MAILBOXES}/connect/{provider}"
    assert (302, None) == await api("GET", path)
    assert host in api.headers["Location"]
    assert (400, "emailAccount.internalError") == await refused(api, "GET", path)
    emulator.advance(600)
    assert (302, None) == await api("GET", path)


async def test_tags_are_added_renamed_and_taken_off(api: Api) -> None:
    """Known by name whatever the case; a new name shows at every mailbox."""

    async def tags(account_id: int) -> list[str]:
        found: list[str] = (await api.ok("GET", f"{MAILBOXES}/{account_id}"))["tags"]
        return found

    for _ in range(2):
        assert (204, None) == await api(
            "POST", f"{MAILBOXES}/102/tags", {"tags": ["OUTBOUND", "New"]}
        )
    assert ["Outbound", "New"] == await tags(102)
    listed = await api.ok("GET", f"{MAILBOXES}/tags")
    assert ["Outbound", "Marketing", "New"] == [tag["name"] for tag in listed]
    path = f"{MAILBOXES}/tags/{listed[0]['id']}"
    renamed = await api.ok("PUT", path, {"name": "Sales", "colorId": None})
    assert {"id": listed[0]["id"], "name": "Sales", "colorId": None} == renamed
    assert "SALES" == (await api.ok("PUT", path, {"name": "SALES"}))["name"]
    await api.ok("PUT", path, {"name": " Sales "})
    assert (["Sales"], ["Sales", "New"]) == (await tags(101), await tags(102))
    assert (204, None) == await api(
        "DELETE", f"{MAILBOXES}/102/tags", {"tags": ["sales", "Unknown"]}
    )
    assert ["New"] == await tags(102)


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer"),
    [
        ("PUT", "tags/9", {"name": "A"}, "/tagId"),
        ("PUT", "tags/1", {"name": "marketing"}, "/name"),
        ("PUT", "tags/1", {"name": " "}, "/name"),
        ("POST", "101/tags", {"tags": ["A", ""]}, "/tags/1"),
        ("PATCH", "101", {"tags": [""]}, "/tags/0"),
    ],
)
async def test_faults_of_tags(api: Api, method: str, path: str, body: Json, pointer: str) -> None:
    """The contract has no codes for them."""
    status, problem = await api(method, f"{MAILBOXES}/{path}", body)
    assert (400, [pointer]) == (status, [entry["pointer"] for entry in problem["errors"]])


async def test_taking_off_no_tags_makes_no_sense(api: Api) -> None:
    """An empty list is refused with the group's catch-all."""
    answer = await refused(api, "DELETE", f"{MAILBOXES}/101/tags", {"tags": []})
    assert (400, "emailAccount.invalidInput") == answer
