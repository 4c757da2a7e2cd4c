"""From the bytes of an answer to typed objects, beside ``json.loads`` alone and the peers.

The peers do what they do best: pydantic v2 and msgspec parse the JSON themselves, into
unfrozen classes of the same members. Ours are strict, frozen and keep unknown members of
steps, and an error names its place.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.peers import LOADS
from reply_async.converter import decode
from reply_async.models.sequence_contacts import SequenceContact
from reply_async.models.sequences import Sequence
from reply_async.pagination import decode_page

Loads = Callable[[bytes], object]

PERSON: dict[str, Any] = {
    "contactId": 12345,
    "sequenceId": 100,
    "email": "john.doe@company.com",
    "firstName": "John",
    "lastName": "Doe",
    "company": "Tech Solutions Inc",
    "title": "Senior Product Manager",
    "statusInSequence": "active",
    "isOptedOut": False,
    "callStatus": "none",
    "meetingStatus": "none",
    "emailDisposition": {"isReplied": False, "isBounced": False},
    "currentStep": {"stepId": 5421, "displayName": "2"},
    "addingDate": "2026-03-08T10:00:00+00:00",
    "emailAccountId": 101,
    "linkedInAccountId": None,
}
EMAIL: dict[str, Any] = {
    "type": "email",
    "delayInMinutes": 0,
    "executionMode": "automatic",
    "variants": [{"id": 1, "subject": "Hello", "message": "<p>Hi</p>", "hasAttachments": False}],
}
MESSAGE: dict[str, Any] = {
    "type": "linkedIn",
    "actionType": "message",
    "delayInMinutes": 1440,
    "executionMode": "automatic",
    "variants": [{"id": 2, "message": "Hi {{firstName}}", "isEnabled": True}],
}
CALL: dict[str, Any] = {"type": "call", "delayInMinutes": 1440, "message": "Ask about Q4"}
TASK: dict[str, Any] = {
    "type": "task",
    "actionType": "toDo",
    "delayInMinutes": 0,
    "description": "Research the account",
}
CONDITION: dict[str, Any] = {
    "type": "condition",
    "delayInMinutes": 0,
    "waitInMinutes": 1440,
    "conditions": [{"property": "stage", "rules": [{"operator": "is", "value": "Interested"}]}],
}
MIXED = [EMAIL, MESSAGE, CALL, EMAIL, TASK, MESSAGE, EMAIL, CALL, TASK, CONDITION]
SEQUENCE: dict[str, Any] = {
    "id": 123,
    "ownerUserId": 42,
    "name": "Sales Outreach 2026",
    "created": "2026-03-08T14:30:00+00:00",
    "status": "active",
    "isArchived": False,
    "health": "healthy",
    "scheduleId": 1,
    "emailAccounts": [{"id": 1, "email": "sales@company.com"}],
    "linkedInAccounts": [{"id": 42, "name": "John Doe", "profileUrl": None, "status": "enabled"}],
    "settings": {
        "emailsCountPerDay": 50,
        "daysToFinishProspect": 14,
        "emailSendingDelaySeconds": 30,
        "dailyThrottling": 200,
        "disableOpensTracking": False,
        "repliesHandlingType": "markAsFinished",
        "enableLinksTracking": True,
    },
    "steps": [
        {**step, "id": 900 + n, "parentId": 899 + n if n else None, "ifConditionPositive": None}
        for n, step in enumerate(MIXED)
    ],
}


def compare(title: str, body: bytes, loads: Mapping[str, Loads], rounds: int, calls: int) -> str:
    """Time each way in turns and return the table of medians and ratios."""
    taken: dict[str, list[float]] = {name: [] for name in loads}
    for _ in range(rounds):
        for name, load in loads.items():
            started = time.process_time()
            for _ in range(calls):
                load(body)
            taken[name].append((time.process_time() - started) / calls)
    base = statistics.median(taken["json.loads alone"])
    lines = [title, f"{'':32}{'CPU us':>10}{'spread':>10}{'ratio':>8}"]
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        spread = (max(seconds) - min(seconds)) / median
        lines.append(f"{name:32}{median * 1e6:10.1f}{spread:10.0%}{median / base:8.2f}")
    return "\n".join(lines)


def conversion(rounds: int) -> str:
    """Return both tables, and where the time of a page goes."""
    page = json.dumps({"items": [PERSON] * 1000, "hasMore": True}).encode()
    sequence = json.dumps(SEQUENCE).encode()
    parsed = json.loads(page)
    tables = [
        compare(
            "A page of 1,000 contacts in a sequence",
            page,
            {
                "json.loads alone": json.loads,
                "reply_async, after json.loads": lambda _: decode_page(parsed, SequenceContact),
                "reply_async": lambda body: decode_page(json.loads(body), SequenceContact),
                **LOADS["page"],
            },
            rounds * 3,
            3,
        ),
        compare(
            "A sequence of ten mixed steps",
            sequence,
            {
                "json.loads alone": json.loads,
                "reply_async": lambda body: decode(json.loads(body), Sequence),
                **LOADS["sequence"],
            },
            rounds * 3,
            300,
        ),
    ]
    return "\n\n".join(tables)
