"""What became of each item of a bulk call, and of each row of a run.

Plain values, no I/O. Every item ends in exactly one of ``done``, ``refused`` and
``unknown``; rows that a stopped run did not send are ``unsent``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from attrs import Factory, define, field, frozen

from reply_async.errors import BulkRefused

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@frozen(kw_only=True)
class Refusal:
    """Why one item was refused; nothing was changed for it.

    ``code`` is a word of this package (``email.invalid``, ``row.width``,
    ``duplicate``) or of the server (``noContacts``); ``raw_code`` is what the server
    sent, where that was a number or spelled otherwise. ``duplicate_of`` is the row
    number of the row that was kept. ``is_retryable`` says that the same item may
    well be accepted later, unchanged.
    """

    code: str
    detail: str = ""
    is_retryable: bool = False
    raw_code: str | int | None = None
    duplicate_of: int | None = None


@frozen(kw_only=True)
class BulkOutcome(Generic[Key, Value]):
    """The verdict on every item of a bulk call, by the caller's own key.

    ``done`` maps a key to what the call gives for it, ``refused`` to the reason,
    ``unknown`` to the evidence: sent, no usable answer, and reading back did not
    tell either. The three never share a key.
    """

    done: Mapping[Key, Value] = field(factory=dict)
    refused: Mapping[Key, Refusal] = field(factory=dict)
    unknown: Mapping[Key, str] = field(factory=dict)

    def __len__(self) -> int:
        return len(self.done) + len(self.refused) + len(self.unknown)

    def raise_if_refused(self) -> None:
        """Raise ``BulkRefused`` unless every item is done."""
        if self.refused or self.unknown:
            raise BulkRefused(self)  # type: ignore[arg-type]  # Mapping is invariant in its key


class RowStatus(StrEnum):
    """How a row ended well; the last word about it counts.

    A row of an import into a sequence ends as ``enrolled`` or ``already_in``, a row
    of a plain import as one of the others.
    """

    CREATED = "created"
    UPDATED = "updated"
    RESTORED = "restored"
    SKIPPED = "skipped"
    ALREADY_IN = "already_in"
    ENROLLED = "enrolled"


@frozen
class SettledRow:
    """A row that is done: how it ended, and the contact that it became.

    ``imported`` tells what the import did with the contact (None where there was no
    import, or where its answer was lost and the import was repeated).
    """

    status: RowStatus
    contact_id: int
    imported: RowStatus | None = None


RowOutcome: TypeAlias = BulkOutcome[int, SettledRow]


@define
class Verdicts:
    """Verdicts on rows while they are collected, so that an error on the way loses none."""

    done: dict[int, SettledRow] = field(factory=dict)
    refused: dict[int, Refusal] = field(factory=dict)
    unknown: dict[int, str] = field(factory=dict)

    def __contains__(self, number: int) -> bool:
        return number in self.done or number in self.refused or number in self.unknown

    def outcome(self) -> RowOutcome:
        """Return the verdicts so far."""
        return BulkOutcome(done=self.done, refused=self.refused, unknown=self.unknown)


@frozen(kw_only=True)
class Progress:
    """Where a run stands.

    Rows: ``read`` from the input, ``settled`` in any way, of these ``refused`` and
    ``unknown``; ``total`` if the caller told it. ``requests`` counts what was sent,
    ``waiting_for`` names the window of the budget that the run waits for (``minute``,
    ``hour``, ``server``) or is None, ``wait_seconds`` how long the next request waits
    for it. ``scale`` is the part of the limits that is used after refusals, and
    ``others_in_minute`` what other clients of the user were seen to spend.
    ``eta_seconds`` is what the budget allows at best, with all of this as it is, None
    without a ``total``.
    """

    read: int = 0
    settled: int = 0
    refused: int = 0
    unknown: int = 0
    total: int | None = None
    requests: int = 0
    waiting_for: str | None = None
    wait_seconds: float = 0.0
    scale: float = 1.0
    others_in_minute: int = 0
    eta_seconds: float | None = None


@define(kw_only=True)
class Counts:
    """Rows by how they ended; they add up to the rows that were read."""

    created: int = 0
    updated: int = 0
    restored: int = 0
    skipped: int = 0
    already_in: int = 0
    enrolled: int = 0
    refused: int = 0
    unknown: int = 0
    unsent: int = 0

    @property
    def rows(self) -> int:
        """All rows that were read."""
        return self.done + self.refused + self.unknown + self.unsent

    @property
    def done(self) -> int:
        """All rows that ended well."""
        return (
            self.created
            + self.updated
            + self.restored
            + self.skipped
            + self.already_in
            + self.enrolled
        )


@frozen(kw_only=True)
class Report:
    """What became of the rows of a run.

    ``refused`` and ``unknown`` map row numbers (from 1) to the reason and to the
    evidence; ``imported`` counts what the import did with the contacts before they
    were enrolled, as far as the first answer told it; ``requests`` counts requests by
    purpose (``import``, ``enrol``, ``other``).
    """

    counts: Counts
    refused: Mapping[int, Refusal] = field(factory=dict, repr=False)
    unknown: Mapping[int, str] = field(factory=dict, repr=False)
    imported: Mapping[str, int] = field(factory=dict)
    requests: Mapping[str, int] = field(factory=dict)
    seconds: float = 0.0
    refused_by_code: Mapping[str, int] = field(
        init=False,
        default=Factory(
            lambda self: dict(Counter(refusal.code for refusal in self.refused.values())),
            takes_self=True,
        ),
    )

    @property
    def unsent(self) -> int:
        """Rows that were read and not sent, because the run stopped."""
        return self.counts.unsent

    @property
    def duplicates(self) -> int:
        """Refused rows whose e-mail an earlier row of the input has."""
        return self.refused_by_code.get("duplicate", 0)
