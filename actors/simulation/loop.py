"""Takes inputs while the clock stands: each in a commit of its own, then all that follows from it.

Intake, routing, turns, letters and memory are those of the engine, and commits go to the store in memory;
left out are the tasks and the waiting. What is due or back at one instant queues up together, as there.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from rules.calendar.times import rfc3339
from rules.compiling.flows import Compiled
from rules.customers.history import EMPTY
from rules.customers.profile import Profile
from rules.customers.segments import Facts, judge
from rules.effects import Turn
from rules.inputs import Event, Input
from rules.project import Project
from rules.world import World

from .. import histories
from ..committer import let_go, settle
from ..customers import row_of
from ..groups import OpenGroup
from ..histories import Kept
from ..holdings import Surroundings, new_memory
from ..inbox import letter_work
from ..jobs import Jobs
from ..limits import EngineLimits
from ..memory import MemoryStore
from ..outbox import result_work
from ..prefetch import Prefetch
from ..records import FeedCard, Group, InstanceRow, VersionRow
from ..schedules import Schedules
from ..taking import Taking
from ..telemetry import Faulted, Report, Telemetry
from ..timeline import timeline_entry
from ..timers import look_work, timer_work
from ..turns import Turns
from ..work import Order, Ticket, Work
from .agenda import Agenda
from .bounds import BoundReached, Bounds, Unanswered
from .calls import Calls
from .record import Taken, TurnTaken

_T = TypeVar("_T")
_decode_event = msgspec.msgpack.Decoder(Event).decode


class StandingClock:
    """`ports.Clock` that somebody else moves."""

    def __init__(self, at: int) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1_000

    async def sleep(self, seconds: float) -> None:
        assert not seconds, "nobody waits in a simulation"


class SimulatedLoop:
    """`record` is what happened; `instances`, `cards` and `customers` are as committed, oldest first."""

    def __init__(self, *, at: int, seed: str, world: World, bounds: Bounds) -> None:
        self.record: list[Taken] = []
        self.instances: dict[str, InstanceRow] = {}
        self.cards: dict[str, FeedCard] = {}
        self.customers: dict[str, None] = {}
        self.calls = Calls()
        self.agenda = Agenda()
        self.looks = Agenda()
        """When time alone may move whom into a segment or out of one."""
        self.clock = StandingClock(at)
        self.store = MemoryStore()
        self._world = world
        self._bounds = bounds
        self._ends_at = at + bounds.span_ms_max
        self._turns_left = bounds.turns_max
        self._bytes_left = bounds.timeline_bytes_max
        self._turned: list[tuple[Input, Turn]] = []
        self._faults: list[Exception] = []
        self._limits = EngineLimits()
        around = Surroundings(
            store=self.store,
            clock=self.clock,
            limits=self._limits,
            world=world,
            telemetry=Telemetry(self._note),
            compile=_never_compile,
            performer=self.calls,
            chronicle=self._chronicle,
        )
        self.memory = new_memory(around)
        self._turns = Turns(around, self.memory, seed=seed, last_inbox_number=0, last_outbox_number=0)
        self._taking = Taking(around, self.memory, self._turns)
        self._prefetch = Prefetch(around, self.memory, on_ready=_nobody_waits)
        self._jobs = Jobs(around, self.memory)
        self._schedules = Schedules(around, self.memory, submit=self._submit)

    def let_be(self, customers: Sequence[Profile]) -> None:
        """They are there, in the segments whose rules they satisfy, and nothing has happened to them."""
        there, segments, now = Group(), self.memory.definitions.segments.all, self.clock.at
        for profile in customers:
            judged = judge(segments, Facts(profile, EMPTY, now), self._world)
            there.customers[profile.id] = row_of(replace(profile, segments=judged.segments))
            if judged.next_look is not None:
                there.histories[profile.id] = histories.row_of(profile.id, Kept(due=judged.next_look))
                self.looks.set(profile.id, judged.next_look)
        at_once(self.store.apply(there))
        for row in there.customers.values():
            self.memory.customers.load_row(row.id, row)
            self.customers[row.id] = None

    def new_id(self) -> str:
        return self._turns.new_id(self.clock.at)

    # ── inputs ─────────────────────────────────────────────────────────────────────────────────────────
    def take(self, work: Work) -> object:
        """The input, and all that it leads to; what it answers."""
        promise: Future[list[object]] = Future()
        work.ticket = Ticket(promise, count=1, inputs={})
        self.memory.intake.put(work)
        self.run()
        (answer,) = promise.result()
        return answer

    def run(self) -> None:
        """What is queued, in the order that is fair to lanes and kinds; what follows queues up behind it."""
        intake = self.memory.intake
        while not intake.is_empty or self._takes_result() or self._goes_on():
            works = intake.pull(self._limits.batch_max)
            for work in works:
                intake.done(work.lane)
            for work in works:
                self._take_one(work)

    def _takes_result(self) -> bool:
        answered = self.calls.take(self.clock.at)
        if answered is not None:
            waiting = answered.waiting
            self.memory.intake.put(result_work(waiting.call, waiting.number, answered.result))
        return answered is not None

    def _goes_on(self) -> bool:
        """A piece of each job that is open is queued."""
        jobs = tuple(self.memory.jobs.rows)
        for id in jobs:
            piece = at_once(self._jobs.next_piece(id))
            assert piece is not None, "nothing else happens meanwhile"
            self.memory.intake.put(piece)
        return bool(jobs)

    async def _submit(self, works: Sequence[Work]) -> list[object]:
        """What schedules ask for: queued, and answered by nobody."""
        for work in works:
            self.memory.intake.put(work)
        return [None] * len(works)

    def _take_one(self, work: Work) -> None:
        self._check_bounds()
        at_once(self._prefetch.prepare([work]))
        steps = self._taking.take(work)
        if steps is not None:
            answer = None
            for answer in steps:  # noqa: B007 – the last one is the answer
                pass
            self._taking.taken(work, answer)
        group = self._turns.group
        answers = [answer for _, _, answer in group.answers]
        self._commit(group)
        self._write_down(work.order, answers[0] if answers else None, group)

    # ── time ───────────────────────────────────────────────────────────────────────────────────────────
    def pass_time(self, until: int) -> None:
        """Everything that happens by itself until then, in order, each at its time."""
        if until > self._ends_at:
            raise BoundReached(f"The clock may go on until {rfc3339(self._ends_at)}.")
        while self.clock.at < until:
            scheduled = self.next_scheduled()
            self.settle_calls()
            self.clock.at = min(until, max(self.clock.at, self._next_at(scheduled, until)))
            self._tell_due()
            self.next_scheduled()
            self.run()

    def _tell_due(self) -> None:
        """Timers, then customers whose memberships time may change."""
        intake, actors = self.memory.intake, self.memory.router.actors
        while (timer := self.agenda.pop(self.clock.at)) is not None:
            actor = actors.get(timer[1])
            if actor is not None:
                intake.put(timer_work(actor, timer[0]))
        while (look := self.looks.pop(self.clock.at)) is not None:
            intake.put(look_work(look[1]))

    def next_scheduled(self) -> int | None:
        """When a schedule comes next; what has come already is queued."""
        return at_once(self._schedules.look()) if self.memory.definitions.schedules() else None

    def settle_calls(self) -> None:
        """Results that are back, and pushes that nothing is said of; then no request may be unanswered."""
        self.run()
        self.calls.let_pushes_go()
        self.run()
        unanswered = self.calls.unanswered()
        if unanswered:
            raise Unanswered(unanswered[0])

    def _next_at(self, scheduled: int | None, otherwise: int) -> int:
        """When something happens next by itself."""
        known = (self.agenda.next(), self.looks.next(), self.calls.next_at(), scheduled)
        times = [at for at in known if at is not None]
        return min(times, default=otherwise)

    # ── the commit ─────────────────────────────────────────────────────────────────────────────────────
    def _commit(self, group: OpenGroup) -> None:
        """What the committer, the timers, the inbox and the outbox do with a group."""
        group.close(now=self.clock.at)
        rows = group.rows
        cards = at_once(self.store.apply(rows))
        settle(group, cards)
        let_go(self.memory, group)
        self.instances.update(rows.instances)
        self.cards.update((card.card.id, card) for card in cards)
        self.customers.update(dict.fromkeys(rows.customers))
        for row in rows.instances.values():
            self.agenda.set(row.id, row.due)
        for kept in rows.histories.values():
            self.looks.set(kept.customer, kept.due)
        self.calls.dropped(rows.outbox_dropped)
        ordered = [row for row in rows.outbox_added if row.instance not in rows.outbox_dropped]
        self.calls.ordered(ordered, lambda id: self.instances[id].flow)
        for letter in rows.inbox_added:
            self.memory.intake.put(letter_work(letter))
        self._turns.group = OpenGroup(group.number + 1)

    def _check_bounds(self) -> None:
        """A bound is passed by one input at the most."""
        if self._turns_left <= 0:
            raise BoundReached(f"There may be {self._bounds.turns_max} turns.")
        if self._bytes_left <= 0:
            raise BoundReached(f"The timeline may have {self._bounds.timeline_bytes_max} bytes.")
        if self._bounds.is_over():
            raise BoundReached("It takes longer than it may.")

    # ── writing down ───────────────────────────────────────────────────────────────────────────────────
    def _write_down(self, order: Order, answer: object, group: OpenGroup) -> None:
        turned, self._turned = self._turned, []
        faults, self._faults = self._faults, []
        turns = [
            TurnTaken(row=row, input=input, turn=turn)
            for row, (input, turn) in zip(group.rows.timeline, turned, strict=True)
        ]
        events = [_decode_event(row.payload) for row in group.rows.journal if row.kind == "event"]
        self.record.append(
            Taken(
                at=self.clock.at,
                order=order,
                answer=answer,
                turns=tuple(turns),
                events=tuple(events),
                faults=tuple(faults),
            )
        )
        self._turns_left -= len(turns)
        self._bytes_left -= sum(len(turn.row.entry) for turn in turns)

    def _chronicle(self, input: Input, turn: Turn) -> bytes:
        self._turned.append((input, turn))
        return timeline_entry(input, turn)

    def _note(self, report: Report) -> None:
        if isinstance(report, Faulted):
            self._faults.append(report.error)


def at_once(call: Coroutine[Any, Any, _T]) -> _T:
    """The result of a call that only lets others go first; there are none."""
    while True:
        try:
            waiting = call.send(None)
        except StopIteration as done:
            result: _T = done.value
            return result
        assert waiting is None, "nothing waits in a simulation"


async def _never_compile(
    row: VersionRow, constants: Mapping[str, object], *, against: Project | None
) -> Compiled:
    raise AssertionError("a simulated server is given its flows")


def _nobody_waits() -> None:
    """There is no loop to wake."""
