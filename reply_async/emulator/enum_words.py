"""The enum words of the older answers: PascalCase where the contract knows of it.

Which members of an answer hold such words follows from the schema of the answer; the
words themselves stand there as `x-legacy-values`, where they are known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field

if TYPE_CHECKING:
    from reply_async.emulator.contract import Contract, Json, Operation

_UNION_WORDS = {"type": "StepType", "actionType": "LinkedInActionType"}


@define
class _Words:
    """What to rename at one place of an answer, and below it."""

    words: dict[str, str] = field(factory=dict)
    members: dict[str, _Words] = field(factory=dict)
    entries: _Words | None = None  # of a list, or of an object with any names

    def renamed(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """Return a value with the older words."""
        if isinstance(value, str):
            return self.words.get(value, value)
        if isinstance(value, list) and self.entries is not None:
            return [self.entries.renamed(entry) for entry in value]
        if isinstance(value, dict):
            return {name: self._of(name).renamed(entry) for name, entry in value.items()}
        return value

    def _of(self, name: str) -> _Words:
        return self.members.get(name) or self.entries or _NOTHING


_NOTHING = _Words()


def in_pascal_case(operation: Operation | None, status: int, content: Any) -> object:  # noqa: ANN401 - JSON
    """Return an answer with the older words in all members that have any."""
    if operation is None:
        return content
    if status not in operation.enum_words:
        words = _Words()
        schema = operation.response_schema(status)
        if schema is not None:
            _learn(operation.contract, schema, words, frozenset())
        operation.enum_words[status] = words
    return operation.enum_words[status].renamed(content)


def _learn(contract: Contract, schema: Json, into: _Words, above: frozenset[str]) -> None:
    """Collect the words of a schema; ``above`` are the named ones that it stands in."""
    name = schema.get("$ref", "")
    if name:
        if name not in above:
            _learn(contract, contract.resolve(schema), into, above | {name})
        return
    if "x-legacy-values" in schema:
        into.words |= _older_words(schema)
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(keyword, ()):
            _learn(contract, part, into, above)
    members = dict(schema.get("properties", {}))
    for member in schema.get("x-discriminators", ()):  # constants in each kind of the union
        members[member] = {"$ref": f"#/components/schemas/{_UNION_WORDS[member]}"}
    for member, part in members.items():
        _learn(contract, part, into.members.setdefault(member, _Words()), above)
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            into.entries = into.entries or _Words()
            _learn(contract, schema[keyword], into.entries, above)


def _older_words(schema: Json) -> dict[str, str]:
    """Return today's words with the older ones; those that are not listed follow the rule."""
    listed = {_folded(word): word for word in reversed(schema["x-legacy-values"])}
    return {word: listed.get(_folded(word), word[:1].upper() + word[1:]) for word in schema["enum"]}


def _folded(word: str) -> str:
    return word.casefold().replace("_", "")
