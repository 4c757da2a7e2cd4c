"""The package against the contract: every operation, and every request that is built."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final

import pytest
from attrs import define, field
from conformance.arguments import arguments_of
from conformance.contract import COVERED, Operation, covered
from conformance.instances import Fill
from conformance.methods import Method, all_methods, resources, session_attributes
from conformance.recording_sender import Recorded, RecordingSender
from hypothesis import HealthCheck, Phase, given, settings

from reply_async.errors import InvalidUse, OutcomeUnknown, SequenceUnusable
from reply_async.requests import RateClass, Safety

# Methods whose operation belongs to another method: what they do besides.
COMPOSITES: Final[Mapping[str, str]] = {
    "sequences.create_from_draft": "creates like `create`, from one object",
    "sequences.clone": "saves a template, creates from it and takes it away again",
    "sequence_contacts.import_rows": "imports like `contacts.import_rows`, then enrols",
    "stats.collect": "reads like `get`, for many sequences",
}
SAFETY: Final[Mapping[str, Safety]] = {
    "read": Safety.READ,
    "terminal_state": Safety.STATE,
    "natural_key_upsert": Safety.UPSERT,
    "enrol": Safety.ENROL,
    "create": Safety.CREATE,
    "replace": Safety.REPLACE,
    "delete": Safety.DELETE,
    "send": Safety.SEND,
}
STAGES: Final[Mapping[str, str]] = {
    "coming_soon": "coming soon",
    "beta": "beta",
    "unconfirmed": "does not name this call",
}
# What has yet to be mended.


@define
class Exercise:
    """What became of the generated calls of one method."""

    accepted: int = 0
    refused: Counter[str] = field(factory=Counter)
    recorded: list[Recorded] = field(factory=list)
    written: set[Operation] = field(factory=set)
    read: set[Operation] = field(factory=set)
    arguments: list[Mapping[str, Any]] = field(factory=list)
    problems: set[str] = field(factory=set)

    def call(self, method: Method, arguments: Mapping[str, Any]) -> None:
        """Call a method and note what it sends; a refusal comes before any write."""
        sender = RecordingSender()
        try:
            method.call(sender, arguments)
        except InvalidUse as error:
            assert all(each.request.is_read for each in sender.recorded)
            self.refused[str(error)] += 1
            return
        self.accepted += 1
        self.recorded += sender.recorded
        self.problems.update(sender.problems, sender.unread)
        if sender.recorded:
            primary = sender.primary
            is_new = primary.operation not in self.operations
            (self.read if primary.request.is_read else self.written).add(primary.operation)
            if is_new and primary.operation in self.operations:
                self.arguments.insert(0, arguments)

    @property
    def operations(self) -> set[Operation]:
        """What the calls are about: the first write of each, or else its first read."""
        return self.written or self.read


def exercised(method: Method, count: int) -> Exercise:
    """Call a method with generated arguments."""
    seen = Exercise()

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(arguments_of(method))
    def call(arguments: Mapping[str, Any]) -> None:
        seen.call(method, arguments)

    call()
    return seen


@cache
def seen_of(name: str) -> Exercise:
    """Return the calls of one method that all tests look at."""
    return exercised(all_methods()[name], 10)


def methods() -> pytest.MarkDecorator:
    """Run a test for every method."""
    every = [pytest.param(each, id=each.name) for each in all_methods().values()]
    return pytest.mark.parametrize("method", every)


@methods()
def test_requests_fit_the_contract(method: Method) -> None:
    """Paths, queries, bodies and read-backs; and the documented answers can be read."""
    assert_fits(seen_of(method.name))


@pytest.mark.slow
@methods()
def test_many_requests_fit_the_contract(method: Method) -> None:
    """The same, with more arguments."""
    assert_fits(exercised(method, 100))


def assert_fits(seen: Exercise) -> None:
    """Fail with what does not fit, or where all arguments were refused."""
    assert seen.accepted, f"all were refused: {seen.refused.most_common(3)}"
    assert set() == seen.problems
    assert len(seen.operations) == 1


def operation_of(method: Method) -> Operation:
    """Return the one operation that a method is about."""
    (operation,) = seen_of(method.name).operations
    return operation


def methods_by_operation() -> Mapping[str, list[str]]:
    """Return the methods of each operation, composites left out."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for method in all_methods().values():
        if method.name not in COMPOSITES:
            found[operation_of(method).id].append(method.name)
    return found


def test_every_operation_has_a_method() -> None:
    """All covered ones; `pytest -s` shows the table."""
    found = methods_by_operation()
    lines, all_missing = [], []
    for group in COVERED:
        own = [each.id for each in covered().values() if each.group == group]
        missing = [id_ for id_ in own if id_ not in found]
        all_missing += missing
        lines.append(f"{group:28}{len(own):5}{len(own) - len(missing):9}  {', '.join(missing)}")
    total = len(covered())
    print(f"\n{'group':28}{'ops':>5}{'covered':>9}  missing", *lines, sep="\n")  # noqa: T201 - shown by -s
    print(f"{'all':28}{total:5}{total - len(all_missing):9}")  # noqa: T201 - as above

    assert 182 == total
    assert [] == all_missing


def test_no_operation_has_two_methods() -> None:
    """A second way to the same call is a composite, and says what else it does."""
    assert {} == {id_: names for id_, names in methods_by_operation().items() if len(names) > 1}


def test_composites_exist_and_share_an_operation() -> None:
    """The table of exceptions holds nothing that it need not."""
    found = methods_by_operation()

    assert set() == COMPOSITES.keys() - all_methods().keys()
    for name in COMPOSITES:
        assert operation_of(all_methods()[name]).id in found


def test_every_resource_is_an_attribute_of_the_session() -> None:
    """A class of methods that no session offers cannot be used."""
    assert [] == sorted(
        name for kind, name in resources().items() if kind not in session_attributes()
    )


@methods()
def test_safety_is_that_of_the_contract(method: Method) -> None:
    """Of each request that was built, as the contract has it for its body."""
    for each in seen_of(method.name).recorded:
        told = SAFETY[each.operation.safety(each.body)]
        expected, _ = EXCEPTIONS.get(each.operation.id, (told, ""))
        is_overwrite = each.operation.id == "import_contacts" and "overwriteExisting" in (
            each.body.get("options", {})
        )
        assert (Safety.REPLACE if is_overwrite else expected) is each.request.safety


# Where the rules of reliability ask for another class than the contract tells.
EXCEPTIONS: Final[Mapping[str, tuple[Safety, str]]] = {
    "link_sequence_email_account": (Safety.STATE, "the mailboxes of a sequence can be read"),
}


@methods()
def test_rate_class_is_that_of_the_contract(method: Method) -> None:
    """Statistics draw on a budget of their own."""
    for each in seen_of(method.name).recorded:
        expected = RateClass.STATS if each.operation.is_stats else RateClass.NORMAL
        assert expected is each.request.rate_class


@methods()
def test_docstring_tells_cost_risk_and_source(method: Method) -> None:
    """What a call costs, what becomes of a lost answer, what it raises, where it stands."""
    text = method.docstring
    is_write = any(not each.request.is_read for each in seen_of(method.name).recorded)

    assert "Costs:" in text
    assert "Raises" in text
    assert "API page" in text
    assert is_write == ("lost answer" in text.casefold())


@methods()
def test_docstring_tells_what_is_not_settled(method: Method) -> None:
    """Calls that the API's document marks as coming soon, beta, or does not have."""
    operation = operation_of(method)
    words = STAGES.get(operation.stage, "")

    assert words in " ".join(method.docstring.split()).casefold()


@pytest.mark.parametrize("operation", covered().values(), ids=str)
def test_sample_answers_are_what_the_contract_promises(operation: Operation) -> None:
    """What the methods are fed with here: the documented example, and those that are made."""
    for fill in (None, *Fill):
        answer = operation.answer(fill)
        if operation.result not in ("redirect", "csv"):  # the contract has no schema for these
            assert [] == operation.answer_problems(answer)


# A member that no answer need have by its schema, and that is all the call is for.
NEEDED_ALL_THE_SAME: Final[Mapping[str, str]] = {
    "create_linkedin_connection_link": "connectionLink",
    "create_direct_linkedin_connection_link": "connectionLink",
    "reconnect_linkedin_account": "connectionLink",
}


@pytest.mark.parametrize("fill", list(Fill))
@methods()
def test_every_shape_of_answer_is_read(method: Method, fill: Fill) -> None:
    """With all members, with the promised ones only, and with null where that is allowed."""
    sender = RecordingSender(fill=fill)

    with suppress(SequenceUnusable, OutcomeUnknown):  # what made it unknown stands in `unread`
        method.call(sender, accepted_arguments(method))

    is_excused = fill is Fill.NEEDED and operation_of(method).id in NEEDED_ALL_THE_SAME
    assert is_excused == bool(sender.unread), sender.unread


def accepted_arguments(method: Method) -> Mapping[str, Any]:
    """Return arguments that a method takes, and that make it send what it is about."""
    return seen_of(method.name).arguments[0]
