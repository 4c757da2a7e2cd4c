"""The key's user and the team."""

from __future__ import annotations

from typing import Any

from reply_async.emulator.operations.registry import Call, operation

Json = dict[str, Any]


@operation
def get_whoami(call: Call) -> Json:
    """Tell who the key acts for."""
    user = call.user
    return {"userId": user["userId"], "username": user["userName"], "teamId": user["teamId"]}


@operation
def list_team_users(call: Call) -> list[Json]:
    """List the users of the team."""
    return call.state.team_users
