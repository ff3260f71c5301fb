"""Schedule triggers: tells when an occurrence has come, once each, also after the server was down (§3).

What was handled is a mark in the store, moved in the commit that makes the job of an occurrence. A trigger
that goes by each customer's own clock has an occurrence for each time zone that customers name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from rules.calendar.schedules import Once, Schedule, missed, next_after
from rules.errors import RuleError
from rules.model import ScheduleTrigger

from .definitions import Armed
from .holdings import Memory, Surroundings
from .patience import patiently
from .records import ScheduleRow
from .work import Occurrence, Work

Submit: TypeAlias = Callable[[Sequence[Work]], Coroutine[Any, Any, list[object]]]

KIND: Final = "schedule"
LOOK_MS_MAX: Final = 30_000
"""Between two looks: the clock may have been set, and customers of other zones may have come."""

Clocked: TypeAlias = tuple[str, str, str]
"""Flow, trigger, and the zone whose clocks count; "" for customers who name none."""


class Schedules:
    def __init__(self, around: Surroundings, memory: Memory, *, submit: Submit) -> None:
        self._store = around.store
        self._clock = around.clock
        self._zone = around.world.zone
        self._definitions = memory.definitions
        self._handled = memory.schedules
        self._jobs = memory.jobs
        self._submit = submit
        self._wake = asyncio.Event()
        self._seen: Sequence[object] = ()

    def wake_if_changed(self) -> None:
        """Something was committed: perhaps a flow with other schedules."""
        if self._definitions.schedules() is not self._seen:
            self._wake.set()

    async def recover(self) -> None:
        for row in await self._store.schedules():
            self._handled[row.flow, row.trigger, row.zone] = row.last_at

    async def run(self) -> None:
        while True:
            self._wake.clear()
            due = await self.look()
            if self._seen:
                await self._wait(due)
            else:
                await self._wake.wait()

    async def look(self) -> int | None:
        """Tell what has come; when the next comes, None for never."""
        now = self._clock.now()
        earliest: int | None = None
        zones = await self._zones()
        self._seen = self._definitions.schedules()
        for armed, trigger in self._definitions.schedules():
            for zone in zones if trigger.zone == "customer" else (trigger.zone,):
                due = await self._look_at(armed, trigger, zone, now)
                earliest = due if earliest is None else min(earliest, earliest if due is None else due)
        return earliest

    async def _zones(self) -> Sequence[str]:
        if any(trigger.zone == "customer" for _, trigger in self._definitions.schedules()):
            return await self._store.zones()
        return ()

    async def _look_at(self, armed: Armed, trigger: ScheduleTrigger, zone: str, now: int) -> int | None:
        """When this one comes next, after what has come already was told."""
        at = (armed.flow.key, trigger.name, zone)
        clock = (zone or self._zone) if trigger.zone == "customer" else trigger.zone
        schedule = schedule_of(trigger, armed.version.published_at)
        handled = self._handled_until(at, armed, trigger)
        try:
            backlog = missed(schedule, clock, handled=handled, now=now, catch_up_ms=trigger.catch_up_ms)
            if backlog.late is not None and self._jobs.is_full:
                return now + LOOK_MS_MAX  # later, or missed
            if backlog.late is not None or backlog.missed or at not in self._handled:
                order = Occurrence(at, armed.version, trigger, backlog.late, backlog.missed, now)
                await patiently(self._clock, partial(self._tell, order))
            return next_after(schedule, clock, now)
        except RuleError:
            return None  # it was worked out when it was published: only constants may have moved

    def _handled_until(self, at: Clocked, armed: Armed, trigger: ScheduleTrigger) -> int:
        """Occurrences up to this instant are no matter any more: told before, or of a time of no starts."""
        handled = self._handled.get(at)
        if handled is None:
            # Of a trigger that is new: a fixed time that lies just before its publishing still counts.
            handled = armed.version.published_at - (trigger.catch_up_ms if trigger.at is not None else 0)
        row = self._definitions.row(armed.flow.key)
        # A pause is meant: what came in it is neither made up for nor a run that was missed.
        return handled if row is None or row.resumed_at is None else max(handled, row.resumed_at)

    async def _tell(self, order: Occurrence) -> None:
        await self._submit([Work(lane=f"\0schedule:{order.at[0]}", kind=KIND, order=order)])

    async def _wait(self, due: int | None) -> None:
        now = self._clock.now()
        latest = now + LOOK_MS_MAX
        seconds = max(0.0, (min(latest, latest if due is None else due) - now) / 1_000)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass


def schedule_of(trigger: ScheduleTrigger, published_at: int) -> Schedule:
    if trigger.cron is not None:
        return trigger.cron
    assert trigger.at is not None, "a schedule has a rule or a time"
    return Once(trigger.at, published_at)


def handled_row(at: Clocked, until: int) -> ScheduleRow:
    flow, trigger, zone = at
    return ScheduleRow(flow=flow, trigger=trigger, zone=zone, last_at=until)
