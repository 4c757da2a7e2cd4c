"""Lists that contacts are put on."""

from attrs import frozen


@frozen(kw_only=True)
class ContactList:
    """A list of contacts; ``is_shared`` is None where the answer does not tell.

    API page: contact-lists/list-contact-lists.
    """

    id: int
    name: str
    is_shared: bool | None = None
