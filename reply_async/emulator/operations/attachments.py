"""Uploads: files for steps and messages, voice messages, files for templates.

Files of templates are counted on their own: their ids mean nothing elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.audio import seconds_of
from reply_async.emulator.email_templates import Attachment
from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.problems import refusal

if TYPE_CHECKING:
    from reply_async.emulator.multipart import Upload

Json = dict[str, Any]

KILOBYTE = 1024
MAX_VOICE_SECONDS = 60


@operation
def upload_attachment(call: Call) -> Json:
    """Keep a file for a step; its size is told in kilobytes, rounded up, or in bytes."""
    attachment = _kept(call)
    unit = KILOBYTE if call.dialects["attachment_size_unit"] == "kilobytes" else 1
    size = -(-attachment.size // unit)
    return {"id": attachment.id, "fileName": attachment.file_name, "size": size}


@operation
def upload_voice_attachment(call: Call) -> Json:
    """Keep a recording of at most 60 seconds; WAV and MP3 can be converted."""
    seconds = seconds_of(call.body["file"].content)
    if seconds is None:
        raise refusal(400, "attachment.conversionError", "The audio could not be converted.")
    if seconds > MAX_VOICE_SECONDS:
        detail = f"The recording must not be longer than {MAX_VOICE_SECONDS} seconds."
        raise refusal(400, "attachment.fileTooLong", detail)
    attachment = _kept(call)
    return {
        "id": attachment.id,
        "fileName": attachment.file_name,
        "lengthInSeconds": round(seconds, 2),
    }


@operation
def upload_email_template_attachment(call: Call) -> Json:
    """Keep a file for templates; its size is told in bytes."""
    upload: Upload = call.body["file"]
    library = call.state.email_templates
    attachment = Attachment(next(library.attachment_ids), upload.name, len(upload.content))
    library.attachments[attachment.id] = attachment
    call.ledger.note("template_attachment_uploaded")
    return template_attachment(attachment)


def template_attachment(attachment: Attachment) -> Json:
    """Return a file as templates show it."""
    return {
        "id": attachment.id,
        "fileName": attachment.file_name,
        "url": attachment.url,
        "size": attachment.size,
    }


def _kept(call: Call) -> Attachment:
    upload: Upload = call.body["file"]
    attachment = Attachment(next(call.state.attachment_ids), upload.name, len(upload.content))
    call.state.attachments[attachment.id] = attachment
    call.ledger.note("attachment_uploaded")
    return attachment
