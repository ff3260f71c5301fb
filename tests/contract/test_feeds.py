"""The feed has no gap: what changed since a number, or the whole."""

from __future__ import annotations

import pytest

from actors.ports import Store
from actors.records import FeedHead, Group
from rules.cards.card import CardStatus

from .rows import card, changed, seqs, shown

CLOSED = [CardStatus.COMPLETED, CardStatus.DISMISSED, CardStatus.CANCELLED, CardStatus.EXPIRED]


async def test_customer_without_cards_has_an_empty_feed(store: Store) -> None:
    assert await store.feed_head("c-1") == FeedHead(seq=0, pruned=0)
    assert await store.feed("c-1", since=0, limit=9) == (FeedHead(), [])
    assert await store.feed_open("c-1") == (FeedHead(), [])


async def test_feed_gives_what_changed_by_rising_number(store: Store) -> None:
    rows = [card(f"k-{number}") for number in range(1, 5)]
    await store.apply(Group(cards=rows))
    await store.apply(Group(cards=[changed(rows[0], CardStatus.SNOOZED)]))
    head, cards = await store.feed("c-1", since=2, limit=9)
    assert head.seq == 5
    assert [(row.card.id, row.seq) for row in cards] == [("k-3", 3), ("k-4", 4), ("k-1", 5)]
    _, page = await store.feed("c-1", since=0, limit=2)
    assert seqs(list(page)) == [2, 3]
    assert (await store.feed("c-1", since=5, limit=9))[1] == []


@pytest.mark.parametrize("status", CLOSED)
async def test_closed_card_leaves_the_open_feed_and_stays_as_a_tombstone(
    store: Store, status: CardStatus
) -> None:
    row = card()
    await store.apply(Group(cards=[row, card("k-2")]))
    await store.apply(Group(cards=[changed(row, status, closed_at=5)]))
    assert await shown(store) == [("k-2", 2)]
    _, cards = await store.feed("c-1", since=2, limit=9)
    assert [(row.card.id, row.card.status) for row in cards] == [("k-1", status)]


async def test_open_feed_holds_what_is_on_screen(store: Store) -> None:
    await store.apply(
        Group(
            cards=[
                card("k-1", status=CardStatus.EMBARGOED),
                card("k-2", status=CardStatus.ACTIVE),
                card("k-3", status=CardStatus.SNOOZED),
            ]
        )
    )
    assert await shown(store) == [("k-2", 2), ("k-3", 3)]


async def test_feeds_of_customers_are_apart(store: Store) -> None:
    await store.apply(Group(cards=[card("k-1"), card("k-2", customer="c-2")]))
    assert await shown(store, "c-1") == [("k-1", 1)]
    assert await shown(store, "c-2") == [("k-2", 1)]
