"""Variants that show the same facts in another form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.client import email

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

Json = Any
LINKEDIN = {"type": "linkedIn", "actionType": "connect", "delayInMinutes": 5}
STEPS = [
    email(),
    {**LINKEDIN, "executionMode": "automatic", "variants": [{"message": "Hi", "isEnabled": True}]},
    {"type": "sms", "delayInMinutes": 5, "executionMode": "manual", "message": "Hi"},
    {"type": "task", "actionType": "toDo", "delayInMinutes": 5, "description": "Write"},
]


@pytest.mark.parametrize("variant", ["problem", "empty"])
async def test_auth_401_body(api: Api, emulator: Emulator, variant: str) -> None:
    """A wrong key is told by the status and a header; the body may be missing."""
    emulator.dialects = {"auth_401_body": variant}
    status, body = await api("GET", "/v3/whoami", headers={"Authorization": "Bearer emu_no"})
    assert (401, "Bearer") == (status, api.headers["WWW-Authenticate"])
    assert (body is None) == (variant == "empty")
    assert (api.headers["Content-Length"] == "0") == (variant == "empty")


@pytest.mark.parametrize(
    ("variant", "told"),
    [
        ("reasons", {"reasons"}),
        ("detail", {"type", "detail"}),
        ("coded", {"code", "detail"}),
    ],
)
async def test_scope_403_body(api: Api, emulator: Emulator, variant: str, told: set[str]) -> None:
    """A key without the scope is told in one of three forms."""
    emulator.dialects = {"scope_403_body": variant}
    headers = {"Authorization": "Bearer " + emulator.add_key("emu_few", scopes=["tasks:read"])}
    status, body = await api("GET", "/v3/sequences", headers=headers)
    assert 403 == status
    assert told == body.keys() - {"status", "title"}
    assert "insufficient_scope" == body.get("code", "insufficient_scope")


@pytest.mark.parametrize(("variant", "words"), [("slug", "notFound"), ("integer", 1)])
async def test_bulk_item_error(
    api: Api, emulator: Emulator, variant: str, words: str | int
) -> None:
    """Refused items have a slug or its old number; slugs without one keep it."""
    emulator.dialects = {"bulk_item_error": variant}
    answer = await api.ok("POST", "/v3/sequences/start", {"ids": [9]})
    assert words == answer["9"]["error"]
    answer = await api.ok("POST", "/v3/sequences/unarchive", {"ids": [9]})
    assert "notArchived" == answer["9"]["error"]


@pytest.mark.parametrize(("variant", "word"), [("slug", "invalidStep"), ("integer", 2)])
async def test_create_item_error(
    api: Api, emulator: Emulator, variant: str, word: str | int
) -> None:
    """Rows of a bulk create likewise; a row that was made has no error."""
    sequence = await api.sequence()
    emulator.dialects = {"create_item_error": variant}
    unplaced = {**email(), "parentId": 9}
    rows = await api.ok("POST", f"/v3/sequences/{sequence['id']}/steps/bulk", [email(), unplaced])
    assert [None, word] == [row["error"] for row in rows]


@pytest.mark.parametrize(("variant", "word"), [("slug", "notFound"), ("integer", 1)])
async def test_folder_link_item_error(
    api: Api, emulator: Emulator, variant: str, word: str | int
) -> None:
    """Links of folders have an entry of their own."""
    emulator.dialects = {"folder_link_item_error": variant}
    folder = await api.ok("POST", "/v3/sequence-folders", {"name": "F"})
    for action in ("bulk", "bulk-delete"):
        path = f"/v3/sequence-folders/{folder['id']}/sequence-links/{action}"
        answer = await api.ok("POST", path, {"sequenceIds": [9]})
        assert word == answer["9"]["error"]


@pytest.mark.parametrize("variant", ["camel", "pascal"])
async def test_enum_casing(api: Api, emulator: Emulator, variant: str) -> None:
    """Words change where the contract knows older ones; others stay as they are."""
    emulator.dialects = {"enum_casing": variant}
    sequence = await api.sequence(*STEPS, linkedInAccounts=[41])
    await api.enrol(sequence["id"], await api.contacts(1))
    shown = await api.ok("GET", f"/v3/sequences/{sequence['id']}")
    members = await api.ok("GET", f"/v3/sequences/{sequence['id']}/contacts")
    steps = await api.ok("GET", f"/v3/sequences/{sequence['id']}/steps")
    assert shown["steps"] == steps
    found = [
        shown["status"],
        shown["settings"]["repliesHandlingType"],
        shown["linkedInAccounts"][0]["status"],
        *(step["type"] for step in steps),
        steps[1]["actionType"],
        steps[0]["executionMode"],
        members["items"][0]["statusInSequence"],
        steps[3]["actionType"],
        members["items"][0]["callStatus"],
    ]
    camel = "new markAsFinished enabled email linkedIn sms task connect automatic active"
    pascal = "New MARK_AS_FINISHED Enabled Email LinkedIn SMS Task Connect Automatic Active"
    words = camel if variant == "camel" else pascal
    assert [*words.split(), "toDo", "none"] == found


@pytest.mark.parametrize("variant", ["detail", "stub"])
async def test_create_answer(api: Api, emulator: Emulator, variant: str) -> None:
    """The stub has four members, whatever else is shown of the sequence later."""
    emulator.dialects = {"create_answer": variant}
    made = await api.sequence()
    assert (made.keys() == {"id", "name", "status", "createdAt"}) == (variant == "stub")
    assert ("draft" == made["status"]) == (variant == "stub")
    shown = await api.ok("GET", f"/v3/sequences/{made['id']}")
    assert ("new", made["name"]) == (shown["status"], shown["name"])


@pytest.mark.parametrize(("variant", "pointer"), [("slash", "/top"), ("bare", "top")])
async def test_query_pointer(api: Api, emulator: Emulator, variant: str, pointer: str) -> None:
    """Places of the query and the path may have no slash; those of the body have."""
    emulator.dialects = {"query_pointer": variant}
    assert pointer == (await api("GET", "/v3/sequences?top=x"))[1]["errors"][0]["pointer"]
    body = (await api("POST", "/v3/sequences/start", {"ids": 1}))[1]
    assert "/ids" == body["errors"][0]["pointer"]


@pytest.mark.parametrize("variant", ["present", "absent"])
async def test_validation_extensions(api: Api, emulator: Emulator, variant: str) -> None:
    """The empty member is there or not."""
    emulator.dialects = {"validation_extensions": variant}
    body = (await api("GET", "/v3/sequences?top=x"))[1]
    assert ("extensions" in body) == (variant == "present")


@pytest.mark.parametrize("variant", ["empty_object", "omitted"])
async def test_bulk_add_not_processed_empty(api: Api, emulator: Emulator, variant: str) -> None:
    """The member may be missing if nobody was refused, never otherwise."""
    emulator.dialects = {"bulk_add_not_processed_empty": variant}
    sequence = await api.sequence()
    (contact_id,) = await api.contacts(1)
    answer = await api.enrol(sequence["id"], [contact_id])
    assert ("notProcessed" in answer) == (variant == "empty_object")
    assert {"9"} == (await api.enrol(sequence["id"], [9]))["notProcessed"].keys()


@pytest.mark.parametrize("variant", ["absent", "present"])
async def test_sequence_issues(api: Api, emulator: Emulator, variant: str) -> None:
    """The issues are null, or name the mailbox that cannot send."""
    emulator.dialects = {"sequence_issues": variant}
    sequence = await api.sequence()
    assert ("issues" in sequence) == (variant == "present")
    assert sequence.get("issues") is None
    emulator.state.email_accounts[101].is_locked = True
    shown = await api.ok("GET", f"/v3/sequences/{sequence['id']}")
    expected = [{"type": "emailAccountSendingBlocked"}] if variant == "present" else None
    assert expected == shown.get("issues")


@pytest.mark.parametrize("variant", ["present", "absent"])
async def test_list_health(api: Api, emulator: Emulator, variant: str) -> None:
    """Rows of the list may have no health; the detail has it."""
    emulator.dialects = {"list_health": variant}
    sequence = await api.sequence()
    assert "health" in sequence
    (row,) = (await api.ok("GET", "/v3/sequences"))["items"]
    assert ("health" in row) == (variant == "present")


@pytest.mark.parametrize(
    ("variant", "created"),
    [("fraction", "2027-01-11T08:59:59.00+00:00"), ("seconds", "2027-01-11T08:59:59+00:00")],
)
async def test_created_precision(api: Api, emulator: Emulator, variant: str, created: str) -> None:
    """Rows tell the time with a fraction or without."""
    emulator.dialects = {"created_precision": variant}
    await api.sequence()
    (row,) = (await api.ok("GET", "/v3/sequences"))["items"]
    assert created[:17] == row["created"][:17]
    assert len(created) == len(row["created"])


@pytest.mark.parametrize("variant", ["top_level", "info"])
async def test_page_envelope(api: Api, emulator: Emulator, variant: str) -> None:
    """Every page keeps hasMore where the dialect has it; bare arrays stay bare."""
    emulator.dialects = {"page_envelope": variant}
    await api.contacts(2)
    for path in ("/v3/contacts?top=1", "/v3/sequences", "/v3/background-jobs?top=1"):
        page = await api.ok("GET", path)
        rest = {"hasMore"} if variant == "top_level" else {"info"}
        assert {"items", *rest} == page.keys()
        assert isinstance((page.get("info") or page)["hasMore"], bool)
    assert isinstance(await api.ok("GET", "/v3/schedules"), list)


@pytest.mark.parametrize("variant", ["present", "absent"])
async def test_rate_headers(api: Api, emulator: Emulator, variant: str) -> None:
    """Without them a refusal still tells how long to wait."""
    emulator.dialects = {"rate_headers": variant}
    emulator.set_budget((1, 3000))
    for status in (200, 429):
        assert status == (await api("GET", "/v3/whoami"))[0]
        told = [name for name in api.headers if name.lower().startswith("x-rate-limit-")]
        assert (3 if variant == "present" else 0) == len(told)
    assert 0 < int(api.headers["Retry-After"]) <= 60


@pytest.mark.parametrize(("variant", "size"), [("kilobytes", 2), ("bytes", 1025)])
async def test_attachment_size_unit(api: Api, emulator: Emulator, variant: str, size: int) -> None:
    """The size of an upload has one of two units."""
    emulator.dialects = {"attachment_size_unit": variant}
    status, made = await api.upload("/v3/attachments", b"x" * 1025)
    assert (200, size) == (status, made["size"])


@pytest.mark.parametrize(
    ("variant", "names"), [("full", {"userId", "username", "teamId"}), ("short", {"userId"})]
)
async def test_whoami_body(api: Api, emulator: Emulator, variant: str, names: set[str]) -> None:
    """The user may be all that is told."""
    emulator.dialects = {"whoami_body": variant}
    assert names == (await api.ok("GET", "/v3/whoami")).keys()


@pytest.mark.parametrize("variant", ["problem", "empty"])
async def test_missing_404_body(api: Api, emulator: Emulator, variant: str) -> None:
    """A missing webhook is told without a body; other objects always with one."""
    emulator.dialects = {"missing_404_body": variant}
    status, body = await api("GET", "/v3/webhooks/9")
    assert 404 == status
    assert (body is None) == (variant == "empty")
    assert "sequence.notFound" == (await api("GET", "/v3/sequences/9"))[1]["code"]
