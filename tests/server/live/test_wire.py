"""Cards on the wire: every field always there, encoded once, kept within bounds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from actors.memory import MemoryStore
from actors.records import FeedCard, Group
from rules.cards.card import CardStatus, CardView
from server.live.wire import EncodedCards, WireCard, is_published, wire_card
from tests.contract.rows import AT, card

FIELDS = (
    "id seq status template flow instance stream priority created_at published_at expires_at snoozed_until "
    "seen view data menu runtime_variables metadata values"
)


async def row(id: str = "k-1", *, view: CardView | None = None, **fields: Any) -> FeedCard:
    shown = view or CardView(view={"title": "Tea", "body": [], "subviews": {}})
    new = card(id, view=msgspec.msgpack.encode(shown))
    (made,) = await MemoryStore().apply(Group(cards=[replace(new, card=replace(new.card, **fields))]))
    return made


async def test_card_has_every_field_and_instants_as_text() -> None:
    wire = msgspec.to_builtins(wire_card(await row(published_at=AT, snoozed_until=AT + 1, seen=True)))
    assert list(wire) == FIELDS.split()
    assert (wire["view"]["title"], wire["data"], wire["menu"]) == ("Tea", None, {})
    assert wire["published_at"] == "2024-10-04T00:00:01.000Z"
    assert wire["snoozed_until"] == "2024-10-04T00:00:01.001Z"
    assert wire["expires_at"] is None


@pytest.mark.parametrize(("streams", "stream"), [((), "all"), (("promo", "news"), "promo")])
async def test_card_names_its_first_stream(streams: tuple[str, ...], stream: str) -> None:
    assert wire_card(await row(streams=streams)).stream == stream


@pytest.mark.parametrize(
    ("status", "published_at", "published"),
    [
        (CardStatus.ACTIVE, AT, True),
        (CardStatus.DISMISSED, AT, True),
        (CardStatus.EMBARGOED, None, False),
        (CardStatus.CANCELLED, None, False),
    ],
)
async def test_card_is_published_once_it_was_out(
    status: CardStatus, published_at: int | None, published: bool
) -> None:
    assert is_published((await row(status=status, published_at=published_at)).card) is published


@pytest.mark.parametrize("library", [msgspec.json, msgspec.msgpack])
async def test_card_is_encoded_once_for_each_seq(library: Any) -> None:
    cards = EncodedCards(library.Encoder(), bytes_max=10_000)
    first = await row()
    assert cards.get(first) is cards.get(first)
    later = replace(first, seq=2, card=replace(first.card, seen=True))
    assert library.decode(cards.get(later)) == msgspec.to_builtins(wire_card(later))
    assert library.decode(library.encode([cards.get(first)])) == [msgspec.to_builtins(wire_card(first))]
    assert library.decode(cards.get(later), type=WireCard).view.title == "Tea"


async def test_oldest_encoded_cards_go_when_there_are_too_many_bytes() -> None:
    cards = EncodedCards(msgspec.json.Encoder(), bytes_max=2_000)
    rows = [await row(f"k-{number}") for number in range(20)]
    kept = [cards.get(one) for one in rows]
    assert cards._bytes <= 2_000
    assert cards.get(rows[-1]) is kept[-1]
    assert cards.get(rows[0]) is not kept[0]
