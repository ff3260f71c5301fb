"""Backends that post without pause, and post again whatever they got no answer for, until they know."""

from __future__ import annotations

import asyncio
import itertools
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp

from .book import Book, Sent

RETRY_S = 0.1
CALL_S_MAX = 12.0
BATCH_MAX = 8
REPEAT_SHARE = 0.08
CONFLICT_SHARE = 0.02
NAMES = ("tick", "tick", "tick", "alarm.set", "offer.made", "gossip")


class NoAnswer(Exception):
    """It may be stored or not: the same request again finds out."""


@dataclass(slots=True)
class Backend:
    """Posts for its own customers, one call after the other, so that their order is known."""

    url: str
    key: str
    book: Book
    customers: Sequence[str]
    chance: random.Random
    numbers: itertools.count[int]
    pause_s: float = 0.0
    known: list[Sent] = field(default_factory=list)

    async def run(self, stop: asyncio.Event) -> None:
        headers = {"Authorization": f"Bearer {self.key}"}
        timeout = aiohttp.ClientTimeout(total=CALL_S_MAX)
        async with aiohttp.ClientSession(self.url, headers=headers, timeout=timeout) as session:
            while not stop.is_set():
                await self._deliver(session, self._batch())
                if self.known and self.chance.random() < REPEAT_SHARE:
                    await self._repeat(session, self.chance.choice(self.known))
                await asyncio.sleep(self.pause_s * self.chance.random())

    def _batch(self) -> list[Sent]:
        return [self._event() for _ in range(self.chance.randint(1, BATCH_MAX))]

    def _event(self) -> Sent:
        name = self.chance.choice(NAMES)
        customer = self.chance.choice(self.customers)
        if name == "gossip":
            return Sent(id=str(uuid.uuid4()), name=name, n=next(self.numbers), room=self.book.rooms[customer])
        after_ms = self.chance.randint(50, 2_500) if name == "alarm.set" else 0
        return Sent(
            id=str(uuid.uuid4()), name=name, n=next(self.numbers), customer=customer, after_ms=after_ms
        )

    async def open(self, session: aiohttp.ClientSession) -> None:
        """Give each customer a ledger, which hears what is said in their room."""
        for customer in self.customers:
            body = {
                "id": f"open-{customer}",
                "name": "account.opened",
                "customer": customer,
                "data": {"room": self.book.rooms[customer]},
            }
            async with session.post("/v1/events", json=body) as response:
                answer = await response.json()
                assert response.status == 202, answer
                assert answer["results"][0]["started"], answer

    async def _deliver(self, session: aiohttp.ClientSession, batch: list[Sent]) -> None:
        """Until it is known to be stored."""
        attempts = 0
        while (statuses := await self._tried(session, batch)) is None:
            attempts += 1
            self.book.unknown += 1
            await asyncio.sleep(RETRY_S)
        for sent, status in zip(batch, statuses, strict=True):
            if status == "conflict" or (status == "duplicate" and not attempts):
                self.book.complain(f"{sent.name} {sent.n} was sent {attempts + 1} times and is a {status}")
            self.book.accepted[sent.id] = sent
        self.known = (self.known + batch)[-200:]

    async def _tried(self, session: aiohttp.ClientSession, batch: list[Sent]) -> list[str] | None:
        try:
            return await self._post(session, [sent.body() for sent in batch])
        except NoAnswer:
            return None

    async def _repeat(self, session: aiohttp.ClientSession, sent: Sent) -> None:
        """What was acknowledged is known for ever, also as another body under the same id."""
        body = sent.body()
        wanted = "duplicate"
        if self.chance.random() < CONFLICT_SHARE / REPEAT_SHARE:
            body["data"], wanted = {"n": -sent.n}, "conflict"
        try:
            (status,) = await self._post(session, [body])
        except NoAnswer:
            return
        self.book.repeats += 1
        if status != wanted:
            self.book.complain(f"{sent.name} {sent.n} was acknowledged; sent again it is {status}")

    async def _post(self, session: aiohttp.ClientSession, bodies: list[dict[str, object]]) -> list[str]:
        try:
            async with session.post("/v1/events", json=bodies) as response:
                if response.status in {429, 503}:
                    raise NoAnswer
                answer = await response.json()
                if response.status != 202:
                    raise AssertionError(f"{response.status}: {answer}")
                return [result["status"] for result in answer["results"]]
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            raise NoAnswer from None
