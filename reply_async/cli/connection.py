"""How commands reach the API: settings from the environment, the key never from argv.

Runs one after the other, and at the same time, share the budget of their user through
a file in the user's folder for state.

The session is looked up when it is needed, so that the help of a command loads no
HTTP client.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import reply_async
from reply_async.cli.messages import say

if TYPE_CHECKING:
    from reply_async import ReplySession

BudgetStore = Annotated[
    str | None,
    Parameter(
        name="--budget-store",
        help="Where runs share the budget: a file, redis://..., or none; or REPLY_BUDGET_STORE.",
    ),
]


def session_from_env(base_url: str | None, budget_store: str | None) -> ReplySession:
    """Give the session that the environment describes; options of a command go before it."""
    options = {} if base_url is None else {"base_url": base_url}
    place = budget_store or os.environ.get("REPLY_BUDGET_STORE", "").strip() or default_store()
    return reply_async.ReplySession.from_env(**options, budget_store=place)


def default_store() -> str:
    """Give the file that all runs of this user share, or ``none`` if there can be none."""
    path = _state_folder() / "reply-async" / "budget.db"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        say(
            f"{path}: {error.strerror}; this run shares its budget with no other one"
            " (--budget-store chooses another file)"
        )
        return "none"
    return str(path)


def _state_folder() -> Path:
    home = Path("~").expanduser()  # "~" itself where there is none
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    told = Path(os.environ.get("XDG_STATE_HOME", ""))
    return told if told.is_absolute() else home / ".local" / "state"
