"""JSON from outside, read strictly: what could not be kept, counted or sent back is refused.

Knows nothing of what the JSON means.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

MAX_DEPTH = 64
MAX_DIGITS = 300  # more would not fit into a float


def read_json(data: bytes, name: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a JSON text holds; ValueError begins with `name` and says what is wrong."""
    try:
        text = data.decode()
        content = json.loads(
            text, parse_constant=_refuse_constant, parse_float=_number, parse_int=_whole
        )
        _require_shallow(content, MAX_DEPTH)
        if "\\u" in text:
            json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError(name + _what_is_wrong(error)) from None
    return content


def _what_is_wrong(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return f", line {error.lineno}, column {error.colno}: {error.msg}"
        case UnicodeDecodeError():
            return ": not JSON in UTF-8"
        case UnicodeEncodeError():
            return ": half of a surrogate pair is no text"
        case RecursionError():
            return f": nested too deeply, {MAX_DEPTH} levels are allowed"
    return f": {error}"


def _require_shallow(value: object, levels: int) -> None:
    if isinstance(value, dict | list):
        if levels == 0:
            raise RecursionError
        for child in value.values() if isinstance(value, dict) else value:
            _require_shallow(child, levels - 1)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON")


def _number(text: str) -> float:
    if not isfinite(value := float(text)):
        raise ValueError("a number is too large")
    return value


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number has more than {MAX_DIGITS} digits")
    return int(text)
