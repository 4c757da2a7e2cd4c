"""How long a recording lasts: WAV by its header, MP3 by the rate of its first frame."""

from __future__ import annotations

import io
import wave

# kbit/s by index, of layer III; the first and the last index are not rates
_MPEG_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_MPEG_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_LAYER_3 = 0b01
_ID3_HEADER = 10


def seconds_of(content: bytes) -> float | None:
    """Return the length of a recording, None if it is neither WAV nor MP3."""
    if content[:4] == b"RIFF":
        return _wave_seconds(content)
    return _mp3_seconds(_without_tag(content))


def _wave_seconds(content: bytes) -> float | None:
    try:
        with wave.open(io.BytesIO(content)) as recording:
            seconds: float = recording.getnframes() / recording.getframerate()
            return seconds
    except (wave.Error, EOFError, ZeroDivisionError):
        return None


def _without_tag(content: bytes) -> bytes:
    """Skip an ID3 tag, whose size is written in four times seven bits."""
    if content[:3] != b"ID3" or len(content) < _ID3_HEADER:
        return content
    size = 0
    for byte in content[6:_ID3_HEADER]:
        size = size << 7 | byte & 0x7F
    return content[_ID3_HEADER + size :]


def _mp3_seconds(content: bytes) -> float | None:
    head = int.from_bytes(content[:4], "big")
    is_frame = len(content) >= 4 and head >> 21 == 0x7FF and head >> 17 & 0b11 == _LAYER_3  # noqa: PLR2004 - of a frame's header
    rates = _MPEG_1 if head >> 19 & 0b11 == 0b11 else _MPEG_2  # noqa: PLR2004 - the version
    rate = rates[head >> 12 & 0b1111] if is_frame else 0
    return len(content) * 8 / (rate * 1000) if rate else None
