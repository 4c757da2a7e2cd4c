"""From parsed JSON to the typed objects of ``models``, and back.

The one home of cattrs. Reading is strict about what a value is (text never becomes a
number) and tolerant about what an answer holds: unknown members, words and kinds of
steps, and the names of older answers. Writing never sends ``UNSET``. There is no JSON
text and no I/O here, and no value of an answer ever gets into an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin

from attrs import Attribute, evolve, fields, frozen, has, resolve_types
from cattrs import Converter

from reply_async.errors import InvalidUse
from reply_async.made_reader import Kind, Member, Read, make_reader
from reply_async.models.bulk_items import ItemFailure
from reply_async.models.contacts import CompanySize, ContactRow, CustomFieldValues
from reply_async.models.sequences import Sequence, SequenceDraft, SequenceListItem
from reply_async.models.step_tree import flatten
from reply_async.models.steps import (
    AnyStep,
    Email,
    EmailVariant,
    InMailVariant,
    LinkedInVariant,
    Step,
    StepVariant,
    UnknownStep,
)
from reply_async.unset import UNSET, Unset

T = TypeVar("T")
Variant = EmailVariant | LinkedInVariant | InMailVariant | StepVariant

_SPELLED: Final = {"linkedin": "linkedIn", "whatsapp": "whatsApp"}
_OLDER: Final = {"ownerUserId": "ownerId", "created": "createdAt"}
_OLDER_NAMES: Final[Mapping[type, Mapping[str, str]]] = {SequenceListItem: _OLDER, Sequence: _OLDER}
_NOT_ON_THE_WIRE: Final = frozenset({"extra", "raw", "if_positive", "if_negative"})
_JSON_NAMES: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "a boolean",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


class DecodeError(Exception):
    """A value is not what the API promises; ``where`` is such as ``$.steps[1].type``.

    ``problem`` names kinds of values, never a value of the answer.
    """

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(where, problem)
        self.where, self.problem = where, problem

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


def camel(name: str) -> str:
    """Return the server's spelling of a field name."""
    first, *rest = (_SPELLED.get(word, word) for word in name.split("_"))
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def decode(data: object, kind: type[T], where: str = "$") -> T:
    """Return parsed JSON as an object of ``kind``, or raise DecodeError.

    ``where`` is the place of ``data`` in the answer, for the error.
    """
    value: T = _decode(data, kind, where)
    return value


def decode_list(data: object, kind: type[T], where: str = "$") -> tuple[T, ...]:
    """Return a parsed JSON list as objects of ``kind``, or raise DecodeError."""
    items: tuple[T, ...] = _decode(data, tuple[kind, ...], where)  # type: ignore[valid-type] # known at run time
    return items


def decode_step(data: object, where: str = "$") -> AnyStep:
    """Return one parsed step as the class of its kind, or raise DecodeError."""
    step: AnyStep = _decode(data, AnyStep, where)
    return step


def decode_steps(data: object, where: str = "$") -> tuple[AnyStep, ...]:
    """Return the parsed steps of a sequence, or raise DecodeError."""
    steps: tuple[AnyStep, ...] = _decode(data, tuple[AnyStep, ...], where)
    return steps


def decode_map(data: object, kind: type[T], where: str = "$") -> Mapping[str, T]:
    """Return a parsed JSON object whose names are free, or raise DecodeError."""
    items: Mapping[str, T] = _decode(data, Mapping[str, kind], where)  # type: ignore[valid-type] # known at run time
    return items


def decode_failures(data: object, where: str = "$") -> Mapping[int, ItemFailure]:
    """Return the failures of a bulk answer by id; whatever is absent succeeded."""
    failures: Mapping[int, ItemFailure] = _decode(data, Mapping[int, ItemFailure], where)
    return failures


def _decode(data: object, kind: Kind, where: str) -> Any:  # noqa: ANN401 - whatever kind says
    try:
        return _converter.structure(data, kind)
    except _Mismatch as mismatch:
        error = DecodeError(where + "".join(reversed(mismatch.places)), mismatch.problem)
    raise error  # outside the handler, so that no inner error hangs on it


class _Mismatch(Exception):
    """What is wrong; each reader that it passes adds its place, innermost first."""

    def __init__(self, problem: str, *places: str) -> None:
        super().__init__(problem)
        self.problem, self.places = problem, list(places)


def _unexpected(promised: str, value: object, *places: str) -> _Mismatch:
    got = _JSON_NAMES.get(type(value), type(value).__name__)
    return _Mismatch(f"{promised} is promised, not {got}", *places)


def _reader(promised: str, *kinds: type) -> Read:
    """Read values of exactly these types: to isinstance a bool would be an int."""

    def read(value: object, _: Kind) -> object:
        if type(value) not in kinds:
            raise _unexpected(promised, value)
        return value

    return read


_PLAIN: Final[Mapping[type, str]] = {str: "text", bool: "a boolean", int: "a whole number"}
_read_number: Final = _reader("a number", float, int)
_read_text: Final = _reader("text", str)
_read_time_text: Final = _reader("a date and time", str)
_read_date_text: Final = _reader("a date", str)
_read_list: Final = _reader("a list", list)
_read_object: Final = _reader("an object", dict)


def _read_float(value: object, kind: Kind) -> float:
    try:
        return float(_read_number(value, kind))
    except OverflowError:
        raise _Mismatch("the number is too large") from None


def _read_time(value: object, kind: Kind) -> datetime:
    try:
        time = datetime.fromisoformat(_read_time_text(value, kind))
    except ValueError:
        raise _Mismatch("the text is no date and time") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _read_date(value: object, kind: Kind) -> date:
    try:
        return date.fromisoformat(_read_date_text(value, kind))
    except ValueError:
        raise _Mismatch("the text is no date") from None


def _normal(word: str) -> str:
    return word.replace("_", "").casefold()


def _words_of(enum: type[StrEnum]) -> dict[str, StrEnum]:
    return {_normal(member): member for member in enum} | {str(member): member for member in enum}


def _word_reader(enum: type[StrEnum]) -> Read:
    words = _words_of(enum)

    def read(value: object, kind: Kind) -> str:
        word: str = _read_text(value, kind)
        found = words.get(word)
        return words.get(_normal(word), word) if found is None else found

    return read


def _union_reader(kind: Kind, converter: Converter) -> Read:
    """Read ``X | None``, ``X | Unset``, ``Enum | str`` and what combines them."""
    options = [option for option in get_args(kind) if option not in (type(None), Unset)]
    inner, takes_null = options[0], type(None) in get_args(kind)
    if options == [inner] and inner in _PLAIN and takes_null:
        return _reader(_PLAIN[inner], inner, type(None))  # by far the most frequent
    if options == [str, int]:
        read = _reader("text or a whole number", str, int)
    elif len(options) > 1:  # an enum, and text for words that are newer than it
        read = _word_reader(inner)
    else:
        read = converter.get_structure_hook(inner)
    if not takes_null:
        return read
    return lambda value, _: None if value is None else read(value, inner)


def _tuple_reader(kind: Kind, converter: Converter) -> Read:
    item_kind = get_args(kind)[0]
    read_item = converter.get_structure_hook(item_kind)

    def read(value: object, kind: Kind) -> tuple[object, ...]:
        items: list[object] = []
        try:
            for item in _read_list(value, kind):
                items.append(read_item(item, item_kind))  # noqa: PERF401 - its length is the place
        except _Mismatch as mismatch:
            if type(value) is list:
                mismatch.places.append(f"[{len(items)}]")
            raise
        return tuple(items)

    return read


def _mapping_reader(kind: Kind, converter: Converter) -> Read:
    key_kind, item_kind = get_args(kind)
    read_item = converter.get_structure_hook(item_kind)

    def read(value: object, kind: Kind) -> dict[object, object]:
        items: dict[object, object] = {}
        for name, item in _read_object(value, kind).items():
            key = _read_id(name) if key_kind is int else name
            try:
                items[key] = read_item(item, item_kind)
            except _Mismatch as mismatch:
                mismatch.places.append(".*")  # a name can be a person's word, hence not told
                raise
        return items

    return read


def _read_id(name: str) -> int:
    if name.isascii() and name.isdecimal() and len(name) <= 19:  # noqa: PLR2004 - digits of 2**63
        return int(name)
    raise _Mismatch("a name is no id", ".*")


@frozen
class _CustomFieldPair:
    key: str
    value: str | None = None


def _read_custom_fields(value: object, _: Kind) -> CustomFieldValues:
    pairs = _converter.structure(value, tuple[_CustomFieldPair, ...])
    return {pair.key: pair.value for pair in pairs}


def _member(each: Attribute[Any], older_names: Mapping[str, str], converter: Converter) -> Member:
    kind, wire = each.type, camel(each.name)
    options = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    inner, *others = (option for option in options if option not in (type(None), Unset))
    enum = inner if isinstance(inner, type) and issubclass(inner, StrEnum) else None
    return Member(
        name=each.name,
        wire=wire,
        older=older_names.get(wire, wire),
        kind=kind,
        read=converter.get_structure_hook(kind),
        default=each.default,
        takes_null=type(None) in options,
        is_part=get_origin(kind) in (tuple, Mapping) or (isinstance(kind, type) and has(kind)),
        plain=inner if inner in _PLAIN and not others else None,
        words=None if enum is None else {str(word): word for word in enum},
    )


def _class_reader(kind: Kind, converter: Converter) -> Read:
    """Read a class: the usual answer by a reader made for it, any other field by field.

    Unknown members go to ``extra``, if the class has one.
    """
    older_names = _OLDER_NAMES.get(kind, {})
    members = [
        _member(each, older_names, converter)
        for each in fields(resolve_types(kind))
        if each.name not in _NOT_ON_THE_WIRE
    ]
    known = {member.wire for member in members} | _constants(kind).keys()
    keeps_extra = any(each.name == "extra" for each in fields(kind))

    def read(value: object, _: Kind) -> object:
        data = _read_object(value, kind)
        values: dict[str, object] = {}
        for member in members:
            wire = member.wire if member.wire in data else member.older
            if wire in data:
                item = data[wire]
                # null where a list or an object is promised means that nothing is there
                if item is None and member.is_part and not member.is_needed:
                    continue
                try:
                    values[member.name] = member.read(item, member.kind)
                except _Mismatch as mismatch:
                    mismatch.places.append(f".{wire}")
                    raise
            elif member.is_needed:
                raise _Mismatch("is missing", f".{wire}")
        if keeps_extra and not data.keys() <= known:
            values["extra"] = {name: item for name, item in data.items() if name not in known}
        return kind(**values)

    return make_reader(kind, members, read, _Mismatch, known if keeps_extra else None)


def _constants(kind: Kind) -> dict[str, str]:
    """Return the members that the class of a step decides."""
    if not issubclass(kind, Step) or kind is UnknownStep:
        return {}
    step: Kind = kind
    action = {"actionType": step.action_type} if step.type == "linkedIn" else {}
    return {"type": step.type, **action}


def _step_key(kind: str, action: object) -> tuple[str, str | None]:
    """Only LinkedIn tells its kinds apart by action; a task has one class for all."""
    if (key := _normal(kind)) != "linkedin":
        return key, None
    return key, _normal(action) if isinstance(action, str) else None


_STEP_KINDS: Final[Mapping[tuple[str, str | None], type[Step]]] = {
    _step_key(kind.type, getattr(kind, "action_type", None)): kind
    for kind in get_args(AnyStep)
    if kind is not UnknownStep
}


def _read_step(value: object, kind: Kind) -> Step:
    data: dict[str, Any] = _read_object(value, kind)
    if "type" not in data:
        raise _Mismatch("is missing", ".type")
    if type(data["type"]) is not str:
        raise _unexpected("text", data["type"], ".type")
    step_kind = _STEP_KINDS.get(_step_key(data["type"], data.get("actionType")))
    return _step_readers()[step_kind](data, step_kind) if step_kind else _unknown_step(data)


@cache
def _step_readers() -> Mapping[type[Step], Read]:
    return {kind: _converter.get_structure_hook(kind) for kind in _STEP_KINDS.values()}


def _unknown_step(data: Mapping[str, Any]) -> UnknownStep:
    """Read what can be read; a step newer than this package is not wrong."""

    def told(name: str, kind: type[T]) -> T | None:
        value = data.get(name)
        return value if type(value) is kind else None

    return UnknownStep(
        type=data["type"],
        action_type=told("actionType", str),
        id=told("id", int),
        parent_id=told("parentId", int),
        if_condition_positive=told("ifConditionPositive", bool),
        delay_in_minutes=told("delayInMinutes", int) or 0,
        raw=data,
    )


def encode(value: object) -> Any:  # noqa: ANN401 - JSON is anything
    """Return an object as JSON values, without what is UNSET or was not told.

    None is sent as null only where UNSET could have stood instead.
    """
    return _converter.unstructure(value)


def encode_time(value: datetime, argument: str) -> str:
    """Return a time in UTC with ``Z``, or raise InvalidUse if it has no offset."""
    if not isinstance(value, datetime):
        raise InvalidUse(argument, f"is no datetime but {type(value).__name__}")
    if value.tzinfo is None:
        raise InvalidUse(argument, "a time needs an offset, as datetime.now(UTC) has")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def encode_step(step: AnyStep, *, with_ids: bool = False) -> dict[str, Any]:
    """Return a step as it is created, or ``with_ids`` of its variants as it is replaced.

    The steps under it are not sent with it, nor its own id, which stands in the path. An
    unknown kind is replaced by all that was read of it.
    Raises: InvalidUse (a disabled e-mail variant cannot be created).
    """
    if isinstance(step, UnknownStep):
        return dict(step.raw) if with_ids else _new_unknown_step(step)
    left_out = {"hasAttachments"} if with_ids else {"hasAttachments", "id"}
    if isinstance(step, Email):
        left_out.add("isEnabled")  # switched by a call of its own
        if not with_ids and any(variant.is_enabled is False for variant in step.variants):
            raise InvalidUse("is_enabled", "an e-mail variant is created enabled; disable it then")
    body: dict[str, Any] = encode(step)
    body.pop("id", None)
    variants = body.pop("variants", [])
    if variants:  # older answers keep the texts elsewhere: wipe nothing
        body["variants"] = [
            {name: value for name, value in variant.items() if name not in left_out}
            for variant in variants
        ]
    return body


def _new_unknown_step(step: UnknownStep) -> dict[str, Any]:
    place = {"parentId": step.parent_id, "ifConditionPositive": step.if_condition_positive}
    told = {name: value for name, value in place.items() if value is not None}
    return {**step.without_ids().raw, **told}


def encode_variant(variant: Variant, *, with_id: bool = False) -> dict[str, Any]:
    """Return a variant as the calls for single variants take it."""
    body: dict[str, Any] = encode(variant)
    return body if with_id else _new_variant(body)


def _new_variant(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in ("id", "hasAttachments")}


def encode_draft(draft: SequenceDraft, step_count: int | None = None) -> dict[str, Any]:
    """Return the body that creates a sequence with its first ``step_count`` steps.

    Only steps of the first level fit into it, and None means all of these: a step of a
    branch names its parent by id. The others follow in ``flatten(draft.steps)``.
    Raises: InvalidUse (steps after a condition, or as in ``encode_step``).
    """
    plan = flatten(draft.steps)
    count = len(draft.steps) if step_count is None else step_count
    body = {name: value for name, value in encode(evolve(draft, steps=())).items() if value != []}
    return body | {"steps": [encode_step(planned.step) for planned in plan[:count]]}


_COMPANY_SIZES: Final = _words_of(CompanySize)


def encode_row(row: ContactRow, custom_field_member: str = "name") -> dict[str, Any]:
    """Return a row as an import or a patch takes it.

    Creating a contact names its custom fields by ``key`` instead of ``name``.
    """
    body: dict[str, Any] = encode(row)
    if row.custom_fields is not UNSET:
        body["customFields"] = [
            {custom_field_member: name, "value": value} for name, value in row.custom_fields.items()
        ]
    if isinstance(row.company_size, str):
        size = _COMPANY_SIZES.get(_normal(row.company_size), row.company_size)
        body["companySize"] = size[:1].upper() + size[1:]  # read as camelCase, written as Pascal
    return body


def _class_writer(kind: Kind, converter: Converter) -> Callable[[Any], dict[str, Any]]:
    """Write the fields of a class; what it does not know goes back as it came."""
    if kind is UnknownStep:
        return lambda step: dict(step.raw)
    members = [
        (each.name, camel(each.name), each.default is UNSET)
        for each in fields(kind)
        if each.name not in _NOT_ON_THE_WIRE
    ]
    constants = _constants(kind)

    def write(value: object) -> dict[str, Any]:
        body: dict[str, Any] = {**getattr(value, "extra", {}), **constants}
        for name, wire, can_be_null in members:
            item = getattr(value, name)
            if item is not UNSET and (item is not None or can_be_null):
                body[wire] = converter.unstructure(item)
        return body

    return write


def _make_converter() -> Converter:
    converter = Converter(detailed_validation=False)  # the readers name the place themselves
    origin: Callable[[Kind], Kind] = get_origin
    hook, hook_where, factory = (
        converter.register_structure_hook,
        converter.register_structure_hook_func,
        converter.register_structure_hook_factory,
    )
    for kind, promised in _PLAIN.items():
        hook(kind, _reader(promised, kind))
    hook(float, _read_float)
    hook(datetime, _read_time)
    hook(date, _read_date)
    factory(has, _class_reader)
    factory(lambda kind: origin(kind) is tuple, _tuple_reader)
    factory(lambda kind: origin(kind) is Mapping, _mapping_reader)
    factory(lambda kind: origin(kind) in (Union, UnionType), _union_reader)
    hook_where(lambda kind: kind == CustomFieldValues, _read_custom_fields)
    hook_where(lambda kind: kind == AnyStep, _read_step)
    converter.register_unstructure_hook_factory(has, _class_writer)
    converter.register_unstructure_hook(StrEnum, str)
    converter.register_unstructure_hook(tuple, lambda items: [encode(item) for item in items])
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook(datetime, lambda time: encode_time(time, "time"))
    return converter


_converter: Final = _make_converter()
