"""Which parts of the context an expression reads, as far as its text tells, and their values."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from .library import ZONED
from .tree import Call, Constant, Name, Node, Select, children

# A root and the fields below it.
Path: TypeAlias = tuple[str, ...]

_ACCESS = ("_[_]", "_?._", "_[?_]")
_ZONE_PATHS: tuple[Path, ...] = (("customer", "timezone"), ("timezone",))


def paths_of(node: Node) -> Iterator[Path]:
    """Every path that is read, as deep as it is static; some may come twice."""
    path = _path(node)
    if path is not None:
        yield path
        return
    if isinstance(node, Call) and node.function in ZONED:
        yield from _ZONE_PATHS
    for child in children(node):
        yield from paths_of(child)


def _path(node: Node) -> Path | None:
    match node:
        case Name(is_variable=False):
            return (node.name,)
        case Select():
            above = _path(node.operand)
            return None if above is None else (*above, node.field)
        case Call(function=function, args=(operand, Constant(value=str(key)))) if function in _ACCESS:
            above = _path(operand)
            return None if above is None else (*above, key)
    return None


def dotted(path: Path) -> str:
    return ".".join(path)


def look_up(paths: Mapping[str, Path], context: Mapping[str, object]) -> dict[str, object]:
    """The values at `paths`, which stand by their dotted names; what is missing is left out."""
    found: dict[str, object] = {}
    for name, path in paths.items():
        value: Any = context
        try:
            for part in path:
                value = value[part]
        except (KeyError, TypeError):  # missing, or inside something that has no fields
            continue
        found[name] = value
    return found
