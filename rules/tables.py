"""Decision tables: cells that are unary tests over an input, rows that match (flow format §5.2).

A cell is compiled once from its short form: a literal, a comparison, a range, a list of these (any of them),
or `=` and a condition in which `value` is the input. A value of another kind than the cell's does not match.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from .calendar.times import parse_rfc3339, to_datetime
from .conditions import Condition, compile_condition
from .errors import ExpressionError, RuleError
from .types import Scope, Type

if TYPE_CHECKING:
    from .values import Value

Operand: TypeAlias = "bool | int | float | str | datetime | None"

_COMPARISON = re.compile(r"(<=|>=|!=|<|>)\s*(\S.*)", re.DOTALL)
_RANGE = re.compile(r"([\[(])(.+?)\.\.(.+)([\])])", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_WORDS: Final[Mapping[str, Operand]] = {"true": True, "false": False, "null": None}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT.+")


@dataclass(frozen=True, slots=True)
class Equal:
    operand: Operand
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Compare:
    """`sign` is one of < <= > >=."""

    sign: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class Within:
    lowest: Compare
    highest: Compare


@dataclass(frozen=True, slots=True)
class AnyOf:
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Holds:
    condition: Condition


Cell: TypeAlias = Equal | Compare | Within | AnyOf | Holds

_SIGNS: Final[Mapping[str, Callable[[int], bool]]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`then` are the outputs of an input that every cell matches, by the input's name."""

    cells: Mapping[str, Cell]
    then: Mapping[str, Value]


def matches(cell: Cell, value: object, context: Mapping[str, object]) -> bool:
    """Whether the input matches; EvaluationError when the condition of a cell cannot be said."""
    match cell:
        case Equal():
            return _is_equal(value, cell.operand) is not cell.negated
        case Compare():
            return _compares(value, cell)
        case Within():
            return _compares(value, cell.lowest) and _compares(value, cell.highest)
        case AnyOf():
            return any(matches(one, value, context) for one in cell.cells)
        case Holds():
            return cell.condition.holds(_Beside(context, value))
        case _:
            assert_never(cell)


class _Beside(Mapping[str, object]):
    """The context with `value` beside it; the context builds what it lacks, so it is asked, not copied."""

    __slots__ = ("_context", "_value")

    def __init__(self, context: Mapping[str, object], value: object) -> None:
        self._context = context
        self._value = value

    def __getitem__(self, root: str) -> object:
        return self._value if root == "value" else self._context[root]

    def __contains__(self, root: object) -> bool:
        return root == "value" or root in self._context

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._context, "value")))

    def __len__(self) -> int:
        return len(dict.fromkeys((*self._context, "value")))


def compile_cell(raw: object, scope: Scope, *, shape: Type = Type.DYN) -> Cell:
    """RuleError `bad_cell`, or what the condition of the cell is refused for. `shape` is the input's type."""
    match raw:
        case str():
            return _compile_text(raw, scope, shape)
        case list():
            if not raw:
                raise RuleError("bad_cell", "An empty list matches nothing; leave the cell out.")
            return AnyOf(tuple(compile_cell(item, scope, shape=shape) for item in raw))
        case None | bool() | int() | float():
            return Equal(raw)
        case _:
            raise RuleError("bad_cell", "A cell is a literal, a comparison, a range, a list, or a condition.")


def _compile_text(raw: str, scope: Scope, shape: Type) -> Cell:
    if raw.startswith("==") or not raw.strip():
        return Equal(raw[1:] if raw else "")
    if raw.startswith("="):
        return _compile_condition(raw, scope, shape)
    text = raw.strip()
    range_ = _RANGE.fullmatch(text)
    if range_ is not None:
        return _compile_range(*range_.groups())
    comparison = _COMPARISON.fullmatch(text)
    if comparison is None:
        return Equal(_operand(text))
    sign, operand = comparison[1], _operand(comparison[2])
    if sign == "!=":
        return Equal(operand, negated=True)
    return Compare(sign, _ordered(operand))


def _compile_condition(raw: str, scope: Scope, shape: Type) -> Holds:
    try:
        return Holds(compile_condition(raw[1:], scope.with_(value=shape)))
    except ExpressionError as error:
        offset = None if error.offset is None else error.offset + 1
        raise ExpressionError(error.code, error.message, offset) from error


def _compile_range(opening: str, lowest: str, highest: str, closing: str) -> Within:
    low, high = _ordered(_operand(lowest.strip())), _ordered(_operand(highest.strip()))
    order = _order(low, high)
    if order is None or order > 0:
        raise RuleError("bad_cell", f'The range "{lowest.strip()}..{highest.strip()}" holds nothing.')
    return Within(
        Compare(">=" if opening == "[" else ">", low), Compare("<=" if closing == "]" else "<", high)
    )


def _operand(text: str) -> Operand:
    """Numbers, `true`, `false`, `null` and times are what they look like; `"…"` and bare words are text."""
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        return float(text) if any(mark in text for mark in ".eE") else int(text)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    if _TIME.fullmatch(text):
        return to_datetime(parse_rfc3339(text))
    return text


def _ordered(operand: Operand) -> Operand:
    if operand is None or isinstance(operand, bool):
        raise RuleError("bad_cell", "Only numbers, texts and times come before or after one another.")
    return operand


def _is_equal(value: object, operand: Operand) -> bool:
    if isinstance(value, bool) or isinstance(operand, bool) or value is None or operand is None:
        return value is operand
    return _order(value, operand) == 0


def _compares(value: object, cell: Compare) -> bool:
    order = _order(value, cell.operand)
    return order is not None and _SIGNS[cell.sign](order)


def compares_all(wide: Compare, narrow: Compare) -> bool:
    """Whether all that `narrow` holds for, `wide` holds for too: `> 3` for all of `>= 5`."""
    order = _order(narrow.operand, wide.operand)
    if order is None or wide.sign[0] != narrow.sign[0]:
        return False
    beyond = order if wide.sign[0] == ">" else -order
    return beyond > 0 or (beyond == 0 and (wide.sign == narrow.sign or wide.sign.endswith("=")))


def _order(value: object, operand: object) -> int | None:
    """-1, 0 or 1; None for values of different kinds. True is no number."""
    if isinstance(value, bool) or isinstance(operand, bool):
        return None
    if isinstance(value, str) and isinstance(operand, datetime):
        value = _time_of(value)
    numbers = isinstance(value, int | float) and isinstance(operand, int | float)
    texts = isinstance(value, str) and isinstance(operand, str)
    times = isinstance(value, datetime) and isinstance(operand, datetime)
    if not (numbers or texts or times):
        return None
    return int(value > operand) - int(value < operand)  # type: ignore[operator]  # both are of one kind


def _time_of(text: str) -> datetime | None:
    """The time that a text of untyped data names, if it names one."""
    try:
        return to_datetime(parse_rfc3339(text))
    except RuleError:
        return None
