"""The containers that one connection is subscribed to: how far each is, and what it is sent next.

Those that are live get each change as it is committed, with no await in between; those that lag behind get a
page at a time from whoever calls `catch_up_next`.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET

from .codec import Codec
from .containers import Container, Containers
from .cursor import Position
from .feed import CustomerFeed, News
from .frames import change_frame, page_message
from .live import Live
from .messages import ContainerChanged
from .outlet import Outlet, Subscription


class Subscriptions:
    """A watcher of one customer's feed. `lagging` is called when something waits or lags behind."""

    __slots__ = ("_by_container", "_codec", "_feed", "_lagging", "_live", "_outlet")

    def __init__(
        self, live: Live, codec: Codec, outlet: Outlet, customer: str, lagging: Callable[[], None]
    ) -> None:
        self._live = live
        self._codec = codec
        self._outlet = outlet
        self._lagging = lagging
        self._by_container: dict[str, Subscription] = {}
        self._feed: CustomerFeed = live.feeds.watch(customer, self)

    def close(self) -> None:
        """Nothing more is sent."""
        self._by_container.clear()
        self._live.feeds.leave(self._feed, self)

    def has_room_for(self, container: Container) -> bool:
        most = self._live.settings.containers_per_connection
        return container.id in self._by_container or len(self._by_container) < most

    def add(self, container: Container, position: Position | None, request: int | None) -> None:
        """Send it from there on; a subscription of the same container is replaced."""
        self._by_container[container.id] = Subscription(container, position, request)
        self._lagging()

    def remove(self, container: str) -> None:
        self._by_container.pop(container, None)

    # ── from the feed ──────────────────────────────────────────────────────────────────────────────────
    def feed_moved(self, news: News) -> None:
        is_waiting = False
        for subscription in self._by_container.values():
            if subscription.is_live:
                frame = change_frame(news, subscription.container, self._codec, self._live.cursors)
                if frame is not None and not self._outlet.change(frame, subscription, news.seq):
                    is_waiting = True
        if is_waiting:
            self._lagging()

    def feed_lost(self) -> None:
        for subscription in self._by_container.values():
            subscription.is_live = False
        self._lagging()

    def containers_changed(self, containers: Containers) -> None:
        """Tell which settings changed; what has other members begins anew."""
        for subscription in tuple(self._by_container.values()):
            old = subscription.container
            new = containers.find(old.id, old.platform)
            if new is old:
                continue
            version = old.version + 1 if new is None else new.version
            self._outlet.answer(self._codec.frame(ContainerChanged(container=old.id, version=version)))
            if new is None:
                self.remove(old.id)
            elif new.membership == old.membership:
                subscription.container = new
            else:
                self._by_container[new.id] = Subscription(new, None, None)
        self._lagging()

    # ── catching up ────────────────────────────────────────────────────────────────────────────────────
    async def catch_up_next(self) -> bool:
        """Send one page to the first that lags behind; False if none does. Raises StoreError."""
        lagging = next((one for one in self._by_container.values() if not one.is_live), None)
        if lagging is None:
            return False
        page = await self._live.pages.read(self._feed, lagging.container, lagging.position)
        # Nothing may be awaited from here on: a page is as current as the feed was just now.
        if self._by_container.get(lagging.container.id) is not lagging:
            return True  # it was replaced or removed meanwhile
        if lagging.owes_end or page.says_something:
            message = page_message(
                page,
                self._feed.customer,
                lagging.container,
                self._codec,
                self._live.cursors,
                id=UNSET if lagging.request is None else lagging.request,
            )
            self._outlet.write(self._codec.frame(message))
        lagging.position = page.position
        lagging.owes_end = page.more
        lagging.is_live = not page.more
        if lagging.is_live:
            lagging.request = None
        return True
