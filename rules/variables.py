"""Variables: what a start may supply, and the type that each value is brought to (flow format §2)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Final

import msgspec

from .calendar.times import parse_rfc3339, to_datetime, to_ms
from .documents.scalars import is_date
from .errors import RuleError
from .json_values import as_json
from .model import Variable
from .text.printing import Setting
from .types import Type
from .values import Value

# A union written out is built anew at each look.
_NUMBER = (int, float)
_INT_MAX = 2**63 - 1
_DOUBLE_MAX = sys.float_info.max


def resolve(variables: Mapping[str, Variable], supplied: Mapping[str, object]) -> dict[str, object]:
    """The variables of a new instance: the value supplied, else the default.

    RuleError: `unknown_variable`, `missing_variable`, `bad_variable`.
    """
    for name in supplied:
        if name not in variables:
            near = get_close_matches(name, variables, 1)
            hint = f' Did you mean "{near[0]}"?' if near else ""
            raise RuleError("unknown_variable", f'The flow has no variable "{name[:64]}".{hint}')
    return {name: _first_value(variable, supplied.get(name)) for name, variable in variables.items()}


def carry(
    variables: Mapping[str, Variable], values: Mapping[str, object], given: Mapping[str, object]
) -> dict[str, object]:
    """The variables of an instance that moves to a version which declares these: its own value, brought to
    the new type, else the one `given` for those that have none, else the default if the name is new to it.

    RuleError: `missing_variable`, `bad_variable`.
    """
    return {name: _carried(variable, values, given.get(name)) for name, variable in variables.items()}


def find_faults(
    variables: Mapping[str, Variable], supplied: Mapping[str, object]
) -> list[tuple[str, RuleError]]:
    """All that keeps `resolve` from working, each with the name of its variable."""
    faults = []
    for name in {**supplied, **variables}:
        own = {name: supplied[name]} if name in supplied else {}
        try:
            resolve({name: variables[name]} if name in variables else variables, own)
        except RuleError as error:
            faults.append((name, error))
    return faults


def read(variable: Variable, text: str) -> object:
    """What a text stands for, as in a cell of a table, for a start to supply; RuleError `bad_variable` if for
    nothing of the variable's type.
    """
    value: object = text
    try:
        if variable.type is Type.BOOL:
            value = _BOOLEANS.get(text.strip().lower(), text)
        elif variable.type in _WRITTEN_AS_JSON:
            value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        pass  # the text itself fits no such type
    coerce(variable, text if value is None else value)  # null is what an empty cell says
    return value


def coerce(variable: Variable, value: object) -> object:
    """The value as the declared type; RuleError `bad_variable` if it is none. Null stays null."""
    if value is None:
        return None
    fitting = _as_day(value) if variable.is_date else _FITTING[variable.type](value)
    if fitting is None:
        words = "a date such as 2026-03-01" if variable.is_date else _WORDS[variable.type]
        raise RuleError("bad_variable", f'The variable "{variable.name}" must be {words}.')
    return fitting


def check_fits(variable: Variable, value: Value) -> None:
    """RuleError `type_mismatch` if the value can never become one of the variable's type."""
    try:
        if value.constant:
            coerce(variable, value.resolve({}, _NOBODY))
            return
    except RuleError as error:
        raise RuleError("type_mismatch", error.message) from error
    fitting = _FITTING_TYPES.get(variable.type, ())
    if variable.is_date:
        fitting = (Type.STRING,)
    if fitting and value.type is not Type.DYN and value.type not in fitting:
        words = "a date such as 2026-03-01" if variable.is_date else _WORDS[variable.type]
        raise RuleError("type_mismatch", f'The variable "{variable.name}" must be {words}; this never is.')


def _carried(variable: Variable, values: Mapping[str, object], given: object) -> object:
    own = values.get(variable.name)
    if own is not None:
        try:
            return coerce(variable, own)
        except RuleError:
            if given is None:
                raise
    if given is None and (variable.required or variable.name not in values):
        given = variable.default
    if given is None and variable.required:
        message = f'The variable "{variable.name}" is required; the instance has no value for it.'
        raise RuleError("missing_variable", message)
    return coerce(variable, given)


def _first_value(variable: Variable, supplied: object) -> object:
    value = supplied if supplied is not None else variable.default
    if value is None and variable.required:
        raise RuleError("missing_variable", f'The variable "{variable.name}" is required.')
    return coerce(variable, value)


def _as_bool(value: object) -> object:
    return value if isinstance(value, bool) else None


def _as_text(value: object) -> object:
    return value if isinstance(value, str) else None


def _as_day(value: object) -> object:
    return value if isinstance(value, str) and is_date(value) else None


def _as_int(value: object) -> object:
    """A whole number of at most 64 bits; a double only if it is exactly one."""
    if isinstance(value, bool) or not isinstance(value, _NUMBER) or not -_INT_MAX <= value <= _INT_MAX:
        return None
    return int(value) if value == value // 1 else None


def _as_double(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, _NUMBER):
        return None
    return float(value) if -_DOUBLE_MAX <= value <= _DOUBLE_MAX else None


def _as_list(value: object) -> object:
    return as_json(value) if isinstance(value, list) else None


def _as_object(value: object) -> object:
    return as_json(value) if isinstance(value, dict) else None


def _as_instant(value: object) -> object:
    if not isinstance(value, str | datetime):
        return None
    try:
        return to_datetime(to_ms(value) if isinstance(value, datetime) else _parse(value))
    except RuleError:
        return None


def _parse(text: str) -> int:
    """An RFC 3339 time, or a date: its first instant in UTC."""
    if len(text) != len("2026-03-01"):
        return parse_rfc3339(text)
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise RuleError("bad_time", "Neither a time nor a date.") from error
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))


_FITTING: Final[Mapping[Type, Callable[[object], object]]] = {
    Type.BOOL: _as_bool,
    Type.INT: _as_int,
    Type.DOUBLE: _as_double,
    Type.STRING: _as_text,
    Type.TIMESTAMP: _as_instant,
    Type.LIST: _as_list,
    Type.OBJECT: _as_object,
    Type.DYN: as_json,
}
"""Exact conversions only; None for what does not fit. No variable is declared as a duration."""

_FITTING_TYPES: Final[Mapping[Type, tuple[Type, ...]]] = {
    Type.BOOL: (Type.BOOL,),
    Type.INT: (Type.INT, Type.DOUBLE),
    Type.DOUBLE: (Type.INT, Type.DOUBLE),
    Type.STRING: (Type.STRING,),
    Type.TIMESTAMP: (Type.TIMESTAMP, Type.STRING),
    Type.LIST: (Type.LIST,),
    Type.OBJECT: (Type.OBJECT,),
}
"""What an expression may give for a variable of a type."""
_NOBODY: Final = Setting()
_BOOLEANS: Final = {"true": True, "false": False}
_WRITTEN_AS_JSON: Final = frozenset({Type.INT, Type.DOUBLE, Type.LIST, Type.OBJECT})

_WORDS: Final = {
    Type.BOOL: "true or false",
    Type.INT: "a whole number of at most 64 bits",
    Type.DOUBLE: "a number",
    Type.STRING: "text",
    Type.TIMESTAMP: "a time such as 2026-03-01T09:00:00Z",
    Type.LIST: "a list",
    Type.OBJECT: "an object",
    Type.DYN: "a value",
}
