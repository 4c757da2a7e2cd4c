"""What the descriptions and the dialects ask of a body beyond or short of its schema.

A rule is a schema that the body of an operation must fit as well; a change rewrites a
named schema for the operations it is about. Dialects that differ in what happens to a
request that was taken stand with the operations.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from reply_async.emulator.contract import Json, Operation
    from reply_async.emulator.dialects import Dialects

    Choice: TypeAlias = tuple[str, str]  # an entry of the contract's dialects and a variant
    Change: TypeAlias = Callable[[Json], Json]

# Every Windows zone is called so; the names of the IANA, which are refused, are not.
WINDOWS_ZONE = r"^(UTC([+-]\d{2})?|.+ Standard Time)$"

_WINDOWS_ZONES: Json = {"properties": {"timezoneId": {"pattern": WINDOWS_ZONE}}}
_AT_MOST_100_MAILBOXES: Json = {"properties": {"emailAccounts": {"maxItems": 100}}}
_DESCRIBED: dict[str, Json] = {
    "create_sequence": _AT_MOST_100_MAILBOXES,  # said of the links only
    "update_sequence": _AT_MOST_100_MAILBOXES,
    "create_schedule": _WINDOWS_ZONES,
    "update_schedule": _WINDOWS_ZONES,
}

_AT_MOST_100_IDS: Json = {"properties": {"ids": {"maxItems": 100}}}
_SETTINGS: Json = {"$ref": "#/components/schemas/SequenceSettingsCreate"}
_RULES: dict[Choice, dict[str, Json]] = {
    ("steps_required_on_create", "required"): {
        "create_sequence": {"required": ["steps"], "properties": {"steps": {"minItems": 1}}}
    },
    ("settings_partial_on_patch", "full_required"): {
        "update_sequence": {"properties": {"settings": _SETTINGS}}
    },
    ("bulk_sequence_max", "max_100"): {
        f"bulk_{action}": _AT_MOST_100_IDS
        for action in (
            "start_sequences",
            "pause_sequences",
            "archive_sequences",
            "unarchive_sequences",
            "delete_sequences",
            "set_sequence_owner",
        )
    },
    ("create_contact_first_name", "required"): {
        "create_contact": {"required": ["firstName"], "properties": {"firstName": {"minLength": 1}}}
    },
    ("replace_senders_empty", "refused"): {
        "replace_sequence_email_accounts": {"properties": {"emailAccountIds": {"minItems": 1}}}
    },
}


def _without_id(schema: Json) -> Json:
    """Take a variant without an id for a new one."""
    return {**schema, "required": [name for name in schema["required"] if name != "id"]}


def _any_text(schema: Json) -> Json:
    """Leave an address to the handler, which fails its row alone."""
    text = {"type": schema["properties"]["email"]["type"]}
    return {**schema, "properties": {**schema["properties"], "email": text}}


def _camel_too(schema: Json) -> Json:
    words = schema["enum"]
    return {**schema, "enum": [*words, *(word[:1].lower() + word[1:] for word in words)]}


def _none_required(schema: Json) -> Json:
    return {**schema, "required": []}


_WITH_VARIANTS = ("Email", "LinkedIn", "LinkedInConnect", "InMail")
_CHANGES: dict[Choice, dict[str, dict[str, Change]]] = {
    ("step_update_variant_id", "added"): {
        "update_sequence_step": {f"{kind}VariantUpdate": _without_id for kind in _WITH_VARIANTS}
    },
    ("settings_on_create", "partial"): {
        "create_sequence": {"SequenceSettingsCreate": _none_required}
    },
    ("import_bad_email", "row_failed"): {"import_contacts": {"ContactPatch": _any_text}},
    ("company_size_write", "either"): {
        operation: {"CompanySizeWrite": _camel_too}
        for operation in ("create_contact", "update_contact", "import_contacts")
    },
}


def body_validator(operation: Operation, dialects: Dialects) -> Any:  # noqa: ANN401 - as in contract.py
    """Return the compiled schema of a request body as a dialect has it."""
    choices = _choices(operation.id, dialects)
    validator = operation.body_validators.get(choices)
    if validator is None:
        schema = operation.raw["requestBody"]["content"]["application/json"]["schema"]
        rules = [_RULES[choice][operation.id] for choice in choices if choice in _RULES]
        if operation.id in _DESCRIBED:
            rules.append(_DESCRIBED[operation.id])
        changes: dict[str, Change] = {}
        for choice in choices:
            changes |= _CHANGES.get(choice, {}).get(operation.id, {})
        whole = {"allOf": [schema, *rules]} if rules else schema
        validator = operation.contract.compile(whole, changes=changes)
        operation.body_validators[choices] = validator
    return validator


@lru_cache(maxsize=4096)
def _choices(operation_id: str, dialects: Dialects) -> tuple[Choice, ...]:
    """Return the choices of a dialect that matter to an operation's body."""
    return tuple(
        choice
        for table in (_RULES, _CHANGES)
        for choice, operations in table.items()
        if dialects[choice[0]] == choice[1] and operation_id in operations
    )
