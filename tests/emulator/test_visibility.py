"""Writes that do not show yet: what reads see, and that writes see the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.client import MONDAY, Api

if TYPE_CHECKING:
    from reply_async.emulator import Emulator

SEQUENCES = "/v3/sequences"


async def names(api: Api) -> list[str]:
    """Return the names of the sequences as a read shows them."""
    return [item["name"] for item in (await api.ok("GET", SEQUENCES))["items"]]


async def test_a_write_shows_after_its_time(emulator: Emulator, api: Api) -> None:
    """It is answered at once; reads miss it for so long on the emulator's clock."""
    emulator.faults.on("POST", SEQUENCES).after_apply(delayed_visibility=60)
    made = await api.sequence(name="First")
    status, _ = await api("GET", f"{SEQUENCES}/{made['id']}")
    assert (404, []) == (status, await names(api))
    emulator.advance(59)
    assert [] == await names(api)
    emulator.advance(1)
    assert ["First"] == await names(api)


async def test_each_of_several_writes_has_its_time(emulator: Emulator, api: Api) -> None:
    """They show one after the other, and new ids go on from the true ones."""
    emulator.faults.on("POST", SEQUENCES).after_apply(delayed_visibility=60)
    ids = []
    for name in ("First", "Second", "Third"):
        ids.append((await api.sequence(name=name))["id"])
        emulator.advance(20)
    assert [ids[0], ids[0] + 1, ids[0] + 2] == ids
    shown = []
    for _ in range(4):
        shown.append(len(await names(api)))
        emulator.advance(20)
    assert [1, 2, 3, 3] == shown


async def test_writes_see_the_truth(emulator: Emulator, api: Api) -> None:
    """What cannot be read yet can be changed; what was changed shows with its own delay."""
    faults = emulator.faults
    faults.on("POST", SEQUENCES).after_apply(delayed_visibility=10)
    faults.on("PATCH").after_apply(delayed_visibility=10)
    made = await api.sequence(name="First")
    emulator.advance(5)
    answered = await api.ok("PATCH", f"{SEQUENCES}/{made['id']}", {"name": "Renamed"})
    assert ("Renamed", []) == (answered["name"], await names(api))
    emulator.advance(5)
    assert ["First"] == await names(api)
    emulator.advance(5)
    assert ["Renamed"] == await names(api)


async def test_later_writes_wait_for_earlier_ones(emulator: Emulator, api: Api) -> None:
    """Reads lag as a replica does: in order, also for writes without a delay."""
    emulator.faults.on("POST", SEQUENCES).nth(1).after_apply(delayed_visibility=60)
    await api.sequence(name="First")
    await api.sequence(name="Second")
    assert [] == await names(api)
    emulator.advance(60)
    assert {"First", "Second"} == set(await names(api))


async def test_a_refused_write_and_members(emulator: Emulator, api: Api) -> None:
    """Members and counts lag as well; a refusal changes nothing; a reset shows all."""
    made = await api.sequence()
    ids = await api.contacts(3)
    emulator.faults.on("POST").after_apply(delayed_visibility=60)
    await api.enrol(made["id"], ids)
    path = f"{SEQUENCES}/{made['id']}/contacts"
    assert [] == (await api.ok("GET", path))["items"]
    status, _ = await api("POST", f"{SEQUENCES}/99/start")
    assert 404 == status
    emulator.advance(60)
    assert 3 == len((await api.ok("GET", path))["items"])
    await api.contacts(5)
    emulator.reset()
    await api.contacts(1)
    assert 1 == len((await api.ok("GET", "/v3/contacts"))["items"])
    assert emulator.clock.now() > MONDAY


async def test_the_past_takes_no_ids(emulator: Emulator) -> None:
    """A copy of the state has its own people and the true counters, which have no copies."""
    emulator.state.new_contact(MONDAY)
    emulator.visibility.hold(emulator.state, MONDAY + 60)
    seen = emulator.visibility.seen(emulator.state, MONDAY)
    emulator.state.new_contact(MONDAY)
    assert (1, 2) == (len(seen.contacts), len(emulator.state.contacts))
    assert emulator.state._contact_ids is seen._contact_ids
