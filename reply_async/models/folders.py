"""Folders that sequences are filed in."""

from attrs import frozen


@frozen(kw_only=True)
class SequenceFolder:
    """A folder; ``id`` is a UUID.

    API page: sequence-folders/list-sequence-folders.
    """

    id: str
    name: str
