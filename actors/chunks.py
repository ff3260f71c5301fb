"""A piece of a job, taken: each member by itself, and how far the job is, in one commit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from msgspec.structs import replace

from rules.calendar.schedules import jitter_ms
from rules.causes import OfSchedule
from rules.effects import Refusal
from rules.inputs import Cancelled, Started
from rules.model import ScheduleTrigger
from rules.world import Identity

from .births import Births
from .commands import FlowRefusal, Target
from .events import Events
from .holdings import Memory
from .job_specs import (
    DONE,
    FAILED,
    MISSED,
    RUNNING,
    SERVER,
    STOPPED,
    WAITING,
    PullTrigger,
    StartFlow,
    TendInstances,
    crowd_of,
    new_job,
)
from .jobs import moved
from .pulling import Pulling
from .records import JobRow
from .schedules import handled_row
from .turns import Turns
from .work import Chunk, Deliver, Occurrence


class Chunks:
    def __init__(
        self, memory: Memory, turns: Turns, births: Births, pulling: Pulling, events: Events
    ) -> None:
        self._jobs = memory.jobs
        self._schedules = memory.schedules
        self._router = memory.router
        self._definitions = memory.definitions
        self._turns = turns
        self._births = births
        self._pulling = pulling
        self._events = events

    def take(self, chunk: Chunk) -> Iterator[JobRow | None]:
        """Gives None after each member, so that others can have the loop, and then the job as it is."""
        row = self._jobs.rows.get(chunk.job)
        if row is None:
            yield None  # it was stopped meanwhile
            return
        failed = 0
        state = DONE if chunk.reached is None else RUNNING
        for member in chunk.members:
            done = self._do(chunk, member)
            self._turns.finish(self._events.route)
            if done is None:
                state = FAILED  # nobody can be started any more
                break
            failed += not done
            yield None
        row = self._jobs.rows.get(chunk.job)
        if row is not None:
            yield self._store(moved(row, chunk, failed=failed, now=self._turns.now, state=state))

    def stop(self, id: str) -> JobRow | None:
        """The job as it is after that; None if it had ended."""
        row = self._jobs.rows.get(id)
        if row is None:
            return None
        now = self._turns.now
        return self._store(replace(row, state=STOPPED, updated_at=now, ended_at=now))

    def occur(self, order: Occurrence) -> None:
        """The time of a schedule has come: a job for whom it concerns; what was missed is only recorded."""
        turns, (flow, trigger, zone) = self._turns, order.at
        self._schedules[order.at] = order.until
        turns.group.rows.schedules[order.at] = handled_row(order.at, order.until)
        crowd = crowd_of(order.trigger.audience, zone=zone if order.trigger.zone == "customer" else None)
        for at, state in (*((at, MISSED) for at in order.missed), (order.late, WAITING)):
            if at is None:
                continue
            spec = PullTrigger(flow=flow, trigger=trigger, cause=OfSchedule(at), crowd=crowd)
            row = new_job(spec, id=turns.new_id(), name=f"{flow}/{trigger}", by=SERVER, now=turns.now)
            unique = f"schedule:{flow}/{trigger}/{zone}/{at}"
            is_over = state == MISSED
            self._store(replace(row, state=state, unique=unique, ended_at=turns.now if is_over else None))

    def _store(self, row: JobRow) -> JobRow:
        return self._turns.obeying.put_job(row)

    # ── one member ─────────────────────────────────────────────────────────────────────────────────────
    def _do(self, chunk: Chunk, member: object) -> bool | None:
        """Whether it went well; None if the job cannot go on."""
        spec = chunk.spec
        match spec:
            case PullTrigger():
                return self._pull(spec, str(member))
            case StartFlow():
                return self._start(spec, member)
            case TendInstances():
                return self._tend(spec, str(member))
            case _:
                assert_never(spec)

    def _pull(self, spec: PullTrigger, customer: str) -> bool | None:
        armed = self._definitions.armed(spec.flow, spec.trigger)
        if armed is None:
            return None
        self._turns.begin(customer, now=self._turns.now)
        begin_at = None
        if isinstance(armed.trigger, ScheduleTrigger) and isinstance(spec.cause, OfSchedule):
            delay = jitter_ms(
                flow=spec.flow,
                trigger=spec.trigger,
                at=spec.cause.at,
                customer=customer,
                max_ms=armed.trigger.jitter_ms,
            )
            begin_at = spec.cause.at + delay if armed.trigger.jitter_ms else None
        begun = self._pulling.pull(armed, spec.cause, customer, begin_at=begin_at)
        return not isinstance(begun, FlowRefusal)

    def _start(self, spec: StartFlow, member: object) -> bool | None:
        version = self._definitions.version(spec.flow, spec.version)
        row = self._definitions.row(spec.flow)
        if version.flow is None or row is None or row.archived or (row.paused and not spec.test):
            return None
        target = (
            spec.targets[member]
            if isinstance(member, int)
            else Target(customer=str(member), variables=spec.variables, metadata=spec.metadata)
        )
        self._turns.begin(target.customer, now=self._turns.now)
        identity = Identity(
            id=self._turns.new_id(),
            customer=target.customer,
            key=target.key,
            invocation=spec.invocation,
            test=spec.test,
        )
        started = Started(
            trigger="api", trigger_type="api", variables=target.variables, metadata=target.metadata
        )
        return not isinstance(self._births.start(version, version.flow, started, identity), Refusal)

    def _tend(self, spec: TendInstances, id: str) -> bool:
        """One that has ended meanwhile, or is not in memory, is left to a letter."""
        actor = self._router.actors.get(id)
        if actor is None:
            return True
        given = Cancelled(reason=spec.reason) if spec.repaired is None else spec.repaired
        self._turns.begin(actor.customer, now=self._turns.now)
        if self._turns.can_turn(actor):
            self._turns.turn(actor, given)
        else:
            self._turns.defer(id, actor.customer, Deliver(id, given))
        return True
