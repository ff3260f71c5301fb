"""What segments count of customers, as the loop works on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from rules.customers.history import EMPTY, History

from .cache import Cache
from .records import HistoryRow

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(History).decode


@dataclass(frozen=True, slots=True)
class Kept:
    """`due`: when time alone may change a membership; it may be early, never late."""

    history: History = EMPTY
    due: int | None = None


NOTHING: Final = Kept()


class Histories(Cache[str, Kept]):
    """By customer."""

    def load_row(self, id: str, row: HistoryRow | None) -> None:
        if not self.is_loaded(id):
            self.load(id, NOTHING if row is None else kept_of(row))


def kept_of(row: HistoryRow) -> Kept:
    return Kept(_decode(row.history), row.due)


def row_of(id: str, kept: Kept) -> HistoryRow:
    return HistoryRow(customer=id, due=kept.due, history=_encode(kept.history))
