"""Where tokens of each kind go when their instance moves to another version, and which keep it there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from rules.migrating.plan import Plan, Reason
from tests.rules.playing import DAY, Part, Playing, document, on_event, on_time, pause, play, send, wait

REQUEST: Part = {"type": "request", "url": "https://example.org", "retry": {"times": 3}, "next": "a"}
CHILD: Part = {"type": "start_flow", "flow": "other", "wait": True, "next": "a"}
COLLECT: Part = {"type": "collect", "events": "x", "for": "P1D", "next": "a"}
JOINING = {
    "one": wait(on_event("x", "x", next="j")),
    "two": wait(on_event("y", "y", next="j")),
    "j": {"type": "join", "next": "a"},
}
WRONG: Part = {"type": "set", "variables": {"n": "=int(customer.missing)"}, "next": "a"}
N: dict[str, object] = {"variables": {"n": {"type": "integer"}, "log": {"type": "list", "default": []}}}


def to(**steps: str) -> Plan:
    return Plan(steps=steps)


def test_a_token_stays_at_the_wait_of_the_same_id_and_goes_on_as_the_new_version_says() -> None:
    old = document({"w": wait(on_event("x", "x", next="a"), on_time("t", after="P1D", next="a"))})
    new = document({"w": wait(on_event("x", "x", next="b"), on_time("t", after="P1D", next="b"))})
    assert play(old).move(new).event("x").log == ["b"]
    assert play(old).move(new).later(DAY).log == ["b"]


def test_a_token_goes_to_the_wait_that_the_map_names() -> None:
    old = document({"w": wait(on_event("x", "x", next="a"))})
    new = document({"v": wait(on_event("y", "y", next="b")), "w": pause("v")}, start="w")
    played = play(old).move(new, to(w="v"))
    assert played.at == ["v"]
    assert played.subscriptions.by_customer == ("y",)
    assert played.event("y").log == ["b"]


def test_tokens_of_two_waits_may_go_to_one() -> None:
    old = document(
        {"w": wait(on_event("x", "x", next="a")), "v": wait(on_event("y", "y", next="a"))}, start=["w", "v"]
    )
    new = document({"w": wait(on_event("x", "x", next="b"))})
    played = play(old).move(new, to(v="w"))
    assert played.at == ["w", "w"]
    assert len({token.activation for token in played.state.tokens}) == 2
    assert played.event("x").event("x").log == ["b", "b"]


STUCK: list[tuple[Mapping[str, object], Plan, Reason]] = [
    ({"v": wait(on_event("x", "x", next="b"))}, Plan(), Reason.NO_STEP),
    ({"v": wait(on_event("x", "x", next="b"))}, to(w="gone"), Reason.NO_STEP),
    ({"v": pause("w"), "w": send()}, Plan(), Reason.NOT_A_WAIT),
    ({"v": pause("w"), "w": wait(on_event("x", "x", next="s")), "s": send()}, to(w="s"), Reason.NOT_A_WAIT),
]


@pytest.mark.parametrize(("steps", "plan", "reason"), STUCK)
def test_a_token_that_has_no_place_keeps_its_instance_where_it_is(
    steps: Mapping[str, object], plan: Plan, reason: Reason
) -> None:
    stuck = play(document({"w": wait(on_event("x", "x"))})).stuck(document(steps, start="v"), plan)
    assert (stuck.reason, stuck.step) == (reason, "w")
    assert '"w"' in stuck.message


def failing(played: Playing) -> Playing:
    return played.respond("w", 503)


UNDER_WAY: list[tuple[Mapping[str, object], object, Callable[[Playing], Playing], str]] = [
    ({"w": REQUEST}, "w", lambda played: played, "w"),
    ({"w": REQUEST}, "w", failing, "w"),
    ({"w": CHILD}, "w", lambda played: played, "w"),
    ({"w": COLLECT}, "w", lambda played: played.event("x"), "w"),
    (JOINING, ["one", "two"], lambda played: played.event("x"), "j"),
]


@pytest.mark.parametrize(("steps", "start", "lead", "step"), UNDER_WAY)
def test_a_token_with_something_under_way_is_busy(
    steps: Mapping[str, object], start: object, lead: Callable[[Playing], Playing], step: str
) -> None:
    text = document(steps, start=start)
    stuck = lead(play(text)).stuck(text)
    assert (stuck.reason, stuck.step) == (Reason.BUSY, step)


def test_what_was_under_way_is_moved_when_it_is_over() -> None:
    text = document({"w": REQUEST, "a": pause()})
    played = play(text)
    assert played.stuck(text).reason is Reason.BUSY
    assert played.respond("w", 200).move(text).at == ["a"]


def test_a_token_without_a_place_weighs_more_than_one_that_is_busy() -> None:
    old = document({"r": REQUEST, "w": wait(on_event("x", "x"))}, start=["r", "w"])
    new = document({"r": REQUEST}, start="r")
    assert play(old).stuck(new).reason is Reason.NO_STEP


HOLDING: list[Part] = [
    {**WRONG, "next": "b"},
    REQUEST,
    CHILD,
    COLLECT,
    wait(on_event("x", "x", next="a")),
    {"type": "join", "next": "a"},
    {"type": "end"},
    {"type": "limit", "max": 1, "per": "P1D", "next": "a"},
]


@pytest.mark.parametrize("step", HOLDING)
def test_a_parked_token_goes_to_any_kind_of_step(step: Part) -> None:
    moved = play(document({"w": WRONG}, **N)).move(document({"w": step}, **N))
    assert (moved.at, moved.status) == (["w!"], "failed")
    assert moved.output("w")["error"] is not None


def test_a_parked_token_is_tried_again_as_the_step_is_now() -> None:
    played = play(document({"w": WRONG}, **N))
    new = document({"v": {"type": "set", "variables": {"n": 3}, "next": "b"}}, start="v", **N)
    moved = played.move(new, to(w="v"))
    assert moved.state.error is not None
    assert moved.state.error["step"] == "v"
    moved.repair()
    assert (moved.status, moved.log, moved.state.variables["n"]) == ("completed", ["b"], 3)


def test_a_parked_token_needs_a_step_too() -> None:
    new = document({"v": pause()}, start="v", **N)
    stuck = play(document({"w": WRONG}, **N)).stuck(new)
    assert (stuck.reason, stuck.step) == (Reason.NO_STEP, "w")


def test_an_instance_that_has_ended_stays_of_its_version() -> None:
    text = document({"w": {"type": "end"}})
    assert play(text).stuck(text).reason is Reason.ENDED


def test_first_steps_that_have_not_run_yet_are_those_of_the_new_version() -> None:
    old, new = document({"w": pause("a")}), document({"v": pause("b")}, start="v")
    played = play(old, begin_in=DAY)
    assert played.stuck(new).reason is Reason.NO_STEP
    played.move(new, to(w="v"))
    assert played.at == []
    assert played.later(DAY).at == ["v"]
