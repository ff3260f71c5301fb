"""The feeds of the customers who are looking: what is on screen at which seq, and what each commit changes
there.

One `CustomerFeed` serves all connections of a customer. It hears from the hub in the order of commits, keeps
of each card what membership and counts need, and lets each connection make its frame, once for all that want
the same. Whoever has to catch up reads from the store (`pages.py`), never beyond `seq`: what is newer is on
its way here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from actors.hub import FeedChange, Hub, Subscription
from actors.ports import Store
from actors.records import FeedCard
from rules.cards.card import ON_SCREEN, OPEN

from .containers import Container


@dataclass(frozen=True, slots=True)
class Mark:
    """What is kept of a card on screen: where it goes, and whether it was seen."""

    streams: tuple[str, ...]
    platforms: tuple[str, ...]
    containers: tuple[str, ...]
    seen: bool


@dataclass(frozen=True, slots=True)
class Counts:
    total: int
    unseen: int


@dataclass(frozen=True, slots=True)
class Delta:
    """What a container's clients are told: cards to take over, by rising seq, and ids that left."""

    cards: list[FeedCard]
    removed: list[str]
    counts: Counts


class News:
    """One commit's changes of one customer, seen from each container. `before` are the marks that it
    replaced."""

    __slots__ = ("_before", "_cards", "_deltas", "feed", "frames", "seq")

    def __init__(self, feed: CustomerFeed, cards: Mapping[str, FeedCard], before: Mapping[str, Mark]) -> None:
        self.feed = feed
        self.seq = feed.seq
        self.frames: dict[tuple[bytes, str], bytes] = {}
        """By membership and subprotocol, for the connections to share."""
        self._cards = cards
        self._before = before
        self._deltas: dict[bytes, Delta | None] = {}

    def delta(self, container: Container) -> Delta | None:
        """None if the commit changed nothing that belongs there. Ask at once: it counts what is there now."""
        if container.membership not in self._deltas:
            self._deltas[container.membership] = self._made(container)
        return self._deltas[container.membership]

    def _made(self, container: Container) -> Delta | None:
        cards: list[FeedCard] = []
        removed: list[str] = []
        for id, row in self._cards.items():
            before = self._before.get(id)
            was_there = before is not None and container.holds(before)
            status = row.card.status
            is_there = status in ON_SCREEN and container.holds(row.card)
            if is_there or (was_there and status not in OPEN):
                cards.append(row)
            if was_there and not is_there:
                removed.append(id)
        if not cards and not removed:
            return None
        return Delta(cards, removed, self.feed.counts(container))


class Watcher(Protocol):
    """A connection or a waiting poll. Called on the loop, in the order of commits; must not block."""

    def feed_moved(self, news: News) -> None: ...

    def feed_lost(self) -> None:
        """Changes may have been missed: catch up."""
        ...


class CustomerFeed:
    """One customer's feed as committed up to `seq`. Made and ended by `Feeds`."""

    __slots__ = (
        "_is_unsure",
        "_lock",
        "_marks",
        "_pending",
        "_store",
        "_subscription",
        "customer",
        "is_read",
        "seq",
        "watchers",
    )

    def __init__(self, customer: str, store: Store, hub: Hub) -> None:
        self.customer = customer
        self.seq = 0
        self.is_read = False
        self.watchers: dict[Watcher, None] = {}
        self._store = store
        self._marks: dict[str, Mark] = {}
        self._pending: dict[str, FeedCard] = {}
        self._is_unsure = False
        self._lock = asyncio.Lock()
        # From now on it hears of every commit; what the store is asked later holds at least those before.
        self._subscription: Subscription = hub.subscribe(customer, self)

    async def read(self) -> None:
        """Be current: read what is on screen, unless that is known. Raises StoreError."""
        async with self._lock:
            while not self.is_read:
                self._pending, self._is_unsure = {}, False
                head, cards = await self._store.feed_open(self.customer)
                self.seq = head.seq
                self._marks = {row.card.id: _mark(row) for row in cards}
                self._apply(row for row in self._pending.values() if row.seq > head.seq)
                self._pending = {}
                self.is_read = not self._is_unsure

    def counts(self, container: Container) -> Counts:
        there = [mark for mark in self._marks.values() if container.holds(mark)]
        return Counts(total=len(there), unseen=sum(not mark.seen for mark in there))

    def close(self) -> None:
        self._subscription.close()

    # ── from the hub ───────────────────────────────────────────────────────────────────────────────────
    def feed_changed(self, change: FeedChange) -> None:
        if not self.is_read:
            self._pending.update((row.card.id, row) for row in change.cards)
            return
        news = [row for row in change.cards if row.seq > self.seq]
        if not news:
            return
        if news[0].seq != self.seq + 1:
            self.feed_unsure()
            return
        before = self._apply(news)
        self._tell(News(self, _latest(news), before))

    def feed_unsure(self) -> None:
        """A commit may have passed by untold: what is known counts no more."""
        self._is_unsure = True
        if self.is_read:
            self.is_read = False
            for watcher in tuple(self.watchers):
                watcher.feed_lost()

    def _tell(self, news: News) -> None:
        for watcher in tuple(self.watchers):
            watcher.feed_moved(news)

    def _apply(self, rows: Iterable[FeedCard]) -> dict[str, Mark]:
        """Take the changes over; gives the marks of the cards as they were before all of them."""
        before: dict[str, Mark] = {}
        met: set[str] = set()
        for row in rows:
            id, old = row.card.id, self._marks.pop(row.card.id, None)
            if old is not None and id not in met:
                before[id] = old
            met.add(id)
            if row.card.status in ON_SCREEN:
                self._marks[id] = _mark(row)
            self.seq = max(self.seq, row.seq)
        return before


def _latest(rows: Iterable[FeedCard]) -> dict[str, FeedCard]:
    """The last state of each card, by rising seq."""
    latest: dict[str, FeedCard] = {}
    for row in rows:
        latest.pop(row.card.id, None)
        latest[row.card.id] = row
    return latest


_MARKS: Final = {seen: Mark((), (), (), seen) for seen in (False, True)}


def _mark(row: FeedCard) -> Mark:
    """Most cards go everywhere: those share their marks."""
    card = row.card
    if card.streams or card.platforms or card.containers:
        return Mark(card.streams, card.platforms, card.containers, card.seen)
    return _MARKS[card.seen]


class Feeds:
    """The feeds that somebody looks at, by customer."""

    def __init__(self, store: Store, hub: Hub) -> None:
        self._store = store
        self._hub = hub
        self._feeds: dict[str, CustomerFeed] = {}

    def watch(self, customer: str, watcher: Watcher) -> CustomerFeed:
        """From now on the watcher hears of every change, until `leave`."""
        feed = self._feeds.get(customer)
        if feed is None:
            feed = self._feeds[customer] = CustomerFeed(customer, self._store, self._hub)
        feed.watchers[watcher] = None
        return feed

    def leave(self, feed: CustomerFeed, watcher: Watcher) -> None:
        feed.watchers.pop(watcher, None)
        if not feed.watchers and self._feeds.get(feed.customer) is feed:
            del self._feeds[feed.customer]
            feed.close()

    def __len__(self) -> int:
        return len(self._feeds)
