"""What is kept of a running emulator in its data file, and how that is played again.

Kept are the calls that may change the state, as they came in, the changes made under
`/_emulator/`, the events that are no calls, and now and then the time, up to which the
outreach was seen. Not kept are reads, the log of requests, the counts of the budget, the
faults, and whether the clock is held: they belong to one run. Playing again goes through
the same handlers, and nothing is delivered to webhooks meanwhile.
"""

from __future__ import annotations

import json
from contextlib import suppress
from http import HTTPStatus
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from yarl import URL

from reply_async.emulator import validation
from reply_async.emulator.calls import perform
from reply_async.emulator.control import PREFIX, checked
from reply_async.emulator.data_file import DataFile, DataFileError, Entry
from reply_async.emulator.operations import EVENTS
from reply_async.emulator.outreach import HOUR
from reply_async.emulator.problems import Problem, bare

if TYPE_CHECKING:
    from reply_async.emulator.emulator import Emulator

Json = dict[str, Any]

CALL, CONTROL, EVENT, TIME = "call", "control", "event", "time"
RESET = f"POST {PREFIX}reset"
TIME_SECONDS = 60.0  # so far the clock may fall back by a restart
# A move of the clock is kept as the time it led to: others are served on its way.
_OF_ONE_RUN = frozenset(PREFIX + name for name in ("clock", "faults", "requests"))


class Journal:
    """Writes down what changes the state of an emulator, before it does."""

    def __init__(self, file: DataFile, now: float) -> None:
        self._file = file
        self._last = now

    def call(
        self, now: float, number: int, user_id: int, name: str, content_type: str, body: bytes
    ) -> None:
        """Keep a call that passed the checks; `name` is its method and target."""
        self._add(Entry(now, CALL, name, body, content_type, number, user_id))

    def control(self, now: float, method: str, path: str, body: bytes) -> None:
        """Keep a change under `/_emulator/` that passed the checks, but what is of one run."""
        if method != "GET" and path not in _OF_ONE_RUN:
            self._add(Entry(now, CONTROL, f"{method} {path}", body))

    def event(self, now: float, name: str, content: Json) -> None:
        """Keep an event."""
        self._add(Entry(now, EVENT, name, json.dumps(content).encode()))

    def seen(self, now: float) -> None:
        """Keep the time up to which somebody looked, or events went out.

        About once a minute is enough, and for each hour, since outreach goes by hours.
        """
        if now - self._last >= TIME_SECONDS or now // HOUR > self._last // HOUR:
            self.moved(now)

    def moved(self, now: float) -> None:
        """Keep the time to which the clock was moved."""
        self._add(Entry(now, TIME, ""))

    def _add(self, entry: Entry) -> None:
        try:
            self._file.add(entry)
        except DataFileError as error:
            raise bare(HTTPStatus.INTERNAL_SERVER_ERROR, str(error)) from None
        self._last = entry.at


def replay(emulator: Emulator, file: DataFile) -> None:
    """Bring a fresh emulator to where a file says; its clock stands at the last moment.

    What was refused at first is refused again, and changes the same. DataFileError names
    the entry that cannot be played.
    """
    file.forget_before(RESET, CONTROL)
    emulator.is_replaying = True
    for entry in file.entries():
        emulator.clock.set(entry.at)
        try:
            _PLAYERS[entry.kind](emulator, entry)
        except Exception as error:  # noqa: BLE001 - a file may hold anything
            text = f"{file.path} holds what cannot be played: {entry}: {error!r}"
            raise DataFileError(text) from None
    emulator.is_replaying = False


def _play_call(emulator: Emulator, entry: Entry) -> None:
    method, _, target = entry.name.partition(" ")
    url = URL(target, encoded=True)
    by_method, path_values = emulator.contract.match(url.raw_path) or ({}, [])
    operation = emulator.contract.operation(by_method[method])
    checked = validation.check(
        operation, emulator.dialects, path_values, url.query, entry.content_type, entry.body
    )
    users = {user["userId"]: user for user in emulator.played.state.team_users}
    user = users[entry.user_id]
    emulator.request_number = entry.number
    with suppress(Exception):  # a refusal, or a defect that was told of when it happened first
        result = perform(emulator, operation, checked, user, entry.at, entry.number)
        if iscoroutine(result):
            result.close()


def _play_control(emulator: Emulator, entry: Entry) -> None:
    method, _, path = entry.name.partition(" ")
    with suppress(Problem):
        checked(emulator, method, path, {}, entry.body)()


def _play_event(emulator: Emulator, entry: Entry) -> None:
    emulator.play_due(entry.at)
    EVENTS[entry.name](emulator, entry.at, json.loads(entry.body))


def _play_time(emulator: Emulator, entry: Entry) -> None:
    emulator.play_due(entry.at)


_PLAYERS = {CALL: _play_call, CONTROL: _play_control, EVENT: _play_event, TIME: _play_time}
