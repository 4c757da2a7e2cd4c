"""How a dialect shows an answer whose meaning is the same in all of them.

Handlers answer in the contract's default form; each function here turns that into the
form of one other variant. What a variant does differently stands with the operations.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reply_async.emulator.enum_words import in_pascal_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from reply_async.emulator.contract import Json, Operation
    from reply_async.emulator.dialects import Dialects

    Rendering = Callable[[Operation | None, int, Any], object]

OK, CREATED, BAD_REQUEST, UNAUTHORIZED, NOT_FOUND = 200, 201, 400, 401, 404


def render(operation: Operation | None, dialects: Dialects, status: int, content: object) -> object:
    """Return the body of an answer as a dialect has it; None for no body."""
    for rendering in _active(dialects):
        if content is None:
            return None
        content = rendering(operation, status, content)
    return content


@lru_cache(maxsize=256)
def _active(dialects: Dialects) -> tuple[Rendering, ...]:
    return tuple(
        rendering
        for (entry, variant), rendering in _RENDERINGS.items()
        if dialects[entry] == variant
    )


def _for_operations(entry: str, change: Callable[[Operation, Any], object]) -> Rendering:
    """Return a rendering of the good answers of the operations that an entry touches."""

    def rendering(operation: Operation | None, status: int, content: Any) -> object:  # noqa: ANN401 - JSON
        if operation is None or status not in {OK, CREATED} or not operation.is_touched_by(entry):
            return content
        return change(operation, content)

    return rendering


def _numbered(operation: Operation, failure: Json) -> Json:
    """Return a failure with the old number of its slug, if it had one."""
    numbers = {entry["slug"]: entry.get("legacy") for entry in operation.raw["x-item-errors"]}
    return {**failure, "error": numbers.get(failure["error"]) or failure["error"]}


def _numbered_failures(operation: Operation, failures: Json) -> Json:
    return {item: _numbered(operation, failure) for item, failure in failures.items()}


def _numbered_rows(operation: Operation, rows: list[Json]) -> list[Json]:
    return [_numbered(operation, row) for row in rows]


def _each_row(change: Callable[[Json], Json]) -> Callable[[Operation, Json], Json]:
    def of_page(_: Operation, page: Json) -> Json:
        return {**page, "items": [change(row) for row in page["items"]]}

    return of_page


def _without(*members: str) -> Callable[[Json], Json]:
    return lambda body: {name: value for name, value in body.items() if name not in members}


def _in_seconds(row: Json) -> Json:
    moment, offset = row["created"].split("+")
    return {**row, "created": f"{moment.split('.')[0]}+{offset}"}


def _without_empty(_: Operation, body: Json) -> Json:
    return body if body["notProcessed"] else _without("notProcessed")(body)


def _stub(_: Operation, sequence: Json) -> Json:
    kept = {name: sequence[name] for name in ("id", "name")}
    return {**kept, "status": "draft", "createdAt": sequence["created"]}


def _with_info(operation: Operation | None, status: int, content: Any) -> object:  # noqa: ANN401 - JSON
    if operation is None or status != OK or operation.raw.get("x-result") != "page":
        return content
    return {"items": content["items"], "info": {"hasMore": content["hasMore"]}}


def _without_extensions(_: Operation | None, status: int, content: Any) -> object:  # noqa: ANN401 - JSON
    return _without("extensions")(content) if status == BAD_REQUEST else content


def _empty_401(_: Operation | None, status: int, content: Any) -> object:  # noqa: ANN401 - JSON
    return None if status == UNAUTHORIZED and "code" not in content else content


def _empty_404(operation: Operation | None, status: int, content: Any) -> object:  # noqa: ANN401 - JSON
    """Show no body for a missing webhook, the one case told by operation."""
    is_webhook = operation is not None and "Webhooks" in operation.raw["tags"]
    return None if status == NOT_FOUND and is_webhook else content


# In the order in which they are applied: the later ones meet what the earlier ones gave.
_RENDERINGS: dict[tuple[str, str], Rendering] = {
    ("bulk_item_error", "integer"): _for_operations("bulk_item_error", _numbered_failures),
    ("create_item_error", "integer"): _for_operations("create_item_error", _numbered_rows),
    ("folder_link_item_error", "integer"): _for_operations(
        "folder_link_item_error", _numbered_failures
    ),
    ("list_health", "absent"): _for_operations("list_health", _each_row(_without("health"))),
    ("created_precision", "seconds"): _for_operations("created_precision", _each_row(_in_seconds)),
    ("bulk_add_not_processed_empty", "omitted"): _for_operations(
        "bulk_add_not_processed_empty", _without_empty
    ),
    ("whoami_body", "short"): _for_operations(
        "whoami_body", lambda _, body: _without("username", "teamId")(body)
    ),
    ("enum_casing", "pascal"): in_pascal_case,
    ("create_answer", "stub"): _for_operations("create_answer", _stub),
    ("page_envelope", "info"): _with_info,
    ("validation_extensions", "absent"): _without_extensions,
    ("auth_401_body", "empty"): _empty_401,
    ("missing_404_body", "empty"): _empty_404,
}
