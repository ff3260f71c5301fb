"""The types that expressions are checked against, and the scope of names that one may use.

Knows nothing of CEL; `rules.cel` translates these to the checker's own declarations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias


class Type(StrEnum):
    """What a value is. `DYN` is untyped data: its type is known only when the expression runs."""

    BOOL = "bool"
    INT = "int"
    DOUBLE = "double"
    STRING = "string"
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    LIST = "list"
    OBJECT = "object"
    DYN = "dyn"


# A mapping is a record: all its fields are known, and one that is absent at run time reads null.
Shape: TypeAlias = "Type | Mapping[str, Shape]"


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that an expression may use, each with its shape.

    `counts_events`: it may also ask how often and when events happened: `events("order.paid", "P30D")`.
    """

    names: Mapping[str, Shape]
    counts_events: bool = False
    kept: dict[str, object] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What a compiler worked out from the names, by its own word, so that it does so once for a scope."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", MappingProxyType(dict(self.names)))

    def with_(self, **names: Shape) -> "Scope":
        """The same scope with `names` added or replaced."""
        return Scope({**self.names, **names}, self.counts_events)
