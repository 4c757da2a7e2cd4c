"""Folders of sequences, and which sequence is in which.

A sequence is in one folder at most and knows it, so what is deleted is in none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.folders_and_templates import SequenceFolder
from reply_async.emulator.operations.registry import Call, operation, page
from reply_async.emulator.operations.sequences import list_row
from reply_async.emulator.problems import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reply_async.emulator.entities import Sequence

Json = dict[str, Any]

_SORT_KEYS = {
    "title": lambda sequence: (sequence.name.casefold(), sequence.id),
    "created": lambda sequence: (sequence.created, sequence.id),
    "people": lambda sequence: (len(sequence.members), sequence.id),
}


@operation
def list_sequence_folders(call: Call) -> list[Json]:
    """List the folders by name."""
    folders = call.state.sequence_folders.values()
    return [folder.shown() for folder in sorted(folders, key=lambda entry: entry.name.casefold())]


@operation
def create_sequence_folder(call: Call) -> Json:
    """Make an empty folder; names differ in more than case."""
    _require_free_name(call, None)
    folder = SequenceFolder(call.state.next_uuid(), call.body["name"])
    call.state.sequence_folders[folder.id] = folder
    call.ledger.note("sequence_folder_created")
    return folder.shown()


@operation
def get_sequence_folder(call: Call) -> Json:
    """Return one folder."""
    return _folder(call).shown()


@operation
def update_sequence_folder(call: Call) -> Json:
    """Rename a folder."""
    folder = _folder(call)
    _require_free_name(call, folder)
    folder.name = call.body["name"]
    call.ledger.note("sequence_folder_updated")
    return folder.shown()


@operation
def delete_sequence_folder(call: Call) -> None:
    """Delete a folder; its sequences stay, without one."""
    folder = _folder(call)
    for sequence in _sequences_in(call, folder):
        sequence.folder_id = None
    del call.state.sequence_folders[folder.id]
    call.ledger.note("sequence_folder_deleted")


@operation
def list_folder_sequences(call: Call) -> Json:
    """List the sequences of a folder, archived ones too, newest first by default."""
    folder = _folder(call, "sequenceFolderSequenceLink.notFound")
    sort_by = call.query["sort_by"] or "created"
    direction = call.query["sort_direction"] or ("desc" if sort_by == "created" else "asc")
    found = sorted(
        _sequences_in(call, folder), key=_SORT_KEYS[sort_by], reverse=direction == "desc"
    )
    return page(call.query, found, list_row)


@operation
def bulk_assign_sequences_to_folder(call: Call) -> Json:
    """Put sequences into a folder, out of the one they were in."""
    folder = _folder(call, "sequenceFolderSequenceLink.notFound")
    failures: Json = {}
    for sequence_id in dict.fromkeys(call.body["sequenceIds"]):
        sequence = call.state.sequences.get(sequence_id)
        if sequence is None:
            failures[str(sequence_id)] = _not_found(f"Sequence {sequence_id} not found.")
        elif sequence.folder_id != folder.id:
            sequence.folder_id = folder.id
            call.ledger.note("sequence_assigned_to_folder")
    return failures


@operation
def bulk_unassign_sequences_from_folder(call: Call) -> Json:
    """Take sequences out of a folder; one that is not in it counts as not found."""
    folder = _folder(call, "sequenceFolderSequenceLink.notFound")
    failures: Json = {}
    for sequence_id in dict.fromkeys(call.body["sequenceIds"]):
        sequence = call.state.sequences.get(sequence_id)
        if sequence is None or sequence.folder_id != folder.id:
            failures[str(sequence_id)] = _not_found(f"Sequence {sequence_id} is not in the folder.")
        else:
            sequence.folder_id = None
            call.ledger.note("sequence_unassigned_from_folder")
    return failures


def _folder(call: Call, code: str = "sequenceFolder.notFound") -> SequenceFolder:
    folder = call.state.sequence_folders.get(call.path["id"].lower())
    if folder is None:
        raise refusal(404, code, "Sequence folder not found.")
    return folder


def _require_free_name(call: Call, own: SequenceFolder | None) -> None:
    name = call.body["name"].casefold()
    others = [entry for entry in call.state.sequence_folders.values() if entry is not own]
    if any(entry.name.casefold() == name for entry in others):
        detail = "A folder with this name already exists."
        raise refusal(409, "sequenceFolder.duplicateName", detail)


def _sequences_in(call: Call, folder: SequenceFolder) -> Iterator[Sequence]:
    return (entry for entry in call.state.sequences.values() if entry.folder_id == folder.id)


def _not_found(detail: str) -> Json:
    return {"error": "notFound", "errorDetails": detail}
