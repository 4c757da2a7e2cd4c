"""Rows and sequences for the tests of bulk runs."""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, TypeVar

from reply_async import Email, EmailVariant, ReplySession, Report, Run
from reply_async.outcome import Verdicts

IMPORT = r"^/v3/contacts/import$"
ENROL = r"/contact-links/bulk$"
MEMBERS = r"^/v3/sequences/\d+/contacts$"
COUNT = r"/contacts/count$"
WHOAMI = r"^/v3/whoami$"

T = TypeVar("T")


def person(number: int) -> dict[str, Any]:
    """Return one good row."""
    return {"email": f"person{number}@example.com", "firstName": f"Person {number}"}


def people(count: int, first: int = 1) -> Iterator[dict[str, Any]]:
    """Go through good rows, all of different people."""
    return map(person, range(first, first + count))


async def as_async(items: Iterable[T]) -> AsyncIterator[T]:
    """Iterate asynchronously."""
    for item in items:
        yield item


async def new_sequence(session: ReplySession, name: str = "Founders") -> int:
    """Create a sequence of one e-mail and return its id."""
    step = Email(variants=[EmailVariant(subject="Hello", message="<p>Hello</p>")])
    made = await session.sequences.create(name, steps=[step], email_accounts=[101])
    return made.id


async def known_contacts(session: ReplySession, count: int) -> list[int]:
    """Import people and return their contact ids, in order."""
    ids: dict[int, int] = {}
    async with session.contacts.import_rows(people(count)) as run:
        async for chunk in run:
            ids |= {number: row.contact_id for number, row in chunk.done.items()}
    return [ids[number] for number in sorted(ids)]


async def settled(run: Run) -> tuple[Verdicts, Report]:
    """Go through a run; return all verdicts, no row in two of them, and the report."""
    verdicts = Verdicts()
    async with run:
        async for chunk in run:
            for number in (*chunk.done, *chunk.refused, *chunk.unknown):
                assert number not in verdicts
            verdicts.done |= chunk.done
            verdicts.refused |= chunk.refused
            verdicts.unknown |= chunk.unknown
            assert len(chunk) == len({*chunk.done, *chunk.refused, *chunk.unknown})
    report = run.report
    assert report.refused == verdicts.refused
    assert report.unknown == verdicts.unknown
    assert report.counts.done == len(verdicts.done)
    return verdicts, report
