"""The key's user and the team."""

from __future__ import annotations

from typing import Any

from reply_async.emulator.operations.registry import Call, operation
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
