"""Values as JSON: what JSON can say, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rules.errors import RuleError
from rules.json_values import as_json
from rules.limits import VALUE_NESTING_MAX


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (2**64 - 1, 2**64 - 1),
        (0.5, 0.5),
        ("x", "x"),
        ((1, "a"), [1, "a"]),
        ({"a": {"b": None}}, {"a": {"b": None}}),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00.000Z"),
        (timedelta(minutes=1, milliseconds=500), "60.5s"),
        (nested(VALUE_NESTING_MAX), nested(VALUE_NESTING_MAX)),
    ],
)
def test_value_of_an_expression_becomes_json(value: object, expected: object) -> None:
    assert as_json(value) == expected


@pytest.mark.parametrize(
    "value", [float("nan"), float("-inf"), 2**64, -(2**63) - 1, {1, 2}, b"x", nested(VALUE_NESTING_MAX + 1)]
)
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(RuleError) as caught:
        as_json(value)
    assert caught.value.code == "bad_value"
