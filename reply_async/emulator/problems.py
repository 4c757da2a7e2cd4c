"""Refusals: what a handler raises and the problem document it becomes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from attrs import frozen


class Problem(Exception):
    """An answer that is not a success, with its documented body."""

    def __init__(
        self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status, body)
        self.status, self.body, self.headers = status, body, headers or {}


@frozen
class Fault:
    """One faulty place of a request: a pointer and what is wrong with it."""

    pointer: str
    detail: str


def bare(
    status: int,
    detail: str | None = None,
    *,
    title: str | None = None,
    headers: dict[str, str] | None = None,
) -> Problem:
    """Return a problem that has neither a code nor a list of faults."""
    body: dict[str, Any] = {"title": title or HTTPStatus(status).phrase, "status": status}
    if detail is not None:
        body["detail"] = detail
    return Problem(status, body, headers)


def refusal(status: int, code: str, detail: str) -> Problem:
    """Return a business problem: stable code, text for people."""
    problem = bare(status, detail)
    problem.body["code"] = code
    return problem


def invalid(
    *faults: Fault, detail: str = "The request body contains validation errors."
) -> Problem:
    """Return a validation problem that names every faulty place."""
    errors = [{"pointer": fault.pointer, "detail": fault.detail} for fault in faults]
    body = {
        "errors": errors,
        "title": "Validation failed",
        "status": 400,
        "detail": detail,
        "extensions": {},
    }
    return Problem(400, body)


def unauthorized() -> Problem:
    """Return the answer to a missing or unknown key."""
    detail = "Authentication credentials are missing or invalid."
    return bare(401, detail, headers={"WWW-Authenticate": "Bearer"})


def scope_missing(scope: str, form: str) -> Problem:
    """Return the answer to a key that lacks a scope, in one of the three reported forms."""
    detail = f"This API key does not have the required scope: {scope}."
    forms: dict[str, dict[str, Any]] = {
        "reasons": {"reasons": []},
        "detail": {"type": "https://docs.reply.io/api-reference/authentication", "detail": detail},
        "coded": {"detail": detail, "code": "insufficient_scope"},
    }
    return Problem(403, {"status": 403, "title": "Forbidden", **forms[form]})


_ACTOR_DETAILS = {
    "USER_REQUIRED": "Name the user to act as: X-User-Id, or X-User-Email with X-Team-Id.",
    "USER_NOT_FOUND": "There is no such user.",
    "TEAM_REQUIRED": "Name the team of the user: X-Team-Id.",
    "TEAM_NOT_ACCESSIBLE": "The key may not act in this team.",
}


def actor_problem(status: int, code: str, teams: dict[int, str] | None = None) -> Problem:
    """Return the answer where it is not settled who acts; `teams` are those to choose from."""
    problem = refusal(status, code, _ACTOR_DETAILS[code])
    if teams is not None:
        problem.body["teams"] = [
            {"teamId": team_id, "teamName": name} for team_id, name in teams.items()
        ]
    if status == HTTPStatus.UNAUTHORIZED:
        problem.headers["WWW-Authenticate"] = "Bearer"
    return problem
