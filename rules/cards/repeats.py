"""Elements that are repeated for each item of a list (`each: <list> as: item`): the list, and the names that
an item adds to what they can read.

Within the element `item` is the item and `item_number` its place in the list, from 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import UnsetType

from ..compiling.sources import Sources
from ..documents.cards import Element
from ..documents.problems import Pointer, child
from ..errors import EvaluationError
from ..text.printing import Setting
from ..types import Scope, Type
from ..values import Value, is_expression

ITEM: Final = "item"
NUMBER_SUFFIX: Final = "_number"
# Names that mean something in some place of a flow: an item of that name would hide them.
_TAKEN: Final = frozenset({"event", "card", "response", "runtime", "timezone"})


@dataclass(frozen=True, slots=True)
class Each:
    """The list, and what its item is called."""

    items: Value
    name: str

    def items_of(self, context: Mapping[str, object], setting: Setting) -> Sequence[object]:
        """The items that there are; EvaluationError if there is no list."""
        items = self.items.resolve(context, setting)
        if items is None:
            return ()
        if not isinstance(items, list | tuple):
            raise EvaluationError("wrong_type", "What an element is repeated for must be a list.")
        return items

    def context(self, context: Mapping[str, object], item: object, number: int) -> Mapping[str, object]:
        """What the element can read for one of the items."""
        return _WithItem(context, {self.name: item, self.name + NUMBER_SUFFIX: number})


class _WithItem(dict[str, object]):
    """The names of an item over all others."""

    __slots__ = ("_around",)

    def __init__(self, around: Mapping[str, object], names: dict[str, object]) -> None:
        super().__init__(names)
        self._around = around

    def __missing__(self, name: str) -> object:
        return self._around[name]

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._around

    def get(self, name: str, default: object = None) -> object:
        try:
            return self[name]
        except KeyError:
            return default


def compile_each(
    element: Element, sources: Sources, scope: Scope, pointer: Pointer
) -> tuple[Each | None, Scope]:
    """The repetition of the element, if there is one, and the scope of its fields."""
    raw, name = element.each, ITEM if isinstance(element.item, UnsetType) else element.item
    if isinstance(raw, UnsetType):
        if not isinstance(element.item, UnsetType):
            message = '"as" names the items of a list: give the list with "each".'
            sources.report.add("missing_key", child(pointer, "as"), message, at_key=True)
        return None, scope
    items = sources.value(raw, scope, child(pointer, "each"))
    is_text = isinstance(raw, str) and not is_expression(raw)
    if is_text or items.type not in (Type.LIST, Type.DYN):
        message = "A list is needed here: write it out, or = and an expression that gives one."
        sources.report.add("wrong_type", child(pointer, "each"), message)
    if name in scope.names or name in _TAKEN:
        message = f'"{name}" means something else already; call the items otherwise.'
        sources.report.add("reserved_name", child(pointer, "as"), message)
    return Each(items, name), _scope_with_item(scope, name)


def _scope_with_item(scope: Scope, name: str) -> Scope:
    """One scope for all elements whose items have the name: each is a type environment of its own."""
    kept = scope.kept.setdefault(f"each {name}", None)
    if kept is None:
        kept = scope.with_(**{name: Type.DYN, name + NUMBER_SUFFIX: Type.INT})
        scope.kept[f"each {name}"] = kept
    assert isinstance(kept, Scope)
    return kept
