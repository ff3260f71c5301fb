"""A start call, taken: each target starts or is refused by itself, all in one commit with the kept answer.

A job's targets, and those of letters, start here too, one by one.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from rules.effects import Refusal
from rules.inputs import Started
from rules.model import Flow
from rules.world import Identity

from .births import Births
from .commands import Refused, StartedTarget, StartResult, Target, TargetRefusal
from .definitions import Version
from .events import Events
from .holdings import Memory
from .idempotency import answer_row
from .letters import StartOne
from .records import JournalRow
from .turns import Turns
from .work import Start, Work

_encode = msgspec.msgpack.Encoder().encode


class Starts:
    def __init__(self, memory: Memory, turns: Turns, births: Births, events: Events) -> None:
        self._turns = turns
        self._customers = memory.customers
        self._definitions = memory.definitions
        self._births = births
        self._events = events

    def take(self, work: Work, order: Start) -> Iterator[StartResult | Refused | None]:
        """Gives None after each target, so that others can have the loop, and then the answer."""
        refused = self._refused(order)
        if refused is not None:
            yield refused
            return
        if order.draft is not None:
            self._turns.group.rows.versions.append(order.draft)
        started: list[StartedTarget] = []
        not_started: list[TargetRefusal] = []
        for target in order.request.targets:
            begun = self.one(_of(order, target))
            if isinstance(begun, Refusal):
                not_started.append(
                    TargetRefusal(customer=target.customer, reason=begun.code, detail=begun.reason)
                )
            else:
                started.append(StartedTarget(customer=target.customer, instance=begun))
            yield None
        result = StartResult(invocation=order.invocation, started=tuple(started), refused=tuple(not_started))
        self._keep(order, result)
        yield result

    def _refused(self, order: Start) -> Refused | None:
        """A test that is aimed at somebody who is no test customer (flow format §9.10)."""
        if not order.request.test:
            return None
        errors = []
        for index, target in enumerate(order.request.targets):
            if not self._is_test(target.customer):
                message = f'"{target.customer}" is not a test customer.'
                pointer = f"/targets/{index}/customer"
                errors.append({"pointer": pointer, "code": "not_a_test_customer", "message": message})
        if not errors:
            return None
        return Refused(code="invalid", reason="A test may only reach test customers.", errors=tuple(errors))

    def one(self, order: StartOne) -> str | Refusal:
        """The instance that was started, or why there is none."""
        turns, target = self._turns, order.target
        turns.begin(target.customer, now=turns.now)
        version = self._definitions.version(order.flow, order.version)
        flow = self._flow(order, version)
        if isinstance(flow, Refusal):
            return flow
        identity = Identity(
            id=turns.new_id(),
            customer=target.customer,
            key=target.key,
            invocation=order.invocation,
            test=order.test,
        )
        self._record(order, identity.id)
        started = Started(
            trigger="api", trigger_type="api", variables=target.variables, metadata=target.metadata
        )
        begun = self._births.start(version, flow, started, identity)
        turns.finish(self._events.route)
        return begun if isinstance(begun, Refusal) else begun.id

    def _flow(self, order: StartOne, version: Version) -> Flow | Refusal:
        row = self._definitions.row(order.flow)
        if row is None or row.archived:
            return Refusal(code="unknown_flow", reason="There is no such flow.")
        if row.paused and not order.test:
            return Refusal(code="flow_paused", reason="The flow is paused.")
        if version.flow is None:
            return Refusal(code="broken_flow", reason=f"The flow does not compile: {version.broken}.")
        if order.test and not self._is_test(order.target.customer):
            return Refusal(code="not_a_test_customer", reason="A test may only reach test customers.")
        return version.flow

    def _is_test(self, customer: str) -> bool:
        profile = self._customers.get(customer)
        return profile is not None and profile.test

    def _record(self, order: StartOne, instance: str) -> None:
        self._turns.group.rows.journal.append(
            JournalRow(
                id=instance,
                at=self._turns.now,
                kind="start",
                source=order.client,
                customer=order.target.customer,
                name=order.flow,
                payload=_encode(
                    {"invocation": order.invocation, "version": order.version, "target": order.target}
                ),
            )
        )

    def _keep(self, order: Start, result: StartResult) -> None:
        once = order.request.idempotency
        if once is not None:
            self._turns.group.rows.answers.append(answer_row(once, result, now=self._turns.now))


def _of(order: Start, target: Target) -> StartOne:
    request = order.request
    return StartOne(
        request.flow, order.version.number, target, order.invocation, request.client, request.test
    )
