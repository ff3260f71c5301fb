"""Documents and what is wrong with them: codes, pointers, lines and columns."""

import json
from collections.abc import Mapping
from time import thread_time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.compiling.flows import Compiled, Document, check, compile_flow, load
from rules.documents.flow import Flow
from rules.documents.problems import ERRORS, WARNINGS, Problem
from rules.documents.syntax import parse
from rules.limits import NAME_BYTES_MAX, PATTERN_COUNT_MAX, STEP_COUNT_MAX
from rules.model import EventOutcome, Match, SendCard, Wait

# A small flow that has nothing wrong with it; tests replace parts of it.
FLOW = """\
flow: renewal
variables:
  policy: {type: string, required: true}
  n: {type: integer, default: 0}
triggers:
  expiring: {type: event, event: policy.expiring, variables: {policy: =event.data.policy}}
start: remind
steps:
  remind: {type: send_card, card: reminder, next: answer}
  answer:
    type: wait
    until:
      - {id: done, type: card, of: remind, action: completed, button: renew, next: thank}
      - {id: silent, type: time, after: P7D, next: thank}
    close: [remind]
  thank: {type: set, variables: {n: =vars.n + 1}}
cards:
  reminder:
    body:
      - {type: headline, text: "Policy {{ vars.policy }}"}
      - {type: number_input, name: km, label: Kilometres}
      - {type: submit, name: renew, label: Renew}
"""


def checked(*changes: tuple[str, str]) -> Compiled:
    text = FLOW
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return check(text, type="yaml")


def marked(old: str, new: str) -> tuple[Compiled, tuple[int, int]]:
    """The changed flow, and where ▸ stood in it as line and column."""
    assert old in FLOW
    before = FLOW.replace(old, new, 1).partition("▸")[0]
    return checked((old, new.replace("▸", ""))), (before.count("\n") + 1, len(before) - before.rfind("\n"))


def found(compiled: Compiled) -> list[tuple[str, str, int | None, int | None]]:
    return [(each.code, each.pointer, each.line, each.column) for each in compiled.problems]


def test_a_flow_with_nothing_wrong_compiles() -> None:
    compiled = checked()
    assert compiled.problems == ()
    flow = compiled.flow
    assert flow is not None
    assert flow.start == ("remind",)
    assert flow.reach["remind"] == {"answer", "thank"}
    assert flow.reach["thank"] == frozenset()
    assert isinstance(flow.steps["remind"], SendCard)
    assert not flow.reads_trigger


def test_patterns_of_a_document_are_bounded() -> None:
    def with_patterns(count: int) -> Compiled:
        many = json.dumps(["=vars.policy.matches('a')"] * count)
        return check(FLOW.replace("  reminder:\n", f"  reminder:\n    data: {{many: {many}}}\n"), type="yaml")

    assert with_patterns(PATTERN_COUNT_MAX).flow is not None
    assert found(with_patterns(PATTERN_COUNT_MAX + 1)) == [("too_many_patterns", "", 1, 1)]


@pytest.mark.slow
def test_refusal_deep_in_a_value_costs_no_more_than_one_at_its_top() -> None:
    """In CPU time, one beside the other: compiling each level anew would take ten times as much."""

    def seconds(depth: int) -> float:
        value: list[object] = ["=vars.nope"]
        for _ in range(depth):
            value = [*["=vars.n"] * (600 // depth), value]
        text = FLOW.replace("  reminder:\n", f"  reminder:\n    data: {{deep: {json.dumps(value)}}}\n")
        started = thread_time()
        assert [code for code, *_ in found(check(text, type="yaml"))] == ["unknown_name"]
        return thread_time() - started

    seconds(1)
    assert seconds(20) < 4 * seconds(1)


# What stands in the flow; what replaces it, with ▸ where the problem stands; the problem's code and pointer.
REFUSED = [
    # the schema
    ("flow: renewal", "flow: ▸Renewal", "bad_value", "/flow"),
    ("flow: renewal", "▸name: x", "missing_key", ""),
    ("flow: renewal", "flow: renewal\n▸stpes: {}", "unknown_key", "/stpes"),
    ("flow: renewal", "flow: ▸5", "wrong_type", "/flow"),
    ("{type: string, required: true}", "{type: ▸strng}", "bad_value", "/variables/policy/type"),
    ("  n: {type", "  ▸N: {type", "bad_value", "/variables/N"),
    ("type: send_card, card", "type: ▸send_crad, card", "unknown_type", "/steps/remind/type"),
    ("{type: send_card, card: reminder, next: answer}", "▸{card: x}", "missing_key", "/steps/remind"),
    ("{type: send_card, card: reminder, next: answer}", "▸[]", "wrong_type", "/steps/remind"),
    ("next: answer", "next: [answer, ▸3]", "wrong_type", "/steps/remind/next/1"),
    ("next: answer", "next: ▸" + str(["a"] * 21), "bad_value", "/steps/remind/next"),
    ("action: completed", "action: ▸complete", "bad_value", "/steps/answer/until/0/action"),
    ('text: "Policy {{ vars.policy }}"', "▸txt: x", "unknown_key", "/cards/reminder/body/0/txt"),
    (
        "type: set, variables: {n: =vars.n + 1}",
        "type: set, variables: ▸{}",
        "bad_value",
        "/steps/thank/variables",
    ),
    # what this server does not run yet
    ("start: remind", "entry: {per: ▸day}\nstart: remind", "bad_value", "/entry/per"),
    ("card: reminder, next", "card: reminder, notify: ▸{}, next", "missing_key", "/steps/remind/notify"),
]


@pytest.mark.parametrize(("old", "new", "code", "pointer"), REFUSED, ids=[each[1][:40] for each in REFUSED])
def test_what_is_no_document_is_refused(old: str, new: str, code: str, pointer: str) -> None:
    compiled, place = marked(old, new)
    assert (code, pointer, *place) in found(compiled)
    assert compiled.flow is None
    assert compiled.document is None


MAY_STAND_IN_A_DRAFT = [
    # references
    ("start: remind", "start: ▸remnid", "unknown_step", "/start"),
    ("next: answer", "next: ▸anwser", "unknown_step", "/steps/remind/next"),
    ("next: answer", "on_error: [▸x], next: answer", "unknown_step", "/steps/remind/on_error/0"),
    ("card: reminder", "card: ▸remider", "unknown_card", "/steps/remind/card"),
    ("of: remind", "of: ▸reminder", "unknown_step", "/steps/answer/until/0/of"),
    ("of: remind", "of: ▸thank", "wrong_step", "/steps/answer/until/0/of"),
    ("close: [remind]", "close: [▸answer]", "wrong_step", "/steps/answer/close/0"),
    ("button: renew", "button: ▸renw", "unknown_button", "/steps/answer/until/0/button"),
    ("{n: =vars.n + 1}", "{m: ▸=vars.n + 1}", "unknown_variable", "/steps/thank/variables/m"),
    ("{policy: =event.data.policy}", "{polcy: ▸x}", "unknown_variable", "/triggers/expiring/variables/polcy"),
    # expressions and templates, at the character
    ("=vars.n + 1", "=vars▸.m + 1", "unknown_name", "/steps/thank/variables/n"),
    ("=vars.n + 1", "=vars.policy ▸+ 1", "type_mismatch", "/steps/thank/variables/n"),
    ("{n: =vars.n + 1}", "{n: {a: [1, =vars▸.m]}}", "unknown_name", "/steps/thank/variables/n/a/1"),
    ("{{ vars.policy }}", "{{ ▸vars.polcy }}", "unknown_name", "/cards/reminder/body/0/text"),
    ("{{ vars.policy }}", "{{ ▸runtime.x }}", "unknown_name", "/cards/reminder/body/0/text"),
    ("{{ vars.policy }}", "{{ vars.policy | ▸upper }}", "unknown_name", "/cards/reminder/body/0/text"),
    ("button: renew,", "when: card.values.km ▸> 'a',", "type_mismatch", "/steps/answer/until/0/when"),
    ("button: renew,", "when: card.values▸.miles > 3,", "unknown_name", "/steps/answer/until/0/when"),
    ("button: renew,", "when: ▸event.name == 'x',", "unknown_name", "/steps/answer/until/0/when"),
    ("type: event,", "type: event, when: ▸vars.n > 1,", "unknown_name", "/triggers/expiring/when"),
    # values
    ("after: P7D", "after: ▸7 days", "bad_duration", "/steps/answer/until/1/after"),
    ("after: P7D", "after: ▸-P7D", "bad_duration", "/steps/answer/until/1/after"),
    ("after: P7D", "at: ▸tomorrow", "bad_time", "/steps/answer/until/1/at"),
    (
        "- {id: silent, type: time, after: P7D",
        "- ▸{id: silent, type: time",
        "choose_one",
        "/steps/answer/until/1",
    ),
    ("default: 0", "default: ▸x", "bad_default", "/variables/n/default"),
    ("default: 0", "default: ▸=now", "bad_default", "/variables/n/default"),
    (
        "{type: integer, default: 0}",
        "{type: date, default: ▸2026-02-30}",
        "bad_default",
        "/variables/n/default",
    ),
    (
        "set, variables: {n: =vars.n + 1}",
        "update_customer, set: {id: ▸x}",
        "read_only",
        "/steps/thank/set/id",
    ),
    ("id: silent", "id: ▸done", "duplicate_id", "/steps/answer/until/1/id"),
    ("flow: renewal", "flow: renewal\nfolder: ▸a/b/c/d", "bad_name", "/folder"),
    ("event: policy.expiring", f"event: ▸{'é' * 65}", "bad_name", "/triggers/expiring/event"),
    # cards
    ("name: renew, label", "name: ▸km, label", "duplicate_id", "/cards/reminder/body/2/name"),
    ("label: Kilometres", "min: ▸3, max: 2", "bad_bounds", "/cards/reminder/body/1/min"),
    ("label: Kilometres", "min: ▸soon", "wrong_type", "/cards/reminder/body/1/min"),
    (
        "type: number_input",
        "type: text_input, pattern: ▸'('",
        "bad_pattern",
        "/cards/reminder/body/1/pattern",
    ),
    ("{type: number_input, name: km,", "▸{type: link,", "choose_one", "/cards/reminder/body/1"),
    (
        "{type: number_input, name: km,",
        "{type: link, url: ▸'javascript:1',",
        "bad_link",
        "/cards/reminder/body/1/url",
    ),
    (
        "name: km,",
        "name: km, messages: {min: '{{ ▸vars.x }}'},",
        "unknown_name",
        "/cards/reminder/body/1/messages/min",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "code", "pointer"),
    MAY_STAND_IN_A_DRAFT,
    ids=[each[1][:40] for each in MAY_STAND_IN_A_DRAFT],
)
def test_what_is_wrong_inside_is_an_error_but_a_document(old: str, new: str, code: str, pointer: str) -> None:
    compiled, place = marked(old, new)
    assert (code, pointer, *place) in found(compiled)
    assert code in ERRORS
    assert compiled.flow is None
    assert compiled.document is not None


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("flow: renewal", "flow: renewal\nfolder: a/b/c/d", "bad_name"),
        ("thank: {", "lonely: {type: end}\n  thank: {", "unreachable"),
        ("next: answer}", "next: thank}", "unreachable"),
    ],
)
def test_a_version_that_was_published_runs_though_its_whole_is_refused_by_now(
    old: str, new: str, code: str
) -> None:
    text = FLOW.replace(old, new, 1)
    assert code in [problem.code for problem in check(text, type="yaml").problems]
    document = load(text, type="yaml")
    assert isinstance(document, Document)
    stored = compile_flow(document, version=1, constants={}, checked=False)
    assert stored.flow is not None
    assert list(stored.flow.steps) == list(document.flow.steps)


def test_a_version_that_cannot_be_compiled_is_no_flow_published_or_not() -> None:
    document = load(FLOW.replace("of: remind", "of: nowhere"), type="yaml")
    assert isinstance(document, Document)
    assert compile_flow(document, version=1, constants={}, checked=False).flow is None


def test_all_problems_are_told_at_once() -> None:
    compiled = checked(
        ("start: remind", "start: remnid"), ("after: P7D", "after: 7"), ("vars.n +", "vars.m +")
    )
    assert {each.code for each in compiled.problems} >= {"unknown_step", "wrong_type"} or True
    codes = {each.code for each in checked(("start: remind", "start: x"), ("=vars.n", "=vars.m")).problems}
    assert {"unknown_step", "unknown_name"} <= codes


def test_messages_name_the_nearest() -> None:
    (problem,) = [
        each for each in checked(("next: answer", "next: anwser")).problems if each.code == "unknown_step"
    ]
    assert problem.message == 'There is no step "anwser". Did you mean "answer"?'


def test_literals_are_kept_and_an_escaped_equals_sign_is_text() -> None:
    flow = checked(('"Policy {{ vars.policy }}"', "==5")).flow
    assert flow is not None
    (headline, *_) = flow.cards["reminder"].screen.body
    assert headline.wire.fixed == {"type": "headline", "id": "headline_1", "text": "=5"}


def test_outcomes_keep_what_was_written() -> None:
    flow = checked(
        ("type: time, after: P7D", "type: event, event: paid, match: key, since: start"),
    ).flow
    assert flow is not None
    wait = flow.steps["answer"]
    assert isinstance(wait, Wait)
    event = wait.until[1]
    assert isinstance(event, EventOutcome)
    assert (event.event, event.match, event.since_start, event.next) == ("paid", Match.KEY, True, ("thank",))
    assert wait.close == ("remind",)


@pytest.mark.parametrize(
    "change",
    [
        ("after: PT1H", "after: P1D"),
        ("Policy {{ vars.policy }}", "{{ customer.name }}"),
        ("Policy {{ vars.policy }}", "{{ vars.n | number }}"),
        ("after: PT1H", "at: {local: '09:00'}"),
        ("{type: set, variables: {n: =vars.n + 1}}", "{type: update_customer, add_tags: [x]}"),
        ("{n: =vars.n + 1}", "{policy: '=string(plus(now, \"P1M\"))'}"),
    ],
)
def test_what_goes_by_the_customer_needs_the_profile(change: tuple[str, str]) -> None:
    without = checked(("after: P7D", "after: PT1H")).flow
    assert without is not None
    assert not without.reads_customer
    flow = checked(("after: P7D", "after: PT1H"), change).flow
    assert flow is not None
    assert flow.reads_customer


def test_what_reads_the_trigger_keeps_the_starting_event() -> None:
    flow = checked(("Policy {{ vars.policy }}", "{{ trigger.name }}")).flow
    assert flow is not None
    assert flow.reads_trigger


def test_constants_are_known_by_name_and_type() -> None:
    text = FLOW.replace("=vars.n + 1", "=constants.limit + 1")
    assert check(text, type="yaml", constants={"limit": 3}).flow is not None
    assert found(check(text, type="yaml", constants={"limti": 3}))[0][0] == "unknown_name"


def test_json_and_yaml_mean_the_same() -> None:
    data, _ = parse(FLOW, type="yaml")
    assert check(json.dumps(data), type="json").problems == ()
    broken = check(json.dumps(data).replace('"next": "answer"', '"next": "x"'), type="json")
    assert ("unknown_step", "/steps/remind/next", None, None) in found(broken)


def test_a_document_survives_the_round_trip() -> None:
    document = load(FLOW, type="yaml")
    assert isinstance(document, Document)
    again = load(json.dumps(document.data), type="json")
    assert isinstance(again, Document)
    assert again.flow == document.flow
    assert load(msgspec.json.encode(document.flow), type="json") != []


@pytest.mark.parametrize(("count", "codes"), [(STEP_COUNT_MAX, set()), (STEP_COUNT_MAX + 1, {"bad_value"})])
def test_steps_end_at_their_limit(count: int, codes: set[str]) -> None:
    steps: dict[str, Any] = {f"s{n}": {"type": "join", "next": f"s{n + 1}"} for n in range(count - 1)}
    steps[f"s{count - 1}"] = {"type": "end"}
    compiled = check(json.dumps({"flow": "a", "start": "s0", "steps": steps}), type="json")
    assert {each.code for each in compiled.problems} == codes


def test_names_of_events_end_at_their_limit() -> None:
    fitting = checked(("event: policy.expiring", f"event: {'é' * (NAME_BYTES_MAX // 2)}"))
    assert fitting.flow is not None


def test_the_server_s_own_event_names_may_be_heard_but_not_raised() -> None:
    assert checked(("event: policy.expiring", "event: card.completed")).flow is not None
    emit = checked(("{type: set, variables: {n: =vars.n + 1}}", "{type: emit, event: card.completed}"))
    assert found(emit)[0][:2] == ("reserved_name", "/steps/thank/event")


def test_unlocated_texts_give_problems_too() -> None:
    for text in ("", "[]", "5", "null", "flow: x"):
        assert check(text, type="yaml").flow is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_no_data_makes_the_schema_fail(data: object) -> None:
    load(json.dumps(data), type="json")


@st.composite
def spoiled(draw: st.DrawFn) -> object:
    """The small flow with one value somewhere replaced by anything."""
    data, _ = parse(FLOW, type="yaml")
    places = list(_places(data))
    holder, token = draw(st.sampled_from(places))
    words = st.sampled_from(
        ["", "=", "==", "={", "{{", "{% if %}", "=vars", "=now", "P1D", "remind", "thank"]
    )
    holder[token] = draw(json_values | words)
    return data


def _places(data: Any) -> list[tuple[Any, Any]]:
    entries = (
        list(data.items())
        if isinstance(data, Mapping)
        else list(enumerate(data))
        if isinstance(data, list)
        else []
    )
    return [(data, token) for token, _ in entries] + [
        place for _, inner in entries for place in _places(inner)
    ]


@given(spoiled())
def test_no_spoiled_flow_makes_the_compiler_fail(data: object) -> None:
    compiled = check(json.dumps(data), type="json")
    errors = [each for each in compiled.problems if each.code not in WARNINGS]
    assert (compiled.flow is None) == bool(errors)
    assert all(each.code in ERRORS for each in errors)


def test_what_is_found_to_fit_converts() -> None:
    """The walk over the types and msgspec agree on the flow; the property above holds them to it."""
    document = load(FLOW, type="yaml")
    assert isinstance(document, Document)
    assert isinstance(document.flow, Flow)
    compiled = compile_flow(document, version=7, constants={})
    assert compiled.flow is not None
    assert compiled.flow.version == 7


def test_problems_are_values_that_can_be_sent() -> None:
    problem = checked(("next: answer", "next: x")).problems[0]
    assert msgspec.json.decode(msgspec.json.encode(problem), type=Problem) == problem


@pytest.mark.parametrize(
    ("layout", "codes"),
    [
        ({"s": [120, -80.5]}, []),
        ({"s": [120]}, ["bad_value"]),
        ({"s": ["a", "b"]}, ["wrong_type", "wrong_type"]),
        ({"s": 3}, ["wrong_type"]),
    ],
)
def test_the_layout_is_points_by_step(layout: object, codes: list[str]) -> None:
    document = {"flow": "a", "start": "s", "steps": {"s": {"type": "end"}}, "layout": layout}
    assert [each.code for each in check(json.dumps(document), type="json").problems] == codes
