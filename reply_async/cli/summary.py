"""What an import came to: the same counts as a table and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import asdict, frozen

from reply_async.cli.console import show_table
from reply_async.cli.errors import ExitCode

if TYPE_CHECKING:
    from reply_async import Report

SCHEMA = 1
MAX_RANGES = 50
KIB_OF_MIB = 1024


@frozen(kw_only=True)
class ImportSummary:
    """The report of a run beside the file that it read.

    ``rows`` are all rows of the file: those that a stopped run never reached count as
    unsent.
    """

    report: Report
    rows: int
    sequence_id: int

    @property
    def counts(self) -> dict[str, int]:
        """Rows by outcome; they add up to ``rows``."""
        counts = asdict(self.report.counts)
        counts["unsent"] += self.rows - self.report.counts.rows
        return counts

    def exit_code(self) -> ExitCode:
        """Give the exit code of a run that came to its end."""
        if self.report.counts.unknown:
            return ExitCode.UNKNOWN_ROWS
        if self.report.counts.refused:
            return ExitCode.REFUSED_ROWS
        return ExitCode.DONE

    def as_json(self, exit_code: int) -> dict[str, object]:
        """Give everything that a script may want to know."""
        counts = self.counts
        unknown, unsent = counts.pop("unknown"), counts.pop("unsent")
        return {
            "schema": SCHEMA,
            "rows": self.rows,
            **counts,
            "refused_by_code": dict(self.report.refused_by_code),
            "duplicates": self.report.duplicates,
            "unknown": unknown,
            "unsent": unsent,
            "contacts": dict(self.report.imported),
            "requests": {
                purpose: self.report.requests.get(purpose, 0)
                for purpose in ("import", "enrol", "other")
            },
            "seconds": round(self.report.seconds, 2),
            "peak_memory_mib": peak_memory_mib(),
            "sequence_id": self.sequence_id,
            "exit_code": int(exit_code),
        }

    def show(self) -> None:
        """Print what happened to the rows."""
        show_table("Rows", ("outcome", "rows"), self._table_rows(), numbers=1)

    def _table_rows(self) -> Iterator[tuple[str, int]]:
        for outcome, count in self.counts.items():
            if count:
                yield outcome.replace("_", " "), count
            if outcome == "refused":
                for code, of_code in sorted(self.report.refused_by_code.items()):
                    yield f"  {code}", of_code
        yield "all", self.rows


def requests_sentence(requests: Mapping[str, int]) -> str:
    """Say how many requests were sent, and for what."""
    parts = ", ".join(f"{count:,} {purpose}" for purpose, count in requests.items() if count)
    return f"{sum(requests.values()):,} requests" + (f" ({parts})" if parts else "")


def line_ranges(lines: Iterable[int]) -> str:
    """Write line numbers as ranges, so that a whole chunk takes one."""
    ranges = list(islice(_ranges(sorted(lines)), MAX_RANGES + 1))
    words = [
        str(first) if first == last else f"{first}-{last}" for first, last in ranges[:MAX_RANGES]
    ]
    return ", ".join(words) + (" and more" if len(ranges) > MAX_RANGES else "")


def _ranges(lines: list[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for position, line in enumerate(lines):
        if position + 1 == len(lines) or lines[position + 1] > line + 1:
            yield lines[start], line
            start = position + 1


def peak_memory_mib() -> float | None:
    """Tell the most memory that this process had, None where the system does not say."""
    with suppress(OSError):  # Linux; its ru_maxrss begins with that of the parent process
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / KIB_OF_MIB, 1)
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (KIB_OF_MIB**2 if sys.platform == "darwin" else KIB_OF_MIB), 1)
