"""How commands reach the API: settings from the environment, the key never from argv.

The session is looked up when it is needed, so that the help of a command loads no
HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import reply_async

if TYPE_CHECKING:
    from reply_async import ReplySession


def session_from_env(base_url: str | None) -> ReplySession:
    """Give the session that the environment describes; ``--base-url`` goes before it."""
    options = {} if base_url is None else {"base_url": base_url}
    return reply_async.ReplySession.from_env(**options)
