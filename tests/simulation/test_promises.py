"""The promises of the runtime, held against seeded runs with kills, failed commits, repeats, slow stores."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import pytest

from actors.actor import next_due
from actors.commands import Action, ActionResult, EventResult, StartRequest, StartResult, Target
from actors.limits import EngineLimits
from actors.ports import StoreError
from actors.records import FeedCard, Group
from actors.testing import Stage, play
from actors.trials import ShakyStore, Trial, Viewer
from rules.cards.card import ON_SCREEN, CardStatus
from rules.instance import State

SEEDS = int(
    os.environ.get("SIMULATION_SEEDS", "1000" if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else "100")
)
CUSTOMERS = ("ann", "bob", "cyd")

COUNTING = """
flow: counting
variables:
  n: {type: integer, default: 0}
  echoes: {type: integer, default: 0}
  nudges: {type: integer, default: 0}
  fired: {type: integer, default: 0}
start: [ticks, echoes, nudges, clock]
steps:
  ticks: {type: wait, until: [{id: tick, type: event, event: tick, next: pass}]}
  pass:
    type: branch
    cases: [{id: on, when: 'steps.ticks.event.data.to != ""', next: echo}]
    else: tick
  echo: {type: emit, event: echo, customer: =steps.ticks.event.data.to, next: tick}
  tick: {type: set, variables: {n: =vars.n + 1}, next: ticks}
  echoes: {type: wait, until: [{id: echo, type: event, event: echo, next: heard}]}
  heard: {type: set, variables: {echoes: =vars.echoes + 1}, next: echoes}
  nudges: {type: wait, until: [{id: nudge, type: event, event: nudge, match: key, next: nudged}]}
  nudged: {type: set, variables: {nudges: =vars.nudges + 1}, next: nudges}
  clock: {type: wait, until: [{id: time, type: time, after: PT3S, next: ring}]}
  ring: {type: set, variables: {fired: =vars.fired + 1}, next: clock}
"""

ASKING = """
flow: asking
variables: {taps: {type: integer, default: 0}, loyal: {type: boolean, default: false}}
start: [ask, loyalty]
cards:
  question:
    title: Question
    body:
      - {type: text, text: "Yes?"}
      - {type: submit, name: ok, label: OK}
steps:
  ask: {type: send_card, card: question, next: tap}
  tap: {type: wait, until: [{id: done, type: card, of: ask, action: completed, next: count}]}
  count: {type: set, variables: {taps: =vars.taps + 1}, next: tell}
  tell: {type: update_customer, set: {taps: =vars.taps}, next: ask}
  loyalty:
    type: wait
    until: [{id: loyal, type: profile, when: customer.?taps.orValue(0) >= 2, next: honour}]
  honour: {type: set, variables: {loyal: true}}
"""

decode_state = msgspec.msgpack.Decoder(State).decode


async def setup(stage: Stage) -> None:
    for text in (COUNTING, ASKING):
        await stage.publish(text)
        targets = tuple(Target(customer=customer, key="k") for customer in CUSTOMERS)
        flow = text.split()[1]
        result = await stage.engine.start_flow(StartRequest(flow=flow, targets=targets, client="test"))
        assert isinstance(result, StartResult), result
        assert len(result.started) == len(CUSTOMERS), result


def posting(
    name: str, customer: str | None = None, **fields: Any
) -> Callable[[Stage], Awaitable[EventResult]]:
    return lambda stage: stage.post(name, customer, **fields)


def acting(action: Action) -> Callable[[Stage], Awaitable[ActionResult]]:
    return lambda stage: stage.engine.act(action)


class Ledger:
    """What the clients know that they did."""

    def __init__(self) -> None:
        self.ticks: Counter[str] = Counter()
        self.echoes: Counter[str] = Counter()
        self.nudges = 0
        self.taps: Counter[str] = Counter()

    def poster(self, name: str, count: int) -> Callable[[Trial], Awaitable[None]]:
        async def post(trial: Trial) -> None:
            for number in range(count):
                customer = trial.chance.choice(CUSTOMERS)
                to = trial.chance.choice(("", *CUSTOMERS))
                id = f"{name}-{number}"
                result = await trial.insist(posting("tick", customer, id=id, to=to))
                assert result.status in ("accepted", "duplicate"), result
                self.ticks[customer] += 1
                self.echoes[to] += 1
                if trial.chance.random() < 0.3:
                    again = await trial.insist(posting("tick", customer, id=id, to=to))
                    assert again.status == "duplicate", "acknowledged, and taken again"
                    other = await trial.insist(posting("tick", customer, id=id, to="x"))
                    assert other.status == "conflict"

        return post

    def nudger(self, count: int) -> Callable[[Trial], Awaitable[None]]:
        async def nudge(trial: Trial) -> None:
            for number in range(count):
                id = f"nudge-{number}"
                await trial.insist(posting("nudge", id=id, key="k"))
                self.nudges += 1
                await trial.clock.sleep(trial.chance.choice((0.0, 0.5)))

        return nudge

    def tapper(self, customer: str, count: int) -> Callable[[Trial], Awaitable[None]]:
        async def tap(trial: Trial) -> None:
            for number in range(count):
                _, cards = await trial.disk.feed_open(customer)
                (card,) = (card for card in cards if card.card.status is CardStatus.ACTIVE)
                action = Action(
                    customer=customer,
                    card=card.card.id,
                    action="submit",
                    key=f"{customer}-{number}",
                    digest=b"d" * 16,
                    button="ok",
                )
                done = await trial.insist(acting(action))
                # Two may tap the same card: the first wins, and each hears the same again.
                assert done.code in ("ok", "card_closed"), done
                self.taps[customer] += done.code == "ok"
                again = await trial.insist(acting(action))
                assert again.code == done.code
                assert again.card is not None
                assert again.card.card.status is CardStatus.COMPLETED

        return tap


def run(seed: int, **named: Any) -> Trial:
    async def script() -> Trial:
        trial = Trial(seed, **named)
        await trial.prepare(setup)
        trial.viewers = [Viewer(customer) for customer in CUSTOMERS]
        ledger = Ledger()
        await trial.run(
            [
                ledger.poster("one", 8),
                ledger.poster("two", 8),
                ledger.nudger(4),
                *(ledger.tapper(customer, 2) for customer in CUSTOMERS),
            ]
        )
        await trial.rest(1.0)
        await trial.end()
        await check(trial, ledger)
        return trial

    return play(script())


def run_many(count: int, **named: Any) -> None:
    for seed in range(count):
        run(seed, **named)


async def check(trial: Trial, ledger: Ledger) -> None:
    assert not trial.crashes, trial.crashes
    states = [decode_state(row.state) for row in trial.disk.rows.instances.rows.values()]
    check_counts(states, ledger)
    check_timelines(trial, states)
    check_feeds(trial)
    assert not trial.disk.rows.inbox.rows, "letters were left lying"
    due = [at for state in states if (at := next_due(state)) is not None]
    assert all(at >= trial.clock.now() - 100 for at in due), "timers were lost"
    await trial.check_memory()


def check_counts(states: list[State], ledger: Ledger) -> None:
    """Acknowledged exactly once: in the states of the instances, each event, letter and tap counted once."""
    for state in states:
        if state.flow == "counting":
            assert state.variables["n"] == ledger.ticks[state.customer]
            assert state.variables["echoes"] == ledger.echoes[state.customer]
            assert state.variables["nudges"] == ledger.nudges
        else:
            assert state.variables["taps"] == ledger.taps[state.customer]
            assert state.variables["loyal"] is (ledger.taps[state.customer] >= 2)


def check_timelines(trial: Trial, states: list[State]) -> None:
    """Each turn is recorded once; each timer fired once and not early."""
    for state in states:
        rows = [row for row in trial.disk.rows.timeline if row.instance == state.id]
        assert [row.turn for row in rows] == list(range(1, state.turn + 1))
        if state.flow != "counting":
            continue
        rings = [row.at for row in rows if msgspec.msgpack.decode(row.entry)["input"]["type"] == "time"]
        assert len(rings) == state.variables["fired"]
        armed = [rows[0].at, *rings]
        assert all(later - earlier >= 3_000 for earlier, later in zip(armed, rings, strict=False))


def check_feeds(trial: Trial) -> None:
    """Who resumed holds exactly what the store has, and the counter rose by one with each change."""
    for viewer in trial.viewers:
        cards = {
            id: card for id, card in trial.disk.rows.cards.rows.items() if card.customer == viewer.customer
        }
        assert viewer.cards == cards
        assert viewer.seen == trial.disk.rows.feeds[viewer.customer].seq
        on_screen = [card for card in cards.values() if card.card.status in ON_SCREEN]
        assert len(on_screen) == 1


CRAMPED = EngineLimits(
    internal_max=2,
    batch_max=3,
    group_rows_max=6,
    warm_bytes_max=1,
    profiles_max=2,
    timers_max=2,
    horizon_ms=4_000,
)
"""No room for anything: everything is read from the store again and again."""


@pytest.mark.parametrize("seed", range(SEEDS))
def test_promises_hold_through_kills_and_failed_commits(seed: int) -> None:
    run(seed, trouble=0.04, limits=CRAMPED if seed % 3 == 0 else None)


class TornStore(ShakyStore):
    """Says that a commit failed although it is stored."""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        cards = await super().apply(group)
        if self.chance.random() < 0.1:
            raise StoreError("so it seemed")
        return cards


@pytest.mark.parametrize("seed", range(SEEDS // 10))
def test_promises_hold_even_if_commits_only_seem_to_fail(seed: int) -> None:
    run(seed, store=TornStore)


# A checker counts only when it has been seen to fail.


class EagerStore(ShakyStore):
    """Answers first and stores later."""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        asyncio.get_running_loop().call_later(0.05, self._store, group)
        return ()

    def _store(self, group: Group) -> None:
        if not self.killed.is_set():
            self.disk.rows.check(group)
            self.disk.rows.write(group)


class LossyStore(ShakyStore):
    """Loses a letter now and then."""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        if group.inbox_added and self.chance.random() < 0.3:
            group.inbox_added.pop()
        return await super().apply(group)


class SleepyStore(ShakyStore):
    """Forgets when an instance is due."""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        for id, row in group.instances.items():
            group.instances[id] = msgspec.structs.replace(row, due=None)
        return await super().apply(group)


@pytest.mark.parametrize("broken", [EagerStore, LossyStore, SleepyStore])
def test_checker_sees_a_broken_store(broken: type[ShakyStore]) -> None:
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run_many(20, store=broken)
