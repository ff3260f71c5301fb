"""Random lives of a server on the stage: clients post, start, tap, write, cancel, each at its own moment."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from actors.commands import Action, HookCall, StartRequest, Target, TrackBatch, TrackEvent
from actors.memory import MemoryStore
from actors.testing import Stage
from rules.calendar.times import to_datetime
from rules.cards.card import OPEN
from rules.causes import OfRequest
from rules.inputs import Response
from rules.model import Origin

CUSTOMERS: Final = ("ann", "bob", "cyd", "tess")
TESTER: Final = "tess"
KEYS: Final = ("k", "l")

ASKS = """
flow: asks
variables:
  n: {type: integer, default: 0}
  due: {type: datetime}
triggers:
  ordered:
    type: event
    event: ordered
    origins: [backend, app, flow]
    when: event.data.n < 8
    key: =event.key
    variables: {n: =event.data.n, due: '=plus(now, "PT20S")'}
  moved: {type: event, event: customer.updated, when: '"vip" in customer.tags', key: vip}
entry: {per: customer_key, when_live: refuse, max_age: P1D}
exits:
  - {id: out, type: event, event: over, match: key, outcome: out, cancel_cards: true}
  - {id: calm, type: event, event: calm, next: again}
start: ask
steps:
  ask:
    type: send_card
    card: question
    delivery: {publish_at: {offset: PT1S}, expires_after: PT30S}
    next: [w, loyal]
  w:
    type: wait
    until:
      - {id: done, type: card, of: ask, action: [completed, dismissed], next: count}
      - {id: gone, type: card, of: ask, action: [expired, cancelled], next: again}
      - {id: paid, type: event, event: paid, since: start, when: event.data.n > 2, next: count}
      - {id: late, type: time, after: PT12S, next: again}
    close: [ask]
  again: {type: update_card, of: ask, next: count}
  count: {type: set, variables: {n: =vars.n + 1}, next: tell}
  tell: {type: update_customer, set: {taps: =vars.n}, add_tags: ["t{{ vars.n }}"], next: more}
  more:
    type: branch
    cases: [{id: on, when: vars.n < 12, next: emit}]
    else: join
  emit: {type: emit, event: counted, key: =instance.key, data: {n: =vars.n, at: =now}, next: ask}
  loyal:
    type: wait
    need: all
    until:
      - {id: taps, type: profile, when: customer.?taps.orValue(0) >= 6}
      - {id: news, type: event, event: news, match: any}
      - {id: known, type: segment, segment: known, is: in}
    deadline: {after: PT40S, next: join}
    next: join
  join: {type: join, next: thank}
  thank: {type: send_card, card: thanks, delivery: {expires_after: PT9S}, next: end}
  end: {type: end, outcome: done}
cards:
  question:
    title: "Question {{ vars.n }} for {{ customer.first_name }}"
    body:
      - {type: text, text: "Due {{ vars.due | date: 'short' }}?"}
      - {type: text_input, name: why, label: Why, max_length: 5}
      - {type: submit, name: ok, label: OK, fresh: true}
      - {type: submit, name: more, label: More, keep_open: true}
      - {type: dismiss, label: No}
    menu: {snooze: true, vote: true}
  thanks: {title: Thanks, body: [{type: text, text: Thanks}, {type: dismiss, label: OK}]}
"""

ECHOES = """
flow: echoes
variables: {n: {type: integer, default: 0}, last: {type: string, default: ""}}
triggers:
  counted: {type: event, event: counted, when: event.data.n % 3.0 == 0.0}
  passed: {type: event, event: passed, when: event.data.first, customer: =event.data.to}
entry: {limit: {max: 3, per: PT1M}, when_live: start}
start: w
steps:
  w:
    type: wait
    until:
      - {id: keyed, type: event, event: counted, match: key, next: on}
      - {id: any, type: event, event: news, match: any, next: on}
      - {id: created, type: event, event: customer.updated, next: on}
      - {id: card, type: event, event: card.completed, next: bye}
      - {id: late, type: time, after: PT25S, next: bye}
  on: {type: set, variables: {n: =vars.n + 1, last: =steps.w.outcome}, next: pass}
  pass:
    type: branch
    cases: [{id: on, when: vars.n < 4, next: send}]
    else: bye
  send:
    type: emit
    event: passed
    customer: '=vars.n % 2 == 0 ? "bob" : "cyd"'
    key: k
    data: {to: cyd, n: =vars.n, first: '=vars.n == 2 && has(trigger.event.data.at)'}
    next: w
  bye: {type: end, outcome: late, cancel_cards: true}
"""

CALLS: Final = """
flow: calls
triggers:
  called: {type: event, event: [paid, calm], key: =event.key}
  eager: {type: segment, segment: eager, change: enter}
  calmed: {type: segment, segment: eager, change: exit}
  asked: {type: webhook, customer: =body.who, id: =body.id, auth: {type: bearer, credential: shop}}
entry: {per: customer, when_live: replace}
start: [call, tell]
steps:
  call:
    type: request
    method: POST
    url: "https://example.org/{{ instance.key }}"
    json: {customer: =customer.id}
    retry: {times: 1, first: PT4S, max: PT4S}
    next: child
    on_error: child
  child: {type: start_flow, flow: echoes, variables: {n: 3}, wait: true, next: over, on_error: over}
  tell: {type: notify, notification: news, next: told}
  told:
    type: wait
    until:
      - {id: sent, type: notification, of: tell, is: [sent, failed], next: passes}
      - {id: late, type: time, after: PT5S, next: passes}
  passes: {type: limit, max: 1, per: PT20S, next: over, else: over}
  over: {type: join, next: collect}
  collect: {type: collect, events: [news, counted], match: any, for: PT6S, max: 3}
notifications: {news: {title: News, body: "For {{ customer.first_name }}"}}
"""

FLOWS: Final = (ASKS, ECHOES, CALLS)
SEGMENTS: Final = {
    "eager": 'events("paid", "PT12S").count() >= 2',
    "known": "customer.first_name != null || customer.?taps.orValue(0.0) > 3.0",
}
ANSWERS: Final = (
    Response(status=200),
    Response(status=201, body={"n": 1.0}),
    Response(status=503),
    "timeout",
)

Deed = Callable[["Life"], Awaitable[None]]


@dataclass(slots=True)
class Life:
    """One random life under a seed."""

    stage: Stage
    store: MemoryStore
    chance: random.Random
    count: int = 0

    async def live(self, deeds: int) -> None:
        await self.stage.write(TESTER, test=True, first_name="Tess")
        began = self.stage.clock.now()
        for number in range(1, deeds + 1):
            # A residue of its own within the second: no deed falls on a timer, whose times are whole seconds
            # after some deed, so that their order is no matter of chance.
            seconds = (self.stage.clock.now() - began) // 1_000 + self.chance.choice((0, 0, 1, 2, 5, 13))
            wanted = began + 1_000 * (seconds + 1) + number * 7
            await self.stage.sleep((wanted - self.stage.clock.now()) / 1_000)
            await self.chance.choice(DEEDS)(self)
        await self.stage.sleep(40)

    def name(self, what: str) -> str:
        self.count += 1
        return f"{what}-{self.count}"

    # ── deeds ──────────────────────────────────────────────────────────────────────────────────────────
    async def post(self) -> None:
        name = self.chance.choice(("ordered", "ordered", "paid", "paid", "news", "over", "calm", "counted"))
        await self.stage.post(
            name,
            self.chance.choice((*CUSTOMERS, None)),
            id=self.name("e"),
            key=self.chance.choice((None, *KEYS, "vip")),
            origin=self.chance.choice((Origin.BACKEND, Origin.BACKEND, Origin.APP)),
            n=self.chance.randrange(10),
        )

    async def start(self) -> None:
        test = self.chance.random() < 0.2
        customers = (TESTER,) if test else self.chance.sample(CUSTOMERS, 2)
        variables: dict[str, Any] = {"n": self.chance.choice((1, 2, 3, "no number"))}
        due = to_datetime(self.stage.clock.now() + 9_000).isoformat()
        targets = [
            Target(
                customer=customer,
                key=self.chance.choice((None, *KEYS)),
                variables={**variables, "due": due},
            )
            for customer in customers
        ]
        await self.stage.engine.start_flow(
            StartRequest(
                flow="asks", targets=tuple(targets), client="api", test=test, invocation=self.name("call")
            )
        )

    async def tap(self) -> None:
        cards = list(self.store.rows.cards.rows.values())
        if not cards:
            return await self.post()
        card = self.chance.choice([row for row in cards if row.card.status in OPEN] or cards)
        more = self.chance.choice(
            (
                {"action": "submit", "button": "ok", "values": {"why": "yes"}},
                {"action": "submit", "button": "ok", "values": {"why": "far too long"}},
                {"action": "submit", "button": "more"},
                {"action": "dismiss"},
                {"action": "snooze", "until": self.stage.clock.now() + 4_000},
                {"action": "unsnooze"},
                {"action": "vote_up", "message": "good"},
            )
        )
        await self.stage.engine.act(
            Action(customer=card.customer, card=card.card.id, key=self.name("tap"), seq=card.seq, **more)
        )
        return None

    async def report(self) -> None:
        cards = list(self.store.rows.cards.rows.values())
        if not cards:
            return await self.post()
        card = self.chance.choice(cards)
        events = (TrackEvent(card=card.card.id, name="displayed", at=self.stage.clock.now()),)
        await self.stage.engine.track(
            TrackBatch(customer=card.customer, events=events, key=self.name("report"))
        )
        return None

    async def write(self) -> None:
        body = self.chance.choice(({"tags": ["vip"]}, {"first_name": "Kim"}, {"fields": {"taps": 7}}))
        await self.stage.write(self.chance.choice(CUSTOMERS), **body)

    async def cancel(self) -> None:
        rows = list(self.store.rows.instances.rows.values())
        if rows and self.chance.random() < 0.4:
            await self.stage.engine.cancel(self.chance.choice(rows).id)

    async def request(self) -> None:
        body = {"who": self.chance.choice(CUSTOMERS), "id": self.name("r")}
        request = OfRequest(id=body["id"], at=self.stage.clock.now(), body=body, headers={}, query={})
        await self.stage.engine.call_hook(
            HookCall(flow="calls", trigger="asked", customer=body["who"], request=request)
        )

    async def withdraw(self) -> None:
        cards = list(self.store.rows.cards.rows.values())
        if cards and self.chance.random() < 0.5:
            await self.stage.engine.withdraw(self.chance.choice(cards).card.id)


DEEDS: Final[tuple[Deed, ...]] = (
    Life.post,
    Life.post,
    Life.post,
    Life.post,
    Life.start,
    Life.tap,
    Life.tap,
    Life.tap,
    Life.report,
    Life.write,
    Life.cancel,
    Life.request,
    Life.withdraw,
)
