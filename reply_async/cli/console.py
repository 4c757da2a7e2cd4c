"""Tables and JSON on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reply_async.cli.messages import complain, plain

# A table in a pipe is read by a program or a pager: nothing may be cut off.
WIDTH_OF_PIPE = 10_000


def show_table(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: int = 0
) -> None:
    """Print a table; its last ``numbers`` columns are set flush right."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE, title_style="bold")
    for position, heading in enumerate(headings):
        is_number = position >= len(headings) - numbers
        table.add_column(heading, justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    width = None if sys.stdout.isatty() else WIDTH_OF_PIPE
    console = Console(file=sys.stdout, width=width, markup=False, highlight=False)
    with console.capture() as capture:
        console.print(table)
    lines = (line.rstrip() for line in capture.get().splitlines())
    write("\n".join(lines) + "\n")


def show_json(value: Mapping[str, object]) -> None:
    """Print one JSON object on one line."""
    write(json.dumps(value) + "\n")


def write(text: str) -> None:
    """Write to stdout; a reader that went away does not undo what was done."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - no file of ours
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        complain("stdout is closed: the output is lost, what was done stays done")


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.1f}"
    return plain(str(value))
