"""A value that fits a schema: with all members, with the needed ones, or with nulls."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final

Json = dict[str, Any]
Resolve = Callable[[Json], Json]

TEXTS: Final = {
    "date-time": "2026-06-01T08:30:00+00:00",
    "date": "2026-06-01",
    "uuid": "0f8fad5b-d9cd-469f-a165-70867728950e",
    "email": "ann@example.com",
    "uri": "https://example.com/a",
}


class Fill(Enum):
    """How much of an object is there."""

    ALL = "all"
    NEEDED = "needed"
    NULLS = "nulls"  # all members, null wherever that is allowed


def instance(schema: Json, resolve: Resolve, fill: Fill | None = None) -> Any:
    """Return a value that fits a schema, by default with all members."""
    return _value(schema, resolve, fill or Fill.ALL)


def _value(schema: Json, resolve: Resolve, fill: Fill) -> Any:
    schema = _merged(schema, resolve)
    kinds = _kinds(schema)
    if fill is Fill.NULLS and ("null" in kinds or None in schema.get("enum", ())):
        return None
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            options = [_merged(each, resolve) for each in schema[choice]]
            if fill is Fill.NULLS and any("null" in _kinds(each) for each in options):
                return None
            return _value(next(x for x in options if _kinds(x) != ["null"]), resolve, fill)
    return _of_kind(next((kind for kind in kinds if kind != "null"), None), schema, resolve, fill)


def _of_kind(kind: str | None, schema: Json, resolve: Resolve, fill: Fill) -> Any:
    match kind:
        case "object":
            return _object(schema, resolve, fill)
        case "array":
            count = max(schema.get("minItems", 0), 1)
            return [_value(schema.get("items", {}), resolve, fill)] * count
        case "integer" | "number":
            return schema.get("minimum", 7)
        case "boolean":
            return True
        case "string":
            kind = "date-time" if "pattern" in schema else schema.get("format", "")
            text = TEXTS.get(kind, "text")  # the only pattern of an answer is that of times
            return text.ljust(schema.get("minLength", 0), "x")
    return "text"


def _object(schema: Json, resolve: Resolve, fill: Fill) -> Json:
    members: Json = schema.get("properties", {})
    needed = schema.get("required", ())
    made = {
        name: _value(each, resolve, fill)
        for name, each in members.items()
        if fill is not Fill.NEEDED or name in needed
    }
    free = schema.get("additionalProperties")
    if isinstance(free, dict) and not members and fill is not Fill.NEEDED:
        made["456"] = _value(free, resolve, fill)
    return made


def _kinds(schema: Json) -> list[str]:
    kinds = schema.get("type", "object" if "properties" in schema else [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _merged(schema: Json, resolve: Resolve) -> Json:
    """Return a schema with its references followed and its parts put together."""
    schema = resolve(schema)
    whole = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema.get("allOf", ()):
        merged = _merged(part, resolve)
        members = {**merged.get("properties", {}), **whole.get("properties", {})}
        needed = [*merged.get("required", ()), *whole.get("required", ())]
        whole = {**merged, **whole, "properties": members, "required": needed}
    return whole
