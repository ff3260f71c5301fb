"""Looks up all that an input's turns will ask for, before it is taken: turns never wait.

Inputs that need the dedupe look-up only go ahead of those that need snapshots or profiles; within one
customer the order stays.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from .actor import Actor
from .holdings import Memory, Surroundings
from .ledgers import LedgerKey
from .needs import Foresight, Needs, cards_of
from .telemetry import Faulted
from .work import Batch, Work

LOADS_MAX = 4
"""Batches that load at the same time; warm inputs pass while there are fewer."""


class Prefetch:
    def __init__(self, around: Surroundings, memory: Memory, *, on_ready: Callable[[], None]) -> None:
        self._store = around.store
        self._limits = around.limits
        self._telemetry = around.telemetry
        self._intake = memory.intake
        self._customers = memory.customers
        self._ledgers = memory.ledgers
        self._histories = memory.histories
        self._definitions = memory.definitions
        self._foresight = Foresight(around, memory)
        self._dedupe = memory.dedupe
        self._warmth = memory.warmth
        self._on_ready = on_ready
        self._loads = 0
        self.ready: deque[Work] = deque()
        """Prepared, to be taken in this order."""

    def wake(self) -> None:
        """There may be room again."""
        self._intake.stirred.set()

    @property
    def is_idle(self) -> bool:
        return not self.ready and not self._loads and self._intake.is_empty

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await self._intake.stirred.wait()
            self._intake.stirred.clear()
            while self._has_room() and not self._intake.is_empty:
                light, heavy = self._sort(self._intake.pull(self._limits.batch_max))
                if heavy:
                    self._loads += 1
                    tasks.create_task(self._load(heavy), name="load")
                if light:
                    await self._check(light)

    def _has_room(self) -> bool:
        return len(self.ready) < self._limits.batch_max and self._loads < LOADS_MAX

    def _sort(self, works: Sequence[Work]) -> tuple[list[Work], list[Work]]:
        """Those that need ids looked up at most, and the others. The inputs of one lane stay together."""
        light: list[Work] = []
        heavy: list[Work] = []
        needs = Needs()
        for _, run in groupby(works, key=_lane):
            own = list(run)
            missing = needs.count
            for work in own:
                needs.begin()
                self._foresight.find(work, needs)
                work.hold(needs.held, needs.rows)
            if needs.count == missing:
                light.extend(own)
                continue
            for work in own:
                work.let_go()
            heavy.extend(own)
        return light, heavy

    def _hold(self, works: Sequence[Work]) -> Needs:
        needs = Needs()
        for work in works:
            needs.begin()
            self._foresight.find(work, needs)
            work.hold(needs.held, needs.rows)
        return needs

    # ── light ──────────────────────────────────────────────────────────────────────────────────────────
    async def _check(self, works: list[Work]) -> None:
        await self._look_up(works)
        self._hand_on(works)

    async def _look_up(self, works: list[Work]) -> None:
        """Which of these ids were taken before: in memory now, which need not keep it, or in one read."""
        batch = Batch(self._dedupe.begin_batch(), len(works))
        unknown = []
        for work in works:
            work.batch = batch
            if work.key is not None:
                work.seen = self._dedupe.find(work.key)
                if work.seen is None:
                    unknown.append((work, work.key))
        if not unknown:
            return
        seen = await self._store.seen([key for _, key in unknown])
        if seen:
            for work, key in unknown:
                work.seen = seen.get(key)

    def _hand_on(self, works: list[Work]) -> None:
        self.ready.extend(works)
        for work in works:
            self._intake.done(work.lane)
        self._on_ready()

    # ── heavy ──────────────────────────────────────────────────────────────────────────────────────────
    async def _load(self, works: list[Work]) -> None:
        try:
            await self.prepare(works)
        finally:
            self._loads -= 1
        self._hand_on(works)
        self.wake()

    async def prepare(self, works: list[Work]) -> None:
        """Whatever they need is in memory afterwards, and stays there until they are taken."""
        await self._look_up(works)
        await self._load_cards(works)
        await self._load_rest(works)

    async def _load_cards(self, works: list[Work]) -> None:
        wanted = {id: None for work in works for id in cards_of(work)}
        if not wanted:
            return
        found = await self._store.cards_by_id(list(wanted))
        for work in works:
            own = cards_of(work)
            if own:
                work.cards = {id: found[id] for id in own if id in found}

    async def _load_rest(self, works: list[Work]) -> None:
        needs = self._hold(works)
        if needs.versions:
            await self._definitions.prepare(needs.versions)
            # Only a compiled flow says whether it reads the profile.
            for work in works:
                work.let_go()
            needs = self._hold(works)
        await self._load_states(needs.actors)
        await self._load_profiles(needs.customers)
        await self._load_ledgers(list(needs.ledgers))
        await self._load_histories(list(needs.histories))

    async def _load_states(self, actors: dict[str, Actor]) -> None:
        wanted = list(actors)
        for first in range(0, len(wanted), self._limits.batch_max):
            some = wanted[first : first + self._limits.batch_max]
            states = await self._store.states(some)
            for id in some:
                actor, packed = actors[id], states.get(id)
                if packed is None:
                    error = LookupError(f"instance {id} has no state in the store")
                    flow, number = actor.version.flow_key, actor.version.number
                    self._telemetry.emit(Faulted(instance=id, flow=flow, version=number, error=error))
                elif actor.is_cold:  # it may have been loaded by another batch, and have had turns
                    actor.packed = packed
                    self._warmth.add(actor)

    async def _load_profiles(self, customers: Iterable[str]) -> None:
        wanted = list(customers)
        for first in range(0, len(wanted), self._limits.batch_max):
            some = wanted[first : first + self._limits.batch_max]
            rows = await self._store.profiles(some)
            for id in some:
                self._customers.load_row(id, rows.get(id))

    async def _load_histories(self, wanted: Sequence[str]) -> None:
        for first in range(0, len(wanted), self._limits.batch_max):
            some = wanted[first : first + self._limits.batch_max]
            rows = await self._store.histories(some)
            for id in some:
                self._histories.load_row(id, rows.get(id))

    async def _load_ledgers(self, wanted: Sequence[LedgerKey]) -> None:
        for first in range(0, len(wanted), self._limits.batch_max):
            some = wanted[first : first + self._limits.batch_max]
            rows = await self._store.ledgers(some)
            for key in some:
                self._ledgers.load_row(key, rows.get(key))


def _lane(work: Work) -> str:
    return work.lane
