"""Literals and expressions, one rule: a string in a value is a template, or after `=` an expression.

`==` begins a text that must begin with `=`. Keys are what they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from .conditions import Expression, compile_expression
from .errors import ExpressionError
from .text.printing import Setting
from .text.templates import Template, compile_template
from .types import Scope, Type

# A list or object with something to resolve in it, or what is resolved; anything else is itself.
_Node: TypeAlias = "Expression | Template | _Constant | list[_Node] | dict[str, _Node]"


@dataclass(frozen=True, slots=True)
class _Constant:
    value: object


@dataclass(frozen=True, slots=True)
class Value:
    """`reads` are dotted names. A `constant` one gives the same object each time: do not change it."""

    reads: frozenset[str]
    constant: bool
    _node: _Node

    @property
    def type(self) -> Type:
        """What it will give, as far as that is known; of a constant one, look at what it gives."""
        match self._node:
            case Expression():
                return self._node.type
            case Template():
                return Type.STRING
            case list():
                return Type.LIST
            case dict():
                return Type.OBJECT
            case _:
                return Type.DYN

    def resolve(self, context: Mapping[str, object], setting: Setting) -> object:
        """Texts rendered, expressions in their own types (times as aware datetimes); EvaluationError."""
        return _resolve(self._node, context, setting)


def compile_value(raw: object, scope: Scope) -> Value:
    """ExpressionError for the first string in `raw` that is refused."""
    node = _compile(raw, scope)
    return Value(frozenset(_reads(node)), isinstance(node, _Constant), node)


def is_expression(raw: str) -> bool:
    """Whether the string is an expression; `==` is an escape."""
    return raw.startswith("=") and not raw.startswith("==")


def compile_equals(raw: str, scope: Scope) -> Expression:
    """The expression that a string beginning with `=` holds; offsets of errors count from the `=`."""
    try:
        return compile_expression(raw[1:], scope)
    except ExpressionError as error:
        offset = None if error.offset is None else error.offset + 1
        raise ExpressionError(error.code, error.message, offset) from error


def _compile(raw: object, scope: Scope) -> _Node:
    match raw:
        case str():
            return _compile_text(raw, scope)
        case list() | tuple():
            return _kept_whole([_compile(item, scope) for item in raw])
        case Mapping():
            return _kept_whole({str(key): _compile(item, scope) for key, item in raw.items()})
        case _:
            return _Constant(raw)


def _compile_text(raw: str, scope: Scope) -> _Node:
    if is_expression(raw):
        return compile_equals(raw, scope)
    escaped = raw.startswith("==")
    try:
        template = compile_template(raw[1:] if escaped else raw, scope)
    except ExpressionError as error:
        offset = error.offset + 1 if escaped and error.offset is not None else error.offset
        raise ExpressionError(error.code, error.message, offset) from error
    return template if template.literal is None else _Constant(template.literal)


def _kept_whole(nodes: list[_Node] | dict[str, _Node]) -> _Node:
    """A constant, if all in it is."""
    if isinstance(nodes, list):
        constants = [node.value for node in nodes if isinstance(node, _Constant)]
        return _Constant(constants) if len(constants) == len(nodes) else nodes
    named = {key: node.value for key, node in nodes.items() if isinstance(node, _Constant)}
    return _Constant(named) if len(named) == len(nodes) else nodes


def _resolve(node: _Node, context: Mapping[str, object], setting: Setting) -> object:
    match node:
        case _Constant():
            return node.value
        case Template():
            return node.render(context, setting)
        case list():
            return [_resolve(item, context, setting) for item in node]
        case dict():
            return {key: _resolve(item, context, setting) for key, item in node.items()}
        case _:
            return node.value(context)


def _reads(node: _Node) -> frozenset[str]:
    match node:
        case _Constant():
            return frozenset()
        case list():
            return frozenset().union(*map(_reads, node))
        case dict():
            return frozenset().union(*map(_reads, node.values()))
        case _:
            return node.reads
