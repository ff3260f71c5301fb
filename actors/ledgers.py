"""Ledgers as the loop sees them: what a flow remembers of one customer across instances."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from rules.ledgers import EMPTY, Ledger

from .cache import Cache
from .definitions import Version
from .records import LedgerRow

LedgerKey: TypeAlias = tuple[str, str, bool]
"""Customer, flow, and whether it is that of test instances."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Ledger).decode


def ledger_keys(version: Version, customer: str) -> tuple[LedgerKey, ...]:
    """What a turn of this version may look at: none, or that of real and that of test instances."""
    if not version.needs_ledger:
        return ()
    return (customer, version.flow_key, False), (customer, version.flow_key, True)


class Ledgers(Cache[LedgerKey, Ledger]):
    def load_row(self, key: LedgerKey, row: LedgerRow | None) -> None:
        if not self.is_loaded(key):
            self.load(key, ledger_of(row))


def ledger_of(row: LedgerRow | None) -> Ledger:
    return EMPTY if row is None else _decode(row.ledger)


def row_of(key: LedgerKey, ledger: Ledger) -> LedgerRow:
    customer, flow, test = key
    return LedgerRow(customer=customer, flow=flow, test=test, ledger=_encode(ledger))
