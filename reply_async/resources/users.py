"""Who the key acts as. Wraps the API pages filed under "User account"."""

from __future__ import annotations

from reply_async.requests import Request, Safety


def whoami_request() -> Request:
    """Build the read of the acting user; any valid key may."""
    return Request("GET", "/v3/whoami", safety=Safety.READ)
