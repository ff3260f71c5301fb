"""The checked tree of an expression: what the generator walks.

Every node knows where it stands in the source and what the checker found out about its type. Macros are
loops again here, not the folds that the checker expands them to.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Kind(Enum):
    """The static type of a node, as far as code depends on it."""

    NULL = "null"
    BOOL = "bool"
    INT = "int"
    DOUBLE = "double"
    STRING = "string"
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    LIST = "list"
    MAP = "map"
    RECORD = "record"  # an object whose fields are all known; an absent one reads null
    OPTIONAL = "optional"
    EVENTS = "events"  # a window of what happened, which .count(), .first() and .last() look into
    DYN = "dyn"


NUMBERS = frozenset({Kind.INT, Kind.DOUBLE})


class Macro(Enum):
    ALL = "all"
    EXISTS = "exists"
    EXISTS_ONE = "exists_one"
    MAP = "map"  # with a test it is also `filter`


@dataclass(frozen=True, slots=True)
class Constant:
    offset: int
    kind: Kind
    value: bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Name:
    """A root of the context, or the variable of a loop around it."""

    offset: int
    kind: Kind
    name: str
    is_variable: bool


@dataclass(frozen=True, slots=True)
class Select:
    offset: int
    kind: Kind
    operand: "Node"
    field: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function or operator; the receiver of a method is its first argument."""

    offset: int
    kind: Kind
    function: str
    args: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Items:
    """A list literal; those at `optional` are left out when they are empty."""

    offset: int
    kind: Kind
    items: "tuple[Node, ...]"
    optional: frozenset[int]


@dataclass(frozen=True, slots=True)
class Entry:
    key: "Node"
    value: "Node"
    is_optional: bool


@dataclass(frozen=True, slots=True)
class Entries:
    """An object literal."""

    offset: int
    kind: Kind
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A macro over a list or an object's keys; `test` and `result` see the variable."""

    offset: int
    kind: Kind
    macro: Macro
    variable: str
    source: "Node"
    test: "Node | None"
    result: "Node | None"


@dataclass(frozen=True, slots=True)
class Binding:
    """`result` with the variable standing for `value`: what `optMap` comes down to."""

    offset: int
    kind: Kind
    variable: str
    value: "Node"
    result: "Node"


Node: TypeAlias = Constant | Name | Select | Call | Items | Entries | Loop | Binding


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, in order of the source."""
    match node:
        case Constant() | Name():
            return ()
        case Select():
            return (node.operand,)
        case Call():
            return node.args
        case Items():
            return node.items
        case Entries():
            return tuple(part for entry in node.entries for part in (entry.key, entry.value))
        case Loop():
            return tuple(part for part in (node.source, node.test, node.result) if part is not None)
        case Binding():
            return (node.value, node.result)


def size(node: Node) -> int:
    """How many nodes the tree under `node` has, itself included."""
    return 1 + sum(size(child) for child in children(node))
