"""The control plane under `/_emulator/`: no key, no budget, all JSON.

A request is checked first, and only what passed is acted on: between the two it may be
written down. What is told stands in `inspection.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from attrs import asdict, evolve, frozen

from reply_async.emulator import inspection
from reply_async.emulator.clock import check_speed, parse_duration, parse_moment
from reply_async.emulator.dialects import dialects_of
from reply_async.emulator.faults import read_fault
from reply_async.emulator.json_text import read_json
from reply_async.emulator.keys import make_key
from reply_async.emulator.problems import bare
from reply_async.emulator.rates import LEVELS, RATES, rates_of
from reply_async.emulator.state import USER_ID

if TYPE_CHECKING:
    from reply_async.emulator.emulator import Emulator

Json = dict[str, Any]
Query: TypeAlias = Mapping[str, str]
Act: TypeAlias = Callable[[], Json | Awaitable[Json]]
Value = TypeVar("Value")

PREFIX = "/_emulator/"


def is_for_tools(path: str) -> bool:
    """Tell whether a request is for the control plane, whether or not there is such a route."""
    return f"{path}/".startswith(PREFIX)


@frozen
class Route:
    """What a method does at a route, and what a request for it may hold."""

    check: Callable[[Emulator, Query, Json], Act]
    query: tuple[str, ...] = ()
    has_body: bool = False


def checked(emulator: Emulator, method: str, path: str, query: Query, body: bytes) -> Act:
    """Return what carries out one request of a tool; Problem if it is refused.

    Nothing has changed before the act is called, and an act refuses nothing. What it
    returns has to be awaited for the answer where it takes its time.
    """
    methods = _ROUTES.get(path.removeprefix(PREFIX))
    if methods is None:
        raise bare(404, f"Route not found; below {PREFIX} there are: {', '.join(_ROUTES)}")
    route = methods.get(method)
    if route is None:
        allowed = ", ".join(methods)
        raise bare(405, f"{path} takes {allowed}", headers={"Allow": allowed})
    try:
        for name in query:
            if name not in route.query:
                raise ValueError(f"no {name!r} in the query; {_listed(route.query)}")  # noqa: TRY301 - one answer for all
        return route.check(emulator, query, _content(route, body))
    except ValueError as error:
        raise bare(400, str(error)) from None


def _content(route: Route, body: bytes) -> Json:
    content = read_json(body, "the body") if body.strip() else {}
    if not isinstance(content, dict):
        raise ValueError("the body must be an object")  # noqa: TRY004 - one kind of error for callers
    if content and not route.has_body:
        raise ValueError(f"no {next(iter(content))!r} in the body; it takes none")
    return content


def _listed(names: tuple[str, ...]) -> str:
    return f"there are: {', '.join(names)}" if names else "it takes none"


def _read(tell: Callable[[Emulator, Query], Json]) -> Callable[[Emulator, Query, Json], Act]:
    def check(emulator: Emulator, query: Query, _body: Json) -> Act:
        told = tell(emulator, query)
        return lambda: told

    return check


def _reset(emulator: Emulator, _query: Query, _body: Json) -> Act:
    def reset() -> Json:
        emulator.reset()
        return inspection.state(emulator, {})

    return reset


def _move_clock(emulator: Emulator, _query: Query, body: Json) -> Act:
    """Hold it or let it go, change its speed, move it; all or, if one is wrong, nothing."""
    clock = emulator.clock
    if not body or body.keys() - {"hold", "speed", "set", "advance"}:
        raise ValueError('send "advance": "2h", "set": "2027-01-11T09:00:00Z", "hold" or "speed"')
    is_held = body.get("hold", clock.is_held)
    if not isinstance(is_held, bool):
        raise ValueError(f"hold is true or false, not {is_held!r}")  # noqa: TRY004 - one kind of error for callers
    speed = _member(body, "speed", check_speed, clock.speed)
    now = clock.now()
    seconds = _member(body, "set", parse_moment, now) - now
    seconds += _member(body, "advance", parse_duration, 0.0)
    clock.require_forward(seconds)

    async def play() -> Json:
        await emulator.play(seconds)
        return inspection.clock(emulator, {})

    def move() -> Awaitable[Json]:
        clock.is_held, clock.speed = is_held, speed
        return play()

    return move


def _member(body: Json, name: str, read: Callable[[object], Value], otherwise: Value) -> Value:
    if name not in body:
        return otherwise
    try:
        return read(body[name])
    except ValueError as error:
        raise ValueError(f"{name} {body[name]!r}: {error}") from None


def _choose_dialects(emulator: Emulator, _query: Query, body: Json) -> Act:
    """Take a set by its text form, single entries on top of what there is, or both."""
    text, choices = body.get("dialect"), body.get("choices", {})
    is_known = bool(body) and body.keys() <= {"dialect", "choices"}
    if not (is_known and isinstance(text, str | None) and isinstance(choices, dict)):
        raise ValueError('send "dialect": "NAME", "choices": {"ENTRY": "VARIANT"}, or both')
    chosen = (emulator.dialects if text is None else dialects_of(text)).changed(choices)

    def choose() -> Json:
        emulator.dialects = chosen
        return inspection.dialects(emulator, {})

    return choose


def _set_budget(emulator: Emulator, _query: Query, body: Json) -> Act:
    rules = emulator.budget.rules
    names = ", ".join(("limits", *asdict(rules)))
    if not body:
        raise ValueError(f"the body names the rules to change, of: {names}")
    changes = body | (_limits(body["limits"]) if "limits" in body else {})
    changes.pop("limits", None)
    if unknown := sorted(changes.keys() - asdict(rules).keys()):
        raise ValueError(f"no rule {unknown[0]!r} of a budget; there are: {names}")
    changed = evolve(rules, **changes)

    def change() -> Json:
        emulator.set_budget(changed)
        return inspection.budget(emulator, {})

    return change


def _limits(value: object) -> Json:
    """Return the rules behind `[minute, hour]`, also as a text, or `off`."""
    if value == "off":
        return dict.fromkeys(("minute", "hour", "stats"))
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or len(parts) != 2:  # noqa: PLR2004 - minute and hour
        raise ValueError(
            f"limits are two whole numbers, per minute and per hour, or 'off', not {value!r}"
        )
    numbers = (int(part) if _is_digits(part) else part for part in parts)
    return dict(zip(("minute", "hour"), numbers, strict=True))


def _is_digits(part: object) -> bool:
    return isinstance(part, str) and part.isascii() and part.isdecimal() and len(part) < 20  # noqa: PLR2004 - more is no limit


def _add_key(emulator: Emulator, _query: Query, body: Json) -> Act:
    if body.keys() - {"key", "user_id", "kind", "scopes"} or "key" not in body:
        raise ValueError('send a "key", and if you like "user_id", "kind" and "scopes"')
    key = make_key(**{"user_id": USER_ID, "kind": "personal", "scopes": None, **body})
    emulator.require_user(key.user_id)

    def add() -> Json:
        emulator.keys[key.text] = key
        scopes = None if key.scopes is None else sorted(key.scopes)
        return {"user_id": key.user_id, "kind": key.kind, "scopes": scopes}

    return add


def _set_rates(emulator: Emulator, _query: Query, body: Json) -> Act:
    if not body:
        raise ValueError(f"send rates, of: {', '.join(RATES)}; with one of {', '.join(LEVELS)}")
    rates, place = rates_of(body)
    emulator.require_place(place)

    def change() -> Json:
        emulator.set_rates(rates, **place)
        return inspection.rates(emulator, {})

    return change


def _add_fault(emulator: Emulator, _query: Query, body: Json) -> Act:
    fault = read_fault(body)
    emulator.faults.require_target(fault)
    return lambda: emulator.faults.add(fault).shown()


def _remove_faults(emulator: Emulator, query: Query, _body: Json) -> Act:
    id_ = inspection.whole(query, "id") if "id" in query else None
    if id_ is not None:
        emulator.faults.require_armed(id_)

    def remove() -> Json:
        if id_ is None:
            emulator.faults.clear()
        else:
            emulator.faults.remove(id_)
        return inspection.faults(emulator, {})

    return remove


def _clear_requests(emulator: Emulator, _query: Query, _body: Json) -> Act:
    def clear() -> Json:
        emulator.requests.clear()
        return inspection.requests(emulator, {})

    return clear


_ROUTES: dict[str, dict[str, Route]] = {
    "state": {"GET": Route(_read(inspection.state), ("sequence", "contact"))},
    "reset": {"POST": Route(_reset)},
    "clock": {"GET": Route(_read(inspection.clock)), "POST": Route(_move_clock, has_body=True)},
    "dialects": {
        "GET": Route(_read(inspection.dialects)),
        "POST": Route(_choose_dialects, has_body=True),
    },
    "faults": {
        "GET": Route(_read(inspection.faults)),
        "POST": Route(_add_fault, has_body=True),
        "DELETE": Route(_remove_faults, ("id",)),
    },
    "budget": {
        "GET": Route(_read(inspection.budget), ("user",)),
        "POST": Route(_set_budget, has_body=True),
    },
    "keys": {"POST": Route(_add_key, has_body=True)},
    "rates": {"GET": Route(_read(inspection.rates)), "POST": Route(_set_rates, has_body=True)},
    "requests": {
        "GET": Route(_read(inspection.requests), ("limit", "method", "operation", "status")),
        "DELETE": Route(_clear_requests),
    },
    "ledger": {"GET": Route(_read(inspection.ledger), ("check", "contact", "request", "sequence"))},
}
