"""What a bulk answer says of single items, as refusals. Pure.

Bulk answers are HTTP 200 whatever became of the items. The reason is a slug, or a
number on older answers, whose meaning differs by operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reply_async.converter import decode_failures
from reply_async.models.bulk_items import ItemFailure
from reply_async.outcome import Refusal

# The numbers that older answers give in place of slugs.
SEQUENCE_ACTION_NUMBERS: Final[Mapping[int, str]] = {
    1: "notFound",
    2: "forbidden",
    3: "archived",
    6: "noContacts",
    7: "noEmailAccounts",
    8: "salesAgentNotAllowed",
}
ENROLMENT_NUMBERS: Final[Mapping[int, str]] = {7: "contactNotFound"}


def read_failures(data: object, numbers: Mapping[int, str]) -> dict[int, Refusal]:
    """Read a failure dictionary, or raise DecodeError."""
    return refusals(decode_failures(data), numbers)


def refusals(failures: Mapping[int, ItemFailure], numbers: Mapping[int, str]) -> dict[int, Refusal]:
    """Turn the failures of an answer into refusals; the server's own word stays raw."""
    return {id_: _refusal(failure, numbers) for id_, failure in failures.items()}


def _refusal(failure: ItemFailure, numbers: Mapping[int, str]) -> Refusal:
    raw = failure.error
    code = numbers.get(raw, f"error {raw}") if isinstance(raw, int) else raw
    return Refusal(code=code, detail=failure.error_details or "", raw_code=raw)
