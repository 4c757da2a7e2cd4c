"""Webhooks: subscriptions to events, one type of event each.

Wraps the API pages filed under "Webhooks". Deliveries are not signed: let ``url`` hold
128 random bits, compare them with ``hmac.compare_digest``, and read the object from the
API before anything that matters. What arrives is read by ``parse_delivery``.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final

from attrs import fields, frozen

from reply_async.converter import decode, encode
from reply_async.errors import InvalidUse
from reply_async.models.webhooks import (
    Webhook,
    WebhookEvents,
    WebhookEventType,
    WebhookLog,
    WebhookPayloadConfig,
    WebhookScope,
)
from reply_async.pagination import Page, Pager
from reply_async.requests import (
    NotReached,
    Reached,
    ReadBack,
    Request,
    Safety,
    Undecided,
    Verdict,
    int32,
)
from reply_async.resources.arguments import checked_url, checked_word, is_loopback
from reply_async.resources.bodies import to_json
from reply_async.resources.comparison import judge_deleted, judge_replaced
from reply_async.transport.sender import Sender

LONGEST_URL: Final = 1024
_WEBHOOK = partial(decode, kind=Webhook)


@frozen
class Webhooks:
    """The webhooks that the acting user can see; at most 50 are active."""

    _sender: Sender

    def list(self) -> Pager[Webhook]:
        """List webhooks, enabled or not.

        The server disables one after repeated failures, so look at ``enabled`` at times.

        Costs: 1 request per 1,000 webhooks.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: webhooks/list-webhooks.
        """
        request = Request("GET", "/v3/webhooks", safety=Safety.READ)
        return Pager(self._sender, request, Webhook, attrgetter("id"))

    async def get(self, webhook_id: int) -> Webhook:
        """Return one webhook.

        Costs: 1 request.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: webhooks/get-a-webhook.
        """
        return await self._sender.send(_get(int32("webhook_id", webhook_id)), _WEBHOOK)

    async def create(
        self,
        event_type: WebhookEventType,
        url: str,
        *,
        scope: WebhookScope = WebhookScope.PERSONAL,
        enabled: bool = True,
        payload_config: WebhookPayloadConfig | None = None,
    ) -> Webhook:
        """Subscribe to one type of event and return the webhook.

        ``url`` is https (http on this machine only) and has at most 1,024 characters.
        None as ``payload_config`` leaves the choice to the server.

        Costs: 1 request.
        Lost answer: looked for by event, address and scope among those created since;
        not found, or several: OutcomeUnknown, never a second webhook.
        Raises: InvalidUse, ValidationFailed, Conflict (50 are active), Forbidden (scope),
        ApiError (organization scope), RateLimitWait, OutcomeUnknown.
        API page: webhooks/create-a-webhook.
        """
        body = {**_body(event_type, url, scope), "enabled": enabled}
        if payload_config is not None:
            body["payloadConfig"] = encode(payload_config)
        known = self.list()
        request = Request(
            "POST",
            "/v3/webhooks",
            safety=Safety.CREATE,
            body=to_json(body),
            read_back=ReadBack(
                request=known.page_request(),
                decode=known.decode_page,
                judge=partial(judge_created, body),
            ),
        )
        return await self._sender.send(request, _WEBHOOK)

    async def replace(
        self,
        webhook_id: int,
        *,
        event_type: WebhookEventType,
        url: str,
        scope: WebhookScope,
        payload_config: WebhookPayloadConfig,
    ) -> Webhook:
        """Replace a webhook as a whole, whether enabled or not, and return it.

        ``payload_config`` needs all three members, since what is left out is reset.

        Costs: 1 request. Lost answer: read and compared; equal counts as done.
        Raises: InvalidUse, ValidationFailed, NotFound, Forbidden (scope), RateLimitWait,
        OutcomeUnknown.
        API page: webhooks/update-a-webhook.
        """
        path = int32("webhook_id", webhook_id)
        body = _body(event_type, url, scope) | {"payloadConfig": _whole(payload_config)}
        request = Request(
            "PUT",
            "/v3/webhooks/{id}",
            path={"id": path},
            safety=Safety.REPLACE,
            body=to_json(body),
            read_back=ReadBack(
                request=_get(path), decode=_WEBHOOK, judge=partial(judge_replaced, body)
            ),
        )
        return await self._sender.send(request, _WEBHOOK)

    async def delete(self, webhook_id: int) -> None:
        """Delete a webhook with its log; to change an address, create the new one first.

        Costs: 1 request. Lost answer: read; gone is done, else sent once more.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: webhooks/delete-a-webhook.
        """
        path = int32("webhook_id", webhook_id)
        request = Request(
            "DELETE",
            "/v3/webhooks/{id}",
            path={"id": path},
            safety=Safety.DELETE,
            read_back=ReadBack(request=_get(path), decode=_WEBHOOK, judge=judge_deleted),
        )
        await self._sender.send(request, None)

    async def enable(self, webhook_id: int) -> None:
        """Let a webhook tell of events; one that does already stays so.

        Costs: 1 request. Lost answer: the webhook is read, then at most one repeat.
        Raises: InvalidUse, NotFound, Conflict (50 are active), Forbidden, RateLimitWait,
        OutcomeUnknown.
        API page: webhooks/enable-a-webhook.
        """
        path = int32("webhook_id", webhook_id)
        request = Request(
            "POST",
            "/v3/webhooks/{id}/enable",
            path={"id": path},
            safety=Safety.STATE,
            read_back=_switched(path, enabled=True),
        )
        await self._sender.send(request, None)

    async def disable(self, webhook_id: int) -> None:
        """Keep a webhook from telling of events until ``enable``, nor later of those.

        Costs: 1 request. Lost answer: the webhook is read, then at most one repeat.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: webhooks/disable-a-webhook.
        """
        path = int32("webhook_id", webhook_id)
        request = Request(
            "POST",
            "/v3/webhooks/{id}/disable",
            path={"id": path},
            safety=Safety.STATE,
            read_back=_switched(path, enabled=False),
        )
        await self._sender.send(request, None)

    async def test(self, webhook_id: int) -> None:
        """Have a made-up event delivered; a disabled webhook counts as missing.

        Costs: 1 request.
        Lost answer: OutcomeUnknown. So does a 502, which says that the receiver did not
        take the delivery: it went out nevertheless.
        Raises: InvalidUse, NotFound, Forbidden, RateLimited, RateLimitWait,
        ConnectionFailed, OutcomeUnknown.
        API page: webhooks/test-a-webhook.
        """
        request = Request(
            "POST",
            "/v3/webhooks/{id}/test",
            path={"id": int32("webhook_id", webhook_id)},
            safety=Safety.SEND,
        )
        await self._sender.send(request, None)

    def logs(self, webhook_id: int) -> Pager[WebhookLog]:
        """List the deliveries of a webhook that failed, and no others.

        Costs: 1 request per 1,000 entries.
        Raises: InvalidUse, NotFound, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: webhooks/list-webhook-logs.
        """
        request = Request(
            "GET",
            "/v3/webhooks/{id}/logs",
            path={"id": int32("webhook_id", webhook_id)},
            safety=Safety.READ,
        )
        # An event is delivered again after a failure, so its id is no key of the log.
        return Pager(
            self._sender, request, WebhookLog, attrgetter("event_id", "date", "http_status")
        )

    async def events(self) -> tuple[WebhookEventType | str, ...]:
        """Return the types of events that the server knows.

        Costs: 1 request.
        Raises: Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: webhooks/list-webhook-events.
        """
        request = Request("GET", "/v3/webhooks/events", safety=Safety.READ)
        answer = await self._sender.send(request, partial(decode, kind=WebhookEvents))
        return answer.events


def judge_created(body: dict[str, Any], page: Page[Webhook] | None, since: datetime) -> Verdict:
    """Look for the one webhook like this that is not older than the call."""
    made = [
        webhook
        for webhook in (page.items if page is not None else ())
        if webhook.event_type == body["eventType"]
        and webhook.url == body["url"]
        and webhook.scope in (None, body["scope"])
        and (webhook.created_at is None or webhook.created_at >= since)
    ]
    if len(made) == 1:
        return Reached(made[0])
    return Undecided(tuple(webhook.id for webhook in made))


def judge_switched(enabled: bool, webhook: Webhook | None, _since: datetime) -> Verdict:
    """Tell whether a webhook is switched as it was to be."""
    if webhook is None or webhook.enabled is None:
        return Undecided()
    return Reached(None) if webhook.enabled is enabled else NotReached()


def _get(path: str) -> Request:
    return Request("GET", "/v3/webhooks/{id}", path={"id": path}, safety=Safety.READ)


def _switched(path: str, *, enabled: bool) -> ReadBack:
    return ReadBack(request=_get(path), decode=_WEBHOOK, judge=partial(judge_switched, enabled))


def _body(event_type: WebhookEventType, url: str, scope: WebhookScope) -> dict[str, Any]:
    if checked_url("url", url).startswith("http:") and not is_loopback(url):
        raise InvalidUse("url", "must be https: deliveries are about people")
    if len(url) > LONGEST_URL:
        raise InvalidUse("url", f"has {len(url)} characters, not at most {LONGEST_URL}")
    return {
        "eventType": str(checked_word("event_type", WebhookEventType, event_type)),
        "url": url,
        "scope": str(checked_word("scope", WebhookScope, scope)),
    }


def _whole(config: WebhookPayloadConfig) -> dict[str, Any]:
    missing = [each.name for each in fields(type(config)) if getattr(config, each.name) is None]
    if missing:
        raise InvalidUse("payload_config", f"lacks {', '.join(missing)}")
    body: dict[str, Any] = encode(config)
    return body
