"""Method, address, query, body, headers and decoded type of every call."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mocked_answers import mocked_answers
from resources.shapes import SHAPES, Shape
from yarl import URL

from reply_async import BulkOutcome, ReplySession, Report

ORIGIN = "https://api.reply.io"
HERE = Path(__file__).parent
OURS = {"shapes.py", Path(__file__).name}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
async def test_what_a_call_sends_and_gives(shape: Shape) -> None:
    """Exactly the requests of the table go out, with the key, and the value has its type."""
    with mocked_answers() as mocked:
        for exchange in shape.exchanges:
            url = URL(ORIGIN + exchange.path).with_query(exchange.query or {})
            mocked.add(
                url,
                exchange.method,
                status=exchange.status,
                body="" if exchange.answer is None else json.dumps(exchange.answer),
            )
        async with ReplySession("a-key") as session:
            value = await shape.call(session)
    calls: dict[tuple[str, URL], Any] = mocked.requests
    sent = {(method, url.path): call.kwargs for (method, url), (call,) in calls.items()}
    assert {(exchange.method, exchange.path) for exchange in shape.exchanges} == sent.keys()
    for exchange in shape.exchanges:
        options = sent[exchange.method, exchange.path]
        assert exchange.body == body_of(options["data"])
        headers = options["headers"]
        assert "Bearer a-key" == headers["Authorization"]
        assert headers.get("Content-Type") == ("application/json" if exchange.body else None)
        assert options["allow_redirects"] is False
    check_value(shape, value)


def body_of(data: Any) -> Any:
    """Return what was handed over as a body, parsed."""
    return None if data is None else json.loads(data.read() if hasattr(data, "read") else data)


def check_value(shape: Shape, value: Any) -> None:
    """Check the type of what a call gave."""
    if shape.items is not None:
        assert [shape.items] == [type(item) for item in value]
    if shape.gives is not None:
        assert type(value) is shape.gives
    else:
        assert value is None or isinstance(value, BulkOutcome | Report)
    if isinstance(value, BulkOutcome) and value.refused:
        assert ([7], {8: "noContacts"}) == (
            list(value.done),
            {id_: refusal.code for id_, refusal in value.refused.items()},
        )
    if isinstance(value, Report):
        assert 1 == value.counts.done == value.counts.rows


async def test_the_acting_user_goes_with_every_request() -> None:
    """Headers name whom a key of a team acts as."""
    with mocked_answers() as mocked:
        mocked.get(f"{ORIGIN}/v3/custom-fields", body="[]")
        async with ReplySession("a-key", user_email="dana@example.com", team_id=3) as session:
            await session.custom_fields.list()
    (calls,) = mocked.requests.values()
    headers = calls[0].kwargs["headers"]
    assert ("dana@example.com", "3") == (headers["X-User-Email"], headers["X-Team-Id"])


def public_methods() -> Iterator[tuple[str, Any]]:
    """Go through the public methods of all groups of the session."""
    for group, member in vars(ReplySession).items():
        if not isinstance(member, property) or group.startswith("_"):
            continue
        assert member.fget is not None
        kind = member.fget.__globals__.get(member.fget.__annotations__["return"])
        if getattr(kind, "__module__", "").startswith("reply_async.resources."):
            for name, function in vars(kind).items():
                if not name.startswith("_") and callable(function):
                    yield f"{group}.{name}", function


METHODS = dict(public_methods())


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_called_by_a_test(name: str) -> None:
    """It stands in the table, or a table beside it has the calls of its group."""
    others = [path for path in HERE.glob("*.py") if path.name not in OURS]
    called = f".{name.split('.')[1]}("
    is_known = name in {shape.name for shape in SHAPES}
    assert is_known or any(called in path.read_text() for path in others)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_tells_its_costs_and_its_page(name: str) -> None:
    """The fixed lines of a docstring, each at the beginning of a line."""
    lines = [line.strip() for line in (METHODS[name].__doc__ or "").splitlines()]
    assert any(line.startswith("Costs: ") for line in lines)
    assert any(re.match(r"API pages?: \S", line) for line in lines)
    assert len(lines[0]) <= 79
