"""The rules that are armed: matching requests, counting, and the ways to add one.

Every request on the wire counts as a hit of each rule that it fits, whatever the
emulator would have answered. The first rule that fires is played; a delayed
visibility may come on top. What a rule means stands in `faults.py`.
"""

from __future__ import annotations

from difflib import get_close_matches
from random import Random
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from attrs import define, evolve, field, frozen

from reply_async.emulator.contract import load_contract
from reply_async.emulator.faults import (
    AFTER_APPLY,
    AFTER_ITEMS,
    BEFORE_APPLY,
    DELAYED_VISIBILITY,
    EVERY,
    MID_ANSWER,
    TABLE,
    Fault,
    read_fault,
)
from reply_async.emulator.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from reply_async.emulator.contract import Contract, Operation

Json = dict[str, Any]


@define(eq=False)
class ArmedFault:
    """A rule at work: `hits` requests fitted it, `fired` of them met the fault."""

    id: int
    fault: Fault
    is_kept: bool = field(repr=False)  # by a reset, as it was given at the start
    operations: Collection[str] | None = field(repr=False)  # ids, None for any
    path: str | None = field(repr=False)  # a concrete one
    hits: int = 0
    fired: int = 0
    _random: Random = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Count and draw from the beginning."""
        self.hits = self.fired = 0
        self._random = Random(self.fault.seed)  # noqa: S311 - repeatable, not secret

    def fits(self, method: str, path: str, operation: Operation | None) -> bool:
        """Tell whether the rule is about a request."""
        if self.fault.method not in {None, method} or self.path not in {None, path}:
            return False
        if self.operations is None:
            is_write = operation is not None and not operation.is_read
            return is_write or self.fault.what != DELAYED_VISIBILITY
        return operation is not None and operation.id in self.operations

    def hit(self) -> bool:
        """Count a request that fits; True if the fault is due."""
        is_spent = self.left == 0
        self.hits += 1
        is_drawn = self._random.random() < self.fault.probability
        is_meant = self.fault.nth == EVERY or self.hits in self.fault.nth
        return is_drawn and is_meant and not is_spent

    @property
    def left(self) -> int | None:
        """How often the rule can still fire, None for without end."""
        bounds = [] if self.fault.times is None else [self.fault.times - self.fired]
        if self.fault.nth != EVERY:
            bounds.append(sum(number > self.hits for number in set(self.fault.nth)))
        return min(bounds, default=None)

    def shown(self) -> Json:
        """Return rule and counts as JSON."""
        counts = {"id": self.id, "hits": self.hits, "fired": self.fired, "left": self.left}
        return counts | self.fault.shown()


@frozen
class Due:
    """What happens to one request: at most one fault, and how late its write shows."""

    fault: Fault | None = None
    delay: Fault | None = None

    @property
    def label(self) -> str | None:
        """What happens, in words of the rules; None if nothing does."""
        labels = [each.label for each in (self.fault, self.delay) if each is not None]
        return " + ".join(labels) or None


_NOTHING = Due()
API = "/v3/"  # everything else is for tools and people


class Faults:
    """The armed rules of an emulator, in the order in which they were added.

    Rules given at the start survive a reset with their counts at 0; those added
    later are gone after it.
    """

    def __init__(self, contract: Contract, rules: Iterable[Fault] = ()) -> None:
        self._contract = contract
        self._armed: dict[int, ArmedFault] = {}
        self._last_id = 0
        for rule in rules:
            self.add(rule, is_kept=True)

    def __iter__(self) -> Iterator[ArmedFault]:
        """Go through the armed rules in their order."""
        return iter(list(self._armed.values()))

    def __len__(self) -> int:
        return len(self._armed)

    def on(self, method: str | None = None, route: str | None = None) -> Rule:
        """Begin a rule for requests of a method and route; its last call arms it."""
        return Rule(self, {"method": method, "route": route})

    def add(self, fault: Fault, *, is_kept: bool = False) -> ArmedFault:
        """Arm a rule; ValueError if the contract has nothing that it could meet."""
        if not isinstance(fault, Fault):
            raise ValueError(f"faults are made by Fault(...), {fault!r} is none")  # noqa: TRY004 - one kind of error for callers
        operations, path = _target(self._contract, fault)
        self._last_id += 1
        armed = ArmedFault(self._last_id, fault, is_kept, operations, path)
        self._armed[armed.id] = armed
        return armed

    def require_target(self, fault: Fault) -> None:
        """Raise ValueError if the contract has nothing that a rule could meet."""
        _target(self._contract, fault)

    def remove(self, id_: int) -> None:
        """Disarm one rule; ValueError if it is not armed."""
        self.require_armed(id_)
        del self._armed[id_]

    def require_armed(self, id_: int) -> None:
        """Raise ValueError unless a rule is armed."""
        if id_ not in self._armed:
            known = ", ".join(map(str, self._armed)) or "none"
            raise ValueError(f"no rule {id_} is armed; armed are: {known}")

    def clear(self) -> None:
        """Disarm all rules."""
        self._armed.clear()

    def reset(self) -> None:
        """Disarm what was added at run time, and let the others start anew."""
        self._armed = {armed.id: armed for armed in self if armed.is_kept}
        for armed in self:
            armed.restart()

    def due(self, method: str, path: str) -> Due:
        """Count a request of the API in all rules that it fits; return what happens to it."""
        if not self._armed or not path.startswith(API):
            return _NOTHING
        ids, _ = self._contract.match(path) or ({}, [])
        operation = self._contract.operation(ids[method]) if method in ids else None
        found: dict[bool, Fault] = {}
        for armed in self:
            if armed.fits(method, path, operation) and armed.hit():
                is_delay = armed.fault.what == DELAYED_VISIBILITY
                if is_delay not in found:
                    armed.fired += 1
                    found[is_delay] = armed.fault
        return Due(found.get(False), found.get(True))


class What(TypedDict, total=False):
    """One fault by its name: True, or the value of its first member in `TABLE`."""

    close: bool
    reset: bool
    hang: bool | float
    half_headers: bool
    garbage: bool
    long_header: bool | int
    early_413: bool
    short_body: bool
    cut_chunk: bool
    bad_gzip: bool
    cut_close: bool
    bad_json: bool
    deep_json: bool
    long_number: bool
    html_200: bool
    empty_200: bool
    wrong_type: bool
    drip: bool | float
    redirect: bool | str
    gzip_bomb: bool | int
    status: int
    headers: Mapping[str, str]
    body: object
    delayed_visibility: float


@frozen
class Rule:
    """A rule in the making; the call that says when and what arms it."""

    _faults: Faults
    _members: Json

    def nth(self, *numbers: int) -> Rule:
        """Mean only these of the requests that fit, counted from 1."""
        return self._with(nth=numbers)

    def probability(self, probability: float, *, seed: int = 1) -> Rule:
        """Leave it to chance, the same chance for the same seed."""
        return self._with(probability=probability, seed=seed)

    def times(self, times: int) -> Rule:
        """Let it happen so many times at most."""
        return self._with(times=times)

    def before_apply(self, **what: Unpack[What]) -> ArmedFault:
        """Let nothing be applied, and play the fault instead of the answer."""
        return self._arm(BEFORE_APPLY, what)

    def after_apply(self, **what: Unpack[What]) -> ArmedFault:
        """Let the request be applied, and lose its answer to the fault."""
        return self._arm(AFTER_APPLY, what)

    def after_items(self, items: int, **what: Unpack[What]) -> ArmedFault:
        """Let the first items of the request be applied, and play the fault."""
        return self._arm(AFTER_ITEMS, what, items=items)

    def mid_answer(self, **what: Unpack[What]) -> ArmedFault:
        """Let the request be applied, and break its answer in the middle."""
        return self._arm(MID_ANSWER, what)

    def _with(self, **members: object) -> Rule:
        return evolve(self, members=self._members | members)

    def _arm(self, when: str, what: What, **more: int) -> ArmedFault:
        given: Json = {**what}
        named = [name for name in given if name in TABLE]
        if len(named) != 1:
            raise ValueError(f"name one fault, such as reset=True, of: {' '.join(TABLE)}")
        value = given.pop(named[0])
        if value is not True:
            member = next(iter(TABLE[named[0]].members), None)
            if member is None or value is False:
                raise ValueError(f"write {named[0]}=True")
            given[member] = value
        rule = {"what": named[0], "when": when, **self._members, **more, **given}
        return self._faults.add(read_fault(rule))


def read_faults(path: Path) -> list[Fault]:
    """Return the rules of a JSON file; ValueError names the place and what is wrong."""
    try:
        content = read_json(path.read_bytes(), str(path))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{error}; write a JSON list of rules") from None
    if not isinstance(content, list):
        raise ValueError(f"{path}: write a JSON list of rules")  # noqa: TRY004 - one kind of error for callers
    rules = []
    for number, entry in enumerate(content, 1):
        try:
            rules.append(read_fault(entry))
            _target(load_contract(), rules[-1])
        except ValueError as error:
            raise ValueError(f"{path}, rule {number}: {error}") from None
    return rules


def _target(contract: Contract, fault: Fault) -> tuple[Collection[str] | None, str | None]:
    """Return the operations that a rule is about, and its path if that is a concrete one."""
    if fault.route is None:
        if fault.when == AFTER_ITEMS:
            raise ValueError(f"{AFTER_ITEMS} needs a route, such as /v3/contacts/import")
        return None, None
    by_method, path = _operations(contract, fault.route)
    ids = [by_method[name] for name in by_method if fault.method in {None, name}]
    if not ids:
        raise ValueError(f"{fault.route} has no {fault.method}, only: {' '.join(by_method)}")
    operations = [contract.operation(id_) for id_ in ids]
    if fault.what == DELAYED_VISIBILITY:
        operations = [operation for operation in operations if not operation.is_read]
        if not operations:
            raise ValueError(f"{DELAYED_VISIBILITY} is for writes, {ids[0]} is a read")
    for operation in operations:
        if fault.when == AFTER_ITEMS and operation.item_array is None:
            raise ValueError(f"{AFTER_ITEMS} needs an array of items, {operation.id} takes none")
    return {operation.id for operation in operations}, path


def _operations(contract: Contract, route: str) -> tuple[dict[str, str], str | None]:
    """Return operation ids by method for a template, an operation id or a path."""
    if route in contract.operation_ids:
        return {contract.operation(route).method: route}, None
    if route in contract.templates:
        return contract.templates[route], None
    found = contract.match(route) if route.startswith("/") else None
    if found is not None:
        return found[0], route
    known = [*contract.templates, *contract.operation_ids]
    close = get_close_matches(route, known, 3, 0.5)
    hint = f"; close to it: {' '.join(close)}" if close else ""
    raise ValueError(f"the API has no route {route}{hint}")
