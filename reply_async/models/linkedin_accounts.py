"""LinkedIn accounts: state, limits, use, and the links that connect them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from reply_async.models.senders import LinkedInAccountStatus
from reply_async.unset import UNSET, Unset


class LinkedInAccountType(StrEnum):
    """What the account is subscribed to at LinkedIn."""

    PUBLIC = "public"
    SALES_NAVIGATOR = "salesNavigator"
    PREMIUM = "premium"


class LinkedInAuthType(StrEnum):
    """How the account is connected."""

    COOKIE = "cookie"
    CREDENTIALS = "credentials"


class LinkedInCookieStatus(StrEnum):
    """Whether the connection still holds."""

    NOT_VALID = "notValid"
    VALID = "valid"
    NEVER_VALIDATED = "neverValidated"


class LinkedInLimitsMode(StrEnum):
    """Whether a day's limits are fixed, or drawn anew from a range."""

    FIXED = "Fixed"
    RANGED = "Ranged"


@frozen(kw_only=True)
class LinkedInUsage:
    """How many actions of each kind the account has done; None was not told."""

    connection_requests: int | None = None
    messages: int | None = None
    sales_navigator_connection_requests: int | None = None
    in_mails: int | None = None
    view_profiles: int | None = None
    like_recent_posts: int | None = None
    detects: int | None = None
    revoke_connections: int | None = None
    endorse_skills: int | None = None
    follow_profile: int | None = None


@frozen(kw_only=True)
class LinkedInLimitValues:
    """How many actions of each kind a day; None was not told, and is not sent.

    ``extra`` holds members newer than this package; they are written back.
    """

    daily_detect_count: int | None = None
    daily_send_connection_request_count: int | None = None
    daily_send_message_count: int | None = None
    daily_send_sales_navigator_connection_request_count: int | None = None
    daily_in_mail_count: int | None = None
    daily_view_profile_count: int | None = None
    daily_like_recent_posts_count: int | None = None
    daily_revoke_connection_count: int | None = None
    daily_endorsed_skills_count: int | None = None
    daily_followed_profiles_count: int | None = None
    daily_comment_recent_post_count: int | None = None
    extra: Mapping[str, Any] = field(factory=dict, hash=False)


@frozen(kw_only=True)
class LinkedInLimits:
    """The limits of an account: ``fixed_max``, or ``range_min`` and ``range_max``.

    Between two actions the account waits ``action_delay_min_seconds`` (at least 30, by
    default 60) to ``action_delay_max_seconds`` (at most 86,400, by default 120), which
    are at least 60 apart. ``extra`` holds members newer than this package.
    API page: linkedin-accounts/update-linkedin-account-limits.
    """

    limits_mode: LinkedInLimitsMode | str
    range_min: LinkedInLimitValues | None = None
    range_max: LinkedInLimitValues | None = None
    fixed_max: LinkedInLimitValues | None = None
    action_delay_min_seconds: int | Unset | None = UNSET
    action_delay_max_seconds: int | Unset | None = UNSET
    extra: Mapping[str, Any] = field(factory=dict, hash=False)


@frozen(kw_only=True)
class LinkedInRevokeSettings:
    """Whether requests that nobody answered are taken back, and after how many days."""

    enabled: bool
    period_days: int


@frozen(kw_only=True)
class LinkedInVoiceProfile:
    """The voice that speaks the voice messages of an account."""

    voice_profile_id: int | None = None
    voice_profile_name: str | None = None
    is_default: bool | None = None


@frozen(kw_only=True)
class LinkedInAccount:
    """A LinkedIn account; whatever is None was not told.

    ``user_limit_values`` is what the user chose, ``limits`` what holds.
    API page: linkedin-accounts/get-a-linkedin-account.
    """

    id: int
    name: str
    status: LinkedInAccountStatus | str | None = None
    profile_url: str | None = None
    photo_url: str | None = None
    owner_user_id: int | None = None
    account_type: LinkedInAccountType | str | None = None
    auth_type: LinkedInAuthType | str | None = None
    cookie_status: LinkedInCookieStatus | str | None = None
    usage: LinkedInUsage | None = None
    limits: LinkedInLimits | None = None
    user_limit_values: LinkedInLimitValues | None = None
    revoke_settings: LinkedInRevokeSettings | None = None
    voice_profile: LinkedInVoiceProfile | None = None


@frozen(kw_only=True)
class LinkedInToggleResult:
    """The state after a toggle."""

    status: LinkedInAccountStatus | str


@frozen(kw_only=True)
class LinkedInConnectionLink:
    """An address at which the owner of a LinkedIn account connects it.

    Whoever has the address can use it. ``pending_account_id`` is told where the link
    was made for a named account.
    """

    connection_link: str
    pending_account_id: int | None = None


@frozen(kw_only=True)
class PendingLinkedInAccount:
    """A LinkedIn account whose link waits for its owner.

    API page: linkedin-accounts/list-pending-linkedin-accounts.
    """

    id: int
    name: str | None = None
    connection_link: str | None = None
    expires_at_utc: datetime | None = None
    is_expired: bool | None = None
