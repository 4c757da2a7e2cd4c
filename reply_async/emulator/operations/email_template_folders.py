"""Folders of e-mail templates: personal ones and those of the team."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.problems import refusal

if TYPE_CHECKING:
    from reply_async.emulator.email_templates import TemplateFolder

Json = dict[str, Any]


@operation
def list_email_template_folders(call: Call) -> list[Json]:
    """List the folders, the default ones first."""
    return [_shown(folder) for folder in call.state.email_templates.folders.values()]


@operation
def create_email_template_folder(call: Call) -> Json:
    """Make a folder; its name must be new among those of its kind."""
    name, kind = call.body["name"], call.body["folderType"]
    _require_name(call, name, kind, None)
    folder = call.state.email_templates.add_folder(name, kind)
    call.ledger.note("template_folder_created")
    return _shown(folder)


@operation
def get_email_template_folder(call: Call) -> Json:
    """Return one folder of the asked kind."""
    return _shown(_folder(call))


@operation
def update_email_template_folder(call: Call) -> Json:
    """Rename a folder."""
    folder = _changeable(_folder(call))
    _require_name(call, call.body["name"], folder.kind, folder)
    folder.name = call.body["name"]
    call.ledger.note("template_folder_updated")
    return _shown(folder)


@operation
def delete_email_template_folder(call: Call) -> None:
    """Delete a folder; its templates move to the default one of the same kind."""
    folder = _changeable(_folder(call))
    library = call.state.email_templates
    for template in library.templates_in(folder):
        template.folder = library.default(folder.kind)
    del library.folders[folder.id]
    call.ledger.note("template_folder_deleted")


@operation
def share_email_template_folder(call: Call) -> Json:
    """Give a personal folder with its templates to the team."""
    folder = _folder(call)
    if folder.kind == "team" and not folder.is_default:
        detail = f"Folder '{folder.name}' is already shared."
        raise refusal(409, "emailTemplateFolder.alreadyShared", detail)
    _changeable(folder).kind = "team"
    call.ledger.note("template_folder_shared")
    return _shown(folder)


def _shown(folder: TemplateFolder) -> Json:
    return {
        "id": folder.id,
        "name": folder.name,
        "folderType": folder.kind,
        "isDefault": folder.is_default,
    }


def _folder(call: Call) -> TemplateFolder:
    folder = call.state.email_templates.folders.get(call.path["id"])
    if folder is None or call.query.get("folder_type", folder.kind) != folder.kind:
        detail = f"Email template folder with ID {call.path['id']} is not found."
        raise refusal(404, "emailTemplateFolder.notFound", detail)
    return folder


def _changeable(folder: TemplateFolder) -> TemplateFolder:
    if folder.is_default:
        detail = "The default folder cannot be changed."
        raise refusal(400, "emailTemplateFolder.isDefault", detail)
    return folder


def _require_name(call: Call, name: str, kind: str, own: TemplateFolder | None) -> None:
    for folder in call.state.email_templates.folders.values():
        is_other = folder is not own and folder.kind == kind
        if is_other and folder.name.casefold() == name.casefold():
            detail = f"Folder with name '{name}' already exists."
            raise refusal(409, "emailTemplateFolder.duplicateName", detail)
