"""The control plane under `/_emulator/`: no key, no budget, all JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import asdict, evolve

from reply_async.emulator import inspection
from reply_async.emulator.clock import check_speed, iso, parse_duration, parse_moment
from reply_async.emulator.dialects import dialects_of, entries
from reply_async.emulator.faults import read_fault
from reply_async.emulator.problems import Problem, bare
from reply_async.emulator.rates import rates_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from reply_async.emulator.emulator import Emulator

Json = dict[str, Any]

PREFIX = "/_emulator/"


def control(
    emulator: Emulator, method: str, path: str, query: Mapping[str, str], body: bytes
) -> Json | Awaitable[Json]:
    """Answer one request of a tool; what takes its time has to be awaited for the answer."""
    routes = _ROUTES.get(path.removeprefix(PREFIX))
    if routes is None:
        raise bare(404, "Route not found")
    handler = routes.get(method)
    if handler is None:
        raise bare(405, headers={"Allow": ", ".join(routes)})
    try:
        content = json.loads(body) if body.strip() else {}
        if not isinstance(content, dict):
            raise ValueError("the body must be an object")  # noqa: TRY004, TRY301 - one answer for all
        return handler(emulator, query, content)
    except (ValueError, KeyError, TypeError) as error:
        raise bare(400, str(error)) from None
    except Problem:
        raise


def _reset(emulator: Emulator, query: Mapping[str, str], body: Json) -> Json:
    emulator.reset()
    return inspection.state(emulator, query, body)


def _clock(emulator: Emulator, _query: Mapping[str, str], _body: Json) -> Json:
    clock = emulator.clock
    return {
        "kind": clock.kind,
        "speed": clock.speed,
        "time": iso(clock.now(), 3),
        "seconds": clock.now(),
    }


def _move_clock(emulator: Emulator, query: Mapping[str, str], body: Json) -> Awaitable[Json]:
    """Hold it or let it go, change its speed, move it; all or, if one is wrong, nothing."""
    clock = emulator.clock
    if not body or body.keys() - {"hold", "speed", "set", "advance"}:
        raise ValueError('send "advance": "2h", "set": "2027-01-11T09:00:00Z", "hold" or "speed"')
    is_held, speed = body.get("hold", clock.is_held), check_speed(body.get("speed", clock.speed))
    if not isinstance(is_held, bool):
        raise ValueError("hold is true or false")  # noqa: TRY004 - one kind of error for callers
    seconds = parse_moment(body["set"]) - clock.now() if "set" in body else 0.0
    seconds += parse_duration(body.get("advance", 0))
    clock.require_forward(seconds)
    clock.is_held, clock.speed = is_held, speed

    async def play() -> Json:
        await emulator.play(seconds)
        return _clock(emulator, query, body)

    return play()


def _dialects(emulator: Emulator, _query: Mapping[str, str], _body: Json) -> Json:
    return {
        entry.id: {
            "varies": entry.varies,
            "variants": entry.variants,
            "default": entry.default,
            "choice": emulator.dialects[entry.id],
        }
        for entry in entries().values()
    }


def _choose_dialects(emulator: Emulator, query: Mapping[str, str], body: Json) -> Json:
    """Take a set by its text form, single entries on top of what there is, or both."""
    text, choices = body.get("dialect"), body.get("choices", {})
    is_known = bool(body) and body.keys() <= {"dialect", "choices"}
    if not (is_known and isinstance(text, str | None) and isinstance(choices, dict)):
        raise ValueError('send "dialect": "NAME", "choices": {"ENTRY": "VARIANT"}, or both')
    chosen = emulator.dialects if text is None else dialects_of(text)
    emulator.dialects = chosen.changed(choices)
    return _dialects(emulator, query, body)


def _budget(emulator: Emulator, query: Mapping[str, str], _body: Json) -> Json:
    """Tell the budget of the emulator's own user, or of the one that `user` names."""
    budget = emulator.budget
    if "user" in query:
        user_id = int(query["user"])
        emulator.require_user(user_id)
        budget = emulator.budget_of(user_id)
    at = budget.catch_up(emulator.clock.now())
    refused = [{**asdict(entry), "at": iso(entry.at, 3)} for entry in budget.last_refused]
    return {
        "rules": asdict(budget.rules),
        "granted": budget.granted,
        "answered_429": budget.answered_429,
        "last_429": refused,
        "windows": [
            {
                "name": limit.name,
                "seconds": limit.seconds,
                "limit": limit.window.limit,
                "used": limit.window.used(at),
                "free": limit.free(at),
                "peak": limit.peak,
            }
            for limit in budget.limits
        ],
        "competitor": {
            "granted": budget.competitor.granted,
            "refused": budget.competitor.refused,
        },
    }


def _set_budget(emulator: Emulator, query: Mapping[str, str], body: Json) -> Json:
    if not body:
        raise ValueError("the body names the rules to change")
    changes = body | (_limits(body["limits"]) if "limits" in body else {})
    changes.pop("limits", None)
    rules = emulator.budget.rules
    unknown = changes.keys() - asdict(rules).keys()
    if unknown:
        raise ValueError(f"no rules of a budget: {', '.join(sorted(unknown))}")
    emulator.set_budget(evolve(rules, **changes))
    return _budget(emulator, query, body)


def _limits(value: object) -> Json:
    """Return the rules behind `[minute, hour]`, also as a text, or `off`."""
    if value == "off":
        return dict.fromkeys(("minute", "hour", "stats"))
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or len(parts) != 2:  # noqa: PLR2004 - minute and hour
        raise ValueError("limits are two numbers, per minute and per hour, or 'off'")
    return {name: int(part) for name, part in zip(("minute", "hour"), parts, strict=True)}


def _rates(emulator: Emulator, _query: Mapping[str, str], _body: Json) -> Json:
    return emulator.rates.shown()


def _add_key(emulator: Emulator, _query: Mapping[str, str], body: Json) -> Json:
    unknown = body.keys() - {"key", "user_id", "kind", "scopes"}
    if unknown or not isinstance(body.get("key"), str):
        raise ValueError('send a "key", and if you like "user_id", "kind" and "scopes"')
    key = emulator.keys[emulator.add_key(**body)]
    scopes = None if key.scopes is None else sorted(key.scopes)
    return {"user_id": key.user_id, "kind": key.kind, "scopes": scopes}


def _set_rates(emulator: Emulator, query: Mapping[str, str], body: Json) -> Json:
    rates, place = rates_of(body)
    emulator.set_rates(rates, **place)
    return _rates(emulator, query, body)


def _faults(emulator: Emulator, _query: Mapping[str, str], _body: Json) -> Json:
    return {"items": [armed.shown() for armed in emulator.faults]}


def _add_fault(emulator: Emulator, _query: Mapping[str, str], body: Json) -> Json:
    return emulator.faults.add(read_fault(body)).shown()


def _remove_faults(emulator: Emulator, query: Mapping[str, str], body: Json) -> Json:
    if "id" in query:
        emulator.faults.remove(int(query["id"]))
    else:
        emulator.faults.clear()
    return _faults(emulator, query, body)


_ROUTES: dict[
    str, dict[str, Callable[[Emulator, Mapping[str, str], Json], Json | Awaitable[Json]]]
] = {
    "state": {"GET": inspection.state},
    "reset": {"POST": _reset},
    "clock": {"GET": _clock, "POST": _move_clock},
    "dialects": {"GET": _dialects, "POST": _choose_dialects},
    "faults": {"GET": _faults, "POST": _add_fault, "DELETE": _remove_faults},
    "budget": {"GET": _budget, "POST": _set_budget},
    "keys": {"POST": _add_key},
    "rates": {"GET": _rates, "POST": _set_rates},
    "requests": {"GET": inspection.requests, "DELETE": inspection.clear_requests},
    "ledger": {"GET": inspection.ledger},
}
