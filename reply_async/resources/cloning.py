"""From a sequence to a template, and from a template to a new sequence.

The requests of both, how their lost answers are read back, and the clone that is made of
them. The API has no call that copies a sequence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, Literal

from reply_async.errors import ReplyError
from reply_async.models.sequences import SequenceListItem
from reply_async.models.templates import SequenceTemplate, SequenceTemplates
from reply_async.pagination import Page, Pager
from reply_async.requests import Reached, ReadBack, Request, Safety, Undecided, Verdict
from reply_async.resources.bodies import to_json
from reply_async.resources.sequence_judges import judge_created
from reply_async.resources.templates import TEMPLATES, templates_request

TemplateScope = Literal["team", "organization"]


def save_request(path: str, body: dict[str, Any], known: Collection[str] = ()) -> Request:
    """Build the call that saves a sequence; ``known`` are the templates before it, by id."""
    return Request(
        "POST",
        "/v3/sequences/{id}/save-as-template",
        path={"id": path},
        safety=Safety.CREATE,
        body=to_json(body),
        read_back=ReadBack(
            request=templates_request(),
            decode=TEMPLATES,
            judge=partial(judge_saved, body, known),
        ),
    )


def create_request(
    template_id: str,
    folder_id: str | None,
    sequences: Pager[SequenceListItem],
    name_part: str | None = None,
) -> Request:
    """Build the call that creates a sequence from a template.

    ``sequences`` is the list to look through for a lost one, ``name_part`` what only the
    name of the new one holds.
    """
    body = {"templateId": template_id}
    if folder_id is not None:
        body["sequenceFolderId"] = folder_id
    return Request(
        "POST",
        "/v3/sequences/create-from-template",
        safety=Safety.CREATE,
        body=to_json(body),
        read_back=ReadBack(
            request=sequences.page_request(),
            decode=sequences.decode_page,
            judge=judge_instance if name_part is None else partial(judge_clone, name_part),
        ),
    )


@contextmanager
def noting(note: str) -> Iterator[None]:
    """Add to an error what exists by then."""
    try:
        yield
    except ReplyError as error:
        error.add_note(note)
        raise


def judge_saved(
    body: dict[str, Any],
    known: Collection[str],
    found: SequenceTemplates | None,
    _since: datetime,
) -> Verdict:
    """Adopt the one new template of that name, scope and description."""
    lists: dict[str, tuple[SequenceTemplate, ...]] = {}
    if found is not None:
        lists = {"team": found.team_templates, "organization": found.organization_templates}
    scopes = [body["scope"]] if "scope" in body else [*lists]
    new = [
        template
        for scope in scopes
        for template in lists.get(scope, ())
        if template.id not in known
        and template.name == body["name"]
        and (template.description or "") == body.get("description", "")
    ]
    return Reached(new[0]) if len(new) == 1 else Undecided()


def judge_instance(page: Page[SequenceListItem] | None, since: datetime) -> Verdict:
    """Tell which sequences are new; the call sends no name by which to know the right one."""
    items = page.items if page is not None else ()
    return Undecided(
        tuple(item.id for item in items if item.created is not None and item.created >= since)
    )


def judge_clone(name_part: str, page: Page[SequenceListItem] | None, since: datetime) -> Verdict:
    """Adopt the one new sequence whose name holds what no other one's does."""
    if page is None:
        return Undecided()
    names = {item.name for item in page.items if name_part in item.name}
    return judge_created(names.pop(), page, since) if len(names) == 1 else Undecided()
