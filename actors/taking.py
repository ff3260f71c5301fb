"""Takes one input after the other into the open group: finds who is responsible, and keeps its answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, assert_never

import msgspec

from rules.inputs import Event, EventArrived, Input, TimeCame

from .actor import Actor
from .births import Births
from .cards import Cards
from .chunks import Chunks
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
    TrackBatch,
)
from .events import Events
from .holdings import Memory, Surroundings
from .hooks import Hooks
from .letters import Begin, Deliver, Letter, Pull, Raise, Review, Spread, StartOne
from .migrations import Migrations
from .moving import Moving
from .pulling import Pulling
from .segment_writes import SegmentWrites
from .starts import Starts
from .suspects import Durable
from .tending import Tending
from .turns import Turns
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
    Start,
    TimerDue,
    Withdraw,
    Work,
)
from .writes import Writes

_encode = msgspec.msgpack.Encoder().encode


Steps: TypeAlias = Iterator[object]
"""A start call or a piece of a job, target by target; the last thing it gives is the answer."""


class Taking:
    def __init__(self, around: Surroundings, memory: Memory, turns: Turns) -> None:
        self._clock = around.clock
        self._turns = turns
        self._router = memory.router
        self._dedupe = memory.dedupe
        self._customers = memory.customers
        self._jobs = memory.jobs
        self._births = births = Births(around, memory, turns)
        self._pulling = pulling = Pulling(around, memory, turns, births)
        self._events = events = Events(around, memory, turns, births, pulling)
        self._starts = starts = Starts(memory, turns, births, events)
        self._segments = segments = SegmentWrites(memory, turns)
        self._tending = tending = Tending(memory, turns, events)
        self._moving = moving = Moving(around, memory, turns, events)
        self._chunks = Chunks(
            memory,
            turns,
            births=births,
            pulling=pulling,
            starts=starts,
            events=events,
            segments=segments,
            tending=tending,
            migrations=Migrations(memory, turns, moving, events),
        )
        self._cards = Cards(memory, turns, events)
        self._hooks = hooks = Hooks(memory, turns, pulling, events)
        self._writes = Writes(memory, turns, events, hooks)

    def take(self, work: Work) -> Steps | None:
        """All of it; or, for what concerns many, an iterator that takes it target by target."""
        order = work.order
        group = self._turns.group
        group.inputs += 1
        self._turns.begin(None, now=self._clock.now())
        if work.durable is not None:
            self._consume(work.durable)
        if type(order) is Start:
            return self._starts.take(work, order)
        if type(order) is Chunk:
            return self._chunks.take(order, work.cards)
        self.taken(work, self._take(work))
        return None

    def _consume(self, durable: Durable) -> None:
        """The commit says that it was taken."""
        group, (kind, name) = self._turns.group, durable
        group.durable.append(durable)
        if kind == "inbox":
            group.rows.inbox_taken.append(int(name))
        elif kind == "outbox":
            group.rows.outbox_taken.append(int(name))

    def taken(self, work: Work, answer: object) -> None:
        """Its turns are over: the answer follows the commit, and what was kept in memory for it may go."""
        if work.ticket is not None:
            self._turns.group.answers.append((work.ticket, work.index, answer))
        work.let_go()
        batch = work.batch
        assert batch is not None, "it was prepared"
        batch.left -= 1
        if not batch.left:
            self._dedupe.end_batch(batch.number)

    def leave(self, work: Work) -> None:
        """As if it had not come; it is in the store, for the next start."""
        self._turns.group.inputs += 1
        if isinstance(work.order, Chunk | EndJob):
            self._jobs.leave(str(work.durable[1]) if work.durable else "")
        self.taken(work, None)

    def isolate(self, work: Work) -> None:
        """A durable input that lets no commit pass: it is consumed, and its instance or member fails."""
        group = self._turns.group
        group.inputs += 1
        self._turns.begin(None, now=self._clock.now())
        assert work.durable is not None, "only durable inputs come again"
        self._consume(work.durable)
        order = work.order
        if isinstance(order, Deliver | TimerDue | CallDone):
            actor = self._router.actors.get(order.instance)
            if actor is not None and not actor.is_cold:
                self._turns.fail(actor, TimeCame() if isinstance(order, TimerDue) else order.input)
        elif isinstance(order, Chunk):
            self._chunks.skip(order)
        elif isinstance(order, Look):
            self._turns.profiles.look_later(order.customer)
        self.taken(work, None)

    def _take(self, work: Work) -> object:  # noqa: C901, PLR0912 – one arm for each kind of order
        order = work.order
        match order:
            case Event():
                self._turns.customer = order.customer
                return self._events.take(work, order)
            case TimerDue():
                self._tick(order)
            case Look():
                self._look(order)
            case Deliver() | Raise() | Pull() | Review() | Spread() | Begin() | StartOne():
                self._open(order)
            case Action():
                return self._cards.act(work, order)
            case TrackBatch():
                return self._cards.track(work, order)
            case CallDone():
                self._give(order.instance, order.input, 0)
            case Repair():
                return self._tending.repair(order)
            case Migrate():
                return self._moving.take(order)
            case Withdraw():
                return self._cards.withdraw(work, order)
            case Cancel():
                self._tending.cancel(order)
            case CustomerWrite():
                self._turns.customer = order.id
                return self._writes.write_customer(order)
            case FlowChange():
                return self._writes.change_flow(order)
            case CreateSegment() | ChangeSegment() | DropSegment():
                return self._segments.take(order)
            case NewJob():
                return self._chunks.begin(order)
            case EndJob():
                return self._chunks.end(order)
            case Occurrence():
                self._chunks.occur(order)
            case HookCall():
                return self._hooks.take(work, order)
            case HookSample():
                return self._hooks.sampled(order.token, order.sample)
            case ChangeHook():
                return self._hooks.change(order)
            case PutResource() | DropResource():
                return self._writes.write_resource(order)
            case Start() | Chunk():
                raise AssertionError("taken target by target")
            case _:
                assert_never(order)
        return None

    def _open(self, letter: Letter) -> None:
        match letter:
            case Deliver():
                self._give(letter.instance, letter.input, letter.depth)
            case Raise():
                self._raise(letter)
            case Pull():
                self._pull(letter)
            case Review():
                self._review(letter)
            case Spread():
                self._spread(letter)
            case Begin():
                self._begin(letter)
            case StartOne():
                self._starts.one(letter)
            case _:
                assert_never(letter)

    def _tick(self, order: TimerDue) -> None:
        actor = self._find(order.instance)
        if actor is not None:
            self._turns.catch_up(actor)
            if actor.filed_due != actor.due:
                self._turns.group.touch(actor)  # told too early: the store is to know better
            self._turns.finish(self._events.route)

    def _look(self, order: Look) -> None:
        self._turns.customer = order.customer
        self._turns.profiles.catch_up(order.customer)
        self._turns.finish(self._events.route)

    def _review(self, letter: Review) -> None:
        self._turns.customer = letter.customer
        self._turns.profiles.review(letter)
        self._turns.finish(self._events.route)

    def _begin(self, letter: Begin) -> None:
        self._turns.customer = letter.child.customer
        self._events.begin(letter.child, letter.parent)
        self._turns.finish(self._events.route)

    def _give(self, instance: str, input: Input, depth: int) -> None:
        actor = self._find(instance)
        if actor is not None:
            self._turns.turn(actor, input, depth=depth)
            self._turns.finish(self._events.route)

    def _raise(self, letter: Raise) -> None:
        customer = letter.event.customer
        self._turns.customer = customer
        # A test names nobody into being: it reaches test customers only.
        if customer is not None and not letter.event.test:
            self._births.ensure_customer(customer, depth=letter.event.depth)
        self._events.route(letter.event)
        self._turns.finish(self._events.route)

    def _pull(self, letter: Pull) -> None:
        self._turns.customer = letter.target
        self._pulling.follow(letter)
        self._turns.finish(self._events.route)

    def _spread(self, letter: Spread) -> None:
        arrived = EventArrived(event=letter.event)
        for id in letter.instances:
            actor = self._router.actors.get(id)
            if actor is not None:
                self._turns.defer(id, actor.customer, Deliver(id, arrived, letter.event.depth))
        self._turns.finish(self._events.route)

    def _find(self, instance: str) -> Actor | None:
        """The live instance; None once it has ended, or if the store did not have its state."""
        actor = self._router.actors.get(instance)
        if actor is None or not self._turns.can_turn(actor):
            return None
        self._turns.customer = actor.customer
        return actor
