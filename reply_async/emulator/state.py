"""All that a fresh emulator holds and all that calls add to it.

Contacts are found by e-mail (trimmed, case-folded) and by LinkedIn address
(without scheme, `www.` and closing slash, case-folded). A deleted contact stays
known, so that an import can restore it; its id is not used again.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from reply_async.emulator.entities import Contact, EmailAccount, LinkedInAccount, Sequence
from reply_async.emulator.stats import Tallies

if TYPE_CHECKING:
    from collections.abc import Iterator

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

_WORK_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
WEEK_DAYS = (*_WORK_DAYS, "Saturday", "Sunday")


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

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.team_users = _team_users()
        self.email_accounts = {account.id: account for account in _email_accounts()}
        self.linkedin_accounts = {account.id: account for account in _linkedin_accounts()}
        self.schedules = {1: _schedule()}
        self.custom_fields: dict[int, Json] = {}
        for title, kind in (("Region", "text"), ("Plan", "text"), ("Score", "number")):
            self.add_custom_field(title, kind)
        self.sequences: dict[int, Sequence] = {}
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

    def new_sequence(self, name: str, now: float) -> Sequence:
        """Make an empty sequence that is not yet part of the account."""
        return Sequence(
            id=next(self._sequence_ids),
            name=name,
            owner_user_id=USER_ID,
            created=now,
            schedule_id=1,
            settings=dict(DEFAULT_SETTINGS),
            tallies=Tallies(),
        )

    def new_contact(self, now: float) -> Contact:
        """Make a contact without any members."""
        contact = Contact(next(self._contact_ids), None, None, None, None, None, now, now)
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
        del self.contacts[contact.id]
        contact.is_deleted = True
        self.contacts_version += 1
        if contact.email:
            self.deleted[email_key(contact.email)] = contact

    def restore_contact(self, contact: Contact) -> None:
        """Bring a deleted contact back under its old id."""
        if contact.email:
            self.deleted.pop(email_key(contact.email), None)
        contact.is_deleted = False
        self.contacts[contact.id] = contact
        self.contacts_version += 1
        self.index(contact)

    def sequences_of(self, contact_id: int) -> Iterator[Sequence]:
        """Go through the sequences that a contact is in."""
        return (entry for entry in self.sequences.values() if contact_id in entry.members)

    def add_custom_field(self, title: str, kind: str, *, org_wide: bool = False) -> Json:
        """Define one more custom field and return it as shown."""
        entry: Json = {
            "id": max(self.custom_fields, default=0) + 1,
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


def _email_accounts() -> list[EmailAccount]:
    return [
        EmailAccount(101, "dana@emulator.example", "Dana Field", 300, is_default=True),
        EmailAccount(102, "d.field@emulator.example", "Dana Field", 300, is_default=False),
        EmailAccount(103, "robin@emulator.example", "Robin Vale", 400, is_default=False),
    ]


def _linkedin_accounts() -> list[LinkedInAccount]:
    return [
        LinkedInAccount(41, "Dana Field", "https://www.linkedin.com/in/dana-field-emulator"),
        LinkedInAccount(42, "Robin Vale", "https://www.linkedin.com/in/robin-vale-emulator"),
    ]


def _schedule() -> Json:
    hours = {"fromTime": {"hour": 9, "minute": 0}, "toTime": {"hour": 17, "minute": 0}}
    timings = [
        {"weekDay": day, "isActive": day in _WORK_DAYS, "timeRanges": [hours]} for day in WEEK_DAYS
    ]
    return {
        "id": 1,
        "name": "Business hours",
        "timezoneId": "UTC",
        "excludeHolidays": False,
        "useProspectTimezone": False,
        "useFollowUpSchedule": False,
        "mainTimings": timings,
        "followUpTimings": [],
        "isDefault": True,
        "status": "active",
    }
