"""The page at `/`: what the account holds, what was asked, and what is left to spend.

Server-rendered and whole without scripts; with them it fetches itself every second.
Shows no key and changes nothing. It looks at the newest entries only, so that a
million contacts cost no more than a few; see `_by_status` for the one exception.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from reply_async.emulator.clock import plain_iso
from reply_async.emulator.dialects import NAMES, dialects_of
from reply_async.emulator.faults import EVERY
from reply_async.emulator.markup import Markup, element, raw_element
from reply_async.emulator.stats import percentage, total

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reply_async.emulator.armed_faults import ArmedFault
    from reply_async.emulator.budget import Budget, Limit
    from reply_async.emulator.clock import Clock
    from reply_async.emulator.emulator import Emulator
    from reply_async.emulator.entities import Contact, Sequence
    from reply_async.emulator.requests_log import LoggedRequest

SHOWN_SEQUENCES = 50
SHOWN_CONTACTS = 10
SHOWN_REQUESTS = 20
STATUSES = {
    "active": "Active",
    "paused": "Paused",
    "finished": "Finished",
    "inactive": "Inactive",
    "outOfOffice": "Away",
}
WINDOWS = {"minute": "Minute", "hour": "Hour", "stats": "Statistics, hour"}
WITHOUT_SCRIPTS_SECONDS = 5
NEARLY_SPENT = 0.8

_DATA = files("reply_async.emulator") / "data"
_STYLE = (_DATA / "page.css").read_text(encoding="utf-8")
_SCRIPT = (_DATA / "page.js").read_text(encoding="utf-8")
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Ccircle cx='8' cy='8' r='6' fill='%23287a5c'/%3E%3C/svg%3E"
)


def _allowed(text: str) -> str:
    """Return how a Content-Security-Policy names one inline text."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_allowed(_STYLE)}; script-src {_allowed(_SCRIPT)}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_counted: WeakKeyDictionary[Sequence, tuple[int, Counter[str]]] = WeakKeyDictionary()


def render(emulator: Emulator) -> str:
    """Return the whole page as HTML, with the outreach played until now."""
    emulator.catch_up()
    refresh = element("meta", http_equiv="refresh", content=WITHOUT_SCRIPTS_SECONDS)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", "Reply emulator"),
        element("link", rel="icon", href=_ICON),
        element("noscript", refresh),
        raw_element("style", _STYLE),
    )
    main = element(
        "main",
        _account(emulator),
        element("div", _budgets(emulator), _faults(emulator), class_="pair"),
        _sequences(emulator),
        element("div", _requests(emulator), _contacts(emulator), class_="pair wide-first"),
    )
    body = element("body", _header(emulator), main, raw_element("script", _SCRIPT))
    return "<!doctype html>" + element("html", head, body, lang="en")


def _header(emulator: Emulator) -> Markup:
    state = element("p", id="connection", role="status")
    return element("header", element("h1", "Reply emulator"), element("code", emulator.url), state)


def _account(emulator: Emulator) -> Markup:
    state, clock = emulator.played.state, emulator.clock
    enrolled = sum(len(entry.members) for entry in state.sequences.values())
    at = datetime.fromtimestamp(clock.now(), UTC)
    time = element("time", f"{at:%H:%M:%S}", datetime=f"{at:%Y-%m-%dT%H:%M:%SZ}")
    facts = (
        ("Clock", time, f"{at:%a %d %b %Y} UTC, {_pace(clock)}"),
        ("Sequences", _number(len(state.sequences)), f"{_number(_active(emulator))} active"),
        ("Contacts", _number(len(state.contacts)), f"{_number(enrolled)} in sequences"),
        ("Requests", _number(len(emulator.requests)), f"seed {emulator.seed}"),
        ("Dialect", *_dialect(emulator)),
    )
    return element(
        "dl",
        *(
            element("div", element("dt", name), element("dd", value, element("small", more)))
            for name, value, more in facts
        ),
        class_="facts",
    )


def _pace(clock: Clock) -> str:
    if clock.is_held:
        return "held"
    return "real time" if clock.speed == 1 else f"{clock.speed:g} times as fast"


def _active(emulator: Emulator) -> int:
    return sum(entry.status == "active" for entry in emulator.played.state.sequences.values())


def _dialect(emulator: Emulator) -> tuple[str, str]:
    """Return the nearest set's name, and the entries that differ from it."""
    differences = {
        name: [
            f"{entry}={variant}"
            for entry, variant in emulator.dialects.items()
            if dialects_of(name)[entry] != variant
        ]
        for name in NAMES
    }
    name = min(NAMES, key=lambda each: len(differences[each]))
    changed = differences[name]
    return name, ", ".join(changed) or f"all {len(emulator.dialects)} entries"


def _budgets(emulator: Emulator) -> Markup:
    names = {user["userId"]: user["userName"] for user in emulator.played.state.team_users}
    budgets = {emulator.keys[emulator.key].user_id: emulator.budget} | emulator.budgets
    if not emulator.budget.limits:
        return _section("Budget", element("p", "The budget is off.", class_="none"))
    now = emulator.clock.now()
    users = (_budget(user_id, names[user_id], budgets[user_id], now) for user_id in budgets)
    return _section("Budget", *users, note=f"{emulator.budget.rules.window} windows")


def _budget(user_id: int, name: str, budget: Budget, now: float) -> Markup:
    at = budget.catch_up(now)
    notes = [f"{_number(budget.granted)} granted", f"{_number(budget.answered_429)} answered 429"]
    if budget.rules.competitor:
        notes.append(f"a competitor spent {_number(budget.competitor.granted)}")
    gauges = (_gauge(user_id, limit, at) for limit in budget.limits)
    return element("div", element("h3", name, element("small", ", ".join(notes))), *gauges)


def _gauge(user_id: int, limit: Limit, at: int) -> Markup:
    capacity = limit.window.capacity
    used = capacity - limit.free(at)
    name = f"window-{user_id}-{limit.name}"
    level = "spent" if used >= capacity else "nearly" if used >= NEARLY_SPENT * capacity else ""
    bar = element(
        "svg",
        element("rect", width=f"{100 * used / capacity:.1f}%", height="100%"),
        class_=f"bar {level}".strip(),
        role="meter",
        aria_labelledby=name,
        aria_valuemin=0,
        aria_valuemax=capacity,
        aria_valuenow=used,
    )
    return element(
        "div",
        element("span", WINDOWS[limit.name], id=name),
        bar,
        element("span", f"{_number(used)} of {_number(capacity)}", class_="number"),
        element("small", f"peak {_number(limit.peak)}"),
        class_="gauge",
    )


def _faults(emulator: Emulator) -> Markup:
    title = "Armed faults"
    rows = [_fault_row(armed) for armed in emulator.faults]
    if not rows:
        return _section(title, element("p", "None is armed.", class_="none"))
    columns = ("What", "Requests", "*Met", "*Fired", "*Left")
    return _section(title, _table(title, columns, rows), note=_number(len(rows)))


def _fault_row(armed: ArmedFault) -> Markup:
    fault = armed.fault
    meant = [] if fault.nth == EVERY else [f"no. {', '.join(map(str, fault.nth))}"]
    if fault.probability < 1:
        meant.append(f"{100 * fault.probability:g} %")
    return element(
        "tr",
        element("th", _pill(fault.label, "fault"), scope="row"),
        element(
            "td",
            element("b", fault.method or "any"),
            " ",
            fault.route or "any route",
            *([element("small", ", ".join(meant))] if meant else ()),
            class_="path",
        ),
        *map(_count, (armed.hits, armed.fired)),
        element("td", "∞" if armed.left is None else _number(armed.left), class_="number"),
        id=f"fault-{armed.id}",
    )


def _sequences(emulator: Emulator) -> Markup:
    entries = emulator.played.state.sequences
    columns = (
        "Name",
        "State",
        "*Steps",
        "*Contacts",
        *(f"*{word}" for word in STATUSES.values()),
        "*Mails sent",
        "*Opened",
        "*Replied",
    )
    shown = islice(reversed(entries.values()), SHOWN_SEQUENCES)
    rows = [_sequence_row(entry) for entry in shown]
    return _listing("Sequences", columns, rows, len(entries))


def _sequence_row(sequence: Sequence) -> Markup:
    sums = total(sequence.tallies.between(None, None).values())
    by_status = _by_status(sequence)
    state = "archived" if sequence.is_archived else sequence.status
    delivered = sums["delivered"]
    return element(
        "tr",
        element("th", sequence.name, element("small", sequence.id), scope="row"),
        element("td", _pill(state)),
        *map(_count, (len(sequence.steps), len(sequence.members))),
        *(_count(by_status[status]) for status in STATUSES),
        _count(sums["sent"]),
        *(_count(sums[name], _share(sums[name], delivered)) for name in ("opened", "replied")),
        id=f"sequence-{sequence.id}",
    )


def _by_status(sequence: Sequence) -> Counter[str]:
    """Return how many members have each status, counted anew only after a change."""
    version, counts = _counted.get(sequence, (-1, Counter[str]()))
    if version != sequence.version:
        counts = Counter(map(attrgetter("status"), sequence.members.values()))
        _counted[sequence] = sequence.version, counts
    return counts


def _contacts(emulator: Emulator) -> Markup:
    entries = emulator.played.state.contacts
    rows = [_contact_row(entry) for entry in islice(reversed(entries.values()), SHOWN_CONTACTS)]
    return _listing("Newest contacts", ("Contact", "*Id", "Added"), rows, len(entries))


def _contact_row(contact: Contact) -> Markup:
    name = " ".join(part for part in (contact.first_name, contact.last_name) if part)
    return element(
        "tr",
        element(
            "th",
            name or "(no name)",
            element("small", contact.email or "no e-mail"),
            scope="row",
            class_="two-lines",
        ),
        element("td", contact.id, class_="number"),
        element("td", _time(contact.created_at)),
        id=f"contact-{contact.id}",
    )


def _requests(emulator: Emulator) -> Markup:
    last = emulator.requests.last(SHOWN_REQUESTS)
    rows = [_request_row(entry) for entry in reversed(last)]
    columns = ("*No.", "Time", "Status", "Request", "*ms")
    return _listing("Last requests", columns, rows, len(emulator.requests))


def _request_row(entry: LoggedRequest) -> Markup:
    fault = (" ", _pill(entry.fault, "fault")) if entry.fault else ()
    return element(
        "tr",
        element("td", entry.number, class_="number"),
        element("td", _time(entry.at)),
        element("td", _pill(str(entry.status or "none"), f"s{entry.status // 100}")),
        element("td", element("b", entry.method), " ", entry.path, *fault, class_="path"),
        element("td", f"{entry.duration_ms:.1f}", class_="number"),
        id=f"request-{entry.number}",
    )


def _section(title: str, *content: Markup, note: str = "") -> Markup:
    anchor = _anchor(title)
    heading = element("h2", title, *([element("small", note)] if note else ()), id=anchor)
    return element("section", heading, *content, aria_labelledby=anchor)


def _listing(title: str, columns: Iterable[str], rows: list[Markup], of: int) -> Markup:
    """Return a section with a table; a column whose name starts with * holds numbers."""
    if not rows:
        return _section(title, element("p", "None yet.", class_="none"))
    note = f"{len(rows)} of {_number(of)}" if len(rows) < of else _number(of)
    return _section(title, _table(title, columns, rows), note=note)


def _table(title: str, columns: Iterable[str], rows: list[Markup]) -> Markup:
    head = (
        element("th", name.lstrip("*"), scope="col", class_="number" if name[0] == "*" else None)
        for name in columns
    )
    body = element("tbody", *rows, id=f"{_anchor(title)}-rows")
    table = element("table", element("thead", element("tr", *head)), body)
    return element(
        "div", table, class_="scroll", tabindex=0, role="group", aria_labelledby=_anchor(title)
    )


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _pill(text: str, kind: str | None = None) -> Markup:
    return element("span", text, class_=f"pill {kind or text}")


def _count(value: int, more: str = "") -> Markup:
    content = [_number(value), *([element("small", more)] if more else ())]
    return element("td", *content, class_="number" if value else "number zero")


def _number(value: int) -> str:
    return f"{value:,}"


def _share(part: int, whole: int) -> str:
    return f"{percentage(part, whole):.0f} %" if part else ""


def _time(moment: float) -> Markup:
    stamp = plain_iso(moment)
    return element("time", stamp[11:19], datetime=f"{stamp}Z", title=stamp.replace("T", " "))
