"""How a run gets on, on stderr: rows, requests, what it waits for, time to go."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars

if TYPE_CHECKING:
    from reply_async import Progress

SECONDS_BETWEEN_LOOKS = 0.2
WAITS = {"minute": "minute window", "hour": "hour window"}
MINUTE = 60
HOUR = 3_600


class HasProgress(Protocol):
    """A run that can be asked where it stands."""

    @property
    def progress(self) -> Progress:
        """Where it stands now."""
        ...


def sentence(progress: Progress) -> str:
    """Say in a few words where a run stands."""
    total = "" if progress.total is None else f" of {progress.total:,}"
    parts = [f"{progress.settled:,}{total} rows settled", f"{progress.requests:,} requests"]
    if progress.refused:
        parts.append(f"{progress.refused:,} refused")
    if progress.unknown:
        parts.append(f"{progress.unknown:,} unknown")
    if progress.waiting_for:
        window = WAITS.get(progress.waiting_for, progress.waiting_for)
        parts.append(f"waits {duration(progress.wait_seconds)} for the {window}")
    if progress.others_in_minute:
        parts.append(f"others spend {progress.others_in_minute} a minute")
    if progress.scale < 1:
        parts.append(f"at {progress.scale:.2f} of the limits after a 429")
    if progress.eta_seconds is not None:
        parts.append(f"{duration(progress.eta_seconds)} to go")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Write a time to wait as people say it."""
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE:.0f} min {seconds % MINUTE:.0f} s"
    return f"{seconds // HOUR:.0f} h {seconds % HOUR // MINUTE:.0f} min"


@asynccontextmanager
async def shown(run: HasProgress, *, is_wanted: bool) -> AsyncIterator[None]:
    """Draw the progress of a run until the block ends; silent outside a terminal."""
    if not (is_wanted and sys.stderr.isatty()):
        yield
        return
    with Bars(
        BarColumn(bar_width=24),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
    ) as bars:
        watcher = asyncio.create_task(_watch(run, bars))
        try:
            yield
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)


async def _watch(run: HasProgress, bars: Bars) -> None:
    task = bars.add_task("", total=None)
    try:
        while True:
            _draw(run, bars, task)
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
    finally:
        _draw(run, bars, task)


def _draw(run: HasProgress, bars: Bars, task: object) -> None:
    progress = run.progress
    bars.update(
        task,  # type: ignore[arg-type]  # rich calls the id of a task a type of its own
        description=sentence(progress),
        completed=progress.settled - progress.unknown,
        total=progress.total,
    )
