"""Templates that sequences are created from."""

from attrs import field, frozen

from reply_async.models.tuples import as_tuple


@frozen(kw_only=True)
class SequenceTemplate:
    """A saved sequence; ``id`` is a UUID, ``step_types`` are words like "Email".

    API page: sequence-templates/list-sequence-templates.
    """

    id: str
    name: str
    description: str | None = None
    step_types: tuple[str, ...] = field(default=(), converter=as_tuple)
    is_conditional: bool | None = None


@frozen(kw_only=True)
class SequenceTemplates:
    """All templates that the user can see, by who shares them.

    API page: sequence-templates/list-sequence-templates.
    """

    global_templates: tuple[SequenceTemplate, ...] = field(default=(), converter=as_tuple)
    organization_templates: tuple[SequenceTemplate, ...] = field(default=(), converter=as_tuple)
    team_templates: tuple[SequenceTemplate, ...] = field(default=(), converter=as_tuple)
