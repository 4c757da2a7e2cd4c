"""Leads generated requests to what exists, where their values are valid anyway.

The choice follows from the request itself, so that the same request is always led to
the same place: hypothesis repeats requests and expects the same answers.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

from attrs import define
from conformance.schemathesis_account import Account, Row
from schemathesis import Case
from schemathesis.core import NotSet
from schemathesis.core.parameters import ParameterLocation

Json = Any

LEFT_ALONE = 4  # one request in four keeps its random ids: the way of a missing thing
MOST_ITEMS = 3
SPECIAL = ("pending", "unarchive")


@define
class Steering:
    """Puts ids of an account into requests."""

    account: Account

    def lead(self, case: Case[Any]) -> None:
        """Replace the ids in the valid parts of a request, in three of four."""
        body = "" if isinstance(case.body, NotSet) else repr(case.body)  # no memory addresses
        text = f"{case.path}{case.path_parameters}{case.query}{body}"
        number = crc32(text.encode("utf-8", "surrogatepass"))
        if number % LEFT_ALONE == 0:
            return
        number //= LEFT_ALONE
        rows = self.account.rows.get(_group(case.path), [])
        row = rows[number % len(rows)] if rows else {}
        if case.path_parameters and _is_valid(case, ParameterLocation.PATH):
            case.path_parameters = _known(case.path_parameters, row)
        if case.query and _is_valid(case, ParameterLocation.QUERY):
            case.query = _known(case.query, row)
        is_json = case.media_type == "application/json" and isinstance(case.body, dict | list)
        if is_json and _is_valid(case, ParameterLocation.BODY):
            case.body = self._placed(case.body, self._members(case.path, row), number)

    def _members(self, path: str, row: Row) -> dict[str, list[Any]]:
        """Return the values that members of the body may take, by their names."""
        members = dict(self.account.members)
        for name, value in row.items():
            if name != "id" and name not in members:
                members[name] = value if isinstance(value, list) else [value]
        if path.endswith("/contact-links/bulk-delete"):
            members["contactIds"] = row["contactIds"]
        if "/variants" in path:
            members["ids"] = row["variantIds"]
        elif "/steps" in path:
            members["ids"] = row["steps"]
        else:
            rows = self.account.rows.get(_group(path), [])
            members["ids"] = [entry["id"] for entry in rows if "id" in entry]
        return members

    def _placed(self, node: Json, members: dict[str, list[Any]], number: int) -> Json:
        if isinstance(node, list):
            return [
                self._placed(entry, members, number + place) for place, entry in enumerate(node)
            ]
        if not isinstance(node, dict):
            return node
        placed = {}
        for name, value in node.items():
            known = members.get(name, [])
            if isinstance(value, list) and known and not isinstance(value[:1], dict):
                unique = list(dict.fromkeys(known))
                placed[name] = (
                    unique[: 1 + number % min(MOST_ITEMS, len(unique))] if value else value
                )
            elif isinstance(value, int | str) and not isinstance(value, bool) and known:
                placed[name] = known[number % len(known)]
            else:
                placed[name] = self._placed(value, members, number)
        return placed


def _known(values: dict[str, Any], row: Row) -> dict[str, Any]:
    return {name: row.get(name, value) for name, value in values.items()}


def _group(path: str) -> str:
    """Return which rows fit a path: those of its first segment, or of a special one."""
    segments = path.split("/")
    return next((name for name in SPECIAL if name in segments), segments[2])


def _is_valid(case: Case[Any], place: ParameterLocation) -> bool:
    component = case.meta.components.get(place) if case.meta else None
    return component is not None and component.mode.is_positive
