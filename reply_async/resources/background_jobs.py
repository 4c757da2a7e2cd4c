"""Work that the server does in the background: look at it, or cancel it.

Wraps the API pages filed under "Background jobs".
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Final

from attrs import frozen

from reply_async.converter import decode
from reply_async.models.jobs import BackgroundJob, BackgroundJobStatus
from reply_async.pagination import Pager
from reply_async.requests import (
    NotReached,
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
    uuid_text,
)
from reply_async.resources.arguments import checked_text
from reply_async.resources.bodies import to_json
from reply_async.transport.sender import Sender

MAXIMUM_PAGE: Final = 200
_UNDER_WAY: Final = (BackgroundJobStatus.SCHEDULED, BackgroundJobStatus.PROCESSING)
_JOB = partial(decode, kind=BackgroundJob)


@frozen
class BackgroundJobs:
    """The background jobs of the acting user's team."""

    _sender: Sender

    def list(self, *, category: str | None = None) -> Pager[BackgroundJob]:
        """List background jobs, without what was asked of them and what came of it.

        ``category`` is the beginning of what follows ``r2/bg-jobs/`` in the category of
        a job, such as ``email``.

        Costs: 1 request per 200 jobs.
        Raises: InvalidUse, RateLimitWait, ConnectionFailed, ServerError, BadAnswer.
        API page: background-jobs/list-background-jobs.
        """
        request = Request(
            "GET",
            "/v3/background-jobs",
            query={} if category is None else {"category": checked_text("category", category)},
            safety=Safety.READ,
        )
        return Pager(
            self._sender, request, BackgroundJob, attrgetter("job_id"), maximum=MAXIMUM_PAGE
        )

    async def get(self, job_id: str) -> BackgroundJob:
        """Return one background job; ``job_id`` is a UUID.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, RateLimitWait, ConnectionFailed, ServerError, BadAnswer.
        API page: background-jobs/get-a-background-job.
        """
        return await self._sender.send(_get(uuid_text("job_id", job_id)), _JOB)

    async def cancel(self, job_id: str, *, reason: str | None = None) -> None:
        """Cancel a background job; what it has done already stays.

        Costs: 1 request.
        Lost answer: the job is read; still under way: sent once more; ended in another
        way: OutcomeUnknown.
        Raises: InvalidUse, NotFound, RateLimitWait, OutcomeUnknown.
        API page: background-jobs/cancel-a-background-job.
        """
        path = uuid_text("job_id", job_id)
        request = Request(
            "POST",
            "/v3/background-jobs/{jobId}/cancel",
            path={"jobId": path},
            safety=Safety.STATE,
            body=None if reason is None else to_json({"reason": checked_text("reason", reason)}),
            read_back=ReadBack(request=_get(path), decode=_JOB, judge=judge_cancelled),
        )
        await self._sender.send(request, None)


def judge_cancelled(job: BackgroundJob | None, _since: datetime) -> Verdict:
    """Tell whether a job was cancelled; one that ended otherwise decides nothing."""
    if job is not None and job.status == BackgroundJobStatus.CANCELLED:
        return Reached(None)
    return NotReached() if job is not None and job.status in _UNDER_WAY else Undecided()


def _get(path: str) -> Request:
    return Request("GET", "/v3/background-jobs/{jobId}", path={"jobId": path}, safety=Safety.READ)
