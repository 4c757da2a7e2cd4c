"""Sequence templates: list, save, start from, delete.

A template holds steps and settings; senders, schedule and contacts are not
part of it. The account belongs to no organization, hence has no organization
templates, and the global ones are not its own to delete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.folders_and_templates import GLOBAL, TEAM, SequenceTemplate, outline
from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.operations.sequences import shown
from reply_async.emulator.problems import Fault, invalid, refusal
from reply_async.emulator.step_tree import add_step

if TYPE_CHECKING:
    from reply_async.emulator.entities import Step

Json = dict[str, Any]


@operation
def list_sequence_templates(call: Call) -> Json:
    """List the templates by whom they belong to."""
    templates = call.state.sequence_templates.values()
    return {
        "globalTemplates": [entry.shown() for entry in templates if entry.scope == GLOBAL],
        "organizationTemplates": [],
        "teamTemplates": [entry.shown() for entry in templates if entry.scope == TEAM],
    }


@operation
def save_sequence_as_template(call: Call) -> Json:
    """Keep the steps and settings of a sequence as a template of the team."""
    sequence = call.state.sequences.get(call.path["id"])
    if sequence is None:
        detail = f"Sequence with ID {call.path['id']} is not found."
        raise refusal(404, "sequenceTemplate.sequenceNotFound", detail)
    name = call.body["name"]
    _check_scope(call.body.get("scope"))
    own = [entry for entry in call.state.sequence_templates.values() if entry.scope == TEAM]
    if any(entry.name.casefold() == name.casefold() for entry in own):
        detail = f"Template with name '{name}' already exists."
        raise refusal(409, "sequenceTemplate.duplicateName", detail)
    description = call.body.get("description")
    template_id = call.state.next_uuid()
    template = SequenceTemplate(
        template_id, name, description, TEAM, outline(sequence), dict(sequence.settings)
    )
    call.state.sequence_templates[template_id] = template
    call.ledger.note("sequence_template_created")
    return template.shown()


@operation
def create_sequence_from_template(call: Call) -> Json:
    """Make a new sequence, named like the template, without senders."""
    state = call.state
    template = _template(call, call.body["templateId"])
    folder_id = call.body.get("sequenceFolderId")
    if folder_id is not None and folder_id.lower() not in state.sequence_folders:
        raise invalid(Fault("/sequenceFolderId", "Sequence folder not found."))
    sequence = state.new_sequence(template.name, call.now, call.user_id)
    made: list[Step | None] = []
    for body in template.steps:
        made.append(add_step(state, sequence, body, made))
    sequence.settings |= template.settings
    sequence.folder_id = folder_id and folder_id.lower()
    state.sequences[sequence.id] = sequence
    call.ledger.note("sequence_created", ids=[sequence.id])
    return shown(call, sequence)


@operation
def delete_sequence_template(call: Call) -> None:
    """Delete a template of the team; sequences made from it stay."""
    template = _template(call, call.path["id"])
    if template.scope == GLOBAL:
        detail = "Global templates cannot be deleted."
        raise refusal(403, "sequenceTemplate.forbidden", detail)
    del call.state.sequence_templates[template.id]
    call.ledger.note("sequence_template_deleted")


def _template(call: Call, template_id: str) -> SequenceTemplate:
    template = call.state.sequence_templates.get(template_id.lower())
    if template is None:
        raise refusal(404, "sequenceTemplate.notFound", "Sequence template not found.")
    return template


def _check_scope(scope: str | None) -> None:
    word = (scope or TEAM).casefold()
    if word == "organization":
        detail = "Organization templates are not available for your account."
        raise refusal(403, "sequenceTemplate.orgTemplatesDisabled", detail)
    if word != TEAM:
        raise invalid(Fault("/scope", f"Invalid scope value '{scope}'."))
