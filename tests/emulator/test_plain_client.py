"""The emulator is for any HTTP client: one of the standard library, and no SDK."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest
from emulator.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[..., tuple[int, Any]]

STEP = {
    "type": "email",
    "delayInMinutes": 0,
    "executionMode": "automatic",
    "variants": [{"subject": "Hello {{firstName}}", "message": "<p>A question</p>"}],
}


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Give a function that sends one request over a kept connection."""
    program = Program("--key", "emu_plain")
    connection = http.client.HTTPConnection(program.url.removeprefix("http://"))

    def send(method: str, path: str, body: object = None) -> tuple[int, Any]:
        headers = {"Authorization": "Bearer emu_plain", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    yield send
    connection.close()
    program.kill()


def test_a_story_without_the_sdk(ask: Ask) -> None:
    """Create, import, enrol, start, let days pass, and read what came of it."""
    status, sequence = ask(
        "POST", "/v3/sequences", {"name": "Plain", "emailAccounts": [101], "steps": [STEP]}
    )
    assert (201, "new") == (status, sequence["status"])
    rows = [{"firstName": f"P{number}", "email": f"p{number}@example.com"} for number in range(40)]
    status, imported = ask("POST", "/v3/contacts/import", {"items": rows})
    assert (200, 40) == (status, imported["added"])
    path = f"/v3/sequences/{sequence['id']}"
    ids = [row["id"] for row in imported["items"]]
    assert 200 == ask("POST", f"{path}/contact-links/bulk", {"contactIds": ids})[0]
    assert 200 == ask("POST", f"{path}/start", {})[0]
    status, clock = ask("GET", "/_emulator/clock")
    status, moved = ask("POST", "/_emulator/clock", {"advance": "7d"})
    assert 200 == status
    assert moved["seconds"] >= clock["seconds"] + 7 * 86_400
    status, stats = ask("POST", f"{path}/stats", {})
    assert 200 == status
    assert "emailOverview" in stats, stats
    status, problem = ask("GET", "/v3/sequences/9")
    assert (404, 404) == (status, problem["status"])
    assert ask("GET", "/_emulator/ledger")[1]["counts"]["message_sent"] == 40
