"""The value of an argument that was not given, told apart from ``None``."""

import enum
from typing import Final


class Unset(enum.Enum):
    """The type of ``UNSET``: leave the member as it is on the server.

    ``None`` clears a member, ``UNSET`` does not send it at all.
    """

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET
