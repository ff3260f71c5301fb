"""What has failed is tried again, led past its step, or left; nothing is asked twice (flow format §9.7)."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from rules.decide import faulted
from rules.effects import Redeliver
from rules.inputs import Event, EventArrived, Input, Repaired, TimeCame
from rules.instance import InstanceStatus, Token
from rules.repairs import find_obstacle
from tests.rules.playing import DAY, NOW, Part, Playing, document, on_event, on_time, pause, play, wait

ASK: Part = {"type": "request", "url": "https://example.org/"}
decode_input = msgspec.msgpack.Decoder(Input).decode


def asking(*steps: str) -> Playing:
    """Requests side by side, each of which has failed; and a wait that goes on at `p` and `q`."""
    asks = {step: {**ASK, "next": "a"} for step in steps}
    rest = {"r": wait(on_event("e", "e", next=["p", "q"])), "p": pause(), "q": pause()}
    playing = play(document({**asks, **rest}, start=[*steps, "r"]))
    for step in steps:
        playing.respond(step, 500)
    assert playing.status == "failed"
    assert playing.at == ["r", *[f"{step}!" for step in steps]]
    return playing


# --- retry ---------------------------------------------------------------------------------------------


def test_retried_request_is_the_same_activation_under_the_same_key() -> None:
    (first,) = play(document({"do": {**ASK, "next": "a"}}, start="do")).calls
    playing = asking("do").repair()
    (again,) = playing.calls
    assert (again.key, again.activation, again.attempt) == (first.key, 1, 1)
    assert (playing.status, playing.at) == ("running", ["r", "do"])
    assert playing.state.error is None
    assert playing.respond("do", 200).log == ["a"]


def test_fresh_retry_is_a_new_activation_under_a_new_key() -> None:
    (call,) = asking("do").repair(fresh=True).calls
    assert (call.key.rpartition(":")[2], call.activation) == ("do#2", 2)


def test_retry_that_fails_again_is_parked_again() -> None:
    playing = asking("do").repair().respond("do", 500)
    assert (playing.status, playing.at) == ("failed", ["r", "do!"])
    assert playing.error("do") == "unexpected_response"


def test_retry_of_one_step_leaves_what_else_has_failed() -> None:
    playing = asking("one", "two").repair(step="two")
    assert [call.step for call in playing.calls] == ["two"]
    assert (playing.status, playing.at) == ("failed", ["r", "one!", "two"])


# --- skip ----------------------------------------------------------------------------------------------


def test_skip_goes_on_where_the_step_would_have_gone() -> None:
    playing = asking("do").repair("skip")
    assert (playing.calls, playing.log, playing.at, playing.status) == ([], ["a"], ["r"], "running")


def test_skip_goes_on_where_it_is_told_to() -> None:
    playing = asking("do").repair("skip", to=["q", "p"])
    assert (playing.at, playing.log, playing.status) == (["r", "q", "p"], [], "running")


def test_skip_to_a_step_that_is_not_there_changes_nothing() -> None:
    playing = asking("do")
    before = playing.state
    assert playing.repair("skip", to=["gone"]).state == before


@pytest.mark.parametrize("action", ["retry", "skip"])
def test_repair_of_what_has_not_failed_changes_nothing(action: str) -> None:
    playing = play(document({"w": pause()}))
    before = playing.state
    assert playing.give(msgspec.convert({"action": action}, Repaired)).state == before


def test_retried_step_that_ends_the_instance_takes_the_others_along() -> None:
    playing = play(
        document(
            {"do": ASK, "stop": {"type": "end"}, "w": wait(on_event("e", "e", next="stop"))},
            start=["do", "w"],
        )
    )
    error: dict[str, object] = {"code": "too_large", "message": "The state was too large."}
    parked = (Token("stop", 1, NOW, error), Token("do", 1, NOW, error))
    outputs = {**playing.state.steps, "stop": {"runs": 1, "error": error}}
    playing.state = replace(
        playing.state, status=InstanceStatus.FAILED, error=error, tokens=parked, timers=(), steps=outputs
    )
    assert (playing.repair().status, playing.at, playing.calls) == ("completed", [], [])


# --- faults of ours ------------------------------------------------------------------------------------


def failing(input: Input, *, after: int = 0) -> Playing:
    """An instance that waits for an event or time, whose last turn the server could not take."""
    playing = play(document({"w": wait(on_event("e", "e", next="a"), on_time("t", after="P1D", next="b"))}))
    playing.now += after
    playing._take(faulted(playing.state, input, now=playing.now, message="The server failed."))
    assert (playing.status, playing.at) == ("failed", ["w"])
    return playing


ARRIVED = EventArrived(event=Event(id="e-1", name="e", time=NOW, customer="c-1"))


def test_retry_brings_back_the_input_that_a_fault_consumed() -> None:
    playing = failing(ARRIVED).repair()
    assert playing.status == "running"
    (redelivered,) = [effect for effect in playing.effects if isinstance(effect, Redeliver)]
    (packed,) = redelivered.inputs
    assert playing.give(decode_input(packed)).log == ["a"]
    assert playing.state.missed == ()


def test_retry_brings_back_the_timer_that_a_fault_dropped() -> None:
    playing = failing(TimeCame(), after=DAY)
    assert playing.turn.due is None
    assert playing.repair().later(0).log == ["b"]


def test_repair_that_is_a_fault_itself_is_asked_for_again() -> None:
    playing = failing(ARRIVED)
    repair = Repaired(action="retry")
    playing._take(faulted(playing.state, repair, now=playing.now, message="The server failed again."))
    (redelivered,) = [effect for effect in playing.repair().effects if isinstance(effect, Redeliver)]
    assert [decode_input(packed) for packed in redelivered.inputs] == [ARRIVED]


def test_skip_lets_go_of_what_a_fault_consumed() -> None:
    playing = failing(ARRIVED).repair("skip")
    assert (playing.status, playing.at, playing.state.missed) == ("running", ["w"], ())
    assert playing.effects == []


def test_repair_of_a_step_leaves_a_fault_as_it_is() -> None:
    assert failing(ARRIVED).repair(step="w").status == "failed"


# --- before the turn -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repair", "code", "pointer"),
    [
        (Repaired(action="retry"), None, None),
        (Repaired(action="retry", step="do"), None, None),
        (Repaired(action="skip", step="do", to=("p",)), None, None),
        (Repaired(action="retry", step="doo"), "unknown_step", "/step"),
        (Repaired(action="skip", to=("p", "gone")), "unknown_step", "/to/1"),
        (Repaired(action="skip", step="p"), "not_parked", None),
    ],
)
def test_what_is_in_the_way_of_a_repair(repair: Repaired, code: str | None, pointer: str | None) -> None:
    playing = asking("do")
    found = find_obstacle(playing.flow, playing.state, repair)
    assert (found and found.code, found and found.pointer) == (code, pointer)


def test_what_has_not_failed_cannot_be_repaired() -> None:
    playing = play(document({"w": pause()}))
    found = find_obstacle(playing.flow, playing.state, Repaired(action="retry"))
    assert found is not None
    assert found.code == "not_failed"
