"""One connection: joins a session, the customer's feed and the transport that carries its frames.

What a commit changes is written straight to the transport: no task, no await. Only when the client reads
slowly, or has to catch up, one task pumps: first what is queued, then a page at a time for each subscription
that lags behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Final, Protocol

import structlog
from msgspec import UNSET, UnsetType

from actors.ports import StoreError
from server.auth.callers import Refused
from server.auth.claims import CustomerToken
from server.errors import ERRORS

from .actions import Ended
from .codec import Codec
from .containers import Container, Containers
from .cursor import Position
from .feed import CustomerFeed, News
from .frames import change_frame, encoded_card, page_message
from .live import Live
from .messages import (
    Act,
    ContainerChanged,
    Error,
    Ok,
    ServerMessage,
    Subscribe,
    Track,
    Unsubscribe,
)
from .protocol import Close, Enter, Order, Perform, Send, Session
from .queue import SendQueue

WRITE_AHEAD_BYTES_MAX: Final = 64 * 1024
"""What the transport may hold: more would only wait there, where it cannot be dropped."""
CALLS_MAX: Final = 50
"""Requests that one connection may have under way; the next is read when one of them is answered."""
ANSWERS_MAX: Final = 50
"""Answers that may wait for a slow client before its next request is read."""
STALL_HEARTBEATS: Final = 1.5
"""How long a client may take nothing at all: as long as one that answers no ping."""
TICK_S_MAX: Final = 24 * 3600.0

log = structlog.get_logger("flowdeck.live")


class Transport(Protocol):
    """Where frames go."""

    def write(self, frame: bytes) -> None: ...

    def waiting_bytes(self) -> int:
        """Written, but not taken by the network yet."""
        ...

    async def drained(self) -> None:
        """Until there is room again."""
        ...

    async def close(self, code: int, reason: str) -> None: ...

    def abort(self) -> None:
        """End it now; whoever waits for room is let go."""
        ...


class Subscription:
    """How far a client was sent a container. It is live when it gets each change as it comes."""

    __slots__ = ("container", "is_live", "owes_end", "position", "request")

    def __init__(self, container: Container, position: Position | None, request: int | UnsetType) -> None:
        self.container = container
        self.position = position
        self.request = request
        self.is_live = False
        self.owes_end = True
        """An answer is due, or its last page."""


class Connection:
    """`receive` what comes and `ended` when nothing more will. It may be called from the loop only."""

    __slots__ = (
        "_address",
        "_calls",
        "_closing",
        "_codec",
        "_customer",
        "_feed",
        "_is_closing",
        "_is_pumping",
        "_live",
        "_queue",
        "_room",
        "_session",
        "_subscriptions",
        "_tasks",
        "_timer",
        "_transport",
    )

    def __init__(
        self,
        live: Live,
        codec: Codec,
        transport: Transport,
        *,
        id: str,
        address: str,
        header_token: str | None,
    ) -> None:
        self._live = live
        self._codec = codec
        self._transport = transport
        self._address = address
        self._session = Session(
            id=id,
            codec=codec,
            gate=self,
            clock=live.clock,
            settings=live.settings,
            header_token=header_token,
        )
        self._customer: str | None = None
        self._feed: CustomerFeed | None = None
        self._subscriptions: dict[str, Subscription] = {}
        self._queue: SendQueue[Subscription] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls = 0
        self._room: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_pumping = False
        self._is_closing = False
        self._closing: asyncio.Task[None] | None = None
        self._arrive()

    # ── coming and going ───────────────────────────────────────────────────────────────────────────────
    def _arrive(self) -> None:
        live = self._live
        is_crowded, is_full = live.admission.crowded(self._address), live.admission.is_full
        live.admission.arrive(self._address)
        live.add(self)
        if live.is_stopping:
            self.stop()
        elif is_full:
            self._obey(self._session.strain())
        elif is_crowded:
            self._obey(self._session.crowd("Too many connections of this address have not said hello"))
        else:
            self._arm()

    def receive(self, payload: bytes, *, is_text: bool) -> None:
        """One frame of the client."""
        self._obey(self._session.receive(payload, is_text=is_text))
        self._arm()

    async def room(self) -> None:
        """Until the next frame may be read: a client that asks and does not read has to wait."""
        while not self._is_closing and self._is_full():
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def stop(self) -> None:
        self._obey(self._session.stop())

    async def ended(self) -> None:
        """Give everything back. What was asked of the engine goes on without anybody to answer."""
        self._is_closing = True
        if self._timer is not None:
            self._timer.cancel()
        self._session.stop()
        if self._feed is not None:
            self._live.feeds.leave(self._feed, self)
        tasks = tuple(self._tasks)
        for task in tasks:
            if task is not self._closing:  # that one ends by itself, in time for the client to see why
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        admission = self._live.admission
        if self._customer is None:
            admission.forget_address(self._address)
        else:
            admission.leave(self._customer)
        admission.depart()
        self._live.remove(self)

    # ── the gate ───────────────────────────────────────────────────────────────────────────────────────
    def verify(self, token: str) -> CustomerToken | Refused:
        verdict = self._live.tokens.verify(token, address=self._address)
        if isinstance(verdict, Refused):
            log.info("token refused", reason=verdict.reason, address=self._address, session=self._session.id)
        return verdict

    def enter(self, customer: str) -> bool:
        if not self._live.admission.enter(customer):
            return False
        self._customer = customer
        self._live.admission.forget_address(self._address)
        return True

    # ── orders of the session ──────────────────────────────────────────────────────────────────────────
    def _obey(self, orders: list[Order]) -> None:
        for order in orders:
            match order:
                case Send():
                    self._answer(order.message)
                case Close():
                    self._close(order.code, order.reason)
                case Enter():
                    self._spawn(self._live.greet(order.token))
                    self._log_entered(order)
                case Perform():
                    self._perform(order)

    def _perform(self, order: Perform) -> None:
        match order.request:
            case Subscribe() as request:
                self._subscribe(request)
            case Unsubscribe() as request:
                self._subscriptions.pop(request.container, None)
                self._answer(Ok(id=request.id))
            case Act() | Track() as request:
                self._calls += 1
                self._spawn(self._call(request))

    def _log_entered(self, order: Enter) -> None:
        client = order.client
        log.debug(
            "app connected",
            session=self._session.id,
            customer=order.token.customer,
            app=order.token.app,
            sdk=client.sdk,
            platform=client.platform,
            app_version=client.app_version,
        )

    def _subscribe(self, request: Subscribe) -> None:
        assert self._customer is not None, "the table lets no request through before the hello"
        container = self._live.containers.find(request.container)
        if container is None:
            return self._refuse(request.id, "not_found", f"There is no container {request.container!r}")
        most = self._live.settings.containers_per_connection
        if container.id not in self._subscriptions and len(self._subscriptions) >= most:
            return self._refuse(request.id, "too_many", f"A connection has at most {most} containers")
        if self._feed is None:
            self._feed = self._live.feeds.watch(self._customer, self)
        position = self._live.cursors.read(request.since, self._customer, container)
        self._subscriptions[container.id] = Subscription(container, position, request.id)
        self._pump()

    async def _call(self, request: Act | Track) -> None:
        assert self._customer is not None, "the table lets no request through before the hello"
        actions = self._live.actions
        try:
            if isinstance(request, Act):
                ended = await actions.act(self._customer, request.key, request)
            else:
                ended = await actions.track(self._customer, request.key, request.events)
        finally:
            self._calls -= 1
            self._make_room()
        self._answer(self._ended(request.id, ended))

    def _ended(self, id: int, ended: Ended) -> ServerMessage:
        card = encoded_card(self._codec, ended.card)
        if ended.code == "ok":
            return Ok(id=id, card=card)
        return Error(id=id, code=ended.code, message=ended.text, card=card, errors=ended.errors or UNSET)

    def _refuse(self, id: int, code: str, text: str) -> None:
        self._answer(Error(id=id, code=code, message=text))

    # ── the feed ───────────────────────────────────────────────────────────────────────────────────────
    def feed_moved(self, news: News) -> None:
        for subscription in self._subscriptions.values():
            if subscription.is_live:
                frame = change_frame(news, subscription.container, self._codec, self._live.cursors)
                if frame is not None:
                    self._send_change(frame, subscription, news.seq)

    def feed_lost(self) -> None:
        for subscription in self._subscriptions.values():
            subscription.is_live = False
        self._pump()

    def containers_changed(self, containers: Containers) -> None:
        for subscription in tuple(self._subscriptions.values()):
            old, new = subscription.container, containers.find(subscription.container.id)
            if new is old:
                continue
            version = old.version + 1 if new is None else new.version
            self._answer(ContainerChanged(container=old.id, version=version))
            if new is None:
                del self._subscriptions[old.id]
                continue
            subscription.container = new
            if new.membership != old.membership:
                subscription.position, subscription.is_live = None, False
        self._pump()

    # ── writing ────────────────────────────────────────────────────────────────────────────────────────
    def _answer(self, message: ServerMessage) -> None:
        if self._is_closing:
            return
        frame = self._codec.frame(message)
        if self._can_write():
            self._transport.write(frame)
        else:
            self._queued().put_answer(frame)
            self._pump()

    def _send_change(self, frame: bytes, subscription: Subscription, seq: int) -> None:
        if self._is_closing:
            return
        if self._can_write():
            self._transport.write(frame)
            subscription.position = Position(seq)
        else:
            if not self._queued().put_feed(frame, subscription, seq):
                subscription.is_live = False
                for owner in self._queued().drop_feeds():
                    owner.is_live = False
            self._pump()

    def _can_write(self) -> bool:
        """Nothing waits that would have to go first."""
        return not self._queue and self._transport.waiting_bytes() < WRITE_AHEAD_BYTES_MAX

    def _queued(self) -> SendQueue[Subscription]:
        if self._queue is None:  # most connections never need one
            settings = self._live.settings
            self._queue = SendQueue(frames_max=settings.queue_frames_max, bytes_max=settings.queue_bytes_max)
        return self._queue

    def _pump(self) -> None:
        if not self._is_pumping and not self._is_closing:
            self._is_pumping = True
            self._spawn(self._pumping())

    async def _pumping(self) -> None:
        """Until nothing waits and nobody lags behind."""
        try:
            await self._drained()
            while self._write_next() or await self._catch_up_next():
                await self._drained()
        except StoreError as error:
            log.warning("feed not readable", session=self._session.id, error=str(error))
            self._obey(self._session.strain())
        except (ConnectionError, TimeoutError):
            self._is_closing = True
            self._transport.abort()
            self._make_room()
        finally:
            self._is_pumping = False

    def _write_next(self) -> bool:
        if not self._queue:
            return False
        queued = self._queue.pop()
        self._transport.write(queued.frame)
        if queued.owner is not None:
            queued.owner.position = Position(queued.seq)
        self._make_room()
        return True

    async def _catch_up_next(self) -> bool:
        """One page for the first subscription that lags; False if there is none."""
        lagging = next((one for one in self._subscriptions.values() if not one.is_live), None)
        if lagging is None or self._is_closing:
            return False
        assert self._feed is not None, "who subscribes watches the feed"
        container = lagging.container
        page = await self._live.pages.read(self._feed, container, lagging.position)
        # Nothing may be awaited from here on: a page is as current as the feed was just now.
        is_theirs = self._subscriptions.get(container.id) is lagging and lagging.container is container
        if is_theirs and not self._is_closing:
            if lagging.owes_end or page.says_something:
                customer = self._feed.customer
                message = page_message(
                    page, customer, container, self._codec, self._live.cursors, id=lagging.request
                )
                self._transport.write(self._codec.frame(message))
            lagging.position = page.position
            lagging.owes_end = page.more
            lagging.is_live = not page.more
            if lagging.is_live:
                lagging.request = UNSET
        return True

    async def _drained(self) -> None:
        if self._transport.waiting_bytes() >= WRITE_AHEAD_BYTES_MAX:
            async with asyncio.timeout(self._live.settings.heartbeat_s * STALL_HEARTBEATS):
                await self._transport.drained()

    # ── its tasks, its time ────────────────────────────────────────────────────────────────────────────
    def _is_full(self) -> bool:
        answers = 0 if self._queue is None else self._queue.answers
        return self._calls >= CALLS_MAX or answers >= ANSWERS_MAX

    def _make_room(self) -> None:
        if self._room is not None and not self._room.done() and (self._is_closing or not self._is_full()):
            self._room.set_result(None)

    def _close(self, code: int, reason: str) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._make_room()
            self._closing = self._spawn(self._transport.close(code, reason))

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """A task of this connection's own: `ended` sees to its end."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # A fault of ours ends this connection only.
            log.error("connection failed", session=self._session.id, exc_info=error)
            code = ERRORS["internal"].close_code
            assert code is not None, "a fault of ours closes a connection"
            self._close(code, "The server failed")

    def _arm(self) -> None:
        """Wake the session when it is due. A timer that comes too early does no harm: it is set anew then."""
        due_in_s = self._session.due_in_s()
        if due_in_s is None:
            return
        loop = asyncio.get_running_loop()
        at = loop.time() + min(due_in_s, TICK_S_MAX)
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._obey(self._session.tick())
        self._arm()
