"""What tests of code on this package need: a clock that jumps, and fixtures.

The names are loaded when they are asked for, since pytest imports this package
in every project that has it installed, also where no test uses it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reply_async.testing.clock import ScaledClockLoop, VirtualClockLoop, run_virtual

__all__ = ["ScaledClockLoop", "VirtualClockLoop", "run_virtual"]


def __getattr__(name: str) -> object:
    """Load a public name from the module that defines it."""
    if name in __all__:
        return getattr(import_module("reply_async.testing.clock"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
