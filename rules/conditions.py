"""Conditions and expressions: the one door to CEL.

They are compiled once, when a version is saved, against a scope that knows every name; they are evaluated
over a context of plain values, bounded, and without any effect.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from .cel.events import ROOT, Past, Window
from .cel.program import compile_program
from .cel.reads import Path, look_up
from .types import Scope, Type

__all__ = [
    "EVENTS",
    "Condition",
    "Expression",
    "Past",
    "Window",
    "compile_condition",
    "compile_expression",
    "values_read",
]

EVENTS: Final = ROOT
"""Where the context of a condition about the past holds its `Past`."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition. `reads` are the dotted paths of the context that it may look at; `windows` what
    it asks about the past, where its scope lets it."""

    source: str
    reads: frozenset[str]
    holds: Callable[[Mapping[str, object]], bool] = field(repr=False, compare=False)
    """Whether it is true in this context; EvaluationError where that cannot be said."""
    paths: Mapping[str, Path] = field(repr=False, compare=False)
    windows: frozenset[Window] = frozenset()


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; `type` is what the checker knows of its value, which may also be null."""

    source: str
    reads: frozenset[str]
    type: Type
    value: Callable[[Mapping[str, object]], object] = field(repr=False, compare=False)
    """The JSON value or aware datetime in this context; EvaluationError where there is none."""
    paths: Mapping[str, Path] = field(repr=False, compare=False)


def compile_condition(source: str, scope: Scope) -> Condition:
    """ExpressionError unless `source` is a CEL expression in `scope` that is, or may be, true or false."""
    program = compile_program(source, scope, is_condition=True)
    holds = cast(Callable[[Mapping[str, object]], bool], program.evaluate)
    return Condition(source, frozenset(program.paths), holds, program.paths, program.windows)


def compile_expression(source: str, scope: Scope) -> Expression:
    """ExpressionError unless `source` is a CEL expression in `scope`."""
    program = compile_program(source, scope, is_condition=False)
    reads = frozenset(program.paths)
    return Expression(source, reads, program.type, program.evaluate, program.paths)


def values_read(compiled: Condition | Expression, context: Mapping[str, object]) -> dict[str, object]:
    """What `compiled` may have looked at, by dotted path, for the timeline; missing ones are left out."""
    return look_up(compiled.paths, context)
