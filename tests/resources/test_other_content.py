"""What is no JSON: files that are uploaded, a CSV, and the address of a redirect."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from fault_server import FaultServer, answer, free_port
from models.samples import CONTRACT, load
from resources.exchange import operations, safety_of

from reply_async import ReplySession
from reply_async.errors import ApiError, BadAnswer, InvalidUse, OutcomeUnknown
from reply_async.models.attachments import Attachment, EmailTemplateAttachment, VoiceAttachment
from reply_async.requests import AnswerKind, Request, Safety
from reply_async.resources.attachments import Attachments
from reply_async.resources.email_accounts import EmailAccounts
from reply_async.resources.email_templates import EmailTemplates
from reply_async.resources.holiday_calendars import HolidayCalendars
from reply_async.resources.uploads import upload_request
from reply_async.responses import Answer, Applied, Unknown, judge

CSV = {"content_type": "text/csv; charset=utf-8"}
GMAIL = "https://accounts.google.com/o/oauth2/auth?state=s%2F1&scope=mail"


def session(server: FaultServer) -> ReplySession:
    """Return a session towards the server."""
    return ReplySession("emu_content", base_url=server.url)


def parts_of(content_type: str, body: bytes) -> list[Message]:
    """Read a multipart body as any reader of MIME does."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    payload = message_from_bytes(head + body).get_payload()
    assert isinstance(payload, list)
    return payload  # type: ignore[return-value]  # the parts are messages


UPLOADS: dict[str, tuple[Any, str, Any, Any]] = {
    "file": (
        lambda s: Attachments(s).upload("proposal.pdf", b"%PDF\r\n\0\xff--"),
        "/v3/attachments",
        load("attachments/upload_200"),
        Attachment(id=123, file_name="proposal.pdf", size=123),
    ),
    "recording": (
        lambda s: Attachments(s).upload_voice("hello.mp3", b"%PDF\r\n\0\xff--"),
        "/v3/attachments/voice",
        {"id": 124, "fileName": "hello.mp3", "lengthInSeconds": 12},
        VoiceAttachment(id=124, file_name="hello.mp3", length_in_seconds=12.0),
    ),
    "file of a template": (
        lambda s: EmailTemplates(s).upload_attachment("proposal.pdf", b"%PDF\r\n\0\xff--"),
        "/v3/email-template-attachments",
        {"id": 42, "size": 7},
        EmailTemplateAttachment(id=42, size=7),
    ),
}


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("name", UPLOADS)
async def test_an_upload(fault_server: FaultServer, name: str, status: int) -> None:
    """One part named file, byte for byte; either code of success will do."""
    call, path, told, expected = UPLOADS[name]
    fault_server.play(answer(status, told))
    async with session(fault_server) as opened:
        assert expected == await call(opened._sender)
    (received,) = fault_server.received
    assert ("POST", path) == (received.method, received.target)
    (part,) = parts_of(received.headers["content-type"], received.body)
    assert "file" == part.get_param("name", header="content-disposition")
    assert part.get_filename() in ("proposal.pdf", "hello.mp3")
    assert "application/octet-stream" == part.get_content_type()
    assert b"%PDF\r\n\0\xff--" in received.body
    assert received.body.endswith(b"--\r\n")


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not shipped here")
@pytest.mark.parametrize(("method", "template"), [
    ("POST", "/v3/attachments"),
    ("POST", "/v3/attachments/voice"),
    ("POST", "/v3/email-template-attachments"),
])  # fmt: skip
def test_uploads_are_those_of_the_contract(method: str, template: str) -> None:
    """The template, the kind of body and the class are the contract's."""
    request = upload_request(template, "a", b"a")
    operation = operations()[method, request.template]
    assert ["multipart/form-data"] == list(operation["requestBody"]["content"])
    assert safety_of(request) is request.safety


def test_an_upload_is_the_same_bytes_each_time() -> None:
    """So a repeat of a request that never left is the same request, and can be compared."""
    first, again = (upload_request("/v3/attachments", "a", b"a") for _ in range(2))
    assert first == again
    assert first != upload_request("/v3/attachments", "a", b"b")
    held = upload_request("/v3/attachments", "a", bytearray(b"a"))
    assert first == held == upload_request("/v3/attachments", "a", memoryview(b"a"))


@pytest.mark.parametrize(("name", "sent"), [
    ('say "hi".pdf', 'filename="say %22hi%22.pdf"'),
    ("Angebot für Łódź.pdf", 'filename="Angebot für Łódź.pdf"'),
])  # fmt: skip
def test_the_name_of_a_file_as_forms_write_it(name: str, sent: str) -> None:
    """Quotes cannot end it, and letters of all languages stay what they are."""
    body = upload_request("/v3/attachments", name, b"a").body
    assert body is not None
    assert sent.encode() in body


@pytest.mark.parametrize(("argument", "name", "content"), [
    ("file_name", " ", b"a"),
    ("file_name", "C:\\a.pdf", b"a"),
    ("file_name", "a\n.pdf", b"a"),
    ("file_name", "half\ud800.pdf", b"a"),
    ("content", "a.pdf", b""),
    ("content", "a.pdf", None),
])  # fmt: skip
async def test_what_is_no_file(argument: str, name: str, content: Any) -> None:
    """Nothing is sent for a name that is none, or for no content."""
    async with ReplySession("emu_x", base_url=f"http://127.0.0.1:{free_port()}") as opened:
        with pytest.raises(InvalidUse) as raised:
            await Attachments(opened._sender).upload_voice(name, content)
    assert argument == raised.value.argument


async def test_a_calendar_as_csv(fault_server: FaultServer) -> None:
    """Text as it is, without the mark of its encoding."""
    fault_server.play(answer(200, "\ufeffDate,Name\r\n2026-12-25,Noël\r\n".encode(), **CSV))
    async with session(fault_server) as opened:
        text = await HolidayCalendars(opened._sender).export_csv(3)
    assert "Date,Name\r\n2026-12-25,Noël\r\n" == text
    (received,) = fault_server.received
    assert "/v3/holiday-calendars/3/export-csv" == received.target
    assert received.headers["accept"].startswith("text/csv")


@pytest.mark.usefixtures("reply_clock")
@pytest.mark.parametrize(("body", "content_type"), [
    (b"<html>", "text/html"),
    (b"{}", "application/json"),
    (b"a\xff", "text/csv"),
])  # fmt: skip
async def test_what_is_no_csv(fault_server: FaultServer, body: bytes, content_type: str) -> None:
    """A page of a gateway is no calendar."""
    fault_server.play(answer(200, body, content_type=content_type))
    async with session(fault_server) as opened:
        with pytest.raises(BadAnswer):
            await HolidayCalendars(opened._sender).export_csv(3)


@pytest.mark.parametrize("kind", ["gmail", "office-365"])
async def test_an_address_to_connect_at(fault_server: FaultServer, kind: str) -> None:
    """The redirect's address is given to the caller and not followed."""
    fault_server.play(answer(302, b"", location=GMAIL))
    async with session(fault_server) as opened:
        accounts = EmailAccounts(opened._sender)
        address = await (
            accounts.connect_gmail() if kind == "gmail" else accounts.connect_office365()
        )
    assert GMAIL == address
    (received,) = fault_server.received
    assert ("GET", f"/v3/email-accounts/connect/{kind}") == (received.method, received.target)


@pytest.mark.parametrize("headers", [
    {},
    {"location": "/login"},
    {"location": "javascript:alert(1)"},
    {"location": "file://host/etc/passwd"},
    {"location": "https://[x"},
])  # fmt: skip
async def test_a_redirect_to_nowhere(fault_server: FaultServer, headers: dict[str, str]) -> None:
    """What no browser should open is not handed over."""
    fault_server.play(answer(302, b"", **headers))
    async with session(fault_server) as opened:
        with pytest.raises(OutcomeUnknown, match="Location"):
            await EmailAccounts(opened._sender).connect_gmail()


async def test_a_refusal_to_connect(fault_server: FaultServer) -> None:
    """A problem is a problem where a redirect is promised."""
    fault_server.play(answer(400, {"title": "x", "code": "emailAccount.internalError"}))
    async with session(fault_server) as opened:
        with pytest.raises(ApiError) as raised:
            await EmailAccounts(opened._sender).connect_office365()
    assert "emailAccount.internalError" == raised.value.code


def test_only_a_promised_redirect_is_an_answer() -> None:
    """Every other call takes a redirect for a wrong address or a gateway."""
    answered = Answer(302, {"location": GMAIL}, b"")
    plain = Request("GET", "/v3/whoami", safety=Safety.READ)
    promised = Request("GET", "/v3/x", safety=Safety.READ, answer_kind=AnswerKind.REDIRECT)
    assert isinstance(judge(plain, answered, str), Unknown)
    assert Applied(GMAIL, answered) == judge(promised, answered, str)


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not shipped here")
async def test_connecting_is_classed_as_the_contract_has_it(fault_server: FaultServer) -> None:
    """A lost answer of a connection is never repeated."""
    events: list[Any] = []
    fault_server.play(answer(302, b"", location=GMAIL))
    async with ReplySession(
        "emu_class", base_url=fault_server.url, on_event=events.append
    ) as opened:
        await EmailAccounts(opened._sender).connect_gmail()
        await EmailAccounts(opened._sender).connect_office365()
    requests = {event.request.template: event.request for event in events}
    assert 2 == len(requests)
    assert all(safety_of(request) is request.safety for request in requests.values())
