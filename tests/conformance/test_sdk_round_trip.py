"""What is sent can be read again, and is the same: encoding loses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, get_args

import pytest
from attrs import evolve, fields, has, resolve_types
from conformance.arguments import WORDS, built, trees
from conformance.methods import all_methods
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reply_async.converter import (
    decode,
    decode_step,
    decode_steps,
    encode,
    encode_draft,
    encode_row,
    encode_step,
    encode_variant,
)
from reply_async.models.contacts import ContactRow
from reply_async.models.sequences import SequenceDraft
from reply_async.models.steps import AnyStep, Condition, Email, Step, UnknownStep

EXAMPLES: Final = settings(
    max_examples=15,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# JSON of anything, for members and steps that are newer than this package.
ANYTHING: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
EXTRA: Final = st.dictionaries(WORDS.map("new{}".format), ANYTHING, max_size=2)
STEP_KINDS: Final = [kind for kind in get_args(AnyStep) if kind is not UnknownStep]


def sent_classes() -> Iterator[type[Any]]:
    """Find every class of the models that some method takes, at any depth."""
    waiting = [kind for each in all_methods().values() for name, kind in each.annotations.items()
               if name != "return"]  # fmt: skip
    seen: set[Any] = set()
    while waiting:
        kind = waiting.pop()
        if repr(kind) in seen:
            continue
        seen.add(repr(kind))
        waiting.extend(get_args(kind))
        if (
            isinstance(kind, type)
            and has(kind)
            and kind.__module__.startswith("reply_async.models")
        ):
            yield kind
            waiting.extend(each.type for each in fields(resolve_types(kind)))


# Classes whose wire form is made by a function of their own, and tested below.
APART: Final = frozenset({ContactRow, SequenceDraft, UnknownStep, *STEP_KINDS})
PLAIN: Final = sorted(
    (kind for kind in set(sent_classes()) if kind not in APART), key=lambda kind: kind.__name__
)


def over_the_wire(data: Any) -> Any:
    """Return JSON as it arrives."""
    return json.loads(json.dumps(data))


def test_all_kinds_of_models_are_sent() -> None:
    """The search for them finds what it must."""
    names = {kind.__name__ for kind in sent_classes()}

    assert names >= {"SequenceSettings", "EmailVariant", "ScheduleDraft", "LinkedInLimits"}
    assert names >= {kind.__name__ for kind in APART}


@pytest.mark.parametrize("kind", PLAIN, ids=lambda kind: str(kind.__name__))
def test_object_is_the_same_after_a_round_trip(kind: type[Any]) -> None:
    """Every class that is sent, with members newer than this package where it keeps them."""
    keeps_extra = any(each.name == "extra" for each in fields(kind))

    @EXAMPLES
    @given(built(kind), EXTRA)
    def check(value: Any, extra: Mapping[str, Any]) -> None:
        if keeps_extra:
            value = evolve(value, extra=extra)

        assert value == decode(over_the_wire(encode(value)), kind)

    check()


@pytest.mark.parametrize("kind", STEP_KINDS, ids=lambda kind: str(kind.__name__))
@pytest.mark.parametrize("with_ids", [True, False])
def test_step_is_the_same_after_a_round_trip(kind: type[Step], with_ids: bool) -> None:
    """As it is replaced, with the ids of its variants, and as it is created, without."""

    @EXAMPLES
    @given(built(kind), EXTRA)
    def check(step: Any, extra: Mapping[str, Any]) -> None:
        step = evolve(step, extra=extra)
        if not with_ids:
            step = step.without_ids()
            assume(not isinstance(step, Email) or all(each.is_enabled is not False
                   for each in step.variants))  # fmt: skip

        body = over_the_wire(encode_step(step, with_ids=with_ids))

        assert settable(step) == decode_step(body)

    check()


def settable(step: Any) -> Any:
    """Return a step without what no body sets: its id, files and switches of its mails."""
    step = evolve(step, id=None)
    if not isinstance(step, Email):
        return step
    variants = [evolve(each, has_attachments=None, is_enabled=None) for each in step.variants]
    return evolve(step, variants=variants)


@EXAMPLES
@given(EXTRA, WORDS, st.booleans())
def test_unknown_step_is_the_same_after_a_round_trip(
    members: Mapping[str, Any], kind: str, with_ids: bool
) -> None:
    """Member by member, whatever they are."""
    raw = {"type": f"new{kind}", **members}
    step = decode_step(raw)

    assert isinstance(step, UnknownStep)
    assert raw == over_the_wire(encode_step(step, with_ids=with_ids))
    assert step == decode_step(over_the_wire(encode_step(step, with_ids=with_ids)))


@EXAMPLES
@given(built(ContactRow))
def test_row_is_the_same_after_a_round_trip(row: ContactRow) -> None:
    """In the form whose custom fields are named as they are read."""
    assert row == decode(over_the_wire(encode_row(row, "key")), ContactRow)


@EXAMPLES
@given(built(SequenceDraft), trees())
def test_draft_is_the_same_after_a_round_trip(
    draft: SequenceDraft, steps: tuple[AnyStep, ...]
) -> None:
    """Its steps up to the branches, which are sent one by one."""
    alone = tuple(
        evolve(step, if_positive=(), if_negative=()) if isinstance(step, Condition) else step
        for step in steps
    )
    body = over_the_wire(encode_draft(evolve(draft, steps=steps)))

    assert alone == decode_steps(body.pop("steps"))
    assert evolve(draft, steps=()) == decode(body, SequenceDraft)


VARIANTS: Final = [kind for kind in PLAIN if kind.__name__.endswith("Variant")]
_encode: Final[Callable[..., Any]] = partial(encode_variant, with_id=True)


@pytest.mark.parametrize("kind", VARIANTS, ids=lambda kind: str(kind.__name__))
def test_variant_is_the_same_after_a_round_trip(kind: type[Any]) -> None:
    """With its id as it is replaced, without it as it is created."""

    @EXAMPLES
    @given(built(kind))
    def check(variant: Any) -> None:
        assert variant == decode(over_the_wire(_encode(variant)), kind)
        if hasattr(variant, "without_ids"):
            new = variant.without_ids()
            assert new == decode(over_the_wire(encode_variant(new)), kind)

    check()
