"""Whose times there are: an instance's timers, and a customer's next look at the rules that read the time."""

from __future__ import annotations

from typing import Final

from .actor import Actor
from .holdings import Memory, Surroundings
from .horizon import Horizon
from .work import Look, TimerDue, Work

TIMER: Final = "timer"
LOOK: Final = "look"


def timers(around: Surroundings, memory: Memory) -> Horizon:
    """Of live instances, by id."""

    def tell(due: int, id: str) -> Work | None:
        actor = memory.router.actors.get(id)
        return None if actor is None else timer_work(actor, due)

    return Horizon(around, memory.intake, read=around.store.due, tell=tell)


def looks(around: Surroundings, memory: Memory) -> Horizon:
    """Of customers whom time alone may move into a segment or out of one, by id."""

    def tell(due: int, id: str) -> Work:
        return look_work(id)

    return Horizon(around, memory.intake, read=around.store.checks_due, tell=tell)


def timer_work(actor: Actor, due: int) -> Work:
    return Work(lane=actor.customer, kind=TIMER, order=TimerDue(actor.id, due), durable=(TIMER, actor.id))


def look_work(customer: str) -> Work:
    return Work(lane=customer, kind=LOOK, order=Look(customer), durable=(LOOK, customer))
