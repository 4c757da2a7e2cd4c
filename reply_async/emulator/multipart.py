"""Take the uploaded file out of a multipart form, byte for byte."""

from __future__ import annotations

from email.message import Message

from attrs import field, frozen

MEDIA_TYPE = "multipart/form-data"
PART_NAME = "file"


@frozen
class Upload:
    """A file as it was sent."""

    name: str
    content: bytes = field(repr=False)


def read_file(content_type: str, body: bytes) -> Upload | None:
    """Return the part called `file`, None if the form has no such file.

    A part without a file name is a plain member of the form, hence no file.
    """
    boundary = _header("Content-Type", content_type).get_boundary()
    if not boundary:
        return None
    delimiter = b"\r\n--" + boundary.encode("utf-8", "surrogateescape")
    for part in (b"\r\n" + body).split(delimiter)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        disposition = _disposition(head.decode("utf-8", "replace"))
        name = disposition.get_filename()
        if disposition.get_param("name", header="Content-Disposition") == PART_NAME and name:
            return Upload(name, content)
    return None


def _disposition(head: str) -> Message:
    for line in head.splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            return _header("Content-Disposition", value.strip())
    return Message()


def _header(name: str, value: str) -> Message:
    message = Message()
    message[name] = value
    return message
