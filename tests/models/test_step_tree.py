"""Steps nested and flat: any list survives, any tree can be planned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from models.samples import load

from reply_async.converter import decode_steps
from reply_async.errors import InvalidUse
from reply_async.models.step_tree import PlannedStep, flatten, nest
from reply_async.models.steps import AnyStep, Call, Condition, Email, Sms, UnknownStep

if TYPE_CHECKING:
    from collections.abc import Iterable

IDS = st.none() | st.integers(1, 7)


def fork(label: str, **branches: Any) -> Condition:
    """Return a condition that can be told from others."""
    return Condition(wait_in_minutes=0, conditions=[], extra={"label": label}, **branches)


def unknown(label: str, **branches: Any) -> UnknownStep:
    """Return a step of an unknown kind that can be told from others."""
    return UnknownStep(type="pigeon", raw={"type": "pigeon", "label": label}, **branches)


def label_of(step: AnyStep) -> Any:
    """Return what tells a step from others."""
    return step.raw["label"] if isinstance(step, UnknownStep) else step.extra["label"]


def labels(steps: Iterable[AnyStep]) -> list[Any]:
    """Return the labels of all steps, with those below them."""
    return [
        label
        for step in steps
        for label in (
            label_of(step),
            *(
                labels((*step.if_positive, *step.if_negative))
                if isinstance(step, Condition | UnknownStep)
                else ()
            ),
        )
    ]


def as_listed(plan: Iterable[PlannedStep]) -> list[AnyStep]:
    """Return planned steps as the server lists them once they are created."""
    return [
        evolve(
            planned.step,
            id=index + 100,
            parent_id=None if planned.parent is None else planned.parent + 100,
            if_condition_positive=planned.branch,
        )
        for index, planned in enumerate(plan)
    ]


@st.composite
def server_lists(draw: st.DrawFn) -> list[AnyStep]:
    """Build lists with any ids and parents: missing, unknown, repeated, in circles."""
    made: list[AnyStep] = []
    for index in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["call", "fork", "unknown"]))
        step: AnyStep
        if kind == "call":
            step = Call(extra={"label": str(index)})
        else:
            step = fork(str(index)) if kind == "fork" else unknown(str(index))
        place: dict[str, Any] = {
            "id": draw(IDS),
            "parent_id": draw(IDS),
            "if_condition_positive": draw(st.none() | st.booleans()),
        }
        made.append(evolve(step, **place))
    return made


levels: st.SearchStrategy[list[AnyStep]] = st.recursive(
    st.lists(st.builds(lambda n: Call(extra={"label": n}), st.integers()), max_size=3),
    lambda level: st.builds(
        lambda before, yes, no: [*before, fork("fork", if_positive=yes, if_negative=no)],
        st.lists(
            st.builds(lambda n: Sms(message="m", extra={"label": n}), st.integers()), max_size=2
        ),
        level,
        level,
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(server_lists())
def test_no_step_is_lost(steps: list[AnyStep]) -> None:
    """Whatever the parents say, every step is in the tree, once."""
    assert sorted(map(label_of, steps)) == sorted(labels(nest(steps)))


@settings(deadline=None)
@given(server_lists())
def test_nested_steps_carry_no_ids(steps: list[AnyStep]) -> None:
    """Nesting twice changes nothing, since nothing is left to nest by."""
    tree = nest(steps)

    assert tree == nest(tree)
    assert all(step.without_ids() == step for step in tree)


@settings(deadline=None)
@given(levels)
def test_created_steps_read_back_as_the_same_tree(level: list[AnyStep]) -> None:
    """The plan loses nothing of a tree."""
    assert tuple(level) == nest(as_listed(flatten(level)))


@settings(deadline=None)
@given(levels, st.randoms(use_true_random=False))
def test_order_of_the_servers_list_does_not_matter(level: list[AnyStep], random: Any) -> None:
    """Parent ids alone make the tree, and so flattening it is stable."""
    listed = as_listed(flatten(level))
    random.shuffle(listed)

    assert tuple(level) == nest(listed)
    assert flatten(level) == flatten(nest(listed))


@settings(deadline=None)
@given(levels)
def test_parents_are_created_first(level: list[AnyStep]) -> None:
    """Each parent stands before its children, and only forks have branches."""
    plan = flatten(level)

    for index, planned in enumerate(plan):
        if planned.parent is None:
            assert (0, None) == (index, planned.branch)
        else:
            assert planned.parent < index
            assert isinstance(plan[planned.parent].step, Condition) == (planned.branch is not None)


def test_branches_of_a_sample() -> None:
    """The list of the server becomes a mail and a fork with two branches."""
    mail, condition = nest(decode_steps(load("steps/list_200_branches")))

    assert isinstance(mail, Email)
    assert isinstance(condition, Condition)
    assert [Email] == [type(step) for step in condition.if_positive]
    assert [Call] == [type(step) for step in condition.if_negative]


def test_list_without_parents_keeps_its_order() -> None:
    """Older answers tell no parents."""
    steps = decode_steps(load("steps/list_200_interim"))

    assert [step.without_ids() for step in steps] == list(nest(steps))


def test_orphans_come_last() -> None:
    """In list order, with the steps below them."""
    steps: list[AnyStep] = [
        Call(id=1, parent_id=77, extra={"label": "orphan"}),
        Call(id=2, parent_id=1, extra={"label": "below"}),
        Call(id=3, extra={"label": "root"}),
        Call(id=4, parent_id=4, extra={"label": "its own parent"}),
    ]

    assert ["root", "orphan", "below", "its own parent"] == labels(nest(steps))


def test_unknown_kinds_can_fork_or_go_on() -> None:
    """A step newer than this package may be a fork; its branches are kept apart."""
    steps: list[AnyStep] = [
        evolve(unknown("a"), id=1),
        Call(parent_id=1, if_condition_positive=True, extra={"label": "yes"}),
        Call(parent_id=1, if_condition_positive=False, extra={"label": "no"}),
        Call(parent_id=1, extra={"label": "next"}),
    ]
    tree = nest(steps)

    assert isinstance(tree[0], UnknownStep)
    assert (["yes"], ["no"]) == (labels(tree[0].if_positive), labels(tree[0].if_negative))
    assert "next" == label_of(tree[1])
    with pytest.raises(InvalidUse):
        flatten(tree)
    assert [None, 0] == [planned.parent for planned in flatten([unknown("a"), Call()])]


@pytest.mark.parametrize(
    "steps",
    [
        [fork("a"), Call()],
        [Email(), fork("a", if_negative=[fork("b"), Call()])],
    ],
)
def test_nothing_follows_a_condition(steps: list[AnyStep]) -> None:
    """On any level."""
    with pytest.raises(InvalidUse, match="if_positive or if_negative"):
        flatten(steps)


def test_plan_of_a_tree() -> None:
    """A level comes first, then the positive branch, then the negative."""
    mail, yes, no = Email(), Call(message="yes"), Call(message="no")
    condition = fork("a", if_positive=[yes, no], if_negative=[no])

    assert (
        PlannedStep(mail),
        PlannedStep(fork("a"), 0),
        PlannedStep(yes, 1, branch=True),
        PlannedStep(no, 2),
        PlannedStep(no, 1, branch=False),
    ) == flatten([mail, condition])


def test_branches_that_are_there_already_stay() -> None:
    """Nesting what was nested in part adds to it."""
    steps: list[AnyStep] = [
        fork("a", id=1, if_positive=[Call(extra={"label": "there"})]),
        Call(parent_id=1, if_condition_positive=True, extra={"label": "new"}),
    ]

    assert ["a", "there", "new"] == labels(nest(steps))


def test_any_depth_can_be_nested() -> None:
    """Deeper than Python calls go, as a server could answer."""
    depth = 3000
    steps: list[AnyStep] = [
        fork(str(n), id=n, parent_id=n - 1 or None, if_condition_positive=n % 2 == 0 or None)
        for n in range(1, depth)
    ]

    tree = nest(steps)

    count = 0
    while tree:
        count += len(tree)
        tree = tuple(
            below
            for step in tree
            if isinstance(step, Condition)
            for below in (*step.if_positive, *step.if_negative)
        )
    assert depth - 1 == count


def test_steps_with_one_parent_keep_their_order() -> None:
    """The server should not answer that; each one goes on with what is below it."""
    steps: list[AnyStep] = [
        Call(id=1, extra={"label": "parent"}),
        Call(id=2, parent_id=1, extra={"label": "a"}),
        Call(id=3, parent_id=1, extra={"label": "b"}),
        Call(id=4, parent_id=1, extra={"label": "c"}),
        Call(id=5, parent_id=2, extra={"label": "below a"}),
    ]

    assert ["parent", "a", "below a", "b", "c"] == labels(nest(steps))
