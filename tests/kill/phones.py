"""Apps that watch a customer's feed and answer cards, through whatever happens to the server."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from tests.live_client import LiveClient, Message, Mirror

from .book import Answered, Book

THINKING_S_MAX = 0.4
BACKOFF_S_MAX = 0.3
"""A server that lives for less than a second would else be met by few."""
QUIET_S_MAX = 30.0
CLOSED = frozenset({"completed", "dismissed", "cancelled", "expired"})
STATUS = {"submit": "completed", "dismiss": "dismissed"}


@dataclass(slots=True)
class Phone:
    """One device with the reference client. `mirror` is its screen, which outlives its connections."""

    url: str
    token: Callable[[], str]
    customer: str
    book: Book
    chance: random.Random
    mirror: Mirror = field(default_factory=Mirror)

    async def run(self, stop: asyncio.Event) -> None:
        """Answer cards until `stop`; whatever was tapped has its answer then."""
        async with aiohttp.ClientSession() as session, self._client(session) as client:
            while not stop.is_set():
                await asyncio.sleep(THINKING_S_MAX * self.chance.random())
                if self.mirror.cards and self.mirror.is_whole:
                    await self._answer(client, self.chance.choice(sorted(self.mirror.cards)))
            self.book.resumed += client.connects - 1

    async def look(self) -> dict[str, tuple[int, str]]:
        """Connect once more, with the cursor if there is one, and read all: `seq` and status of each card."""
        self.mirror.is_whole = False
        async with aiohttp.ClientSession() as session, self._client(session) as client:
            await client.until(lambda: self.mirror.is_whole, timeout_s=QUIET_S_MAX)
        if self.mirror.resets != 1:
            self.book.complain(f"{self.customer} had to begin anew {self.mirror.resets - 1} times")
        if self.mirror.total != len(self.mirror.cards):
            self.book.complain(f"{self.customer} has {len(self.mirror.cards)} of {self.mirror.total} cards")
        return {id: (card["seq"], card["status"]) for id, card in self.mirror.cards.items()}

    def _client(self, session: aiohttp.ClientSession) -> LiveClient:
        client = LiveClient(
            session,
            self.url,
            self.token,
            chance=self.chance,
            backoff_max_s=BACKOFF_S_MAX,
            heard=self._heard,
        )
        client.mirrors["*"] = self.mirror
        return client

    def _heard(self, message: Message) -> None:
        shown = self.book.pushed[self.customer]
        for card in message.get("cards", ()):
            shown[card["id"]] = max(card["seq"], shown.get(card["id"], 0))

    async def _answer(self, client: LiveClient, card: str) -> None:
        action = self.chance.choice(("submit", "dismiss"))
        answer = await client.act(card, action, **({"button": "take"} if action == "submit" else {}))
        code = answer.get("code", "ok")
        status = answer.get("card", {}).get("status")
        if code == "ok":
            self.book.answered.append(Answered(self.customer, card, action))
        if (code, status) != ("ok", STATUS[action]) and not (code == "card_closed" and status in CLOSED):
            self.book.complain(f"{action} of {card} is answered with {code}, and it is {status}")
