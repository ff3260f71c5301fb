"""A committed card as apps see it. Each is encoded once per encoding, however many connections want it."""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from actors.records import FeedCard
from rules.calendar.times import rfc3339
from rules.cards.card import Card, CardStatus, CardView
from rules.cards.view_types import Menu, RuntimeVariable, View

EVERY_STREAM: Final = "all"
"""The built-in stream that always has every card."""

INSTANTS_MAX: Final = 1_024
"""Texts of instants that are kept."""

_read_view = msgspec.msgpack.Decoder(CardView).decode


class WireCard(msgspec.Struct, frozen=True, kw_only=True):
    """A card on the wire (live protocol, Changes). `stream` is the first that the flow named."""

    id: str
    seq: int
    status: CardStatus
    template: str
    flow: str
    instance: str
    stream: str
    priority: int
    created_at: str
    published_at: str | None
    expires_at: str | None
    snoozed_until: str | None
    seen: bool
    view: View
    data: dict[str, Any] | None
    menu: Menu
    runtime_variables: dict[str, RuntimeVariable]
    metadata: dict[str, Any] | None
    values: dict[str, Any]


def wire_card(row: FeedCard) -> WireCard:
    card, view = row.card, _read_view(row.view)
    return WireCard(
        id=card.id,
        seq=row.seq,
        status=card.status,
        template=card.template,
        flow=row.flow,
        instance=row.instance,
        stream=card.streams[0] if card.streams else EVERY_STREAM,
        priority=card.priority,
        created_at=_text(card.created_at),
        published_at=_instant(card.published_at),
        expires_at=_instant(card.expires_at),
        snoozed_until=_instant(card.snoozed_until),
        seen=card.seen,
        # Rendered long ago, and never read here: the types say what apps get.
        view=cast("View", view.view),
        data=view.data,
        menu=cast("Menu", view.menu),
        runtime_variables=cast("dict[str, RuntimeVariable]", view.runtime_variables),
        metadata=view.metadata,
        values=card.values,
    )


def is_published(card: Card) -> bool:
    """Whether its customer may know of it: an embargoed card, also one that never came out of it, stays
    unseen."""
    return card.published_at is not None and card.status is not CardStatus.EMBARGOED


def _instant(at: int | None) -> str | None:
    return None if at is None else _text(at)


# Cards of one commit share their instants, and a card keeps most of its own.
_text = lru_cache(maxsize=INSTANTS_MAX)(rfc3339)


class EncodedCards:
    """Encoded cards of one encoding, the newest kept: `(id, seq)` says exactly what a card looks like."""

    def __init__(self, encode: msgspec.json.Encoder | msgspec.msgpack.Encoder, *, bytes_max: int) -> None:
        self._encode = encode.encode
        self._bytes_max = bytes_max
        self._bytes = 0
        self._cards: OrderedDict[tuple[str, int], msgspec.Raw] = OrderedDict()

    def get(self, row: FeedCard) -> msgspec.Raw:
        """The card's bytes, to be put into a message as they are."""
        key = (row.card.id, row.seq)
        known = self._cards.get(key)
        if known is not None:
            self._cards.move_to_end(key)
            return known
        encoded = msgspec.Raw(self._encode(wire_card(row)))
        self._cards[key] = encoded
        self._bytes += _size(encoded)
        while self._bytes > self._bytes_max:
            _, dropped = self._cards.popitem(last=False)
            self._bytes -= _size(dropped)
        return encoded


def _size(encoded: msgspec.Raw) -> int:
    return len(memoryview(encoded))
