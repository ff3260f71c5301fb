"""Repairs of instances, one and many: what failed moves again, what a fault of ours consumed comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from actors.commands import Refused
from actors.job_specs import TendCards, TendInstances
from actors.ports import CardFilter, InstanceFilter, JobFilter
from actors.records import JobRow, VersionRow
from actors.testing import Robot, Stage, at_once, play
from rules.compiling.flows import Compiled
from rules.inputs import CardActed, CardWithdrawn, Repaired, Response
from rules.instance import InstanceStatus
from rules.model import Branch
from rules.project import Project

BOOKING = """
flow: book
triggers: {go: {type: event, event: go}}
start: ask
steps:
  ask: {type: request, url: "https://example.org/", next: pay}
  pay: {type: request, url: "https://example.org/", next: done}
  done: {type: end, outcome: booked}
"""
RETRY = Repaired(action="retry")


async def fail(stage: Stage, robot: Robot, *customers: str, answers: int = 500) -> list[str]:
    """Instances that failed at their first request."""
    ids = []
    for customer in customers:
        robot.answers.append(Response(status=answers))
        (id,) = (await stage.post("go", customer)).started
        await stage.sleep(1)
        assert await stage.status(id) is InstanceStatus.FAILED
        ids.append(id)
    return ids


async def tend(stage: Stage, spec: TendInstances | TendCards) -> JobRow:
    """The job after it has ended."""
    assert isinstance(await stage.engine.add_job(spec, name="tend", by="t"), JobRow)
    await stage.sleep(10)
    (row, *_), _ = await stage.store.jobs(JobFilter())
    return row


# --- one -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fresh", "keys"), [(False, 1), (True, 2)])
def test_retried_request_keeps_its_key_unless_a_fresh_one_is_asked_for(fresh: bool, keys: int) -> None:
    async def script() -> None:
        robot = Robot()
        async with Stage(performer=robot) as stage:
            await stage.publish(BOOKING)
            (id,) = await fail(stage, robot, "ann")
            await stage.engine.repair(id, Repaired(action="retry", fresh=fresh), by="key")
            await stage.sleep(1)
            assert (await stage.instance(id)).outcome == "booked"
            assert len(set(robot.keys[:2])) == keys
            assert len(robot.keys) == 3
            recorded = [entry.row for entry in await stage.store.journal(after=0, limit=99)]
            assert [(row.name, row.source) for row in recorded if row.kind == "operator"] == [
                ("repair", "key")
            ]

    play(script())


def test_retry_that_is_sent_twice_asks_once() -> None:
    async def script() -> None:
        robot = Robot()
        async with Stage(performer=robot) as stage:
            await stage.publish(BOOKING)
            (id,) = await fail(stage, robot, "ann")
            first = await stage.engine.repair(id, RETRY)
            second = await stage.engine.repair(id, RETRY)
            await stage.sleep(1)
            assert not isinstance(first, Refused)
            assert isinstance(second, Refused)
            assert second.code == "conflict"
            assert len(robot.keys) == 3

    play(script())


def test_retry_survives_a_crash_and_asks_under_the_same_key() -> None:
    async def script() -> None:
        robot = Robot()
        stage = Stage(performer=robot)
        await stage.engine.start()
        await stage.publish(BOOKING)
        (id,) = await fail(stage, robot, "ann")
        await stage.engine.repair(id, RETRY)
        await stage.engine.kill()
        async with Stage(stage.store, performer=robot, clock=stage.clock) as again:
            await again.sleep(1)
            assert (await again.instance(id)).outcome == "booked"
            first, *others = robot.keys
            assert set(others[:-1]) == {first}

    play(script())


@pytest.mark.parametrize(
    ("repaired", "code", "pointers"),
    [
        (Repaired(action="retry", step="gone"), "invalid", ["/step"]),
        (Repaired(action="skip", to=("gone",)), "invalid", ["/to/0"]),
        (Repaired(action="skip", step="pay"), "conflict", []),
    ],
)
def test_repair_that_cannot_be_done_changes_nothing(
    repaired: Repaired, code: str, pointers: list[str]
) -> None:
    async def script() -> None:
        robot = Robot()
        async with Stage(performer=robot) as stage:
            await stage.publish(BOOKING)
            (id,) = await fail(stage, robot, "ann")
            before = await stage.instance(id)
            refused = await stage.engine.repair(id, repaired)
            assert isinstance(refused, Refused)
            assert (refused.code, [error["pointer"] for error in refused.errors]) == (code, pointers)
            assert await stage.instance(id) == before

    play(script())


def test_what_has_ended_or_never_was_cannot_be_repaired() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(BOOKING)
            (id,) = (await stage.post("go", "ann")).started
            await stage.sleep(1)
            over = await stage.engine.repair(id, RETRY)
            assert isinstance(over, Refused)
            assert over.code == "conflict"
            assert await stage.engine.repair("none", RETRY) is None

    play(script())


# --- faults of ours ------------------------------------------------------------------------------------

COUNTING = """
flow: counting
variables: {n: {type: integer, default: 0}}
triggers: {go: {type: event, event: go}}
start: w
steps:
  w:
    type: wait
    until:
      - {id: ping, type: event, event: ping, next: check}
      - {id: late, type: time, after: PT1H, next: check}
  check: {type: branch, cases: [{id: fine, when: vars.n >= 0, next: count}]}
  count: {type: set, variables: {n: =vars.n + 1}, next: w}
"""


class Fragile:
    """Compiles flows whose branches fail as only a bug of ours can, as often as `faults` says."""

    def __init__(self) -> None:
        self.faults = 0

    async def compile(
        self, row: VersionRow, constants: Mapping[str, object], *, against: Project | None
    ) -> Compiled:
        compiled = await at_once(row, constants, against=against)
        flow = compiled.flow
        assert flow is not None
        steps = {
            id: self._fragile(step) if isinstance(step, Branch) else step for id, step in flow.steps.items()
        }
        return replace(compiled, flow=replace(flow, steps=steps))

    def _fragile(self, branch: Branch) -> Branch:
        (case,) = branch.cases

        def holds(context: Mapping[str, object]) -> bool:
            if self.faults:
                self.faults -= 1
                raise ZeroDivisionError
            return case.when.holds(context)

        return replace(branch, cases=(replace(case, when=replace(case.when, holds=holds)),))


def test_retry_brings_back_the_events_and_timers_that_faults_consumed() -> None:
    async def script() -> None:
        fragile = Fragile()
        async with Stage(compile=fragile.compile) as stage:
            await stage.publish(COUNTING)
            (id,) = (await stage.post("go", "ann")).started
            fragile.faults = 2
            await stage.post("ping", "ann")
            await stage.sleep(3_601)
            assert (await stage.instance(id)).error == "fault"
            assert (await stage.variables(id), await stage.status(id)) == ({"n": 0}, InstanceStatus.FAILED)
            row = await stage.engine.repair(id, RETRY)
            await stage.sleep(1)
            assert not isinstance(row, Refused)
            assert (await stage.variables(id), await stage.status(id)) == ({"n": 2}, InstanceStatus.RUNNING)
            await stage.post("ping", "ann")
            assert await stage.variables(id) == {"n": 3}

    play(script())


def test_skip_lets_what_a_fault_consumed_go_and_the_instance_on() -> None:
    async def script() -> None:
        fragile = Fragile()
        async with Stage(compile=fragile.compile) as stage:
            await stage.publish(COUNTING)
            (id,) = (await stage.post("go", "ann")).started
            fragile.faults = 1
            await stage.post("ping", "ann")
            await stage.engine.repair(id, Repaired(action="skip"))
            assert (await stage.variables(id), await stage.status(id)) == ({"n": 0}, InstanceStatus.RUNNING)
            await stage.post("ping", "ann")
            assert await stage.variables(id) == {"n": 1}

    play(script())


# --- many ----------------------------------------------------------------------------------------------


def test_many_are_retried_and_only_those_that_failed() -> None:
    async def script() -> None:
        robot = Robot()
        async with Stage(performer=robot) as stage:
            await stage.publish(BOOKING)
            failed = await fail(stage, robot, *[f"c{number}" for number in range(20)])
            asked = len(robot.keys)
            (late,) = await fail(stage, robot, "late")
            up_to = await stage.store.last_instance_number() - 1
            spec = TendInstances(
                input=RETRY, filter=InstanceFilter(flow="book", status="failed"), up_to=up_to
            )
            row = await tend(stage, spec)
            assert (row.state, row.done, row.failed, row.total) == ("done", 20, 0, 20)
            assert [(await stage.instance(id)).outcome for id in failed] == ["booked"] * 20
            assert await stage.status(late) is InstanceStatus.FAILED
            assert set(robot.keys[asked + 1 :: 2]) | set(robot.keys[asked + 2 :: 2]) >= set(
                robot.keys[:asked]
            )
            again = await tend(stage, spec)
            assert (again.done, again.total) == (0, 0)
            assert len(robot.keys) == asked + 1 + 2 * 20

    play(script())


def test_of_many_those_that_a_repair_does_not_fit_are_counted_and_left() -> None:
    async def script() -> None:
        robot = Robot()
        async with Stage(performer=robot) as stage:
            await stage.publish(BOOKING)
            old = await fail(stage, robot, "ann", "bob")
            await stage.publish(BOOKING.replace("done", "over"))
            (new,) = await fail(stage, robot, "cyd")
            up_to = await stage.store.last_instance_number()
            skip = Repaired(action="skip", to=("over",))
            row = await tend(
                stage, TendInstances(input=skip, filter=InstanceFilter(status="failed"), up_to=up_to)
            )
            assert (row.state, row.done, row.failed) == ("done", 1, 2)
            assert (await stage.instance(new)).outcome == "booked"
            assert [await stage.status(id) for id in old] == [InstanceStatus.FAILED] * 2

    play(script())


def test_many_that_are_not_in_memory_are_repaired_too() -> None:
    async def script() -> None:
        robot = Robot()
        async with Stage(performer=robot) as stage:
            await stage.publish(BOOKING)
            failed = await fail(stage, robot, *[f"c{number}" for number in range(5)])
        async with Stage(stage.store, performer=robot, clock=stage.clock) as again:
            up_to = await again.store.last_instance_number()
            row = await tend(
                again, TendInstances(input=RETRY, filter=InstanceFilter(status="failed"), up_to=up_to)
            )
            assert row.done == 5
            assert [(await again.instance(id)).outcome for id in failed] == ["booked"] * 5

    play(script())


# --- cards ---------------------------------------------------------------------------------------------


async def ask(stage: Stage, asking: str, *customers: str) -> None:
    """A card for each."""
    await stage.publish(
        asking.replace(
            "start: ask", "triggers: {go: {type: event, event: go, variables: {color: Red}}}\nstart: ask"
        )
    )
    for customer in customers:
        await stage.post("go", customer)


@pytest.mark.parametrize(
    ("input", "status", "outcome"),
    [
        (CardActed(card="", action="submit", values={"why": "so"}, by="operator"), "completed", "answered"),
        (CardActed(card="", action="dismiss", by="operator"), "dismissed", "answered"),
        (CardWithdrawn(card=""), "cancelled", None),
    ],
)
def test_many_cards_are_closed_as_their_customers_would(
    asking: str, input: CardActed | CardWithdrawn, status: str, outcome: str | None
) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await ask(stage, asking, *[f"c{number:03}" for number in range(120)])
            up_to = await stage.store.last_card_number()
            await stage.post("go", "late")
            spec = TendCards(input=input, filter=CardFilter(open=True), up_to=up_to)
            row = await tend(stage, spec)
            assert (row.state, row.done, row.failed, row.total) == ("done", 120, 0, 120)
            assert await stage.store.tally_cards(CardFilter()) == {
                (status, "asking"): 120,
                ("active", "asking"): 1,
            }
            rows, _ = await stage.store.instances(InstanceFilter(limit=500))
            assert [one.outcome for one in rows if one.customer != "late"] == [outcome] * 120

    play(script())


def test_cards_that_do_not_take_it_are_counted_and_stay_open(asking: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await ask(stage, asking, "ann", "bob")
            input = CardActed(card="", action="submit", values={"why": "much too long"})
            up_to = await stage.store.last_card_number()
            row = await tend(stage, TendCards(input=input, filter=CardFilter(), up_to=up_to))
            assert (row.state, row.done, row.failed) == ("done", 0, 2)
            assert await stage.store.tally_cards(CardFilter(open=True)) == {("active", "asking"): 2}

    play(script())
