"""What only a whole flow shows, in small flows of JSON."""

import json
from typing import Any

import pytest

from rules.compiling.flows import check
from tests.rules.checking.small_flows import CARD, DONE, NOTHING, SEND, SOON, problems, to, wait

WAYS: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("a step that nothing leads to", {"a": {"type": "end"}, "b": NOTHING}, [("unreachable", "/steps/b")]),
    (
        "steps that lead only to each other",
        {"a": NOTHING, "b": to("c", NOTHING), "c": wait({**SOON, "next": "b"})},
        [("unreachable", "/steps/b"), ("unreachable", "/steps/c")],
    ),
    ("what only on_error leads to", {"a": {**NOTHING, "on_error": "b"}, "b": NOTHING}, []),
    (
        "what only a deadline leads to",
        {
            "a": wait({"id": "e", "type": "event", "event": "x"}, deadline={"after": "PT1H", "next": "b"}),
            "b": NOTHING,
        },
        [],
    ),
    (
        "what only else leads to",
        {"a": {"type": "branch", "cases": [{"id": "x", "when": "now == now"}], "else": "b"}, "b": NOTHING},
        [],
    ),
    (
        "what the next of a wait for any leads to, which goes on with its outcomes",
        {"a": to("b", wait(SOON)), "b": NOTHING},
        [("next_not_taken", "/steps/a/next"), ("unreachable", "/steps/b")],
    ),
    (
        "what the next of a wait for all leads to",
        {"a": to("b", wait(SOON, need="all", deadline={"after": "P1D"})), "b": NOTHING},
        [],
    ),
    (
        "what the next of a branch leads to, which goes on with its cases",
        {"a": to("b", {"type": "branch", "cases": [{"id": "x", "when": "now == now"}]}), "b": NOTHING},
        [("next_not_taken", "/steps/a/next"), ("unreachable", "/steps/b")],
    ),
    (
        "what the next of an end leads to, which ends everything",
        {"a": to(["b", "c"], NOTHING), "b": to("c", {"type": "end"}), "c": to([], {"type": "end"})},
        [("next_not_taken", "/steps/b/next")],
    ),
    ("a loop without a wait", {"a": to("b", NOTHING), "b": to("a", NOTHING)}, [("busy_loop", "/steps/a")]),
    ("a step that leads to itself", {"a": to("a", NOTHING)}, [("busy_loop", "/steps/a")]),
    (
        "a loop through a collect",
        {"a": to("b", NOTHING), "b": to("a", {"type": "collect", "events": "x", "for": "PT1H"})},
        [],
    ),
    (
        "a loop through a request",
        {
            "a": to("b", NOTHING),
            "b": to("a", {"type": "request", "url": "https://example.org", "on_error": []}),
        },
        [],
    ),
    (
        "a loop through a flow that is waited for",
        {"a": to("b", NOTHING), "b": to("a", {"type": "start_flow", "flow": "x", "wait": True})},
        [],
    ),
    (
        "a loop through a flow that is only started",
        {"a": to("b", NOTHING), "b": to("a", {"type": "start_flow", "flow": "x", "wait": False})},
        [("busy_loop", "/steps/a")],
    ),
    ("a loop through a wait", {"a": to("b", NOTHING), "b": wait({**SOON, "next": "a"})}, []),
    ("a join for all in a loop", {"a": to("b", {"type": "join"}), "b": wait({**SOON, "next": "a"})}, []),
    (
        "a join for any in a loop",
        {"a": to("b", {"type": "join", "need": "any"}), "b": wait({**SOON, "next": "a"})},
        [("join_in_loop", "/steps/a/need")],
    ),
    (
        "a join for two after a fork",
        {
            "a": to(["b", "c"], NOTHING),
            "b": to("j", NOTHING),
            "c": to("j", NOTHING),
            "j": {"type": "join", "need": 2},
        },
        [],
    ),
]


@pytest.mark.parametrize(("steps", "expected"), [each[1:] for each in WAYS], ids=[each[0] for each in WAYS])
def test_ways(steps: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert problems(steps) == expected


def test_the_message_shows_the_loop() -> None:
    steps = {"a": to("b", NOTHING), "b": to("c", NOTHING), "c": to("b", NOTHING)}
    flow = {"flow": "a", "start": "a", "steps": steps}
    (problem,) = check(json.dumps(flow), type="json").problems
    assert problem.message == "The loop b → c → b goes through no step that waits."


WAITS: list[tuple[str, dict[str, Any], dict[str, Any], list[tuple[str, str]]]] = [
    ("without a time", {"send": to("w", SEND), "w": wait(DONE)}, {}, [("waits_forever", "/steps/w")]),
    (
        "in an instance that gets only so old",
        {"send": to("w", SEND), "w": wait(DONE)},
        {"entry": {"max_age": "P30D"}},
        [],
    ),
    (
        "for all with a time among them",
        {"send": to("w", SEND), "w": wait(DONE, SOON, need="all")},
        {},
        [("waits_forever", "/steps/w")],
    ),
    (
        "with a deadline",
        {"send": to("w", SEND), "w": wait(DONE, deadline={"after": "PT1H"}, close="send")},
        {},
        [],
    ),
    (
        "in a flow with an exit",
        {"send": to("w", SEND), "w": wait(DONE)},
        {"exits": [{"id": "e", "type": "event", "event": "x", "outcome": "left"}]},
        [],
    ),
]


@pytest.mark.parametrize(
    ("steps", "rest", "expected"), [each[1:] for each in WAITS], ids=[each[0] for each in WAITS]
)
def test_a_wait_ends_some_day(
    steps: dict[str, Any], rest: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert problems(steps, **rest) == expected


def test_a_picture_has_words() -> None:
    body = [{"type": "image", "url": "https://example.org/a.png"}, *CARD["body"]]
    assert problems({"send": SEND}, cards={"c": {"body": body}}) == [("missing_alt", "/cards/c/body/0")]


def test_a_template_that_no_step_shows_may_stand() -> None:
    assert problems({"a": NOTHING}, cards={"c": CARD, "d": CARD}) == []


def read(value: str, **rest: Any) -> list[tuple[str, str]]:
    steps = {"a": to("b", {"type": "emit", "event": "x", "data": {"v": value}}), "b": NOTHING}
    return problems(steps, **({"variables": {"v": {"type": "integer"}}} | rest))


@pytest.mark.parametrize(
    ("value", "rest", "codes"),
    [
        ("=vars.v + 1", {}, ["maybe_missing"]),
        ("Number {{ vars.v }}", {}, ["maybe_missing"]),
        ("=vars.v", {}, []),
        ("=vars.v != null ? vars.v : 0", {}, []),
        ("{% if vars.v %}{{ vars.v }}{% endif %}", {}, []),
        ("{{ vars.v | default: 'none' }}", {}, []),
        ("=vars.v + 1", {"variables": {"v": {"type": "integer", "required": True}}}, []),
        ("=vars.v + 1", {"variables": {"v": {"type": "integer", "default": 1}}}, []),
        ("{{ customer.frist_name }}", {}, ["missing_name"]),
        ("{{ customer.first_name }}", {}, []),
        ("{{ customer.tier }}", {}, []),
    ],
)
def test_names_that_may_hold_nothing(value: str, rest: dict[str, Any], codes: list[str]) -> None:
    assert [each[0] for each in read(value, **rest)] == codes


def test_a_variable_that_every_path_has_set_is_not_missing() -> None:
    fork = {"type": "branch", "cases": [{"id": "x", "when": "now == now", "next": "s1"}], "else": "s2"}
    writes = {"type": "set", "variables": {"v": 1}}
    reads = {"type": "set", "variables": {"v": "=vars.v + 1"}}
    variables = {"v": {"type": "integer"}}
    both = {"a": fork, "s1": to("r", writes), "s2": to("r", writes), "r": reads}
    assert problems(both, variables=variables) == []
    one = {**both, "s2": to("r", NOTHING)}
    assert problems(one, variables=variables) == [("maybe_missing", "/steps/r/variables/v")]


def test_an_exit_ends_or_goes_on_but_not_both() -> None:
    exit = {"id": "e", "type": "event", "event": "x", "outcome": "left", "next": "a"}
    assert problems({"a": NOTHING}, exits=[exit]) == [("choose_one", "/exits/0/outcome")]
    twice = [{"id": "e", "type": "event", "event": "x"}] * 2
    assert problems({"a": NOTHING}, exits=twice) == [("duplicate_id", "/exits/1/id")]


def test_outcomes_of_a_wait_for_all_lead_nowhere_themselves() -> None:
    steps = {"w": wait({**SOON, "next": "a"}, need="all", deadline={"after": "PT2H"}), "a": NOTHING}
    assert ("choose_one", "/steps/w/until/0/next") in problems(steps)


@pytest.mark.parametrize(
    ("actions", "wrong"),
    [
        ("completed", []),
        (["submitted", "completed"], []),
        ("dismissed", ["dismissed"]),
        (["completed", "expired", "linked"], ["expired", "linked"]),
    ],
)
def test_only_what_is_submitted_has_a_button(actions: str | list[str], wrong: list[str]) -> None:
    heard = {**DONE, "action": actions, "button": "go"}
    steps = {"send": to("w", SEND), "w": wait(heard, SOON, close="send")}
    flow = {"flow": "a", "start": "send", "steps": steps, "cards": {"c": CARD}, "exits": [heard]}
    found = [each for each in check(json.dumps(flow), type="json").problems if each.code == "no_button"]
    places = ["/exits/0/button", "/steps/w/until/0/button"] if wrong else []
    assert [problem.pointer for problem in found] == places
    assert all(f'"{action}"' in problem.message for problem in found for action in wrong)


def test_a_flow_of_500_steps_is_checked_without_a_walk_for_each() -> None:
    steps: dict[str, Any] = {f"s{n}": to(f"s{n - 1}", NOTHING) for n in range(1, 500)}
    steps["s0"] = NOTHING
    assert problems(steps, start="s499") == []


@pytest.mark.parametrize(
    ("type", "value", "fits"),
    [
        ("integer", "five", False),
        ("integer", "='five'", False),
        ("integer", 2.5, False),
        ("integer", 2.0, True),
        ("integer", None, True),
        ("integer", "=vars.wide * 2.0", True),
        ("integer", "=customer.points", True),
        ("integer", "{{ vars.wide }}", False),
        ("number", "=1", True),
        ("string", 5, False),
        ("string", "=now", False),
        ("string", "{{ now }}", True),
        ("boolean", "=now > now", True),
        ("boolean", "true", False),
        ("datetime", "=now", True),
        ("datetime", "{{ now }}", True),
        ("datetime", "soon", False),
        ("date", "=now", False),
        ("date", "2026-03-01", True),
        ("list", {"a": "=now"}, False),
        ("list", ["=now"], True),
        ("object", {"a": "=now"}, True),
    ],
)
def test_what_can_never_be_of_the_variables_type_is_refused(type: str, value: object, fits: bool) -> None:
    variables = {"v": {"type": type}, "wide": {"type": "number", "default": 1}}
    found = problems({"a": {"type": "set", "variables": {"v": value}}}, variables=variables)
    assert found == ([] if fits else [("type_mismatch", "/steps/a/variables/v")])


@pytest.mark.parametrize("name", ["=vars.name", "order.{{ vars.name }}", "{% if now %}x{% endif %}"])
def test_names_of_events_are_static(name: str) -> None:
    heard = {"id": "e", "type": "event", "event": name, "next": "b"}
    trigger = {"type": "event", "event": ["x", name]}
    steps = {"a": wait(heard, SOON), "b": {"type": "emit", "event": name}}
    assert problems(steps, triggers={"t": trigger}) == [
        ("bad_name", "/steps/a/until/0/event"),
        ("bad_name", "/steps/b/event"),
        ("bad_name", "/triggers/t/event/1"),
    ]


def test_what_a_trigger_can_never_supply_is_refused() -> None:
    trigger = {"type": "event", "event": "x", "variables": {"v": "five"}}
    found = problems({"a": {"type": "end"}}, variables={"v": {"type": "integer"}}, triggers={"t": trigger})
    assert found == [("type_mismatch", "/triggers/t/variables/v")]
