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
from .horizon import Horizon
from .letters import Deliver
from .prefetch import Prefetch
from .suspects import Treatment
from .taking import Steps, Taking
from .telemetry import Isolated
from .turns import Turns
from .work import Look, TimerDue, Work

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
        timers: Horizon,
        looks: Horizon,
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
        self._looks = looks
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
        slice_ends = self._slice_end()
        count = 0
        while ready and not self.is_resting:
            if not self._has_room_for(ready[0]):
                if not self._hand_over():
                    return
                continue
            work = ready.popleft()
            steps = self._take(work)
            if steps is not None:
                await self._take_on(work, steps)
            count += 1
            if count % PAUSE_INPUTS == 0 and self._clock.monotonic() >= slice_ends:
                self._hand_over()
                self._on_room()
                await asyncio.sleep(0)
                slice_ends = self._slice_end()

    def _take(self, work: Work) -> Steps | None:
        if self._turns.group.is_empty:
            self._filled_since = self._clock.monotonic()
        if work.durable is None:
            return self._taking.take(work)
        if isinstance(work.order, TimerDue):
            self._timers.taken(work.order.instance)
        elif isinstance(work.order, Look):
            self._looks.taken(work.order.customer)
        treatment = self._suspects.treatment(work.durable)
        if treatment is not Treatment.TOGETHER:
            self._turns.group.sealed = True
        if treatment is Treatment.ISOLATE or treatment is Treatment.LEAVE:
            self._set_aside(work, treatment)
            return None
        return self._taking.take(work)

    async def _take_on(self, work: Work, steps: Steps) -> None:
        """A start call or a piece of a job, with pauses for others; the group stays open until then."""
        answer = None
        slice_ends = self._slice_end()
        for count, answer in enumerate(steps, start=1):  # noqa: B007 – the last one is the answer
            if count % PAUSE_INPUTS == 0 or self._clock.monotonic() >= slice_ends:
                await asyncio.sleep(0)
                slice_ends = self._slice_end()
        self._taking.taken(work, answer)

    def _slice_end(self) -> float:
        return self._clock.monotonic() + self._limits.slice_ms / 1_000

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
        group = self._turns.group
        if group.is_empty:
            return True
        if group.sealed:
            return False
        if group.inputs % PAUSE_INPUTS == 0 and self._is_full(group):
            return False
        return work.durable is None or self._suspects.treatment(work.durable) is Treatment.TOGETHER

    def _is_full(self, group: OpenGroup) -> bool:
        if group.row_count() >= self._limits.group_rows_max:
            return True
        return (self._clock.monotonic() - self._filled_since) * 1_000 >= self._limits.group_ms_max

    def _hand_over(self) -> bool:
        """Give the group to the writer, if there is anything in it and the writer is idle."""
        group = self._turns.group
        if group.is_empty or not self._committer.is_idle:
            return False
        self._turns.group = OpenGroup(group.number + 1)
        self._committer.hand(group)
        return True
