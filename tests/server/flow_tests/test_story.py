"""Timelines for people: every kind of input, what ran, what was read, and what others notice of it."""

from __future__ import annotations

from textwrap import dedent

import pytest

from actors.simulation.playing import Playing
from rules.compiling.flows import check
from rules.model import Flow
from rules.scripts.loading import WrittenPlay, load_play, read_play
from server.flow_tests.story import VALUE_CHARS_MAX, story

FLOWS = {
    "parcel": """
        flow: parcel
        variables: {n: {type: integer, default: 0}}
        triggers:
          shipped: {type: event, event: shipped, key: =event.key, variables: {n: =event.data.n}}
          weekly: {type: schedule, cron: "0 9 * * mon", audience: {tag: vip}}
          scanned: {type: webhook, customer: =body.who, id: =body.id, auth: {type: bearer, credential: c}}
        entry: {per: customer, when_live: refuse}
        start: ask
        steps:
          ask: {type: send_card, card: where, next: answer}
          answer:
            type: wait
            until:
              - {id: chosen, type: card, of: ask, action: completed, next: book}
              - {id: late, type: time, after: P1D, next: fail}
              - {id: in, type: segment, segment: gold, is: in, next: tell}
              - {id: rang, type: event, event: rang, when: event.data.a > 1, next: read}
          read:
            type: branch
            cases: [{id: few, when: vars.n < 3, next: tell}]
            else: tell
          book:
            type: request
            method: POST
            url: "https://example.org"
            json: {n: =vars.n}
            on_error: tell
            next: tell
          tell: {type: notify, notification: news, next: child}
          child: {type: start_flow, flow: child, variables: {a: b}, next: write}
          write: {type: update_customer, set: {place: door}, add_tags: [told], next: raise}
          raise: {type: emit, event: told, customer: bob, data: {n: =vars.n}}
          fail: {type: set, variables: {n: =vars.n / (vars.n - vars.n)}}
        cards:
          where:
            title: Where?
            body: [{type: submit, name: ok, label: OK}, {type: dismiss, label: No}]
        notifications: {news: {title: News, body: Body}}
        """,
    "child": """
        flow: child
        variables: {a: {type: string}}
        start: w
        steps: {w: {type: wait, until: [{id: t, type: time, after: P1D}]}}
        """,
}
START = "start: {event: shipped, data: {n: 1}, key: k}\n"


def flow_of(key: str, constants: object) -> Flow | str:
    compiled = check(dedent(FLOWS[key]), type="yaml", version=1)
    assert compiled.flow is not None, compiled.problems
    return compiled.flow


def told(script: str) -> list[str]:
    """The story of the script, line by line."""
    read = read_play(f"flows: [child]\n{script}", type="yaml")
    assert isinstance(read, WrittenPlay), read
    loaded = load_play(read, "parcel", flow_of)
    assert loaded.problems == (), loaded.problems
    playing = Playing(loaded.scripts[0])
    playing.play()
    return [str(line) for line in story(playing.server, zone="UTC")]


def after(script: str) -> list[str]:
    """What is told after the start."""
    started = len(told(START))
    return told(START + script)[started:]


def test_start_is_told_with_its_steps_and_cards() -> None:
    assert told(START) == [
        '2026-01-01 09:00:00 +00:00  event shipped of c1, key k {"n":1}',
        "  parcel k of c1, turn 1",
        "    ask             card sent",
        "    answer          in: no",
        "    answer          waits",
        "    card of ask: active 'Where?'",
    ]


def test_steps_are_told_with_what_they_read_and_effects_as_others_notice_them() -> None:
    assert after("script: [{event: {name: rang, key: k, data: {a: 2}}}]") == [
        '2026-01-01 09:00:00 +00:00  event rang of c1, key k {"a":2}',
        "  parcel k of c1, turn 2",
        "    answer          rang: yes",
        "      event.data.a = 2",
        "    answer          outcome: rang",
        "    read            few: yes",
        "      vars.n = 1",
        "    read            case: few",
        "    tell            push queued",
        "    child           started child",
        "    write           customer updated",
        "    raise           emitted told",
        "    ·               completed",
        "    pushes 'News'",
        '    starts child of c1 {"a":"b"}',
        '    writes the profile {"place":"door"} +told',
        '    raises event told (flow) of bob {"n":1}',
        "2026-01-01 09:00:00 +00:00  parcel of c1, key k starts child of c1",
        "  child of c1, turn 1",
        "    w               waits",
        '2026-01-01 09:00:00 +00:00  event told (flow) of bob {"n":1}, raised by flow:parcel',
        "2026-01-01 09:00:00 +00:00  the push of tell: sent",
        "  parcel k of c1, turn 3",
        "    tell            push sent",
    ]


def test_what_fails_is_told_with_its_reason() -> None:
    assert after("script: [{after: P1D}]") == [
        "2026-01-02 09:00:00 +00:00  time",
        "  parcel k of c1, turn 2",
        "    answer          outcome: late",
        "    fail            failed",
        "      division_by_zero: At character 8: it divides by zero (vars.n is a number).",
    ]


LINES: list[tuple[str, list[str]]] = [
    ("{event: {name: x, origin: app, customer: null}}", ["event x (app)"]),
    (
        "{act: {of: ask, action: submit, button: ok}}",
        ["submit ok on ask of c1", '  asks POST https://example.org {"n":1}'],
    ),
    (
        "{act: {of: ask, action: submit, button: ok}}, {respond: {of: book, status: 201, json: {x: 1}}}",
        ['the request of book is answered: 201 {"body":{"x":1}}', "  book            response: 201"],
    ),
    (
        "{act: {of: ask, action: submit, button: ok}}, {respond: {of: book, error: timeout, times: 3}}",
        ["the request of book fails: timeout", "    timeout: The script says so."],
    ),
    ("{act: {of: ask, action: displayed}}", ["displayed on ask of c1"]),
    ("{customer: {id: bob, first_name: B}}", ['profile of bob {"first_name":"B"}']),
    ("{withdraw: {of: ask}}", ["an operator cancels the card of ask", "  card of ask: cancelled"]),
    ("{cancel: {}}", ["an operator cancels parcel"]),
    ("{skip: {}}", ["an operator has parcel of c1, key k skip what is parked"]),
    (
        "{start: {trigger: scanned, body: {who: c1, id: a}, refused: live}}",
        ['a request to scanned of c1 {"body":{"who":"c1","id":"a"}}', "refused by parcel: live: "],
    ),
    ("{start: {variables: {n: 1}, refused: live}}", ['start parcel of c1 {"n":1}', "refused: live: "]),
    (
        "{act: {of: ask, action: submit, button: no, answer: invalid_values}}",
        ["answered invalid_values", "  /button: The card has no such button."],
    ),
    (
        "{segment: {enter: gold}}",
        ['the segment gold: customer.id in ["c1"]', "1 held against the segment gold", "outcome: in"],
    ),
    ("{customer: {tags: [vip]}}, {at: 2026-01-05T09:00:00Z}", ["the schedule weekly", "1 of an audience"]),
]


@pytest.mark.parametrize(("steps", "lines"), LINES, ids=[steps for steps, _ in LINES])
def test_whatever_comes_is_told(steps: str, lines: list[str]) -> None:
    told = "\n".join(after(f"script: [{steps}]"))
    assert all(line in told for line in lines)


def test_schedule_that_has_not_come_is_not_told() -> None:
    assert not any("weekly" in line for line in told(f"{START}script: [{{after: PT1H}}]"))


def test_long_values_are_cut() -> None:
    (line, *_) = told(f"start: {{event: shipped, key: k, data: {{n: 1, text: {'x' * 200}}}}}")
    assert line.endswith("…")
    assert len(line[line.index("{") :]) == VALUE_CHARS_MAX + 1
