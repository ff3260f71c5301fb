"""Variables of a moved instance: kept by name, brought to their new types, or given by the map."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from rules.inputs import Event
from rules.limits import STATE_BYTES_MAX
from rules.migrating.plan import Plan, PlanError, Reason, check_plan
from tests.rules.playing import NOW, Part, document, flow_of, on_event, play, wait

STEPS = {"w": wait(on_event("x", "x"))}


def with_variables(**variables: Part) -> str:
    return document(STEPS, variables=variables)


TEXT: Part = {"type": "string"}
NUMBER: Part = {"type": "number"}
WHOLE: Part = {"type": "integer"}
TIME: Part = {"type": "datetime"}
JUNE = "2026-06-01T00:00:00Z"

CARRIED: list[tuple[Part, object, Part, Mapping[str, object], object]] = [
    # before, its value, after, the map, what it is then
    (TEXT, "a", TEXT, {}, "a"),
    (TEXT, "a", TEXT, {"v": "b"}, "a"),
    (TEXT, None, TEXT, {"v": "b"}, "b"),
    (TEXT, None, {**TEXT, "default": "d"}, {}, None),
    (TEXT, None, {**TEXT, "required": True, "default": "d"}, {}, "d"),
    (NUMBER, 3.0, WHOLE, {}, 3),
    (NUMBER, 3.5, WHOLE, {"v": 4}, 4),
    (WHOLE, 3, NUMBER, {}, 3.0),
    (TEXT, JUNE, TIME, {}, datetime(2026, 6, 1, tzinfo=UTC)),
    (TEXT, "2026-06-01", {"type": "date"}, {}, "2026-06-01"),
    ({"type": "list"}, [1.0, {"a": "b"}], {"type": "list"}, {}, [1.0, {"a": "b"}]),
]


@pytest.mark.parametrize(("before", "value", "after", "given", "expected"), CARRIED)
def test_a_variable_is_kept_by_name(
    before: Part, value: object, after: Part, given: Mapping[str, object], expected: object
) -> None:
    playing = play(with_variables(v=before), v=value)
    playing.move(with_variables(v=after), Plan(variables={**given}))
    assert playing.state.variables == {"v": expected}
    assert type(playing.state.variables["v"]) is type(expected)


NEW: list[tuple[Part, Mapping[str, object], object]] = [
    (TEXT, {}, None),
    (TEXT, {"n": "m"}, "m"),
    ({**TEXT, "default": "d"}, {}, "d"),
    ({**TEXT, "default": "d"}, {"n": "m"}, "m"),
    ({**TEXT, "required": True}, {"n": "m"}, "m"),
    (TIME, {"n": JUNE}, datetime(2026, 6, 1, tzinfo=UTC)),
]


@pytest.mark.parametrize(("variable", "given", "expected"), NEW)
def test_a_new_variable_is_given_by_the_map_or_has_its_default(
    variable: Part, given: Mapping[str, object], expected: object
) -> None:
    playing = play(with_variables(gone=TEXT), gone="x")
    assert playing.move(with_variables(n=variable), Plan(variables={**given})).state.variables == {
        "n": expected
    }


MISSING: list[tuple[Part, object, Part, Mapping[str, object], Reason]] = [
    (TEXT, "a", {**WHOLE}, {}, Reason.BAD_VARIABLE),
    (NUMBER, 3.5, WHOLE, {}, Reason.BAD_VARIABLE),
    (TEXT, "a", WHOLE, {"v": "b"}, Reason.BAD_VARIABLE),
    (TEXT, None, {**TEXT, "required": True}, {}, Reason.MISSING_VARIABLE),
    (TEXT, None, {**TEXT, "required": True}, {"other": 1}, Reason.MISSING_VARIABLE),
]


@pytest.mark.parametrize(("before", "value", "after", "given", "reason"), MISSING)
def test_a_variable_without_a_value_that_fits_keeps_the_instance_where_it_is(
    before: Part, value: object, after: Part, given: Mapping[str, object], reason: Reason
) -> None:
    stuck = play(with_variables(v=before), v=value).stuck(with_variables(v=after), Plan(variables={**given}))
    assert stuck.reason is reason
    assert '"v"' in stuck.message


# --- the start, and the size ---------------------------------------------------------------------------


def test_a_start_that_was_not_kept_cannot_be_read() -> None:
    reading = document({"w": wait(on_event("x", "x", when="trigger.type == 'event'"))})
    event = Event(id="e", name="go", time=NOW, customer="c-1")
    assert play(document(STEPS), event=event).stuck(reading).reason is Reason.NO_TRIGGER
    kept = play(reading, event=event)
    before = kept.state.trigger
    assert kept.move(document(STEPS)).move(reading).state.trigger == before


def test_an_instance_does_not_outgrow_its_limit_by_moving() -> None:
    playing = play(with_variables(v={"type": "list"}), v=["x" * 8_000] * (STATE_BYTES_MAX // 8_000 - 1))
    wider = with_variables(v={"type": "list"}, n={"type": "list"})
    assert playing.stuck(wider, Plan(variables={"n": ["y" * 8_000] * 2})).reason is Reason.TOO_LARGE
    assert playing.move(wider, Plan(variables={"n": []})).at == ["w"]


# --- the plan itself -----------------------------------------------------------------------------------

WRONG: list[tuple[Plan, tuple[str, str]]] = [
    (Plan(steps={"gone": "w"}), ("/steps/gone", "unknown_step")),
    (Plan(steps={"w": "v"}), ("/steps/w", "unknown_step")),
    (Plan(variables={"v": "b"}), ("/variables/v", "unknown_variable")),
    (Plan(variables={"n": "three"}), ("/variables/n", "bad_variable")),
]


@pytest.mark.parametrize(("plan", "expected"), WRONG)
def test_a_plan_that_names_what_is_not_there_is_told_where(plan: Plan, expected: tuple[str, str]) -> None:
    flow = flow_of(with_variables(n=WHOLE))
    (error,) = check_plan(plan, flow, known=["w"])
    assert isinstance(error, PlanError)
    assert (error.pointer, error.code) == expected


def test_a_plan_that_fits_has_nothing_wrong() -> None:
    plan = Plan(steps={"old": "w"}, variables={"n": 3})
    assert check_plan(plan, flow_of(with_variables(n=WHOLE)), known=["old"]) == []
