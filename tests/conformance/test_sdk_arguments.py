"""Wrong arguments: refused by name, before any request."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from enum import StrEnum
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

import pytest
from conformance.arguments import is_id
from conformance.methods import Method, all_methods
from conformance.recording_sender import RecordingSender
from conformance.test_sdk import accepted_arguments

from reply_async.errors import InvalidUse
from reply_async.outcome import Report
from reply_async.requests import INT32_MAX, INT64_MAX

WRONG_NUMBERS: Final = (0, -1, True, INT64_MAX + 1, "x")
WRONG_UUIDS: Final = (0, -1, True, "", "x", "../1")


def options(kind: Any) -> tuple[Any, ...]:
    """Return what a union is made of."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def is_many(kind: Any) -> bool:
    """Tell whether a type stands for several values."""
    return any(get_origin(each) in (Iterable, AsyncIterable) for each in options(kind))


def is_word(kind: Any) -> bool:
    """Tell whether a type allows a few words only."""
    return any(
        get_origin(each) is Literal or (isinstance(each, type) and issubclass(each, StrEnum))
        for each in options(kind)
    )


IDS: Final = [
    (method, name) for method in all_methods().values() for name in method.parameters if is_id(name)
]
WORDS: Final = [
    (method, name)
    for method in all_methods().values()
    for name in method.parameters
    if is_word(method.annotations[name])
]


def named(pairs: list[tuple[Method, str]]) -> pytest.MarkDecorator:
    """Run a test for each of these arguments."""
    return pytest.mark.parametrize(
        ("method", "name"),
        [pytest.param(method, name, id=f"{method.name}-{name}") for method, name in pairs],
    )


def is_row(method: Method, name: str) -> bool:
    """Tell whether these are the rows of a run, which it refuses one by one."""
    return method.is_run and is_many(method.annotations[name])


def assert_refused(method: Method, name: str, value: Any) -> None:
    """Fail unless a value is refused by the name of its argument, with nothing sent."""
    sender = RecordingSender()
    with pytest.raises(InvalidUse) as caught:
        method.call(sender, {**accepted_arguments(method), name: value})

    assert caught.value.argument.startswith(name)
    assert [] == sender.recorded


@named([(method, name) for method, name in IDS if not is_row(method, name)])
def test_wrong_id_is_refused(method: Method, name: str) -> None:
    """No id at all, or one that no server has; alone or in a list."""
    kind = method.annotations[name]
    is_text = str in options(kind)
    for value in WRONG_UUIDS if is_text else WRONG_NUMBERS:
        assert_refused(method, name, [1, value] if is_many(kind) else value)


@named([(method, name) for method, name in IDS if is_row(method, name)])
def test_run_refuses_wrong_ids_row_by_row(method: Method, name: str) -> None:
    """Each in its place, and none of them is sent."""
    sender = RecordingSender()

    report = method.call(sender, {**accepted_arguments(method), name: list(WRONG_NUMBERS)})

    assert isinstance(report, Report)
    assert set(range(1, len(WRONG_NUMBERS) + 1)) == set(report.refused)
    assert all(each.request.is_read for each in sender.recorded)


@named([(method, name) for method, name in IDS if str not in options(method.annotations[name])])
def test_id_beyond_32_bits_is_sent_only_where_ids_are_longer(method: Method, name: str) -> None:
    """The contract tells where; a run would send such a row."""
    value: Any = INT32_MAX + 1
    given = [value] if is_many(method.annotations[name]) else value
    sender = RecordingSender()
    refused: InvalidUse | None = None
    try:
        method.call(sender, {**accepted_arguments(method), name: given})
    except InvalidUse as error:
        refused = error

    assert [] == sender.problems
    if refused is not None:
        assert refused.argument.startswith(name)
        assert [] == sender.recorded


@named(WORDS)
def test_unknown_word_is_refused(method: Method, name: str) -> None:
    """Words newer than this package are read, and never sent."""
    assert_refused(method, name, "noSuchWord")


@named(
    [
        (method, name)
        for method, name in IDS
        if is_many(method.annotations[name]) and not is_row(method, name)
    ]
)
def test_text_is_no_list_of_ids(method: Method, name: str) -> None:
    """Its digits would be taken for ids, one by one."""
    assert_refused(method, name, "0")
