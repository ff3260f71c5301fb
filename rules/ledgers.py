"""What a flow remembers of one customer across instances: starts that entry rules count, passes of limit
steps.

A ledger outlives the instances that wrote it, and is kept apart from the profile: test instances have their
own.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from .limits import LEDGER_KEYS_MAX

Entry = TypeVar("Entry")


class Passes(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A limit step's present window: when it opened (ms), and how often it let the customer through."""

    opened: int
    count: int


class Ledger(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`starts`: the newest starts by entry key ("" where entry counts by customer), oldest first, ms.

    `passes`: by limit step and its key (`step/key`). Both keep so many keys; the one written longest ago goes
    first.
    """

    starts: dict[str, tuple[int, ...]] = {}
    passes: dict[str, Passes] = {}

    def with_start(self, key: str, at: int, *, kept: int) -> Ledger:
        """One more start; the newest `kept` of this key stay."""
        times = (*self.starts.get(key, ()), at)[-kept:]
        return Ledger(_newest(self.starts, key, times), self.passes)

    def with_pass(self, key: str, passes: Passes) -> Ledger:
        return Ledger(self.starts, _newest(self.passes, key, passes))


EMPTY: Final = Ledger()


def _newest(entries: dict[str, Entry], key: str, entry: Entry) -> dict[str, Entry]:
    written = {other: entries[other] for other in entries if other != key}
    written[key] = entry
    surplus = len(written) - LEDGER_KEYS_MAX
    return dict(list(written.items())[surplus:]) if surplus > 0 else written
