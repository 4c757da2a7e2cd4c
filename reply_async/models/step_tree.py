"""From the server's flat list of steps to nested ones, and to a plan for them.

Pure functions. A list from the server can be anything: unordered, without parent ids
(as older answers are), or with parents that do not exist or form a circle. No step is
ever lost over that, and no depth of nesting is too deep.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from attrs import evolve, frozen

from reply_async.errors import InvalidUse
from reply_async.models.steps import AnyStep, Condition, UnknownStep

Chain: TypeAlias = list[AnyStep]  # steps of one level, last one first: cheap to grow at its head


@frozen
class PlannedStep:
    """One step in the order of creation, without the steps under it.

    ``parent`` is the index of its parent in this order, None for the very first step;
    ``branch`` tells the branch where that parent forks, and is None elsewhere.
    """

    step: AnyStep
    parent: int | None = None
    branch: bool | None = None


def nest(steps: Iterable[AnyStep]) -> tuple[AnyStep, ...]:
    """Return steps as a caller would write them: nested, without ids.

    Steps whose parent is unknown, and circles of parents, come last.
    """
    flat = tuple(steps)
    parents = _parents(flat)
    children: list[list[int]] = [[] for _ in flat]
    for index, parent in enumerate(parents):
        if parent is not None:
            children[parent].append(index)

    def rank(index: int) -> int:
        return 2 if parents[index] is not None else int(flat[index].parent_id is not None)

    heads, order = _walk(sorted(range(len(flat)), key=rank), children)
    chains: dict[int, Chain] = {}
    for index in reversed(order):  # children before parents
        # In a circle the child that the walk began with is no child any more.
        below = [child for child in children[index] if child in chains]
        chains[index] = _chain(flat[index], [(flat[c], chains.pop(c)) for c in below])
    return tuple(step for head in heads for step in reversed(chains[head]))


def flatten(steps: Iterable[AnyStep]) -> tuple[PlannedStep, ...]:
    """Return nested steps in the order to create them in.

    A level comes first, then its branches, the positive one before the other. Ids that
    steps may carry are left as they are.
    Raises: InvalidUse (a step follows a condition at its own level).
    """
    plan: list[PlannedStep] = []
    levels: list[tuple[tuple[AnyStep, ...], int | None, bool | None]] = [(tuple(steps), None, None)]
    while levels:
        level, parent, branch = levels.pop()
        for position, step in enumerate(level, 1):
            fork = step if isinstance(step, Condition | UnknownStep) else None
            alone = evolve(fork, if_positive=(), if_negative=()) if fork else step
            plan.append(PlannedStep(alone, parent, branch))
            parent, branch = len(plan) - 1, None
            if fork is None:
                continue
            if position < len(level) and (
                isinstance(fork, Condition) or fork.if_positive or fork.if_negative
            ):
                raise InvalidUse(
                    "steps", "steps after a condition belong into its if_positive or if_negative"
                )
            levels.append((fork.if_negative, parent, False))
            levels.append((fork.if_positive, parent, True))
    return tuple(plan)


def _parents(flat: Sequence[AnyStep]) -> list[int | None]:
    """Return the index of each step's parent; the first step with an id counts."""
    by_id: dict[int, int] = {}
    for index, step in enumerate(flat):
        if step.id is not None:
            by_id.setdefault(step.id, index)
    return [None if step.parent_id is None else by_id.get(step.parent_id) for step in flat]


def _walk(starts: Iterable[int], children: list[list[int]]) -> tuple[list[int], list[int]]:
    """Return the starts that no earlier one leads to, and all indexes in order."""
    heads: list[int] = []
    order: list[int] = []
    seen: set[int] = set()
    for start in starts:
        if start in seen:
            continue
        heads.append(start)
        waiting = [start]
        while waiting:
            index = waiting.pop()
            if index not in seen:
                seen.add(index)
                order.append(index)
                waiting.extend(children[index])
    return heads, order


def _chain(step: AnyStep, below: list[tuple[AnyStep, Chain]]) -> Chain:
    """Return a step with what comes after it at its level; branches go into a fork."""
    grown: Chain = []
    step = step.without_ids()
    if isinstance(step, Condition | UnknownStep):
        step = evolve(
            step,
            if_positive=(*step.if_positive, *_branch(below, True)),
            if_negative=(*step.if_negative, *_branch(below, False)),
        )
        below = [(child, chain) for child, chain in below if child.if_condition_positive is None]
    if below:
        grown = below.pop()[1]
        for _, chain in reversed(below):
            grown.extend(chain)
    grown.append(step)
    return grown


def _branch(below: list[tuple[AnyStep, Chain]], branch: bool) -> Iterable[AnyStep]:
    return (
        step
        for child, chain in below
        if child.if_condition_positive is branch
        for step in reversed(chain)
    )
