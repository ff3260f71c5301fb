"""Patterns: what a value must look like. A literal means itself, an object the fields that it names.

A text that begins with `=` is a condition in which `value` is what there is; an object of one key with a `$`
is one of `MATCHERS`. Where a value differs is `misses.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from ..compiling.sources import Sources
from ..conditions import Condition
from ..documents.problems import Pointer, child, nearest
from ..types import Scope, Type
from ..values import is_expression

SCOPE: Final = Scope(
    {
        "now": Type.TIMESTAMP,
        "constants": Type.DYN,
        "customer": Type.DYN,
        "vars": Type.DYN,
        "steps": Type.DYN,
        "instance": Type.DYN,
    }
)
"""What the sources of a script can read: `vars`, `steps` and `instance` are of its flow's last instance."""

VALUE_SCOPE: Final = SCOPE.with_(value=Type.DYN)


@dataclass(frozen=True, slots=True)
class Same:
    """This text, number, boolean or null; times are compared as instants, null is also what is not there."""

    value: object


@dataclass(frozen=True, slots=True)
class Fields:
    """An object with at least these fields."""

    fields: Mapping[str, Pattern]


@dataclass(frozen=True, slots=True)
class Whole:
    """An object with these fields and no others."""

    fields: Mapping[str, Pattern]


@dataclass(frozen=True, slots=True)
class Items:
    """A list of just these items."""

    items: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Holds:
    """The condition is true of the value."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Contains:
    """A text with this in it, or a list with such an item."""

    item: Pattern


@dataclass(frozen=True, slots=True)
class OneOf:
    choices: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """All of these at once."""

    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Not:
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class OfKind:
    """Whatever it is, if it is of this kind; "any": anything but nothing."""

    kind: str


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such field, or it is null."""


@dataclass(frozen=True, slots=True)
class Size:
    """A text, list or object that is so long."""

    size: Pattern


Pattern: TypeAlias = (
    Same | Fields | Whole | Items | Holds | Contains | OneOf | Every | Not | OfKind | Absent | Size
)

KINDS: Final = ("any", "text", "number", "boolean", "list", "object", "time")


def compile_pattern(raw: object, sources: Sources, pointer: Pointer) -> Pattern:
    """What is wrong with it goes to the report of `sources`."""
    match raw:
        case str() if is_expression(raw):
            return Holds(sources.condition(raw[1:], VALUE_SCOPE, pointer))
        case str():
            return Same(raw.removeprefix("=") if raw.startswith("==") else raw)
        case list():
            return Items(_all(raw, sources, pointer))
        case Mapping():
            return _mapping(raw, sources, pointer)
        case _:
            return Same(raw)


def _mapping(raw: Mapping[str, object], sources: Sources, pointer: Pointer) -> Pattern:
    names = [name for name in raw if name.startswith("$")]
    if not names:
        return Fields(_fields(raw, sources, pointer))
    name = names[0]
    compile = MATCHERS.get(name)
    if compile is None:
        known = nearest(name, MATCHERS) or f" Known: {', '.join(MATCHERS)}."
        sources.report.add("bad_matcher", child(pointer, name), f'There is no matcher "{name[:64]}".{known}')
    elif len(raw) > 1:
        sources.report.add("bad_matcher", pointer, f'"{name}" stands alone in its mapping.')
    else:
        return compile(raw[name], sources, child(pointer, name))
    return Absent()


def _fields(raw: Mapping[str, object], sources: Sources, pointer: Pointer) -> dict[str, Pattern]:
    return {name: compile_pattern(each, sources, child(pointer, name)) for name, each in raw.items()}


def _all(raw: list[object], sources: Sources, pointer: Pointer) -> tuple[Pattern, ...]:
    return tuple([compile_pattern(each, sources, child(pointer, index)) for index, each in enumerate(raw)])


# --- matchers --------------------------------------------------------------------------------------


def _any(raw: object, sources: Sources, pointer: Pointer) -> Pattern:
    kind = "any" if raw is True else raw
    if not isinstance(kind, str) or kind not in KINDS:
        sources.report.add("bad_matcher", pointer, f"Write true, or one of {', '.join(KINDS[1:])}.")
        kind = "any"
    return OfKind(kind)


def _absent(raw: object, sources: Sources, pointer: Pointer) -> Pattern:
    return Absent() if raw is not False else OfKind("any")


def _contains(raw: object, sources: Sources, pointer: Pointer) -> Pattern:
    return Contains(compile_pattern(raw, sources, pointer))


def _matches(raw: object, sources: Sources, pointer: Pointer) -> Pattern:
    """RE2 syntax, anywhere in the text: what `matches` of conditions means."""
    if not isinstance(raw, str):
        sources.report.add("bad_matcher", pointer, "Write a regular expression in RE2 syntax.")
        return Absent()
    quoted = raw.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return Holds(sources.condition(f'value.matches("{quoted}")', VALUE_SCOPE, pointer))


def _one_of(raw: object, sources: Sources, pointer: Pointer) -> Pattern:
    return OneOf(_several(raw, sources, pointer))


def _every(raw: object, sources: Sources, pointer: Pointer) -> Pattern:
    return Every(_several(raw, sources, pointer))


def _several(raw: object, sources: Sources, pointer: Pointer) -> tuple[Pattern, ...]:
    if isinstance(raw, list) and raw:
        return _all(raw, sources, pointer)
    sources.report.add("bad_matcher", pointer, "Write a list of what it may be.")
    return ()


def _not(raw: object, sources: Sources, pointer: Pointer) -> Pattern:
    return Not(compile_pattern(raw, sources, pointer))


def _size(raw: object, sources: Sources, pointer: Pointer) -> Pattern:
    return Size(compile_pattern(raw, sources, pointer))


def _exactly(raw: object, sources: Sources, pointer: Pointer) -> Pattern:
    if not isinstance(raw, Mapping):
        return compile_pattern(raw, sources, pointer)
    return Whole(_fields(raw, sources, pointer))


MATCHERS: Final[Mapping[str, Callable[[object, Sources, Pointer], Pattern]]] = {
    "$any": _any,
    "$absent": _absent,
    "$contains": _contains,
    "$matches": _matches,
    "$one_of": _one_of,
    "$all": _every,
    "$not": _not,
    "$size": _size,
    "$exactly": _exactly,
}
