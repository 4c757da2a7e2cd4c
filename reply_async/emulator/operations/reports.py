"""Statistics of sequences: one, all, and per step and variant."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.problems import Fault, Problem, bare, invalid, refusal
from reply_async.emulator.stats import (
    DAY,
    email_overview,
    message_stats,
    moment_of,
    period,
    sequence_stats,
    total,
)

if TYPE_CHECKING:
    from reply_async.emulator.entities import Sequence, Step
    from reply_async.emulator.stats import Key

Json = dict[str, Any]

MAX_DAYS = 31
_INVERTED = Fault("/filters", "'to' must be after 'from'.")


@operation
def get_sequence_stats(call: Call) -> Json:
    """Return both overviews of one sequence."""
    first, last = _period(call, _inverted(call))
    return sequence_stats(_sequence(call), first, last)


@operation
def list_sequence_stats(call: Call) -> list[Json]:
    """Return both overviews of every sequence, for at most 31 days."""
    filters: Json = call.body.get("filters") or {}
    first, last = _period(call, _inverted(call))
    _check_span(first, last, call.now)
    users = filters.get("userIds")
    return [
        {
            "sequenceId": sequence.id,
            "name": sequence.name,
            "status": "archived" if sequence.is_archived else sequence.status,
            **sequence_stats(sequence, first, last),
        }
        for sequence in call.state.sequences.values()
        if not users or sequence.owner_user_id in users
    ]


@operation
def get_sequence_email_stats(call: Call) -> Json:
    """Return the e-mail counters of a sequence, its steps and their variants."""
    first, last = _period(call, invalid(_INVERTED))
    sequence = _sequence(call)
    sums = sequence.tallies.between(first, last)
    email_steps = [step for step in sequence.steps if step.type == "email"]
    return {
        "overview": email_overview(total(sums.values())),
        "steps": [_step_row(step, sums) for step in email_steps],
    }


def _step_row(step: Step, sums: dict[Key, Counter[str]]) -> Json:
    of_step = [counter for (step_id, _), counter in sums.items() if step_id == step.id]
    variants = [
        {
            "id": variant["id"],
            "isEnabled": variant["isEnabled"],
            "hasAttachments": False,
            "generatedByAi": False,
            **message_stats(sums.get((step.id, variant["id"]), Counter())),
        }
        for variant in step.variants or ()
    ]
    return {
        "stepId": step.id,
        "stepNumber": step.number,
        "displayName": step.display_name,
        "isArchived": False,
        "variants": variants,
        **message_stats(total(of_step)),
    }


def _sequence(call: Call) -> Sequence:
    """Return the sequence; no code is documented for a missing one."""
    sequence = call.state.sequences.get(call.path["id"])
    if sequence is None:
        detail = f"Sequence with ID {call.path['id']} is not found."
        raise refusal(404, "sequenceStats.notFound", detail)
    return sequence


def _inverted(call: Call) -> Problem:
    is_fault = call.dialects["stats_inverted_range"] == "validation"
    return invalid(_INVERTED) if is_fault else bare(500)


def _period(call: Call, inverted: Problem) -> tuple[float | None, float | None]:
    """Return both ends; ``inverted`` is the answer to one that ends before it begins."""
    filters: Json = call.body.get("filters") or {}
    first, last = moment_of(filters.get("from")), moment_of(filters.get("to"))
    if filters.get("dateRangePreset") and not (first is None and last is None):
        detail = "Either 'dateRangePreset' or 'from' and 'to' can be given."
        raise invalid(Fault("/filters", detail))
    if first is not None and (call.now if last is None else last) <= first:
        raise inverted
    return period(filters, call.now)


def _check_span(first: float | None, last: float | None, now: float) -> None:
    end = now if last is None else last
    if first is None or end - first > MAX_DAYS * DAY or first < now - (MAX_DAYS + 1) * DAY:
        raise invalid(Fault("/filters", "Date range must not exceed 31 days."))
