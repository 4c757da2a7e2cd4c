"""A sender that puts nothing on the wire: it holds each request against the contract.

It answers with what the contract documents, read by the real way from an answer to an
outcome, so that whoever uses it proves that it can read these answers, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any, TypeVar

from attrs import frozen
from conformance.contract import (
    Json,
    Operation,
    all_operations,
    body_problems,
    path_problems,
    query_problems,
)
from conformance.instances import Fill

from reply_async.requests import ReadBack, Request, Verdict
from reply_async.responses import Answer, Applied, Decoder, Outcome, Unknown, conclude, judge
from reply_async.transport.retry import RetryPolicy
from reply_async.transport.sender import JOB, Sender

T = TypeVar("T")


@frozen
class Recorded:
    """One request, the operation that it is, and its parsed body."""

    request: Request
    operation: Operation
    body: Any


class RecordingSender(Sender):
    """Notes what is sent, and in ``problems`` whatever the contract does not allow.

    ``answers`` are given in place of the contract's own, by operation; ``fill`` makes
    answers from the schemas instead of taking the documented examples.
    """

    def __init__(
        self, answers: Mapping[str, Answer] | None = None, fill: Fill | None = None
    ) -> None:
        self.recorded: list[Recorded] = []
        self.problems: list[str] = []
        self.unread: list[str] = []
        self._answers, self._fill = dict(answers or {}), fill

    @property
    def primary(self) -> Recorded:
        """The request that a call is about: its first write, or without one its first read."""
        writes = (each for each in self.recorded if not each.request.is_read)
        return next(writes, self.recorded[0])

    async def send(self, request: Request, decode: Decoder[T] | None) -> T:
        """Answer for a caller who awaits the value."""
        return conclude(request.without_body(), self._outcome(request, decode))

    async def deliver(
        self,
        request: Request,
        decode: Decoder[T] | None,
        policy: RetryPolicy = JOB,
        started: float | None = None,
        on_attempt: Callable[[], None] | None = None,
        lost: Unknown | None = None,
    ) -> Outcome[T]:
        """Answer with an outcome, as a run takes it."""
        del policy, started, lost
        if on_attempt is not None:
            on_attempt()
        return self._outcome(request, decode)

    def _outcome(self, request: Request, decode: Decoder[T] | None) -> Outcome[T]:
        operation = all_operations().get((request.method, request.template))
        assert operation is not None, f"the contract has no {request}"
        body = parsed_body(request)
        self.recorded.append(Recorded(request, operation, body))
        self._judge_request(operation, request, body)
        if request.read_back is not None:
            self._judge_read_back(operation, request.read_back)
        given = self._answers.get(operation.id)
        if given is not None:
            outcome = judge(request, given, decode)
            self._answers[operation.id] = _last_page(given)
        else:
            outcome = judge(request, self._sample(operation, body), decode)
            if not isinstance(outcome, Applied):
                self.unread.append(f"{operation.id}: {outcome}")
        return outcome

    def _judge_request(self, operation: Operation, request: Request, body: Any) -> None:
        problems = [
            *path_problems(operation, request.path),
            *query_problems(operation, request.query),
            *body_problems(operation, body, request.content_type),
        ]
        self.problems += [f"{operation.id}: {problem}" for problem in problems]

    def _judge_read_back(self, operation: Operation, read_back: ReadBack) -> None:
        """Hold what would be read after a lost answer against the contract as well."""
        request = read_back.request
        source = all_operations().get((request.method, request.template))
        if source is None or not request.is_read:
            self.problems.append(f"{operation.id}: reads back by {request}")
            return
        self._judge_request(source, request, parsed_body(request))
        outcome = judge(request, self._sample(source, parsed_body(request)), read_back.decode)
        if not isinstance(outcome, Applied):
            self.unread.append(f"{operation.id}, read back: {outcome}")
            return
        for found in (outcome.value, None):
            verdict = read_back.judge(found, datetime.now(UTC))
            assert isinstance(verdict, Verdict)

    def fitted(self, operation: Operation, data: Any, body: Any) -> Any:
        """Return a sample as the answer to this body."""
        return fitted(operation, data, body)

    def _sample(self, operation: Operation, body: Any) -> Answer:
        sample = operation.answer(self._fill)
        if operation.result == "redirect":
            return Answer(sample.status, {"location": sample.data}, b"")
        if sample.content_type is None:
            return Answer(sample.status, {}, b"")
        data = sample.data
        text = data if operation.result == "csv" else json.dumps(self.fitted(operation, data, body))
        headers = {"content-type": sample.content_type}
        return Answer(sample.status, headers, text.encode())


def parsed_body(request: Request) -> Any:
    """Return the body of a request: JSON, or the parts of a form by name."""
    if request.body is None:
        return None
    if not request.content_type.startswith("multipart/"):
        return json.loads(request.body)
    head = f"Content-Type: {request.content_type}\r\n\r\n".encode()
    form = message_from_bytes(head + request.body)
    parts = form.get_payload()
    assert isinstance(parts, list), "the body is no form"
    return {
        str(part.get_param("name", header="content-disposition")): str(part.get_payload())
        for part in parts
        if not isinstance(part, str)
    }


def fitted(operation: Operation, data: Any, body: Any) -> Any:
    """Return an answer that is one to this body: as many rows, and the same ids."""
    changes: Json = {}
    match operation.result:
        case "ordered_results":
            return _repeated(data, len(body) if isinstance(body, list) else len(_list_of(body)))
        case "page":
            changes = {"hasMore": False}
        case "import":
            changes = {"items": _repeated(data["items"], len(body["items"]))}
        case "bulk_add":
            changes = {"added": body["contactIds"], "notProcessed": {}}
        case "bulk_remove":
            count = len(body["contactIds"])
            counts = {"requested": count, "removed": count, "notFound": 0, "notInSequence": 0}
            changes = {**counts, "removedIds": body["contactIds"]}
        case _ if operation.id == "create_sequence" and "steps" in data:
            changes = {"steps": _chained(data["steps"][:1], len(body["steps"]))}
    return {**data, **changes} if changes else data


def _chained(steps: list[Json], count: int) -> list[Json]:
    """Return as many steps as were sent, each under the one before."""
    return [
        {**step, "id": number, "parentId": number - 1 or None}
        for number, step in enumerate(_repeated(steps, count), 1)
    ]


def _list_of(body: Json) -> list[Any]:
    return next(value for value in body.values() if isinstance(value, list))


def _repeated(items: list[Any], count: int) -> list[Any]:
    return [items[index % len(items)] for index in range(count)]


def _last_page(answer: Answer) -> Answer:
    """Return a page that promises no more; whatever is no page stays as it is."""
    try:
        data = json.loads(answer.body)
    except ValueError:
        return answer
    if not isinstance(data, dict) or "hasMore" not in data:
        return answer
    body = json.dumps({**data, "hasMore": False}).encode()
    return Answer(answer.status, answer.headers, body)
