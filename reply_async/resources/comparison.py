"""What reading back tells of a lost write, where all groups ask alike. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reply_async.converter import encode
from reply_async.requests import NotReached, Reached, Undecided, Verdict


def agrees(sent: object, read: object) -> bool:
    """Tell whether all that was sent stands in what was read, both as JSON values.

    The server may add members of its own; lists must be the same in length and order.
    """
    if isinstance(sent, dict):
        return isinstance(read, dict) and all(
            agrees(value, read.get(name)) for name, value in sent.items()
        )
    if isinstance(sent, list):
        return isinstance(read, list) and len(sent) == len(read) and all(map(agrees, sent, read))
    return sent == read


def judge_replaced(sent: Mapping[str, Any], read: object, _since: datetime) -> Verdict:
    """Compare; another value may be the old one or somebody else's, so it decides nothing."""
    is_equal = read is not None and agrees(dict(sent), encode(read))
    return Reached(read) if is_equal else Undecided()


def judge_deleted(read: object, _since: datetime) -> Verdict:
    """Take a 404 for the success of a delete."""
    return Reached(None) if read is None else NotReached()
