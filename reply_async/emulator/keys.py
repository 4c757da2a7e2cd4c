"""Keys of the emulator: their kinds, their scopes, and whom they act for.

A personal key acts as its user. A team key acts as the workspace's owner, or as
the user that a header names; a key of the organization always needs a name.
Nothing here counts or logs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from reply_async.emulator.problems import actor_problem

Json = dict[str, Any]

PREFIX = "emu_"
KINDS = ("personal", "team", "organization")
DOMAINS = {
    *("settings", "contacts", "sequences", "channels", "inbox", "tasks", "reporting"),
    *("webhooks", "ai-sdr", "other"),
}
VERBS = ("read", "write", "operate")


@frozen
class Key:
    """One key. `user_id` is whom it acts as by itself; no scopes means all of them."""

    text: str = field(repr=False)
    user_id: int
    kind: str = "personal"
    scopes: frozenset[str] | None = None

    def allows(self, scope: str | None) -> bool:
        """Tell whether the key may do what needs a scope; None and `none` need nothing."""
        if self.scopes is None or scope in {None, "none"}:
            return True
        domain, verb = str(scope).split(":")
        enough = {f"{domain}:{verb}", f"{domain}:*", "*:*"}
        if verb == "read":  # writing and operating include it, though not each other
            enough |= {f"{domain}:write", f"{domain}:operate"}
        return not enough.isdisjoint(self.scopes)

    def acting_user(self, headers: Mapping[str, str], users: Iterable[Json]) -> Json:
        """Return the team user that a request acts as; a Problem if that is not settled.

        ``users`` are the rows of `list_team_users`.
        """
        if self.kind == "personal":
            return _user(users, "userId", str(self.user_id))
        users = list(users)
        teams = {user["teamId"]: user["teamName"] for user in users}
        user_id, email = headers.get("X-User-Id"), headers.get("X-User-Email")
        team_id = headers.get("X-Team-Id")
        if self.kind == "organization" and user_id is None:
            if email is None:
                raise actor_problem(403, "USER_REQUIRED")
            if team_id is None:
                raise actor_problem(403, "TEAM_REQUIRED", teams)
        if team_id is not None:
            users = [user for user in users if str(user["teamId"]) == team_id.strip()]
            if not users:
                raise actor_problem(403, "TEAM_NOT_ACCESSIBLE", teams)
        if user_id is not None:
            return _user(users, "userId", user_id)
        if email is not None:
            return _user(users, "userEmail", email)
        return _user(users, "userId", str(self.user_id))


def make_key(key: str, user_id: int, kind: str, scopes: Iterable[str] | None) -> Key:
    """Return a key; ValueError for what the API does not know."""
    if type(user_id) is not int:
        raise ValueError(f"user_id is a whole number, not {user_id!r}")
    if kind not in KINDS:
        raise ValueError(f"no kind of key {kind!r}; there are {', '.join(KINDS)}")
    return Key(check_key(key), user_id, kind, None if scopes is None else _scopes(scopes))


def check_key(text: object) -> str:
    """Return a key that is fit for an emulator; ValueError otherwise.

    The prefix keeps real keys out of tests and these keys away from the
    real service.
    """
    if not (isinstance(text, str) and text.startswith(PREFIX) and text != PREFIX):
        raise ValueError(f"a key must start with {PREFIX} and be printable ASCII")
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ValueError("a key must be printable ASCII without spaces")
    return text


def _scopes(scopes: object) -> frozenset[str]:
    listed = [scopes] if isinstance(scopes, str) else scopes
    if isinstance(listed, Mapping) or not isinstance(listed, Iterable):
        raise ValueError(f"scopes are a list of texts such as contacts:read, not {scopes!r}")  # noqa: TRY004 - one kind of error for callers
    listed = list(listed)
    if unknown := [str(scope) for scope in listed if not _is_scope(scope)]:
        raise ValueError(f"no scopes: {', '.join(unknown)}; write domain:verb, domain:*, *:*")
    return frozenset(listed)


def _is_scope(scope: object) -> bool:
    if not isinstance(scope, str):
        return False
    domain, _, verb = scope.partition(":")
    return scope == "*:*" or (domain in DOMAINS and verb in {*VERBS, "*"})


def _user(users: Iterable[Json], member: str, wanted: str) -> Json:
    wanted = wanted.strip().casefold()
    for user in users:
        if str(user[member]).casefold() == wanted:
            return user
    raise actor_problem(401, "USER_NOT_FOUND")
