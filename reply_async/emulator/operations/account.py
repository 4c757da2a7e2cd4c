"""The user, the team, custom fields, schedules and background jobs."""

from __future__ import annotations

from typing import Any

from reply_async.emulator.operations.registry import Call, operation
from reply_async.emulator.problems import refusal
from reply_async.emulator.state import TEAM_ID, USER_ID

Json = dict[str, Any]


@operation
def get_whoami(call: Call) -> Json:
    """Tell who the key acts for."""
    name = call.state.team_users[0]["userName"]
    return {"userId": USER_ID, "username": name, "teamId": TEAM_ID}


@operation
def list_team_users(call: Call) -> list[Json]:
    """List the users of the team."""
    return call.state.team_users


@operation
def list_custom_fields(call: Call) -> list[Json]:
    """List the custom fields of contacts."""
    return list(call.state.custom_fields.values())


@operation
def create_custom_field(call: Call) -> Json:
    """Define one more custom field; titles differ in more than case."""
    title = call.body["title"]
    taken = {entry["title"].casefold() for entry in call.state.custom_fields.values()}
    if title.casefold() in taken:
        detail = f"Custom field with title '{title}' already exists."
        raise refusal(409, "customField.duplicateName", detail)
    call.ledger.note("custom_field_created")
    entry = call.state.add_custom_field(
        title, call.body["fieldType"], org_wide=call.body.get("orgWide", False)
    )
    entry["metadata"] = call.body.get("metadata")
    return entry


@operation
def list_schedules(call: Call) -> list[Json]:
    """List the sending schedules."""
    return list(call.state.schedules.values())


@operation
def get_background_job(call: Call) -> Json:
    """Refuse: nothing that is served so far starts a job."""
    job_id = call.path["jobId"]
    raise refusal(404, "backgroundJob.notFound", f"Background job {job_id} is not found.")
