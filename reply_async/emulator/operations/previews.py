"""What one contact will be sent: the texts of a sequence, filled in.

A preview is made when it is first asked for and then kept, whatever becomes of
the contact and the step, until it is reset: the next look makes it anew. The
words for it are ours to choose: `personalized` means every variable has a
value, `failed` that one has neither a value nor a default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.problems import refusal
from reply_async.emulator.template_text import RenderFailed, render, values_for

if TYPE_CHECKING:
    from reply_async.emulator.entities import Member, Step

Json = dict[str, Any]


@operation
def get_sequence_contact_preview(call: Call) -> Json:
    """Show every step that has a text, with its first enabled wording."""
    member = _member(call)
    contact = member.contact
    kept = _kept(call, member)
    values = _values(call, member)
    shown = []
    for step in member.sequence.steps:
        if step.variants is not None or "message" in step.members:
            if step.id not in kept:
                kept[step.id] = _texts(step, values)
            shown.append({"stepId": step.id, "displayName": step.display_name, **kept[step.id]})
    return {
        "sequenceId": member.sequence.id,
        "contactId": contact.id,
        "contactFullName": " ".join(filter(None, (contact.first_name, contact.last_name))),
        "contactEmail": contact.email,
        "contactTitle": contact.title,
        "contactCompany": contact.company,
        "contactLinkedInUrl": contact.get("linkedInUrl"),
        "steps": shown,
    }


@operation
def reset_sequence_contact_preview(call: Call) -> None:
    """Forget the kept preview."""
    member = _member(call)
    if call.state.previews.pop((member.sequence.id, member.contact.id), None) is not None:
        call.ledger.note("preview_reset")


def _member(call: Call) -> Member:
    sequence = call.state.sequences.get(call.path["sequence_id"])
    member = sequence.members.get(call.path["contact_id"]) if sequence else None
    if member is None:
        detail = f"Contact {call.path['contact_id']} is not in the sequence."
        raise refusal(404, "sequenceContactPreview.notFound", detail)
    return member


def _kept(call: Call, member: Member) -> dict[int, Json]:
    """Return the texts kept by step; none from an earlier time in the sequence."""
    key = (member.sequence.id, member.contact.id)
    owner, texts = call.state.previews.get(key, (None, {}))
    if owner is not member:
        texts = {}
        call.state.previews[key] = (member, texts)
    return texts


def _values(call: Call, member: Member) -> dict[str, str]:
    """Return the variables' values; `companyName` is how the documents' samples say it."""
    state = call.state
    mailbox_ids = filter(None, (member.email_account_id, *member.sequence.email_account_ids))
    sender = state.email_accounts.get(next(mailbox_ids, 0))
    company = {"companyName": member.contact.company or ""}
    return company | values_for(state, member.contact, sender)


def _texts(step: Step, values: dict[str, str]) -> Json:
    wording: Json = step.members
    if step.variants is not None:
        enabled = [entry for entry in step.variants if entry["isEnabled"]]
        wording = (enabled or step.variants)[0]
    subject, message = wording.get("subject"), wording.get("message")
    texts: tuple[str | None, ...] = (subject, message)
    status, has_gaps = "failed", True
    try:
        rendered = render(texts, values)
    except RenderFailed:
        pass
    else:
        has_gaps = bool(rendered.unresolved)
        if not has_gaps:
            status = "notPersonalized" if rendered.texts == texts else "personalized"
        texts = rendered.texts
    return {
        "personalizationStatus": status,
        "needsPersonalization": has_gaps,
        "subject": texts[0],
        "body": texts[1],
        "isModifiedByUser": False,
    }
