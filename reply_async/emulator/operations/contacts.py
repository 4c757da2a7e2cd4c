"""Contacts: list, read, create, change, delete, and where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reply_async.emulator.clock import iso, plain_iso
from reply_async.emulator.entities import Mark
from reply_async.emulator.ledger import REMOVED
from reply_async.emulator.operations.membership import current_step, disposition, take_out
from reply_async.emulator.operations.registry import Call, operation, page
from reply_async.emulator.problems import refusal
from reply_async.emulator.profiles import (
    ProfileFault,
    custom_values,
    find,
    require_identity,
    require_owner,
    set_custom_values,
    set_members,
)
from reply_async.emulator.state import USER_ID, email_key, linkedin_key

if TYPE_CHECKING:
    from reply_async.emulator.entities import Contact, Member
    from reply_async.emulator.state import State

Json = dict[str, Any]

_PROFILE = [
    "firstName",
    "lastName",
    "title",
    "company",
    "companySize",
    "industry",
    "city",
    "state",
    "country",
    "timeZoneId",
    "phone",
    "linkedInUrl",
    "linkedInSalesNavigatorUrl",
    "linkedInRecruiterUrl",
    "notes",
    "accountId",
]


# A create cannot carry these, so overwriting a known address leaves them.
_KEPT = ("isOptedOut", "callStatus", "meetingStatus", "ownerUserId")


@operation
def list_contacts(call: Call) -> Json:
    """List contacts by id, or the one with an exact address."""
    email, url = call.query["email"], call.query["linkedIn"]
    if email is None and url is None:
        contacts = call.state.contact_list()
    else:
        by_email = call.state.by_email.get(email_key(email)) if email is not None else None
        by_url = call.state.by_linkedin.get(linkedin_key(url)) if url is not None else None
        found = by_email if email is not None else by_url
        if email is not None and url is not None and by_email is not by_url:
            found = None
        contacts = [] if found is None else [found]
    return page(call.query, contacts, lambda contact: shown(call.state, contact))


@operation
def get_contact(call: Call) -> Json:
    """Return one contact."""
    return shown(call.state, contact_of(call))


@operation
def create_contact(call: Call) -> Json:
    """Create a contact; by default a known one is overwritten, unsent members blanked."""
    state, body = call.state, call.body
    try:
        values = custom_values(state, body.get("customFields", ()), "key")
    except ProfileFault as fault:
        raise _refused(fault) from None
    contact = find(state, body)
    if contact is None:
        contact = state.new_contact(call.now, call.user_id)
        call.ledger.note("contact_created", ids=[contact.id])
    elif call.dialects["create_contact_duplicate"] == "reject":
        raise refusal(400, "contact.invalidInput", "A contact with this address exists already.")
    else:
        state.unindex(contact)
        contact.more = {name: contact.get(name) for name in _KEPT if contact.get(name)}
        for name in ("email", *_PROFILE[:4]):
            contact.set(name, None)
        contact.modified_at = call.now
        call.ledger.note("contact_overwritten", ids=[contact.id])
    set_members(state, contact, body)
    set_custom_values(contact, values, only_empty=False)
    return shown(state, contact)


@operation
def update_contact(call: Call) -> Json:
    """Change what is given; null clears."""
    contact, state, body = contact_of(call), call.state, call.body
    try:
        require_owner(state, body)
        require_identity(state, contact, body)
        values = custom_values(state, body.get("customFields", ()), "name")
    except ProfileFault as fault:
        raise _refused(fault) from None
    was_opted_out = contact.is_opted_out
    set_members(state, contact, body)
    if contact.is_opted_out and not was_opted_out:
        state.webhooks.tell(contact, "contact_opted_out", call.now)
    set_custom_values(contact, values, only_empty=False)
    contact.modified_at = call.now
    state.contacts_version += 1
    call.ledger.note("contact_updated", ids=[contact.id])
    return shown(state, contact)


@operation
def delete_contact(call: Call) -> None:
    """Delete a contact; it leaves its sequences and lists."""
    _remove(call, contact_of(call))


@operation
def bulk_delete_contacts(call: Call) -> Json:
    """Delete many contacts."""
    failures: Json = {}
    for contact_id in dict.fromkeys(call.body["ids"]):
        contact = call.state.contacts.get(contact_id)
        if contact is None:
            failures[str(contact_id)] = {"error": "notFound", "errorDetails": None}
        else:
            _remove(call, contact)
    return failures


@operation
def get_contact_statuses(call: Call) -> Json:
    """Tell where a contact stands in each of its sequences."""
    contact = contact_of(call)
    members = members_of(call, contact)
    return {
        "contactId": contact.id,
        "isOptedOut": contact.is_opted_out,
        "callStatus": contact.get("callStatus") or "none",
        "meetingStatus": contact.get("meetingStatus") or "none",
        "sequences": [
            {
                "sequenceId": member.sequence.id,
                "sequenceName": member.sequence.name,
                "statusInSequence": _extended_status(member),
                "emailDisposition": disposition(member),
            }
            for member in members
        ],
    }


@operation
def list_contact_sequences(call: Call) -> list[Json]:
    """List the sequences a contact is in."""
    return [
        {
            "sequenceId": member.sequence.id,
            "sequenceName": member.sequence.name,
            "statusInSequence": member.status,
            "currentStep": current_step(member),
            "addingDate": iso(member.added_at),
            "emailAccountId": member.email_account_id,
            "linkedInAccountId": member.linkedin_account_id,
        }
        for member in members_of(call, contact_of(call))
    ]


def shown(state: State, contact: Contact) -> Json:
    """Return a contact as the API shows it."""
    email = contact.email
    fields = contact.get("customFields") or {}
    return {
        "id": contact.id,
        "email": email,
        "domain": email.rsplit("@", 1)[-1] if email else None,
        **{name: contact.get(name) for name in _PROFILE},
        "phoneStatus": "notValidated" if contact.get("phone") else None,
        "ownerUserId": contact.get("ownerUserId") or USER_ID,
        "isOptedOut": contact.is_opted_out,
        "callStatus": contact.get("callStatus") or "none",
        "meetingStatus": contact.get("meetingStatus") or "none",
        "addingDate": iso(contact.created_at),
        "createdAt": plain_iso(contact.created_at),
        "lastModifiedAt": plain_iso(contact.modified_at),
        "customFields": [
            {"key": state.custom_fields[field_id]["title"], "value": value}
            for field_id, value in fields.items()
        ],
    }


def contact_of(call: Call) -> Contact:
    """Return the contact that the path names."""
    contact = call.state.contacts.get(call.path["id"])
    if contact is None:
        detail = f"Contact with ID {call.path['id']} not found."
        raise refusal(404, "contact.notFound", detail)
    return contact


def _remove(call: Call, contact: Contact) -> None:
    for sequence in list(call.state.sequences_of(contact.id)):
        take_out(sequence, contact.id)
        call.ledger.note_contacts(REMOVED, sequence.id, [contact.id])
    call.state.delete_contact(contact)
    call.ledger.note("contact_deleted", ids=[contact.id])


def members_of(call: Call, contact: Contact) -> list[Member]:
    """Return where a contact is in sequences."""
    return [entry.members[contact.id] for entry in call.state.sequences_of(contact.id)]


def _refused(fault: ProfileFault) -> Exception:
    return refusal(400, "contact.invalidInput", str(fault))


def _extended_status(member: Member) -> str:
    """Return the strongest word for a membership."""
    for mark, word in (
        (Mark.BOUNCED, "bounced"),
        (Mark.REPLIED, "replied"),
        (Mark.OUT_OF_OFFICE, "outOfOffice"),
    ):
        if member.marks & mark:
            return word
    if member.status != "active":
        return member.status
    for mark, word in (
        (Mark.CLICKED, "clicked"),
        (Mark.OPENED, "opened"),
        (Mark.SENT, "contacted"),
    ):
        if member.marks & mark:
            return word
    return "active"
