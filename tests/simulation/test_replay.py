"""Simulation beside production: the journal of a random life, played again, gives the same bytes."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest

from actors.commands import Action, CustomerWrite, HookCall, StartRequest, Target, TrackBatch
from actors.memory import MemoryStore
from actors.records import JournalRow, TimelineRow
from actors.simulation.calls import Answer, Failing, Waiting
from actors.simulation.server import SimulatedServer
from actors.testing import START_MS, Robot, Stage, play
from actors.timeline import TimelineEntry
from rules.compiling.flows import check
from rules.compiling.segments import compile_rule, rule_scope
from rules.effects import CallRequest
from rules.inputs import Event, RequestDone
from rules.model import Flow, Origin
from tests.simulation.lives import ANSWERS, FLOWS, SEGMENTS, Life

RUNS = int(os.environ.get("REPLAY_RUNS", "1000" if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else "100"))
DEEDS = 20
AUTHORED = frozenset({"flow", "segment"})
"""What was there before the life began."""
ANSWER_COUNT = 100
"""To requests of one life: more than it makes."""


def flow_of(text: str) -> Flow:
    compiled = check(text, type="yaml", version=1)
    assert compiled.flow is not None, compiled.problems
    return compiled.flow


RULES = {id: compile_rule(rule, rule_scope({})) for id, rule in SEGMENTS.items()}
COMPILED = [flow_of(text) for text in FLOWS]


def live(seed: int) -> MemoryStore:
    """What a random life leaves in the store."""

    async def script() -> MemoryStore:
        store = MemoryStore()
        async with Stage(store, seed="author") as author:
            for id, rule in SEGMENTS.items():
                await author.segment(id, rule)
            for flow in FLOWS:
                await author.publish(flow)
        chance, robot = random.Random(seed), Robot()
        robot.answers = [chance.choice(ANSWERS) for _ in range(ANSWER_COUNT)]
        async with Stage(store, seed=f"{seed}", performer=robot) as stage:
            await Life(stage, store, chance).live(DEEDS)
        return store

    return play(script())


class Replay:
    """Gives a server what the journal says, each at its time; what flows raised comes by itself.

    What third parties answered stands in the timeline.
    """

    def __init__(self, seed: int, timeline: Sequence[TimelineRow]) -> None:
        self.server = SimulatedServer(COMPILED, segments=RULES, at=START_MS, seed=f"{seed}:1")
        for row in timeline:
            done = msgspec.msgpack.decode(row.entry, type=TimelineEntry).input
            if isinstance(done, RequestDone):
                said = done.response or Failing(code=str(done.failure), message=done.message)
                self.server.calls.answer(Answer(fits=meant(row.instance, done), said=said))

    def play(self, rows: Sequence[JournalRow], *, until: int) -> None:
        for row in rows:
            if row.kind not in AUTHORED:
                self.server.pass_time(row.at)
                self._take(row)
        self.server.pass_time(until)

    def _take(self, row: JournalRow) -> None:
        server, payload = self.server, row.payload
        match row.kind:
            case "event":
                event = msgspec.msgpack.decode(payload, type=Event)
                if event.origin is not Origin.FLOW:
                    server.post(event)
            case "webhook":
                server.call_hook(msgspec.msgpack.decode(payload, type=HookCall))
            case "start":
                server.start(started(row))
            case "action":
                server.act(msgspec.msgpack.decode(payload, type=Action))
            case "track":
                server.track(msgspec.msgpack.decode(payload, type=TrackBatch))
            case "customer":
                server.write_customer(msgspec.msgpack.decode(payload, type=CustomerWrite))
            case "operator":
                said = msgspec.msgpack.decode(payload)
                if row.name == "cancel":
                    server.cancel(said["instance"])
                else:
                    server.withdraw(said["card"])
            case _:
                raise AssertionError(row.kind)


def meant(instance: str, done: RequestDone) -> Callable[[Waiting], bool]:
    def fits(waiting: Waiting) -> bool:
        effect = waiting.call.effect
        return (
            isinstance(effect, CallRequest)
            and waiting.call.instance == instance
            and (effect.step, effect.activation, effect.attempt) == (done.step, done.activation, done.attempt)
        )

    return fits


def started(row: JournalRow) -> StartRequest:
    said: dict[str, Any] = msgspec.msgpack.decode(row.payload)
    return StartRequest(
        flow=row.name,
        targets=(msgspec.convert(said["target"], Target),),
        client=row.source,
        invocation=said["invocation"],
        test=said["version"] < 0,
    )


def replayed(seed: int, store: MemoryStore) -> SimulatedServer:
    rows = [entry.row for entry in store.rows.journal]
    replay = Replay(seed, store.rows.timeline)
    replay.play(rows, until=max(row.at for row in store.rows.timeline))
    return replay.server


def differences(store: MemoryStore, server: SimulatedServer) -> Iterator[str]:
    instances, cards = store.rows.instances.rows, store.rows.cards.rows
    for id in instances.keys() | server.instances.keys():
        there, here = instances.get(id), server.instances.get(id)
        if there is None or here is None:
            yield f"instance {id} is only {'simulated' if there is None else 'produced'}"
        elif there.state != here.state:
            produced, simulated = map(msgspec.msgpack.decode, (there.state, here.state))
            yield f"instance {id} of {there.flow}: {produced} != {simulated}"
    for id in cards.keys() | server.cards.keys():
        if cards.get(id) != server.cards.get(id):
            yield f"card {id}: {cards.get(id)} != {server.cards.get(id)}"


@pytest.mark.parametrize("seed", range(RUNS))
def test_replayed_journal_gives_the_same_states_and_cards(seed: int) -> None:
    store = live(seed)
    found = list(differences(store, replayed(seed, store)))
    assert not found, f"seed {seed}: {len(found)} differ, the first: {found[0]}"


def test_lives_reach_what_they_are_to_compare() -> None:
    """A comparison counts only when there is something to compare."""
    stores = [live(seed) for seed in range(20)]
    rows = [row for store in stores for row in store.rows.instances.rows.values()]
    entries = [entry.row for store in stores for entry in store.rows.journal]
    timeline = [msgspec.msgpack.decode(row.entry) for store in stores for row in store.rows.timeline]
    assert {row.status for row in rows} == {"running", "completed", "cancelled"}
    assert {row.test for row in rows} == {True, False}
    assert {row.parent is not None for row in rows} == {True, False}
    assert {row.kind for row in entries} == {
        "event",
        "webhook",
        "start",
        "action",
        "track",
        "customer",
        "operator",
        *AUTHORED,
    }
    assert any(store.rows.histories for store in stores)
    assert {entry["input"]["type"] for entry in timeline} >= {
        "started",
        "event",
        "time",
        "action",
        "withdrawn",
        "customer",
        "cancelled",
        "response",
        "push",
        "child",
    }
    assert any(store.rows.ledgers for store in stores)
