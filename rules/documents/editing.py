"""Changes texts at the root of a document – its name, its folder – and leaves all else as it is written.

In YAML only the value that changes is written anew, so that comments, order, quotes and line breaks stay;
JSON is encoded again, in its order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.events import MappingEndEvent, MappingStartEvent, SequenceEndEvent, SequenceStartEvent

from .syntax import parse

ANCHOR: Final = "flow"
"""The key that every document has at its root: what is new stands after it."""

_OPENING: Final = (MappingStartEvent, SequenceStartEvent)
_CLOSING: Final = (MappingEndEvent, SequenceEndEvent)
_HEADER_COMMENT = re.compile(r"[|>][-+0-9]*[ \t]+(#[^\r\n]*)")
_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9 _./-]*[A-Za-z0-9.])?")
_WORDS: Final = frozenset({"null", "true", "false"})
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def with_texts(text: str, changes: Mapping[str, str], *, type: str) -> str:
    """The text of a well-formed document in which these keys have these values; it may be too large then."""
    before, _ = parse(text, type=type)
    assert isinstance(before, dict), "the document is well formed"
    wanted = _changed(before, changes)
    changes = {key: value for key, value in changes.items() if before.get(key) != value}
    if not changes:
        return text
    if type == "json":
        return _encoded(wanted, is_indented="\n" in text.strip())
    for key in reversed(changes):  # each new one comes directly after the anchor
        text = _edited(text, key, changes[key])
    after, report = parse(text, type=type)
    assert report.has_errors or after == wanted, "nothing else has changed"
    return text


def _changed(data: Mapping[str, object], changes: Mapping[str, str]) -> dict[str, object]:
    new = {key: value for key, value in changes.items() if key not in data}
    changed: dict[str, object] = {}
    for key, value in data.items():
        changed[key] = changes.get(key, value)
        if key == ANCHOR:
            changed |= new
    return changed


def _encoded(data: object, *, is_indented: bool) -> str:
    packed = msgspec.json.encode(data)
    return (msgspec.json.format(packed, indent=2) if is_indented else packed).decode()


# --- YAML -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Root:
    """The mapping at the root of a text: where it begins, and where the value of each key stands."""

    begin: int
    is_flow_style: bool
    values: Mapping[str, tuple[int, int]]


def _edited(text: str, key: str, value: str) -> str:
    root = _root(text)
    if key in root.values:
        return _replaced(text, root.values[key], _scalar(value))
    entry = f"{key}: {_scalar(value)}"
    _, end = root.values[ANCHOR]
    if root.is_flow_style:
        return f"{text[:end]}, {entry}{text[end:]}"
    newline = "\r\n" if "\r\n" in text else "\n"
    line_end = text.find(newline, end)
    at = len(text) if line_end < 0 else line_end
    indent = text[text.rfind("\n", 0, root.begin) + 1 : root.begin].lstrip("\ufeff")
    return f"{text[:at]}{newline}{indent}{entry}{text[at:]}"


def _replaced(text: str, place: tuple[int, int], scalar: str) -> str:
    begin, end = place
    header = _HEADER_COMMENT.match(text, begin, end)
    comment = f"  {header[1]}" if header else ""
    return f"{text[:begin]}{scalar}{comment}{text[end:]}"


def _root(text: str) -> _Root:
    events = iter(YAML(typ="safe", pure=True).parse(text))
    root: Any = next(event for event in events if isinstance(event, MappingStartEvent))
    values: dict[str, tuple[int, int]] = {}
    for key in events:
        if isinstance(key, MappingEndEvent):
            break
        first: Any = next(events)
        last: Any = first
        depth = int(isinstance(first, _OPENING))
        while depth:
            last = next(events)
            depth += isinstance(last, _OPENING) - isinstance(last, _CLOSING)
        begin, end = first.start_mark.index, last.end_mark.index
        # A block ends where the next token begins: what is blank before that is not its own.
        values[key.value] = begin, begin + len(text[begin:end].rstrip())
    return _Root(root.start_mark.index, bool(root.flow_style), values)


def _scalar(value: str) -> str:
    """Plain where no reader could take it for anything else, otherwise in double quotes."""
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
