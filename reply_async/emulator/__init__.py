"""A local stand-in for Reply.io's v3 API: one server program, no account.

It is written from the published contract (``data/openapi.json``) alone and
shares no code with the SDK, so that the two can disagree and a test can notice.
The names below load on first use, because the server needs aiohttp and
jsonschema-rs (extra ``emulator``) and this package must stay cheap to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reply_async.emulator.budget import Budget, BudgetRules
    from reply_async.emulator.emulator import Emulator
    from reply_async.emulator.faults import Fault
    from reply_async.emulator.rates import Rates

__all__ = ["Budget", "BudgetRules", "Emulator", "Fault", "Rates"]

_HOMES = {
    "Budget": "budget",
    "BudgetRules": "budget",
    "Emulator": "emulator",
    "Fault": "faults",
    "Rates": "rates",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for."""
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
