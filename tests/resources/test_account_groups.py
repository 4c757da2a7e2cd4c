"""Mailboxes, LinkedIn accounts and senders of sequences: what each method sends and reads."""

from __future__ import annotations

from typing import Any

import pytest
from models.samples import CONTRACT, load
from resources.account_samples import (
    CREDENTIALS,
    CREDENTIALS_SENT,
    LIMITS,
    LIMITS_SENT,
    SERVER,
    SERVER_SENT,
)
from resources.exchange import Call, Told, assert_fits, exchange, operations_of, safety_of

from reply_async.errors import Conflict, NotFound
from reply_async.models.email_accounts import (
    EmailAccountDetail,
    EmailAccountOptOut,
    EmailAccountRampUp,
    EmailAccountSafety,
    EmailAccountSignature,
)
from reply_async.models.linkedin_accounts import (
    LinkedInAccount,
    LinkedInLimitsMode,
)
from reply_async.models.senders import EmailAccountType, EmailConnectionStatus
from reply_async.requests import Safety
from reply_async.resources.email_accounts import EmailAccounts
from reply_async.resources.linkedin_accounts import LinkedInAccounts
from reply_async.resources.senders import Senders

GROUPS = (
    "Email Accounts",
    "LinkedIn Accounts",
    "Sequence Email Accounts",
    "Sequence LinkedIn Accounts",
)
REDIRECTS = {"connect_gmail_account", "connect_office365_account"}  # tested over a socket
BIG = 9_007_199_254_740_993
MAILBOX = load("email_accounts/get_200")
LINKEDIN = load("linkedin_accounts/list_200")
LINK = {"connectionLink": "https://app.reply.io/connect/linkedin?token=abc123"}
STATS = {"id": BIG, "emailsSentToday": 42, "totalEmailsSent": 1580, "dailySendingLimit": 500}
NO_BODY = (204, None)
PAGE = "skip=0&top=1000"  # the mock sorts the query


def ok(payload: Any) -> Told:
    """Answer with a 200."""
    return 200, payload


Shape = tuple[Call, Told, str, Any]
SHAPES: dict[str, Shape] = {
    "list_email_accounts": (
        lambda s: EmailAccounts(s).list(my=True),
        ok(load("email_accounts/page_200") | {"hasMore": False}),
        f"GET /v3/email-accounts?my=true&{PAGE}",
        None,
    ),
    "create_email_account": (
        lambda s: EmailAccounts(s).create(
            CREDENTIALS,
            safety=EmailAccountSafety(daily_limit=500, emails_per_interval=None),
            opt_out=EmailAccountOptOut(message="Unsubscribe", is_opt_out_link_enabled=True),
            tags=["Outbound"],
        ),
        (201, MAILBOX),
        "POST /v3/email-accounts",
        {
            "connection": CREDENTIALS_SENT,
            "safety": {"dailyLimit": 500, "emailsPerInterval": None},
            "optOut": {"message": "Unsubscribe", "isOptOutLinkEnabled": True},
            "tags": ["Outbound"],
        },
    ),
    "filter_email_accounts": (
        lambda s: EmailAccounts(s).filter(
            status=EmailConnectionStatus.CONNECTED,
            email_account_type=EmailAccountType.EXCHANGE_ON_PREMISE,
            domains=["company.com"],
            owner_user_ids=[42],
        ),
        ok({"items": [], "hasMore": False}),
        f"POST /v3/email-accounts/filter?{PAGE}",
        {
            "status": "connected",
            "emailAccountType": "exchangeOnPremise",
            "domains": ["company.com"],
            "ownerUserIds": [42],
        },
    ),
    "get_email_account": (
        lambda s: EmailAccounts(s).get(BIG),
        ok(MAILBOX),
        f"GET /v3/email-accounts/{BIG}",
        None,
    ),
    "update_email_account": (
        lambda s: EmailAccounts(s).update(
            BIG,
            connection=CREDENTIALS,
            safety=EmailAccountSafety(daily_limit=750),
            signature=EmailAccountSignature(signature=None),
            ramp_up=EmailAccountRampUp(enabled=True, start_value=10),
            tags=[],
        ),
        ok(MAILBOX),
        f"PATCH /v3/email-accounts/{BIG}",
        {
            "connection": CREDENTIALS_SENT,
            "safety": {"dailyLimit": 750},
            "signature": {"signature": None},
            "rampUp": {"enabled": True, "startValue": 10},
            "tags": [],
        },
    ),
    "delete_email_account": (
        lambda s: EmailAccounts(s).delete(BIG),
        NO_BODY,
        f"DELETE /v3/email-accounts/{BIG}",
        None,
    ),
    "set_default_email_account": (
        lambda s: EmailAccounts(s).set_default(5),
        NO_BODY,
        "POST /v3/email-accounts/5/set-default",
        None,
    ),
    "resume_email_account_sending": (
        lambda s: EmailAccounts(s).resume_sending(5),
        NO_BODY,
        "POST /v3/email-accounts/5/resume-sending",
        None,
    ),
    "bulk_delete_email_accounts": (
        lambda s: EmailAccounts(s).delete_many([5, BIG, 5]),
        ok({}),
        "POST /v3/email-accounts/bulk-delete",
        {"ids": [5, BIG]},
    ),
    "test_smtp_connection": (
        lambda s: EmailAccounts(s).test_smtp(SERVER),
        ok({"success": True, "error": None}),
        "POST /v3/email-accounts/test/smtp",
        SERVER_SENT,
    ),
    "test_imap_connection": (
        lambda s: EmailAccounts(s).test_imap(SERVER),
        ok({"success": False, "error": "no such user"}),
        "POST /v3/email-accounts/test/imap",
        SERVER_SENT,
    ),
    "get_email_account_stats": (
        lambda s: EmailAccounts(s).stats(BIG),
        ok(STATS),
        f"GET /v3/email-accounts/{BIG}/stats",
        None,
    ),
    "filter_email_account_stats": (
        lambda s: EmailAccounts(s).filter_stats(email="sales@company.com", tags=["Outbound"]),
        ok({"items": [STATS], "hasMore": False}),
        f"POST /v3/email-accounts/stats?{PAGE}",
        {"email": "sales@company.com", "tags": ["Outbound"]},
    ),
    "list_email_account_tags": (
        lambda s: EmailAccounts(s).tags(),
        ok([{"id": 2, "name": "Outbound", "colorId": None, "newer": 1}]),
        "GET /v3/email-accounts/tags",
        None,
    ),
    "update_email_account_tag": (
        lambda s: EmailAccounts(s).replace_tag(2, name="Outbound", color_id=None),
        ok({"id": 2}),
        "PUT /v3/email-accounts/tags/2",
        {"name": "Outbound", "colorId": None},
    ),
    "add_email_account_tags": (
        lambda s: EmailAccounts(s).add_tags(5, ["Outbound"]),
        NO_BODY,
        "POST /v3/email-accounts/5/tags",
        {"tags": ["Outbound"]},
    ),
    "remove_email_account_tags": (
        lambda s: EmailAccounts(s).remove_tags(5, ["Outbound"]),
        NO_BODY,
        "DELETE /v3/email-accounts/5/tags",
        {"tags": ["Outbound"]},
    ),
    "list_linkedin_accounts": (
        lambda s: LinkedInAccounts(s).list(),
        ok(LINKEDIN),
        "GET /v3/linkedin-accounts",
        None,
    ),
    "get_linkedin_account": (
        lambda s: LinkedInAccounts(s).get(10),
        ok(LINKEDIN[0]),
        "GET /v3/linkedin-accounts/10",
        None,
    ),
    "delete_linkedin_account": (
        lambda s: LinkedInAccounts(s).delete(10, force=True),
        NO_BODY,
        "DELETE /v3/linkedin-accounts/10?force=true",
        None,
    ),
    "bulk_delete_linkedin_accounts": (
        lambda s: LinkedInAccounts(s).delete_many([10, 11], force=True),
        ok({}),
        "POST /v3/linkedin-accounts/bulk-delete",
        {"ids": [10, 11], "force": True},
    ),
    "toggle_linkedin_account": (
        lambda s: LinkedInAccounts(s).toggle_status(10),
        ok({"status": "Enabled"}),
        "POST /v3/linkedin-accounts/10/toggle-status",
        None,
    ),
    "update_linkedin_account_limits": (
        lambda s: LinkedInAccounts(s).replace_limits(10, LIMITS),
        NO_BODY,
        "PUT /v3/linkedin-accounts/10/limits",
        LIMITS_SENT,
    ),
    "update_linkedin_account_revoke_settings": (
        lambda s: LinkedInAccounts(s).replace_revoke_settings(10, enabled=True, period_days=30),
        NO_BODY,
        "PUT /v3/linkedin-accounts/10/revoke-settings",
        {"enabled": True, "periodDays": 30},
    ),
    "create_linkedin_connection_link": (
        lambda s: LinkedInAccounts(s).create_connection_link("John"),
        (201, LINK | {"pendingAccountId": 50}),
        "POST /v3/linkedin-accounts/connection-link",
        {"name": "John"},
    ),
    "create_direct_linkedin_connection_link": (
        lambda s: LinkedInAccounts(s).create_direct_connection_link(),
        ok(LINK),
        "POST /v3/linkedin-accounts/connect",
        None,
    ),
    "reconnect_linkedin_account": (
        lambda s: LinkedInAccounts(s).reconnect(10),
        ok(LINK),
        "POST /v3/linkedin-accounts/10/reconnect",
        None,
    ),
    "list_pending_linkedin_accounts": (
        lambda s: LinkedInAccounts(s).list_pending(),
        ok([LINK | {"id": 50, "expiresAtUtc": "2026-04-01T12:00:00Z", "isExpired": False}]),
        "GET /v3/linkedin-accounts/pending",
        None,
    ),
    "delete_pending_linkedin_account": (
        lambda s: LinkedInAccounts(s).delete_pending(50),
        NO_BODY,
        "DELETE /v3/linkedin-accounts/pending/50",
        None,
    ),
    "list_sequence_email_accounts": (
        lambda s: Senders(s).email_accounts(7),
        ok(load("senders/email_accounts_200")),
        "GET /v3/sequences/7/email-accounts",
        None,
    ),
    "link_sequence_email_account": (
        lambda s: Senders(s).assign_email_account(7, BIG),
        (201, None),
        "POST /v3/sequences/7/email-account-links",
        {"emailAccountId": BIG},
    ),
    "replace_sequence_email_accounts": (
        lambda s: Senders(s).replace_email_accounts(7, iter([5, BIG])),
        NO_BODY,
        "PUT /v3/sequences/7/email-account-links",
        {"emailAccountIds": [5, BIG]},
    ),
    "unlink_sequence_email_account": (
        lambda s: Senders(s).remove_email_account(7, BIG),
        NO_BODY,
        f"DELETE /v3/sequences/7/email-account-links/{BIG}",
        None,
    ),
    "list_sequence_linkedin_accounts": (
        lambda s: Senders(s).linkedin_accounts(7),
        ok(load("senders/linkedin_accounts_200")),
        "GET /v3/sequences/7/linkedin-accounts",
        None,
    ),
    "link_sequence_linkedin_account": (
        lambda s: Senders(s).assign_linkedin_account(7, 42),
        (201, None),
        "POST /v3/sequences/7/linkedin-account-links",
        {"linkedInAccountId": 42},
    ),
    "unlink_sequence_linkedin_account": (
        lambda s: Senders(s).remove_linkedin_account(7, 42),
        NO_BODY,
        "DELETE /v3/sequences/7/linkedin-account-links/42",
        None,
    ),
}
# The contract classes it as natural_key_upsert; assigning a mailbox changes a state, which
# can be read cheaply, and the rules for lost answers name it as such.
OTHER_SAFETY = {"link_sequence_email_account": Safety.STATE}


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not shipped here")
def test_every_operation_has_a_shape() -> None:
    """The table is complete, so that no method goes untested."""
    assert operations_of(*GROUPS) - REDIRECTS == SHAPES.keys()


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not shipped here")
@pytest.mark.parametrize("operation", SHAPES)
async def test_request_has_its_shape(operation: str) -> None:
    """One request, which the contract takes, of the contract's class."""
    call, answer, line, body = SHAPES[operation]
    seen = await exchange(call, answer)
    assert ([line], [body]) == (seen.sent, seen.bodies)
    (request,) = seen.requests
    assert operation == assert_fits(request, seen.bodies[0], seen.queries[0])
    assert OTHER_SAFETY.get(operation, safety_of(request)) is request.safety


async def test_answers_are_typed() -> None:
    """Objects, words without regard to case, and what was not told."""
    results = {name: (await exchange(shape[0], shape[1])).result for name, shape in SHAPES.items()}

    mailbox = results["get_email_account"]
    assert isinstance(mailbox, EmailAccountDetail)
    assert (993, 500, "Best regards", False, 5) == (
        mailbox.connection and mailbox.connection.imap_port,
        mailbox.safety and mailbox.safety.daily_limit,
        mailbox.signature and mailbox.signature.signature,
        mailbox.ramp_up and mailbox.ramp_up.enabled,
        mailbox.ramp_up and mailbox.ramp_up.increment_value,
    )
    plain, busy = results["list_linkedin_accounts"]
    assert isinstance(plain, LinkedInAccount)
    assert (None, "premium") == (plain.limits, plain.account_type)
    assert LinkedInLimitsMode.FIXED is busy.limits.limits_mode
    assert (50, 10, 30, None) == (
        busy.limits.fixed_max.daily_send_message_count,
        busy.usage.connection_requests,
        busy.revoke_settings.period_days,
        busy.voice_profile,
    )
    assert "enabled" == results["toggle_linkedin_account"]
    assert 50 == results["create_linkedin_connection_link"].pending_account_id
    assert results["reconnect_linkedin_account"].connection_link.endswith("abc123")
    assert {"newer": 1} == results["list_email_account_tags"][0].extra
    assert [BIG] == [row.id for row in results["filter_email_account_stats"]]
    assert (False, "no such user") == (
        results["test_imap_connection"].success,
        results["test_imap_connection"].error,
    )
    assert [5, BIG] == list(results["bulk_delete_email_accounts"].done)
    assert [101, BIG] == [each.id for each in results["list_sequence_email_accounts"]]


async def test_what_is_not_asked_for_is_not_sent() -> None:
    """Defaults of flags and conditions leave their members out."""
    seen = await exchange(lambda s: EmailAccounts(s).list(), ok({"items": [], "hasMore": False}))
    assert [f"GET /v3/email-accounts?{PAGE}"] == seen.sent
    seen = await exchange(lambda s: LinkedInAccounts(s).delete(10), NO_BODY)
    assert ["DELETE /v3/linkedin-accounts/10"] == seen.sent
    seen = await exchange(lambda s: EmailAccounts(s).create(CREDENTIALS), (201, MAILBOX))
    assert [{"connection": CREDENTIALS_SENT}] == seen.bodies


async def test_refusals_of_linkedin_accounts_have_words() -> None:
    """The older numbers mean what they mean for this call."""
    answer = ok({"11": {"error": 3, "errorDetails": "AccountInUse"}, "12": {"error": "notFound"}})
    seen = await exchange(lambda s: LinkedInAccounts(s).delete_many([10, 11, 12]), answer)
    assert [10] == list(seen.result.done)
    assert {11: "accountInUse", 12: "notFound"} == {
        id_: refusal.code for id_, refusal in seen.result.refused.items()
    }


async def test_many_ids_go_out_in_chunks() -> None:
    """100 ids a request, from an iterable of either kind."""

    async def ids() -> Any:
        for id_ in range(BIG, BIG + 101):
            yield id_

    seen = await exchange(lambda s: EmailAccounts(s).delete_many(ids()), ok({}), ok({}))
    assert [100, 1] == sorted((len(body["ids"]) for body in seen.bodies), reverse=True)
    assert 101 == len(seen.result.done)


async def test_a_missing_route_is_not_found() -> None:
    """Statistics of mailboxes are coming soon: until then there is a 404 without a code."""
    with pytest.raises(NotFound):
        await exchange(lambda s: EmailAccounts(s).stats(1), (404, None))


async def test_the_101st_mailbox_is_a_conflict() -> None:
    """The mailboxes are read, since they might be assigned already; then it is refused."""
    problem = {"title": "Conflict", "status": 409, "code": "sequenceEmailAccount.limitReached"}
    with pytest.raises(Conflict) as raised:
        await exchange(
            lambda s: Senders(s).assign_email_account(7, 102),
            (409, problem),
            ok(load("senders/email_accounts_200")),
        )
    assert "sequenceEmailAccount.limitReached" == raised.value.code
