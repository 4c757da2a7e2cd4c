"""Webhook subscriptions and the attempts to deliver that failed."""

from __future__ import annotations

from itertools import count
from typing import Any

from attrs import define, field, frozen

Json = dict[str, Any]

MAX_ACTIVE = 50
FIRST_WEBHOOK_ID = 1_801


@frozen
class FailedAttempt:
    """A delivery that was not taken; no status means that no answer came."""

    event_id: str
    http_status: int | None
    at: float


@define(eq=False)
class Webhook:
    """A subscription to one kind of event."""

    id: int
    event_type: str
    url: str
    scope: str
    payload_config: Json
    created_at: float
    is_enabled: bool
    failures: list[FailedAttempt] = field(factory=list)


class Webhooks:
    """The subscriptions of the account, by id."""

    def __init__(self) -> None:
        self.by_id: dict[int, Webhook] = {}
        self._ids = count(FIRST_WEBHOOK_ID)

    def next_id(self) -> int:
        """Return an id no subscription has had."""
        return next(self._ids)

    @property
    def is_full(self) -> bool:
        """Tell whether no further subscription can be active."""
        return sum(entry.is_enabled for entry in self.by_id.values()) >= MAX_ACTIVE
