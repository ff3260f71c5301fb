"""Who wants to hear of a customer's cards. Told on the loop, after the commit, in the order of commits.

A sink must not block and keeps its own bounded queue: the hub holds nothing but who subscribed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from .records import FeedCard


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedChange:
    """The cards of one customer that one commit changed, by rising `seq`."""

    customer: str
    cards: tuple[FeedCard, ...]


class Sink(Protocol):
    def feed_changed(self, change: FeedChange) -> None: ...

    def feed_unsure(self) -> None:
        """A commit may have changed cards without being told: read what there is."""
        ...


class Subscription:
    """Holds a sink's place until `close`, which may be called more than once."""

    __slots__ = ("_hub", "customer", "sink")

    def __init__(self, hub: Hub, customer: str, sink: Sink) -> None:
        self._hub = hub
        self.customer = customer
        self.sink = sink

    def close(self) -> None:
        self._hub.unsubscribe(self)


class Hub:
    """Subscriptions by customer, in the order in which they came."""

    def __init__(self) -> None:
        self._subscriptions: dict[str, dict[Subscription, None]] = {}

    def subscribe(self, customer: str, sink: Sink) -> Subscription:
        """From now on the sink hears of every commit: read the snapshot after this, and nothing is missed."""
        subscription = Subscription(self, customer, sink)
        self._subscriptions.setdefault(customer, {})[subscription] = None
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        own = self._subscriptions.get(subscription.customer)
        if own is None or subscription not in own:
            return
        del own[subscription]
        if not own:
            del self._subscriptions[subscription.customer]

    def subscriber_count(self) -> int:
        return sum(len(own) for own in self._subscriptions.values())

    def publish(self, cards: Iterable[FeedCard]) -> None:
        """Tell the sinks of each customer, once a commit: one value for all of them, to be encoded once."""
        changed: dict[str, list[FeedCard]] = {}
        for card in cards:
            if card.customer in self._subscriptions:
                changed.setdefault(card.customer, []).append(card)
        for customer, own in changed.items():
            change = FeedChange(customer=customer, cards=tuple(own))
            # A sink may close itself or others while it is told.
            for subscription in tuple(self._subscriptions.get(customer, ())):
                subscription.sink.feed_changed(change)

    def unsure(self) -> None:
        """Tell everybody that a commit may not have been told of: a life of the engine ended in it."""
        for own in tuple(self._subscriptions.values()):
            for subscription in tuple(own):
                subscription.sink.feed_unsure()
