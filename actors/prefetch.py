"""Looks up all that an input's turns will ask for, before it is taken: turns never wait.

Inputs that need the dedupe look-up only go ahead of those that need snapshots or profiles; within one
customer the order stays.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import assert_never

from rules.decide import trigger_target
from rules.inputs import Event
from rules.model import EventTrigger

from .actor import Actor
from .commands import (
    Action,
    ChangeHook,
    CustomerWrite,
    DropResource,
    HookCall,
    PutResource,
    Target,
    TrackBatch,
)
from .definitions import Armed, Version
from .holdings import Memory, Surroundings
from .job_specs import PullTrigger, StartFlow, TendInstances
from .ledgers import LedgerKey, ledger_keys
from .limits import OWN_TURNS_MAX
from .router import living
from .telemetry import Faulted
from .work import (
    Batch,
    Begin,
    CallDone,
    Cancel,
    Chunk,
    Deliver,
    EndJob,
    FlowChange,
    HookSample,
    NewJob,
    Occurrence,
    Pull,
    Raise,
    Repair,
    Row,
    Spread,
    Start,
    StartOne,
    TimerDue,
    Withdraw,
    Work,
)

LOADS_MAX = 4
"""Batches that load at the same time; warm inputs pass while there are fewer."""


class Needs:
    """What a batch has to read, and whom the input that is looked at needs to stay in memory."""

    __slots__ = ("actors", "cards", "count", "customers", "held", "ledgers", "rows", "versions")

    def __init__(self) -> None:
        self.actors: dict[str, Actor] = {}
        self.customers: dict[str, None] = {}
        self.versions: dict[Version, None] = {}
        self.cards: dict[str, None] = {}
        self.held: list[Actor | Version] = []
        self.ledgers: dict[LedgerKey, None] = {}
        self.rows: list[Row] = []
        self.count = 0
        """Things missing so far; those that are named twice count twice."""

    def begin(self) -> None:
        """The next input."""
        self.held = []
        self.rows = []


class Prefetch:
    def __init__(self, around: Surroundings, memory: Memory, *, on_ready: Callable[[], None]) -> None:
        self._store = around.store
        self._clock = around.clock
        self._limits = around.limits
        self._world = around.world
        self._telemetry = around.telemetry
        self._intake = memory.intake
        self._router = memory.router
        self._customers = memory.customers
        self._ledgers = memory.ledgers
        self._definitions = memory.definitions
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
                self._find_needs(work, needs)
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
            self._find_needs(work, needs)
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
        wanted = {id: None for work in works for id in _cards_of(work)}
        if not wanted:
            return
        found = await self._store.cards_by_id(list(wanted))
        for work in works:
            own = _cards_of(work)
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

    async def _load_ledgers(self, wanted: Sequence[LedgerKey]) -> None:
        for first in range(0, len(wanted), self._limits.batch_max):
            some = wanted[first : first + self._limits.batch_max]
            rows = await self._store.ledgers(some)
            for key in some:
                self._ledgers.load_row(key, rows.get(key))

    # ── what a turn will ask for ───────────────────────────────────────────────────────────────────────
    def _find_needs(self, work: Work, needs: Needs) -> None:  # noqa: C901, PLR0912 – one arm for each kind of order
        order = work.order
        match order:
            case Event():
                self._of_event(order, needs)
            case Raise():
                self._of_event(order.event, needs)
            case TimerDue() | Deliver() | Cancel() | Repair() | CallDone():
                self._of_instance(order.instance, needs)
            case Action() | TrackBatch() | Withdraw():
                if not work.cards:
                    needs.cards.update(dict.fromkeys(_cards_of(work)))
                    needs.count += 1
                for card in work.cards.values():
                    self._of_instance(card.instance, needs)
            case Pull():
                self._of_pull(order.target, self._definitions.armed(order.flow, order.trigger), needs)
            case Chunk():
                self._of_chunk(order, needs)
            case Begin():
                self._of_child(order, needs)
            case Start():
                self._of_targets(order.request.targets, order.version, needs, test=order.request.test)
            case StartOne():
                version = self._definitions.version(order.flow, order.version)
                self._of_targets((order.target,), version, needs, test=order.test)
            case CustomerWrite():
                self._of_profile(order.id, needs)
                for actor in self._router.watching(order.id):
                    self._of_actor(actor, needs)
            case HookCall():
                self._of_profile(order.customer, needs)
                self._of_pull(order.customer, self._definitions.armed(order.flow, order.trigger), needs)
            case Spread() | FlowChange() | NewJob() | EndJob() | Occurrence():
                pass
            case HookSample() | ChangeHook() | PutResource() | DropResource():
                pass

    def _of_pull(self, customer: str, armed: Armed | None, needs: Needs) -> None:
        if armed is not None:
            needs.held.append(armed.version)
            self._of_start(customer, armed.version, needs)

    def _of_chunk(self, chunk: Chunk, needs: Needs) -> None:
        spec = chunk.spec
        match spec:
            case PullTrigger():
                armed = self._definitions.armed(spec.flow, spec.trigger)
                for customer in chunk.members:
                    self._of_pull(customer, armed, needs)
            case StartFlow():
                version = self._definitions.version(spec.flow, spec.version)
                self._of_targets(chunk.targets, version, needs, test=spec.test)
            case TendInstances():
                for id in chunk.members:
                    self._of_instance(id, needs)
            case _:
                assert_never(spec)

    def _of_targets(self, targets: Iterable[Target], version: Version, needs: Needs, *, test: bool) -> None:
        needs.held.append(version)
        self._of_version(version, needs)
        for target in targets:
            self._of_start(target.customer, version, needs)
            if test:
                self._of_profile(target.customer, needs)

    def _of_version(self, version: Version, needs: Needs) -> None:
        if not version.is_ready:
            needs.versions[version] = None
            needs.count += 1

    def _of_child(self, letter: Begin, needs: Needs) -> None:
        child = letter.child
        version = self._definitions.published(child.flow)
        self._of_profile(child.customer, needs)
        if version is not None:
            needs.held.append(version)
            self._of_start(child.customer, version, needs)

    def _of_event(self, event: Event, needs: Needs) -> None:
        customer = event.customer
        if customer is not None:
            if not self._router.has_customer(customer):
                self._of_profile(customer, needs)
            for actor in self._router.waiting(event)[:OWN_TURNS_MAX]:
                self._of_actor(actor, needs)
        for armed, trigger in self._definitions.triggers(event.name):
            if trigger.audience is not None:
                continue
            target = customer if trigger.customer is None else self._target(trigger, event)
            if target is not None:
                self._of_start(target, armed.version, needs)

    def _target(self, trigger: EventTrigger, event: Event) -> str | None:
        try:
            target = trigger_target(trigger, event, now=self._clock.now(), world=self._world)
        except Exception:  # noqa: BLE001 – the turn meets it again, and counts it
            return None
        return target if isinstance(target, str) else None

    def _of_start(self, customer: str, version: Version, needs: Needs) -> None:
        if version.needs_profile or not self._router.has_customer(customer):
            self._of_profile(customer, needs)
        self._of_ledgers(version, customer, needs)
        for actor in living(self._router, version, customer):
            self._of_actor(actor, needs)

    def _of_instance(self, id: str, needs: Needs) -> None:
        actor = self._router.actors.get(id)
        if actor is not None:
            self._of_actor(actor, needs)

    def _of_actor(self, actor: Actor, needs: Needs) -> None:
        needs.held.append(actor)
        needs.held.append(actor.version)
        if actor.is_cold:
            needs.actors[actor.id] = actor
            needs.count += 1
        self._of_version(actor.version, needs)
        if actor.version.needs_profile:
            self._of_profile(actor.customer, needs)
        self._of_ledgers(actor.version, actor.customer, needs)

    def _of_ledgers(self, version: Version, customer: str, needs: Needs) -> None:
        for key in ledger_keys(version, customer):
            needs.rows.append((self._ledgers, key))
            if not self._ledgers.is_loaded(key):
                needs.ledgers[key] = None
                needs.count += 1

    def _of_profile(self, customer: str, needs: Needs) -> None:
        needs.rows.append((self._customers, customer))
        if not self._customers.is_loaded(customer):
            needs.customers[customer] = None
            needs.count += 1


def _lane(work: Work) -> str:
    return work.lane


def _cards_of(work: Work) -> tuple[str, ...]:
    match work.order:
        case Action() | Withdraw():
            return (work.order.card,)
        case TrackBatch():
            return tuple(event.card for event in work.order.events)
        case _:
            return ()
