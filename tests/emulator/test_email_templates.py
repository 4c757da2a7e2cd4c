from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import Json

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

TEMPLATES = "/v3/email-templates"
FOLDERS = "/v3/email-template-folders"


async def create(api: Api, **members: Json) -> Json:
    """Create a template and return it."""
    body = {"name": "Welcome", "subject": "Hi", "body": "<p>Hi</p>", "folderType": "personal"}
    return await api.ok("POST", TEMPLATES, {**body, **members})


async def folder(api: Api, name: str, kind: str = "personal") -> int:
    """Create a folder and return its id."""
    made = await api.ok("POST", FOLDERS, {"name": name, "folderType": kind})
    folder_id: int = made["id"]
    return folder_id


async def refused(api: Api, method: str, path: str, body: Json = None) -> tuple[int, str]:
    """Return status and code of a refusal."""
    status, problem = await api(method, path, body)
    return status, problem["code"]


async def names(api: Api, query: str = "") -> list[str]:
    """Return the names of the templates that fit a query."""
    return [row["name"] for row in (await api.ok("GET", TEMPLATES + query))["items"]]


async def test_template_from_its_making_to_its_end(api: Api, emulator: Emulator) -> None:
    """Replacing takes the subject and the files away if they are not sent."""
    status, file = await api.upload("/v3/email-template-attachments", b"0123456789")
    assert 201 == status
    made = await create(api, attachmentIds=[file["id"]])
    path = f"{TEMPLATES}/{made['id']}"
    assert made == await api.ok("GET", path)
    assert ([file], 1, "personal") == (made["attachments"], made["folderId"], made["folderType"])
    emulator.advance(60)
    replaced = await api.ok("PUT", path, {"name": "Welcome", "body": "<p>New</p>"})
    expected: Json = {"subject": None, "attachments": [], "body": "<p>New</p>"}
    assert {**made, **expected, "updatedAt": replaced["updatedAt"]} == replaced
    assert made["updatedAt"] < replaced["updatedAt"]
    assert (204, None) == await api("DELETE", path)
    assert "Welcome" not in await names(api)


async def test_copies_keep_the_name_and_are_independent(api: Api) -> None:
    """A change of one is none of the other."""
    made = await create(api)
    copy = await api.ok("POST", f"{TEMPLATES}/{made['id']}/clone")
    assert made["id"] != copy["id"]
    assert {**made, "id": copy["id"]} == copy
    await api.ok("PUT", f"{TEMPLATES}/{copy['id']}", {"name": "Welcome", "body": "B"})
    assert made == await api.ok("GET", f"{TEMPLATES}/{made['id']}")


async def test_names_are_unique_in_a_folder(api: Api) -> None:
    """Elsewhere the same name is free."""
    made = await create(api)
    taken = {"name": "WELCOME", "body": "B", "folderType": "personal"}
    assert (409, "emailTemplate.duplicateName") == await refused(api, "POST", TEMPLATES, taken)
    await api.ok("POST", TEMPLATES, {**taken, "folderType": "team"})
    body = {"name": "Introduction", "body": "B"}
    answer = await refused(api, "PUT", f"{TEMPLATES}/{made['id']}", body)
    assert (409, "emailTemplate.duplicateName") == answer


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Introduction", "Follow-up", "Welcome"]),
        ("?name=INTRO", ["Introduction"]),
        ("?folder_type=team", ["Follow-up"]),
        ("?folder_id=3", ["Welcome"]),
        ("?is_default=true", ["Introduction", "Follow-up"]),
        ("?is_default=false&name=intro", []),
        ("?top=1&skip=1", ["Follow-up"]),
    ],
)
async def test_list_filters(api: Api, query: str, found: list[str]) -> None:
    """All of them hold together; the names are in snake_case."""
    await create(api, folderId=await folder(api, "Own"))
    assert found == await names(api, query)


async def test_moving_needs_a_folder_of_the_kind(api: Api) -> None:
    """The template is then of that kind."""
    made = await create(api)
    path = f"{TEMPLATES}/{made['id']}/move"
    team = await folder(api, "Ours", "team")
    moved = await api.ok("POST", path, {"folderId": team, "folderType": "team"})
    assert (team, "team") == (moved["folderId"], moved["folderType"])
    for folder_id, kind in ((team, "personal"), (99, "team")):
        body = {"folderId": folder_id, "folderType": kind}
        assert (404, "emailTemplate.folderNotFound") == await refused(api, "POST", path, body)
        body |= {"name": "A", "body": "B"}
        answer = await refused(api, "POST", TEMPLATES, body)
        assert (404, "emailTemplate.folderNotFound") == answer
    status, problem = await api("POST", path, {"folderId": team})
    assert (400, "'folderType' is required.") == (status, problem["errors"][0]["detail"])


async def test_attachments_of_a_template(api: Api) -> None:
    """Three at most, and those that exist."""
    made = await create(api)
    body = {"name": "A", "body": "B", "folderType": "team", "attachmentIds": [1, 2, 3, 4]}
    for method, path in (("POST", TEMPLATES), ("PUT", f"{TEMPLATES}/{made['id']}")):
        answer = await refused(api, method, path, body)
        assert (400, "emailTemplate.tooManyAttachments") == answer
    await api.upload("/v3/email-template-attachments", b"0")
    _, problem = await api("POST", TEMPLATES, {**body, "attachmentIds": [1, 2]})
    assert ["/attachmentIds/1"] == [entry["pointer"] for entry in problem["errors"]]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "", {"name": "A", "body": "B"}),
        ("DELETE", "", None),
        ("POST", "/clone", None),
        ("POST", "/move", {"folderId": 1, "folderType": "personal"}),
        ("POST", "/render", {"contactId": 1}),
        ("POST", "/send-test", {"email": "a@example.com", "emailAccountId": 101}),
    ],
)
async def test_missing_template(api: Api, method: str, path: str, body: Json) -> None:
    """The same code everywhere."""
    answer = await refused(api, method, f"{TEMPLATES}/99{path}", body)
    assert (404, "emailTemplate.notFound") == answer


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Hi {{firstName}}!", "Hi Ada!"),
        ("{{ FIRSTNAME }} {{lastName}} = {{fullName}}", "Ada Byron = Ada Byron"),
        ('{{title | "friend"}}', "friend"),
        ('{{firstName|"friend"}}', "Ada"),
        ('{{title | ""}}.', "."),
        ("{{Plan}} in {{domain}}", "Gold in example.com"),
        ('{{Region | "nowhere"}}', "nowhere"),
        ("{{senderName}} <{{senderEmail}}>", "Robin Vale <robin@emulator.example>"),
        ("no variable", "no variable"),
    ],
)
async def test_variables_are_filled_in(api: Api, text: str, filled: str) -> None:
    """From the contact, its custom fields and the mailbox; an empty value has a default."""
    made = await create(api, subject=None, body=text)
    person = {
        "email": "ada@example.com",
        "firstName": "Ada",
        "lastName": "Byron",
        "customFields": [{"key": "Plan", "value": "Gold"}],
    }
    contact_id = (await api.ok("POST", "/v3/contacts", person))["id"]
    body = {"contactId": contact_id, "emailAccountId": 103}
    rendered = await api.ok("POST", f"{TEMPLATES}/{made['id']}/render", body)
    assert {"subject": None, "body": filled, "isSuccess": True, "errors": []} == rendered


async def test_open_variables_are_told_of(api: Api) -> None:
    """Each once; a default does not help a name that nobody knows."""
    body = '{{company}} {{Unknown | "x"}} {{company}}'
    made = await create(api, subject="{{title}}", body=body)
    (contact_id,) = await api.contacts(1)
    path = f"{TEMPLATES}/{made['id']}/render"
    rendered = await api.ok("POST", path, {"contactId": contact_id})
    assert (None, None, False) == (rendered["subject"], rendered["body"], rendered["isSuccess"])
    assert [(13, "title"), (13, "company"), (13, "Unknown")] == [
        (entry["code"], entry["variable"]) for entry in rendered["errors"]
    ]
    await api.ok("POST", "/v3/custom-fields", {"title": "Unknown", "fieldType": "text"})
    rendered = await api.ok("POST", path, {"contactId": contact_id})
    assert ["title", "company"] == [entry["variable"] for entry in rendered["errors"]]


async def test_sender_of_a_rendered_text(api: Api, emulator: Emulator) -> None:
    """The mailbox that is named, else that of the sequence, else the default."""
    made = await create(api, body="{{senderEmail}}")
    (contact_id,) = await api.contacts(1)
    sequence = await api.sequence(emailAccounts=[102])
    senders = []
    for body in ({"emailAccountId": 103, "sequenceId": sequence["id"]}, {}, {"sequenceId": 1001}):
        path = f"{TEMPLATES}/{made['id']}/render"
        rendered = await api.ok("POST", path, {"contactId": contact_id, **body})
        senders.append(rendered["body"].split("@")[0])
    assert ["robin", "dana", "d.field"] == senders
    await api.ok("PATCH", "/v3/sequences/1001", {"emailAccounts": [103]})
    await api.enrol(1001, [contact_id])
    await api.ok("POST", "/v3/sequences/1001/start")
    emulator.advance(86_400)
    await api.ok("PATCH", "/v3/sequences/1001", {"emailAccounts": [102, 103]})
    body = {"contactId": contact_id, "sequenceId": 1001}
    rendered = await api.ok("POST", f"{TEMPLATES}/{made['id']}/render", body)
    assert "robin@emulator.example" == rendered["body"]


@pytest.mark.parametrize(
    ("text", "body", "refusal"),
    [
        ("A", {"contactId": 9}, (404, "emailTemplate.contactNotFound")),
        ("A", {"sequenceId": 9}, (400, "emailTemplate.renderFailed")),
        ("A", {"emailAccountId": 9}, (400, "emailTemplate.renderFailed")),
        ("Hi {{firstName", {}, (400, "emailTemplate.renderFailed")),
        ("Hi {{}}", {}, (400, "emailTemplate.renderFailed")),
    ],
)
async def test_refused_rendering(api: Api, text: str, body: Json, refusal: tuple[int, str]) -> None:
    """Missing things and texts that cannot be read."""
    made = await create(api, body=text)
    (contact_id,) = await api.contacts(1)
    path = f"{TEMPLATES}/{made['id']}/render"
    assert refusal == await refused(api, "POST", path, {"contactId": contact_id, **body})


async def test_test_message(api: Api, emulator: Emulator) -> None:
    """Needs a mailbox that can send; its counters stay as they are."""
    path = f"{TEMPLATES}/101/send-test"
    body = {"email": "a@example.com", "emailAccountId": 101}
    assert (200, None) == await api("POST", path, body)
    assert 1 == emulator.ledger.counts["test_email_sent"]
    stats = await api.ok("GET", "/v3/email-accounts/101/stats")
    assert 0 == stats["totalEmailsSent"]
    emulator.state.email_accounts[101].is_locked = True
    assert (400, "emailTemplate.sendTestFailed") == await refused(api, "POST", path, body)
    body["emailAccountId"] = 9
    assert (404, "emailTemplate.emailAccountNotFound") == await refused(api, "POST", path, body)
    assert 1 == emulator.ledger.counts["test_email_sent"]


async def test_variables_include_the_custom_fields(api: Api) -> None:
    """Grouped, each with the braces it is written in."""
    variables = await api.ok("GET", f"{TEMPLATES}/variables")
    general = [entry["key"] for entry in variables["prospect"]["general"]]
    assert {"{{firstName}}", "{{email}}"} <= set(general)
    custom = [entry["key"] for entry in variables["prospect"]["custom"]]
    assert ["{{Region}}", "{{Plan}}", "{{Score}}"] == custom


async def test_folder_from_its_making_to_its_end(api: Api) -> None:
    """Its templates go to the default folder of the same kind."""
    folder_id = await folder(api, "Sales")
    path = f"{FOLDERS}/{folder_id}?folder_type=personal"
    shown = {"id": folder_id, "name": "Sales", "folderType": "personal", "isDefault": False}
    assert shown == await api.ok("GET", path)
    assert shown in await api.ok("GET", FOLDERS)
    renamed = await api.ok("PUT", path, {"name": "Sales 2"})
    assert {**shown, "name": "Sales 2"} == renamed
    made = await create(api, folderId=folder_id)
    assert (204, None) == await api("DELETE", path)
    assert 1 == (await api.ok("GET", f"{TEMPLATES}/{made['id']}"))["folderId"]
    for method, body in (("GET", None), ("PUT", {"name": "A"}), ("DELETE", None)):
        answer = await refused(api, method, path, body)
        assert (404, "emailTemplateFolder.notFound") == answer


async def test_shared_folder_becomes_the_teams(api: Api) -> None:
    """Its templates too; a second time is a conflict."""
    folder_id = await folder(api, "Sales")
    made = await create(api, folderId=folder_id)
    path = f"{FOLDERS}/{folder_id}/share"
    assert "team" == (await api.ok("POST", path))["folderType"]
    assert "team" == (await api.ok("GET", f"{TEMPLATES}/{made['id']}"))["folderType"]
    assert (409, "emailTemplateFolder.alreadyShared") == await refused(api, "POST", path)
    answer = await refused(api, "GET", f"{FOLDERS}/{folder_id}?folder_type=personal")
    assert (404, "emailTemplateFolder.notFound") == answer
    missing = await refused(api, "POST", f"{FOLDERS}/99/share")
    assert (404, "emailTemplateFolder.notFound") == missing


async def test_default_folders_stay_as_they_are(api: Api) -> None:
    """They can be read, not changed."""
    rows = await api.ok("GET", FOLDERS)
    assert [(1, "personal", True), (2, "team", True)] == [
        (row["id"], row["folderType"], row["isDefault"]) for row in rows
    ]
    for folder_id, kind in ((1, "personal"), (2, "team")):
        path = f"{FOLDERS}/{folder_id}?folder_type={kind}"
        assert (await api.ok("GET", path))["isDefault"]
        for method, target, body in (
            ("PUT", path, {"name": "A"}),
            ("DELETE", path, None),
            ("POST", f"{FOLDERS}/{folder_id}/share", None),
        ):
            answer = await refused(api, method, target, body)
            assert (400, "emailTemplateFolder.isDefault") == answer


async def test_names_of_folders_are_unique_within_their_kind(api: Api) -> None:
    """For creating and renaming."""
    folder_id = await folder(api, "Sales")
    await folder(api, "Sales", "team")
    body = {"name": "SALES", "folderType": "personal"}
    assert (409, "emailTemplateFolder.duplicateName") == await refused(api, "POST", FOLDERS, body)
    path = f"{FOLDERS}/{folder_id}?folder_type=personal"
    answer = await refused(api, "PUT", path, {"name": "my templates"})
    assert (409, "emailTemplateFolder.duplicateName") == answer
    await api.ok("PUT", path, {"name": "SALES"})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_folder_type_is_a_must(api: Api, method: str) -> None:
    """A query value that is missing is a fault of the request."""
    status, problem = await api(method, f"{FOLDERS}/1", {"name": "A"} if method == "PUT" else None)
    text = "Query parameter 'folder_type' is required."
    assert (400, [{"pointer": "/folder_type", "detail": text}]) == (status, problem["errors"])
