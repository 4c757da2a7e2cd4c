"""Conditions of a sequence: whether a member goes down the positive branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.entities import Mark

if TYPE_CHECKING:
    from collections.abc import Callable

    from reply_async.emulator.entities import Member, Step

Json = dict[str, Any]

# What conditions can ask of a contact, besides `stage`.
CONTACT_MEMBERS = (
    "email",
    "firstName",
    "lastName",
    "title",
    "company",
    "city",
    "state",
    "country",
    "industry",
    "phone",
    "linkedInUrl",
)
# Of a value and a wanted text, both in lower case.
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "is": lambda value, wanted: value == wanted,
    "equals": lambda value, wanted: value == wanted,
    "isNot": lambda value, wanted: value != wanted,
    "contains": lambda value, wanted: wanted in value,
    "isSet": lambda value, _: bool(value),
    "isNotSet": lambda value, _: not value,
}


def condition_holds(step: Step, member: Member) -> bool:
    """Judge a condition: every rule of every property must hold.

    `stage` asks whether the person showed interest; other properties are
    members of the contact; unknown ones hold if the person opened something.
    """
    return all(
        _rule_holds(condition["property"], rule, member)
        for condition in step.members["conditions"]
        for rule in condition["rules"]
    )


def _rule_holds(name: str, rule: Json, member: Member) -> bool:
    operator, wanted = rule["operator"], (rule.get("value") or "").casefold()
    if name == "stage":
        value = "interested" if member.marks & Mark.INTERESTED else "contacted"
    elif name in CONTACT_MEMBERS:
        value = str(member.contact.get(name) or "").casefold()
    else:
        return bool(member.marks & Mark.OPENED)
    compare = OPERATORS.get(operator)
    return compare is not None and compare(value, wanted)
