"""Where a value differs from what it must look like, and which of several comes nearest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

import msgspec

from ..calendar.times import parse_rfc3339
from ..documents.problems import nearest
from ..errors import EvaluationError, RuleError
from ..limits import SHOWN_VALUE_CHARS_MAX
from .patterns import (
    Absent,
    Contains,
    Every,
    Fields,
    Holds,
    Items,
    Not,
    OfKind,
    OneOf,
    Pattern,
    Same,
    Size,
    Whole,
)


class _Missing:
    """Stands for a field that is not there."""


MISSING: Final = _Missing()

Context = MutableMapping[str, object]
"""What conditions read; `value` is put into it for each."""


@dataclass(frozen=True, slots=True)
class Miss:
    """One difference, not yet in words. `path` leads to it: `view.body[0].text`."""

    path: str
    pattern: Pattern | None
    value: object
    note: str = ""
    known: Iterable[str] = ()
    """The fields that there are beside the missing one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference in words."""

    path: str
    expected: str
    actual: str


def told(miss: Miss) -> Difference:
    actual = shown(miss.value) + miss.note
    if miss.value is MISSING:
        name = miss.path.rpartition(".")[2]
        actual += f".{hint}" if (hint := nearest(name, miss.known)) else ""
    expected = "nothing" if miss.pattern is None else described(miss.pattern)
    return Difference(miss.path, expected, actual)


def misses(pattern: Pattern, value: object, context: Context, path: str = "") -> list[Miss]:  # noqa: C901, PLR0912 – an arm a pattern
    """All differences; none: it looks like that."""
    match pattern:
        case Same():
            return [] if _is_same(pattern.value, value) else [Miss(path, pattern, value)]
        case Fields():
            return _fields(pattern, pattern.fields, value, context, path)
        case Whole():
            return _whole(pattern, value, context, path)
        case Items():
            return _items(pattern, value, context, path)
        case Holds():
            return _holds(pattern, value, context, path)
        case Contains():
            return _contains(pattern, value, context, path)
        case OneOf():
            fits = any(not misses(choice, value, context) for choice in pattern.choices)
            return [] if fits else [Miss(path, pattern, value)]
        case Every():
            return [miss for each in pattern.patterns for miss in misses(each, value, context, path)]
        case Not():
            return [] if misses(pattern.pattern, value, context) else [Miss(path, pattern, value)]
        case OfKind():
            return [] if _is_kind(pattern.kind, value) else [Miss(path, pattern, value)]
        case Absent():
            return [] if value is None or value is MISSING else [Miss(path, pattern, value)]
        case Size():
            if not isinstance(value, str | list | tuple | Mapping):
                return [Miss(path, pattern, value)]
            return misses(pattern.size, len(value), context, f"size of {path or 'it'}")
        case _:
            assert_never(pattern)


def nearest_of(pattern: Pattern, values: Sequence[object], context: Context) -> tuple[int, list[Miss]] | None:
    """The place of the value that differs least, the newest among equals, and its differences."""
    found = None
    for index, value in enumerate(values):
        missed = misses(pattern, value, context)
        if found is None or len(missed) <= len(found[1]):
            found = index, missed
    return found


def _fields(
    whole: Pattern, fields: Mapping[str, Pattern], value: object, context: Context, path: str
) -> list[Miss]:
    if not isinstance(value, Mapping):
        return [Miss(path, whole, value)]
    found: list[Miss] = []
    for name, pattern in fields.items():
        inner = f"{path}.{name}" if path else name
        if name in value:
            found += misses(pattern, value[name], context, inner)
        elif misses(pattern, MISSING, context, inner):
            found.append(Miss(inner, pattern, MISSING, known=value))
    return found


def _whole(pattern: Whole, value: object, context: Context, path: str) -> list[Miss]:
    found = _fields(pattern, pattern.fields, value, context, path)
    if isinstance(value, Mapping):
        surplus = [name for name in value if name not in pattern.fields]
        found += [Miss(f"{path}.{name}" if path else name, None, value[name]) for name in surplus]
    return found


def _items(pattern: Items, value: object, context: Context, path: str) -> list[Miss]:
    if not isinstance(value, list | tuple) or len(value) != len(pattern.items):
        return [Miss(path, pattern, value)]
    return [
        miss
        for index, (each, item) in enumerate(zip(pattern.items, value, strict=True))
        for miss in misses(each, item, context, f"{path}[{index}]")
    ]


def _holds(pattern: Holds, value: object, context: Context, path: str) -> list[Miss]:
    if value is MISSING:
        return [Miss(path, pattern, value)]
    context["value"] = value
    try:
        return [] if pattern.condition.holds(context) else [Miss(path, pattern, value)]
    except EvaluationError as error:
        return [Miss(path, pattern, value, note=f" ({error.message})")]


def _contains(pattern: Contains, value: object, context: Context, path: str) -> list[Miss]:
    if isinstance(value, str):
        words = pattern.item.value if isinstance(pattern.item, Same) else None
        return [] if isinstance(words, str) and words in value else [Miss(path, pattern, value)]
    if not isinstance(value, list | tuple) or not value:
        return [Miss(path, pattern, value)]
    near = nearest_of(pattern.item, value, context)
    assert near is not None, "there is an item"
    return near[1] and misses(pattern.item, value[near[0]], context, f"{path}[{near[0]}]")


def _is_same(expected: object, value: object) -> bool:
    if value is MISSING:
        return expected is None
    if isinstance(expected, bool) or isinstance(value, bool):
        return expected is value
    if expected == value:
        return True
    return isinstance(expected, str) and isinstance(value, str) and _is_same_time(expected, value)


def _is_same_time(one: str, other: str) -> bool:
    try:
        return parse_rfc3339(one) == parse_rfc3339(other)
    except RuleError:
        return False


def _is_kind(kind: str, value: object) -> bool:
    match kind:
        case "text":
            return isinstance(value, str)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "list":
            return isinstance(value, list | tuple)
        case "object":
            return isinstance(value, Mapping)
        case "time":
            return isinstance(value, str) and _is_same_time(value, value)
        case _:
            return value is not None and value is not MISSING


# --- in words --------------------------------------------------------------------------------------


def shown(value: object) -> str:
    """A value as it is written in JSON, shortened."""
    return "nothing" if value is MISSING else _short(msgspec.json.encode(value).decode())


def described(pattern: Pattern) -> str:  # noqa: C901, PLR0912 – an arm a pattern
    match pattern:
        case Same():
            return shown(pattern.value)
        case Fields():
            return _short(f"{{{_listed(pattern.fields)}}}")
        case Whole():
            return _short(f"exactly {{{_listed(pattern.fields)}}}")
        case Items():
            return _short(f"[{', '.join(map(described, pattern.items))}]")
        case Holds():
            return f"= {pattern.condition.source}"
        case Contains():
            return f"something with {described(pattern.item)} in it"
        case OneOf():
            return _short(" or ".join(map(described, pattern.choices)))
        case Every():
            return _short(" and ".join(map(described, pattern.patterns)))
        case Not():
            return f"not {described(pattern.pattern)}"
        case OfKind():
            return "anything" if pattern.kind == "any" else f"a {pattern.kind}"
        case Absent():
            return "nothing"
        case Size():
            return f"{described(pattern.size)} long"
        case _:
            assert_never(pattern)


def _listed(fields: Mapping[str, Pattern]) -> str:
    return ", ".join(f"{name}: {described(each)}" for name, each in fields.items())


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_VALUE_CHARS_MAX else text[:SHOWN_VALUE_CHARS_MAX] + "…"
