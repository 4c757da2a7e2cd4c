"""Which pages and names may use the control plane, and see the page at `/`."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from emulator.client import Api

from reply_async.emulator import Emulator

RESET = ("POST", "/_emulator/reset")
SHOWN = (("GET", "/"), ("GET", "/_emulator/state"), RESET)
FOREIGN = ("https://evil.example", "http://localhost:3000", "http://127.0.0.1:1", "null", "")


async def status_of(api: Api, method: str, path: str, headers: dict[str, str]) -> int:
    """Return the status of an answer of any type."""
    url = api._emulator.url + path
    async with api._http.request(method, url, headers=headers) as response:
        return response.status


@pytest.mark.parametrize("origin", FOREIGN)
async def test_pages_of_others_change_nothing(api: Api, origin: str) -> None:
    """Not even by the simple requests that a browser sends without asking first."""
    headers = {"Origin": origin, "Content-Type": "text/plain"}
    await api.contacts(1)
    for method, path in (RESET, ("DELETE", "/_emulator/requests"), ("PUT", "/_emulator/nope")):
        status, problem = await api(method, path, headers=headers)
        assert (403, True) == (status, repr(origin) in problem["detail"])
    assert 1 == (await api("GET", "/_emulator/state", headers=headers))[1]["contacts"]


async def test_its_own_page_and_clients_without_a_page_may(api: Api, emulator: Emulator) -> None:
    """By every name of this machine; curl sends no origin, and HTTP/1.0 no host."""
    port = emulator.url.rpartition(":")[2]
    for host in (
        f"127.0.0.1:{port}",
        f"localhost:{port}",
        f"LOCALHOST:{port}",
        "[::1]",
        "127.9.9.9",
    ):
        for headers in ({"Host": host}, {"Host": host, "Origin": f"http://{host.lower()}"}):
            for method, path in SHOWN:
                assert 200 == (await status_of(api, method, path, headers)), (host, path)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "10.0.0.1", "localhost.", "[", "a b"]
)
async def test_a_name_that_leads_here_is_no_name_of_this_machine(api: Api, host: str) -> None:
    """Neither the page nor the control plane answers to it; the API needs a key anyway."""
    for method, path in SHOWN:
        assert 403 == await status_of(api, method, path, {"Host": host})
    key: dict[str, Any] = {"Host": host, "Authorization": f"Bearer {api._emulator.key}"}
    assert 200 == await status_of(api, "GET", "/v3/whoami", key)


async def test_any_name_may_lead_here_where_the_network_may() -> None:
    """Another origin still changes nothing."""
    emulator = Emulator()
    await emulator.start(allow_network=True)
    try:
        async with aiohttp.ClientSession() as http:
            api, named = Api(emulator, http), {"Host": "emulator:8080"}
            for method, path in SHOWN:
                assert 200 == await status_of(api, method, path, named)
                own = named | {"Origin": "http://emulator:8080"}
                assert 200 == await status_of(api, method, path, own)
            foreign = named | {"Origin": "http://evil.example"}
            assert 403 == await status_of(api, *RESET, foreign)
    finally:
        await emulator.close()
