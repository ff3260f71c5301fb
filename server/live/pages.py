"""Catching up: what one client does not know yet, page by page, from a committed point of the store.

The first answer to a subscription, a resumption, a poll and what a slow reader gets after its queue was
dropped are all the same: read what comes after a place, say how far that leads. A client whose place cannot
be continued – none, or tombstones after it are gone – gets what is on screen instead, as a reset. A long
reset goes on as changes after its last page: what closed before `whole_to` was never shown there and is left
out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from actors.ports import Store
from actors.records import FeedCard, FeedHead
from rules.cards.card import ON_SCREEN

from .containers import Container
from .cursor import Position
from .feed import Counts, CustomerFeed
from .wire import is_published

PAGE_BYTES_MAX: Final = 256 * 1024
"""Views in one page, unless a single card has more: what a phone's connection takes within a second."""


@dataclass(frozen=True, slots=True)
class Page:
    """Cards to take over, by rising seq, ids that left, and where that leads. `more`: it is not the end."""

    position: Position
    reset: bool
    cards: Sequence[FeedCard]
    removed: Sequence[str]
    counts: Counts
    more: bool

    @property
    def says_something(self) -> bool:
        return bool(self.reset or self.cards or self.removed)


class Pages:
    def __init__(self, store: Store, *, cards_max: int) -> None:
        self._store = store
        self._cards_max = cards_max

    async def read(self, feed: CustomerFeed, container: Container, position: Position | None) -> Page:
        """The next page after `position`; None knows nothing. Raises StoreError.

        When it returns with `more` false the position is the feed's own: whoever does not let others run
        before it listens to the feed has missed nothing.
        """
        while True:
            await feed.read()
            if position is None:
                page = await self._whole(feed, container)
            else:
                head, rows = await self._store.feed(feed.customer, since=position.seq, limit=self._cards_max)
                if not _can_continue(position, head):
                    position = None
                    continue
                page = self._after(feed, container, position, head, rows)
            if not feed.is_read:
                continue
            if page.says_something or not page.more:
                return page
            position = page.position

    async def _whole(self, feed: CustomerFeed, container: Container) -> Page:
        head, rows = await self._store.feed_open(feed.customer)
        reached = min(head.seq, feed.seq)
        there = [row for row in rows if row.seq <= reached and container.holds(row.card)]
        cards = self._bounded(there)
        is_all = len(cards) == len(there)
        position = Position(reached) if is_all else Position(cards[-1].seq, whole_to=reached)
        more = position.seq < feed.seq
        return Page(position, True, cards, (), feed.counts(container), more)

    def _after(
        self,
        feed: CustomerFeed,
        container: Container,
        position: Position,
        head: FeedHead,
        rows: Sequence[FeedCard],
    ) -> Page:
        reached = max(min(head.seq, feed.seq), position.seq)
        known = [row for row in rows if row.seq <= reached]
        bounded = self._bounded(known)
        if len(bounded) < len(known) or len(known) == self._cards_max:
            reached = bounded[-1].seq
        cards, removed = _sorted_out(bounded, container, position.whole_to)
        whole_to = position.whole_to if reached < position.whole_to else 0
        return Page(
            Position(reached, whole_to=whole_to),
            False,
            cards,
            removed,
            feed.counts(container),
            reached < feed.seq,
        )

    def _bounded(self, rows: Sequence[FeedCard]) -> Sequence[FeedCard]:
        """The first rows that fit into a page; at least one."""
        size_bytes = 0
        for number, row in enumerate(rows[: self._cards_max]):
            size_bytes += len(row.view)
            if size_bytes > PAGE_BYTES_MAX and number:
                return rows[:number]
        return rows[: self._cards_max]


def _can_continue(position: Position, head: FeedHead) -> bool:
    """No tombstone that this client needs is gone, and it does not know more than the store."""
    return head.pruned <= max(position.seq, position.whole_to) and position.seq <= head.seq


def _sorted_out(
    rows: Iterable[FeedCard], container: Container, whole_to: int
) -> tuple[list[FeedCard], list[str]]:
    """Which cards a client of the container takes over, and which leave it.

    It may have any card that was ever published: an id that it never had does no harm.
    """
    cards: list[FeedCard] = []
    removed: list[str] = []
    for row in rows:
        belongs = container.holds(row.card)
        if row.card.status in ON_SCREEN and belongs:
            cards.append(row)
        elif is_published(row.card) and row.seq > whole_to:
            removed.append(row.card.id)
            if belongs:
                cards.append(row)
    return cards, removed
