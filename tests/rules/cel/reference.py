"""How our two forms and the reference engine are asked, and when two answers are the same."""

import math
from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from cel_expr_python import cel

from rules.cel.checker import check
from rules.cel.decode import decode
from rules.cel.program import Evaluate, compile_form
from rules.cel.tree import Kind
from rules.cel.values import Optional
from rules.errors import EvaluationError
from rules.types import Scope


class NoValue(Enum):
    FAILED = "failed"
    UNTOLD = "untold"


def by_us(source: str, scope: Scope, context: Mapping[str, object]) -> tuple[object, Kind]:
    """Our answer and its static type, before it is made a value that can be stored; ExpressionError."""
    tree = decode(check(source, scope))
    careful = compile_form(tree, is_condition=False)
    fast = compile_form(tree, is_condition=False, recover=careful)
    answers = [_answer(form, context) for form in (fast, careful)]
    assert same(*answers), f"the two forms of {source} give {answers}"
    return answers[0], tree.kind


def _answer(form: Evaluate, context: Mapping[str, object]) -> object:
    try:
        return form(context)
    except EvaluationError:
        return NoValue.FAILED


def by_reference(source: str, environment: cel.Env, context: Mapping[str, object]) -> object:
    try:
        outcome = environment.compile(source).eval(data=context)
    except RuntimeError as error:
        raise AssertionError(f"the reference refuses {source}: {error}") from error
    return NoValue.FAILED if outcome.type() == cel.Type.ERROR else outcome.plain_value()


def same(left: object, right: object) -> bool:
    """Equal, and of one type all the way down."""
    match left, right:
        case list(), list():
            return len(left) == len(right) and all(map(same, left, right))
        case dict(), dict():
            return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
        case Optional(), Optional():
            return left.is_present is right.is_present and same(left.value, right.value)
        case float(), float():
            return left == right or (math.isnan(left) and math.isnan(right))
        case datetime(), datetime():
            return left == right
    return type(left) is type(right) and left == right
