"""Statistics as tables: by channel, and by step and variant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reply_async.cli.console import show_table

if TYPE_CHECKING:
    from reply_async import EmailCounters, SequenceEmailStats, SequenceStats

VARIANT_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def show_stats(stats: SequenceStats, emails: SequenceEmailStats) -> None:
    """Print the statistics of one sequence."""
    email, linkedin = stats.email_overview, stats.linkedin_overview
    show_table(
        "Sequence",
        ("channel", "what", "count", "%"),
        [
            ("e-mail", "contacted", email.contacted, None),
            ("e-mail", "delivered", email.delivered, email.delivered_percentage),
            ("e-mail", "opened", email.opened, email.opened_percentage),
            ("e-mail", "replied", email.replied, email.replied_percentage),
            ("e-mail", "interested", email.interested, email.interested_percentage),
            ("e-mail", "bounced", email.bounced, email.bounced_percentage),
            ("LinkedIn", "connections sent", linkedin.connections_sent, None),
            (
                "LinkedIn",
                "connections accepted",
                linkedin.connections_accepted,
                linkedin.connections_accepted_percentage,
            ),
            ("LinkedIn", "replied", linkedin.replied, linkedin.replied_percentage),
        ],
        numbers=2,
    )
    show_table(
        "E-mail steps and their variants",
        ("step", "variant", "delivered", "opened", "opened %", "replied", "replied %"),
        _step_rows(emails),
        numbers=5,
    )


def _step_rows(emails: SequenceEmailStats) -> Iterator[tuple[object, ...]]:
    for step in emails.steps:
        name = step.display_name or str(step.step_number or step.step_id)
        yield name, "all", *_counters(step)
        for letter, variant in zip(VARIANT_LETTERS, step.variants, strict=False):
            yield name, f"{letter} ({variant.id})", *_counters(variant)


def _counters(counters: EmailCounters) -> tuple[object, ...]:
    return (
        counters.delivered,
        counters.opened,
        counters.opened_percentage,
        counters.replied,
        counters.replied_percentage,
    )
