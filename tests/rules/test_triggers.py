"""Event triggers (flow format §3): whom they concern, whether they match, what the start gets."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from rules.causes import Cause, OfEvent, OfRequest, OfSchedule, OfSegment
from rules.compiling.flows import check
from rules.customers.profile import new_profile
from rules.decide import StartPlan, TriggerFailed, World, match_trigger, trigger_target
from rules.inputs import Event
from rules.model import EventTrigger, Flow, Origin
from tests.rules.playing import NOW, Part, document, flow_of, pause


def triggered(**trigger: object) -> Flow:
    variables = {"n": {"type": "number"}, "t": {"type": "string"}}
    return flow_of(
        document(
            {"w": pause(), "v": pause()},
            start=["w", "v"],
            variables=variables,
            triggers={"go": {"type": "event", "event": ["go", "went"], **trigger}},
        )
    )


def event(name: str = "go", **more: object) -> Event:
    fields = {"id": "e", "name": name, "time": NOW, "customer": "c-1", "data": {"n": 2.0, "t": "x"}} | more
    return msgspec.convert(fields, Event)


def trigger_of(flow: Flow) -> EventTrigger:
    (trigger,) = flow.triggers
    assert isinstance(trigger, EventTrigger)
    return trigger


def target(flow: Flow, event: Event) -> str | TriggerFailed | None:
    return trigger_target(trigger_of(flow), event, now=NOW, world=World())


def match(flow: Flow, event: Event, **fields: object) -> StartPlan | TriggerFailed | None:
    profile = replace(new_profile("c-1", NOW), fields=dict(fields))
    return match_trigger(
        flow,
        trigger_of(flow),
        OfEvent(event),
        target="c-1",
        customer=profile,
        now=NOW,
        world=World(constants={"limit": 1.0}),
    )


@pytest.mark.parametrize(
    ("trigger", "happened", "expected"),
    [
        ({}, event(), "c-1"),
        ({}, event("went"), "c-1"),
        ({}, event("other"), None),
        ({}, event(customer=None), None),
        ({"enabled": False}, event(), None),
        ({}, event(origin=Origin.FLOW), "c-1"),
        ({}, event(origin=Origin.APP), None),
        ({"origins": ["app"]}, event(origin=Origin.APP), "c-1"),
        ({"origins": ["app"]}, event(), None),
        ({"customer": "=event.data.t"}, event(), "x"),
        ({"customer": "{{ event.data.nobody }}"}, event(), None),
        ({"customer": "=event.data.t", "origins": ["app"]}, event(origin=Origin.APP), "c-1"),
    ],
)
def test_trigger_concerns_the_customer_that_it_maps(
    trigger: Part, happened: Event, expected: str | None
) -> None:
    assert target(triggered(**trigger), happened) == expected


@pytest.mark.parametrize(
    "customer", ["=event.data.n", "=event.data.missing", "{{ 'x' | append: event.data.long }}"]
)
def test_mapping_that_gives_no_customer_id_fails_the_trigger(customer: str) -> None:
    failed = target(triggered(customer=customer), event(data={"n": 2.0, "long": "x" * 200}))
    assert isinstance(failed, TriggerFailed)


def test_plan_carries_event_variables_key_and_depth() -> None:
    flow = triggered(variables={"n": "=event.data.n + 1"}, key="k-{{ event.data.t }}", start="v")
    plan = match(flow, event(depth=3))
    assert isinstance(plan, StartPlan)
    assert (plan.customer, plan.key) == ("c-1", "k-x")
    assert plan.started.trigger == "go"
    assert plan.started.trigger_type == "event"
    assert plan.started.variables == {"n": 3.0}
    assert plan.started.start == ("v",)
    assert plan.started.depth == 3
    assert plan.started.event == event(depth=3)


def test_key_of_the_event_stands_where_the_trigger_has_none() -> None:
    plan = match(triggered(), event(key="own"))
    assert isinstance(plan, StartPlan)
    assert plan.key == "own"


def test_same_named_fields_are_taken_and_single_ones_win() -> None:
    flow = triggered(variables_from="=event.data", variables={"t": "own"})
    plan = match(flow, event(data={"n": 7.0, "t": "theirs", "other": 1.0}))
    assert isinstance(plan, StartPlan)
    assert plan.started.variables == {"n": 7.0, "t": "own"}


@pytest.mark.parametrize(("tier", "matches"), [("gold", True), ("silver", False)])
def test_condition_reads_event_customer_and_constants(tier: str, matches: bool) -> None:
    flow = triggered(when="event.data.n > 1 && customer.tier == 'gold'")
    assert (match(flow, event(), tier=tier) is not None) is matches


def test_condition_that_fails_starts_nothing_and_shows_what_it_read() -> None:
    failed = match(triggered(when="event.data.n > 1 && event.data.missing"), event())
    assert isinstance(failed, TriggerFailed)
    assert failed.read == {"event.data.n": 2.0}


@pytest.mark.parametrize(
    "trigger",
    [
        {"key": "=event.data.n"},
        {"key": "=event.data.x"},
        {"variables": {"n": "=event.data.x"}},
        {"variables_from": "=event.data.n"},
    ],
)
def test_mapping_that_fails_starts_nothing(trigger: Part) -> None:
    assert isinstance(match(triggered(**trigger), event()), TriggerFailed)


def test_fields_are_taken_from_an_expression_and_from_nothing_else() -> None:
    trigger = {"type": "event", "event": "x", "variables_from": "event.data"}
    found = check(document({"v": {"type": "end"}}, start="v", triggers={"go": trigger}), type="json")
    assert [(each.code, each.pointer) for each in found.problems] == [
        ("not_an_expression", "/triggers/go/variables_from")
    ]
    assert '"=event.data"' in found.problems[0].message


HOURLY: Part = {"type": "schedule", "cron": "0 * * * *", "audience": {"all": True}}
WITH_SEGMENT: Part = {"type": "segment", "segment": "gold", "change": "exit"}
HOOK: Part = {
    "type": "webhook",
    "customer": "=body.who",
    "auth": {"type": "bearer", "credential": "shop"},
    "variables": {"t": "=body.who"},
}
PULLED: list[tuple[Part, Cause, Part, object]] = [
    # trigger, what pulls it, `trigger.metadata`, data of `trigger.event`
    (HOURLY, OfSchedule(at=NOW), {"scheduled_at": "2026-02-02T02:40:00.000Z"}, None),
    (WITH_SEGMENT, OfSegment("gold", "exit", 2), {"segment": "gold", "change": "exit"}, None),
    (HOOK, OfRequest("r", NOW, {"who": "c-1"}, {}, {}), {}, {"who": "c-1"}),
    ({**HOOK, "variables": {}}, OfRequest("r", NOW, ["c-1"], {}, {}), {}, {"body": ["c-1"]}),
]


@pytest.mark.parametrize(("trigger", "cause", "metadata", "data"), PULLED)
def test_what_pulled_a_trigger_is_told_to_the_instance(
    trigger: Part, cause: Cause, metadata: Part, data: object
) -> None:
    flow = flow_of(document({"w": pause()}, triggers={"go": trigger}, variables={"t": {"type": "string"}}))
    plan = match_trigger(flow, flow.triggers[0], cause, target="c-1", customer=None, now=NOW, world=World())
    assert isinstance(plan, StartPlan)
    assert (plan.started.trigger, plan.started.trigger_type) == ("go", trigger["type"])
    assert plan.started.metadata == metadata
    assert (plan.started.event.data if plan.started.event else None) == data
