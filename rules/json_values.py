"""Values of expressions as they leave an instance: JSON, with times as RFC 3339 text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from .calendar.times import rfc3339, to_ms
from .errors import RuleError
from .limits import VALUE_NESTING_MAX

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def as_json(value: object, *, depth: int = VALUE_NESTING_MAX) -> Json:
    """The value as JSON; RuleError `bad_value` for what JSON cannot say or what is nested too deeply."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return _bounded(value)
        case float():
            return _finite(value)
        case datetime():
            return rfc3339(to_ms(value))
        case timedelta():
            return f"{value.total_seconds():g}s"
        case Mapping() | list() | tuple() if depth == 0:
            raise RuleError("bad_value", f"A value is nested more than {VALUE_NESTING_MAX} levels deep.")
        case Mapping():
            return {str(name): as_json(item, depth=depth - 1) for name, item in value.items()}
        case list() | tuple():
            return [as_json(item, depth=depth - 1) for item in value]
        case _:
            raise RuleError("bad_value", f"A {type(value).__name__} is not a value of JSON.")


def _bounded(value: int) -> int:
    if not -(2**63) <= value < 2**64:
        raise RuleError("bad_value", "A whole number has more than 64 bits.")
    return value


def _finite(value: float) -> float:
    if value - value != 0:
        raise RuleError("bad_value", "A number is infinite or not a number.")
    return value
