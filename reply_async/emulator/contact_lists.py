"""Contact lists: named sets of contacts, one's own or shared by a colleague."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from reply_async.emulator.entities import Contact

FIRST_LIST_ID = 21  # above those that a fresh account holds


@define(eq=False)
class ContactList:
    """A list and who is on it. Only its owner may rename, share or delete it."""

    id: int
    name: str
    owner_user_id: int
    is_shared: bool = False
    members: dict[int, Contact] = field(factory=dict)


class ContactLists:
    """The lists of the team, by id."""

    def __init__(self, user_id: int, colleague_id: int) -> None:
        self.by_id = {
            10: ContactList(10, "Leads", user_id),
            20: ContactList(20, "Customers", colleague_id, is_shared=True),
        }
        self._ids = count(FIRST_LIST_ID)

    def add(self, name: str, owner_user_id: int, *, is_shared: bool) -> ContactList:
        """Make an empty list of a user."""
        entry = ContactList(next(self._ids), name, owner_user_id, is_shared)
        self.by_id[entry.id] = entry
        return entry

    def is_taken(self, name: str, besides: ContactList | None = None) -> bool:
        """Tell whether another list has the name; case and outer blanks do not count."""
        key = name.strip().casefold()
        others = (entry for entry in self.by_id.values() if entry is not besides)
        return any(key == entry.name.strip().casefold() for entry in others)

    def of(self, contact_id: int) -> list[ContactList]:
        """Return the lists that a contact is on."""
        return [entry for entry in self.by_id.values() if contact_id in entry.members]
