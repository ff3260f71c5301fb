"""Which card, instance or push a script means: the last one of its own flow, unless it says otherwise."""

from __future__ import annotations

from typing import TypeVar

from msgspec import UNSET

from rules.documents import script as written
from rules.effects import CallRequest

from ..records import FeedCard, InstanceRow
from .calls import Waiting
from .server import SimulatedServer

_Row = TypeVar("_Row", FeedCard, InstanceRow, Waiting)


class Picking:
    def __init__(self, server: SimulatedServer, *, flow: str) -> None:
        self._server = server
        self._flow = flow

    def instance(self, picked: written.Picked) -> InstanceRow | str:
        """The instance, or why there is none."""
        found = [
            row
            for row in self._server.instances.values()
            if self._fits(picked, row.flow, row.customer, row.key)
        ]
        return _nth(found, picked) or _too_few("such instance", len(found))

    def card(self, picked: written.PickedCard) -> FeedCard | str:
        found = [
            card
            for card in self._server.cards.values()
            if card.card.step == picked.of
            and self._fits(picked, card.flow, card.customer, self._key_of(card.instance))
        ]
        return _nth(found, picked) or _too_few(f"card of {picked.of}", len(found))

    def push(self, picked: written.Push) -> Waiting | str:
        """One that was ordered, whatever became of it."""
        found = [each for each in self._server.calls.pushes if self.is_meant(picked, each)]
        return _nth(found, picked) or _too_few(f"push of {picked.of}", len(found))

    def is_meant(self, answering: written.Answering, waiting: Waiting) -> bool:
        """Whether what is answered is meant for this call."""
        is_request = isinstance(waiting.call.effect, CallRequest)
        return (
            waiting.call.effect.step == answering.of
            and is_request == isinstance(answering, written.Respond)
            and self._fits(
                answering, waiting.flow, waiting.call.customer, self._key_of(waiting.call.instance)
            )
        )

    def _fits(self, picked: written.Picked, flow: str, customer: str, key: str | None) -> bool:
        return (
            flow == (self._flow if picked.flow is UNSET else picked.flow)
            and (picked.customer is UNSET or picked.customer == customer)
            and (picked.key is UNSET or picked.key == key)
        )

    def _key_of(self, instance: str) -> str | None:
        return self._server.instances[instance].key


def _nth(found: list[_Row], picked: written.Picked) -> _Row | None:
    nth = -1 if picked.nth is UNSET else int(picked.nth)
    at = nth - 1 if nth > 0 else nth
    return found[at] if -len(found) <= at < len(found) else None


def _too_few(what: str, count: int) -> str:
    return f"There is no {what} yet." if not count else f"There is only {count} {what}."
