"""The values that bulk calls and runs give back."""

import pickle

import pytest

from reply_async import BulkOutcome, BulkRefused, Counts, Refusal, Report, RowStatus, RunStopped
from reply_async.outcome import SettledRow, Verdicts

NO = Refusal(code="noContacts")


def test_an_outcome_without_faults_raises_nothing() -> None:
    """Done items alone are fine, and so is nothing at all."""
    BulkOutcome(done={1: None}).raise_if_refused()
    BulkOutcome[int, None]().raise_if_refused()


@pytest.mark.parametrize(
    "outcome",
    [BulkOutcome[int, None](refused={2: NO}), BulkOutcome[int, None](unknown={3: "lost"})],
)
def test_raise_if_refused_carries_the_outcome(outcome: BulkOutcome[int, None]) -> None:
    """Refused or unknown, the error says how many and has them all; it can be pickled."""
    with pytest.raises(BulkRefused) as raised:
        outcome.raise_if_refused()
    assert outcome is raised.value.outcome
    assert f"{len(outcome.refused)} refused, {len(outcome.unknown)} unknown" == str(raised.value)
    assert outcome == pickle.loads(pickle.dumps(raised.value)).outcome  # noqa: S301 - our own


def test_the_length_of_an_outcome_is_all_of_its_items() -> None:
    """Every item is in exactly one of the three."""
    assert 3 == len(BulkOutcome(done={1: None}, refused={2: NO}, unknown={3: ""}))


def test_counts_add_up() -> None:
    """Each word of a row that ended well counts as done, and every word is counted."""
    done = {status.value: 1 for status in RowStatus}
    counts = Counts(**done, refused=2, unknown=3, unsent=4)
    assert len(RowStatus) == counts.done
    assert len(RowStatus) + 9 == counts.rows


def test_a_report_tells_its_refusals_by_code() -> None:
    """Duplicates are among them."""
    refused = {1: NO, 2: Refusal(code="duplicate", duplicate_of=1), 3: NO}
    report = Report(counts=Counts(refused=3, unsent=5), refused=refused)
    assert {"noContacts": 2, "duplicate": 1} == report.refused_by_code
    assert (1, 5) == (report.duplicates, report.unsent)
    assert 0 == Report(counts=Counts()).duplicates


def test_a_stopped_run_says_how_much_was_not_sent() -> None:
    """The report goes with the error, also through a pickle."""
    error = RunStopped(Report(counts=Counts(unsent=5)), "why")
    assert "why" in str(error)
    assert "5 rows were not sent" in str(error)
    assert 5 == pickle.loads(pickle.dumps(error)).report.unsent  # noqa: S301 - our own


def test_verdicts_know_their_rows() -> None:
    """A row with any verdict is in, and the outcome holds all of them."""
    verdicts = Verdicts()
    verdicts.done[1] = SettledRow(RowStatus.CREATED, 11)
    verdicts.refused[2] = NO
    verdicts.unknown[3] = "lost"
    assert [True, True, True, False] == [number in verdicts for number in (1, 2, 3, 4)]
    assert 3 == len(verdicts.outcome())
