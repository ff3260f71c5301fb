"""One connection: joins a session, its subscriptions and what it sends; owns the tasks of all that waits.

What a commit changes is written straight to the transport: no task, no await. Only when the client reads
slowly, or has to catch up, one task pumps: first what is queued, then a page at a time for each subscription
that lags behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Final

import structlog
from msgspec import UNSET

from actors.ports import StoreError
from server.auth.callers import Refused
from server.auth.claims import CustomerToken
from server.errors import ERRORS

from .actions import Ended
from .codec import Codec
from .containers import Containers, known_platform
from .frames import encoded_card
from .live import Live
from .messages import (
    Act,
    Error,
    Ok,
    ServerMessage,
    Subscribe,
    Track,
    Unsubscribe,
)
from .outlet import Outlet, Transport
from .protocol import Close, Enter, Order, Perform, Send, Session
from .subscriptions import Subscriptions

CALLS_MAX: Final = 50
"""Requests that one connection may have under way; the next is read when one of them is answered."""
TICK_S_MAX: Final = 24 * 3600.0

log = structlog.get_logger("flowdeck.live")


class Connection:
    """`receive` what comes and `ended` when nothing more will. It may be called from the loop only."""

    __slots__ = (
        "_address",
        "_calls",
        "_closing",
        "_codec",
        "_customer",
        "_is_closing",
        "_is_pumping",
        "_live",
        "_outlet",
        "_platform",
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
        self._platform: str | None = None
        self._outlet = Outlet(transport, live.settings)
        self._subscriptions: Subscriptions | None = None
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

    def containers_changed(self, containers: Containers) -> None:
        if self._subscriptions is not None and not self._is_closing:
            self._subscriptions.containers_changed(containers)

    async def ended(self) -> None:
        """Give everything back. What was asked of the engine goes on without anybody to answer."""
        self._is_closing = True
        if self._timer is not None:
            self._timer.cancel()
        self._session.stop()
        if self._subscriptions is not None:
            self._subscriptions.close()
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
                    self._platform = known_platform(order.client.platform)
                    self._spawn(self._live.greet(order.token))
                    self._log_entered(order)
                case Perform():
                    self._perform(order)

    def _perform(self, order: Perform) -> None:
        match order.request:
            case Subscribe() as request:
                self._subscribe(request)
            case Unsubscribe() as request:
                if self._subscriptions is not None:
                    self._subscriptions.remove(request.container)
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
        container = self._live.containers.find(request.container, self._platform)
        if container is None:
            return self._refuse(request.id, "not_found", f"There is no container {request.container!r}")
        subscriptions = self._subscriptions or self._watch(self._customer)
        if not subscriptions.has_room_for(container):
            most = self._live.settings.containers_per_connection
            return self._refuse(request.id, "too_many", f"A connection has at most {most} containers")
        position = self._live.cursors.read(request.since, self._customer, container)
        subscriptions.add(container, position, request.id)

    def _watch(self, customer: str) -> Subscriptions:
        """From the first subscription on its customer's feed is of interest."""
        self._subscriptions = Subscriptions(self._live, self._codec, self._outlet, customer, self._pump)
        return self._subscriptions

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

    # ── writing ────────────────────────────────────────────────────────────────────────────────────────
    def _answer(self, message: ServerMessage) -> None:
        if self._is_closing:
            return
        if not self._outlet.answer(self._codec.frame(message)):
            self._pump()

    def _pump(self) -> None:
        if not self._is_pumping and not self._is_closing:
            self._is_pumping = True
            self._spawn(self._pumping())

    async def _pumping(self) -> None:
        """Until nothing waits and nobody lags behind."""
        try:
            await self._outlet.drained()
            while self._write_next() or await self._catch_up_next():
                await self._outlet.drained()
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
        if not self._outlet.write_next():
            return False
        self._make_room()
        return True

    async def _catch_up_next(self) -> bool:
        return self._subscriptions is not None and await self._subscriptions.catch_up_next()

    # ── its tasks, its time ────────────────────────────────────────────────────────────────────────────
    def _is_full(self) -> bool:
        return self._calls >= CALLS_MAX or self._outlet.is_full

    def _make_room(self) -> None:
        if self._room is not None and not self._room.done() and (self._is_closing or not self._is_full()):
            self._room.set_result(None)

    def _close(self, code: int, reason: str) -> None:
        if not self._is_closing:
            self._is_closing = True
            if self._subscriptions is not None:
                self._subscriptions.close()
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
