"""``demo``: the whole way from a CSV file to statistics, on this machine."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

import reply_async
from reply_async.cli.console import show_json
from reply_async.cli.demo_data import COLUMN_MAP, flawed_rows, write_sample
from reply_async.cli.demo_emulator import running_emulator
from reply_async.cli.errors import BadInput, ExitCode, require_extra, stop_code
from reply_async.cli.messages import PROGRAM, complain, say
from reply_async.cli.stats_tables import show_stats
from reply_async.cli.summary import requests_sentence

if TYPE_CHECKING:
    from reply_async.cli.demo_story import DemoEnd

RowCount = Annotated[int, Parameter(validator=Number(gte=1, lte=10_000_000), show_default=True)]
KEEP_EXAMPLE = "sample.csv"


def run(
    *,
    rows: RowCount = 5_000,
    seed: int = 1,
    keep: str | None = None,
    json: bool = False,
) -> int:
    """Show all of it on a local emulator; needs no key and no network.

    A sequence is built, a CSV file with realistic flaws is imported within the real
    budget, five days of outreach pass, and the statistics are read.

    Args:
        rows: Rows of the sample; 5,000 take some ten seconds, 200,000 two to three minutes.
        seed: Another seed, other people and other reactions.
        keep: Keep the sample file under this name.
        json: Print one JSON object instead of tables.
    """
    require_extra("emulator", ["jsonschema_rs"])
    if keep is not None and Path(keep).exists():
        raise BadInput(f"--keep {keep}: there is a file of this name")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="reply-async-demo-") as folder:
        sample = Path(folder, KEEP_EXAMPLE)
        write_sample(sample, rows=rows, seed=seed)
        if keep is not None:
            shutil.copyfile(sample, keep)
        end = asyncio.run(_play(sample, seed=seed, is_quiet=json))
    seconds = round(time.monotonic() - started, 2)
    exit_code = _exit_code(end, rows)
    if json:
        show_json(_as_json(end, seconds, exit_code))
    else:
        _show(end, seconds)
    if end.imported.stopped is not None:
        complain(str(end.imported.stopped))
    elif exit_code is ExitCode.FAILED:
        complain("the story did not go as told")
    elif not json and exit_code is ExitCode.DONE:
        _next_steps(keep)
    return exit_code


async def _play(sample: Path, *, seed: int, is_quiet: bool) -> DemoEnd:
    from reply_async.cli.demo_story import tell  # noqa: PLC0415 - loads the models

    with running_emulator(seed) as emulator:
        async with reply_async.ReplySession(emulator.key, base_url=emulator.url) as session:
            return await tell(
                session,
                emulator,
                sample,
                narrate=_nothing if is_quiet else say,
                is_progress_wanted=not is_quiet,
            )


def _nothing(_sentence: str) -> None:
    """Narrate to nobody."""


def _exit_code(end: DemoEnd, rows: int) -> ExitCode:
    """Give 0 if all came as told; rows that are flawed by design belong to the story."""
    if end.imported.is_interrupted:
        return ExitCode.INTERRUPTED
    if end.imported.stopped is not None:
        return stop_code(end.imported.stopped)
    counts = end.imported.summary.counts
    flawed = flawed_rows(rows)
    as_told = (
        counts["refused"] == flawed and counts["enrolled"] == rows - flawed and end.answers_429 == 0
    )
    return ExitCode.DONE if as_told else ExitCode.FAILED


def _requests(end: DemoEnd) -> dict[str, int]:
    """Count the requests of the whole story by purpose."""
    spent = end.imported.summary.report.requests
    requests = {purpose: spent.get(purpose, 0) for purpose in ("import", "enrol")}
    return {**requests, "other": end.requests_sent - sum(requests.values())}


def _as_json(end: DemoEnd, seconds: float, exit_code: int) -> dict[str, object]:
    told = end.imported.summary.as_json(exit_code)
    changed = {"requests": _requests(end), "answers_429": end.answers_429, "seconds": seconds}
    return {**told, **changed}


def _show(end: DemoEnd, seconds: float) -> None:
    end.imported.summary.show()
    if end.stats is not None and end.emails is not None:
        show_stats(end.stats, end.emails)
    say(
        f"It took {requests_sentence(_requests(end))} in {seconds:.1f} s; "
        f"the server had to refuse {end.answers_429} of them for the budget's sake."
    )


def _next_steps(keep: str | None) -> None:
    """Say what to try next; the first works without a key."""
    sample = shlex.quote(keep or KEEP_EXAMPLE)
    mapped = " ".join(f"--map {shlex.quote(word)}" for word in COLUMN_MAP)
    say("Next, check a file of your own, or this one, without sending anything:")
    if keep is None:
        say(f"  {PROGRAM} demo --keep {sample}")
    say(f"  {PROGRAM} import {sample} --sequence 1 {mapped} --dry-run --rejects rejects.csv")
    say(f"and with your key: export REPLY_API_KEY=...; {PROGRAM} sequences list")
