"""What operators do with values whose types are known only when the expression runs.

A bool is never a number here, though Python thinks so; an int and a double that meet are compared exactly
and calculate as doubles.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..errors import EvaluationError
from ..limits import EXPRESSION_VALUE_DEPTH_MAX
from .access import has_key
from .values import (
    STEP_CHARS,
    Budget,
    Optional,
    checked_length,
    checked_list,
    checked_text,
    int64,
    list_arg,
    mismatch,
)

# ── comparison ─────────────────────────────────────────────────────────────────────────────────────────


def equal(budget: Budget, left: object, right: object, depth: int = 0) -> bool:
    """CEL's equality: values of different types are unequal, numbers are compared as numbers."""
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if len(left) != len(right):
            return False
        _descend(budget, len(left), depth)
        return all(equal(budget, a, b, depth + 1) for a, b in zip(left, right, strict=True))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        if len(left) != len(right):
            return False
        _descend(budget, len(left), depth)
        return all(key in right and equal(budget, left[key], right[key], depth + 1) for key in left)
    if isinstance(left, Optional) and isinstance(right, Optional):
        if not (left.is_present and right.is_present):
            return left.is_present == right.is_present
        return equal(budget, left.value, right.value, depth + 1)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def _descend(budget: Budget, steps: int, depth: int) -> None:
    budget.spend(steps + 1)
    if depth >= EXPRESSION_VALUE_DEPTH_MAX:
        raise EvaluationError("too_long", f"a value nests deeper than {EXPRESSION_VALUE_DEPTH_MAX} levels")


def contained(budget: Budget, needle: object, haystack: object) -> bool:
    """The operator `in`: an item of a list, a key of an object."""
    if isinstance(haystack, list | tuple):
        return any(equal(budget, needle, item) for item in list_arg(budget, haystack))
    if isinstance(haystack, Mapping):
        return has_key(haystack, needle)
    mismatch(needle, haystack)


def less(left: object, right: object) -> bool:
    a, b = _ordered(left, right)
    return bool(a < b)


def less_equal(left: object, right: object) -> bool:
    a, b = _ordered(left, right)
    return bool(a <= b)


def greater(left: object, right: object) -> bool:
    a, b = _ordered(left, right)
    return bool(a > b)


def greater_equal(left: object, right: object) -> bool:
    a, b = _ordered(left, right)
    return bool(a >= b)


def _ordered(left: object, right: object) -> tuple[Any, Any]:
    """Both, if they are of one type that has an order."""
    match left, right:
        case (bool(), bool()) | (str(), str()) | (datetime(), datetime()) | (timedelta(), timedelta()):
            return left, right
        case (bool(), _) | (_, bool()):
            mismatch(left, right)
        case ((int() | float()), (int() | float())):
            return left, right
    mismatch(left, right)


# ── arithmetic ─────────────────────────────────────────────────────────────────────────────────────────


def add(budget: Budget, left: object, right: object) -> object:
    match left, right:
        case float(), float():
            return left + right
        case str(), str():
            return concat(budget, left, right)
        case ((list() | tuple()), (list() | tuple())):
            return checked_list([*list_arg(budget, left), *list_arg(budget, right)])
        case datetime(), timedelta():
            return in_years(left + right)
        case timedelta(), datetime():
            return in_years(right + left)
        case timedelta(), timedelta():
            return checked_length(left + right)
    return _calculate(left, right, lambda a, b: a + b)


def concat(budget: Budget, left: str, right: str) -> str:
    text = left + right
    budget.spend(len(text) // STEP_CHARS)
    return checked_text(text)


def subtract(left: object, right: object) -> object:
    match left, right:
        case datetime(), datetime():
            return left - right
        case datetime(), timedelta():
            return in_years(left - right)
        case timedelta(), timedelta():
            return checked_length(left - right)
    return _calculate(left, right, lambda a, b: a - b)


def multiply(left: object, right: object) -> object:
    return _calculate(left, right, lambda a, b: a * b)


def divide(left: object, right: object) -> object:
    return _calculate(left, right, _quotient)


def modulo(left: object, right: object) -> object:
    return _calculate(left, right, _remainder)


def negate(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        mismatch(value)
    return int64(-value) if isinstance(value, int) else -value


def in_years(moment: datetime) -> datetime:
    """What arithmetic with datetimes gives, in UTC again."""
    return moment.astimezone(UTC)


def _calculate(
    left: object, right: object, operation: Callable[[int | float, int | float], int | float]
) -> int | float:
    if (
        isinstance(left, bool)
        or isinstance(right, bool)
        or not isinstance(left, int | float)
        or not isinstance(right, int | float)
    ):
        mismatch(left, right)
    if isinstance(left, int) and isinstance(right, int):
        return int64(int(operation(left, right)))
    return operation(float(left), float(right))


def _quotient(left: int | float, right: int | float) -> int | float:
    if right == 0:
        raise EvaluationError("division_by_zero", "it divides by zero")
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    return left / right


def _remainder(left: int | float, right: int | float) -> int | float:
    if right == 0:
        raise EvaluationError("division_by_zero", "it divides by zero")
    if isinstance(left, int) and isinstance(right, int):
        remainder = abs(left) % abs(right)
        return -remainder if left < 0 else remainder
    if left % 1 or right % 1:
        raise EvaluationError("type_mismatch", "a remainder needs whole numbers")
    return math.fmod(left, right)
