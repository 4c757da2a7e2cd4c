"""E-mail templates: list, create, read, replace, delete, copy, move, try out.

Names are unique in a folder for what is created or renamed; a copy keeps the
name of its original, as the documented example does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.clock import iso
from reply_async.emulator.operations.attachments import template_attachment
from reply_async.emulator.operations.registry import Call, operation, page
from reply_async.emulator.problems import Fault, invalid, refusal
from reply_async.emulator.template_text import (
    COMPANY_VARIABLES,
    CONTACT_VARIABLES,
    SENDER_VARIABLES,
    RenderFailed,
    render,
    values_for,
)

if TYPE_CHECKING:
    from reply_async.emulator.email_templates import Attachment, EmailTemplate, TemplateFolder
    from reply_async.emulator.entities import Contact
    from reply_async.emulator.sender_accounts import EmailAccount

Json = dict[str, Any]

UNRESOLVED_VARIABLE = 13


@operation
def list_email_templates(call: Call) -> Json:
    """List the templates that fit; `is_default` asks for those in a default folder."""
    query = call.query
    part = (query["name"] or "").casefold()
    found = [
        template
        for template in call.state.email_templates.templates.values()
        if part in template.name.casefold()
        and query["folder_id"] in {None, template.folder.id}
        and query["folder_type"] in {None, template.folder.kind}
        and query["is_default"] in {None, template.folder.is_default}
    ]
    return page(query, found, _row)


@operation
def create_email_template(call: Call) -> Json:
    """Make a template in a folder, the default one of its kind if none is named."""
    body, library = call.body, call.state.email_templates
    attachments = _attachments(call)
    folder = library.default(body["folderType"])
    if body.get("folderId") is not None:
        folder = _folder(call)
    _require_name(call, folder, None)
    template = library.add_template(
        body["name"], body.get("subject"), body["body"], folder, call.now
    )
    template.attachments = attachments
    call.ledger.note("email_template_created")
    return _shown(template)


@operation
def get_email_template(call: Call) -> Json:
    """Return one template."""
    return _shown(_template(call))


@operation
def update_email_template(call: Call) -> Json:
    """Replace a template, its attachments included; it stays in its folder."""
    attachments = _attachments(call)
    template, body = _template(call), call.body
    if body["name"].casefold() != template.name.casefold():
        _require_name(call, template.folder, template)
    template.name, template.body = body["name"], body["body"]
    template.subject = body.get("subject")
    template.attachments = attachments
    template.updated_at = call.now
    call.ledger.note("email_template_updated")
    return _shown(template)


@operation
def delete_email_template(call: Call) -> None:
    """Delete a template; its files can still be attached to others."""
    del call.state.email_templates.templates[_template(call).id]
    call.ledger.note("email_template_deleted")


@operation
def clone_email_template(call: Call) -> Json:
    """Copy a template within its folder, name included."""
    original = _template(call)
    copy = call.state.email_templates.add_template(
        original.name, original.subject, original.body, original.folder, call.now
    )
    copy.attachments = list(original.attachments)
    call.ledger.note("email_template_cloned")
    return _shown(copy)


@operation
def move_email_template(call: Call) -> Json:
    """Put a template into another folder."""
    template = _template(call)
    template.folder = _folder(call)
    template.updated_at = call.now
    call.ledger.note("email_template_moved")
    return _shown(template)


@operation
def render_email_template(call: Call) -> Json:
    """Fill a template for a contact; open variables are told in a 200."""
    template = _template(call)
    contact = call.state.contacts.get(call.body["contactId"])
    if contact is None:
        detail = f"Contact with ID {call.body['contactId']} is not found."
        raise refusal(404, "emailTemplate.contactNotFound", detail)
    values = values_for(call.state, contact, _sender(call, contact))
    try:
        rendered = render((template.subject, template.body), values)
    except RenderFailed as failure:
        raise refusal(400, "emailTemplate.renderFailed", str(failure)) from None
    errors = [
        {"code": UNRESOLVED_VARIABLE, "message": "Unresolved variable", "variable": name}
        for name in rendered.unresolved
    ]
    subject, body = (None, None) if errors else rendered.texts
    return {"subject": subject, "body": body, "isSuccess": not errors, "errors": errors}


@operation
def send_test_email_template(call: Call) -> None:
    """Send the raw text to an address; the mailbox's counters are not touched."""
    _template(call)
    account = call.state.email_accounts.get(call.body["emailAccountId"])
    if account is None:
        detail = f"Email account with ID {call.body['emailAccountId']} is not found."
        raise refusal(404, "emailTemplate.emailAccountNotFound", detail)
    if not account.can_send:
        detail = account.sending_error or "Sending is locked by the provider."
        raise refusal(400, "emailTemplate.sendTestFailed", detail)
    call.ledger.note("test_email_sent")


@operation
def list_email_template_variables(call: Call) -> Json:
    """List the variables that a text can hold, custom fields included."""
    custom = {field["title"]: field["title"] for field in call.state.custom_fields.values()}
    return {
        "prospect": {
            "general": _variables(CONTACT_VARIABLES),
            "company": _variables(COMPANY_VARIABLES),
            "custom": _variables(custom),
        },
        "team": {"sender": _variables(SENDER_VARIABLES)},
        "advanced": {},
    }


def _variables(names: dict[str, str]) -> list[Json]:
    return [{"key": f"{{{{{name}}}}}", "description": text} for name, text in names.items()]


def _row(template: EmailTemplate) -> Json:
    return {
        "id": template.id,
        "name": template.name,
        "subject": template.subject,
        "body": template.body,
        "folderId": template.folder.id,
        "folderType": template.folder.kind,
        "attachments": [template_attachment(entry) for entry in template.attachments],
    }


def _shown(template: EmailTemplate) -> Json:
    times = {"createdAt": iso(template.created_at), "updatedAt": iso(template.updated_at)}
    return {**_row(template), **times}


def _template(call: Call) -> EmailTemplate:
    template = call.state.email_templates.templates.get(call.path["id"])
    if template is None:
        detail = f"Email template with ID {call.path['id']} is not found."
        raise refusal(404, "emailTemplate.notFound", detail)
    return template


def _folder(call: Call) -> TemplateFolder:
    """Return the folder of the body, which must be of the kind given beside it."""
    folder = call.state.email_templates.folders.get(call.body["folderId"])
    if folder is None or folder.kind != call.body["folderType"]:
        detail = f"Email template folder with ID {call.body['folderId']} is not found."
        raise refusal(404, "emailTemplate.folderNotFound", detail)
    return folder


def _attachments(call: Call) -> list[Attachment]:
    """Return the files of the body; the contract has no code for a missing one."""
    known = call.state.email_templates.attachments
    ids = call.body.get("attachmentIds", [])
    faults = [
        Fault(f"/attachmentIds/{position}", f"Attachment with ID {key} is not found.")
        for position, key in enumerate(ids)
        if key not in known
    ]
    if faults:
        raise invalid(*faults)
    return [known[key] for key in dict.fromkeys(ids)]


def _require_name(call: Call, folder: TemplateFolder, own: EmailTemplate | None) -> None:
    name = call.body["name"]
    for template in call.state.email_templates.templates_in(folder):
        if template is not own and template.name.casefold() == name.casefold():
            detail = f"Email template with name '{name}' already exists."
            raise refusal(409, "emailTemplate.duplicateName", detail)


def _sender(call: Call, contact: Contact) -> EmailAccount | None:
    """Return the mailbox that is named, or writes to the contact, or is the default.

    A sequence or a mailbox that does not exist makes the rendering fail; the
    contract has no 404 for them.
    """
    state, body = call.state, call.body
    account_id = body.get("emailAccountId")
    if body.get("sequenceId") is not None:
        sequence = state.sequences.get(body["sequenceId"])
        if sequence is None:
            detail = f"Sequence with ID {body['sequenceId']} is not found."
            raise refusal(400, "emailTemplate.renderFailed", detail)
        member = sequence.members.get(contact.id)
        own = member.email_account_id if member else None
        account_id = account_id or own or next(iter(sequence.email_account_ids), None)
    if account_id is None:
        accounts = state.email_accounts.values()
        return next((account for account in accounts if account.is_default), None)
    if account_id not in state.email_accounts:
        detail = f"Email account with ID {account_id} is not found."
        raise refusal(400, "emailTemplate.renderFailed", detail)
    return state.email_accounts[account_id]
