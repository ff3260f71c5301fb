"""Upkeep in the background: rows past their window, instances that a publish cancels, the loop's lag."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from .authoring import Authoring, Submit
from .holdings import Memory, Surroundings
from .patience import patiently
from .ports import StoreBroken, StoreError
from .records import FlowRow
from .telemetry import Lagged, Pruned
from .work import Cancel, Work

SWEEP_BATCH: Final = 200
"""Instances cancelled together: a group's worth, so that others' inputs pass in between."""

LAG_S: Final = 1.0


class Keeper:
    def __init__(self, around: Surroundings, memory: Memory, *, authoring: Authoring, submit: Submit) -> None:
        self._store = around.store
        self._clock = around.clock
        self._limits = around.limits
        self._telemetry = around.telemetry
        self._definitions = memory.definitions
        self._router = memory.router
        self._authoring = authoring
        self._submit = submit
        self._wake = asyncio.Event()
        self._wake.set()

    def wake(self) -> None:
        """Something was committed: perhaps a publish that cancels."""
        if self._definitions.sweeping():
            self._wake.set()

    # ── rows past their window ─────────────────────────────────────────────────────────────────────────
    async def upkeep(self) -> None:
        while True:
            await self._clock.sleep(self._limits.upkeep_s)
            try:
                await self._tidy()
            except StoreBroken:
                raise
            except StoreError as error:
                # Nothing was dropped and nothing is lost; the next round tries again.
                self._telemetry.emit(Pruned(rows=0, error=error))

    async def _tidy(self) -> None:
        while dropped := await self._store.prune(now=self._clock.now()):
            self._telemetry.emit(Pruned(rows=dropped))
        await self._store.checkpoint()

    # ── instances that a publish cancels ───────────────────────────────────────────────────────────────
    async def sweep(self) -> None:
        """Goes on where the last life stopped: the flow's row says so until it is done."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            for row in tuple(self._definitions.sweeping()):
                await self._sweep(row)

    async def _sweep(self, row: FlowRow) -> None:
        below = row.cancel_below
        assert below is not None, "it is being swept"
        tried: set[str] = set()
        while True:
            found = await self._store.live_below(row.key, below, limit=SWEEP_BATCH)
            left = [id for id in found if id not in tried]
            if not left:
                break  # none, or only such as cannot be cancelled: their faults were reported
            tried.update(left)
            await patiently(self._clock, partial(self._cancel, left))
        await patiently(self._clock, partial(self._authoring.swept, row.key, below))

    async def _cancel(self, instances: Sequence[str]) -> None:
        works = []
        for id in instances:
            actor = self._router.actors.get(id)
            if actor is not None:
                works.append(Work(lane=actor.customer, kind="sweep", order=Cancel(id, reason="published")))
        if works:
            await self._submit(works)

    # ── how late the loop is ───────────────────────────────────────────────────────────────────────────
    async def measure_lag(self) -> None:
        while True:
            before = self._clock.monotonic()
            await self._clock.sleep(LAG_S)
            self._telemetry.emit(Lagged(seconds=max(0.0, self._clock.monotonic() - before - LAG_S)))
