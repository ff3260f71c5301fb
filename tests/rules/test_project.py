"""`flowdeck.yaml`: what it may say, and what checks make of it."""

import json
from typing import Any

import pytest

from rules.compiling.flows import check
from rules.compiling.project import compile_project
from rules.project import UNKNOWN, Project
from tests.rules.checking.small_flows import NOTHING, SOON, wait

WHOLE = """\
fields:
  plan: {type: string, description: What they pay for.}
event_schemas:
  order.paid:
    type: object
    additionalProperties: false
    properties: {total: {type: number}, note: {type: string}}
app_events: [cart.viewed]
segments:
  loyal: {name: Loyal, rule: 'events("order.paid", "P90D").count() >= 3'}
constants: {shop: {url: https://shop.example}}
"""


def project(text: str = WHOLE) -> Project:
    compiled = compile_project(text, type="yaml")
    assert compiled.problems == ()
    assert compiled.project is not None
    return compiled.project


def test_a_whole_project() -> None:
    read = project()
    assert read.events.keys() == {"order.paid"}
    assert read.app_events == {"cart.viewed"}
    assert read.segments == frozenset({"loyal"})
    assert read.constants == {"shop": {"url": "https://shop.example"}}


@pytest.mark.parametrize("text", ["", "{}", "# nothing yet\n"])
def test_an_empty_project_holds_nothing_against_anyone(text: str) -> None:
    assert project(text) == UNKNOWN


WRONG: list[tuple[str, str, str, int]] = [
    ("fields: {plan: {type: text}}", "bad_value", "/fields/plan/type", 1),
    ("fields:\n  email: {type: string}", "reserved_name", "/fields/email", 2),
    ("event_schemas:\n  a.b: {type: text}", "bad_schema", "/event_schemas/a.b", 2),
    ("event_schemas:\n  card.a: {}", "reserved_name", "/event_schemas/card.a", 2),
    ("segments:\n  a: {rule: customer.x +}", "syntax_error", "/segments/a/rule", 2),
    ("segments:\n  a: {rule: customer.segments.size() > 0}", "reads_segments", "/segments/a/rule", 2),
    ("app_events: [instance.a]", "reserved_name", "/app_events/0", 1),
    ("colours: {}", "unknown_key", "/colours", 1),
    ("containers: {}", "not_supported_yet", "/containers", 1),
]


@pytest.mark.parametrize(("text", "code", "pointer", "line"), WRONG)
def test_what_is_wrong_has_a_place(text: str, code: str, pointer: str, line: int) -> None:
    compiled = compile_project(text, type="yaml")
    assert compiled.project is None
    assert [(each.code, each.pointer, each.line) for each in compiled.problems] == [(code, pointer, line)]


def found(flow: dict[str, Any], known: Project) -> list[tuple[str, str]]:
    written = {"flow": "a", "start": "a", "steps": {"a": NOTHING}} | flow
    return [
        (each.code, each.pointer) for each in check(json.dumps(written), type="json", project=known).problems
    ]


def triggered(when: str, event: str | list[str] = "order.paid") -> dict[str, Any]:
    return {"triggers": {"t": {"type": "event", "event": event, "when": when}}}


def waiting(when: str, event: str = "order.paid") -> dict[str, Any]:
    return {"steps": {"a": wait({"id": "e", "type": "event", "event": event, "when": when}, SOON)}}


def collecting(when: str) -> dict[str, Any]:
    return {"steps": {"a": {"type": "collect", "events": "order.paid", "for": "PT1H", "when": when}}}


def setting(value: str) -> dict[str, Any]:
    return {
        **triggered("event.data.total > 1.0"),
        "variables": {"v": {"type": "string"}},
        "steps": {"a": {"type": "set", "variables": {"v": value}}},
    }


def test_rules_name_any_constant_where_the_project_lists_none() -> None:
    text = "segments: {local: {rule: customer.city == constants.town}}\n"
    assert compile_project(text, type="yaml").problems == ()
    listed = compile_project(text + "constants: {twn: Bremen}\n", type="yaml")
    assert [each.code for each in listed.problems] == ["unknown_name"]


AGAINST: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("a field of its event", triggered("event.data.total > 3.0"), []),
    (
        "a field that its event has not",
        triggered("event.data.totl > 3.0"),
        [("unknown_name", "/triggers/t/when")],
    ),
    (
        "a field of another type",
        triggered("event.data.note > 3.0"),
        [("type_mismatch", "/triggers/t/when")],
    ),
    ("an event of which nothing is known", triggered("event.data.anything > 3.0", "else.where"), []),
    (
        "two events, of one of which nothing is known",
        triggered("event.data.totl > 3.0", ["order.paid", "x"]),
        [],
    ),
    (
        "an event that is waited for",
        waiting("event.data.totl > 3.0"),
        [("unknown_name", "/steps/a/until/0/when")],
    ),
    ("an event that is collected", collecting("event.data.totl > 3.0"), [("unknown_name", "/steps/a/when")]),
    ("the event that started it", setting("=trigger.event.data.note"), []),
    (
        "a field that the event that started it has not",
        setting("=trigger.event.data.nte"),
        [("unknown_name", "/steps/a/variables/v")],
    ),
    (
        "a name that is nearly an event's",
        triggered("true", "order.payed"),
        [("unknown_event", "/triggers/t/event")],
    ),
    ("another event that begins with the same word", triggered("true", "order.sent"), []),
    ("an event that flows raise", {"steps": {"a": {"type": "emit", "event": "order.payed"}}}, []),
    ("an event of apps", triggered("true", "cart.viewed"), []),
    ("a custom field", triggered("customer.plan == 'gold'"), []),
    ("a field that nobody has", triggered("customer.paln == 'gold'"), [("missing_name", "/triggers/t/when")]),
    ("a field like no other", triggered("customer.shoes == 'gold'"), [("missing_name", "/triggers/t/when")]),
    ("a standard field", triggered("customer.email == 'a'"), []),
    (
        "a segment that is none",
        {"triggers": {"t": {"type": "segment", "segment": "loyl", "change": "enter"}}},
        [("unknown_segment", "/triggers/t/segment")],
    ),
    ("a segment", {"triggers": {"t": {"type": "segment", "segment": "loyal", "change": "enter"}}}, []),
]


@pytest.mark.parametrize(("what", "flow", "expected"), AGAINST, ids=[each[0] for each in AGAINST])
def test_flows_are_held_against_it(what: str, flow: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert found(flow, project()) == expected, what


@pytest.mark.parametrize("flow", [each[1] for each in AGAINST], ids=[each[0] for each in AGAINST])
def test_without_a_project_nothing_is_held_against_flows(flow: dict[str, Any]) -> None:
    assert found(flow, UNKNOWN) == []
