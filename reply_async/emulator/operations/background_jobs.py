"""Background jobs: list, read, cancel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from reply_async.emulator.background_jobs import CATEGORY
from reply_async.emulator.clock import plain_iso
from reply_async.emulator.operations.registry import Call, operation, page
from reply_async.emulator.problems import refusal

if TYPE_CHECKING:
    from reply_async.emulator.background_jobs import Job

Json = dict[str, Any]


@operation
def list_background_jobs(call: Call) -> Json:
    """List the jobs whose category begins as asked, newest first."""
    wanted = CATEGORY + (call.query["category"] or "").removeprefix(CATEGORY)
    jobs = [job for job in call.state.jobs.values() if job.category.startswith(wanted)]
    return page(call.query, jobs, lambda job: _row(job, call.now))


@operation
def get_background_job(call: Call) -> Json:
    """Return one job with what it works on and, at its end, what came of it."""
    job = _job(call)
    is_done = job.status(call.now) == "Done"
    return {
        **_row(job, call.now),
        "jsonData": json.dumps(job.data),
        "jsonDataResult": json.dumps(job.result) if is_done else None,
    }


@operation
def cancel_background_job(call: Call) -> None:
    """Cancel a job; one that has ended stays as it is, and that is no refusal."""
    if _job(call).cancel(call.now):
        call.ledger.note("background_job_cancelled")


def _job(call: Call) -> Job:
    job_id = UUID(call.path["jobId"])
    if not job_id.int:
        detail = "Job id must be a non-empty GUID."
        raise refusal(400, "backgroundJob.invalidJobId", detail)
    job = call.state.jobs.get(str(job_id))
    if job is None:
        raise refusal(404, "backgroundJob.notFound", f"Background job {job_id} is not found.")
    return job


def _row(job: Job, now: float) -> Json:
    status = job.status(now)
    has_ended = status in {"Done", "Cancelled"}
    has_started = job.starts_at <= min(now, job.ends_at)
    return {
        "jobId": job.id,
        "status": status,
        "category": job.category,
        "startedAt": plain_iso(job.starts_at) + "Z" if has_started else None,
        "finishedAt": plain_iso(job.ends_at) + "Z" if has_ended else None,
        "progress": job.progress(now),
    }
