"""Entry rules and limits in the running engine: counted across instances, also after a crash (§4)."""

from __future__ import annotations

import pytest

from actors.commands import EventResult, StartRequest, StartResult, Target
from actors.testing import Stage, play

FLOW = """
flow: renewal
variables: {{policy: {{type: string}}}}
triggers:
  due: {{type: event, event: due, variables: {{policy: =event.data.?policy.orValue("")}}}}
entry: {entry}
start: w
steps:
  w: {{type: wait, until: [{{id: t, type: time, after: P30D}}]}}
"""


def of(result: EventResult) -> object:
    return result.refused[0].reason if result.refused else len(result.started)


async def outcomes(stage: Stage, entry: str, *policies: str) -> list[object]:
    await stage.publish(FLOW.format(entry=entry))
    return [of(await stage.post("due", "ann", policy=policy)) for policy in policies]


def test_once_means_once_ever_for_each_key() -> None:
    async def script() -> None:
        async with Stage() as stage:
            entry = "{key: =vars.policy, per: customer_key, once: true}"
            assert await outcomes(stage, entry, "a", "a", "b", "a") == [1, "once", 1, "once"]
            assert of(await stage.post("due", "bob", policy="a")) == 1

    play(script())


def test_a_flow_that_is_live_refuses_and_one_that_has_ended_does_not() -> None:
    async def script() -> None:
        async with Stage() as stage:
            assert await outcomes(stage, "{when_live: refuse}", "a", "b") == [1, "live"]
            await stage.days(31, step_s=86_400)
            assert of(await stage.post("due", "ann")) == 1

    play(script())


def test_replace_cancels_the_live_one_and_starts_the_new_one_in_one_commit() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(FLOW.format(entry="{when_live: replace}"))
            (first,) = (await stage.post("due", "ann")).started
            (second,) = (await stage.post("due", "ann")).started
            assert (await stage.instance(first)).status == "cancelled"
            assert (await stage.instance(second)).status == "running"
            assert (await stage.instance(first)).ended_at == (await stage.instance(second)).started_at

    play(script())


def test_limit_counts_in_the_period_and_what_was_counted_survives_a_restart() -> None:
    async def script() -> None:
        async with Stage() as stage:
            entry = "{limit: {max: 2, per: P1D}}"
            assert await outcomes(stage, entry, "a", "b", "c") == [1, 1, "limit"]
            store = stage.store
        async with Stage(store, clock=stage.clock) as stage:
            assert of(await stage.post("due", "ann")) == "limit"
            await stage.days(1)
            assert of(await stage.post("due", "ann")) == 1

    play(script())


def test_an_instance_that_has_failed_is_live() -> None:
    flow = FLOW.format(entry="{when_live: refuse}").replace("start: w", "start: bad")
    flow += "  bad: {type: emit, event: x, customer: =customer.missing, next: w}\n"

    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(flow)
            (first,) = (await stage.post("due", "ann")).started
            assert (await stage.instance(first)).status == "failed"
            assert of(await stage.post("due", "ann")) == "live"

    play(script())


@pytest.mark.parametrize("entry", ["{once: true}", "{limit: {max: 1, per: P30D}}", "{when_live: refuse}"])
def test_tests_are_counted_apart(entry: str) -> None:
    async def started(stage: Stage, *, test: bool) -> int:
        request = StartRequest(
            flow="renewal", targets=(Target(customer="tess"),), client="t", invocation="i", test=test
        )
        result = await stage.engine.start_flow(request)
        assert isinstance(result, StartResult)
        return len(result.started)

    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(FLOW.format(entry=entry))
            await stage.write("tess", test=True)
            assert [await started(stage, test=test) for test in (True, False, True, False)] == [1, 1, 0, 0]

    play(script())


def test_a_limit_step_lets_a_customer_through_so_often_over_all_instances() -> None:
    flow = """
flow: nudges
triggers: {due: {type: event, event: due}}
start: may
steps:
  may: {type: limit, max: 1, per: P7D, next: yes, else: no}
  yes: {type: end, outcome: told}
  no: {type: end, outcome: spared}
"""

    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(flow)
            seen = []
            for _ in range(2):
                (id,) = (await stage.post("due", "ann")).started
                seen.append((await stage.instance(id)).outcome)
            (other,) = (await stage.post("due", "bob")).started
            assert [*seen, (await stage.instance(other)).outcome] == ["told", "spared", "told"]

    play(script())


def test_what_a_collect_takes_starts_no_instance_of_its_flow() -> None:
    flow = """
flow: digest
triggers: {paid: {type: event, event: paid}}
start: gather
steps:
  gather: {type: collect, events: paid, for: PT1H, include_trigger: true, next: done}
  done: {type: end}
"""

    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(flow)
            first = await stage.post("paid", "ann")
            second = await stage.post("paid", "ann")
            assert (len(first.started), len(second.started), second.woken) == (1, 0, 1)
            await stage.sleep(3_601)
            assert (await stage.state(first.started[0])).steps["gather"]["count"] == 2
            assert len((await stage.post("paid", "ann")).started) == 1

    play(script())
