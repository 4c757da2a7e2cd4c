"""The emulator as an object: start it, talk to it, look inside, close it."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from attrs import frozen

from reply_async.emulator.arguments import check_arguments
from reply_async.emulator.armed_faults import Faults
from reply_async.emulator.background_jobs import finish_jobs
from reply_async.emulator.budget import HOUR, Budget, BudgetRules, rules_of
from reply_async.emulator.clock import LAST, Clock, parse_duration
from reply_async.emulator.contract import load_contract
from reply_async.emulator.delivery import Deliveries, is_loopback_host
from reply_async.emulator.dialects import DEFAULT, DialectChoice, Dialects, dialects_of
from reply_async.emulator.disposal import let_go
from reply_async.emulator.keys import Key, make_key
from reply_async.emulator.ledger import Ledger
from reply_async.emulator.operations import EVENTS
from reply_async.emulator.outreach import Outreach
from reply_async.emulator.rates import RateBook, Rates
from reply_async.emulator.requests_log import KEPT, LoggedRequest, RequestsLog
from reply_async.emulator.server import make_server
from reply_async.emulator.state import USER_ID, State
from reply_async.emulator.visibility import Visibility

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from reply_async.emulator.faults import Fault
    from reply_async.emulator.journal import Journal

    Json = dict[str, Any]
    AnswerCallback = Callable[[LoggedRequest, Mapping[str, str], bytes], None]

WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what they are called here

logger = logging.getLogger("reply_async.emulator")


@frozen
class Played:
    """The account as far as time was played; to look at it plays nothing."""

    state: State
    ledger: Ledger
    outreach: Outreach


class Emulator:
    """A local Reply API on the loopback interface, in the running event loop.

    ``budget`` is requests per minute and per hour, a `BudgetRules`, or None for
    no limit; ``window`` is how they are counted: `fixed`, `log`, `counter` or
    `bucket`. The same ``seed`` and the same calls at the same times give the same
    state. ``started_at`` sets the emulator's first moment (seconds since 1970);
    a ``clock`` of kind `held` stands until it is moved, the `real` one follows the
    event loop at ``speed``.
    To read ``state``, ``ledger`` or ``budget`` plays what is due by the clock.
    The log of requests holds the last ``kept_requests``. ``dialect`` is a name or
    `NAME,ENTRY=VARIANT,...` or a mapping of entries; ``dialects`` changes it later.
    ``rates`` say how often people react; ``set_rates`` changes them.
    ``faults`` arms rules that outlive a reset; the attribute takes more of them.
    ValueError names an argument that cannot be, and says what it may be.
    """

    def __init__(
        self,
        key: str = "emu_local",
        *,
        budget: BudgetRules | Sequence[int] | None = (100, 3000),
        window: str | None = None,
        seed: int = 1,
        speed: float = 1.0,
        clock: str = "real",
        started_at: float | None = None,
        kept_requests: int = KEPT,
        dialect: DialectChoice = DEFAULT,
        rates: Rates | None = None,
        faults: Iterable[Fault] = (),
    ) -> None:
        check_arguments(
            seed=seed, started_at=started_at, kept_requests=kept_requests, faults=faults
        )
        self.keys: dict[str, Key] = {}
        self.seed = seed
        self.contract = load_contract()
        self.dialects = dialect
        self.faults = Faults(self.contract, faults)
        self.clock = Clock(time.time() if started_at is None else started_at, speed, clock)
        self.answer_callbacks: list[AnswerCallback] = []
        self.url = ""
        self.allow_network = False
        self.journal: Journal | None = None
        self.is_replaying = False  # nothing leaves the emulator meanwhile
        self._rules = rules_of(budget, window)
        self._kept_requests = kept_requests
        self._default_rates = rates
        self._runner: web.ServerRunner | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.deliveries = Deliveries(self)
        self._begin()
        self.key = self.add_key(key)

    def reset(self) -> None:
        """Forget all but the clock, the keys, the dialects and the budget's limits.

        Faults that were given at the start are armed anew, others are gone.
        """
        let_go(self.played.state, self.played.outreach)
        self._begin()

    def _begin(self) -> None:
        now = self.clock.now()
        self.faults.reset()
        self.visibility = Visibility()
        state = State(self.seed, now)
        state.webhooks.carrier = self.deliveries
        self.deliveries.forget()
        ledger = Ledger(state, lambda: dict(self.budgets))
        self.requests = RequestsLog(self._kept_requests)
        self.rates = RateBook(self.seed, self._default_rates)
        self.budgets: dict[int, Budget] = {}  # by user, of those who asked for something
        self._counted_since = now
        self.played = Played(state, ledger, Outreach(state, ledger, self.rates, now))
        self.request_number = 0  # of the last one

    @property
    def dialects(self) -> Dialects:
        """Return the variant of every entry: `emulator.dialects["import_mode"]`."""
        return self._dialects

    @dialects.setter
    def dialects(self, choice: DialectChoice) -> None:
        """Answer otherwise from the next request on; ValueError for unknown names."""
        self._dialects = dialects_of(choice)

    @property
    def state(self) -> State:
        """Return what the account holds now."""
        self.catch_up()
        return self.played.state

    @property
    def ledger(self) -> Ledger:
        """Return what has happened until now."""
        self.catch_up()
        return self.played.ledger

    @property
    def budget(self) -> Budget:
        """Return the budget of the user whose own key the emulator has."""
        budget = self.budget_of(self.keys[self.key].user_id)
        self.catch_up()
        return budget

    def set_rates(
        self,
        rates: Rates,
        *,
        sequence_id: int | None = None,
        step_id: int | None = None,
        variant_id: int | None = None,
    ) -> None:
        """Let people react by these rates to messages sent from now on.

        They replace those of a sequence, a step or a variant, or of all if none is named.
        ValueError if it is not there.
        """
        self.catch_up()
        place = {"sequence_id": sequence_id, "step_id": step_id, "variant_id": variant_id}
        place = {name: number for name, number in place.items() if number is not None}
        self.require_place(place)
        self.rates.set(rates, **place)

    def require_place(self, place: Mapping[str, int | None]) -> None:
        """Raise ValueError unless there are the sequence, step or variant that rates are for."""
        sequences = self.played.state.sequences.values()
        steps = [step for sequence in sequences for step in sequence.steps]
        variants = [variant for step in steps for variant in step.variants or ()]
        known = {
            "sequence_id": {sequence.id for sequence in sequences},
            "step_id": {step.id for step in steps},
            "variant_id": {variant["id"] for variant in variants},
        }
        for name, number in place.items():
            if number not in known[name]:
                raise ValueError(f"there is no {name.removesuffix('_id')} {number}")

    def budget_of(self, user_id: int) -> Budget:
        """Return the budget of one user, over all keys that act as that user."""
        if user_id not in self.budgets:
            self.budgets[user_id] = Budget(self._rules, self._counted_since)
        return self.budgets[user_id]

    def set_budget(self, budget: BudgetRules | Sequence[int] | None) -> None:
        """Start counting anew for everybody; None switches the budget off.

        What was granted and refused before is still told, until a reset.
        """
        self._rules = rules_of(budget)
        self._counted_since = self.clock.now()
        for known in self.budgets.values():
            known.change(self._rules, self._counted_since)

    def add_key(
        self,
        key: str,
        *,
        user_id: int = USER_ID,
        kind: str = "personal",
        scopes: Iterable[str] | None = None,
    ) -> str:
        """Make a key, or make it anew, and return it; ValueError if it cannot be.

        A `personal` key acts as ``user_id``; a `team` key too, unless a request
        names another user; an `organization` key needs that name. ``scopes`` such
        as `contacts:read` restrict it. All keys that act as one user share that
        user's budget.
        """
        self.require_user(user_id)
        self.keys[key] = make_key(key, user_id, kind, scopes)
        return key

    def require_user(self, user_id: int) -> None:
        """Raise ValueError unless the team has this user."""
        if all(user_id != user["userId"] for user in self.played.state.team_users):
            raise ValueError(f"the team has no user {user_id}")

    def on_answer(self, callback: AnswerCallback) -> None:
        """Call ``callback(request, headers, body)`` for every answer of the API."""
        self.answer_callbacks.append(callback)

    def advance(self, duration: float | str) -> None:
        """Move the clock forward and play all that falls due; ValueError for backward.

        It is a number of seconds, or a text such as `90s`, `2h` or `5d`.
        """
        for _ in self._hours(parse_duration(duration)):
            pass

    async def play(self, duration: float | str) -> None:
        """Do the same, and let the loop serve others after each hour in which anything may be."""
        for _ in self._hours(parse_duration(duration)):
            await asyncio.sleep(0)

    def _hours(self, seconds: float) -> Iterator[None]:
        self.clock.require_forward(seconds)
        self.catch_up()
        while seconds > 0:
            step = seconds if self._is_idle else min(seconds, HOUR)
            self.clock.advance(step)
            self._play(self.clock.now())
            seconds -= step
            yield
        self.catch_up()
        if self.journal is not None:
            self.journal.moved(self.clock.now())

    @property
    def _is_idle(self) -> bool:
        """Tell whether nothing happens by itself, however much time passes."""
        jobs = self.played.state.jobs.values()
        is_at_work = any(job.work and job.cancelled_at is None for job in jobs)
        is_written_to = self.played.outreach.next_hour is not None
        return not (is_written_to or self.deliveries.waiting or is_at_work)

    def catch_up(self) -> None:
        """Play what has fallen due."""
        now = self.clock.now()
        self._play(now)
        for budget in self.budgets.values():
            budget.catch_up(now)

    def _play(self, now: float) -> None:
        """Let people and webhooks hear of what is due, once a restart is sure to know it."""
        if self.journal is not None:
            self.journal.seen(now)
        self.play_due(now)
        self.keep_time()

    def keep_time(self) -> None:
        """Deliver what is due again; look again by itself as long as a webhook listens."""
        self.deliveries.play(self.clock.now())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        is_awaited = self.played.state.webhooks.is_listened_to and not self.clock.is_held
        if self._runner is None or not is_awaited:
            return
        moments = [at for at in (self.played.outreach.next_hour, self.deliveries.next_retry) if at]
        moments = [at for at in moments if at <= LAST]  # those behind it do not come
        if moments:
            pause = max(0.0, min(moments) - self.clock.now()) / self.clock.speed
            self._timer = asyncio.get_running_loop().call_later(pause, self.catch_up)

    async def deliveries_done(self) -> None:
        """Wait until every event that is due was posted, or tried."""
        await self.deliveries.done()

    def play_due(self, now: float) -> None:
        """Do what fell due until now: imports that take their time, and outreach."""
        catch_up = self.played.outreach.catch_up
        finish_jobs(self.played.state.jobs.values(), now, catch_up)
        catch_up(now)

    def next_request_number(self) -> int:
        """Return the number of a request, counted from 1."""
        self.request_number += 1
        return self.request_number

    def happen(self, name: str, content: Json) -> None:
        """Let something take effect that is no call, such as a delivery that failed.

        `name` is that of a function under `operations.registry.event`.
        """
        if self.is_replaying:
            return  # it follows in the file
        now = self.clock.now()
        self.play_due(now)
        if self.journal is not None:
            self.journal.event(now, name, content)
        EVENTS[name](self, now, content)

    async def start(
        self, port: int = 0, host: str = "127.0.0.1", *, allow_network: bool = False
    ) -> None:
        """Listen; `port` 0 takes a free one. OSError if the port is taken.

        An address that other machines reach needs `allow_network`, ValueError otherwise;
        without it the page and `/_emulator/` answer to names of this machine alone.
        """
        if not is_loopback_host(host):
            if not allow_network:
                raise ValueError(f"the emulator listens on the loopback interface only, not {host}")
            logger.warning("The emulator listens on %s: other machines can reach it", host)
        if self._runner is not None:
            raise RuntimeError("the emulator is running already")
        self.allow_network = allow_network
        self.clock.bind(asyncio.get_running_loop().time)
        runner = web.ServerRunner(make_server(self), shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self.url = _url(*runner.addresses[0][:2])
        self.deliveries.start()
        self.keep_time()

    async def close(self) -> None:
        """Stop listening and drop open connections."""
        runner, self._runner = self._runner, None
        self.keep_time()
        if runner is not None:
            await runner.cleanup()
        await self.deliveries.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _url(host: str, port: int) -> str:
    host = WILDCARDS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
