"""The contract as data: operations, routes, and compiled schemas.

Reads ``data/openapi.json`` once. Everything that costs time (resolving an
operation, compiling a schema) happens on first use, so that the server starts
quickly. Knows nothing of HTTP libraries and nothing of the emulator's state.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import jsonschema_rs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    Change = Callable[["Json"], "Json"]

METHODS = ("get", "post", "put", "patch", "delete")

Json = dict[str, Any]

MAX_INT64 = 2**63 - 1  # the schemas tell the largest of them by their format alone


@dataclass(frozen=True)
class Parameter:
    """One path or query parameter of an operation."""

    name: str
    place: str
    is_required: bool
    schema: Json

    @cached_property
    def validator(self) -> Any:  # noqa: ANN401 - the library's validator has no public base type
        """Return the compiled schema of the value."""
        return jsonschema_rs.Draft202012Validator(self.schema, validate_formats=True)


@dataclass(frozen=True)
class Operation:
    """One operation of the contract, with its schemas compiled on demand."""

    id: str
    method: str
    template: str
    raw: Json = field(repr=False)
    contract: Contract = field(repr=False)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Return the path and query parameters, references resolved."""
        found = (self.contract.resolve(entry) for entry in self.raw.get("parameters", ()))
        return tuple(
            Parameter(
                entry["name"],
                entry["in"],
                bool(entry.get("required")),
                _bounded(self.contract.resolve(entry["schema"])),
            )
            for entry in found
            if entry["in"] in {"path", "query"}
        )

    @cached_property
    def path_names(self) -> tuple[str, ...]:
        """Return the names of the path parameters from left to right."""
        return tuple(part[1:-1] for part in self.template.split("/") if part.startswith("{"))

    @cached_property
    def takes_body(self) -> bool:
        """Tell whether the operation reads a body."""
        return "requestBody" in self.raw

    @cached_property
    def body_type(self) -> str:
        """Return the media type of the request body, JSON or a form with a file."""
        return str(next(iter(self.raw["requestBody"]["content"])))

    @cached_property
    def is_read(self) -> bool:
        """Tell whether the operation changes nothing."""
        return bool(self.raw["x-safety"] == "read")

    @cached_property
    def item_array(self) -> str | None:
        """Return the member of the body that holds the items of a call over many.

        It is empty where the body itself is the array, None for other calls.
        """
        if "x-chunk" not in self.raw:
            return None
        schema = self.raw["requestBody"]["content"]["application/json"]["schema"]
        return next(self._arrays(schema), None)

    def _arrays(self, schema: Json | bool) -> Iterator[str]:
        if isinstance(schema, bool):
            return
        schema = self.contract.resolve(schema)
        if schema.get("type") == "array":
            yield ""
        for part in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
            yield from self._arrays(part)
        for name, member in schema.get("properties", {}).items():
            if "" in self._arrays(member):
                yield name

    @cached_property
    def body_validators(self) -> dict[Any, Any]:
        """Return the compiled schemas of the request body, by what a dialect changes in it."""
        return {}

    @cached_property
    def enum_words(self) -> dict[int, Any]:
        """Return what the older enum words change in the answers, by status."""
        return {}

    def is_touched_by(self, entry: str) -> bool:
        """Tell whether an entry of the dialects is about this operation."""
        return entry in self.raw.get("x-dialect-keys", ())

    @cached_property
    def success_status(self) -> int:
        """Return the status of a plain good answer."""
        return min(int(status) for status in self.raw["responses"] if status.startswith("2"))

    @cached_property
    def samples(self) -> dict[str, str]:
        """Return the documented validation texts by pointer."""
        return {entry["pointer"]: entry["detail"] for entry in self.raw.get("x-validation", ())}

    def code(self, status: int, variant: str) -> str | None:
        """Return the documented code of a refusal, for example `invalidSort`."""
        codes: list[str] = self.raw.get("x-errors", {}).get(str(status), [])
        return next((code for code in codes if code.split(".")[-1] == variant), None)

    def response_schema(self, status: int) -> Json | None:
        """Return the schema of the JSON body promised with a status."""
        entry = self.raw["responses"].get(str(status))
        if entry is None:
            return None
        for content in self.contract.resolve(entry).get("content", {}).values():
            schema: Json | None = content.get("schema")
            return schema
        return None


class Contract:
    """The whole document: look up operations, match routes, compile schemas."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self._schemas: Json = document["components"]["schemas"]
        self._raw: dict[str, tuple[str, str, Json]] = {}
        self._operations: dict[str, Operation] = {}
        self._routes: Json = {}
        for template, item in document["paths"].items():
            node = self._routes
            for part in template.split("/")[1:]:
                node = node.setdefault("{}" if part.startswith("{") else part, {})
            for method in METHODS:
                if method in item:
                    operation_id = item[method]["operationId"]
                    self._raw[operation_id] = (method.upper(), template, item[method])
                    node.setdefault("", {})[method.upper()] = operation_id

    def operation(self, operation_id: str) -> Operation:
        """Return an operation by its id."""
        found = self._operations.get(operation_id)
        if found is None:
            method, template, raw = self._raw[operation_id]
            found = Operation(operation_id, method, template, raw, self)
            self._operations[operation_id] = found
        return found

    @property
    def operation_ids(self) -> Collection[str]:
        """Return the ids of all operations."""
        return self._raw

    @cached_property
    def templates(self) -> dict[str, dict[str, str]]:
        """Return the operation ids by method of each path template."""
        found: dict[str, dict[str, str]] = {}
        for operation_id, (method, template, _) in self._raw.items():
            found.setdefault(template, {})[method] = operation_id
        return found

    def match(self, raw_path: str) -> tuple[dict[str, str], list[str]] | None:
        """Return operation ids by method and the variable parts of a path.

        Literal segments win over parameters, as the contract asks for.
        """
        return _match(self._routes, [unquote(part) for part in raw_path.split("/")[1:]])

    def resolve(self, node: Json) -> Json:
        """Follow references until something else than a reference is found."""
        while "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].split("/")[1:]:
                target = target[part]
            node = target
        return node

    def compile(self, schema: Json, *, changes: Mapping[str, Change] | None = None) -> Any:  # noqa: ANN401 - the library's validator has no public base type
        """Compile a schema together with the named schemas it needs.

        ``changes``, given for requests, rewrite named schemas. In requests a union is
        told apart by its discriminators first, so that an error names a member of the
        intended kind.
        """
        needed = {name: self._schemas[name] for name in self._closure(schema)}
        if changes is not None:
            changed = {name: change(needed[name]) for name, change in changes.items()}
            needed = {name: self._without_union(entry) for name, entry in needed.items()}
            needed |= changed
            schema, needed = _bounded(schema), _bounded(needed)
        whole = {**schema, "components": {"schemas": needed}}
        return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)

    def _closure(self, schema: Json) -> set[str]:
        names: set[str] = set()
        waiting = list(_references(schema))
        while waiting:
            name = waiting.pop()
            if name not in names:
                names.add(name)
                waiting.extend(_references(self._schemas[name]))
        return names

    def _without_union(self, schema: Json) -> Json:
        if "x-discriminators" not in schema:
            return schema
        kinds: dict[str, dict[str, Json]] = {}
        for entry in schema["oneOf"]:
            members = self.resolve(entry)["properties"]
            action = members.get("actionType", {}).get("const", "")
            kinds.setdefault(members["type"]["const"], {})[action] = entry
        return {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"enum": list(kinds)}},
            "allOf": [_kind(name, entries) for name, entries in kinds.items()],
        }


def _bounded(node: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return a schema in which the format int64 is a limit; validators leave it out."""
    if isinstance(node, list):
        return [_bounded(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    limit = {"maximum": MAX_INT64} if node.get("format") == "int64" else {}
    return {**limit, **{name: _bounded(entry) for name, entry in node.items()}}


def _kind(name: str, entries: dict[str, Json]) -> Json:
    """Return the rule for one `type`, split by `actionType` where it has several."""
    condition = {"properties": {"type": {"const": name}}, "required": ["type"]}
    if list(entries) == [""]:
        return {"if": condition, "then": entries[""]}
    rules = [
        {
            "if": {"properties": {"actionType": {"const": action}}, "required": ["actionType"]},
            "then": entry,
        }
        for action, entry in entries.items()
    ]
    then = {
        "required": ["actionType"],
        "properties": {"actionType": {"enum": list(entries)}},
        "allOf": rules,
    }
    return {"if": condition, "then": then}


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value.rsplit("/", 1)[-1]
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _match(node: Json, parts: list[str]) -> tuple[dict[str, str], list[str]] | None:
    if not parts:
        return (node[""], []) if "" in node else None
    head, rest = parts[0], parts[1:]
    if head in node and head != "":
        found = _match(node[head], rest)
        if found is not None:
            return found
    if "{}" in node and head != "":
        found = _match(node["{}"], rest)
        if found is not None:
            return found[0], [head, *found[1]]
    return None


@lru_cache(maxsize=1)
def load_contract() -> Contract:
    """Return the packaged contract, read once for the whole process."""
    text = files("reply_async.emulator").joinpath("data/openapi.json").read_bytes()
    return Contract(json.loads(text))
