from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from reply_async.emulator.background_jobs import Job, finish_jobs

if TYPE_CHECKING:
    from emulator.client import Api, Json

    from reply_async.emulator import Emulator

JOBS = "/v3/background-jobs"
HOUR = 3_600


async def jobs(api: Api, query: str = "") -> list[Json]:
    """Return the jobs that are listed."""
    items: list[Json] = (await api.ok("GET", JOBS + query))["items"]
    return items


async def test_a_fresh_account_has_one_of_each(api: Api) -> None:
    """Newest first: waiting, running, done."""
    waiting, running, done = await jobs(api)
    assert ("Scheduled", None, None, 0) == (
        waiting["status"],
        waiting["startedAt"],
        waiting["finishedAt"],
        waiting["progress"],
    )
    assert ("Processing", "2027-01-11T07:59:59Z", None, 0.2) == (
        running["status"],
        running["startedAt"],
        running["finishedAt"],
        running["progress"],
    )
    assert ("Done", "2027-01-10T08:59:59Z", "2027-01-10T09:03:59Z", 1) == (
        done["status"],
        done["startedAt"],
        done["finishedAt"],
        done["progress"],
    )
    detail = await api.ok("GET", f"{JOBS}/{done['jobId']}")
    assert done == {name: detail[name] for name in done}


async def test_jobs_go_on_with_the_clock(api: Api, emulator: Emulator) -> None:
    """What waits starts, what runs ends; only what ended has a result."""
    waiting, running, _ = await jobs(api)
    before = await api.ok("GET", f"{JOBS}/{waiting['jobId']}")
    assert None is before["jsonDataResult"]
    assert {"contactIds": [1, 2]} == json.loads(before["jsonData"])
    emulator.advance(1.5 * HOUR)
    half = await api.ok("GET", f"{JOBS}/{waiting['jobId']}")
    assert ("Processing", 0.5) == (half["status"], half["progress"])
    emulator.advance(3 * HOUR)
    assert ["Done"] * 3 == [job["status"] for job in await jobs(api)]
    after = await api.ok("GET", f"{JOBS}/{running['jobId']}")
    assert {"enriched": 0} == json.loads(after["jsonDataResult"])


@pytest.mark.parametrize("body", [None, {"reason": "no longer needed"}])
async def test_cancelling_stops_what_has_not_ended(
    api: Api, emulator: Emulator, body: Json
) -> None:
    """Twice is once; a job that is done stays done; the reason may be left out."""
    listed = await jobs(api)
    for job in listed:
        for _ in range(2):
            assert (204, None) == await api("POST", f"{JOBS}/{job['jobId']}/cancel", body)
    emulator.advance(24 * HOUR)
    waiting, running, done = await jobs(api)
    assert ["Cancelled", "Cancelled", "Done"] == [
        entry["status"] for entry in (waiting, running, done)
    ]
    assert (None, 0, 0.2) == (waiting["startedAt"], waiting["progress"], running["progress"])
    assert "2027-01-11T08:59:59Z" == running["finishedAt"]
    detail = await api.ok("GET", f"{JOBS}/{running['jobId']}")
    assert None is detail["jsonDataResult"]
    assert 2 == emulator.ledger.counts["background_job_cancelled"]


async def test_jobs_are_paged_and_picked_by_category(api: Api) -> None:
    """The category is the beginning of what follows the common prefix."""
    everything = await jobs(api)
    assert everything[2:] == await jobs(api, "?skip=2&top=1")
    for category, number in (("email", 2), ("contact-enrichment", 1), ("bg-jobs", 0), ("", 3)):
        assert number == len(await jobs(api, f"?category={category}"))


@pytest.mark.parametrize(
    ("job_id", "refused"),
    [
        ("12", (400, "backgroundJob.invalidJobId")),
        ("00000000-0000-0000-0000-000000000000", (400, "backgroundJob.invalidJobId")),
        ("9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d", (404, "backgroundJob.notFound")),
    ],
)
async def test_no_such_job(api: Api, job_id: str, refused: tuple[int, str]) -> None:
    """Reading and cancelling refuse alike."""
    for method, path in (("GET", ""), ("POST", "/cancel")):
        status, problem = await api(method, f"{JOBS}/{job_id}{path}")
        assert refused == (status, problem["code"])


async def test_bad_requests(api: Api) -> None:
    """A page has 200 jobs at most; a body that is sent is checked."""
    status, problem = await api("GET", f"{JOBS}?top=201")
    assert (400, "backgroundJob.invalidPagination") == (status, problem["code"])
    (first, *_) = await jobs(api)
    status, problem = await api("POST", f"{JOBS}/{first['jobId']}/cancel", {"reason": 5})
    assert 400 == status
    assert "Scheduled" == (await jobs(api))[0]["status"]


def test_what_fell_due_before_a_job_ended_is_played_first() -> None:
    """However late somebody looks: so the same calls give the same account."""
    seen: list[tuple[str, float]] = []

    def work(at: float) -> Json:
        seen.append(("work", at))
        return {}

    jobs = [Job("1", "import", 0.0, end, {}, {}, work=work) for end in (30.0, 10.0, 50.0)]
    finish_jobs(jobs, 40.0, lambda at: seen.append(("play", at)))
    assert [("play", 10.0), ("work", 10.0), ("play", 30.0), ("work", 30.0)] == seen
