"""What bulk answers say of single items."""

from attrs import frozen


@frozen(kw_only=True)
class ItemFailure:
    """Why one item of a bulk call was refused.

    ``error`` is a camelCase word, or a number in older answers; the same number means
    different things to different calls.
    """

    error: str | int
    error_details: str | None = None


@frozen(kw_only=True)
class CreatedItem:
    """One row of a bulk create, in the order sent: created if ``id`` is set."""

    id: int | None = None
    error: str | int | None = None
    error_details: str | None = None
