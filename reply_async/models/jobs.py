"""Work that the server does in the background."""

from datetime import datetime
from enum import StrEnum

from attrs import frozen


class BackgroundJobStatus(StrEnum):
    """How far a job is; the last four have ended or will not."""

    SCHEDULED = "Scheduled"
    PROCESSING = "Processing"
    DONE = "Done"
    FAILED = "Failed"
    EXPIRED = "Expired"
    CANCELLED = "Cancelled"
    UNKNOWN = "Unknown"


@frozen(kw_only=True)
class BackgroundJob:
    """One job; ``job_id`` is a UUID, ``progress`` runs from 0 to 1.

    ``json_data`` (what was asked) and ``json_data_result`` (once ended) are JSON kept as
    text; lists of jobs leave both out.
    API page: background-jobs/get-a-background-job.
    """

    job_id: str
    status: BackgroundJobStatus | str
    category: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: float | None = None
    json_data: str | None = None
    json_data_result: str | None = None
