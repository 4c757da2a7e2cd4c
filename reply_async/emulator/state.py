"""All that a fresh emulator holds and all that calls add to it.

Contacts are found by e-mail (trimmed, case-folded) and by LinkedIn address
(without scheme, `www.` and closing slash, case-folded). A deleted contact stays
known, so that an import can restore it; its id is not used again.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from reply_async.emulator.background_jobs import fresh_jobs
from reply_async.emulator.chance import uuid_of
from reply_async.emulator.contact_lists import ContactLists
from reply_async.emulator.email_templates import Attachment, TemplateLibrary
from reply_async.emulator.entities import Contact, Sequence
from reply_async.emulator.folders_and_templates import global_templates
from reply_async.emulator.schedules import Schedules
from reply_async.emulator.sender_accounts import (
    SenderAccounts,
    seed_email_accounts,
    seed_linkedin_accounts,
)
from reply_async.emulator.stats import Tallies
from reply_async.emulator.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reply_async.emulator.entities import Member
    from reply_async.emulator.folders_and_templates import SequenceFolder

Json = dict[str, Any]

USER_ID = 501
TEAM_ID = 100
FIRST_SEQUENCE_ID = 1_001
FIRST_STEP_ID = 50_001
FIRST_VARIANT_ID = 70_001
FIRST_CONTACT_ID = 100_001

DEFAULT_SETTINGS: Json = {
    "emailsCountPerDay": 200,
    "daysToFinishProspect": 14,
    "emailSendingDelaySeconds": 55,
    "dailyThrottling": 200,
    "useDailyThrottling": False,
    "disableOpensTracking": False,
    "repliesHandlingType": "markAsFinished",
    "enableLinksTracking": True,
}


def email_key(email: str) -> str:
    """Return what two e-mail addresses of one person have in common."""
    key = email.strip().casefold()
    return email if key == email else key  # one text instead of two for a million people


def linkedin_key(url: str) -> str:
    """Return what two addresses of one LinkedIn profile have in common."""
    key = url.strip().casefold()
    key = key.removeprefix("https://").removeprefix("http://").removeprefix("www.")
    return key.rstrip("/")


class State:
    """The account: people, sequences, senders, fields and schedules."""

    def __init__(self, seed: int, now: float) -> None:
        self.seed = seed
        self.team_users = _team_users()
        mailboxes = seed_email_accounts(USER_ID, USER_ID + 1)
        profiles = seed_linkedin_accounts(USER_ID, USER_ID + 1)
        self.email_accounts = {account.id: account for account in mailboxes}
        self.linkedin_accounts = {account.id: account for account in profiles}
        self.sender_accounts = SenderAccounts()
        self.schedules = Schedules()
        self.email_templates = TemplateLibrary()
        self.attachments: dict[int, Attachment] = {}  # those of steps and messages
        self.attachment_ids = count(1)
        self._custom_field_ids = count(1)
        self.custom_fields: dict[int, Json] = {}
        for title, kind in (("Region", "text"), ("Plan", "text"), ("Score", "number")):
            self.add_custom_field(title, kind)
        self._uuid_numbers = count(1)
        self.sequences: dict[int, Sequence] = {}
        self.sequence_folders: dict[str, SequenceFolder] = {}
        self.sequence_templates = {entry.id: entry for entry in global_templates(self.next_uuid)}
        self.previews: dict[tuple[int, int], tuple[Member, dict[int, Json]]] = {}
        self.jobs = fresh_jobs(now, self.next_uuid)
        self.webhooks = Webhooks(seed, self.custom_fields)
        self.lists = ContactLists(USER_ID, USER_ID + 1)
        self.thread_ids: dict[tuple[int, int], int] = {}  # by sequence and contact
        self.contacts: dict[int, Contact] = {}
        self.deleted: dict[str, Contact] = {}
        self.by_email: dict[str, Contact] = {}
        self.by_linkedin: dict[str, Contact] = {}
        self.contacts_version = 0
        self._sequence_ids = count(FIRST_SEQUENCE_ID)
        self._contact_ids = count(FIRST_CONTACT_ID)
        self._step_ids = count(FIRST_STEP_ID)
        self._variant_ids = count(FIRST_VARIANT_ID)
        self._contact_list: tuple[int, list[Contact]] = (0, [])

    def next_step_id(self) -> int:
        """Return an id no step has had."""
        return next(self._step_ids)

    def next_variant_id(self) -> int:
        """Return an id no variant has had."""
        return next(self._variant_ids)

    def next_uuid(self) -> str:
        """Return a UUID that nothing has had."""
        return uuid_of(self.seed, next(self._uuid_numbers))

    def new_sequence(self, name: str, now: float, owner_user_id: int = USER_ID) -> Sequence:
        """Make an empty sequence that is not yet part of the account."""
        return Sequence(
            id=next(self._sequence_ids),
            name=name,
            owner_user_id=owner_user_id,
            created=now,
            schedule_id=self.schedules.default.id,
            settings=dict(DEFAULT_SETTINGS),
            tallies=Tallies(),
        )

    def new_contact(self, now: float, owner_user_id: int = USER_ID) -> Contact:
        """Make a contact without any members."""
        contact = Contact(next(self._contact_ids), None, None, None, None, None, now, now)
        if owner_user_id != USER_ID:
            contact.set("ownerUserId", owner_user_id)
        self.contacts[contact.id] = contact
        self.contacts_version += 1
        return contact

    def contact_list(self) -> list[Contact]:
        """Return all contacts by id; kept until one comes or goes."""
        if self._contact_list[0] != self.contacts_version:
            self._contact_list = (self.contacts_version, list(self.contacts.values()))
        return self._contact_list[1]

    def index(self, contact: Contact) -> None:
        """Make a contact findable by its present addresses."""
        if contact.email:
            self.by_email[email_key(contact.email)] = contact
        url = contact.more.get("linkedInUrl") if contact.more else None
        if url:
            self.by_linkedin[linkedin_key(url)] = contact

    def unindex(self, contact: Contact) -> None:
        """Forget a contact's addresses, before they change."""
        if contact.email and self.by_email.get(email_key(contact.email)) is contact:
            del self.by_email[email_key(contact.email)]
        url = contact.get("linkedInUrl")
        if url and self.by_linkedin.get(linkedin_key(url)) is contact:
            del self.by_linkedin[linkedin_key(url)]

    def delete_contact(self, contact: Contact) -> None:
        """Take a contact out of the account, but remember it by e-mail."""
        self.unindex(contact)
        for entry in self.lists.of(contact.id):
            del entry.members[contact.id]
        del self.contacts[contact.id]
        self.contacts_version += 1
        if contact.email:
            self.deleted[email_key(contact.email)] = contact

    def restore_contact(self, contact: Contact) -> None:
        """Bring a deleted contact back under its old id."""
        if contact.email:
            self.deleted.pop(email_key(contact.email), None)
        self.contacts[contact.id] = contact
        self.contacts_version += 1
        self.index(contact)

    def sequences_of(self, contact_id: int) -> Iterator[Sequence]:
        """Go through the sequences that a contact is in."""
        return (entry for entry in self.sequences.values() if contact_id in entry.members)

    def add_custom_field(self, title: str, kind: str, *, org_wide: bool = False) -> Json:
        """Define one more custom field and return it as shown."""
        entry: Json = {
            "id": next(self._custom_field_ids),
            "title": title,
            "fieldType": kind,
            "metadata": None,
            "orgWide": org_wide,
        }
        self.custom_fields[entry["id"]] = entry
        return entry


def _team_users() -> list[Json]:
    people = (
        (USER_ID, "Dana Field", "dana@emulator.example"),
        (USER_ID + 1, "Robin Vale", "robin@emulator.example"),
        (USER_ID + 2, "Kim Shore", "kim@emulator.example"),
    )
    return [
        {
            "teamId": TEAM_ID,
            "teamName": "Sales",
            "userId": user_id,
            "userName": name,
            "userEmail": email,
        }
        for user_id, name, email in people
    ]
