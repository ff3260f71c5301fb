"""One life of the engine's memory: built anew, read from the store, run until it is told to end or must.

Nothing of a life survives it. When a commit fails the engine throws the whole away and begins the next one,
so that what is in memory always follows from what is in the store.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping, Sequence

from .actor import Actor
from .authoring import Authoring
from .commands import UnknownOutcome
from .committer import Committer
from .holdings import Surroundings, new_memory
from .inbox import Inbox
from .jobs import Jobs
from .keeper import Keeper
from .loop import TurnLoop
from .migrating import Migrating
from .outbox import Outbox
from .ports import StoreError, StoreFull
from .prefetch import Prefetch
from .records import Route
from .schedules import Schedules
from .taking import Taking
from .telemetry import Recovered
from .timers import looks, timers
from .turns import Turns
from .work import Ticket, Work

FREEZE_INSTANCES = 10_000
"""From here on the collector is kept from what was recovered: one full look takes 0.1 µs an object."""


class Life:
    """`recover`, then `run`. The parts that the engine's calls need are public."""

    def __init__(
        self, around: Surroundings, *, seed: str, last_inbox_number: int, last_outbox_number: int
    ) -> None:
        self._around = around
        self.memory = memory = new_memory(around)
        self._inbox = Inbox(around, memory, last_number=last_inbox_number)
        self._timers = timers(around, memory)
        self._looks = looks(around, memory)
        self._outbox = Outbox(around, memory, last_number=last_outbox_number)
        self._jobs = Jobs(around, memory)
        self._turns = Turns(
            around,
            memory,
            seed=seed,
            last_inbox_number=last_inbox_number,
            last_outbox_number=last_outbox_number,
        )
        self._prefetch = Prefetch(around, memory, on_ready=self._wake_loop)
        self._committer = Committer(
            around,
            memory,
            inbox=self._inbox,
            timers=self._timers,
            looks=self._looks,
            outbox=self._outbox,
            jobs=self._jobs,
            on_stall=self.abandon,
            on_idle=self._after_commit,
        )
        self._loop = TurnLoop(
            around,
            turns=self._turns,
            taking=Taking(around, memory, self._turns),
            prefetch=self._prefetch,
            committer=self._committer,
            timers=self._timers,
            looks=self._looks,
            on_room=self._wake_sources,
        )
        self.authoring = Authoring(around, memory, submit=self.submit)
        self.migrating = Migrating(around, memory, submit=self.submit, new_id=self.new_id)
        self._schedules = Schedules(around, memory, submit=self.submit)
        self._keeper = Keeper(around, memory, authoring=self.authoring, submit=self.submit)

    # ── from the store ─────────────────────────────────────────────────────────────────────────────────
    async def recover(self) -> None:
        """The routing index and the definitions; snapshots load as they are needed."""
        started = self._around.clock.monotonic()
        # A million objects that stay are made here: looking for garbage among them costs seconds.
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            await self.memory.definitions.recover()
            self.memory.resources.recover(await self._around.store.resources())
            self.memory.hooks.recover(await self._around.store.hooks())
            await self._jobs.recover()
            await self._schedules.recover()
            async for routes in self._around.store.routes():
                for route in routes:
                    self._add(route)
        finally:
            if was_enabled:
                gc.enable()
        if len(self.memory.router.actors) >= FREEZE_INSTANCES:
            gc.freeze()
        seconds = self._around.clock.monotonic() - started
        self._around.telemetry.emit(Recovered(seconds=seconds, instances=len(self.memory.router.actors)))

    def _add(self, route: Route) -> None:
        version = self.memory.definitions.version(route.flow, route.version)
        actor = Actor(id=route.id, customer=route.customer, key=route.key, version=version)
        actor.subscriptions = self.memory.sets.packed(route.subscriptions)
        actor.open_cards = route.open_cards
        self.memory.router.add(actor)

    # ── running ────────────────────────────────────────────────────────────────────────────────────────
    async def run(self) -> None:
        """Until cancelled, or until a task fails: then its exception comes in a group."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._committer.run(), name="committer")
            tasks.create_task(self._loop.run(), name="turn loop")
            tasks.create_task(self._prefetch.run(tasks), name="prefetch")
            tasks.create_task(self._inbox.run(), name="inbox")
            tasks.create_task(self._outbox.run(tasks), name="outbox")
            tasks.create_task(self._timers.run(), name="timers")
            tasks.create_task(self._looks.run(), name="looks")
            tasks.create_task(self._jobs.run(), name="jobs")
            tasks.create_task(self._schedules.run(), name="schedules")
            tasks.create_task(self._keeper.upkeep(), name="upkeep")
            tasks.create_task(self._keeper.sweep(), name="sweep")
            tasks.create_task(self._keeper.measure_lag(), name="lag")

    async def submit(self, works: Sequence[Work], *, size_bytes: int = 0) -> list[object]:
        """Queue a call's inputs, all or none (Overloaded), and give their results after the last commit."""
        if not works:
            return []
        kinds: dict[str, int] = {}
        for work in works:
            kinds[work.kind] = kinds.get(work.kind, 0) + work.weight
        future: asyncio.Future[list[object]] = asyncio.get_running_loop().create_future()
        ticket = Ticket(future, count=len(works), inputs=kinds, bytes=size_bytes)
        self.memory.intake.admit(ticket)
        for index, work in enumerate(works):
            work.ticket, work.index = ticket, index
            self.memory.intake.put(work)
        return await future

    def is_drained(self) -> bool:
        """Whether no caller waits for anything; if so nothing more is taken, and the last group is stored."""
        if self.memory.intake.inputs:
            return False
        self._loop.is_resting = True
        return self._loop.is_idle

    def new_id(self) -> str:
        return self._turns.new_id(self._around.clock.now())

    @property
    def is_idle(self) -> bool:
        """Nothing is queued, being prepared, taken or committed, and no job is open."""
        parts = (self._prefetch, self._loop, self._outbox, self._jobs)
        return all(part.is_idle for part in parts)

    def forget(self) -> None:
        """Let go of what is large now: frozen objects are never looked at by the collector."""
        self.memory.router.clear()
        self.memory.customers.clear()
        self.memory.ledgers.clear()
        self.memory.histories.clear()
        self.memory.warmth.clear()

    def abandon(self) -> None:
        """Whatever callers wait for: it is not known whether it is or will be stored."""
        self.memory.intake.fail_all(UnknownOutcome())

    @property
    def is_stalled(self) -> bool:
        """A commit takes longer than it may."""
        return self._committer.is_stalled

    @property
    def is_committing(self) -> bool:
        """The store is writing."""
        return self._committer.is_at_store

    def blame(self, error: Exception) -> None:
        """Remember which durable inputs were on their way to the store when the life fell."""
        at_store = self._committer.group
        committing = at_store.durable if at_store is not None else []
        filling = self._turns.group.durable
        is_commit = isinstance(error, StoreError)
        # A store without room is nobody's fault; and who was not at the store yet has no part in its failure.
        suspects = self._around.suspects
        suspects.failed(committing, is_their_fault=is_commit and not isinstance(error, StoreFull))
        suspects.failed(filling, is_their_fault=not is_commit)

    def counts(self) -> Mapping[str, int]:
        """How full the parts are, for metrics."""
        return {
            "inputs": self.memory.intake.inputs,
            "internal": self.memory.intake.internal,
            "instances": len(self.memory.router.actors),
            "warm_bytes": self.memory.warmth.bytes,
        }

    def remembered(self) -> dict[str, tuple[bytes | None, bytes, int, str]]:
        """Of each instance: its packed state (None: cold), subscriptions, open cards, and flow."""
        assert self._loop.is_idle, "a turn is not committed yet"
        return {
            id: (actor.packed, actor.subscriptions.packed, actor.open_cards, actor.version.flow_key)
            for id, actor in self.memory.router.actors.items()
        }

    def _wake_loop(self) -> None:
        self._loop.wake()

    def _after_commit(self) -> None:
        self._loop.wake()
        self._prefetch.wake()
        self._keeper.wake()
        self._schedules.wake_if_changed()

    def _wake_sources(self) -> None:
        """Inputs were taken: there is room again."""
        self._prefetch.wake()
        if self.memory.intake.internal * 2 < self._around.limits.internal_max:
            self._inbox.wake()
            self._timers.wake_if_waiting()
            self._looks.wake_if_waiting()
            self._outbox.wake()
