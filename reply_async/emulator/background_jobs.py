"""Background jobs: long work of the service, played by the clock.

By default no operation of the covered groups starts one, hence a fresh account holds
one that is done, one that runs and one that waits. Of the categories the contract names
e-mail validation only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Json = dict[str, Any]

CATEGORY = "r2/bg-jobs/"
HOUR = 3_600
DAY = 24 * HOUR


@define(eq=False)
class Job:
    """A job; its status and progress follow from the time, unless it is cancelled."""

    id: str
    category: str
    starts_at: float
    seconds: float
    data: Json
    result: Json
    cancelled_at: float | None = None
    work: Callable[[float], Json] | None = None  # done at its end, gives the result

    @property
    def ends_at(self) -> float:
        """Return when the job comes to its end, or was brought to it."""
        planned = self.starts_at + self.seconds
        return planned if self.cancelled_at is None else self.cancelled_at

    def status(self, now: float) -> str:
        """Return the API's word for where the job stands."""
        if self.cancelled_at is not None:
            return "Cancelled"
        if now < self.starts_at:
            return "Scheduled"
        return "Processing" if now < self.ends_at else "Done"

    def is_done(self, now: float) -> bool:
        """Tell whether the job came to its own end."""
        return self.status(now) == "Done"

    def progress(self, now: float) -> float:
        """Return the share of the work that is done, from 0 to 1."""
        worked = min(now, self.ends_at) - self.starts_at
        return round(min(max(worked / self.seconds, 0.0), 1.0), 2)

    def cancel(self, now: float) -> bool:
        """Stop the job; False if it has ended already."""
        if now >= self.ends_at:
            return False
        self.cancelled_at = now
        return True


def finish_jobs(jobs: Iterable[Job], now: float, play_until: Callable[[float], None]) -> None:
    """Let the jobs that have come to their end do their work, in the order they ended.

    Before each, what fell due earlier is played, however late somebody looks.
    """
    due = [job for job in jobs if job.work is not None and job.is_done(now)]
    for job in sorted(due, key=lambda job: job.ends_at):
        play_until(job.ends_at)
        work, job.work = job.work, None
        if work is not None:
            job.result = work(job.ends_at)


def fresh_jobs(now: float, next_id: Callable[[], str]) -> dict[str, Job]:
    """Return the jobs of a fresh account by id, the newest first."""
    validation = {"contactIds": [1, 2]}, {"valid": 2}
    jobs = [
        Job(next_id(), f"{CATEGORY}email-validation", now + HOUR, HOUR, *validation),
        Job(next_id(), f"{CATEGORY}contact-enrichment", now - HOUR, 5 * HOUR, {}, {"enriched": 0}),
        Job(next_id(), f"{CATEGORY}email-validation", now - DAY, 240, *validation),
    ]
    return {job.id: job for job in jobs}
