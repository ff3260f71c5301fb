"""Brings segments into the text of a project, in YAML: its comments, quotes and order stay.

What is written anew is the whole text, in the style that it has; a text that says so already stays as it is.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import LiteralScalarString

from .project import SegmentRule
from .syntax import parse

SEGMENTS: Final = "segments"
_UNBROKEN: Final = 1_000_000
"""Characters that a line may have: more than any document, so that no line is broken anew."""

_DASH = re.compile(r"^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\r?\n( *)- ", re.MULTILINE)


class _Resolver(VersionedResolver):
    """Times are texts, as they are to our own reader: `2026-13-45` is none, and yet a text."""

    def add_version_implicit_resolver(self, version: Any, tag: Any, regexp: Any, first: Any) -> None:
        if tag != "tag:yaml.org,2002:timestamp":
            super().add_version_implicit_resolver(version, tag, regexp, first)


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
    writer.Resolver = _Resolver
    root = writer.load(text)
    dash = _before_dash(text)
    writer.indent(mapping=_nested(text), sequence=dash + 2, offset=dash)
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


def _before_dash(text: str) -> int:
    """By how much the dashes of lists are indented here, below their key."""
    found = _DASH.search(text)
    return max(0, len(found[2]) - len(found[1])) if found else 0
