"""Flows that start flows: for their own customer and others, told how they end (flow format §5)."""

from __future__ import annotations

from actors.ports import InstanceFilter
from actors.records import InstanceRow
from actors.testing import Stage, play

CHILD = """
flow: child
variables: {n: {type: integer}}
start: w
steps:
  w: {type: wait, until: [{id: go, type: event, event: go, next: done}, {id: t, type: time, after: P30D}]}
  done: {type: end, outcome: sold}
"""
PARENT = """
flow: parent
triggers: {begin: {type: event, event: begin}}
start: ask
steps:
  ask:
    type: start_flow
    flow: %s
    variables: {n: 3}
    customer: "{{ trigger.event.data.of }}"
    wait: true
    next: done
    on_error: lost
  done: {type: end, outcome: done}
  lost: {type: end, outcome: lost}
"""


async def child_of(stage: Stage, parent: str) -> InstanceRow:
    rows, _ = await stage.store.instances(InstanceFilter(parent=parent))
    return rows[0]


async def begun(stage: Stage, of: str, flow: str = "child") -> str:
    await stage.publish(CHILD)
    await stage.publish(PARENT % flow)
    (id,) = (await stage.post("begin", "ann", of=of)).started
    await stage.sleep(1)
    return id


def test_parent_waits_until_its_child_has_ended_whoever_it_is_for() -> None:
    async def script() -> None:
        for customer in ("ann", "bob"):
            async with Stage() as stage:
                id = await begun(stage, customer)
                child = await child_of(stage, id)
                assert (child.customer, child.flow, child.invocation) == (customer, "child", id)
                assert (await stage.state(child.id)).variables == {"n": 3}
                assert (await stage.instance(id)).status == "running"
                await stage.post("go", customer)
                await stage.sleep(1)
                assert (await stage.instance(id)).outcome == "done"
                shown = (await stage.state(id)).steps["ask"]["instance"]
                assert shown == {"id": child.id, "status": "completed", "outcome": "sold"}

    play(script())


def test_a_child_that_cannot_start_is_refused() -> None:
    async def script() -> None:
        async with Stage() as stage:
            id = await begun(stage, "bob", "nowhere")
            assert (await stage.instance(id)).outcome == "lost"

    play(script())


def test_cancelling_the_parent_cancels_the_child_that_it_waits_for() -> None:
    async def script() -> None:
        async with Stage() as stage:
            id = await begun(stage, "bob")
            child = await child_of(stage, id)
            await stage.engine.cancel(id)
            await stage.sleep(1)
            assert (await stage.instance(child.id)).status == "cancelled"

    play(script())


def test_flows_that_start_each_other_end_somewhere() -> None:
    circle = """
flow: circle
triggers: {begin: {type: event, event: begin}}
start: again
steps:
  again: {type: start_flow, flow: circle, next: done}
  done: {type: end}
"""

    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(circle)
            await stage.post("begin", "ann")
            await stage.sleep(10)
            rows, _ = await stage.store.instances(InstanceFilter(flow="circle", limit=500))
            assert len(rows) == 17

    play(script())
