"""What triggers of every kind take: `when`, `variables`, `key`, `start`, `enabled` (flow format §3)."""

from __future__ import annotations

import pytest

from actors.commands import HookCall
from actors.ports import InstanceFilter
from actors.records import InstanceRow
from actors.testing import START_MS, Stage, play
from rules.causes import OfRequest

FLOW = """
flow: pulled
variables: {{city: {{type: string}}}}
triggers: {{t: {{{pulled_by}, {keys}}}}}
start: [w, v]
steps:
  w: {{type: wait, until: [{{id: t, type: time, after: P30D}}]}}
  v: {{type: wait, until: [{{id: t, type: time, after: P30D}}]}}
"""

BY = {
    "event": "type: event, event: go",
    "event for many": "type: event, event: go, audience: {all: true}",
    "segment, enter": "type: segment, segment: ulmers, change: enter",
    "segment, publish": "type: segment, segment: ulmers, change: publish",
    "schedule": 'type: schedule, cron: "* * * * *", audience: {all: true}',
    "schedule, once": "type: schedule, at: {offset: PT30S}, audience: {all: true}",
    "webhook": "type: webhook, customer: =body.who, auth: {type: bearer, credential: shop}",
}
"""Kinds of triggers, as they are written."""


async def pulled(kind: str, keys: str) -> list[tuple[InstanceRow, list[str], object]]:
    """What starts for Ann of Ulm, where it stands, and its variable, once all has happened that pulls."""
    async with Stage() as stage:
        await stage.segment("ulmers", "customer.city == 'Ulm'")
        await stage.write("ann", **({"city": "Ulm"} if kind != "segment, enter" else {}))
        await stage.publish(FLOW.format(pulled_by=BY[kind], keys=keys))
        if kind == "segment, enter":
            await stage.write("ann", city="Ulm")
        elif kind == "webhook":
            request = OfRequest("r-1", START_MS, {"who": "ann"}, {}, {})
            await stage.engine.call_hook(
                HookCall(flow="pulled", trigger="t", customer="ann", request=request)
            )
        elif kind.startswith("event"):
            await stage.post("go", "ann")
        await stage.sleep(61)
        rows, _ = await stage.store.instances(InstanceFilter())
        states = [await stage.state(row.id) for row in rows]
        return [
            (row, [token.step for token in state.tokens], state.variables["city"])
            for row, state in zip(rows, states, strict=True)
        ]


@pytest.mark.parametrize("kind", BY)
def test_a_trigger_starts_with_its_variables_under_its_key_at_its_steps(kind: str) -> None:
    async def script() -> None:
        keys = "variables: {city: =customer.city}, key: 'k/{{ customer.id }}', start: v"
        ((row, at, city),) = await pulled(kind, keys)
        assert (row.customer, row.key, at, city) == ("ann", "k/ann", ["v"], "Ulm")

    play(script())


@pytest.mark.parametrize("kind", BY)
def test_fields_with_the_names_of_variables_are_taken(kind: str) -> None:
    async def script() -> None:
        ((_, at, city),) = await pulled(kind, "variables_from: =customer")
        assert (at, city) == (["w", "v"], "Ulm")

    play(script())


@pytest.mark.parametrize("keys", ["enabled: false", 'when: customer.city == "Bonn"'])
@pytest.mark.parametrize("kind", BY)
def test_a_trigger_that_is_switched_off_or_whose_condition_does_not_hold_starts_nothing(
    kind: str, keys: str
) -> None:
    async def script() -> None:
        assert await pulled(kind, keys) == []

    play(script())
