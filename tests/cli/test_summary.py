"""The end of an import: sums, exit codes, line ranges, and the sentence of its progress."""

import pytest

from reply_async import Counts, Progress, Refusal, Report
from reply_async.cli.progress import duration, sentence
from reply_async.cli.summary import ImportSummary, line_ranges, requests_sentence

REPORT = Report(
    counts=Counts(enrolled=5, already_in=1, refused=2, unknown=0, unsent=1),
    refused={3: Refusal(code="duplicate", duplicate_of=1), 4: Refusal(code="email.invalid")},
    imported={"created": 6},
    requests={"import": 1, "enrol": 1},
)
OUTCOMES = ("created", "updated", "restored", "skipped", "already_in", "enrolled", "refused")


def test_outcomes_add_up_to_the_rows_of_the_file() -> None:
    """Rows that a stopped run never reached are unsent."""
    told = ImportSummary(report=REPORT, rows=20, sequence_id=7).as_json(exit_code=5)

    assert 12 == told["unsent"]
    assert 20 == told["rows"]
    assert 20 == sum(int(str(told[name])) for name in (*OUTCOMES, "unknown", "unsent"))
    assert {"duplicate": 1, "email.invalid": 1} == told["refused_by_code"]
    assert 1 == told["duplicates"]
    assert {"import": 1, "enrol": 1, "other": 0} == told["requests"]
    assert {"created": 6} == told["contacts"]
    assert (1, 7, 5) == (told["schema"], told["sequence_id"], told["exit_code"])


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        (Counts(enrolled=3), 0),
        (Counts(enrolled=3, already_in=1, skipped=1), 0),
        (Counts(enrolled=3, refused=1), 6),
        (Counts(enrolled=3, unknown=1), 3),
        (Counts(refused=1, unknown=1), 3),
    ],
)
def test_unknown_rows_win_over_refused_ones(counts: Counts, code: int) -> None:
    """A finished run tells the worst of its rows."""
    summary = ImportSummary(report=Report(counts=counts), rows=counts.rows, sequence_id=1)

    assert code == summary.exit_code()


@pytest.mark.parametrize(
    ("lines", "written"),
    [
        ([], ""),
        ([5], "5"),
        ([7, 5, 6], "5-7"),
        ([1, 3, 4, 9], "1, 3-4, 9"),
        (list(range(2, 1_002)), "2-1001"),
    ],
)
def test_lines_are_written_as_ranges(lines: list[int], written: str) -> None:
    """A chunk of a thousand lines is one range."""
    assert written == line_ranges(lines)


def test_endless_ranges_are_cut() -> None:
    """Scattered lines do not flood the terminal."""
    written = line_ranges(range(0, 1_000, 2))

    assert written.endswith(", 98 and more")


def test_requests_are_told_by_purpose() -> None:
    """The cost of a run in one sentence."""
    assert "1,204 requests (1,000 import, 204 enrol)" == requests_sentence(
        {"import": 1_000, "enrol": 204, "other": 0}
    )


def test_progress_names_the_window_it_waits_for() -> None:
    """Rows, requests, what it waits for, and the time to go; never a percentage."""
    progress = Progress(
        read=300, settled=200, refused=3, unknown=0, total=1_000, requests=12,
        waiting_for="minute", wait_seconds=12.2, scale=0.85, others_in_minute=20,
        eta_seconds=75.0,
    )  # fmt: skip

    assert [
        "200 of 1,000 rows settled",
        "12 requests",
        "3 refused",
        "waits 12 s for the minute window",
        "others spend 20 a minute",
        "at 0.85 of the limits after a 429",
        "1 min 15 s to go",
    ] == sentence(progress).split(", ")


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (7_320, "2 h 2 min")]
)
def test_durations(seconds: float, said: str) -> None:
    """Waits are written as people say them."""
    assert said == duration(seconds)
