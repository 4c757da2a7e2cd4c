"""What the server takes in a step, checked before a request is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import UnionType
from typing import Final

from attrs import evolve, fields

from reply_async.errors import InvalidUse
from reply_async.models.steps import (
    AnyStep,
    Condition,
    EmailVariant,
    ExecutionMode,
    InMailVariant,
    LinkedInConnect,
    LinkedInEndorseSkills,
    LinkedInVariant,
    Step,
    TaskActionType,
    UnknownStep,
    ZapierAction,
)
from reply_async.requests import checked_id
from reply_async.resources.arguments import checked_word
from reply_async.resources.numbers import checked_number, id_list

MOST_ATTACHMENTS: Final = 3
MOST_SKILLS: Final = 3
LONGEST_NOTE: Final = 300

_WORDS: Final[Mapping[str, type[StrEnum]]] = {
    "execution_mode": ExecutionMode,
    "action": ZapierAction,
    "action_type": TaskActionType,
}


def some_steps(argument: str, steps: Iterable[AnyStep]) -> tuple[AnyStep, ...]:
    """Return steps as a tuple, or raise InvalidUse if they are no list."""
    if isinstance(steps, str | bytes | Mapping) or not isinstance(steps, Iterable):
        raise InvalidUse(argument, f"is no list of steps but {type(steps).__name__}")
    return tuple(steps)


def check_new_steps(argument: str, steps: Iterable[AnyStep]) -> None:
    """Raise InvalidUse that names what cannot be created, also in branches."""
    waiting = [(argument, tuple(steps))]
    while waiting:
        name, level = waiting.pop()
        for n, step in enumerate(level):
            place = f"{name}[{n}]"
            _check_kind(place, step, Step)
            if isinstance(step, Condition | UnknownStep):
                waiting.append((f"{place}.if_positive", step.if_positive))
                waiting.append((f"{place}.if_negative", step.if_negative))
                step = evolve(step, if_positive=(), if_negative=())  # noqa: PLW2901 - without them
            check_new_step(place, step)


def check_new_step(argument: str, step: AnyStep) -> None:
    """Raise InvalidUse that names what a single step cannot be created with."""
    _check_kind(argument, step, Step)
    if isinstance(step, UnknownStep):
        return
    check_step(argument, step)
    for each in fields(type(step)):
        word = getattr(step, each.name)
        if each.name in _WORDS and word is not None:
            checked_word(f"{argument}.{each.name}", _WORDS[each.name], word)


def check_step(argument: str, step: AnyStep) -> None:
    """Raise InvalidUse that names what no server takes in a step.

    Words newer than this package pass: what was read may be written back.
    """
    _check_kind(argument, step, Step)
    checked_number(f"{argument}.delay_in_minutes", step.delay_in_minutes)
    if step.parent_id is not None:
        checked_id(f"{argument}.parent_id", step.parent_id)
    for name in ("if_positive", "if_negative"):
        if getattr(step, name, ()):
            raise InvalidUse(f"{argument}.{name}", "holds steps: create them after the condition")
    if isinstance(step, Condition):
        checked_number(f"{argument}.wait_in_minutes", step.wait_in_minutes)
    if isinstance(step, LinkedInEndorseSkills):
        name = f"{argument}.number_of_skills"
        checked_number(name, step.number_of_skills, minimum=1, maximum=MOST_SKILLS)
    _check_variants(argument, step)


def _check_kind(argument: str, value: object, kind: type | UnionType) -> None:
    if not isinstance(value, kind):
        wanted = "step" if kind is Step else "variant"
        raise InvalidUse(argument, f"is no {wanted} but {type(value).__name__}")


def _check_variants(argument: str, step: AnyStep) -> None:
    variants = getattr(step, "variants", None)
    if variants == ():
        raise InvalidUse(f"{argument}.variants", "is empty")
    for n, variant in enumerate(variants or ()):
        place = f"{argument}.variants[{n}]"
        _check_kind(place, variant, EmailVariant | LinkedInVariant | InMailVariant)
        attachment_ids = getattr(variant, "attachment_ids", None) or ()
        id_list(f"{place}.attachment_ids", attachment_ids, most=MOST_ATTACHMENTS)
        if isinstance(step, LinkedInConnect) and len(variant.message) > LONGEST_NOTE:
            raise InvalidUse(f"{place}.message", f"a note has at most {LONGEST_NOTE} characters")
