"""What a rendered card says to whoever looks at it, as plain text: a line for each text that it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

_SAID: Final = ("title", "text", "label", "placeholder", "alt")
"""Fields that are read out; the others are names, addresses and rules."""
_LISTED: Final = ("items", "options", "body", "subviews")


def words(view: Mapping[str, object]) -> str:
    """All that the view says, in its order."""
    return "\n".join(line for line in _lines(view) if line)


def _lines(part: Mapping[str, object], *, with_value: bool = False) -> Iterator[str]:
    for name, value in part.items():
        if name in _SAID or (with_value and name == "value"):
            yield _text(value)
        elif name in _LISTED:
            yield from _listed(value, with_value=name == "items")


def _listed(value: object, *, with_value: bool) -> Iterator[str]:
    entries = list(value.values()) if isinstance(value, Mapping) else value
    assert isinstance(entries, list | tuple), "elements, or subviews by name"
    for entry in entries:
        if isinstance(entry, Mapping):
            yield from _lines(entry, with_value=with_value)
        else:
            yield _text(entry)


def _text(value: object) -> str:
    """One text: as it is, or its spans put together."""
    if isinstance(value, list | tuple):
        return "".join(map(_span, value))
    return str(value)


def _span(span: object) -> str:
    assert isinstance(span, Mapping), "a text that is no string is a list of spans"
    match span.get("type"):
        case "text":
            return str(span["text"])
        case "runtime":
            return f"{{{span['name']}}}"
        case "break":
            return "\n"
        case "list":
            return "".join(f"\n{_text(item)}" for item in span["items"])
        case _:
            return _text(span.get("children", ()))
