"""Literals and expressions: one rule."""

import pytest

from rules.calendar.times import to_datetime
from rules.errors import EvaluationError, ExpressionError
from rules.text.printing import Setting
from rules.types import Scope, Type
from rules.values import compile_value

SCOPE = Scope({"vars": {"n": Type.INT, "policy": Type.STRING, "due": Type.TIMESTAMP}})
CONTEXT = {"vars": {"n": 2, "policy": "P-7", "due": to_datetime(0)}}


@pytest.mark.parametrize(
    ("raw", "resolved"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (5.5, 5.5),
        ("vip", "vip"),
        ("", ""),
        ("=vars.n + 1", 3),
        ("=vars.policy", "P-7"),
        ("=vars.due", to_datetime(0)),
        ("{{ vars.n }}", "2"),
        ("No {{ vars.policy }}", "No P-7"),
        ("==vars.n", "=vars.n"),
        ("=={{ vars.n }}", "=2"),
        (["a", "=vars.n", ["{{ vars.n }}"]], ["a", 2, ["2"]]),
        ({"lane": "vip", "policy": "=vars.policy", "=k": {"n": "=vars.n"}},
         {"lane": "vip", "policy": "P-7", "=k": {"n": 2}}),
    ],
)  # fmt: skip
def test_resolves(raw: object, resolved: object) -> None:
    assert compile_value(raw, SCOPE).resolve(CONTEXT, Setting()) == resolved


@pytest.mark.parametrize("raw", [None, 5, "vip", "==x", [], {}, ["a", {"b": [1]}]])
def test_value_without_anything_to_resolve_is_constant(raw: object) -> None:
    value = compile_value(raw, SCOPE)
    assert value.constant
    assert value.reads == frozenset()
    assert value.resolve(CONTEXT, Setting()) is value.resolve({}, Setting())


def test_reads_all_names_at_any_depth() -> None:
    value = compile_value({"a": ["=vars.n"], "b": "{{ vars.policy }} {{ vars.due | date }}"}, SCOPE)
    assert not value.constant
    assert value.reads == {"vars.n", "vars.policy", "vars.due"}


@pytest.mark.parametrize(
    ("raw", "offset"),
    [
        (["=vars.nn"], 5),
        ({"a": "{{ vars.nn }}"}, 3),
        ("=={{ vars.nn }}", 5),
        ("= vars.n +", None),
        ("{{ vars.n", 0),
        ("=", None),
    ],
)
def test_refusal_counts_from_the_beginning_of_the_string(raw: object, offset: int | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_value(raw, SCOPE)
    assert offset is None or caught.value.offset == offset


def test_failing_expression_fails_the_value() -> None:
    value = compile_value({"a": "=10 / (vars.n - 2)"}, SCOPE)
    with pytest.raises(EvaluationError):
        value.resolve(CONTEXT, Setting())
