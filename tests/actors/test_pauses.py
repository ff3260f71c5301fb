"""A paused flow starts nothing, whatever asks for it, then or later; what runs goes on."""

from __future__ import annotations

import pytest

from actors.commands import ChangeFlow, HookCall, HookResult, Refused
from actors.ports import InstanceFilter, JobFilter
from actors.records import FlowRow, InstanceRow, JobRow
from actors.testing import START_MS, Stage, play
from rules.causes import OfRequest
from rules.migrating.plan import Plan

HOUR_S = 3_600
WAITING = """
start: w
steps:
  w:
    type: wait
    until: [{id: x, type: event, event: tick, next: done}, {id: t, type: time, after: PT2H, next: late}]
  done: {type: end, outcome: told}
  late: {type: end, outcome: timed}
"""
BY = {
    "event": "type: event, event: go",
    "event for many": "type: event, event: go, audience: {all: true}",
    "segment, enter": "type: segment, segment: ulmers, change: enter",
    "segment, exit": "type: segment, segment: ulmers, change: exit",
    "schedule": 'type: schedule, cron: "* * * * *", audience: {all: true}',
    "schedule, once": "type: schedule, at: {offset: PT30S}, audience: {all: true}",
    "webhook": "type: webhook, customer: =body.who, auth: {type: bearer, credential: shop}",
}
"""Kinds of triggers, as they are written. At 22:13:20 the clock starts."""
NIGHTLY = 'type: schedule, cron: "0 23 * * *", timezone: UTC, audience: {all: true}'
ONCE = 'type: schedule, at: "2023-11-14T23:00:00Z", audience: {all: true}'


def flow(trigger: str) -> str:
    return f"flow: pulled\ntriggers: {{t: {{{trigger}}}}}\n{WAITING}"


async def change(stage: Stage, *, paused: bool | None = None, archived: bool | None = None) -> FlowRow:
    row = await stage.engine.write_flow(ChangeFlow(flow="pulled", paused=paused, archived=archived))
    assert isinstance(row, FlowRow), row
    return row


async def instances(stage: Stage) -> list[InstanceRow]:
    return list((await stage.store.instances(InstanceFilter(flow="pulled")))[0])


async def jobs(stage: Stage) -> list[JobRow]:
    """Those that start somebody."""
    return list((await stage.store.jobs(JobFilter(kind="trigger")))[0])


async def call(stage: Stage, id: str) -> HookResult | Refused:
    request = OfRequest(id, START_MS, {"who": "ann"}, {}, {})
    return await stage.engine.call_hook(HookCall(flow="pulled", trigger="t", customer="ann", request=request))


async def pull(stage: Stage, kind: str) -> None:
    """What pulls a trigger of this kind for Ann, once."""
    await stage.write("ann", city="Ulm")
    if kind == "webhook":
        await call(stage, f"r-{stage.clock.now()}")
    await stage.post("go", "ann")
    await stage.sleep(61)
    await stage.write("ann", city="Bonn")
    await stage.sleep(1)


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("kind", BY)
def test_no_trigger_starts_anything_in_a_pause_and_each_does_again_after_it(
    kind: str, archived: bool
) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("ulmers", "customer.city == 'Ulm'")
            await stage.write("ann")
            await stage.publish(flow(BY[kind]))
            await change(stage, paused=not archived, archived=archived)
            await pull(stage, kind)
            assert await instances(stage) == []
            await change(stage, paused=False, archived=False)
            await stage.sleep(1)
            assert (await instances(stage), await jobs(stage)) == ([], [])
            await pull(stage, kind)
            # One time that went by in the pause comes no more.
            assert len(await instances(stage)) == (0 if kind == "schedule, once" else 1)

    play(script())


@pytest.mark.parametrize("trigger", [NIGHTLY, ONCE])
@pytest.mark.parametrize("down", [False, True])
def test_a_run_that_came_in_a_pause_is_neither_made_up_for_nor_missed(trigger: str, down: bool) -> None:
    """At 23:00, and 40 minutes later the pause ends: within the hour in which a run would be made up for."""

    async def script() -> None:
        async with Stage() as stage:
            await stage.write("ann")
            await stage.publish(flow(trigger))
            await change(stage, paused=True)
            if not down:
                await stage.sleep(1.5 * HOUR_S)
        if down:
            stage.clock.set_forward(1.5 * HOUR_S)
        async with Stage(stage.store, clock=stage.clock) as again:
            assert (await change(again, paused=False)).resumed_at == again.clock.now()
            await again.sleep(60)
            assert (await instances(again), await jobs(again)) == ([], [])
        async with Stage(stage.store, clock=stage.clock) as last:
            await last.days(1)
            assert len(await instances(last)) == (1 if trigger == NIGHTLY else 0)

    play(script())


def test_a_run_that_came_after_a_pause_while_the_server_was_down_is_made_up_for() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.write("ann")
            await stage.publish(flow(NIGHTLY))
            await change(stage, paused=True)
            await stage.sleep(60)
            await change(stage, paused=False)
        stage.clock.set_forward(1.5 * HOUR_S)
        async with Stage(stage.store, clock=stage.clock) as again:
            await again.sleep(60)
            assert len(await instances(again)) == 1

    play(script())


def test_a_pause_ends_when_the_flow_is_neither_paused_nor_archived() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(flow(NIGHTLY))
            assert (await change(stage, paused=False)).resumed_at is None, "it never was"
            await change(stage, paused=True)
            await change(stage, archived=True)
            assert (await change(stage, paused=False)).resumed_at is None
            await stage.sleep(60)
            ended = (await change(stage, archived=False)).resumed_at
            assert ended == stage.clock.now()
            await stage.sleep(60)
            assert (await change(stage, paused=False)).resumed_at == ended

    play(script())


def test_what_runs_goes_on_in_a_pause_also_to_a_version_published_in_it() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(flow(BY["event"]))
            told, timed = [(await stage.post("go", name)).started[0] for name in ("ann", "bob")]
            await change(stage, paused=True)
            moved = flow(BY["event"]).replace("  w:\n", "  v:\n").replace("start: w", "start: v")
            await stage.publish(moved, running="migrate", plan=Plan(steps={"w": "v"}))
            await stage.sleep(1)
            assert [row.version for row in await instances(stage)] == [2, 2]
            assert (await stage.post("tick", "ann")).woken == 1
            await stage.sleep(2 * HOUR_S)
            assert [(await stage.instance(id)).outcome for id in (told, timed)] == ["told", "timed"]
            assert (await stage.post("go", "cat")).started == (), "publishing does not end a pause"

    play(script())


def test_who_is_in_a_segment_is_not_started_by_a_publish_in_a_pause() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("ulmers", "customer.city == 'Ulm'")
            await stage.write("ann", city="Ulm")
            text = flow("type: segment, segment: ulmers, change: publish")
            await stage.publish(flow(BY["event"]))
            await change(stage, paused=True)
            await stage.publish(text)
            await stage.sleep(1)
            assert [(job.state, job.error) for job in await jobs(stage)] == [("failed", "flow_paused")]
            await change(stage, paused=False)
            await stage.sleep(1)
            assert await instances(stage) == []
            await stage.publish(text)
            await stage.sleep(1)
            assert len(await instances(stage)) == 1

    play(script())


def test_a_child_of_a_paused_flow_is_refused_and_one_that_runs_answers() -> None:
    parent = """
flow: parent
triggers: {begin: {type: event, event: begin}}
start: ask
steps:
  ask: {type: start_flow, flow: pulled, wait: true, next: done, on_error: lost}
  done: {type: end, outcome: done}
  lost: {type: end, outcome: lost}
"""

    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(flow(BY["event"]))
            await stage.publish(parent)
            (asked,) = (await stage.post("begin", "ann")).started
            await stage.sleep(1)
            await change(stage, paused=True)
            (refused,) = (await stage.post("begin", "bob")).started
            await stage.sleep(1)
            assert (await stage.instance(refused)).outcome == "lost"
            await stage.post("tick", "ann")
            await stage.sleep(1)
            assert (await stage.instance(asked)).outcome == "done"

    play(script())


def test_addresses_of_a_paused_flow_are_as_if_there_were_none() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(flow(BY["webhook"]))
            await change(stage, paused=True)
            answer = await call(stage, "r-1")
            assert isinstance(answer, Refused)
            assert answer.code == "not_found"

    play(script())
