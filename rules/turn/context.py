"""What expressions and templates of an instance can read (flow format §6): each root is built when needed.

`event` and `card` exist only while the condition of an outcome is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from ..calendar.times import to_datetime
from ..cards.card import Card
from ..customers import profile as customer
from ..inputs import Event, Started

if TYPE_CHECKING:
    from .run import Run


class Context(dict[str, object]):
    """The context of one turn. A root stays as it was built until it is popped, because it has changed."""

    __slots__ = ("run",)
    run: Run

    def __missing__(self, root: str) -> object:
        value = _ROOTS[root](self.run)
        self[root] = value
        return value

    def __contains__(self, root: object) -> bool:
        return root in _ROOTS or super().__contains__(root)

    def get(self, root: str, default: object = None) -> object:
        try:
            return self[root]  # dict.get would not build what is missing
        except KeyError:
            return default


def event_context(event: Event) -> dict[str, object]:
    return {
        "id": event.id,
        "name": event.name,
        "time": to_datetime(event.time),
        "customer": event.customer,
        "key": event.key,
        "data": event.data,
    }


def card_context(card: Card, button: str | None = None) -> dict[str, object]:
    return {
        "id": card.id,
        "status": card.status.value,
        "button": button or card.button,
        "values": card.values,
    }


def trigger_context(started: Started) -> dict[str, object]:
    return {
        "type": started.trigger_type,
        "name": started.trigger,
        "event": event_context(started.event) if started.event else None,
        "metadata": started.metadata,
    }


def _vars(run: Run) -> object:
    return run.variables


def _customer(run: Run) -> object:
    return customer.context(run.profile or customer.new_profile(run.base.customer, run.now))


def _steps(run: Run) -> Mapping[str, object]:
    """Outputs by step; a send_card step shows its latest card as it is now."""
    steps = dict(run.steps)
    for card in run.cards:
        steps[card.step] = {**steps.get(card.step, {}), "card": card_context(card)}
    return steps


def _instance(run: Run) -> object:
    base = run.base
    return {
        "id": base.id,
        "flow": base.flow,
        "version": base.version,
        "key": base.key,
        "invocation": base.invocation,
        "started_at": to_datetime(base.started_at),
        "test": base.test,
    }


_ROOTS: Final[Mapping[str, Callable[[Run], object]]] = {
    "vars": _vars,
    "customer": _customer,
    "steps": _steps,
    "trigger": lambda run: run.base.trigger or {},
    "instance": _instance,
    "constants": lambda run: run.world.constants,
    "now": lambda run: to_datetime(run.now),
    "timezone": lambda run: run.world.zone,
}
