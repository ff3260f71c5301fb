"""Segments through kills and failed commits: members are who the acknowledged events and writes say."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import pytest

from actors.commands import ChangeSegment, CustomerWrite, EventResult, Refused
from actors.limits import EngineLimits
from actors.ports import StoreError
from actors.records import CustomerRow, FeedCard, Group, ResourceRow
from actors.testing import Stage, play
from actors.trials import ShakyStore, Trial
from rules.customers.history import History
from rules.customers.profile import Profile
from rules.inputs import Event
from rules.instance import State

SEEDS = int(
    os.environ.get("SIMULATION_SEEDS", "500" if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else "50")
)
CUSTOMERS = ("ann", "bob", "cyd")
PERIOD_MS = 3_000
RULES = {
    "often": 'events("paid", "PT3S").count() >= 2',
    "gold": 'customer.?tier.orValue("") == "gold"',
    "quiet": 'customer.?tier.orValue("") == "gold" && events("paid", "PT3S").count() == 0',
}
MOVING = """
flow: {segment}-{change}
triggers: {{moved: {{type: segment, segment: {segment}, change: {change}}}}}
start: done
steps: {{done: {{type: end}}}}
"""
LOOKING = """
flow: looking
triggers: {joined: {type: event, event: joined}}
start: outside
steps:
  outside: {type: wait, until: [{id: in, type: segment, segment: often, is: in, next: inside}]}
  inside: {type: wait, until: [{id: out, type: segment, segment: often, is: out, next: outside}]}
"""
decode_state = msgspec.msgpack.Decoder(State).decode

CRAMPED = EngineLimits(
    internal_max=2,
    batch_max=3,
    group_rows_max=6,
    warm_bytes_max=1,
    profiles_max=1,
    histories_max=1,
    timers_max=2,
    horizon_ms=4_000,
)


async def setup(stage: Stage) -> None:
    for id, rule in RULES.items():
        await stage.segment(id, rule)
        for change in ("enter", "exit"):
            await stage.publish(MOVING.format(segment=id, change=change))
    await stage.publish(LOOKING)
    for customer in CUSTOMERS:
        await stage.post("joined", customer)


def writing(order: CustomerWrite) -> Callable[[Stage], Awaitable[CustomerRow | Refused]]:
    return lambda stage: stage.engine.write_customer(order)


def editing(order: ChangeSegment) -> Callable[[Stage], Awaitable[ResourceRow | Refused]]:
    return lambda stage: stage.engine.write_segment(order)


def posting(event: Event) -> Callable[[Stage], Awaitable[Sequence[EventResult]]]:
    return lambda stage: stage.engine.accept([event], client="test")


class Truth:
    """What the clients know that they did."""

    def __init__(self) -> None:
        self.paid: defaultdict[str, list[int]] = defaultdict(list)
        self.tiers: dict[str, str] = {}

    def payer(self, customer: str, count: int) -> Callable[[Trial], Awaitable[None]]:
        async def pay(trial: Trial) -> None:
            for number in range(count):
                await trial.clock.sleep(trial.chance.choice((0.0, 0.1, 1.0, 4.0)))
                at = trial.clock.now()
                event = Event(id=f"{customer}-{number}", name="paid", time=at, customer=customer)
                await trial.insist(posting(event))
                self.paid[customer].append(at)

        return pay

    def writer(self, customer: str, count: int) -> Callable[[Trial], Awaitable[None]]:
        async def write(trial: Trial) -> None:
            for _ in range(count):
                await trial.clock.sleep(trial.chance.choice((0.0, 0.5, 2.0)))
                self.tiers[customer] = tier = trial.chance.choice(("gold", "tin"))
                body: dict[str, object] = {"fields": {"tier": tier}}
                order = CustomerWrite(id=customer, mode="patch", body=body)
                await trial.insist(writing(order))

        return write

    def expected(self, customer: str, now: int) -> tuple[str, ...]:
        recent = [at for at in self.paid[customer] if now - PERIOD_MS < at]
        is_gold = self.tiers.get(customer) == "gold"
        found = {"often": len(recent) >= 2, "gold": is_gold, "quiet": is_gold and not recent}
        return tuple(sorted(id for id, holds in found.items() if holds))


async def editor(trial: Trial) -> None:
    """An author who writes the same rule again and again: everyone is held against it each time."""
    for _ in range(2):
        await trial.clock.sleep(trial.chance.choice((0.5, 2.0)))
        for id in ("often", "gold"):
            order = ChangeSegment(id=id, rule=RULES[id])
            row = await trial.insist(editing(order))
            assert not isinstance(row, Refused)


def run(seed: int, **named: Any) -> None:
    async def script() -> None:
        trial = Trial(seed, trouble=0.04, **named)
        await trial.prepare(setup)
        truth = Truth()
        clients = [truth.payer(customer, 6) for customer in CUSTOMERS]
        clients += [truth.writer(customer, 3) for customer in CUSTOMERS]
        await trial.run([*clients, editor])
        await trial.rest(1.0)
        check(trial, truth)
        await trial.rest(PERIOD_MS / 1_000 + 1)
        check(trial, truth)
        await trial.end()
        assert not trial.crashes, trial.crashes
        await trial.check_memory()

    play(script())


def run_many(count: int, **named: Any) -> None:
    for seed in range(count):
        run(seed, **named)


def check(trial: Trial, truth: Truth) -> None:
    rows = trial.disk.rows
    assert not rows.inbox.rows, "letters were left lying"
    assert all(job.state in ("done", "stopped") for job in rows.jobs.rows.values())
    now = trial.clock.now()
    starts = Counter((row.flow, row.customer) for row in rows.instances.rows.values())
    for customer in CUSTOMERS:
        profile = msgspec.msgpack.decode(rows.customers.rows[customer].profile, type=Profile)
        assert profile.segments == truth.expected(customer, now), customer
        check_history(trial, truth, customer, now)
        check_look(trial, customer, is_often="often" in profile.segments)
        for id in RULES:
            entered, left = starts[f"{id}-enter", customer], starts[f"{id}-exit", customer]
            assert entered - left == (id in profile.segments), f"{customer} {id}: {entered} in, {left} out"


def check_history(trial: Trial, truth: Truth, customer: str, now: int) -> None:
    """Each acknowledged event is counted once, and a look at what time does is due."""
    row = trial.disk.rows.histories[customer]
    times = msgspec.msgpack.decode(row.history, type=History).times["paid"]
    recent = sorted(at for at in truth.paid[customer] if now - PERIOD_MS < at)
    assert [at for at in times if now - PERIOD_MS < at] == recent
    assert row.due is None or row.due >= now
    if recent:
        assert row.due is not None
        assert row.due <= recent[0] + PERIOD_MS, "a customer would be moved late"


def check_look(trial: Trial, customer: str, *, is_often: bool) -> None:
    """The instance that waits for membership heard of the last change."""
    states = [decode_state(row.state) for row in trial.disk.rows.instances.rows.values() if row.live]
    (state,) = (state for state in states if state.customer == customer)
    assert [token.step for token in state.tokens] == ["inside" if is_often else "outside"]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_members_are_who_they_should_be_through_kills_and_failed_commits(seed: int) -> None:
    run(seed, limits=CRAMPED if seed % 3 == 0 else None)


class TornStore(ShakyStore):
    """Says that a commit failed although it is stored."""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        cards = await super().apply(group)
        if self.chance.random() < 0.1:
            raise StoreError("so it seemed")
        return cards


@pytest.mark.parametrize("seed", range(max(1, SEEDS // 10)))
def test_members_are_who_they_should_be_even_if_commits_only_seem_to_fail(seed: int) -> None:
    run(seed, store=TornStore)


# A checker counts only when it has been seen to fail.


class SleepyStore(ShakyStore):
    """Forgets when to look at a customer again."""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        for id, row in group.histories.items():
            group.histories[id] = msgspec.structs.replace(row, due=None)
        return await super().apply(group)


class ForgetfulStore(ShakyStore):
    """Loses what was counted now and then."""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        if group.histories and self.chance.random() < 0.3:
            group.histories.popitem()
        return await super().apply(group)


class BlindStore(ShakyStore):
    """Stores a profile now and then without its segments."""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        for id, row in group.customers.items():
            if self.chance.random() < 0.3:
                profile = msgspec.msgpack.decode(row.profile, type=Profile)
                bare = msgspec.msgpack.encode(msgspec.structs.replace(profile, segments=()))
                group.customers[id] = msgspec.structs.replace(row, profile=bare)
        return await super().apply(group)


@pytest.mark.parametrize("broken", [SleepyStore, ForgetfulStore, BlindStore])
def test_checker_sees_a_broken_store(broken: type[ShakyStore]) -> None:
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run_many(20, store=broken)
