from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from emulator.client import MONDAY, email

from reply_async import Period
from reply_async.emulator import Emulator, Rates
from reply_async.session import ReplySession

if TYPE_CHECKING:
    from emulator.client import Api, Json

DAY = 86_400
BUSY = {
    "emailsCountPerDay": 5000,
    "daysToFinishProspect": 14,
    "emailSendingDelaySeconds": 1,
    "dailyThrottling": 50,
    "disableOpensTracking": False,
    "repliesHandlingType": "markAsFinished",
    "enableLinksTracking": True,
}


async def running(api: Api, number: int, *steps: Json) -> Json:
    """Start a sequence of many e-mails a day with people in it."""
    made = await api.sequence(*steps, settings=BUSY, emailAccounts=[101, 102, 103])
    await api.enrol(made["id"], await api.contacts(number))
    await api.ok("POST", f"/v3/sequences/{made['id']}/start")
    return made


async def variants(api: Api, made: Json, **filters: str) -> list[Json]:
    """Return the statistics of all variants."""
    body = {"filters": filters or {"dateRangePreset": "allTime"}}
    answer = await api.ok("POST", f"/v3/sequences/{made['id']}/stats/emails", body)
    return [variant for step in answer["steps"] for variant in step["variants"]]


async def test_a_test_of_two_wordings_has_a_clear_winner() -> None:
    """40 % against 5 % replies, read by the session."""
    async with (
        Emulator(budget=None, started_at=MONDAY, rates=Rates(bounced=0.0)) as emulator,
        ReplySession(emulator.key, base_url=emulator.url) as session,
    ):
        body = {"name": "A/B", "emailAccounts": [101], "steps": [email(variants=2)]}
        made = await session.request("POST", "/v3/sequences", body=body)
        good, bad = (variant["id"] for variant in made["steps"][0]["variants"])
        emulator.set_rates(Rates(replied=0.40), variant_id=good)
        emulator.set_rates(Rates(replied=0.05), variant_id=bad)
        rows = [{"email": f"p{n}@example.com", "firstName": "P"} for n in range(200)]
        await session.sequence_contacts.import_rows(made["id"], rows)
        await session.sequences.start(made["id"])
        emulator.advance(5 * DAY)
        stats = await session.stats.emails(made["id"], Period.ALL_TIME)
        shares = [variant.replied_percentage for variant in stats.steps[0].variants]
        assert [100, 100] == [variant.delivered for variant in stats.steps[0].variants]
        assert 32 < (shares[0] or 0) < 48
        assert 1 < (shares[1] or 0) < 10


async def test_rates_fall_from_one_week_to_the_next(api: Api, emulator: Emulator) -> None:
    """A change holds for what is sent from then on; periods of the statistics show it."""
    emulator.set_rates(Rates(replied=0.5, bounced=0.0))
    made = await running(api, 200, email())
    emulator.advance(7 * DAY)
    turn = datetime.fromtimestamp(emulator.clock.now() // DAY * DAY, UTC).isoformat()
    await api.control("POST", "rates", {"replied": 0.1, "bounced": 0, "sequence_id": made["id"]})
    items = [{"email": f"late{n}@example.com", "firstName": "P"} for n in range(200)]
    options = {"sequenceId": made["id"]}
    await api.ok("POST", "/v3/contacts/import", {"items": items, "options": options})
    emulator.advance(6 * DAY)
    turn = turn.replace("+00:00", "Z")
    (before,) = await variants(api, made, **{"from": "2027-01-01T00:00:00Z", "to": turn})
    (after,) = await variants(api, made, **{"from": turn, "to": "2027-02-01T00:00:00Z"})
    assert (200, 200) == (before["delivered"], after["delivered"])
    assert before["replied"] > 80
    assert 5 < after["replied"] < 40


async def test_the_most_specific_rate_wins(api: Api, emulator: Emulator) -> None:
    """Variant before step before sequence before all; each rate by itself."""
    emulator.set_rates(Rates(opened=0.0, clicked=0.0, replied=0.0, bounced=0.0))
    made = await running(api, 90, email(variants=3), email(None, delay=60))
    first = made["steps"][0]
    emulator.set_rates(Rates(opened=1.0), sequence_id=made["id"])
    emulator.set_rates(Rates(clicked=1.0), step_id=first["id"])
    emulator.set_rates(Rates(opened=0.0), variant_id=first["variants"][0]["id"])
    emulator.advance(4 * DAY)
    seen = [(row["opened"], row["linksClicked"]) for row in await variants(api, made)]
    last = (await variants(api, made))[3]["delivered"]
    assert [(0, 0), (30, 30), (30, 30), (last, 0)] == seen
    assert last > 80
    shown = await api.control("GET", "rates")
    assert {str(first["id"]): {"clicked": 1.0}} == shown["step_id"]
    assert {"opened": 0.0, "clicked": 0.0, "replied": 0.0, "bounced": 0.0} == shown["default"]
    await api.control("POST", "reset")
    assert {} == (await api.control("GET", "rates"))["default"]


async def test_bounces_and_opt_outs_can_be_produced(api: Api, emulator: Emulator) -> None:
    """Everybody bounces, or everybody who is left opts out."""
    emulator.set_rates(Rates(bounced=1.0))
    one = await running(api, 10, email())
    emulator.advance(DAY)
    emulator.set_rates(Rates(bounced=0.0, replied=0.0, opted_out=1.0))
    two = await running(api, 10, email())
    emulator.advance(3 * DAY)
    states = [await api.control("GET", f"state?sequence={made['id']}") for made in (one, two)]
    assert [{"inactive": 10}, {"finished": 10}] == [state["members_by_status"] for state in states]
    assert all(contact.is_opted_out for contact in emulator.state.contacts.values())


async def test_fade_lets_later_steps_be_answered_less(api: Api, emulator: Emulator) -> None:
    """Set rates do not fade unless told to."""
    steps = [email(), email(None, delay=60), email(None, delay=60)]
    emulator.set_rates(Rates(replied=0.3, bounced=0.0, opted_out=0.0, out_of_office=0.0))
    even = await running(api, 300, *steps)
    emulator.advance(5 * DAY)
    emulator.set_rates(Rates(replied=0.3, fade=0.2, bounced=0.0, opted_out=0.0))
    faded = await running(api, 300, *steps)
    emulator.advance(5 * DAY)
    last = [(await variants(api, made))[2] for made in (even, faded)]
    shares = [row["replied"] / row["delivered"] for row in last]
    assert shares[0] > 0.2
    assert shares[1] < 0.05


async def test_same_seed_and_rates_same_fate() -> None:
    """Two emulators agree, and a third with other rates moves only the line."""

    def replied(rates: Rates) -> Json:
        emulator = Emulator(seed=5, started_at=MONDAY, rates=rates)
        return [emulator.rates.reach(1, 50_001, number, 2) for number in range(5)]

    assert replied(Rates(replied=0.2)) == replied(Rates(replied=0.2))
    usual, opened = replied(Rates()), replied(Rates(opened=0.9))
    assert [reach.replied for reach in usual] == [reach.replied for reach in opened]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"replied": 1.5}, "replied is a share from 0 to 1, not 1.5"),
        ({"replied": True}, "replied is a share from 0 to 1, not True"),
        ({"answered": 0.5}, "no rate 'answered'"),
        ({"replied": 0.5, "step_id": 1, "variant_id": 2}, "rates are set for one of"),
        ({"replied": 0.5, "step_id": "1"}, "step_id must be a number"),
    ],
)
async def test_rates_that_are_none_are_refused(api: Api, body: Json, detail: str) -> None:
    """With a 400 that says what is wrong, and nothing changes."""
    status, problem = await api("POST", "/_emulator/rates", body, headers={})
    assert 400 == status
    assert problem["detail"].startswith(detail)
    assert {} == (await api.control("GET", "rates"))["default"]
