"""What segments count of one customer: when the events came that their rules ask about.

Of each name the newest times are kept, within the longest period that any rule asks for; the rest is
forgotten. So a count is at most what is kept, and `first()` the oldest that is.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping
from typing import Final

import msgspec

from ..conditions import Window
from ..limits import COUNTED_TIMES_MAX


class History(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Times by name of the event, ms, oldest first."""

    times: dict[str, tuple[int, ...]] = {}

    def with_event(self, name: str, at: int, *, now: int, periods: Mapping[str, int]) -> History:
        """One more event; `periods` says for how long the times of each counted name matter.

        An event counts at the time that it says, but not later than it was taken: a window ends now.
        """
        kept = {other: times for other, times in self.times.items() if other in periods}
        times = list(kept.get(name, ()))
        insort(times, min(at, now))
        first = max(bisect_right(times, now - periods[name]), len(times) - COUNTED_TIMES_MAX)
        kept[name] = tuple(times[first:])
        return History(kept)


EMPTY: Final = History()


class Remembered:
    """A history as rules look at it, at one time."""

    __slots__ = ("_history", "_now")

    def __init__(self, history: History, now: int) -> None:
        self._history = history
        self._now = now

    def within(self, window: Window) -> tuple[int, ...]:
        times = self._history.times.get(window.name, ())
        return times[bisect_right(times, self._now - window.period_ms) :]
