"""Fields, keys and items of values, optionals, and the literals of lists and objects."""

from collections.abc import Mapping, Sequence

from ..errors import EvaluationError
from .values import NONE, Budget, Optional, int_arg, mismatch, name_of


def has_key(mapping: Mapping[object, object], key: object) -> bool:
    """Keys are texts; the check comes first because a list would not even hash."""
    return isinstance(key, str) and key in mapping


def field(value: object, name: str) -> object:
    """A field of untyped data."""
    if isinstance(value, Optional):
        return optional_field(value, name)
    if not isinstance(value, Mapping):
        raise EvaluationError("no_such_key", f'{name_of(value)} has no "{name}"')
    if name not in value:
        raise EvaluationError("no_such_key", f'there is no "{name}"')
    return value[name]


def has_field(value: object, name: str) -> bool:
    if isinstance(value, Optional):
        return value.is_present and has_field(value.value, name)
    if not isinstance(value, Mapping):
        mismatch(value)
    return name in value


def optional_field(value: object, name: object) -> Optional:
    """`.?` and `[?…]`: nothing where the field, key or item is missing."""
    if isinstance(value, Optional):
        return optional_field(value.value, name) if value.is_present else NONE
    if isinstance(value, Mapping):
        return Optional(value[name]) if has_key(value, name) else NONE
    if isinstance(value, list | tuple):
        place = int_arg(name)
        return Optional(value[place]) if 0 <= place < len(value) else NONE
    mismatch(value)


def record_field(value: object) -> Optional:
    """A field of a record, where null is what no value reads."""
    return NONE if value is None else Optional(value)


def index(value: object, key: object) -> object:
    if isinstance(value, Optional):
        return optional_field(value, key)
    if isinstance(value, Mapping):
        if not has_key(value, key):
            raise EvaluationError("no_such_key", "there is no such key")
        return value[key]
    if not isinstance(value, list | tuple):
        mismatch(value)
    place = int_arg(key)
    if not 0 <= place < len(value):
        raise EvaluationError("no_such_key", f"there is no item {place} in a list of {len(value)}")
    return value[place]


def listed(budget: Budget, items: Sequence[object], optional: frozenset[int]) -> list[object]:
    """A list literal with optional items, of which those are kept that are present."""
    budget.spend(len(items))
    kept: list[object] = []
    for place, item in enumerate(items):
        if place not in optional:
            kept.append(item)
            continue
        assert isinstance(item, Optional), "the checker wants an optional behind the question mark"
        if item.is_present:
            kept.append(item.value)
    return kept


def mapped_entries(budget: Budget, entries: Sequence[tuple[object, object, bool]]) -> dict[object, object]:
    """An object literal from key, value and whether the value is optional."""
    budget.spend(len(entries))
    mapping: dict[object, object] = {}
    for key, value, is_optional in entries:
        if not isinstance(key, str):
            raise EvaluationError("type_mismatch", f"the keys of an object are texts, not {name_of(key)}")
        if key in mapping:
            raise EvaluationError("type_mismatch", "a key stands twice")
        if not is_optional:
            mapping[key] = value
            continue
        assert isinstance(value, Optional), "the checker wants an optional behind the question mark"
        if value.is_present:
            mapping[key] = value.value
    return mapping
