"""What operators do to instances and cards, taken: to one by a call, to many by a job."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from rules.inputs import Cancelled, CardActed, CardWithdrawn, Repaired
from rules.repairs import Obstacle, find_obstacle

from .actor import Actor
from .commands import Refused
from .events import Events
from .holdings import Memory
from .letters import Deliver
from .records import FeedCard, JournalRow
from .turns import Turns
from .work import Cancel, Repair

CLOSED = frozenset({"card_closed", "not_found"})
"""Of a card that is there: an instance that does not name it any more has closed it."""

_encode = msgspec.msgpack.Encoder().encode


class Tending:
    def __init__(self, memory: Memory, turns: Turns, events: Events) -> None:
        self._router = memory.router
        self._turns = turns
        self._events = events

    # ── one ────────────────────────────────────────────────────────────────────────────────────────────
    def cancel(self, order: Cancel) -> None:
        actor = self._find(order.instance)
        if actor is not None:
            what = {"instance": order.instance, "reason": order.reason}
            self._record("cancel", actor, what, by=order.by)
            self._turns.turn(actor, Cancelled(reason=order.reason))
            self._turns.finish(self._events.route)

    def repair(self, order: Repair) -> Refused | None:
        """None if it was done, or the instance has just ended; else why it cannot be."""
        actor = self._find(order.instance)
        if actor is None:
            return None
        obstacle = self._obstacle(actor, order.repaired)
        if obstacle is not None:
            return _refused(obstacle)
        what = {"instance": order.instance, "repair": order.repaired}
        self._record("repair", actor, what, by=order.by)
        self._turns.turn(actor, order.repaired)
        self._turns.finish(self._events.route)
        return None

    # ── one of many ────────────────────────────────────────────────────────────────────────────────────
    def tend_instance(self, input: Cancelled | Repaired, id: str) -> bool:
        """Whether it went well. Where nothing has failed any more, or all is over, there is nothing to do."""
        actor = self._router.actors.get(id)
        if actor is None:
            return True
        self._turns.begin(actor.customer, now=self._turns.now)
        if not self._turns.can_turn(actor):
            self._turns.defer(id, actor.customer, Deliver(id, input))
            return True
        obstacle = self._obstacle(actor, input) if isinstance(input, Repaired) else None
        if obstacle is None:
            self._turns.turn(actor, input)
        return obstacle is None or obstacle.code == "not_failed"

    def tend_card(self, input: CardActed | CardWithdrawn, card: FeedCard | None) -> bool:
        """Whether it went well. To a card that is closed already, or gone, there is nothing to do."""
        actor = None if card is None else self._router.actors.get(card.instance)
        if card is None or actor is None:
            return True
        input = replace(input, card=card.card.id)
        self._turns.begin(card.customer, now=self._turns.now)
        if not self._turns.can_turn(actor):
            self._turns.defer(actor.id, card.customer, Deliver(actor.id, input))
            return True
        answer = self._turns.turn(actor, input).answer
        return answer is None or answer.code == "ok" or answer.code in CLOSED

    # ───────────────────────────────────────────────────────────────────────────────────────────────────
    def _find(self, instance: str) -> Actor | None:
        actor = self._router.actors.get(instance)
        if actor is None or not self._turns.can_turn(actor):
            return None
        self._turns.customer = actor.customer
        return actor

    def _obstacle(self, actor: Actor, repaired: Repaired) -> Obstacle | None:
        flow = actor.version.flow
        # Without its flow the turn is a fault, like any other of the instance's.
        return None if flow is None else find_obstacle(flow, self._turns.catch_up(actor), repaired)

    def _record(self, name: str, actor: Actor, what: object, *, by: str) -> None:
        self._turns.group.rows.journal.append(
            JournalRow(
                id=self._turns.new_id(),
                at=self._turns.now,
                kind="operator",
                source=by,
                customer=actor.customer,
                name=name,
                payload=_encode(what),
            )
        )


def _refused(obstacle: Obstacle) -> Refused:
    if obstacle.pointer is None:
        return Refused(code="conflict", reason=obstacle.message)
    error = {"pointer": obstacle.pointer, "code": obstacle.code, "message": obstacle.message}
    return Refused(code="invalid", reason=obstacle.message, errors=(error,))
