"""What one small read costs, beside a bare aiohttp session and ``json.loads``."""

import json

import aiohttp

from benchmarks.measure import rounds, table
from reply_async import Limiter, ReplySession

REQUESTS = 500


async def single_requests(url: str, key: str, count: int) -> str:
    """Return the table of reading the acting user, one request after the other."""
    headers = {"Authorization": f"Bearer {key}"}
    # The budget's cost is part of the subject, its waiting is not.
    limiter = Limiter(per_minute=100_000_000, per_hour=1_000_000_000, burst=10_000_000)
    async with (
        aiohttp.ClientSession(url, headers=headers) as bare,
        ReplySession(key, base_url=url, limiter=limiter) as session,
    ):

        async def by_hand() -> None:
            for _ in range(REQUESTS):
                async with bare.get("/v3/whoami") as response:
                    json.loads(await response.read())

        async def by_session() -> None:
            for _ in range(REQUESTS):
                await session.whoami()

        timings = await rounds({"aiohttp + json": by_hand, "reply_async": by_session}, count)
    return table("One small read (a request)", timings, REQUESTS, "aiohttp + json")
