"""The turn loop: takes prepared inputs in order; closes the group when nothing is left or there is no room.

While the writer is busy the group fills; when the writer is free it goes at once, however small. So groups
are as large as the store is slow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .committer import Committer
from .groups import OpenGroup
from .holdings import Surroundings
from .prefetch import Prefetch
from .suspects import Treatment
from .taking import Taking
from .telemetry import Isolated
from .timers import Timers
from .turns import Turns
from .work import Deliver, TimerDue, Work

PAUSE_INPUTS = 16
"""Inputs taken between two looks at the time."""


class TurnLoop:
    def __init__(  # noqa: PLR0913 – the parts that it drives, each by its name
        self,
        around: Surroundings,
        *,
        turns: Turns,
        taking: Taking,
        prefetch: Prefetch,
        committer: Committer,
        timers: Timers,
        on_room: Callable[[], None],
    ) -> None:
        self._clock = around.clock
        self._limits = around.limits
        self._telemetry = around.telemetry
        self._suspects = around.suspects
        self._turns = turns
        self._taking = taking
        self._prefetch = prefetch
        self._committer = committer
        self._timers = timers
        self._on_room = on_room
        self._wake = asyncio.Event()
        self._filled_since = 0.0
        self.is_resting = False
        """Takes nothing more: the engine is about to stop."""

    def wake(self) -> None:
        """Inputs are ready, or the writer is idle."""
        self._wake.set()

    @property
    def is_idle(self) -> bool:
        return self._turns.group.is_empty and self._committer.is_idle

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._fill()
            self._hand_over()
            self._on_room()

    async def _fill(self) -> None:
        """Take what is ready, until the group is full or nothing is left."""
        ready = self._prefetch.ready
        slice_ends = self._clock.monotonic() + self._limits.slice_ms / 1_000
        count = 0
        while ready and not self.is_resting:
            if not self._has_room_for(ready[0]):
                if not self._hand_over():
                    return
                continue
            await self._take(ready.popleft())
            count += 1
            if count % PAUSE_INPUTS == 0 and self._clock.monotonic() >= slice_ends:
                self._hand_over()
                self._on_room()
                await asyncio.sleep(0)
                slice_ends = self._clock.monotonic() + self._limits.slice_ms / 1_000

    async def _take(self, work: Work) -> None:
        if self._turns.group.is_empty:
            self._filled_since = self._clock.monotonic()
        if isinstance(work.order, TimerDue):
            self._timers.taken(work.order.instance)
        treatment = self._suspects.treatment(work.durable)
        if treatment is not Treatment.TOGETHER:
            self._turns.group.sealed = True
        if treatment is Treatment.ISOLATE or treatment is Treatment.LEAVE:
            self._set_aside(work, treatment)
            return
        steps = self._taking.take(work)
        if steps is None:
            return
        answer = None
        for count, answer in enumerate(steps, start=1):
            if answer is None and count % PAUSE_INPUTS == 0:
                await asyncio.sleep(0)
        self._taking.taken(work, answer)

    def _set_aside(self, work: Work, treatment: Treatment) -> None:
        if treatment is Treatment.ISOLATE:
            self._taking.isolate(work)
        else:
            self._taking.leave(work)
        order = work.order
        instance = order.instance if isinstance(order, Deliver | TimerDue) else ""
        error = RuntimeError(f"{work.durable} makes every commit fail")
        self._telemetry.emit(Isolated(instance=instance, error=error))

    def _has_room_for(self, work: Work) -> bool:
        group, limits = self._turns.group, self._limits
        if group.is_empty:
            return True
        if group.sealed or group.row_count() >= limits.group_rows_max:
            return False
        if (self._clock.monotonic() - self._filled_since) * 1_000 >= limits.group_ms_max:
            return False
        return self._suspects.treatment(work.durable) is Treatment.TOGETHER

    def _hand_over(self) -> bool:
        """Give the group to the writer, if there is anything in it and the writer is idle."""
        group = self._turns.group
        if group.is_empty or not self._committer.is_idle:
            return False
        self._turns.group = OpenGroup(group.number + 1)
        self._committer.hand(group)
        return True
