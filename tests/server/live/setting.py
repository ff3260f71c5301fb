"""An engine with one small flow, and apps that are connected to it without a network, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Final

import msgspec

from actors.commands import Action
from actors.ports import Store
from actors.records import FeedCard
from actors.testing import START_MS, Stage
from server.auth.callers import Refused
from server.auth.claims import CustomerToken
from server.auth.limits import RateLimiter
from server.live.codec import JSON, MSGPACK
from server.live.connection import Connection
from server.live.live import Live
from server.settings import Config, Container
from server.settings import Live as Settings

OFFERS: Final = """
flow: offers
name: Offers
variables:
  item: {type: string, required: true}
  stream: {type: string, default: ""}
  later: {type: boolean, default: false}
  more: {type: string, default: ""}
triggers:
  made:
    type: event
    event: offer.made
    key: =event.data.item
    variables:
      item: =event.data.item
      stream: =event.data.?stream.orValue("")
      later: =event.data.?later.orValue(false)
      more: =event.data.?more.orValue("")
start: which
steps:
  which:
    type: branch
    cases:
      - {id: later, when: vars.later, next: send_later}
      - {id: promoted, when: vars.stream == "promo", next: send_promoted}
      - {id: mobile, when: vars.stream == "mobile", next: send_mobile}
    else: send
  send: {type: send_card, card: offer, next: answer}
  send_promoted: {type: send_card, card: offer, delivery: {streams: [promo]}, next: answer}
  send_mobile:
    type: send_card
    card: offer
    delivery: {platforms: [ios, android], containers: [home]}
    next: answer
  send_later:
    type: send_card
    card: offer
    delivery: {publish_at: "=now + duration('60s')"}
    next: answer
  answer:
    type: wait
    until:
      - {id: changed, type: event, event: offer.changed, match: key, next: change}
      - {id: moved, type: event, event: offer.promoted, match: key, next: promote}
      - {id: moved_away, type: event, event: offer.demoted, match: key, next: demote}
      - {id: opened, type: event, event: offer.opened, match: key, next: widen}
      - {id: limited, type: event, event: offer.limited, match: key, next: narrow}
      - {id: over, type: event, event: offer.over, match: key, next: withdraw}
  change: {type: set, variables: {item: =vars.item + "!"}, next: show}
  show: {type: update_card, of: send, next: answer}
  demote: {type: update_card, of: send_promoted, delivery: {streams: [other]}, next: answer}
  promote: {type: update_card, of: send, delivery: {streams: [promo]}, next: answer}
  widen: {type: update_card, of: send_mobile, delivery: {platforms: [], containers: []}, next: answer}
  narrow: {type: update_card, of: send, delivery: {platforms: [ios], containers: [promo]}, next: answer}
  withdraw: {type: cancel_card, next: done}
  done: {type: end}
cards:
  offer:
    title: "Offer {{ vars.item }}"
    body:
      - {type: text, text: "Do you want {{ vars.item }}? {{ vars.more }}"}
      - {type: text_input, name: note, label: Note, max_length: 10}
      - {type: submit, name: take, label: Take it, fresh: true}
      - {type: submit, name: keep, label: Keep it, keep_open: true}
      - {type: dismiss, label: No}
      - {type: snooze, label: Later}
    menu: {vote: true, feedback: true}
"""

DAY_S: Final = 86_400


class Book:
    """A verifier: `c-42` is that customer's token for an hour, `c-42+30` for 30 seconds, `no` is none."""

    def verify(self, token: str) -> CustomerToken | Refused:
        customer, _, seconds = token.partition("+")
        if customer == "no":
            return Refused("not signed", "The token is not accepted.")
        customer, _, app = customer.partition("@")
        start = round(asyncio.get_running_loop().time() * 1_000) + START_MS
        return CustomerToken(customer, app or "app", start + int(seconds or 3_600) * 1_000, {})


class Pipe:
    """`connection.Transport` to nowhere: keeps the frames. `is_stuck`: the client reads nothing."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.closed: tuple[int, str] | None = None
        self.aborted = False
        self.is_stuck = False
        self._stuck_bytes = 0
        self._room = asyncio.Event()

    def write(self, frame: bytes) -> None:
        self.frames.append(frame)
        if self.is_stuck:
            self._stuck_bytes += len(frame)

    def waiting_bytes(self) -> int:
        return self._stuck_bytes

    async def drained(self) -> None:
        self._room.clear()
        await self._room.wait()

    def unstick(self) -> None:
        self.is_stuck = False
        self._stuck_bytes = 0
        self._room.set()

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def abort(self) -> None:
        self.aborted = True
        self.unstick()


class App:
    """One connected app: says messages as dictionaries and hears them so."""

    def __init__(self, live: Live, subprotocol: str, *, header_token: str | None, address: str) -> None:
        self.pipe = Pipe()
        self.is_text = subprotocol == JSON
        self.connection = Connection(
            live,
            live.codecs[subprotocol],
            self.pipe,
            id="session",
            address=address,
            header_token=header_token,
        )
        self._heard = 0
        self._has_left = False

    async def leave(self) -> None:
        """Its connection is gone."""
        if not self._has_left:
            self._has_left = True
            await self.connection.ended()

    def say(self, **message: object) -> None:
        encode = msgspec.json.encode if self.is_text else msgspec.msgpack.encode
        self.connection.receive(encode(message), is_text=self.is_text)

    def hear(self) -> list[dict[str, Any]]:
        """What came since the last time."""
        frames = self.pipe.frames[self._heard :]
        self._heard += len(frames)
        return [read_frame(frame) for frame in frames]

    @property
    def close_code(self) -> int | None:
        return None if self.pipe.closed is None else self.pipe.closed[0]


def read_frame(frame: bytes) -> dict[str, Any]:
    """The message in a server's frame: unmasked, whole."""
    size, start = frame[1], 2
    if size == 126:
        size, start = int.from_bytes(frame[2:4], "big"), 4
    elif size == 127:
        size, start = int.from_bytes(frame[2:10], "big"), 10
    payload = frame[start:]
    assert len(payload) == size, "the header says how long the frame is"
    assert frame[0] in (0x81, 0x82), "a whole text or binary frame"
    message = msgspec.json.decode(payload) if frame[0] == 0x81 else msgspec.msgpack.decode(payload)
    assert isinstance(message, dict)
    return message


CONTAINERS: Final = {"home": Container(title="Home", limit=3), "promo": Container(stream="promo")}


class LiveStage(Stage):
    """A stage whose apps are connected. Short words for what tests do."""

    def __init__(
        self,
        store: Store | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        containers: Mapping[str, Container] = CONTAINERS,
        seed: str = "stage",
        epoch: str = "epoch",
    ) -> None:
        super().__init__(store, seed=seed)
        self._apps: list[App] = []
        config = Config(
            live=msgspec.convert(settings or {}, Settings),
            containers=dict(containers),
        )
        self.live = Live(
            config=config,
            clock=self.clock,
            store=self.store,
            engine=self.engine,
            apps=Book(),
            failures=RateLimiter(monotonic=self.clock.monotonic, per_s=1, burst=10),
            epoch=epoch,
        )

    async def __aenter__(self) -> LiveStage:
        await super().__aenter__()
        await self.publish(OFFERS)
        return self

    async def __aexit__(self, *error: object) -> None:
        for app in self._apps:
            await app.leave()
        await self.live.stop()
        await super().__aexit__(*error)

    def connect(
        self, subprotocol: str = JSON, *, header_token: str | None = None, address: str = "1.2.3.4"
    ) -> App:
        app = App(self.live, subprotocol, header_token=header_token, address=address)
        self._apps.append(app)
        return app

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let it run beside the test, which sees to its end."""
        return asyncio.get_running_loop().create_task(work)

    async def settle(self) -> None:
        """Until nothing moves any more."""
        await self.sleep(0.05)

    async def watching(
        self,
        customer: str = "c-42",
        container: str = "home",
        *,
        since: str | None = None,
        platform: str = "",
    ) -> App:
        """An app that has its feed; what it heard for that is forgotten."""
        app = self.connect()
        app.say(type="hello", token=customer, client={"platform": platform})
        app.say(type="subscribe", id=1, container=container, since=since)
        await self.settle()
        app.hear()
        return app

    async def offer(
        self, item: str = "tea", customer: str = "c-42", *, stream: str = "", later: bool = False
    ) -> FeedCard:
        """The card of a new offer."""
        await self.post("offer.made", customer, item=item, stream=stream, later=later)
        _, cards = await self.store.feed(customer, since=0, limit=10_000)
        return cards[-1]

    async def act(self, card: FeedCard, action: str = "dismiss", **fields: Any) -> str:
        """As somebody else would do it."""
        result = await self.engine.act(
            Action(customer=card.customer, card=card.card.id, action=action, **fields)
        )
        return result.code


BOTH: Final = (JSON, MSGPACK)
