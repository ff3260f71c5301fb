"""Brings segments into the text of a project, in YAML: its comments, quotes and order stay.

What is written anew is the whole text, in the style that it has; a text that says so already stays as it is.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import LiteralScalarString
from ruamel.yaml.util import load_yaml_guess_indent

from .project import SegmentRule
from .syntax import parse

SEGMENTS: Final = "segments"
_UNBROKEN: Final = 1_000_000
"""Characters that a line may have: more than any document, so that no line is broken anew."""


def with_segments(text: str, segments: Mapping[str, SegmentRule]) -> str:
    """The text of a well-formed project in which these segments are so; others in it stay."""
    before, _ = parse(text, type="yaml")
    data = dict(before) if isinstance(before, dict) else {}
    listed = dict(data.get(SEGMENTS, {}))
    changes = {id: segment for id, segment in segments.items() if _read(listed.get(id)) != segment}
    if not changes:
        return text
    edited = _edited(text, changes)
    after, report = parse(edited, type="yaml")
    assert report.has_errors or _is_so(after, data, segments), "nothing else has changed"
    return edited


def _read(entry: object) -> SegmentRule | None:
    return None if entry is None else msgspec.convert(entry, SegmentRule)


def _is_so(after: object, data: Mapping[str, Any], segments: Mapping[str, SegmentRule]) -> bool:
    assert isinstance(after, dict)
    listed = {id: _read(entry) for id, entry in {**data.get(SEGMENTS, {}), **after[SEGMENTS]}.items()}
    expected = {**{id: _read(entry) for id, entry in data.get(SEGMENTS, {}).items()}, **segments}
    return listed == expected and {**after, SEGMENTS: None} == {**data, SEGMENTS: None}


def _edited(text: str, changes: Mapping[str, SegmentRule]) -> str:
    writer = YAML(typ="rt")
    writer.preserve_quotes = True
    writer.width = _UNBROKEN
    root, indent, before_dash = load_yaml_guess_indent(text, yaml=writer)
    writer.indent(mapping=_nested(text), sequence=indent, offset=before_dash)
    writer.explicit_start = text.startswith("---")
    head = text if root is None else ""  # comments alone: nothing that they could be kept with
    root = _block(root)
    listed = root[SEGMENTS] = _block(root.get(SEGMENTS))
    for id, segment in changes.items():
        _write(listed.setdefault(id, CommentedMap()), segment)
    out = io.StringIO()
    writer.dump(root, out)
    written = out.getvalue().replace("\n", "\r\n") if "\r\n" in text else out.getvalue()
    return head + written if not head or head.endswith("\n") else f"{head}\n{written}"


def _block(mapping: CommentedMap | None) -> CommentedMap:
    """What is empty is written in lines: nobody chose a style for `{}`."""
    found = CommentedMap() if mapping is None else mapping
    if not found:
        found.fa.set_block_style()
    return found


def _write(entry: CommentedMap, segment: SegmentRule) -> None:
    """New fields stand first: a comment below an entry is kept with the last of them."""
    fields = {"name": segment.name, "description": segment.description, "rule": segment.rule}
    for place, (field, value) in enumerate(fields.items()):
        if entry.get(field, "") == value:
            continue
        if field in entry:
            entry[field] = _scalar(value)
        else:
            entry.insert(min(place, len(entry)), field, _scalar(value))


def _scalar(value: str) -> str:
    """In lines, where it has lines that such a block can hold."""
    lines = value.split("\n")
    is_plain = all(line == line.strip() and line.isprintable() for line in lines)
    return LiteralScalarString(value) if len(lines) > 1 and is_plain and lines[0] else value


def _nested(text: str) -> int:
    """By how much mappings are indented here: as the first line that is indented at all."""
    for line in text.splitlines():
        width = len(line) - len(line.lstrip(" "))
        if width and line.strip() and line.lstrip()[0] not in "#-":
            return width
    return 2
