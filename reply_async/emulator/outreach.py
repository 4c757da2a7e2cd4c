"""Outreach: what an active sequence sends, and how people react.

Played lazily: at every request and every move of the clock the hours that have
passed are worked off, each working hour of the schedule's zone once. In an hour,
follow-ups go before first contacts, each in the hours the schedule has for them.
E-mails stay below `emailsCountPerDay`, below the daily limits of the linked mailboxes
(shared by all sequences, counted by the UTC day) and, if switched on, below
`dailyThrottling`, spread evenly over the working day. LinkedIn actions stay below the
daily limits of the linked profiles; calls, tasks and the rest have none. Steps a
contact has no address for are passed over. Sending waits as long as no sender is
there, switched on, able to send and below its limit; it rests on the holidays of the
schedule.

Reactions follow from (seed, step, contact) and from the rates of the variant,
which differ by its id. Opens, clicks and bounces count at once, replies some
hours later; a reply finishes the contact unless the settings say otherwise.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from math import ceil
from typing import TYPE_CHECKING

from reply_async.emulator.conditions import condition_holds
from reply_async.emulator.reactions import Reactions
from reply_async.emulator.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from reply_async.emulator.entities import Member, Sequence, Step
    from reply_async.emulator.ledger import Ledger
    from reply_async.emulator.rates import RateBook
    from reply_async.emulator.sender_accounts import EmailAccount, LinkedInAccount
    from reply_async.emulator.state import State

HOUR = 3_600
DAY = 86_400

_order = count()  # among those due at one time: first come, first served


def channel_of(step: Step) -> str:
    """Return which limit a step draws on."""
    return {"email": "email", "linkedIn": "linkedIn"}.get(step.type, "other")


def queue(sequence: Sequence, member: Member) -> None:
    """Let a member wait for its next step."""
    if member.step is not None:
        heap = sequence.waiting.setdefault(channel_of(member.step), [])
        heappush(heap, (member.due, next(_order), member))


class Outreach:
    """Plays the hours that have passed since the last look."""

    def __init__(self, state: State, ledger: Ledger, rates: RateBook, now: float) -> None:
        self._state = state
        self._next_hour = _hour_after(now)
        self._record = Record(ledger, state.webhooks)
        self.reactions = Reactions(state.seed, rates, self._record)

    def catch_up(self, now: float) -> None:
        """Play every whole hour up to now."""
        if now < self._next_hour:
            return
        if self.next_hour is None:
            self._next_hour = _hour_after(now)
            return
        while self._next_hour <= now:
            self._play(self._next_hour)
            self._next_hour += HOUR

    @property
    def next_hour(self) -> float | None:
        """Return when something may happen next; None if nobody waits to be written to."""
        is_active = any(
            entry.status == "active" and (entry.fresh or any(entry.waiting.values()))
            for entry in self._state.sequences.values()
        )
        return self._next_hour if is_active or self.reactions else None

    def _play(self, moment: float) -> None:
        self.reactions.play(moment)
        for sequence in self._state.sequences.values():
            if sequence.status != "active" or sequence.is_archived or not sequence.members:
                continue
            schedule = self._state.schedules[sequence.schedule_id]
            at = schedule.local(moment)
            shares = schedule.shares(at)
            if any(shares) and not self._state.schedules.is_holiday(schedule, at.date()):
                self._play_sequence(sequence, moment, at.toordinal(), shares)

    def _play_sequence(
        self, sequence: Sequence, moment: float, day: int, shares: tuple[float, float]
    ) -> None:
        if sequence.sent_today.get("day") != day:
            sequence.sent_today = {"day": day}
        share = max(shares)
        self._work_off(sequence, moment, shares, "other", lambda: True)
        profiles = [self._state.linkedin_accounts[key] for key in sequence.linkedin_account_ids]
        actions = sum(profile.daily_limit for profile in profiles)
        may_act = _allowance(sequence, "linkedIn", actions, share)
        self._work_off(sequence, moment, shares, "linkedIn", may_act)
        settings = sequence.settings
        emails = settings["emailsCountPerDay"]
        if settings.get("useDailyThrottling"):
            emails = min(emails, settings["dailyThrottling"])
        may_send = _allowance(sequence, "email", emails, share)
        self._work_off(sequence, moment, shares, "email", may_send)

    def _work_off(
        self,
        sequence: Sequence,
        moment: float,
        shares: tuple[float, float],
        channel: str,
        may_go: Callable[[], bool],
    ) -> None:
        """Do the due steps of one channel, follow-ups first, in their hours, while allowed."""
        takes_first, takes_later = shares
        heap = sequence.waiting.get(channel, []) if takes_later else []
        while heap and heap[0][0] <= moment and may_go():
            entry = heappop(heap)
            due, _, member = entry
            if due == member.due and not self._do_step(member, moment):
                heappush(heap, entry)
                return
        first = sequence.next_step(None)
        fresh = sequence.fresh
        if not takes_first or first is None or channel_of(first) != channel:
            return
        while fresh and fresh[0].due <= moment and may_go():
            member = fresh[0]
            if member.step is first and not self._do_step(member, moment):
                return
            fresh.popleft()

    def _do_step(self, member: Member, moment: float) -> bool:
        """Do a member's step and move it on; False if a sender is missing."""
        step, sequence = member.step, member.sequence
        if step is None or member.is_gone or member.status != "active":
            return True
        if member.contact.is_opted_out:
            self._record.finish(member, moment)
            return True
        outcome: bool | None = None
        if step.type == "email" and member.contact.email:
            mailbox = self._mailbox(member, int(moment // DAY))
            if mailbox is None:
                return False
            member.email_account_id = mailbox.id
            member.last_email = step
            mailbox.sent_on[int(moment // DAY)] = mailbox.sent_on.get(int(moment // DAY), 0) + 1
            sequence.sent_today["email"] = sequence.sent_today.get("email", 0) + 1
            self.reactions.send_email(member, step, moment)
        elif step.type == "linkedIn" and member.contact.get("linkedInUrl"):
            profile = self._profile(member, step, int(moment // DAY))
            if profile is None:
                return False
            member.linkedin_account_id = profile.id
            profile.note_action(step.action, int(moment // DAY))
            sequence.sent_today["linkedIn"] = sequence.sent_today.get("linkedIn", 0) + 1
            self.reactions.act_on_linkedin(member, step, moment)
        elif step.type == "condition":
            outcome = condition_holds(step, member)
        elif step.type == "call":
            self._record.called(member, moment)
        step.done += 1
        self._move_on(member, step, moment, outcome)
        return True

    def _move_on(self, member: Member, step: Step, moment: float, outcome: bool | None) -> None:
        sequence = member.sequence
        member.completed_at = moment
        if member.status != "active":
            return
        member.step = sequence.next_step(step, outcome)
        sequence.version += 1
        if member.step is None:
            self._record.finish(member, moment)
            return
        minutes = member.step.delay_in_minutes + member.step.members.get("waitInMinutes", 0)
        member.due = moment + minutes * 60
        queue(sequence, member)

    def _mailbox(self, member: Member, day: int) -> EmailAccount | None:
        """Return the member's mailbox, or the least used one with room today."""
        linked = member.sequence.email_account_ids
        if member.email_account_id in linked:
            own = self._state.email_accounts[member.email_account_id]
            if own.has_room(day):
                return own
        accounts = [self._state.email_accounts[key] for key in linked]
        free = [entry for entry in accounts if entry.has_room(day)]
        return min(free, key=lambda entry: entry.sent_on.get(day, 0), default=None)

    def _profile(self, member: Member, step: Step, day: int) -> LinkedInAccount | None:
        """Return the member's LinkedIn profile, or the first one with room today."""
        linked = member.sequence.linkedin_account_ids
        ids = sorted(linked, key=lambda key: key != member.linkedin_account_id)
        profiles = (self._state.linkedin_accounts[key] for key in ids)
        return next((entry for entry in profiles if entry.has_room(step.action, day)), None)


def _allowance(sequence: Sequence, channel: str, per_day: int, share: float) -> Callable[[], bool]:
    """Return whether one more fits into the part of the day that has passed."""
    limit = ceil(per_day * share)
    return lambda: sequence.sent_today.get(channel, 0) < limit


def _hour_after(now: float) -> float:
    return (now // HOUR + 1) * HOUR
