"""JSON text of request bodies."""

from __future__ import annotations

import json
from typing import Any


def to_json(body: Any) -> bytes:  # noqa: ANN401 - JSON is anything
    """Return a body as compact UTF-8 JSON."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
