"""A document's text, YAML or JSON, as plain data: encoding, size, syntax, what only a text gets wrong."""

from __future__ import annotations

import json
from collections import Counter
from typing import Final

from ..limits import DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, DOCUMENT_NODE_COUNT_MAX
from .problems import Pointer, Positions, Report, child
from .scalars import bad_number, check_text, read_float, read_integer
from .yaml import read_yaml

TYPES: Final = ("yaml", "json")


def parse(text: str | bytes, *, type: str) -> tuple[object, Report]:
    """The plain data of a text of `type` ("yaml" or "json"); it is of no use when the report has errors."""
    assert type in TYPES
    report = Report(Positions())
    size_bytes = len(text) if isinstance(text, bytes) else len(text.encode(errors="surrogatepass"))
    if size_bytes > DOCUMENT_BYTES_MAX:
        report.add("too_large", "", f"The document has more than {DOCUMENT_BYTES_MAX // 1024} KiB.")
        return None, report
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            report.add("bad_encoding", "", f"Byte {error.start} of the document is not UTF-8.")
            return None, report
    return read_yaml(text) if type == "yaml" else _read_json(text, report)


class _Repeated(dict[str, object]):
    """An object in which `keys` stand more than once."""

    keys_repeated: tuple[str, ...] = ()


class _Number(str):
    """A number as it is written: read once its place is known."""

    __slots__ = ("is_integer",)
    is_integer: bool


def _read_json(text: str, report: Report) -> tuple[object, Report]:
    try:
        data = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_float
        )
    except json.JSONDecodeError as error:
        report = Report(Positions({"": (error.lineno, error.colno)}))
        report.add("bad_json", "", f"This is not JSON: {error.msg}.")
        return None, report
    except RecursionError:
        report.add("too_deep", "", f"The document is nested more than {DOCUMENT_DEPTH_MAX} deep.")
        return None, report
    return _JsonReader(report).read(data, "", depth=0), report


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entries = _Repeated(pairs)
    if len(entries) == len(pairs):
        return dict(pairs)
    counts = Counter(key for key, _ in pairs)
    entries.keys_repeated = tuple(key for key, count in counts.items() if count > 1)
    return entries


def _integer(text: str) -> _Number:
    number = _Number(text)
    number.is_integer = True
    return number


def _float(text: str) -> _Number:
    number = _Number(text)
    number.is_integer = False
    return number


class _JsonReader:
    """Bounds what the decoder gave, and reports what is wrong with it where it stands."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._node_count = 0

    def read(self, data: object, pointer: Pointer, *, depth: int) -> object:
        self._node_count += 1
        if self._node_count > DOCUMENT_NODE_COUNT_MAX:
            self._report.add("too_large", "", f"There are more than {DOCUMENT_NODE_COUNT_MAX:,} values.")
            return None
        if depth > DOCUMENT_DEPTH_MAX:
            self._report.add("too_deep", pointer, f"This is nested more than {DOCUMENT_DEPTH_MAX} deep.")
            return None
        match data:
            case _Number():
                return self._number(data, pointer)
            case str():
                return check_text(data, pointer, self._report)
            case list():
                return [self.read(item, child(pointer, n), depth=depth + 1) for n, item in enumerate(data)]
            case dict():
                return self._entries(data, pointer, depth=depth + 1)
            case _:
                return data

    def _number(self, number: _Number, pointer: Pointer) -> object:
        if number.is_integer:
            return read_integer(number, pointer, self._report)
        if number in ("NaN", "Infinity", "-Infinity"):
            return bad_number(number, pointer, self._report)
        return read_float(number, pointer, self._report)

    def _entries(self, data: dict[str, object], pointer: Pointer, *, depth: int) -> dict[str, object]:
        if isinstance(data, _Repeated):
            for key in data.keys_repeated:
                self._report.add("duplicate_key", child(pointer, key), f'"{key}" stands here twice.')
        for key in data:
            check_text(key, pointer, self._report)
        self._node_count += len(data)
        return {key: self.read(value, child(pointer, key), depth=depth) for key, value in data.items()}
