"""Deterministic chance: the same seed and ids always give the same fate."""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct, unpack
from uuid import UUID

_KEY = Struct("<qqqq")
_SCALE = 1 / 65_536
_SEEDS = range(-(2**63), 2**63)


def is_seed(value: object) -> bool:
    """Tell whether a value can be a seed: a whole number of 64 bits."""
    return type(value) is int and value in _SEEDS


def draws(seed: int, *ids: int) -> tuple[float, ...]:
    """Return eight independent numbers in [0, 1) for up to three ids."""
    padded = (*ids, 0, 0, 0)[:3]
    digest = blake2b(_KEY.pack(seed, *padded), digest_size=16).digest()
    return tuple(number * _SCALE for number in unpack("<8H", digest))


def uuid_of(seed: int, number: int) -> str:
    """Return the UUID that a number stands for."""
    digest = blake2b(_KEY.pack(seed, number, 0, 0), digest_size=16, person=b"uuid").digest()
    return str(UUID(bytes=digest, version=4))
