"""Catching up: from any place a client may be at, page by page, it ends with what is on screen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from actors.hub import Hub
from actors.memory import MemoryStore
from actors.ports import Retention
from actors.records import CardRow, FeedCard, Group
from rules.cards.card import CardStatus, CardView
from server.live.containers import Container, Containers
from server.live.cursor import Position
from server.live.feed import CustomerFeed, Delta, Feeds, News
from server.live.pages import Page, Pages
from server.settings import Container as Settings
from tests.contract.rows import AT, card

CONTAINERS = Containers({"home": Settings(), "promo": Settings(stream="promo")})
VIEW = msgspec.msgpack.encode(CardView(view={"title": "x", "body": [], "subviews": {}}))


def container(id: str) -> Container:
    found = CONTAINERS.find(id)
    assert found is not None
    return found


HOME, PROMO = container("home"), container("promo")


class Looker:
    """A watcher that keeps what it is told, seen from two containers."""

    def __init__(self) -> None:
        self.home: list[Delta | None] = []
        self.promo: list[Delta | None] = []
        self.lost = 0

    def feed_moved(self, news: News) -> None:
        self.home.append(news.delta(HOME))
        self.promo.append(news.delta(PROMO))

    def feed_lost(self) -> None:
        self.lost += 1


class World:
    """A store and a hub that tells of its commits, unless a test holds its tongue."""

    def __init__(self, *, cards_max: int = 100) -> None:
        self.store = MemoryStore(retention=Retention(tombstones_ms=1_000))
        self.hub = Hub()
        self.feeds = Feeds(self.store, self.hub)
        self.pages = Pages(self.store, cards_max=cards_max)
        self.looker = Looker()
        self._rows: dict[str, CardRow] = {}

    def feed(self) -> CustomerFeed:
        return self.feeds.watch("c-1", self.looker)

    async def put(self, *ids: str, told: bool = True, **fields: Any) -> list[FeedCard]:
        """Commit new cards."""
        view = fields.pop("view", VIEW)
        rows = [card(id, view=view, **fields) for id in ids]
        rows = [replace(row, card=replace(row.card, published_at=AT)) for row in rows]
        return await self.commit(rows, told=told)

    async def change(self, id: str, *, told: bool = True, **fields: Any) -> list[FeedCard]:
        row = self._rows[id]
        return await self.commit(
            [replace(row, card=replace(row.card, **fields), view=None, new=False)], told=told
        )

    async def close(self, *ids: str, told: bool = True) -> None:
        for id in ids:
            await self.change(id, told=told, status=CardStatus.DISMISSED, closed_at=AT)

    async def commit(self, rows: list[CardRow], *, told: bool = True) -> list[FeedCard]:
        self._rows.update((row.card.id, row) for row in rows)
        cards = list(await self.store.apply(Group(cards=rows)))
        if told:
            self.hub.publish(cards)
        return cards

    async def pages_from(self, position: Position | None, *, where: Container = HOME) -> list[Page]:
        """Every page from there to the end."""
        feed = self.feed()
        pages = [await self.pages.read(feed, where, position)]
        while pages[-1].more:
            pages.append(await self.pages.read(feed, where, pages[-1].position))
        return pages


def ids(page: Page) -> list[str]:
    return [row.card.id for row in page.cards]


async def test_client_that_knows_nothing_gets_what_is_on_screen() -> None:
    world = World()
    await world.put("k-1", "k-2", "k-3")
    await world.close("k-2")
    (page,) = await world.pages_from(None)
    assert (page.reset, ids(page), page.removed) == (True, ["k-1", "k-3"], ())
    assert page.position == Position(4)
    assert (page.counts.total, page.counts.unseen) == (2, 2)


async def test_client_gets_what_changed_since() -> None:
    world = World()
    await world.put("k-1", "k-2", "k-3")
    await world.close("k-2")
    (page,) = await world.pages_from(Position(2))
    assert (page.reset, ids(page), page.removed) == (False, ["k-3", "k-2"], ["k-2"])
    (page,) = await world.pages_from(Position(4))
    assert not page.says_something
    assert page.position == Position(4)


@pytest.mark.parametrize("seq", [0, 1, 5, 99])
async def test_place_outside_of_what_is_kept_is_a_reset(seq: int) -> None:
    world = World()
    await world.put("k-1", "k-2", "k-3")
    await world.close("k-1", "k-2")
    while await world.store.prune(now=AT + 10_000):
        pass
    pages = await world.pages_from(Position(seq))
    assert pages[0].reset == (seq != 5)
    assert pages[-1].position.seq == 5


async def test_embargoed_card_is_never_shown() -> None:
    world = World()
    row = card("k-1", view=VIEW, status=CardStatus.EMBARGOED)
    await world.commit([row])
    for start in (None, Position(0)):
        (page,) = await world.pages_from(start)
        assert (ids(page), list(page.removed), page.counts.total) == ([], [], 0)
    await world.change("k-1", status=CardStatus.CANCELLED, closed_at=AT)
    (page,) = await world.pages_from(Position(0))
    assert (ids(page), page.removed) == ([], [])
    assert world.looker.home[-1] is None


async def test_card_of_another_stream_leaves_and_does_not_show() -> None:
    world = World()
    await world.put("k-1", streams=("promo",))
    await world.put("k-2", streams=("other",))
    (page,) = await world.pages_from(None, where=PROMO)
    assert ids(page) == ["k-1"]
    (page,) = await world.pages_from(Position(0), where=PROMO)
    assert (ids(page), page.removed) == (["k-1"], ["k-2"])


# ── pages ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_long_reset_comes_in_pages_and_only_the_first_says_so() -> None:
    world = World(cards_max=3)
    await world.put(*[f"k-{number}" for number in range(10)])
    await world.close("k-1", "k-8")
    pages = await world.pages_from(None)
    assert [page.reset for page in pages] == [True] + [False] * (len(pages) - 1)
    assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
    assert [id for page in pages for id in ids(page)] == [f"k-{n}" for n in (0, 2, 3, 4, 5, 6, 7, 9)]
    assert not any(page.removed for page in pages), "what closed before was never shown"
    assert pages[-1].position == Position(12)


async def test_long_reset_ends_although_tombstones_after_its_pages_were_pruned() -> None:
    world = World(cards_max=2)
    await world.put("k-1", "k-2", "k-3", "k-4", "k-5", "k-6")
    await world.close("k-5", "k-6")
    while await world.store.prune(now=AT + 10_000):
        pass
    pages = await world.pages_from(None)
    assert [page.reset for page in pages] == [True, False, False]
    assert [id for page in pages for id in ids(page)] == ["k-1", "k-2", "k-3", "k-4"]


async def test_what_closes_during_a_long_reset_is_removed() -> None:
    world = World(cards_max=2)
    await world.put("k-1", "k-2", "k-3", "k-4")
    feed = world.feed()
    first = await world.pages.read(feed, HOME, None)
    await world.close("k-1")
    second = await world.pages.read(feed, HOME, first.position)
    third = await world.pages.read(feed, HOME, second.position)
    assert (ids(first), ids(second), ids(third)) == (["k-1", "k-2"], ["k-3", "k-4"], ["k-1"])
    assert third.removed == ["k-1"]
    assert third.position == Position(5)


async def test_page_ends_before_it_gets_too_large() -> None:
    world = World()
    large = msgspec.msgpack.encode(CardView(view={"title": "x" * 100_000}))
    await world.put("k-1", "k-2", "k-3", "k-4", "k-5", view=large)
    assert [len(page.cards) for page in await world.pages_from(None)] == [2, 2, 1]
    assert [len(page.cards) for page in await world.pages_from(Position(0))] == [2, 2, 1]


async def test_page_that_says_nothing_is_left_out() -> None:
    world = World(cards_max=2)
    await world.put("k-0")
    await world.put(*[f"k-{number}" for number in range(1, 8)], streams=("other",))
    feed = world.feed()
    page = await world.pages.read(feed, HOME, Position(0))
    assert ids(page) == ["k-0", "k-1"]
    embargoed = [card(f"e-{number}", view=VIEW, status=CardStatus.EMBARGOED) for number in range(7)]
    await world.commit(embargoed)
    page = await world.pages.read(feed, HOME, Position(8))
    assert not page.says_something
    assert page.position == Position(15)


# ── at the same time ───────────────────────────────────────────────────────────────────────────────────


async def test_commit_that_was_not_told_yet_is_not_shown_before_it_is() -> None:
    world = World()
    await world.put("k-1")
    feed = world.feed()
    await feed.read()
    ahead = await world.put("k-2", told=False)
    for start in (None, Position(0)):
        page = await world.pages.read(feed, HOME, start)
        assert (ids(page), page.position, page.more) == (["k-1"], Position(1), False)
    world.hub.publish(ahead)
    delta = world.looker.home[-1]
    assert delta is not None
    assert [row.card.id for row in delta.cards] == ["k-2"]
    assert delta.counts.total == 2


async def test_commit_told_while_the_feed_is_read_counts_once() -> None:
    world = World()
    feed = world.feed()
    cards = await world.put("k-1", "k-2", told=False)
    world.hub.publish(cards[:1])  # told before the read begins, and seen by it
    reading = feed.read()
    await reading
    assert (feed.seq, feed.counts(HOME).total) == (2, 2)
    world.hub.publish(cards[1:])
    assert not world.looker.home, "the read has seen it already"


async def test_missed_commit_is_noticed_at_the_next_and_read() -> None:
    world = World()
    feed = world.feed()
    await feed.read()
    await world.put("k-1", told=False)
    await world.put("k-2")
    assert (world.looker.lost, feed.is_read) == (1, False)
    page = await world.pages.read(feed, HOME, Position(0))
    assert ids(page) == ["k-1", "k-2"]


async def test_end_of_an_engine_life_lets_everybody_read_again() -> None:
    world = World()
    feed = world.feed()
    await feed.read()
    await world.put("k-1", told=False)
    world.hub.unsure()
    assert world.looker.lost == 1
    assert ids(await world.pages.read(feed, HOME, Position(0))) == ["k-1"]


# ── changes ────────────────────────────────────────────────────────────────────────────────────────────


async def test_change_says_what_came_what_left_and_how_many_there_are() -> None:
    world = World()
    await world.put("k-1", "k-2")
    await world.feed().read()
    await world.change("k-1", seen=True)
    await world.close("k-2")
    shown = [
        ([row.card.id for row in delta.cards], delta.removed, delta.counts.total, delta.counts.unseen)
        for delta in world.looker.home
        if delta is not None
    ]
    assert shown == [(["k-1"], [], 2, 1), (["k-2"], ["k-2"], 1, 0)]


async def test_card_that_changes_its_stream_moves_between_containers() -> None:
    world = World()
    await world.put("k-1")
    await world.feed().read()
    await world.change("k-1", streams=("promo",))
    (promo,) = world.looker.promo
    assert promo is not None
    assert ([row.card.id for row in promo.cards], promo.removed) == (["k-1"], [])
    await world.change("k-1", streams=())
    promo = world.looker.promo[-1]
    assert promo is not None
    assert ([row.card.id for row in promo.cards], promo.removed, promo.counts.total) == ([], ["k-1"], 0)


async def test_change_elsewhere_is_no_news() -> None:
    world = World()
    await world.feed().read()
    await world.put("k-1", streams=("other",))
    await world.close("k-1")
    assert world.looker.promo == [None, None]


@pytest.mark.parametrize("moved", [{"containers": ("promo",)}, {"platforms": ("ios",)}])
async def test_card_that_is_kept_from_a_container_leaves_it_at_once_and_for_who_catches_up(
    moved: dict[str, Any],
) -> None:
    world = World()
    await world.pages_from(None)
    await world.put("k-1")
    (page,) = await world.pages_from(None)
    await world.change("k-1", **moved)
    delta = world.looker.home[-1]
    assert delta is not None
    assert (delta.cards, delta.removed, delta.counts.total) == ([], ["k-1"], 0)
    (later,) = await world.pages_from(page.position)
    assert (ids(later), later.removed, later.counts.total) == ([], ["k-1"], 0)
    await world.change("k-1", containers=(), platforms=())
    (again,) = await world.pages_from(later.position)
    assert (ids(again), again.removed, again.counts.total) == (["k-1"], [], 1)


async def test_card_that_changes_twice_in_a_commit_is_told_once_as_it_is() -> None:
    world = World()
    await world.feed().read()
    row = card("k-1", view=VIEW)
    closed = replace(row, card=replace(row.card, status=CardStatus.DISMISSED), view=None, new=False)
    other = card("k-2", view=VIEW)
    await world.commit([row, other, replace(row, card=replace(row.card, seen=True), view=None, new=False)])
    delta = world.looker.home[-1]
    assert delta is not None
    assert [(card.card.id, card.seq, card.card.seen) for card in delta.cards] == [
        ("k-2", 2, False),
        ("k-1", 3, True),
    ]
    await world.commit([card("k-3", view=VIEW), replace(closed, card=replace(closed.card, id="k-3"))])
    assert world.looker.home[-1] is None, "it came and went before anybody saw it"


async def test_feed_that_nobody_watches_is_forgotten() -> None:
    world = World()
    feed = world.feed()
    assert (len(world.feeds), world.hub.subscriber_count()) == (1, 1)
    world.feeds.leave(feed, world.looker)
    world.feeds.leave(feed, world.looker)
    assert (len(world.feeds), world.hub.subscriber_count()) == (0, 0)
