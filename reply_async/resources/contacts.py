"""Contacts of the account: import them by the thousand.

Wraps the API pages filed under "Contacts". Imports match by e-mail, so a lost answer is
answered by sending the same rows again. ``POST /v3/contacts`` is never used for rows: it
blanks the unsent members of a contact that exists.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from functools import partial

from attrs import frozen

from reply_async.bulk.contact_import import IMPORT_SIZE, ContactImport, ImportOptions
from reply_async.bulk.folding import SeenRows
from reply_async.bulk.intake import Intake
from reply_async.bulk.job import JobSender
from reply_async.bulk.rows import Row, stage_row
from reply_async.bulk.runner import OnUnknown, Run, Stages
from reply_async.converter import decode_list
from reply_async.models.contacts import CustomField
from reply_async.requests import Request, Safety
from reply_async.resources.users import whoami_request
from reply_async.transport.sender import Sender


@frozen
class Contacts:
    """The contacts of the acting user's team."""

    _sender: Sender

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
                rows_per_import=IMPORT_SIZE,
            )

        return Run(prepare, total=total, on_unknown=on_unknown)


@frozen
class CustomFields:
    """The custom fields that contacts may have."""

    _sender: Sender

    async def list(self) -> tuple[CustomField, ...]:
        """Return all custom fields.

        Costs: 1 request.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: custom-fields/list-custom-fields.
        """
        return await self._sender.send(
            custom_fields_request(), partial(decode_list, kind=CustomField)
        )


def custom_fields_request() -> Request:
    """Build the read of all custom fields."""
    return Request("GET", "/v3/custom-fields", safety=Safety.READ)
