"""What must hold after a run, judged by the ledger: lists of offenders, empty if it does.

Knows a client's report by its members only. An assertion per check is on `Ledger`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.budget import TICKS
from reply_async.emulator.clock import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reply_async.emulator.ledger import Ledger

SHOWN = 5
_EFFECT_OF_IMPORT = {"created": "contact_created", "restored": "contact_restored"}


def require(what: str, offenders: Sequence[str]) -> None:
    """Raise if there are offenders, with their number and the first of them."""
    if offenders:
        more = "; ..." if len(offenders) > SHOWN else ""
        raise AssertionError(f"{len(offenders)} {what}: {'; '.join(offenders[:SHOWN])}{more}")


def doubles(ledger: Ledger) -> list[str]:
    """Name those who were enrolled in the same sequence twice."""
    return [
        f"contact {contact_id} in sequence {sequence_id} by requests {numbers}"
        for sequence_id, contact_id, numbers in ledger.double_effects()
    ]


def messages_twice(ledger: Ledger) -> list[str]:
    """Name those who were sent the same step twice."""
    found = []
    for (sequence_id, step_id), contact_ids in ledger.messages.by_step().items():
        if len(set(contact_ids)) < len(contact_ids):
            seen: set[int] = set()
            for contact_id in contact_ids:
                if contact_id in seen:
                    found.append(f"contact {contact_id}, step {step_id} of sequence {sequence_id}")
                seen.add(contact_id)
    return found


def windows_exceeded(ledger: Ledger) -> list[str]:
    """Name the fullest stretch of every limit that a user got more of, with its times."""
    return [
        f"{limit.granted.most} requests of user {user_id} from "
        f"{iso(limit.granted.since / TICKS, 3)} to {iso(limit.granted.until / TICKS, 3)}, "
        f"where the limit {limit.name} is {limit.window.limit} in {limit.seconds} s"
        for user_id, budget in ledger.budgets().items()
        for limit in (*budget.exceeded, *budget.limits)
        if limit.is_exceeded
    ]


def refused_for_budget(ledger: Ledger) -> list[str]:
    """Name the budgets that refused a request."""
    return [
        f"{budget.answered_429} requests of user {user_id}, the last at "
        f"{iso(budget.last_refused[-1].at)} for the window {budget.last_refused[-1].window}"
        for user_id, budget in ledger.budgets().items()
        if budget.answered_429
    ]


def members_astray(ledger: Ledger) -> list[str]:
    """Name the sequences whose members are not those whom the ledger has in them."""
    found = []
    noted = ledger.members()
    for sequence_id, sequence in list(ledger.state.sequences.items()):
        members = noted.get(sequence_id, set())
        if members != sequence.members.keys():
            lost = sorted(members - sequence.members.keys())[:SHOWN]
            extra = sorted(sequence.members.keys() - members)[:SHOWN]
            found.append(f"sequence {sequence_id} lacks {lost} and has {extra} besides")
    return found


def not_conserved(ledger: Ledger, reports: Sequence[Any], since: int) -> list[str]:
    """Name what in reports of runs disagrees with itself or with the effects."""
    found = [fault for report in reports for fault in _contradictions(report)]
    happened: dict[str, int] = {}
    for effect in ledger.effects.select(since=since):
        happened[effect.name] = happened.get(effect.name, 0) + effect.count
    enrolled = sum(report.counts.enrolled for report in reports)
    in_doubt = sum(report.counts.unknown for report in reports)
    found += _differs("enrolled", happened.get("enrolled", 0), enrolled, enrolled + in_doubt)
    untold = sum(map(_rows_without_import_result, reports))
    for word, effect_name in _EFFECT_OF_IMPORT.items():
        told = sum(
            report.imported.get(word, 0) + getattr(report.counts, word) for report in reports
        )
        found += _differs(word, happened.get(effect_name, 0), told, told + untold)
    return found


def _contradictions(report: Any) -> Iterator[str]:  # noqa: ANN401 - a client's report, known by its members
    """Name rows of a report that have no outcome, or two."""
    counts = report.counts
    for name in ("refused", "unknown"):
        listed = len(getattr(report, name))
        if listed != getattr(counts, name):
            yield f"{getattr(counts, name)} rows counted as {name}, {listed} listed"
    if both := sorted(report.refused.keys() & report.unknown.keys()):
        yield f"rows {both[:SHOWN]} are both refused and unknown"
    if beyond := [row for row in (*report.refused, *report.unknown) if row > counts.rows]:
        yield f"rows {beyond[:SHOWN]} of only {counts.rows}"


def _rows_without_import_result(report: Any) -> int:  # noqa: ANN401 - as above
    """Return how many rows an import may have created or restored without telling it.

    Their answer was lost, and perhaps the repeat said "updated". Refused rows do not
    count, unless the enrolment may have refused them after a good import.
    """
    counts = report.counts
    untold: int = counts.rows - counts.created - counts.restored - sum(report.imported.values())
    if not report.requests.get("enrol"):
        untold -= report.counts.refused
    return max(untold, 0)


def _differs(what: str, happened: int, least: int, most: int) -> list[str]:
    if least <= happened <= most:
        return []
    told = str(least) if least == most else f"{least} to {most}"
    return [f"{happened} {what}, and {told} by the reports"]


CHECKS: dict[str, Callable[[Ledger], list[str]]] = {
    "one_effect_each": doubles,
    "no_message_twice": messages_twice,
    "windows_respected": windows_exceeded,
    "no_429": refused_for_budget,
    "members_agree": members_astray,
}
