"""Asyncio SDK for Reply.io's v3 Sequence API: typed steps, bulk imports, one budget.

The public names are imported when they are first used (PEP 562), so that neither the
command's ``--help`` nor the emulator loads an HTTP client.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from reply_async.version import __version__

if TYPE_CHECKING:
    from reply_async.bulk.contact_import import ImportOptions
    from reply_async.bulk.rows import CONTACT_MEMBERS, check_rows, member_key
    from reply_async.bulk.runner import Run
    from reply_async.errors import (
        AccountLimitReached,
        ApiError,
        BadAnswer,
        BulkRefused,
        Conflict,
        ConnectionFailed,
        FieldError,
        Forbidden,
        InvalidUse,
        NotFound,
        OutcomeUnknown,
        Problem,
        RateLimited,
        RateLimitWait,
        ReplyError,
        RequestError,
        RunStopped,
        SequenceUnusable,
        ServerError,
        SessionClosed,
        Unauthorized,
        ValidationFailed,
    )
    from reply_async.events import AnswerRead, Event, Held, RequestSent, RetryPlanned
    from reply_async.models.contacts import CompanySize, Contact, ContactRow, CustomField
    from reply_async.models.senders import EmailAccount, SequenceEmailAccount
    from reply_async.models.sequence_contacts import SequenceContact, StatusInSequence
    from reply_async.models.sequences import (
        RepliesHandlingType,
        Sequence,
        SequenceDraft,
        SequenceHealth,
        SequenceListItem,
        SequenceSettings,
        SequenceStatus,
    )
    from reply_async.models.stats import (
        EmailOverview,
        LinkedInOverview,
        SequenceEmailStats,
        SequenceStats,
        SequenceStatsRow,
        StepEmailStats,
        VariantEmailStats,
    )
    from reply_async.models.step_tree import nest
    from reply_async.models.steps import (
        AnyStep,
        Call,
        Condition,
        ConditionRule,
        Email,
        EmailVariant,
        ExecutionMode,
        InMailVariant,
        LinkedInCommentOnRecentPost,
        LinkedInConnect,
        LinkedInEndorseSkills,
        LinkedInFollowProfile,
        LinkedInInMail,
        LinkedInLikeRecentPosts,
        LinkedInMessage,
        LinkedInVariant,
        LinkedInViewProfile,
        LinkedInVoiceMessage,
        Sms,
        Step,
        StepCondition,
        Task,
        TaskActionType,
        UnknownStep,
        WhatsApp,
        Zapier,
        ZapierAction,
    )
    from reply_async.models.users import WhoAmI
    from reply_async.outcome import (
        BulkOutcome,
        Counts,
        Progress,
        Refusal,
        Report,
        RowStatus,
        SettledRow,
    )
    from reply_async.pagination import Page, Pager
    from reply_async.requests import RateClass, Request, Safety
    from reply_async.resources.stats import Period
    from reply_async.session import ReplySession
    from reply_async.transport.limiter import Limiter, LimiterState
    from reply_async.unset import UNSET, Unset

_NAMES = {
    "bulk.contact_import": ("ImportOptions",),
    "bulk.rows": (
        "CONTACT_MEMBERS",
        "check_rows",
        "member_key",
    ),
    "bulk.runner": ("Run",),
    "errors": (
        "AccountLimitReached",
        "ApiError",
        "BadAnswer",
        "BulkRefused",
        "Conflict",
        "ConnectionFailed",
        "FieldError",
        "Forbidden",
        "InvalidUse",
        "NotFound",
        "OutcomeUnknown",
        "Problem",
        "RateLimitWait",
        "RateLimited",
        "ReplyError",
        "RequestError",
        "RunStopped",
        "SequenceUnusable",
        "ServerError",
        "SessionClosed",
        "Unauthorized",
        "ValidationFailed",
    ),
    "events": (
        "AnswerRead",
        "Event",
        "Held",
        "RequestSent",
        "RetryPlanned",
    ),
    "models.contacts": (
        "CompanySize",
        "Contact",
        "ContactRow",
        "CustomField",
    ),
    "models.senders": (
        "EmailAccount",
        "SequenceEmailAccount",
    ),
    "models.sequence_contacts": (
        "SequenceContact",
        "StatusInSequence",
    ),
    "models.sequences": (
        "RepliesHandlingType",
        "Sequence",
        "SequenceDraft",
        "SequenceHealth",
        "SequenceListItem",
        "SequenceSettings",
        "SequenceStatus",
    ),
    "models.stats": (
        "EmailOverview",
        "LinkedInOverview",
        "SequenceEmailStats",
        "SequenceStats",
        "SequenceStatsRow",
        "StepEmailStats",
        "VariantEmailStats",
    ),
    "models.step_tree": ("nest",),
    "models.steps": (
        "AnyStep",
        "Call",
        "Condition",
        "ConditionRule",
        "Email",
        "EmailVariant",
        "ExecutionMode",
        "InMailVariant",
        "LinkedInCommentOnRecentPost",
        "LinkedInConnect",
        "LinkedInEndorseSkills",
        "LinkedInFollowProfile",
        "LinkedInInMail",
        "LinkedInLikeRecentPosts",
        "LinkedInMessage",
        "LinkedInVariant",
        "LinkedInViewProfile",
        "LinkedInVoiceMessage",
        "Sms",
        "Step",
        "StepCondition",
        "Task",
        "TaskActionType",
        "UnknownStep",
        "WhatsApp",
        "Zapier",
        "ZapierAction",
    ),
    "models.users": ("WhoAmI",),
    "outcome": (
        "BulkOutcome",
        "Counts",
        "Progress",
        "Refusal",
        "Report",
        "RowStatus",
        "SettledRow",
    ),
    "pagination": (
        "Page",
        "Pager",
    ),
    "requests": (
        "RateClass",
        "Request",
        "Safety",
    ),
    "resources.stats": ("Period",),
    "session": ("ReplySession",),
    "transport.limiter": (
        "Limiter",
        "LimiterState",
    ),
    "unset": (
        "UNSET",
        "Unset",
    ),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = [
    "CONTACT_MEMBERS",
    "UNSET",
    "AccountLimitReached",
    "AnswerRead",
    "AnyStep",
    "ApiError",
    "BadAnswer",
    "BulkOutcome",
    "BulkRefused",
    "Call",
    "CompanySize",
    "Condition",
    "ConditionRule",
    "Conflict",
    "ConnectionFailed",
    "Contact",
    "ContactRow",
    "Counts",
    "CustomField",
    "Email",
    "EmailAccount",
    "EmailOverview",
    "EmailVariant",
    "Event",
    "ExecutionMode",
    "FieldError",
    "Forbidden",
    "Held",
    "ImportOptions",
    "InMailVariant",
    "InvalidUse",
    "Limiter",
    "LimiterState",
    "LinkedInCommentOnRecentPost",
    "LinkedInConnect",
    "LinkedInEndorseSkills",
    "LinkedInFollowProfile",
    "LinkedInInMail",
    "LinkedInLikeRecentPosts",
    "LinkedInMessage",
    "LinkedInOverview",
    "LinkedInVariant",
    "LinkedInViewProfile",
    "LinkedInVoiceMessage",
    "NotFound",
    "OutcomeUnknown",
    "Page",
    "Pager",
    "Period",
    "Problem",
    "Progress",
    "RateClass",
    "RateLimitWait",
    "RateLimited",
    "Refusal",
    "RepliesHandlingType",
    "ReplyError",
    "ReplySession",
    "Report",
    "Request",
    "RequestError",
    "RequestSent",
    "RetryPlanned",
    "RowStatus",
    "Run",
    "RunStopped",
    "Safety",
    "Sequence",
    "SequenceContact",
    "SequenceDraft",
    "SequenceEmailAccount",
    "SequenceEmailStats",
    "SequenceHealth",
    "SequenceListItem",
    "SequenceSettings",
    "SequenceStats",
    "SequenceStatsRow",
    "SequenceStatus",
    "SequenceUnusable",
    "ServerError",
    "SessionClosed",
    "SettledRow",
    "Sms",
    "StatusInSequence",
    "Step",
    "StepCondition",
    "StepEmailStats",
    "Task",
    "TaskActionType",
    "Unauthorized",
    "UnknownStep",
    "Unset",
    "ValidationFailed",
    "VariantEmailStats",
    "WhatsApp",
    "WhoAmI",
    "Zapier",
    "ZapierAction",
    "__version__",
    "check_rows",
    "member_key",
    "nest",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
