"""Contacts of the account: find, create, import, change and delete them.

Wraps the API pages filed under "Contacts". Imports match by e-mail, so a lost answer is
answered by sending the same rows again. ``POST /v3/contacts`` is never used for rows: it
blanks the unsent members of a contact that exists. Calls over many contacts have no
read that is cheaper than one request a contact, hence their lost answers stay unknown.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from collections.abc import Sequence as Items
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final, Literal

from attrs import frozen

from reply_async.bulk.contact_import import IMPORT_SIZE, ContactImport, ImportOptions
from reply_async.bulk.folding import SeenRows
from reply_async.bulk.intake import Intake, checked_source
from reply_async.bulk.item_calls import ItemCalls
from reply_async.bulk.job import JobSender
from reply_async.bulk.rows import Row, stage_row
from reply_async.bulk.runner import OnUnknown, Run, Stages
from reply_async.converter import decode, decode_list, encode_time
from reply_async.errors import InvalidUse
from reply_async.models.contact_activities import ContactActivity, ContactInboxThread
from reply_async.models.contact_lists import ContactList
from reply_async.models.contacts import Contact, ContactFilterRule, ContactRow
from reply_async.models.sequence_contacts import ContactSequence, ContactStatuses, StatusInSequence
from reply_async.outcome import BulkOutcome
from reply_async.pagination import Page, Pager
from reply_async.requests import (
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
    checked_id,
    int32,
)
from reply_async.resources.arguments import checked_choice, checked_text, some_ids
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import judge_deleted
from reply_async.resources.contact_bodies import create_body, filter_body, is_as_sent, update_body
from reply_async.resources.contact_owner import OwnerChange
from reply_async.resources.counting import counted, length
from reply_async.resources.custom_fields import custom_fields_request
from reply_async.resources.users import whoami_request
from reply_async.transport.sender import Sender
from reply_async.unset import UNSET, Unset

CHUNK: Final = 100
SETTABLE: Final = (
    StatusInSequence.ACTIVE,
    StatusInSequence.PAUSED,
    StatusInSequence.FINISHED,
    StatusInSequence.OUT_OF_OFFICE,
)
DELETE_NUMBERS: Final = {1: "notFound", 3: "forbidden"}
OPT_OUT_NUMBERS: Final = {1: "notFound", 8: "invalidInput"}
STATE_NUMBERS: Final = {1: "notFound", 3: "forbidden", 5: "sequenceNotFound", 8: "invalidInput"}
_DIRECTIONS: Final = ("asc", "desc")
_CONTACT = partial(decode, kind=Contact)
_SEQUENCES = partial(decode_list, kind=ContactSequence)


@frozen
class Contacts:
    """The contacts of the acting user's team."""

    _sender: Sender

    def list(self, *, email: str | None = None, linkedin: str | None = None) -> Pager[Contact]:
        """List contacts: all, or those with exactly this e-mail or LinkedIn address.

        Costs: 1 request per 1,000 contacts.
        Raises: InvalidUse, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: contacts/list-contacts.
        """
        query = {}
        if email is not None:
            query["email"] = checked_text("email", email)
        if linkedin is not None:
            query["linkedIn"] = checked_text("linkedin", linkedin)
        request = Request("GET", "/v3/contacts", query=query, safety=Safety.READ)
        return Pager(self._sender, request, Contact, attrgetter("id"))

    async def get(self, contact_id: int) -> Contact:
        """Return one contact.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: contacts/get-a-contact.
        """
        return await self._sender.send(_get(int32("contact_id", contact_id)), _CONTACT)

    async def create(self, contact: ContactRow) -> Contact:
        """Create one contact and return it; better import it, see below.

        It needs ``email`` or ``linkedin_url``, and ``first_name`` on some accounts. Its
        call, opt-out and owner members can be set by ``update`` only. Beware: where the
        e-mail is known already, the server overwrites that contact and blanks what is
        not sent. ``import_rows`` does no such thing and costs the same.

        Costs: 1 request.
        Lost answer: looked for by its e-mail or LinkedIn address among those created
        since; not found, or older: OutcomeUnknown, never a second create.
        Raises: InvalidUse, ValidationFailed, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: contacts/create-a-contact.
        """
        body = create_body(contact)
        namesakes = (
            self.list(email=body["email"])
            if "email" in body
            else self.list(linkedin=body["linkedInUrl"])
        )
        request = Request(
            "POST",
            "/v3/contacts",
            safety=Safety.CREATE,
            body=to_json(body),
            read_back=ReadBack(
                request=namesakes.page_request(),
                decode=namesakes.decode_page,
                judge=partial(judge_created, body),
            ),
        )
        return await self._sender.send(request, _CONTACT)

    async def update(self, contact_id: int, changes: ContactRow) -> Contact:
        """Change what is given and return the contact; UNSET leaves, None clears.

        Custom fields are named as the server lists them; those left out stay. Where the
        accounts feature is on, ``company`` cannot be set.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ValidationFailed, NotFound, Forbidden, RateLimitWait,
        OutcomeUnknown.
        API page: contacts/update-a-contact.
        """
        path = int32("contact_id", contact_id)
        body = update_body(changes)
        request = Request(
            "PATCH",
            "/v3/contacts/{id}",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json(body),
            read_back=ReadBack(
                request=_get(path), decode=_CONTACT, judge=partial(judge_updated, body)
            ),
        )
        return await self._sender.send(request, _CONTACT)

    async def delete(self, contact_id: int) -> None:
        """Delete a contact, which takes it out of all sequences and their statistics.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: contacts/delete-a-contact.
        """
        path = int32("contact_id", contact_id)
        request = Request(
            "DELETE",
            "/v3/contacts/{id}",
            path={"id": path},
            safety=Safety.DELETE,
            read_back=ReadBack(request=_get(path), decode=_CONTACT, judge=judge_deleted),
        )
        await self._sender.send(request, None)

    async def delete_many(
        self, contact_ids: Iterable[int] | AsyncIterable[int]
    ) -> BulkOutcome[int, None]:
        """Delete contacts, any number of them, and tell what became of each id.

        Costs: 1 request per 100 ids.
        Lost answer: ``.unknown``; deleting these again is safe, and refuses as
        ``notFound`` those that are gone.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: contacts/bulk-delete-contacts.
        """
        ids = await some_ids("contact_ids", contact_ids)

        def build(chunk: Items[int]) -> Request:
            return Request(
                "POST",
                "/v3/contacts/bulk-delete",
                safety=Safety.DELETE,
                body=to_json({"ids": list(chunk)}),
                rows=len(chunk),
            )

        calls = ItemCalls(sender=self._sender, build=build, size=CHUNK, numbers=DELETE_NUMBERS)
        return await calls.run(ids)

    def filter(
        self,
        *,
        rules: Iterable[ContactFilterRule] = (),
        list_id: int | None = None,
        sequence_id: int | None = None,
        sequence_step_id: int | None = None,
        search_term: str | None = None,
        sort_by: str | None = None,
        sort_direction: Literal["asc", "desc"] | None = None,
    ) -> Pager[Contact]:
        """List the contacts that fit all that is given.

        ``search_term`` is looked for without regard to case. The words for rules and for
        ``sort_by`` are not published.

        Costs: 1 request per 1,000 contacts.
        Raises: InvalidUse, ValidationFailed, Forbidden, RateLimitWait, ConnectionFailed,
        BadAnswer.
        API page: contacts/filter-contacts.
        """
        body = filter_body(rules, list_id, sequence_id, sequence_step_id, search_term)
        if sort_by is not None:
            body["sortBy"] = checked_text("sort_by", sort_by)
        if sort_direction is not None:
            body["sortDirection"] = checked_choice("sort_direction", sort_direction, _DIRECTIONS)
        request = Request("POST", "/v3/contacts/filter", body=to_json(body), safety=Safety.READ)
        return Pager(self._sender, request, Contact, attrgetter("id"))

    async def count_filtered(
        self,
        *,
        rules: Iterable[ContactFilterRule] = (),
        list_id: int | None = None,
        sequence_id: int | None = None,
        sequence_step_id: int | None = None,
        search_term: str | None = None,
    ) -> int:
        """Return how many contacts fit; the arguments are those of ``filter``.

        Marked as coming soon in the API's document: where it is not served, the list is read.

        Costs: 1 request; 1 more per 1,000 contacts where it is not served.
        Raises: InvalidUse, ValidationFailed, Forbidden, RateLimitWait, ConnectionFailed,
        BadAnswer.
        API page: contacts/count-filtered-contacts.
        """
        body = filter_body(rules, list_id, sequence_id, sequence_step_id, search_term)
        request = Request(
            "POST", "/v3/contacts/filter/count", body=to_json(body), safety=Safety.READ
        )
        count = await counted(self._sender, request)
        if count is not None:
            return count
        request = Request("POST", "/v3/contacts/filter", body=to_json(body), safety=Safety.READ)
        return await length(Pager(self._sender, request, Contact, attrgetter("id")))

    async def statuses(self, contact_id: int) -> ContactStatuses:
        """Return how a contact stands, as a whole and in each sequence.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: contacts/get-contact-statuses.
        """
        request = _of("/v3/contacts/{id}/statuses", int32("contact_id", contact_id))
        return await self._sender.send(request, partial(decode, kind=ContactStatuses))

    async def sequences(self, contact_id: int) -> tuple[ContactSequence, ...]:
        """Return the sequences that a contact is in.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: contacts/list-contact-sequences.
        """
        return await self._sender.send(_sequences(int32("contact_id", contact_id)), _SEQUENCES)

    def activities(self, contact_id: int) -> Pager[ContactActivity]:
        """List what was done with a contact.

        Costs: 1 request per 1,000 activities.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: contacts/list-contact-activities.
        """
        request = _of("/v3/contacts/{id}/activities", int32("contact_id", contact_id))
        return Pager(self._sender, request, ContactActivity, attrgetter("id"))

    def inbox_threads(self, contact_id: int) -> Pager[ContactInboxThread]:
        """List the conversations with a contact. Marked as beta in the API's document.

        Costs: 1 request per 1,000 threads.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: contacts/list-contact-inbox-threads.
        """
        request = _of("/v3/contacts/{id}/inbox-threads", int32("contact_id", contact_id))
        return Pager(self._sender, request, ContactInboxThread, attrgetter("id"))

    async def lists(self, contact_id: int) -> tuple[ContactList, ...]:
        """Return the lists that a contact is on; whether they are shared is not told.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: contacts/list-lists-of-a-contact.
        """
        request = _of("/v3/contacts/{id}/lists", int32("contact_id", contact_id))
        return await self._sender.send(request, partial(decode_list, kind=ContactList))

    async def set_status(
        self, contact_ids: Iterable[int] | AsyncIterable[int], status: StatusInSequence
    ) -> BulkOutcome[int, None]:
        """Set where contacts stand, in every sequence that they are in.

        ``status`` is ACTIVE, PAUSED, FINISHED or OUT_OF_OFFICE; PAUSED only from ACTIVE.

        Costs: 1 request per 100 ids.
        Lost answer: ``.unknown``; setting it again is safe.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: contacts/set-contact-status-in-sequences.
        """
        checked_choice("status", status, SETTABLE)
        values = {"statusInSequence": str(status)}
        return await self._set("/v3/contacts/set-status-in-sequence", contact_ids, values)

    async def set_replied(
        self, contact_ids: Iterable[int] | AsyncIterable[int], is_replied: bool = True
    ) -> BulkOutcome[int, None]:
        """Set whether contacts replied; who did is finished in every sequence.

        Costs: 1 request per 100 ids.
        Lost answer: ``.unknown``; setting it again is safe.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: contacts/set-contact-replied.
        """
        values = {"isReplied": is_replied}
        return await self._set("/v3/contacts/set-replied", contact_ids, values)

    async def set_bounced(
        self,
        contact_ids: Iterable[int] | AsyncIterable[int],
        is_bounced: bool = True,
        *,
        resend_emails: bool | Unset = UNSET,
    ) -> BulkOutcome[int, None]:
        """Set whether mails to contacts bounced.

        ``resend_emails`` must be given with ``is_bounced=False`` and with that only: True
        puts the step that bounced on the schedule again, which sends.

        Costs: 1 request per 100 ids.
        Lost answer: ``.unknown``; setting it again is safe, but with ``resend_emails``
        it may send twice. Such a request is not repeated after a 429 either: refused.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: contacts/set-contact-bounced.
        """
        if is_bounced is (resend_emails is not UNSET):
            raise InvalidUse("resend_emails", "is given with is_bounced=False, and only then")
        values = {"isBounced": is_bounced}
        if isinstance(resend_emails, bool):
            values["resendEmails"] = resend_emails
        safety = Safety.SEND if resend_emails is True else Safety.STATE
        return await self._set("/v3/contacts/set-bounced", contact_ids, values, safety=safety)

    async def set_opted_out(
        self, contact_ids: Iterable[int] | AsyncIterable[int], is_opted_out: bool = True
    ) -> BulkOutcome[int, None]:
        """Set whether contacts opted out; who did is finished in every sequence.

        Marked as coming soon in the API's document, and in use by its vendor's tools.

        Costs: 1 request per 100 ids.
        Lost answer: ``.unknown``; setting it again is safe.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: contacts/set-contact-opted-out.
        """
        values = {"isOptedOut": is_opted_out}
        return await self._set(
            "/v3/contacts/set-opted-out", contact_ids, values, numbers=OPT_OUT_NUMBERS
        )

    async def change_owner(
        self,
        contact_ids: Iterable[int] | AsyncIterable[int],
        user_id: int,
        *,
        reassign_tasks: bool = False,
    ) -> BulkOutcome[int, None]:
        """Give contacts to another user, with their tasks if asked to.

        A user that does not exist refuses all as ``contact.notFound``. Contacts that the
        answer does not name are in ``.unknown``.

        Costs: 1 request per 100 ids.
        Lost answer: ``.unknown``; doing it again is safe.
        Raises: InvalidUse (before anything is sent), Unauthorized, Forbidden.
        API page: contacts/change-contact-owner.
        """
        change = OwnerChange(self._sender, checked_id("user_id", user_id), reassign_tasks)
        return await change.run(await some_ids("contact_ids", contact_ids))

    async def set_notes(self, contact_id: int, notes: str) -> None:
        """Set the notes of a contact; whether the server adds or overwrites is not told.

        Costs: 1 request.
        Lost answer: the contact is read; equal notes count as done, else OutcomeUnknown.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: contacts/set-contact-notes.
        """
        path = int32("contact_id", contact_id)
        request = Request(
            "POST",
            "/v3/contacts/{id}/notes",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json({"notes": notes}),
            read_back=ReadBack(
                request=_get(path), decode=_CONTACT, judge=partial(judge_noted, notes)
            ),
        )
        await self._sender.send(request, None)

    async def move_to_sequence(
        self,
        contact_id: int,
        sequence_id: int,
        *,
        remove_from_existing: bool = False,
        start_step_id: int | None = None,
        ignore_step_delay: bool = False,
        start_from: datetime | None = None,
    ) -> None:
        """Put a contact into a sequence, with ``remove_from_existing`` out of all others.

        An active sequence sends to whoever is added. Who is in already may be moved
        forward. ``start_from`` needs an offset from UTC.

        Costs: 1 request.
        Lost answer: the contact's sequences are read; in since the call is done, else
        OutcomeUnknown, never sent again.
        Raises: InvalidUse, ValidationFailed, NotFound (contact or sequence), Forbidden,
        RateLimitWait, OutcomeUnknown.
        API page: contacts/move-a-contact-to-a-sequence.
        """
        path = int32("contact_id", contact_id)
        target = checked_id("sequence_id", sequence_id)
        body: dict[str, Any] = {
            "sequenceId": target,
            "removeFromExisting": remove_from_existing,
            "ignoreStepDelay": ignore_step_delay,
        }
        if start_step_id is not None:
            body["startStepId"] = checked_id("start_step_id", start_step_id)
        if start_from is not None:
            body["startFrom"] = encode_time(start_from, "start_from")
        judge = partial(judge_moved, target, is_only=remove_from_existing)
        request = Request(
            "POST",
            "/v3/contacts/{id}/move-to-sequence",
            path={"id": path},
            safety=Safety.ENROL,
            body=to_json(body),
            read_back=ReadBack(request=_sequences(path), decode=_SEQUENCES, judge=judge),
        )
        await self._sender.send(request, None)

    def import_rows(
        self,
        rows: Iterable[Row] | AsyncIterable[Row],
        *,
        options: ImportOptions | None = None,
        total: int | None = None,
        on_unknown: OnUnknown = "park",
    ) -> Run:
        """Import rows as contacts, as a run that settles chunk by chunk.

        Rows, numbers and refusals are those of ``sequence_contacts.import_rows``.

        Costs: 1 request, 1 if custom fields are used, and 1 per 1,000 rows.
        Lost answer: the same rows are sent again, twice at most; else ``.unknown``.
        Raises, when the run is entered or awaited: Unauthorized, Forbidden, RunStopped,
        and what ``rows`` raises.
        API page: contacts/import-contacts.
        """
        checked_source("rows", rows)
        chosen = options or ImportOptions()

        async def prepare() -> Stages:
            job = JobSender(self._sender, whoami_request())
            await job.read(whoami_request(), lambda _: None)  # a wrong key ends it here
            seen = SeenRows()
            return Stages(
                intake=Intake(rows, partial(stage_row, seen), IMPORT_SIZE),
                job=job,
                importer=ContactImport(job, chosen, custom_fields_request()),
                enrolment=None,
                close=seen.close,
            )

        return Run(prepare, total=total, on_unknown=on_unknown)

    async def _set(
        self,
        template: str,
        contact_ids: Iterable[int] | AsyncIterable[int],
        values: Mapping[str, Any],
        *,
        safety: Safety = Safety.STATE,
        numbers: Mapping[int, str] = STATE_NUMBERS,
    ) -> BulkOutcome[int, None]:
        def build(chunk: Items[int]) -> Request:
            return Request(
                "POST",
                template,
                safety=safety,
                body=to_json({"contactIds": list(chunk), **values}),
                rows=len(chunk),
            )

        ids = await some_ids("contact_ids", contact_ids)
        return await ItemCalls(sender=self._sender, build=build, size=CHUNK, numbers=numbers).run(
            ids
        )


def judge_created(body: Mapping[str, Any], page: Page[Contact] | None, since: datetime) -> Verdict:
    """Adopt the one contact like this that is new; an older one may be overwritten or not."""
    made = page.items if page is not None else ()
    if len(made) == 1 and _time_added(made[0]) >= since and is_as_sent(made[0], body):
        return Reached(made[0])
    return Undecided(tuple(contact.id for contact in made))


def judge_updated(body: Mapping[str, Any], contact: Contact | None, _since: datetime) -> Verdict:
    """Compare; another value may be the old one or somebody else's, so it decides nothing."""
    return Reached(contact) if contact is not None and is_as_sent(contact, body) else Undecided()


def judge_noted(notes: str, contact: Contact | None, _since: datetime) -> Verdict:
    """Compare; other notes may be what the server made of these, so they decide nothing."""
    is_equal = contact is not None and (contact.notes or "") == notes
    return Reached(None) if is_equal else Undecided()


def judge_moved(
    sequence_id: int,
    sequences: Items[ContactSequence] | None,
    since: datetime,
    *,
    is_only: bool,
) -> Verdict:
    """Tell whether a contact is in a sequence since the call, and in no other if asked."""
    for sequence in sequences or ():
        is_new = sequence.adding_date is not None and sequence.adding_date >= since
        if sequence.sequence_id == sequence_id and is_new:
            return Undecided() if is_only and len(sequences or ()) > 1 else Reached(None)
    return Undecided()


def _time_added(contact: Contact) -> datetime:
    """Return when a contact was created; what is not told counts as new."""
    return contact.created_at or contact.adding_date or datetime.max.replace(tzinfo=UTC)


def _get(path: str) -> Request:
    return _of("/v3/contacts/{id}", path)


def _sequences(path: str) -> Request:
    return _of("/v3/contacts/{id}/sequences", path)


def _of(template: str, path: str) -> Request:
    return Request("GET", template, path={"id": path}, safety=Safety.READ)
