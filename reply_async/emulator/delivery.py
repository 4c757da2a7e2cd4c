"""Carrying events to the addresses of webhooks, on this machine only.

Each subscription has a lane: its events go out one after another, and no lane waits for
another, so that a slow receiver delays nobody but itself; calls and the clock never
wait. What is not taken is tried again on the emulator's clock. The service's own
schedule and threshold are not published: here it is three tries, a minute and ten
minutes apart, and a subscription is switched off after ten failed attempts in a row.

Past `MAX_WAITING` events, those that come are not queued: each is noted in the
failure log as an attempt without an answer, and counted in `dropped`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from heapq import heappop, heappush
from http import HTTPStatus
from ipaddress import ip_address
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
from attrs import define, field

from reply_async.emulator.webhooks import Event, FailedAttempt, Webhook, payload

if TYPE_CHECKING:
    from reply_async.emulator.emulator import Emulator

Json = dict[str, Any]

TIMEOUT_SECONDS = 2.0
MAX_WAITING = 100_000
RETRY_SECONDS = (60, 600)
SWITCH_OFF_AFTER = 10


@define(eq=False)
class _Lane:
    """The events of one subscription that wait, and the task that works them off."""

    webhook: Webhook
    waiting: deque[tuple[Event, int]] = field(factory=deque)  # with the tries so far
    task: asyncio.Task[None] | None = None


class Deliveries:
    """Posts events in the background while the emulator runs.

    ``switch_off_after`` failed attempts in a row end a subscription. While a data file
    is played again nothing is queued. What waits is forgotten at the end.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.switch_off_after = SWITCH_OFF_AFTER
        self.delivered = self.dropped = 0
        self._emulator = emulator
        self._lanes: dict[Webhook, _Lane] = {}
        self._retries: list[tuple[float, int, Webhook, Event, int]] = []
        self._order = count()
        self._is_running = False
        self._http: aiohttp.ClientSession | None = None

    @property
    def waiting(self) -> int:
        """Return how many events wait, for their turn or for another try."""
        return len(self._retries) + sum(len(lane.waiting) for lane in self._lanes.values())

    @property
    def next_retry(self) -> float | None:
        """Return when the next try is due by the emulator's clock."""
        return self._retries[0][0] if self._retries else None

    def put(self, webhook: Webhook, event: Event) -> None:
        """Queue an event; never waits."""
        if self._emulator.is_replaying:
            return
        if self.waiting >= MAX_WAITING:
            self.dropped += 1
            webhook.failures.append(FailedAttempt(event.id, None, event.at))
            return
        self._queue(webhook, event, 0)

    def play(self, now: float) -> None:
        """Try again what has come due."""
        while self._retries and self._retries[0][0] <= now:
            _, _, webhook, event, tries = heappop(self._retries)
            self._queue(webhook, event, tries)

    async def attempt(self, webhook: Webhook, event_id: str, content: Json) -> int | None:
        """POST an event at once, note a failure, and return the status of the answer.

        None if there was none.
        """
        status = await self._post(webhook.url, content)
        is_taken = is_success(status)
        if self._is_listening(webhook) and (webhook.failed_in_a_row or not is_taken):
            attempt = {
                "webhookId": webhook.id,
                "eventId": event_id,
                "status": status,
                "switchesOff": webhook.failed_in_a_row + 1 >= self.switch_off_after,
            }
            self._emulator.happen("webhook_attempted", attempt)
        return status

    def start(self) -> None:
        """Work off what waits, from now on, in the running loop."""
        self._is_running = True
        for lane in self._lanes.values():
            self._work_on(lane)

    async def done(self) -> None:
        """Wait until all that is due has been tried; later tries need the clock."""
        while tasks := [lane.task for lane in self._lanes.values() if lane.task]:
            await asyncio.wait(tasks)

    def forget(self) -> None:
        """Drop what waits; what is under way ends by itself."""
        for lane in self._lanes.values():
            lane.waiting.clear()
        self._retries.clear()

    async def close(self) -> None:
        """Stop at once; what waits is forgotten."""
        self._is_running = False
        tasks = [lane.task for lane in self._lanes.values() if lane.task]
        self.forget()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    def _queue(self, webhook: Webhook, event: Event, tries: int) -> None:
        lane = self._lanes.get(webhook)
        if lane is None:
            lane = self._lanes[webhook] = _Lane(webhook)
        lane.waiting.append((event, tries))
        self._work_on(lane)

    def _work_on(self, lane: _Lane) -> None:
        if self._is_running and lane.task is None:
            lane.task = asyncio.get_running_loop().create_task(self._work_off(lane))

    async def _work_off(self, lane: _Lane) -> None:
        try:
            while lane.waiting and self._is_listening(lane.webhook):
                event, tries = lane.waiting.popleft()
                await self._try(lane.webhook, event, tries + 1)
        finally:
            lane.task = None
            del self._lanes[lane.webhook]

    def _is_listening(self, webhook: Webhook) -> bool:
        """Tell whether a subscription is still there, and switched on."""
        present = self._emulator.played.state.webhooks.by_id.get(webhook.id)
        return present is webhook and webhook.is_enabled

    async def _try(self, webhook: Webhook, event: Event, tries: int) -> None:
        status = await self.attempt(webhook, event.id, payload(webhook, event))
        if is_success(status):
            self.delivered += 1
        elif self._is_listening(webhook) and tries <= len(RETRY_SECONDS):
            due = self._emulator.clock.now() + RETRY_SECONDS[tries - 1]
            heappush(self._retries, (due, next(self._order), webhook, event, tries))
            self._emulator.keep_time()

    async def _post(self, url: str, content: Json) -> int | None:
        """POST to an address and return the status; None if there was no answer.

        Other hosts than this one are never asked: whoever tries out the emulator
        must not reach the outside by it.
        """
        if not is_loopback(url):
            return None
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),  # a lane uses one, and lanes are few
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        try:
            async with self._http.post(
                url, json=content, allow_redirects=False, timeout=timeout
            ) as response:
                return response.status
        except (aiohttp.ClientError, OSError):  # a timeout is an OSError
            return None


def is_success(status: int | None) -> bool:
    """Tell whether an answer means that an event was taken."""
    return status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def is_loopback(url: str) -> bool:
    """Tell whether an address leads to this machine."""
    return is_loopback_host(urlsplit(url).hostname or "")


def is_loopback_host(host: str) -> bool:
    """Tell whether the name or number of a host is of this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
