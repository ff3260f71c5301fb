"""Values are brought to the type that a variable declares: exactly, or not at all (flow format §2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from rules.errors import RuleError
from rules.model import Variable
from rules.types import Type
from rules.variables import coerce, find_faults, read, resolve

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (Type.BOOL, True, True),
        (Type.INT, 3, 3),
        (Type.INT, 3.0, 3),
        (Type.INT, -(2**63) + 1, -(2**63) + 1),
        (Type.DOUBLE, 3, 3.0),
        (Type.DOUBLE, 0.5, 0.5),
        (Type.STRING, "", ""),
        (Type.TIMESTAMP, "2026-03-01T13:00:00+01:00", NOON),
        (Type.TIMESTAMP, "2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        (Type.TIMESTAMP, NOON.astimezone(timezone(timedelta(hours=5))), NOON),
        (Type.TIMESTAMP, NOON + timedelta(microseconds=7), NOON),
        (Type.LIST, [], []),
        (Type.LIST, [NOON, 1], ["2026-03-01T12:00:00.000Z", 1]),
        (Type.OBJECT, {"a": {"b": (1, 2)}}, {"a": {"b": [1, 2]}}),
    ],
)
def test_value_that_fits_is_taken(type_: Type, value: object, expected: object) -> None:
    taken = coerce(Variable(name="v", type=type_), value)
    assert taken == expected
    assert type(taken) is type(expected)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Type.BOOL, 1),
        (Type.BOOL, "true"),
        (Type.INT, True),
        (Type.INT, 2.5),
        (Type.INT, 2**63),
        (Type.INT, float("nan")),
        (Type.DOUBLE, False),
        (Type.DOUBLE, float("inf")),
        (Type.DOUBLE, "1"),
        (Type.STRING, 1),
        (Type.TIMESTAMP, 1_770_000_000),
        (Type.TIMESTAMP, "2026-02-30"),
        (Type.TIMESTAMP, "2026-03-01T12:00:00"),
        (Type.LIST, {}),
        (Type.OBJECT, []),
    ],
)
def test_value_that_does_not_fit_is_refused(type_: Type, value: object) -> None:
    with pytest.raises(RuleError) as caught:
        coerce(Variable(name="v", type=type_), value)
    assert caught.value.code == "bad_variable"


def test_null_is_no_value() -> None:
    assert coerce(Variable(name="v", type=Type.INT), None) is None
    variables = {"v": Variable(name="v", type=Type.INT, has_default=True, default=4)}
    assert resolve(variables, {"v": None}) == {"v": 4}


def test_unknown_variable_names_the_nearest() -> None:
    with pytest.raises(RuleError, match='Did you mean "policy"'):
        resolve({"policy": Variable(name="policy", type=Type.STRING)}, {"polcy": "x"})


@pytest.mark.parametrize(
    ("type_", "text", "expected"),
    [
        (Type.BOOL, " TRUE", True),
        (Type.BOOL, "false", False),
        (Type.INT, "7", 7),
        (Type.INT, " -7.0 ", -7.0),
        (Type.DOUBLE, "1e3", 1000.0),
        (Type.STRING, " 7 ", " 7 "),
        (Type.TIMESTAMP, "2026-03-01", "2026-03-01"),
        (Type.LIST, '["a", 1]', ["a", 1]),
        (Type.OBJECT, '{"a": null}', {"a": None}),
    ],
)
def test_text_stands_for_what_a_start_may_supply(type_: Type, text: str, expected: object) -> None:
    assert read(Variable(name="v", type=type_), text) == expected


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (Type.BOOL, "yes"),
        (Type.INT, "seven"),
        (Type.INT, "7.5"),
        (Type.INT, "1e400"),
        (Type.INT, "9" * 5_000),
        (Type.INT, "null"),
        (Type.DOUBLE, "NaN"),
        (Type.DOUBLE, '"7"'),
        (Type.TIMESTAMP, "tomorrow"),
        (Type.LIST, "{}"),
        (Type.LIST, "[" * 100_000),
        (Type.OBJECT, "{'a': 1}"),
    ],
)
def test_text_that_stands_for_nothing_of_the_type_is_refused(type_: Type, text: str) -> None:
    with pytest.raises(RuleError) as refused:
        read(Variable(name="v", type=type_), text)
    assert refused.value.code == "bad_variable"


def test_every_variable_that_keeps_a_start_from_working_is_found() -> None:
    declared = {
        "n": Variable(name="n", type=Type.INT),
        "must": Variable(name="must", type=Type.STRING, required=True),
        "fine": Variable(name="fine", type=Type.STRING, required=True),
    }
    faults = find_faults(declared, {"n": "x", "other": 1, "fine": "f"})
    assert {(name, error.code) for name, error in faults} == {
        ("n", "bad_variable"),
        ("other", "unknown_variable"),
        ("must", "missing_variable"),
    }
    assert find_faults(declared, {"must": "m", "fine": "f"}) == []
