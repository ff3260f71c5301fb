"""Scripts as they are read: what is wrong with one is told where it stands, and nothing of it is played."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

import pytest

from rules.compiling.flows import check
from rules.limits import (
    CASE_COUNT_MAX,
    SCRIPT_CUSTOMERS_MAX,
    SCRIPT_NTH_MAX,
    SCRIPT_STEPS_MAX,
    SCRIPT_TIMES_MAX,
)
from rules.model import Flow
from rules.scripts.loading import Loaded, WrittenPlay, WrittenTest, load_play, load_test, read_play, read_test
from rules.scripts.model import Expect, PostEvent, Script, StartByEvent, StartBySchedule, Wanted
from rules.scripts.shared import Shared

FLOW = """
flow: parcel
variables: {n: {type: integer, default: 0}}
triggers:
  shipped: {type: event, event: [shipped, sent]}
  weekly: {type: schedule, cron: "0 9 * * mon", audience: {all: true}}
  sold: {type: webhook, customer: =body.who, auth: {type: bearer, credential: till}}
  joined: {type: segment, segment: gold, change: enter}
start: [ask, call, tell]
steps:
  ask: {type: send_card, card: where, next: wait}
  wait: {type: wait, until: [{id: late, type: time, after: P1D}], close: [ask]}
  call: {type: request, url: "https://example.org", on_error: tell}
  tell: {type: notify, notification: news}
cards: {where: {title: Where, body: [{type: text, text: Where}, {type: submit, name: ok, label: OK}]}}
notifications: {news: {title: News, body: Body}}
"""
compiled = check(FLOW, type="yaml", version=1)
assert compiled.flow is not None, compiled.problems
PARCEL = compiled.flow


def flows_of(key: str, constants: Mapping[str, object]) -> Flow | str:
    return PARCEL if key == "parcel" else f"no {key} here"


def load(text: str) -> Loaded:
    read = read_test(dedent(text), type="yaml")
    return load_test(read, flows_of) if isinstance(read, WrittenTest) else Loaded(problems=read)


def scripts(text: str) -> dict[str, Script]:
    loaded = load(text)
    assert loaded.problems == ()
    return {script.name: script for script in loaded.scripts}


def case(script: str, **setting: str) -> str:
    """A test of one case with one step."""
    given = "".join(f"    {name}: {value}\n" for name, value in setting.items())
    return f"flow: parcel\ncases:\n  one:\n{given}    script:\n      - {script}\n"


WRONG: list[tuple[str, str, str]] = [
    ("{evnt: shipped}", "unknown_key", "/evnt"),
    ("{}", "missing_key", ""),
    ("{after: P1D, at: 2026-01-01T00:00:00Z}", "choose_one", "/at"),
    ("{event: shipped, cancel: {}}", "choose_one", "/cancel"),
    ("{after: 1 day}", "bad_duration", "/after"),
    ("{after: -P1D}", "bad_duration", "/after"),
    ("{at: tomorrow}", "bad_time", "/at"),
    ("{event: card.completed}", "reserved_name", "/event"),
    ("{event: {name: card.completed}}", "reserved_name", "/event/name"),
    ("{event: {name: a, data: {x: =nope}}}", "unknown_name", "/event/data/x"),
    ("{event: {name: a, answer: maybe}}", "bad_value", "/event/answer"),
    ("{start: {event: shipped, variables: {}}}", "choose_one", "/start/variables"),
    ("{start: {data: {}}}", "choose_one", "/start/data"),
    ("{start: {trigger: shiped}}", "unknown_trigger", "/start/trigger"),
    ("{start: {trigger: shipped, event: other}}", "bad_value", "/start/event"),
    ("{start: {trigger: weekly, data: {}}}", "choose_one", "/start/data"),
    ("{start: {trigger: weekly, body: {}}}", "choose_one", "/start/body"),
    ("{start: {event: shipped, query: {}}}", "choose_one", "/start/query"),
    ("{start: {headers: {}}}", "choose_one", "/start/headers"),
    ("{segment: {enter: gold, exit: gold}}", "choose_one", "/segment"),
    ("{segment: {customer: ann}}", "choose_one", "/segment"),
    ("{segment: {exit: golden}}", "unknown_segment", "/segment/exit"),
    ("{start: {trigger: sold, customer: ann}}", "choose_one", "/start/customer"),
    ("{start: {trigger: sold, data: {}}}", "choose_one", "/start/data"),
    ("{start: {flow: other}}", "unknown_flow", "/start/flow"),
    ("{act: {of: nobody, action: dismiss}}", "unknown_step", "/act/of"),
    ("{act: {of: wait, action: dismiss}}", "wrong_step", "/act/of"),
    ("{act: {of: ask, action: press}}", "bad_value", "/act/action"),
    ("{act: {of: ask, action: snooze, for: P1D, until: 2026-02-01T00:00:00Z}}", "choose_one", "/act/for"),
    ("{act: {of: ask, action: dismiss, nth: 0}}", "bad_value", "/act/nth"),
    ("{withdraw: {of: wait}}", "wrong_step", "/withdraw/of"),
    ("{retry: {step: nobody}}", "unknown_step", "/retry/step"),
    ("{skip: {step: ask, to: nobody}}", "unknown_step", "/skip/to"),
    ("{respond: {of: ask}}", "wrong_step", "/respond/of"),
    ("{respond: {of: call, json: {}, error: timeout}}", "choose_one", "/respond/error"),
    ("{respond: {of: call, status: 99}}", "bad_value", "/respond/status"),
    ("{respond: {of: call, times: 0}}", "bad_value", "/respond/times"),
    ("{push: {of: call, is: sent}}", "wrong_step", "/push/of"),
    ("{push: {of: tell}}", "missing_key", "/push"),
    ("{customer: {id: 5}}", "wrong_type", "/customer/id"),
    ("{expect: {}}", "missing_key", "/expect"),
    ("{expect: {card: {of: call}}}", "wrong_step", "/expect/card/of"),
    ("{expect: {card: {staus: active}}}", "unknown_key", "/expect/card/staus"),
    ("{expect: {card: {status: done}}}", "bad_value", "/expect/card/status"),
    ("{expect: {card: {title: {$nope: 1}}}}", "bad_matcher", "/expect/card/title/$nope"),
    ("{expect: {card: {title: =valu}}}", "unknown_name", "/expect/card/title"),
    ("{expect: {instance: {at: nobody}}}", "unknown_step", "/expect/instance/at"),
    ("{expect: {request: ask}}", "wrong_step", "/expect/request/of"),
    ("{expect: {notification: {of: ask}}}", "wrong_step", "/expect/notification/of"),
    ("{expect: {event: {}}}", "missing_key", "/expect/event"),
    ("{expect: {ran: nobody}}", "unknown_step", "/expect/ran"),
    ("{expect: {quiet: false}}", "bad_value", "/expect/quiet"),
    ("{expect: {quiet: soon}}", "bad_duration", "/expect/quiet"),
    ("{expect: {due: soon}}", "bad_time", "/expect/due"),
]


@pytest.mark.parametrize(("step", "code", "pointer"), WRONG, ids=[each[0] for each in WRONG])
def test_what_is_wrong_is_told_where_it_stands(step: str, code: str, pointer: str) -> None:
    loaded = load(case(step))
    assert loaded.scripts == ()
    assert (code, f"/cases/one/script/0{pointer}", 5) in [
        (problem.code, problem.pointer, problem.line) for problem in loaded.problems
    ]


def test_the_nearest_name_is_proposed() -> None:
    (problem,) = load(case("{act: {of: aks, action: dismiss}}")).problems
    assert problem.message.endswith('Did you mean "ask"?')
    assert (problem.line, problem.column) == (5, 20)


@pytest.mark.parametrize(
    ("setting", "code", "pointer"),
    [
        ({"at": "soon"}, "bad_time", "/at"),
        ({"customer": "{id: a, frist_name: B}"}, "bad_value", "/customer/frist_name"),
        ({"customer": "{id: a, timezone: Mars}"}, "bad_value", "/customer/timezone"),
        ({"customer": "{id: 5}"}, "bad_name", "/customer"),
        ({"customers": "[{id: a}, {id: a}]"}, "bad_name", "/customers/1"),
        ({"customer": "{id: a}", "customers": "[{id: b}]"}, "choose_one", "/customers"),
        ({"start": "{trigger: joined, data: {}}"}, "choose_one", "/start/data"),
        ({"start": "{trigger: joined, refused: live}"}, "bad_value", "/start/refused"),
        ({"start": "{trigger: weekly, refused: live}"}, "bad_value", "/start/refused"),
        ({"customer": "{id: a, segments: gold}"}, "wrong_type", "/customer/segments"),
        ({"segments": "{gold: customer.}"}, "syntax_error", "/segments/gold"),
        ({"segments": "{gold: '\"a\" in customer.segments'}"}, "reads_segments", "/segments/gold"),
        ({"constants": "5"}, "wrong_type", "/constants"),
    ],
)
def test_a_wrong_setting_is_told_where_it_stands(setting: dict[str, str], code: str, pointer: str) -> None:
    problems = [(each.code, each.pointer) for each in load(case("{after: P1D}", **setting)).problems]
    assert (code, f"/cases/one{pointer}") in problems


def test_what_a_test_says_holds_for_cases_that_say_nothing() -> None:
    found = scripts(
        """
        flow: parcel
        customer: {id: ann, first_name: Ann}
        at: 2026-03-01T00:00:00Z
        start: {event: shipped}
        cases:
          a: {script: []}
          b: {at: 2027-01-01T00:00:00Z, customers: [{id: bob}, {id: cyd}]}
        """
    )
    assert [tuple(script.customers) for script in found.values()] == [("ann",), ("bob", "cyd")]
    assert found["a"].at < found["b"].at
    assert all(isinstance(script.steps[0].does, StartByEvent) for script in found.values())


def test_a_default_that_is_wrong_is_told_once_where_it_stands() -> None:
    loaded = load("flow: parcel\nat: soon\ncases:\n  a: {script: []}\n  b: {script: []}\n")
    assert [(each.code, each.pointer, each.line) for each in loaded.problems] == [("bad_time", "/at", 2)]


def test_a_flow_that_is_not_there_is_told_with_its_reason() -> None:
    loaded = load("flow: parcl\ncases: {a: {}}\n")
    assert [(each.code, each.pointer, each.message) for each in loaded.problems] == [
        ("unknown_flow", "/flow", "no parcl here")
    ]
    beside = load("flow: parcel\nflows: [other]\ncases: {a: {}}\n")
    assert [each.pointer for each in beside.problems] == ["/flows/0"]


def test_a_trigger_names_the_event_that_pulls_it() -> None:
    (step,) = scripts(case("{start: {trigger: shipped}}"))["one"].steps
    assert isinstance(step.does, StartByEvent)
    assert step.does.event.written.name == "shipped"


def test_a_schedule_is_waited_for() -> None:
    (step,) = scripts(case("{start: {trigger: weekly}}"))["one"].steps
    assert isinstance(step.does, StartBySchedule)


def test_an_event_may_be_written_in_short() -> None:
    (step,) = scripts(case("{event: shipped}"))["one"].steps
    assert isinstance(step.does, PostEvent)
    assert step.does.written.name == "shipped"


def test_constants_of_a_case_come_over_the_servers() -> None:
    read = read_test(case("{after: P1D}", constants="{a: 1}"), type="yaml")
    assert isinstance(read, WrittenTest)
    (script,) = load_test(read, flows_of, shared=Shared(constants={"a": 0, "b": 2})).scripts
    assert script.constants == {"a": 1, "b": 2}


def test_a_script_by_itself_is_one_case() -> None:
    read = read_play("script: [{after: P1D}]\ncustomer: {id: ann}\n", type="yaml")
    assert isinstance(read, WrittenPlay)
    (script,) = load_play(read, "parcel", flows_of).scripts
    assert (script.name, tuple(script.customers), len(script.steps)) == ("", ("ann",), 1)


def test_a_script_by_itself_is_told_its_problems() -> None:
    read = read_play("script: [{act: {of: aks, action: dismiss}}]\n", type="yaml")
    assert isinstance(read, WrittenPlay)
    assert [each.pointer for each in load_play(read, "parcel", flows_of).problems] == ["/script/0/act/of"]
    assert isinstance(read_play("scrip: []", type="yaml"), tuple)


def test_text_that_is_no_yaml_is_no_test() -> None:
    assert [each.code for each in load("flow: [").problems] == ["bad_yaml"]


def test_a_script_expects_a_failure_only_if_it_says_so() -> None:
    def expects(step: str) -> bool:
        return scripts(case(step))["one"].expects_failure

    assert expects("{expect: {instance: {status: failed}}}")
    assert expects("{expect: {instance: {status: [running, failed]}}}")
    assert expects("{expect: {instance: {error: {code: x}}}}")
    assert not expects("{expect: {instance: {status: running}}}")
    assert not expects("{expect: {card: {status: active}}}")
    assert not expects("{after: P1D}")


def wanted(step: str) -> Wanted:
    (only,) = scripts(case(step))["one"].steps
    assert isinstance(only.does, Expect)
    (expectation,) = only.does.expectations
    assert isinstance(expectation, Wanted)
    return expectation


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        ("{cards: 2}", "{cards: {count: 2}}"),
        ("{instances: 2}", "{instances: {count: 2}}"),
        ("{event: a}", "{event: {name: a}}"),
        ("{no_event: a}", "{no_event: {name: a}}"),
        ("{request: call}", "{request: {of: call}}"),
        ("{no_request: call}", "{no_request: {of: call}}"),
        ("{notification: tell}", "{notification: {of: tell}}"),
        ("{no_notification: tell}", "{no_notification: {of: tell}}"),
        ("{refused: live}", "{refused: {reason: live}}"),
    ],
)
def test_what_is_expected_may_be_written_in_short(short: str, whole: str) -> None:
    assert wanted(f"{{expect: {short}}}") == wanted(f"{{expect: {whole}}}")


# --- bounds ----------------------------------------------------------------------------------------


def test_as_many_steps_cases_and_customers_as_may_be() -> None:
    steps = "\n".join(["      - {after: PT1S}"] * SCRIPT_STEPS_MAX)
    text = f"flow: parcel\ncases:\n  one:\n    script:\n{steps}\n"
    assert load(text).problems == ()
    assert [each.code for each in load(text + "      - {after: PT1S}\n").problems] == ["bad_value"]
    cases = "".join(f"  c{number}: {{}}\n" for number in range(CASE_COUNT_MAX))
    assert load("flow: parcel\ncases:\n" + cases).problems == ()
    assert [each.code for each in load("flow: parcel\ncases:\n  z: {}\n" + cases).problems] == ["bad_value"]
    some = ", ".join(f"{{id: c{number}}}" for number in range(SCRIPT_CUSTOMERS_MAX))
    assert load(case("{after: P1D}", customers=f"[{some}]")).problems == ()
    assert load(case("{after: P1D}", customers=f"[{some}, {{id: z}}]")).problems != ()


@pytest.mark.parametrize(
    ("step", "most"),
    [
        ("{{act: {{of: ask, action: dismiss, nth: {}}}}}", SCRIPT_NTH_MAX),
        ("{{expect: {{cards: {}}}}}", SCRIPT_TIMES_MAX),
        ("{{respond: {{of: call, times: {}}}}}", SCRIPT_TIMES_MAX),
    ],
)
def test_counts_have_an_edge(step: str, most: int) -> None:
    assert load(case(step.format(most))).problems == ()
    assert load(case(step.format(most + 1))).problems != ()
