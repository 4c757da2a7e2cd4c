"""The API key, wrapped so that it cannot be printed by accident."""

from __future__ import annotations

import hashlib
import re
from typing import NoReturn

from reply_async.errors import InvalidUse

# The same in every process, since clients of one user find their budget by it.
_PURPOSE = b"reply_async"


class Secret:
    """A key whose ``repr``, ``str`` and ``format`` are masked, and which refuses pickling."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            raise InvalidUse("api_key", f"is no text but {type(value).__name__}")
        self._value = value.strip()  # pasted keys come with white space

    def check(self) -> None:
        """Raise InvalidUse if this cannot be a key.

        A step of its own, so that no frame of the traceback holds the plain text.
        """
        if not self._value:
            raise InvalidUse("api_key", "is empty")
        if not re.fullmatch(r"[\x21-\x7e]+", self._value):
            raise InvalidUse("api_key", "holds characters that no key has")

    def reveal(self) -> str:
        """Return the key itself, for the one header that carries it."""
        return self._value

    @property
    def is_emulator_key(self) -> bool:
        """Tell whether this is a key of an emulator, which the real API must never see."""
        return self._value.startswith("emu_")

    @property
    def fingerprint(self) -> bytes:
        """Return what tells keys apart, and from which no key can be found."""
        return hashlib.blake2b(self._value.encode(), person=_PURPOSE, digest_size=16).digest()

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key is not pickled")
