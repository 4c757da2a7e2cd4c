"""Files as the one part of a multipart body, built whole. Pure."""

from __future__ import annotations

import hashlib
from typing import TypeAlias

from reply_async.errors import InvalidUse
from reply_async.requests import Request, Safety
from reply_async.resources.arguments import checked_text

FileContent: TypeAlias = bytes | bytearray | memoryview


def upload_request(template: str, file_name: str, content: FileContent) -> Request:
    """Build the upload of a file, named as it will be shown, or raise InvalidUse."""
    if not isinstance(content, FileContent):
        raise InvalidUse("content", f"is no bytes but {type(content).__name__}")
    whole = bytes(content)
    if not whole:
        raise InvalidUse("content", "is empty")
    name = _quoted(file_name)
    # Made of the content: it cannot stand in it, and the same file gives the same bytes.
    boundary = f"reply-async-{hashlib.blake2b(whole, digest_size=16).hexdigest()}"
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return Request(
        "POST",
        template,
        safety=Safety.CREATE,
        body=b"".join((head.encode(), whole, f"\r\n--{boundary}--\r\n".encode())),
        content_type=f"multipart/form-data; boundary={boundary}",
    )


def _quoted(file_name: str) -> str:
    """Return a file name as forms write it; a path or a line break is none."""
    if not checked_text("file_name", file_name).isprintable():
        raise InvalidUse("file_name", "cannot be printed")
    if "/" in file_name or "\\" in file_name:
        raise InvalidUse("file_name", "is a path; give the bare name")
    return file_name.replace('"', "%22")
