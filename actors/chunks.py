"""A piece of a job, taken: each member by itself, and how far the job is, in one commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import assert_never

from msgspec.structs import replace

from rules.calendar.schedules import jitter_ms
from rules.causes import OfSchedule
from rules.customers.segments import Segment
from rules.effects import Refusal
from rules.model import ScheduleTrigger

from .births import Births
from .commands import TOO_MANY_JOBS, FlowRefusal, Refused, StartResult, Target
from .definitions import Armed
from .events import Events
from .holdings import Memory
from .idempotency import answer_row
from .job_specs import (
    DONE,
    FAILED,
    MISSED,
    RUNNING,
    SERVER,
    WAITING,
    JudgeAll,
    MoveInstances,
    PullTrigger,
    Spec,
    StartFlow,
    TendCards,
    TendInstances,
    UndoMove,
    crowd_of,
    encode_cursor,
    new_job,
)
from .letters import StartOne
from .migrations import Migrations
from .pulling import Pulling
from .records import FeedCard, JobRow
from .schedules import handled_row
from .segment_writes import SegmentWrites
from .starts import Starts
from .tending import Tending
from .turns import Turns
from .work import Chunk, EndJob, NewJob, Occurrence


class Chunks:
    def __init__(  # noqa: PLR0913 – whom its pieces need, each by its name
        self,
        memory: Memory,
        turns: Turns,
        *,
        births: Births,
        pulling: Pulling,
        starts: Starts,
        events: Events,
        segments: SegmentWrites,
        tending: Tending,
        migrations: Migrations,
    ) -> None:
        self._jobs = memory.jobs
        self._schedules = memory.schedules
        self._definitions = memory.definitions
        self._turns = turns
        self._births = births
        self._pulling = pulling
        self._starts = starts
        self._events = events
        self._segments = segments
        self._tending = tending
        self._migrations = migrations

    # ── jobs ───────────────────────────────────────────────────────────────────────────────────────────
    def begin(self, order: NewJob) -> JobRow | StartResult | Refused:
        if self._jobs.is_full:
            return TOO_MANY_JOBS
        rows = self._turns.group.rows
        if order.draft is not None:
            rows.versions.append(order.draft)
        if order.idempotency is not None:
            rows.answers.append(answer_row(order.idempotency, order.answer, now=self._turns.now))
        self._turns.obeying.put_job(order.row)
        return order.answer

    def take(self, chunk: Chunk, cards: Mapping[str, FeedCard]) -> Iterator[JobRow | None]:
        """Gives None after each member, so that others can have the loop, and then the job as it is.

        `cards` are those of its members that were found.
        """
        if chunk.job not in self._jobs.rows:
            return  # it was stopped meanwhile
        if isinstance(chunk.spec, MoveInstances | UndoMove):
            yield from self._migrations.take(chunk)
            return
        obstacle = self._obstacle(chunk.spec)
        if obstacle is not None:
            yield self._move(chunk.job, state=FAILED, error=obstacle, total=chunk.total)
            return
        failed = 0
        for is_done in self._deeds(chunk, cards):
            failed += not is_done
            self._turns.finish(self._events.route)
            yield None
        yield self._reach(chunk, failed=failed)

    def skip(self, chunk: Chunk) -> None:
        """No commit passes with these members."""
        if isinstance(chunk.spec, MoveInstances | UndoMove):
            self._migrations.skip(chunk)
        else:
            self._reach(chunk, failed=chunk.weight)

    def end(self, order: EndJob) -> JobRow | None:
        """The job as it is after that; None if it had ended."""
        return self._move(order.id, state=order.state, error=order.error)

    def _reach(self, chunk: Chunk, *, failed: int) -> JobRow | None:
        row = self._jobs.rows.get(chunk.job)
        if row is None:
            return None
        if isinstance(chunk.spec, JudgeAll) and chunk.reached is None:
            self._segments.settle(chunk.spec.segment, chunk.job)
        return self._move(
            chunk.job,
            state=DONE if chunk.reached is None else RUNNING,
            cursor=b"" if chunk.reached is None else encode_cursor(chunk.reached),
            done=row.done + chunk.weight - failed,
            failed=row.failed + failed,
            total=chunk.total,
        )

    def _move(self, id: str, *, state: str, total: int | None = None, **fields: object) -> JobRow | None:
        """The open job after a change; `total` None keeps what it has."""
        row = self._jobs.rows.get(id)
        return None if row is None else self._turns.obeying.move_job(row, state=state, total=total, **fields)

    def _obstacle(self, spec: Spec) -> str | None:
        """Why nobody can be started any more: the code of it."""
        if isinstance(spec, TendInstances | TendCards | MoveInstances | UndoMove):
            return None
        if isinstance(spec, JudgeAll):
            return None if spec.segment in self._definitions.segments.by_id else "no_segment"
        row = self._definitions.row(spec.flow)
        if row is None or row.archived:
            return "flow_archived"
        if isinstance(spec, StartFlow):
            if row.paused and not spec.test:
                return "flow_paused"
            return "broken_flow" if self._definitions.version(spec.flow, spec.version).flow is None else None
        if row.paused:
            return "flow_paused"
        return "no_trigger" if self._definitions.armed(spec.flow, spec.trigger) is None else None

    # ── schedules ──────────────────────────────────────────────────────────────────────────────────────
    def occur(self, order: Occurrence) -> None:
        """The time of a schedule has come: a job for whom it concerns; what was missed is only recorded.

        Told twice, it happens once: what the mark has passed is handled.
        """
        turns, (flow, trigger, zone) = self._turns, order.at
        handled = self._schedules.get(order.at)
        crowd = crowd_of(order.trigger.audience, zone=zone if order.trigger.zone == "customer" else None)
        for at, state in (*((at, MISSED) for at in order.missed), (order.late, WAITING)):
            if at is None or (handled is not None and at <= handled):
                continue
            spec = PullTrigger(flow=flow, trigger=trigger, cause=OfSchedule(at), crowd=crowd)
            row = new_job(spec, id=turns.new_id(), name=f"{flow}/{trigger}", by=SERVER, now=turns.now)
            unique = f"schedule:{flow}/{trigger}/{zone}/{at}"
            ended_at = turns.now if state == MISSED else None
            turns.obeying.put_job(replace(row, state=state, unique=unique, ended_at=ended_at))
        self._schedules[order.at] = order.until
        turns.group.rows.schedules[order.at] = handled_row(order.at, order.until)

    # ── the members of a piece ─────────────────────────────────────────────────────────────────────────
    def _deeds(self, chunk: Chunk, cards: Mapping[str, FeedCard]) -> Iterator[bool]:
        """Of each member, whether it went well."""
        spec = chunk.spec
        match spec:
            case PullTrigger():
                armed = self._definitions.armed(spec.flow, spec.trigger)
                assert armed is not None, "nothing is in the way"
                return map(partial(self._pull, spec, armed), chunk.members)
            case StartFlow():
                return map(partial(self._start, spec), chunk.targets)
            case TendInstances():
                return map(partial(self._tending.tend_instance, spec.input), chunk.members)
            case TendCards():
                return map(partial(self._tending.tend_card, spec.input), map(cards.get, chunk.members))
            case JudgeAll():
                segment = self._definitions.segments.by_id[spec.segment]
                return map(partial(self._judge, segment), chunk.members)
            case MoveInstances() | UndoMove():
                raise AssertionError("migrations have results of their own")
            case _:
                assert_never(spec)

    def _pull(self, spec: PullTrigger, armed: Armed, customer: str) -> bool:
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

    def _start(self, spec: StartFlow, target: Target) -> bool:
        """One who is not in memory any more gets a letter, and counts as done."""
        order = StartOne(spec.flow, spec.version, target, spec.invocation, spec.client, spec.test)
        version = self._definitions.version(spec.flow, spec.version)
        self._turns.begin(target.customer, now=self._turns.now)
        if not self._births.can_start(version, target.customer):
            self._turns.defer("", target.customer, order)
            return True
        return not isinstance(self._starts.one(order), Refusal)

    def _judge(self, segment: Segment, customer: str) -> bool:
        self._turns.begin(customer, now=self._turns.now)
        self._turns.profiles.hold_against(customer, segment)
        return True
