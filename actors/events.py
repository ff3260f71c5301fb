"""An event, taken: whom it wakes, what it starts, and what it answers.

Its own customer's instances have their turns in this commit; everyone else gets a letter.
"""

from __future__ import annotations

import msgspec

from rules.decide import match_trigger, trigger_target
from rules.effects import Refusal, StartChild
from rules.ids import make_id
from rules.inputs import Event, EventArrived, Started
from rules.instance import Parent
from rules.model import Origin
from rules.world import Identity, TriggerFailed

from .actor import Actor
from .births import Births
from .commands import EventResult, FlowRefusal
from .dedupe import day_of
from .definitions import Armed, Version
from .holdings import Memory, Surroundings
from .limits import CAUSES_MAX
from .records import DedupeRow, JournalRow
from .telemetry import Faulted
from .turns import Turns
from .work import Fire, Outcome, Work

REFUSED = "refused"
"""What a parent hears of a child that did not start."""

_encode = msgspec.msgpack.Encoder().encode


def started_by(event: Event, armed: Armed, target: str, *, now: int) -> str:
    """The id of the instance that the event starts: it follows from its cause, also in a replay."""
    cause = (event.source, event.id, armed.version.flow_key, armed.trigger.name, target)
    return make_id(now, "\0".join(cause), 1)


class Events:
    def __init__(self, around: Surroundings, memory: Memory, turns: Turns, births: Births) -> None:
        self._turns = turns
        self._births = births
        self._router = memory.router
        self._customers = memory.customers
        self._definitions = memory.definitions
        self._dedupe = memory.dedupe
        self._world = around.world
        self._telemetry = around.telemetry

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
    def route(self, event: Event) -> None:
        """One that a turn raised; the turns that it causes are still to be finished."""
        self._record(event)
        if event.depth > CAUSES_MAX:
            self._turns.group.tally.too_deep += 1
            return
        self._concern(event)

    def fire(self, letter: Fire) -> None:
        """A trigger that another customer's event pulled, unless its flow takes no starts any more."""
        armed = self._definitions.triggers(letter.event.name)
        for one in armed:
            if (one.version.flow_key, one.trigger.name) == (letter.flow, letter.trigger):
                self._start(one, letter.event, letter.target, Outcome())

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
        for armed in self._definitions.triggers(event.name):
            # What a collect step has taken starts no instance of its flow (flow format §5).
            if armed.version.flow_key not in turns.collected:
                self._pull(armed, event, outcome)
        return outcome

    def _pull(self, armed: Armed, event: Event, outcome: Outcome) -> None:
        try:
            target = trigger_target(armed.trigger, event, now=self._turns.now, world=self._world)
        except Exception as error:  # noqa: BLE001 – as in an actor's loop: one trigger fails, not the server
            self._refuse(armed.version, event, self._fault(armed.version, error), outcome)
            return
        if target is None:
            return
        if isinstance(target, TriggerFailed):
            self._refuse(armed.version, event, target, outcome)
        elif event.origin is Origin.APP and target != event.customer:
            return  # an app speaks for its own customer only (flow format §3)
        elif self._births.can_start(armed.version, target):
            self._start(armed, event, target, outcome)
        else:
            version = armed.version
            letter = Fire(version.flow_key, version.number, armed.trigger.name, target, event)
            self._turns.defer("", target, letter)

    def _start(self, armed: Armed, event: Event, target: str, outcome: Outcome) -> None:
        turns, version = self._turns, armed.version
        self._births.ensure_customer(target, depth=event.depth)
        try:
            plan = match_trigger(
                armed.flow,
                armed.trigger,
                event,
                target=target,
                customer=self._customers.get(target) if version.needs_profile else None,
                now=turns.now,
                world=self._world,
            )
        except Exception as error:  # noqa: BLE001 – as above
            plan = self._fault(version, error)
        if plan is None:
            return
        if isinstance(plan, TriggerFailed):
            self._refuse(version, event, plan, outcome)
            return
        identity = Identity(
            id=started_by(event, armed, target, now=turns.now),
            customer=plan.customer,
            key=plan.key,
            invocation=event.id,
        )
        begun = self._births.start(version, armed.flow, plan.started, identity)
        if isinstance(begun, Refusal):
            outcome.refused.append(FlowRefusal(flow=version.flow_key, reason=begun.code, detail=begun.reason))
        else:
            outcome.started.append(begun.id)

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

    def _refuse(self, version: Version, event: Event, why: TriggerFailed, outcome: Outcome) -> None:
        """Told to the caller; recorded as `instance.refused` for whoever subscribes."""
        self._turns.group.tally.refused += 1
        outcome.refused.append(FlowRefusal(flow=version.flow_key, reason=why.code, detail=why.message))
        self._turns.obeying.raise_own(
            "instance.refused",
            customer=self._turns.customer,
            data={"flow": version.flow_key, "version": version.number, "reason": why.code},
            depth=event.depth + 1,
        )

    def _fault(self, version: Version, error: Exception) -> TriggerFailed:
        self._turns.group.tally.faults += 1
        self._telemetry.emit(Faulted(instance="", flow=version.flow_key, version=version.number, error=error))
        return TriggerFailed(code="internal", message="The server failed to evaluate the trigger.")
