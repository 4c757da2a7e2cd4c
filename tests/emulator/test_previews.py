from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.client import Json, email

if TYPE_CHECKING:
    from emulator.client import Api

    from reply_async.emulator import Emulator

CONDITION = {
    "type": "condition",
    "delayInMinutes": 0,
    "waitInMinutes": 60,
    "conditions": [{"property": "stage", "rules": [{"operator": "is", "value": "Interested"}]}],
}


def text_step(subject: str | None, message: str) -> Json:
    """Return an e-mail with one wording."""
    return {**email(), "variants": [{"subject": subject, "message": message}]}


async def preview_path(api: Api, *steps: Json, **contact: Json) -> str:
    """Enrol a person in a sequence of these steps and return the preview's path."""
    made = await api.sequence(*steps)
    (contact_id,) = await api.contacts(1, lastName="Doe", **contact)
    await api.enrol(made["id"], [contact_id])
    return f"/v3/sequences/{made['id']}/contacts/{contact_id}/preview"


async def test_preview_shows_who_gets_what(api: Api) -> None:
    """Steps with a text, in order, with their display names."""
    sms = {"type": "sms", "delayInMinutes": 0, "executionMode": "automatic", "message": "Hello"}
    path = await preview_path(
        api,
        text_step("Hi {{firstName}}", "<p>{{Company}}</p>"),
        CONDITION,
        {**sms, "parentId": 2, "ifConditionPositive": True},
        title="Founder",
        company="Acme",
    )
    preview = await api.ok("GET", path)
    _, _, _, sequence_id, _, contact_id, _ = path.split("/")
    assert {
        "sequenceId": int(sequence_id),
        "contactId": int(contact_id),
        "contactFullName": "Person 0 Doe",
        "contactEmail": "person0@example.com",
        "contactTitle": "Founder",
        "contactCompany": "Acme",
        "contactLinkedInUrl": None,
    } == {name: value for name, value in preview.items() if name != "steps"}
    first, second = preview["steps"]
    assert ("1", "Hi Person 0", "<p>Acme</p>", "personalized", False) == (
        first["displayName"],
        first["subject"],
        first["body"],
        first["personalizationStatus"],
        first["needsPersonalization"],
    )
    assert ("3A", None, "Hello", "notPersonalized", False) == (
        second["displayName"],
        second["subject"],
        second["body"],
        second["personalizationStatus"],
        second["needsPersonalization"],
    )


@pytest.mark.parametrize(
    ("message", "body", "status"),
    [
        ('{{title | "boss"}}', "boss", "personalized"),
        ("{{Plan}}", "gold", "personalized"),
        ("{{senderName}}", "Dana Field", "personalized"),
        ("{{companyName}}", "", "failed"),
        ("Hi {{title}}!", "Hi !", "failed"),
        ("Hi {{title", "Hi {{title", "failed"),
        ("Hi", "Hi", "notPersonalized"),
    ],
)
async def test_variables(api: Api, message: str, body: str, status: str) -> None:
    """Members, custom fields, the sender; what has neither value nor default fails."""
    fields = [{"name": "Plan", "value": "gold"}]
    path = await preview_path(api, text_step("Hello", message), customFields=fields)
    (step,) = (await api.ok("GET", path))["steps"]
    assert (body, status, status == "failed") == (
        step["body"],
        step["personalizationStatus"],
        step["needsPersonalization"],
    )


async def test_preview_is_kept_until_it_is_reset(api: Api, emulator: Emulator) -> None:
    """Neither a changed contact nor a changed step shows before."""
    path = await preview_path(api, text_step("Hello", "Hi {{title}}"), title="Founder")
    before = await api.ok("GET", path)
    _, _, _, sequence_id, _, contact_id, _ = path.split("/")
    await api.ok("PATCH", f"/v3/contacts/{contact_id}", {"title": "Owner"})
    step_id = before["steps"][0]["stepId"]
    place = f"/v3/sequences/{sequence_id}/steps/{step_id}"
    variant_id = (await api.ok("GET", place))["variants"][0]["id"]
    texts = {"subject": "Hello", "message": "Dear {{title}}"}
    await api.ok("PUT", f"{place}/variants/{variant_id}", texts)
    assert before["steps"] == (await api.ok("GET", path))["steps"]
    for _ in range(2):
        assert (204, None) == await api("POST", f"{path}/reset")
    assert "Dear Owner" == (await api.ok("GET", path))["steps"][0]["body"]
    assert 1 == emulator.ledger.counts["preview_reset"]


async def test_preview_shows_an_enabled_wording(api: Api) -> None:
    """The first that takes turns."""
    path = await preview_path(api, email(variants=2))
    sequence = path.split("/contacts")[0]
    (step,) = await api.ok("GET", f"{sequence}/steps")
    body = {"variantIds": [step["variants"][0]["id"]]}
    await api.ok("POST", f"{sequence}/steps/{step['id']}/disable", body)
    assert "<p>1</p>" == (await api.ok("GET", path))["steps"][0]["body"]


async def test_enrolled_again_the_preview_is_new(api: Api) -> None:
    """Taking a contact out ends what was kept for it."""
    path = await preview_path(api, text_step("Hello", "{{title}}"), title="Founder")
    await api.ok("GET", path)
    _, _, _, sequence_id, _, contact_id, _ = path.split("/")
    await api.ok("DELETE", f"/v3/sequences/{sequence_id}/contact-links/{contact_id}")
    await api.ok("PATCH", f"/v3/contacts/{contact_id}", {"title": "Owner"})
    await api.enrol(int(sequence_id), [int(contact_id)])
    assert "Owner" == (await api.ok("GET", path))["steps"][0]["body"]


async def test_preview_of_who_is_not_there(api: Api) -> None:
    """A missing sequence, and a contact that is not in it."""
    path = await preview_path(api)
    _, _, _, sequence_id, _, contact_id, _ = path.split("/")
    for missing in (
        f"/v3/sequences/9/contacts/{contact_id}/preview",
        f"/v3/sequences/{sequence_id}/contacts/9/preview",
    ):
        for method, suffix in (("GET", ""), ("POST", "/reset")):
            status, problem = await api(method, missing + suffix)
            assert (404, "sequenceContactPreview.notFound") == (status, problem["code"])
