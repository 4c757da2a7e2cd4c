"""E-mail templates, their folders, and all files that were uploaded.

A folder is personal or of the team, and so are its templates. Each kind has one
default folder, where templates go that name none.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from attrs import define, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator


@frozen
class Attachment:
    """A file that was uploaded; of its content only the size is kept."""

    id: int
    file_name: str
    size: int

    @property
    def url(self) -> str:
        """Return where the file would lie; nothing is served there."""
        return f"https://storage.emulator.example/attachments/{self.id}"


@define(eq=False)
class TemplateFolder:
    """A folder of templates."""

    id: int
    name: str
    kind: str  # personal or team
    is_default: bool = False


@define(eq=False)
class EmailTemplate:
    """A text to write e-mails from."""

    id: int
    name: str
    subject: str | None
    body: str
    folder: TemplateFolder
    attachments: list[Attachment]
    created_at: float
    updated_at: float


class TemplateLibrary:
    """Folders, templates and the files attached to them."""

    def __init__(self) -> None:
        self._folder_ids = count(1)
        self._template_ids = count(101)
        self.attachment_ids = count(1)
        self.folders: dict[int, TemplateFolder] = {}
        self.templates: dict[int, EmailTemplate] = {}
        self.attachments: dict[int, Attachment] = {}
        for name, kind in (("My templates", "personal"), ("Team templates", "team")):
            self.add_folder(name, kind).is_default = True
        body = '<p>Hi {{firstName | "there"}},</p><p>is {{company}} hiring?</p>'
        self.add_template("Introduction", "Hello {{firstName}}", body, self.default("personal"), 0)
        body = "<p>Hi {{firstName}},</p><p>any news?</p>"
        self.add_template("Follow-up", None, body, self.default("team"), 0)

    def default(self, kind: str) -> TemplateFolder:
        """Return the default folder of a kind."""
        folders = self.folders.values()
        return next(entry for entry in folders if entry.is_default and entry.kind == kind)

    def add_folder(self, name: str, kind: str) -> TemplateFolder:
        """Make one more folder."""
        folder = TemplateFolder(next(self._folder_ids), name, kind)
        self.folders[folder.id] = folder
        return folder

    def add_template(
        self, name: str, subject: str | None, body: str, folder: TemplateFolder, now: float
    ) -> EmailTemplate:
        """Make one more template, without attachments."""
        template_id = next(self._template_ids)
        template = EmailTemplate(template_id, name, subject, body, folder, [], now, now)
        self.templates[template.id] = template
        return template

    def templates_in(self, folder: TemplateFolder) -> Iterator[EmailTemplate]:
        """Go through the templates of a folder."""
        return (entry for entry in self.templates.values() if entry.folder is folder)
