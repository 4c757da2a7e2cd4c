"""An account to look at: sequences at work, some of the budget spent, what a page shows."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import aiohttp
from emulator.client import email

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

DAY = 86_400
LINKEDIN = {
    "type": "linkedIn",
    "actionType": "connect",
    "delayInMinutes": 1440,
    "executionMode": "automatic",
    "variants": [{"message": "Hello", "isEnabled": True}],
}
FOLLOW_UP = email("One more thought", delay=2880)
SEQUENCES = (
    ("Founders, third quarter", [email(variants=2), FOLLOW_UP, FOLLOW_UP], 240, "start"),
    ("Heads of sales, DACH", [email(), LINKEDIN, FOLLOW_UP], 130, "start"),
    ("Webinar no-shows", [email("You missed it")], 60, "pause"),
    ("Agencies, first try", [email(), FOLLOW_UP], 0, ""),
)
READS = (
    "/v3/sequences?top=50",
    "/v3/sequences/1001",
    "/v3/sequences/1002/contacts?top=100",
    "/v3/sequences/1001/contacts/state?top=100",
    "/v3/email-accounts",
    "/v3/contacts?top=100&skip=300",
    "/v3/whoami",
)
PEOPLE = ("Ada Lovelace", "Grace Hopper", "Alan Kay", "Edith Clarke", "Karl Branting")


async def fill(emulator: Emulator, api: Api) -> None:
    """Let some days of outreach pass, and end amid an import."""
    for name, steps, people, action in SEQUENCES:
        made = await api.sequence(*steps, name=name)
        if people:
            await api.enrol(made["id"], await _contacts(api, name, people))
        if action:
            await api.ok("POST", f"/v3/sequences/{made['id']}/start")
    emulator.advance(4 * DAY)
    await api.ok("POST", "/v3/sequences/1003/pause")
    for number in range(9):
        for path in READS[number % 2 :]:
            await api.ok("GET", path)
    faults = emulator.faults
    faults.on("POST", "/v3/contacts/import").nth(1).after_apply(reset=True)
    faults.on("GET", "/v3/email-accounts").probability(0.05).before_apply(status=503)
    faults.on(route="/v3/sequences/1002").before_apply(hang=30)
    await api("GET", "/v3/sequences/4711")
    with suppress(aiohttp.ClientError):
        await _contacts(api, "Import", 5)
    await api("POST", "/v3/sequences", {"name": ""})
    await _contacts(api, "Import", 5)


async def _contacts(api: Api, name: str, number: int) -> list[int]:
    """Import people that belong together and return their ids."""
    domain = re.findall(r"\w+", name)[0].lower()
    items = []
    for n in range(number):
        first, last = PEOPLE[n % len(PEOPLE)].split()
        address = f"{first}.{last}{n // len(PEOPLE) or ''}@{domain}.example".lower()
        items.append({"email": address, "firstName": first, "lastName": last})
    answer = await api.ok("POST", "/v3/contacts/import", {"items": items})
    return [row["id"] for row in answer["items"]]
