"""Custom fields of contacts: find, create, change and delete them.

Wraps the API pages filed under "Custom fields". Texts name a field by its title, as in
``{{title}}``, and a title is unique. A lost new field is looked for by its title.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, Final

from attrs import frozen

from reply_async.converter import decode, decode_list, encode
from reply_async.models.contacts import CustomField, CustomFieldType
from reply_async.requests import (
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
    int32,
)
from reply_async.resources.arguments import checked_text, checked_word
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import judge_deleted, judge_replaced
from reply_async.transport.sender import Sender

LONGEST_TITLE: Final = 90
_FIELD = partial(decode, kind=CustomField)
_FIELDS = partial(decode_list, kind=CustomField)


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
        return await self._sender.send(custom_fields_request(), _FIELDS)

    async def get(self, field_id: int) -> CustomField:
        """Return one custom field.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: custom-fields/get-a-custom-field.
        """
        return await self._sender.send(_get(int32("field_id", field_id)), _FIELD)

    async def create(
        self,
        title: str,
        *,
        field_type: CustomFieldType = CustomFieldType.TEXT,
        metadata: str | None = None,
        org_wide: bool = False,
    ) -> CustomField:
        """Create a custom field and return it.

        ``title`` has 1 to 90 characters and is unique; ``org_wide`` makes a field of the
        whole organization instead of the team.

        Costs: 1 request.
        Lost answer: looked for by its exact title, and compared; not found, or another
        one of that title: OutcomeUnknown.
        Raises: InvalidUse, ValidationFailed, Conflict (the title exists, or there are too
        many fields), Forbidden, RateLimitWait, OutcomeUnknown.
        API page: custom-fields/create-a-custom-field.
        """
        body = {**_body(title, field_type), "orgWide": org_wide}
        if metadata is not None:
            body["metadata"] = metadata
        request = Request(
            "POST",
            "/v3/custom-fields",
            safety=Safety.CREATE,
            body=to_json(body),
            read_back=ReadBack(
                request=custom_fields_request(),
                decode=_FIELDS,
                judge=partial(judge_created, body),
            ),
        )
        return await self._sender.send(request, _FIELD)

    async def replace(
        self, field_id: int, *, title: str, field_type: CustomFieldType, metadata: str | None
    ) -> CustomField:
        """Replace a custom field as a whole and return it.

        Texts that name the old title are not changed with it. None clears ``metadata``.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ValidationFailed, NotFound, Conflict (the title exists),
        Forbidden, RateLimitWait, OutcomeUnknown.
        API page: custom-fields/update-a-custom-field.
        """
        path = int32("field_id", field_id)
        body = {**_body(title, field_type), "metadata": metadata}
        request = Request(
            "PUT",
            "/v3/custom-fields/{id}",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json(body),
            read_back=ReadBack(
                request=_get(path), decode=_FIELD, judge=partial(judge_replaced, body)
            ),
        )
        return await self._sender.send(request, _FIELD)

    async def delete(self, field_id: int) -> None:
        """Delete a custom field; one that contacts have values for is refused.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Conflict (it has values), Forbidden, RateLimitWait,
        OutcomeUnknown.
        API page: custom-fields/delete-a-custom-field.
        """
        path = int32("field_id", field_id)
        request = Request(
            "DELETE",
            "/v3/custom-fields/{id}",
            path={"id": path},
            safety=Safety.DELETE,
            read_back=ReadBack(request=_get(path), decode=_FIELD, judge=judge_deleted),
        )
        await self._sender.send(request, None)


def custom_fields_request() -> Request:
    """Build the read of all custom fields."""
    return Request("GET", "/v3/custom-fields", safety=Safety.READ)


def judge_created(
    body: dict[str, Any], known: tuple[CustomField, ...] | None, _since: datetime
) -> Verdict:
    """Adopt the field of that title if it is like the one that was sent."""
    made = [field for field in known or () if field.title == body["title"]]
    if len(made) == 1 and _has(made[0], body):
        return Reached(made[0])
    return Undecided(tuple(field.id for field in made))


def _get(path: str) -> Request:
    return Request("GET", "/v3/custom-fields/{id}", path={"id": path}, safety=Safety.READ)


def _body(title: str, field_type: CustomFieldType) -> dict[str, Any]:
    return {
        "title": checked_text("title", title, longest=LONGEST_TITLE),
        "fieldType": checked_word("field_type", CustomFieldType, field_type),
    }


def _has(field: CustomField, body: dict[str, Any]) -> bool:
    """Tell whether a field is as sent; what an answer leaves out is not compared."""
    now = encode(field)
    return all(
        now[name] == value if name in now else value is None or name == "orgWide"
        for name, value in body.items()
    )
