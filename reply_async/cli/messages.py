"""Lines for people, on stderr; stdout is kept for tables and JSON.

Whatever a server or a file says is stripped of control characters on its way to a
terminal.
"""

from __future__ import annotations

import sys

PROGRAM = "reply-async"


def plain(text: str) -> str:
    """Give the text without control and formatting characters."""
    return "".join(character if character.isprintable() else " " for character in text)


def say(sentence: str) -> None:
    """Tell the user something that is not the result."""
    sys.stderr.write(f"{plain(sentence)}\n")
    sys.stderr.flush()


def complain(sentence: str) -> None:
    """Tell the user in one line what went wrong."""
    say(f"{PROGRAM}: {sentence}")
