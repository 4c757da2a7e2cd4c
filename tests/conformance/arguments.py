"""Generated arguments for any method, from the types that its signature names.

A name decides only where the type cannot tell what the domain asks for: an id in text is
a UUID, a port is small, a period ends after it starts.
"""

from __future__ import annotations

import inspect
import string
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from attrs import NOTHING, fields, frozen, has, resolve_types
from conformance.methods import Method
from hypothesis import reject
from hypothesis import strategies as st

from reply_async.errors import InvalidUse
from reply_async.models.contacts import ContactRow
from reply_async.models.holiday_calendars import Holiday
from reply_async.models.linkedin_accounts import (
    LinkedInLimits,
    LinkedInLimitsMode,
    LinkedInLimitValues,
)
from reply_async.models.schedules import ScheduleTime, ScheduleTimeRange
from reply_async.models.sequences import SequenceSettings
from reply_async.models.steps import AnyStep, Condition, LinkedInVariant, UnknownStep
from reply_async.requests import INT32_MAX
from reply_async.resources.stats import Period
from reply_async.unset import UNSET, Unset

Values = st.SearchStrategy[Any]

IDS: Final = st.integers(1, INT32_MAX)
NUMBERS: Final = st.one_of(st.integers(0, 90), st.integers(-1, INT32_MAX))
TEXTS: Final = st.one_of(
    st.text(string.ascii_letters + string.digits + " äß漢字🙂<>&\"'{}", min_size=1, max_size=12),
    st.text(string.ascii_lowercase, min_size=250, max_size=1100),
)
WORDS: Final = st.text(string.ascii_lowercase, min_size=1, max_size=8)
TIMES: Final = st.datetimes(
    datetime(2024, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2027, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
EMAILS: Final = WORDS.map("{}@example.com".format)
URLS: Final = WORDS.map("https://example.com/{}".format)
PORTS: Final = st.integers(1, 65_535)
MINUTES: Final = st.integers(0, 100_000)
NOTES: Final = st.text(string.ascii_letters, max_size=300)  # longer ones are refused


@frozen
class AsyncItems:
    """Items that come one after the other."""

    items: list[Any]

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in self.items:
            yield item


def _period(start: datetime, days: int) -> Period:
    return Period.between(start, start + timedelta(days=days))


def _time_range(start: int, length: int) -> ScheduleTimeRange:
    end = min(start + length, 24 * 60 - 1)
    return ScheduleTimeRange(
        from_time=ScheduleTime(*divmod(start, 60)), to_time=ScheduleTime(*divmod(end, 60))
    )


def _holiday(start: date, days: int, name: str) -> Holiday:
    return Holiday(start_date=start, end_date=start + timedelta(days=days), name=name)


PERIODS: Final = st.one_of(
    st.sampled_from([Period.LAST_WEEK, Period.LAST_MONTH, Period.LAST_YEAR, Period.ALL_TIME]),
    st.builds(_period, TIMES, st.integers(1, 30)),
)
# Without a variant, a step that sends texts is refused by the contract.
NEVER_EMPTY: Final = frozenset({"variants"})
# What a class of the models needs beyond its types.
BY_CLASS: Final[Mapping[type, Values]] = {
    Period: PERIODS,
    ScheduleTimeRange: st.builds(_time_range, st.integers(0, 1400), st.integers(1, 600)),
    Holiday: st.builds(_holiday, st.dates(date(2024, 1, 1), date(2027, 1, 1)), NUMBERS.map(
        lambda days: abs(days) % 9), WORDS),
}  # fmt: skip
# The same, made when it is asked for: these are built of members with needs of their own.
BUILT_BY_CLASS: Final[Mapping[type, Callable[[], Values]]] = {
    LinkedInVariant: lambda: st.builds(
        LinkedInVariant, message=NOTES, id=st.one_of(st.none(), IDS)
    ),
    LinkedInLimits: lambda: (
        st.builds(
            LinkedInLimits,
            limits_mode=st.just(LinkedInLimitsMode.FIXED),
            fixed_max=built(LinkedInLimitValues),
            action_delay_min_seconds=st.integers(30, 60),
            action_delay_max_seconds=st.integers(120, 86_400),
        )
        | st.builds(
            LinkedInLimits,
            limits_mode=st.just(LinkedInLimitsMode.RANGED),
            range_min=_limit_values(0, 10),
            range_max=_limit_values(10, 20),
        )
    ),
    SequenceSettings: lambda: st.fixed_dictionaries(
        {
            each.name: values(_told_type(each.type), each.name)
            for each in fields(resolve_types(SequenceSettings))
        }
    ).map(lambda members: SequenceSettings(**members)),
}
# What an argument, or a member of a class, of this name needs beyond its type.
BY_NAME: Final[Mapping[str, Values]] = {
    "email": EMAILS,
    "user_email": EMAILS,
    "url": URLS,
    "linkedin_url": URLS,
    "linkedin_sales_navigator_url": URLS,
    "linkedin_recruiter_url": URLS,
    "audio_file": URLS,
    "port": PORTS,
    "smtp_port": PORTS,
    "imap_port": PORTS,
    "number_of_skills": st.integers(1, 3),
    "delay_in_minutes": MINUTES,
    "wait_in_minutes": MINUTES,
    "file_name": WORDS.map("{}.pdf".format),
    "timezone_id": st.sampled_from(["UTC", "Eastern Standard Time"]),
    "extra": st.just({}),
    "if_positive": st.just(()),
    "if_negative": st.just(()),
    "is_enabled": st.just(True),  # a variant is disabled by a call of its own
    "custom_fields": st.dictionaries(WORDS, TEXTS, max_size=2),
    "contact": st.builds(ContactRow, email=EMAILS, first_name=WORDS, notes=TEXTS, title=TEXTS),
}


@cache
def arguments_of(method: Method) -> Values:
    """Return a strategy for the arguments of a method; those with a default may be missing."""
    needed: dict[str, Values] = {}
    optional: dict[str, Values] = {}
    for name, parameter in method.parameters.items():
        group = needed if parameter.default is inspect.Parameter.empty else optional
        group[name] = values(method.annotations[name], name)
    return st.fixed_dictionaries(needed, optional=optional)


def values(kind: Any, name: str = "") -> Values:
    """Return a strategy for a type as annotations write it."""
    if kind == AnyStep:
        return steps(name)
    if name == "rows":
        return st.lists(rows(), min_size=1, max_size=3)
    options = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    found: list[Values] = []
    if NoneType in options:
        found.append(st.none())
    if Unset in options:
        found.append(st.just(UNSET))
    told = [option for option in options if option not in (NoneType, Unset)]
    return st.one_of(*found, _told(told, name))


def _told(options: list[Any], name: str) -> Values:
    words = [option for option in options if _is_class(option, StrEnum)]
    if words:  # other words are read, and never made up
        return st.sampled_from(words[0])
    if name in BY_NAME and (options[0] in (str, int, bool) or name in _ALWAYS_BY_NAME):
        return BY_NAME[name]
    return st.one_of(*(_one(option, name) for option in options))


_ALWAYS_BY_NAME: Final = frozenset(
    {"extra", "if_positive", "if_negative", "custom_fields", "contact"}
)


def _one(kind: Any, name: str) -> Values:
    if kind in BY_CLASS:
        return BY_CLASS[kind]
    if kind in BUILT_BY_CLASS or kind in _PLAIN:
        return BUILT_BY_CLASS[kind]() if kind in BUILT_BY_CLASS else _PLAIN[kind](name)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is Mapping:
        return st.dictionaries(WORDS, values(parts[1]), max_size=2)
    if origin in (Iterable, AsyncIterable, tuple):
        return _many(origin, parts[0], name)
    if has(kind):
        return built(kind)
    raise TypeError(f"no strategy for {kind} {name}")


def _many(origin: Any, kind: Any, name: str) -> Values:
    if kind == AnyStep and name == "steps":
        return trees()
    is_unique = kind in (int, str)
    least = 1 if name in NEVER_EMPTY else 0
    items = st.lists(values(kind, name), min_size=least, max_size=3, unique=is_unique)
    if origin is AsyncIterable:
        return items.map(AsyncItems)
    return items.map(tuple) if origin is tuple else items


def _whole_number(name: str) -> Values:
    return IDS if is_id(name) else NUMBERS


def _text(name: str) -> Values:
    return st.uuids().map(str) if is_id(name) else TEXTS


_PLAIN: Final[Mapping[Any, Callable[[str], Values]]] = {
    int: _whole_number,
    str: _text,
    bool: lambda _: st.booleans(),
    float: lambda _: st.floats(0, 1000),
    bytes: lambda _: st.binary(min_size=1, max_size=50),
    bytearray: lambda _: st.binary(min_size=1, max_size=50).map(bytearray),
    memoryview: lambda _: st.builds(memoryview, st.binary(min_size=1, max_size=50)),
    datetime: lambda _: TIMES,
    date: lambda _: st.dates(date(2024, 1, 1), date(2027, 1, 1)),
    Any: lambda _: WORDS,
}


def is_id(name: str) -> bool:
    """Tell whether an argument of this name holds ids."""
    return (
        name in ("id", "ids", "email_accounts", "linkedin_accounts")
        or name.endswith(("_id", "_ids"))
    ) and name not in ("time_zone_id", "timezone_id", "color_id")


def built(kind: Any) -> Values:
    """Return a strategy for a class: all members are told, or some with a default are missing."""
    return _built(kind)


@cache
def _built(kind: Any) -> Values:
    needed: dict[str, Values] = {}
    optional: dict[str, Values] = {}
    whole: dict[str, Values] = {}
    for each in fields(resolve_types(kind)):
        is_needed = each.default is NOTHING or each.name in NEVER_EMPTY
        group = needed if is_needed else optional
        group[each.alias] = values(each.type, each.name)
        whole[each.alias] = values(_told_type(each.type), each.name)

    def make(members: dict[str, Any]) -> Any:
        try:
            return kind(**members)
        except InvalidUse:
            reject()

    partial = st.fixed_dictionaries(needed, optional=optional)
    return st.one_of(partial, st.fixed_dictionaries(whole)).map(make)


def _told_type(kind: Any) -> Any:
    """Return a type without None and UNSET."""
    if get_origin(kind) not in (Union, UnionType):
        return kind
    return Union[tuple(each for each in get_args(kind) if each not in (NoneType, Unset))]  # noqa: UP007 - made at run time


@cache
def steps(name: str = "") -> Values:
    """Return a strategy for single steps of every kind that this package knows."""
    del name
    return st.one_of(*(built(kind) for kind in get_args(AnyStep) if kind is not UnknownStep))


@cache
def trees() -> Values:
    """Return a strategy for nested steps, as a caller writes them: without ids."""
    kinds = [kind for kind in get_args(AnyStep) if kind not in (UnknownStep, Condition)]
    plain = st.one_of(*map(built, kinds)).map(lambda step: step.without_ids())
    level = st.lists(plain, min_size=1, max_size=2).map(tuple)

    def forked(inner: Values) -> Values:
        fork = st.builds(
            Condition,
            wait_in_minutes=st.integers(0, 90),
            conditions=values(_CONDITIONS, "conditions"),
            if_positive=inner,
            if_negative=st.one_of(st.just(()), inner),
        )
        return st.tuples(level, fork).map(lambda both: (*both[0], both[1]))

    return st.recursive(level, forked, max_leaves=3)


_CONDITIONS: Final = fields(resolve_types(Condition)).conditions.type


def _limit_values(least: int, most: int) -> Values:
    names = [each.name for each in fields(LinkedInLimitValues) if each.name != "extra"]
    return st.builds(LinkedInLimitValues, **dict.fromkeys(names, st.integers(least, most)))


def rows() -> Values:
    """Return a strategy for rows of an import, in both forms."""
    names = built(ContactRow)
    plain = st.fixed_dictionaries({"email": EMAILS, "First Name": WORDS}, optional={"city": TEXTS})
    return st.one_of(plain, names)


def _is_class(kind: Any, base: type) -> bool:
    return inspect.isclass(kind) and issubclass(kind, base)
