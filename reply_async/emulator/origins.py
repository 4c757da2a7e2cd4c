"""Who may see the page and use the control plane: no web page of another origin.

A browser sends simple requests for any page to any address, and a name of the page's own
can lead to this machine. Clients that are no browsers send no `Origin`, and as `Host` the
address that they were given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reply_async.emulator.delivery import is_loopback_host
from reply_async.emulator.problems import bare

if TYPE_CHECKING:
    from collections.abc import Mapping

READS = ("GET", "HEAD")


def require_own(method: str, headers: Mapping[str, str], *, allow_network: bool) -> None:
    """Raise a Problem for a name that is not of this machine, and for foreign writes.

    With ``allow_network`` the emulator may be reached by any name.
    """
    host = headers.get("Host", "")
    if host and not allow_network and not is_loopback_host(_name(host)):
        raise bare(403, f"{host!r} is no name of this machine; --allow-network permits any")
    origin = headers.get("Origin")
    is_foreign = origin is not None and origin.partition("://")[2].lower() != host.lower()
    if is_foreign and method not in READS:
        raise bare(403, f"pages of {origin!r} may not change the emulator")


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
