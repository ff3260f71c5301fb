"""Start_flow steps and the `flow` outcome (flow format §5, §5.1)."""

from __future__ import annotations

import pytest

from rules.decide import start
from rules.effects import CancelChild, TellParent, Turn
from rules.inputs import Cancelled, ChildReported, Started
from rules.instance import Parent
from rules.limits import CHILDREN_MAX
from rules.world import Identity, World
from tests.rules.playing import NOW, Part, Playing, document, flow_of, on_event, pause, play, wait

START: Part = {"type": "start_flow", "flow": "other", "variables": {"n": "=1 + 1"}, "next": "w"}


def starting(*, wait_for: bool, until: tuple[Part, ...] = (), **more: object) -> Playing:
    step = {**START, "wait": wait_for, **more}
    after = wait(*until) if until else pause()
    ends = {"b": pause()} if "on_error" in step else {}
    return play(document({"do": step, "w": after, **ends}, start="do"))


def test_child_starts_with_its_variables_and_a_depth_of_one_more() -> None:
    (child,) = starting(wait_for=False).starts
    assert (child.flow, child.customer, child.variables, child.depth) == ("other", "c-1", {"n": 2}, 1)


def test_child_for_another_customer() -> None:
    (child,) = starting(wait_for=False, customer="{{ 'c-2' }}").starts
    assert child.customer == "c-2"


def test_without_wait_the_step_is_done_when_the_child_is_started() -> None:
    playing = starting(wait_for=False)
    assert playing.at == ["w"]
    shown = playing.output("do")["instance"]
    assert shown == {"id": playing.state.children[0].id, "status": "running", "outcome": None}


def test_with_wait_the_step_is_done_when_the_child_has_ended() -> None:
    playing = starting(wait_for=True)
    assert playing.at == ["do"]
    playing.child("completed", "sold")
    assert (playing.at, playing.state.children) == (["w"], ())
    shown = playing.output("do")["instance"]
    assert isinstance(shown, dict)
    assert (shown["status"], shown["outcome"]) == ("completed", "sold")


@pytest.mark.parametrize("status", ["cancelled", "expired"])
def test_a_child_that_ends_otherwise_has_ended_too(status: str) -> None:
    assert starting(wait_for=True).child(status).at == ["w"]


def test_a_refused_child_fails_a_step_that_waits_for_it() -> None:
    playing = starting(wait_for=True, on_error="b").child("refused", reason="once")
    assert (playing.at, playing.error("do")) == (["b"], "refused")


def test_a_refused_child_nobody_waits_for_is_shown() -> None:
    playing = starting(wait_for=False).child("refused", reason="once")
    shown = playing.output("do")["instance"]
    assert isinstance(shown, dict)
    assert (playing.at, shown["status"]) == (["w"], "refused")


def test_flow_outcome_wakes_when_the_child_ends() -> None:
    playing = starting(wait_for=False, until=({"id": "f", "type": "flow", "of": "do", "next": "a"},))
    playing.child("completed", "sold")
    assert playing.log == ["a"]
    shown = playing.output("w")["instance"]
    assert isinstance(shown, dict)
    assert shown["outcome"] == "sold"


def test_flow_outcome_counts_a_child_that_had_ended_before_and_takes_it_once() -> None:
    flow = document(
        {
            "do": {**START, "wait": False, "next": "h"},
            "h": wait(on_event("e", "go", next="w")),
            "w": wait({"id": "f", "type": "flow", "of": "do", "next": "again"}),
            "again": {"type": "set", "variables": {"log": '=vars.log + ["again"]'}, "next": "w"},
        },
        start="do",
        variables={"log": {"type": "list", "default": []}},
    )
    playing = play(flow).child("completed").event("go")
    assert (playing.log, playing.at) == (["again"], ["w"])


def test_report_of_a_child_nobody_knows_is_recorded_and_changes_nothing() -> None:
    playing = starting(wait_for=True)
    (known,) = playing.state.children
    playing.child("completed")
    again = ChildReported(instance=known.id, step="do", activation=1, status="cancelled")
    assert playing.give(again).at == ["w"]
    assert playing.turn.trace[0].result == "stale report of a child"


@pytest.mark.parametrize(("wait_for", "count"), [(True, 1), (False, 0)])
def test_cancelling_reaches_children_that_are_waited_for(wait_for: bool, count: int) -> None:
    playing = starting(wait_for=wait_for).give(Cancelled())
    assert sum(isinstance(effect, CancelChild) for effect in playing.effects) == count


@pytest.mark.parametrize("status", ["completed", "refused"])
def test_a_child_that_nobody_waits_for_any_more_moves_nothing_when_it_ends(status: str) -> None:
    steps = {"do": {**START, "wait": True, "next": "a"}, "w": pause()}
    playing = play(document(steps, start="do", exits=[on_event("out", "out", next="w")])).event("out")
    playing.child(status)
    assert (playing.at, playing.log, playing.status) == (["w"], [], "running")


def test_children_are_bounded() -> None:
    flow = document(
        {
            "w": wait(on_event("e", "go", next="do")),
            "do": {**START, "wait": False, "next": "w"},
        }
    )
    playing = play(flow)
    for _ in range(CHILDREN_MAX):
        playing.event("go")
    assert playing.at == ["w"]
    assert playing.event("go").at == ["do!"]
    assert playing.error("do") == "too_many_children"


def test_an_instance_tells_its_parent_how_it_ended() -> None:
    parent = Parent("p-1", "c-9", "do", 1)
    turn = start(
        flow_of(document({"e": {"type": "end", "outcome": "sold"}}, start="e")),
        Started(trigger="start_flow", trigger_type="flow", parent=parent),
        Identity(id="019c0000-0000-7000-8000-000000000002", customer="c-1"),
        customer=None,
        now=NOW,
        seed="s",
        world=World(),
    )
    assert isinstance(turn, Turn)
    told = [effect for effect in turn.effects if isinstance(effect, TellParent)]
    assert told == [TellParent(parent=parent, status="completed", outcome="sold")]
