"""The budget as a value: leases, pauses, scales, what others spend, and its dump."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reply_async.transport.budget import Budget
from reply_async.transport.limits import Limits
from reply_async.transport.store import (
    Message,
    News,
    Observed,
    Refused,
    Released,
    Settled,
    Want,
    answer,
)

LIMITS = Limits()


def spend(budget: Budget, count: int, at: float, *, is_stats: bool = False) -> None:
    """Let requests go and be answered at once."""
    for number in range(count):
        assert budget.ready_at(at, is_stats=is_stats) == at
        budget.grant(f"{at}/{number}", at + 30, is_stats=is_stats)
        budget.settle(at, f"{at}/{number}", is_accepted=True)


def test_a_minute_holds_its_limit() -> None:
    """A hundred at once; the next when a hundredth of them has faded in a counter."""
    budget = Budget(LIMITS)
    spend(budget, 100, 1.0)
    assert 1 + 61 * 1.01 == pytest.approx(budget.ready_at(1.0, is_stats=False), abs=1e-3)


def test_a_share_leaves_the_rest_to_others() -> None:
    """With a share of 0.8 eighty of a hundred are used."""
    budget = Budget(Limits(share=0.8))
    spend(budget, 80, 1.0)
    assert 61 < budget.ready_at(1.0, is_stats=False)


def test_statistics_have_a_limit_of_their_own() -> None:
    """When it is used up other requests go on; both count in the minute."""
    budget = Budget(Limits(stats_per_hour=5))
    spend(budget, 5, 1.0, is_stats=True)
    assert 3601 < budget.ready_at(2.0, is_stats=True)
    spend(budget, 95, 2.0)
    assert 61 < budget.ready_at(2.0, is_stats=False) < 63


def test_a_lease_that_nobody_settles_counts_as_answered_when_it_ends() -> None:
    """The share of an owner that died is free after the lease and the window."""
    budget = Budget(Limits(per_minute=2))
    for lease in ("dead", "too"):
        budget.grant(lease, 31.0, is_stats=False)
    assert math.inf == budget.ready_at(30.0, is_stats=False)
    free = 31 + 61 * 1.5  # when half of them has faded in a counter
    assert free == pytest.approx(budget.ready_at(31.0, is_stats=False), abs=1e-3)
    budget.settle(40.0, "dead")  # too late to matter
    assert free == pytest.approx(budget.ready_at(40.0, is_stats=False), abs=1e-3)


def test_released_leases_cost_nothing() -> None:
    """What never left is free again."""
    budget = Budget(Limits(per_minute=1))
    budget.grant("unsent", 31.0, is_stats=False)
    budget.release("unsent")
    assert 5.0 == budget.ready_at(5.0, is_stats=False)


def test_a_refusal_holds_and_slows_down() -> None:
    """Pause to the full second and more; 0.85 of the limits, back by 0.02 a minute."""
    budget = Budget(LIMITS)
    budget.refuse(10.0, 19.2, 0.1, is_stats=False)
    budget.refuse(12.0, 5.0, 0.1, is_stats=False)  # under way together: the same incident
    assert 30.1 == budget.ready_at(12.0, is_stats=False)
    assert 0.85 == budget.scale("all", 80.0)
    assert 0.87 == pytest.approx(budget.scale("all", 90.2))
    assert 1.0 == budget.scale("all", 30.1 + 9 * 60)
    budget.refuse(31.0, 5.0, 0.0, is_stats=False)
    assert 0.85**2 == pytest.approx(budget.scale("all", 40.0))


def test_pauses_without_a_word_double_until_something_is_accepted() -> None:
    """1, 2, 4 … 60 s, once an incident; endless refusals do not overflow."""
    budget, now, pauses = Budget(LIMITS), 0.0, []
    for _ in range(1100):
        budget.refuse(now, None, 0.0, is_stats=False)
        budget.refuse(now, None, 0.0, is_stats=False)
        pauses.append(budget.paces["all"].not_before - now)
        now = budget.paces["all"].not_before
    assert [1, 2, 4, 8, 16, 32, 60, 60] == pauses[:8]
    assert 60 == pauses[-1]
    budget.grant("one", now + 30, is_stats=False)
    budget.settle(now, "one", is_accepted=True)
    budget.refuse(now, None, 0.0, is_stats=False)
    assert now + 1 == budget.paces["all"].not_before


def test_repeated_refusals_leave_something() -> None:
    """However often the server refuses, one request an incident is let through."""
    budget, now = Budget(LIMITS), 0.0
    for _ in range(200):
        budget.refuse(now, 1.0, 0.0, is_stats=False)
        now += 1.0
    assert 5.0 == pytest.approx(budget.limit("minute", now))
    assert now == budget.ready_at(now, is_stats=False)


def test_refused_statistics_hold_statistics_alone() -> None:
    """They adapt to a cap that is lower than was thought, and others go on."""
    budget = Budget(LIMITS)
    spend(budget, 60, 1.0, is_stats=True)
    budget.refuse(5.0, 1000.0, 0.0, is_stats=True)
    assert 5.0 == budget.ready_at(5.0, is_stats=False)
    assert 3601 < budget.ready_at(1010.0, is_stats=True)
    assert 57 == pytest.approx(budget.limit("stats", 1010.0))
    assert 100 == budget.limit("minute", 1010.0)


def test_statistics_refused_with_next_to_nothing_used_say_little() -> None:
    """They are cut to a part of what was thought, time after time, and not to nothing."""
    budget = Budget(LIMITS)
    spend(budget, 2, 1.0, is_stats=True)
    budget.refuse(5.0, 10.0, 0.0, is_stats=True)
    assert 100 < budget.limit("stats", 20.0) < 150
    budget.refuse(20.0, 10.0, 0.0, is_stats=True)
    assert 40 < budget.limit("stats", 40.0) < 75


def test_what_others_spend_is_left_to_them() -> None:
    """The server's word on what is left lowers the limit, for two windows."""
    budget = Budget(LIMITS)
    spend(budget, 30, 1.0)
    budget.observe(2.0, "minute", 30)  # 70 are spent, 30 by us
    assert 40 == budget.spent_by_others("minute", 2.0)
    assert 100 - 42 == pytest.approx(budget.limit("minute", 2.0))
    assert 3000 == budget.limit("hour", 2.0)
    assert 40 == budget.spent_by_others("minute", 119.0)
    assert 100 == budget.limit("minute", 120.0)


def test_a_small_bucket_does_not_starve_us() -> None:
    """A server whose remainder is a bucket's level seems spent for ever."""
    budget = Budget(LIMITS)
    for second in range(200):
        budget.observe(float(second), "minute", 3)
    assert 40 == budget.limit("minute", 200.0)


def test_our_own_requests_are_nobody_elses() -> None:
    """What is in flight may be counted already, and is ours all the same."""
    budget = Budget(LIMITS)
    for number in range(20):
        budget.grant(str(number), 30.0, is_stats=False)
    budget.observe(1.0, "minute", 80)
    assert (0, 100) == (budget.spent_by_others("minute", 1.0), budget.limit("minute", 1.0))


def test_a_message_is_heard_before_its_wish() -> None:
    """What was released with it is free for it, and a refusal holds it."""
    budget = Budget(Limits(per_minute=1))
    first = answer(budget, 0.0, Message(limits=budget.limits, want=Want("a", 30.0)))
    second = answer(budget, 1.0, Message(limits=budget.limits, want=Want("b", 30.0)))
    assert (True, False) == (first.is_granted, second.is_granted)
    assert math.inf == second.wait_seconds
    message = Message(limits=budget.limits, news=(Released("a"),), want=Want("b", 30.0))
    assert answer(budget, 2.0, message).is_granted
    message = Message(
        limits=budget.limits, news=(Released("b"), Refused(False, 9, 0.5)), want=Want("c", 30.0)
    )
    third = answer(budget, 3.0, message)
    assert (False, 9.5) == (third.is_granted, third.wait_seconds)


def test_a_grant_ahead_goes_at_its_time_and_holds_its_lease_from_then() -> None:
    """One message is enough for a request whose time is near."""
    budget = Budget(Limits(per_minute=1))
    spend(budget, 1, 1.0)  # has faded in a counter after two windows
    want = Want("next", 30.0, ahead_seconds=2.0)
    assert not answer(budget, 120.0, Message(limits=budget.limits, want=want)).is_granted
    reply = answer(budget, 122.0, Message(limits=budget.limits, want=want))
    assert reply.is_granted
    assert 1.0 == pytest.approx(reply.wait_seconds, abs=1e-3)
    assert 153.0 == pytest.approx(budget.leases["next"].expires, abs=1e-3)


leases = st.sampled_from(["a", "b", "c", "d"])
news = st.one_of(
    st.builds(Settled, leases, st.booleans()),
    st.builds(Released, leases),
    st.builds(Refused, st.booleans(), st.none() | st.floats(0, 90), st.floats(0, 0.2)),
    st.builds(Observed, st.sampled_from(["minute", "hour"]), st.integers(0, 4)),
)
steps = st.lists(st.tuples(st.floats(0, 30), st.lists(news, max_size=3), leases, st.booleans()))


@given(steps=steps)
@settings(max_examples=60, deadline=None)
def test_a_loaded_budget_goes_on_as_the_one_that_was_dumped(
    steps: list[tuple[float, list[News], str, bool]],
) -> None:
    """Dumped and loaded as JSON between all steps, it gives the same answers."""
    limits = Limits(per_minute=3, per_hour=40, stats_per_hour=5)
    kept, now = Budget(limits), 0.0
    moved = Budget(limits)
    for pause, told, lease, is_stats in steps:
        now += pause
        want = None if lease in kept.leases else Want(lease, 20.0, is_stats=is_stats)
        message = Message(limits=limits, news=tuple(told), want=want, wants_state=True)
        reply, same = answer(kept, now, message), answer(moved, now, message)
        assert reply.is_granted == same.is_granted
        assert reply.wait_seconds == pytest.approx(same.wait_seconds, abs=2e-6)
        assert reply.state == same.state
        assert same.state is not None
        moved = Budget.load(limits, json.loads(json.dumps(same.state)))
