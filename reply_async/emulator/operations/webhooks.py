"""Webhooks: subscriptions, their test and the log of what was not delivered.

Every subscription may have the team's scope: the key's user owns the team. A
PUT resets what it does not name; `enabled` has its own two calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reply_async.emulator.clock import iso, plain_iso
from reply_async.emulator.contract import load_contract
from reply_async.emulator.delivery import is_success
from reply_async.emulator.operations.registry import Call, event, operation, page
from reply_async.emulator.problems import Problem, refusal
from reply_async.emulator.webhooks import MAX_ACTIVE, FailedAttempt, Webhook, envelope

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from reply_async.emulator.emulator import Emulator
    from reply_async.emulator.state import State

Json = dict[str, Any]

# Not published; the documented answer to a create without the last two has these.
_DEFAULT_CONFIG = {
    "includeEmailUrl": False,
    "includeEmailText": False,
    "includeProspectCustomFields": True,
}


@operation
def list_webhooks(call: Call) -> Json:
    """List the subscriptions by id."""
    return page(call.query, list(call.state.webhooks.by_id.values()), _shown)


@operation
def list_webhook_events(_call: Call) -> Json:
    """List the kinds of events."""
    schemas = load_contract().document["components"]["schemas"]
    return {"events": schemas["WebhookEventType"]["enum"]}


@operation
def create_webhook(call: Call) -> Json:
    """Subscribe to one kind of event; 50 subscriptions can be active."""
    webhooks, body = call.state.webhooks, call.body
    is_enabled = body.get("enabled", True)
    if is_enabled and webhooks.is_full:
        raise _full()
    _require_served(body)
    team_id = call.user["teamId"]
    webhook = Webhook(webhooks.next_id(), call.user_id, team_id, call.now, is_enabled)
    _apply(webhook, body)
    webhooks.by_id[webhook.id] = webhook
    call.ledger.note("webhook_created")
    return _shown(webhook)


@operation
def get_webhook(call: Call) -> Json:
    """Return one subscription."""
    return _shown(_webhook(call))


@operation
def update_webhook(call: Call) -> Json:
    """Replace all that a subscription says; what is left out is reset."""
    webhook = _webhook(call)
    _require_served(call.body)
    _apply(webhook, call.body)
    call.ledger.note("webhook_updated")
    return _shown(webhook)


@operation
def delete_webhook(call: Call) -> None:
    """Delete a subscription together with its log."""
    del call.state.webhooks.by_id[_webhook(call).id]
    call.ledger.note("webhook_deleted")


@operation
def enable_webhook(call: Call) -> None:
    """Switch a subscription on, if there is room for one more."""
    webhook = _webhook(call)
    if webhook.is_enabled:
        return
    if call.state.webhooks.is_full:
        raise _full()
    webhook.is_enabled, webhook.failed_in_a_row = True, 0
    call.ledger.note("webhook_enabled")


@operation
def disable_webhook(call: Call) -> None:
    """Switch a subscription off."""
    webhook = _webhook(call)
    if webhook.is_enabled:
        webhook.is_enabled = False
        call.ledger.note("webhook_disabled")


@operation
def test_webhook(call: Call) -> Awaitable[None]:
    """Send a made-up event to the target; anything but a success there is a 502."""
    webhook = _webhook(call)
    if not webhook.is_enabled:
        raise _missing(webhook.id)
    event_id = webhook.next_event_id(call.state.seed)
    call.ledger.note("webhook_tested")
    return _send_test(call, webhook, event_id)


async def _send_test(call: Call, webhook: Webhook, event_id: str) -> None:
    content = _test_event(call, webhook, event_id)
    status = await call.state.webhooks.carrier.attempt(webhook, event_id, content)
    if not is_success(status):
        said = "did not respond" if status is None else f"responded with status {status}"
        raise refusal(502, "webHook.deliveryFailed", f"Target URL {said}.")


@event
def webhook_attempted(emulator: Emulator, now: float, content: Json) -> None:
    """Log an attempt that failed, and maybe switch off; one that did not ends the row."""
    webhook = emulator.played.state.webhooks.by_id.get(content["webhookId"])
    if webhook is None:  # gone by now
        return
    if is_success(content["status"]):
        webhook.failed_in_a_row = 0
        return
    webhook.failures.append(FailedAttempt(content["eventId"], content["status"], now))
    webhook.failed_in_a_row += 1
    if content["switchesOff"]:
        webhook.is_enabled = False


@operation
def list_webhook_logs(call: Call) -> Json:
    """List the attempts that failed, the last one first."""
    return page(call.query, list(reversed(_webhook(call).failures)), _log_row)


def _webhook(call: Call) -> Webhook:
    webhook = call.state.webhooks.by_id.get(call.path["id"])
    if webhook is None:
        raise _missing(call.path["id"])
    return webhook


def _missing(webhook_id: int) -> Problem:
    return refusal(404, "webHook.notFound", f"Webhook subscription {webhook_id} not found.")


def _full() -> Problem:
    detail = f"Limit of active webhook subscriptions reached ({MAX_ACTIVE})."
    return refusal(409, "webHook.limitReached", detail)


def _require_served(body: Json) -> None:
    """Refuse a target and a scope that the service does not serve."""
    try:
        url = urlsplit(body["url"])
        is_http = url.scheme in {"http", "https"} and bool(url.hostname)
    except ValueError:  # a host in brackets that is none
        is_http = False
    if not is_http:
        raise refusal(400, "webHook.invalidUrl", "Url must be an absolute http address.")
    if body.get("scope") == "organization":
        detail = "Organization scope is not implemented."
        raise refusal(400, "webHook.organizationScopeNotImplemented", detail)


def _apply(webhook: Webhook, body: Json) -> None:
    webhook.event_type, webhook.url = body["eventType"], body["url"]
    webhook.scope = body.get("scope", "personal")
    webhook.payload_config = _DEFAULT_CONFIG | body.get("payloadConfig", {})


def _shown(webhook: Webhook) -> Json:
    return {
        "id": webhook.id,
        "eventType": webhook.event_type,
        "url": webhook.url,
        "scope": webhook.scope,
        "enabled": webhook.is_enabled,
        "createdAt": iso(webhook.created_at),
        "payloadConfig": webhook.payload_config,
    }


def _log_row(attempt: FailedAttempt) -> Json:
    return {
        "eventId": attempt.event_id,
        "httpStatus": attempt.http_status,
        "date": plain_iso(attempt.at) + "Z",
    }


def _test_event(call: Call, webhook: Webhook, event_id: str) -> Json:
    """Return an event about nobody; its members per kind are not published."""
    event: Json = {
        **envelope(webhook, event_id, call.now),
        "contact_fields": {"id": 1, "email": "test@example.com", "first_name": "Test"},
        "sequence_fields": {"id": 1, "name": "Test"},
    }
    if webhook.payload_config["includeProspectCustomFields"]:
        event["contact_custom_fields"] = _test_values(call.state)
    return event


def _test_values(state: State) -> Json:
    return {field["title"]: "Test" for field in state.custom_fields.values()}
