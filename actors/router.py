"""Whom an input concerns: live instances by id, by customer and event name, by key, by name alone.

Dictionaries only: nothing here walks over flows or instances. A customer with one instance, as most have,
costs no index of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rules.inputs import Event
from rules.model import Origin, WhenLive

from .actor import NONE, Actor, SubscriptionSet
from .definitions import Version

_At = TypeVar("_At")


class Crowd:
    """The instances of a customer who has more than one."""

    __slots__ = ("actors", "open_cards", "waits", "watchers")

    def __init__(self) -> None:
        self.actors: dict[str, Actor] = {}
        self.waits: dict[str, dict[str, Actor]] = {}
        self.watchers: dict[str, Actor] = {}
        self.open_cards = 0

    def add(self, actor: Actor) -> None:
        self.actors[actor.id] = actor
        self.open_cards += actor.open_cards
        self.listen(actor, actor.subscriptions)

    def remove(self, actor: Actor) -> None:
        del self.actors[actor.id]
        self.open_cards -= actor.open_cards
        self.ignore(actor, actor.subscriptions)

    def listen(self, actor: Actor, subscriptions: SubscriptionSet) -> None:
        for name in subscriptions.by_customer:
            self.waits.setdefault(name, {})[actor.id] = actor
        if subscriptions.profile:
            self.watchers[actor.id] = actor

    def ignore(self, actor: Actor, subscriptions: SubscriptionSet) -> None:
        for name in subscriptions.by_customer:
            waiting = self.waits[name]
            del waiting[actor.id]
            if not waiting:
                del self.waits[name]
        self.watchers.pop(actor.id, None)


class Router:
    """Every live instance. Those who change an actor's subscriptions or open cards do it through here."""

    def __init__(self) -> None:
        self.actors: dict[str, Actor] = {}
        self._customers: dict[str, Actor | Crowd] = {}
        self._by_key: dict[tuple[str, str], dict[str, Actor]] = {}
        self._by_any: dict[str, dict[str, Actor]] = {}

    # ── who is there ───────────────────────────────────────────────────────────────────────────────────
    def add(self, actor: Actor) -> None:
        assert actor.id not in self.actors, f"{actor.id} is there already"
        self.actors[actor.id] = actor
        self._listen_widely(actor, actor.subscriptions)
        there = self._customers.get(actor.customer)
        if there is None:
            self._customers[actor.customer] = actor
            return
        if isinstance(there, Actor):
            first, there = there, Crowd()
            there.add(first)
            self._customers[actor.customer] = there
        there.add(actor)

    def remove(self, actor: Actor) -> None:
        del self.actors[actor.id]
        self._ignore_widely(actor, actor.subscriptions)
        there = self._customers[actor.customer]
        if isinstance(there, Actor):
            del self._customers[actor.customer]
            return
        there.remove(actor)
        if len(there.actors) == 1:
            (self._customers[actor.customer],) = there.actors.values()

    def subscribe(self, actor: Actor, subscriptions: SubscriptionSet) -> None:
        before, actor.subscriptions = actor.subscriptions, subscriptions
        self._ignore_widely(actor, before)
        self._listen_widely(actor, subscriptions)
        there = self._customers[actor.customer]
        if isinstance(there, Crowd):
            there.ignore(actor, before)
            there.listen(actor, subscriptions)

    def count_cards(self, actor: Actor, open_cards: int) -> None:
        there = self._customers[actor.customer]
        if isinstance(there, Crowd):
            there.open_cards += open_cards - actor.open_cards
        actor.open_cards = open_cards

    def clear(self) -> None:
        for index in (self.actors, self._customers, self._by_key, self._by_any):
            index.clear()

    # ── whom it concerns ───────────────────────────────────────────────────────────────────────────────
    def has_customer(self, customer: str) -> bool:
        """Whether the customer has a live instance; then there is a profile in the store."""
        return customer in self._customers

    def of(self, customer: str) -> list[Actor]:
        """The customer's instances, in order of start."""
        there = self._customers.get(customer)
        if there is None:
            return []
        return [there] if isinstance(there, Actor) else sorted(there.actors.values(), key=_id)

    def open_cards(self, customer: str) -> int:
        there = self._customers.get(customer)
        return 0 if there is None else there.open_cards

    def waiting(self, event: Event) -> list[Actor]:
        """The event's own customer's instances that wait for it, in order of start."""
        if event.customer is None:
            return []
        there = self._customers.get(event.customer)
        if there is None:
            return []
        if isinstance(there, Actor):
            return [there] if _is_heard(there, event) else []
        found = dict(there.waits.get(event.name, ()))
        for actor in self._widely(event):
            if actor.customer == event.customer:
                found[actor.id] = actor
        # Ids begin with the time of the start.
        return sorted(found.values(), key=_id) if len(found) > 1 else list(found.values())

    def waiting_elsewhere(self, event: Event) -> list[Actor]:
        """Other customers' instances that wait for it, by key or whomever it concerns."""
        if not self._by_any and event.key is None:
            return []
        found = {actor.id: actor for actor in self._widely(event) if actor.customer != event.customer}
        return list(found.values())

    def has_ears(self, name: str, customer: str | None) -> bool:
        """Whether anybody waits for events of this name about this customer, keys left out."""
        if name in self._by_any:
            return True
        there = None if customer is None else self._customers.get(customer)
        if isinstance(there, Actor):
            return name in there.subscriptions.by_customer
        return there is not None and name in there.waits

    def watching(self, customer: str) -> list[Actor]:
        """The customer's instances that look at the profile, in order of start."""
        there = self._customers.get(customer)
        if there is None:
            return []
        if isinstance(there, Actor):
            return [there] if there.subscriptions.profile else []
        return sorted(there.watchers.values(), key=_id)

    def _widely(self, event: Event) -> Iterator[Actor]:
        if event.origin is Origin.APP:
            return  # an app speaks for its own customer only (flow format §3)
        if event.key is not None:
            yield from self._by_key.get((event.key, event.name), {}).values()
        yield from self._by_any.get(event.name, {}).values()

    def _listen_widely(self, actor: Actor, subscriptions: SubscriptionSet) -> None:
        if subscriptions is NONE:
            return
        if actor.key is not None:
            for name in subscriptions.by_key:
                self._by_key.setdefault((actor.key, name), {})[actor.id] = actor
        for name in subscriptions.by_any:
            self._by_any.setdefault(name, {})[actor.id] = actor

    def _ignore_widely(self, actor: Actor, subscriptions: SubscriptionSet) -> None:
        if actor.key is not None:
            for name in subscriptions.by_key:
                _drop(self._by_key, (actor.key, name), actor.id)
        for name in subscriptions.by_any:
            _drop(self._by_any, name, actor.id)


def _is_heard(actor: Actor, event: Event) -> bool:
    wanted = actor.subscriptions
    if event.name in wanted.by_customer:
        return True
    if event.origin is Origin.APP:
        return False
    by_key = event.key is not None and event.key == actor.key and event.name in wanted.by_key
    return by_key or event.name in wanted.by_any


def _id(actor: Actor) -> str:
    return actor.id


def _drop(index: dict[_At, dict[str, Actor]], at: _At, id: str) -> None:
    waiting = index[at]
    del waiting[id]
    if not waiting:
        del index[at]


def living(router: Router, version: Version, customer: str) -> list[Actor]:
    """The customer's instances of the flow that its entry rules look at; none if they do not ask."""
    if version.flow is None or version.flow.entry.when_live is WhenLive.START:
        return []
    return [actor for actor in router.of(customer) if actor.version.flow_key == version.flow_key]


def ids(actors: Iterable[Actor]) -> tuple[str, ...]:
    return tuple(actor.id for actor in actors)
