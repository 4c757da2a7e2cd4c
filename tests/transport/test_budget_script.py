"""The script of the Redis store does what the Python of the shared budget does."""

from __future__ import annotations

import json
import math
import os
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reply_async.transport.limits import Limits
from reply_async.transport.redis_store import _read, _script, _to_json
from reply_async.transport.shared_budget import Answer, Recollection, Record, Visit, visit
from reply_async.transport.store import Message, Observed, Refused, Released, Settled, Want

LIMITS = Limits(per_minute=5, per_hour=14, stats_per_hour=3, minute=6.0, hour=36.0, margin=0.25)
SHARED = evolve(LIMITS, share=0.7)
START = 1000.0
KEY = "budget:{anybody}"
# The script with a clock and an age that the test sets.
SCRIPT = (
    _script()[0]
    .replace("redis.call('TIME')", "cjson.decode(ARGV[2])")
    .replace("redis.pcall('INFO', 'server')", "('uptime_in_seconds:' .. ARGV[3])")
)

LEASES = st.integers(0, 12).map("lease {}".format)
NEWS = st.one_of(
    st.builds(Settled, LEASES, st.booleans()),
    st.builds(Settled, LEASES, st.booleans()),
    st.builds(Released, LEASES),
    st.builds(
        Refused, st.booleans(), st.none() | st.floats(0, 8), st.floats(0, 0.2), st.booleans()
    ),
    st.builds(Observed, st.sampled_from(["minute", "hour"]), st.integers(0, 14)),
)
WANTS = st.builds(
    Want,
    LEASES,
    lease_seconds=st.floats(0.1, 9),
    is_stats=st.booleans(),
    ahead_seconds=st.sampled_from([0.0, 0.0, 2.0]),
)
MESSAGES = st.builds(
    Message,
    limits=st.sampled_from([LIMITS, LIMITS, SHARED]),
    news=st.lists(NEWS, max_size=4).map(tuple),
    want=st.none() | WANTS | WANTS,
    wants_state=st.just(True),
)
STEPS = st.tuples(
    st.sampled_from([0.0, 0.125, 0.3, 1.0, 2.7, 6.25, 13.0, -3.0]) | st.floats(0, 3),
    st.integers(0, 2),  # which participant comes
    MESSAGES,
    st.sampled_from([None] * 12 + ["lost", "saved", "saved", "back"]),
    st.sampled_from([False] * 9 + [True]),  # whether the answer is lost, and the visit repeated
)


class Both:
    """One record in Python and one on a server, which take the same steps."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.record: Record | None = None
        self.saved: tuple[Record | None, bytes | None] = None, None
        self.began = START - 100
        client.delete(KEY)

    def happen(self, event: str | None, wall: float) -> None:
        """Lose the record, save it, or go back to the one that was saved."""
        if event == "saved":
            self.saved = self.record, self.client.get(KEY)
        elif event is not None:
            self.began = wall
            self.record, kept = self.saved if event == "back" else (None, None)
            self.client.delete(KEY)
            if kept is not None:
                self.client.set(KEY, kept)

    def visit(self, wall: float, request: Visit) -> Answer:
        """Take a step on both, which must agree."""
        age = max(0, math.floor(wall - self.began))
        seconds = math.floor(wall)
        micros = round((wall - seconds) * 1e6)
        record: Record | None = json.loads(json.dumps(self.record))
        self.record, expected = visit(record, seconds + micros / 1e6, request, age)
        raw = self.client.eval(SCRIPT, 1, KEY, _to_json(request), f"[{seconds},{micros}]", age)
        answer = _read(raw)
        assert (expected.name, expected.visits) == (answer.name, answer.visits)
        assert expected.lacking_seconds == answer.lacking_seconds
        assert (expected.reply is None) == (answer.reply is None)
        if expected.reply is not None and answer.reply is not None:
            assert evolve(expected.reply, state=None) == evolve(answer.reply, state=None)
            assert _flat(expected.reply.state) == pytest.approx(_flat(answer.reply.state), 1e-12)
        return answer


def _flat(value: Any, path: str = "") -> dict[str, float]:
    """Return the numbers of a state by their place."""
    if not isinstance(value, dict | list):
        return {path: value}
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return {k: v for name, each in pairs for k, v in _flat(each, f"{path}/{name}").items()}


def exchange(
    both: Both, wall: float, recollection: Recollection, message: Message, *, repeats: bool
) -> None:
    """Do what the store's client does for a message; ``repeats`` as after a lost answer."""
    history = None
    known, visits = recollection.name, recollection.visits
    participant = f"{id(recollection)} {known}"
    for turn in range(3):
        request = Visit(
            message=message,
            participant=participant,
            new_name=f"record {wall} {turn}",
            known=known,
            visits=visits,
            history=history,
        )
        answer = both.visit(wall, request)
        if repeats and answer.reply is not None:
            answer = both.visit(wall, request)
        recollection.note(wall, message, answer)
        if answer.reply is not None:
            return
        known, visits = answer.name, answer.visits
        history = recollection.history(wall, answer.lacking_seconds)
    pytest.fail("a participant was not heard with its history")


def _walk(client: Any, steps: list[Any]) -> None:
    both, wall = Both(client), START
    participants = [Recollection() for _ in range(3)]
    for wait, who, message, event, repeats in steps:
        wall += wait
        both.happen(event, wall)
        exchange(both, wall, participants[who], message, repeats=repeats)


@pytest.fixture(scope="module")
def client(valkey: Any) -> Any:
    """Give a plain client of the server."""
    from redis import Redis  # noqa: PLC0415 - an extra

    with Redis.from_url(valkey.connection_url) as client:
        yield client


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, min_size=20, max_size=60))
def test_the_script_and_the_python_agree(client: Any, steps: list[Any]) -> None:
    """Grants, waits and states are the same after every step of any history."""
    _walk(client, steps)


@pytest.mark.slow
@settings(max_examples=int(os.environ.get("EXAMPLES", "300")), deadline=None)
@given(steps=st.lists(STEPS, min_size=20, max_size=120))
def test_the_script_and_the_python_agree_at_length(client: Any, steps: list[Any]) -> None:
    """The same for hundreds of longer histories, or as many as EXAMPLES says."""
    _walk(client, steps)
