"""Variants that take or refuse what others do not, or do something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.client import email

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

Json = Any
REFUSED, TAKEN = 400, 200
SETTINGS: Json = {
    "emailsCountPerDay": 100,
    "daysToFinishProspect": 7,
    "emailSendingDelaySeconds": 55,
    "dailyThrottling": 50,
    "disableOpensTracking": False,
    "repliesHandlingType": "markAsFinished",
    "enableLinksTracking": True,
}
SEQUENCE = {"name": "Founders", "steps": [email()]}

# Entry and variant; the call and its body; the place that is refused, None if none is.
BODIES: list[tuple[str, str, str, Json, str | None]] = [
    ("bulk_sequence_max", "max_1000", "POST /v3/sequences/start", {"ids": [*range(1, 102)]}, None),
    ("bulk_sequence_max", "max_100", "POST /v3/sequences/start", {"ids": [*range(1, 101)]}, None),
    *(
        ("bulk_sequence_max", "max_100", f"POST /v3/sequences/{action}", body, "/ids")
        for action in ("start", "pause", "archive", "unarchive", "bulk-delete", "batch/owner")
        for body in [{"ids": [*range(1, 102)], "userId": 502}]
    ),
    ("create_contact_first_name", "optional", "POST /v3/contacts", {"email": "a@b.example"}, None),
    (
        "create_contact_first_name",
        "required",
        "POST /v3/contacts",
        {"email": "a@b.example"},
        "/firstName",
    ),
    ("steps_required_on_create", "required", "POST /v3/sequences", {"name": "F"}, "/steps"),
    ("steps_required_on_create", "optional", "POST /v3/sequences", {"name": "F"}, None),
    (
        "settings_on_create",
        "seven_required",
        "POST /v3/sequences",
        {**SEQUENCE, "settings": {"dailyThrottling": 5}},
        "/settings/emailsCountPerDay",
    ),
    (
        "settings_on_create",
        "partial",
        "POST /v3/sequences",
        {**SEQUENCE, "settings": {"dailyThrottling": 5}},
        None,
    ),
    *(
        ("company_size_write", variant, call, body, place)
        for variant, place in (("pascal", "{}companySize"), ("either", None))
        for call, where, members in (
            ("POST /v3/contacts", "/", {"email": "a@b.example", "companySize": "fifty"}),
            ("PATCH /v3/contacts/{contact}", "/", {"companySize": "fifty"}),
        )
        for body, place in [(members, place and place.format(where))]
    ),
]


@pytest.mark.parametrize(
    ("entry", "variant", "call", "body", "place"),
    BODIES,
    ids=[f"{entry}-{variant}-{number}" for number, (entry, variant, *_) in enumerate(BODIES)],
)
async def test_what_a_body_must_have(
    api: Api,
    emulator: Emulator,
    entry: str,
    variant: str,
    call: str,
    body: Json,
    place: str | None,
) -> None:
    """A dialect asks for more or for less than another; the refusal names the place."""
    emulator.dialects = {entry: variant}
    (contact_id,) = await api.contacts(1)
    method, path = call.format(contact=contact_id).split()
    status, answer = await api(method, path, body)
    assert (REFUSED if place else TAKEN) == status // 100 * 100, answer
    if place:
        assert place in {error["pointer"] for error in answer["errors"]}


async def test_bulk_sequence_max_says_what_it_allows(api: Api, emulator: Emulator) -> None:
    """The documented text is true in the one dialect."""
    emulator.dialects = {"bulk_sequence_max": "max_100"}
    body = (await api("POST", "/v3/sequences/start", {"ids": [*range(1, 102)]}))[1]
    assert "'ids' must contain between 1 and 100 items." == body["errors"][0]["detail"]


@pytest.mark.parametrize("variant", ["merge", "full_required"])
async def test_settings_partial_on_patch(api: Api, emulator: Emulator, variant: str) -> None:
    """Part of the settings is merged, or refused with what is missing."""
    sequence = await api.sequence()
    emulator.dialects = {"settings_partial_on_patch": variant}
    path = f"/v3/sequences/{sequence['id']}"
    status, body = await api("PATCH", path, {"settings": {"dailyThrottling": 5}})
    if variant == "full_required":
        assert REFUSED == status
        missing = {f"/settings/{name}" for name in SETTINGS if name != "dailyThrottling"}
        assert missing == {error["pointer"] for error in body["errors"]}
        body = await api.ok("PATCH", path, {"settings": {**SETTINGS, "dailyThrottling": 5}})
    assert 5 == body["settings"]["dailyThrottling"]


@pytest.mark.parametrize("variant", ["clears", "refused"])
async def test_replace_senders_empty(api: Api, emulator: Emulator, variant: str) -> None:
    """No mailbox at all may be refused."""
    sequence = await api.sequence()
    emulator.dialects = {"replace_senders_empty": variant}
    path = f"/v3/sequences/{sequence['id']}/email-account-links"
    status, body = await api("PUT", path, {"emailAccountIds": []})
    left = await api.ok("GET", f"/v3/sequences/{sequence['id']}")
    if variant == "clears":
        assert (204, []) == (status, left["emailAccounts"])
    else:
        assert (REFUSED, 1) == (status, len(left["emailAccounts"]))
        assert "'EmailAccountIds' must not be empty." == body["errors"][0]["detail"]


@pytest.mark.parametrize("variant", ["added", "refused"])
async def test_step_update_variant_id(api: Api, emulator: Emulator, variant: str) -> None:
    """A variant without an id is a new one, or refused."""
    sequence = await api.sequence()
    emulator.dialects = {"step_update_variant_id": variant}
    (step,) = sequence["steps"]
    path = f"/v3/sequences/{sequence['id']}/steps/{step['id']}"
    status, body = await api("PUT", path, email("New"))
    if variant == "added":
        assert (TAKEN, "New") == (status, body["variants"][0]["subject"])
    else:
        fault = {"pointer": "/variants/0/id", "detail": "'id' is required."}
        assert (REFUSED, [fault]) == (status, body["errors"])


@pytest.mark.parametrize("variant", ["whole_400", "row_failed"])
async def test_import_bad_email(api: Api, emulator: Emulator, variant: str) -> None:
    """One bad address refuses the whole call, or its own row."""
    emulator.dialects = {"import_bad_email": variant}
    rows = [{"email": address, "firstName": "A"} for address in ("a@b.example", "no address")]
    status, body = await api("POST", "/v3/contacts/import", {"items": rows})
    if variant == "whole_400":
        assert (REFUSED, "/items/1/email") == (status, body["errors"][0]["pointer"])
        assert not emulator.state.contacts
    else:
        assert ["created", "failed"] == [row["status"] for row in body["items"]]
        assert "Invalid data" == body["items"][1]["error"]


async def test_import_mode_sync_200(api: Api, emulator: Emulator) -> None:
    """By default any number of rows is answered at once."""
    emulator.dialects = {"import_mode": "sync_200"}
    assert 1_000 == len(await api.contacts(1_000))


async def test_import_mode_async_202(api: Api, emulator: Emulator) -> None:
    """More than 200 rows become a job that ends by the clock and tells no rows."""
    emulator.dialects = {"import_mode": "async_202"}
    assert 200 == len(await api.contacts(200))
    rows = [{"email": f"new{n}@example.com", "firstName": "N"} for n in range(201)]
    status, accepted = await api("POST", "/v3/contacts/import", {"items": rows})
    assert 202 == status
    path = api.headers["Location"]
    assert path == f"/v3/background-jobs/{accepted['jobId']}"
    assert "Processing" == (await api.ok("GET", path))["status"]
    assert 200 == len(emulator.state.contacts)
    emulator.advance(5)
    assert 401 == len(emulator.state.contacts)
    job = await api.ok("GET", path)
    assert ("Done", '{"rows": 201}') == (job["status"], job["jsonData"])
    assert '{"added": 201, "updated": 0, "skipped": 0, "failed": 0}' == job["jsonDataResult"]


async def test_an_import_that_is_cancelled_or_loses_its_target_imports_nobody(
    api: Api, emulator: Emulator
) -> None:
    """A job looks at its sequence again when it gets to work."""
    emulator.dialects = {"import_mode": "async_202"}
    sequence = await api.sequence()
    rows = [{"email": f"new{n}@example.com", "firstName": "N"} for n in range(201)]
    body = {"items": rows, "options": {"sequenceId": sequence["id"]}}
    jobs = [(await api("POST", "/v3/contacts/import", body))[1]["jobId"] for _ in range(2)]
    await api.ok("POST", f"/v3/background-jobs/{jobs[0]}/cancel")
    await api.ok("DELETE", f"/v3/sequences/{sequence['id']}")
    emulator.advance(60)
    assert not emulator.state.contacts
    job = await api.ok("GET", f"/v3/background-jobs/{jobs[1]}")
    assert "cannot take contacts" in job["jsonDataResult"]


@pytest.mark.parametrize("enrolled", ["forward_move", "refused"])
@pytest.mark.parametrize("refusals", ["generic", "documented"])
async def test_bulk_add_enrolled_and_refusals(
    api: Api, emulator: Emulator, enrolled: str, refusals: str
) -> None:
    """Who is in already moves forward or is told so; a missing contact has a word or not."""
    sequence = await api.sequence(email(), email("Later", delay=60))
    ids = await api.contacts(2)
    await api.enrol(sequence["id"], ids[:1])
    emulator.dialects = {"bulk_add_enrolled": enrolled, "bulk_add_refusals": refusals}
    later = sequence["steps"][1]["id"]
    answer = await api.enrol(sequence["id"], [*ids, 9], startStepId=later)
    words = {key: failure["error"] for key, failure in answer["notProcessed"].items()}
    missing = "contactNotFound" if refusals == "documented" else "invalidInput"
    if enrolled == "forward_move":
        assert ({"9": missing}, {*ids}) == (words, {*answer["added"]})
    else:
        assert {str(ids[0]): "contactAlreadyInSequence", "9": missing} == words
        assert ids[1:] == answer["added"]
    member = emulator.state.sequences[sequence["id"]].members[ids[0]]
    assert member.step is not None
    assert (member.step.id == later) == (enrolled == "forward_move")


@pytest.mark.parametrize("variant", ["empty_200", "not_found"])
async def test_missing_sequence_contacts_page(api: Api, emulator: Emulator, variant: str) -> None:
    """The page of a missing sequence is empty, or missing too."""
    emulator.dialects = {"missing_sequence_contacts_page": variant}
    status, body = await api("GET", "/v3/sequences/9/contacts")
    if variant == "empty_200":
        assert (TAKEN, []) == (status, body["items"])
    else:
        assert (404, "sequenceContact.sequenceNotFound") == (status, body["code"])


@pytest.mark.parametrize(
    ("variant", "code"), [("single", "notInSequence"), ("split", "sequenceNotFound")]
)
@pytest.mark.parametrize("call", ["GET contacts", "DELETE contact-links"])
async def test_link_lookup_404(
    api: Api, emulator: Emulator, variant: str, code: str, call: str
) -> None:
    """A missing sequence may have a code of its own; a missing member has its own always."""
    emulator.dialects = {"link_lookup_404": variant}
    method, links = call.split()
    sequence = await api.sequence()
    for sequence_id, expected in ((9, code), (sequence["id"], "notInSequence")):
        status, body = await api(method, f"/v3/sequences/{sequence_id}/{links}/8")
        assert (404, f"sequenceContact.{expected}") == (status, body["code"])


@pytest.mark.parametrize(("variant", "status"), [("bad_request", 400), ("not_found", 404)])
async def test_delete_missing_sequence(
    api: Api, emulator: Emulator, variant: str, status: int
) -> None:
    """The code is the same under either status."""
    emulator.dialects = {"delete_missing_sequence": variant}
    got, body = await api("DELETE", "/v3/sequences/9")
    assert (status, "sequence.notFound") == (got, body["code"])


# Entry, variant, the action, how the sequence stands, and what becomes of it.
ACTIONS = [
    ("pause_of_paused", "ok_200", "pause", "paused", "paused"),
    ("pause_of_paused", "conflict", "pause", "paused", None),
    ("pause_of_new", "conflict", "pause", "new", None),
    ("pause_of_new", "ok_200", "pause", "new", "new"),
    ("archive_of_active", "conflict", "archive", "active", None),
    ("archive_of_active", "ok_200", "archive", "active", "archived"),
]


@pytest.mark.parametrize(("entry", "variant", "action", "before", "after"), ACTIONS)
async def test_actions_in_states_that_are_in_doubt(
    api: Api,
    emulator: Emulator,
    entry: str,
    variant: str,
    action: str,
    before: str,
    after: str | None,
) -> None:
    """A dialect decides between a 200 and a 409; archiving takes everybody out."""
    sequence = await api.sequence()
    await api.enrol(sequence["id"], await api.contacts(1))
    kept = emulator.state.sequences[sequence["id"]]
    kept.status = before
    emulator.dialects = {entry: variant}
    status, body = await api("POST", f"/v3/sequences/{sequence['id']}/{action}")
    if after is None:
        assert (409, "sequenceAction.status", before) == (status, body["code"], kept.status)
    else:
        assert TAKEN == status
        assert after == ("archived" if body["isArchived"] else body["status"])
        assert (not kept.members) == (after == "archived")


@pytest.mark.parametrize(("variant", "slug"), [("conflict", "status"), ("ok_200", None)])
async def test_archive_of_active_in_bulk(
    api: Api, emulator: Emulator, variant: str, slug: str | None
) -> None:
    """The bulk call follows the same rule."""
    sequence = await api.sequence()
    emulator.state.sequences[sequence["id"]].status = "active"
    emulator.dialects = {"archive_of_active": variant}
    answer = await api.ok("POST", "/v3/sequences/archive", {"ids": [sequence["id"]]})
    assert ({str(sequence["id"]): slug} if slug else {}) == {
        key: failure["error"] for key, failure in answer.items()
    }


@pytest.mark.parametrize("variant", ["refuse", "allow"])
async def test_start_without_contacts(api: Api, emulator: Emulator, variant: str) -> None:
    """An empty sequence starts or not; without a mailbox it never does."""
    emulator.dialects = {"start_without_contacts": variant}
    sequence = await api.sequence()
    status, body = await api("POST", f"/v3/sequences/{sequence['id']}/start")
    if variant == "allow":
        assert (TAKEN, "active") == (status, body["status"])
    else:
        assert (REFUSED, "sequenceAction.noContacts") == (status, body["code"])
    bare = await api.sequence(emailAccounts=[])
    assert REFUSED == (await api("POST", f"/v3/sequences/{bare['id']}/start"))[0]


@pytest.mark.parametrize("variant", ["overwrite", "reject"])
async def test_create_contact_duplicate(api: Api, emulator: Emulator, variant: str) -> None:
    """A known address is overwritten with what is sent, or refused and kept."""
    (contact_id,) = await api.contacts(1)
    emulator.dialects = {"create_contact_duplicate": variant}
    body = {"email": "person0@example.com", "lastName": "New"}
    status, answer = await api("POST", "/v3/contacts", body)
    kept = await api.ok("GET", f"/v3/contacts/{contact_id}")
    if variant == "overwrite":
        assert (201, contact_id, None) == (status, answer["id"], kept["firstName"])
    else:
        assert (REFUSED, "contact.invalidInput") == (status, answer["code"])
        assert "Person 0" == kept["firstName"]


@pytest.mark.parametrize("variant", ["error_500", "validation"])
async def test_stats_inverted_range(api: Api, emulator: Emulator, variant: str) -> None:
    """A period that ends before it begins is a 500, or a fault of the caller."""
    emulator.dialects = {"stats_inverted_range": variant}
    sequence = await api.sequence()
    filters = {"filters": {"from": "2027-01-10T00:00:00Z", "to": "2027-01-09T00:00:00Z"}}
    for path in (f"/v3/sequences/{sequence['id']}/stats", "/v3/sequences/stats"):
        status, body = await api("POST", path, filters)
        assert (500 if variant == "error_500" else REFUSED) == status
        if variant == "validation":
            assert "/filters" == body["errors"][0]["pointer"]


@pytest.mark.parametrize("variant", ["available", "missing"])
async def test_coming_soon_routes(api: Api, emulator: Emulator, variant: str) -> None:
    """Routes that are yet to come are served, or missing as if nobody knew them."""
    emulator.dialects = {"coming_soon_routes": variant}
    sequence = await api.sequence()
    calls = [
        ("GET", "/v3/sequences/count", None),
        ("POST", "/v3/sequences/unarchive", {"ids": [sequence["id"]]}),
        ("GET", f"/v3/sequences/{sequence['id']}/contacts/count", None),
        ("GET", "/v3/email-accounts/101/stats", None),
    ]
    for method, path, body in calls:
        status, answer = await api(method, path, body)
        assert (TAKEN if variant == "available" else 404) == status
        assert "code" not in answer
        assert (answer.get("detail") == "Route not found") == (variant == "missing")


@pytest.mark.parametrize("variant", ["bearer", "x_api_key"])
async def test_auth_header(api: Api, emulator: Emulator, variant: str) -> None:
    """The old header is taken beside the usual one, or not at all."""
    emulator.dialects = {"auth_header": variant}
    await api.ok("GET", "/v3/whoami")
    status = (await api("GET", "/v3/whoami", headers={"X-API-Key": emulator.key}))[0]
    assert (401 if variant == "bearer" else TAKEN) == status
