"""All that an account shows, and chance calls that change it; over any connection."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reply_async.emulator.contract import load_contract
from reply_async.emulator.operations import HANDLERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from random import Random

    Send = Callable[[str, str, Any], Awaitable[tuple[int, Any]]]

Json = Any

WALKED_IDS = 6  # of a collection, for the paths below each of its items
DIALECTS = (
    {"bulk_add_enrolled": "forward_move", "import_mode": "async_202"},
    {"bulk_add_enrolled": "refused", "import_mode": "sync_200"},
)
SHARE_OF_RESETS = 0.02
REPORTS = ("/v3/sequences/{id}/stats", "/v3/sequences/{id}/stats/emails")


def read_templates() -> list[str]:
    """Return the paths of all served reads by GET, the shallow ones first."""
    contract = load_contract()
    served = (contract.operation(name) for name in HANDLERS)
    return sorted(
        (
            entry.template
            for entry in served
            if entry.method == "GET" and entry.raw["x-safety"] == "read"
        ),
        key=lambda template: (template.count("{"), template),
    )


async def whole_account(send: Send) -> dict[str, Json]:
    """Return the answers of all reads, of lists all pages, and the ledger, by path."""
    shown: dict[str, Json] = {}
    for template in read_templates():
        for path in _paths(template, shown):
            shown[path] = [page async for page in _pages(send, path)]
    for template in REPORTS:
        for path in _paths(template, shown):
            shown[path] = await send("POST", path, {})
    for name in ("ledger", "rates", "dialects"):
        shown[name] = await send("GET", f"/_emulator/{name}", None)
    _, state = await send("GET", "/_emulator/state", None)
    of_one_run = {"time", "requests", "deliveries"}
    shown["state"] = {name: state[name] for name in state.keys() - of_one_run}
    return shown


async def settled_account(send: Send) -> dict[str, Json]:
    """Return the same once it no longer changes, when no webhook is under way."""
    before, now = None, await whole_account(send)
    while before != now:
        before, now = now, await whole_account(send)
    return now


def _paths(template: str, shown: dict[str, Json]) -> list[str]:
    """Put the first ids that a collection shows into the paths below it."""
    found = re.search(r"\{\w+\}", template)
    if found is None:
        return [template]
    collection = template[: found.start() - 1]
    rows: list[Json] = []
    for _, content in shown.get(collection, ()):
        rows += content["items"] if isinstance(content, dict) else content
    ids = [row.get("id", row.get("contactId")) for row in rows][:WALKED_IDS]
    rest = template[found.end() :]
    return [path for item in ids for path in _paths(f"{collection}/{item}{rest}", shown)]


async def _pages(send: Send, path: str) -> AsyncIterator[Json]:
    skip, has_more = 0, True
    while has_more:
        status, content = await send("GET", f"{path}?top=100&skip={skip}" if skip else path, None)
        yield status, content
        has_more = isinstance(content, dict) and bool(content.get("hasMore"))
        skip += len(content["items"]) if has_more else 0


STEP = {
    "type": "email",
    "delayInMinutes": 0,
    "executionMode": "automatic",
    "variants": [{"subject": "A question", "message": "<p>Hello {{firstName}}</p>"}],
}


class ChanceCalls:
    """Writes of many kinds, one after the other, the same ones for the same chance."""

    def __init__(self, send: Send, chance: Random) -> None:
        self.send, self._chance = send, chance
        self.sequences: list[int] = []
        self.contacts: list[int] = []
        self._number = 0

    async def prepare(self) -> None:
        """Make a running sequence with people in it."""
        await self.create_sequence()
        await self.import_contacts(sequence_id=self.sequences[0])
        await self._write("POST", f"/v3/sequences/{self.sequences[0]}/start", {})

    async def one(self) -> None:
        """Make one call of a kind that chance picks, rarely a reset; it may be refused."""
        if self._chance.random() < SHARE_OF_RESETS:
            await self._write("POST", "/_emulator/reset")
            self.sequences, self.contacts = [], []
            await self.prepare()
        await self._chance.choice(self._kinds())()

    def _kinds(self) -> list[Callable[[], Awaitable[Json]]]:
        sequence = self._chance.choice(self.sequences)
        contact = self._chance.choice(self.contacts or [1])
        number = self._chance.randrange(10**6)
        on_sequence, on_contact = f"/v3/sequences/{sequence}", f"/v3/contacts/{contact}"

        def call(method: str, path: str, body: Json = None) -> Callable[[], Awaitable[Json]]:
            return lambda: self._write(method, path, body)

        variant = self._chance.choice(DIALECTS)
        step = {**STEP, "delayInMinutes": self._chance.choice((60, 1440))}
        return [
            self.create_sequence,
            self.import_contacts,
            lambda: self.import_contacts(sequence_id=sequence),
            call("POST", f"{on_sequence}/{self._chance.choice(['start', 'pause'])}", {}),
            call("PATCH", on_sequence, {"name": f"Renamed {number}"}),
            call("POST", f"{on_sequence}/steps", step),
            call("POST", f"{on_sequence}/contact-links/bulk", {"contactIds": [contact]}),
            call("GET", f"{on_sequence}/contacts/{contact}/preview"),
            call("PATCH", on_contact, {"title": f"Title {number}"}),
            call("DELETE", on_contact),
            call("POST", "/v3/contact-lists", {"name": f"List {number}"}),
            call("POST", "/v3/custom-fields", {"title": f"F{number}", "fieldType": "text"}),
            call("POST", "/v3/sequence-folders", {"name": f"Folder {number}"}),
            call("GET", "/v3/email-accounts/connect/gmail"),
            call("POST", "/v3/webhooks", {"eventType": "email_sent", "url": "http://[::1]:9/"}),
            call("POST", "/v3/webhooks/1801/test"),
            call("POST", "/_emulator/rates", {"replied": self._chance.random(), "bounced": 0.1}),
            call("POST", "/_emulator/dialects", {"choices": variant}),
            call("POST", "/_emulator/clock", {"advance": f"{self._chance.randrange(60)}h"}),
        ]

    async def create_sequence(self) -> None:
        """Create a sequence of one e-mail."""
        self._number += 1
        body = {"name": f"Sequence {self._number}", "emailAccounts": [101], "steps": [STEP]}
        self.sequences.append((await self._write("POST", "/v3/sequences", body))["id"])

    async def import_contacts(self, sequence_id: int | None = None) -> None:
        """Import some new people, into a sequence or not."""
        self._number += 1
        body = people(f"n{self._number}", self._chance.randrange(1, 40))
        body["options"] = {"sequenceId": sequence_id} if sequence_id else {}
        answer = await self._write("POST", "/v3/contacts/import", body)
        self.contacts += [row["id"] for row in answer.get("items", ()) if row["id"]]

    async def _write(self, method: str, path: str, body: Json = None) -> Json:
        status, content = await self.send(method, path, body)
        assert status != 500, (method, path, content)
        return content


def people(prefix: str, number: int) -> Json:
    """Return the body of an import of new people."""
    items = [
        {"firstName": f"Person {n}", "email": f"{prefix}.{n}@example.com"} for n in range(number)
    ]
    return {"items": items}
