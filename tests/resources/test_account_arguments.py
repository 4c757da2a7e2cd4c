"""Mailboxes, LinkedIn accounts and senders: arguments that cannot be right."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from resources.account_samples import CREDENTIALS
from resources.exchange import Call, exchange

from reply_async.errors import InvalidUse
from reply_async.models.email_accounts import EmailAccountCredentials, MailServer
from reply_async.models.linkedin_accounts import LinkedInLimits, LinkedInLimitValues
from reply_async.resources.email_accounts import EmailAccounts
from reply_async.resources.linkedin_accounts import LinkedInAccounts
from reply_async.resources.senders import Senders

NO_ID: Any = "x"


def credentials(**changes: Any) -> EmailAccountCredentials:
    """Return credentials with something wrong."""
    return evolve(CREDENTIALS, **changes)


def limits(**members: Any) -> Call:
    """Return a call that sets limits of the mode FIXED, or of another."""
    given: dict[str, Any] = {"limits_mode": "Fixed", "fixed_max": LinkedInLimitValues()} | members
    return lambda s: LinkedInAccounts(s).replace_limits(1, LinkedInLimits(**given))


WRONG: list[tuple[str, Call]] = [
    ("account_id", lambda s: EmailAccounts(s).get(-1)),
    ("account_id", lambda s: EmailAccounts(s).delete(True)),
    ("account_id", lambda s: EmailAccounts(s).stats(2**63)),
    ("account_id", lambda s: EmailAccounts(s).set_default(0)),
    ("update", lambda s: EmailAccounts(s).update(1)),
    ("connection.smtp_port", lambda s: EmailAccounts(s).create(credentials(smtp_port=0))),
    ("connection.imap_port", lambda s: EmailAccounts(s).create(credentials(imap_port=True))),
    ("connection.email", lambda s: EmailAccounts(s).create(credentials(email=" "))),
    ("connection.imap_host", lambda s: EmailAccounts(s).create(credentials(imap_host=""))),
    (
        "connection.smtp_password",
        lambda s: EmailAccounts(s).update(1, connection=credentials(smtp_password="")),
    ),
    ("tags", lambda s: EmailAccounts(s).create(CREDENTIALS, tags="Outbound")),
    ("tags[1]", lambda s: EmailAccounts(s).update(1, tags=["a", ""])),
    ("tags", lambda s: EmailAccounts(s).add_tags(1, [])),
    ("tags", lambda s: EmailAccounts(s).remove_tags(1, [])),
    ("name", lambda s: EmailAccounts(s).replace_tag(1, name="", color_id=1)),
    ("color_id", lambda s: EmailAccounts(s).replace_tag(1, name="a", color_id=-1)),
    ("tag_id", lambda s: EmailAccounts(s).replace_tag(2**31, name="a", color_id=1)),
    ("status", lambda s: EmailAccounts(s).filter(status="asleep")),
    ("email_account_type", lambda s: EmailAccounts(s).filter(email_account_type="post")),
    ("owner_user_ids", lambda s: EmailAccounts(s).filter(owner_user_ids=[])),
    ("domains", lambda s: EmailAccounts(s).filter_stats(domains=[])),
    ("ids", lambda s: EmailAccounts(s).delete_many([])),
    ("ids[1]", lambda s: EmailAccounts(s).delete_many([1, 2**63])),
    ("server.port", lambda s: EmailAccounts(s).test_smtp(
        MailServer(host="a", port=65_536, user_name="b", password="c"))),
    ("server.password", lambda s: EmailAccounts(s).test_imap(
        MailServer(host="a", port=1, user_name="b", password=" "))),
    ("account_id", lambda s: LinkedInAccounts(s).get(2**31)),
    ("account_id", lambda s: LinkedInAccounts(s).toggle_status(NO_ID)),
    ("pending_account_id", lambda s: LinkedInAccounts(s).delete_pending(0)),
    ("ids", lambda s: LinkedInAccounts(s).delete_many(iter(()))),
    ("ids[0]", lambda s: LinkedInAccounts(s).delete_many([2**31])),
    ("name", lambda s: LinkedInAccounts(s).create_connection_link("")),
    ("period_days", lambda s: LinkedInAccounts(s).replace_revoke_settings(
        1, enabled=True, period_days=-1)),
    ("limits.limits_mode", limits(limits_mode="Loose")),
    ("limits.fixed_max", limits(fixed_max=None)),
    ("limits.range_min", limits(limits_mode="Ranged", range_max=LinkedInLimitValues())),
    ("limits.range_max", limits(limits_mode="Ranged", range_min=LinkedInLimitValues())),
    ("limits.action_delay_min_seconds", limits(action_delay_min_seconds=0)),
    ("limits.action_delay_max_seconds", limits(action_delay_max_seconds=86_401)),
    ("limits.action_delay_max_seconds", limits(action_delay_max_seconds=119)),
    ("limits.action_delay_max_seconds", limits(action_delay_min_seconds=61)),
    ("sequence_id", lambda s: Senders(s).linkedin_accounts(0)),
    ("email_account_id", lambda s: Senders(s).remove_email_account(1, 2**63)),
    ("linkedin_account_id", lambda s: Senders(s).assign_linkedin_account(1, False)),
    ("linkedin_account_id", lambda s: Senders(s).remove_linkedin_account(1, 2**31)),
    ("email_account_ids", lambda s: Senders(s).replace_email_accounts(1, range(1, 102))),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRONG)))
async def test_a_wrong_argument_is_named_before_any_request(number: int) -> None:
    """InvalidUse says which, in the caller's words; no answer is asked for."""
    argument, call = WRONG[number]
    with pytest.raises(InvalidUse) as raised:
        await exchange(call)
    assert argument == raised.value.argument
