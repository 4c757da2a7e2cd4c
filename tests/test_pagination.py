"""Pagers, against servers that page in every way the API has been seen to."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from attrs import define
from fault_proxy import FaultProxy, Seen, answer

from reply_async import BadAnswer, InvalidUse, ReplySession
from reply_async.emulator import Emulator
from reply_async.pagination import Page as Fetched
from reply_async.pagination import walk
from reply_async.requests import Request, Safety
from reply_async.testing import VirtualClockLoop

Page = Callable[[int, int], Any]


@define
class Listing:
    """A list of sequences that a server pages in its own way."""

    session: ReplySession
    proxy: FaultProxy

    def serve(self, page: Page) -> None:
        """Answer lists with ``page(skip, top)``."""

        async def act(forward: Any) -> Any:
            query = dict(part.split("=") for part in self.asked[-1].query.split("&"))
            return await answer(200, page(int(query["skip"]), int(query["top"])))(forward)

        self.proxy.on("GET", "/v3/sequences$", act)

    @property
    def asked(self) -> list[Seen]:
        """The requests so far."""
        return self.proxy.requests

    @property
    def queries(self) -> list[str]:
        """Their queries."""
        return [seen.query for seen in self.asked]


@pytest.fixture
async def listing(reply_clock: VirtualClockLoop, reply_emulator: Emulator) -> Any:
    """Give a list that is served by the test."""
    assert reply_clock.time() >= 0
    async with (
        FaultProxy(reply_emulator.url) as proxy,
        ReplySession(reply_emulator.key, base_url=proxy.url) as session,
    ):
        yield Listing(session, proxy)


def rows(*ids: int) -> list[dict[str, Any]]:
    """Return list rows with these ids."""
    return [{"id": id_, "name": f"n{id_}", "status": "new"} for id_ in ids]


def of(ids: range, size: int = 1_000) -> Page:
    """Page through ids as the contract says, at most ``size`` a page."""

    def page(skip: int, top: int) -> Any:
        part = ids[skip : skip + min(top, size)]
        return {"items": rows(*part), "hasMore": skip + len(part) < len(ids)}

    return page


async def test_a_pager_goes_through_all_pages_each_time(listing: Listing) -> None:
    """It starts anew with every iteration, and asks for as much as a page can hold."""
    listing.serve(of(range(1, 2_502)))
    pager = listing.session.sequences.list()
    for _ in range(2):
        assert list(range(1, 2_502)) == [item.id async for item in pager]
    assert [f"top=1000&skip={skip}" for skip in (0, 1000, 2000)] * 2 == listing.queries


async def test_a_pager_advances_by_the_rows_that_it_received(listing: Listing) -> None:
    """A server may give fewer than asked for; none is skipped."""
    listing.serve(of(range(1, 11), size=4))
    assert 10 == len(await listing.session.sequences.list().collect())
    assert ["top=1000&skip=0", "top=1000&skip=4", "top=1000&skip=8"] == listing.queries


async def test_repeats_are_dropped(listing: Listing) -> None:
    """A list that grows at its head while it is read shows rows again."""
    pages = [{"items": rows(3, 2), "hasMore": True}, {"items": rows(2, 1), "hasMore": False}]
    listing.serve(lambda skip, _: pages[skip // 2])
    assert [3, 2, 1] == [item.id async for item in listing.session.sequences.list()]


async def test_pages_are_as_the_server_cuts_them(listing: Listing) -> None:
    """Each has what came before it; repeats stay in."""
    listing.serve(of(range(1, 6)))
    pages = [page async for page in listing.session.sequences.list().pages(size=2)]
    assert [(0, 2, True), (2, 2, True), (4, 1, False)] == [
        (page.skip, len(page.items), page.has_more) for page in pages
    ]
    assert ["top=2&skip=0", "top=2&skip=2", "top=2&skip=4"] == listing.queries


@pytest.mark.parametrize("size", [0, -1, 1_001])
async def test_a_page_has_from_1_to_1000_items(listing: Listing, size: int) -> None:
    """Another size raises before anything is sent."""
    with pytest.raises(InvalidUse, match="size"):
        await anext(listing.session.sequences.list().pages(size=size))
    assert not listing.asked


async def test_an_empty_page_that_promises_more_is_asked_for_once_more(listing: Listing) -> None:
    """The second time it may be right."""
    pages = iter(
        [
            {"items": rows(1), "hasMore": True},
            {"items": [], "hasMore": True},
            {"items": rows(2), "hasMore": True},
            {"items": [], "hasMore": True},
            {"items": rows(3), "hasMore": False},
        ]
    )
    listing.serve(lambda *_: next(pages))
    assert [1, 2, 3] == [item.id async for item in listing.session.sequences.list()]
    assert "top=1000&skip=1" == listing.queries[1] == listing.queries[2]


async def test_a_page_that_stays_empty_and_promises_more_is_a_bad_answer(listing: Listing) -> None:
    """It never loops."""
    listing.serve(lambda *_: {"items": [], "hasMore": True})
    with pytest.raises(BadAnswer, match="more is promised"):
        await listing.session.sequences.list().collect()
    assert 2 == len(listing.asked)


@pytest.mark.parametrize(
    "page",
    [
        rows(1, 2),
        {"items": rows(1, 2)},
        {"items": rows(1, 2), "info": {"hasMore": False}},
        {"items": rows(1, 2), "info": {"hasMore": True}, "hasMore": False},
        {"items": rows(1, 2), "info": None, "hasMore": False},
    ],
)
async def test_older_forms_of_a_last_page(listing: Listing, page: Any) -> None:
    """A bare array holds all there is; ``hasMore`` may stand in ``info`` or be left out."""
    listing.serve(lambda *_: page)
    assert 2 == len(await listing.session.sequences.list().collect())
    assert 1 == len(listing.asked)


async def test_info_may_promise_more(listing: Listing) -> None:
    """An older page goes on where its envelope says so."""
    listing.serve(lambda skip, _: {"items": rows(skip + 1), "info": {"hasMore": skip < 2}})
    assert [1, 2, 3] == [item.id async for item in listing.session.sequences.list()]


@pytest.mark.parametrize(
    ("page", "where"),
    [
        ("text", r"\$"),
        ({"items": None, "hasMore": False}, r"\$\.items"),
        ({"hasMore": False}, r"\$\.items"),
        ({"items": [], "hasMore": "no"}, r"\$\.hasMore"),
        ({"items": [*rows(1), {"id": "x"}], "hasMore": False}, r"\$\.items\[1\]"),
    ],
)
async def test_what_is_no_page_is_a_bad_answer(listing: Listing, page: Any, where: str) -> None:
    """The error names the place."""
    listing.serve(lambda *_: page)
    with pytest.raises(BadAnswer, match=where):
        await listing.session.sequences.list().collect()


@pytest.mark.parametrize(("limit", "tops"), [(3, ["3"]), (1_500, ["1000", "1000"])])
async def test_collect_stops_at_its_limit(listing: Listing, limit: int, tops: list[str]) -> None:
    """It asks for no larger page than it needs, and for no page too many."""
    listing.serve(of(range(1, 5_001)))
    items = await listing.session.sequences.list().collect(limit=limit)
    assert list(range(1, limit + 1)) == [item.id for item in items]
    assert tops == [query.split("&")[0].removeprefix("top=") for query in listing.queries]


async def test_a_limit_is_at_least_one(listing: Listing) -> None:
    """Nothing is sent for a limit of nothing."""
    with pytest.raises(InvalidUse, match="limit"):
        await listing.session.sequences.list().collect(limit=0)
    assert not listing.asked


async def test_a_pager_is_not_awaitable(listing: Listing) -> None:
    """It has one meaning: a list that is read while it is iterated."""
    with pytest.raises(TypeError):
        await listing.session.sequences.list()  # type: ignore[misc]  # on purpose


@pytest.mark.parametrize("prefetch", [False, True])
async def test_one_page_at_most_is_fetched_ahead(prefetch: bool) -> None:
    """Asked to, the next page is under way while a page is in use, and never two."""
    asked: list[int] = []

    async def fetch(skip: int) -> Fetched[int]:
        asked.append(skip)
        await asyncio.sleep(0)
        return Fetched((skip, skip + 1), skip, has_more=skip < 6)

    request = Request("GET", "/v3/sequences", safety=Safety.READ)
    ahead: list[int] = []
    items: list[int] = []
    async for page in walk(request, fetch, prefetch=prefetch):
        await asyncio.sleep(0.001)
        items += page.items
        ahead.append(asked[-1] - page.skip)

    assert [0, 1, 2, 3, 4, 5, 6, 7] == items
    assert [0, 2, 4, 6] == asked
    assert ([2, 2, 2, 0] if prefetch else [0, 0, 0, 0]) == ahead


async def test_an_iteration_that_ends_early_leaves_no_page_under_way() -> None:
    """Closing the pages cancels the one that was fetched ahead."""
    ended: list[str] = []

    async def fetch(skip: int) -> Fetched[int]:
        if skip:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise
        return Fetched((skip,), skip, has_more=True)

    request = Request("GET", "/v3/sequences", safety=Safety.READ)
    pages = walk(request, fetch, prefetch=True)
    await anext(pages)
    await asyncio.sleep(0)
    await pages.aclose()
    assert ["cancelled"] == ended


async def test_a_prefetching_list_is_the_same_list(
    reply_session: ReplySession, reply_emulator: Emulator
) -> None:
    """Items and requests are those of a list that fetches page by page."""
    pager = reply_session.email_accounts.list().prefetching()
    assert 3 == len([account async for account in pager])
    assert [1, 1, 1] == [len(page.items) async for page in pager.pages(size=1)]
    assert 4 == len(list(reply_emulator.requests))
