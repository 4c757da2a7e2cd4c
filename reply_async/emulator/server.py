"""The HTTP side: one handler that takes a request through the contract.

The order of checks is the contract's: key, budget, route, path and query and
body, and then the operation's own rules. The answer carries the rate headers.
"""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from inspect import isawaitable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.web_exceptions import HTTPRequestEntityTooLarge
from attrs import evolve

from reply_async.emulator import page, validation
from reply_async.emulator.calls import perform
from reply_async.emulator.clock import plain_iso
from reply_async.emulator.connections import Server, play
from reply_async.emulator.control import checked, is_for_tools
from reply_async.emulator.fault_acts import JSON_TYPE, PROBLEM_TYPE, HttpAnswer, act
from reply_async.emulator.faults import AFTER_ITEMS, BEFORE_APPLY, EARLY_413, MID_ANSWER
from reply_async.emulator.operations import HANDLERS, Answer, changes_state
from reply_async.emulator.origins import READS, require_own
from reply_async.emulator.problems import Problem, bare, scope_missing, unauthorized
from reply_async.emulator.rendering import render
from reply_async.emulator.requests_log import LoggedRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from reply_async.emulator.armed_faults import Due
    from reply_async.emulator.budget import Verdict
    from reply_async.emulator.contract import Operation
    from reply_async.emulator.emulator import Emulator
    from reply_async.emulator.faults import Fault
    from reply_async.emulator.validation import Checked

logger = logging.getLogger("reply_async.emulator")

Json = dict[str, Any]

MAX_BODY = 10 * 1024 * 1024


class Exchange:
    """One request on its way through the emulator."""

    def __init__(self, emulator: Emulator, server: Server, request: web.BaseRequest) -> None:
        self.emulator, self.server, self.request = emulator, server, request
        self.path = request.raw_path.split("?", 1)[0]
        self.due: Due = emulator.faults.due(request.method, self.path)
        self.is_applied = False
        self.operation: Operation | None = None
        self.headers: dict[str, str] = {}
        self.number = 0
        self.user: Json = {}
        self.began = perf_counter()

    async def answer(self) -> web.Response:
        """Return the answer, whatever it is."""
        method, headers = self.request.method, self.request.headers
        is_page = self.path == "/" and method in READS
        if not (is_page or is_for_tools(self.path)):
            return await self._api()
        try:
            require_own(method, headers, allow_network=self.emulator.allow_network)
            if is_page:
                return web.Response(text=page.render(self.emulator), headers=page.HEADERS)
            return self._response(200, await self._control())
        except Problem as problem:
            self.headers |= problem.headers
            return self._response(problem.status, problem.body)

    async def _read(self) -> bytes:
        """Return the body; Problem if it is too large or not packed as its headers say."""
        try:
            return await self.request.read()
        except HTTPRequestEntityTooLarge:
            raise bare(413, title="Payload Too Large") from None
        except web.RequestPayloadError:
            self._end_connection()
            raise bare(400, "The body is not encoded as its headers say.") from None

    def _end_connection(self) -> None:
        """Close it after the answer: where a body cannot be unpacked aiohttp reads no further."""
        self.headers["Connection"] = "close"
        self.request.content.feed_eof()  # or it would wait for the rest
        self.request.protocol.close()

    async def _api(self) -> web.Response:
        fault, body = self.due.fault, b""
        try:
            if fault is None or fault.what != EARLY_413:
                body = await self._read()
        except Problem as problem:
            return self._response(problem.status, problem.body)
        self.number = self.emulator.next_request_number()
        try:
            status, content = await self._serve(body)
        except Problem as problem:
            self.headers |= problem.headers
            status, content = problem.status, problem.body
        except Exception:
            logger.exception("%s %s failed", self.request.method, self.path)
            status, content = 500, bare(500).body
        content = render(self.operation, self.emulator.dialects, status, content)
        response = self._response(status, content)
        if fault is not None:
            return await self._fail(fault, response)
        self._log(response)
        return response

    async def _fail(self, fault: Fault, response: web.Response) -> web.Response:
        """Play a fault where the answer would have gone out."""
        true = HttpAnswer(response.status, dict(response.headers), _body(response))
        played = act(fault, true if fault.when == MID_ANSWER else None)
        self._log_status(played.status)
        if isinstance(played, HttpAnswer):
            headers = dict(played.headers)
            return web.Response(status=played.status, headers=headers, body=played.body)
        await play(self.request, self.server, played, self.emulator.clock.speed)
        return web.Response()  # the connection is closed, this one does not go out

    async def _control(self) -> Json:
        emulator, request = self.emulator, self.request
        body = await self._read()
        with emulator.clock.standing() as now:
            emulator.catch_up()
            carry_out = checked(emulator, request.method, self.path, request.query, body)
            if emulator.journal is not None:
                emulator.journal.control(now, request.method, self.path, body)
            answer = carry_out()
        if isawaitable(answer):  # it takes its time, and others are served meanwhile
            answer = await answer
        emulator.keep_time()
        return answer

    async def _serve(self, body: bytes) -> tuple[int, object]:
        emulator, request = self.emulator, self.request
        by_method, path_values = emulator.contract.match(self.path) or ({}, [])
        if request.method in by_method:
            self.operation = emulator.contract.operation(by_method[request.method])
        owner = emulator.keys.get(self._key())
        if owner is None:
            raise unauthorized()
        self.user = owner.acting_user(request.headers, emulator.played.state.team_users)
        now = emulator.clock.now()
        is_stats = self.operation is not None and self.operation.raw["x-rate-class"] == "stats"
        self._spend(emulator.budget_of(self.user["userId"]).spend(now, is_stats=is_stats))
        if self.due.fault is not None and self.due.fault.when == BEFORE_APPLY:
            return HTTPStatus.OK, None
        if self.operation is not None and self._is_yet_to_come(self.operation):
            self.operation, by_method = None, {}
        if not by_method:
            raise bare(404, "Route not found")
        if self.operation is None:
            raise bare(405, headers={"Allow": ", ".join(by_method)})
        scope = self.operation.raw["x-scope"]
        if not owner.allows(scope):
            raise scope_missing(scope, emulator.dialects["scope_403_body"])
        return await self._handle(self.operation, path_values, body, now)

    def _key(self) -> str:
        """Return the key that the request carries, empty for none."""
        headers = self.request.headers
        scheme, _, key = headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return key.strip()
        takes_old_header = self.emulator.dialects["auth_header"] == "x_api_key"
        return headers.get("X-API-Key", "").strip() if takes_old_header else ""

    def _is_yet_to_come(self, operation: Operation) -> bool:
        is_missing = self.emulator.dialects["coming_soon_routes"] == "missing"
        return is_missing and operation.is_touched_by("coming_soon_routes")

    async def _handle(
        self, operation: Operation, path_values: list[str], body: bytes, now: float
    ) -> tuple[int, object]:
        emulator, request = self.emulator, self.request
        if operation.id not in HANDLERS:
            raise bare(501, f"The emulator does not serve {operation.id} yet.")
        content_type = request.headers.get("Content-Type", "application/octet-stream")
        checked = validation.check(
            operation, emulator.dialects, path_values, request.query, content_type, body
        )
        checked, body = self._cut(operation, checked, body)
        if emulator.journal is not None:
            if changes_state(operation):
                name, user_id = f"{request.method} {request.raw_path}", self.user["userId"]
                emulator.journal.call(now, self.number, user_id, name, content_type, body)
            else:
                emulator.journal.seen(now)
        if self.due.delay is not None:
            self._hold(self.due.delay, now)
        result = perform(emulator, operation, checked, self.user, now, self.number)
        if isawaitable(result):  # it has to reach somebody else, as a webhook's target
            result = await result
        emulator.keep_time()
        self.is_applied = not operation.is_read
        if isinstance(result, Answer):
            self.headers |= result.headers
            return result.status, result.body
        return operation.success_status, result

    def _cut(self, operation: Operation, checked: Checked, body: bytes) -> tuple[Checked, bytes]:
        """Return as much of the request as a fault lets be applied."""
        fault, name = self.due.fault, operation.item_array
        if fault is None or fault.when != AFTER_ITEMS or name is None:
            return checked, body
        content = checked.body
        cut = {**content, name: content[name][: fault.items]} if name else content[: fault.items]
        return evolve(checked, body=cut), json.dumps(cut).encode()

    def _hold(self, delay: Fault, now: float) -> None:
        """Keep the state as it is for reads, because the write is to show late."""
        self.emulator.play_due(now)
        self.emulator.visibility.hold(self.emulator.played.state, now + (delay.seconds or 0))

    def _spend(self, verdict: Verdict | None) -> None:
        if verdict is None:
            return
        if self.emulator.dialects["rate_headers"] == "present":
            self.headers["x-rate-limit-limit"] = verdict.label
            self.headers["x-rate-limit-remaining"] = str(verdict.remaining)
            self.headers["x-rate-limit-reset"] = plain_iso(verdict.reset_at) + "Z"
        if not verdict.is_allowed:
            wait = verdict.retry_after
            detail = f"Rate limit exceeded. Retry after {wait} seconds."
            raise bare(429, detail, headers={"Retry-After": str(wait)})

    def _response(self, status: int, content: object) -> web.Response:
        if content is None:
            return web.Response(status=status, headers=self.headers)
        if isinstance(content, str) and "Content-Type" in self.headers:
            return web.Response(status=status, headers=self.headers, body=content.encode())
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        is_problem = status >= HTTPStatus.BAD_REQUEST
        headers = {**self.headers, "Content-Type": PROBLEM_TYPE if is_problem else JSON_TYPE}
        return web.Response(status=status, body=text.encode(), headers=headers)

    def _log(self, response: web.Response) -> None:
        entry = self._log_status(response.status)
        for callback in self.emulator.answer_callbacks:
            callback(entry, response.headers, _body(response))

    def _log_status(self, status: int) -> LoggedRequest:
        operation = self.operation
        entry = LoggedRequest(
            number=self.number,
            method=self.request.method,
            path=self.path,
            template=operation.template if operation else None,
            operation_id=operation.id if operation else None,
            status=status,
            at=self.emulator.clock.now(),
            duration_ms=round((perf_counter() - self.began) * 1000, 3),
            user_id=self.user.get("userId"),
            is_applied=self.is_applied,
            fault=self.due.label,
        )
        self.emulator.requests.add(entry)
        return entry


def _body(response: web.Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b""


def make_server(emulator: Emulator) -> web.Server:
    """Return the aiohttp server that answers for an emulator."""

    async def handle(request: web.BaseRequest) -> web.Response:
        return await Exchange(emulator, server, request).answer()

    server = Server(handle, request_factory=_request_factory(), access_log=None)
    return server


def _request_factory() -> Callable[..., web.BaseRequest]:
    def make(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:  # noqa: ANN401 - handed through
        loop = task.get_loop()
        return web.BaseRequest(
            message, payload, protocol, writer, task, loop, client_max_size=MAX_BODY
        )

    return make
