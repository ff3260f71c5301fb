"""The values of expressions – those of JSON, aware datetimes, timedeltas, optionals – and their bounds.

What a function takes goes through one of the `…_arg` functions, which check it and pay for it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NoReturn, TypeAlias

from ..errors import EvaluationError
from ..limits import (
    EXPRESSION_DURATION_DAYS_MAX,
    EXPRESSION_LIST_ITEMS_MAX,
    EXPRESSION_STEPS_MAX,
    EXPRESSION_STRING_CHARS_MAX,
)

Compared: TypeAlias = int | float | str | datetime | timedelta

_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_LENGTH_MAX = timedelta(days=EXPRESSION_DURATION_DAYS_MAX)
# Text that a function handles at the price of one step, characters.
STEP_CHARS = 64


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


def checked_length(length: timedelta) -> timedelta:
    if abs(length) <= _LENGTH_MAX:
        return length
    raise EvaluationError("overflow", "the duration leaves the range of ten thousand years")


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
    budget.spend(len(value) // STEP_CHARS)
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
