"""A turn as a whole: order, purity, bounds, failing and ending (flow format §9)."""

from __future__ import annotations

from dataclasses import replace as with_fields

import pytest
from msgspec.structs import replace

from rules.customers.profile import new_profile
from rules.decide import decide, faulted, start
from rules.effects import Turn
from rules.inputs import Cancelled, CustomerChanged, Event, EventArrived, Started, TimeCame
from rules.instance import TRANSITIONS, Change, InstanceStatus
from rules.model import Flow, Set, Variable
from rules.types import Type
from rules.world import Identity, World
from tests.rules.playing import (
    DAY,
    HOUR,
    INSTANCE,
    NOW,
    document,
    flow_of,
    on_event,
    pause,
    play,
    refuse,
    send,
    wait,
)

WAITING = """
    flow: waiting
    variables: {n: {type: integer, default: 0}}
    start: w
    steps:
      w:
        type: wait
        until:
          - {id: go, type: event, event: go, when: event.data.n > vars.n, next: add}
          - {id: late, type: time, after: P1D}
      add: {type: set, variables: {n: =vars.n + 1}, next: w}
"""


def test_event_wakes_the_wait_behind_its_condition() -> None:
    playing = play(WAITING).event("go", {"n": 5.0})
    assert playing.turn.woke
    assert playing.state.variables == {"n": 1}
    assert playing.at == ["w"]
    assert playing.state.tokens[0].activation == 2


def test_timeline_shows_what_the_condition_read() -> None:
    playing = play(WAITING, n=7).event("go", {"n": 5.0})
    assert not playing.turn.woke
    line = playing.turn.trace[0]
    assert (line.step, line.result) == ("w", "go: no")
    assert line.read == {"event.data.n": 5.0, "vars.n": 7}


def test_condition_that_fails_is_false_counted_and_shown() -> None:
    playing = play(WAITING).event("go")
    assert not playing.turn.woke
    assert playing.turn.condition_errors == 1
    assert playing.turn.trace[0].result == "go: error"
    assert playing.turn.trace[0].error is not None


def test_event_that_concerns_nothing_changes_nothing() -> None:
    playing = play(WAITING)
    before = playing.state
    turn = decide(
        playing.flow,
        before,
        EventArrived(event=Event(id="e", name="other", time=NOW, customer="c-1")),
        customer=None,
        now=NOW,
        seed="s",
        world=World(),
    )
    assert turn.state is before
    assert turn.effects == ()


def test_same_turn_gives_the_same_bytes() -> None:
    flow = flow_of(SENDING)
    turns = [
        start(
            flow,
            Started(trigger="api", trigger_type="api"),
            Identity(id=INSTANCE, customer="c-1"),
            customer=new_profile("c-1", NOW),
            now=NOW,
            seed="s",
            world=World(),
        )
        for _ in range(2)
    ]
    assert turns[0] == turns[1]


def test_time_of_a_turn_is_never_before_that_of_the_last() -> None:
    playing = play(WAITING)
    playing.now = NOW - HOUR
    playing.event("go", {"n": 5.0})
    assert playing.state.now == NOW


def test_timers_are_applied_one_a_turn_by_due_and_then_by_order_of_arming() -> None:
    playing = play("""
        flow: order
        variables: {log: {type: list, default: []}}
        start: [b, a, c]
        steps:
          a: {type: wait, until: [{id: t, type: time, after: PT2H, next: la}]}
          b: {type: wait, until: [{id: t, type: time, after: PT2H, next: lb}]}
          c: {type: wait, until: [{id: t, type: time, after: PT1H, next: lc}]}
          la: {type: set, variables: {log: '=vars.log + ["a"]'}}
          lb: {type: set, variables: {log: '=vars.log + ["b"]'}}
          lc: {type: set, variables: {log: '=vars.log + ["c"]'}}
    """)
    playing.later(DAY)
    assert playing.state.variables["log"] == ["c", "b", "a"]
    assert playing.state.turn == 4
    assert playing.status == "completed"


def test_time_that_has_not_come_changes_nothing() -> None:
    playing = play(WAITING)
    before = playing.state
    playing.give(TimeCame())
    assert playing.state == before


SENDING = """
    flow: sending
    start: send
    steps:
      send: {type: send_card, card: hello, next: w}
      w: {type: wait, until: [{id: done, type: card, of: send, action: completed}]}
    cards:
      hello: {title: Hello, body: [{type: text, text: Hello}, {type: submit, name: ok, label: OK}]}
"""


# --- starting ------------------------------------------------------------------------------------------

TYPED = """
    flow: typed
    variables:
      text: {type: string, required: true}
      count: {type: integer, default: 3}
      share: {type: number}
      when: {type: datetime}
      list: {type: list}
    start: w
    steps:
      w: {type: wait, until: [{id: t, type: time, after: P1D}]}
"""


def test_variables_take_the_supplied_value_else_the_default() -> None:
    variables = play(TYPED, text="x", count=4.0, share=2, when="2026-03-01T10:00:00+01:00").state.variables
    assert variables["count"] == 4
    assert isinstance(variables["count"], int)
    assert isinstance(variables["share"], float)
    assert str(variables["when"]) == "2026-03-01 09:00:00+00:00"
    assert play(TYPED, text="x").state.variables["count"] == 3
    assert play(TYPED, text="x").state.variables["list"] is None


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({}, "missing_variable"),
        ({"text": None}, "missing_variable"),
        ({"text": 3}, "bad_variable"),
        ({"text": "x", "count": 2.5}, "bad_variable"),
        ({"text": "x", "count": True}, "bad_variable"),
        ({"text": "x", "count": 2**64}, "bad_variable"),
        ({"text": "x", "share": "1"}, "bad_variable"),
        ({"text": "x", "share": 10**400}, "bad_variable"),
        ({"text": "x", "when": "tomorrow"}, "bad_variable"),
        ({"text": "x", "list": {}}, "bad_variable"),
        ({"text": "x", "texd": 1}, "unknown_variable"),
        ({"text": "x" * 300_000}, "state_too_large"),
    ],
)
def test_start_with_wrong_variables_is_refused(variables: dict[str, object], code: str) -> None:
    assert refuse(TYPED, variables).code == code


def test_start_at_an_unknown_step_is_refused() -> None:
    assert refuse(WAITING, {}, first=("nowhere",)).code == "unknown_step"


def test_start_raises_its_event_one_deeper_than_its_cause() -> None:
    flow = flow_of(WAITING)
    turn = start(
        flow,
        Started(trigger="t", trigger_type="event", depth=4),
        Identity(id=INSTANCE, customer="c-1", key="k"),
        customer=None,
        now=NOW,
        seed="s",
        world=World(),
    )
    assert isinstance(turn, Turn)
    (raised,) = turn.effects
    event = raised.event  # type: ignore[union-attr]  # the only effect is the event
    assert (event.name, event.depth, event.customer, event.key) == ("instance.started", 5, "c-1", "k")


# --- bounds --------------------------------------------------------------------------------------------


def test_turn_that_runs_too_many_steps_fails_and_says_so() -> None:
    # No document with such a loop compiles: this is the last fence.
    one, two = Set(id="one", next=("two",), variables={}), Set(id="two", next=("one",), variables={})
    looped = play(Flow(key="endless", version=1, start=("one",), steps={"one": one, "two": two}))
    assert looped.status == "failed"
    assert looped.at == ["one!"]
    assert looped.state.error is not None
    assert looped.state.error["code"] == "too_many_steps"
    assert looped.state.step_count == 1_000
    assert looped.own_events[-1] == "instance.failed"


def test_instance_that_has_run_too_many_steps_fails_and_says_so() -> None:
    playing = play(WAITING)
    playing.state = replace(playing.state, step_count=100_000)
    playing.event("go", {"n": 5.0})
    assert playing.at == ["add!"]
    assert playing.status == "failed"


def test_step_that_would_pass_the_size_of_the_state_fails() -> None:
    playing = play("""
        flow: growing
        variables: {text: {type: string, default: ""}}
        start: w
        steps:
          w: {type: wait, until: [{id: more, type: event, event: more, next: keep}]}
          keep: {type: set, variables: {text: =steps.w.event.data.text}, next: w}
    """)
    playing.event("more", {"text": "x" * 200_000})
    # The event is kept as output and as variable: together too much.
    assert playing.error("keep") == "state_too_large"
    assert playing.state.variables["text"] == ""
    assert playing.status == "failed"


def test_size_is_measured_anew_before_a_step_fails() -> None:
    playing = play(WAITING)
    playing.state = replace(playing.state, size=262_144)
    playing.event("go", {"n": 5.0})
    assert playing.status == "running"
    assert playing.state.size < 1_000


# --- failing -------------------------------------------------------------------------------------------

FAILING = """
    flow: failing
    variables: {n: {type: integer, default: 0}, list: {type: list, default: []}}
    start: w
    steps:
      w: {type: wait, until: [{id: go, type: event, event: go, next: [good, bad, other]}]}
      good: {type: set, variables: {n: =vars.n + 1}}
      bad: {type: set, variables: {n: "=int(vars.list[0])"}}
      other: {type: wait, until: [{id: t, type: time, after: P1D}]}
"""


def test_failed_step_parks_its_token_and_the_rest_stands() -> None:
    playing = play(FAILING).event("go")
    assert playing.at == ["bad!", "other"]
    assert playing.status == "failed"
    assert playing.state.variables["n"] == 1
    assert playing.own_events == ["instance.failed"]
    playing.later(DAY)
    assert playing.at == ["bad!"]
    assert playing.status == "failed"


def test_failed_step_with_on_error_goes_on_there_and_says_what_happened() -> None:
    mending = FAILING.replace('[0])"}}', '[0])"}, on_error: mend}').rstrip()
    playing = play(mending + "\n      mend: {type: set, variables: {n: 99}}\n").event("go")
    assert playing.at == ["other"]
    assert playing.status == "running"
    assert playing.state.variables["n"] == 99
    assert playing.output("bad")["runs"] == 1
    assert playing.error("bad")


def test_failed_step_takes_its_effects_back() -> None:
    steps = {
        "send": send("w"),
        "w": wait(on_event("x", "go", next="z"), close=["send"]),
        "z": pause(),
    }
    playing = play(document(steps, start="send")).event("go", {"text": "x" * 300_000})
    assert playing.error("w") == "state_too_large"
    assert playing.card("send").status.value == "active"
    assert playing.own_events == ["instance.failed"]
    assert playing.put_cards == []


def test_fault_of_ours_keeps_the_state_and_fails_the_instance() -> None:
    playing = play(WAITING)
    turn = faulted(playing.state, CustomerChanged(), now=NOW + 5, message="broken")
    assert turn.state.status is InstanceStatus.FAILED
    assert turn.state.error == {"code": "fault", "message": "broken"}
    assert turn.state.tokens == playing.state.tokens
    assert turn.due == playing.turn.due
    assert turn.subscriptions is None


def test_fault_at_a_timer_drops_the_timer_so_that_it_never_fires_for_ever() -> None:
    playing = play(WAITING)
    assert playing.turn.due is not None
    turn = faulted(playing.state, TimeCame(), now=playing.turn.due, message="broken")
    assert turn.due is None


def test_instance_stays_failed_after_a_fault_until_it_ends() -> None:
    playing = play(WAITING)
    playing.state = faulted(playing.state, CustomerChanged(), now=NOW, message="broken").state
    playing.event("go", {"n": 5.0})
    assert playing.status == "failed"
    playing.later(DAY)
    assert playing.status == "completed"


def test_fault_of_an_ended_instance_leaves_its_status() -> None:
    playing = play(SENDING).give(Cancelled())
    turn = faulted(playing.state, CustomerChanged(), now=NOW, message="broken")
    assert turn.state.status is InstanceStatus.CANCELLED


# --- ending --------------------------------------------------------------------------------------------


def test_instance_without_tokens_is_completed() -> None:
    playing = play(WAITING).later(DAY)
    assert playing.status == "completed"
    assert playing.state.outcome is None
    assert playing.state.ended_at == NOW + DAY
    assert playing.turn.due is None
    assert playing.own_events == ["instance.completed"]


def test_ended_instance_hears_nothing() -> None:
    playing = play(WAITING).later(DAY)
    before = playing.state
    assert playing.subscriptions.by_customer == ()
    assert playing.event("go", {"n": 5.0}).state == before
    assert playing.write_customer(tier="gold").state == before
    assert playing.give(Cancelled()).state == before


def test_cancelled_instance_cancels_its_cards_and_ignores_late_timers() -> None:
    playing = play(SENDING).give(Cancelled(reason="publish"))
    assert playing.status == "cancelled"
    assert playing.card("send").status.value == "cancelled"
    assert playing.card("send").reason == "publish"
    assert playing.own_events == ["card.cancelled", "instance.cancelled"]
    assert playing.give(TimeCame()).effects == []


def test_end_completes_at_once_whatever_else_runs() -> None:
    playing = play("""
        flow: ends
        start: [w, fin]
        steps:
          w: {type: wait, until: [{id: t, type: time, after: P1D}]}
          fin: {type: end, outcome: enough}
    """)
    assert playing.status == "completed"
    assert playing.state.outcome == "enough"
    assert playing.state.timers == ()


def test_completed_instance_leaves_its_open_cards_unless_told_and_serves_them() -> None:
    text = SENDING.replace("next: w}", "next: fin}").replace(
        "w: {type: wait, until: [{id: done, type: card, of: send, action: completed}]}",
        "fin: {type: end, cancel_cards: false}",
    )
    playing = play(text)
    assert playing.status == "completed"
    assert playing.card("send").status.value == "active"
    assert playing.act("send", "submit", button="ok").answer.code == "ok"
    assert playing.card("send").status.value == "completed"
    assert playing.status == "completed"
    assert playing.own_events == ["card.completed"]
    cancelling = play(text.replace("cancel_cards: false", "cancel_cards: true"))
    assert cancelling.card("send").status.value == "cancelled"


# --- tables --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", InstanceStatus)
def test_instance_that_has_ended_moves_nowhere(status: InstanceStatus) -> None:
    moves = [change for change in Change if (status, change) in TRANSITIONS]
    is_live = status in {InstanceStatus.RUNNING, InstanceStatus.FAILED}
    assert bool(moves) == is_live


def test_defaults_are_checked_like_supplied_values() -> None:
    flow = with_fields(
        flow_of(WAITING), variables={"n": Variable(name="n", type=Type.INT, has_default=True, default="x")}
    )
    refusal = start(
        flow,
        Started(trigger="api", trigger_type="api"),
        Identity(id=INSTANCE, customer="c-1"),
        customer=None,
        now=NOW,
        seed="s",
        world=World(),
    )
    assert not isinstance(refusal, Turn)
    assert refusal.code == "bad_variable"
