"""The wordings of a step: which it may have, and how they are kept.

E-mails and three LinkedIn actions have wordings; the enabled ones take turns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reply_async.emulator.entities import Sequence, Step
    from reply_async.emulator.state import State

Json = dict[str, Any]

NO_SUBJECT = "First email should have subject."
MAX_NOTE = 300  # characters in the note of a LinkedIn connect


class StepRefused(Exception):
    """A step or a wording that fits its schema but not its sequence."""

    def __init__(self, slug: str, detail: str, member: str | None = None) -> None:
        super().__init__(slug, detail)
        self.slug, self.detail, self.member = slug, detail, member


def new_variant(state: State, kind: str, action: str | None, given: Json) -> Json:
    """Return a wording with an id of its own; enabled unless told otherwise."""
    before = {"id": state.next_variant_id(), "isEnabled": True, "attachmentIds": []}
    return reworded(before, kind, action, given)


def reworded(before: Json, kind: str, action: str | None, given: Json) -> Json:
    """Return a wording in full anew; switch and files stay unless they are given."""
    variant: Json = {"id": before["id"]}
    if kind == "email" or action == "inMail":
        variant["subject"] = given.get("subject")
    variant["message"] = given.get("message")
    switch = given.get("isEnabled")  # not a member of an e-mail within its step, thus unchecked
    variant["isEnabled"] = switch if isinstance(switch, bool) else before["isEnabled"]
    if kind == "email":
        files = given.get("attachmentIds")
        variant["attachmentIds"] = before["attachmentIds"] if files is None else files
    return variant


def replaced(state: State, step: Step, given: Iterable[Json]) -> list[Json]:
    """Return the wordings a step is to have: known ids anew, others added.

    Those that are not named are dropped.
    """
    known = {variant["id"]: variant for variant in step.variants or ()}
    variants = []
    for entry in given:
        if entry.get("id") is None:
            variants.append(new_variant(state, step.type, step.action, entry))
            continue
        before = known.pop(entry["id"], None)
        if before is None:
            detail = f"Variant {entry['id']} is not a variant of the step, or is given twice."
            raise StepRefused("invalidStep", detail, "variants")
        variants.append(reworded(before, step.type, step.action, entry))
    return variants


def require_enabled(variants: Iterable[Json]) -> None:
    """Refuse wordings of which none would be sent."""
    if all(variant.get("isEnabled") is False for variant in variants):
        raise StepRefused("invalidStep", "At least one variant must be enabled.", "variants")


def shown_variant(variant: Json) -> Json:
    """Return a wording as its step shows it: not which files, only whether."""
    shown = {name: value for name, value in variant.items() if name != "attachmentIds"}
    if "attachmentIds" in variant:
        shown["hasAttachments"] = bool(variant["attachmentIds"])
    return shown


def shown_alone(variant: Json) -> Json:
    """Return a wording as the variants' own calls show it, whatever its kind."""
    return {"subject": None, "hasAttachments": False, **shown_variant(variant)}


def check_attachments(state: State, variants: Iterable[Json]) -> None:
    """Refuse files that the account does not hold."""
    known = state.attachments.keys()
    if not all(known >= set(variant.get("attachmentIds") or ()) for variant in variants):
        raise StepRefused("forbidden", "Some of the attachments are not accessible.")


def check_wording(state: State, sequence: Sequence, step: Step, given: Json) -> None:
    """Refuse a wording that does not suit the kind of its step."""
    if step.variants is None:
        raise StepRefused("invalidInput", "This kind of step has no variants.")
    check_attachments(state, [given])
    if step.action == "connect" and len(given["message"]) > MAX_NOTE:
        raise StepRefused("invalidStep", f"A note has at most {MAX_NOTE} characters.", "message")
    needs_subject = step.action == "inMail"
    if step.type == "email":
        needs_subject = not is_below_email(sequence, sequence.parent_of(step))
    if needs_subject and not given.get("subject"):
        raise StepRefused("invalidStep", NO_SUBJECT, "subject")


def lacks_subject(variants: Iterable[Json] | None) -> bool:
    """Tell whether any wording has no subject."""
    return not all(variant.get("subject") for variant in variants or ())


def is_below_email(sequence: Sequence, parent: Step | None) -> bool:
    """Tell whether an e-mail below this step can stay in a thread."""
    while parent is not None:
        if parent.type == "email":
            return True
        parent = sequence.parent_of(parent)
    return False


def lends_subject(sequence: Sequence, step: Step) -> bool:
    """Tell whether an e-mail below has no subject but the one of this thread."""
    for child in sequence.children_of(step):
        if child.type != "email":
            if lends_subject(sequence, child):
                return True
        elif lacks_subject(child.variants):
            return True
    return False


def is_sent(sequence: Sequence, step: Step, variant_id: int) -> bool:
    """Tell whether anybody was sent this wording."""
    return sequence.tallies.knows(step.id, variant_id)
