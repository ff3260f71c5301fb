"""YAML 1.2 as plain data with positions: mappings, lists, text, numbers, booleans and null, nothing else.

Built from the parser's events, so that bounds hold while the text is read; what `on:` or `2026-03-01` look
like in YAML 1.1 plays no part: scalars follow the core schema of YAML 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from ..limits import DOCUMENT_DEPTH_MAX, DOCUMENT_NODE_COUNT_MAX
from .problems import Pointer, Positions, Report, child
from .scalars import bad_number, check_text, read_float, read_integer

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL: Final = {
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def read_yaml(text: str) -> tuple[object, Report]:
    """The plain data of `text`, and a report with its positions and all that is wrong with it as YAML."""
    places: dict[Pointer, tuple[int, int]] = {}
    keys: dict[Pointer, tuple[int, int]] = {}
    texts: dict[Pointer, tuple[int, int]] = {}
    report = Report(Positions(places, keys, texts))
    reader = _Reader(_events(text), report, places, keys, texts)
    try:
        return reader.document(), report
    except _Stopped:
        return None, report
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        places[""] = _place(mark) if mark is not None else (1, 1)
        report.add("bad_yaml", "", f"This is not YAML: {error.problem or error.context}.")
    except ReaderError as error:
        before = text[: error.position]
        places[""] = before.count("\n") + 1, len(before) - before.rfind("\n")
        report.add("bad_yaml", "", f"YAML does not take the character U+{ord(text[error.position]):04X}.")
    return None, report


def _events(text: str) -> Iterator[Any]:
    return iter(YAML(typ="safe", pure=True).parse(text))


def _place(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


class _Stopped(Exception):
    """What was reported makes it useless to read on."""


class _Reader:
    def __init__(
        self,
        events: Iterator[Any],
        report: Report,
        places: dict[Pointer, tuple[int, int]],
        keys: dict[Pointer, tuple[int, int]],
        texts: dict[Pointer, tuple[int, int]],
    ) -> None:
        self._events = events
        self._report = report
        self._places = places
        self._keys = keys
        self._texts = texts
        self._node_count = 0

    def document(self) -> object:
        data: object = None
        document_count = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                document_count += 1
                if document_count > 1:
                    self._stop("not_plain", "", "The text holds several YAML documents.", event)
            elif isinstance(event, (ScalarEvent, SequenceStartEvent, MappingStartEvent, AliasEvent)):
                data = self._value(event, "", depth=0)
        return data

    def _value(self, event: Any, pointer: Pointer, *, depth: int) -> object:
        self._places.setdefault(pointer, _place(event.start_mark))
        self._check(event, pointer, depth=depth)
        if isinstance(event, ScalarEvent):
            self._place_text(event, pointer)
            return self._scalar(event, pointer)
        if isinstance(event, SequenceStartEvent):
            return self._list(pointer, depth=depth + 1)
        return self._mapping(pointer, depth=depth + 1)

    def _place_text(self, event: Any, pointer: Pointer) -> None:
        quote_count = 0 if event.style is None else 1
        line, column = _place(event.start_mark)
        width = event.end_mark.column - event.start_mark.column - 2 * quote_count
        if event.end_mark.line == event.start_mark.line and width == len(event.value):
            self._texts[pointer] = line, column + quote_count

    def _check(self, event: Any, pointer: Pointer, *, depth: int) -> None:
        self._node_count += 1
        if self._node_count > DOCUMENT_NODE_COUNT_MAX:
            self._stop(
                "too_large", pointer, f"There are more than {DOCUMENT_NODE_COUNT_MAX:,} values.", event
            )
        if depth > DOCUMENT_DEPTH_MAX:
            self._stop("too_deep", pointer, f"This is nested more than {DOCUMENT_DEPTH_MAX} deep.", event)
        if isinstance(event, AliasEvent):
            self._stop("not_plain", pointer, f"The alias *{event.anchor} is not taken.", event)
        if event.anchor is not None:
            self._stop("not_plain", pointer, f"The anchor &{event.anchor} is not taken.", event)
        if event.tag is not None:
            self._stop("not_plain", pointer, f"The tag {event.tag} is not taken.", event)

    def _stop(self, code: str, pointer: Pointer, message: str, event: Any) -> None:
        self._places[pointer] = _place(event.start_mark)
        self._report.add(code, pointer, message)
        raise _Stopped

    def _list(self, pointer: Pointer, *, depth: int) -> list[object]:
        items: list[object] = []
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                break
            items.append(self._value(event, child(pointer, len(items)), depth=depth))
        return items

    def _mapping(self, pointer: Pointer, *, depth: int) -> dict[str, object]:
        entries: dict[str, object] = {}
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event, pointer)
            inner = child(pointer, key)
            place = _place(event.start_mark)
            is_repeated = key in entries
            if is_repeated:
                self._report.add("duplicate_key", inner, f'"{key}" stands here twice.')
            self._keys[inner] = place
            value_event = next(self._events)
            if not isinstance(value_event, (ScalarEvent, AliasEvent)) and not value_event.flow_style:
                # A block below its key is found at the key, not at its own first entry.
                self._places[inner] = place
            value = self._value(value_event, inner, depth=depth)
            entries.setdefault(key, value)
        return entries

    def _key(self, event: Any, pointer: Pointer) -> str:
        self._check(event, pointer, depth=0)
        if not isinstance(event, ScalarEvent):
            self._stop("bad_key", pointer, "A key is a list or a mapping here.", event)
        key = self._scalar(event, pointer)
        if not isinstance(key, str):
            self._stop("bad_key", pointer, f"The key {event.value or 'null'} is not a text; quote it.", event)
        return event.value  # type: ignore[no-any-return]  # ruamel has no types; a scalar's value is str

    def _scalar(self, event: Any, pointer: Pointer) -> object:
        text: str = event.value
        if event.style is not None:
            return check_text(text, pointer, self._report)
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if text[0] in "+-.0123456789":
            return _number(text, pointer, self._report)
        return check_text(text, pointer, self._report)


def _number(text: str, pointer: Pointer, report: Report) -> object:
    if _INTEGER.fullmatch(text):
        return read_integer(text, pointer, report)
    if _FLOAT.fullmatch(text):
        return read_float(text, pointer, report)
    if _NOT_FINITE.fullmatch(text):
        return bad_number(text, pointer, report)
    return check_text(text, pointer, report)
