"""A plain client of the emulator, and the check of its answers."""

from __future__ import annotations

import io
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import aiohttp

from reply_async.emulator.contract import Contract, load_contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reply_async.emulator import Emulator
    from reply_async.emulator.contract import Operation
    from reply_async.emulator.dialects import Dialects
    from reply_async.emulator.requests_log import LoggedRequest

MONDAY = 1_799_657_999.0  # 2027-01-11, 08:59:59: a working day is about to begin

Json = Any


def with_older_words(node: Json) -> Json:
    """Return a part of the contract in which enums and kinds of steps have older words alone."""
    if isinstance(node, list):
        return [with_older_words(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    node = {name: with_older_words(entry) for name, entry in node.items()}
    if "x-legacy-values" in node:
        node["enum"] = [*node["x-legacy-values"], *(_capital(word) for word in node["enum"])]
    for member in ("type", "actionType"):
        kind = node.get("properties", {}).get(member, {})
        if "const" in kind:
            word = kind["const"]
            node["properties"][member] = {"enum": [_capital(word), word.upper()]}
    return node


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


@cache
def older_contract() -> Contract:
    """Return the contract with the older words."""
    return Contract(with_older_words(load_contract().document))


class Conformance:
    """Collects answers that break the response schema of their operation.

    Answers of another dialect are held against the older schemas and words that the
    contract has; a page is unwrapped, and where a body may be missing it may be.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.broken: list[str] = []
        self.seen: set[tuple[str, int]] = set()
        self._emulator = emulator
        self._validators: dict[tuple[str, int, Dialects], Any] = {}

    def check(self, request: LoggedRequest, headers: Mapping[str, str], body: bytes) -> None:
        """Validate one answer; 5xx and answers without a route have no schema."""
        if request.operation_id is None:
            return
        key = (request.operation_id, request.status)
        operation = self._emulator.contract.operation(request.operation_id)
        if str(request.status) not in operation.raw["responses"]:
            undocumented = operation.raw.get("x-undocumented-status", ())
            if request.status not in {405, 413, 415, 500, 501, *undocumented}:
                self.broken.append(f"{key}: status is not documented")
            return
        self.seen.add(key)
        schema = operation.response_schema(request.status)
        if schema is None:
            is_csv = operation.raw["x-result"] == "csv"
            if body and request.status < 500 and not is_csv:
                self.broken.append(f"{key}: a body where none is promised")
            return
        if not body and request.status in self._bodiless():
            return
        media_type = "application/json" if request.status < 400 else "application/problem+json"
        if headers["Content-Type"] != f"{media_type}; charset=utf-8":
            self.broken.append(f"{key}: {headers['Content-Type']}")
        dialects = self._emulator.dialects
        content = json.loads(body)
        if dialects["page_envelope"] == "info" and operation.raw["x-result"] == "page":
            content |= content.pop("info", {})
        if (*key, dialects) not in self._validators:
            self._validators[*key, dialects] = _validator(operation, request.status, dialects)
        self.broken += [
            f"{key}: {error.message} at {list(error.instance_path)}"
            for error in self._validators[*key, dialects].iter_errors(content)
        ]

    def _bodiless(self) -> set[int]:
        entries = {401: "auth_401_body", 404: "missing_404_body"}
        return {
            status for status, id_ in entries.items() if self._emulator.dialects[id_] == "empty"
        }


def _validator(operation: Operation, status: int, dialects: Dialects) -> Any:
    """Return the compiled schema of an answer as a dialect has it."""
    answer = operation.contract.resolve(operation.raw["responses"][str(status)])
    legacy = answer.get("x-legacy-schemas", {})
    is_pascal = dialects["enum_casing"] == "pascal"
    schema = operation.response_schema(status)
    if "stub" in legacy and dialects["create_answer"] == "stub":
        schema = {"$ref": legacy["stub"]}
    elif "pascal" in legacy and is_pascal:
        schema = {"$ref": legacy["pascal"]}
    assert schema is not None
    return (older_contract() if is_pascal else operation.contract).compile(schema)


class Api:
    """A plain HTTP client: method, path, JSON in; status and JSON out."""

    def __init__(self, emulator: Emulator, http: aiohttp.ClientSession) -> None:
        self._emulator, self._http = emulator, http
        self.headers: Mapping[str, str] = {}

    async def __call__(
        self, method: str, path: str, body: Json = None, **options: Any
    ) -> tuple[int, Json]:
        """Send a request with the key and return status and body."""
        headers = {"Authorization": f"Bearer {self._emulator.key}"}
        if "headers" in options:
            headers = options.pop("headers")
        url = self._emulator.url + path
        options.setdefault("allow_redirects", False)
        async with self._http.request(
            method, url, json=body, headers=headers, **options
        ) as response:
            self.headers = response.headers.copy()
            text = await response.text()
            is_csv = response.content_type == "text/csv"
            return response.status, (text if is_csv else json.loads(text)) if text else None

    async def upload(self, path: str, content: bytes, **options: str) -> tuple[int, Json]:
        """Send a file as the part `file`, or the part that `name` gives."""
        form = aiohttp.FormData(quote_fields=False)
        file = io.BytesIO(content)
        form.add_field(options.pop("name", "file"), file, **{"filename": "a.bin", **options})
        return await self("POST", path, data=form)

    async def ok(self, method: str, path: str, body: Json = None) -> Json:
        """Return the body of an answer that must be a success."""
        status, content = await self(method, path, body)
        assert status < 300, (status, content)
        return content

    async def control(self, method: str, path: str, body: Json = None) -> Json:
        """Talk to the control plane, without a key."""
        url = f"{self._emulator.url}/_emulator/{path}"
        async with self._http.request(method, url, json=body) as response:
            content = await response.json(content_type=None)
            assert response.status == 200, content
            return content

    async def sequence(self, *steps: Json, **members: Any) -> Json:
        """Create a sequence with a mailbox, of one e-mail unless told otherwise."""
        body = {"name": "Founders", "emailAccounts": [101], "steps": list(steps) or [email()]}
        return await self.ok("POST", "/v3/sequences", {**body, **members})

    async def contacts(self, number: int, **members: Any) -> list[int]:
        """Import people and return their ids."""
        ids: list[int] = []
        for first in range(0, number, 1000):
            items = [
                {"email": f"person{n}@example.com", "firstName": f"Person {n}", **members}
                for n in range(first, min(number, first + 1000))
            ]
            answer = await self.ok("POST", "/v3/contacts/import", {"items": items})
            ids += [row["id"] for row in answer["items"]]
        return ids

    async def enrol(self, sequence_id: int, ids: list[int], **members: Any) -> Json:
        """Enrol people and return the answer."""
        path = f"/v3/sequences/{sequence_id}/contact-links/bulk"
        return await self.ok("POST", path, {"contactIds": ids, **members})


def email(subject: str | None = "Hello", *, delay: int = 0, variants: int = 1) -> Json:
    """Return an e-mail step as it is sent."""
    texts = [{"subject": subject, "message": f"<p>{n}</p>"} for n in range(variants)]
    return {
        "type": "email",
        "delayInMinutes": delay,
        "executionMode": "automatic",
        "variants": texts,
    }
