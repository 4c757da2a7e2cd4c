"""The API's contract as a judge: covered operations, their requests, and sample answers.

Reads the contract file alone. It shares nothing with the package but that file, so that
a mistake of the package cannot hide in here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

import jsonschema_rs
from attrs import field, frozen
from conformance.instances import Fill, instance

Json = dict[str, Any]

COVERED: Final = (
    "Sequences",
    "Sequence Steps",
    "Sequence Templates",
    "Sequence Folders",
    "Sequence Contacts",
    "Sequence Email Accounts",
    "Sequence LinkedIn Accounts",
    "Contacts",
    "Custom Fields",
    "Contact Lists",
    "Email Accounts",
    "LinkedIn Accounts",
    "Schedules",
    "Holiday Calendars",
    "Email Templates",
    "Attachments",
    "Webhooks",
    "Background Jobs",
    "User Account",
)
METHODS: Final = ("get", "post", "put", "patch", "delete")
# In the default dialect (step_update_variant_id) a variant without an id is a new one.
VARIANTS_WITHOUT_ID: Final = frozenset(
    {
        "EmailVariantUpdate",
        "LinkedInVariantUpdate",
        "LinkedInConnectVariantUpdate",
        "InMailVariantUpdate",
    }
)
REDIRECT_TARGET: Final = "https://accounts.example.com/connect?state=1"
CSV: Final = "Name,Start date,End date\r\nNew year,2026-01-01,2026-01-01\r\n"


@frozen
class SampleAnswer:
    """A good answer of an operation; ``data`` is None where no body is promised."""

    status: int
    data: Any
    content_type: str | None = None


@frozen
class Operation:
    """One operation of the contract."""

    id: str
    method: str
    template: str
    raw: Json = field(repr=False, eq=False)

    def __str__(self) -> str:
        return self.id

    @property
    def group(self) -> str:
        """The tag that it is filed under."""
        return str(self.raw["tags"][0])

    @property
    def result(self) -> str:
        """The shape of its good answer."""
        return str(self.raw["x-result"])

    @property
    def stage(self) -> str:
        """How far the API's document commits itself: ga, beta, coming_soon, unconfirmed."""
        return str(self.raw["x-status"])

    @property
    def is_stats(self) -> bool:
        """Tell whether it draws on the budget of statistics."""
        return bool(self.raw["x-rate-class"] == "stats")

    def safety(self, body: Any) -> str:
        """Return the class of a call with this body, which a member of it may change."""
        for condition in self.raw.get("x-safety-when", ()):
            found = _at(body, condition["member"])
            is_met = found == condition["equals"] if "equals" in condition else found is not None
            if is_met:
                return str(condition["safety"])
        return str(self.raw["x-safety"])

    @cached_property
    def parameters(self) -> Mapping[tuple[str, str], Json]:
        """Its parameters by place and name."""
        entries = map(_resolved, self.raw.get("parameters", ()))
        return {(entry["in"], entry["name"]): entry for entry in entries}

    @property
    def body_types(self) -> Mapping[str, Json]:
        """The schema of its body by media type; empty if it takes none."""
        content = _resolved(self.raw.get("requestBody", {})).get("content", {})
        return {kind: entry["schema"] for kind, entry in content.items()}

    @property
    def success_status(self) -> int:
        """The status of its plain good answer."""
        return min(int(status) for status in self.raw["responses"] if status[0] in "23")

    def answer(self, fill: Fill | None = None) -> SampleAnswer:
        """Return the documented example, or with ``fill`` one made from the schema."""
        status = self.success_status
        if self.result == "redirect":
            return SampleAnswer(status, REDIRECT_TARGET)
        if self.result == "csv":  # the contract names no media type
            return SampleAnswer(status, CSV, "text/csv")
        content = _resolved(self.raw["responses"][str(status)]).get("content", {})
        for kind, entry in content.items():
            if fill is None and "example" in entry:
                return SampleAnswer(status, entry["example"], kind)
            return SampleAnswer(status, instance(entry["schema"], _resolved, fill), kind)
        return SampleAnswer(status, None)

    def answer_problems(self, answer: SampleAnswer) -> list[str]:
        """Say what in an answer is not as promised."""
        content = _resolved(self.raw["responses"][str(answer.status)]).get("content", {})
        if answer.content_type not in content:
            return ["a body is promised"] if content else []
        return _problems(_validator(_frozen(content[answer.content_type]["schema"])), answer.data)


@cache
def document() -> Json:
    """Return the whole contract."""
    text = files("reply_async.emulator").joinpath("data/openapi.json").read_bytes()
    found: Json = json.loads(text)
    return found


@cache
def all_operations() -> Mapping[tuple[str, str], Operation]:
    """Return every operation of the contract by verb and path template."""
    return {
        (method.upper(), template): Operation(
            entry[method]["operationId"], method.upper(), template, entry[method]
        )
        for template, entry in document()["paths"].items()
        for method in METHODS
        if method in entry
    }


@cache
def covered() -> Mapping[str, Operation]:
    """Return the operations that the package covers, by id."""
    found = (each for each in all_operations().values() if each.group in COVERED)
    return {operation.id: operation for operation in found}


def path_problems(operation: Operation, values: Mapping[str, str]) -> list[str]:
    """Say what in the values of a path the contract does not allow."""
    wanted = {part[1:-1] for part in operation.template.split("/") if part.startswith("{")}
    if wanted != values.keys():
        return [f"path: {sorted(values)} fill {sorted(wanted)}"]
    return _value_problems(operation, "path", values)


def query_problems(operation: Operation, values: Mapping[str, str]) -> list[str]:
    """Say what in a query the contract does not allow."""
    parameters = operation.parameters
    needed = {name for (place, name), each in parameters.items() if place == "query"
              and each.get("required")}  # fmt: skip
    unknown = [f"query: no {name}" for name in values if ("query", name) not in parameters]
    missing = [f"query: {name} is missing" for name in needed - values.keys()]
    known = {name: text for name, text in values.items() if ("query", name) in parameters}
    return unknown + missing + _value_problems(operation, "query", known)


def body_problems(operation: Operation, body: Any, content_type: str) -> list[str]:
    """Say what in a body the contract does not allow; members that it does not know too."""
    media_type = content_type.partition(";")[0]
    if body is None:
        is_needed = _resolved(operation.raw.get("requestBody", {})).get("required", False)
        return ["body: is missing"] if is_needed else []
    schema = operation.body_types.get(media_type)
    if schema is None:
        return [f"body: {media_type} is not one of {sorted(operation.body_types)}"]
    return [f"body{text}" for text in _problems(_validator(_frozen(schema), is_sent=True), body)]


def _value_problems(operation: Operation, place: str, values: Mapping[str, str]) -> list[str]:
    return [
        f"{place} {name}: {text}"
        for name, value in values.items()
        if (schema := operation.parameters[place, name]["schema"])
        for text in _problems(_validator(_frozen(schema)), _parsed(schema, value))
    ]


def _parsed(schema: Json, text: str) -> Any:
    """Return the value that a text of a path or a query stands for."""
    kind = _resolved(schema).get("type")
    if kind == "integer" and text.removeprefix("-").isdecimal():
        return int(text)
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text


def _problems(validator: Any, value: Any) -> list[str]:
    return [
        f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(value)
    ]


def _resolved(node: Json) -> Json:
    while "$ref" in node:
        target: Any = document()
        for part in node["$ref"].split("/")[1:]:
            target = target[part]
        node = target
    return node


def _at(body: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        body = body.get(part) if isinstance(body, dict) else None
    return body


def _frozen(schema: Json) -> str:
    return json.dumps(schema, sort_keys=True)


@cache
def _validator(schema: str, *, is_sent: bool = False) -> Any:
    """Compile a schema with the named ones that it needs; one that is sent is closed."""
    root: Json = json.loads(schema)
    known = document()["components"]["schemas"]
    needed: dict[str, Json] = {}
    waiting = list(_named(root))
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = known[name]
            waiting.extend(_named(known[name]))
    if is_sent:
        root = {**_closed_inside(root), "unevaluatedProperties": False}
        needed = {name: _relaxed(name, _closed_inside(each)) for name, each in needed.items()}
    whole = {**root, "components": {"schemas": needed}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def _relaxed(name: str, schema: Json) -> Json:
    if name not in VARIANTS_WITHOUT_ID:
        return schema
    return {**schema, "required": [each for each in schema["required"] if each != "id"]}


def _closed(schema: Json | bool) -> Json | bool:
    """Allow no members but those that some part of the schema names."""
    return (
        schema
        if isinstance(schema, bool)
        else {**_closed_inside(schema), "unevaluatedProperties": False}
    )


def _closed_inside(schema: Json) -> Json:
    """Close what is inside of a schema; where it is used decides about itself."""
    closed = dict(schema)
    if "properties" in schema:
        closed["properties"] = {name: _closed(each) for name, each in schema["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            closed[key] = _closed(schema[key])
    for key in ("oneOf", "anyOf", "allOf"):
        if key in schema:
            closed[key] = [_closed_inside(each) for each in schema[key]]
    return closed


def _named(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value.rsplit("/", 1)[-1]
            else:
                yield from _named(value)
    elif isinstance(node, list):
        for value in node:
            yield from _named(value)
