"""The near horizon of what is due: never told early, told once, and late only when the server was.

Everything that has a time is in the store. What comes next, up to the horizon, is in memory too: read from
the store now and then, and kept current by every commit. What lies beyond costs no memory.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeAlias

from .holdings import Surroundings
from .intake import Intake
from .work import Work

LOOK_S_MAX = 0.5
"""The longest sleep: the wall clock may have been set forward meanwhile."""


class Read(Protocol):
    """(due, id) of what is due before then, earliest first."""

    async def __call__(self, *, before: int, limit: int) -> Sequence[tuple[int, str]]: ...


Tell: TypeAlias = Callable[[int, str], Work | None]
"""The input that says that the time of an id has come; None if it is nobody's any more."""


class Horizon:
    """Every committed time before `_horizon` is in `_due`, or its id is about to be told."""

    def __init__(self, around: Surroundings, intake: Intake, *, read: Read, tell: Tell) -> None:
        self._clock = around.clock
        self._limits = around.limits
        self._intake = intake
        self._read_store = read
        self._tell_of = tell
        self._due: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        self._told: set[str] = set()
        self._horizon = 0
        self._reading_to = 0
        self._wake = asyncio.Event()
        self._wake_at: int | None = None
        self._is_waiting = False
        self._is_cut = False
        """More wait in the store before what would be the horizon than there was room for."""

    def wake_if_waiting(self) -> None:
        """There is room again for those whose time has come."""
        if self._is_waiting:
            self._wake.set()

    def committed(self, times: Iterable[tuple[str, int | None]]) -> None:
        """Ids, and when they are due from now on."""
        horizon = max(self._horizon, self._reading_to)
        for id, due in times:
            if due is None or due >= horizon:
                self._due.pop(id, None)
            else:
                self._add(due, id)
        if len(self._due) > self._limits.timers_max:
            self._draw_in()

    def taken(self, id: str) -> None:
        """What was due is applied, and the commit will say what is next."""
        self._told.discard(id)
        if self._is_cut and self._is_short():
            self._wake.set()

    async def run(self) -> None:
        while True:
            now = self._clock.now()
            if self._wants_more(now):
                await self._read(now)
                now = self._clock.now()
            self._tell(now)
            await self._sleep(now)

    # ── telling ────────────────────────────────────────────────────────────────────────────────────────
    def _tell(self, now: int) -> None:
        while self._heap and self._heap[0][0] <= now and self._intake.internal < self._limits.internal_max:
            due, id = heapq.heappop(self._heap)
            if self._due.get(id) != due:
                continue  # it was set anew since
            del self._due[id]
            if id not in self._told and (work := self._tell_of(due, id)) is not None:
                self._told.add(id)
                self._intake.put(work)

    async def _sleep(self, now: int) -> None:
        seconds = LOOK_S_MAX
        self._is_waiting = self._intake.internal >= self._limits.internal_max
        if not self._is_waiting:
            if self._heap:
                seconds = min(seconds, (self._heap[0][0] - now) / 1_000)
            # One that is added meanwhile may come earlier, also where none is known yet.
            self._wake_at = now + round(seconds * 1_000)
            if self._wants_more(now):
                seconds = 0.0
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                pass
        else:
            await asyncio.sleep(0)
        self._wake_at = None
        self._wake.clear()

    # ── knowing ────────────────────────────────────────────────────────────────────────────────────────
    def _wants_more(self, now: int) -> bool:
        return self._is_short() and self._horizon - now < self._limits.horizon_ms // 2

    def _is_short(self) -> bool:
        return len(self._due) + len(self._told) <= self._limits.timers_max // 2

    async def _read(self, now: int) -> None:
        limit = self._limits.timers_max
        self._reading_to = now + self._limits.horizon_ms
        rows = await self._read_store(before=self._reading_to, limit=limit)
        for due, id in rows:
            if id not in self._due:  # else a commit has told of a newer one
                self._add(due, id)
        self._is_cut = len(rows) == limit
        self._horizon = max(self._horizon, rows[-1][0] if self._is_cut else self._reading_to)
        self._reading_to = 0

    def _add(self, due: int, id: str) -> None:
        if self._due.get(id) == due:
            return
        self._due[id] = due
        heapq.heappush(self._heap, (due, id))
        if self._wake_at is not None and due < self._wake_at:
            self._wake.set()
        if len(self._heap) > 2 * len(self._due) + 1_000:
            # Times that are set anew again and again leave their old places behind.
            self._heap = [(due, id) for id, due in self._due.items()]
            heapq.heapify(self._heap)

    def _draw_in(self) -> None:
        """Too many before the horizon: it comes nearer, and the later half waits in the store again."""
        by_due = sorted((due, id) for id, due in self._due.items())
        kept, first_left = by_due[: len(by_due) // 2], by_due[len(by_due) // 2]
        self._horizon = first_left[0]
        self._is_cut = True
        self._due = {id: due for due, id in kept}
        self._heap = kept
