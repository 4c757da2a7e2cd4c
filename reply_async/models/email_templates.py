"""E-mail templates, their folders and variables, and what a template renders to."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from reply_async.models.attachments import EmailTemplateAttachment
from reply_async.models.tuples import as_tuple


class EmailTemplateFolderType(StrEnum):
    """Who sees a folder; templates are created in PERSONAL and TEAM folders only."""

    PERSONAL = "personal"
    TEAM = "team"
    SHARED = "shared"
    COMMUNITY = "community"
    ORGANIZATION = "organization"


@frozen(kw_only=True)
class EmailTemplateItem:
    """A template as lists have it; ``body`` is HTML.

    API page: email-templates/list-email-templates.
    """

    id: int
    name: str
    subject: str | None = None
    body: str | None = None
    folder_id: int | None = None
    folder_type: EmailTemplateFolderType | str | None = None
    attachments: tuple[EmailTemplateAttachment, ...] = field(default=(), converter=as_tuple)


@frozen(kw_only=True)
class EmailTemplate(EmailTemplateItem):
    """A template with its times.

    API page: email-templates/get-an-email-template.
    """

    created_at: datetime | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class EmailTemplateRenderError:
    """Why a template cannot be rendered; ``code`` 13 is an unresolved ``variable``."""

    code: int
    message: str | None = None
    variable: str | None = None


@frozen(kw_only=True)
class EmailTemplateRendered:
    """A template filled in for one contact; both texts are None where that failed."""

    is_success: bool
    subject: str | None = None
    body: str | None = None
    errors: tuple[EmailTemplateRenderError, ...] = field(default=(), converter=as_tuple)


@frozen(kw_only=True)
class EmailTemplateVariable:
    """A variable as it is written in a template, such as ``{{firstName}}``."""

    key: str
    description: str | None = None


@frozen(kw_only=True)
class EmailTemplateVariables:
    """All variables, by the server's names of their groups.

    API page: email-templates/list-email-template-variables.
    """

    prospect: Mapping[str, tuple[EmailTemplateVariable, ...]] = field(factory=dict, hash=False)
    team: Mapping[str, tuple[EmailTemplateVariable, ...]] = field(factory=dict, hash=False)
    advanced: Mapping[str, tuple[EmailTemplateVariable, ...]] = field(factory=dict, hash=False)


@frozen(kw_only=True)
class EmailTemplateFolder:
    """A folder of templates; ids are told apart by ``folder_type``.

    API page: email-templates/list-email-template-folders.
    """

    id: int
    name: str
    folder_type: EmailTemplateFolderType | str | None = None
    is_default: bool | None = None
