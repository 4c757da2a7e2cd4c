"""Templates that sequences are created from: list and delete them.

Wraps the API pages filed under "Sequence templates". ``sequences.save_as_template``
makes them and ``sequences.create_from_template`` uses them.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from attrs import frozen

from reply_async.converter import decode
from reply_async.models.templates import SequenceTemplate, SequenceTemplates
from reply_async.requests import NotReached, Reached, ReadBack, Request, Safety, Verdict, uuid_text
from reply_async.transport.sender import Sender

TEMPLATES = partial(decode, kind=SequenceTemplates)


@frozen
class Templates:
    """The sequence templates that the acting user can see."""

    _sender: Sender

    async def list(self) -> SequenceTemplates:
        """Return all templates, by who shares them.

        Costs: 1 request.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: sequence-templates/list-sequence-templates.
        """
        return await self._sender.send(templates_request(), TEMPLATES)

    async def delete(self, template_id: str) -> None:
        """Delete a template; one of the team can be deleted by whoever sees it.

        Costs: 1 request. Lost answer: the templates are listed; gone is done, else sent
        once more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: sequence-templates/delete-a-sequence-template.
        """
        await self._sender.send(
            delete_template_request(uuid_text("template_id", template_id)), None
        )


def templates_request() -> Request:
    """Build the read of all templates."""
    return Request("GET", "/v3/sequence-templates", safety=Safety.READ)


def delete_template_request(path: str) -> Request:
    """Build the deletion of the template with this id."""
    return Request(
        "DELETE",
        "/v3/sequence-templates/{id}",
        path={"id": path},
        safety=Safety.DELETE,
        read_back=ReadBack(
            request=templates_request(), decode=TEMPLATES, judge=partial(judge_deleted, path)
        ),
    )


def saved_templates(templates: SequenceTemplates) -> tuple[SequenceTemplate, ...]:
    """Return the templates that users have saved; the global ones are the vendor's."""
    return (*templates.team_templates, *templates.organization_templates)


def judge_deleted(
    template_id: str, templates: SequenceTemplates | None, _since: datetime
) -> Verdict:
    """Gone is done."""
    there = (*templates.global_templates, *saved_templates(templates)) if templates else ()
    is_there = any(template.id.casefold() == template_id for template in there)
    return NotReached() if is_there else Reached(None)
