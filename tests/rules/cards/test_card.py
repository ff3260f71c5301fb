"""What is kept of a card reads on, whichever version of the server wrote it."""

from __future__ import annotations

import msgspec
import pytest

from rules.cards.card import Card, CardStatus

WHOLE = Card(
    id="k-1",
    step="ask",
    template="offer",
    status=CardStatus.ACTIVE,
    created_at=1,
    platforms=("ios",),
    containers=("home",),
)
FIELDS = len(Card.__struct_fields__)


@pytest.mark.parametrize("count", [Card.__struct_fields__.index("form") + 1, FIELDS - 1, FIELDS])
def test_card_of_an_older_version_has_the_defaults_of_what_it_did_not_know(count: int) -> None:
    stored = msgspec.to_builtins(WHOLE)[:count]
    card = msgspec.msgpack.decode(msgspec.msgpack.encode(stored), type=Card)
    assert card.id == "k-1"
    assert card.platforms == (("ios",) if count == FIELDS or count == FIELDS - 1 else ())
    assert card.containers == (("home",) if count == FIELDS else ())
