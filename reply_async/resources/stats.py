"""Statistics of sequences: one, all, or many at once.

Wraps the statistics pages filed under "Sequences". They draw on lower hourly caps of
their own, whose numbers are not published.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, Final, Self

from attrs import frozen

from reply_async.bulk.fan_out import fan_out
from reply_async.bulk.item_calls import refusal_of
from reply_async.converter import decode, decode_list, encode_time
from reply_async.errors import InvalidUse, ReplyError, Unauthorized
from reply_async.models.stats import SequenceEmailStats, SequenceStats, SequenceStatsRow
from reply_async.outcome import BulkOutcome, Refusal
from reply_async.requests import RateClass, Request, Safety, int32
from reply_async.resources.arguments import some_ids
from reply_async.resources.bodies import to_json
from reply_async.responses import conclude
from reply_async.transport.sender import Sender

OVERVIEW_SPAN: Final = timedelta(days=31)


PRESETS: Final = ("lastWeek", "lastMonth", "lastYear", "allTime")


@frozen
class Period:
    """The time that statistics cover: one of the presets, or ``Period.between``."""

    preset: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    LAST_WEEK: ClassVar[Period]
    LAST_MONTH: ClassVar[Period]
    LAST_YEAR: ClassVar[Period]
    ALL_TIME: ClassVar[Period]

    def __attrs_post_init__(self) -> None:
        if self.start is None and self.preset not in PRESETS:
            raise InvalidUse("period", f"is none of {', '.join(PRESETS)}")

    @classmethod
    def between(cls, start: datetime, end: datetime) -> Self:
        """Cover the time from ``start`` to ``end``; both need an offset from UTC.

        The server answers 500 where ``end`` is not after ``start``, so that raises
        InvalidUse here.
        """
        encode_time(start, "start")
        encode_time(end, "end")
        if end <= start:
            raise InvalidUse("end", "must be after start")
        return cls(None, start, end)

    def encode(self) -> dict[str, Any]:
        """Return the filters of a request."""
        if self.start is None or self.end is None:
            return {"dateRangePreset": self.preset}
        return {"from": encode_time(self.start, "start"), "to": encode_time(self.end, "end")}


Period.LAST_WEEK = Period("lastWeek")
Period.LAST_MONTH = Period("lastMonth")
Period.LAST_YEAR = Period("lastYear")
Period.ALL_TIME = Period("allTime")


@frozen
class Stats:
    """Statistics of sequences."""

    _sender: Sender

    async def get(self, sequence_id: int, period: Period = Period.LAST_WEEK) -> SequenceStats:
        """Return what e-mail and LinkedIn did in one sequence.

        Costs: 1 request of the statistics budget.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequences/get-sequence-stats.
        """
        request = _request("/v3/sequences/{id}/stats", int32("sequence_id", sequence_id), period)
        return await self._sender.send(request, partial(decode, kind=SequenceStats))

    async def emails(
        self, sequence_id: int, period: Period = Period.LAST_WEEK
    ) -> SequenceEmailStats:
        """Return the e-mail numbers of one sequence, step by step and variant by variant.

        The API's document does not name this call; other clients use it.

        Costs: 1 request of the statistics budget.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: none; source: third-party clients.
        """
        path = int32("sequence_id", sequence_id)
        request = _request("/v3/sequences/{id}/stats/emails", path, period)
        return await self._sender.send(request, partial(decode, kind=SequenceEmailStats))

    async def overview(self, period: Period = Period.LAST_WEEK) -> tuple[SequenceStatsRow, ...]:
        """Return the statistics of all sequences in one period.

        The period has at most 31 days, which are not long past.

        Costs: 1 request of the statistics budget, whatever the number of sequences.
        Raises: InvalidUse, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequences/list-sequence-stats.
        """
        _check(period)
        if period in (Period.LAST_YEAR, Period.ALL_TIME):
            raise InvalidUse("period", "an overview covers 31 days at most")
        if period.start and period.end and period.end - period.start > OVERVIEW_SPAN:
            raise InvalidUse("period", "an overview covers 31 days at most")
        request = _request("/v3/sequences/stats", None, period)
        return await self._sender.send(request, partial(decode_list, kind=SequenceStatsRow))

    async def collect(
        self, ids: Iterable[int] | AsyncIterable[int], period: Period = Period.LAST_WEEK
    ) -> BulkOutcome[int, SequenceStats]:
        """Return the statistics of many sequences; one that fails never stops the others.

        A few requests are under way at once; each waits for the budget as long as it
        takes. An id whose statistics could not be read is in ``.refused``.

        Costs: 1 request of the statistics budget for each id.
        Raises: InvalidUse (before anything is sent), Unauthorized.
        API page: sequences/get-sequence-stats.
        """
        done: dict[int, SequenceStats] = {}
        refused: dict[int, Refusal] = {}
        denied: list[Unauthorized] = []

        async def read(id_: int) -> None:
            request = _request("/v3/sequences/{id}/stats", str(id_), period)
            if denied:
                refused[id_] = refusal_of(denied[0])
                return
            try:
                outcome = await self._sender.deliver(request, partial(decode, kind=SequenceStats))
                done[id_] = conclude(request, outcome)
            except ReplyError as error:
                refused[id_] = refusal_of(error)
                if isinstance(error, Unauthorized):
                    denied.append(error)

        await fan_out(await some_ids("ids", ids), read)
        if denied and not done:
            raise denied[0]
        return BulkOutcome(done=done, refused=refused)


def _check(period: Period) -> None:
    if not isinstance(period, Period):
        raise InvalidUse("period", f"is no Period but {type(period).__name__}")


def _request(template: str, sequence_id: str | None, period: Period) -> Request:
    _check(period)
    return Request(
        "POST",
        template,
        path={} if sequence_id is None else {"id": sequence_id},
        safety=Safety.READ,
        body=to_json({"filters": period.encode()}),
        rate_class=RateClass.STATS,
    )
