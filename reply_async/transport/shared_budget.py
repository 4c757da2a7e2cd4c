"""A budget that several processes share: its clock, and what the loss of it means.

``visit`` is the step that a store takes for a participant, on the record it keeps for
the user; ``budget.lua`` is the same step in the server's own language. A record that is
lost, or falls back behind what a participant has seen, must not become a burst: it gets
another name, holds everybody for one minute window, and hears again from each
participant, once, what that one was granted. ``Recollection`` is what a participant
keeps for this. Pure: times are passed in.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Final, TypedDict

from attrs import define, field, frozen

from reply_async.transport.budget import Budget, State
from reply_async.transport.limits import Limits
from reply_async.transport.store import Message, Released, Reply, Settled, answer

NO_NAME: Final = ""


class History(TypedDict):
    """What one participant was granted, in seconds before and after now."""

    answered: list[list[float]]  # [seconds ago, number, number of them for statistics]
    leases: dict[str, list[float]]  # [seconds to go, 1 if it is for statistics]


class Record(TypedDict):
    """What a store keeps for a user."""

    name: str  # of this state; another one after a loss
    born: float
    complete_until: float  # it may lack what happened between then and its birth
    restored: list[str]  # the participants that have put this back
    visits: int
    last: float  # time on the record's own clock, which never goes back
    offset: float  # of that clock to the host's
    budget: State


@frozen(kw_only=True)
class Visit:
    """A message, and which record its sender has seen last, after how many visits.

    ``new_name`` is random, in case this visit makes a record. ``history`` puts back what
    the record that is known lacks: once for each ``participant``, since an answer may be
    lost, and several visits may be under way. That names the sender and what it knew
    before the loss.
    """

    message: Message
    participant: str
    new_name: str
    known: str = NO_NAME
    visits: int = 0
    history: History | None = None


@frozen(kw_only=True)
class Answer:
    """What came of a visit.

    ``reply`` is None, and the message was not heard, if the visitor knew another record:
    it comes again with its history of the last ``lacking_seconds``.
    """

    name: str
    visits: int
    lacking_seconds: float
    reply: Reply | None


def visit(
    record: Record | None, wall: float, request: Visit, age: float = math.inf
) -> tuple[Record, Answer]:
    """Take the step of a store: return the record to keep, and the answer.

    ``wall`` is the time on the store's clock, ``age`` how long (seconds) it has kept all
    that it was told.
    """
    is_new = record is None
    if record is None:
        record = _new(request, wall)
    before, now = record["last"], max(record["last"], wall + record["offset"])
    window = request.message.limits.minute + request.message.limits.margin
    # A newcomer cannot tell whether a young store has lost what others told it.
    if request.known == NO_NAME and (is_new or before - record["offset"] <= wall - age):
        _hold(record, now - age + window)
    record["last"], record["offset"] = now, now - wall
    if request.known == record["name"] and request.visits > record["visits"]:  # it fell back
        record["name"], record["born"] = request.new_name, now
        record["complete_until"], record["restored"] = before, []
    is_known = request.known in (NO_NAME, record["name"])
    if not is_known:
        _hold(record, record["born"] + window)
    record["visits"] += 1
    return record, Answer(
        name=record["name"],
        visits=record["visits"],
        lacking_seconds=now - record["complete_until"],
        reply=_hear(record, now, request) if is_known else None,
    )


def _new(request: Visit, wall: float) -> Record:
    return Record(
        name=request.new_name,
        born=wall,
        complete_until=0.0,
        restored=[],
        visits=0,
        last=wall,
        offset=0.0,
        budget=Budget(request.message.limits).dump(wall),
    )


def _hold(record: Record, until: float) -> None:
    pace = record["budget"]["paces"]["all"]
    pace[0] = max(pace[0], until)


def _hear(record: Record, now: float, request: Visit) -> Reply:
    if request.history is not None and request.participant not in record["restored"]:
        record["restored"].append(request.participant)
        _put_back(record["budget"], now, request.history)
    budget = Budget.load(request.message.limits, record["budget"])
    reply = answer(budget, now, request.message)
    record["budget"] = budget.dump(now)
    return reply


def _put_back(state: State, now: float, history: History) -> None:
    for window, column in (("minute", 1), ("hour", 1), ("stats", 2)):
        counts = Counter({time: int(count) for time, count in state["windows"][window]})
        for row in history["answered"]:
            if row[column]:
                counts[now - row[0]] += int(row[column])
        state["windows"][window] = [[time, counts[time]] for time in sorted(counts)]
    for lease_id, (seconds, is_stats) in history["leases"].items():
        state["leases"][lease_id] = [now + seconds, is_stats]


@define
class Recollection:
    """What one participant knows of a user's record, and was granted by it.

    Kept for as long as an hour window looks back. Times are those of the participant's
    own clock.
    """

    name: str = NO_NAME
    visits: int = 0
    _answered: Counter[tuple[int, bool]] = field(init=False, factory=Counter)
    _leases: dict[str, tuple[float, bool]] = field(init=False, factory=dict)

    def note(self, now: float, message: Message, answer: Answer) -> None:
        """Note a visit, its news and what it was granted.

        Another record is known once it has heard: until then it is owed the history.
        """
        if answer.reply is None:
            return
        self.name, self.visits = answer.name, answer.visits
        for news in message.news:
            if isinstance(news, Released):
                self._leases.pop(news.lease_id, None)
            elif isinstance(news, Settled):
                self._end(news.lease_id, now)
        want, reply = message.want, answer.reply
        if want is not None and reply.is_granted:
            expires = now + reply.wait_seconds + want.lease_seconds
            self._leases[want.lease_id] = (expires, want.is_stats)
        self._forget(now, message.limits)

    def disown(self) -> None:
        """Forget what was granted: after a fork the parent tells of it."""
        self._answered.clear()
        self._leases.clear()

    def history(self, now: float, lacking_seconds: float) -> History:
        """Return what was granted, as far as it ended in the last seconds."""
        since = now - lacking_seconds
        seconds = sorted({second for second, _ in self._answered if second >= since})
        counts = {
            second: (self._answered[second, False], self._answered[second, True])
            for second in seconds
        }
        return History(
            answered=[
                # Up to a second later than it was, and never in the future.
                [max(0.0, now - second), plain + stats, stats]
                for second, (plain, stats) in counts.items()
            ],
            leases={
                lease_id: [expires - now, int(is_stats)]
                for lease_id, (expires, is_stats) in self._leases.items()
            },
        )

    def _end(self, lease_id: str, at: float) -> None:
        lease = self._leases.pop(lease_id, None)
        if lease is not None:
            self._answered[math.ceil(at), lease[1]] += 1

    def _forget(self, now: float, limits: Limits) -> None:
        for lease_id, (expires, _) in list(self._leases.items()):
            if expires <= now:
                self._end(lease_id, expires)
        oldest = now - 2 * (limits.hour + limits.margin)
        while self._answered and (first := next(iter(self._answered)))[0] < oldest:
            del self._answered[first]
        if not self._answered and not self._leases:  # as good as a newcomer
            self.name, self.visits = NO_NAME, 0
