"""What all connections and polls of one server share, built by `server/app.py` and stopped with it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

import structlog
from aiohttp import web

from actors.commands import Overloaded, UnknownOutcome
from actors.hub import Hub
from actors.ports import Clock, Store
from server.auth.claims import CustomerToken
from server.auth.limits import RateLimiter
from server.ending import CLOSING_SHARE
from server.logins import Writing, log_in
from server.settings import Config
from server.settings import Container as ContainerConfig

from .actions import Acting, Actions
from .admission import Admission
from .codec import codecs
from .containers import Containers
from .cursor import Cursors
from .feed import Feeds
from .pages import Pages
from .sightings import Sightings
from .tokens import Tokens, Verifier

log = structlog.get_logger("flowdeck.live")


class Engine(Acting, Writing, Protocol):
    """What the live edge needs of `actors.engine.Engine`."""

    hub: Hub


class Guest(Protocol):
    """A connection or a waiting poll."""

    def stop(self) -> None:
        """The server goes away."""
        ...

    def containers_changed(self, containers: Containers) -> None: ...


class Live:
    """`epoch` is the store's (`Meta`). `failures` counts tokens that were not accepted, by address."""

    def __init__(  # noqa: PLR0913 - it joins what the composition root built
        self,
        *,
        config: Config,
        clock: Clock,
        store: Store,
        engine: Engine,
        apps: Verifier,
        failures: RateLimiter,
        epoch: str,
    ) -> None:
        self.settings = config.live
        self._closing_s = config.server.stop_s * CLOSING_SHARE
        self.poll_s_max = config.api.poll_s_max
        self.behind_proxy = config.server.behind_proxy
        self.clock = clock
        self.store = store
        self.tokens = Tokens(apps, failures)
        self.codecs = codecs()
        self.containers = Containers(config.containers)
        self.cursors = Cursors(epoch)
        self.feeds = Feeds(store, engine.hub)
        self.pages = Pages(store, cards_max=config.live.page_cards)
        self.admission = Admission(config.live)
        self.actions = Actions(engine, clock, zone=config.flows.timezone, app_events=config.events.app_events)
        self.is_stopping = False
        self._sightings = Sightings(clock, every_s=config.live.seen_s)
        self._greetings: set[asyncio.Task[None]] = set()
        self._engine = engine
        self._guests: dict[Guest, None] = {}
        self._all_left = asyncio.Event()
        self._all_left.set()

    async def stop(self) -> None:
        """Tell everybody, take nobody any more, and wait until they are gone."""
        self.is_stopping = True
        for guest in tuple(self._guests):
            guest.stop()
        try:
            async with asyncio.timeout(self._closing_s):
                await self._all_left.wait()
                await asyncio.gather(*self._greetings, return_exceptions=True)
        except TimeoutError:
            log.warning("connections left open", count=len(self._guests))

    def reconfigure(self, configured: Mapping[str, ContainerConfig]) -> None:
        """Containers were changed, added or removed: their clients are told."""
        self.containers = Containers(configured, before=self.containers)
        for guest in tuple(self._guests):
            guest.containers_changed(self.containers)

    def add(self, guest: Guest) -> None:
        self._guests[guest] = None
        self._all_left.clear()

    def remove(self, guest: Guest) -> None:
        self._guests.pop(guest, None)
        if not self._guests:
            self._all_left.set()

    async def greet(self, token: CustomerToken) -> None:
        """Create the customer of a login, take over what the token says of them, note that they were seen.

        A login goes on without it: an engine that is busy learns of the customer the next time.
        """
        self._sightings.note(token.customer)
        try:
            await log_in(self._engine, token, seen_every_ms=self.settings.seen_s * 1_000)
        except (Overloaded, UnknownOutcome) as error:
            log.info("customer not written at login", customer=token.customer, error=str(error))

    def polled(self, token: CustomerToken) -> None:
        """A poll is a login too, now and then; it does not wait for what that writes."""
        if not self.is_stopping and self._sightings.is_due(token.customer):
            greeting = asyncio.get_running_loop().create_task(self.greet(token))
            self._greetings.add(greeting)
            greeting.add_done_callback(self._greeted)

    def _greeted(self, greeting: asyncio.Task[None]) -> None:
        self._greetings.discard(greeting)
        if not greeting.cancelled() and (error := greeting.exception()) is not None:
            log.error("login of a poll failed", exc_info=error)

    def counts(self) -> Mapping[str, int]:
        """For metrics."""
        return {"connections": self.admission.connections, "feeds": len(self.feeds)}


LIVE: Final = web.AppKey("live", Live)
