"""Send generated requests to an emulator and hold every answer against the contract.

A program of its own, since Schemathesis changes Hypothesis for the whole process it is
imported into. The exit code is 0 if no answer broke the contract, nothing went wrong
inside the emulator, and every operation answered with a success at least once.

    python -m conformance.schemathesis_run --examples 10 --seed 1 --tag Contacts
"""

from __future__ import annotations

import argparse
import asyncio
import copyreg
import itertools
import logging
import os
import pickle
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from http import HTTPStatus
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import schemathesis
from aiohttp import web
from conformance.contract import COVERED, covered
from conformance.schemathesis_account import Account, furnish
from conformance.schemathesis_steering import Steering
from emulator.client import MONDAY, Api
from schemathesis import Case
from schemathesis.cli import schemathesis as command
from schemathesis.hooks import HookContext

from reply_async.emulator import Emulator
from reply_async.emulator.requests_log import LoggedRequest

KEY = "emu_test"
STANDING = 1e-9  # the clock all but stands, hence no hour of outreach is played in between

# `positive_data_acceptance` is missing because a valid request may be refused for business
# reasons, `not_a_server_error` because some 5xx are documented (`stats_inverted_range`, a
# webhook's target that is silent). An undocumented 5xx breaks `status_code_conformance`.
CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
    "unsupported_method",
    "allow_header_conformance",
    "missing_required_header",
)

AGAIN = 10  # times as many random requests, where none succeeded

# Operations that no request can make succeed here, and why.
NEVER_SUCCEED: Mapping[str, str] = {"upload_voice_attachment": "random bytes are no recording"}


class Watch(logging.Handler):
    """Notes which operations succeeded and what went wrong inside the emulator."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.succeeded: set[str] = set()
        self.crashes: list[str] = []
        self.is_changed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the traceback of a handler that failed."""
        self.crashes.append(self.format(record))

    def note(self, request: LoggedRequest, _headers: Mapping[str, str], _body: bytes) -> None:
        """Take note of an answer."""
        if request.operation_id and request.status < HTTPStatus.BAD_REQUEST:
            self.succeeded.add(request.operation_id)
            self.is_changed = True  # perhaps: even a GET may begin a consent flow


class Snapshot:
    """An emulator's account as it was, to start every request from the same place."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._budgets = emulator.played.ledger.budgets  # the emulator's, only referred to
        file = BytesIO()
        pickler = pickle.Pickler(file)
        pickler.persistent_id = lambda it: "budgets" if it is self._budgets else None  # type: ignore[method-assign] # may be set
        pickler.dump(emulator.played)
        self._kept = file.getvalue()

    def restore(self) -> None:
        """Bring the account back; a request must not be under way."""
        emulator = self._emulator
        unpickler = pickle.Unpickler(BytesIO(self._kept))  # noqa: S301 - our own
        unpickler.persistent_load = lambda _: self._budgets  # type: ignore[method-assign] # may be set
        emulator.played = unpickler.load()
        emulator.played.state.webhooks.carrier = emulator.deliveries


def main(argv: list[str] | None = None) -> int:
    """Run and return the exit code."""
    options = _parser().parse_args(argv)
    tags = options.tag or list(COVERED)
    watch = Watch()
    logging.getLogger("reply_async.emulator").addHandler(watch)
    with served() as (emulator, account):
        emulator.on_answer(watch.note)
        _hook(watch, Snapshot(emulator), Steering(account))
        only = [f"--include-tag={tag}" for tag in tags]
        code = _send(emulator.url, only, options.examples, options.seed)
        never = _without_success(tags, watch)
        if never:  # by chance, perhaps: more requests tell
            only = [f"--include-operation-id={name}" for name in never]
            code |= _send(emulator.url, only, options.examples * AGAIN, options.seed + 1)
            never = _without_success(tags, watch)
    print("Never answered with a success:", ", ".join(never) or "none")  # noqa: T201 - a report
    print("Failed inside:", "\n".join(watch.crashes) or "nothing")  # noqa: T201 - a report
    return 1 if code or never or watch.crashes else 0


def _without_success(tags: list[str], watch: Watch) -> list[str]:
    asked = {entry.id for entry in covered().values() if entry.group in tags}
    return sorted(asked - watch.succeeded - set(NEVER_SUCCEED))


def _hook(watch: Watch, snapshot: Snapshot, steering: Steering) -> None:
    """Take a hand in what Schemathesis reads and sends."""

    @schemathesis.hook
    def before_call(_context: HookContext, case: Case[Any], _options: dict[str, Any]) -> None:
        """Start from the same account every time, and ask for what is in it."""
        if watch.is_changed:
            snapshot.restore()
            watch.is_changed = False
        steering.lead(case)

    @schemathesis.hook
    def before_load_schema(_context: HookContext, document: dict[str, Any]) -> None:
        """Call a file's content binary, as Schemathesis does: no bytes are wrong ones."""
        document["components"]["schemas"]["FileUpload"]["properties"]["file"]["format"] = "binary"


def _send(url: str, only: list[str], examples: int, seed: int) -> int:
    """Run `schemathesis run` for some operations and return its exit code."""
    contract = str(files("reply_async.emulator") / "data" / "openapi.json")
    arguments = [
        f"--config-file={Path(__file__).with_suffix('.toml')}",
        "run",
        contract,
        f"--url={url}",
        f"--header=Authorization: Bearer {KEY}",
        *only,
        f"--checks={','.join(CHECKS)}",
        "--phases=coverage,fuzzing",
        f"--max-examples={examples}",
        f"--seed={seed}",
        "--generation-database=none",
        "--continue-on-failure",
        "--warnings=off",
        "--no-color",
    ]
    try:
        command.main(arguments, prog_name="schemathesis")
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@contextmanager
def served() -> Iterator[tuple[Emulator, Account]]:
    """Run an emulator with a furnished account in a thread of its own."""
    started: Future[tuple[Emulator, Account]] = Future()
    is_over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(started, is_over)), daemon=True)
    thread.start()
    try:
        yield started.result()
    finally:
        is_over.set()
        thread.join()


async def _serve(started: Future[tuple[Emulator, Account]], is_over: threading.Event) -> None:
    target = web.ServerRunner(web.Server(_take_event))
    try:
        await target.setup()
        await web.TCPSite(target, "127.0.0.1", 0).start()
        host, port = target.addresses[0]
        async with Emulator(KEY, budget=None, started_at=MONDAY, speed=STANDING) as emulator:
            async with aiohttp.ClientSession() as http:
                account = await furnish(emulator, Api(emulator, http), f"http://{host}:{port}/hook")
            started.set_result((emulator, account))
            await asyncio.to_thread(is_over.wait)
    except Exception as error:
        started.set_exception(error)
        raise
    finally:
        await target.cleanup()


async def _take_event(_request: web.BaseRequest) -> web.Response:
    return web.Response()


def _reduced(numbers: itertools.count[int]) -> tuple[type, tuple[int]]:
    """Tell pickle how to keep a counter: Python 3.14 no longer does it by itself."""
    return itertools.count, (int(repr(numbers).removeprefix("count(").removesuffix(")")),)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=10, help="random requests an operation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tag", action="append", help="only this group; may be repeated")
    return parser


if __name__ == "__main__":
    copyreg.pickle(itertools.count, _reduced)
    os.environ["no_proxy"] = "*"  # the emulator is on this machine
    sys.exit(main())
