"""A start call, taken: each target starts or is refused by itself, all in one commit with the kept answer."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from rules.effects import Refusal
from rules.inputs import Started
from rules.model import Flow
from rules.world import Identity

from .births import Births
from .commands import Refused, StartedTarget, StartResult, Target, TargetRefusal
from .dedupe import answer_key
from .events import Events
from .holdings import Memory
from .limits import ANSWER_KEPT_MS
from .records import AnswerRow, JournalRow
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
            begun = self._start(order, target)
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
            profile = self._customers.get(target.customer)
            if profile is None or not profile.test:
                message = f'"{target.customer}" is not a test customer.'
                pointer = f"/targets/{index}/customer"
                errors.append({"pointer": pointer, "code": "not_a_test_customer", "message": message})
        if not errors:
            return None
        return Refused(code="invalid", reason="A test may only reach test customers.", errors=tuple(errors))

    def _start(self, order: Start, target: Target) -> str | Refusal:
        turns, request, version = self._turns, order.request, order.version
        turns.begin(target.customer, now=turns.now)
        flow = self._flow(order)
        if isinstance(flow, Refusal):
            return flow
        identity = Identity(
            id=turns.new_id(),
            customer=target.customer,
            key=target.key,
            invocation=order.invocation,
            test=request.test,
        )
        self._record(order, target, identity.id)
        started = Started(
            trigger="api", trigger_type="api", variables=target.variables, metadata=target.metadata
        )
        begun = self._births.start(version, flow, started, identity)
        turns.finish(self._events.route)
        return begun if isinstance(begun, Refusal) else begun.id

    def _flow(self, order: Start) -> Flow | Refusal:
        row = self._definitions.row(order.request.flow)
        if row is None or row.archived:
            return Refusal(code="unknown_flow", reason="There is no such flow.")
        if row.paused and not order.request.test:
            return Refusal(code="flow_paused", reason="The flow is paused.")
        if order.version.flow is None:
            return Refusal(code="broken_flow", reason=f"The flow does not compile: {order.version.broken}.")
        return order.version.flow

    def _record(self, order: Start, target: Target, instance: str) -> None:
        request = order.request
        self._turns.group.rows.journal.append(
            JournalRow(
                id=instance,
                at=self._turns.now,
                kind="start",
                source=request.client,
                customer=target.customer,
                name=request.flow,
                payload=_encode(
                    {"invocation": order.invocation, "version": order.version.number, "target": target}
                ),
            )
        )

    def _keep(self, order: Start, result: StartResult) -> None:
        once = order.request.idempotency
        if once is not None:
            self._turns.group.rows.answers.append(
                AnswerRow(
                    key=answer_key(once.client, once.key),
                    digest=once.digest,
                    answer=_encode(result),
                    expires_at=self._turns.now + ANSWER_KEPT_MS,
                )
            )
