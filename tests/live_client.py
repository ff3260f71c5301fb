"""A small reference client of the live protocol: resumes by cursor, sends again what was not answered.

For tests and benches that need an app: whatever a connection went through, `mirrors` hold what the store
holds as soon as it is quiet. One task runs the connection; `async with` owns it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, TypeAlias

import aiohttp
import msgspec

Message: TypeAlias = dict[str, Any]

JSON: Final = "flowdeck.v1.json"
MSGPACK: Final = "flowdeck.v1.msgpack"
BACKOFF_FIRST_S: Final = 0.5
BACKOFF_MAX_S: Final = 30.0
SEND_AGAIN_S: Final = 0.2
SEND_AGAIN: Final = frozenset({"overloaded", "unknown_outcome", "rate_limited"})
"""Codes after which the same request is sent again."""
FOR_GOOD: Final = frozenset({4400, 4401})
"""Close codes after which trying again would end the same way."""


class Mirror:
    """One container as this client knows it."""

    def __init__(self) -> None:
        self.cards: dict[str, Message] = {}
        self.cursor: str | None = None
        self.total = 0
        self.unseen = 0
        self.frames = 0
        self.resets = 0
        self.is_whole = False
        """The last page of the answer has come."""

    def apply(self, feed: Message) -> None:
        self.frames += 1
        if feed["reset"]:
            self.cards.clear()
            self.resets += 1
        for card in feed["cards"]:
            known = self.cards.get(card["id"])
            if known is None or known["seq"] <= card["seq"]:
                self.cards[card["id"]] = card
        for id in feed["removed"]:
            self.cards.pop(id, None)
        self.cursor = feed["cursor"]
        self.total, self.unseen = feed["total"], feed["unseen"]
        self.is_whole = not feed.get("more", False)


class LiveClient:
    """`token` is asked for one at each connect and renewal. `heard` is called with each message."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        token: Callable[[], str],
        *,
        containers: Sequence[str] = ("*",),
        subprotocol: str = JSON,
        chance: random.Random | None = None,
        backoff_max_s: float = BACKOFF_MAX_S,
        heard: Callable[[Message], None] = lambda _: None,
    ) -> None:
        self.mirrors = {container: Mirror() for container in containers}
        self.welcome: Message | None = None
        self.close_code: int | None = None
        self.connects = 0
        self._session = session
        self._url = url
        self._token = token
        self._subprotocol = subprotocol
        self._chance = chance or random.Random()
        self._backoff_max_s = backoff_max_s
        self._heard = heard
        self._ids = 0
        self._waiting: dict[int, tuple[Message, asyncio.Future[Message]]] = {}
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> LiveClient:
        self._task = asyncio.get_running_loop().create_task(self._run())
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._task is not None, "it was entered"
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for _, answer in self._waiting.values():
            answer.cancel()

    # ── what tests do ──────────────────────────────────────────────────────────────────────────────────
    @property
    def mirror(self) -> Mirror:
        """Of the only container."""
        (mirror,) = self.mirrors.values()
        return mirror

    async def act(self, card: str, action: str, *, key: str | None = None, **fields: object) -> Message:
        """The answer, whatever happens to the connection meanwhile: the key makes sure that it acts once."""
        request: Message = {"type": "act", "card": card, "action": action, **fields}
        request["key"] = key or str(uuid.uuid4())
        while True:
            answer = await self.ask(**request)
            if answer.get("code") not in SEND_AGAIN:
                return answer
            await asyncio.sleep(SEND_AGAIN_S)

    async def ask(self, **request: object) -> Message:
        """Send a request, again after each reconnect, until it is answered."""
        self._ids += 1
        id = self._ids
        request["id"] = id
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[id] = (request, answer)
        try:
            if self._ws is not None and self.welcome is not None:
                await self._send(request)
            return await answer
        finally:
            del self._waiting[id]

    async def until(self, holds: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
        """Wait for something that messages bring about."""
        async with asyncio.timeout(timeout_s):
            while not holds():
                self._moved.clear()
                await self._moved.wait()

    def cut(self) -> None:
        """Lose the connection, as networks do; it comes back by itself."""
        connection = None if self._ws is None else self._ws.get_extra_info("socket")
        if connection is not None:
            connection.shutdown(socket.SHUT_RDWR)

    # ── the connection ─────────────────────────────────────────────────────────────────────────────────
    async def _run(self) -> None:
        tries = 0
        while self.close_code not in FOR_GOOD:
            with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                async with self._connected() as ws:
                    await self._converse(ws)
            tries = 0 if self.welcome is not None else tries + 1
            self.welcome = None
            self._moved.set()
            # Full jitter: a thousand apps that lost their server must not come back at once.
            await asyncio.sleep(self._chance.uniform(0, min(self._backoff_max_s, BACKOFF_FIRST_S * 2**tries)))

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with self._session.ws_connect(
            f"{self._url}/v1/live", protocols=(self._subprotocol,), max_msg_size=0, compress=0
        ) as ws:
            self.connects += 1
            self._ws = ws
            try:
                yield ws
            finally:
                self._ws = None

    async def _converse(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        await self._send({"type": "hello", "token": self._token(), "client": {"sdk": "reference/1"}})
        async for frame in ws:
            decode = msgspec.json.decode if self._subprotocol == JSON else msgspec.msgpack.decode
            await self._take(decode(frame.data))
        self.close_code = ws.close_code

    async def _take(self, message: Message) -> None:
        self._heard(message)
        match message["type"]:
            case "welcome":
                self.welcome = message
                await self._subscribe()
                for request, _ in tuple(self._waiting.values()):
                    await self._send(request)
            case "feed":
                self.mirrors[message["container"]].apply(message)
            case "renew":
                await self._send({"type": "token", "token": self._token()})
            case "ok" | "error":
                _, answer = self._waiting.get(message.get("id", -1), (None, None))
                if answer is not None and not answer.done():
                    answer.set_result(message)
            case _:
                pass  # what is new is for newer clients
        self._moved.set()

    async def _subscribe(self) -> None:
        for container, mirror in self.mirrors.items():
            self._ids += 1
            mirror.is_whole = False
            request = {"type": "subscribe", "id": self._ids, "container": container}
            await self._send(request if mirror.cursor is None else {**request, "since": mirror.cursor})

    async def _send(self, message: Message) -> None:
        ws = self._ws
        if ws is None or ws.closed:
            return
        with contextlib.suppress(ConnectionError):
            if self._subprotocol == JSON:
                await ws.send_str(msgspec.json.encode(message).decode())
            else:
                await ws.send_bytes(msgspec.msgpack.encode(message))
