"""An event, taken: whom it wakes, what it starts, and what it answers.

Its own customer's instances have their turns in this commit; everyone else gets a letter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from rules.causes import OfEvent, OfSegment
from rules.decide import trigger_target
from rules.effects import Refusal, StartChild
from rules.inputs import Event, EventArrived, Started
from rules.instance import Parent
from rules.model import Audience, EventTrigger, Origin, SegmentChange
from rules.triggers import applies
from rules.world import Identity, TriggerFailed

from .actor import Actor
from .births import Births
from .commands import EventResult, FlowRefusal
from .dedupe import day_of
from .definitions import Armed, Version
from .holdings import Memory, Surroundings
from .job_specs import SERVER, PullTrigger, crowd_of, new_job
from .limits import CAUSES_MAX, JOBS_MAX
from .profiles import Moved
from .pulling import Pulling
from .records import DedupeRow, JournalRow
from .turns import Turns
from .work import Work

REFUSED = "refused"
"""What a parent hears of a child that did not start."""

_encode = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class Outcome:
    """What an event did in its own commit."""

    started: list[str] = field(default_factory=list)
    refused: list[FlowRefusal] = field(default_factory=list)
    woken: int = 0
    deferred: int = 0


class Events:
    def __init__(
        self, around: Surroundings, memory: Memory, turns: Turns, births: Births, pulling: Pulling
    ) -> None:
        self._turns = turns
        self._births = births
        self._pulling = pulling
        self._jobs = memory.jobs
        self._router = memory.router
        self._customers = memory.customers
        self._definitions = memory.definitions
        self._dedupe = memory.dedupe
        self._world = around.world

    # ── of a client ────────────────────────────────────────────────────────────────────────────────────
    def take(self, work: Work, event: Event) -> EventResult:
        """Once for each (source, customer, id); a repeat changes nothing."""
        turns, tally = self._turns, self._turns.group.tally
        if work.key is not None:
            seen = self._dedupe.find(work.key) or work.seen
            if seen is not None:
                if seen.digest == work.digest:
                    tally.duplicates += 1
                    return EventResult(id=event.id, status="duplicate")
                tally.conflicts += 1
                return EventResult(id=event.id, status="conflict")
            row = DedupeRow(day_of(turns.now), work.key, work.digest)
            self._dedupe.take(row)
            turns.group.rows.dedupe.append(row)
        tally.accepted += 1
        self._record(event)
        if event.customer is not None:
            self._births.ensure_customer(event.customer)
        turns.profiles.count(event)
        turns.watch(event)
        outcome = self._concern(event)
        turns.finish(self.route)
        return EventResult(
            id=event.id,
            status="accepted",
            started=tuple(outcome.started),
            refused=tuple(outcome.refused),
            woken=turns.woken,
            deferred=turns.deferred,
        )

    # ── of a flow, or the server ───────────────────────────────────────────────────────────────────────
    def route(self, news: Event | Moved) -> None:
        """What came of turns; the turns that it causes are still to be finished."""
        if isinstance(news, Moved):
            self._moved(news)
            return
        event = news
        self._record(event)
        self._turns.profiles.count(event)
        if event.depth > CAUSES_MAX:
            self._turns.group.tally.too_deep += 1
            return
        self._concern(event)

    def _moved(self, moved: Moved) -> None:
        """A customer came into segments, or out of them: whoever looks at the profile looks again."""
        self._turns.profiles.tell_watchers(moved.customer, moved.depth)
        # As with events, those who wait come before those who start.
        self._turns.run_ready()
        if moved.test:
            return
        changes = [(id, SegmentChange.ENTER) for id in moved.entered]
        changes += [(id, SegmentChange.EXIT) for id in moved.left]
        for segment, change in changes:
            cause = OfSegment(segment, change.value, moved.depth)
            for armed in self._definitions.moves(segment, change):
                self._pulling.pull(armed, cause, moved.customer)

    # ── whom it concerns ───────────────────────────────────────────────────────────────────────────────
    def _record(self, event: Event) -> None:
        self._turns.group.rows.journal.append(
            JournalRow(
                id=event.id,
                at=self._turns.now,
                kind="event",
                source=event.source,
                customer=event.customer,
                name=event.name,
                payload=_encode(event),
            )
        )

    def _concern(self, event: Event) -> Outcome:
        turns = self._turns
        outcome = Outcome()
        turns.collected.clear()
        # Those who wait come before those who start: an event never reaches the instance that it started.
        waiting = self._router.waiting(event)
        elsewhere = self._router.waiting_elsewhere(event)
        if waiting:
            arrived = EventArrived(event=event)
            for actor in waiting:
                turns.deliver(actor, arrived, event.depth)
            turns.run_ready()
        if elsewhere:
            turns.spread(elsewhere, event)
        for armed, trigger in self._definitions.triggers(event.name):
            # What a collect step has taken starts no instance of its flow (flow format §5).
            if armed.version.flow_key not in turns.collected:
                self._pull(armed, trigger, event, outcome)
        return outcome

    def _pull(self, armed: Armed, trigger: EventTrigger, event: Event, outcome: Outcome) -> None:
        cause = OfEvent(event)
        try:
            target = trigger_target(trigger, event, now=self._turns.now, world=self._world)
        except Exception as error:  # noqa: BLE001 – as in an actor's loop: one trigger fails, not the server
            target = self._pulling.fault(armed.version, error)
        if isinstance(target, TriggerFailed):
            outcome.refused.append(self._pulling.refuse(armed.version, cause, target))
        elif trigger.audience is not None:
            self._spread(armed, trigger.audience, event, outcome)
        elif target is None or (event.origin is Origin.APP and target != event.customer):
            return  # nobody; or an app, which speaks for its own customer only (flow format §3)
        else:
            begun = self._pulling.pull(armed, cause, target)
            if isinstance(begun, FlowRefusal):
                outcome.refused.append(begun)
            elif begun is not None:
                outcome.started.append(begun.id)

    def _spread(self, armed: Armed, audience: Audience, event: Event, outcome: Outcome) -> None:
        """For many: a job that goes to each of them."""
        flow, turns, trigger = armed.flow.key, self._turns, armed.trigger
        if not (isinstance(trigger, EventTrigger) and applies(trigger, event)):
            return
        if self._jobs.is_full:
            why = TriggerFailed(code="too_many_jobs", message=f"There are {JOBS_MAX} jobs already.")
            outcome.refused.append(self._pulling.refuse(armed.version, OfEvent(event), why))
            return
        spec = PullTrigger(flow=flow, trigger=trigger.name, cause=OfEvent(event), crowd=crowd_of(audience))
        row = new_job(spec, id=turns.new_id(), name=f"{flow}/{trigger.name}", by=SERVER, now=turns.now)
        turns.obeying.put_job(row)
        turns.deferred += 1

    def begin(self, child: StartChild, parent: Parent) -> None:
        """A flow that another instance starts; one that is refused is told so, like one that has ended."""
        version = self._definitions.published(child.flow)
        begun = self._child_of(version, child, parent)
        if isinstance(begun, Refusal):
            self._turns.obeying.report(parent, child.instance, REFUSED, reason=begun.code)

    def _child_of(self, version: Version | None, child: StartChild, parent: Parent) -> Actor | Refusal:
        row = self._definitions.row(child.flow)
        if version is None or version.flow is None or row is None or row.archived:
            return Refusal(code="unknown_flow", reason="There is no such flow, or it was never published.")
        if row.paused and not child.test:
            return Refusal(code="flow_paused", reason="The flow is paused.")
        if child.depth > CAUSES_MAX:
            self._turns.group.tally.too_deep += 1
            return Refusal(code="too_deep", reason=f"Flows start each other at most {CAUSES_MAX} deep.")
        if child.test and not self._is_test(child.customer):
            return Refusal(code="not_a_test_customer", reason="A test may only reach test customers.")
        started = Started(
            trigger="start_flow",
            trigger_type="flow",
            variables=child.variables,
            depth=child.depth,
            parent=parent,
        )
        identity = Identity(
            id=child.instance, customer=child.customer, invocation=parent.instance, test=child.test
        )
        return self._births.start(version, version.flow, started, identity)

    def _is_test(self, customer: str) -> bool:
        profile = self._customers.get(customer) if self._customers.is_loaded(customer) else None
        return profile is not None and profile.test
