"""Jobs through kills and failed commits: each member of an audience, and each repaired instance, once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from actors.commands import CustomerWrite, Idempotency, StartMany, StartResult, Target
from actors.job_specs import OPEN, Spec, TargetList, TendInstances, paged
from actors.limits import EngineLimits
from actors.ports import InstanceFilter
from actors.records import FeedCard, Group, JobRow
from actors.testing import Stage, play
from actors.timeline import TimelineEntry
from actors.trials import ShakyStore, Trial
from rules.inputs import Cancelled, Repaired
from rules.instance import State
from rules.model import Flow

SEEDS = int(
    os.environ.get("SIMULATION_SEEDS", "300" if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else "30")
)
CUSTOMERS = tuple(f"c{number}" for number in range(8))
VIPS = CUSTOMERS[::2]

NEWS = """
flow: news
variables: {ticks: {type: integer, default: 0}}
start: w
steps:
  w: {type: wait, until: [{id: tick, type: event, event: tick, next: count}]}
  count: {type: set, variables: {ticks: =vars.ticks + 1}, next: w}
"""
FRAGILE = """
flow: fragile
variables: {n: {type: number, default: 0}}
start: take
steps:
  take: {type: set, variables: {n: =vars.n + customer.bonus}, next: w}
  w: {type: wait, until: [{id: t, type: time, after: P30D}]}
"""
CRAMPED = EngineLimits(
    internal_max=2,
    batch_max=3,
    group_rows_max=6,
    warm_bytes_max=1,
    profiles_max=2,
    piece_members_max=2,
    timers_max=2,
)
decode_state = msgspec.msgpack.Decoder(State).decode
decode_entry = msgspec.msgpack.Decoder(TimelineEntry).decode


async def setup(stage: Stage) -> None:
    for text in (NEWS, FRAGILE):
        await stage.publish(text)
    for customer in CUSTOMERS:
        await stage.write(customer, tags=["vip"] if customer in VIPS else [])


def once(key: str) -> Idempotency:
    return Idempotency(client="test", key=key, digest=b"d" * 16)


async def table(flow: Flow) -> TargetList:
    return paged([Target(customer=customer, variables={"ticks": 1}) for customer in CUSTOMERS])


async def started(
    trial: Trial, name: str, *, flow: str = "news", tag: str | None = None, listed: bool = False
) -> None:
    """Everyone, a tag's, or a table's, by a job that is waited for."""
    request = StartMany(flow=flow, client="test", tag=tag, invocation=name, idempotency=once(name))
    result = await trial.insist(lambda stage: stage.engine.start_many(request, table if listed else None))
    assert isinstance(result, StartResult), result
    assert isinstance(result.job, str)
    await ended(trial, result.job)


async def tended(trial: Trial, name: str, spec: Spec) -> JobRow:
    row = await trial.insist(
        lambda stage: stage.engine.add_job(spec, name=name, by="test", idempotency=once(name))
    )
    assert isinstance(row, JobRow), row
    return await ended(trial, row.id)


async def ended(trial: Trial, id: str) -> JobRow:
    while True:
        row = trial.disk.rows.jobs.rows[id]
        if row.state not in OPEN:
            assert (row.state, row.failed) == ("done", 0), row
            return row
        await trial.clock.sleep(0.1)


async def repairer(trial: Trial) -> None:
    """A flow that fails for everyone, until what is missing is there."""
    await started(trial, "fragile", flow="fragile")
    for customer in CUSTOMERS:
        write = CustomerWrite(id=customer, mode="patch", body={"fields": {"bonus": 1}})
        await trial.insist(partial(_write, write))
    failed = InstanceFilter(flow="fragile", status="failed")
    up_to = trial.disk.rows.instances.last_number
    spec = TendInstances(input=Repaired(action="retry"), filter=failed, up_to=up_to)
    row = await tended(trial, "repair", spec)
    assert row.done == row.total == len(CUSTOMERS)


async def _write(write: CustomerWrite, stage: Stage) -> object:
    return await stage.engine.write_customer(write)


async def _tick(customer: str, id: str, stage: Stage) -> object:
    return await stage.post("tick", customer, id=id)


async def canceller(trial: Trial) -> None:
    await started(trial, "short")
    up_to = trial.disk.rows.instances.last_number
    filter = InstanceFilter(invocation="short", unfinished=True)
    row = await tended(trial, "cancel", TendInstances(input=Cancelled(), filter=filter, up_to=up_to))
    assert row.done == row.total == len(CUSTOMERS)


class Ticks(Counter[str]):
    """Traffic meanwhile: what was acknowledged."""

    async def post(self, trial: Trial) -> None:
        for number in range(10):
            customer = trial.chance.choice(CUSTOMERS)
            await trial.insist(partial(_tick, customer, f"t{number}"))
            await trial.clock.sleep(trial.chance.choice((0.0, 0.2)))
            self[customer] += 1


def run(seed: int, **named: Any) -> None:
    async def script() -> None:
        trial, ticks = Trial(seed, **named), Ticks()
        await trial.prepare(setup)
        await trial.run(
            [
                lambda trial: started(trial, "all"),
                lambda trial: started(trial, "vips", tag="vip"),
                lambda trial: started(trial, "table", listed=True),
                repairer,
                canceller,
                ticks.post,
            ]
        )
        await trial.rest(1.0)
        await trial.end()
        await check(trial)

    play(script())


async def check(trial: Trial) -> None:
    assert not trial.crashes, trial.crashes
    rows = trial.disk.rows
    states = [decode_state(row.state) for row in rows.instances.rows.values()]
    members = {name: sorted(state.customer for state in states if state.invocation == name) for name in NAMES}
    assert members == {name: sorted(VIPS if name == "vips" else CUSTOMERS) for name in NAMES}
    inputs: dict[str, Counter[str]] = {state.id: Counter() for state in states}
    for entry in rows.timeline:
        inputs[entry.instance][type(decode_entry(entry.entry).input).__name__] += 1
    for state in states:
        told = inputs[state.id]
        assert told["Repaired"] == (state.invocation == "fragile")
        assert told["Cancelled"] == (state.invocation == "short")
        assert told["Started"] == 1
        if state.invocation == "fragile":
            assert state.variables["n"] == 1
        elif state.invocation == "short":
            assert state.status == "cancelled"
        else:
            assert state.variables["ticks"] == told["EventArrived"] + (state.invocation == "table")
    assert not rows.inbox.rows, "letters were left lying"
    await trial.check_memory()


NAMES = ("all", "vips", "table", "fragile", "short")


@pytest.mark.parametrize("seed", range(SEEDS))
def test_each_member_is_started_and_each_failed_one_repaired_once(seed: int) -> None:
    run(seed, trouble=0.03, limits=CRAMPED if seed % 2 else EngineLimits(piece_members_max=3))


class ForgetfulStore(ShakyStore):
    """Forgets now and then how far a job is."""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        for id, row in group.jobs.items():
            known = self.disk.rows.jobs.rows.get(id)
            if known is not None and self.chance.random() < 0.3:
                group.jobs[id] = replace(row, cursor=known.cursor, done=known.done, state=known.state)
        return await super().apply(group)


def run_many(count: int, **named: Any) -> None:
    for seed in range(count):
        run(seed, **named)


def test_checker_sees_a_store_that_forgets_how_far_jobs_are() -> None:
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run_many(20, store=ForgetfulStore, limits=EngineLimits(piece_members_max=2))
