"""What the turns of an input will ask for, as far as it can be foreseen: snapshots, profiles, and so on.

What was not foreseen is no fault: the turn leaves a letter, which brings what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from rules.decide import trigger_target
from rules.inputs import Event
from rules.model import EventTrigger

from .actor import Actor
from .commands import (
    Action,
    ChangeHook,
    ChangeSegment,
    CreateSegment,
    CustomerWrite,
    DropResource,
    DropSegment,
    HookCall,
    PutResource,
    Target,
    TrackBatch,
)
from .definitions import Armed, Version
from .holdings import Memory, Surroundings
from .job_specs import (
    JudgeAll,
    MoveInstances,
    PullTrigger,
    StartFlow,
    TendCards,
    TendInstances,
    UndoMove,
)
from .ledgers import LedgerKey, ledger_keys
from .letters import Begin, Deliver, Pull, Raise, Review, Spread, StartOne
from .limits import OWN_TURNS_MAX
from .migrations import version_of
from .router import living
from .work import (
    CallDone,
    Cancel,
    Chunk,
    EndJob,
    FlowChange,
    HookSample,
    Look,
    Migrate,
    NewJob,
    Occurrence,
    Repair,
    Row,
    Start,
    TimerDue,
    Withdraw,
    Work,
)


class Needs:
    """What a batch has to read, and whom the input that is looked at needs to stay in memory."""

    __slots__ = ("actors", "cards", "count", "customers", "held", "histories", "ledgers", "rows", "versions")

    def __init__(self) -> None:
        self.actors: dict[str, Actor] = {}
        self.customers: dict[str, None] = {}
        self.versions: dict[Version, None] = {}
        self.cards: dict[str, None] = {}
        self.held: list[Actor | Version] = []
        self.ledgers: dict[LedgerKey, None] = {}
        self.histories: dict[str, None] = {}
        self.rows: list[Row] = []
        self.count = 0
        """Things missing so far; those that are named twice count twice."""

    def begin(self) -> None:
        """The next input."""
        self.held = []
        self.rows = []


class Foresight:
    def __init__(self, around: Surroundings, memory: Memory) -> None:
        self._clock = around.clock
        self._world = around.world
        self._router = memory.router
        self._customers = memory.customers
        self._ledgers = memory.ledgers
        self._histories = memory.histories
        self._definitions = memory.definitions

    def find(self, work: Work, needs: Needs) -> None:  # noqa: C901, PLR0912 – one arm for each kind of order
        order = work.order
        match order:
            case Event():
                self._of_event(order, needs)
            case Raise():
                self._of_event(order.event, needs)
            case TimerDue() | Deliver() | Cancel() | Repair() | CallDone():
                self._of_instance(order.instance, needs)
            case Migrate():
                self._of_move(order.instance, order.version, needs)
            case Action() | TrackBatch() | Withdraw():
                self._of_cards(work, needs)
            case Look() | Review():
                self._of_facts(order.customer, needs)
            case Pull():
                self._of_pull(order.target, self._definitions.armed(order.flow, order.trigger), needs)
            case Chunk():
                self._of_chunk(work, order, needs)
            case Begin():
                self._of_child(order, needs)
            case Start():
                self._of_targets(order.request.targets, order.version, needs, test=order.request.test)
            case StartOne():
                version = self._definitions.version(order.flow, order.version)
                self._of_targets((order.target,), version, needs, test=order.test)
            case CustomerWrite():
                self._of_profile(order.id, needs)
                if self._definitions.segments.timed:
                    self._of_history(order.id, needs)
                for actor in self._router.watching(order.id):
                    self._of_actor(actor, needs)
            case HookCall():
                self._of_profile(order.customer, needs)
                self._of_pull(order.customer, self._definitions.armed(order.flow, order.trigger), needs)
            case (
                Spread()
                | FlowChange()
                | NewJob()
                | EndJob()
                | Occurrence()
                | HookSample()
                | ChangeHook()
                | PutResource()
                | DropResource()
                | CreateSegment()
                | ChangeSegment()
                | DropSegment()
            ):
                pass

    def _of_pull(self, customer: str, armed: Armed | None, needs: Needs) -> None:
        if armed is not None:
            needs.held.append(armed.version)
            self._of_start(customer, armed.version, needs)

    def _of_cards(self, work: Work, needs: Needs) -> None:
        if not work.cards:
            needs.cards.update(dict.fromkeys(cards_of(work)))
            needs.count += 1
        for card in work.cards.values():
            self._of_instance(card.instance, needs)

    def _of_chunk(self, work: Work, chunk: Chunk, needs: Needs) -> None:
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
            case TendCards():
                self._of_cards(work, needs)
            case JudgeAll():
                for customer in chunk.members:
                    self._of_facts(customer, needs)
            case MoveInstances() | UndoMove():
                self._of_moves(chunk, needs)
            case _:
                assert_never(spec)

    def _of_moves(self, chunk: Chunk, needs: Needs) -> None:
        if isinstance(chunk.spec, MoveInstances):
            version = self._definitions.version(chunk.spec.flow, chunk.spec.to)
            for id in chunk.members:
                self._of_move(id, version, needs)
        for row in chunk.undos:
            self._of_move(row.instance, self._definitions.version(*version_of(row)), needs)

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
            if event.name in self._definitions.segments.periods:
                self._of_facts(customer, needs)
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
        self._of_writing(version, customer, needs)
        for actor in living(self._router, version, customer):
            self._of_actor(actor, needs)

    def _of_instance(self, id: str, needs: Needs) -> None:
        actor = self._router.actors.get(id)
        if actor is not None:
            self._of_actor(actor, needs)

    def _of_actor(self, actor: Actor, needs: Needs) -> None:
        needs.held.append(actor)
        if actor.is_cold:
            needs.actors[actor.id] = actor
            needs.count += 1
        self._of_turn(actor.version, actor.customer, needs)

    def _of_move(self, id: str, version: Version, needs: Needs) -> None:
        """One that moves to another version has turns of both."""
        actor = self._router.actors.get(id)
        if actor is not None:
            self._of_actor(actor, needs)
            self._of_turn(version, actor.customer, needs)

    def _of_turn(self, version: Version, customer: str, needs: Needs) -> None:
        needs.held.append(version)
        self._of_version(version, needs)
        if version.needs_profile:
            self._of_profile(customer, needs)
        self._of_ledgers(version, customer, needs)
        self._of_writing(version, customer, needs)

    def _of_ledgers(self, version: Version, customer: str, needs: Needs) -> None:
        for key in ledger_keys(version, customer):
            needs.rows.append((self._ledgers, key))
            if not self._ledgers.is_loaded(key):
                needs.ledgers[key] = None
                needs.count += 1

    def _of_writing(self, version: Version, customer: str, needs: Needs) -> None:
        """What a write of the profile is judged by."""
        if version.writes_profile and self._definitions.segments.timed:
            self._of_history(customer, needs)

    def _of_facts(self, customer: str, needs: Needs) -> None:
        self._of_profile(customer, needs)
        self._of_history(customer, needs)

    def _of_history(self, customer: str, needs: Needs) -> None:
        needs.rows.append((self._histories, customer))
        if not self._histories.is_loaded(customer):
            needs.histories[customer] = None
            needs.count += 1

    def _of_profile(self, customer: str, needs: Needs) -> None:
        needs.rows.append((self._customers, customer))
        if not self._customers.is_loaded(customer):
            needs.customers[customer] = None
            needs.count += 1


def cards_of(work: Work) -> tuple[str, ...]:
    match work.order:
        case Action() | Withdraw():
            return (work.order.card,)
        case TrackBatch():
            return tuple(event.card for event in work.order.events)
        case Chunk(spec=TendCards(), members=members):
            return members
        case _:
            return ()
