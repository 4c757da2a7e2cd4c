"""What lets a caller pass a list where a frozen object keeps a tuple."""

from collections.abc import Iterable
from typing import Any


def as_tuple(items: Iterable[Any]) -> tuple[Any, ...]:
    """Return the items as a tuple; a tuple comes back as it is."""
    return tuple(items)
