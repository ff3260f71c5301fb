"""Whose apps asked for their feed lately, so that polls tell the engine of it seldom.

How often it is written is decided with the profile; what is forgotten here costs one input more.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from actors.ports import Clock

CUSTOMERS_MAX: Final = 100_000
"""Remembered at once, some 20 MB: as many as may be connected; above, the longest ago is forgotten."""


class Sightings:
    """`every_s`: for how long a customer counts as seen."""

    def __init__(self, clock: Clock, *, every_s: float, customers_max: int = CUSTOMERS_MAX) -> None:
        self._clock = clock
        self._every_s = every_s
        self._customers_max = customers_max
        self._seen: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def note(self, customer: str) -> None:
        now = self._clock.monotonic()
        self._seen[customer] = now
        self._seen.move_to_end(customer)
        while len(self._seen) > self._customers_max or self._oldest_s <= now - self._every_s:
            self._seen.popitem(last=False)

    def is_due(self, customer: str) -> bool:
        seen_s = self._seen.get(customer)
        return seen_s is None or self._clock.monotonic() - seen_s >= self._every_s

    @property
    def _oldest_s(self) -> float:
        return next(iter(self._seen.values()))
