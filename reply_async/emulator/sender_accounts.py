"""Mailboxes and LinkedIn profiles: what they may send and what they have sent.

A host below `.invalid` never resolves (RFC 6761), so here it stands for a server
that cannot be reached; every other host answers. Passwords are not kept.
"""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

from attrs import define, field

Json = dict[str, Any]

SAFETY: Json = {
    "dailyLimit": 200,
    "isEmailsThrottlingEnabled": False,
    "emailsPerInterval": None,
    "emailsThrottlingSecondsInterval": None,
    "isSendingDelayEnabled": True,
    "maxSendingDelaySeconds": 120,
    "minSendingDelaySeconds": 30,
}
SIGNATURE: Json = {"signature": None}
OPT_OUT: Json = {
    "message": None,
    "emailFooter": None,
    "isOptOutLinkEnabled": False,
    "optOutTextBlock": None,
}
RAMP_UP: Json = {"enabled": False, "startValue": 10, "incrementValue": 5}

# action of a LinkedIn step -> its counter in `usage`, its member of the limits
LINKEDIN_ACTIONS = {
    "connect": ("connectionRequests", "dailySendConnectionRequestCount"),
    "message": ("messages", "dailySendMessageCount"),
    "voiceMessage": ("messages", "dailySendMessageCount"),
    "inMail": ("inMails", "dailyInMailCount"),
    "viewProfile": ("viewProfiles", "dailyViewProfileCount"),
    "likeRecentPosts": ("likeRecentPosts", "dailyLikeRecentPostsCount"),
    "endorseSkills": ("endorseSkills", "dailyEndorsedSkillsCount"),
    "followProfile": ("followProfile", "dailyFollowedProfilesCount"),
    "commentOnRecentPost": ("comments", "dailyCommentRecentPostCount"),
}
LIMIT_MEMBERS = (
    "dailyDetectCount",
    "dailySendConnectionRequestCount",
    "dailySendMessageCount",
    "dailySendSalesNavigatorConnectionRequestCount",
    "dailyInMailCount",
    "dailyViewProfileCount",
    "dailyLikeRecentPostsCount",
    "dailyRevokeConnectionCount",
    "dailyEndorsedSkillsCount",
    "dailyFollowedProfilesCount",
    "dailyCommentRecentPostCount",
)
USAGE_MEMBERS = (
    "connectionRequests",
    "messages",
    "salesNavigatorConnectionRequests",
    "inMails",
    "viewProfiles",
    "likeRecentPosts",
    "detects",
    "revokeConnections",
    "endorseSkills",
    "followProfile",
)


def connection_error(host: str) -> str | None:
    """Return why a mail server cannot be reached, None if it can."""
    is_missing = host.lower().rstrip(".").endswith(".invalid")
    return f"No such host is known: {host}." if is_missing else None


@define(eq=False)
class EmailAccount:
    """A mailbox that sends; `connection` to `ramp_up` are shown as they stand."""

    id: int
    owner_user_id: int
    connection: Json
    safety: Json
    updated_at: float = 0.0
    is_default: bool = False
    is_locked: bool = False  # by its provider, until sending is resumed
    signature: Json = field(factory=SIGNATURE.copy)
    opt_out: Json = field(factory=OPT_OUT.copy)
    ramp_up: Json = field(factory=RAMP_UP.copy)
    ramp_up_from: int = 0  # day number of its first day
    tag_ids: list[int] = field(factory=list)
    sent_on: dict[int, int] = field(factory=dict)  # day number -> e-mails sent that day

    @property
    def email(self) -> str:
        """Return the address."""
        return str(self.connection["email"])

    @property
    def sender_name(self) -> str | None:
        """Return the name that recipients see."""
        name: str | None = self.connection["senderName"]
        return name

    @property
    def sending_error(self) -> str | None:
        """Return why nothing can be sent."""
        return connection_error(self.connection["smtpHost"])

    @property
    def receiving_error(self) -> str | None:
        """Return why replies cannot be read."""
        return connection_error(self.connection["imapHost"])

    @property
    def connection_status(self) -> str:
        """Return `connected` if both servers can be reached."""
        return "disconnected" if self.sending_error or self.receiving_error else "connected"

    @property
    def can_send(self) -> bool:
        """Tell whether mail leaves this mailbox at all."""
        return not self.is_locked and self.sending_error is None

    def limit_on(self, day: int) -> int:
        """Return how many e-mails may be sent on a day, ramp-up included."""
        limit: int = self.safety["dailyLimit"]
        if not self.ramp_up["enabled"]:
            return limit
        grown: int = self.ramp_up["startValue"]
        grown += self.ramp_up["incrementValue"] * max(day - self.ramp_up_from, 0)
        return min(limit, grown)

    def has_room(self, day: int) -> bool:
        """Tell whether one more e-mail can be sent on a day."""
        return self.can_send and self.sent_on.get(day, 0) < self.limit_on(day)


@define(eq=False)
class LinkedInAccount:
    """A LinkedIn profile that sends."""

    id: int
    name: str
    profile_url: str
    owner_user_id: int
    daily_limit: int = 100  # all actions together
    status: str = "enabled"
    limits: Json | None = None
    revoke_settings: Json | None = None
    done_on: dict[int, Counter[str]] = field(factory=dict)  # day number -> usage

    @property
    def limit_values(self) -> Json | None:
        """Return the limits per kind of action; of a range its upper end counts."""
        if self.limits is None:
            return None
        is_fixed = self.limits["limitsMode"] == "Fixed"
        values: Json = self.limits.get("fixedMax" if is_fixed else "rangeMax") or {}
        return values

    def has_room(self, action: str | None, day: int) -> bool:
        """Tell whether one more action of a kind can be done on a day."""
        done = self.done_on.get(day, Counter())
        if self.status != "enabled" or done.total() >= self.daily_limit:
            return False
        counter, member = LINKEDIN_ACTIONS.get(action or "", ("", ""))
        limit: int | None = (self.limit_values or {}).get(member)
        return limit is None or done[counter] < limit

    def note_action(self, action: str | None, day: int) -> None:
        """Count an action that was done."""
        counter, _ = LINKEDIN_ACTIONS.get(action or "", ("", ""))
        self.done_on.setdefault(day, Counter())[counter] += 1


@define(eq=False)
class PendingLinkedInAccount:
    """A profile whose owner was sent a link and has not logged in yet."""

    id: int
    name: str
    link: str
    expires_at: float


@define(eq=False)
class Tag:
    """A word that mailboxes are marked with."""

    id: int
    name: str
    color_id: int | None = None


class SenderAccounts:
    """What belongs to senders besides themselves: tags, links, consent flows."""

    def __init__(self) -> None:
        self.email_ids = count(104)
        self.tags = {1: Tag(1, "Outbound", 1), 2: Tag(2, "Marketing", 2)}
        self.tag_ids = count(3)
        self.pending: dict[int, PendingLinkedInAccount] = {}
        self.pending_ids = count(50)
        self.link_numbers = count(1)
        self.consent_until: dict[str, float] = {}  # provider -> end of the running flow

    def tag_named(self, name: str) -> Tag | None:
        """Return the tag with a name, whatever its case."""
        key = name.casefold()
        return next((tag for tag in self.tags.values() if tag.name.casefold() == key), None)


def seed_email_accounts(owner: int, other: int) -> list[EmailAccount]:
    """Return the mailboxes of a fresh account: two of one user, one of another."""
    people = (
        (101, owner, "dana@emulator.example", "Dana Field", 300),
        (102, owner, "d.field@emulator.example", "Dana Field", 300),
        (103, other, "robin@emulator.example", "Robin Vale", 400),
    )
    accounts = []
    for account_id, user_id, email, name, limit in people:
        connection = {
            "email": email,
            "senderName": name,
            "smtpHost": "smtp.emulator.example",
            "smtpPort": 465,
            "smtpSsl": True,
            "imapHost": "imap.emulator.example",
            "imapPort": 993,
            "imapSsl": True,
        }
        safety = {**SAFETY, "dailyLimit": limit}
        accounts.append(EmailAccount(account_id, user_id, connection, safety))
    accounts[0].is_default = True
    accounts[0].tag_ids = [1]
    return accounts


def seed_linkedin_accounts(owner: int, other: int) -> list[LinkedInAccount]:
    """Return the LinkedIn profiles of a fresh account, one per user."""
    url = "https://www.linkedin.com/in/{}-emulator"
    return [
        LinkedInAccount(41, "Dana Field", url.format("dana-field"), owner),
        LinkedInAccount(42, "Robin Vale", url.format("robin-vale"), other),
    ]
