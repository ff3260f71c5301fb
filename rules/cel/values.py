"""What operators do with values whose types are known only when the expression runs.

Values are those of JSON, aware datetimes, timedeltas and optionals. A bool is never a number here, though
Python thinks so; an int and a double that meet are compared exactly and calculate as doubles.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, TypeAlias

from ..errors import EvaluationError
from ..limits import (
    EXPRESSION_LIST_ITEMS_MAX,
    EXPRESSION_STEPS_MAX,
    EXPRESSION_STRING_CHARS_MAX,
    EXPRESSION_VALUE_DEPTH_MAX,
)

Compared: TypeAlias = int | float | str | datetime | timedelta

_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
# Text that a function handles at the price of one step, characters.
_STEP_CHARS = 64


class Budget:
    """The work that one evaluation may still do."""

    __slots__ = ("steps",)

    def __init__(self) -> None:
        self.steps = EXPRESSION_STEPS_MAX

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise EvaluationError("too_many_steps", f"it takes more than {EXPRESSION_STEPS_MAX} steps")


class Optional:
    """A value that may be missing: what `.?` gives."""

    __slots__ = ("is_present", "value")

    def __init__(self, value: object, *, is_present: bool = True) -> None:
        self.value = value
        self.is_present = is_present


NONE = Optional(None, is_present=False)
EMPTY: Mapping[str, object] = {}


def name_of(value: object) -> str:
    """What a value is, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case datetime():
            return "a datetime"
        case timedelta():
            return "a duration"
        case list() | tuple():
            return "a list"
        case Mapping():
            return "an object"
    return "an optional value"


def mismatch(*values: object) -> NoReturn:
    shown = " and ".join(name_of(value) for value in values)
    raise EvaluationError("type_mismatch", f"it does not go with {shown}")


def need_bool(value: object) -> NoReturn:
    raise EvaluationError("type_mismatch", f"true or false is needed, not {name_of(value)}")


def overflow() -> NoReturn:
    raise EvaluationError("overflow", "the number leaves the range of 64 bits")


def int64(value: int) -> int:
    if _INT_MIN <= value <= _INT_MAX:
        return value
    overflow()


def checked_text(text: str) -> str:
    if len(text) > EXPRESSION_STRING_CHARS_MAX:
        raise EvaluationError("too_long", f"a text has more than {EXPRESSION_STRING_CHARS_MAX} characters")
    return text


def checked_list(items: Sequence[object]) -> list[object]:
    if len(items) > EXPRESSION_LIST_ITEMS_MAX:
        raise EvaluationError("too_long", f"a list has more than {EXPRESSION_LIST_ITEMS_MAX} items")
    return items if isinstance(items, list) else list(items)


def text_arg(budget: Budget, value: object) -> str:
    """A string that a function is about to handle, paid for."""
    if not isinstance(value, str):
        mismatch(value)
    budget.spend(len(value) // _STEP_CHARS)
    return checked_text(value)


def list_arg(budget: Budget, value: object) -> list[object]:
    """A list that a function is about to walk, paid for."""
    if not isinstance(value, list | tuple):
        mismatch(value)
    items = checked_list(value)
    budget.spend(len(items))
    return items


def int_arg(value: object) -> int:
    """A whole number; those of untyped data are doubles, so a double without a fraction is one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise EvaluationError("type_mismatch", f"a whole number is needed, not {name_of(value)}")
    return int(value)


def widen(value: object) -> object:
    """A value read from untyped data: there every number is a double."""
    return float(value) if type(value) is int else value


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


def has_key(mapping: Mapping[object, object], key: object) -> bool:
    """Keys are texts; the check comes first because a list would not even hash."""
    return isinstance(key, str) and key in mapping


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
            return left + right
    return _calculate(left, right, lambda a, b: a + b)


def concat(budget: Budget, left: str, right: str) -> str:
    text = left + right
    budget.spend(len(text) // _STEP_CHARS)
    return checked_text(text)


def subtract(left: object, right: object) -> object:
    match left, right:
        case datetime(), datetime():
            return left - right
        case datetime(), timedelta():
            return in_years(left - right)
        case timedelta(), timedelta():
            return left - right
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


# ── access ─────────────────────────────────────────────────────────────────────────────────────────────


def field(value: object, name: str) -> object:
    """A field of untyped data."""
    if isinstance(value, Optional):
        return optional_field(value, name)
    if not isinstance(value, Mapping):
        raise EvaluationError("no_such_key", f'{name_of(value)} has no "{name}"')
    if name not in value:
        raise EvaluationError("no_such_key", f'there is no "{name}"')
    return value[name]


def has_field(value: object, name: str) -> bool:
    if isinstance(value, Optional):
        return value.is_present and has_field(value.value, name)
    if not isinstance(value, Mapping):
        mismatch(value)
    return name in value


def optional_field(value: object, name: object) -> Optional:
    """`.?` and `[?…]`: nothing where the field, key or item is missing."""
    if isinstance(value, Optional):
        return optional_field(value.value, name) if value.is_present else NONE
    if isinstance(value, Mapping):
        return Optional(value[name]) if has_key(value, name) else NONE
    if isinstance(value, list | tuple):
        place = int_arg(name)
        return Optional(value[place]) if 0 <= place < len(value) else NONE
    mismatch(value)


def record_field(value: object) -> Optional:
    """A field of a record, where null is what no value reads."""
    return NONE if value is None else Optional(value)


def index(value: object, key: object) -> object:
    if isinstance(value, Optional):
        return optional_field(value, key)
    if isinstance(value, Mapping):
        if not has_key(value, key):
            raise EvaluationError("no_such_key", f"there is no {key!r:.80}")
        return value[key]
    if not isinstance(value, list | tuple):
        mismatch(value)
    place = int_arg(key)
    if not 0 <= place < len(value):
        raise EvaluationError("no_such_key", f"there is no item {place} in a list of {len(value)}")
    return value[place]


def listed(budget: Budget, items: Sequence[object], optional: frozenset[int]) -> list[object]:
    """A list literal; of its optional items those that are present."""
    budget.spend(len(items))
    if not optional:
        return list(items)
    kept: list[object] = []
    for place, item in enumerate(items):
        if place not in optional:
            kept.append(item)
        elif not isinstance(item, Optional):
            mismatch(item)
        elif item.is_present:
            kept.append(item.value)
    return kept


def mapped_entries(budget: Budget, entries: Sequence[tuple[object, object, bool]]) -> dict[object, object]:
    """An object literal from key, value and whether the value is optional."""
    budget.spend(len(entries))
    mapping: dict[object, object] = {}
    for key, value, is_optional in entries:
        if not isinstance(key, str):
            raise EvaluationError("type_mismatch", f"the keys of an object are texts, not {name_of(key)}")
        if key in mapping:
            raise EvaluationError("type_mismatch", f'the key "{key:.80}" stands twice')
        if not is_optional:
            mapping[key] = value
        elif not isinstance(value, Optional):
            mismatch(value)
        elif value.is_present:
            mapping[key] = value.value
    return mapping
