"""How many there are."""

from attrs import frozen


@frozen(kw_only=True)
class Count:
    """The answer of every call that counts."""

    count: int
