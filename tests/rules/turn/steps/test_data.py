"""Steps that write variables, the profile and events (flow format §5)."""

from __future__ import annotations

import pytest

from rules.effects import ChangeCustomer
from rules.model import Origin
from tests.rules.playing import NOW, Part, Playing, document, on_event, pause, play, wait


def doing(step: Part, *, variables: dict[str, object] | None = None, **more: object) -> Playing:
    """Runs the step, then waits."""
    flow = document(
        {"do": {**step, "next": "w"}, "w": pause()}, start="do", variables=variables or {}, **more
    )
    return play(flow)


NUMBERS: dict[str, object] = {
    "n": {"type": "integer", "default": 2},
    "m": {"type": "number", "default": 1},
    "t": {"type": "string", "default": "x"},
    "when": {"type": "datetime"},
    "list": {"type": "list", "default": [1]},
}


def test_set_sees_variables_as_they_were_before_the_step() -> None:
    playing = doing(
        {"type": "set", "variables": {"n": "=int(vars.m)", "m": "=vars.n + 0.5"}}, variables=NUMBERS
    )
    assert playing.state.variables["n"] == 1
    assert playing.state.variables["m"] == 2.5


def test_set_brings_values_to_the_declared_type() -> None:
    values = {"n": "=3.0", "t": "n is {{ vars.n }}", "when": "=now", "list": "=[vars.n, 'a']"}
    variables = doing({"type": "set", "variables": values}, variables=NUMBERS).state.variables
    assert variables["n"] == 3
    assert isinstance(variables["n"], int)
    assert variables["t"] == "n is 2"
    assert variables["when"].timestamp() * 1_000 == NOW  # type: ignore[attr-defined]  # a datetime
    assert variables["list"] == [2, "a"]


def test_set_to_null_clears() -> None:
    assert doing({"type": "set", "variables": {"t": None}}, variables=NUMBERS).state.variables["t"] is None


def test_set_of_a_value_that_does_not_fit_fails_the_step_and_writes_nothing() -> None:
    values = {"t": "y", "n": "=vars.list[0] + 0.5"}
    playing = doing({"type": "set", "variables": values}, variables=NUMBERS)
    assert playing.error("do") == "bad_variable"
    assert playing.state.variables["t"] == "x"


# --- the profile -----------------------------------------------------------------------------------------


def test_customer_is_written_and_the_same_turn_sees_it() -> None:
    steps: dict[str, Part] = {
        "up": {
            "type": "update_customer",
            "set": {"first_name": "Mere", "visits": "=1 + 1"},
            "add_tags": ["vip", "{{ 'a' }}"],
            "next": "keep",
        },
        "keep": {
            "type": "set",
            "variables": {"t": "{{ customer.first_name }} {{ customer.visits }} {{ customer.tags }}"},
        },
    }
    playing = play(document(steps, start="up", variables={"t": {"type": "string"}}))
    assert playing.state.variables["t"] == "Mere 2 vipa"
    assert playing.profile.first_name == "Mere"
    assert playing.profile.fields == {"visits": 2}
    assert playing.profile.tags == ("vip", "a")
    (write,) = [effect for effect in playing.effects if isinstance(effect, ChangeCustomer)]
    assert write.add_tags == ("vip", "a")


@pytest.mark.parametrize(
    "write",
    [
        {"set": {"email": "=1 + 1"}},
        {"set": {"timezone": "Nowhere/Here"}},
        {"set": {"nested": {"deep": 1}}},
        {"add_tags": ["=[1]"]},
        {"add_tags": ["{{ customer.missing }}"]},
    ],
)
def test_write_that_does_not_fit_fails_the_step_and_leaves_no_effect(write: Part) -> None:
    playing = doing({"type": "update_customer", **write})
    assert playing.at == ["do!"]
    assert not any(isinstance(effect, ChangeCustomer) for effect in playing.effects)
    assert playing.profile.tags == ()


# --- events ----------------------------------------------------------------------------------------------


def test_emitted_event_is_the_customers_own_and_one_deeper() -> None:
    steps = {
        "w": wait(on_event("x", "go", next="do")),
        "do": {"type": "emit", "event": "out", "data": {"at": "=now", "n": "=1 + 1"}, "next": "z"},
        "z": pause(),
    }
    playing = play(document(steps), key="k").event("go", depth=6)
    (event,) = playing.emitted
    assert (event.name, event.customer, event.key, event.depth) == ("out", "c-1", None, 7)
    assert event.origin is Origin.FLOW
    assert event.data == {"at": "2026-02-02T02:40:00.000Z", "n": 2}
    assert playing.output("do")["event"] == {"id": event.id}


def test_emitted_event_may_be_for_another_customer_under_a_key() -> None:
    (event,) = doing({"type": "emit", "event": "out", "customer": "c-{{ 1 | plus: 1 }}", "key": "k"}).emitted
    assert (event.customer, event.key) == ("c-2", "k")


@pytest.mark.parametrize(
    "event",
    [
        {"data": "=[1]"},
        {"data": {"text": "=customer.missing"}},
        {"customer": "=1 + 1"},
        {"customer": "{{ 'a\nb' }}"},
        {"customer": "x" * 129},
        {"key": "x" * 257},
        {"data": {"text": "x" * 65_536}},
    ],
)
def test_event_that_is_none_fails_the_step(event: Part) -> None:
    playing = doing({"type": "emit", "event": "out", **event})
    assert playing.at == ["do!"]
    assert playing.emitted == []


def test_ids_of_one_turn_differ_and_are_the_same_in_a_replay() -> None:
    step = {"type": "emit", "event": "out"}
    steps = {"one": {**step, "next": "two"}, "two": step}
    first, second = [event.id for event in play(document(steps, start="one")).emitted]
    assert first != second
    assert [event.id for event in play(document(steps, start="one")).emitted] == [first, second]
