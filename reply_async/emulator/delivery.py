"""Sending an event to the address of a webhook, on this machine only."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp

Json = dict[str, Any]

TIMEOUT_SECONDS = 2.0


async def deliver(url: str, payload: Json) -> int | None:
    """POST an event and return the status of the answer; None if there was none.

    Other hosts than this one are never asked: whoever tries out the emulator
    must not reach the outside by it.
    """
    if not is_loopback(url):
        return None
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(url, json=payload, allow_redirects=False) as response,
        ):
            return response.status
    except (aiohttp.ClientError, OSError):  # a timeout is an OSError
        return None


def is_loopback(url: str) -> bool:
    """Tell whether an address leads to this machine."""
    return is_loopback_host(urlsplit(url).hostname or "")


def is_loopback_host(host: str) -> bool:
    """Tell whether the name or number of a host is of this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
