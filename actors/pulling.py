"""A trigger is pulled for one customer: by an event, a schedule, a change of membership, a request (§3).

Whom a trigger concerns is known by then. What the start looks at may not be in memory: then a letter follows.
"""

from __future__ import annotations

import msgspec

from rules.causes import Cause, OfEvent, OfRequest, OfSchedule, OfSegment, depth_of
from rules.decide import match_trigger
from rules.effects import Refusal
from rules.ids import make_id
from rules.world import Identity, TriggerFailed

from .actor import Actor
from .births import Births
from .commands import FlowRefusal
from .definitions import Armed, Definitions, Version
from .holdings import Memory, Surroundings
from .letters import Pull
from .telemetry import Faulted
from .turns import Turns


class Pulling:
    def __init__(self, around: Surroundings, memory: Memory, turns: Turns, births: Births) -> None:
        self._turns = turns
        self._births = births
        self._customers = memory.customers
        self._definitions: Definitions = memory.definitions
        self._world = around.world
        self._telemetry = around.telemetry

    def pull(
        self,
        armed: Armed,
        cause: Cause,
        target: str,
        *,
        begin_at: int | None = None,
        test: bool = False,
    ) -> Actor | FlowRefusal | None:
        """Start an instance, or say why not; None if the trigger does not want it, or a letter follows."""
        if not self._births.can_start(armed.version, target):
            version = armed.version
            letter = Pull(version.flow_key, armed.trigger.name, target, cause, begin_at, test)
            self._turns.defer("", target, letter)
            return None
        return self._start(armed, cause, target, begin_at, test)

    def follow(self, letter: Pull) -> None:
        """What a letter asks for, unless the flow takes no such starts any more."""
        armed = self._definitions.armed(letter.flow, letter.trigger)
        if armed is not None:
            self._start(armed, letter.cause, letter.target, letter.begin_at, letter.test)

    def refuse(self, version: Version, cause: Cause, why: TriggerFailed) -> FlowRefusal:
        """A trigger that could not be evaluated: told to the caller, and recorded for whoever subscribes."""
        self._turns.group.tally.refused += 1
        self._turns.obeying.raise_own(
            "instance.refused",
            customer=self._turns.customer,
            data={"flow": version.flow_key, "version": version.number, "reason": why.code},
            depth=depth_of(cause) + 1,
        )
        return FlowRefusal(flow=version.flow_key, reason=why.code, detail=why.message)

    def fault(self, version: Version, error: Exception) -> TriggerFailed:
        self._turns.group.tally.faults += 1
        self._telemetry.emit(Faulted(instance="", flow=version.flow_key, version=version.number, error=error))
        return TriggerFailed(code="internal", message="The server failed to evaluate the trigger.")

    def _start(
        self, armed: Armed, cause: Cause, target: str, begin_at: int | None, test: bool
    ) -> Actor | FlowRefusal | None:
        version = armed.version
        self._births.ensure_customer(target, depth=depth_of(cause))
        try:
            plan = match_trigger(
                armed.flow,
                armed.trigger,
                cause,
                target=target,
                customer=self._customers.get(target) if version.needs_profile else None,
                now=self._turns.now,
                world=self._world,
            )
        except Exception as error:  # noqa: BLE001 – as in an actor's loop: one trigger fails, not the server
            plan = self.fault(version, error)
        if plan is None:
            return None
        if isinstance(plan, TriggerFailed):
            return self.refuse(version, cause, plan)
        identity = Identity(
            id=self._id(armed, cause, target),
            customer=plan.customer,
            key=plan.key,
            invocation=_of(cause),
            test=test,
        )
        started = msgspec.structs.replace(plan.started, begin_at=begin_at)
        begun = self._births.start(version, armed.flow, started, identity)
        if isinstance(begun, Refusal):
            return FlowRefusal(flow=version.flow_key, reason=begun.code, detail=begun.reason)
        return begun

    def _id(self, armed: Armed, cause: Cause, target: str) -> str:
        """The id of the instance follows from its cause, also in a replay."""
        source = _source(cause)
        if source is None:
            return self._turns.new_id()
        about = (*source, armed.version.flow_key, armed.trigger.name, target)
        return make_id(self._turns.now, "\0".join(about), 1)


def _source(cause: Cause) -> tuple[str, str, str] | None:
    """What the cause is known by; a customer may enter a segment again at any time."""
    match cause:
        case OfEvent():
            return "event", cause.event.source, cause.event.id
        case OfSchedule():
            return "schedule", str(cause.at), ""
        case OfRequest():
            return "webhook", cause.id, ""
        case OfSegment():
            return None


def _of(cause: Cause) -> str:
    """The invocation: what groups the starts of one cause."""
    match cause:
        case OfEvent():
            return cause.event.id
        case OfRequest():
            return cause.id
        case OfSchedule():
            return f"schedule:{cause.at}"
        case OfSegment():
            return f"segment:{cause.segment}"
