"""An account with one of everything, and the ids under which it is found.

Random ids lead nowhere, hence a run that knows none would see little but 404. The
account is built through the API; its clock stands at a working Monday before noon.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen
from emulator.client import Api, email

from reply_async.emulator import Emulator

Json = Any
Row = Mapping[str, Any]

HOURS_OF_OUTREACH = 2.5  # a background job is still running then
CONDITION: Json = {
    "type": "condition",
    "delayInMinutes": 0,
    "waitInMinutes": 60,
    "conditions": [{"property": "stage", "rules": [{"operator": "is", "value": "Interested"}]}],
}
CALL: Json = {"type": "call", "delayInMinutes": 60}
SCHEDULE: Json = {
    "name": "Mornings",
    "timezoneId": "UTC",
    "mainTimings": [
        {
            "weekDay": "Monday",
            "isActive": True,
            "timeRanges": [
                {"fromTime": {"hour": 9, "minute": 0}, "toTime": {"hour": 11, "minute": 0}}
            ],
        }
    ],
}
REST: Json = {"name": "Rest", "startDate": "2027-05-01", "endDate": "2027-05-02"}
CALENDAR: Json = {"name": "Holidays", "holidays": [REST]}


@frozen
class Account:
    """What exists: values of path parameters by group of paths, values of body members.

    The rows of a group belong together, as a sequence, one of its steps and a variant
    of that step do; their names may be members of bodies as well.
    """

    rows: dict[str, list[Row]] = field(factory=dict)
    members: dict[str, list[Any]] = field(factory=dict)


async def furnish(emulator: Emulator, api: Api, target: str) -> Account:
    """Build the account and return what is in it; webhooks go to `target`."""
    account = Account()
    people = await api.contacts(12, lastName="Doe", company="Acme", title="Founder")
    people += await _with_profiles(api)
    await _add_sequences(account, api, people)
    emulator.advance(HOURS_OF_OUTREACH * 3600)
    await _add_folders_and_templates(account, api)
    await _add_lists(account, api, people)
    await _add_schedules(account, api)
    await _add_email_templates(account, api)
    await _add_senders(account, api)
    await _add_the_rest(account, api, target)
    account.rows["contacts"] = [{"id": contact_id} for contact_id in people]
    account.members["userId"] = account.members["ownerUserId"] = [501, 502]
    account.members["ownerUserIds"] = account.members["userIds"] = [501, 502]
    account.members["contactId"] = account.members["contactIds"] = people
    account.members["email"] = [f"person{number}@example.com" for number in range(12)]
    return account


async def _with_profiles(api: Api) -> list[int]:
    """Add people who can be reached on LinkedIn as well."""
    url = "https://www.linkedin.com/in/p{}"
    items = [
        {"email": f"p{n}@example.com", "firstName": "Kim", "linkedInUrl": url.format(n)}
        for n in range(4)
    ]
    answer = await api.ok("POST", "/v3/contacts/import", {"items": items})
    return [row["id"] for row in answer["items"]]


async def _add_sequences(account: Account, api: Api, people: list[int]) -> None:
    """Add an active, a new, a paused and an archived sequence."""
    rows = account.rows["sequences"] = []
    for number, calls in enumerate((("start",), (), ("start", "pause"), ("archive",))):
        steps = [email(variants=3), CALL, email(None, delay=60, variants=2)]
        steps = [*steps, CONDITION] if number == 1 else steps
        made = await api.sequence(*steps, linkedInAccounts=[41], name=f"Founders {number}")
        enrolled = people[number : number + 9]
        await api.enrol(made["id"], enrolled)
        for call in calls:
            await api.ok("POST", f"/v3/sequences/{made['id']}/{call}")
        rows += [_sequence_row(made, step, enrolled) for step in made["steps"]]
    account.rows["unarchive"] = rows[-1:]
    account.members["sequenceId"] = sorted({row["id"] for row in rows})
    account.members["sequenceIds"] = account.members["sequenceId"]


def _sequence_row(made: Json, step: Json, enrolled: list[int]) -> Row:
    variants = [variant["id"] for variant in step.get("variants") or ()] or [1]
    steps = [entry["id"] for entry in made["steps"]]
    return {
        "id": made["id"],
        "sequence_id": made["id"],
        "sequenceId": made["id"],
        "step_id": step["id"],
        "startStepId": step["id"],
        "sequenceStepId": step["id"],
        "parentId": steps[-1],
        "variant_id": variants[0],
        "variantIds": variants,
        "contact_id": enrolled[0],
        "contactIds": enrolled,
        "email_account_id": 101,
        "linkedInAccountId": 41,
        "steps": steps,
    }


async def _add_folders_and_templates(account: Account, api: Api) -> None:
    rows = account.rows["sequences"]
    folder = await api.ok("POST", "/v3/sequence-folders", {"name": "Sales"})
    path = f"/v3/sequence-folders/{folder['id']}/sequence-links/bulk"
    await api.ok("POST", path, {"sequenceIds": [rows[0]["id"]]})
    path = f"/v3/sequences/{rows[0]['id']}/save-as-template"
    template = await api.ok("POST", path, {"name": "Founders"})
    account.rows["sequence-folders"] = [{"id": folder["id"]}]
    account.rows["sequence-templates"] = [{"id": template["id"]}]
    account.members["sequenceFolderId"] = [folder["id"]]
    account.members["templateId"] = [template["id"]]


async def _add_lists(account: Account, api: Api, people: list[int]) -> None:
    lists = [await api.ok("POST", "/v3/contact-lists", {"name": name}) for name in ("Expo", "Fair")]
    ids = [entry["id"] for entry in lists]
    await api.ok("POST", f"/v3/contact-lists/{ids[0]}/add-contacts", {"contactIds": people})
    await api.ok("POST", f"/v3/contact-lists/{ids[1]}/share")
    account.rows["contact-lists"] = [{"id": list_id} for list_id in ids]
    account.members["listId"] = account.members["listIds"] = ids


async def _add_schedules(account: Account, api: Api) -> None:
    await api.ok("POST", "/v3/schedules", SCHEDULE)
    linked = await api.ok("POST", "/v3/holiday-calendars", CALENDAR)
    free = await api.ok("POST", "/v3/holiday-calendars", {**CALENDAR, "name": "Summer"})
    listed = await api.ok("GET", "/v3/schedules")
    for entry in listed:  # so that most requests to unlink find something
        path = f"/v3/schedules/{entry['id']}/holiday-calendar-links"
        await api.ok("POST", path, {"calendarId": linked["id"]})
    account.rows["schedules"] = [
        {"id": entry["id"], "calendarId": linked["id"]} for entry in listed
    ]
    account.rows["holiday-calendars"] = [{"id": linked["id"]}, {"id": free["id"]}]
    account.members["scheduleId"] = [entry["id"] for entry in listed]
    account.members["calendarId"] = [linked["id"], free["id"]]


async def _add_email_templates(account: Account, api: Api) -> None:
    body = {"name": "Clients", "folderType": "personal"}
    folder = await api.ok("POST", "/v3/email-template-folders", body)
    _, file = await api.upload("/v3/email-template-attachments", b"0123456789")
    body = {"name": "Welcome", "subject": "Hi {{firstName}}", "body": "<p>Hi</p>"}
    made = await api.ok("POST", "/v3/email-templates", {**body, "folderType": "personal"})
    account.rows["email-templates"] = [{"id": made["id"]}]
    account.rows["email-template-folders"] = [{"id": folder["id"], "folder_type": "personal"}]
    account.members["folderId"] = [folder["id"]]
    account.members["attachmentIds"] = [file["id"]]


async def _add_senders(account: Account, api: Api) -> None:
    path = "/v3/linkedin-accounts/connection-link"
    await api.ok("POST", path, {"name": "Kim"})
    pending = await api.ok("GET", "/v3/linkedin-accounts/pending")
    account.rows["email-accounts"] = [{"id": number, "tagId": 1} for number in (101, 102, 103)]
    account.rows["linkedin-accounts"] = [{"id": 41}, {"id": 42}]
    account.rows["pending"] = [{"id": entry["id"]} for entry in pending]
    account.members["emailAccountId"] = [101, 102, 103]
    account.members["emailAccountIds"] = account.members["emailAccounts"] = [101, 102]
    account.members["linkedInAccountId"] = account.members["linkedInAccounts"] = [41, 42]


async def _add_the_rest(account: Account, api: Api, target: str) -> None:
    """Add webhooks; custom fields and jobs are there from the start."""
    body = {"eventType": "email_replied", "url": target}
    hooks = [await api.ok("POST", "/v3/webhooks", body) for _ in range(2)]
    await api.ok("POST", f"/v3/webhooks/{hooks[1]['id']}/disable")
    fields = await api.ok("GET", "/v3/custom-fields")
    jobs = await api.ok("GET", "/v3/background-jobs")
    account.rows["webhooks"] = [{"id": hook["id"]} for hook in hooks]
    account.rows["custom-fields"] = [{"id": entry["id"]} for entry in fields]
    account.rows["background-jobs"] = [{"jobId": job["jobId"]} for job in jobs["items"]]
    account.members["customFieldIds"] = [entry["id"] for entry in fields]
