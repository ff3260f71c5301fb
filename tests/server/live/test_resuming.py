"""Whatever happens to apps and their network: when it is quiet, each holds exactly what the store holds."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from actors.memory import MemoryStore
from actors.ports import Retention
from actors.testing import play
from rules.cards.card import CardStatus
from server.live.codec import JSON, MSGPACK
from server.live.containers import known_platform
from server.live.wire import wire_card
from tests.live_client import Mirror

from .setting import App, LiveStage

CUSTOMERS: Final = ("c-1", "c-2")
CONTAINERS: Final = ("home", "promo", "*")
ITEMS: Final = tuple(f"item-{number}" for number in range(6))
SETTINGS: Final = {"page_cards": 2, "queue_frames_max": 2}

PLATFORMS: Final = ("", "ios", "web", "android")

EVENTS: Final = {
    "change": "offer.changed",
    "move": "offer.promoted",
    "demote": "offer.demoted",
    "widen": "offer.opened",
    "narrow": "offer.limited",
    "over": "offer.over",
}

KINDS: Final = (
    *("offer", "promo", "mobile", "later", "change", "move", "demote", "widen", "narrow", "over", "dismiss"),
    *("leave", "back", "stick", "minute", "prune", "unsure"),
)

Step = tuple[str, int, int]
steps: Final = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(min_value=0, max_value=5),
        st.integers(min_value=0, max_value=1),
    ),
    max_size=40,
)


class Phone:
    """An app of one customer that keeps its cursors, and says what it sees on the way."""

    def __init__(self, stage: LiveStage, number: int) -> None:
        self.customer = CUSTOMERS[number % 2]
        self.platform = PLATFORMS[number]
        self.mirrors = {container: Mirror() for container in CONTAINERS}
        self.seqs: dict[str, dict[str, int]] = {container: {} for container in CONTAINERS}
        self._stage = stage
        self._subprotocol = JSON if number % 2 else MSGPACK
        self.is_away = False
        self.app: App = self._connect()

    def _connect(self) -> App:
        app = self._stage.connect(self._subprotocol, header_token=f"{self.customer}+99999999")
        app.say(type="hello", client={"platform": self.platform})
        for number, (container, mirror) in enumerate(self.mirrors.items()):
            app.say(type="subscribe", id=number, container=container, since=mirror.cursor)
        return app

    async def leave(self, *, read: bool) -> None:
        """Lose the connection, with or without what is in the network."""
        if not self.is_away:
            if read:
                self.read()
            await self.app.leave()
            self.is_away = True

    def come_back(self) -> None:
        if self.is_away:
            self.app = self._connect()
            self.is_away = False

    def read(self) -> None:
        for message in self.app.hear():
            if message["type"] == "feed":
                self._check(message)
                self.mirrors[message["container"]].apply(message)

    def _check(self, feed: dict[str, Any]) -> None:
        """Embargoed cards are never shown, and pages and changes rise."""
        assert all(card["status"] != CardStatus.EMBARGOED for card in feed["cards"])
        rising = [card["seq"] for card in feed["cards"]]
        assert rising == sorted(set(rising))


class Drama:
    def __init__(self, stage: LiveStage) -> None:
        self.stage = stage
        self.phones = [Phone(stage, number) for number in range(4)]

    async def take(self, step: Step) -> None:
        kind, item, which = step
        stage, phone = self.stage, self.phones[item % len(self.phones)]
        match kind:
            case "offer" | "promo" | "mobile" | "later":
                stream = kind if kind in ("promo", "mobile") else ""
                await stage.offer(ITEMS[item], CUSTOMERS[which], stream=stream, later=kind == "later")
            case "change" | "move" | "demote" | "widen" | "narrow" | "over":
                await stage.post(EVENTS[kind], key=ITEMS[item])
            case "dismiss":
                await self._dismiss(CUSTOMERS[which], item)
            case "leave":
                await phone.leave(read=bool(which))
            case "back":
                phone.come_back()
            case "stick":
                await self._stick(phone, stuck=bool(which))
            case "minute":
                await stage.sleep(61)
            case "prune":
                await self._prune()
            case "unsure":
                stage.engine.hub.unsure()

    async def _prune(self) -> None:
        while await self.stage.store.prune(now=self.stage.clock.now()):
            pass

    async def _dismiss(self, customer: str, number: int) -> None:
        _, cards = await self.stage.store.feed_open(customer)
        if cards:
            await self.stage.act(cards[number % len(cards)])

    async def _stick(self, phone: Phone, *, stuck: bool) -> None:
        """Its network takes nothing more, or takes everything again."""
        pipe = phone.app.pipe
        if not stuck:
            pipe.unstick()
        elif not pipe.is_stuck:
            pipe.is_stuck = True
            pipe.write(b"\x81\x02{}" * 20_000)
            pipe.frames.pop()
        await self.stage.settle()

    async def end(self) -> None:
        """Everybody is connected, reads, and nothing happens any more."""
        for phone in self.phones:
            if phone.app.pipe.aborted:
                await phone.leave(read=True)
            phone.come_back()
            phone.app.pipe.unstick()
        await self.stage.settle()
        for phone in self.phones:
            phone.read()

    async def check(self) -> None:
        for phone in self.phones:
            _, rows = await self.stage.store.feed_open(phone.customer)
            for container, mirror in phone.mirrors.items():
                found = self.stage.live.containers.find(container, known_platform(phone.platform))
                assert found is not None
                there = {
                    row.card.id: msgspec.to_builtins(wire_card(row)) for row in rows if found.holds(row.card)
                }
                assert mirror.is_whole
                assert mirror.cards == there
                unseen = sum(not card["seen"] for card in there.values())
                assert (mirror.total, mirror.unseen) == (len(there), unseen)


@given(steps)
@example([("offer", 0, 0), ("stick", 0, 1), ("change", 0, 0), ("over", 0, 0), ("stick", 0, 0)])
@example([("offer", item, 0) for item in range(6)] + [("leave", 0, 0), ("dismiss", 0, 0), ("minute", 0, 0)])
@example([("offer", 0, 0), ("leave", 0, 1), ("dismiss", 0, 0), ("back", 0, 0)])
@example([("offer", 0, 0), ("leave", 0, 1), ("dismiss", 0, 0), ("minute", 0, 0), ("prune", 0, 0)])
@example([("promo", 0, 0), ("demote", 0, 0)])
@example([("promo", 0, 0), ("leave", 0, 1), ("demote", 0, 0)])
@example([("mobile", 0, 0), ("widen", 0, 0), ("offer", 1, 1), ("narrow", 1, 0)])
@example([("offer", 0, 1), ("leave", 1, 1), ("narrow", 0, 0), ("back", 1, 0)])
@example([("later", 0, 0), ("over", 0, 0), ("later", 1, 0), ("minute", 0, 0), ("move", 1, 0)])
def test_apps_hold_what_the_store_holds(script: list[Step]) -> None:
    async def run() -> None:
        store = MemoryStore(retention=Retention(tombstones_ms=30_000))
        async with LiveStage(store, settings=SETTINGS) as stage:
            drama = Drama(stage)
            for step in script:
                await drama.take(step)
            await stage.settle()
            await drama.end()
            await drama.check()

    play(run())
