"""JSON text of request bodies."""

from __future__ import annotations

import json
from typing import Any

from reply_async.errors import InvalidUse


def to_json(body: Any) -> bytes:  # noqa: ANN401 - JSON is anything
    """Return a body as compact UTF-8 JSON; half of a character raises InvalidUse."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        pass
    raise InvalidUse("the body", "holds half of a character, a lone surrogate")
