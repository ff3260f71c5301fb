"""Versions are published and take along what runs while events arrive, processes die and commits fail: nobody
is lost, taken twice or left half-way.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from actors.commands import Idempotency, Overloaded, Published, PublishFlow, SaveDraft
from actors.job_specs import OPEN
from actors.ports import JobFilter, StoreError
from actors.records import FeedCard, Group, InstanceRow
from actors.testing import Stage, play
from actors.trials import ShakyStore, Trial, Viewer
from rules.inputs import Input, Migrated
from rules.instance import State
from rules.migrating.plan import Plan

from .test_promises import ASKING, COUNTING, CRAMPED, CUSTOMERS, SEEDS, Ledger, check, decode_state, setup

PUBLISHES = 6
COUNTING_STEPS = {"ticks": "beats", "pass": "gate", "clock": "bell"}
ASKING_STEPS = {"ask": "pose", "tap": "touch", "loyalty": "faith"}


def renamed(text: str, steps: Mapping[str, str]) -> str:
    return re.sub(rf"\b({'|'.join(steps)})\b", lambda found: steps[found[0]], text)


FLOWS = {"counting": (COUNTING, COUNTING_STEPS), "asking": (ASKING, ASKING_STEPS)}


def text_of(flow: str, number: int) -> str:
    """Of this version: odd ones have the first names, even ones the others."""
    text, steps = FLOWS[flow]
    return (text if number % 2 else renamed(text, steps)) + "\n" * number


def plan_of(flow: str, number: int) -> Plan:
    _, steps = FLOWS[flow]
    return Plan(steps={after: before for before, after in steps.items()} if number % 2 else dict(steps))


def publishing(flow: str, number: int) -> Callable[[Stage], Awaitable[Published]]:
    """Save and publish the version of this number; once, however often it is called."""

    async def publish(stage: Stage) -> Published:
        try:
            await stage.engine.write_flow(SaveDraft(flow=flow, text=text_of(flow, number), type="yaml"))
            once = Idempotency(client="test", key=f"{flow}-{number}", digest=b"d" * 16)
            answer = await stage.engine.write_flow(
                PublishFlow(flow=flow, running="migrate", plan=plan_of(flow, number), idempotency=once)
            )
        except StoreError as error:
            raise Overloaded from error  # a read failed: nothing was stored
        assert isinstance(answer, Published), answer
        return answer

    return publish


def publisher(flow: str) -> Callable[[Trial], Awaitable[None]]:
    async def publish(trial: Trial) -> None:
        for number in range(2, PUBLISHES + 2):
            published = await trial.insist(publishing(flow, number))
            assert published.version.number == number
            await trial.clock.sleep(trial.chance.choice((0.0, 0.5, 2.0)))

    return publish


def run(seed: int, **named: Any) -> Trial:
    async def script() -> Trial:
        trial = Trial(seed, **named)
        await trial.prepare(setup)
        trial.viewers = [Viewer(customer) for customer in CUSTOMERS]
        ledger = Ledger()
        await trial.run(
            [
                ledger.poster("one", 8),
                ledger.nudger(4),
                *(ledger.tapper(customer, 2) for customer in CUSTOMERS),
                publisher("counting"),
                publisher("asking"),
            ]
        )
        await trial.rest(1.0)
        await trial.end()
        await check(trial, ledger)
        await check_versions(trial)
        return trial

    return play(script())


def run_many(count: int, **named: Any) -> None:
    for seed in range(count):
        run(seed, **named)


async def check_versions(trial: Trial) -> None:
    rows = trial.disk.rows
    jobs, _ = await trial.disk.jobs(JobFilter(kind="migrate", limit=100))
    assert not [job for job in jobs if job.state in OPEN], "a migration did not come to its end"
    assert all(row.version == PUBLISHES + 1 for row in rows.instances.rows.values())
    for row in rows.instances.rows.values():
        check_instance(trial, row, decode_state(row.state))


def check_instance(trial: Trial, row: InstanceRow, state: State) -> None:
    """Row, state and timeline tell the same versions, each left for the next one."""
    assert state.version == row.version
    moves = [input for input in inputs_of(trial, row.id) if isinstance(input, Migrated)]
    before = 1
    for move in moves:
        assert move.before == before < move.version
        before = move.version
    assert before == state.version
    _, steps = FLOWS[state.flow]
    others = {*steps.values()} if state.version % 2 else {*steps}
    assert others.isdisjoint(token.step for token in state.tokens), "left half-way"
    assert others.isdisjoint(card.step for card in state.cards if card.open), "left half-way"


def inputs_of(trial: Trial, id: str) -> list[Input]:
    entries = [entry.entry for entry in trial.disk.rows.timeline if entry.instance == id]
    return [msgspec.convert(msgspec.msgpack.decode(entry)["input"], Input) for entry in entries]


@pytest.mark.parametrize("seed", range(SEEDS // 2))
def test_instances_move_whole_through_kills_and_failed_commits(seed: int) -> None:
    run(seed, trouble=0.04, limits=CRAMPED if seed % 3 == 0 else None)


class ForgetfulStore(ShakyStore):
    """Knows of an instance only the version with which it was stored first."""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        there = self.disk.rows.instances.rows
        for id, row in group.instances.items():
            if id in there:
                group.instances[id] = replace(row, version=there[id].version)
        return await super().apply(group)


class CarelessStore(ShakyStore):
    """Takes a job for done that is not, now and then."""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        for id, row in tuple(group.jobs.items()):
            if row.cursor and self.chance.random() < 0.5:
                group.jobs[id] = replace(row, state="done")
        return await super().apply(group)


@pytest.mark.parametrize("broken", [ForgetfulStore, CarelessStore])
def test_checker_sees_a_broken_store(broken: type[ShakyStore]) -> None:
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run_many(10, store=broken)
