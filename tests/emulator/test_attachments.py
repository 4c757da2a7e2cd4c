from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING

import pytest
from emulator.client import email

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

FILES = "/v3/attachments"
VOICE = "/v3/attachments/voice"
TEMPLATE_FILES = "/v3/email-template-attachments"


def wav(seconds: float) -> bytes:
    """Return a silent recording."""
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(1)
        recording.setframerate(1000)
        recording.writeframes(bytes(int(seconds * 1000)))
    return file.getvalue()


def mp3(seconds: float, tag: bytes = b"") -> bytes:
    """Return frames of 32 kbit/s, as their first header says."""
    return tag + b"\xff\xfb\x10\xc0" + bytes(int(seconds * 4000) - 4)


@pytest.mark.parametrize(("length", "kilobytes"), [(1, 1), (1024, 1), (1025, 2), (5_000_000, 4883)])
async def test_file_is_kept_under_its_name(api: Api, length: int, kilobytes: int) -> None:
    """Its size is told in kilobytes, rounded up."""
    status, file = await api.upload(FILES, b"x" * length, filename="proposal ü.pdf")
    assert (200, {"id": 1, "fileName": "proposal ü.pdf", "size": kilobytes}) == (status, file)
    assert 2 == (await api.upload(FILES, b"x"))[1]["id"]


async def test_every_byte_arrives(api: Api, emulator: Emulator) -> None:
    """Line ends, nulls and dashes in the file are no part of the form."""
    content = b"\r\n--\r\n" + bytes(range(256)) * 3 + b"\r\n\r\n--x--\r\n"
    status, file = await api.upload(TEMPLATE_FILES, content, filename="raw.bin")
    url = f"https://storage.emulator.example/attachments/{file['id']}"
    assert 201 == status
    assert {"id": 1, "fileName": "raw.bin", "url": url, "size": len(content)} == file
    assert 1 == emulator.ledger.counts["template_attachment_uploaded"]


async def test_form_with_more_than_the_file(api: Api) -> None:
    """Other parts, a preamble and what follows the end are passed over."""
    form = (
        b"preamble\r\n--x\r\n\r\nno head\r\n"
        b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\na member\r\n'
        b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nabc\r\n--x--\r\nepilogue"
    )
    headers = _headers(api, 'multipart/form-data; boundary="x"')
    status, file = await api("POST", TEMPLATE_FILES, data=form, headers=headers)
    assert (201, "a.txt", 3) == (status, file["fileName"], file["size"])
    status, _ = await api("POST", TEMPLATE_FILES, data=form[:-20], headers=headers)
    assert 400 == status


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        (wav(12.5), 12.5),
        (wav(60), 60),
        (mp3(12), 12),
        (mp3(3, b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128)), 3),
    ],
)
async def test_recordings_are_measured(api: Api, content: bytes, seconds: float) -> None:
    """A minute is still allowed; a tag in front does not count."""
    status, file = await api.upload(VOICE, content, filename="hello.mp3")
    expected = {"id": 1, "fileName": "hello.mp3", "lengthInSeconds": pytest.approx(seconds)}
    assert (200, expected) == (status, file)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (wav(60.1), "attachment.fileTooLong"),
        (mp3(61), "attachment.fileTooLong"),
        (b"no sound", "attachment.conversionError"),
        (b"RIFF....WAVEdata", "attachment.conversionError"),
        (b"\xff\xfb\xf0\xc0" + bytes(99), "attachment.conversionError"),
        (b"ID3", "attachment.conversionError"),
        (b"", "attachment.emptyFile"),
    ],
)
async def test_refused_recordings(api: Api, emulator: Emulator, content: bytes, code: str) -> None:
    """Too long, no audio, nothing at all; none of them is kept."""
    status, problem = await api.upload(VOICE, content)
    assert (400, code) == (status, problem["code"])
    assert {} == emulator.state.attachments


@pytest.mark.parametrize("path", [FILES, VOICE, TEMPLATE_FILES])
async def test_form_without_the_file(api: Api, path: str) -> None:
    """Another name, an empty file, no body: refused with a code where there is one."""
    answers = [
        await api.upload(path, b"abc", name="attachment"),
        await api.upload(path, b""),
        await api("POST", path),
        await api("POST", path, data=b"x", headers=_headers(api, "multipart/form-data")),
    ]
    for status, problem in answers:
        assert 400 == status
        if path == TEMPLATE_FILES:
            assert ["/file"] == [entry["pointer"] for entry in problem["errors"]]
        else:
            assert "attachment.emptyFile" == problem["code"]


def _headers(api: Api, content_type: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {api._emulator.key}", "Content-Type": content_type}


@pytest.mark.parametrize("path", [FILES, VOICE, TEMPLATE_FILES])
async def test_upload_in_another_form(api: Api, path: str) -> None:
    """JSON is no file."""
    status, problem = await api("POST", path, {"file": "abc"})
    assert (415, {"title": "Unsupported Media Type", "status": 415}) == (status, problem)


async def test_step_takes_files_that_were_uploaded(api: Api) -> None:
    """Those of templates are not among them."""
    _, file = await api.upload(FILES, b"abc")
    await api.upload(TEMPLATE_FILES, b"abc")
    await api.upload(TEMPLATE_FILES, b"abc")
    step = email()
    step["variants"][0]["attachmentIds"] = [file["id"]]
    made = await api.sequence(step)
    assert made["steps"][0]["variants"][0]["hasAttachments"]
    step["variants"][0]["attachmentIds"] = [file["id"], 2]
    body = {"name": "A", "steps": [step]}
    status, problem = await api("POST", "/v3/sequences", body)
    assert (403, "sequence.forbidden") == (status, problem["code"])
