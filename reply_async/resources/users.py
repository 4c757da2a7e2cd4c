"""Who the key acts as, and with whom. Wraps the API pages filed under "User account"."""

from __future__ import annotations

from functools import partial

from reply_async.converter import decode_list
from reply_async.models.users import TeamUser
from reply_async.requests import Request, Safety
from reply_async.transport.sender import Sender


def whoami_request() -> Request:
    """Build the read of the acting user; any valid key may."""
    return Request("GET", "/v3/whoami", safety=Safety.READ)


async def team_users(sender: Sender) -> tuple[TeamUser, ...]:
    """Return the users of all teams that the key can act in.

    Costs: 1 request.
    Raises: Forbidden (no key of an organization), RateLimitWait, ConnectionFailed,
    BadAnswer.
    API page: user-account/list-team-users.
    """
    request = Request("GET", "/v3/whoami/team-users", safety=Safety.READ)
    return await sender.send(request, partial(decode_list, kind=TeamUser))
