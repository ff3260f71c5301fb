"""Apps that watch a customer's feed, answer cards, lose their connection and come back with their cursor."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from .book import Answered, Book

RETRY_S = 0.3
QUIET_S_MAX = 15.0
PROTOCOL = "flowdeck.v1.json"
CLOSED = frozenset({"completed", "dismissed", "cancelled", "expired"})
STATUS = {"submit": "completed", "dismiss": "dismissed"}


@dataclass(slots=True)
class Tap:
    """An action under its key: sent again, unchanged, until it is answered."""

    card: str
    action: str
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    is_sent: bool = False

    def message(self, id: int) -> dict[str, object]:
        button = {"button": "take"} if self.action == "submit" else {}
        return {
            "type": "act",
            "id": id,
            "key": self.key,
            "card": self.card,
            "action": self.action,
            **button,
        }


@dataclass(slots=True)
class Phone:
    """One device. `cards` is what its screen shows, held as the live protocol says."""

    url: str
    token: Callable[[], str]
    customer: str
    book: Book
    chance: random.Random
    answers_share: float = 0.4
    cards: dict[str, tuple[int, str]] = field(default_factory=dict)
    closed: dict[str, tuple[int, str]] = field(default_factory=dict)
    cursor: str | None = None
    more: bool = True
    _tap: Tap | None = None
    _id: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Connect, and connect again, until `stop`."""
        async with aiohttp.ClientSession() as session:
            while not stop.is_set():
                try:
                    await self._connected(session, stop)
                except (aiohttp.ClientError, TimeoutError, ConnectionError):
                    self.book.cut += 1
                await asyncio.sleep(RETRY_S * self.chance.random())

    async def catch_up(self, since: str | None) -> None:
        """Resume once with a cursor, and read until there is nothing more: what this client then holds."""
        async with (
            asyncio.timeout(QUIET_S_MAX),
            aiohttp.ClientSession() as session,
            session.ws_connect(self.url + "/v1/live", protocols=(PROTOCOL,)) as socket,
        ):
            await self._subscribe(socket, since)
            while self.more:
                self._take(await receive(socket), resumed=since is not None)

    async def _connected(self, session: aiohttp.ClientSession, stop: asyncio.Event) -> None:
        async with asyncio.timeout(QUIET_S_MAX):
            opening = await session.ws_connect(self.url + "/v1/live", protocols=(PROTOCOL,))
        async with opening as socket:
            since = self.cursor
            await self._subscribe(socket, since)
            self.book.resumed += since is not None
            if self._tap is not None:
                self._tap.is_sent = False
            while not stop.is_set():
                try:
                    message = await receive(socket, wait_s=0.3)
                except TimeoutError:
                    message = None
                if message is not None:
                    self._take(message, resumed=since is not None)
                await self._play(socket)

    async def _subscribe(self, socket: aiohttp.ClientWebSocketResponse, since: str | None) -> None:
        await socket.send_json({"type": "hello", "token": self.token(), "client": {"platform": "web"}})
        welcome = await receive(socket)
        if welcome["type"] != "welcome":
            self.book.complain(f"{self.customer} was not welcome: {welcome}")
        self.more = True
        subscription = {"type": "subscribe", "id": self._next_id(), "container": "*"}
        await socket.send_json(subscription if since is None else {**subscription, "since": since})

    async def _play(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Now and then answer a card; one action at a time, so that each has its answer."""
        if self._tap is None and self.cards and not self.more and self.chance.random() < self.answers_share:
            card = self.chance.choice(sorted(self.cards))
            self._tap = Tap(card, self.chance.choice(("submit", "dismiss")))
        if self._tap is not None and not self._tap.is_sent:
            self._tap.is_sent = True
            await socket.send_json(self._tap.message(self._next_id()))

    def _next_id(self) -> int:
        self._id += 1
        return self._id

    # ── what the server says ───────────────────────────────────────────────────────────────────────────
    def _take(self, message: dict[str, Any], *, resumed: bool) -> None:
        match message["type"]:
            case "feed":
                self._feed(message, resumed=resumed)
            case "ok" | "error" if message.get("id") is not None:
                self._answer(message)
            case "error":
                self.book.complain(f"{self.customer} was told {message}")

    def _feed(self, frame: dict[str, Any], *, resumed: bool) -> None:
        if frame["reset"]:
            if resumed:
                self.book.complain(f"{self.customer} resumed and had to begin anew")
            self.cards.clear()
        for card in frame["cards"]:
            self._card(card)
        for id in frame["removed"]:
            self.cards.pop(id, None)
        self.cursor = frame["cursor"]
        self.more = frame.get("more", False)
        if not self.more and frame["total"] != len(self.cards):
            self.book.complain(f"{self.customer} has {len(self.cards)} cards of {frame['total']}")

    def _card(self, card: dict[str, Any]) -> None:
        id, seq, status = card["id"], card["seq"], card["status"]
        shown = self.book.pushed[self.customer]
        shown[id] = max(seq, shown.get(id, 0))
        if seq < self.cards.get(id, (0, ""))[0]:
            return
        self.cards[id] = (seq, status)
        if status in CLOSED:
            self.closed[id] = (seq, status)

    def _answer(self, message: dict[str, Any]) -> None:
        tap = self._tap
        if tap is None or message["id"] != self._id:
            return
        code = "ok" if message["type"] == "ok" else message["code"]
        if code in {"overloaded", "unknown_outcome"}:
            tap.is_sent = False
            return
        self._tap = None
        if code == "ok":
            self.book.answered.append(Answered(self.customer, tap.card, tap.action))
            if message["card"]["status"] != STATUS[tap.action]:
                self.book.complain(f"{tap.action} of {tap.card} is ok, and it is {message['card']['status']}")
        elif code != "card_closed":
            self.book.complain(f"{tap.action} of {tap.card} is answered with {code}")
        elif message["card"]["status"] not in CLOSED:
            self.book.complain(f"card {tap.card} is closed, and it is {message['card']['status']}")


async def receive(socket: aiohttp.ClientWebSocketResponse, *, wait_s: float = 10.0) -> dict[str, Any]:
    """The next message; ConnectionError when there will be none."""
    message = await socket.receive(timeout=wait_s)
    if message.type is not aiohttp.WSMsgType.TEXT:
        raise ConnectionError(f"{message.type.name} {message.data}")
    decoded: dict[str, Any] = message.json()
    return decoded
