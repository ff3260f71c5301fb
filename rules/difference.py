"""What differs between two documents of a flow: step by step, template by template, field by field.

It compares what documents say, not how: the form of the text, the order of keys, the layout, defaults that
are written out, and one step where a list of steps may stand make no difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final, Literal, TypeAlias, get_args

import msgspec
from msgspec import UNSET, UnsetType

from .documents import flow as written
from .documents.problems import child

Part: TypeAlias = Literal[
    "flow", "variables", "triggers", "entry", "exits", "start", "steps", "cards", "notifications"
]

_NAMED: Final = ("flow", "name", "description", "folder")
_ORDER: Final[tuple[Part, ...]] = get_args(Part)
_LISTS: Final = frozenset(
    {"next", "on_error", "start", "close", "of", "else", "if_empty", "action", "events", "event", "is"}
)
"""Fields of which one value may stand for a list of it."""


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is a JSON pointer into the step or template, in which entries of a list that have ids stand by
    them: `/until/paid/when`. `old` or `new` is left out where the field was or is not there.
    """

    path: str
    old: Any | UnsetType = UNSET
    new: Any | UnsetType = UNSET


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is that of the step, template, …; null for what a flow has once. `fields` are what has changed."""

    part: Part
    id: str | None
    change: Literal["added", "removed", "changed"]
    fields: tuple[FieldChange, ...] = ()


def difference(old: written.Flow, new: written.Flow) -> list[Change]:
    """In the order of the format; within a part as the new document has it, then what is gone."""
    before, after = _plain(old), _plain(new)
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    changes: list[Change] = []
    for part in _ORDER:
        match part:
            case "flow":
                changes += _of_whole(part, _some(before, *_NAMED), _some(after, *_NAMED))
            case "start":
                changes += _of_whole(part, _some(before, "start"), _some(after, "start"))
            case "entry":
                changes += _of_whole(part, before.get("entry", {}), after.get("entry", {}))
            case _:
                changes += _of_part(part, before, after)
    return changes


def _some(document: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: document[name] for name in names if name in document}


def _of_whole(part: Part, old: object, new: object) -> Iterator[Change]:
    fields = tuple(_fields(old, new, ""))
    if fields:
        yield Change(part=part, id=None, change="changed", fields=fields)


def _of_part(part: Part, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Change]:
    old, new = _by_id(before.get(part, {})), _by_id(after.get(part, {}))
    for id, value in new.items():
        if id not in old:
            yield Change(part=part, id=id, change="added")
        elif fields := tuple(_fields(old[id], value, "")):
            yield Change(part=part, id=id, change="changed", fields=fields)
    for id in old:
        if id not in new:
            yield Change(part=part, id=id, change="removed")
    if isinstance(before.get(part, []), list) and (moved := _order(old, new)) is not None:
        yield Change(part=part, id=None, change="changed", fields=(moved,))


# --- documents as plain data -------------------------------------------------------------------------


def _plain(value: object) -> object:
    """What the document says: without defaults, and lists where one value may stand for one."""
    if isinstance(value, msgspec.Struct):
        return _plain_struct(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _plain_struct(value: msgspec.Struct) -> dict[str, object]:
    config = value.__struct_config__
    plain: dict[str, object] = {}
    if config.tag_field is not None:
        plain[config.tag_field] = config.tag
    for field in msgspec.structs.fields(value):
        held = getattr(value, field.name)
        if held is UNSET or held == _default(field):
            continue
        is_short = field.encode_name in _LISTS and isinstance(held, str)
        plain[field.encode_name] = [held] if is_short else _plain(held)
    return plain


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _by_id(part: object) -> dict[str, object]:
    """Entries of a part by their ids; exits are a list, in which each has one."""
    if isinstance(part, dict):
        return part
    assert isinstance(part, list)
    return {str(item["id"]): item for item in part}


# --- fields ------------------------------------------------------------------------------------------


def _fields(old: object, new: object, path: str) -> Iterator[FieldChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _entries(old, new, path)
    elif isinstance(old, list) and isinstance(new, list) and _are_objects(old) and _are_objects(new):
        yield from _items(old, new, path)
    elif _key(old) != _key(new):
        yield FieldChange(path=path, old=old, new=new)


def _entries(old: Mapping[str, object], new: Mapping[str, object], path: str) -> Iterator[FieldChange]:
    for key, value in new.items():
        if key in old:
            yield from _fields(old[key], value, child(path, key))
        else:
            yield FieldChange(path=child(path, key), new=value)
    for key, value in old.items():
        if key not in new:
            yield FieldChange(path=child(path, key), old=value)


def _items(
    old: Sequence[Mapping[str, object]], new: Sequence[Mapping[str, object]], path: str
) -> Iterator[FieldChange]:
    """By id, as outcomes have them; else by what stays the same around what has changed."""
    if _have_ids(old) and _have_ids(new):
        before, after = _by_id(old), _by_id(new)
        yield from _entries(before, after, path)
        if (moved := _order(before, after, path)) is not None:
            yield moved
        return
    for what, first, last, start, end in _aligned(old, new):
        if (
            what == "replace"
            and last - first == end - start
            and _of_same_types(old[first:last], new[start:end])
        ):
            for at in range(start, end):
                yield from _fields(old[first + at - start], new[at], child(path, at))
            continue
        for at in range(first, last):
            yield FieldChange(path=child(path, at), old=old[at])
        for at in range(start, end):
            yield FieldChange(path=child(path, at), new=new[at])


def _aligned(old: Sequence[object], new: Sequence[object]) -> Iterator[tuple[str, int, int, int, int]]:
    """Stretches that differ."""
    matcher = SequenceMatcher(
        None, [_key(item) for item in old], [_key(item) for item in new], autojunk=False
    )
    for code in matcher.get_opcodes():
        if code[0] != "equal":
            yield code


def _of_same_types(old: Sequence[Mapping[str, object]], new: Sequence[Mapping[str, object]]) -> bool:
    return [item.get("type") for item in old] == [item.get("type") for item in new]


def _order(old: Mapping[str, object], new: Mapping[str, object], path: str = "") -> FieldChange | None:
    """That those which are in both stand in another order, where that counts."""
    before, after = [id for id in old if id in new], [id for id in new if id in old]
    return FieldChange(path=path, old=before, new=after) if before != after else None


def _are_objects(items: Sequence[object]) -> bool:
    return all(isinstance(item, dict) for item in items)


def _have_ids(items: Sequence[Mapping[str, object]]) -> bool:
    ids = [item.get("id") for item in items]
    return None not in ids and len(set(map(str, ids))) == len(ids)


def _key(value: object) -> str:
    """Equal for equal values of JSON: 1 and true are not."""
    return json.dumps(value, sort_keys=True, default=str)
