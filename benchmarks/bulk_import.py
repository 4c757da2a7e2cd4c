"""What a row of an import costs, beside a careful script on bare aiohttp.

The script sends the same chunks, checks nothing, folds nothing and keeps no verdicts:
the ratio is the price of a verdict for each row.
"""

import itertools
from collections.abc import Iterator

import aiohttp

from benchmarks.measure import rounds, table
from reply_async import Email, EmailVariant, Limiter, ReplySession

CHUNK, BATCH = 1_000, 10_000


def people(count: int, batch: int) -> Iterator[dict[str, str]]:
    """Yield rows that no earlier batch had."""
    for number in range(count):
        yield {
            "firstName": f"Name{number}",
            "lastName": "Example",
            "email": f"person{number}.{batch}@example.com",
            "company": "Example and Sons",
        }


async def bulk_import(url: str, key: str, count: int, rows: int) -> str:
    """Return the table of importing and enrolling rows into a new sequence."""
    headers = {"Authorization": f"Bearer {key}"}
    limiter = Limiter(per_minute=100_000_000, per_hour=1_000_000_000, burst=10_000_000)
    batches = itertools.count()
    async with (
        aiohttp.ClientSession(url, headers=headers) as bare,
        ReplySession(key, base_url=url, limiter=limiter) as session,
    ):

        async def new_sequence() -> int:
            step = Email(variants=[EmailVariant(subject="Hello", message="Hello")])
            return (await session.sequences.create("Benchmark", steps=[step])).id

        async def by_hand() -> None:
            sequence, people_left = await new_sequence(), people(rows, next(batches))
            ids: list[int] = []
            while chunk := list(itertools.islice(people_left, CHUNK)):
                async with bare.post("/v3/contacts/import", json={"items": chunk}) as response:
                    ids += [item["id"] for item in (await response.json())["items"]]
            for start in range(0, len(ids), BATCH):
                body = {"contactIds": ids[start : start + BATCH]}
                path = f"/v3/sequences/{sequence}/contact-links/bulk"
                async with bare.post(path, json=body) as response:
                    await response.json()

        async def by_session() -> None:
            sequence = await new_sequence()
            await session.sequence_contacts.import_rows(sequence, people(rows, next(batches)))

        timings = await rounds({"aiohttp by hand": by_hand, "reply_async": by_session}, count)
    return table("Import and enrolment (a row)", timings, rows, "aiohttp by hand")
