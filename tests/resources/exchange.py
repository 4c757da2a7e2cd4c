"""One call of a resource against told answers: what was sent, and what came back."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from functools import cache, partial
from itertools import count
from typing import Any

import jsonschema_rs
from aioresponses import CallbackResult
from attrs import define, field
from mocked_answers import mocked_answers
from models.samples import CONTRACT

from reply_async import ReplySession
from reply_async.events import RequestSent
from reply_async.pagination import Pager
from reply_async.requests import Request, Safety
from reply_async.transport.sender import Sender

Call = Callable[[Sender], Any]
Told = tuple[int, Any]

_keys = count()
SAFETY = {
    "read": Safety.READ,
    "terminal_state": Safety.STATE,
    "natural_key_upsert": Safety.UPSERT,
    "enrol": Safety.ENROL,
    "create": Safety.CREATE,
    "replace": Safety.REPLACE,
    "delete": Safety.DELETE,
    "send": Safety.SEND,
}


@define
class Exchange:
    """What one call sent, request by request, and its result or error."""

    sent: list[str] = field(factory=list)
    bodies: list[Any] = field(factory=list)
    requests: list[Request] = field(factory=list)
    queries: list[dict[str, str]] = field(factory=list)
    result: Any = None


async def exchange(call: Call, *answers: Told) -> Exchange:
    """Make a call whose requests get these answers, in this order."""
    seen, waiting = Exchange(), iter(answers)

    def answer(method: str, url: Any, **options: Any) -> CallbackResult:
        seen.sent.append(f"{method} {url.raw_path_qs}")
        seen.queries.append(dict(url.query))
        data = options.get("data")
        seen.bodies.append(None if data is None else json.loads(data.read()))
        status, payload = next(waiting)
        return CallbackResult(status=status, body=b"" if payload is None else _json(payload))

    def note(event: Any) -> None:
        if isinstance(event, RequestSent):
            seen.requests.append(event.request)

    with mocked_answers() as mocked:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            mocked.add(_ANYWHERE, method, callback=partial(answer, method), repeat=True)
        # A key of its own is a budget of its own.
        async with ReplySession(f"emu_{next(_keys)}", base_url=_HOST, on_event=note) as session:
            result = call(session._sender)
            if isinstance(result, Pager):
                seen.result = await result.collect()
            elif isinstance(result, Awaitable):
                seen.result = await result
    assert [] == list(waiting), "answers that nobody asked for"
    return seen


def _json(payload: Any) -> bytes:
    return json.dumps(payload).encode()


_HOST = "http://127.0.0.1:9"
_ANYWHERE = re.compile(r"http://127\.0\.0\.1:9/.*")


@cache
def contract() -> dict[str, Any]:
    """Return the API's contract."""
    found: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return found


@cache
def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the contract's operations by verb and path template."""
    return {
        (method.upper(), path): operation
        for path, methods in contract()["paths"].items()
        for method, operation in methods.items()
        if isinstance(operation, dict) and "operationId" in operation
    }


def operations_of(*tags: str) -> set[str]:
    """Return the ids of the operations of some groups."""
    return {
        operation["operationId"]
        for operation in operations().values()
        if operation["tags"][0] in tags
    }


def item_errors(operation_id: str) -> list[dict[str, Any]]:
    """Return why one item of a bulk operation may be refused, by the contract."""
    found: list[dict[str, Any]] = next(
        operation["x-item-errors"]
        for operation in operations().values()
        if operation["operationId"] == operation_id
    )
    return found


def assert_fits(request: Request, body: Any, query: dict[str, str]) -> str:
    """Fail unless the contract takes a request; return the id of its operation.

    Covers the template, the query, the body, the safety and the budget.
    """
    operation = operations()[request.method, request.template]
    known = {each["name"] for each in map(_resolved, operation.get("parameters", []))}
    assert query.keys() | request.path.keys() <= known
    schema = _body_schema(operation)
    if body is None:
        assert not operation.get("requestBody", {}).get("required", False)
    else:
        assert schema is not None, "no body is known"
        errors = [
            f"{error.instance_path}: {error.message}"
            for error in _validator(json.dumps(schema)).iter_errors(body)
        ]
        assert [] == errors
    assert (operation["x-rate-class"] == "stats") is (request.rate_class.value == "stats")
    operation_id: str = operation["operationId"]
    return operation_id


def safety_of(request: Request) -> Safety:
    """Return the class that the contract gives the operation of a request."""
    return SAFETY[operations()[request.method, request.template]["x-safety"]]


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: dict[str, Any] = contract()["components"]["parameters"][part["$ref"].rsplit("/", 1)[1]]
    return found


def _body_schema(operation: dict[str, Any]) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {})
    schema: dict[str, Any] | None = content.get("application/json", {}).get("schema")
    return schema


@cache
def _validator(schema: str) -> Any:
    parts = {**json.loads(schema), "components": contract()["components"]}
    return jsonschema_rs.validator_for(parts)
