"""From source to a function: check, decode, generate, and the way from a failure to its explanation."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import TypeAlias, cast

from ..errors import EvaluationError, ExpressionError
from ..limits import EXPRESSION_VALUE_DEPTH_MAX
from ..types import Scope, Type
from .checker import check
from .decode import decode
from .events import Window, windows_of
from .generate import Generator
from .library import NAMESPACE
from .reads import Path, dotted, look_up, paths_of
from .tree import Kind, Node
from .values import Budget, Optional, name_of

Context: TypeAlias = Mapping[str, object]
Evaluate: TypeAlias = Callable[[Context], object]

# What Python raises where CEL has an error; anything else is a fault of ours.
_FAILURES = (
    EvaluationError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    ValueError,
    ArithmeticError,
    RecursionError,
)
_NAME = re.compile(r"\w+")
# What a message tells of the values read, entries.
_READS_SHOWN_MAX = 6

# What can be stored as it is.
_PLAIN = frozenset({bool, int, type(None)})

_TYPES = {
    Kind.BOOL: Type.BOOL,
    Kind.INT: Type.INT,
    Kind.DOUBLE: Type.DOUBLE,
    Kind.STRING: Type.STRING,
    Kind.TIMESTAMP: Type.TIMESTAMP,
    Kind.LIST: Type.LIST,
    Kind.MAP: Type.OBJECT,
    Kind.RECORD: Type.OBJECT,
}


@dataclass(frozen=True, slots=True)
class Program:
    """One compiled expression."""

    type: Type
    paths: Mapping[str, Path]
    windows: frozenset[Window]
    evaluate: Evaluate


def compile_program(source: str, scope: Scope, *, is_condition: bool) -> Program:
    """ExpressionError, with the place, if `source` is not an expression of this kind in `scope`."""
    tree = decode(check(source, scope))
    _check_result(tree, is_condition=is_condition)
    windows = frozenset(windows_of(tree))
    paths = {dotted(path): path for path in sorted(set(paths_of(tree)))}
    careful = _Careful(tree, source, paths, is_condition)
    evaluate = compile_form(tree, is_condition=is_condition, recover=careful.evaluate)
    if not is_condition:
        evaluate = _finished(evaluate, tree)
    return Program(_TYPES.get(tree.kind, Type.DYN), paths, windows, evaluate)


def _check_result(tree: Node, *, is_condition: bool) -> None:
    if is_condition and tree.kind not in (Kind.BOOL, Kind.DYN):
        raise ExpressionError(
            "not_a_condition", "A condition is true or false; compare this with something.", tree.offset
        )
    if tree.kind is Kind.DURATION:
        raise ExpressionError(
            "not_a_value", "A duration is no value; write string(…) around it.", tree.offset
        )
    if tree.kind is Kind.EVENTS:
        raise ExpressionError(
            "not_a_value",
            "Events are no value; write .count(), .first() or .last() behind them.",
            tree.offset,
        )
    if tree.kind is Kind.OPTIONAL:
        raise ExpressionError("not_a_value", "This may be missing; write .orValue(…) behind it.", tree.offset)


def compile_form(tree: Node, *, is_condition: bool, recover: Evaluate | None = None) -> Evaluate:
    """The tree as a Python function: fast if there is a way to recover from a failure, else careful."""
    generator = Generator(is_careful=recover is None)
    text = generator.function(tree, is_condition=is_condition)
    # Only the names that occur: there are thousands of conditions, and each keeps its namespace.
    known = {name: NAMESPACE[name] for name in _NAME.findall(text) if name in NAMESPACE}
    namespace = {"__builtins__": {}, **known, **generator.constants}
    namespace.update(recover=recover, at=_at, failures=_FAILURES)
    # The text is made of our own names, numbers and operators only: see generate.py.
    exec(compile(text, "<expression>", "exec"), namespace)  # noqa: S102
    return cast(Evaluate, namespace["evaluate"])


class _Careful:
    """The slow and exact form of an expression, made when the fast one first fails."""

    __slots__ = ("_function", "_is_condition", "_paths", "_source", "_tree")

    def __init__(self, tree: Node, source: str, paths: Mapping[str, Path], is_condition: bool) -> None:
        self._tree = tree
        self._source = source
        self._paths = paths
        self._is_condition = is_condition
        self._function: Evaluate | None = None

    def evaluate(self, context: Context) -> object:
        """The value, where errors do not decide; else an EvaluationError that explains itself."""
        if self._function is None:
            self._function = compile_form(self._tree, is_condition=self._is_condition)
        try:
            return self._function(context)
        except _FAILURES as error:
            failure = _as_evaluation_error(error, self._tree.offset)
            message = self._sentence(failure, context)
            raise EvaluationError(failure.code, message, failure.offset) from error

    def _sentence(self, failure: EvaluationError, context: Context) -> str:
        found = look_up(self._paths, context)
        names = list(self._paths)[:_READS_SHOWN_MAX]
        reads = ", ".join(
            f"{name} is {name_of(found[name]) if name in found else 'missing'}" for name in names
        )
        place = f"At character {(failure.offset or 0) + 1}: {failure.message}"
        return f"{place} ({reads})." if reads else f"{place}."


def _at(offset: int, thunk: Callable[[], object]) -> object:
    try:
        return thunk()
    except _FAILURES as error:
        raise _as_evaluation_error(error, offset) from error


def _as_evaluation_error(error: BaseException, offset: int) -> EvaluationError:
    """The failure with its place, the innermost one if it already has it."""
    match error:
        case EvaluationError() if error.offset is not None:
            return error
        case EvaluationError():
            return EvaluationError(error.code, error.message, offset)
        case RecursionError():
            return EvaluationError("too_long", "a value nests too deeply", offset)
        case ArithmeticError():
            return EvaluationError("overflow", "the result leaves the range of its type", offset)
    return EvaluationError("type_mismatch", "a value has another type than is needed", offset)


# ── results ────────────────────────────────────────────────────────────────────────────────────────────


def _finished(evaluate: Evaluate, tree: Node) -> Evaluate:
    """`evaluate`, giving values that can be stored and sent."""
    if tree.kind in (Kind.BOOL, Kind.INT, Kind.STRING):
        return evaluate

    def value(context: Context) -> object:
        result = evaluate(context)
        kind = result.__class__
        if kind in _PLAIN or (kind is float and isfinite(result)):  # type: ignore[arg-type]  # is a float
            return result
        try:
            return _plain(Budget(), result, 0)
        except EvaluationError as error:
            raise _as_evaluation_error(error, tree.offset) from error

    return value


def _plain(budget: Budget, value: object, depth: int) -> object:
    """JSON values and datetimes in UTC; the budget bounds the result, however often a part stands in it."""
    budget.spend(1)
    if depth > EXPRESSION_VALUE_DEPTH_MAX:
        raise EvaluationError("too_long", f"The value nests deeper than {EXPRESSION_VALUE_DEPTH_MAX} levels.")
    match value:
        case str():
            budget.spend(len(value) // 64)
            return value
        case float() if not isfinite(value):
            raise EvaluationError("overflow", "The result is not a finite number.")
        case None | bool() | int() | float():
            return value
        case datetime():
            return datetime.fromisoformat(value.astimezone(UTC).isoformat())
        case list() | tuple():
            return [_plain(budget, item, depth + 1) for item in value]
        case Mapping():
            return {key: _plain(budget, item, depth + 1) for key, item in value.items()}
        case timedelta() | Optional():
            raise EvaluationError("type_mismatch", f"The result is {name_of(value)}, which is no value.")
    raise EvaluationError("type_mismatch", "The context holds what is no value.")
