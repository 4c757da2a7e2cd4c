"""The things the emulator keeps. Small classes with slots, no behaviour of HTTP.

A run can hold a million contacts, so rarely set members live in a dict that is
only made when needed, and repeated texts are shared.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from attrs import define, field

from reply_async.emulator.step_variants import shown_variant

if TYPE_CHECKING:
    from reply_async.emulator.reactions import Reaction
    from reply_async.emulator.stats import Tallies

Json = dict[str, Any]


class Mark:
    """What happened to a member so far; plain numbers, since millions are kept."""

    SENT = 1
    DELIVERED = 2
    OPENED = 4
    CLICKED = 8
    REPLIED = 16
    BOUNCED = 32
    OUT_OF_OFFICE = 64
    INTERESTED = 128
    CONNECTED = 256


@define(eq=False)
class Contact:
    """A person. `more` holds the members that most contacts do not have."""

    id: int
    email: str | None
    first_name: str | None
    last_name: str | None
    title: str | None
    company: str | None
    created_at: float
    modified_at: float
    more: Json | None = None

    def get(self, name: str) -> Any:  # noqa: ANN401 - a member as JSON
        """Return a member by the API's name."""
        slot = PROFILE_SLOTS.get(name)
        if slot is not None:
            return getattr(self, slot)
        return self.more.get(name) if self.more else None

    def set(self, name: str, value: object) -> None:
        """Set a member by the API's name; None clears it."""
        slot = PROFILE_SLOTS.get(name)
        if slot is not None:
            setattr(self, slot, value)
        elif value is not None:
            if self.more is None:
                self.more = {}
            self.more[name] = value
        elif self.more is not None:
            self.more.pop(name, None)

    @property
    def is_opted_out(self) -> bool:
        """Tell whether the person must not be written to."""
        return bool(self.more and self.more.get("isOptedOut"))


PROFILE_SLOTS = {
    "email": "email",
    "firstName": "first_name",
    "lastName": "last_name",
    "title": "title",
    "company": "company",
}


@define(eq=False)
class Member:
    """A contact in a sequence. `step` is the one to be done next, at `due`.

    A finished member keeps it, in case it is set active again.
    """

    contact: Contact
    sequence: Sequence
    added_at: float
    status: str = "active"
    step: Step | None = None
    due: float = 0.0
    email_account_id: int | None = None
    linkedin_account_id: int | None = None
    completed_at: float | None = None
    marks: int = 0  # what became of the messages, see Mark
    is_gone: bool = False  # taken out; queues drop it when they meet it
    reply: Reaction | None = None  # the last one, for the inbox
    last_email: Step | None = None  # the e-mail step done last, the one that may bounce


@define(eq=False)
class Step:
    """A step of a sequence; `members` are those of its kind as they are shown."""

    id: int
    type: str
    action: str | None
    parent_id: int | None
    branch: bool | None
    delay_in_minutes: int
    members: Json
    variants: list[Json] | None
    display_name: str
    number: int
    done: int = 0  # how many contacts passed; the variants take turns by it

    def shown(self) -> Json:
        """Return the step as the API shows it."""
        body: Json = {"id": self.id, **self.members}
        if self.variants is not None:
            body["variants"] = [shown_variant(variant) for variant in self.variants]
        body["parentId"] = self.parent_id
        body["ifConditionPositive"] = self.branch
        return body


@define(eq=False)
class Sequence:
    """A sequence with its steps, senders and members, newest member last."""

    id: int
    name: str
    owner_user_id: int
    created: float
    schedule_id: int
    settings: Json
    tallies: Tallies
    status: str = "new"
    is_archived: bool = False
    folder_id: str | None = None
    email_account_ids: list[int] = field(factory=list)
    linkedin_account_ids: list[int] = field(factory=list)
    steps: list[Step] = field(factory=list)
    members: dict[int, Member] = field(factory=dict)
    fresh: deque[Member] = field(factory=deque)  # at their first step, in order of time
    waiting: dict[str, list[tuple[float, int, Member]]] = field(factory=dict)  # heap per channel
    version: int = 0  # rises with every change of membership or status in it
    sent_today: dict[str, int] = field(factory=dict)
    order: tuple[tuple[str, str, int], list[Member]] | None = None  # last sorted list

    def next_step(self, step: Step | None, outcome: bool | None = None) -> Step | None:
        """Return the step below another one, on a condition's branch if given."""
        parent_id = step.id if step else None
        for candidate in self.steps:
            if candidate.parent_id == parent_id and (
                outcome is None or candidate.branch in {None, outcome}
            ):
                return candidate
        return None

    def step_by_id(self, step_id: int) -> Step | None:
        """Return a step of this sequence."""
        return next((step for step in self.steps if step.id == step_id), None)

    def parent_of(self, step: Step) -> Step | None:
        """Return the step above another one."""
        return None if step.parent_id is None else self.step_by_id(step.parent_id)

    def children_of(self, step: Step) -> list[Step]:
        """Return the steps right below another one."""
        return [entry for entry in self.steps if entry.parent_id == step.id]
