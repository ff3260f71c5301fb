"""Dotted names: what a scope knows of them, and what a context holds for them."""

from collections.abc import Mapping, Sequence

from ..documents.problems import nearest
from ..errors import ExpressionError
from ..types import Scope, Shape, Type

Segment = str | int | None
"""A field, an index, or None for one that is only known at run time."""

_SIZED = frozenset({Type.LIST, Type.STRING, Type.OBJECT, Type.DYN})
_LIST_WORDS = frozenset({"size", "first", "last"})


def check_path(path: Sequence[Segment], scope: Scope, offset: int) -> str:
    """What the path reads, as far as it is static; ExpressionError `unknown_name` if the scope lacks it."""
    shape: Shape = scope.names
    read: list[str] = []
    for segment in path:
        if segment is None or (isinstance(shape, Type) and isinstance(segment, int)):
            break
        if isinstance(shape, Type):
            _check_inside(shape, str(segment), read, offset)
            break
        if not isinstance(segment, str) or segment not in shape:
            raise _unknown(".".join(read), str(segment), shape, offset)
        read.append(segment)
        shape = shape[segment]
    if isinstance(shape, Type) and shape in (Type.OBJECT, Type.DYN):
        read.extend(_static_rest(path[len(read) :]))
    return ".".join(read)


def look_up(context: Mapping[str, object], path: Sequence[str | int]) -> object:
    """The value at `path`, or None. A list and a text have `size`, a list also `first` and `last`."""
    value: object = context
    for segment in path:
        # The common case in line: this is most of the work of a plain template.
        if isinstance(value, dict) and segment in value:
            value = value[segment]
        elif value is not None:
            value = _item(value, segment)
    return value


def _item(value: object, segment: str | int) -> object:
    match value:
        case Mapping():
            if segment in value:
                return value[segment]
            return len(value) if segment == "size" else None
        case list() | tuple():
            return _list_item(value, segment)
        case str():
            return len(value) if segment == "size" else None
        case _:
            return None


def _list_item(value: Sequence[object], segment: str | int) -> object:
    match segment:
        case "size":
            return len(value)
        case "first":
            return value[0] if value else None
        case "last":
            return value[-1] if value else None
        case int() if -len(value) <= segment < len(value):
            return value[segment]
        case _:
            return None


def _check_inside(shape: Type, segment: str, read: Sequence[str], offset: int) -> None:
    if shape in (Type.OBJECT, Type.DYN) or (segment == "size" and shape in _SIZED):
        return
    if shape is Type.LIST and segment in _LIST_WORDS:
        return
    name = ".".join(read)
    raise ExpressionError("unknown_name", f'"{name}" is a {shape.value}: it has no "{segment}".', offset)


def _static_rest(path: Sequence[Segment]) -> list[str]:
    rest: list[str] = []
    for segment in path:
        if not isinstance(segment, str):
            break
        rest.append(segment)
    return rest


def _unknown(parent: str, name: str, known: Mapping[str, Shape], offset: int) -> ExpressionError:
    prefix = f"{parent}." if parent else ""
    hint = nearest(prefix + name, [prefix + each for each in known])
    return ExpressionError("unknown_name", f'There is no "{(prefix + name)[:128]}" here.{hint}', offset)
