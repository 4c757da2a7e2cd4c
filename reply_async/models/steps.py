"""Steps of a sequence: one class for each kind, their variants, and conditions.

A step's class decides its ``type`` and, on LinkedIn, its ``action_type``; a kind newer
than this package is an ``UnknownStep``. The server keeps steps as a flat list of ids and
parent ids; a caller writes branches as nested steps instead, without any id. Both forms
are the same classes, and ``step_tree`` turns one into the other.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Self, TypeAlias

from attrs import evolve, field, frozen
from attrs.converters import optional

from reply_async.models.tuples import as_tuple


class ExecutionMode(StrEnum):
    """Whether the server carries a step out by itself or hands it to a person."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class ZapierAction(StrEnum):
    """What a contact does after a Zapier step fired: goes on, or waits."""

    IMMEDIATELY = "immediately"
    WAIT = "wait"


class TaskActionType(StrEnum):
    """What a task step asks a person to do."""

    TO_DO = "toDo"
    MEETING = "meeting"


@frozen(kw_only=True)
class EmailVariant:
    """One wording of an e-mail step; the server rotates among enabled ones.

    ``subject`` None keeps the mail in the thread of the one before; ``message`` is HTML.
    ``attachment_ids`` (at most three) is only written: None keeps what is attached, an
    empty tuple takes it off. ``is_enabled`` None means that the server did not say; a
    variant starts enabled and is disabled by a call of its own. ``extra`` holds members
    newer than this package; they are written back.
    API page: sequence-steps/create-a-step-variant.
    """

    subject: str | None = None
    message: str | None = None
    is_enabled: bool | None = None
    attachment_ids: tuple[int, ...] | None = field(default=None, converter=optional(as_tuple))
    has_attachments: bool | None = None  # the server fills it in
    id: int | None = None  # the server fills it in
    extra: Mapping[str, Any] = field(factory=dict, hash=False)

    def without_ids(self) -> Self:
        """Return the variant as it would be created anew; enabled is how it starts."""
        is_enabled = None if self.is_enabled else self.is_enabled
        return evolve(self, id=None, has_attachments=None, is_enabled=is_enabled)


@frozen(kw_only=True)
class LinkedInVariant:
    """One wording of a LinkedIn message or of the note of a connection request.

    A connection note has at most 300 characters, and may be empty. ``extra`` holds
    members newer than this package; they are written back.
    API page: sequence-steps/create-a-step-variant.
    """

    message: str
    is_enabled: bool = True
    id: int | None = None  # the server fills it in
    extra: Mapping[str, Any] = field(factory=dict, hash=False)

    def without_ids(self) -> Self:
        """Return the variant as it would be created anew."""
        return evolve(self, id=None)


@frozen(kw_only=True)
class InMailVariant:
    """One wording of a LinkedIn InMail, which has a subject of its own.

    ``extra`` holds members newer than this package; they are written back.
    API page: sequence-steps/create-a-step-variant.
    """

    subject: str
    message: str
    is_enabled: bool = True
    id: int | None = None  # the server fills it in
    extra: Mapping[str, Any] = field(factory=dict, hash=False)

    def without_ids(self) -> Self:
        """Return the variant as it would be created anew."""
        return evolve(self, id=None)


@frozen(kw_only=True)
class StepVariant:
    """A variant as the variants' own calls answer it, whatever the kind of its step.

    ``is_enabled`` and ``has_attachments`` are None where the server did not say.
    API page: sequence-steps/list-step-variants.
    """

    id: int
    subject: str | None = None
    message: str | None = None
    is_enabled: bool | None = None
    has_attachments: bool | None = None


@frozen(kw_only=True)
class ConditionRule:
    """One test of a contact's property; ``value`` is None for isSet and isNotSet.

    Operators are words such as is, isNot, contains, equals, isSet, isNotSet.
    API page: sequence-steps/list-contact-filter-properties.
    """

    operator: str
    value: str | None = None


@frozen(kw_only=True)
class StepCondition:
    """Rules on one property of the contact.

    How several rules combine is not documented.
    API page: sequence-steps/list-contact-filter-properties.
    """

    property: str
    rules: tuple[ConditionRule, ...] = field(converter=as_tuple)


@frozen(kw_only=True)
class ContactFilterProperty:
    """What a condition may ask about one property of a contact.

    ``values`` is None where any text may be compared.
    API page: sequence-steps/list-contact-filter-properties.
    """

    operators: tuple[str, ...] = field(converter=as_tuple)
    values: tuple[str, ...] | None = None


@frozen(kw_only=True)
class Step:
    """What every kind of step has.

    ``delay_in_minutes`` counts from the step before. ``id``, ``parent_id`` and
    ``if_condition_positive`` (the branch of a condition parent) are the server's; leave
    them out of steps to be created. ``extra`` holds members newer than this package;
    they are written back.
    API page: sequence-steps/create-a-step.
    """

    id: int | None = None
    parent_id: int | None = None
    if_condition_positive: bool | None = None
    delay_in_minutes: int = 0
    extra: Mapping[str, Any] = field(factory=dict, hash=False)

    def without_ids(self) -> Self:
        """Return the step as it would be created anew, with all that is under it."""
        changes: dict[str, Any] = {"id": None, "parent_id": None, "if_condition_positive": None}
        for name in ("variants", "if_positive", "if_negative"):
            if hasattr(self, name):
                changes[name] = tuple(part.without_ids() for part in getattr(self, name))
        return evolve(self, **changes)


@frozen(kw_only=True)
class Email(Step):
    """An e-mail, in one or several wordings; the first of a thread needs a subject.

    Answers of the oldest kinds hold their texts in ``extra`` and have no variants.
    API page: sequence-steps/create-a-step.
    """

    type: ClassVar[str] = "email"
    execution_mode: ExecutionMode | str = ExecutionMode.AUTOMATIC
    variants: tuple[EmailVariant, ...] = field(default=(), converter=as_tuple)


@frozen(kw_only=True)
class LinkedInMessage(Step):
    """A message to a first-degree LinkedIn contact."""

    type: ClassVar[str] = "linkedIn"
    action_type: ClassVar[str] = "message"
    execution_mode: ExecutionMode | str = ExecutionMode.AUTOMATIC
    variants: tuple[LinkedInVariant, ...] = field(default=(), converter=as_tuple)


@frozen(kw_only=True)
class LinkedInConnect(Step):
    """A LinkedIn connection request; its note has at most 300 characters."""

    type: ClassVar[str] = "linkedIn"
    action_type: ClassVar[str] = "connect"
    execution_mode: ExecutionMode | str = ExecutionMode.AUTOMATIC
    variants: tuple[LinkedInVariant, ...] = field(default=(), converter=as_tuple)


@frozen(kw_only=True)
class LinkedInInMail(Step):
    """A LinkedIn InMail, which reaches people without a connection."""

    type: ClassVar[str] = "linkedIn"
    action_type: ClassVar[str] = "inMail"
    execution_mode: ExecutionMode | str = ExecutionMode.AUTOMATIC
    variants: tuple[InMailVariant, ...] = field(default=(), converter=as_tuple)


@frozen(kw_only=True)
class LinkedInViewProfile(Step):
    """A visit to the contact's LinkedIn profile."""

    type: ClassVar[str] = "linkedIn"
    action_type: ClassVar[str] = "viewProfile"
    execution_mode: ExecutionMode | str = ExecutionMode.AUTOMATIC
    description: str | None = None


@frozen(kw_only=True)
class LinkedInEndorseSkills(Step):
    """An endorsement of one to three skills of the contact."""

    type: ClassVar[str] = "linkedIn"
    action_type: ClassVar[str] = "endorseSkills"
    number_of_skills: int


@frozen(kw_only=True)
class LinkedInVoiceMessage(Step):
    """A voice message; ``audio_file`` is the address of the recording."""

    type: ClassVar[str] = "linkedIn"
    action_type: ClassVar[str] = "voiceMessage"
    audio_file: str


@frozen(kw_only=True)
class LinkedInLikeRecentPosts(Step):
    """Likes for the contact's recent posts."""

    type: ClassVar[str] = "linkedIn"
    action_type: ClassVar[str] = "likeRecentPosts"


@frozen(kw_only=True)
class LinkedInFollowProfile(Step):
    """A click on "follow" at the contact's profile."""

    type: ClassVar[str] = "linkedIn"
    action_type: ClassVar[str] = "followProfile"


@frozen(kw_only=True)
class LinkedInCommentOnRecentPost(Step):
    """A comment on the contact's latest post, written from a prompt.

    ``skip_if_no_posts_in_days`` None sets no limit of age; posts on ``skip_topics``
    are left alone.
    """

    type: ClassVar[str] = "linkedIn"
    action_type: ClassVar[str] = "commentOnRecentPost"
    ai_prompt_text: str
    skip_if_no_posts_in_days: int | None = None
    skip_topics: tuple[str, ...] = field(default=(), converter=as_tuple)


@frozen(kw_only=True)
class Call(Step):
    """A phone call to be made by a person; ``message`` is the note for it."""

    type: ClassVar[str] = "call"
    message: str | None = None


@frozen(kw_only=True)
class Sms(Step):
    """A text message."""

    type: ClassVar[str] = "sms"
    message: str
    execution_mode: ExecutionMode | str = ExecutionMode.AUTOMATIC


@frozen(kw_only=True)
class WhatsApp(Step):
    """A WhatsApp message."""

    type: ClassVar[str] = "whatsApp"
    message: str


@frozen(kw_only=True)
class Zapier(Step):
    """A signal to the Zap called ``name``."""

    type: ClassVar[str] = "zapier"
    name: str
    action: ZapierAction | str | None = None


@frozen(kw_only=True)
class Task(Step):
    """A task for a person: something to do, or a meeting to hold."""

    type: ClassVar[str] = "task"
    action_type: TaskActionType | str
    description: str


@frozen(kw_only=True)
class Condition(Step):
    """A fork: contacts go on in ``if_positive`` or in ``if_negative``.

    The server waits up to ``wait_in_minutes`` for ``conditions`` to come true. The two
    branches are nested steps and never on the wire: steps as the server lists them
    leave both empty. Nothing may follow a condition at its own level.
    """

    type: ClassVar[str] = "condition"
    wait_in_minutes: int
    conditions: tuple[StepCondition, ...] = field(converter=as_tuple)
    if_positive: tuple["AnyStep", ...] = field(default=(), converter=as_tuple)
    if_negative: tuple["AnyStep", ...] = field(default=(), converter=as_tuple)


@frozen(kw_only=True)
class UnknownStep(Step):
    """A step of a kind newer than this package.

    ``raw`` is the whole step as the server sent it and is written back unchanged.
    The other fields repeat what could be read of it. Like a ``Condition`` it can hold
    branches, since the kind may be a fork.
    """

    type: str
    action_type: str | None = None
    raw: Mapping[str, Any] = field(hash=False)
    if_positive: tuple["AnyStep", ...] = field(default=(), converter=as_tuple)
    if_negative: tuple["AnyStep", ...] = field(default=(), converter=as_tuple)

    def without_ids(self) -> Self:
        """Return the step as it would be created anew, with all that is under it."""
        raw = {name: value for name, value in self.raw.items() if name not in _PLACE}
        if isinstance(raw.get("variants"), list):
            raw["variants"] = [_without_id(variant) for variant in raw["variants"]]
        return evolve(super().without_ids(), raw=raw)


AnyStep: TypeAlias = (
    Email
    | LinkedInMessage
    | LinkedInConnect
    | LinkedInInMail
    | LinkedInViewProfile
    | LinkedInEndorseSkills
    | LinkedInVoiceMessage
    | LinkedInLikeRecentPosts
    | LinkedInFollowProfile
    | LinkedInCommentOnRecentPost
    | Call
    | Sms
    | WhatsApp
    | Zapier
    | Task
    | Condition
    | UnknownStep
)

_PLACE = frozenset({"id", "parentId", "ifConditionPositive"})


def _without_id(variant: object) -> object:
    if not isinstance(variant, dict):
        return variant
    return {name: value for name, value in variant.items() if name != "id"}
